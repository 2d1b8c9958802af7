//! Several server processes on one store, each of the real ones: the guesses they answer together, what is there after one of
//! them is killed, and after the store was.
//!
//! `tests/servers/run` starts the stores.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "tests start processes, read files and wait for both")]
#![allow(dead_code, reason = "the helpers are those of the other tests")]

#[path = "../http/contract.rs"]
mod contract;
#[path = "../http/harness.rs"]
mod harness;
mod killed;
mod shared;
mod store;
