//! Signing in against the laws of the design: a model that knows everything, and stories of people who sign in.
//!
//! | law | where |
//! |---|---|
//! | 2 budget, 3 spent once, 4 no skipping, 5 bound, 6 two deadlines, 7 time, 9 locks are local | `stories` |
//! | 1 counted before told, 8 messages and hashes, 10 fail closed, 12 one record at a time | checked after every request |
//! | 11 secrets stay put, 13 bounded | checked at the end of every story |
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/otp/mod.rs"]
mod otp;
#[path = "../common/sign_in/mod.rs"]
mod sign_in;

mod stories;
mod strategies;
