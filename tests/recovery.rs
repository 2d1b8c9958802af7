//! Winning an account back, one flow after the other: a lost password, a lost second factor.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod common;
#[path = "common/owner.rs"]
mod owner;
#[path = "common/people.rs"]
mod people;

use std::time::Duration;

use common::*;
use countersign::*;
use owner::*;
use people::*;

const WHO: &str = "jo@example.com";
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A lost password by code: mail, grant, new password; nobody is signed in by it, and the owner is told.
#[test]
fn a_lost_password_by_code() {
    let world = World::recommended();
    let person = world.person(WHO, NONE);
    let started = world.start(Purpose::Recover, WHO).unwrap();
    let mail = world.last_mail();
    assert_eq!((mail.kind.clone(), mail.to.as_str()), (MessageKind::RecoveryCode, WHO));
    assert_eq!(mail.expires_at.unwrap().since(START), Duration::from_secs(600));
    assert_eq!(mail.link_expires_at.unwrap().since(START), Duration::from_secs(86_400));
    assert!(recovery_link(&mail).is_some() && !mail.suppressed);
    world.events();
    let verified = world.verify(Purpose::Recover, &started.session, &world.last_code()).unwrap();
    let grant = verified.grant.unwrap();
    assert!(verified.progress.is_none() && grant.asks.is_empty());
    assert_eq!((&verified.account, grant.expires_in), (&person.account, Duration::from_secs(900)));
    assert_eq!(world.events(), ["otp.code_accepted", "recovery.granted"]);
    assert!(world.knows(WHO, PASSWORD), "nothing has changed yet");
    world.events();
    let mails = world.mails();
    let reset = world.reset(&grant.grant, NEW_PASSWORD, None).unwrap();
    assert_eq!((&reset.account, reset.sessions_ended), (&person.account, 2));
    assert_eq!(reset.device_expires_at.since(world.now()), Duration::from_secs(30 * 86_400));
    assert_eq!(world.events(), ["recovery.password_reset", "session.ended", "device.trusted", "mail.notice"]);
    assert_eq!(world.mailed(mails), [(WHO.to_owned(), "password_reset")]);
    assert_eq!(world.check(&person.session).unwrap_err(), Refusal::InvalidSession);
    assert_eq!(world.stepwise(WHO, PASSWORD).unwrap_err(), Refusal::InvalidCredentials);
    assert!(world.stepwise(WHO, NEW_PASSWORD).unwrap().signed_in().is_some());
    assert_eq!(world.reset(&grant.grant, PASSWORD, None).unwrap_err(), Refusal::InvalidSession);
}

/// A lost password by link: a day later, on another device, and only once.
#[test]
fn a_lost_password_by_link() {
    let world = World::recommended();
    let _ = world.person(WHO, NONE);
    let started = world.start(Purpose::Recover, WHO).unwrap();
    let (link, code) = (recovery_link(&world.last_mail()).unwrap(), world.last_code());
    world.seconds(DAY);
    world.millis(-1);
    let grant = world.redeem(&link).unwrap();
    assert_eq!(world.redeem(&link).unwrap_err(), Refusal::InvalidSession);
    assert!(world.verify(Purpose::Recover, &started.session, &code).is_err(), "the code is long dead");
    assert!(world.reset(&grant.grant, NEW_PASSWORD, None).is_ok());
    assert!(world.knows(WHO, NEW_PASSWORD));
    // At its end it is refused; and a stranger's address has none.
    let _ = world.start(Purpose::Recover, WHO).unwrap();
    let link = recovery_link(&world.last_mail()).unwrap();
    world.seconds(DAY);
    assert_eq!(world.redeem(&link).unwrap_err(), Refusal::InvalidSession);
    let _ = world.start(Purpose::Recover, "nobody@example.com").unwrap();
    let mail = world.last_mail();
    assert!(mail.suppressed && mail.code.is_none() && mail.link.is_none());
}

