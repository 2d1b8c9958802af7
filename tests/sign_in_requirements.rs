//! What the standards ask of signing in, each under the number of the requirement it covers.
//!
//! What needs random stories, races or failing hosts is in `sign_in_laws/`; passwords, apps and codes for the drawer by themselves are
//! tested beside their source.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod common;
#[path = "common/people.rs"]
mod people;

use common::*;
use countersign::factor::Regenerate;
use countersign::*;
use people::*;

const WHO: &str = "jo@example.com";
const APP: Has = Has { totp: true, mailed: false, codes: true };
const MAILED: Has = Has { totp: false, mailed: true, codes: false };

/// R3: of two factors in one sign-in the one that failed is counted, and only that one.
#[test]
fn r3_the_stage_that_failed_is_counted() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    for _ in 0..5 {
        assert!(world.prove(&world.login(WHO), person.wrong_totp(&world)).is_err());
    }
    for n in 0..9 {
        assert_eq!(world.stepwise(WHO, WRONG_PASSWORD).unwrap_err(), Refusal::InvalidCredentials, "{n}");
    }
    assert!(world.prove(&world.login(WHO), person.totp(&world)).is_ok());
}

/// R7, R92, B012: while a factor is locked the right proof is neither compared nor used up nor counted; at the time told it passes.
#[test]
fn r7_a_locked_factor_keeps_the_right_proof_for_later() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    for _ in 0..2 {
        let login = world.login(WHO);
        for _ in 0..5 {
            world.prove(&login, person.wrong_totp(&world)).unwrap_err();
        }
    }
    let login = world.login(WHO);
    let (_, retry_at) = limit(world.prove(&login, person.totp(&world)));
    for _ in 0..20 {
        assert_eq!(limit(world.prove(&login, person.totp(&world))).1, retry_at, "the wait does not grow");
    }
    world.clock.set(retry_at);
    world.millis(-1);
    assert_eq!(limit(world.prove(&world.login(WHO), person.totp(&world))).1, retry_at);
    world.millis(1);
    assert!(world.prove(&world.login(WHO), person.totp(&world)).is_ok());
}

/// R13, B010, B023: what one client is refused, others are not; what an account is refused, every client is.
#[test]
fn r13_the_accounts_limit_holds_whoever_asks() {
    let world = World::recommended();
    let _ = world.person(WHO, Has::default());
    let mut answered = 0;
    for n in 0..50_u32 {
        let client = Client::named(&n.to_le_bytes());
        let request = PasswordSignIn { client, ..knock(WHO, WRONG_PASSWORD, Steps::Stepwise) };
        answered += usize::from(world.ask(request).into_result().err() == Some(Refusal::InvalidCredentials));
    }
    assert_eq!(answered, 10);
    let world = World::recommended();
    let one = Client::named(b"one");
    for n in 0..61 {
        let who = format!("u{n}@example.com");
        let request = PasswordSignIn { client: one.clone(), ..knock(&who, WRONG_PASSWORD, Steps::Stepwise) };
        let refusal = world.ask(request).into_result().unwrap_err();
        assert_eq!(matches!(refusal, Refusal::Limited { rule: policy::RULE_CLIENT, .. }), n == 60, "{n}");
    }
    assert_eq!(world.stepwise(WHO, WRONG_PASSWORD).unwrap_err(), Refusal::InvalidCredentials);
}

/// R17, B086, B088: every row that a flood of unknown names leaves has an end, and none is an account's.
#[test]
fn r17_a_flood_of_names_leaves_rows_that_end() {
    let world = World::recommended();
    for n in 0..100 {
        let _ = world.stepwise(&format!("u{n}@example.com"), WRONG_PASSWORD);
    }
    let rows = world.seen.rows.lock().unwrap();
    assert_eq!(rows.len(), 100);
    for (key, (_, expires_at)) in rows.iter() {
        assert_eq!(key.kind(), Some(record::RecordKind::Visitor));
        let most = START.saturating_add(std::time::Duration::from_secs(91 * 86_400));
        assert!(expires_at.is_some_and(|at| at > START && at < most));
    }
}

