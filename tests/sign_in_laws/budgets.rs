//! Laws 2 and 9 for signing in: guesses are counted per factor and partition over all sign-ins, nothing gives them back, and a lock
//! shuts nothing else.

use core::time::Duration;

use countersign::policy::{RULE_GUESSES_LOCK, RULE_GUESSES_LONG, RULE_PENDING_LOGINS};
use countersign::record::RecordKind;
use countersign::*;

use crate::common::{IntoResult, World, id, limit, sign_up, verify, wrong};
use crate::people::*;

const WHO: &str = "jo@example.com";
const ALL: Has = Has { totp: true, mailed: false, codes: true };
const MAILED: Has = Has { totp: false, mailed: true, codes: false };

/// The wrong proof was compared, and so many more would be.
fn left(answer: Result<SignedIn, Refusal>) -> u32 {
    match answer {
        Err(Refusal::InvalidProof { attempts_left, .. }) => attempts_left,
        other => panic!("not a wrong proof: {other:?}"),
    }
}

fn step_up(world: &World, person: &Person, proof: Proof) -> Result<SignedIn, Refusal> {
    let (client, session) = (Client::unmetered(), person.session.clone());
    world.ask(StepUp { client, session, proof, label: label() }).into_result()
}

fn code_of(proof: Proof) -> Option<Code> {
    match proof {
        Proof::Totp(code) => Some(code),
        _ => None,
    }
}

/// R1, R5, R9, B001, B003, B008: ten wrong codes of the app, each in a sign-in of its own and at any of its doors; the eleventh
/// is not compared, be it right, and recovery codes stay open.
#[test]
fn law2_guesses_at_the_app_are_one_budget_over_all_doors() {
    let world = World::recommended();
    let mut person = world.person(WHO, ALL);
    let login = world.login(WHO);
    person.session = world.prove(&login, person.totp(&world)).unwrap().session().clone();
    world.seconds(30);
    for n in 0..10_u32 {
        let proof = person.wrong_totp(&world);
        let told = match n % 3 {
            0 => world.prove(&world.login(WHO), proof),
            1 => step_up(&world, &person, proof),
            _ => {
                let proofs = Proofs { totp: code_of(proof), ..Proofs::default() };
                world.at_once(WHO, PASSWORD, proofs).map(|progress| progress.signed_in().expect("in"))
            }
        };
        assert_eq!(left(told), 9 - n, "guess {n}");
    }
    let login = world.login(WHO);
    let right = person.totp(&world);
    assert_eq!(limit(world.prove(&login, right.clone())).0, RULE_GUESSES_LOCK);
    assert_eq!(limit(step_up(&world, &person, right.clone())).0, RULE_GUESSES_LOCK);
    let proofs = Proofs { totp: code_of(right), ..Proofs::default() };
    assert_eq!(limit(world.at_once(WHO, PASSWORD, proofs)).0, RULE_GUESSES_LOCK);
    // The same ticket, another factor: it has a budget of its own, and its success opens nothing.
    let code = person.drawer.pop().unwrap();
    assert!(world.prove(&login, Proof::RecoveryCode(code)).is_ok(), "law 9: recovery codes stay open");
    let (_, retry_at) = limit(world.prove(&world.login(WHO), person.totp(&world)));
    // One guess per lock, and each wrong one doubles it.
    world.clock.set(retry_at);
    assert_eq!(left(world.prove(&world.login(WHO), person.wrong_totp(&world))), 0);
    let (_, again) = limit(world.prove(&world.login(WHO), person.totp(&world)));
    assert_eq!(again.since(retry_at), Duration::from_secs(1800));
    world.clock.set(again);
    assert!(world.prove(&world.login(WHO), person.totp(&world)).is_ok());
}

