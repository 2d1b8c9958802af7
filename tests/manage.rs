//! What a signed-in person manages, one thing after the other: proving it again, password, factors, address, devices, the account itself.
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
const NEW: &str = "jo@new.example.org";
const DAY: i64 = 24 * 3600;

fn offered<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> Vec<Factor> {
    match answer {
        Err(Refusal::StepUpRequired { offered }) => offered,
        other => panic!("nothing is asked for: {other:?}"),
    }
}

fn actions<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> Vec<Todo> {
    match answer {
        Err(Refusal::ActionRequired { actions }) => actions,
        other => panic!("nothing is required: {other:?}"),
    }
}

/// Proving a factor anew gives a new session with a new ticket, ends the old one, and says when each was proven.
#[test]
fn stepping_up_renews_the_session() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let session = world.fresh(&person);
    world.seconds(3600);
    let now = world.now();
    let stepped = world.step_up(&session, person.totp(&world)).unwrap();
    assert_eq!(world.check(&session).unwrap_err(), Refusal::InvalidSession);
    let info = world.check(stepped.session()).unwrap();
    assert_eq!((info.methods, info.aal), (vec![Method::Password, Method::Totp], 2));
    let at = |method| info.proven.iter().find(|(it, _)| *it == method).unwrap().1;
    assert_eq!((at(Method::Totp), now.since(at(Method::Password))), (now, Duration::from_secs(3600)));
    assert_eq!(info.created_at, now);
    // Each in turn: the password is still too old.
    assert_eq!(offered(world.disable_totp(stepped.session(), None)), [Factor::Password]);
    let stepped = world.step_up(stepped.session(), Proof::Password(password(PASSWORD))).unwrap();
    assert!(world.disable_totp(stepped.session(), None).is_ok());
}

/// A mailed code to step up with: for the session that asked, once, counted, and with a cooldown.
#[test]
fn stepping_up_by_mail() {
    let world = World::recommended();
    let person = world.person(WHO, MAILED);
    let session = world.fresh(&person);
    let other = world.fresh(&person);
    world.seconds(600);
    let state = world.step_up_code(&session).unwrap();
    let mail = world.last_mail();
    assert_eq!((mail.kind, mail.to.as_str(), state.attempts_left), (MessageKind::StepUpCode, WHO, 5));
    assert_eq!(limit(world.step_up_code(&other)).0, policy::RULE_COOLDOWN);
    let code = |text: &str| Proof::MailedCode(Code::typed(text));
    let right = world.last_code();
    let elsewhere = world.step_up(&other, code(&right)).unwrap_err();
    assert!(matches!(elsewhere, Refusal::InvalidProof { factor: Factor::MailedCode, .. }), "{elsewhere:?}");
    for left in [9, 8] {
        let refused = world.step_up(&session, code(&wrong(&right))).unwrap_err();
        assert_eq!(refused, Refusal::InvalidProof { factor: Factor::MailedCode, attempts_left: left });
    }
    let stepped = world.step_up(&session, code(&right)).unwrap();
    assert_eq!(stepped.methods(), [Method::Password, Method::MailedCode]);
    assert!(world.step_up(stepped.session(), code(&right)).is_err(), "law 3");
    // What was sent before a newer one is dead, and its wrong guesses stay counted.
    world.seconds(60);
    let _ = world.step_up_code(&other).unwrap();
    let first = world.last_code();
    for _ in 0..3 {
        assert!(world.step_up(&other, code(&wrong(&first))).is_err());
    }
    world.seconds(60);
    assert_eq!(world.step_up_code(&other).unwrap().attempts_left, 2, "R4");
    for _ in 0..2 {
        assert!(world.step_up(&other, code(&first)).is_err());
    }
    let burned = world.step_up(&other, code(&world.last_code())).unwrap_err();
    assert!(matches!(burned, Refusal::InvalidProof { .. }), "{burned:?}");
    assert!(world.check(&other).is_ok(), "the session stays");
}

/// A wrong password to step up is the session's business and leaves the session; the budget is the account's.
#[test]
fn a_wrong_step_up_is_counted() {
    let world = World::recommended();
    let person = world.person(WHO, NONE);
    for _ in 0..10 {
        let answer = world.step_up(&person.session, Proof::Password(password(WRONG_PASSWORD)));
        assert_eq!(answer.unwrap_err(), Refusal::InvalidCredentials);
    }
    let answer = world.step_up(&person.session, Proof::Password(password(PASSWORD)));
    assert_eq!(limit(answer).0, policy::RULE_GUESSES_LOCK);
    assert!(world.check(&person.session).is_ok());
    // What the account does not have is not compared.
    let answer = world.step_up(&person.session, Proof::Totp(Code::typed("000000")));
    assert_eq!(answer.unwrap_err(), Refusal::InvalidProof { factor: Factor::Totp, attempts_left: 0 });
}

