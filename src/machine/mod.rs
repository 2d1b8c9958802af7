//! The whole protocol between the core and its host.
//!
//! ```text
//!  Machine::begin ─► Find ─► Load ─► Prove ─► Commit ─► … ─► Done
//!                     │       │        │        │
//!                 directory  store   hasher   store              ◄─ the host answers each stage
//! ```
//!
//! An operation is a chain of *turns*; each turn is one `Load`, perhaps one `Prove`, and at most one `Commit`. Every
//! stage is a value that says what it needs and is used up by `resume` with the answer. Mail, events and the outcome are locked inside
//! until the commit that counted the attempt was applied, so "sent before stored" and "answered before counted" do
//! not compile (law 1).
//!
//! A host that drops a stage, or crashes, has abandoned the operation: whatever was committed stays, nothing was
//! granted (law 12).
//!
//! This is the same loop that the drivers in [`host`](crate::host) run:
//!
//! ```
//! # use countersign::{Committed, Context, Created, Machine, MachineError, Request, Step};
//! # fn answer<R: Request>(machine: &Machine, request: R, context: Context) -> Result<(), MachineError> {
//! let mut step = machine.begin(request, context);
//! loop {
//!     step = match step {
//!         Step::Find(find) => find.resume(None),                                  // ask your user table
//!         Step::Load(load) => { let rows = vec![None; load.keys().len()]; load.resume(rows)? }    // read rows
//!         Step::Prove(_prove) => return Ok(()),                                   // hash a password
//!         Step::Commit(commit) => commit.resume(Committed::Applied)?,             // compare-and-swap; if it fails, `unsure`
//!         Step::Create(create) => create.resume(Created::Taken),                  // insert into your user table
//!         Step::Rename(rename) => rename.resume(Created::Taken),                  // update your user table
//!         Step::Release(release) => release.resume(),                             // free the identifiers there
//!         Step::Done(_done) => return Ok(()),                                     // send done.mail, log done.events
//!     }
//! }
//! # }
//! ```

mod answers;
mod directory;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "tests")]
mod tests;
pub(crate) mod turn;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

pub use answers::{Committed, Created, DirectoryEntry, Hashed, NewAccount, Renaming, Row, Work, Write};
pub use directory::{Create, Find, Release, Rename};
use turn::{Change, Cx, Decision, Next, Rows, Turn};

use crate::record::{RecordError, RecordKey, Version};
use crate::throttle::Quota;
use crate::{
    AccountId, Blocklist, CommonPasswords, Entropy, Envelope, Event, KeyRing, LocatorKey, Outcome, Policy,
    Timestamp,
};

/// The rules and keys of a deployment: everything decisions depend on that does not come with a request.
///
/// Cheap to clone; all clones are one machine.
#[derive(Clone, Debug)]
pub struct Machine(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    policy: Policy,
    locator: LocatorKey,
    ring: KeyRing,
    blocklist: Arc<dyn Blocklist>,
}

/// What comes with every request, from the host's clock and generator.
#[derive(Clone, Debug)]
pub struct Context {
    /// The time of the request. Taken once: a request is judged by when it came; one that takes too long is given up
    /// ([`MachineError::HeldUp`]).
    pub now: Timestamp,
    /// The request's own randomness, never used for another.
    pub entropy: Entropy,
}

/// Something a machine can be asked. Implemented by the requests of [`flow`](crate::flow).
pub trait Request: sealed::Begin {}

pub(crate) mod sealed {
    /// How a request becomes turns.
    pub trait Begin {
        /// What is granted when all goes well.
        type Output: Send + Sync + 'static;
        #[doc(hidden)]
        fn begin(self, machine: &super::Machine) -> First<Self::Output>;
    }

    /// The first thing an operation does.
    pub struct First<O>(pub(crate) super::Next<O>);

    impl<O> From<super::Next<O>> for First<O> {
        fn from(next: super::Next<O>) -> Self {
            Self(next)
        }
    }
}

/// A failure that ends an operation. Always means "not authenticated"; nothing is regained by it (law 10).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MachineError {
    /// A row is not what this code wrote.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A commit failed, and the row shows that it was not applied, or was applied and has changed since.
    #[error("a commit failed and its effect is unknown")]
    CommitUnknown,
    /// A row changed under every one of a thousand tries: more than all limits together let through.
    #[error("the row is contended beyond what the limits allow")]
    Contention,
    /// The request had been under way for longer than the [`clock_tolerance`](crate::Settings::clock_tolerance) when it was about to
    /// write: to the record its time would have been that of a clock set back.
    #[error("the request was held up for longer than the clock tolerance")]
    HeldUp,
    /// The host answered a stage with what it did not ask for.
    #[error("the host misused a stage: {0}")]
    Misuse(&'static str),
}

