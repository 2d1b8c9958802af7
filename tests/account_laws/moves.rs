//! Law 12 where changes of the address meet, or follow one that was cut off; and what is bound anew, in every partition.

use countersign::*;

use crate::common::{World, verify};
use crate::drive::{Act, Stage, drive};
use crate::household::{WHO, settings};
use crate::owner::*;
use crate::people::*;
use crate::racing::{cross, under};

const ONE: &str = "jo@one.example.org";
const TWO: &str = "jo@two.example.org";

/// Begins a change of the address: the request that proves it.
fn begun(world: &World, session: &Ticket<Session>, to: &str) -> Verify {
    world.seconds(61);
    let started = world.move_to(session, None, to).unwrap();
    verify(Purpose::ChangeAddress, &started.session, &world.last_code())
}

/// Cuts a change off when the directory was told and nobody came back to say so.
fn cut_off(world: &World, request: Verify) {
    let lose = &mut |_, stage| if stage == Stage::Rename { Act::Lose } else { Act::Go };
    assert!(drive(world, request, world.now(), lose).outcome.is_none());
}

/// Where the password opens.
fn doors(world: &World) -> Vec<&'static str> {
    let opens = |who: &&str| world.trying(|| world.knows(who, PASSWORD));
    [WHO, ONE, TWO].into_iter().filter(opens).collect()
}

/// Two changes at once, each proven, wherever they meet: the account has one of the three addresses, and opens by it.
#[test]
fn law12_two_changes_at_once_leave_one_door() {
    for one in 0..12 {
        for other in 0..14 {
            let world = World::new(settings());
            let person = world.owner(WHO, NONE);
            let first = begun(&world, &person.session, ONE);
            let second = begun(&world, &person.session, TWO);
            let first = under(&world, 2001, first, |verified| verified.identifier);
            let second = under(&world, 2002, second, |verified| verified.identifier);
            let ends = cross(&world, (first, one), (second, other));
            let doors = doors(&world);
            assert_eq!(doors.len(), 1, "law 12: after {one} and {other} stages: {doors:?}, {ends:?}");
            let info =
                world.trying(|| world.check(&session(world.stepwise(doors[0], PASSWORD).unwrap())).unwrap());
            assert_eq!(info.address.as_str(), doors[0], "after {one} and {other} stages");
        }
    }
}

/// A change that was cut off, and then another: it settles the first, and can be made.
#[test]
fn law12_another_change_after_one_that_was_cut_off() {
    for to in [TWO, ONE, WHO] {
        let world = World::new(settings());
        let person = world.owner(WHO, NONE);
        let first = begun(&world, &person.session, ONE);
        cut_off(&world, first);
        let second = begun(&world, &person.session, to);
        let answer = world.run(second).expect("no host error").granted();
        let found = doors(&world);
        assert_eq!(found.len(), 1, "law 12: {to}: {found:?}");
        assert!(answer.is_none_or(|verified| verified.identifier.as_str() == found[0]));
        // Whatever it came to, it can be made now.
        world.seconds(1800);
        let session = session(world.stepwise(found[0], PASSWORD).unwrap());
        if found[0] != TWO {
            let again = begun(&world, &session, TWO);
            assert!(world.run(again).unwrap().granted().is_some(), "law 12 (a way forward): {to}");
        }
        assert_eq!(doors(&world), [TWO]);
    }
}

/// R62, R79: a change that a sign-in settles is told to both addresses and ends the other sessions, as one that was not cut off.
#[test]
fn r62_r79_a_change_that_is_settled_late_is_told() {
    for by_another_change in [false, true] {
        let world = World::new(settings());
        let person = world.owner(WHO, NONE);
        let other = world.fresh(&person);
        let first = begun(&world, &person.session, ONE);
        cut_off(&world, first);
        let second = by_another_change.then(|| begun(&world, &person.session, TWO));
        let mails = world.mails();
        world.events();
        match second {
            Some(second) => drop(world.run(second).unwrap()),
            None => assert!(world.knows(ONE, PASSWORD)),
        }
        let told = world.mailed(mails);
        assert!(world.events().contains(&"address.changed"), "R74: {by_another_change}");
        for to in [WHO, ONE] {
            assert!(told.contains(&(to.to_owned(), "address_changed")), "R62: {to}: {told:?}");
        }
        assert_eq!(world.check(&other).unwrap_err(), Refusal::InvalidSession, "R79: {by_another_change}");
    }
}

/// R2: what was guessed at a factor that is bound anew is over, whoever guessed: also on a device. The owner who forgot the password and
/// tried it on all devices gets in by the new one at once.
#[test]
fn r2_what_is_bound_anew_starts_afresh_on_devices_too() {
    let world = World::new(settings());
    let mut person = world.owner(WHO, NONE);
    let first = world.device(&mut person);
    let second = world.trust(&person.session).unwrap().device;
    for device in [&first, &second] {
        for _ in 0..5 {
            assert!(world.by_device(WHO, WRONG_PASSWORD, device).is_err());
        }
    }
    let answer = world.by_device(WHO, PASSWORD, &second);
    assert!(matches!(answer, Err(Refusal::Limited { .. })), "ten in all are answered");
    let grant = world.granted(WHO).unwrap();
    let reset = world.reset(&grant.grant, NEW_PASSWORD, None).unwrap();
    while world.stepwise(WHO, WRONG_PASSWORD).unwrap_err() == Refusal::InvalidCredentials {}
    assert!(world.by_device(WHO, NEW_PASSWORD, &reset.device).is_ok(), "law 9");
}