/// The host's own question: how fresh a factor is, to the millisecond.
#[test]
fn a_host_asks_how_fresh_a_session_is() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let ask = |session: &Ticket<Session>, factor, within| {
        let (client, session) = (client(), session.clone());
        let within = Duration::from_secs(within);
        world.ask(RequireFresh { client, session, factor, within }).into_result()
    };
    let session = world.fresh(&person);
    world.seconds(59);
    world.millis(999);
    for factor in [None, Some(Factor::Password), Some(Factor::Totp)] {
        assert_eq!(ask(&session, factor, 60).unwrap().account, person.account, "{factor:?}");
    }
    for factor in [Factor::MailedCode, Factor::RecoveryCode] {
        assert_eq!(offered(ask(&session, Some(factor), 60)), [factor], "never proven");
    }
    world.millis(1);
    assert_eq!(offered(ask(&session, Some(Factor::Totp), 60)), [Factor::Totp]);
    assert_eq!(offered(ask(&session, None, 60)), [Factor::Totp], "all of a sign-in, one after the other");
    assert!(ask(&session, None, 61).is_ok());
    assert_eq!(offered(ask(&session, None, 0)), [Factor::Totp], "nothing is proven within no time");
}

/// The password changes: a new ticket for whoever changed it, the other sessions out, the owner told.
#[test]
fn changing_the_password() {
    let world = World::recommended();
    let person = world.person(WHO, NONE);
    let other = world.fresh(&person);
    let (mails, _) = (world.mails(), world.events());
    let changed = world.change_password(&person.session, PASSWORD, NEW_PASSWORD).unwrap();
    assert_eq!(world.mailed(mails), [(WHO.to_owned(), "password_changed")]);
    assert_eq!(
        world.events(),
        ["factor.accepted", "password.changed", "session.ended", "session.signed_in", "mail.notice"]
    );
    for old in [&person.session, &other] {
        assert_eq!(world.check(old).unwrap_err(), Refusal::InvalidSession);
    }
    assert!(world.check(changed.session()).is_ok());
    assert!(!world.knows(WHO, PASSWORD) && world.knows(WHO, NEW_PASSWORD));
}

/// What is in the way of a new password: the present one, the rules, the app.
#[test]
fn a_password_that_does_not_change() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let session = world.fresh(&person);
    let change = |current, to| world.change_password(&session, current, to).map(|_| ()).unwrap_err();
    assert_eq!(change(WRONG_PASSWORD, NEW_PASSWORD), Refusal::InvalidCredentials);
    assert_eq!(change(PASSWORD, "short"), Refusal::PasswordTooShort { min_code_points: 8 });
    assert!(matches!(change(PASSWORD, "jo@example"), Refusal::PasswordBlocked(_)));
    world.seconds(300);
    let answer = world.change_password(&session, PASSWORD, NEW_PASSWORD);
    assert_eq!(offered(answer), [Factor::Totp]);
    assert!(world.knows(WHO, PASSWORD));
    let stepped = world.step_up(&session, person.totp(&world)).unwrap();
    assert!(world.change_password(stepped.session(), PASSWORD, NEW_PASSWORD).is_ok());
}

/// Five minutes after the sign-in it takes another proof; to be signed in is not enough for any change.
#[test]
fn every_change_takes_a_fresh_proof() {
    type Change = fn(&World, &Ticket<Session>) -> Result<(), Refusal>;
    let changes: [(&str, Has, Change); 9] = [
        ("an app", NONE, |world, session| world.enrol(session).map(drop)),
        ("mailed codes", APP, |world, session| world.enable_mailed(session).map(drop)),
        ("no app", APP, |world, session| world.disable_totp(session, None).map(drop)),
        ("no mailed codes", MAILED, |world, session| world.disable_mailed(session, None).map(drop)),
        ("new recovery codes", APP, |world, session| world.regenerate(session, None).map(drop)),
        ("a password", APP, |world, session| {
            world.change_password(session, PASSWORD, NEW_PASSWORD).map(drop)
        }),
        ("an address", NONE, |world, session| world.move_to(session, None, NEW).map(drop)),
        ("no account", BOTH, |world, session| world.delete(session, None).map(drop)),
        ("a device", APP, |world, session| world.trust(session).map(drop)),
    ];
    for (what, has, change) in changes {
        for millis in [299_999, 300_000] {
            let world = World::recommended();
            let person = world.owner(WHO, has);
            world.millis(millis);
            let mails = world.mails();
            let answer = change(&world, &person.session);
            // What takes the password in any case is content with it where nothing else is asked for.
            if millis < 300_000 || what == "an app" {
                assert_eq!(answer, Ok(()), "{what}");
            } else {
                assert!(!offered(answer).is_empty(), "{what}");
                assert_eq!(world.mails(), mails, "{what}");
            }
        }
    }
}

