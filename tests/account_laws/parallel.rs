//! Laws 2, 3 and 5 where two requests meet, the one between any two stages of the other.

use countersign::*;

use crate::common::{IntoResult, World, verify};
use crate::household::{WHO, settings};
use crate::owner::*;
use crate::people::*;
use crate::racing::{Boxed, race, under};

const NEW: &str = "jo@new.example.org";
/// More than any of these requests has.
const STAGES: usize = 14;

/// A request that can be begun with any randomness.
type Ready = Box<dyn Fn(u64) -> Boxed<()>>;

/// What both want, only one may have. What is prepared is kept in the tickets and codes.
struct Prize {
    what: &'static str,
    has: Has,
    begin: fn(&World, &mut Person) -> [Ready; 2],
}

/// Makes one, at the world's time.
fn ready<R: Request + Clone + 'static>(world: &World, request: R) -> Ready {
    let machine = world.sentry.machine.clone();
    let now = world.now();
    Box::new(move |number| {
        let world = World::with_machine(machine.clone());
        world.clock.set(now);
        under(&world, number, request.clone(), |_| ())
    })
}

/// Up to a grant of a lost password.
fn grant(world: &World) -> Ticket<ResetGrant> {
    world.granted(WHO).unwrap().grant
}

/// Up to the code that turns a lost app off: the sign-in that waits, and the code.
fn waited(world: &World) -> (Ticket<Login>, Code) {
    let _ = world.lost(&world.login(WHO)).unwrap();
    world.seconds(73 * 3600);
    let login = world.login(WHO);
    let _ = world.lost(&login).unwrap();
    (login, world.last_mail().code.unwrap())
}

fn prizes() -> Vec<Prize> {
    vec![
        Prize {
            what: "one grant, two passwords",
            has: NONE,
            begin: |world, _| {
                let grant = grant(world);
                [NEW_PASSWORD, "Yet another one 4"].map(|to| ready(world, resetting(&grant, to, None)))
            },
        },
        Prize {
            what: "one grant with an app, twice",
            has: APP,
            begin: |world, person| {
                let request = resetting(&grant(world), NEW_PASSWORD, Some(person.totp(world)));
                [ready(world, request.clone()), ready(world, request)]
            },
        },
        Prize {
            what: "a change and a reset of the password",
            has: NONE,
            begin: |world, person| {
                let change = changing(&person.session, PASSWORD, "Yet another one 4");
                let reset = resetting(&grant(world), NEW_PASSWORD, None);
                [ready(world, change), ready(world, reset)]
            },
        },
        Prize {
            what: "a recovery code, at a sign-in and at a reset",
            has: APP,
            begin: |world, person| {
                let proof = || Proof::RecoveryCode(person.drawer[0].clone());
                let reset = resetting(&grant(world), NEW_PASSWORD, Some(proof()));
                [ready(world, reset), ready(world, proving(&world.login(WHO), proof()))]
            },
        },
        Prize {
            what: "a recovery code, at two step-ups",
            has: APP,
            begin: |world, person| {
                let other = world.fresh(person);
                [person.session.clone(), other].map(|session| {
                    let proof = Proof::RecoveryCode(person.drawer[0].clone());
                    ready(world, StepUp { client: client(), session, proof, label: label() })
                })
            },
        },
        Prize {
            what: "an app's code, at a sign-in and at a reset",
            has: APP,
            begin: |world, person| {
                let reset = resetting(&grant(world), NEW_PASSWORD, Some(person.totp(world)));
                [ready(world, reset), ready(world, proving(&world.login(WHO), person.totp(world)))]
            },
        },
        Prize {
            what: "a mailed code to step up with, twice",
            has: MAILED,
            begin: |world, person| {
                let _ = world.step_up_code(&person.session).unwrap();
                let (session, proof) =
                    (person.session.clone(), Proof::MailedCode(world.last_mail().code.unwrap()));
                let request = StepUp { client: client(), session, proof, label: label() };
                [ready(world, request.clone()), ready(world, request)]
            },
        },
        Prize {
            what: "a recovery's link and its code",
            has: NONE,
            begin: |world, _| {
                let session = world.start(Purpose::Recover, WHO).unwrap().session;
                let link = recovery_link(&world.last_mail()).unwrap();
                let code = verify(Purpose::Recover, &session, &world.last_code());
                [ready(world, RedeemRecovery { client: client(), link }), ready(world, code)]
            },
        },
        Prize {
            what: "the code after the wait, twice",
            has: APP,
            begin: |world, _| {
                let (login, code) = waited(world);
                let request = ResetFactors { client: client(), login, code };
                [ready(world, request.clone()), ready(world, request)]
            },
        },
        Prize {
            what: "the end of a wait, and its link that stops it",
            has: APP,
            begin: |world, _| {
                let (login, code) = waited(world);
                let link = cancel_link(&world.last_of("factor_recovery_started")).unwrap();
                let stop = CancelFactorRecovery { client: client(), link };
                [ready(world, ResetFactors { client: client(), login, code }), ready(world, stop)]
            },
        },
        Prize {
            what: "the end of a wait, and the app that was not lost",
            has: APP,
            begin: |world, person| {
                let (login, code) = waited(world);
                let shown = proving(&world.login(WHO), person.totp(world));
                [ready(world, ResetFactors { client: client(), login, code }), ready(world, shown)]
            },
        },
        Prize {
            what: "the code of a new address, twice",
            has: NONE,
            begin: |world, person| {
                let started = world.move_to(&person.session, None, NEW).unwrap();
                let request = verify(Purpose::ChangeAddress, &started.session, &world.last_code());
                [ready(world, request.clone()), ready(world, request)]
            },
        },
        Prize {
            what: "an account that is deleted, and its password changed",
            has: NONE,
            begin: |world, person| {
                let (client, session) = (client(), person.session.clone());
                let delete = DeleteAccount { client, session, password: None };
                [ready(world, delete), ready(world, changing(&person.session, PASSWORD, NEW_PASSWORD))]
            },
        },
    ]
}

