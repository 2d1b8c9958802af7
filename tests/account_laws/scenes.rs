//! Recoveries and changes, each prepared up to the one request that meets with trouble.

use countersign::*;

use crate::common::{World, id, verify};
use crate::drive::{Act, Stage, drive};
use crate::household::{WHO, patiently};
use crate::owner::*;
use crate::people::*;

pub(super) const NEW: &str = "jo@new.example.org";
const ZERO: core::time::Duration = core::time::Duration::ZERO;

/// Whether it was granted, if it was answered.
type Plain = dyn Fn(&World) -> Option<bool>;
/// The same, with something done to one of its stages; and which stage that was.
type ByHand = dyn Fn(&World, usize, Act) -> (Option<bool>, Option<Stage>);

/// The request, made once and sent as often as wanted.
pub(super) struct Prepared {
    pub(super) plain: Box<Plain>,
    pub(super) by_hand: Box<ByHand>,
}

pub(super) fn prepared<R: Request + Clone + 'static>(request: R) -> Prepared {
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
pub(super) struct Scene {
    pub(super) what: &'static str,
    pub(super) has: Has,
    pub(super) prepare: fn(&World, &mut Person) -> Prepared,
    /// Whether it was done, by what anybody can see.
    pub(super) done: fn(&World, &Person) -> bool,
    /// Whether it can be granted again without a new start.
    pub(super) again: bool,
}

/// Which of the addresses and passwords open the door now: one of each, and not more.
pub(super) fn opens(world: &World) -> (&'static str, &'static str) {
    let doors = [WHO, NEW].into_iter().flat_map(|who| [(who, PASSWORD), (who, NEW_PASSWORD)]);
    let open = |(who, password): &(&'static str, &'static str)| {
        world.trying(|| patiently(world, || world.stepwise(who, password)).is_ok())
    };
    let open: Vec<_> = doors.filter(open).collect();
    assert_eq!(open.len(), 1, "law 12 (a way forward): {open:?}");
    open[0]
}

/// Signs the owner in, whatever was cut off: by the password and the address that are good, and the app where it is on.
pub(super) fn enters(world: &World, person: &Person) -> Result<Ticket<Session>, Refusal> {
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

pub(super) fn waited(world: &World) -> Ticket<Login> {
    let _ = world.lost(&world.login(WHO)).unwrap();
    world.seconds(73 * 3600);
    world.login(WHO)
}

pub(super) fn with_session(person: &Person) -> (Client, Ticket<Session>, Option<Password>) {
    (client(), person.session.clone(), None)
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn scenes() -> Vec<Scene> {
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