/// R2: an app that was disabled by guesses on a device is usable there once another is bound.
#[test]
fn r2_an_app_that_was_disabled_on_a_device_is_bound_anew() {
    let mut settings = settings();
    settings.guesses.consecutive = 12;
    settings.devices.skip_second_factor = false;
    let world = World::new(settings);
    let mut person = world.owner(WHO, APP);
    let mut device = world.device(&mut person);
    for guess in 0..=12 {
        world.seconds(25 * 3600);
        let asked = second(world.by_device(WHO, PASSWORD, &device).unwrap());
        device = asked.device.expect("trusted");
        let answer = world.prove(&asked.login.unwrap(), person.wrong_totp(&world)).unwrap_err();
        assert_eq!(answer == Refusal::FactorDisabled, guess == 12, "{guess}: {answer:?}");
    }
    person.session = world.fresh(&person);
    let app = world.enrol(&person.session).unwrap();
    let _ = world.confirm(&person.session, &app.code(world.now(), 0)).unwrap();
    person.app = Some(app);
    let device = world.device(&mut person);
    world.seconds(31);
    let asked = second(world.by_device(WHO, PASSWORD, &device).unwrap());
    assert!(asked.device.is_some());
    assert!(world.prove(&asked.login.unwrap(), person.totp(&world)).is_ok(), "R2");
}

/// What a gate offers leads on: whoever proves the first of it, again and again, has soon proven enough, in any session.
#[test]
fn what_is_offered_to_step_up_with_is_enough_in_the_end() {
    for has in [NONE, APP, MAILED, BOTH] {
        for by_device in [false, true] {
            let world = World::new(settings());
            let mut person = world.owner(WHO, has);
            let device = world.device(&mut person);
            let mut own = if by_device {
                session(world.by_device(WHO, PASSWORD, &device).unwrap())
            } else {
                person.session.clone()
            };
            world.seconds(3600);
            for round in 0..3 {
                let refusal = match world.regenerate(&own, None) {
                    Err(Refusal::StepUpRequired { offered }) => offered,
                    other => {
                        assert!(round > 0 && matches!(other, Ok(_) | Err(Refusal::NotEnrolled)), "{other:?}");
                        break;
                    }
                };
                assert!(round < 2, "{has:?}, {by_device}: {refusal:?}");
                let proof = match refusal[0] {
                    Factor::Totp => person.totp(&world),
                    Factor::MailedCode => {
                        let _ = world.step_up_code(&own).unwrap();
                        Proof::MailedCode(world.last_mail().code.unwrap())
                    }
                    Factor::RecoveryCode => Proof::RecoveryCode(person.drawer[0].clone()),
                    Factor::Password => Proof::Password(password(PASSWORD)),
                };
                own = world.step_up(&own, proof).unwrap().session().clone();
            }
        }
    }
}

/// B097: to an address that was never proven no code goes, whoever is signed in; and no app is bound beside it (R90).
#[test]
fn r90_b097_nothing_is_mailed_to_an_unproven_address() {
    let world = World::new(settings());
    let _ = world.legacy(WHO, false);
    let session = session(world.stepwise(WHO, PASSWORD).unwrap());
    assert_eq!(world.step_up_code(&session).unwrap_err(), Refusal::FactorNotAllowed);
    let actions = vec![Todo::VerifyAddress];
    assert_eq!(world.enrol(&session).map(|_| ()).unwrap_err(), Refusal::ActionRequired { actions });
    assert_eq!(world.mails(), 0);
}

/// Another password is another one; and the owner hears of a recovery code that was used for a new password.
#[test]
fn r49_r74_a_recovery_code_at_a_reset_is_told() {
    let world = World::new(settings());
    let person = world.owner(WHO, APP);
    let same = world.change_password(&person.session, PASSWORD, PASSWORD).map(|_| ()).unwrap_err();
    assert!(matches!(same, Refusal::PasswordBlocked(_)), "{same:?}");
    let grant = world.granted(WHO).unwrap();
    let (mails, _) = (world.mails(), world.events());
    let proof = Some(Proof::RecoveryCode(person.drawer[0].clone()));
    let _ = world.reset(&grant.grant, NEW_PASSWORD, proof).unwrap();
    assert!(world.events().contains(&"recovery_codes.used"));
    let told: Vec<_> = world.mailed(mails).into_iter().map(|(_, kind)| kind).collect();
    assert!(told.contains(&"recovery_code_used") && told.contains(&"password_reset"), "{told:?}");
}
