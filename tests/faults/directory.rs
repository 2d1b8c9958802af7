//! A directory that answers with nobody, with somebody else, with what was, or says that it did what it did not.

use countersign::*;

use crate::liar::{Call, Lie};
use crate::operations::{OTHER, scenes};

/// Law 10: whatever the directory says, nobody is let into an account that is not his, what is spent is spent, and somebody else's account
/// is what it was. The record decides, not the directory.
#[test]
fn law10_whatever_the_directory_says() {
    let mut tried = 0;
    for scene in scenes() {
        let stand = scene.stand();
        let calls = stand.calls();
        let honest = stand.play(None);
        let other = stand.world.account(OTHER).unwrap();
        for (at, call) in calls.iter().enumerate() {
            let lies: &[Lie] = match call {
                Call::Find => &[Lie::Nobody, Lie::SomebodyElse, Lie::Former],
                Call::Create => &[Lie::Nobody, Lie::SomebodyElse],
                Call::Rename => &[Lie::Nobody, Lie::SomebodyElse, Lie::NotDone],
                Call::Release => &[Lie::NotDone],
                _ => &[],
            };
            for lie in lies {
                let case = format!("{}: {lie:?} at call {at}", scene.what);
                stand.anew();
                let before: Vec<_> = others_rows(&stand, &other);
                let after = stand.play(Some((at, *lie)));
                for account in stand.signed_in_as(&after.answer) {
                    assert_ne!(account, other, "law 5: signed in to another's account: {case}");
                    assert!(honest.answer.granted == Some(true), "{case}");
                }
                assert_eq!(others_rows(&stand, &other), before, "another's record: {case}");
                let granted = usize::from(after.answer.granted == Some(true));
                assert!(!scene.once || granted + stand.granted_again() <= 1, "law 3: {case}");
                tried += 1;
            }
        }
    }
    assert!(tried > 20, "{tried}");
}

/// The account record of somebody else: which rows they are is found out by asking him in.
fn others_rows(stand: &crate::operations::Stand, other: &AccountId) -> Vec<String> {
    assert_eq!(stand.world.account(OTHER).as_ref(), Some(other), "the directory's own entry");
    let signed_in = stand.world.trying(|| {
        stand.world.stepwise(OTHER, crate::people::PASSWORD).map(|progress| {
            let it = progress.signed_in().expect("no second factor");
            (it.account().clone(), it.identifier().as_str().to_owned())
        })
    });
    vec![format!("{signed_in:?}")]
}
