//! Laws 10 and 12 for recoveries and changes: whatever fails, at whatever call or stage, nothing is granted that was not done, nothing is
//! granted twice, no guess comes back, and there is a way forward.

use countersign::*;

use crate::common::{Fault, World, id, verify};
use crate::drive::{Act, Stage};
use crate::household::{WHO, patiently, settings};
use crate::owner::*;
use crate::people::*;
use crate::scenes::{NEW, Prepared, Scene, enters, opens, prepared, scenes, waited, with_session};

fn begin(has: Has) -> (World, Person) {
    let world = World::new(settings());
    let person = world.owner(WHO, has);
    world.seconds(61);
    (world, person)
}

/// What holds after any trouble; `granted` is what was told, if anything was.
fn aftermath(
    world: &World,
    person: &Person,
    scene: &Scene,
    prepared: &Prepared,
    granted: Option<bool>,
    case: &str,
) {
    let done = (scene.done)(world, person);
    assert!(granted != Some(true) || done, "law 10: granted and not done: {case}");
    let again = (prepared.plain)(world).unwrap_or_else(|| panic!("law 12: still failing: {case}"));
    if !scene.again {
        assert!(granted != Some(true) || !again, "law 3: granted twice: {case}");
        let third = again.then(|| (prepared.plain)(world));
        assert!(third.is_none_or(|third| third == Some(false)), "law 3: granted twice after trouble: {case}");
    }
    // The owner gets in, and what was to be done can be done.
    let session = enters(world, person).unwrap_or_else(|no| panic!("law 12 (a way forward): {no:?}: {case}"));
    assert!(world.secured(&session).is_ok(), "{case}");
    let (who, _) = opens(world);
    world.seconds(1800);
    let grant = patiently(world, || world.granted(who)).unwrap_or_else(|no| panic!("{case}: {no:?}"));
    let proof = (!grant.asks.is_empty()).then(|| person.totp(world));
    let reset = world.reset(&grant.grant, "And another one 5", proof);
    assert!(reset.is_ok(), "law 12 (a way forward): {case}: {reset:?}");
}

/// Law 10, R73: every call of the host, clock and generator included, fails before it has an effect, or after.
#[test]
fn law10_r73_no_failing_call_grants_anything() {
    let mut tried = 0;
    for scene in scenes() {
        for fault in [Fault::Before, Fault::After] {
            for index in 0..40 {
                let (world, mut person) = begin(scene.has);
                let prepared = (scene.prepare)(&world, &mut person);
                world.fail_at(index, fault);
                let granted = (prepared.plain)(&world);
                let calls = world.heal();
                if calls <= index {
                    assert!(index > 2 && granted == Some(true), "{} makes {calls} calls", scene.what);
                    break;
                }
                tried += 1;
                let case = format!("{}, {fault:?} at call {index}", scene.what);
                aftermath(&world, &person, &scene, &prepared, granted, &case);
            }
        }
    }
    assert!(tried > 200, "{tried}");
}

/// Laws 10 and 12: every stage of every operation: the call fails, its answer is lost, the host dies. A commit whose answer was lost is
/// recognised.
#[test]
fn law12_no_crash_between_commits_grants_or_gives_back() {
    for scene in scenes() {
        for act in [Act::Fail, Act::Lose, Act::Crash] {
            for stage in 0..9 {
                let (world, mut person) = begin(scene.has);
                let prepared = (scene.prepare)(&world, &mut person);
                let (granted, reached) = (prepared.by_hand)(&world, stage, act);
                let case = format!("{}, {act:?} at stage {stage}, {reached:?}", scene.what);
                if act == Act::Lose && matches!(reached, Some(Stage::Commit(_))) {
                    assert_eq!(granted, Some(true), "a lost answer was not recognised: {case}");
                }
                if act == Act::Fail && matches!(reached, Some(Stage::Commit(_))) {
                    assert_ne!(granted, Some(false), "law 12: refused for a failing store: {case}");
                }
                aftermath(&world, &person, &scene, &prepared, granted, &case);
            }
        }
    }
}

