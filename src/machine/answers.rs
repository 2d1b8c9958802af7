//! What passes between the machine and its host.

use alloc::vec::Vec;

use crate::host::{HashError, PasswordHasher};
use crate::record::Version;
use crate::{AccountId, Address, Identifier, Password, PasswordHash, Profile, Salt, Timestamp};

/// A row as the store has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// The id of the commit that wrote it.
    pub version: Version,
    /// The record, at most [`MAX_RECORD_BYTES`](crate::record::MAX_RECORD_BYTES). Opaque, and not text.
    pub bytes: Vec<u8>,
}

/// What a commit writes in place of the row it read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Write<'a> {
    /// The row's next state.
    Put {
        /// The version the row has from now on. Unique: the core never uses one twice.
        version: Version,
        /// The bytes to keep.
        bytes: &'a [u8],
        /// When the row may be swept; `None` for one that is kept until it is deleted. Until then it must be kept: a
        /// row lost early gives guesses back. Later is always safe, since the core judges expiry by itself.
        expires_at: Option<Timestamp>,
    },
    /// The row goes.
    Delete,
}

/// Whether a commit took effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "a commit that was not applied has changed nothing"]
pub enum Committed {
    /// The row was as expected and is now as written.
    Applied,
    /// The row was not as expected and is unchanged.
    Stale,
}

/// What the host's directory knows of an identifier.
///
/// A directory's word is never enough: where the account's own record does not confirm the identifier, the account
/// counts as unknown.
#[derive(Clone, Debug)]
pub struct DirectoryEntry {
    /// The identifier of the row that was found, as the directory stores it: never the one that was asked for.
    ///
    /// A look-up may be wider than the normal form: a collation that ignores accents finds `jose` for `josé`. The core
    /// compares the two in normal form, and another identifier counts as unknown. Otherwise one account would have a guess
    /// budget for each spelling, and a client would choose the spelling under which the account is taken over.
    pub identifier: alloc::string::String,
    /// The account.
    pub account: AccountId,
    /// Where its mail goes, exactly as its owner proved it.
    pub address: Address,
    /// Whether its owner did prove it. Looked at only where the library has no record of the account yet: where not, the account is mailed
    /// no codes until its owner, signed in with the password, has proven it.
    pub address_proven: bool,
    /// A password hash from before this library kept the account's record, if the host has one. Only with it, an
    /// account without a record counts as one.
    pub legacy: Option<PasswordHash>,
}

/// An account to make.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its identifier, whose mailbox was just proven.
    pub identifier: Identifier,
    /// What the host asked to keep with the sign-up.
    pub profile: Profile,
}

/// An identifier to give to an account in place of another.
#[derive(Clone, Debug)]
pub struct Renaming {
    /// The account.
    pub account: AccountId,
    /// The identifier it has.
    pub from: Identifier,
    /// The one it is to have, whose mailbox was just proven.
    pub to: Identifier,
}

/// What the directory did about an account to make, or to give another identifier.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Created {
    /// The identifier belongs to this account now; the same id again if it already did and the account has no
    /// credentials of its own.
    Account(AccountId),
    /// The identifier belongs to somebody else.
    Taken,
}

/// A password to hash or to check: slow on purpose, and the only slow thing here.
///
/// Hand it to a thread where slowness does no harm; see [`run`](Work::run).
#[derive(Clone, Debug)]
pub struct Work {
    password: Password,
    task: Task,
    /// The operation that asked for it: drawn from the request's own randomness, so that no two have the same.
    operation: [u8; 16],
}

#[derive(Clone, Debug)]
enum Task {
    /// Hash it under a salt.
    Hash(Salt),
    /// Compare it with a stored hash; where there is none, hash it under a salt all the same, so that the time taken
    /// tells nothing (law 8).
    Check { stored: Option<PasswordHash>, decoy: Salt },
}

impl Task {
    /// Whether what was done for `self` still stands for `other`. What the decoy's salt was, is nobody's concern.
    fn serves(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Hash(a), Self::Hash(b)) => a == b,
            (Self::Check { stored: a, .. }, Self::Check { stored: b, .. }) => match (a, b) {
                (Some(a), Some(b)) => a.matches(b),
                (None, None) => true,
                _ => false,
            },
            _ => false,
        }
    }
}

/// The result of [`Work`], for the stage that asked for it.
#[derive(Clone, Debug)]
pub struct Hashed {
    task: Task,
    operation: [u8; 16],
    proof: Proof,
}

#[derive(Clone, Debug)]
enum Proof {
    Hash(PasswordHash),
    Check { right: bool, rehash_due: bool },
}

impl Work {
    pub(crate) const fn hash(password: Password, salt: Salt) -> Self {
        Self { password, task: Task::Hash(salt), operation: [0; 16] }
    }

    pub(crate) const fn check(password: Password, stored: Option<PasswordHash>, decoy: Salt) -> Self {
        Self { password, task: Task::Check { stored, decoy }, operation: [0; 16] }
    }

    /// The same work, asked for by an operation. A result is taken by no other: one password's result never stands for the
    /// password of another request.
    pub(super) fn asked_by(self, operation: [u8; 16]) -> Self {
        Self { operation, ..self }
    }

    /// Does the work with the host's hasher: one hash, whatever is to be done.
    ///
    /// # Errors
    /// What the hasher fails with.
    pub fn run<H: PasswordHasher + ?Sized>(&self, hasher: &H) -> Result<Hashed, HashError> {
        let proof = match &self.task {
            Task::Hash(salt) => Proof::Hash(hasher.hash(&self.password, salt)?),
            Task::Check { stored: Some(stored), .. } => {
                let right = hasher.verify(&self.password, stored)?;
                Proof::Check { right, rehash_due: hasher.rehash_due(stored) }
            }
            Task::Check { stored: None, decoy } => {
                let _ = hasher.hash(&self.password, decoy)?;
                Proof::Check { right: false, rehash_due: false }
            }
        };
        Ok(Hashed { task: self.task.clone(), operation: self.operation, proof })
    }
}

impl Hashed {
    /// Whether it is the result of this work, or of work of the same operation that stands for it.
    pub(crate) fn is_of(&self, work: &Work) -> bool {
        self.operation == work.operation && self.task.serves(&work.task)
    }

    /// The hash, where one was asked for.
    pub(crate) const fn hash(&self) -> Option<&PasswordHash> {
        match &self.proof {
            Proof::Hash(hash) => Some(hash),
            Proof::Check { .. } => None,
        }
    }

    /// Whether the password was that of the stored hash.
    pub(crate) const fn is_right(&self) -> bool {
        matches!(self.proof, Proof::Check { right: true, .. })
    }

    /// Whether the stored hash should be made anew, with the hasher's present parameters.
    pub(crate) const fn rehash_due(&self) -> bool {
        matches!(self.proof, Proof::Check { rehash_due: true, .. })
    }
}
