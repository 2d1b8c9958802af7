//! What a session began ends with it, and what a session may change while its proofs are weak.

use countersign::host::{Directory, Store};
use countersign::*;

use crate::common::{IntoResult, Part, World, id, seed, verify};
use crate::household::WHO;
use crate::owner::*;
use crate::people::*;

const ELSEWHERE: &str = "mallory@example.net";

/// How the session of a thief ends before the new address is proven.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// It does not: the change goes through.
    Not,
    /// It steps up, which takes along what it began.
    SteppedUp,
    SignedOut,
    OthersEnded,
    AllEnded,
    Idle,
    OperatorAsksForAnotherPassword,
    NewPassword,
    Suspended,
}

/// Law 5: a change of address is bound to the session that asked for it, however that one ended.
#[test]
fn law5_a_change_of_address_ends_with_the_session_that_began_it() {
    for end in [
        End::Not,
        End::SteppedUp,
        End::SignedOut,
        End::OthersEnded,
        End::AllEnded,
        End::Idle,
        End::OperatorAsksForAnotherPassword,
        End::NewPassword,
        End::Suspended,
    ] {
        let mut settings = Settings::recommended();
        settings.sessions.idle = Some(core::time::Duration::from_secs(300));
        settings.sessions.touch = core::time::Duration::from_secs(1);
        let world = World::new(settings);
        let owner = world.owner(WHO, NONE);
        let stolen = owner.session.clone();
        let started = world.move_to(&stolen, None, ELSEWHERE).unwrap();
        let code = world.last_code();
        let own = || world.fresh(&owner);
        match end {
            End::Not => {}
            End::SteppedUp => {
                let _ = world.step_up(&stolen, Proof::Password(password(PASSWORD))).unwrap();
            }
            End::SignedOut => drop(world.end_sessions(&stolen, Which::This).unwrap()),
            End::OthersEnded => drop(world.end_sessions(&own(), Which::Others).unwrap()),
            End::AllEnded => drop(world.end_sessions(&own(), Which::All).unwrap()),
            End::Idle => world.seconds(300),
            End::OperatorAsksForAnotherPassword => {
                let _ = world
                    .ask(RequirePasswordChange { account: owner.account.clone() })
                    .into_result()
                    .unwrap();
            }
            End::NewPassword => drop(world.change_password(&own(), PASSWORD, NEW_PASSWORD).unwrap()),
            End::Suspended => {
                for suspended in [true, false] {
                    let account = owner.account.clone();
                    world.ask(SetSuspended { account, suspended }).into_result().unwrap();
                }
            }
        }
        let moved = world.ask(verify(Purpose::ChangeAddress, &started.session, &code)).into_result();
        let through = matches!(end, End::Not | End::SteppedUp);
        assert_eq!(moved.is_ok(), through, "{end:?}: {moved:?}");
        assert_eq!(world.account(ELSEWHERE).is_some(), through, "{end:?}");
        assert_eq!(world.account(WHO).is_some(), !through, "{end:?}");
        assert!(through || moved.unwrap_err() == Refusal::InvalidSession, "{end:?}");
    }
}

/// Law 5: an authenticator app that a session began to set up is confirmed by that session, or one that it stepped up to.
#[test]
fn law5_an_enrolment_ends_with_the_session_that_began_it() {
    let world = World::recommended();
    let owner = world.owner(WHO, NONE);
    let (began, other) = (world.fresh(&owner), world.fresh(&owner));
    let app = world.enrol(&began).unwrap();
    let code = || app.code(world.now(), 0);
    assert_eq!(world.confirm(&other, &code()).map(|_| ()).unwrap_err(), Refusal::NothingPending);
    let stepped = world.step_up(&began, Proof::Password(password(PASSWORD))).unwrap();
    assert_eq!(world.confirm(&other, &code()).map(|_| ()).unwrap_err(), Refusal::NothingPending);
    assert!(world.confirm(stepped.session(), &code()).is_ok());

    let world = World::recommended();
    let owner = world.owner(WHO, NONE);
    let (began, other) = (world.fresh(&owner), world.fresh(&owner));
    let app = world.enrol(&began).unwrap();
    let _ = world.end_sessions(&other, Which::Others).unwrap();
    for session in [&began, &other] {
        assert!(world.confirm(session, &app.code(world.now(), 0)).is_err());
    }
    assert!(!world.secured(&other).unwrap().totp);
}