impl Machine {
    /// A machine for a policy and its keys.
    #[must_use]
    pub fn new(policy: Policy, locator: LocatorKey, ring: KeyRing) -> Self {
        Self(Arc::new(Inner { policy, locator, ring, blocklist: Arc::new(CommonPasswords) }))
    }

    /// The same machine with another list of passwords that nobody may choose, in place of [`CommonPasswords`].
    ///
    /// What is refused with it is [`Refusal::PasswordBlocked`](crate::Refusal::PasswordBlocked). Clones made before keep theirs.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use countersign::{Blocked, Blocklist, Identifier, Machine, Password};
    /// # fn machine(machine: Machine) -> Machine {
    /// struct Nothing;
    /// impl Blocklist for Nothing {
    ///     fn reason(&self, _: &Password, _: &Identifier) -> Option<Blocked> {
    ///         None // asked elsewhere, before the request was made
    ///     }
    /// }
    /// machine.with_blocklist(Arc::new(Nothing))
    /// # }
    /// ```
    #[must_use]
    pub fn with_blocklist(mut self, blocklist: Arc<dyn Blocklist>) -> Self {
        Arc::make_mut(&mut self.0).blocklist = blocklist;
        self
    }

    /// The policy it goes by.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// The key of the row that an account's record is under, for a host that keeps it in its own user table.
    ///
    /// It is a keyed digest of the id, the same for the life of the [`LocatorKey`], and tells nobody who has no key whose row it
    /// is: write it beside the user when you create one. If two users had one key, each could sign in as the other; so an id is
    /// never given to a second person (see [`Created`]).
    ///
    /// ```
    /// # use countersign::{AccountId, KeyRing, LocatorKey, Machine, Settings};
    /// # let keys = (LocatorKey::new(b"0123456789abcdef0123456789abcdef")?, KeyRing::new(b"fedcba9876543210fedcba9876543210", &[])?);
    /// let machine = Machine::new(Settings::recommended().build()?, keys.0, keys.1);
    /// let (jo, sam) = (AccountId::new("user-1")?, AccountId::new("user-2")?);
    /// assert_eq!(machine.row_of(&jo), machine.row_of(&jo));
    /// assert_ne!(machine.row_of(&jo), machine.row_of(&sam));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn row_of(&self, account: &AccountId) -> RecordKey {
        self.0.locator.account(account)
    }

    /// Begins an operation.
    pub fn begin<R: Request>(&self, request: R, context: Context) -> Step<R::Output> {
        let sealed::First(next) = request.begin(self);
        let Context { now, entropy } = context;
        let frame = Frame {
            machine: self.clone(),
            now,
            entropy,
            tries: 0,
            mail: Vec::new(),
            events: Vec::new(),
            limits: Vec::new(),
            account: None,
        };
        frame.advance(next)
    }

    pub(crate) fn locator(&self) -> &LocatorKey {
        &self.0.locator
    }

    pub(crate) fn ring(&self) -> &KeyRing {
        &self.0.ring
    }

    pub(crate) fn blocklist(&self) -> &dyn Blocklist {
        &*self.0.blocklist
    }
}

/// Where an operation stands: what the host is to do next.
#[derive(Debug)]
pub enum Step<O> {
    /// Ask the directory who an identifier is.
    Find(Find<O>),
    /// Read rows.
    Load(Load<O>),
    /// Hash a password.
    Prove(Prove<O>),
    /// Write one row if it is unchanged.
    Commit(Commit<O>),
    /// Make an account in the directory.
    Create(Create<O>),
    /// Give an account another identifier in the directory.
    Rename(Rename<O>),
    /// Free the identifiers of an account in the directory.
    Release(Release<O>),
    /// Send the mail, log the events, tell the outcome.
    Done(Done<O>),
}

/// What an operation carries from stage to stage.
struct Frame {
    machine: Machine,
    now: Timestamp,
    entropy: Entropy,
    /// Tries of turns so far; each has its own stream of the entropy.
    tries: u64,
    mail: Vec<Envelope>,
    events: Vec<Event>,
    limits: Vec<Quota>,
    account: Option<AccountId>,
}

/// How often a turn is decided anew. Each stale commit means that another request was counted, and quotas bound
/// those; this bounds only a store that calls every commit stale.
const MAX_TRIES: u64 = 1_000;