/// The app off: its recovery codes, the waits and what the session had by it are gone; and the device that skipped it.
#[test]
fn turning_the_app_off() {
    let world = World::recommended();
    let mut person = world.person(WHO, APP);
    let device = world.device(&mut person);
    let other = world.stepwise(WHO, PASSWORD);
    drop(other);
    let (mails, _) = (world.mails(), world.events());
    assert_eq!(world.disable_totp(&person.session, Some(PASSWORD)), Ok(FactorRemoved));
    assert_eq!(world.mailed(mails), [(WHO.to_owned(), "factor_removed")]);
    assert_eq!(world.last_mail().kind, MessageKind::FactorRemoved(Factor::Totp));
    assert_eq!(world.events(), ["factor.turned_off", "session.ended", "device.forgotten", "mail.notice"]);
    let secured = world.secured(&person.session).unwrap();
    assert_eq!((secured.totp, secured.recovery_codes_left, secured.devices), (false, 0, 0));
    let info = world.check(&person.session).unwrap();
    assert_eq!((info.methods, info.aal), (vec![Method::Password], 1), "B118");
    assert_eq!(world.disable_totp(&person.session, None).unwrap_err(), Refusal::NotEnrolled);
    assert_eq!(world.regenerate(&person.session, None).unwrap_err(), Refusal::NotEnrolled);
    let _ = session(world.by_device(WHO, PASSWORD, &device).unwrap());
    assert!(world.events().contains(&"device.unknown"));
}

/// Mailed codes off; the last factor stays where the policy requires one.
#[test]
fn turning_mailed_codes_off() {
    let world = World::recommended();
    let person = world.person(WHO, MAILED);
    let session = world.fresh(&person);
    assert_eq!(world.disable_mailed(&session, Some(WRONG_PASSWORD)), Err(Refusal::InvalidCredentials));
    assert_eq!(world.disable_mailed(&session, None), Ok(FactorRemoved));
    assert_eq!(world.last_mail().kind, MessageKind::FactorRemoved(Factor::MailedCode));
    assert!(world.stepwise(WHO, PASSWORD).unwrap().signed_in().is_some());
    let mut settings = Settings::recommended();
    settings.factors.required = true;
    let world = World::new(settings);
    let session = world.owner(WHO, BOTH).session;
    assert_eq!(world.disable_mailed(&session, None), Ok(FactorRemoved), "another is left");
    assert_eq!(world.disable_totp(&session, None), Err(Refusal::LastFactor));
    assert!(world.secured(&session).unwrap().totp);
}

/// New recovery codes: the old ones are dead, the owner is told, and how many are left is told again and again.
#[test]
fn new_recovery_codes() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let session = world.fresh(&person);
    let (mails, _) = (world.mails(), world.events());
    let issued = world.regenerate(&session, None).unwrap().codes;
    assert_eq!(world.mailed(mails), [(WHO.to_owned(), "recovery_codes_issued")]);
    assert_eq!(world.events(), ["recovery_codes.issued", "session.ended", "mail.notice"]);
    assert_eq!((issued.len(), world.secured(&session).unwrap().recovery_codes_left), (10, 10));
    let with = |code: &RecoveryCode| world.prove(&world.login(WHO), Proof::RecoveryCode(code.clone()));
    assert!(with(&person.drawer[0]).is_err());
    assert_eq!(with(&issued[0]).unwrap().recovery_codes_left(), Some(9));
}

/// The address changes: the old one is told at once, the new one is proven, both are told, and the account is found by the new one.
#[test]
fn changing_the_address() {
    let world = World::recommended();
    let person = world.person(WHO, NONE);
    let other = world.fresh(&person);
    let (mails, _) = (world.mails(), world.events());
    let started = world.move_to(&person.session, Some(PASSWORD), NEW).unwrap();
    assert_eq!(
        world.mailed(mails),
        [(WHO.to_owned(), "address_change_started"), (NEW.to_owned(), "address_change_code")]
    );
    assert_eq!(started.sent_to, id(NEW).masked());
    assert_eq!(
        world.events(),
        ["address.change_started", "mail.notice", "otp.session_started", "otp.code_sent"]
    );
    assert!(world.check(&other).is_ok() && world.knows(WHO, PASSWORD), "nothing has changed yet");
    let mails = world.mails();
    world.events();
    let verified = world.moved(&started).unwrap();
    assert_eq!((&verified.account, verified.identifier), (&person.account, id(NEW)));
    assert!(verified.progress.is_none() && verified.grant.is_none());
    assert_eq!(
        world.mailed(mails),
        [(WHO.to_owned(), "address_changed"), (NEW.to_owned(), "address_changed")]
    );
    assert_eq!(world.events(), ["otp.code_accepted", "address.changed", "session.ended", "mail.notice"]);
    let info = world.check(&person.session).unwrap();
    assert_eq!((info.identifier, info.address.as_str()), (id(NEW), NEW));
    assert_eq!(world.check(&other).unwrap_err(), Refusal::InvalidSession);
    assert_eq!(world.stepwise(WHO, PASSWORD).unwrap_err(), Refusal::InvalidCredentials);
    assert!(world.knows(NEW, PASSWORD));
    // The old one is free, and somebody else's account from then on.
    assert_ne!(world.member(WHO), person.account);
}