/// R26, R71: a policy without mailed codes takes none; with them the session says "email", and no level is raised by it.
#[test]
fn r26_a_mailbox_is_labelled_and_raises_no_level() {
    let world = World::recommended();
    let _ = world.person(WHO, MAILED);
    world.seconds(60);
    let login = world.login(WHO);
    let code = Code::typed(&world.last_code());
    let signed_in = world.prove(&login, Proof::MailedCode(code)).unwrap();
    let names: Vec<_> = signed_in.methods().into_iter().map(Method::name).collect();
    assert_eq!((names, signed_in.aal()), (vec!["pwd", "email"], 1));
    let mut settings = Settings::recommended();
    settings.factors.mailed_code = false;
    let world = World::new(settings);
    let person = world.person(WHO, Has::default());
    assert_eq!(world.enable_mailed(&person.session).unwrap_err(), Refusal::FactorNotAllowed);
    assert!(world.stepwise(WHO, PASSWORD).unwrap().signed_in().is_some(), "nothing was turned on");
}

/// R37, B032, R39: by default the code of the step before and after is taken, and none further off.
#[test]
fn r37_one_step_each_way_and_no_more() {
    for (steps, passes) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
        let world = World::recommended();
        let person = world.person(WHO, APP);
        world.seconds(90);
        let code = Code::typed(&person.app.unwrap().code(world.now(), steps));
        assert_eq!(world.prove(&world.login(WHO), Proof::Totp(code)).is_ok(), passes, "{steps}");
    }
}

/// R48, R54, B099, B104: each recovery code works once, in any order; how many are left is told, and when it is time for new ones.
#[test]
fn r48_r54_recovery_codes_work_once_and_are_counted_down() {
    let world = World::recommended();
    let mut person = world.person(WHO, APP);
    assert_eq!(person.drawer.len(), 10);
    person.drawer.rotate_left(3);
    for (used, code) in person.drawer.iter().enumerate() {
        let signed_in = world.prove(&world.login(WHO), Proof::RecoveryCode(code.clone())).unwrap();
        let left = 9 - used;
        let due = match left {
            0 => Regenerate::Required,
            1..=3 => Regenerate::Advised,
            _ => Regenerate::None,
        };
        assert_eq!((signed_in.recovery_codes_left(), signed_in.regenerate()), (Some(left), due));
        assert_eq!(signed_in.todo().contains(&Todo::RegenerateRecoveryCodes), left == 0);
        for old in &person.drawer[..=used] {
            let proofs = Proofs { recovery_code: Some(old.clone()), ..Proofs::default() };
            let again = world.at_once(WHO, PASSWORD, proofs);
            assert!(
                matches!(again, Err(Refusal::InvalidProof { .. } | Refusal::Limited { .. })),
                "{again:?}"
            );
            world.seconds(86_400 * 2);
        }
    }
}

/// R50, R53, R41: with a new app come new codes; those from before are dead, and nobody without an app has any.
#[test]
fn r50_r53_new_codes_kill_the_old_ones() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let session = world.prove(&world.login(WHO), person.totp(&world)).unwrap().session().clone();
    let app = world.enrol(&session).unwrap();
    assert_ne!(app.secret.expose(), person.app.as_ref().unwrap().secret.expose());
    let fresh = world.confirm(&session, &app.code(world.now(), 0)).unwrap().codes;
    let old = world.prove(&world.login(WHO), Proof::RecoveryCode(person.drawer[0].clone()));
    assert!(matches!(old, Err(Refusal::InvalidProof { factor: Factor::RecoveryCode, .. })));
    world.seconds(60);
    assert!(world.prove(&world.login(WHO), person.totp(&world)).is_err(), "the old app is dead, too");
    assert!(world.prove(&world.login(WHO), Proof::RecoveryCode(fresh[0].clone())).is_ok());
    let world = World::recommended();
    let _ = world.person(WHO, MAILED);
    let asked = world.stepwise(WHO, PASSWORD).unwrap();
    let Progress::SecondFactor(second) = asked else { panic!("a mailed code is asked for") };
    assert_eq!(second.offered, [Factor::MailedCode]);
}

