//! Secret independence (law 11): no branch and no address depends on a secret, up to the one bit that is told.
//!
//! Codes, digests, tickets, data keys and the secrets of apps are marked as never written, and the shipped paths run under
//! valgrind's memcheck, which reports whatever depends on such a bit (`src/marks.rs`). What is allowed is stated per case: the
//! functions in which the yes or no, a bit that the answer tells anyway, is branched on. A report from anywhere else, and a
//! case that ought to be reported and is not, make the run fail.
//!
//! `./run` builds it as written and optimised, and prints a table.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::print_stdout, clippy::disallowed_methods, reason = "tests")]

#[path = "../../common/mod.rs"]
mod common;
mod host;
mod marks;
#[path = "../../common/owner.rs"]
mod owner;
#[path = "../../common/people.rs"]
mod people;
mod planted;
mod scenes;
mod valgrind;

fn main() {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("case"), Some(case)) => valgrind::case(&case),
        (only, _) => valgrind::all(only.unwrap_or_default()),
    }
}
