//! What passes between the machine and its host.

use alloc::vec::Vec;

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
    /// The account.
    pub account: AccountId,
    /// Where its mail goes, exactly as its owner proved it.
    pub address: Address,
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

/// What the directory did about an account to make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Created {
    /// The identifier belongs to this account now; the same id again if it already did and the account has no
    /// credentials of its own.
    Account(AccountId),
    /// The identifier belongs to somebody else.
    Taken,
}

/// A password to hash: slow on purpose, and the only slow thing here.
///
/// Hand it to a thread where slowness does no harm; see [`run`](Work::run).
#[derive(Clone, Debug)]
pub struct Work {
    pub(crate) password: Password,
    pub(crate) salt: Salt,
}

/// The result of [`Work`], for the stage that asked for it.
#[derive(Clone, Debug)]
pub struct Hashed {
    pub(crate) salt: Salt,
    pub(crate) hash: PasswordHash,
}

impl Work {
    /// Does the work with `hash`, the host's hashing function.
    ///
    /// # Errors
    /// What `hash` fails with.
    pub fn run<E>(
        &self,
        hash: impl FnOnce(&Password, &Salt) -> Result<PasswordHash, E>,
    ) -> Result<Hashed, E> {
        Ok(Hashed { salt: self.salt, hash: hash(&self.password, &self.salt)? })
    }
}