/// A change of the address that does not come to its end: a wrong code, another's address, a session that ended, an account that changed.
#[test]
fn an_address_that_does_not_change() {
    let world = World::recommended();
    let person = world.person(WHO, NONE);
    let taken = world.person("taken@example.com", NONE);
    // The same answer, and a notice to its owner.
    let free = world.move_to(&person.session, None, NEW).unwrap();
    let mails = world.mails();
    assert_eq!(attempts_left(world.verify(Purpose::ChangeAddress, &free.session, "000000")), 4);
    world.seconds(60);
    let started = world.move_to(&person.session, None, "taken@example.com").unwrap();
    assert_eq!(
        world.mailed(mails),
        [(WHO.to_owned(), "address_change_started"), ("taken@example.com".to_owned(), "sign_up_taken")]
    );
    assert_eq!(started.state.attempts_left, free.state.attempts_left);
    assert_eq!(attempts_left(world.verify(Purpose::ChangeAddress, &started.session, "000000")), 4);
    assert_eq!(world.account("taken@example.com"), Some(taken.account));
    // What changes the account ends it; the code of another purpose is none.
    let session = world.fresh(&person);
    let started = world.move_to(&session, None, NEW).unwrap();
    let code = world.last_code();
    let elsewhere = world.verify(Purpose::SignUp, &started.session, &code);
    assert_eq!(elsewhere.unwrap_err(), Refusal::InvalidSession);
    let _ = world.change_password(&session, PASSWORD, NEW_PASSWORD).unwrap();
    let answer = world.verify(Purpose::ChangeAddress, &started.session, &code);
    assert_eq!(answer.unwrap_err(), Refusal::InvalidSession);
    assert_eq!(world.account(WHO), Some(person.account));
}

/// Between start and proof somebody else takes the address: nobody loses his account, and the change has not happened.
#[test]
fn an_address_that_was_taken_in_between() {
    let world = World::recommended();
    let person = world.person(WHO, NONE);
    let started = world.move_to(&person.session, None, NEW).unwrap();
    let code = world.last_code();
    let other = world.member(NEW);
    world.events();
    let answer = world.verify(Purpose::ChangeAddress, &started.session, &code);
    assert_eq!(answer.unwrap_err(), Refusal::InvalidSession);
    assert!(world.events().contains(&"account.conflict"));
    assert_eq!((world.account(WHO), world.account(NEW)), (Some(person.account), Some(other)));
    assert!(world.check(&person.session).is_ok() && world.knows(WHO, PASSWORD));
}

/// Sends of address changes are limited on the account and at the new address.
#[test]
fn address_changes_are_limited() {
    let world = World::recommended();
    let person = world.person(WHO, NONE);
    let _ = world.move_to(&person.session, None, NEW).unwrap();
    let other = world.move_to(&person.session, None, "jo@other.example.org");
    assert_eq!(limit(other).0, policy::RULE_COOLDOWN, "B091");
    let other = world.person("else@example.com", NONE);
    assert_eq!(limit(world.move_to(&other.session, None, NEW)).0, policy::RULE_COOLDOWN);
    // Whoever asks, the mailbox gets no more than its own rules allow.
    world.seconds(60);
    assert!(world.move_to(&other.session, None, NEW).is_ok());
    let third = world.owner("third@example.com", NONE);
    assert_eq!(limit(world.move_to(&third.session, None, NEW)).0, policy::RULE_LIVE_SESSIONS);
}

