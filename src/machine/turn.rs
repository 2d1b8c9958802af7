//! The inside of the machine: what one turn is, and what follows it.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Created, DirectoryEntry, Hashed, MachineError, NewAccount, Renaming, Row, Work};
use crate::entropy::Draw;
use crate::record::RecordKey;
use crate::throttle::Quota;
use crate::{
    AccountId, Blocklist, Envelope, Event, EventKind, Identifier, KeyRing, LocatorKey, Policy, Timestamp,
    Verdict,
};

/// One compare-and-swap: reads one or two rows, decides purely, writes at most the first of them.
pub(crate) trait Turn<O>: Send + Sync {
    /// The rows it reads; the first is the one it may write.
    fn keys(&self) -> Vec<RecordKey>;

    /// The password to hash before [`decide`](Self::decide), if any: none where a limit refuses anyway.
    fn work(&self, _: &mut Cx<'_>, _: &Rows<'_>) -> Result<Option<Work>, MachineError> {
        Ok(None)
    }

    /// Decides. Pure and total: the same values give the same decision. It may be asked again with fresher rows.
    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        hashed: Option<&Hashed>,
    ) -> Result<Decision<O>, MachineError>;
}

/// What every turn may look at.
pub(crate) struct Cx<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) locator: &'a LocatorKey,
    pub(crate) ring: &'a KeyRing,
    pub(crate) blocklist: &'a dyn Blocklist,
    /// The request's own time.
    pub(crate) now: Timestamp,
    /// The randomness of this try of this turn; the same for `work` and `decide`.
    pub(crate) draw: Draw,
}

/// The rows a turn asked for, in its order.
pub(crate) struct Rows<'a> {
    pub(crate) keys: &'a [RecordKey],
    pub(crate) rows: &'a [Option<Row>],
}

impl Rows<'_> {
    /// The key and the row at a place in the turn's list.
    pub(crate) fn at(&self, index: usize) -> Result<(&RecordKey, Option<&Row>), MachineError> {
        match (self.keys.get(index), self.rows.get(index)) {
            (Some(key), Some(row)) => Ok((key, row.as_ref())),
            _ => Err(MachineError::Misuse("a turn was given fewer rows than it asked for")),
        }
    }
}

/// What a turn does to the row it writes.
pub(crate) enum Change {
    /// Nothing.
    Keep,
    /// Writes it anew.
    Put { bytes: Vec<u8>, expires_at: Option<Timestamp> },
    /// Deletes it.
    Delete,
}

/// What a turn came to. Nothing of it but `change` leaves the machine before the change was applied (law 1).
pub(crate) struct Decision<O> {
    pub(crate) change: Change,
    pub(crate) mail: Vec<Envelope>,
    pub(crate) events: Vec<Event>,
    pub(crate) limits: Vec<Quota>,
    /// The account that the request proved to be at, once it has.
    pub(crate) account: Option<AccountId>,
    pub(crate) next: Next<O>,
}

impl<O> Decision<O> {
    pub(crate) const fn new(change: Change, next: Next<O>) -> Self {
        Self { change, mail: Vec::new(), events: Vec::new(), limits: Vec::new(), account: None, next }
    }

    /// Adds an event about the row `subject`.
    pub(crate) fn event(mut self, cx: &Cx<'_>, subject: &RecordKey, kind: EventKind) -> Self {
        self.events.push(Event { at: cx.now, kind, subject: *subject, account: None });
        self
    }

    /// Adds events about the row `subject`.
    pub(crate) fn events(
        self,
        cx: &Cx<'_>,
        subject: &RecordKey,
        kinds: impl IntoIterator<Item = EventKind>,
    ) -> Self {
        kinds.into_iter().fold(self, |decision, kind| decision.event(cx, subject, kind))
    }

    /// Adds how a limit stands, for response headers.
    pub(crate) fn limit(mut self, quota: Quota) -> Self {
        self.limits.push(quota);
        self
    }

    /// Says which account the events are about, which is the one that the request proved to be at.
    pub(crate) fn about(mut self, account: &AccountId) -> Self {
        self.events.iter_mut().for_each(|event| event.account = Some(account.clone()));
        self.at(account)
    }

    /// Says at which account the request has proven a factor or a session.
    pub(crate) fn at(mut self, account: &AccountId) -> Self {
        self.account = Some(account.clone());
        self
    }
}

/// What follows a turn.
pub(crate) enum Next<O> {
    /// The operation is over.
    Done(Verdict<O>),
    /// Another turn, which carries what this one established.
    Turn(Box<dyn Turn<O>>),
    /// Ask the directory who an identifier is.
    Find(Identifier, Then<Option<DirectoryEntry>, O>),
    /// Have the directory make an account.
    Create(NewAccount, Then<Created, O>),
    /// Have the directory give an account another identifier.
    Rename(Renaming, Then<Created, O>),
    /// Have the directory free the identifiers of an account that is gone.
    Release(AccountId, Then<(), O>),
}

/// What to do with a host's answer. It can be called again, since a turn can be decided again.
pub(crate) type Then<A, O> = Arc<dyn Fn(A, &Cx<'_>) -> Next<O> + Send + Sync>;