impl Frame {
    fn cx(&self) -> Cx<'_> {
        let Inner { policy, locator, ring, blocklist } = &*self.machine.0;
        let blocklist = &**blocklist;
        Cx { policy, locator, ring, blocklist, now: self.now, draw: self.entropy.stream(self.tries) }
    }

    fn advance<O: 'static>(self, next: Next<O>) -> Step<O> {
        match next {
            Next::Done(verdict) => {
                let Self { mail, events, limits, account, now, .. } = self;
                Step::Done(Done { outcome: Outcome { verdict, limits, at: now, account }, mail, events })
            }
            Next::Turn(turn) => self.load(turn, None),
            Next::Find(identifier, then) => Step::Find(Find { frame: self, identifier, then }),
            Next::Create(account, then) => Step::Create(Create { frame: self, account, then }),
            Next::Rename(renaming, then) => Step::Rename(Rename { frame: self, renaming, then }),
            Next::Release(account, then) => Step::Release(Release { frame: self, account, then }),
        }
    }

    fn load<O>(mut self, turn: Box<dyn Turn<O>>, hashed: Option<Hashed>) -> Step<O> {
        self.tries = self.tries.saturating_add(1);
        let keys = turn.keys();
        Step::Load(Load { frame: self, turn, keys, hashed, unsure: None })
    }
}

/// A stage: read rows.
pub struct Load<O> {
    frame: Frame,
    turn: Box<dyn Turn<O>>,
    keys: Vec<RecordKey>,
    hashed: Option<Hashed>,
    /// A commit of unknown effect that this load is to recognise.
    unsure: Option<(Version, Decided<O>)>,
}

impl<O: 'static> Load<O> {
    /// The one or two rows to read.
    #[must_use]
    pub fn keys(&self) -> &[RecordKey] {
        &self.keys
    }

    /// Goes on with the rows, one for each key, `None` where there is none.
    ///
    /// # Errors
    /// [`MachineError`] if a row cannot be read, or if there are not as many rows as keys.
    pub fn resume(self, rows: Vec<Option<Row>>) -> Result<Step<O>, MachineError> {
        let Self { frame, turn, keys, hashed, unsure } = self;
        if rows.len() != keys.len() {
            return Err(MachineError::Misuse("not as many rows as keys"));
        }
        if let Some((version, decided)) = unsure {
            // Versions are unique: a row that has ours was written by our commit, whose answer was lost.
            let ours = rows.first().and_then(Option::as_ref).is_some_and(|row| row.version == version);
            return if ours { Ok(decided.applied(frame)) } else { Err(MachineError::CommitUnknown) };
        }
        let work = turn.work(&mut frame.cx(), &Rows { keys: &keys, rows: &rows })?;
        let work = work.map(|work| work.asked_by(frame.entropy.operation()));
        // What was hashed for an earlier try still stands if it was hashed with the same salt, or compared with the same hash.
        let hashed = hashed.filter(|hashed| work.as_ref().is_some_and(|work| hashed.is_of(work)));
        match work {
            Some(work) if hashed.is_none() => Ok(Step::Prove(Prove { frame, turn, keys, rows, work })),
            _ => decide(frame, turn, keys, rows, hashed),
        }
    }
}

/// A stage: hash a password.
pub struct Prove<O> {
    frame: Frame,
    turn: Box<dyn Turn<O>>,
    keys: Vec<RecordKey>,
    rows: Vec<Option<Row>>,
    work: Work,
}

impl<O: 'static> Prove<O> {
    /// The work: take it to where slowness does no harm.
    #[must_use]
    pub const fn work(&self) -> &Work {
        &self.work
    }

    /// Goes on with what [`Work::run`] returned.
    ///
    /// # Errors
    /// [`MachineError`] if that was the result of other work: of another request, also where both compare with one stored hash.
    pub fn resume(self, hashed: Hashed) -> Result<Step<O>, MachineError> {
        if !hashed.is_of(&self.work) {
            return Err(MachineError::Misuse("the hash is of other work"));
        }
        decide(self.frame, self.turn, self.keys, self.rows, Some(hashed))
    }
}

