//! What happens between two stages of a request, and what is not done at all.

use countersign::*;

use crate::WHO;
use crate::common::{IntoResult, World, verify};
use crate::drive::{Act, Stage, drive};
use crate::owner::{APP, MAILED, NONE, changing, client, resetting};
use crate::people::{PASSWORD, label};

/// A mailed code that signs in.
fn entering(session: &Ticket<OtpSession>, code: &str) -> Verify {
    Verify { enter: Some(label()), ..verify(Purpose::SignIn, session, code) }
}

/// R76: no password is hashed for a request that is refused whatever the hash says.
#[test]
fn r76_no_hash_for_what_is_refused_anyway() {
    let unhashed = |world: &World, what: &str, request: &dyn Fn() -> bool| {
        world.calls();
        assert!(!request(), "{what} was granted");
        assert!(!world.calls().contains(&"hash"), "{what}");
    };
    // A session that has ended.
    let world = World::recommended();
    let person = world.owner(WHO, NONE);
    let other = world.fresh(&person);
    let _ = world.end_sessions(&other, Which::Others).unwrap();
    unhashed(&world, "an ended session", &|| {
        world.ask(changing(&person.session, PASSWORD, "Quite another 5")).into_result().is_ok()
    });
    // Something that is required first.
    let account = world.account(WHO).unwrap();
    let request = RequirePasswordChange { account };
    world.ask(request).into_result().unwrap();
    unhashed(&world, "a required change", &|| world.delete(&other, Some(PASSWORD)).is_ok());
    // A further proof that may not be guessed at for now, for a new password.
    let world = World::recommended();
    let person = world.owner(WHO, APP);
    let again = |grant: &Ticket<ResetGrant>, proof| {
        world.ask(resetting(grant, "Quite another 5", Some(proof))).into_result()
    };
    for _ in 0..3 {
        world.seconds(61);
        let grant = world.granted(WHO).unwrap().grant;
        while matches!(again(&grant, person.wrong_totp(&world)), Err(Refusal::InvalidProof { .. })) {}
    }
    world.seconds(61);
    let grant = world.granted(WHO).unwrap().grant;
    unhashed(&world, "a locked proof", &|| {
        let answer = again(&grant, person.totp(&world));
        assert!(matches!(answer, Err(Refusal::Limited { .. })), "{answer:?}");
        false
    });
}

/// Whoever is known to have a record is not asked for in the directory again.
#[test]
fn the_directory_is_asked_once() {
    let world = World::recommended();
    let _ = world.member(WHO);
    world.seconds(3_600);
    let started = world.start(Purpose::SignIn, WHO).unwrap();
    world.calls();
    let request = entering(&started.session, &world.last_code());
    assert!(world.ask(request).into_result().unwrap().progress.is_some());
    assert!(!world.calls().contains(&"find"));
}

/// R79: a change of the password whose session is ended, whose account is changed or suspended between its two turns changes nothing.
#[test]
fn r79_a_password_is_changed_only_for_the_session_that_asked() {
    type Between = fn(&World, &Ticket<Session>, &Ticket<Session>);
    let between: [(&str, Between); 5] = [
        ("nothing", |_, _, _| {}),
        ("the session was ended", |world, _, other| {
            world.end_sessions(other, Which::Others).unwrap();
        }),
        ("a factor was added", |world, session, _| {
            world.enable_mailed(session).unwrap();
        }),
        ("a factor was taken away", |world, session, _| {
            world.disable_mailed(session, Some(PASSWORD)).unwrap();
        }),
        ("the account was suspended", |world, _, _| world.suspend(&world.account(WHO).unwrap(), true)),
    ];
    for (what, happens) in between {
        let world = World::recommended();
        let person = world.owner(WHO, if what.ends_with("away") { MAILED } else { NONE });
        let other = world.fresh(&person);
        let person = world.fresh(&person);
        let mut commits = 0;
        let request = changing(&person, PASSWORD, "Quite another 5");
        let end = drive(&world, request, world.now(), &mut |_, stage| {
            if matches!(stage, Stage::Commit(_)) {
                commits += 1;
            }
            if matches!(stage, Stage::Load(_)) && commits == 1 {
                commits = 10;
                happens(&world, &person, &other);
            }
            Act::Go
        });
        let granted = end.outcome.is_some_and(|outcome| outcome.verdict.into_result().is_ok());
        assert_eq!(granted, what == "nothing", "{what}");
    }
}

/// Law 12: an account of the host's own that was taken over and deleted while a sign-in to it was under way is gone; the sign-in does not bring it back.
#[test]
fn law12_no_sign_in_takes_over_what_was_deleted_meanwhile() {
    let world = World::recommended();
    let _ = world.legacy(WHO, true);
    let started = world.start(Purpose::SignIn, WHO).unwrap();
    let request = entering(&started.session, &world.last_code());
    let mut meanwhile = false;
    let end = drive(&world, request, world.now(), &mut |_, stage| {
        let entering = matches!(stage, Stage::Commit(record::RecordKind::Account));
        if entering && !std::mem::replace(&mut meanwhile, true) {
            let entry = world.seen.accounts.lock().unwrap().clone();
            let session = world.stepwise(WHO, PASSWORD).unwrap().signed_in().unwrap().session().clone();
            let _ = world.delete(&session, Some(PASSWORD)).unwrap();
            *world.seen.accounts.lock().unwrap() = entry;
        }
        Act::Go
    });
    assert!(meanwhile);
    assert!(end.outcome.unwrap().verdict.into_result().is_err());
}

/// A device may be shown with the address that its account is moving to. It does not end the move: only the directory can say that it leads
/// there.
#[test]
fn law12_a_device_settles_no_move() {
    let world = World::recommended();
    let mut person = world.owner(WHO, MAILED);
    let device = world.device(&mut person);
    let started = world.move_to(&person.session, Some(PASSWORD), "new@example.com").unwrap();
    let request = verify(Purpose::ChangeAddress, &started.session, &world.last_code());
    let end = drive(&world, request, world.now(), &mut |_, stage| match stage {
        Stage::Rename => Act::Crash,
        _ => Act::Go,
    });
    assert!(end.outcome.is_none());
    world.seen.events.lock().unwrap().clear();
    let _ = world.by_device("new@example.com", PASSWORD, &device).unwrap().signed_in().expect("trusted");
    assert!(!world.events().contains(&"address.changed"), "{:?}", world.events());
    assert!(world.knows(WHO, PASSWORD), "the only door that the directory knows");
}

/// What a session proves is noted though more is asked of it: one that a device let past the app shows the password anew, and is still one without the
/// app.
#[test]
fn a_proof_is_noted_though_another_is_missing() {
    let world = World::recommended();
    let mut person = world.owner(WHO, APP);
    let device = world.device(&mut person);
    let signed_in = world.by_device(WHO, PASSWORD, &device).unwrap().signed_in().unwrap();
    let within = Settings::recommended().step_up.max_age;
    let fresh = |factor| {
        let request = RequireFresh {
            client: client(),
            session: signed_in.session().clone(),
            factor: Some(factor),
            within,
        };
        world.ask(request).into_result().is_ok()
    };
    world.seconds(i64::try_from(within.as_secs()).unwrap() + 1);
    assert_eq!((fresh(Factor::Password), fresh(Factor::Totp)), (false, false));
    let proof = Proof::Password(Password::typed(PASSWORD).unwrap());
    assert!(world.step_up(signed_in.session(), proof).is_err(), "the app is still to be shown");
    assert_eq!((fresh(Factor::Password), fresh(Factor::Totp)), (true, false));
}