/// Every change that takes fresh proofs, but for setting up another app.
fn changes(world: &World, session: &Ticket<Session>) -> Vec<(&'static str, Result<(), Refusal>)> {
    vec![
        ("trust", world.trust(session).map(drop)),
        ("regenerate", world.regenerate(session, Some(PASSWORD)).map(drop)),
        ("enable_mailed", world.enable_mailed(session).map(drop)),
        ("disable_mailed", world.disable_mailed(session, Some(PASSWORD)).map(drop)),
        ("disable_totp", world.disable_totp(session, Some(PASSWORD)).map(drop)),
        ("move", world.move_to(session, Some(PASSWORD), ELSEWHERE).map(drop)),
        ("password", world.change_password(session, PASSWORD, NEW_PASSWORD).map(drop)),
        ("delete", world.delete(session, Some(PASSWORD)).map(drop)),
    ]
}

/// Law 4: a recovery code signs in, and lets the lost app be replaced. It is fresh enough for nothing else, however it was shown.
#[test]
fn law4_a_recovery_code_is_fresh_for_another_app_and_for_nothing_else() {
    for by_step_up in [false, true] {
        let world = World::recommended();
        let owner = world.owner(WHO, APP);
        world.seconds(3600);
        let proof = |n: usize| Proof::RecoveryCode(owner.drawer[n].clone());
        let signed_in = if by_step_up {
            let stepped = world.step_up(&owner.session, Proof::Password(password(PASSWORD))).unwrap();
            world.step_up(stepped.session(), proof(0)).unwrap()
        } else {
            world.prove(&world.login(WHO), proof(0)).unwrap()
        };
        let session = signed_in.session().clone();
        assert!(world.check(&session).is_ok(), "it signs in");
        for (what, answer) in changes(&world, &session) {
            let offered = vec![Factor::Totp];
            assert_eq!(answer.unwrap_err(), Refusal::StepUpRequired { offered }, "{what}");
        }
        let within = core::time::Duration::from_secs(300);
        let ask = RequireFresh { client: client(), session: session.clone(), factor: None, within };
        assert!(world.ask(ask).into_result().is_err(), "nor for the host's own");
        let app = world.enrol(&session).unwrap();
        let issued = world.confirm(&session, &app.code(world.now(), 0)).unwrap();
        assert_eq!(issued.codes.len(), 10);
        // With the new app everything is as it was.
        world.seconds(30);
        let fresh = world.step_up(&session, Proof::Totp(Code::typed(&app.code(world.now(), 0)))).unwrap();
        assert!(world.regenerate(fresh.session(), None).is_ok());
    }
    // Where the policy says so, it counts as the app does.
    let mut settings = Settings::recommended();
    settings.step_up.recovery_code = true;
    let world = World::new(settings);
    let owner = world.owner(WHO, APP);
    let proof = Proof::RecoveryCode(owner.drawer[0].clone());
    let session = world.prove(&world.login(WHO), proof).unwrap().session().clone();
    assert!(world.regenerate(&session, None).is_ok());
}

