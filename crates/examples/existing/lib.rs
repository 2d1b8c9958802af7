//! An application that had its users before: the code of [`docs/existing-users.md`], step by step.
//!
//! | module | what | step |
//! |---|---|---|
//! | [`before`] | the application as it was: its tables, its door, three kinds of password hashes | |
//! | [`check`] | what has to be put right by hand before anything else | 0 |
//! | [`directory`] | the table as the library's directory | 1 |
//! | [`hashes`] | the older hashes, checked and replaced; the worst ones wrapped | 2, 3 |
//! | [`prepare`] | the migration: what the table gets, and what it refuses from then on | 4 |
//! | [`host`] | store, keys, and the column that empties itself | 5 |
//! | [`door`] | the endpoints: signing in, a second factor, shutting somebody out | 6, 7 |
//! | [`back`] | the way back | 8 |
//!
//! It is run in `existing/tests`, which also hold the document's code to these files.
//!
//! [`docs/existing-users.md`]: https://github.com/countersign-rs/countersign/blob/main/docs/existing-users.md
#![forbid(unsafe_code)]

pub mod back;
pub mod before;
pub mod check;
pub mod directory;
pub mod door;
pub mod hashes;
pub mod host;
pub mod prepare;

/// What a tool of the application fails with.
pub type Failed = Box<dyn std::error::Error + Send + Sync>;
