//! The older password hashes: read, checked, replaced; and the worst of them wrapped.

use base64ct::{Base64, Base64Unpadded, Encoding};
use countersign::host::{HashError, PasswordHasher};
use countersign::{Password, PasswordHash, Salt};
use countersign_argon2::Argon2Hasher;
use rusqlite::{Connection, params};

use crate::Failed;
use crate::before::{random, sha1_hex};

// [legacy]
/// What matches no password, for whoever is known and must not come in by one.
pub const NOTHING: &str = "!";

/// The column's text as the hasher reads it. What nobody could check matches nothing: its owner sets a new password by mail.
#[must_use]
pub fn legacy(stored: &str) -> Option<PasswordHash> {
    let read = match stored.strip_prefix("pbkdf2_sha256$") {
        Some(rest) => pbkdf2_as_phc(rest),
        None => Some(stored.to_owned()),
    };
    let hash = read.and_then(|text| PasswordHash::new(&text).ok());
    hash.or_else(|| PasswordHash::new(NOTHING).ok())
}

/// `600000$salt$base64` as `$pbkdf2-sha256$i=600000$…$…`: the salt is the text's bytes, and base64 goes without `=`.
fn pbkdf2_as_phc(stored: &str) -> Option<String> {
    let (rounds, rest) = stored.split_once('$')?;
    let (salt, tag) = rest.split_once('$')?;
    let tag = Base64::decode_vec(tag).ok()?;
    let (salt, tag) = (Base64Unpadded::encode_string(salt.as_bytes()), Base64Unpadded::encode_string(&tag));
    Some(format!("$pbkdf2-sha256$i={rounds}${salt}${tag}"))
}
// [/legacy]

// [hasher]
/// New passwords in Argon2id; older hashes are checked, and due to be replaced.
#[derive(Clone, Debug)]
pub struct Hashes(Argon2Hasher);

impl PasswordHasher for Hashes {
    fn hash(&self, password: &Password, salt: &Salt) -> Result<PasswordHash, HashError> {
        self.0.hash(password, salt)
    }

    /// bcrypt and PBKDF2 are read by the library's own hasher, and what is none of all these matches nothing, after as much work.
    fn verify(&self, password: &Password, stored: &PasswordHash) -> Result<bool, HashError> {
        match Wrapped::read(stored) {
            Some(wrapped) => self.0.verify(&wrapped.inner(password.expose())?, &wrapped.outer),
            None => self.0.verify(password, stored),
        }
    }

    fn rehash_due(&self, stored: &PasswordHash) -> bool {
        self.0.rehash_due(stored)
    }
}
// [/hasher]

impl Hashes {
    /// With the library's recommended parameters.
    #[must_use]
    pub fn recommended() -> Self {
        Self(Argon2Hasher::recommended())
    }

    /// **For test suites only.**
    #[must_use]
    pub fn weak_for_tests() -> Self {
        Self(Argon2Hasher::weak_for_tests())
    }

    /// For the old door: whether the password is that of a stored text.
    #[must_use]
    pub fn opens(&self, password: &str, stored: &str) -> bool {
        let typed = Password::typed(password).ok().zip(legacy(stored));
        typed.is_some_and(|(password, stored)| self.verify(&password, &stored).unwrap_or(false))
    }
}

// [wrapped]
/// The prefix of a SHA-1 that was hashed once more: `argon2-of-sha1$salt$$argon2id$…`.
const WRAPPED: &str = "argon2-of-sha1$";

/// An Argon2id hash of the text that the column had: the digest in hexadecimal, as if it were a password.
struct Wrapped<'a> {
    salt: &'a str,
    outer: PasswordHash,
}

impl<'a> Wrapped<'a> {
    fn read(stored: &'a PasswordHash) -> Option<Self> {
        let (salt, outer) = stored.expose().strip_prefix(WRAPPED)?.split_once('$')?;
        Some(Self { salt, outer: PasswordHash::new(outer).ok()? })
    }

    /// What was hashed once more, if this is the password.
    fn inner(&self, password: &str) -> Result<Password, HashError> {
        Password::typed(&sha1_hex(self.salt, password)).map_err(|why| HashError(why.to_string()))
    }
}

impl Hashes {
    /// Wraps `sha1$salt$digest`; `None` for a text that is none.
    ///
    /// # Errors
    /// The hasher's, and the generator's.
    pub fn wrap(&self, stored: &str) -> Result<Option<String>, Failed> {
        let parts = stored.strip_prefix("sha1$").and_then(|rest| rest.split_once('$'));
        let Some((salt, digest)) = parts.filter(|(_, digest)| digest.len() == 40) else { return Ok(None) };
        let inner = Password::typed(&digest.to_ascii_lowercase())?;
        let outer = self.hash(&inner, &Salt::from_bytes(random()?))?;
        Ok(Some(format!("{WRAPPED}{salt}${}", outer.expose())))
    }
}

/// Wraps every bare SHA-1 in the table, each by itself: it can be stopped, run again, and run while people sign in. How many were.
///
/// # Errors
/// The database's, and those of [`Hashes::wrap`].
pub fn wrap_all(db: &Connection, hashes: &Hashes) -> Result<usize, Failed> {
    let mut all = db.prepare("SELECT id, password_hash FROM users WHERE password_hash LIKE 'sha1$%'")?;
    let rows: Vec<(i64, String)> =
        all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let mut wrapped = 0_usize;
    for (id, old) in rows {
        let Some(new) = hashes.wrap(&old)? else { continue };
        // Somebody may have changed the password meanwhile; then that one stands.
        let swap = "UPDATE users SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2";
        wrapped = wrapped.saturating_add(db.execute(swap, params![id, old, new])?);
    }
    Ok(wrapped)
}
// [/wrapped]