/// Law 4: while something has to be done first, a session can do that and nothing else that changes the account.
#[test]
fn law4_a_session_that_must_act_can_do_nothing_else() {
    let refused = |answer: Result<(), Refusal>, due: Todo, what: &str| match answer {
        Err(Refusal::ActionRequired { actions }) => assert_eq!(actions, [due], "{what}"),
        other => panic!("{what}: {other:?}"),
    };
    // The password is known to others: nothing but another password.
    let world = World::recommended();
    let owner = world.owner(WHO, NONE);
    let _ = world.ask(RequirePasswordChange { account: owner.account.clone() }).into_result().unwrap();
    for (what, answer) in changes(&world, &owner.session) {
        if what != "password" {
            refused(answer, Todo::ChangePassword, what);
        } else {
            assert!(answer.is_ok());
            break;
        }
    }
    let world = World::recommended();
    let owner = world.owner(WHO, NONE);
    let _ = world.ask(RequirePasswordChange { account: owner.account.clone() }).into_result().unwrap();
    refused(world.enrol(&owner.session).map(drop), Todo::ChangePassword, "enrol");
    // The policy asks for a second factor: nothing but one.
    let mut settings = Settings::nist_aal2();
    settings.passwords.min_code_points = 8;
    let world = World::new(settings);
    let _ = world.member(WHO);
    world.seconds(61);
    let session = session(world.stepwise(WHO, PASSWORD).unwrap());
    for (what, answer) in changes(&world, &session) {
        match what {
            "enable_mailed" => assert_eq!(answer.unwrap_err(), Refusal::FactorNotAllowed, "by this policy"),
            _ => refused(answer, Todo::EnrolFactor, what),
        }
    }
    let app = world.enrol(&session).unwrap();
    assert!(world.confirm(&session, &app.code(world.now(), 0)).is_ok());
    assert!(world.check(&session).is_ok());
}

/// Law 12: of two changes of address that cross, the directory lets the first through and refuses the second, which is a refusal and no
/// failure of the host. The account keeps the address that the directory has.
#[test]
fn law12_the_later_of_two_changes_of_address_is_refused() {
    let world = World::recommended();
    let owner = world.owner(WHO, NONE);
    let (first, second) = (world.fresh(&owner), world.fresh(&owner));
    let to_first = world.move_to(&first, None, ELSEWHERE).unwrap();
    let code = world.last_code();
    world.seconds(61);
    let to_second = world.move_to(&second, None, "jo@example.org").unwrap();
    let part = Part(world.seen.clone(), world.clock.clone());
    let request = verify(Purpose::ChangeAddress, &to_first.session, &code);
    let context = Context { now: world.now(), entropy: seed(1_000_003) };
    let mut step = world.sentry.machine.begin(request, context);
    let mut crossed = None;
    let verdict = loop {
        step = match step {
            Step::Find(find) => {
                let entry = Directory::find(&part, find.identifier()).unwrap();
                find.resume(entry)
            }
            Step::Load(load) => {
                let rows = part.load(load.keys()).unwrap();
                load.resume(rows).unwrap()
            }
            Step::Commit(commit) => {
                let write = commit.write(world.now()).unwrap();
                let answer = part.commit(commit.key(), commit.expected(), write).unwrap();
                commit.resume(answer).unwrap()
            }
            Step::Rename(rename) => {
                // The other change goes through just before the directory hears of this one.
                crossed = Some(world.moved(&to_second).map(|verified| verified.identifier));
                let Renaming { account, from, to } = rename.renaming();
                let renamed = part.rename(account, from, to).unwrap();
                assert_eq!(renamed, Created::Taken);
                rename.resume(renamed)
            }
            Step::Done(done) => break done.outcome.verdict,
            other => panic!("{other:?}"),
        };
    };
    assert_eq!(crossed.unwrap().unwrap(), id("jo@example.org"));
    assert!(matches!(verdict, Verdict::Refused(Refusal::InvalidSession)), "{verdict:?}");
    assert_eq!(world.account("jo@example.org"), Some(owner.account.clone()));
    assert!(
        world.knows("jo@example.org", PASSWORD)
            && !world.knows(WHO, PASSWORD)
            && !world.knows(ELSEWHERE, PASSWORD)
    );
}
