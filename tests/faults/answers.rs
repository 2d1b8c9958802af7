//! What was done and not told, told twice, or told wrongly by a mailer: the same decision, the same tickets.

use crate::liar::{Call, Lie};
use crate::operations::scenes;

/// Law 10: a commit whose answer was lost is recognised, at every commit of every operation: the same answer, the same tickets, rows and
/// messages as with an honest host. So is one that was delivered twice, or again when all was over; and so it is when the mailer says
/// that it failed and did not.
#[test]
fn law10_a_lost_answer_changes_nothing() {
    let mut tried = 0;
    for scene in scenes() {
        let stand = scene.stand();
        let calls = stand.calls();
        let honest = stand.play(None);
        stand.liar.redeliver();
        assert!(stand.after(honest.answer.clone()) == honest, "{}: delivered again later", scene.what);
        for (at, call) in calls.iter().enumerate() {
            let lies: &[Lie] = match call {
                Call::Commit => &[Lie::Lost, Lie::Twice],
                Call::Mail => &[Lie::SentAfterAll],
                _ => &[],
            };
            for lie in lies {
                let after = stand.play(Some((at, *lie)));
                assert!(after == honest, "{}: {lie:?} at call {at}: {after:?}", scene.what);
                tried += 1;
            }
        }
        if calls.contains(&Call::Commit) {
            assert!(scene.once || honest.answer.granted == Some(true));
        }
    }
    assert!(tried > 120, "{tried}");
}

/// Law 10: the answer is lost, and the row that is to show what became of it is read from a replica that is behind, by each version that
/// there was; or nothing took effect. Not authenticated; what takes effect by itself is not granted a second time.
#[test]
fn law10_a_lost_answer_and_an_old_row() {
    let mut tried = 0;
    for scene in scenes() {
        let stand = scene.stand();
        let calls = stand.calls();
        let deepest = stand.liar.depth();
        for (at, _) in calls.iter().enumerate().filter(|(_, call)| **call == Call::Commit) {
            for back in 1..=deepest.min(4) {
                for lie in [Lie::LostThenOld(back), Lie::FailedThenOld(back)] {
                    let case = format!("{}: {lie:?} at call {at}", scene.what);
                    let after = stand.play(Some((at, lie)));
                    assert_eq!(after.answer.granted, None, "law 10 (fail closed): {case}");
                    assert!(after.answer.tickets.is_empty(), "{case}");
                    let again = stand.granted_again();
                    assert!(!scene.once || again <= 1, "law 3: {case}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 300, "{tried}");
}
