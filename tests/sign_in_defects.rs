//! Published defects of signing in elsewhere, as tests, each under its number in the project's list of mechanisms.
//!
//! More of them are named where a law covers them, in `sign_in_laws/`, and beside the requirement they break.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod common;
#[path = "common/people.rs"]
mod people;

use common::*;
use countersign::*;
use people::*;

const WHO: &str = "jo@example.com";
const OTHER: &str = "mallory@example.com";
const APP: Has = Has { totp: true, mailed: false, codes: true };
const MAILED: Has = Has { totp: false, mailed: true, codes: false };

/// B001, R9: no factor and no door is without a count: each stops answering after ten, for the right proof too.
#[test]
fn b001_every_factor_stops_answering() {
    for factor in [Factor::Totp, Factor::RecoveryCode, Factor::Password, Factor::MailedCode] {
        let world = World::recommended();
        let mailed = matches!(factor, Factor::MailedCode | Factor::Password);
        let person = world.person(WHO, if mailed { MAILED } else { APP });
        let (mut answered, mut login) = (0, None);
        let rule = loop {
            world.seconds(if mailed { 61 } else { 1 });
            let ticket = match login.take() {
                Some(login) => login,
                // A password is a second factor where a mailbox was the first.
                None if factor == Factor::Password => {
                    let Ok(started) = world.start(Purpose::SignIn, WHO) else { continue };
                    let request = verify(Purpose::SignIn, &started.session, &world.last_code());
                    let entered =
                        world.ask(Verify { enter: Some(label()), ..request }).into_result().unwrap();
                    let Some(Progress::SecondFactor(second)) = entered.progress else { panic!("asked") };
                    second.login.unwrap()
                }
                None => world.login(WHO),
            };
            let proof = match factor {
                Factor::Totp => person.wrong_totp(&world),
                Factor::RecoveryCode => Proof::RecoveryCode(no_recovery_code()),
                Factor::Password => Proof::Password(Password::typed(WRONG_PASSWORD).unwrap()),
                Factor::MailedCode => Proof::MailedCode(Code::typed("no code")),
            };
            match world.prove(&ticket, proof).unwrap_err() {
                Refusal::InvalidProof { factor: told, .. } => {
                    assert!(told == factor && answered < 10, "{told:?}, after {answered}");
                    answered += 1;
                    login = Some(ticket);
                }
                Refusal::InvalidSession => {}
                Refusal::Limited { rule, .. } => break rule,
                other => panic!("{factor:?}: {other:?}"),
            }
        };
        assert_eq!((answered, rule), (10, policy::RULE_GUESSES_LOCK), "{factor:?}");
    }
}

/// B003: giving the right password again brings back no guess at the app.
#[test]
fn b003_another_right_password_restores_nothing() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let told = |left| Err(Refusal::InvalidProof { factor: Factor::Totp, attempts_left: left });
    let mut login = world.login(WHO);
    for left in (0..10).rev() {
        let answer = world.prove(&login, person.wrong_totp(&world)).map(|_| ());
        assert_eq!(answer, told(left));
        if left % 3 == 0 {
            login = world.login(WHO);
        }
    }
}

/// B010: signing in to one's own account gives nothing back at another's.
#[test]
fn b010_ones_own_success_gives_nothing_back_elsewhere() {
    let world = World::recommended();
    let [_, _] = [WHO, OTHER].map(|who| world.person(who, Has::default()));
    let client = Client::ip("192.0.2.7".parse().unwrap());
    let with =
        |who, password| PasswordSignIn { client: client.clone(), ..knock(who, password, Steps::Stepwise) };
    let mut answered = 0;
    for _ in 0..15 {
        let wrong = world.ask(with(WHO, WRONG_PASSWORD)).into_result();
        answered += usize::from(wrong.unwrap_err() == Refusal::InvalidCredentials);
        assert!(world.ask(with(OTHER, PASSWORD)).into_result().is_ok());
    }
    assert_eq!(answered, 10);
}

