//! The user table: who is who.
//!
//! A user is an id, an identifier in normal form, and what he told of himself. There are no credentials here; those are
//! in the library's own records.

mod any;
mod postgres;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use countersign::host::{Created, Directory, DirectoryEntry, DirectoryError, NewAccount};
use countersign::{AccountId, Address, Identifier, Profile};
use countersign_axum::Person;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

pub(crate) use any::AnyUsers;
pub(crate) use postgres::PostgresUsers;

use crate::random;

/// A directory that can say who an account is.
pub(crate) trait Users: Directory {
    /// Who an account is; `None` if there is none with this id.
    ///
    /// # Errors
    /// The directory's own.
    fn person(&self, account: &AccountId) -> Result<Option<Person>, DirectoryError>;
}

/// Users in the SQLite file that the store is in, through a connection of its own.
#[derive(Debug)]
pub(crate) struct SqliteUsers(Mutex<Connection>);

/// A released user keeps its row, and so its id, and nothing else.
const SCHEMA: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA trusted_schema = OFF;
    CREATE TABLE IF NOT EXISTS users (
        id TEXT NOT NULL PRIMARY KEY,
        identifier TEXT UNIQUE,
        profile TEXT
    ) STRICT;";
const FIND: &str = "SELECT id, identifier FROM users WHERE identifier = ?1";
/// One statement: a new user, or the one who has the identifier already, with the profile of who proved it last.
const CREATE: &str = "
    INSERT INTO users (id, identifier, profile) VALUES (?1, ?2, ?3)
    ON CONFLICT (identifier) DO UPDATE SET profile = excluded.profile
    RETURNING id";
const RENAME: &str = "UPDATE users SET identifier = ?3 WHERE id = ?1 AND identifier IN (?2, ?3)";
const PERSON: &str = "SELECT identifier, profile FROM users WHERE id = ?1 AND identifier IS NOT NULL";
const RELEASE: &str = "UPDATE users SET identifier = NULL, profile = NULL WHERE id = ?1";

impl SqliteUsers {
    /// The users in the file at `path`; makes the table if it is not there.
    ///
    /// # Errors
    /// SQLite's.
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        Self::with(Connection::open(path)?)
    }

    fn with(db: Connection) -> rusqlite::Result<Self> {
        db.busy_timeout(Duration::from_secs(5))?;
        db.execute_batch(SCHEMA)?;
        Ok(Self(Mutex::new(db)))
    }
}

impl Directory for SqliteUsers {
    fn find(&self, identifier: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        let db = lock(&self.0)?;
        let mut find = db.prepare_cached(FIND).map_err(failed)?;
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let found: Option<(String, String)> =
            find.query_row([identifier.as_str()], read).optional().map_err(failed)?;
        found.map(|(id, identifier)| entry(account(&id)?, identifier)).transpose()
    }

    fn create(&self, new: &NewAccount) -> Result<Created, DirectoryError> {
        let (id, profile) = (random::name().map_err(failed)?, text(&new.profile));
        let db = lock(&self.0)?;
        let mut create = db.prepare_cached(CREATE).map_err(failed)?;
        let id: String = create
            .query_row(params![id, new.identifier.as_str(), profile], |row| row.get(0))
            .map_err(failed)?;
        Ok(Created::Account(account(&id)?))
    }

    fn rename(
        &self,
        account: &AccountId,
        from: &Identifier,
        to: &Identifier,
    ) -> Result<Created, DirectoryError> {
        let db = lock(&self.0)?;
        let mut rename = db.prepare_cached(RENAME).map_err(failed)?;
        match rename.execute(params![account.as_str(), from.as_str(), to.as_str()]) {
            Ok(1) => Ok(Created::Account(account.clone())),
            Ok(_) => Ok(Created::Taken),
            Err(rusqlite::Error::SqliteFailure(why, _)) if why.code == ErrorCode::ConstraintViolation => {
                Ok(Created::Taken)
            }
            Err(why) => Err(failed(why)),
        }
    }

    fn release(&self, account: &AccountId) -> Result<(), DirectoryError> {
        let db = lock(&self.0)?;
        let mut release = db.prepare_cached(RELEASE).map_err(failed)?;
        release.execute([account.as_str()]).map(drop).map_err(failed)
    }
}

impl Users for SqliteUsers {
    fn person(&self, account: &AccountId) -> Result<Option<Person>, DirectoryError> {
        let db = lock(&self.0)?;
        let mut find = db.prepare_cached(PERSON).map_err(failed)?;
        let found = find.query_row([account.as_str()], |row| {
            let (identifier, profile): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            Ok(Person::new(&identifier, &profile.unwrap_or_default()))
        });
        found.optional().map_err(failed)
    }
}

/// Users in memory, gone with the process.
#[derive(Debug, Default)]
pub(crate) struct MemoryUsers(Mutex<HashMap<String, (AccountId, Profile)>>);

impl Directory for MemoryUsers {
    fn find(&self, identifier: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        let users = lock(&self.0)?;
        let found = users.get_key_value(identifier.as_str());
        found.map(|(identifier, (id, _))| entry(id.clone(), identifier.clone())).transpose()
    }

    fn create(&self, new: &NewAccount) -> Result<Created, DirectoryError> {
        // Random, so that no id is ever made again.
        let fresh = account(&random::name().map_err(failed)?)?;
        let mut users = lock(&self.0)?;
        let (id, profile) =
            users.entry(new.identifier.as_str().into()).or_insert((fresh, Profile::default()));
        *profile = new.profile.clone();
        Ok(Created::Account(id.clone()))
    }

