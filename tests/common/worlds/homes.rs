//! Who has the door that strangers knock at. Every home is made at the same moments, beside a stranger's own account with everything.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]

use core::time::Duration;
use countersign::policy::ResendPolicy;
use countersign::record::{RecordKey, RecordKind};
use countersign::*;
use std::collections::BTreeSet;

use super::observer::Observer;
use super::owner::Resident;
use crate::common::{IntoResult, START, World, verify};
use crate::otp::drive::{Act, Stage, drive};
use crate::otp::small::small;
use crate::owner::*;
use crate::people::*;

pub const WHO: &str = "jo@example.com";
/// Where somebody moved.
pub const NEW: &str = "jo@new.example.org";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Home {
    Nobody,
    Password,
    OtherPassword,
    App,
    AppWithoutCodes,
    Mailed,
    /// App, mailed codes, recovery codes.
    Everything,
    EverythingSuspended,
    /// An app that waits to be confirmed.
    Enrolling,
    Suspended,
    /// Asked for another password.
    Asked,
    /// Guessed so often at the app that it is locked, now.
    Locked,
    /// Typed so many wrong mailed codes that no other is answered now.
    WrongCodes,
    /// Guessed so often at the app that it is disabled.
    Disabled,
    /// As many signed-in sessions as there may be.
    Sessions,
    /// As many sign-ins that wait for a second factor as there may be.
    Pending,
    Devices,
    /// So many changes that no other may be made today.
    Noticed,
    /// On the way to another address: asked for.
    Changing,
    /// Proven, and cut off before the directory was told.
    Moving,
    /// The same, cut off after it.
    Moved,
    MovedAway,
    /// The app is said to be lost.
    Waiting,
    WaitOver,
    /// An operator began the same.
    Operator,
    /// Holds the right to set a new password.
    Resetting,
    /// Known to the host from before, with another address.
    Legacy,
    /// The same, without a password.
    LegacyWithout,
    LegacyUnproven,
    /// From before, and taken over by a sign-in.
    TakenOver,
    Unproven,
    Deleted,
    /// Deleted, and cut off before the address was free.
    HalfDeleted,
    /// Signed up, and cut off before there was a record.
    HalfSignedUp,
}

/// One world at the moment at which its story begins.
pub struct Scene {
    pub world: World,
    pub observer: Observer,
    pub resident: Resident,
    pub kept: Kept,
}

pub fn settings(resend: ResendPolicy) -> Settings {
    let mut settings = small(resend);
    settings.sessions.per_account = 3;
    settings.factors.pending_logins = 3;
    settings.recovery_codes.count = 3;
    settings.recovery_codes.warn_at = 1;
    settings
}

/// So long after the beginning that everything else is forgotten, and a wait for a lost factor over.
const LATER: Duration = Duration::from_secs(400_000);
/// When the stories begin.
const BEGIN: Duration = Duration::from_secs(401_000);

/// Runs a request up to a stage of that kind, which breaks off.
fn cut_off<R: Request>(world: &World, request: R, at: Stage, act: Act) {
    let end = drive(world, request, world.now(), &mut |_, stage| if stage == at { act } else { Act::Go });
    assert!(end.outcome.is_none());
}

impl Home {
    const fn has(self) -> Has {
        match self {
            Self::App
            | Self::Locked
            | Self::Disabled
            | Self::Pending
            | Self::Waiting
            | Self::WaitOver
            | Self::Operator => APP,
            Self::AppWithoutCodes => Has { codes: false, ..APP },
            Self::Mailed => MAILED,
            Self::Everything | Self::EverythingSuspended => BOTH,
            _ => NONE,
        }
    }

    fn legacy(self) -> Option<bool> {
        match self {
            Self::Legacy | Self::LegacyWithout | Self::TakenOver => Some(true),
            Self::LegacyUnproven | Self::Unproven => Some(false),
            _ => None,
        }
    }

    /// Long before.
    fn moves_in(self, world: &World) -> Option<Person> {
        if self == Self::Nobody {
            return None;
        }
        if self == Self::HalfSignedUp {
            let started = world.sign_up(WHO).unwrap();
            let request = verify(Purpose::SignUp, &started.session, &world.last_code());
            cut_off(world, request, Stage::Create, Act::Lose);
            return None;
        }
        if let Some(proven) = self.legacy() {
            let account = world.legacy(WHO, proven);
            let mut accounts = world.seen.accounts.lock().unwrap();
            let entry = accounts.get_mut(WHO).unwrap();
            match self {
                Self::LegacyWithout => entry.legacy = Some(PasswordHash::new("!").unwrap()),
                Self::Legacy => {
                    // Of another length than those that are made here.
                    entry.account = AccountId::new("an-id-from-long-before-this-library").unwrap();
                    entry.address = Address::parse("Jo.Somebody@mail.example.com").unwrap();
                }
                _ => {}
            }
            drop(accounts);
            let taken_over = matches!(self, Self::TakenOver | Self::Unproven);
            let session = taken_over.then(|| session(world.stepwise(WHO, PASSWORD).unwrap()));
            return session.map(|session| Person {
                who: WHO.to_owned(),
                account,
                app: None,
                drawer: vec![],
                session,
            });
        }
        let mut person = world.owner(WHO, self.has());
        let delete = || DeleteAccount { client: client(), session: person.session.clone(), password: None };
        let moving = || {
            let started = world.move_to(&person.session, None, NEW).unwrap();
            verify(Purpose::ChangeAddress, &started.session, &world.last_code())
        };
        match self {
            Self::OtherPassword => {
                let signed_in = world.change_password(&person.session, PASSWORD, NEW_PASSWORD).unwrap();
                person.session = signed_in.session().clone();
            }
            Self::Disabled => while !wrong_app(world, &person) {},
            Self::Deleted => drop(world.ask(delete()).into_result().unwrap()),
            Self::HalfDeleted => cut_off(world, delete(), Stage::Release, Act::Crash),
            Self::Moving => cut_off(world, moving(), Stage::Rename, Act::Crash),
            Self::Moved => cut_off(world, moving(), Stage::Rename, Act::Lose),
            Self::MovedAway => drop(world.ask(moving()).into_result().unwrap()),
            Self::WaitOver => drop(world.lost(&world.login(WHO)).unwrap()),
            _ => {}
        }
        let gone = matches!(self, Self::Deleted | Self::HalfDeleted | Self::MovedAway | Self::Moved);
        Some(person).filter(|_| !gone)
    }