fn decide<O: 'static>(
    frame: Frame,
    turn: Box<dyn Turn<O>>,
    keys: Vec<RecordKey>,
    rows: Vec<Option<Row>>,
    hashed: Option<Hashed>,
) -> Result<Step<O>, MachineError> {
    let mut cx = frame.cx();
    let Decision { change, mail, events, limits, account, next } =
        turn.decide(&mut cx, &Rows { keys: &keys, rows: &rows }, hashed.as_ref())?;
    let version = Version::from_bytes(cx.draw.bytes());
    let decided = Decided { mail, events, limits, account, next };
    let expected = rows.first().and_then(Option::as_ref).map(|row| row.version);
    let key = *keys.first().ok_or(MachineError::Misuse("a turn reads nothing"))?;
    let write = match change {
        Change::Keep => return Ok(decided.applied(frame)),
        Change::Delete if expected.is_none() => return Ok(decided.applied(frame)),
        Change::Delete => None,
        Change::Put { bytes, expires_at } => Some((bytes, expires_at)),
    };
    Ok(Step::Commit(Commit { frame, turn, key, expected, version, write, hashed, decided }))
}

/// What a turn decided, locked up until its commit was applied.
struct Decided<O> {
    mail: Vec<Envelope>,
    events: Vec<Event>,
    limits: Vec<Quota>,
    account: Option<AccountId>,
    next: Next<O>,
}

impl<O: 'static> Decided<O> {
    fn applied(self, mut frame: Frame) -> Step<O> {
        frame.mail.extend(self.mail);
        frame.events.extend(self.events);
        frame.limits.extend(self.limits);
        frame.account = self.account.or(frame.account);
        frame.advance(self.next)
    }
}

/// A stage: write one row if it is unchanged since it was read.
pub struct Commit<O> {
    frame: Frame,
    turn: Box<dyn Turn<O>>,
    key: RecordKey,
    expected: Option<Version>,
    version: Version,
    write: Option<(Vec<u8>, Option<Timestamp>)>,
    hashed: Option<Hashed>,
    decided: Decided<O>,
}

impl<O: 'static> Commit<O> {
    /// The row to write.
    #[must_use]
    pub const fn key(&self) -> &RecordKey {
        &self.key
    }

    /// The version the row must still have, `None` if there must be no row.
    #[must_use]
    pub const fn expected(&self) -> Option<Version> {
        self.expected
    }

    /// What to write, if it is not too late for it. `now` is the time by the host's clock *after* the rows were read.
    ///
    /// A request is judged by when it came. If others came after it and were counted before it read, its time is to the record that of
    /// a clock set back; beyond the tolerance the record would go by it, and what is kept there would age by that much more (law 7).
    /// Whoever comes between this question and the write makes the write stale, so no gap is left.
    ///
    /// # Errors
    /// [`MachineError::HeldUp`]: the operation is over.
    pub fn write(&self, now: Timestamp) -> Result<Write<'_>, MachineError> {
        if now.since(self.frame.now) > self.frame.machine.policy().settings().clock_tolerance {
            return Err(MachineError::HeldUp);
        }
        Ok(match &self.write {
            Some((bytes, expires_at)) => Write::Put { version: self.version, bytes, expires_at: *expires_at },
            None => Write::Delete,
        })
    }

    /// Goes on with the store's answer. A stale commit leads to another [`Load`] and a new decision; a password that was hashed
    /// is not hashed again unless its salt changed.
    ///
    /// # Errors
    /// [`MachineError::Contention`] if that goes on beyond what the limits let through.
    pub fn resume(self, answer: Committed) -> Result<Step<O>, MachineError> {
        match answer {
            Committed::Applied => Ok(self.decided.applied(self.frame)),
            Committed::Stale if self.frame.tries >= MAX_TRIES => Err(MachineError::Contention),
            Committed::Stale => Ok(self.frame.load(self.turn, self.hashed)),
        }
    }

    /// Goes on after a commit whose answer was lost: reads the row again to see whether it was applied. If the row does
    /// not show that, the next `resume` fails and the operation is over.
    #[must_use]
    pub fn unsure(self) -> Step<O> {
        let keys = alloc::vec![self.key];
        let unsure = Some((self.version, self.decided));
        Step::Load(Load { frame: self.frame, turn: self.turn, keys, hashed: None, unsure })
    }
}

/// The end of an operation.
#[derive(Debug)]
#[non_exhaustive]
pub struct Done<O> {
    /// What the client may be told.
    pub outcome: Outcome<O>,
    /// What to hand to the mailer. Its failure is an event and changes no answer.
    pub mail: Vec<Envelope>,
    /// What to log.
    pub events: Vec<Event>,
}

/// Stages say what they are and nothing of what they hold.
macro_rules! opaque_debug {
    ($($name:ident),*) => {$(
        impl<O> core::fmt::Debug for $name<O> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
opaque_debug!(Find, Load, Prove, Commit, Create, Rename, Release);