/// R55: a recovery code may be typed in small letters, with spaces or without, and with look-alikes.
#[test]
fn r55_a_recovery_code_may_be_typed_sloppily() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let printed = person.drawer[0].expose().to_owned();
    let sloppy = printed.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
    let proof = Proof::RecoveryCode(RecoveryCode::typed(&sloppy));
    assert!(world.prove(&world.login(WHO), proof).is_ok());
    let again = Proof::RecoveryCode(RecoveryCode::typed(&printed));
    assert!(world.prove(&world.login(WHO), again).is_err(), "it is one and the same code");
}

/// R60, R79, B107, R62: another factor ends the other sessions, and its owner is told at once, by a notice that carries no code.
#[test]
fn r62_r79_an_added_factor_is_told_and_ends_other_sessions() {
    for app in [true, false] {
        let world = World::recommended();
        let person = world.person(WHO, Has::default());
        let other = world.stepwise(WHO, PASSWORD).unwrap().signed_in().unwrap();
        if app {
            let app = world.enrol(&person.session).unwrap();
            assert!(world.check(other.session()).is_ok(), "R86: not before it is confirmed");
            let _ = world.confirm(&person.session, &app.code(world.now(), 0)).unwrap();
        } else {
            let _ = world.enable_mailed(&person.session).unwrap();
        }
        let factor = if app { Factor::Totp } else { Factor::MailedCode };
        let mail = world.last_mail();
        assert_eq!((mail.kind, mail.to.as_str()), (MessageKind::FactorAdded(factor), WHO));
        assert!(mail.code.is_none() && mail.link.is_none() && !mail.suppressed);
        assert_eq!(world.check(other.session()).unwrap_err(), Refusal::InvalidSession);
        assert!(world.check(&person.session).is_ok());
    }
}

/// R72: the same request with the same records, time and randomness comes to the same, ticket and all.
#[test]
fn r72_a_sign_in_can_be_replayed() {
    let told = [0, 1].map(|_| {
        let world = World::recommended();
        let person = world.person(WHO, APP);
        let signed_in = world.prove(&world.login(WHO), person.totp(&world)).unwrap();
        (signed_in.session().expose(), world.bytes())
    });
    assert_eq!(told[0], told[1]);
}

/// R74: each way in leaves its own trail for the log, and none of it a secret.
#[test]
fn r74_every_step_is_an_event() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    world.events();
    let _ = world.stepwise(WHO, WRONG_PASSWORD);
    assert_eq!(world.events(), ["password.rejected"]);
    let login = world.login(WHO);
    assert_eq!(world.events(), ["password.accepted", "factor.asked"]);
    let _ = world.prove(&login, person.wrong_totp(&world));
    assert_eq!(world.events(), ["factor.rejected"]);
    let shown = person.totp(&world);
    let _ = world.prove(&login, shown.clone()).unwrap();
    assert_eq!(world.events(), ["factor.accepted", "session.signed_in"]);
    // A code that was used is a rejected one, and counted (it would be a free guess otherwise).
    let answer = world.prove(&world.login(WHO), shown);
    assert!(matches!(answer, Err(Refusal::InvalidProof { .. })), "{answer:?}");
}

/// R77, R78: every sign-in has a ticket of its own, made anew, of 128 random bits and more; the one before it is none.
#[test]
fn r77_r78_every_sign_in_makes_a_new_ticket() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..4 {
        world.seconds(60);
        let login = world.login(WHO);
        let signed_in = world.prove(&login, person.totp(&world)).unwrap();
        let text = signed_in.session().expose();
        assert!(text.starts_with("sess_") && text.len() <= 64);
        assert!(seen.insert(text.clone()) && !text.contains(&login.expose()[6..]));
        let stored = world.bytes();
        let secret = &text.as_bytes()[5..];
        assert!(!stored.windows(secret.len()).any(|bytes| bytes == secret), "only a digest is stored");
    }
}

/// R80: use moves the idle end and never the absolute one.
#[test]
fn r80_use_moves_the_idle_end_only() {
    let mut settings = Settings::recommended();
    settings.sessions.idle = Some(std::time::Duration::from_secs(3600));
    let world = World::new(settings);
    let person = world.person(WHO, Has::default());
    let ends = world.check(&person.session).unwrap().expires_at;
    for _ in 0..24 * 30 / 2 - 1 {
        world.seconds(3599);
        assert_eq!(world.check(&person.session).unwrap().expires_at, ends);
        world.seconds(3599);
        assert!(world.check(&person.session).is_ok());
    }
    world.seconds(3600);
    assert_eq!(world.check(&person.session).unwrap_err(), Refusal::InvalidSession);
}

