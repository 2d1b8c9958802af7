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
        let world = World::recommended();
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