/// The code spends the link beside it, and the link the code.
#[test]
fn the_code_and_the_link_of_a_recovery_are_one() {
    let world = World::recommended();
    let _ = world.person(WHO, NONE);
    for by_link in [true, false] {
        let started = world.start(Purpose::Recover, WHO).unwrap();
        let (link, code) = (recovery_link(&world.last_mail()).unwrap(), world.last_code());
        let by_code = || world.verify(Purpose::Recover, &started.session, &code).map(|_| ());
        let ends = if by_link {
            [world.redeem(&link).map(|_| ()), by_code()]
        } else {
            [by_code(), world.redeem(&link).map(|_| ())]
        };
        // The session of a link that was used stays for whoever holds it, who may be a stranger (law 8); its code is worth nothing.
        let [first, second] = ends;
        assert_eq!(first, Ok(()));
        assert!(match second {
            Err(Refusal::InvalidCode(_)) => by_link,
            other => other == Err(Refusal::InvalidSession) && !by_link,
        });
        world.seconds(60);
    }
}

/// Where an app is on, its code or one from the drawer is asked for; a wrong one is counted and leaves the grant, five end it.
#[test]
fn an_app_is_asked_for_beside_the_mailbox() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let grant = world.granted(WHO).unwrap();
    assert_eq!(grant.asks, [Factor::Totp, Factor::RecoveryCode]);
    let offered = vec![Factor::Totp, Factor::RecoveryCode];
    let none = world.reset(&grant.grant, NEW_PASSWORD, None);
    assert_eq!(none.unwrap_err(), Refusal::ProofRequired { offered: offered.clone() });
    let another = Some(Proof::Password(password(PASSWORD)));
    let answer = world.reset(&grant.grant, NEW_PASSWORD, another);
    assert_eq!(answer.unwrap_err(), Refusal::ProofRequired { offered });
    for left in (6..=9).rev() {
        let wrong = world.reset(&grant.grant, NEW_PASSWORD, Some(person.wrong_totp(&world)));
        assert_eq!(wrong.unwrap_err(), Refusal::InvalidProof { factor: Factor::Totp, attempts_left: left });
    }
    let reset = world.reset(&grant.grant, NEW_PASSWORD, Some(person.totp(&world))).unwrap();
    assert_eq!(reset.account, person.account);
    // The app's code was spent, and is asked for at the sign-in, on the device as well.
    world.seconds(30);
    for progress in [world.stepwise(WHO, NEW_PASSWORD), world.by_device(WHO, NEW_PASSWORD, &reset.device)] {
        let second = second(progress.unwrap());
        assert_eq!(second.offered, [Factor::Totp, Factor::RecoveryCode]);
        world.seconds(30);
        assert!(world.prove(&second.login.unwrap(), person.totp(&world)).is_ok());
    }
    // By a recovery code, which is spent.
    let grant = world.granted(WHO).unwrap();
    let code = Proof::RecoveryCode(person.drawer[0].clone());
    assert!(world.reset(&grant.grant, PASSWORD, Some(code.clone())).is_ok());
    assert!(world.prove(&world.login(WHO), code).is_err(), "law 3");
    // Five wrong ones end the grant; a newer one begins anew, and the budget does not.
    world.seconds(900);
    let grant = world.granted(WHO).unwrap();
    for n in 0..6 {
        let wrong = world.reset(&grant.grant, NEW_PASSWORD, Some(person.wrong_totp(&world))).unwrap_err();
        assert_eq!(wrong == Refusal::InvalidSession, n == 5, "{n}: {wrong:?}");
    }
    assert_eq!(world.last_mail().kind, MessageKind::PasswordKnown, "the owner hears of it");
}

/// A password that is refused uses up neither the grant nor the proof, and is looked at first (B075).
#[test]
fn a_refused_password_uses_nothing_up() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let grant = world.granted(WHO).unwrap();
    for _ in 0..7 {
        let short = world.reset(&grant.grant, "short", Some(person.wrong_totp(&world)));
        assert_eq!(short.unwrap_err(), Refusal::PasswordTooShort { min_code_points: 8 });
        let own = world.reset(&grant.grant, WHO, Some(person.totp(&world)));
        assert!(matches!(own.unwrap_err(), Refusal::PasswordBlocked(_)));
    }
    assert!(world.reset(&grant.grant, NEW_PASSWORD, Some(person.totp(&world))).is_ok());
}