    fn rename(
        &self,
        account: &AccountId,
        from: &Identifier,
        to: &Identifier,
    ) -> Result<Created, DirectoryError> {
        let mut users = lock(&self.0)?;
        let owns = |user: Option<&(AccountId, Profile)>| user.map(|(id, _)| id == account);
        match (owns(users.get(to.as_str())), owns(users.get(from.as_str()))) {
            (Some(true), _) => {}
            (None, Some(true)) => {
                if let Some(user) = users.remove(from.as_str()) {
                    users.insert(to.as_str().into(), user);
                }
            }
            _ => return Ok(Created::Taken),
        }
        Ok(Created::Account(account.clone()))
    }

    fn release(&self, account: &AccountId) -> Result<(), DirectoryError> {
        lock(&self.0)?.retain(|_, (id, _)| id != account);
        Ok(())
    }
}

impl Users for MemoryUsers {
    fn person(&self, account: &AccountId) -> Result<Option<Person>, DirectoryError> {
        let users = lock(&self.0)?;
        let found = users.iter().find(|(_, (id, _))| id == account);
        Ok(found.map(|(identifier, (_, profile))| Person::new(identifier, &text(profile))))
    }
}

/// Mail goes to the identifier itself. The host keeps no credential that could stand in for the library's.
fn entry(account: AccountId, identifier: String) -> Result<DirectoryEntry, DirectoryError> {
    let address = Address::parse(&identifier).map_err(failed)?;
    Ok(DirectoryEntry { identifier, account, address, legacy: None, address_proven: true })
}

fn account(id: &str) -> Result<AccountId, DirectoryError> {
    AccountId::new(id).map_err(failed)
}

/// The profile as it was handed in: the JSON that the endpoint made of it.
fn text(profile: &Profile) -> String {
    String::from_utf8_lossy(profile.as_bytes()).into_owned()
}

fn lock<T>(mutex: &Mutex<T>) -> Result<MutexGuard<'_, T>, DirectoryError> {
    mutex.lock().map_err(|_| DirectoryError("a thread panicked while it held the users".into()))
}

fn failed(why: impl std::fmt::Display) -> DirectoryError {
    DirectoryError(why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Identifier {
        Identifier::parse(text).unwrap()
    }

    fn create(users: &dyn Directory, who: &str) -> AccountId {
        let profile = Profile::new(format!("{{\"fullname\":\"{who}\"}}").into_bytes()).unwrap();
        match users.create(&NewAccount { identifier: id(who), profile }).unwrap() {
            Created::Account(account) => account,
            Created::Taken => panic!("taken"),
        }
    }

    fn find(users: &dyn Directory, who: &str) -> Option<AccountId> {
        users.find(&id(who)).unwrap().map(|entry| entry.account)
    }

    #[test]
    fn both_directories_keep_the_contract() {
        let memory = MemoryUsers::default();
        let sqlite = SqliteUsers::with(Connection::open_in_memory().unwrap()).unwrap();
        for users in [&memory as &dyn Users, &sqlite] {
            assert_eq!(find(users, "a@x.org"), None);
            let a = create(users, "a@x.org");
            assert_eq!(a.as_str().len(), 32);
            assert_eq!(create(users, "A@X.org"), a, "repeated, the same id");
            let b = create(users, "b@x.org");
            assert_ne!(a, b);
            assert_eq!(find(users, "a@x.org"), Some(a.clone()));

            assert_eq!(users.rename(&a, &id("a@x.org"), &id("b@x.org")), Ok(Created::Taken));
            assert_eq!(users.rename(&a, &id("a@x.org"), &id("c@x.org")), Ok(Created::Account(a.clone())));
            assert_eq!(users.rename(&a, &id("a@x.org"), &id("c@x.org")), Ok(Created::Account(a.clone())));
            let late = users.rename(&a, &id("a@x.org"), &id("d@x.org"));
            assert_eq!(late, Ok(Created::Taken), "no longer its own");
            assert_eq!((find(users, "a@x.org"), find(users, "c@x.org")), (None, Some(a.clone())));

            let person = users.person(&a).unwrap().unwrap();
            assert_eq!(
                (person.identifier.as_str(), person.name.as_deref()),
                ("c@x.org", Some("A@X.org")),
                "as told last"
            );
            assert_eq!(person.language, None);

            users.release(&a).unwrap();
            assert_eq!(users.person(&a), Ok(None));
            assert_eq!(find(users, "c@x.org"), None);
            assert_ne!(create(users, "c@x.org"), a, "an id is used once");
        }
    }

    #[test]
    fn a_profile_is_kept_with_its_user_and_goes_with_it() {
        let users = SqliteUsers::with(Connection::open_in_memory().unwrap()).unwrap();
        let account = create(&users, "a@x.org");
        let profile = |users: &SqliteUsers| -> Option<String> {
            let query = "SELECT profile ->> 'fullname' FROM users";
            lock(&users.0).unwrap().query_row(query, [], |row| row.get(0)).unwrap()
        };
        assert_eq!(profile(&users).as_deref(), Some("a@x.org"));
        users.release(&account).unwrap();
        assert_eq!(profile(&users), None);
    }
}