/// Laws 3 and 5, R48, R60, B100, B105: whatever can be used once is used once, wherever the two meet, and in either order.
#[test]
fn law3_only_one_of_two_is_granted() {
    for Prize { what, has, begin } in prizes() {
        for (order, stages) in [0, 1].into_iter().flat_map(|order| (0..STAGES).map(move |n| (order, n))) {
            let world = World::new(settings());
            let mut person = world.owner(WHO, has);
            world.seconds(61);
            let [one, other] = begin(&world, &mut person);
            let (one, other) = if order == 0 { (one, other) } else { (other, one) };
            let ends = race(&world, one(2001), other(2002), stages);
            let granted = usize::from(ends.0.is_ok()) + usize::from(ends.1.is_ok());
            // Whose sign-in the deletion or the change ends was granted before; that is the other test's.
            assert_eq!(granted, 1, "{what}, order {order}, after {stages} stages: {ends:?}");
        }
    }
}

/// Whoever signs in while something is changed.
fn signing_in(world: &World, person: &Person, who: &str, number: u64) -> Boxed<Option<Ticket<Session>>> {
    let keep = |signed_in: SignedIn| Some(signed_in.session().clone());
    if let Some(code) = person.drawer.first() {
        let proof = Proof::RecoveryCode(code.clone());
        return under(world, number, proving(&world.login(WHO), proof), keep);
    }
    under(world, number, knock(who, PASSWORD, Steps::Stepwise), |progress| {
        progress.signed_in().map(|signed_in| signed_in.session().clone())
    })
}

