//! The record of one account: its credentials, and what people who proved a first factor did with it.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::challenge::{StoredHash, open, seal};
use super::codec::{Record, RecordError};
use super::factors::SecondFactors;
use super::sessions::StoredSessions;
use super::{Ledger, RecordKind, Settled};
use crate::entropy::Draw;
use crate::ids::AccountId;
use crate::keys::{DataKey, Domain};
use crate::policy::Policy;
use crate::{Address, Identifier, PasswordHash, Purpose, Timestamp};

/// One account. No stranger's request ever writes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) ledger: Ledger,
    /// Raised whenever a password, an address or a factor changes; what was made for another generation is dead.
    pub(crate) generation: u64,
    /// Whether the host has shut it: nobody signs in, and it looks like an account with another password.
    pub(crate) suspended: bool,
    /// Digests of the identifiers whose address was proven.
    identifiers: Vec<[u8; 16]>,
    pub(crate) factors: SecondFactors,
    pub(crate) sessions: StoredSessions,
    /// What stands for the ticket of the one challenge that sign-ins in one request share. Random and new with each such
    /// challenge, since a challenge is sealed under it; no ticket has it for its digest.
    pub(crate) at_once: [u8; 16],
    /// The name under which the credentials were sealed; new each time.
    seal: [u8; 16],
    #[serde(with = "super::blob")]
    sealed: Vec<u8>,
}

impl Record for Account {
    const KIND: RecordKind = RecordKind::Account;
}

/// What an account is and what opens it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Credentials {
    pub(crate) id: AccountId,
    /// The identifier it was signed up with.
    #[serde(deserialize_with = "crate::identifier::sealed::identifier")]
    pub(crate) identifier: Identifier,
    /// Where its mail goes: proven, byte for byte.
    #[serde(deserialize_with = "crate::identifier::sealed::address")]
    pub(crate) address: Address,
    pub(crate) password: StoredHash,
}

impl Account {
    /// A new account whose one identifier was just proven.
    pub(crate) fn open(
        ledger: Ledger,
        key: &DataKey,
        credentials: &Credentials,
        draw: &mut Draw,
    ) -> Result<Self, RecordError> {
        let name = draw.bytes();
        let sealed = seal(key, &name, credentials)?;
        let identifiers = vec![Self::digest(key, &credentials.identifier)];
        Ok(Self {
            ledger,
            generation: 1,
            suspended: false,
            identifiers,
            factors: SecondFactors::default(),
            sessions: StoredSessions::default(),
            at_once: draw.bytes(),
            seal: name,
            sealed,
        })
    }

    /// Whether the account's owner has proven this identifier. What the host's directory says counts only if so.
    pub(crate) fn answers_to(&self, key: &DataKey, identifier: &Identifier) -> bool {
        let digest = Self::digest(key, identifier);
        self.identifiers.iter().fold(false, |found, known| crate::secret::matches(known, &digest) | found)
    }

    pub(crate) fn credentials(&self, key: &DataKey) -> Result<Credentials, RecordError> {
        open(key, &self.seal, &self.sealed)
    }

    /// Takes another hash of the *same* password, which is why the generation stays.
    pub(crate) fn rehash(
        &mut self,
        key: &DataKey,
        hash: &PasswordHash,
        draw: &mut Draw,
    ) -> Result<(), RecordError> {
        let mut credentials = self.credentials(key)?;
        credentials.password = StoredHash(hash.clone());
        let name = draw.bytes();
        self.sealed = seal(key, &name, &credentials)?;
        self.seal = name;
        Ok(())
    }

    /// Says that what opens the account has changed: nothing made for the account as it was is worth anything from now on,
    /// of what waits in this record or in a visitor's (R60, B073, B108).
    pub(crate) fn raise(&mut self) {
        self.generation = self.generation.saturating_add(1);
        self.ledger.spend(Purpose::SecondFactor);
        self.ledger.spend(Purpose::ConfirmAction);
    }

    /// Brings the record to the time of a request; see [`Ledger::settle`].
    pub(crate) fn settle(&mut self, policy: &Policy, now: Timestamp) -> Settled {
        let mut settled = self.ledger.settle(policy, now);
        if let Some((from, to)) = settled.shift {
            self.sessions.rebase(from, to);
            self.factors.pending.iter_mut().for_each(|it| it.expires_at = it.expires_at.shifted(from, to));
        }
        let ended = self.sessions.erase_expired(policy, settled.now);
        let lapsed = self.factors.pending.take_if(|pending| settled.now >= pending.expires_at).is_some();
        settled.changed |= ended | lapsed;
        settled
    }

    fn digest(key: &DataKey, identifier: &Identifier) -> [u8; 16] {
        key.digest(Domain::ProvenIdentifier, &[identifier.as_str().as_bytes()])
    }

    /// Accounts are kept until their owner deletes them.
    pub(crate) const EXPIRES_AT: Option<Timestamp> = None;
}
