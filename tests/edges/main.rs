//! The edge of every bound, both sides of it, and what is said of a value and nothing more.
//!
//! Each of these is here because some other comparison, or none at all, would have passed every other test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/otp/drive.rs"]
mod drive;
#[path = "../common/owner.rs"]
mod owner;
#[path = "../common/people.rs"]
mod people;

mod crossed;
mod ended;
mod said;
mod told;

const WHO: &str = "jo@example.com";
