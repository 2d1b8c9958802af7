//! Laws 10 and 12 for recoveries and changes: whatever fails, at whatever call or stage, nothing is granted that was not done, nothing is
//! granted twice, no guess comes back, and there is a way forward.

use countersign::*;

use crate::common::{Fault, World, id, verify};
use crate::drive::{Act, Stage, drive};
use crate::household::{WHO, patiently, settings};
use crate::owner::*;
use crate::people::*;

const NEW: &str = "jo@new.example.org";

/// The request, made once and sent as often as wanted.
struct Prepared {
    plain: Box<dyn Fn(&World) -> Option<bool>>,
    by_hand: Box<dyn Fn(&World, usize, Act) -> (Option<bool>, Option<Stage>)>,
}

fn prepared<R: Request + Clone + 'static>(request: R) -> Prepared {
    let again = request.clone();
    Prepared {
        plain: Box::new(move |world| Some(world.run(request.clone()).ok()?.granted().is_some())),
        by_hand: Box::new(move |world, at, act| {
            let mut reached = None;
            let mut acts = |index, stage| {
                if index == at {
                    reached = Some(stage);
                    act
                } else {
                    Act::Go
                }
            };
            let end = drive(world, again.clone(), world.now(), &mut acts);
            (end.outcome.map(|outcome| outcome.granted().is_some()), reached)
        }),
    }
}

/// What is tried.
struct Scene {
    what: &'static str,
    has: Has,
    prepare: fn(&World, &mut Person) -> Prepared,
    /// Whether it was done, by what anybody can see.
    done: fn(&World, &Person) -> bool,
    /// Whether it can be granted again without a new start.
    again: bool,
}

/// Which of the addresses and passwords open the door now: one of each, and not more.
fn opens(world: &World) -> (&'static str, &'static str) {
    let doors = [WHO, NEW].into_iter().flat_map(|who| [(who, PASSWORD), (who, NEW_PASSWORD)]);
    let open = |(who, password): &(&'static str, &'static str)| {
        world.trying(|| patiently(world, || world.stepwise(who, password)).is_ok())
    };
    let open: Vec<_> = doors.filter(open).collect();
    assert_eq!(open.len(), 1, "law 12 (a way forward): {open:?}");
    open[0]
}

/// Signs the owner in, whatever was cut off: by the password and the address that are good, and the app where it is on.
fn enters(world: &World, person: &Person) -> Result<Ticket<Session>, Refusal> {
    let (who, password) = opens(world);
    world.seconds(61);
    match patiently(world, || world.stepwise(who, password))? {
        Progress::SignedIn(signed_in) => Ok(signed_in.session().clone()),
        Progress::SecondFactor(second) => {
            let proof = match second.offered[0] {
                Factor::Totp => person.totp(world),
                _ => Proof::MailedCode(world.last_mail().code.unwrap()),
            };
            let login = second.login.unwrap();
            let proven = patiently(world, || world.prove(&login, proof.clone()));
            proven.map(|signed_in| signed_in.session().clone())
        }
    }
}

/// Looks at how the account is secured, signed in afresh for it, and puts everything back.
fn secured(world: &World, person: &Person) -> Secured {
    world.trying(|| world.secured(&enters(world, person).unwrap()).unwrap())
}

fn waited(world: &World) -> Ticket<Login> {
    let _ = world.lost(&world.login(WHO)).unwrap();
    world.seconds(73 * 3600);
    world.login(WHO)
}

