//! Published defects of the same flows elsewhere, as tests, each under its number in the project's list of mechanisms.
//!
//! More of them are named beside the requirement they break, in `recovery_requirements.rs`.

use countersign::*;

use crate::common::{IntoResult, World};
use crate::household::WHO;
use crate::owner::*;
use crate::people::*;

/// B075: a refused password is told after the proof of the mailbox only, and spends neither grant nor further proof.
#[test]
fn b075_a_refused_password_spends_nothing() {
    let world = World::recommended();
    let person = world.owner(WHO, APP);
    world.seconds(30);
    let grant = world.granted(WHO).unwrap().grant;
    let proof = || Some(person.totp(&world));
    let answer = world.reset(&grant, "short", proof()).unwrap_err();
    assert_eq!(answer, Refusal::PasswordTooShort { min_code_points: 8 });
    assert!(world.reset(&grant, NEW_PASSWORD, proof()).is_ok());
    let answer = world.reset(&grant, "short", proof()).unwrap_err();
    assert_eq!(answer, Refusal::InvalidSession, "without a grant nothing of the rules is told");
}

/// B099, B100: a recovery code is gone with the commit that took it, and only that one; its second use is counted.
#[test]
fn b099_b100_a_used_recovery_code_is_gone() {
    let world = World::recommended();
    let person = world.owner(WHO, APP);
    let code = |at: usize| Proof::RecoveryCode(person.drawer[at].clone());
    let session = world.prove(&world.login(WHO), code(4)).unwrap().session().clone();
    assert_eq!(world.secured(&session).unwrap().recovery_codes_left, 9);
    let again = world.step_up(&session, code(4)).unwrap_err();
    assert_eq!(again, Refusal::InvalidProof { factor: Factor::RecoveryCode, attempts_left: 9 });
    assert_eq!(world.secured(&session).unwrap().recovery_codes_left, 9);
    let mut session = session;
    for (used, at) in [0, 9, 1, 8, 2, 7, 3, 6, 5].into_iter().enumerate() {
        session = world.step_up(&session, code(at)).unwrap().session().clone();
        assert_eq!(world.secured(&session).unwrap().recovery_codes_left, 8 - used);
    }
}

/// B101, R53: without an app there are no recovery codes, before it and after it; mailed codes come with none.
#[test]
fn b101_no_recovery_codes_without_an_app() {
    for has in [NONE, MAILED] {
        let world = World::recommended();
        let person = world.owner(WHO, has);
        assert_eq!(world.regenerate(&person.session, None).unwrap_err(), Refusal::NotEnrolled);
        let _ = world.enrol(&person.session).unwrap();
        assert_eq!(world.regenerate(&person.session, None).unwrap_err(), Refusal::NotEnrolled, "it waits");
    }
    let world = World::recommended();
    let person = world.owner(WHO, BOTH);
    let _ = world.disable_totp(&person.session, None).unwrap();
    world.seconds(60);
    let asked = second(world.stepwise(WHO, PASSWORD).unwrap());
    assert_eq!(asked.offered, [Factor::MailedCode], "R53");
    let proof = Proof::RecoveryCode(person.drawer[0].clone());
    let answer = world.prove(&asked.login.unwrap(), proof).unwrap_err();
    assert_eq!(answer, Refusal::InvalidProof { factor: Factor::RecoveryCode, attempts_left: 0 });
}

/// B072: so many links are out at once as messages may be sent, and none more; the first that is used ends all of them.
#[test]
fn b072_links_are_bounded() {
    let world = World::recommended();
    let _ = world.owner(WHO, NONE);
    let mut links = vec![];
    for _ in 0..23 * 60 {
        world.seconds(60);
        if world.start(Purpose::Recover, WHO).is_ok() {
            links.push(recovery_link(&world.last_mail()).unwrap());
        }
    }
    assert_eq!(links.len(), 20);
    let good = links.iter().filter(|link| world.trying(|| world.redeem(link)).is_ok()).count();
    assert_eq!(good, 20, "none replaces another (law 9)");
    assert!(world.redeem(&links[7]).is_ok());
    assert!(links.iter().all(|link| world.redeem(link).is_err()));
}

/// B038: a mailbox that was proven to recover is no door, even if its code is sent with the wish to enter.
#[test]
fn b038_a_recovery_is_no_sign_in() {
    for has in [NONE, APP] {
        let world = World::recommended();
        let _ = world.owner(WHO, has);
        world.seconds(60);
        let session = world.start(Purpose::Recover, WHO).unwrap().session;
        let request = crate::common::verify(Purpose::Recover, &session, &world.last_code());
        world.events();
        let verified = world.ask(Verify { enter: Some(label()), ..request }).into_result().unwrap();
        assert!(verified.progress.is_none() && verified.grant.is_some());
        assert!(!world.events().contains(&"session.signed_in"));
    }
}

