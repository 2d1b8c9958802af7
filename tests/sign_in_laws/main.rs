//! Signing in against the laws of the design, each test named by its law.
//!
//! | law | where |
//! |---|---|
//! | 4 no skipping | `doors`, `at_once`, `stories` |
//! | 2 budget, 9 locks are local | `budgets`, `parallel` |
//! | 3 spent once | `parallel`, `bound` |
//! | 5 bound, 6 two deadlines | `bound` |
//! | 10 fail closed, 12 one record at a time | `faults` |
//! | 8 indistinguishable | `tests/two_worlds.rs` |
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/otp/drive.rs"]
mod drive;
#[path = "../common/people.rs"]
mod people;
#[path = "../common/otp/small.rs"]
mod small;

mod at_once;
mod bound;
mod budgets;
mod doors;
mod faults;
mod parallel;
mod stories;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// So many cases, always the same ones, so that what is found today is found tomorrow.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 300,
        rng_seed: RngSeed::Fixed(21),
        ..ProptestConfig::default()
    }
}
