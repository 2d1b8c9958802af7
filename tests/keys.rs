//! Keys that a host makes, stores and loads again.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "tests")]
#![allow(missing_docs, reason = "tests")]

mod common;

use std::collections::BTreeSet;

use common::World;
use countersign::host::{EntropyError, EntropySource, OsEntropy, generate_key};
use countersign::{Entropy, KeyRing, LocatorKey, Machine, Refusal, Settings};

/// What was begun with keys goes on after a restart with the stored bytes, and with no others.
#[test]
fn keys_that_were_stored_open_what_was_begun_with_them() {
    let generate = || generate_key(&OsEntropy).unwrap();
    let (locator, ring) = (generate(), generate());
    let stored = [locator.expose().to_vec(), ring.expose().to_vec()];
    let with = |locator: &[u8], ring: &[u8]| {
        let keys = (LocatorKey::new(locator).unwrap(), KeyRing::new(ring, &[]).unwrap());
        Machine::new(Settings::recommended().build().unwrap(), keys.0, keys.1)
    };
    let mut world = World::recommended();
    world.sentry.machine = with(locator.expose(), ring.expose());
    let session = world.sign_up("jo@example.com").unwrap().session;
    world.seconds(60);

    world.sentry.machine = with(&stored[0], generate().expose());
    assert_eq!(world.resend(&session).unwrap_err(), Refusal::InvalidSession, "another ring");
    world.sentry.machine = with(&stored[0], &stored[1]);
    assert!(world.resend(&session).is_ok());
}

/// Each call gives another key; a generator that fails gives none.
#[test]
fn every_key_is_another_one_and_none_is_made_without_a_generator() {
    let all: BTreeSet<_> = (0..100).map(|_| *generate_key(&OsEntropy).unwrap().expose()).collect();
    assert_eq!(all.len(), 100);

    struct Broken;
    impl EntropySource for Broken {
        fn draw(&self) -> Result<Entropy, EntropyError> {
            Err(EntropyError)
        }
    }
    assert_eq!(generate_key(&Broken).err(), Some(EntropyError));
}
