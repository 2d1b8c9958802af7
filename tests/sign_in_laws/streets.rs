//! Streets that differ only in who lives at one door, for the tests of law 8.

use core::fmt::Debug;
use std::sync::{Arc, OnceLock};

use countersign::host::{Clock, EntropySource};
use countersign::policy::ResendPolicy;
use countersign::record::RecordKind;
use countersign::*;

use crate::common::{Part, START, World, hash_for_tests};
use crate::drive::{Act, End, Stage, drive};
use crate::people::*;
use crate::small::small;

pub(super) const WHO: &str = "jo@example.com";
/// The stranger's own account, the same on every street.
pub(super) const OWN: &str = "else@example.com";

/// Who has the door that strangers knock at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owner {
    Nobody,
    /// Signed up; a password is all.
    Password,
    Totp,
    Mailed,
    /// App, mailed codes, recovery codes.
    Both,
    Suspended,
    /// Guessed so often at the app that it is disabled.
    Disabled,
    /// Guessed so often at the app that it is locked, at the time.
    Locked,
    /// As many signed-in sessions as there may be.
    FullSessions,
    /// As many sign-ins that wait for a second factor as there may be.
    Pending,
    /// Known to the host from before, with an old hash and another address.
    Legacy,
    /// Known to the host from before, without a password.
    LegacyWithout,
}

impl Owner {
    pub(super) const ALL: [Self; 12] = [
        Self::Nobody,
        Self::Password,
        Self::Totp,
        Self::Mailed,
        Self::Both,
        Self::Suspended,
        Self::Disabled,
        Self::Locked,
        Self::FullSessions,
        Self::Pending,
        Self::Legacy,
        Self::LegacyWithout,
    ];
}

pub(super) struct Street {
    pub(super) world: World,
    pub(super) owner: Owner,
    pub(super) person: Option<Person>,
    pub(super) stranger: Person,
    /// What the stranger was given at the door: for which purpose, and the handle.
    pub(super) given: Vec<(Purpose, Ticket<OtpSession>)>,
    /// What the stranger's own account gave: a sign-in that waits, a link.
    pub(super) login: Ticket<Login>,
    pub(super) link: Ticket<SignInLink>,
    /// A waiting sign-in of the owner's, for the owner to go on with.
    pub(super) owners_login: Option<Ticket<Login>>,
}

/// Everything of an operation that shows, or may show in how long it takes and what it leaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Trace {
    /// What is told; what was drawn at random is not shown by `Debug`.
    pub(super) told: String,
    /// The host's calls in order, but for commits.
    pub(super) calls: String,
    /// The client's row as it was written.
    pub(super) metered: String,
    /// The other rows written, with their keys, sizes and expiries.
    pub(super) written: String,
    /// When messages were handed over, and in which language.
    pub(super) mail: String,
}

pub(super) fn trace<O: Debug>(end: &End<O>) -> Trace {
    let mail: Vec<_> = end.mail.iter().map(|mail| (mail.issued_at, &mail.locale)).collect();
    let calls: Vec<_> = end.stages.iter().filter(|stage| !matches!(stage, Stage::Commit(_))).collect();
    let (meters, rows): (Vec<_>, Vec<_>) =
        end.written.iter().cloned().partition(|row| row.key.kind() == Some(RecordKind::Meter));
    Trace {
        told: without_names(&format!("{:?} {:?}", end.outcome, end.error)),
        calls: format!("{calls:?}"),
        metered: format!("{meters:?}"),
        written: format!("{rows:?}"),
        mail: format!("{mail:?}"),
    }
}

/// The names of sessions are drawn at random, and shown to their owner.
fn without_names(told: &str) -> String {
    let mut parts = told.split("SessionId([");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once("])").map_or(part, |(_name, rest)| rest))
}

pub(super) fn settings() -> Settings {
    let mut settings = small(ResendPolicy::Replace);
    settings.sessions.per_account = 2;
    settings.factors.pending_logins = 3;
    settings.recovery_codes.count = 2;
    settings.recovery_codes.warn_at = 1;
    settings
}

impl Street {
    /// Every street, built once and copied from then on.
    pub(super) fn all() -> [Self; Owner::ALL.len()] {
        static BUILT: OnceLock<[Street; Owner::ALL.len()]> = OnceLock::new();
        BUILT.get_or_init(|| Owner::ALL.map(Self::new)).each_ref().map(Self::copy)
    }

