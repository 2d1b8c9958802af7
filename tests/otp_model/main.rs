//! One-time-code sessions against the laws of the design: a model that knows everything, and tests named by their law.
//!
//! | law | where |
//! |---|---|
//! | 1 counted before told | `faults`; checked after every request of every story |
//! | 2 budget, 3 spent once | `stories`, `parallel`, `far` |
//! | 5 bound, 6 two deadlines, 7 time | `stories`, `far` |
//! | 8 indistinguishable, 9 locks are local | `strangers` |
//! | 10 fail closed, 12 one record at a time | `faults` |
//! | 11 secrets stay put, 13 bounded | `stored`; at the end of every story |
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/otp/mod.rs"]
mod otp;

mod far;
mod faults;
mod parallel;
mod stored;
mod stories;
mod strangers;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// So many cases, always the same ones, so that what is found today is found tomorrow.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20),
        ..ProptestConfig::default()
    }
}