/// R1, R2, R6, B009: so many wrong codes in a row disable the app, whatever time passes and whatever else succeeds.
#[test]
fn r1_r2_an_app_failed_in_a_row_is_disabled_whatever_time_passes() {
    let mut settings = Settings::recommended();
    settings.guesses.consecutive = 12;
    let world = World::new(settings);
    let mut person = world.person(WHO, ALL);
    let mut compared = 0;
    let refusal = loop {
        match world.prove(&world.login(WHO), person.wrong_totp(&world)).unwrap_err() {
            Refusal::InvalidProof { .. } if compared < 12 => compared += 1,
            Refusal::Limited { retry_at, .. } => world.clock.set(retry_at),
            other => break other,
        }
        world.seconds(120);
    };
    assert_eq!((compared, refusal), (12, Refusal::FactorDisabled));
    for days in [1, 100, 1000] {
        world.seconds(days * 86_400);
        let login = world.login(WHO);
        assert_eq!(world.prove(&login, person.totp(&world)).unwrap_err(), Refusal::FactorDisabled);
        let code = person.drawer.pop().unwrap();
        person.session = world.prove(&login, Proof::RecoveryCode(code)).unwrap().session().clone();
    }
}

/// Law 2, R6: a right code ends the run of wrong ones and nothing else: the long window fills whatever succeeds in between.
#[test]
fn law2_success_never_clears_the_long_window() {
    let world = World::recommended();
    let person = world.person(WHO, ALL);
    let (mut compared, mut login) = (0, world.login(WHO));
    let (rule, retry_at) = loop {
        for _ in 0..9 {
            match world.prove(&login, person.wrong_totp(&world)).unwrap_err() {
                Refusal::InvalidProof { .. } if compared < 100 => compared += 1,
                Refusal::InvalidSession => login = world.login(WHO),
                other => {
                    assert!(matches!(other, Refusal::Limited { .. }), "{compared} were compared: {other:?}");
                    break;
                }
            }
            world.seconds(1);
        }
        world.seconds(900);
        login = world.login(WHO);
        match world.prove(&login, person.totp(&world)) {
            Err(Refusal::Limited { rule, retry_at, .. }) => break (rule, retry_at),
            right => drop(right.expect("right codes pass until then")),
        }
        world.seconds(1000);
        login = world.login(WHO);
    };
    assert_eq!((compared, rule), (100, RULE_GUESSES_LONG));
    assert!(retry_at.since(world.now()) > Duration::from_secs(80 * 86_400));
}

/// Law 2, R9: mailed codes as a second factor: five a ticket, ten over all tickets; asking for another gives nothing back.
#[test]
fn r4_a_mailed_second_factor_gets_nothing_back_by_resending() {
    for at_once in [false, true] {
        let world = World::recommended();
        let _ = world.person(WHO, MAILED);
        world.seconds(60);
        let (mut compared, mut rounds) = (0, 0);
        let rule = 'all: loop {
            rounds += 1;
            let asked = if at_once {
                world.at_once(WHO, PASSWORD, Proofs::default())
            } else {
                world.stepwise(WHO, PASSWORD)
            };
            let second = match asked {
                Ok(Progress::SecondFactor(second)) => second,
                Err(Refusal::Limited { retry_at, .. }) => {
                    world.clock.set(retry_at);
                    continue;
                }
                other => panic!("{other:?}"),
            };
            let code = world.last_code();
            for _ in 0..3 {
                let typed = Code::typed(&wrong(&code));
                let told = match &second.login {
                    Some(login) => world.prove(login, Proof::MailedCode(typed)).map(|_| ()),
                    None => {
                        let proofs = Proofs { mailed_code: Some(typed), ..Proofs::default() };
                        world.at_once(WHO, PASSWORD, proofs).map(|_| ())
                    }
                };
                match told.unwrap_err() {
                    Refusal::InvalidProof { factor: Factor::MailedCode, .. } if compared < 10 => {
                        compared += 1
                    }
                    Refusal::Limited { rule, .. } => break 'all rule,
                    Refusal::InvalidSession => break,
                    other => panic!("{other:?}"),
                }
            }
            if let Some(login) = second.login {
                world.seconds(60);
                let client = Client::unmetered();
                let _ = world.ask(ResendFactorCode { client, login }).into_result();
            }
            world.seconds(61);
        };
        assert_eq!((compared, rule), (10, RULE_GUESSES_LOCK), "at once: {at_once}, {rounds} rounds");
    }
}