/// B017, B035: however the identifier is spelled, the second factor is asked for.
#[test]
fn b017_no_spelling_skips_the_second_factor() {
    for has in [APP, MAILED] {
        let world = World::recommended();
        let _ = world.person(WHO, has);
        for spelling in ["JO@EXAMPLE.COM", " Jo@example.com ", "ｊｏ@example.com"] {
            for steps in [Steps::Stepwise, Steps::AtOnce(Proofs::default())] {
                world.seconds(361);
                let answer = world.ask(knock(spelling, PASSWORD, steps)).into_result().unwrap();
                assert!(matches!(answer, Progress::SecondFactor(_)), "{spelling}");
            }
        }
    }
}

/// B036, B033: where a second factor is asked for, nothing is issued that a host could take for a session, and none is listed.
#[test]
fn b036_no_session_before_the_second_factor() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let session = world.prove(&world.login(WHO), person.totp(&world)).unwrap().session().clone();
    let count = || {
        let client = Client::unmetered();
        world.ask(ListSessions { client, session: session.clone() }).into_result().unwrap().len()
    };
    let before = count();
    let login = world.login(WHO);
    let _ = world.at_once(WHO, PASSWORD, Proofs::default()).unwrap();
    assert_eq!(count(), before);
    assert!(Ticket::<Session>::parse(&login.expose()).is_err());
}

/// B041, B042: with no code mailed, no code matches: not an empty one, not nought, in whatever form.
#[test]
fn b041_b042_nothing_matches_where_no_code_is() {
    let odd = ["", " ", "0", "000000", "null", "undefined"];
    for has in [APP, MAILED] {
        for text in odd {
            let world = World::recommended();
            let _ = world.person(WHO, has);
            let code = || Some(Code::typed(text));
            let proofs = Proofs { totp: code(), mailed_code: code(), recovery_code: None };
            assert!(world.at_once(WHO, PASSWORD, proofs).is_err(), "{text:?}");
            let proofs = Proofs { recovery_code: Some(RecoveryCode::typed(text)), ..Proofs::default() };
            assert!(world.at_once(WHO, PASSWORD, proofs).is_err(), "{text:?}");
        }
    }
}

/// B055, R28: what waits for a second factor holds no password, nor is one, or a code of the drawer, or an app's secret, anywhere in
/// the store, in the log, or in what is printed of answers.
#[test]
fn b055_no_password_waits_in_the_store() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let login = world.login(WHO);
    let signed_in = world.prove(&login, person.totp(&world)).unwrap();
    let app = person.app.as_ref().unwrap();
    let shown = format!("{signed_in:?}{login:?}{person:?}{:?}", world.seen.events.lock().unwrap());
    let stored = world.bytes();
    let mut secrets = vec![PASSWORD.as_bytes().to_vec(), app.secret.expose().to_vec()];
    secrets.extend(person.drawer.iter().map(|code| code.expose().as_bytes().to_vec()));
    secrets.push(signed_in.session().expose().into_bytes());
    for secret in secrets {
        assert!(!stored.windows(secret.len()).any(|bytes| bytes == secret), "stored");
        assert!(!shown.contains(&*String::from_utf8_lossy(&secret)), "shown");
    }
    assert!(!shown.contains(&app.secret.expose_base32()));
}

/// B064: one hash for every password that no limit refuses, whoever is there, with codes or without.
#[test]
fn b064_one_hash_whoever_is_there() {
    let world = World::recommended();
    let _ = world.person(WHO, MAILED);
    let suspended = world.person(OTHER, Has::default());
    world.suspend(&suspended.account, true);
    for who in [WHO, OTHER, "nobody@example.com"] {
        for steps in
            [Steps::Stepwise, Steps::AtOnce(Proofs { totp: Some(Code::typed("1")), ..Proofs::default() })]
        {
            world.calls();
            let _ = world.ask(knock(who, WRONG_PASSWORD, steps));
            let calls = world.calls();
            assert_eq!(calls.iter().filter(|call| **call == "hash").count(), 1, "{who}: {calls:?}");
        }
    }
}