/// B105: whoever changes the password gets another ticket, and the one from before is none; so at every step-up.
#[test]
fn b105_a_changed_password_makes_a_new_session() {
    let world = World::recommended();
    let person = world.owner(WHO, NONE);
    let changed = world.change_password(&person.session, PASSWORD, NEW_PASSWORD).unwrap();
    assert_ne!(changed.session().expose(), person.session.expose());
    assert_eq!(world.check(&person.session).unwrap_err(), Refusal::InvalidSession);
    assert!(world.check(changed.session()).is_ok());
}

/// B112: also where an app is on, one that waits replaces nothing until it is confirmed, and a changed password ends it.
#[test]
fn b112_a_waiting_app_replaces_nothing() {
    let world = World::recommended();
    let mut person = world.owner(WHO, APP);
    let waiting = world.enrol(&person.session).unwrap();
    world.seconds(30);
    let with_the_new = Proof::Totp(Code::typed(&waiting.code(world.now(), 0)));
    assert!(world.prove(&world.login(WHO), with_the_new).is_err());
    person.session = world.prove(&world.login(WHO), person.totp(&world)).unwrap().session().clone();
    assert!(world.secured(&person.session).unwrap().enrolment_expires_at.is_some());
    let changed = world.change_password(&person.session, PASSWORD, NEW_PASSWORD).unwrap();
    let answer = world.confirm(changed.session(), &waiting.code(world.now(), 0)).map(drop);
    assert_eq!(answer.unwrap_err(), Refusal::NothingPending, "it may have been begun by somebody else");
}

/// B113: the code that confirmed an app neither signs in nor steps up nor sets a password.
#[test]
fn b113_the_confirming_code_does_nothing_else() {
    let world = World::recommended();
    let person = world.owner(WHO, NONE);
    let app = world.enrol(&person.session).unwrap();
    let code = Code::typed(&app.code(world.now(), 0));
    let _ = world.confirm(&person.session, code.expose()).unwrap();
    let proof = || Proof::Totp(code.clone());
    let grant = world.granted(WHO).unwrap().grant;
    for answer in [
        world.prove(&world.login(WHO), proof()).map(drop),
        world.step_up(&person.session, proof()).map(drop),
        world.reset(&grant, NEW_PASSWORD, Some(proof())).map(drop),
    ] {
        assert!(matches!(answer, Err(Refusal::InvalidProof { factor: Factor::Totp, .. })), "{answer:?}");
    }
}

/// B118: with a factor turned off, no session keeps the level it gave: the one that asked says so, the others are out.
#[test]
fn b118_no_session_keeps_the_level_of_a_removed_app() {
    for by_recovery in [false, true] {
        let mut settings = Settings::recommended();
        settings.step_up.recovery_code = true;
        let world = World::new(settings);
        let mut person = world.owner(WHO, APP);
        if by_recovery {
            let proof = Proof::RecoveryCode(person.drawer[0].clone());
            person.session = world.prove(&world.login(WHO), proof).unwrap().session().clone();
        }
        let other = world.fresh(&person);
        assert_eq!(world.check(&person.session).unwrap().aal, 2);
        let _ = world.disable_totp(&person.session, None).unwrap();
        let info = world.check(&person.session).unwrap();
        assert_eq!((info.aal, info.methods), (1, vec![Method::Password]));
        assert_eq!(world.check(&other).unwrap_err(), Refusal::InvalidSession);
    }
    let world = World::recommended();
    let person = world.owner(WHO, APP);
    let _ = world.lost(&world.login(WHO)).unwrap();
    world.seconds(72 * 3600);
    let login = world.login(WHO);
    let _ = world.lost(&login).unwrap();
    let reset = world.reset_factors(&login, &world.last_code()).unwrap();
    assert!(reset.sessions_ended > 0);
    assert_eq!(world.check(&person.session).unwrap_err(), Refusal::InvalidSession);
}

const OTHER: &str = "mallory@example.com";

/// B021: an account answers to one identifier. Of several that the host's own directory leads from, the one that took it over is good, and
/// the right password at another is a wrong one: there is no second count to guess against.
#[test]
fn b021_an_account_answers_to_one_identifier() {
    const SECOND: &str = "jo@second.example.org";
    let world = World::recommended();
    let account = world.legacy(WHO, true);
    let entry = world.seen.accounts.lock().unwrap().get(WHO).unwrap().clone();
    world.seen.accounts.lock().unwrap().insert(SECOND.to_owned(), entry);
    let taken = world.stepwise(WHO, PASSWORD).unwrap().signed_in().unwrap();
    assert_eq!(taken.account(), &account);
    for n in 0..10 {
        assert_eq!(world.stepwise(SECOND, PASSWORD).unwrap_err(), Refusal::InvalidCredentials, "{n}");
    }
    assert!(world.knows(WHO, PASSWORD));
}

