//! Commits that say what is not so.
//!
//! "Stale" of what was applied is a mistake that a store can make: a retry inside a client library meets its own write. It costs the answer,
//! and nothing else. "Applied" of what was not is excluded by the contract: everything rests on it. What then breaks is shown, and what
//! holds even so.

use countersign::*;

use crate::liar::{Call, Lie};
use crate::operations::{Scene, Stand, scenes};

/// The commits of an honest run.
fn commits(stand: &Stand) -> Vec<usize> {
    let calls = stand.calls();
    calls.iter().enumerate().filter(|(_, call)| **call == Call::Commit).map(|(at, _)| at).collect()
}

fn grants(scene: &Scene, stand: &Stand, at: usize, lie: Lie) -> (bool, usize) {
    let after = stand.play(Some((at, lie)));
    let granted = after.answer.granted == Some(true);
    assert!(granted || after.answer.tickets.is_empty(), "{}: {lie:?} at call {at}", scene.what);
    (granted, stand.granted_again())
}

/// Law 10: "stale", it says, and it was applied. It is decided anew, from what it did itself.
#[test]
fn law10_stale_and_yet_applied() {
    let mut tried = 0;
    for scene in scenes() {
        let stand = scene.stand();
        for at in commits(&stand) {
            let (granted, again) = grants(&scene, &stand, at, Lie::AppliedAfterAll);
            assert!(!scene.once || usize::from(granted) + again <= 1, "law 3: {} at call {at}", scene.what);
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");
}

/// Excluded by the contract: "applied", and it was not. Law 3 falls: whatever was to be spent by that commit is there still and is granted
/// again. What holds: a session, a grant, a device that was told of and not stored opens nothing; a code that was mailed and not stored is
/// no code; nobody gets in by it to another's account.
#[test]
fn applied_and_yet_not_is_what_the_contract_excludes() {
    let (mut broken, mut held) = (0, 0);
    for scene in scenes() {
        let stand = scene.stand();
        let commits = commits(&stand);
        let Some(last) = commits.last().copied() else { continue };
        let after = stand.play(Some((last, Lie::NotApplied)));
        let honest_account = stand.person.account.clone();
        for account in stand.signed_in_as(&after.answer) {
            assert_eq!(account, honest_account, "{}", scene.what);
        }
        let told_now: Vec<_> =
            after.answer.tickets.iter().filter_map(|text| Ticket::<Session>::parse(text).ok()).collect();
        for session in told_now {
            let live = stand.world.run(CheckSession { client: Client::unmetered(), session }).unwrap();
            assert!(live.granted().is_none(), "{}: a session that was never stored", scene.what);
            held += 1;
        }
        if scene.once && after.answer.granted == Some(true) {
            broken += usize::from(stand.granted_again() > 0);
        }
    }
    assert!(broken > 10, "law 3 rests on the contract: {broken}");
    assert!(held > 5, "{held}");
}