/// B117, R89 by analogy: the name of another account's session ends nothing.
#[test]
fn b117_anothers_session_is_not_there() {
    let world = World::recommended();
    let [jo, mallory] = [WHO, OTHER].map(|who| world.person(who, Has::default()));
    let name = world.check(&jo.session).unwrap().id;
    let (client, session) = (Client::unmetered(), mallory.session.clone());
    let ended = world.ask(EndSessions { client, session, which: Which::One(name) }).into_result().unwrap();
    assert_eq!(ended.count, 0);
    assert!(world.check(&jo.session).is_ok());
}

/// B115: where the policy asks for a second factor and none is set up, setting one up is the first thing to do, and the session
/// says that it has shown one factor only.
#[test]
fn b115_a_required_factor_is_to_be_set_up_first() {
    let mut settings = Settings::recommended();
    settings.factors.required = true;
    let world = World::new(settings);
    let person = world.person(WHO, Has::default());
    let signed_in = world.stepwise(WHO, PASSWORD).unwrap().signed_in().unwrap();
    assert_eq!((signed_in.todo(), signed_in.aal()), (&[Todo::EnrolFactor][..], 1));
    let _ = world.enable_mailed(&person.session).unwrap();
    assert!(matches!(world.stepwise(WHO, PASSWORD), Ok(Progress::SecondFactor(_))));
}

/// B008, R51: going from factor to factor over one sign-in after the other gives no guess more at any: ten each are compared, and the
/// success of one, which the owner has in between, opens nothing at the other.
#[test]
fn b008_switching_factors_gives_no_guess_back() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    let mut compared = [0, 0];
    for n in 0..60 {
        let recovery = n % 2 == 1;
        let totp = |proof| match proof {
            Proof::Totp(code) => Proofs { totp: Some(code), ..Proofs::default() },
            _ => unreachable!(),
        };
        if n == 12 {
            assert!(world.at_once(WHO, PASSWORD, totp(person.totp(&world))).is_ok(), "the owner");
        }
        let proofs = if recovery {
            Proofs { recovery_code: Some(no_recovery_code()), ..Proofs::default() }
        } else {
            totp(person.wrong_totp(&world))
        };
        match world.at_once(WHO, PASSWORD, proofs).unwrap_err() {
            Refusal::InvalidProof { factor, .. } => {
                assert_eq!(factor == Factor::RecoveryCode, recovery);
                compared[usize::from(recovery)] += 1;
            }
            other => assert_eq!(limit::<()>(Err(other)).0, policy::RULE_GUESSES_LOCK),
        }
    }
    assert_eq!(compared, [10, 10]);
}

/// B114: what somebody chose for an address that was not his is worth nothing once its owner proves it: that password does not sign in, and
/// though its sign-up goes on for whoever began it (law 8), no code of it opens anything.
#[test]
fn b114_what_was_chosen_before_the_proof_is_gone() {
    const THEIRS: &str = "Mallory's own choice 1";
    let world = World::recommended();
    let password = || Password::typed(THEIRS).unwrap();
    let theirs = world.ask(SignUp { password: password(), ..sign_up(WHO) }).into_result().unwrap().session;
    world.seconds(60);
    let own = world.sign_up(WHO).unwrap().session;
    let _ = world.verify(Purpose::SignUp, &own, &world.last_code()).unwrap();
    assert_eq!(world.stepwise(WHO, THEIRS).unwrap_err(), Refusal::InvalidCredentials);
    assert!(world.stepwise(WHO, PASSWORD).unwrap().signed_in().is_some());
    world.seconds(60);
    let (client, identifier, session) = (Client::unmetered(), id(WHO), Some(theirs));
    let again = ResendSignUp { client, identifier, password: password(), session };
    let started = world.ask(again).into_result().unwrap();
    let taken = world.verify(Purpose::SignUp, &started.session, &world.last_code());
    assert_eq!(taken.unwrap_err(), Refusal::InvalidSession);
    assert_eq!(world.stepwise(WHO, THEIRS).unwrap_err(), Refusal::InvalidCredentials);
    assert!(world.stepwise(WHO, PASSWORD).unwrap().signed_in().is_some());
}
