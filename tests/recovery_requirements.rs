//! What the standards ask of recovery and of changing what signs in, each under the number of the requirement, with the published defects
//! that break it.
//!
//! More of those are in `account_laws/defects.rs`. What needs random stories, races or failing hosts is in `account_laws/`; whole flows are in `recovery.rs` and `manage.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::type_complexity, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod common;
#[path = "common/owner.rs"]
mod owner;
#[path = "common/people.rs"]
mod people;

use std::time::Duration;

use common::*;
use countersign::factor::Regenerate;
use countersign::*;
use owner::*;
use people::*;

const WHO: &str = "jo@example.com";
const OTHER: &str = "mallory@example.com";
const NEW: &str = "jo@new.example.org";

type Change = fn(&World, &Person) -> Result<(), Refusal>;
/// To whom a message goes, and of what.
type Told = (&'static str, &'static str);

/// Every change of what signs in: its name, for whom, and who is told of what.
const CHANGES: [(&str, Has, Change, &[Told]); 8] = [
    (
        "an app",
        NONE,
        |world, person| {
            let app = world.enrol(&person.session)?;
            world.confirm(&person.session, &app.code(world.now(), 0)).map(drop)
        },
        &[(WHO, "factor_added")],
    ),
    ("mailed codes", NONE, |world, it| world.enable_mailed(&it.session).map(drop), &[(WHO, "factor_added")]),
    ("no app", BOTH, |world, it| world.disable_totp(&it.session, None).map(drop), &[(WHO, "factor_removed")]),
    (
        "no mailed codes",
        MAILED,
        |world, it| world.disable_mailed(&it.session, None).map(drop),
        &[(WHO, "factor_removed")],
    ),
    (
        "recovery codes",
        APP,
        |world, it| world.regenerate(&it.session, None).map(drop),
        &[(WHO, "recovery_codes_issued")],
    ),
    (
        "a password",
        NONE,
        |world, it| world.change_password(&it.session, PASSWORD, NEW_PASSWORD).map(drop),
        &[(WHO, "password_changed")],
    ),
    (
        "a lost password",
        NONE,
        |world, _| world.reset(&world.granted(WHO)?.grant, NEW_PASSWORD, None).map(drop),
        &[(WHO, "recovery_code"), (WHO, "password_reset")],
    ),
    (
        "an address",
        NONE,
        |world, it| world.moved(&world.move_to(&it.session, None, NEW)?).map(drop),
        &[
            (WHO, "address_change_started"),
            (NEW, "address_change_code"),
            (WHO, "address_changed"),
            (NEW, "address_changed"),
        ],
    ),
];

/// From a wait that is over to the app turned off.
fn without_app(world: &World) -> FactorsWereReset {
    let _ = world.lost(&world.login(WHO)).unwrap();
    world.seconds(72 * 3600);
    let login = world.login(WHO);
    let _ = world.lost(&login).unwrap();
    world.reset_factors(&login, &world.last_code()).unwrap()
}

/// R47, B103: of recovery codes the store holds digests under a key of the account's own, sealed; and the API tells how many, not which.
#[test]
fn r47_b103_no_recovery_code_is_stored() {
    let world = World::recommended();
    let person = world.owner(WHO, APP);
    let stored = world.bytes();
    for code in &person.drawer {
        let plain = code.expose().replace('-', "");
        for form in [code.expose(), &plain, &plain.to_lowercase()] {
            assert!(!stored.windows(form.len()).any(|bytes| bytes == form.as_bytes()));
        }
    }
    assert_eq!(world.secured(&person.session).unwrap().recovery_codes_left, 10);
}