/// B046: whose password is set is what the session says that was stored: with another's identifier beside it a right code is a wrong one,
/// and what it leads to is its own account's.
#[test]
fn b046_a_recovery_is_of_the_account_it_was_asked_for() {
    let world = World::recommended();
    let [_, _] = [WHO, OTHER].map(|who| world.owner(who, NONE));
    let session = world.start(Purpose::Recover, OTHER).unwrap().session;
    let request = crate::common::verify(Purpose::Recover, &session, &world.last_code());
    let foreign = Verify { identifier: Some(crate::common::id(WHO)), ..request.clone() };
    let refused = world.ask(foreign).into_result().unwrap_err();
    assert!(matches!(refused, Refusal::InvalidCode(_)), "{refused:?}");
    assert!(world.knows(WHO, PASSWORD) && world.knows(OTHER, PASSWORD));
    let own = Verify { identifier: Some(crate::common::id(OTHER)), ..request };
    let grant = world.ask(own).into_result().unwrap().grant.unwrap();
    let _ = world.reset(&grant.grant, NEW_PASSWORD, None).unwrap();
    assert!(world.knows(WHO, PASSWORD) && world.knows(OTHER, NEW_PASSWORD));
}

/// B050, law 5: a code is good for the purpose it was sent for: at the door of any other it is no code, in the same session; and of codes
/// that have no session of their own none stands in for another.
#[test]
fn b050_a_code_is_good_for_one_purpose() {
    let with_sessions =
        [Purpose::SignUp, Purpose::SignIn, Purpose::Recover, Purpose::ConfirmAction, Purpose::ChangeAddress];
    for purpose in with_sessions {
        let world = World::recommended();
        let person = world.owner(WHO, NONE);
        let session = match purpose {
            Purpose::SignUp => world.start(purpose, "new@example.org").unwrap().session,
            Purpose::ChangeAddress => {
                world.move_to(&person.session, None, "jo@new.example.org").unwrap().session
            }
            _ => world.start(purpose, WHO).unwrap().session,
        };
        let code = world.last_code();
        for door in Purpose::ALL.into_iter().filter(|door| *door != purpose) {
            let request = crate::common::verify(door, &session, &code);
            let answer = world.ask(Verify { enter: Some(label()), ..request }).into_result();
            assert_eq!(answer.unwrap_err(), Refusal::InvalidSession, "{purpose:?} at {door:?}");
        }
        assert!(world.verify(purpose, &session, &code).is_ok(), "{purpose:?}");
    }
    let mailed = |world: &World| Proof::MailedCode(world.last_mail().code.unwrap());
    let world = World::recommended();
    let person = world.owner(WHO, MAILED);
    world.seconds(60);
    let login = world.login(WHO);
    let to_enter = mailed(&world);
    let _ = world.step_up_code(&person.session).unwrap();
    let to_step_up = mailed(&world);
    assert!(world.prove(&login, to_step_up.clone()).is_err(), "a code to step up with signs nobody in");
    assert!(world.step_up(&person.session, to_enter.clone()).is_err(), "nor the other way round");
    assert!(world.prove(&login, to_enter).is_ok() && world.step_up(&person.session, to_step_up).is_ok());
    let world = World::recommended();
    let person = world.owner(WHO, APP);
    let _ = world.lost(&world.login(WHO)).unwrap();
    world.seconds(72 * 3600);
    let login = world.login(WHO);
    let _ = world.lost(&login).unwrap();
    let to_recover = world.last_code();
    let _ = world.step_up_code(&person.session).unwrap();
    assert!(
        world.reset_factors(&login, &world.last_code()).is_err(),
        "a code to step up with turns nothing off"
    );
    let as_step_up = Proof::MailedCode(Code::typed(&to_recover));
    assert!(world.step_up(&person.session, as_step_up).is_err());
    assert!(world.reset_factors(&login, &to_recover).is_ok());
}

/// B078: what has ended is not brought back by anything else that comes to its end, nor by the clock: not an app that waited, not a
/// recovery.
#[test]
fn b078_what_has_ended_is_revived_by_no_other_flow() {
    let world = World::recommended();
    let person = world.owner(WHO, NONE);
    let waiting = world.enrol(&person.session).unwrap();
    let recovery = world.start(Purpose::Recover, WHO).unwrap().session;
    let code = world.last_code();
    world.seconds(900);
    let session = world.fresh(&person);
    let sign_in = world.start(Purpose::SignIn, WHO).unwrap().session;
    let _ = world.verify(Purpose::SignIn, &sign_in, &world.last_code()).unwrap();
    for back in [0, -899, -86_400] {
        world.seconds(back);
        let answer = world.confirm(&session, &waiting.code(world.now(), 0)).map(drop);
        assert_eq!(answer.unwrap_err(), Refusal::NothingPending, "{back}");
        let answer = world.verify(Purpose::Recover, &recovery, &code).map(drop);
        assert_eq!(answer.unwrap_err(), Refusal::InvalidSession, "{back}");
    }
}