/// Deleting: everything is gone, the address is told and free, and its next owner has another id.
#[test]
fn deleting_the_account() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let session = world.fresh(&person);
    let (mails, _) = (world.mails(), world.events());
    assert_eq!(world.delete(&session, Some(WRONG_PASSWORD)), Err(Refusal::InvalidCredentials));
    world.events();
    assert_eq!(world.delete(&session, None), Ok(Deleted));
    assert_eq!(world.mailed(mails), [(WHO.to_owned(), "account_deleted")]);
    assert_eq!(world.events(), ["account.deleted", "mail.notice", "account.identifiers_released"]);
    assert_eq!(world.check(&session).unwrap_err(), Refusal::InvalidSession);
    assert_eq!(world.stepwise(WHO, PASSWORD).unwrap_err(), Refusal::InvalidCredentials);
    assert_eq!(world.account(WHO), None);
    let started = world.start(Purpose::Recover, WHO).unwrap();
    assert!(world.last_mail().suppressed);
    assert!(world.verify(Purpose::Recover, &started.session, "000000").is_err());
    let anew = world.member(WHO);
    assert_ne!(anew, person.account);
    assert!(world.stepwise(WHO, PASSWORD).unwrap().signed_in().is_some());
    // What is left of it may be swept some day.
    let rows = world.seen.rows.lock().unwrap();
    let accounts = rows.iter().filter(|(key, _)| key.kind() == Some(record::RecordKind::Account));
    assert_eq!(accounts.filter(|(_, (_, expires_at))| expires_at.is_some()).count(), 1);
}

/// Every factor that the account has is asked for before it is deleted (B120).
#[test]
fn deleting_takes_the_highest_assurance() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    // The session that added the app never showed it in.
    let refused = offered(world.delete(&person.session, Some(PASSWORD)));
    assert_eq!(refused, [Factor::Totp]);
    assert_eq!(world.account(WHO), Some(person.account));
}

/// A device: trusted while fresh, lets past the second factor, is rotated, listed, and ends.
#[test]
fn a_trusted_device() {
    let world = World::recommended();
    let mut person = world.person(WHO, APP);
    person.session = world.fresh(&person);
    world.events();
    let trusted = world.trust(&person.session).unwrap();
    assert_eq!(world.events(), ["device.trusted"]);
    assert!(trusted.skips_second_factor);
    let ends = world.now().saturating_add(Duration::from_secs(30 * 86_400));
    assert_eq!(trusted.expires_at, ends);
    world.seconds(DAY);
    world.events();
    let signed_in = world.by_device(WHO, PASSWORD, &trusted.device).unwrap().signed_in().unwrap();
    assert_eq!(world.events(), ["password.accepted", "device.accepted", "session.signed_in"]);
    assert_eq!((signed_in.methods(), signed_in.aal()), (vec![Method::Password], 1), "R81");
    let next = signed_in.device().unwrap();
    assert_ne!(next.expose(), trusted.device.expose());
    let listed = world.devices(signed_in.session()).unwrap();
    assert_eq!((listed.len(), listed[0].expires_at, listed[0].last_used_at), (1, ends, world.now()));
    assert!(listed[0].skips_second_factor);
    // Nothing that a device let in changes credentials.
    let refused = offered(world.disable_totp(signed_in.session(), Some(PASSWORD)));
    assert_eq!(refused, [Factor::Totp]);
    assert_eq!(offered(world.trust(signed_in.session())), [Factor::Totp]);
    // It ends when it was said to.
    world.clock.set(ends);
    assert_eq!(second(world.by_device(WHO, PASSWORD, next).unwrap()).offered[0], Factor::Totp);
}

/// The ticket of a device is good once, and for a minute more; later it is taken for stolen.
#[test]
fn a_device_is_rotated() {
    let world = World::recommended();
    let mut person = world.person(WHO, APP);
    let first = world.device(&mut person);
    let enter = |device: &Ticket<Device>| world.by_device(WHO, PASSWORD, device).unwrap().signed_in();
    let next = |device: &Ticket<Device>| enter(device).map(|it| it.device().unwrap().clone());
    let second = next(&first).unwrap();
    // The answer was lost: the one before is shown again, in time.
    world.seconds(59);
    world.millis(999);
    let third = next(&first).expect("within the grace");
    world.events();
    assert!(next(&second).is_none(), "what nobody saw is forgotten");
    assert!(world.events().contains(&"device.unknown"));
    let fourth = next(&third).unwrap();
    world.seconds(60);
    world.events();
    assert!(next(&third).is_none());
    assert!(world.events().contains(&"device.replayed"));
    assert!(next(&fourth).is_none(), "the device is trusted no more");
}