/// R83, R84: the whole password counts, letter by letter; nothing is cut, folded or trimmed.
#[test]
fn r84_the_whole_password_is_compared() {
    let world = World::recommended();
    let _ = world.person(WHO, Has::default());
    for almost in ["MyPassword1", "MyPassword1!!", "myPassword1!", "MyPassword1! ", " MyPassword1!"] {
        assert_eq!(world.stepwise(WHO, almost).unwrap_err(), Refusal::InvalidCredentials, "{almost:?}");
    }
    assert!(world.stepwise(WHO, PASSWORD).is_ok());
    let long = "x".repeat(80) + "y";
    let request = SignUp { password: Password::typed(&long).unwrap(), ..sign_up("long@example.com") };
    let session = world.ask(request).into_result().unwrap().session;
    let _ = world.verify(Purpose::SignUp, &session, &world.last_code()).unwrap();
    let cut = "x".repeat(80) + "z";
    assert_eq!(world.stepwise("long@example.com", &cut).unwrap_err(), Refusal::InvalidCredentials);
    assert!(world.stepwise("long@example.com", &long).is_ok());
}

/// R86, B112: an app that was not confirmed gates nothing and replaces nothing, and ends by itself.
#[test]
fn r86_a_pending_app_gates_and_replaces_nothing() {
    let world = World::recommended();
    let person = world.person(WHO, Has::default());
    let pending = world.enrol(&person.session).unwrap();
    assert!(world.stepwise(WHO, PASSWORD).unwrap().signed_in().is_some());
    // Beginning again replaces what waits: the first secret confirms nothing any more.
    let second = world.enrol(&person.session).unwrap();
    assert!(world.confirm(&person.session, &pending.code(world.now(), 0)).is_err());
    let _ = world.confirm(&person.session, &second.code(world.now(), 0)).unwrap();
    world.seconds(90);
    // Another one that waits leaves the one in force alone.
    let proof = Proof::Totp(Code::typed(&second.code(world.now(), 0)));
    let session = world.prove(&world.login(WHO), proof).unwrap().session().clone();
    let third = world.enrol(&session).unwrap();
    world.seconds(60);
    let third = Proof::Totp(Code::typed(&third.code(world.now(), 0)));
    assert!(world.prove(&world.login(WHO), third).is_err());
    let second = Proof::Totp(Code::typed(&second.code(world.now(), 0)));
    assert!(world.prove(&world.login(WHO), second).is_ok());
}

/// R88, R63, R89: where an app is on, another is begun only by a session that has shown it, or a code for the drawer.
#[test]
fn r88_replacing_an_app_takes_the_app() {
    let world = World::recommended();
    let mut person = world.person(WHO, APP);
    // The session that confirmed it had shown a password only.
    let offered = vec![Factor::Totp, Factor::RecoveryCode];
    assert_eq!(world.enrol(&person.session).unwrap_err(), Refusal::StepUpRequired { offered });
    person.session = world.prove(&world.login(WHO), person.totp(&world)).unwrap().session().clone();
    assert!(world.enrol(&person.session).is_ok());
    let code = person.drawer.pop().unwrap();
    person.session = world.prove(&world.login(WHO), Proof::RecoveryCode(code)).unwrap().session().clone();
    assert!(world.enrol(&person.session).is_ok());
    // And the password, always.
    let (client, session) = (Client::unmetered(), person.session.clone());
    let password = Password::typed(WRONG_PASSWORD).unwrap();
    let answer = world.ask(EnrolTotp { client, session, password }).into_result();
    assert_eq!(answer.unwrap_err(), Refusal::InvalidCredentials);
}