/// A grant ends, is replaced by a newer one, and dies with whatever changes the account.
#[test]
fn a_grant_ends() {
    let world = World::recommended();
    let person = world.person(WHO, NONE);
    let first = world.granted(WHO).unwrap().grant;
    world.seconds(60);
    let newer = world.granted(WHO).unwrap().grant;
    assert_eq!(world.reset(&first, NEW_PASSWORD, None).unwrap_err(), Refusal::InvalidSession);
    world.seconds(900);
    assert_eq!(world.reset(&newer, NEW_PASSWORD, None).unwrap_err(), Refusal::InvalidSession);
    world.seconds(1800);
    let grant = world.granted(WHO).unwrap().grant;
    world.suspend(&person.account, true);
    assert_eq!(world.reset(&grant, NEW_PASSWORD, None).unwrap_err(), Refusal::InvalidSession);
    world.suspend(&person.account, false);
    assert_eq!(world.reset(&grant, NEW_PASSWORD, None).unwrap_err(), Refusal::InvalidSession);
    assert!(world.knows(WHO, PASSWORD));
}

/// A suspended account's mailbox leads nowhere, and looks as any.
#[test]
fn a_suspended_account_is_not_recovered() {
    let world = World::recommended();
    let person = world.person(WHO, NONE);
    world.suspend(&person.account, true);
    let started = world.start(Purpose::Recover, WHO).unwrap();
    let link = recovery_link(&world.last_mail()).unwrap();
    let code = world.last_code();
    let answer = world.verify(Purpose::Recover, &started.session, &code);
    assert_eq!(answer.unwrap_err(), Refusal::InvalidSession);
    assert_eq!(world.redeem(&link).unwrap_err(), Refusal::InvalidSession);
}

/// The policy may do without the further proof; the app is then still asked for at the sign-in.
#[test]
fn a_policy_may_do_without_the_further_proof() {
    let mut settings = Settings::recommended();
    settings.recovery.further_proof = false;
    let world = World::new(settings);
    let _ = world.person(WHO, APP);
    let grant = world.granted(WHO).unwrap();
    assert!(grant.asks.is_empty());
    assert!(world.reset(&grant.grant, NEW_PASSWORD, None).is_ok());
    assert_eq!(second(world.stepwise(WHO, NEW_PASSWORD).unwrap()).offered[0], Factor::Totp);
}

/// A host's own account is taken over by its recovery.
#[test]
fn a_legacy_account_is_recovered() {
    let world = World::recommended();
    let account = world.legacy(WHO, true);
    world.events();
    let grant = world.granted(WHO).unwrap();
    assert!(world.events().contains(&"account.taken_over"));
    assert_eq!(world.reset(&grant.grant, NEW_PASSWORD, None).unwrap().account, account);
    assert!(!world.knows(WHO, PASSWORD) && world.knows(WHO, NEW_PASSWORD));
    // Where its address was never proven, no code and no link goes out.
    let world = World::recommended();
    let _ = world.legacy(WHO, false);
    let started = world.start(Purpose::Recover, WHO).unwrap();
    let mail = world.last_mail();
    assert!(mail.suppressed && mail.code.is_none() && mail.link.is_none());
    assert!(world.verify(Purpose::Recover, &started.session, "000000").is_err());
}

/// The device of a reset has budgets of its own: strangers who hold the door do not keep its owner out.
#[test]
fn the_device_of_a_reset_opens_while_strangers_hold_the_door() {
    let world = World::recommended();
    let _ = world.person(WHO, NONE);
    let _ = world.start(Purpose::Recover, WHO).unwrap();
    let link = recovery_link(&world.last_mail()).unwrap();
    while world.stepwise(WHO, WRONG_PASSWORD).unwrap_err() == Refusal::InvalidCredentials {}
    let reset = world.reset(&world.redeem(&link).unwrap().grant, NEW_PASSWORD, None).unwrap();
    assert!(matches!(world.stepwise(WHO, NEW_PASSWORD), Err(Refusal::Limited { .. })));
    let signed_in = world.by_device(WHO, NEW_PASSWORD, &reset.device).unwrap().signed_in().unwrap();
    assert!(signed_in.device().is_some() && world.check(signed_in.session()).is_ok());
}