/// What is guessed at, and the guess.
type Guess = (&'static str, Factor, fn(&World, &Person) -> Prepared);

const GUESSES: [Guess; 6] = [
    ("a wrong code with a grant", Factor::Totp, |world, person| {
        let grant = world.granted(WHO).unwrap().grant;
        prepared(resetting(&grant, NEW_PASSWORD, Some(person.wrong_totp(world))))
    }),
    ("a wrong recovery code with a grant", Factor::RecoveryCode, |world, _| {
        let grant = world.granted(WHO).unwrap().grant;
        prepared(resetting(&grant, NEW_PASSWORD, Some(Proof::RecoveryCode(no_recovery_code()))))
    }),
    ("a wrong present password", Factor::Password, |_, person| {
        prepared(changing(&person.session, WRONG_PASSWORD, NEW_PASSWORD))
    }),
    ("a wrong password with a change", Factor::Password, |_, person| {
        let (client, session, _) = with_session(person);
        prepared(DisableTotp { client, session, password: Some(password(WRONG_PASSWORD)) })
    }),
    ("a wrong code of the app to step up", Factor::Totp, |world, person| {
        let (client, session, _) = with_session(person);
        prepared(StepUp { client, session, proof: person.wrong_totp(world), label: label() })
    }),
    ("a wrong code after the wait", Factor::MailedCode, |world, _| {
        let login = waited(world);
        let _ = world.lost(&login).unwrap();
        prepared(ResetFactors { client: client(), login, code: Code::typed("no code") })
    }),
];

/// How many wrong guesses at a factor would still be answered: by the account's record, or for the one code that was mailed.
fn left(world: &World, person: &Person, factor: Factor, request: &Prepared) -> usize {
    let waiting = || (factor != Factor::MailedCode).then(|| world.login(WHO));
    world.trying(|| {
        let mut login = waiting();
        let mut answered = |guess: &usize| {
            if guess % 5 == 4 {
                login = waiting();
            }
            world.events();
            match (factor, &login) {
                (Factor::Totp, Some(login)) => drop(world.prove(login, person.wrong_totp(world))),
                (Factor::RecoveryCode, Some(login)) => {
                    drop(world.prove(login, Proof::RecoveryCode(no_recovery_code())));
                }
                (Factor::Password, _) => {
                    drop(world.step_up(&person.session, Proof::Password(password(WRONG_PASSWORD))));
                }
                _ => drop((request.plain)(world)),
            }
            world.events().contains(&"factor.rejected")
        };
        (0..30).take_while(&mut answered).count()
    })
}

/// Law 10, R12, B121: a wrong guess that is answered is counted, whatever fails before and after; none that broke off comes back.
#[test]
fn law10_no_failure_gives_a_guess_back() {
    for (what, factor, prepare) in GUESSES {
        for act in [Act::Go, Act::Fail, Act::Lose, Act::Crash] {
            for stage in 0..5 {
                let (world, person) = begin(APP);
                let request = prepare(&world, &person);
                let before = left(&world, &person, factor, &request);
                let (answered, reached) = (request.by_hand)(&world, stage, act);
                assert_ne!(answered, Some(true), "{what}");
                let after = left(&world, &person, factor, &request);
                let case = format!("{what}, {act:?} at stage {stage}, {reached:?}: {before}, then {after}");
                assert!(after <= before, "law 10: a guess came back: {case}");
                assert!(answered.is_none() || after == before - 1, "law 10: answered, not counted: {case}");
            }
        }
    }
}

/// Deleting, cut off at any stage: the account stays, or its address can be had again and has another id; nobody gets in to what was.
#[test]
fn law12_a_deletion_that_is_cut_off() {
    for act in [Act::Fail, Act::Lose, Act::Crash] {
        for stage in 0..9 {
            let (world, person) = begin(APP);
            let own = person.session.clone();
            let delete = prepared(DeleteAccount { client: client(), session: own, password: None });
            let (granted, reached) = (delete.by_hand)(&world, stage, act);
            let case = format!("{act:?} at stage {stage}, {reached:?}");
            let gone = world.check(&person.session).is_err();
            assert!(granted != Some(true) || gone, "{case}");
            if act == Act::Lose && matches!(reached, Some(Stage::Commit(_))) {
                assert_eq!(granted, Some(true), "a lost answer was not recognised: {case}");
            }
            if !gone {
                assert!(world.knows(WHO, PASSWORD), "law 12: {case}");
                assert_eq!((delete.plain)(&world), Some(true), "law 12 (a way forward): {case}");
            }
            assert_ne!((delete.plain)(&world), Some(true), "law 3: {case}");
            assert_eq!(world.stepwise(WHO, PASSWORD).unwrap_err(), Refusal::InvalidCredentials, "{case}");
            let _ = world.start(Purpose::Recover, WHO).unwrap();
            assert!(world.last_mail().suppressed, "{case}");
            // Signed up anew, crashed or not.
            let anew = world.member(WHO);
            assert_ne!(anew, person.account, "law 12: {case}");
            let session = session(world.stepwise(WHO, PASSWORD).unwrap());
            assert_eq!(world.check(&session).unwrap().account, anew, "{case}");
            assert!(!world.secured(&session).unwrap().totp);
        }
    }
}

/// A change of the address, cut off at any stage: one of the two addresses opens, and the change can be finished; then the old address is
/// free.
#[test]
fn law12_an_address_change_that_is_cut_off() {
    for act in [Act::Fail, Act::Lose, Act::Crash] {
        for stage in 0..9 {
            let (world, person) = begin(APP);
            let started = world.move_to(&person.session, None, NEW).unwrap();
            let request = prepared(verify(Purpose::ChangeAddress, &started.session, &world.last_code()));
            let (granted, reached) = (request.by_hand)(&world, stage, act);
            let case = format!("{act:?} at stage {stage}, {reached:?}");
            let (who, _) = opens(&world);
            assert!(granted != Some(true) || who == NEW, "{case}");
            let session = enters(&world, &person).unwrap();
            let info = world.check(&session).unwrap();
            assert_eq!((info.identifier, info.account), (id(who), person.account.clone()), "{case}");
            assert_eq!(info.address.as_str(), who, "a sign-in settles it: {case}");
            if who == WHO {
                world.seconds(900);
                let session = world.fresh(&person);
                let started = patiently(&world, || world.move_to(&session, None, NEW)).unwrap();
                let finished = world.moved(&started);
                assert!(finished.is_ok(), "law 12 (a way forward): {case}: {finished:?}");
            }
            assert_eq!(opens(&world).0, NEW, "{case}");
            world.seconds(900);
            assert_ne!(world.member(WHO), person.account, "the old address is free: {case}");
        }
    }
}
