//! Laws 3, 5 and 6 for signing in: steps strictly increase, everything belongs to one account, one kind and one generation, and ends
//! to the millisecond.

use countersign::*;
use proptest::prelude::*;

use crate::common::{IntoResult, World, verify};
use crate::people::*;

const WHO: &str = "jo@example.com";
const OTHER: &str = "mallory@example.com";
const APP: Has = Has { totp: true, mailed: false, codes: true };
const MAILED: Has = Has { totp: false, mailed: true, codes: false };

proptest! {
    #![proptest_config(crate::cases(80))]

    /// Law 3, R36, B027-B031: over sign-ins step by step and at once, steps up, and clocks that go back: accepted steps strictly increase.
    #[test]
    fn law3_accepted_steps_strictly_increase(
        tries in prop::collection::vec((0..3_u8, -2_i64..3, prop::sample::select(vec![0_i64, 1, 15, 30, 45, 90, 900, 2000, -20, -40, -400])), 1..30),
    ) {
        let world = World::recommended();
        let mut person = world.person(WHO, APP);
        let code = person.drawer.pop().unwrap();
        person.session = world.prove(&world.login(WHO), Proof::RecoveryCode(code)).unwrap().session().clone();
        let app = person.app.clone().unwrap();
        let (mut last, mut seen) = (None, world.now());
        for (door, steps, later) in tries {
            world.seconds(later);
            // What the record goes by: the later of the two, unless the clock is back by more than a minute (law 7).
            let back = seen.since(world.now()) > core::time::Duration::from_secs(60);
            seen = if back { world.now() } else { seen.max(world.now()) };
            let step = app.params.step_at(world.now()).unwrap().checked_add_signed(steps).unwrap();
            let code = Code::typed(&app.code(world.now(), steps));
            let proof = Proof::Totp(code.clone());
            let entered = match door {
                0 => match world.stepwise(WHO, PASSWORD) {
                    Ok(Progress::SecondFactor(second)) => world.prove(&second.login.unwrap(), proof).is_ok(),
                    _ => continue,
                },
                1 => {
                    let proofs = Proofs { totp: Some(code), ..Proofs::default() };
                    matches!(world.at_once(WHO, PASSWORD, proofs), Ok(Progress::SignedIn(_)))
                }
                _ => {
                    let (client, session) = (Client::unmetered(), person.session.clone());
                    let stepped = world.ask(StepUp { client, session, proof, label: label() }).into_result();
                    stepped.map(|signed_in| person.session = signed_in.session().clone()).is_ok()
                }
            };
            if entered {
                prop_assert!(last < Some(step), "R36: step {step} after {last:?}");
                let now = app.params.step_at(seen).unwrap();
                prop_assert!(now.abs_diff(step) <= 1, "R37: step {step} at {now}");
                last = Some(step);
            }
        }
    }
}

/// R87, B113: the code that confirmed an app signs in nowhere, nor does an earlier one; the next step's does.
#[test]
fn r87_the_code_that_confirmed_an_app_is_used_up() {
    let world = World::recommended();
    let _ = world.member(WHO);
    let session = world.stepwise(WHO, PASSWORD).unwrap().signed_in().unwrap().session().clone();
    let app = world.enrol(&session).unwrap();
    let code = app.code(world.now(), 0);
    world.confirm(&session, &code).unwrap();
    let typed = |steps| Code::typed(&app.code(world.now(), steps));
    for steps in [0, -1] {
        let proofs = Proofs { totp: Some(typed(steps)), ..Proofs::default() };
        assert!(matches!(world.at_once(WHO, PASSWORD, proofs), Err(Refusal::InvalidProof { .. })), "{steps}");
        let answer = world.prove(&world.login(WHO), Proof::Totp(typed(steps)));
        assert!(matches!(answer, Err(Refusal::InvalidProof { .. })), "{steps}");
        let (client, session) = (Client::unmetered(), session.clone());
        let proof = Proof::Totp(typed(steps));
        let answer = world.ask(StepUp { client, session, proof, label: label() }).into_result();
        assert!(matches!(answer, Err(Refusal::InvalidProof { .. })), "{steps}");
    }
    assert!(world.prove(&world.login(WHO), Proof::Totp(typed(1))).is_ok());
}