/// Wrong passwords on a device: counted apart from strangers', and eight in a row end it.
#[test]
fn a_device_is_burned() {
    let world = World::recommended();
    let mut person = world.person(WHO, APP);
    let device = world.device(&mut person);
    let wrong = || world.by_device(WHO, WRONG_PASSWORD, &device).unwrap_err();
    for _ in 0..7 {
        assert_eq!(wrong(), Refusal::InvalidCredentials);
    }
    let device = session_and_device(world.by_device(WHO, PASSWORD, &device).unwrap());
    world.seconds(901);
    world.events();
    for n in 0..8 {
        let answer = world.by_device(WHO, WRONG_PASSWORD, &device).unwrap_err();
        assert_eq!(answer, Refusal::InvalidCredentials);
        assert_eq!(world.events().contains(&"device.burned"), n == 7, "{n}");
    }
    assert!(world.by_device(WHO, PASSWORD, &device).unwrap().signed_in().is_none());
    // None of it was counted at the strangers' door.
    for _ in 0..10 {
        assert_eq!(world.stepwise(WHO, WRONG_PASSWORD).unwrap_err(), Refusal::InvalidCredentials);
    }
    assert!(matches!(world.stepwise(WHO, PASSWORD), Err(Refusal::Limited { .. })));
}

fn session_and_device(progress: Progress) -> Ticket<Device> {
    progress.signed_in().unwrap().device().unwrap().clone()
}

/// Devices are forgotten one by one or all; the oldest goes where there are too many; another's name is nobody's.
#[test]
fn devices_are_forgotten() {
    let mut settings = Settings::recommended();
    settings.devices.per_account = 2;
    let world = World::new(settings);
    let mut person = world.person(WHO, APP);
    let first = world.device(&mut person);
    let second = world.trust(&person.session).unwrap().device;
    let third = world.trust(&person.session).unwrap().device;
    let skips = |device: &Ticket<Device>| {
        let progress = world.by_device(WHO, PASSWORD, device).unwrap().signed_in();
        progress.map(|it| it.device().unwrap().clone())
    };
    assert!(skips(&first).is_none());
    let (second, third) = (skips(&second).unwrap(), skips(&third).unwrap());
    let listed = world.devices(&person.session).unwrap();
    let other = world.person("else@example.com", NONE);
    assert_eq!(world.forget(&other.session, Some(listed[0].id)), Ok(Ended { count: 0 }), "B117");
    assert_eq!(world.forget(&person.session, Some(listed[0].id)), Ok(Ended { count: 1 }));
    assert!(skips(&second).is_none());
    let third = skips(&third).unwrap();
    assert_eq!(world.forget(&person.session, None), Ok(Ended { count: 1 }));
    assert!(skips(&third).is_none());
    assert!(world.devices(&person.session).unwrap().is_empty());
}

/// A policy that takes no device for a factor gives it budgets and nothing else, also to those trusted before.
#[test]
fn a_policy_without_skipping() {
    let mut settings = Settings::recommended();
    settings.devices.skip_second_factor = false;
    let world = World::new(settings);
    let mut person = world.person(WHO, APP);
    person.session = world.fresh(&person);
    let trusted = world.trust(&person.session).unwrap();
    assert!(!trusted.skips_second_factor);
    assert!(!world.devices(&person.session).unwrap()[0].skips_second_factor);
    let asked = second(world.by_device(WHO, PASSWORD, &trusted.device).unwrap());
    assert!(asked.device.is_some() && asked.offered[0] == Factor::Totp);
    // Wrong codes of whoever shows it are counted apart.
    let login = asked.login.unwrap();
    for _ in 0..3 {
        assert!(world.prove(&login, person.wrong_totp(&world)).is_err());
    }
    let refused = world.prove(&world.login(WHO), person.wrong_totp(&world)).unwrap_err();
    assert_eq!(refused, Refusal::InvalidProof { factor: Factor::Totp, attempts_left: 9 });
}

/// Another password, because the host asks for it: nothing else is possible until then.
#[test]
fn a_password_change_is_required() {
    let world = World::recommended();
    let person = world.person(WHO, NONE);
    world.events();
    let account = person.account.clone();
    let _ = world.ask(RequirePasswordChange { account }).into_result().unwrap();
    assert_eq!(world.events(), ["password.change_required"]);
    let session = world.stepwise(WHO, PASSWORD).unwrap().signed_in().unwrap();
    assert_eq!(
        (session.required(), session.todo()),
        (&[Todo::ChangePassword][..], &[Todo::ChangePassword][..])
    );
    let session = session.session().clone();
    world.events();
    for refused in [
        world.check(&session).map(drop),
        world.sessions(&session).map(drop),
        world.trust(&session).map(drop),
        world.devices(&session).map(drop),
        world.forget(&session, None).map(drop),
        world.disable_totp(&session, Some(PASSWORD)).map(drop),
        world.disable_mailed(&session, Some(PASSWORD)).map(drop),
        world.delete(&session, Some(PASSWORD)).map(drop),
        world.check(&person.session).map(drop),
    ] {
        assert_eq!(actions(refused), [Todo::ChangePassword]);
    }
    assert_eq!(world.events(), ["session.action_required"; 9]);
    assert_eq!(world.secured(&session).unwrap().required, [Todo::ChangePassword]);
    assert!(world.step_up_code(&session).is_ok());
    let stepped = world.step_up(&session, Proof::Password(password(PASSWORD))).unwrap();
    assert_eq!(stepped.required(), [Todo::ChangePassword]);
    let changed = world.change_password(stepped.session(), PASSWORD, NEW_PASSWORD).unwrap();
    assert!(changed.required().is_empty() && world.check(changed.session()).is_ok());
    // A reset does as well.
    let _ = world.ask(RequirePasswordChange { account: person.account }).into_result().unwrap();
    let grant = world.granted(WHO).unwrap();
    assert!(world.reset(&grant.grant, PASSWORD, None).is_ok());
    assert!(world.check(&session_of(&world, PASSWORD)).is_ok());
}