/// B001, R10: a ticket is gone after as many wrong proofs as a session takes, of whatever factors, asked for or not.
#[test]
fn r10_a_ticket_takes_five_wrong_proofs() {
    let world = World::recommended();
    let person = world.person(WHO, ALL);
    let login = world.login(WHO);
    let odd = Proof::Password(Password::typed(PASSWORD).unwrap());
    for proof in [person.wrong_totp(&world), Proof::RecoveryCode(no_recovery_code()), odd.clone(), odd] {
        left(world.prove(&login, proof));
    }
    left(world.prove(&login, Proof::MailedCode(Code::typed("000000"))));
    assert_eq!(world.prove(&login, person.totp(&world)).unwrap_err(), Refusal::InvalidSession);
    assert!(world.prove(&world.login(WHO), person.totp(&world)).is_ok(), "the code was not used up");
}

fn resend_sign_up(world: &World, who: &str, password: &str) -> Result<Started, Refusal> {
    let (client, identifier) = (Client::unmetered(), id(who));
    let password = Password::typed(password).unwrap();
    world.ask(ResendSignUp { client, identifier, password, session: None }).into_result()
}

/// R5, R9, R15, B018, B020: wrong passwords at both doors that take one, in all spellings, are one budget, known or unknown; then not
/// even a hash is made, for the right one neither, and nothing said in between gives one back.
#[test]
fn law2_wrong_passwords_share_one_budget_over_doors_and_spellings() {
    for known in [true, false] {
        let world = World::recommended();
        if known {
            let _ = world.person(WHO, Has::default());
        }
        world.seconds(900);
        for n in 0..10 {
            let who = [WHO, "Jo@Example.COM", " JO@example.com"][n % 3];
            let refusal = match n % 2 {
                0 => world.stepwise(who, WRONG_PASSWORD).unwrap_err(),
                _ => resend_sign_up(&world, who, WRONG_PASSWORD).unwrap_err(),
            };
            assert_eq!(refusal, Refusal::InvalidCredentials, "{n}");
            if known && n == 8 {
                assert!(world.stepwise(WHO, PASSWORD).is_ok(), "the owner, who gives nothing back");
            }
        }
        world.calls();
        for who in [WHO, "JO@EXAMPLE.COM"] {
            assert_eq!(limit(world.stepwise(who, PASSWORD)).0, RULE_GUESSES_LOCK);
            assert_eq!(limit(resend_sign_up(&world, who, PASSWORD)).0, RULE_GUESSES_LOCK);
        }
        assert!(!world.calls().contains(&"hash"));
        assert_eq!(
            world.stepwise("next@example.com", WRONG_PASSWORD).unwrap_err(),
            Refusal::InvalidCredentials
        );
    }
}

