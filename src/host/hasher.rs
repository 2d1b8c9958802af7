//! Password hashing: slow on purpose, but no I/O.

use crate::{Password, PasswordHash, Salt};

/// A hasher that could not do its work (memory, parameters). Always ends in "not authenticated".
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the password hasher failed: {0}")]
pub struct HashError(pub alloc::string::String);

/// A memory-hard password hash, such as Argon2id (`countersign-argon2`).
///
/// The core calls it exactly once per request that brings a password and that no limit refuses, whether or not there is anything to
/// compare with, so that the time it takes tells a stranger nothing (law 8).
pub trait PasswordHasher: Send + Sync {
    /// The hash of `password` under `salt`. The same inputs give the same text.
    ///
    /// # Errors
    /// [`HashError`] if hashing failed.
    fn hash(&self, password: &Password, salt: &Salt) -> Result<PasswordHash, HashError>;

    /// Whether `hash`, which may have been made with other parameters or another algorithm, is of `password`.
    ///
    /// A text that this hasher does not understand matches nothing: `Ok(false)`, after work as for any other.
    ///
    /// # Errors
    /// [`HashError`] if hashing failed.
    fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HashError>;

    /// Whether `hash` was made in another way than [`hash`](Self::hash) makes them now (weaker parameters, another algorithm).
    /// After the next sign-in with the right password it is then replaced (R85). Looks at the text alone; costs nothing.
    fn rehash_due(&self, hash: &PasswordHash) -> bool;
}

impl<H: PasswordHasher + ?Sized> PasswordHasher for &H {
    fn hash(&self, password: &Password, salt: &Salt) -> Result<PasswordHash, HashError> {
        (**self).hash(password, salt)
    }
    fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HashError> {
        (**self).verify(password, hash)
    }
    fn rehash_due(&self, hash: &PasswordHash) -> bool {
        (**self).rehash_due(hash)
    }
}

impl<H: PasswordHasher + ?Sized> PasswordHasher for alloc::sync::Arc<H> {
    fn hash(&self, password: &Password, salt: &Salt) -> Result<PasswordHash, HashError> {
        (**self).hash(password, salt)
    }
    fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HashError> {
        (**self).verify(password, hash)
    }
    fn rehash_due(&self, hash: &PasswordHash) -> bool {
        (**self).rehash_due(hash)
    }
}