/// A lost app by a recovery code: it signs in, the owner is told, and the app can be turned off or bound anew.
#[test]
fn a_lost_app_by_recovery_code() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let mails = world.mails();
    world.events();
    let signed_in = world.prove(&world.login(WHO), Proof::RecoveryCode(person.drawer[0].clone())).unwrap();
    assert_eq!(world.mailed(mails), [(WHO.to_owned(), "recovery_code_used")]);
    assert_eq!(world.last_mail().kind, MessageKind::RecoveryCodeUsed { left: 9 });
    assert!(world.events().contains(&"recovery_codes.used"));
    let app = world.enrol(signed_in.session()).unwrap();
    let codes = world.confirm(signed_in.session(), &app.code(world.now(), 0)).unwrap().codes;
    world.seconds(60);
    let person = Person { app: Some(app), drawer: codes, ..person };
    assert!(world.prove(&world.login(WHO), person.totp(&world)).is_ok());
}

/// A lost app by the wait: told, waited for, mailed, turned off. Nobody is signed in by it, and the password is still asked for.
#[test]
fn a_lost_app_by_the_wait() {
    let world = World::recommended();
    let mut person = world.person(WHO, APP);
    let device = world.device(&mut person);
    world.events();
    let mails = world.mails();
    let lost = world.lost(&world.login(WHO)).unwrap();
    assert_eq!((lost.ready_in, lost.code), (Duration::from_secs(72 * 3600), None));
    assert_eq!(lost.ready_at.since(world.now()), lost.ready_in);
    assert_eq!(lost.expires_at.since(lost.ready_at), Duration::from_secs(7 * 86_400));
    assert_eq!(world.mailed(mails), [(WHO.to_owned(), "factor_recovery_started")]);
    let notice = world.last_mail();
    assert!(notice.code.is_none() && cancel_link(&notice).is_some());
    assert_eq!(notice.link_expires_at, Some(lost.expires_at));
    assert_eq!(
        world.events(),
        ["password.accepted", "factor.asked", "recovery.factor_started", "mail.notice"]
    );
    assert_eq!(
        world.secured(&person.session).unwrap().recovery,
        Some((lost.ready_at, lost.expires_at)),
        "the owner sees it"
    );
    // Asking again changes nothing, a millisecond before the end as well; and no code was mailed.
    world.clock.set(lost.ready_at);
    world.millis(-1);
    let login = world.login(WHO);
    let again = world.lost(&login).unwrap();
    assert_eq!((again.ready_in, again.code), (Duration::from_millis(1), None));
    assert_eq!(world.reset_factors(&login, "000000").unwrap_err(), Refusal::NothingPending);
    assert_eq!(world.mailed(mails).len(), 1);
    world.millis(1);
    assert_eq!(world.reset_factors(&login, "000000").unwrap_err(), Refusal::NothingPending, "R57");
    let ready = world.lost(&login).unwrap();
    assert_eq!((ready.ready_in, ready.code.map(|code| code.attempts_left)), (Duration::ZERO, Some(5)));
    assert_eq!(world.last_mail().kind, MessageKind::FactorRecoveryCode);
    let code = world.last_code();
    let refused = world.reset_factors(&login, &wrong(&code)).unwrap_err();
    assert_eq!(refused, Refusal::InvalidProof { factor: Factor::MailedCode, attempts_left: 9 });
    let mails = world.mails();
    world.events();
    let reset = world.reset_factors(&login, &code).unwrap();
    assert_eq!(reset.sessions_ended, 2);
    assert_eq!(world.mailed(mails), [(WHO.to_owned(), "factors_reset")]);
    assert_eq!(world.events(), ["factor.accepted", "recovery.factors_reset", "session.ended", "mail.notice"]);
    assert_eq!(world.reset_factors(&login, &code).unwrap_err(), Refusal::InvalidSession);
    assert_eq!(world.check(&person.session).unwrap_err(), Refusal::InvalidSession);
    world.events();
    let session = session(world.by_device(WHO, PASSWORD, &device).unwrap());
    assert!(world.events().contains(&"device.unknown"), "the device is dead: the strangers' door it was");
    let secured = world.secured(&session).unwrap();
    assert!(!secured.totp && secured.recovery_codes_left == 0 && secured.recovery.is_none());
}