    /// A little before the story.
    fn prepares(self, world: &World, person: &mut Person) {
        match self {
            Self::Enrolling | Self::Changing => person.session = world.fresh(person),
            Self::Devices => {
                for _ in 0..3 {
                    let _ = world.device(person);
                }
            }
            Self::Sessions => {
                for _ in 0..4 {
                    person.session = world.fresh(person);
                }
            }
            Self::Noticed => {
                person.session = world.fresh(person);
                while world.enable_mailed(&person.session).is_ok() {
                    let _ = world.disable_mailed(&person.session, Some(PASSWORD));
                    person.session = world.fresh(person);
                }
            }
            Self::Waiting => {
                world.seconds(61);
                let _ = world.lost(&world.login(WHO)).unwrap();
            }
            _ => {}
        }
    }

    /// At the moment at which the story begins.
    fn is_found(self, world: &World, person: &Person) {
        match self {
            Self::Suspended | Self::EverythingSuspended => world.suspend(&person.account, true),
            Self::Asked => {
                let account = person.account.clone();
                let _ = world.ask(RequirePasswordChange { account }).into_result().unwrap();
            }
            Self::Enrolling => drop(world.enrol(&person.session).unwrap()),
            Self::Changing => drop(world.move_to(&person.session, Some(PASSWORD), NEW).unwrap()),
            Self::Resetting => drop(world.granted(WHO).unwrap()),
            Self::Operator => {
                let account = person.account.clone();
                let _ = world.ask(StartFactorReset { account }).into_result().unwrap();
            }
            Self::Locked => {
                for _ in 0..3 {
                    let _ = world.prove(&world.login(WHO), person.wrong_totp(world));
                }
            }
            Self::WrongCodes => {
                for _ in 0..2 {
                    let started = world.start(Purpose::ConfirmAction, WHO).unwrap();
                    for _ in 0..2 {
                        let _ = world.verify(Purpose::ConfirmAction, &started.session, "0000000000");
                    }
                    world.seconds(1);
                }
                world.clock.set(START.saturating_add(BEGIN));
            }
            Self::Pending => {
                for _ in 0..3 {
                    let _ = world.login(WHO);
                }
            }
            _ => {}
        }
    }
}

/// A wrong code of the app. Whether it is disabled.
fn wrong_app(world: &World, person: &Person) -> bool {
    world.seconds(10);
    let refusal = world.prove(&world.login(WHO), person.wrong_totp(world)).unwrap_err();
    matches!(refusal, Refusal::FactorDisabled)
}

impl Scene {
    pub fn new(home: Home, resend: ResendPolicy) -> Self {
        let world = World::new(settings(resend));
        let at = |after: Duration| world.clock.set(START.saturating_add(after));
        let mut observer = Observer::moves_in(&world);
        let mut person = home.moves_in(&world);
        // What the stranger is given is drawn alike in every world.
        world.seen.goes_on_from(1_000);
        at(LATER);
        observer.prepares(&world);
        if let Some(person) = &mut person {
            home.prepares(&world, person);
        }
        world.seen.goes_on_from(2_000);
        at(BEGIN);
        observer.is_ready(&world);
        sweep(&world);
        let before = visitors(&world);
        if let Some(person) = &person {
            home.is_found(&world, person);
        }
        // Of the door nobody has tried anything yet: its record is what the owner alone left there.
        let left = |key: &RecordKey| key.kind() == Some(RecordKind::Visitor) && !before.contains(key);
        world.seen.rows.lock().unwrap().retain(|key, _| !left(key));
        let password = if home == Home::OtherPassword { NEW_PASSWORD } else { PASSWORD };
        let suspended = matches!(home, Home::Suspended | Home::EverythingSuspended);
        let legacy = matches!(home, Home::Legacy | Home::LegacyUnproven);
        let resident = Resident::new(person, password, suspended, legacy);
        let kept = world.keep();
        Self { world, observer, resident, kept }
    }

    /// The same scene, to play in.
    pub fn copy(&self) -> Self {
        let world = World::with_machine(self.world.sentry.machine.clone());
        world.put_back(&self.kept);
        world.seen.goes_on_from(3_000);
        Self {
            world,
            observer: self.observer.clone(),
            resident: self.resident.clone(),
            kept: self.world.keep(),
        }
    }
}

fn visitors(world: &World) -> BTreeSet<RecordKey> {
    let rows = world.seen.rows.lock().unwrap();
    rows.keys().filter(|key| key.kind() == Some(RecordKind::Visitor)).copied().collect()
}

/// The store drops what has expired.
pub fn sweep(world: &World) {
    let now = world.now();
    world.seen.rows.lock().unwrap().retain(|_, (_, expires_at)| expires_at.is_none_or(|at| now < at));
}