/// Law 9, B068, B069, R14: strangers who have spent every budget at a door have not touched the account's record, and everything of the
/// owner's that is not a password typed at that door works.
#[test]
fn law9_strangers_never_touch_the_accounts_record() {
    for has in [ALL, MAILED, Has::default()] {
        let world = World::recommended();
        let person = world.person(WHO, has);
        let device = if has.totp { Some(world.login(WHO)) } else { None };
        world.seconds(60);
        let _ = world.start(Purpose::SignIn, WHO).unwrap();
        let link = sign_in_link(&world.last_mail()).unwrap();
        let account = |world: &World| {
            let rows = world.seen.rows.lock().unwrap();
            rows.iter()
                .filter(|(key, _)| key.kind() == Some(RecordKind::Account))
                .map(|(_, row)| row.clone())
                .collect::<Vec<_>>()
        };
        let before = account(&world);
        for n in 0..40 {
            let proofs = Proofs {
                totp: Some(Code::typed("000000")),
                mailed_code: Some(Code::typed("000000")),
                recovery_code: (n % 2 == 0).then(no_recovery_code),
            };
            let _ = world.at_once(WHO, WRONG_PASSWORD, proofs);
            let _ = world.stepwise(WHO, WRONG_PASSWORD);
            let _ = resend_sign_up(&world, WHO, WRONG_PASSWORD);
            for purpose in [Purpose::SignUp, Purpose::SignIn, Purpose::Recover] {
                if let Ok(started) = world.start(purpose, WHO) {
                    let _ = world
                        .ask(Verify { enter: Some(label()), ..verify(purpose, &started.session, "000000") });
                }
            }
            let _ = world.ask(sign_up(WHO));
        }
        assert!(limit(world.stepwise(WHO, PASSWORD)).0 == RULE_GUESSES_LOCK);
        assert_eq!(before, account(&world), "byte for byte: {has:?}");
        assert!(world.check(&person.session).is_ok(), "B068: sessions stay");
        if let Some(login) = &device {
            assert!(world.prove(login, person.totp(&world)).is_ok(), "and what the owner had begun");
        }
        let client = Client::unmetered();
        let progress = world.ask(RedeemSignIn { client, link, label: label() }).into_result().unwrap();
        let entered = match progress {
            Progress::SignedIn(signed_in) => signed_in,
            Progress::SecondFactor(second) => {
                world.seconds(60);
                let proof = if has.totp {
                    person.totp(&world)
                } else {
                    Proof::Password(Password::typed(PASSWORD).unwrap())
                };
                world.prove(&second.login.unwrap(), proof).unwrap()
            }
        };
        assert!(
            world.enrol(entered.session()).is_ok(),
            "law 9: the owner's own budget for passwords: {has:?}"
        );
    }
}

/// Law 9, R9, B116 by analogy: passwords asked for of the signed-in are counted on the account, apart from those at strangers' doors.
#[test]
fn law9_passwords_of_the_signed_in_are_counted_apart() {
    let world = World::recommended();
    let person = world.person(WHO, Has::default());
    let wrong = |world: &World, n: i32| {
        let (client, session) = (Client::unmetered(), person.session.clone());
        let password = Password::typed(WRONG_PASSWORD).unwrap();
        match n % 3 {
            0 => world.ask(EnrolTotp { client, session, password }).into_result().map(|_| ()),
            1 => world.ask(EnableMailedCode { client, session, password }).into_result().map(|_| ()),
            _ => step_up(world, &person, Proof::Password(password)).map(|_| ()),
        }
    };
    for n in 0..10 {
        assert_eq!(wrong(&world, n).unwrap_err(), Refusal::InvalidCredentials, "{n}");
    }
    world.calls();
    for n in 0..3 {
        assert_eq!(limit(wrong(&world, n)).0, RULE_GUESSES_LOCK);
    }
    assert_eq!(limit(world.enrol(&person.session)).0, RULE_GUESSES_LOCK);
    assert!(!world.calls().contains(&"hash"));
    assert!(world.stepwise(WHO, PASSWORD).is_ok(), "the door is open all the same");
    assert!(world.check(&person.session).is_ok());
}

/// Law 9, law 13: as many sign-ins wait as may; the next is refused until the first ends, and none is dropped for it.
#[test]
fn law9_a_full_list_of_waiting_sign_ins_refuses() {
    let world = World::recommended();
    let person = world.person(WHO, ALL);
    let first = world.login(WHO);
    let began = world.now();
    for _ in 0..7 {
        world.seconds(1);
        let _ = world.login(WHO);
    }
    let (rule, retry_at) = limit(world.stepwise(WHO, PASSWORD));
    assert_eq!((rule, retry_at), (RULE_PENDING_LOGINS, began.saturating_add(Duration::from_secs(900))));
    let proofs = Proofs { totp: code_of(person.totp(&world)), ..Proofs::default() };
    assert!(world.at_once(WHO, PASSWORD, proofs).is_ok(), "who sends all at once waits for nothing");
    world.seconds(60);
    assert!(world.prove(&first, person.totp(&world)).is_ok());
    assert!(world.stepwise(WHO, PASSWORD).is_ok());
}
