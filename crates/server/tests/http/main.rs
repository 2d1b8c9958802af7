//! The server from the outside: a real process, real HTTP, a clock that is told what time it is.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "tests start processes, read files and wait for both")]

mod contract;
mod document;
mod events;
mod failing;
mod harness;
mod limits;
mod link;
mod mail;
mod ops;
mod parallel;
mod process;
mod restart;
mod sample;
mod secrets;
mod sign_up;
mod v1;
mod walk;
mod wrong;