fn session_of(world: &World, password: &str) -> Ticket<Session> {
    session(world.stepwise(WHO, password).unwrap())
}

/// A second factor, because the policy requires one.
#[test]
fn an_enrolment_is_required() {
    let mut settings = Settings::recommended();
    settings.factors.required = true;
    for app in [true, false] {
        let world = World::new(settings.clone());
        let _ = world.member(WHO);
        let session = session_of(&world, PASSWORD);
        assert_eq!(actions(world.check(&session)), [Todo::EnrolFactor]);
        if app {
            let app = world.enrol(&session).unwrap();
            assert_eq!(actions(world.check(&session)), [Todo::EnrolFactor], "not before it is confirmed");
            let _ = world.confirm(&session, &app.code(world.now(), 0)).unwrap();
        } else {
            let _ = world.enable_mailed(&session).unwrap();
        }
        assert!(world.check(&session).is_ok());
    }
}

/// New recovery codes, because they have run out: asked for, or required where the policy says so.
#[test]
fn new_recovery_codes_are_required() {
    for required in [false, true] {
        let mut settings = two_codes();
        settings.actions.regenerate_codes = required;
        let world = World::new(settings);
        let person = world.person(WHO, APP);
        let mut session = person.session.clone();
        for code in &person.drawer {
            let proof = Proof::RecoveryCode(code.clone());
            let signed_in = world.prove(&world.login(WHO), proof).unwrap();
            assert_eq!(
                signed_in.todo().contains(&Todo::RegenerateRecoveryCodes),
                signed_in.recovery_codes_left() == Some(0)
            );
            session = signed_in.session().clone();
        }
        let answer = world.check(&session);
        if required {
            assert_eq!(actions(answer), [Todo::RegenerateRecoveryCodes]);
        } else {
            assert!(answer.is_ok());
        }
        // The codes signed in; for new ones the app has to be shown, or another one set up.
        assert_eq!(offered(world.regenerate(&session, None)), [Factor::Totp]);
        world.seconds(30);
        let session = world.step_up(&session, person.totp(&world)).unwrap().session().clone();
        assert_eq!(world.regenerate(&session, None).unwrap().codes.len(), 2);
        assert!(world.check(&session).is_ok());
    }
}

/// An address that only the host's directory vouches for: no code is mailed to it, nothing but its proof gets further, and then it is
/// as any.
#[test]
fn an_unproven_address_is_to_be_proven() {
    let world = World::recommended();
    let account = world.legacy(WHO, false);
    let mails = world.mails();
    let signed_in = world.stepwise(WHO, PASSWORD).unwrap().signed_in().unwrap();
    assert_eq!(signed_in.required(), [Todo::VerifyAddress]);
    let session = signed_in.session().clone();
    assert_eq!(actions(world.check(&session)), [Todo::VerifyAddress]);
    assert_eq!(actions(world.enable_mailed(&session)), [Todo::VerifyAddress]);
    for purpose in [Purpose::SignIn, Purpose::Recover] {
        let _ = world.start(purpose, WHO).unwrap();
        assert!(world.last_mail().suppressed, "{purpose:?}");
    }
    assert_eq!(world.mails(), mails + 2);
    world.events();
    let started = world.move_to(&session, None, WHO).unwrap();
    assert_eq!(world.mailed(mails + 2), [(WHO.to_owned(), "address_change_code")], "no notice of no change");
    let verified = world.moved(&started).unwrap();
    assert_eq!((verified.account, verified.identifier), (account.clone(), id(WHO)));
    assert!(world.events().contains(&"address.proven"));
    assert!(world.check(&session).is_ok(), "nothing was changed, and nobody is out");
    assert_eq!(world.enable_mailed(&session), Ok(FactorEnabled));
    // With another address nothing is verified that there is.
    let world = World::recommended();
    assert_eq!(world.legacy(WHO, false), account);
    let session = session_of(&world, PASSWORD);
    assert_eq!(actions(world.move_to(&session, None, NEW)), [Todo::VerifyAddress]);
    // Or not at all, where the policy says so.
    let mut settings = Settings::recommended();
    settings.actions.verify_address = false;
    let world = World::new(settings);
    let _ = world.legacy(WHO, false);
    assert!(world.check(&session_of(&world, PASSWORD)).is_ok());
}

