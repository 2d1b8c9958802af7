//! Laws 4 and 5, R58, R60, R79: from whatever state a lost password is replaced, everything from before it is dead, nobody is signed in,
//! and the second factor is asked for as before.

use countersign::*;
use proptest::prelude::*;

use crate::common::{IntoResult, World, verify};
use crate::household::{WHO, patiently, settings};
use crate::owner::*;
use crate::people::*;

/// What the owner, or somebody, did before.
#[derive(Clone, Copy, Debug)]
enum Act {
    SignIn,
    /// Up to the second factor.
    Half,
    MailedSignIn,
    Recover,
    Grant {
        by_link: bool,
    },
    Confirm,
    Trust,
    ByDevice,
    Lose,
    StepUpCode,
    Enrol,
    Move,
    WrongPassword,
    WrongCode,
    Regenerate,
    Later(i64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => Just(Act::SignIn),
        2 => Just(Act::Half),
        2 => Just(Act::MailedSignIn),
        2 => Just(Act::Recover),
        2 => any::<bool>().prop_map(|by_link| Act::Grant { by_link }),
        1 => Just(Act::Confirm),
        2 => Just(Act::Trust),
        2 => Just(Act::ByDevice),
        2 => Just(Act::Lose),
        1 => Just(Act::StepUpCode),
        1 => Just(Act::Enrol),
        2 => Just(Act::Move),
        1 => Just(Act::WrongPassword),
        1 => Just(Act::WrongCode),
        1 => Just(Act::Regenerate),
        3 => prop::sample::select(vec![1_i64, 30, 61, 299, 901, 80_000, 260_000]).prop_map(Act::Later),
    ]
}

/// Shows something from before; whether it still did anything.
type Shown = Box<dyn Fn(&World) -> bool>;

#[derive(Default)]
struct Before {
    shown: Vec<(&'static str, Shown)>,
    devices: Vec<Ticket<Device>>,
    waiting: Vec<App>,
}

impl Before {
    fn note(&mut self, what: &'static str, shown: impl Fn(&World) -> bool + 'static) {
        self.shown.push((what, Box::new(shown)));
    }

    fn session(&mut self, session: Ticket<Session>) {
        let other = session.clone();
        self.note("a session", move |world| world.check(&session).is_ok());
        self.note("a session's list", move |world| world.secured(&other).is_ok());
    }

    fn link(&mut self, mail: &Envelope) {
        match mail.link.clone() {
            Some(MailedLink::Recovery(link)) => self.note("a link", move |world| world.redeem(&link).is_ok()),
            Some(MailedLink::SignIn(link)) => self.note("a sign-in link", move |world| {
                world
                    .ask(RedeemSignIn { client: client(), link: link.clone(), label: label() })
                    .into_result()
                    .is_ok()
            }),
            Some(MailedLink::Cancel(link)) => {
                self.note("a link that stops", move |world| world.stop(&link).is_ok());
            }
            _ => {}
        }
    }

    /// A mailed code with its session, to be shown as it came.
    fn code(&mut self, purpose: Purpose, session: Ticket<OtpSession>, mail: &Envelope) {
        let code = mail.code.as_ref().map(|code| code.expose().to_owned()).unwrap_or_default();
        self.note("a mailed code", move |world| {
            let request = Verify { enter: Some(label()), ..verify(purpose, &session, &code) };
            world.ask(request).into_result().is_ok()
        });
    }

    fn login(&mut self, person: &Person, login: Ticket<Login>) {
        let (person, again) = (person.clone(), login.clone());
        let mailed = person.app.is_none();
        self.note("a waiting sign-in", move |world| {
            let proof = if mailed {
                let code = world.last_of("second_factor_code").code.unwrap();
                Proof::MailedCode(code)
            } else {
                person.totp(world)
            };
            world.prove(&login, proof).is_ok()
        });
        self.note("a waiting sign-in, lost", move |world| world.lost(&again).is_ok());
    }

