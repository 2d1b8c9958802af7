//! The stages that ask the host's own user table: who somebody is, and to make, rename or free an account.

use super::turn::Then;
use super::{Created, DirectoryEntry, Frame, NewAccount, Renaming, Step};
use crate::{AccountId, Event, EventKind, Identifier};

/// A stage: ask the directory who an identifier is.
pub struct Find<O> {
    pub(super) frame: Frame,
    pub(super) identifier: Identifier,
    pub(super) then: Then<Option<DirectoryEntry>, O>,
}

impl<O: 'static> Find<O> {
    /// The identifier, in normal form: the same text for every spelling of it.
    #[must_use]
    pub const fn identifier(&self) -> &Identifier {
        &self.identifier
    }

    /// Goes on with what the directory knows, `None` if nothing. An entry of another identifier counts as none, and is an event.
    #[must_use]
    pub fn resume(mut self, entry: Option<DirectoryEntry>) -> Step<O> {
        let asked =
            |entry: &DirectoryEntry| Identifier::parse(&entry.identifier).as_ref() == Ok(&self.identifier);
        let (entry, other) = match entry {
            Some(entry) if !asked(&entry) => (None, true),
            entry => (entry, false),
        };
        let cx = self.frame.cx();
        let (at, kind) = (cx.now, EventKind::DirectoryMismatch);
        let mismatch =
            other.then(|| Event { at, kind, subject: cx.locator.visitor(&self.identifier), account: None });
        let next = (self.then)(entry, &cx);
        self.frame.events.extend(mismatch);
        self.frame.advance(next)
    }
}

/// A stage: make an account in the directory.
pub struct Create<O> {
    pub(super) frame: Frame,
    pub(super) account: NewAccount,
    pub(super) then: Then<Created, O>,
}

impl<O: 'static> Create<O> {
    /// The account to make.
    #[must_use]
    pub const fn account(&self) -> &NewAccount {
        &self.account
    }

    /// Goes on with what the directory did.
    #[must_use]
    pub fn resume(self, created: Created) -> Step<O> {
        let next = (self.then)(created, &self.frame.cx());
        self.frame.advance(next)
    }
}

/// A stage: give an account another identifier in the directory.
pub struct Rename<O> {
    pub(super) frame: Frame,
    pub(super) renaming: Renaming,
    pub(super) then: Then<Created, O>,
}

impl<O: 'static> Rename<O> {
    /// Which, and for whom.
    #[must_use]
    pub const fn renaming(&self) -> &Renaming {
        &self.renaming
    }

    /// Goes on with what the directory did.
    #[must_use]
    pub fn resume(self, renamed: Created) -> Step<O> {
        let next = (self.then)(renamed, &self.frame.cx());
        self.frame.advance(next)
    }
}

/// A stage: free the identifiers of an account that is gone.
pub struct Release<O> {
    pub(super) frame: Frame,
    pub(super) account: AccountId,
    pub(super) then: Then<(), O>,
}

impl<O: 'static> Release<O> {
    /// The account.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// Goes on once they are free.
    #[must_use]
    pub fn resume(self) -> Step<O> {
        let next = (self.then)((), &self.frame.cx());
        self.frame.advance(next)
    }
}
