//! The table as the library's directory.

use std::sync::{Mutex, MutexGuard};

use countersign::host::{Created, Directory, DirectoryEntry, DirectoryError, NewAccount};
use countersign::{AccountId, Address, Identifier, PasswordHash};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};

use crate::hashes::{NOTHING, legacy};

/// The users, through a connection of their own.
#[derive(Debug)]
pub struct Users(Mutex<Connection>);

impl Users {
    /// Takes the connection.
    #[must_use]
    pub fn new(db: Connection) -> Self {
        Self(Mutex::new(db))
    }

    /// The connection, for the rest of the application.
    ///
    /// # Errors
    /// If a thread panicked while it had it.
    pub fn db(&self) -> Result<MutexGuard<'_, Connection>, DirectoryError> {
        self.0.lock().map_err(|_| DirectoryError("a thread panicked while it held the users".into()))
    }
}

// [find]
const FIND: &str = "
    SELECT id, email, password_hash, email_verified, disabled, identifier FROM users WHERE identifier = ?1";

/// One user. Whoever is shut out is known, has a hash that matches nothing, and is mailed no code: no door opens, and none looks
/// different.
fn entry(row: &Row<'_>) -> rusqlite::Result<Result<DirectoryEntry, DirectoryError>> {
    let (id, email, stored): (i64, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (verified, disabled, identifier): (bool, bool, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
    Ok(Address::parse(&email).map_err(failed).and_then(|address| {
        let legacy =
            if disabled { PasswordHash::new(NOTHING).ok() } else { stored.as_deref().and_then(legacy) };
        let (account, address_proven) = (account(id)?, verified && !disabled);
        Ok(DirectoryEntry { identifier, account, address, legacy, address_proven })
    }))
}
// [/find]

// [create]
/// A new row. For an address that is there: its row again, if it has no password of its own and is not shut out.
const CREATE: &str = "
    INSERT INTO users (email, identifier, name, email_verified) VALUES (?1, ?1, ?2, 1)
    ON CONFLICT (identifier) DO UPDATE SET email_verified = 1 WHERE password_hash IS NULL AND NOT disabled
    RETURNING id";
// [/create]

// [rename]
/// The same again for an account that has the new one already: the change was cut off, and is taken up.
const RENAME: &str = "
    UPDATE users SET identifier = ?3, email = iif(identifier = ?3, email, ?3), email_verified = 1
    WHERE id = ?1 AND identifier IN (?2, ?3)";

/// The row stays, so that its id is nobody's again.
const RELEASE: &str = "
    UPDATE users SET identifier = NULL, email = 'released:' || id, name = '', password_hash = NULL, email_verified = 0
    WHERE id = ?1";
// [/rename]

// [directory]
impl Directory for Users {
    fn find(&self, who: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        let found = self.db()?.query_row(FIND, [who.as_str()], entry).optional().map_err(failed)?;
        found.transpose()
    }

    fn create(&self, new: &NewAccount) -> Result<Created, DirectoryError> {
        let name = String::from_utf8_lossy(new.profile.as_bytes()).into_owned();
        let made = self.db()?.query_row(CREATE, params![new.identifier.as_str(), name], |row| row.get(0));
        let id = made.optional().map_err(failed)?;
        id.map_or(Ok(Created::Taken), |id| account(id).map(Created::Account))
    }

    fn rename(&self, id: &AccountId, from: &Identifier, to: &Identifier) -> Result<Created, DirectoryError> {
        match self.db()?.execute(RENAME, params![row(id)?, from.as_str(), to.as_str()]) {
            Ok(1) => Ok(Created::Account(id.clone())),
            Ok(_) => Ok(Created::Taken),
            Err(rusqlite::Error::SqliteFailure(why, _)) if why.code == ErrorCode::ConstraintViolation => {
                Ok(Created::Taken)
            }
            Err(why) => Err(failed(why)),
        }
    }

    fn release(&self, id: &AccountId) -> Result<(), DirectoryError> {
        let (db, id) = (self.db()?, row(id)?);
        db.execute("DELETE FROM retired_hashes WHERE id = ?1", [id]).map_err(failed)?;
        db.execute(RELEASE, [id]).map(drop).map_err(failed)
    }
}
// [/directory]

// [account]
/// The account's id is the row's, as it always was: everything else in the application goes on pointing at it.
pub(crate) fn account(id: i64) -> Result<AccountId, DirectoryError> {
    AccountId::new(&id.to_string()).map_err(failed)
}

/// The row of an account.
pub(crate) fn row(account: &AccountId) -> Result<i64, DirectoryError> {
    account.as_str().parse().map_err(failed)
}
// [/account]

fn failed(why: impl std::fmt::Display) -> DirectoryError {
    DirectoryError(why.to_string())
}