/// The wait is stopped by the link, by the app, by a recovery code, and by its own end.
#[test]
fn a_wait_is_stopped() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let waits = || {
        world.seconds(60);
        let session = world.prove(&world.login(WHO), person.totp(&world));
        session.map(|signed_in| world.secured(signed_in.session()).unwrap().recovery.is_some())
    };
    // By the link, once, signed in or not.
    let _ = world.lost(&world.login(WHO)).unwrap();
    let link = cancel_link(&world.last_mail()).unwrap();
    world.events();
    assert_eq!(world.stop(&link), Ok(Cancelled));
    assert_eq!(world.events(), ["recovery.factor_cancelled"]);
    assert_eq!(world.stop(&link).unwrap_err(), Refusal::InvalidSession);
    assert_eq!(waits(), Ok(false));
    // A link of a wait that is over does not stop the next.
    let login = world.login(WHO);
    let begun = world.lost(&login).unwrap();
    assert_eq!(world.stop(&link).unwrap_err(), Refusal::InvalidSession);
    assert_eq!(world.lost(&login).unwrap().ready_at, begun.ready_at);
    // By the app.
    assert_eq!(waits(), Ok(false), "an app that is shown is not lost");
    // By a recovery code.
    let _ = world.lost(&world.login(WHO)).unwrap();
    let signed_in = world.prove(&world.login(WHO), Proof::RecoveryCode(person.drawer[0].clone())).unwrap();
    assert_eq!(world.secured(signed_in.session()).unwrap().recovery, None);
    // By its end: it begins anew, and the owner is told anew.
    let begun = world.lost(&world.login(WHO)).unwrap();
    world.clock.set(begun.expires_at);
    let mails = world.mails();
    let anew = world.lost(&world.login(WHO)).unwrap();
    assert_eq!(anew.ready_in, Duration::from_secs(72 * 3600));
    assert_eq!(world.mailed(mails), [(WHO.to_owned(), "factor_recovery_started")]);
}

/// Only who proved the password may say that the app is lost; and only where there is one.
#[test]
fn a_mailbox_alone_removes_no_factor() {
    let world = World::recommended();
    let _ = world.person(WHO, APP);
    let session = world.start(Purpose::SignIn, WHO).unwrap().session;
    let request = Verify { enter: Some(label()), ..verify(Purpose::SignIn, &session, &world.last_code()) };
    let progress = world.ask(request).into_result().unwrap().progress.unwrap();
    let login = second(progress).login.unwrap();
    assert_eq!(world.lost(&login).unwrap_err(), Refusal::FactorNotAllowed);
    assert_eq!(world.reset_factors(&login, "000000").unwrap_err(), Refusal::NothingPending);
    // Also while a wait is over that somebody with the password began.
    let _ = world.lost(&world.login(WHO)).unwrap();
    world.seconds(73 * HOUR);
    let by_password = world.login(WHO);
    let _ = world.lost(&by_password).unwrap();
    let code = world.last_code();
    let session = world.start(Purpose::SignIn, WHO).unwrap().session;
    let request = Verify { enter: Some(label()), ..verify(Purpose::SignIn, &session, &world.last_code()) };
    let login = second(world.ask(request).into_result().unwrap().progress.unwrap()).login.unwrap();
    assert_eq!(world.reset_factors(&login, &code).unwrap_err(), Refusal::NothingPending);
    let world = World::recommended();
    let _ = world.person(WHO, MAILED);
    assert_eq!(world.lost(&world.login(WHO)).unwrap_err(), Refusal::NotEnrolled);
}

/// Wrong codes after the wait are counted over all the codes mailed, and the budget holds.
#[test]
fn codes_after_the_wait_are_counted() {
    let world = World::recommended();
    let _ = world.person(WHO, APP);
    let _ = world.lost(&world.login(WHO)).unwrap();
    world.seconds(73 * HOUR);
    let login = world.login(WHO);
    let _ = world.lost(&login).unwrap();
    let first = world.last_code();
    for _ in 0..3 {
        assert!(world.reset_factors(&login, &wrong(&first)).is_err());
    }
    assert_eq!(limit(world.lost(&login)).0, policy::RULE_COOLDOWN);
    world.seconds(60);
    assert_eq!(world.lost(&login).unwrap().code.unwrap().attempts_left, 2, "R4");
    assert!(world.reset_factors(&login, &first).is_err(), "the newest code is the one");
    let code = world.last_code();
    assert!(world.reset_factors(&login, &wrong(&code)).is_err());
    assert_eq!(world.reset_factors(&login, &code).unwrap_err(), Refusal::NothingPending, "burned");
}