/// R52, B040, B102: what belongs to another account is worth nothing here, and is still whole there.
#[test]
fn b102_factors_belong_to_one_account() {
    let world = World::recommended();
    let [jo, mallory] = [WHO, OTHER].map(|who| world.person(who, APP));
    for n in 0..3 {
        let proof = match n {
            0 => mallory.totp(&world),
            _ => Proof::RecoveryCode(mallory.drawer[0].clone()),
        };
        let answer = world.prove(&world.login(WHO), proof);
        assert!(
            matches!(answer, Err(Refusal::InvalidProof { attempts_left, .. }) if attempts_left >= 8),
            "{answer:?}"
        );
    }
    let signed_in = world.prove(&world.login(OTHER), Proof::RecoveryCode(mallory.drawer[0].clone())).unwrap();
    assert_eq!((signed_in.account(), signed_in.recovery_codes_left()), (&mallory.account, Some(9)));
    let signed_in = world.prove(&world.login(OTHER), mallory.totp(&world)).unwrap();
    assert_eq!(signed_in.account(), &mallory.account);
    // A ticket says whose sign-in it is: the right code of one is for that account alone.
    assert!(world.prove(&world.login(OTHER), jo.totp(&world)).is_err());
    assert!(world.prove(&world.login(WHO), jo.totp(&world)).is_ok());
}

/// B033, B034, B048, R77, R89: a half-proven sign-in's ticket opens nothing else, nor does any ticket relabelled as one of another kind.
#[test]
fn b033_b034_b048_tickets_open_one_kind_of_door() {
    let world = World::recommended();
    let person = world.person(WHO, APP);
    world.seconds(60);
    let otp = world.start(Purpose::SignIn, WHO).unwrap().session;
    let link = sign_in_link(&world.last_mail()).unwrap();
    let login = world.login(WHO);
    let texts = [
        ("otp_", otp.expose()),
        ("enter_", link.expose()),
        ("login_", login.expose()),
        ("sess_", person.session.expose()),
    ];
    let mut tried = 0;
    for (own, text) in &texts {
        let as_kind = |kind: &str| text.replacen(own, kind, 1);
        let password = || Password::typed(PASSWORD).unwrap();
        if *own != "sess_" {
            let session = Ticket::<Session>::parse(&as_kind("sess_")).unwrap();
            assert_eq!(world.check(&session).unwrap_err(), Refusal::InvalidSession, "{own}");
            assert_eq!(world.enrol(&session).unwrap_err(), Refusal::InvalidSession, "B034: {own}");
            assert_eq!(world.confirm(&session, "000000").unwrap_err(), Refusal::InvalidSession);
            assert_eq!(world.enable_mailed(&session).unwrap_err(), Refusal::InvalidSession);
            let (client, proof) = (Client::unmetered(), Proof::Password(password()));
            let step = world.ask(StepUp { client, session, proof, label: label() }).into_result();
            assert_eq!(step.unwrap_err(), Refusal::InvalidSession);
            tried += 1;
        }
        if *own != "login_" {
            let login = Ticket::<Login>::parse(&as_kind("login_")).unwrap();
            assert_eq!(
                world.prove(&login, person.totp(&world)).unwrap_err(),
                Refusal::InvalidSession,
                "{own}"
            );
            let client = Client::unmetered();
            let resend = world.ask(ResendFactorCode { client, login }).into_result();
            assert_eq!(resend.unwrap_err(), Refusal::InvalidSession);
            tried += 1;
        }
        if *own != "enter_" {
            let (client, link) =
                (Client::unmetered(), Ticket::<SignInLink>::parse(&as_kind("enter_")).unwrap());
            let redeem = world.ask(RedeemSignIn { client, link, label: label() }).into_result();
            assert_eq!(redeem.unwrap_err(), Refusal::InvalidSession, "{own}");
            tried += 1;
        }
        if *own != "otp_" {
            let session = Ticket::<OtpSession>::parse(&as_kind("otp_")).unwrap();
            for purpose in Purpose::ALL {
                let request = Verify { enter: Some(label()), ..verify(purpose, &session, "000000") };
                assert_eq!(world.ask(request).into_result().unwrap_err(), Refusal::InvalidSession, "{own}");
            }
            tried += 1;
        }
    }
    assert_eq!(tried, 12);
    // None of it was counted as a guess or spent anything.
    assert!(world.prove(&login, person.totp(&world)).is_ok());
}