/// What has to be done first is told in order, and ends one by one.
#[test]
fn several_things_are_required() {
    let mut settings = Settings::recommended();
    settings.factors.required = true;
    let world = World::new(settings);
    let account = world.legacy(WHO, false);
    let session = session_of(&world, PASSWORD);
    let _ = world.ask(RequirePasswordChange { account }).into_result().unwrap();
    let all = [Todo::ChangePassword, Todo::VerifyAddress, Todo::EnrolFactor];
    assert_eq!(actions(world.check(&session)), all);
    let session = world.change_password(&session, PASSWORD, NEW_PASSWORD).unwrap().session().clone();
    assert_eq!(actions(world.check(&session)), [Todo::VerifyAddress, Todo::EnrolFactor]);
    let started = world.move_to(&session, None, WHO).unwrap();
    let _ = world.moved(&started).unwrap();
    assert_eq!(actions(world.check(&session)), [Todo::EnrolFactor]);
    let request =
        EnableMailedCode { client: client(), session: session.clone(), password: password(NEW_PASSWORD) };
    let _ = world.ask(request).into_result().unwrap();
    assert!(world.check(&session).is_ok());
}

/// Every list of sessions is the account's own, and each can be ended by its name (B117).
#[test]
fn sessions_are_managed() {
    let world = World::recommended();
    let person = world.person(WHO, NONE);
    let other = world.fresh(&person);
    let listed = world.sessions(&other).unwrap();
    assert_eq!(listed.iter().map(|info| info.current).collect::<Vec<_>>(), [false, true]);
    let stranger = world.person("else@example.com", NONE);
    let ended = world.end_sessions(&stranger.session, Which::One(listed[0].id));
    assert_eq!(ended, Ok(Ended { count: 0 }));
    assert_eq!(world.end_sessions(&other, Which::One(listed[0].id)), Ok(Ended { count: 1 }));
    assert_eq!(world.check(&person.session).unwrap_err(), Refusal::InvalidSession);
    let third = world.fresh(&person);
    assert_eq!(world.end_sessions(&third, Which::Others), Ok(Ended { count: 1 }));
    assert_eq!(world.end_sessions(&third, Which::All), Ok(Ended { count: 1 }));
    assert_eq!(world.end_sessions(&third, Which::This).unwrap_err(), Refusal::InvalidSession);
}

/// Twenty notices in a day: then the owner could not be told, and no change is made; a recovery is.
#[test]
fn no_change_without_a_notice() {
    let world = World::recommended();
    let person = world.person(WHO, NONE);
    let mut session = person.session;
    let mut passwords = [PASSWORD, NEW_PASSWORD].into_iter().cycle();
    let mut current = passwords.next().unwrap();
    for n in 0..20 {
        let to = passwords.next().unwrap();
        let changed = world.change_password(&session, current, to);
        session = changed.unwrap_or_else(|no| panic!("{n}: {no:?}")).session().clone();
        current = to;
        world.seconds(60);
    }
    let (rule, retry_at) = limit(world.enable_mailed(&session));
    assert_eq!(rule, policy::RULE_NOTICES);
    assert_eq!(limit(world.move_to(&session, Some(PASSWORD), NEW)), (rule, retry_at));
    assert!(world.knows(WHO, PASSWORD));
    let passes = |at| {
        world.clock.set(at);
        world.enable_mailed(&session_of(&world, PASSWORD))
    };
    let before = retry_at.saturating_sub(Duration::from_millis(1));
    assert_eq!(limit(passes(before)), (rule, retry_at), "R92");
    assert_eq!(passes(retry_at), Ok(FactorEnabled));
    // Neither a new password nor a recovery is refused by it.
    let mut session = world.owner("third@example.com", NONE).session;
    for (current, to) in [(PASSWORD, NEW_PASSWORD), (NEW_PASSWORD, PASSWORD)].into_iter().cycle().take(26) {
        session = world.change_password(&session, current, to).unwrap().session().clone();
    }
    let mut person = world.owner("else@example.com", NONE);
    for n in 0..25 {
        let grant = world.granted(&person.who).unwrap_or_else(|no| panic!("{n}: {no:?}"));
        person.session = world.fresh_after(&person, &grant);
        world.seconds(DAY / 20);
    }
}
