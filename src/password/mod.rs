//! Passwords as typed and as stored, and what a new one must be.

mod blocklist;
mod common;
mod rules;

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;

use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroize;

pub use blocklist::{Blocked, Blocklist, CommonPasswords};
pub(crate) use rules::vet;

/// A password as somebody typed it, in Unicode form NFC (NIST 800-63B-4 §3.1.1.2).
///
/// Never cut, never case-folded, nothing trimmed (R84): two different texts are two different passwords unless they
/// differ in Unicode form alone. Longer than [`Password::MAX_BYTES`] is refused before anything is hashed, so that nobody can
/// make the host hash a megabyte.
///
/// ```
/// use countersign::Password;
/// let password = Password::typed("correct horse battery staple")?;
/// assert_eq!(format!("{password:?}"), "Password(…)");
/// assert!(Password::typed(&"x".repeat(1025)).is_err());
/// # Ok::<(), countersign::PasswordTooLong>(())
/// ```
#[derive(Clone)]
pub struct Password(Box<str>);

/// A password of more than [`Password::MAX_BYTES`] bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a password may have at most {} bytes", Password::MAX_BYTES)]
pub struct PasswordTooLong;

impl Password {
    /// The upper bound on what is hashed, in bytes (before and after normalisation).
    pub const MAX_BYTES: usize = 1024;

    /// Takes a password as typed.
    ///
    /// # Errors
    /// [`PasswordTooLong`] over [`Password::MAX_BYTES`].
    pub fn typed(text: &str) -> Result<Self, PasswordTooLong> {
        if text.len() > Self::MAX_BYTES {
            return Err(PasswordTooLong);
        }
        // The longest NFC form of a text has three times its length; the room is taken once, so that no copy of the
        // password stays behind in memory that growing gave back.
        let mut normal = String::with_capacity(text.len().saturating_mul(3));
        normal.extend(text.nfc());
        if normal.len() > Self::MAX_BYTES {
            normal.zeroize();
            return Err(PasswordTooLong);
        }
        Ok(Self(normal.into_boxed_str()))
    }

    /// The number of Unicode code points, which is how lengths of passwords are counted (NIST 800-63B-4 §3.1.1.2).
    #[must_use]
    pub fn code_points(&self) -> usize {
        self.0.chars().count()
    }

    /// The text. For the hasher alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// The salt of a password hash: 128 bits (NIST 800-63B-4 §3.1.1.2 asks for at least 32).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; 16]);

impl Salt {
    /// The salt with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// A password hash as text in PHC form (`$argon2id$v=19$m=…$salt$hash`), at most [`PasswordHash::MAX_BYTES`].
///
/// The core never looks inside; it keeps the text and hands it to the hasher.
#[derive(Clone)]
pub struct PasswordHash(Box<str>);

/// A text that is empty, longer than [`PasswordHash::MAX_BYTES`] or not printable ASCII.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a password hash is printable ASCII of 1 to {} bytes", PasswordHash::MAX_BYTES)]
pub struct PasswordHashError;

impl PasswordHash {
    /// The longest text taken.
    pub const MAX_BYTES: usize = 256;

    /// Takes the text of a hash.
    ///
    /// # Errors
    /// [`PasswordHashError`] if it is empty, too long, or not printable ASCII.
    pub fn new(phc: &str) -> Result<Self, PasswordHashError> {
        let printable = phc.bytes().all(|b| b.is_ascii_graphic());
        if phc.is_empty() || phc.len() > Self::MAX_BYTES || !printable {
            return Err(PasswordHashError);
        }
        Ok(Self(phc.to_string().into_boxed_str()))
    }

    /// The text. For the hasher and the store's sealed payloads.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether two hashes, made with the same salt, are of the same password; in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Drop for PasswordHash {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}