/// R60, R79, B106: a sign-in that crosses a change is out after it, or was refused: what was proven is worth nothing to the account as it is.
#[test]
fn r79_no_sign_in_outlives_the_change_it_crossed() {
    type Change = fn(&World, &Person, u64) -> Boxed<()>;
    let changes: [(&str, Has, Change); 6] = [
        ("a changed password", NONE, |world, person, n| {
            under(world, n, changing(&person.session, PASSWORD, NEW_PASSWORD), |_| ())
        }),
        ("a reset password", NONE, |world, _, n| {
            under(world, n, resetting(&grant(world), NEW_PASSWORD, None), |_| ())
        }),
        ("another address", NONE, |world, person, n| {
            let started = world.move_to(&person.session, None, NEW).unwrap();
            let request = verify(Purpose::ChangeAddress, &started.session, &world.last_code());
            under(world, n, request, |_| ())
        }),
        ("an account deleted", NONE, |world, person, n| {
            let (client, session) = (client(), person.session.clone());
            under(world, n, DeleteAccount { client, session, password: None }, |_| ())
        }),
        ("new recovery codes", APP, |world, person, n| {
            let (client, session) = (client(), person.session.clone());
            under(world, n, RegenerateRecoveryCodes { client, session, password: None }, |_| ())
        }),
        ("an app turned off", APP, |world, person, n| {
            let (client, session) = (client(), person.session.clone());
            under(world, n, DisableTotp { client, session, password: None }, |_| ())
        }),
    ];
    for (what, has, change) in changes {
        for (order, stages) in [0, 1].into_iter().flat_map(|order| (0..STAGES).map(move |n| (order, n))) {
            let world = World::new(settings());
            let person = world.owner(WHO, has);
            let (changed, signed_in) = if order == 0 {
                let change = change(&world, &person, 3001);
                race(&world, change, signing_in(&world, &person, WHO, 3002), stages)
            } else {
                let change = change(&world, &person, 3001);
                let (signed_in, changed) =
                    race(&world, signing_in(&world, &person, WHO, 3002), change, stages);
                (changed, signed_in)
            };
            let case = format!("{what}, order {order}, after {stages} stages");
            assert_eq!(changed, Ok(()), "{case}");
            if let Ok(Some(session)) = signed_in {
                assert_eq!(world.check(&session).unwrap_err(), Refusal::InvalidSession, "{case}");
            }
            if what == "new recovery codes" {
                assert_eq!(world.secured(&person.session).unwrap().recovery_codes_left, 3, "R50: {case}");
                let old = Proof::RecoveryCode(person.drawer[1].clone());
                assert!(world.prove(&world.login(WHO), old).is_err(), "R50: {case}");
            }
        }
    }
}

/// A sign-in by the new address while the change is settling: the owner is in, and the address is changed, whoever comes first.
#[test]
fn law12_a_sign_in_by_the_new_address_settles_the_change() {
    let mut entered = 0;
    for stages in 0..STAGES {
        let world = World::new(settings());
        let person = world.owner(WHO, NONE);
        let started = world.move_to(&person.session, None, NEW).unwrap();
        let request = verify(Purpose::ChangeAddress, &started.session, &world.last_code());
        let change = under(&world, 4001, request, |_| ());
        let (changed, signed_in) = race(&world, change, signing_in(&world, &person, NEW, 4002), stages);
        assert_eq!(changed, Ok(()), "after {stages} stages");
        if let Ok(Some(session)) = signed_in {
            entered += 1;
            let info = world.check(&session).expect("it is the account as it is");
            assert_eq!((info.account, info.address.as_str()), (person.account.clone(), NEW));
        }
        assert!(world.knows(NEW, PASSWORD) && !world.knows(WHO, PASSWORD), "after {stages} stages");
    }
    assert!(entered > 1, "{entered}");
}

/// A device's ticket that is shown twice at once: its owner is in both times, and of the next tickets the last one is good. It is
/// never taken for stolen by that.
#[test]
fn a_device_shown_twice_at_once_stays_trusted() {
    for stages in 0..STAGES {
        let world = World::new(settings());
        let mut person = world.owner(WHO, APP);
        let device = Some(world.device(&mut person));
        let begin = |number| {
            let request = PasswordSignIn { device: device.clone(), ..knock(WHO, PASSWORD, Steps::Stepwise) };
            under(&world, number, request, |progress| {
                progress.signed_in().map(|signed_in| signed_in.device().unwrap().clone())
            })
        };
        let ends = race(&world, begin(5001), begin(5002), stages);
        let next: Vec<_> = [ends.0, ends.1].into_iter().map(|end| end.unwrap().expect("skipped")).collect();
        assert_eq!(world.devices(&person.session).unwrap().len(), 1, "after {stages} stages");
        let skips = |device: &Ticket<Device>| {
            world.trying(|| world.by_device(WHO, PASSWORD, device).unwrap().signed_in().is_some())
        };
        assert_eq!(next.iter().filter(|next| skips(next)).count(), 1, "after {stages} stages");
    }
}