    /// Does what the owner can do now; what is refused is not done.
    fn does(&mut self, world: &World, person: &mut Person, act: Act) -> Option<()> {
        match act {
            Act::SignIn => {
                world.seconds(31);
                let progress = world.stepwise(WHO, PASSWORD).ok()?;
                let entered = match progress {
                    Progress::SignedIn(signed_in) => signed_in,
                    Progress::SecondFactor(second) => {
                        let proof = match second.offered[0] {
                            Factor::Totp => person.totp(world),
                            _ => Proof::MailedCode(world.last_mail().code.filter(|_| second.mailed)?),
                        };
                        world.prove(&second.login?, proof).ok()?
                    }
                };
                person.session = entered.session().clone();
                self.session(person.session.clone());
            }
            Act::Half => {
                if let Ok(Progress::SecondFactor(second)) = world.stepwise(WHO, PASSWORD) {
                    self.login(person, second.login?);
                }
            }
            Act::MailedSignIn => {
                let session = world.start(Purpose::SignIn, WHO).ok()?.session;
                let mail = world.last_mail();
                self.link(&mail);
                self.code(Purpose::SignIn, session, &mail);
            }
            Act::Recover => {
                let session = world.start(Purpose::Recover, WHO).ok()?.session;
                let mail = world.last_mail();
                self.link(&mail);
                self.code(Purpose::Recover, session, &mail);
            }
            Act::Grant { by_link } => {
                let session = world.start(Purpose::Recover, WHO).ok()?.session;
                let grant = if by_link {
                    world.redeem(&recovery_link(&world.last_mail())?).ok()?.grant
                } else {
                    world.verify(Purpose::Recover, &session, &world.last_code()).ok()?.grant?.grant
                };
                let person = person.clone();
                self.note("a grant", move |world| {
                    let proof = person.app.is_some().then(|| person.totp(world));
                    world.reset(&grant, "Yet another one 4", proof).is_ok()
                });
            }
            Act::Confirm => {
                let session = world.start(Purpose::ConfirmAction, WHO).ok()?.session;
                self.code(Purpose::ConfirmAction, session, &world.last_mail());
            }
            Act::Trust => self.devices.push(world.trust(&person.session).ok()?.device),
            Act::ByDevice => {
                let progress = world.by_device(WHO, PASSWORD, self.devices.last()?).ok()?;
                if let Progress::SignedIn(signed_in) = progress {
                    self.session(signed_in.session().clone());
                    self.devices.extend(signed_in.device().cloned());
                }
            }
            Act::Lose => {
                let Ok(Progress::SecondFactor(second)) = world.stepwise(WHO, PASSWORD) else { return None };
                let _ = world.lost(&second.login?).ok()?;
                self.link(&world.last_mail());
            }
            Act::StepUpCode => {
                let _ = world.step_up_code(&person.session).ok()?;
                let (session, code) = (person.session.clone(), world.last_mail().code?);
                self.note("a code to step up", move |world| {
                    world.step_up(&session, Proof::MailedCode(code.clone())).is_ok()
                });
            }
            Act::Enrol => self.waiting.push(world.enrol(&person.session).ok()?),
            Act::Move => {
                let to = "jo@new.example.org";
                let session = world.move_to(&person.session, None, to).ok()?.session;
                let mail = world.last_of_to("address_change_code", to);
                self.code(Purpose::ChangeAddress, session, &mail);
            }
            Act::WrongPassword => drop(world.stepwise(WHO, WRONG_PASSWORD)),
            Act::WrongCode => {
                if let Ok(Progress::SecondFactor(second)) = world.stepwise(WHO, PASSWORD) {
                    let _ = world.prove(&second.login?, person.wrong_totp(world));
                }
            }
            Act::Regenerate => person.drawer = world.regenerate(&person.session, None).ok()?.codes,
            Act::Later(seconds) => world.seconds(seconds),
        }
        Some(())
    }
}

/// A new password in place of the lost one, by the mailbox and whatever else is asked for.
fn reset(world: &World, person: &Person, by_link: bool) -> PasswordWasReset {
    let grant = if by_link {
        // Whatever is refused, a link that was mailed is good.
        let mail = match world.start(Purpose::Recover, WHO) {
            Ok(_) => world.last_mail(),
            Err(_) => world.last_of("recovery_code"),
        };
        world.redeem(&recovery_link(&mail).unwrap())
    } else {
        patiently(world, || {
            let session = world.start(Purpose::Recover, WHO)?.session;
            let verified = world.verify(Purpose::Recover, &session, &world.last_code())?;
            Ok(verified.grant.unwrap())
        })
    };
    let grant = grant.or_else(|refusal| {
        // The one link there was is spent by now: another is sent.
        assert!(by_link && refusal == Refusal::InvalidSession);
        patiently(world, || {
            let _ = world.start(Purpose::Recover, WHO)?;
            world.redeem(&recovery_link(&world.last_mail()).unwrap())
        })
    });
    let grant = grant.unwrap();
    assert_eq!(grant.asks.is_empty(), person.app.is_none(), "R57");
    world.seconds(31);
    let proof = person.app.is_some().then(|| person.totp(world));
    match world.reset(&grant.grant, NEW_PASSWORD, proof) {
        // Wrong codes of the app were too many; one from the drawer has a budget of its own (law 9).
        Err(Refusal::Limited { .. }) => {
            let code = Proof::RecoveryCode(person.drawer.last().unwrap().clone());
            world.reset(&grant.grant, NEW_PASSWORD, Some(code)).unwrap()
        }
        answer => answer.unwrap(),
    }
}

proptest! {
    #![proptest_config(crate::cases(150))]

    #[test]
    fn r58_r60_r79_a_reset_ends_all_that_was(
        has in prop::sample::select(vec![NONE, MAILED, APP, BOTH]),
        acts in prop::collection::vec(act(), 0..25),
        by_link in any::<bool>(),
    ) {
        let world = World::new(settings());
        let mut person = world.owner(WHO, has);
        let mut before = Before::default();
        before.session(person.session.clone());
        for act in acts {
            let _ = before.does(&world, &mut person, act);
        }
        world.seconds(61);
        world.events();
        let reset = reset(&world, &person, by_link);
        prop_assert!(!world.events().contains(&"session.signed_in"), "R58: signed in by a reset");
        for (what, shown) in &before.shown {
            prop_assert!(!world.trying(|| shown(&world)), "R60: {} from before the reset is alive", what);
        }
        prop_assert!(world.account("jo@new.example.org").is_none());
        for device in &before.devices {
            world.events();
            let progress = world.trying(|| world.by_device(WHO, NEW_PASSWORD, device));
            let skipped = matches!(progress, Ok(Progress::SignedIn(_))) && (has.totp || has.mailed);
            prop_assert!(!skipped && world.events().contains(&"device.unknown"), "R79: a device from before");
        }
        let old = patiently(&world, || world.stepwise(WHO, PASSWORD));
        prop_assert_eq!(old.unwrap_err(), Refusal::InvalidCredentials);
        // By the new device at once; the app is asked for as ever.
        let progress = world.by_device(WHO, NEW_PASSWORD, &reset.device).expect("law 9: budgets of its own");
        let session = match progress {
            Progress::SignedIn(signed_in) => {
                prop_assert!(!has.totp && !has.mailed, "law 4");
                signed_in.session().clone()
            }
            Progress::SecondFactor(second) => {
                let mailed = if has.totp { None } else { world.last_mail().code };
                let login = second.login.unwrap();
                world.seconds(31);
                let proof = mailed.map_or_else(|| person.totp(&world), Proof::MailedCode);
                world.prove(&login, proof).expect("the factor is as good as before").session().clone()
            }
        };
        let secured = world.secured(&session).unwrap();
        prop_assert_eq!((secured.totp, secured.mailed_code), (has.totp, has.mailed));
        prop_assert_eq!((secured.sessions, secured.devices, secured.recovery), (1, 1, None));
        for app in &before.waiting {
            let answer = world.trying(|| world.confirm(&session, &app.code(world.now(), 0)));
            prop_assert_eq!(answer.map(|_| ()).unwrap_err(), Refusal::NothingPending);
        }
    }
}