/// An operator starts, and the owner goes on: no wait, the password and the mailbox as before. If the password is lost as well, no app is
/// asked for beside the mailbox, and what was started stays.
#[test]
fn an_operator_takes_the_place_of_the_wait() {
    for password_lost in [false, true] {
        let world = World::recommended();
        let person = world.person(WHO, APP);
        let account = person.account.clone();
        let mails = world.mails();
        world.events();
        let noted = world.ask(StartFactorReset { account }).into_result().unwrap();
        assert_eq!(noted.at, world.now());
        assert_eq!(world.mailed(mails), [(WHO.to_owned(), "factor_recovery_started")]);
        assert!(cancel_link(&world.last_mail()).is_some());
        assert_eq!(world.events(), ["recovery.factor_started", "mail.notice"]);
        assert!(world.check(&person.session).is_ok(), "nothing has changed yet");
        let mut password = PASSWORD;
        if password_lost {
            let grant = world.granted(WHO).unwrap();
            assert!(grant.asks.is_empty());
            let _ = world.reset(&grant.grant, NEW_PASSWORD, None).unwrap();
            password = NEW_PASSWORD;
        }
        let login = second(world.stepwise(WHO, password).unwrap()).login.unwrap();
        assert!(world.lost(&login).unwrap().code.is_some());
        assert!(world.reset_factors(&login, &world.last_code()).is_ok());
        assert!(world.stepwise(WHO, password).unwrap().signed_in().is_some());
    }
}

/// What an operator began is stopped as any wait; and is for accounts with an app.
#[test]
fn an_operators_start_is_stopped_by_the_owner() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let account = person.account.clone();
    let _ = world.ask(StartFactorReset { account: account.clone() }).into_result().unwrap();
    let link = cancel_link(&world.last_mail()).unwrap();
    assert_eq!(world.stop(&link), Ok(Cancelled));
    assert_eq!(world.granted(WHO).unwrap().asks, [Factor::Totp, Factor::RecoveryCode]);
    let waits = world.lost(&world.login(WHO)).unwrap();
    assert_eq!(waits.ready_in, Duration::from_secs(72 * 3600));
    // It takes the place of a wait, whose link is then none.
    let old = cancel_link(&world.last_mail()).unwrap();
    let _ = world.ask(StartFactorReset { account }).into_result().unwrap();
    assert_eq!(world.stop(&old).unwrap_err(), Refusal::InvalidSession);
    assert_eq!(world.lost(&world.login(WHO)).unwrap().ready_in, Duration::ZERO);
    // Where there is no app, or nobody, there is nothing to begin.
    let other = world.person("other@example.com", MAILED);
    let refused = world.ask(StartFactorReset { account: other.account }).into_result();
    assert_eq!(refused.unwrap_err(), Refusal::NotEnrolled);
    let nobody = AccountId::new("nobody").unwrap();
    for refused in [
        world.ask(StartFactorReset { account: nobody.clone() }).into_result(),
        world.ask(RequirePasswordChange { account: nobody }).into_result(),
    ] {
        assert_eq!(refused.unwrap_err(), Refusal::InvalidSession);
    }
}

/// A reset of the password ends a wait that anybody could have begun who knew the old one.
#[test]
fn a_reset_ends_a_wait() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let _ = world.lost(&world.login(WHO)).unwrap();
    let link = cancel_link(&world.last_mail()).unwrap();
    let grant = world.granted(WHO).unwrap();
    let _ = world.reset(&grant.grant, NEW_PASSWORD, Some(person.totp(&world))).unwrap();
    assert_eq!(world.stop(&link).unwrap_err(), Refusal::InvalidSession);
    world.seconds(73 * HOUR);
    let login = second(world.stepwise(WHO, NEW_PASSWORD).unwrap()).login.unwrap();
    assert_eq!(world.lost(&login).unwrap().ready_in, Duration::from_secs(72 * 3600));
}
