//! The application as it was: its tables, and the door that the library takes the place of.

use std::fmt::Write;

use base64ct::{Base64, Encoding};
use rusqlite::{Connection, OptionalExtension, params};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

use crate::Failed;
use crate::hashes::Hashes;

// [schema]
/// The tables. `email` is what was typed at the sign-up, letter by letter.
pub const SCHEMA: &str = "
    CREATE TABLE users (
        id INTEGER PRIMARY KEY,
        email TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        password_hash TEXT,
        email_verified INTEGER NOT NULL DEFAULT 0,
        disabled INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE sessions (
        token TEXT PRIMARY KEY,
        user INTEGER NOT NULL REFERENCES users
    );";
// [/schema]

// [door]
/// The door: the token of a new session, or nothing.
///
/// # Errors
/// The database's, and the generator's.
pub fn sign_in(db: &Connection, email: &str, password: &str) -> Result<Option<String>, Failed> {
    let find = "SELECT id, password_hash FROM users WHERE email = ?1 AND NOT disabled";
    let found = db.query_row(find, [email], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((id, Some(stored))) = found else { return Ok(None) };
    let (id, stored): (i64, String) = (id, stored);
    if !matches(password, &stored) {
        return Ok(None);
    }
    let token = hex(&random::<16>()?);
    db.execute("INSERT INTO sessions (token, user) VALUES (?1, ?2)", params![token, id])?;
    Ok(Some(token))
}
// [/door]

/// Three kinds, as the years brought them; the fourth is step 3 of the document, which this door has to know before it is run.
fn matches(password: &str, stored: &str) -> bool {
    if stored.starts_with("$2b$") {
        return bcrypt::verify(password, stored).unwrap_or(false);
    }
    if let Some(rest) = stored.strip_prefix("pbkdf2_sha256$") {
        return pbkdf2_sha256(password, rest).unwrap_or(false);
    }
    if let Some((salt, tag)) = stored.strip_prefix("sha1$").and_then(|rest| rest.split_once('$')) {
        return sha1_hex(salt, password).as_bytes().ct_eq(tag.as_bytes()).into();
    }
    // [wrapped]
    Hashes::recommended().opens(password, stored)
    // [/wrapped]
}

/// `600000$salt$base64`
fn pbkdf2_sha256(password: &str, stored: &str) -> Option<bool> {
    let mut parts = stored.split('$');
    let (rounds, salt, tag) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
    let tag = Base64::decode_vec(tag).ok()?;
    let mut computed = [0; 32];
    pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password.as_bytes(), salt.as_bytes(), rounds, &mut computed);
    Some(computed.as_slice().ct_eq(&tag).into())
}

/// SHA-1 of salt and password, in hexadecimal.
pub(crate) fn sha1_hex(salt: &str, password: &str) -> String {
    hex(&Sha1::new().chain_update(salt).chain_update(password).finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes of the operating system's generator.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Failed> {
    let mut bytes = [0; N];
    #[expect(clippy::disallowed_methods, reason = "a host draws its salts and tokens")]
    getrandom::fill(&mut bytes).map_err(|why| why.to_string())?;
    Ok(bytes)
}
