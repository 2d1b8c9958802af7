//! The adapter as a host uses it, one request after the other: the example's application on a store in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]

#[allow(dead_code, reason = "its `main` is not called here")]
#[path = "../../examples/app.rs"]
mod app;
mod callers;
mod cookies;
mod failing;
mod gates;
mod harness;
mod origins;
mod served;
mod sessions;