/// R49: with the last recovery code new ones are due at once, where the policy says so before anything else; the owner is told of its use.
#[test]
fn r49_the_last_recovery_code_is_replaced() {
    let mut settings = two_codes();
    settings.actions.regenerate_codes = true;
    let world = World::new(settings);
    let person = world.owner(WHO, APP);
    let mut last = None;
    for code in &person.drawer {
        last = Some(world.prove(&world.login(WHO), Proof::RecoveryCode(code.clone())).unwrap());
    }
    let last = last.unwrap();
    assert_eq!((last.recovery_codes_left(), last.regenerate()), (Some(0), Regenerate::Required));
    assert_eq!(last.required(), [Todo::RegenerateRecoveryCodes]);
    assert_eq!(world.last_mail().kind, MessageKind::RecoveryCodeUsed { left: 0 });
    // The app was lost, else it would have been shown: another one comes with new codes.
    let app = world.enrol(last.session()).unwrap();
    let issued = world.confirm(last.session(), &app.code(world.now(), 0)).unwrap().codes;
    assert_eq!((issued.len(), world.last_mail().kind), (2, MessageKind::FactorAdded(Factor::Totp)));
    assert!(world.check(last.session()).is_ok());
}

/// R51, B001: recovery codes are guessed at by all doors together: sign-in, one request, step-up, new password. No other factor brings any back.
#[test]
fn r51_recovery_codes_have_one_budget() {
    let world = World::recommended();
    let person = world.owner(WHO, APP);
    let grant = world.granted(WHO).unwrap().grant;
    let none = || Proof::RecoveryCode(no_recovery_code());
    let left = |answer: Option<Refusal>| match answer {
        Some(Refusal::InvalidProof { factor: Factor::RecoveryCode, attempts_left }) => attempts_left,
        other => panic!("{other:?}"),
    };
    let proofs = Proofs { recovery_code: Some(no_recovery_code()), ..Proofs::default() };
    let mut told = vec![
        left(world.prove(&world.login(WHO), none()).err()),
        left(world.at_once(WHO, PASSWORD, proofs).err()),
        left(world.step_up(&person.session, none()).err()),
        left(world.reset(&grant, NEW_PASSWORD, Some(none())).err()),
    ];
    world.seconds(30);
    let session = world.prove(&world.login(WHO), person.totp(&world)).unwrap().session().clone();
    for _ in 0..6 {
        told.push(left(world.step_up(&session, none()).err()));
    }
    assert_eq!(told, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    let right = || Proof::RecoveryCode(person.drawer[0].clone());
    for answer in [
        world.prove(&world.login(WHO), right()).map(drop),
        world.step_up(&session, right()).map(drop),
        world.reset(&grant, NEW_PASSWORD, Some(right())).map(drop),
    ] {
        assert_eq!(limit(answer).0, policy::RULE_GUESSES_LOCK);
    }
    world.seconds(30);
    assert!(world.step_up(&session, person.totp(&world)).is_ok(), "law 9: the app is another matter");
}

/// R56: a recovery code has six digits or more and lives a day at most, to the millisecond; longer or shorter is no policy.
#[test]
fn r56_a_mailed_recovery_code_is_bounded() {
    let lives = |seconds| {
        let mut settings = Settings::recommended();
        settings.codes.recover =
            policy::Lifetimes { code: Duration::from_secs(seconds), session: Duration::from_secs(seconds) };
        settings.build().is_ok()
    };
    assert!(lives(86_400) && !lives(86_401) && !lives(0));
    let mut settings = Settings::recommended();
    settings.codes.digits = 5;
    assert!(settings.build().is_err());
    for (millis, passes) in [(599_999, true), (600_000, false)] {
        let world = World::recommended();
        let _ = world.member(WHO);
        let session = world.start(Purpose::Recover, WHO).unwrap().session;
        world.millis(millis);
        assert_eq!(world.verify(Purpose::Recover, &session, &world.last_code()).is_ok(), passes);
    }
}

/// R57, B038: one mailbox never enters an account with an app, sets no password there, and takes nothing away.
#[test]
fn r57_one_mailbox_is_not_enough() {
    for has in [APP, BOTH] {
        let world = World::recommended();
        let person = world.owner(WHO, has);
        world.seconds(60);
        let grant = world.granted(WHO).unwrap().grant;
        let offered = vec![Factor::Totp, Factor::RecoveryCode];
        assert_eq!(world.reset(&grant, NEW_PASSWORD, None).unwrap_err(), Refusal::ProofRequired { offered });
        let mailed = Some(Proof::MailedCode(Code::typed(&world.last_code())));
        let answer = world.reset(&grant, NEW_PASSWORD, mailed).unwrap_err();
        assert!(matches!(answer, Refusal::ProofRequired { .. }), "{answer:?}");
        let session = world.start(Purpose::SignIn, WHO).unwrap().session;
        let request =
            Verify { enter: Some(label()), ..verify(Purpose::SignIn, &session, &world.last_code()) };
        let asked = second(world.ask(request).into_result().unwrap().progress.unwrap());
        assert_eq!(asked.offered, [Factor::Totp, Factor::RecoveryCode]);
        assert_eq!(world.lost(&asked.login.unwrap()).unwrap_err(), Refusal::FactorNotAllowed);
        assert!(world.secured(&person.session).unwrap().totp && world.knows(WHO, PASSWORD));
    }
}

/// R58: after a new password the second factor is asked for as before, whatever proved the reset.
#[test]
fn r58_a_reset_signs_nobody_in() {
    for has in [NONE, APP, MAILED, BOTH] {
        let world = World::recommended();
        let person = world.owner(WHO, has);
        world.seconds(60);
        let grant = world.granted(WHO).unwrap();
        world.events();
        let proof = (!grant.asks.is_empty()).then(|| person.totp(&world));
        let reset = world.reset(&grant.grant, NEW_PASSWORD, proof).unwrap();
        assert!(!world.events().contains(&"session.signed_in"), "{has:?}");
        for progress in [world.stepwise(WHO, NEW_PASSWORD), world.by_device(WHO, NEW_PASSWORD, &reset.device)]
        {
            let asked = matches!(progress.unwrap(), Progress::SecondFactor(_));
            assert_eq!(asked, has.totp || has.mailed, "{has:?}");
        }
    }
}

/// R59, B071: what a mailed code or link leads to is random, one account's, good once, ends, and is looked at when the password is set.
#[test]
fn r59_b071_a_reset_is_checked_at_its_use() {
    let world = World::recommended();
    let [_, _] = [WHO, OTHER].map(|who| world.owner(who, NONE));
    let (grant, others) = (world.granted(WHO).unwrap().grant, world.granted(OTHER).unwrap().grant);
    assert_ne!(grant.expose(), others.expose());
    let secret = &grant.expose().into_bytes()[6..];
    assert!(!world.bytes().windows(secret.len()).any(|bytes| bytes == secret));
    assert!(world.reset(&grant, NEW_PASSWORD, None).is_ok());
    assert!(world.knows(WHO, NEW_PASSWORD) && world.knows(OTHER, PASSWORD));
    for later in [0, 1, 86_400, 400 * 86_400] {
        world.seconds(later);
        assert_eq!(world.reset(&grant, PASSWORD, None).unwrap_err(), Refusal::InvalidSession);
    }
    assert_eq!(world.reset(&others, NEW_PASSWORD, None).unwrap_err(), Refusal::InvalidSession, "ended");
}

/// R60, B072, B073, B074: what is outstanding is dead once one of it is used, or the password or the address changes; and there is a bound to it.
#[test]
fn r60_b072_b074_one_use_or_change_kills_the_others() {
    for how in 0..4 {
        let world = World::recommended();
        let person = world.owner(WHO, NONE);
        let mut sent = vec![];
        for _ in 0..2 {
            let started = world.start(Purpose::Recover, WHO).unwrap();
            sent.push((started.session, world.last_code(), recovery_link(&world.last_mail()).unwrap()));
            world.seconds(60);
        }
        assert_eq!(limit(world.start(Purpose::Recover, WHO)).0, policy::RULE_LIVE_SESSIONS);
        let session = world.fresh(&person);
        match how {
            0 => drop(world.redeem(&sent[0].2).unwrap()),
            1 => drop(world.verify(Purpose::Recover, &sent[1].0, &sent[1].1).unwrap()),
            2 => drop(world.change_password(&session, PASSWORD, NEW_PASSWORD).unwrap()),
            _ => {
                let started = world.move_to(&session, None, NEW).unwrap();
                drop(world.moved(&started).unwrap());
            }
        }
        for (session, code, link) in &sent {
            assert!(world.verify(Purpose::Recover, session, code).is_err(), "{how}");
            assert_eq!(world.redeem(link).unwrap_err(), Refusal::InvalidSession, "{how}");
        }
    }
}

/// R61, R62, R79, B106, B107: every change of what signs in tells every proven address, the old one too, and ends the other sessions, the
/// sign-ins that wait, and the devices.
#[test]
fn r61_r62_r79_every_change_is_told_and_ends_the_rest() {
    for (what, has, change, told) in CHANGES {
        let world = World::recommended();
        let mut person = world.owner(WHO, has);
        let other = person.session.clone();
        let device = world.device(&mut person);
        let waiting = world.stepwise(WHO, PASSWORD).unwrap();
        let mails = world.mails();
        change(&world, &person).unwrap_or_else(|no| panic!("{what}: {no:?}"));
        let told: Vec<_> = told.iter().map(|(to, kind)| ((*to).to_owned(), *kind)).collect();
        assert_eq!(world.mailed(mails), told, "{what}");
        assert_eq!(world.check(&other).unwrap_err(), Refusal::InvalidSession, "{what}");
        if let Progress::SecondFactor(second) = waiting {
            let proof = Proof::RecoveryCode(no_recovery_code());
            let answer = world.prove(&second.login.unwrap(), proof).unwrap_err();
            assert_eq!(answer, Refusal::InvalidSession, "{what}");
        }
        world.events();
        drop(world.by_device(WHO, PASSWORD, &device));
        assert!(world.events().contains(&"device.unknown"), "{what}");
    }
    let world = World::recommended();
    let _ = world.owner(WHO, APP);
    let mails = world.mails();
    let _ = without_app(&world);
    let told: Vec<_> = world.mailed(mails).into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(told, ["factor_recovery_started", "factor_recovery_code", "factors_reset"]);
}

/// R63, B116, B119, B120: a session that is all one has changes nothing: not the password, not a factor, not the address, not the codes;
/// the password alone does not do either where the account has an app.
#[test]
fn r63_b116_b119_b120_a_session_alone_changes_nothing() {
    for (what, has, change, _) in CHANGES {
        if what == "a lost password" {
            continue;
        }
        let world = World::recommended();
        let person = world.owner(WHO, has);
        let before = world.secured(&person.session).unwrap();
        world.seconds(3600);
        let takes_the_password = ["an app", "mailed codes", "a password"].contains(&what);
        let answer = change(&world, &person);
        if takes_the_password {
            assert!(answer.is_ok(), "{what}: with nothing else on, it is all there is: {answer:?}");
        } else {
            assert!(matches!(answer, Err(Refusal::StepUpRequired { .. })), "{what}: {answer:?}");
            assert_eq!(world.secured(&person.session).unwrap(), before);
        }
    }
    let world = World::recommended();
    let session = world.owner(WHO, APP).session;
    world.seconds(300);
    let given = Some(PASSWORD);
    for answer in [
        world.enrol(&session).map(drop),
        world.enable_mailed(&session).map(drop),
        world.disable_totp(&session, given).map(drop),
        world.regenerate(&session, given).map(drop),
        world.change_password(&session, PASSWORD, NEW_PASSWORD).map(drop),
        world.move_to(&session, given, NEW).map(drop),
        world.delete(&session, given).map(drop),
        world.trust(&session).map(drop),
    ] {
        assert!(matches!(answer, Err(Refusal::StepUpRequired { .. })), "{answer:?}");
    }
    assert_eq!(world.mails(), 2, "the sign-up's, and that the app was added");
}

/// R64: an address that was not proven yet gets its own code and nothing else, and replaces nothing.
#[test]
fn r64_an_unproven_new_address_replaces_nothing() {
    let world = World::recommended();
    let person = world.owner(WHO, NONE);
    let _ = world.move_to(&person.session, None, NEW).unwrap();
    let _ = world.start(Purpose::Recover, NEW).unwrap();
    assert!(world.last_mail().suppressed);
    let _ = world.start(Purpose::Recover, WHO).unwrap();
    let mail = world.last_mail();
    assert!(mail.to.as_str() == WHO && mail.code.is_some());
    let info = world.check(&person.session).unwrap();
    assert_eq!((info.identifier, info.address.as_str()), (id(WHO), WHO));
    assert_eq!(world.stepwise(NEW, PASSWORD).unwrap_err(), Refusal::InvalidCredentials);
}

/// R66: a suspended account verifies nothing, by no door, and what was begun before does not come back.
#[test]
fn r66_what_is_suspended_verifies_nothing() {
    let world = World::recommended();
    let mut person = world.owner(WHO, APP);
    let device = world.device(&mut person);
    let (login, grant) = (world.login(WHO), world.granted(WHO).unwrap().grant);
    world.seconds(60);
    world.suspend(&person.account, true);
    for again in [false, true] {
        assert_eq!(world.check(&person.session).unwrap_err(), Refusal::InvalidSession);
        assert_eq!(world.prove(&login, person.totp(&world)).unwrap_err(), Refusal::InvalidSession);
        let answer = world.reset(&grant, NEW_PASSWORD, Some(person.totp(&world)));
        assert_eq!(answer.unwrap_err(), Refusal::InvalidSession);
        let by_device = world.by_device(WHO, PASSWORD, &device);
        let asked = matches!(by_device, Ok(Progress::SecondFactor(_)));
        assert!(if again { asked } else { by_device.unwrap_err() == Refusal::InvalidCredentials });
        world.suspend(&person.account, false);
    }
    assert!(world.prove(&world.login(WHO), person.totp(&world)).is_ok());
}

/// R67: an operator starts a reset and gets nothing for it: no code, no link, no way in. What there is goes to the owner's address.
#[test]
fn r67_an_operator_chooses_and_sees_nothing() {
    let world = World::recommended();
    let account = world.owner(WHO, APP).account;
    let noted = world.ask(StartFactorReset { account }).into_result().unwrap();
    assert_eq!(format!("{noted:?}"), format!("Noted {{ at: {:?} }}", world.now()));
    let mail = world.last_mail();
    assert!(mail.to.as_str() == WHO && mail.code.is_none());
    assert!(world.stepwise(WHO, WRONG_PASSWORD).is_err());
    assert!(matches!(world.stepwise(WHO, PASSWORD).unwrap(), Progress::SecondFactor(_)));
}

/// R68, B089, B090: no message carries a URL or a host, and no request has a field for one; what a message has is a ticket.
#[test]
fn r68_b089_b090_messages_carry_tickets_not_urls() {
    let world = World::recommended();
    let _ = world.owner(WHO, APP);
    for purpose in [Purpose::Recover, Purpose::SignIn] {
        let _ = world.start(purpose, WHO).unwrap();
    }
    let _ = world.sign_up(OTHER).unwrap();
    let _ = world.lost(&world.login(WHO)).unwrap();
    let mail = world.seen.mail.lock().unwrap();
    let links: Vec<_> = mail.iter().filter_map(|mail| mail.link.as_ref()).map(MailedLink::expose).collect();
    assert_eq!(links.len(), 5);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    for link in links {
        assert!(link.len() <= 64 && link.chars().all(plain), "{link}");
    }
}

/// R70, R89, B034: whatever comes out of its turn is refused and changes nothing: a step without the one before it, or with the ticket of
/// another.
#[test]
fn r70_r89_steps_out_of_turn_do_nothing() {
    let world = World::recommended();
    let person = world.owner(WHO, APP);
    let (login, grant) = (world.login(WHO), world.granted(WHO).unwrap().grant);
    let before = (world.secured(&person.session).unwrap(), world.mails());
    // The text of every ticket at every other door: a waiting sign-in is no session, a grant no sign-in.
    let texts = [login.expose(), grant.expose(), person.session.expose()];
    for text in &texts {
        for other in ["sess_", "login_", "grant_", "reset_", "stop_", "device_", "otp_", "enter_"] {
            let body = text.split_once('_').unwrap().1;
            let forged = format!("{other}{body}");
            if forged == *text {
                continue;
            }
            let refused = [
                Ticket::<Session>::parse(&forged).ok().map(|it| world.enrol(&it).map(drop)),
                Ticket::<Session>::parse(&forged)
                    .ok()
                    .map(|it| world.disable_totp(&it, Some(PASSWORD)).map(drop)),
                Ticket::<Session>::parse(&forged).ok().map(|it| world.secured(&it).map(drop)),
                Ticket::<Login>::parse(&forged)
                    .ok()
                    .map(|it| world.prove(&it, person.totp(&world)).map(drop)),
                Ticket::<Login>::parse(&forged).ok().map(|it| world.reset_factors(&it, "000000").map(drop)),
                Ticket::<ResetGrant>::parse(&forged)
                    .ok()
                    .map(|it| world.reset(&it, NEW_PASSWORD, Some(person.totp(&world))).map(drop)),
                Ticket::<RecoveryLink>::parse(&forged).ok().map(|it| world.redeem(&it).map(drop)),
                Ticket::<CancelLink>::parse(&forged).ok().map(|it| world.stop(&it).map(drop)),
            ];
            for answer in refused.into_iter().flatten() {
                assert_eq!(answer, Err(Refusal::InvalidSession), "{other}");
            }
        }
    }
    let confirm = world.confirm(&person.session, "000000").map(drop);
    assert_eq!(confirm.unwrap_err(), Refusal::NothingPending);
    assert_eq!(world.reset_factors(&login, "000000").unwrap_err(), Refusal::NothingPending);
    assert_eq!((world.secured(&person.session).unwrap(), world.mails()), before);
}

/// R81, B109, B110, B111: a device's ticket is opaque, the account's own, ends on the server, and is no factor: it raises no level and steps
/// nothing up.
#[test]
fn r81_b109_b110_b111_a_device_is_no_factor() {
    let world = World::recommended();
    let mut person = world.owner(WHO, APP);
    let mut other = world.owner(OTHER, APP);
    let (device, others) = (world.device(&mut person), world.device(&mut other));
    // Another's, forged, unknown: no skip, and it is reported.
    let mut forged = device.expose().into_bytes();
    let at = forged.len() - 9;
    forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
    let forged = Ticket::parse(std::str::from_utf8(&forged).unwrap()).unwrap();
    for (shown, reported) in [(&others, true), (&forged, false)] {
        world.events();
        assert!(world.by_device(WHO, PASSWORD, shown).unwrap().signed_in().is_none());
        assert!(!reported || world.events().contains(&"device.unknown"), "B110");
    }
    let entered = world.by_device(WHO, PASSWORD, &device).unwrap().signed_in().unwrap();
    assert_eq!((entered.aal(), entered.methods()), (1, vec![Method::Password]));
    let (session, within) = (entered.session().clone(), Duration::from_secs(60));
    let request = RequireFresh { client: client(), session, factor: None, within };
    let offered = vec![Factor::Totp];
    assert_eq!(world.ask(request).into_result().unwrap_err(), Refusal::StepUpRequired { offered });
    // B111: thirty days on, whatever the client kept.
    let (kept, ends) =
        (entered.device().unwrap().clone(), world.devices(&person.session).unwrap()[0].expires_at);
    world.clock.set(ends.saturating_sub(Duration::from_millis(1)));
    let kept = world.by_device(WHO, PASSWORD, &kept).unwrap().signed_in().unwrap().device().unwrap().clone();
    world.clock.set(ends);
    assert!(world.by_device(WHO, PASSWORD, &kept).unwrap().signed_in().is_none());
}

/// R82: nothing is kept at the client that could be shown again to rewind a count: a ticket says the same however far things are.
#[test]
fn r82_no_state_is_kept_at_the_client() {
    let world = World::recommended();
    let person = world.owner(WHO, APP);
    let login = world.login(WHO);
    let text = login.expose();
    for left in (5..=9).rev() {
        let again = Ticket::parse(&text).unwrap();
        let answer = world.prove(&again, person.wrong_totp(&world)).unwrap_err();
        assert_eq!(answer, Refusal::InvalidProof { factor: Factor::Totp, attempts_left: left });
    }
    assert_eq!(world.prove(&login, person.totp(&world)).unwrap_err(), Refusal::InvalidSession);
}

/// R85: a hash of older parameters is made anew at the first right password, once.
#[test]
fn r85_an_old_hash_is_made_anew() {
    let world = World::recommended();
    let _ = world.legacy(WHO, true);
    for renewed in [true, false] {
        world.events();
        assert!(world.stepwise(WHO, PASSWORD).unwrap().signed_in().is_some());
        assert_eq!(world.events().contains(&"password.rehashed"), renewed);
    }
}

/// R90: where the address was never proven, no mailed code is turned on, and nobody who signs up has anything before it is.
#[test]
fn r90_no_mailed_codes_without_a_proven_address() {
    let world = World::recommended();
    let _ = world.legacy(WHO, false);
    let session = session(world.stepwise(WHO, PASSWORD).unwrap());
    let actions = vec![Todo::VerifyAddress];
    assert_eq!(world.enable_mailed(&session).unwrap_err(), Refusal::ActionRequired { actions });
    let _ = world.sign_up(OTHER).unwrap();
    assert_eq!(world.stepwise(OTHER, PASSWORD).unwrap_err(), Refusal::InvalidCredentials);
    assert_eq!(world.account(OTHER), None);
}

/// R8: what was guessed at an app is brought back by nobody below its own level: a session that has just shown the password, on a device
/// that lets past the app, is at 1 and binds nothing; one that shows a code for the drawer as well is at 2, and does.
#[test]
fn r8_no_session_below_the_app_brings_its_guesses_back() {
    let mut settings = Settings::recommended();
    settings.guesses.consecutive = 12;
    let world = World::new(settings);
    let mut person = world.owner(WHO, APP);
    let device = world.device(&mut person);
    loop {
        match world.prove(&world.login(WHO), person.wrong_totp(&world)).unwrap_err() {
            Refusal::Limited { retry_at, .. } => world.clock.set(retry_at),
            Refusal::FactorDisabled => break,
            _ => {}
        }
        world.seconds(120);
    }
    world.seconds(900);
    let low = world.by_device(WHO, PASSWORD, &device).unwrap().signed_in().unwrap();
    assert_eq!(low.aal(), 1);
    for answer in [
        world.enrol(low.session()).map(drop),
        world.disable_totp(low.session(), None).map(drop),
        world.regenerate(low.session(), None).map(drop),
    ] {
        assert!(matches!(answer, Err(Refusal::StepUpRequired { .. })), "{answer:?}");
    }
    let shown = person.totp(&world);
    assert_eq!(world.prove(&world.login(WHO), shown).unwrap_err(), Refusal::FactorDisabled);
    let code = Proof::RecoveryCode(person.drawer[0].clone());
    let high = world.step_up(low.session(), code).unwrap();
    assert_eq!(high.aal(), 2);
    assert!(world.enrol(high.session()).is_ok());
}
