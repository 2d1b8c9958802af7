//! A call that never returns: the request is dropped sooner or later. Nothing is granted, nothing is mailed, and nobody waits for it.

use crate::operations::{OTHER, scenes};
use crate::people::PASSWORD;

/// Law 12: at every stage of every operation. While it hangs, somebody else signs in, and the same request is answered on another node.
#[test]
fn law12_a_call_that_never_returns() {
    let mut tried = 0;
    for scene in scenes() {
        let stand = scene.stand();
        let _ = stand.calls();
        for stage in 0..16 {
            stand.anew();
            let (mut meanwhile, mut other) = (None, false);
            let mails = stand.world.mails();
            let reached = (stand.request.hang)(&stand.world, stage, &mut || {
                other = stand.world.trying(|| stand.world.stepwise(OTHER, PASSWORD).is_ok());
                assert_eq!(stand.world.mails(), mails, "law 1: mailed before it was counted");
                meanwhile = Some(stand.go_on(9, None).answer.granted);
            });
            let Some(reached) = reached else { break };
            let case = format!("{}: hangs at stage {stage}, {reached:?}", scene.what);
            assert!(other, "law 12: somebody else waits: {case}");
            let meanwhile = meanwhile.unwrap();
            assert!(meanwhile.is_some(), "{case}");
            let granted = usize::from(meanwhile == Some(true));
            assert!(!scene.once || granted + stand.granted_again() <= 1, "law 3: {case}");
            tried += 1;
        }
    }
    assert!(tried > 150, "{tried}");
}

/// Law 12: and when nobody asks in between, what it did not come to can be asked again: nothing is lost before the first commit.
#[test]
fn law12_what_hung_before_its_commit_left_nothing() {
    use crate::drive::Stage;
    for scene in scenes() {
        let stand = scene.stand();
        let honest = stand.play(None);
        for stage in 0..16 {
            stand.anew();
            let reached = (stand.request.hang)(&stand.world, stage, &mut || {});
            let Some(reached) = reached else { break };
            let after = stand.go_on(0, None);
            assert!(after == honest, "{}: something is left of a stage {reached:?}", scene.what);
            if matches!(reached, Stage::Commit(_)) {
                break;
            }
        }
    }
}
