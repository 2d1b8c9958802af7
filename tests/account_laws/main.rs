//! Winning accounts back and changing them against the laws of the design, each test named by its law.
//!
//! | law | where |
//! |---|---|
//! | 4 no skipping, 9 locks are local | `attacks`: whatever strangers do, the owner keeps the account and gets in |
//! | 3 spent once, 5 bound | `resets`, `parallel`, `begun` |
//! | 10 fail closed, 12 one record at a time | `faults` |
//! | 8 indistinguishable | `tests/two_worlds.rs` |
//! | 11 secrets stay put | `trail` |
//!
//! `defects` has published defects of other systems in the same flows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/otp/drive.rs"]
mod drive;
#[path = "../common/owner.rs"]
mod owner;
#[path = "../common/people.rs"]
mod people;

mod attacker;
mod attacks;
mod begun;
mod defects;
mod faults;
mod household;
mod moves;
mod parallel;
mod racing;
mod resets;
mod scenes;
mod trail;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// So many cases, always the same ones, so that what is found today is found tomorrow.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 300,
        rng_seed: RngSeed::Fixed(46),
        ..ProptestConfig::default()
    }
}
