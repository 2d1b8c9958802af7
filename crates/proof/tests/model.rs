//! The machine explored: every order of stages of the quick scenes, and hosts that are broken on purpose.
//!
//! Most of it needs an optimised build: `cargo test --release -p countersign-proof --test model`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use countersign::Operation;
use countersign_proof::model::{self, Found};

fn all_hold(wanted: impl Fn(&str, bool) -> bool) -> Vec<Found> {
    let found = model::explore(wanted, 2, |_| {});
    for found in &found {
        assert!(found.is_good(), "{}", found.complaint());
    }
    found
}

/// Every host that breaks a law is found out, by that law.
#[test]
fn every_broken_host_is_found_out() {
    let bent = model::bent();
    for bent in &bent {
        let (what, law) = (bent.what, bent.law);
        assert!(bent.is_found_out(), "law {law}: a host that {what}: {:?}", bent.found.broken);
    }
    for law in [1, 2, 3, 4, 5, 6, 8, 9, 10, 12] {
        assert!(bent.iter().any(|bent| bent.law == law), "no host breaks law {law}");
    }
}

/// Whatever the library can be asked is among the operations of which all pairs are explored.
#[test]
fn every_request_meets_every_other() {
    let operations = model::operations();
    // What no client asks for, but the host itself.
    let hosts = ["RequirePasswordChange", "Rewrap", "SetSuspended", "StartFactorReset"];
    let requests = Operation::ALL.map(|operation| match operation {
        // A label beside a code to sign in with makes it this.
        Operation::VerifyAndEnter => "Verify".to_owned(),
        other => format!("{other:?}"),
    });
    for request in requests.into_iter().chain(hosts.map(str::to_owned)) {
        let is_it = |name: &String| name.split([' ', ',']).next() == Some(&request);
        assert!(operations.iter().any(is_it), "{request} is in no pair");
    }
}

/// A few scenes in any build; commits do come too late in them.
#[test]
fn the_laws_hold_at_any_stage() {
    let found = all_hold(|name, quick| {
        quick && (name.starts_with("codes-two") || name.starts_with("pair: PasswordSignIn + "))
    });
    assert!(found.iter().any(|found| found.stale > 0), "nobody was ever late");
}

/// All quick scenes, every pair of operations among them.
#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes unless optimised")]
fn the_laws_hold_in_every_quick_scene() {
    let found = all_hold(|_, quick| quick);
    assert!(found.iter().all(|found| found.expected.is_some()), "a scene whose states were never counted");
    assert!(found.iter().map(|found| found.scenes).sum::<usize>() > 2_400);
}
