//! Reads that are old, empty, or of somebody else.

use countersign::*;

use crate::common::{IntoResult, World};
use crate::liar::{Call, Lie};
use crate::operations::{After, OTHER, Scene, Stand, WHO, scenes};
use crate::owner::client;
use crate::people::{PASSWORD, knock};

/// What only reads, and writes nothing that the answer hangs on: it is as old as the row.
const ONLY_READS: [Operation; 5] = [
    Operation::CheckSession,
    Operation::ListSessions,
    Operation::ListFactors,
    Operation::ListDevices,
    Operation::RequireFresh,
];

/// Each load of an honest run, with each lie that is about rows.
fn lies(stand: &Stand, deepest: usize) -> Vec<(usize, Lie)> {
    let calls = stand.calls();
    let depth = stand.liar.depth().min(deepest);
    let mut lies = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        let Call::Load(rows) = call else { continue };
        lies.extend((1..=depth).map(|back| (at, Lie::Old(back))));
        lies.extend([(at, Lie::Nothing), (at, Lie::Others)]);
        if *rows > 1 {
            lies.push((at, Lie::Swapped));
        }
    }
    lies
}

/// Not authenticated, or what would have been granted anyway.
fn not_more(scene: &Scene, stand: &Stand, honest: &After, (at, lie): (usize, Lie)) {
    let case = format!("{}: {lie:?} at call {at}", scene.what);
    let after = stand.play(Some((at, lie)));
    let granted = after.answer.granted == Some(true);
    // Where there is no row, there is nothing to swap.
    if matches!(lie, Lie::Swapped) && after != *honest {
        assert_eq!(after.answer.granted, None, "law 10: a row under another's key: {case}");
    }
    for account in stand.signed_in_as(&after.answer) {
        assert_ne!(Some(account), stand.world.account(OTHER), "law 5: {case}");
    }
    let again = stand.granted_again();
    assert!(!scene.once || usize::from(granted) + again <= 1, "law 3: granted twice: {case}");
}

/// Law 10: an old row, no row, or another's, in any load of any operation: what is decided by it is written only if it is still so, and
/// another's does not open. So nothing is granted that a fresh read would not grant, and nothing twice.
#[test]
fn law10_an_old_row_grants_nothing_more() {
    let mut tried = 0;
    for scene in scenes() {
        let stand = scene.stand();
        let (lies, honest) = (lies(&stand, 6), stand.play(None));
        for lie in lies {
            not_more(&scene, &stand, &honest, lie);
            tried += 1;
        }
    }
    assert!(tried > 400, "{tried}");
}

/// Law 3 under the same: what was spent stays spent, when the row is read as it was before, by each version there was.
#[test]
fn law3_what_was_spent_is_not_granted_by_an_old_row() {
    let mut tried = 0;
    for scene in scenes().into_iter().filter(|scene| scene.once) {
        let stand = scene.stand();
        let deepest = {
            let _ = stand.play(None);
            stand.liar.depth().min(6)
        };
        for at in 0..4 {
            for lie in (1..=deepest).map(Lie::Old) {
                let first = stand.play(None);
                assert_eq!(first.answer.granted, Some(true));
                let second = stand.go_on(1, Some((at, lie)));
                let case = format!("{}: {lie:?} at call {at}: {:?}", scene.what, second.answer);
                assert_ne!(second.answer.granted, Some(true), "law 3 (spent once): {case}");
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

/// What the contract of a store excludes, and what it costs: a session that was ended is shown as live by a store that serves the row
/// from before, as long as it does. Nothing that changes anything goes by such a row.
#[test]
fn what_only_reads_is_as_old_as_the_row() {
    let here: Vec<_> = scenes().into_iter().filter(|scene| ONLY_READS.contains(&scene.operation)).collect();
    assert_eq!(here.len(), ONLY_READS.len());
    for scene in here {
        let stand = scene.stand();
        stand.anew();
        let session = stand.person.session.clone();
        let end = EndSessions { client: client(), session: session.clone(), which: Which::All };
        assert!(stand.world.ask(end).into_result().is_ok());
        let honest = stand.go_on(1, None);
        assert_eq!(honest.answer.granted, Some(false), "{}", scene.what);
        let stale = stand.go_on(1, Some((0, Lie::Old(1))));
        assert_eq!(stale.answer.granted, Some(true), "{}: so the contract is needed", scene.what);
    }
    let scene = scenes().into_iter().find(|scene| scene.operation == Operation::TrustDevice).unwrap();
    let stand = scene.stand();
    stand.anew();
    let end = EndSessions { client: client(), session: stand.person.session.clone(), which: Which::All };
    assert!(stand.world.ask(end).into_result().is_ok());
    let stale = stand.go_on(1, Some((0, Lie::Old(1))));
    assert_eq!(stale.answer.granted, Some(false), "what changes anything does not go by an old row");
}

/// A session's ticket, and a password, are good for nothing where another's row is read.
#[test]
fn law5_anothers_row_opens_nothing() {
    let scene = scenes().into_iter().find(|scene| scene.operation == Operation::PasswordSignIn).unwrap();
    let stand = scene.stand();
    stand.anew();
    let world: &World = &stand.world;
    let calls = stand.calls();
    for (at, call) in calls.iter().enumerate() {
        stand.anew();
        stand.liar.plan(1, Some((at, Lie::Others)));
        let outcome = world.run(knock(WHO, PASSWORD, Steps::Stepwise));
        if *call == Call::Load(1) {
            assert!(outcome.is_err() || !matches!(outcome.unwrap().verdict, Verdict::Granted(_)));
        }
    }
}
