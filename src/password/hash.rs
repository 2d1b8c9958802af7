//! Passwords as stored.

use alloc::boxed::Box;
use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

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

/// A password hash as text, as a [`PasswordHasher`](crate::host::PasswordHasher) writes it (`$argon2id$v=19$m=…$salt$hash`).
///
/// The core never looks inside; it keeps the text and hands it to the hasher. `Debug` shows nothing of it, and memory that
/// held it is wiped. What an attacker could gain from one: guesses at the price of the hash, at a pace that no limit holds.
///
/// ```
/// use countersign::PasswordHash;
/// assert!(PasswordHash::new("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW").is_ok());
/// assert!(PasswordHash::new("two words").is_err());
/// ```
#[derive(Clone)]
pub struct PasswordHash(Box<str>);

/// A text that is empty, longer than [`PasswordHash::MAX_BYTES`] or not printable ASCII.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a password hash is printable ASCII of 1 to {} bytes", PasswordHash::MAX_BYTES)]
pub struct PasswordHashError;

impl PasswordHash {
    /// The longest text taken, in bytes.
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
        Ok(Self(Box::from(phc)))
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