/// B073, B107, B108, R79: whatever changes what opens an account ends the sign-ins that wait, the codes and links sent, the codes for
/// actions, and the other sessions; nothing of it comes back.
#[test]
fn b108_nothing_outlives_a_change_of_the_account() {
    for change in 0..4 {
        let world = World::recommended();
        let mailed = world.person(WHO, if change == 0 { MAILED } else { Has::default() });
        let (first, other) = (mailed.session.clone(), world_session(&world, change));
        // A second factor is added by whoever has proven the first one that is on.
        let (kept, lost) = if change == 0 { (other, first) } else { (first, other) };
        world.seconds(60);
        let login = (change == 0).then(|| world.login(WHO));
        let factor_code = world.seen.mail.lock().unwrap().last().and_then(|mail| mail.code.clone());
        let session = world.start(Purpose::SignIn, WHO).unwrap().session;
        let (code, link) = (world.last_code(), sign_in_link(&world.last_mail()).unwrap());
        let recover = world.start(Purpose::Recover, WHO).unwrap().session;
        let recover_code = world.last_code();
        let confirm = world.start(Purpose::ConfirmAction, WHO).unwrap().session;
        let confirm_code = world.last_code();
        match change {
            0 | 1 => {
                let app = world.enrol(&kept).unwrap();
                world.confirm(&kept, &app.code(world.now(), 0)).unwrap();
            }
            2 => drop(world.enable_mailed(&kept).unwrap()),
            _ => {
                world.suspend(&mailed.account, true);
                world.suspend(&mailed.account, false);
            }
        }
        if let (Some(login), Some(code)) = (&login, factor_code) {
            assert_eq!(
                world.prove(login, Proof::MailedCode(code)).unwrap_err(),
                Refusal::InvalidSession,
                "B108"
            );
        }
        let (client, label) = (Client::unmetered(), label());
        let enter = Verify { enter: Some(label.clone()), ..verify(Purpose::SignIn, &session, &code) };
        let by_code = change == 1;
        if by_code {
            assert_eq!(world.ask(enter).into_result().unwrap_err(), Refusal::InvalidSession, "{change}");
        } else {
            let redeem = world.ask(RedeemSignIn { client, link, label }).into_result();
            assert_eq!(redeem.unwrap_err(), Refusal::InvalidSession, "{change}");
        }
        assert!(world.verify(Purpose::Recover, &recover, &recover_code).is_err(), "B073: {change}");
        assert!(world.verify(Purpose::ConfirmAction, &confirm, &confirm_code).is_err(), "{change}");
        assert_eq!(world.check(&lost).unwrap_err(), Refusal::InvalidSession, "B107: {change}");
        assert_eq!(world.check(&kept).is_ok(), change != 3, "{change}");
    }
}

/// Another session of the same account.
fn world_session(world: &World, change: i32) -> Ticket<Session> {
    if change == 0 {
        world.seconds(60);
        let login = world.login(WHO);
        let code = Code::typed(&world.last_code());
        return world.prove(&login, Proof::MailedCode(code)).unwrap().session().clone();
    }
    world.stepwise(WHO, PASSWORD).unwrap().signed_in().unwrap().session().clone()
}

/// Law 6, R18, B076, B077, B079, R80, R86: each of what signing in hands out ends to the millisecond, by the time of its own kind.
#[test]
fn law6_everything_ends_to_the_millisecond() {
    const SECONDS: [i64; 4] = [900, 300, 600, 30 * 86_400];
    for (what, seconds) in SECONDS.into_iter().enumerate() {
        for (millis, passes) in [(-1, true), (0, false), (1, false)] {
            let world = World::recommended();
            let person = world.person(WHO, [APP, MAILED, Has::default(), APP][what]);
            world.seconds(60);
            let wait = |world: &World| world.millis(seconds * 1000 + millis);
            let passed = match what {
                0 => {
                    let login = world.login(WHO);
                    wait(&world);
                    world.prove(&login, person.totp(&world)).is_ok()
                }
                1 => {
                    let login = world.login(WHO);
                    let code = Code::typed(&world.last_code());
                    wait(&world);
                    world.prove(&login, Proof::MailedCode(code)).is_ok()
                }
                2 => {
                    let app = world.enrol(&person.session).unwrap();
                    wait(&world);
                    let answer = world.confirm(&person.session, &app.code(world.now(), 0));
                    assert!(passes || answer.as_ref().err() == Some(&Refusal::NothingPending));
                    answer.is_ok()
                }
                _ => {
                    let signed_in = world.prove(&world.login(WHO), person.totp(&world)).unwrap();
                    wait(&world);
                    let checked = world.check(signed_in.session()).is_ok();
                    // B077, law 7: what was seen as ended does not come back with the clock.
                    world.millis(-1000);
                    assert_eq!(world.check(signed_in.session()).is_ok(), checked);
                    checked
                }
            };
            assert_eq!(passed, passes, "{what}: {seconds} s and {millis} ms");
        }
    }
}
