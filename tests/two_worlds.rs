//! Law 8, indistinguishable: two worlds that differ in one secret, told apart by nobody who has proved nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

#[path = "common/mod.rs"]
mod common;
#[path = "common/otp/mod.rs"]
mod otp;
#[path = "common/owner.rs"]
mod owner;
#[path = "common/people.rs"]
mod people;
#[path = "common/worlds/mod.rs"]
mod worlds;

use countersign::Row;
use countersign::policy::ResendPolicy;
use countersign::record::RecordKey;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

use worlds::homes::WHO;
use worlds::secrets::{SECRETS, Secret};
use worlds::steps::{BYTES, step};
use worlds::story::{PAIRS, play, scene};

/// Of so many stories for each pair, always the same ones.
const STORIES: u32 = 5;

/// The worlds of a secret do differ: in what is stored of the account, or in what its owner is told.
#[test]
fn the_worlds_of_a_secret_differ() {
    for Secret { name, homes: [one, other], .. } in
        SECRETS.into_iter().filter(|it| it.homes[0] != it.homes[1])
    {
        let [one, other] = [one, other].map(|home| {
            let world = scene(home, ResendPolicy::Replace).world;
            let length = |(key, (row, _)): (&RecordKey, &(Row, _))| (*key, row.bytes.len());
            let rows: Vec<_> = world.seen.rows.lock().unwrap().iter().map(length).collect();
            let listed = format!("{:?}", world.seen.accounts.lock().unwrap());
            (rows, listed, format!("{:?}", world.stepwise(WHO, people::PASSWORD)))
        });
        assert_ne!(one, other, "{name}");
    }
}

/// Law 8, R75, B061-B067: for each of the secrets, whatever strangers ask, whatever the clock says, whatever fails, and while the owner comes
/// and goes: what shows is the same in both worlds.
#[test]
fn law8_two_worlds_that_differ_in_one_secret_show_the_same() {
    let stories = prop::collection::vec(any::<[u8; BYTES]>(), 1..60);
    let mut broken = vec![];
    for pair in 0..PAIRS {
        let config = ProptestConfig {
            cases: STORIES,
            failure_persistence: None,
            max_shrink_iters: 300,
            // Others for each.
            rng_seed: RngSeed::Fixed(8 + pair as u64),
            ..ProptestConfig::default()
        };
        let told = TestRunner::new(config)
            .run(&stories, |story| play(pair, story.into_iter().map(step)).map_err(TestCaseError::fail));
        if let Err(story) = told {
            eprintln!("{story}");
            broken.push(SECRETS[pair / 2].name);
        }
    }
    assert!(broken.is_empty(), "told apart: {broken:?}");
}