fn with_session(person: &Person) -> (Client, Ticket<Session>, Option<Password>) {
    (client(), person.session.clone(), None)
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn scenes() -> Vec<Scene> {
    vec![
        Scene {
            what: "a lost password",
            has: APP,
            prepare: |_, _| prepared(Recover { client: client(), identifier: id(WHO), locale: None }),
            done: |_, _| true,
            again: true,
        },
        Scene {
            what: "a recovery's code",
            has: APP,
            prepare: |world, _| {
                let session = world.start(Purpose::Recover, WHO).unwrap().session;
                prepared(verify(Purpose::Recover, &session, &world.last_code()))
            },
            done: |_, _| true,
            again: false,
        },
        Scene {
            what: "a recovery's link",
            has: APP,
            prepare: |world, _| {
                let _ = world.start(Purpose::Recover, WHO).unwrap();
                let link = recovery_link(&world.last_mail()).unwrap();
                prepared(RedeemRecovery { client: client(), link })
            },
            done: |_, _| true,
            again: false,
        },
        Scene {
            what: "a recovery of the host's own account",
            has: NONE,
            prepare: |world, _| {
                let _ = world.legacy("from@before.example.com", true);
                let session = world.start(Purpose::Recover, "from@before.example.com").unwrap().session;
                prepared(verify(Purpose::Recover, &session, &world.last_code()))
            },
            done: |world, _| world.knows("from@before.example.com", PASSWORD),
            again: false,
        },
        Scene {
            what: "a new password",
            has: APP,
            prepare: |world, person| {
                let grant = world.granted(WHO).unwrap().grant;
                prepared(resetting(&grant, NEW_PASSWORD, Some(person.totp(world))))
            },
            done: |world, _| opens(world).1 == NEW_PASSWORD,
            again: false,
        },
        Scene {
            what: "a new password by a recovery code",
            has: APP,
            prepare: |world, person| {
                let grant = world.granted(WHO).unwrap().grant;
                let proof = Proof::RecoveryCode(person.drawer[0].clone());
                prepared(resetting(&grant, NEW_PASSWORD, Some(proof)))
            },
            done: |world, person| {
                // Password and code are one commit: neither without the other.
                let set = opens(world).1 == NEW_PASSWORD;
                assert_eq!(secured(world, person).recovery_codes_left, if set { 2 } else { 3 }, "B075");
                set
            },
            again: false,
        },
        Scene {
            what: "an app said to be lost",
            has: APP,
            prepare: |world, _| {
                prepared(RecoverFactor { client: client(), login: world.login(WHO), locale: None })
            },
            done: |world, _| world.trying(|| world.lost(&world.login(WHO)).unwrap().ready_in) > ZERO,
            again: true,
        },
        Scene {
            what: "a code after the wait",
            has: APP,
            prepare: |world, _| {
                prepared(RecoverFactor { client: client(), login: waited(world), locale: None })
            },
            done: |_, _| true,
            again: true,
        },
        Scene {
            what: "an app turned off after the wait",
            has: APP,
            prepare: |world, _| {
                let login = waited(world);
                let _ = world.lost(&login).unwrap();
                prepared(ResetFactors { client: client(), login, code: world.last_mail().code.unwrap() })
            },
            done: |world, person| !secured(world, person).totp,
            again: false,
        },
        Scene {
            what: "a wait that is stopped",
            has: APP,
            prepare: |world, _| {
                let _ = world.lost(&world.login(WHO)).unwrap();
                let link = cancel_link(&world.last_mail()).unwrap();
                prepared(CancelFactorRecovery { client: client(), link })
            },
            done: |world, person| world.secured(&person.session).unwrap().recovery.is_none(),
            again: false,
        },
        Scene {
            what: "an operator's start",
            has: APP,
            prepare: |_, person| prepared(StartFactorReset { account: person.account.clone() }),
            done: |world, person| world.secured(&person.session).unwrap().recovery.is_some(),
            again: true,
        },
        Scene {
            what: "a password change required",
            has: APP,
            prepare: |_, person| prepared(RequirePasswordChange { account: person.account.clone() }),
            done: |world, person| !world.secured(&person.session).unwrap().required.is_empty(),
            again: true,
        },
        Scene {
            what: "a changed password",
            has: APP,
            prepare: |_, person| prepared(changing(&person.session, PASSWORD, NEW_PASSWORD)),
            done: |world, _| opens(world).1 == NEW_PASSWORD,
            again: false,
        },
        Scene {
            what: "a code to step up",
            has: MAILED,
            prepare: |_, person| {
                let (client, session, _) = with_session(person);
                prepared(SendStepUpCode { client, session, locale: None })
            },
            done: |_, _| true,
            again: true,
        },
        Scene {
            what: "a step-up by mail",
            has: MAILED,
            prepare: |world, person| {
                let _ = world.step_up_code(&person.session).unwrap();
                let (client, session, _) = with_session(person);
                let proof = Proof::MailedCode(world.last_mail().code.unwrap());
                prepared(StepUp { client, session, proof, label: label() })
            },
            done: |world, person| world.check(&person.session).is_err(),
            again: false,
        },
        Scene {
            what: "an app turned off",
            has: BOTH,
            prepare: |_, person| {
                let (client, session, password) = with_session(person);
                prepared(DisableTotp { client, session, password })
            },
            done: |world, person| !world.secured(&person.session).unwrap().totp,
            again: false,
        },
        Scene {
            what: "mailed codes turned off",
            has: BOTH,
            prepare: |_, person| {
                let (client, session, password) = with_session(person);
                prepared(DisableMailedCode { client, session, password })
            },
            done: |world, person| !world.secured(&person.session).unwrap().mailed_code,
            again: false,
        },
        Scene {
            what: "new recovery codes",
            has: APP,
            prepare: |world, person| {
                let code = Proof::RecoveryCode(person.drawer.pop().unwrap());
                person.session = world.step_up(&person.session, code).unwrap().session().clone();
                let (client, session, password) = with_session(person);
                prepared(RegenerateRecoveryCodes { client, session, password })
            },
            done: |world, person| world.secured(&person.session).unwrap().recovery_codes_left == 3,
            again: true,
        },
        Scene {
            what: "a trusted device",
            has: APP,
            prepare: |_, person| {
                let (client, session, _) = with_session(person);
                prepared(TrustDevice { client, session, label: label() })
            },
            done: |world, person| !world.devices(&person.session).unwrap().is_empty(),
            again: true,
        },
        Scene {
            what: "devices forgotten",
            has: APP,
            prepare: |world, person| {
                let _ = world.device(person);
                let (client, session, _) = with_session(person);
                prepared(ForgetDevices { client, session, which: None })
            },
            done: |world, person| world.devices(&person.session).unwrap().is_empty(),
            again: true,
        },
        Scene {
            what: "a sign-in on a device",
            has: APP,
            prepare: |world, person| {
                let device = Some(world.device(person));
                prepared(PasswordSignIn { device, ..knock(WHO, PASSWORD, Steps::Stepwise) })
            },
            done: |world, person| {
                assert_eq!(world.devices(&person.session).unwrap().len(), 1, "it stays trusted");
                true
            },
            // The answer may be lost: for a moment the ticket from before is as good as the next (rotation).
            again: true,
        },
        Scene {
            what: "a change of the address",
            has: APP,
            prepare: |_, person| {
                let (client, session, password) = with_session(person);
                prepared(ChangeAddress { client, session, password, to: id(NEW), locale: None })
            },
            done: |_, _| true,
            again: true,
        },
        Scene {
            what: "a new address",
            has: APP,
            prepare: |world, person| {
                let started = world.move_to(&person.session, None, NEW).unwrap();
                prepared(verify(Purpose::ChangeAddress, &started.session, &world.last_code()))
            },
            done: |world, _| opens(world).0 == NEW,
            again: false,
        },
    ]
}

const ZERO: core::time::Duration = core::time::Duration::ZERO;

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
