//! The record of one account: its credentials, and what people who proved a first factor did with it.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::challenge::{StoredHash, open, seal};
use super::codec::{Record, RecordError};
use super::devices::StoredDevices;
use super::factors::SecondFactors;
use super::sessions::StoredSessions;
use super::{Ledger, RecordKind, Settled};
use crate::entropy::Draw;
use crate::ids::AccountId;
use crate::keys::{DataKey, Domain};
use crate::policy::Policy;
use crate::throttle::Log;
use crate::{Address, Factor, Identifier, PasswordHash, Timestamp};

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
    pub(crate) devices: StoredDevices,
    /// When the owner was told of changes.
    pub(crate) notices: Log,
    /// Whether the host asks for another password before anything else.
    pub(crate) change_password: bool,
    /// Whether the address is only what the host said, and not proven.
    pub(crate) unproven: bool,
    /// Whether the account is no more; what is left keeps its id from being anybody's.
    gone: Option<Gone>,
    /// What stands for the ticket of the one challenge that sign-ins in one request share. Random and new with each such
    /// challenge, since a challenge is sealed under it; no ticket has it for its digest.
    pub(crate) at_once: [u8; 16],
    /// The name under which the credentials were sealed; new each time.
    seal: [u8; 16],
    #[serde(with = "super::blob")]
    sealed: Vec<u8>,
}