    fn copy(&self) -> Self {
        let of = &self.world;
        let world = World::with_machine(of.sentry.machine.clone());
        world.seen.rows.lock().unwrap().clone_from(&of.seen.rows.lock().unwrap());
        world.seen.accounts.lock().unwrap().clone_from(&of.seen.accounts.lock().unwrap());
        world.clock.set(of.now());
        // So that no randomness is drawn twice.
        for _ in 0..1000 {
            drop(EntropySource::draw(&Part(Arc::clone(&world.seen), Arc::clone(&world.clock))));
        }
        Self {
            world,
            owner: self.owner,
            person: self.person.clone(),
            stranger: self.stranger.clone(),
            given: vec![],
            login: self.login.clone(),
            link: self.link.clone(),
            owners_login: self.owners_login.clone(),
        }
    }

    fn new(owner: Owner) -> Self {
        let world = World::new(settings());
        let mut stranger = world.person(OWN, Has { totp: true, codes: true, mailed: false });
        world.seconds(20);
        let has = |totp, mailed| Has { totp, mailed, codes: totp };
        let person = match owner {
            Owner::Nobody | Owner::Legacy | Owner::LegacyWithout => None,
            Owner::Password | Owner::Suspended | Owner::FullSessions => Some(has(false, false)),
            Owner::Totp | Owner::Disabled | Owner::Locked | Owner::Pending => Some(has(true, false)),
            Owner::Mailed => Some(has(false, true)),
            Owner::Both => Some(has(true, true)),
        };
        let person = person.map(|has| world.person(WHO, has));
        match (owner, &person) {
            (Owner::Suspended, Some(person)) => world.suspend(&person.account, true),
            (Owner::Disabled, Some(person)) => while !guess(&world, person) {},
            (Owner::FullSessions, _) => {
                for _ in 0..3 {
                    world.seconds(7);
                    let _ = world.stepwise(WHO, PASSWORD).unwrap();
                }
            }
            (Owner::Legacy | Owner::LegacyWithout, _) => {
                let hash = hash_for_tests("old", &Password::typed(PASSWORD).unwrap(), b"a salt of the past");
                let hash = if owner == Owner::Legacy { hash } else { PasswordHash::new("!").unwrap() };
                let entry = DirectoryEntry {
                    account: AccountId::new("an-id-from-long-before-this-library").unwrap(),
                    address: Address::parse("Jo.Somebody@mail.example.com").unwrap(),
                    legacy: Some(hash),
                    address_proven: true,
                };
                world.seen.accounts.lock().unwrap().insert(WHO.to_owned(), entry);
            }
            _ => {}
        }
        // So long after that all else is forgotten; the same moment on every street.
        world.clock.set(START.saturating_add(core::time::Duration::from_secs(100_000)));
        let session = world.login(OWN);
        stranger.session = world.prove(&session, stranger.totp(&world)).unwrap().session().clone();
        let _ = world.start(Purpose::SignIn, OWN).unwrap();
        let link = sign_in_link(&world.last_mail()).unwrap();
        let login = world.login(OWN);
        let mut owners_login = None;
        match (owner, &person) {
            (Owner::Locked, Some(person)) => {
                for _ in 0..3 {
                    let _ = world.prove(&world.login(WHO), person.wrong_totp(&world));
                }
            }
            (Owner::Pending, _) => {
                owners_login = (0..3).fold(None, |_, _| Some(world.login(WHO)));
            }
            _ => {}
        }
        world.seen.rows.lock().unwrap().retain(|key, _| key.kind() == Some(RecordKind::Account));
        let _ = world.start(Purpose::SignIn, OWN).map(|_| ());
        Self { world, owner, person, stranger, given: vec![], login, link, owners_login }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.world.clock.now().unwrap()
    }

    pub(super) fn drive<R: Request>(&self, request: R) -> End<R::Output> {
        drive(&self.world, request, self.now(), &mut |_, _| Act::Go)
    }
}

/// A wrong code of the app. Whether it is disabled.
fn guess(world: &World, person: &Person) -> bool {
    world.seconds(10);
    let login = world.login(WHO);
    let refusal = world.prove(&login, person.wrong_totp(world)).unwrap_err();
    // What is not answered leaves the ticket; it ends by itself.
    matches!(refusal, Refusal::FactorDisabled)
}