/// R2, R61: an app that was failed so often that it is disabled can be bound anew, by whoever signs in with a code for the drawer; then
/// the new one works.
#[test]
fn r2_a_disabled_app_can_be_bound_anew() {
    let mut settings = Settings::recommended();
    settings.guesses.consecutive = 12;
    let world = World::new(settings);
    let mut person = world.person(WHO, APP);
    loop {
        match world.prove(&world.login(WHO), person.wrong_totp(&world)).unwrap_err() {
            Refusal::Limited { retry_at, .. } => world.clock.set(retry_at),
            Refusal::FactorDisabled => break,
            _ => {}
        }
        world.seconds(120);
    }
    world.seconds(900);
    let code = person.drawer.pop().unwrap();
    person.session = world.prove(&world.login(WHO), Proof::RecoveryCode(code)).unwrap().session().clone();
    let app = world.enrol(&person.session).unwrap();
    let _ = world.confirm(&person.session, &app.code(world.now(), 0)).expect("bound anew");
    world.seconds(60);
    let proof = Proof::Totp(Code::typed(&app.code(world.now(), 0)));
    assert!(world.prove(&world.login(WHO), proof).is_ok());
}

/// R9, B001: a wrong code that is to confirm an app is a guess at it: ten are answered, over as many beginnings as one likes, and then the
/// right one waits as well.
#[test]
fn r9_wrong_confirmations_of_an_app_are_counted() {
    let world = World::recommended();
    let person = world.person(WHO, Has::default());
    let mut app = world.enrol(&person.session).unwrap();
    for n in 0..10 {
        if n % 3 == 2 {
            app = world.enrol(&person.session).unwrap();
        }
        let answer = world.confirm(&person.session, &app.wrong(world.now())).map(drop).unwrap_err();
        assert_eq!(answer, Refusal::InvalidProof { factor: Factor::Totp, attempts_left: 9 - n });
    }
    let right = app.code(world.now(), 0);
    let answer = world.confirm(&person.session, &right).map(drop);
    assert_eq!(limit(answer).0, policy::RULE_GUESSES_LOCK);
}

/// R26: the preset for NIST's second level takes no mailed code for a second factor.
#[test]
fn r26_the_nist_preset_takes_no_mailed_code() {
    let mut settings = Settings::nist_aal2();
    assert!(!settings.factors.mailed_code);
    // The test's own password has twelve characters.
    settings.passwords.min_code_points = 8;
    let world = World::new(settings);
    let person = world.person(WHO, Has::default());
    assert_eq!(world.enable_mailed(&person.session).unwrap_err(), Refusal::FactorNotAllowed);
}

/// R40, R41, B057: an app is set up with 160 bits, fresh each time.
#[test]
fn r40_r41_an_app_gets_160_fresh_bits() {
    let world = World::recommended();
    let person = world.person(WHO, Has::default());
    let secrets = [0; 3].map(|_| world.enrol(&person.session).unwrap().secret.expose().to_vec());
    assert!(secrets.iter().all(|secret| secret.len() * 8 == 160));
    assert!(secrets[0] != secrets[1] && secrets[1] != secrets[2] && secrets[0] != secrets[2]);
}

/// R74: a code that was used before is told from a wrong one in the log and nowhere else; so is a limit from both.
#[test]
fn r74_a_replay_and_a_limit_are_events_of_their_own() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let shown = person.totp(&world);
    let _ = world.prove(&world.login(WHO), shown.clone()).unwrap();
    let mut login = world.login(WHO);
    let mut tell = |proof: Proof| {
        world.events();
        let answer = world.prove(&login, proof).unwrap_err();
        let events = world.events();
        if events.contains(&"otp.session_burned") {
            login = world.login(WHO);
        }
        (answer, events)
    };
    let (replayed, told) = tell(shown);
    assert_eq!(told, ["factor.rejected", "factor.replayed"]);
    let (wrong, told) = tell(person.wrong_totp(&world));
    assert_eq!(told, ["factor.rejected"]);
    let same = |left| Refusal::InvalidProof { factor: Factor::Totp, attempts_left: left };
    assert_eq!((replayed, wrong), (same(9), same(8)), "and both are told and counted alike");
    for _ in 0..8 {
        let _ = tell(person.wrong_totp(&world));
    }
    let (limited, told) = tell(person.totp(&world));
    assert!(matches!(limited, Refusal::Limited { .. }), "{limited:?}");
    assert_eq!(told, ["limit.refused"]);
}
