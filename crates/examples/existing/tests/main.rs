//! The whole story of `docs/existing-users.md`, on a table with people in it; and its code, which is in the files it names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::disallowed_methods, reason = "tests have files")]

mod back;
mod change;
mod document;
mod harness;
mod passwords;
mod table;
