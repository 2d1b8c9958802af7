//! The laws as programs that a reviewer runs against the shipped machine.
#![allow(clippy::missing_errors_doc, reason = "whatever a host's part can answer, its trait says")]

/// A whole host in memory: the one that the tests of the library use.
#[path = "../../../tests/common/mod.rs"]
pub mod common;
#[path = "../../../tests/common/owner.rs"]
pub mod owner;
#[path = "../../../tests/common/people.rs"]
pub mod people;

pub mod assurance;
pub mod model;
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "an experiment"
)]
pub mod price;
