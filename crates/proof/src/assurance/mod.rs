//! Which test holds what is claimed, as one table that cannot go stale.
//!
//! | file | what |
//! |---|---|
//! | `docs/assurance.toml` | the table: every law, requirement and known defect, with its tests or the reason why there are none |
//! | [`table`] | reads it, and says what is wrong with it: an id missing or doubled, a test that is not there, one that is not listed |
//! | [`source`] | finds the tests in the sources |
//! | [`mod@page`] | writes `docs/assurance.md` from it |
//!
//! `cargo test -p countersign-proof --test assurance` runs all of that; with `COUNTERSIGN_ASSURANCE=write` it writes the page anew.

pub mod page;
pub mod source;
pub mod table;

pub use page::page;
pub use source::Sources;
pub use table::{Claim, Id, Kind, Proof, State, Table};