/// Law 2, B013, B014: wrong passwords typed on a device at once are all counted, and none is answered after the last that is.
#[test]
fn law2_guesses_on_a_device_are_counted_one_by_one() {
    for stages in 0..8 {
        let world = World::new(settings());
        let mut person = world.owner(WHO, APP);
        let device = world.device(&mut person);
        for _ in 0..7 {
            assert!(world.by_device(WHO, WRONG_PASSWORD, &device).is_err());
        }
        let begin = |password, number| {
            let request = knock(WHO, password, Steps::Stepwise);
            let request = PasswordSignIn { device: Some(device.clone()), ..request };
            under(&world, number, request, |progress| progress.signed_in().is_some())
        };
        // The eighth ends the device: a right one that was read before and commits after it finds none.
        let ends = race(&world, begin(PASSWORD, 6001), begin(WRONG_PASSWORD, 6002), stages);
        assert_eq!(ends.1, Err(Refusal::InvalidCredentials), "after {stages} stages");
        let skipped = ends.0 == Ok(true);
        let burned = world.devices(&person.session).unwrap().is_empty();
        assert_ne!(skipped, burned, "after {stages} stages: {:?}", ends.0);
    }
}

/// Law 2: of wrong proofs shown with one grant at once each is counted, and a right one that comes after the last is not taken.
#[test]
fn law2_proofs_with_a_grant_are_counted_one_by_one() {
    for stages in 0..8 {
        let world = World::new(settings());
        let person = world.owner(WHO, APP);
        world.seconds(61);
        let grant = grant(&world);
        for _ in 0..4 {
            assert!(world.reset(&grant, NEW_PASSWORD, Some(person.wrong_totp(&world))).is_err());
        }
        let begin =
            |proof, number| under(&world, number, resetting(&grant, NEW_PASSWORD, Some(proof)), |_| ());
        let right = begin(person.totp(&world), 7001);
        let ends = race(&world, right, begin(person.wrong_totp(&world), 7002), stages);
        let [took, wrong] = [ends.0.is_ok(), matches!(ends.1, Err(Refusal::InvalidProof { .. }))];
        assert!(took != wrong, "after {stages} stages: {ends:?}");
    }
}

/// Two step-ups of one session: one of them goes on, the other's session has ended.
#[test]
fn r77_one_session_is_stepped_up_once() {
    for stages in 0..8 {
        let world = World::new(settings());
        let person = world.owner(WHO, APP);
        world.seconds(61);
        let begin = |proof, number| {
            let session = person.session.clone();
            under(&world, number, StepUp { client: client(), session, proof, label: label() }, |_| ())
        };
        let by_app = begin(person.totp(&world), 8001);
        let by_password = begin(Proof::Password(password(PASSWORD)), 8002);
        let ends = race(&world, by_app, by_password, stages);
        assert_eq!(usize::from(ends.0.is_ok()) + usize::from(ends.1.is_ok()), 1, "{stages}: {ends:?}");
    }
}

/// The requests run on their own, one after the other, as the races assume.
#[test]
fn the_races_are_of_requests_that_succeed() {
    for Prize { what, has, begin } in prizes() {
        for order in [0, 1] {
            let world = World::new(settings());
            let mut person = world.owner(WHO, has);
            world.seconds(61);
            let both = begin(&world, &mut person);
            let nothing =
                under(&world, 1, CheckSession { client: client(), session: person.session.clone() }, |_| ());
            let (end, _) = race(&world, both[order](9001), nothing, 0);
            assert_eq!(end, Ok(()), "{what}, {order}");
        }
    }
    let world = World::new(settings());
    let request = ListFactors { client: client(), session: world.owner(WHO, NONE).session };
    assert!(world.ask(request).into_result().is_ok());
}
