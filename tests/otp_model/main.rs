//! One-time-code sessions against the laws of the design: a model that knows everything, and one test for each law.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/otp/mod.rs"]
mod otp;

mod stories;
