//! The laws as programs that a reviewer runs against the shipped machine.
#![allow(clippy::missing_errors_doc, reason = "what the tests of the library share says so in their names")]

/// A whole host in memory: the one that the tests of the library use.
#[path = "../../../tests/common/mod.rs"]
pub mod common;
#[path = "../../../tests/common/owner.rs"]
pub mod owner;
#[path = "../../../tests/common/people.rs"]
pub mod people;

pub mod model;