/// What is left of an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Gone {
    /// Its identifiers are still to be released.
    Unreleased,
    /// They are; the row may be swept then.
    Until(Timestamp),
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
    /// The identifier it is about to have: its mailbox was proven, and the directory is being told.
    #[serde(deserialize_with = "crate::identifier::sealed::other_identifier")]
    pub(crate) moving: Option<Identifier>,
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
            devices: StoredDevices::default(),
            notices: Log::default(),
            change_password: false,
            unproven: false,
            gone: None,
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
        self.seal(key, &credentials, draw)
    }

    fn seal(&mut self, key: &DataKey, credentials: &Credentials, draw: &mut Draw) -> Result<(), RecordError> {
        let name = draw.bytes();
        self.sealed = seal(key, &name, credentials)?;
        self.seal = name;
        Ok(())
    }

    /// Takes a new password, with all that follows from it: what was made for the account as it was is dead.
    pub(crate) fn set_password(
        &mut self,
        key: &DataKey,
        hash: &PasswordHash,
        draw: &mut Draw,
    ) -> Result<(), RecordError> {
        self.rehash(key, hash, draw)?;
        self.change_password = false;
        // It may have been begun by whoever the password is changed because of.
        self.factors.pending = None;
        self.raise();
        Ok(())
    }

    /// Begins to move to another identifier, whose mailbox was proven: answers to both until the directory has been told. The one there is.
    ///
    /// One of an earlier move stays, since the directory may be being told of it: to drop it could leave no door.
    pub(crate) fn begin_move(
        &mut self,
        key: &DataKey,
        to: &Identifier,
        draw: &mut Draw,
    ) -> Result<Identifier, RecordError> {
        let mut credentials = self.credentials(key)?;
        let from = credentials.identifier.clone();
        if !self.answers_to(key, to) {
            self.identifiers.push(Self::digest(key, to));
        }
        if self.identifiers.len() > Self::MOST_IDENTIFIERS {
            // The first is the one there is; the second belongs to the oldest move.
            self.identifiers.remove(1);
        }
        credentials.moving = Some(to.clone());
        self.seal(key, &credentials, draw)?;
        Ok(from)
    }

    /// The most identifiers a record answers to: the one there is, and those of moves that were cut off.
    const MOST_IDENTIFIERS: usize = 4;

    /// Ends all moves: the directory leads from this identifier to the account.
    pub(crate) fn end_move(
        &mut self,
        key: &DataKey,
        to: &Identifier,
        draw: &mut Draw,
    ) -> Result<(), RecordError> {
        let mut credentials = self.credentials(key)?;
        credentials.address = to.address().clone();
        credentials.identifier = to.clone();
        credentials.moving = None;
        self.unproven = false;
        self.raise();
        self.identifiers = vec![Self::digest(key, to)];
        self.seal(key, &credentials, draw)
    }

    /// Gives one move up: the directory says that the identifier is somebody else's.
    pub(crate) fn drop_move(
        &mut self,
        key: &DataKey,
        to: &Identifier,
        draw: &mut Draw,
    ) -> Result<(), RecordError> {
        let mut credentials = self.credentials(key)?;
        let digest = Self::digest(key, to);
        self.identifiers.retain(|known| *known != digest);
        credentials.moving.take_if(|moving| moving == to);
        self.seal(key, &credentials, draw)
    }

    /// Turns the authenticator app off; what was guessed at it, and at the recovery codes that die with it, is over.
    pub(crate) fn disable_totp(&mut self) {
        self.factors.disable_totp();
        self.ledger.rebound(Factor::Totp);
        self.ledger.rebound(Factor::RecoveryCode);
    }

    /// Leaves a tombstone: the id and nothing else.
    pub(crate) fn delete(&mut self) {
        self.raise();
        self.identifiers.clear();
        self.factors = SecondFactors::default();
        self.sessions = StoredSessions::default();
        self.notices = Log::default();
        self.ledger.clear();
        self.sealed.clear();
        self.gone = Some(Gone::Unreleased);
    }

    /// Notes that the identifiers of a deleted account are free, and that the tombstone may be swept at `until`.
    pub(crate) const fn released(&mut self, until: Timestamp) {
        self.gone = Some(Gone::Until(until));
    }

    pub(crate) const fn is_gone(&self) -> bool {
        self.gone.is_some()
    }

    /// When the row may be swept: an account is kept until its owner deletes it.
    pub(crate) const fn expires_at(&self) -> Option<Timestamp> {
        match self.gone {
            Some(Gone::Until(until)) => Some(until),
            Some(Gone::Unreleased) | None => None,
        }
    }

    /// Says that what opens the account has changed: nothing made for the account as it was is worth anything from now on,
    /// of what waits in this record or in a visitor's (R60, B073, B108).
    pub(crate) fn raise(&mut self) {
        self.generation = self.generation.saturating_add(1);
        self.ledger.challenges.clear();
        self.devices = StoredDevices::default();
        // What an operator began is for somebody whose password may be lost as well.
        self.factors.lost.take_if(|lost| !lost.by_operator);
    }

    /// Brings the record to the time of a request; see [`Ledger::settle`].
    pub(crate) fn settle(&mut self, policy: &Policy, now: Timestamp) -> Settled {
        let mut settled = self.ledger.settle(policy, now);
        if let Some((from, to)) = settled.shift {
            self.sessions.rebase(from, to);
            self.devices.rebase(from, to);
            self.notices.rebase(from, to);
            self.factors.pending.iter_mut().for_each(|it| it.expires_at = it.expires_at.shifted(from, to));
            if let Some(lost) = &mut self.factors.lost {
                lost.ready_at = lost.ready_at.shifted(from, to);
                lost.expires_at = lost.expires_at.shifted(from, to);
            }
        }
        let ended = self.sessions.erase_expired(policy, settled.now);
        let untrusted = self.devices.erase_expired(settled.now);
        let lapsed = self.factors.pending.take_if(|pending| settled.now >= pending.expires_at).is_some();
        let given_up = self.factors.lost.take_if(|lost| settled.now >= lost.expires_at).is_some();
        settled.changed |= ended | untrusted | lapsed | given_up;
        settled
    }

    fn digest(key: &DataKey, identifier: &Identifier) -> [u8; 16] {
        key.digest(Domain::ProvenIdentifier, &[identifier.as_str().as_bytes()])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::Entropy;

    fn id(name: &str) -> Identifier {
        Identifier::parse(&alloc::format!("{name}@example.com")).unwrap()
    }

    /// Law 12: of moves that were cut off the latest three are answered to, and the identifier there is. Who gives one up gives up that one.
    #[test]
    fn law12_moves_that_were_cut_off_keep_their_doors() {
        let mut draw = Entropy::from_seed([3; 32]).stream(0);
        let key = DataKey::draw(&mut draw);
        let hash = PasswordHash::new("$test$00$00").unwrap();
        let credentials = Credentials {
            id: AccountId::new("jo").unwrap(),
            identifier: id("jo"),
            address: id("jo").address().clone(),
            password: StoredHash(hash),
            moving: None,
        };
        let wrapped = crate::KeyRing::new(&(1..=32).collect::<Vec<u8>>(), &[]).unwrap();
        let row = crate::LocatorKey::new(&(2..=33).collect::<Vec<u8>>()).unwrap().account(&credentials.id);
        let ledger = Ledger::new(wrapped.wrap(&row, &key, &mut draw).unwrap(), crate::Timestamp::UNIX_EPOCH);
        let mut account = Account::open(ledger, &key, &credentials, &mut draw).unwrap();
        let answers =
            |account: &Account| ["jo", "a", "b", "c", "d"].map(|n| account.answers_to(&key, &id(n)));
        for name in ["a", "b", "c"] {
            assert_eq!(account.begin_move(&key, &id(name), &mut draw).unwrap(), id("jo"));
        }
        assert_eq!(answers(&account), [true, true, true, true, false]);
        account.begin_move(&key, &id("d"), &mut draw).unwrap();
        assert_eq!(answers(&account), [true, false, true, true, true]);
        account.drop_move(&key, &id("c"), &mut draw).unwrap();
        assert_eq!(answers(&account), [true, false, true, false, true]);
        assert_eq!(account.credentials(&key).unwrap().moving, Some(id("d")), "another one");
        account.drop_move(&key, &id("d"), &mut draw).unwrap();
        assert_eq!(answers(&account), [true, false, true, false, false]);
        assert_eq!(account.credentials(&key).unwrap().moving, None);
    }
}
