//! The application as a host: the store beside its tables, the keys, and the column that empties itself.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use countersign::host::{Audit, OsEntropy, PasswordHasher, Sentry, Store};
use countersign::host::{Clock, Mailer};
use countersign::{Event, EventKind, KeyRing, LocatorKey, Machine, Settings};
use countersign_sqlite::{Durability, SqliteStore};
use rusqlite::{Connection, params};

use crate::Failed;
use crate::before::random;
use crate::directory::{Users, account, row};
use crate::hashes::NOTHING;

/// What the endpoints share.
#[derive(Debug)]
pub struct App {
    /// The application's own tables.
    pub users: Arc<Users>,
    /// The library's rows, in a file of their own.
    pub store: Arc<SqliteStore>,
    /// The library, with this application around it.
    pub desk: Sentry,
}

/// What differs between the service and its tests.
pub struct Parts {
    /// Where mail goes.
    pub mailer: Arc<dyn Mailer>,
    /// How passwords are hashed: [`Hashes`](crate::hashes::Hashes).
    pub hasher: Arc<dyn PasswordHasher>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

// [open]
/// Opens everything in a directory, once at the start of the process.
///
/// # Errors
/// Of the files.
pub fn open(place: &Path, parts: Parts) -> Result<App, Failed> {
    let (locator, ring) = read_keys(&place.join("auth.keys"))?;
    let store = Arc::new(SqliteStore::open(place.join("auth.db"), Durability::Full)?);
    let users = Arc::new(Users::new(Connection::open(place.join("app.db"))?));
    let desk = Sentry {
        machine: Machine::new(Settings::recommended().build()?, locator, ring),
        store: Arc::clone(&store) as Arc<dyn Store>,
        directory: Arc::clone(&users) as _,
        mailer: parts.mailer,
        hasher: parts.hasher,
        clock: parts.clock,
        entropy: Arc::new(OsEntropy),
        audit: Arc::new(Bookkeeping(Arc::clone(&users))),
    };
    Ok(App { users, store, desk })
}
// [/open]

// [keys]
/// Makes the keys, once, by hand: with others nobody's record can be found or opened. Keep a copy apart from those of the tables.
///
/// # Errors
/// If there are keys already.
pub fn make_keys(path: &Path) -> Result<(), Failed> {
    let mut file = OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    Ok(file.open(path)?.write_all(&random::<64>()?)?)
}

/// Thirty-two bytes that find the rows, for the life of the store; then as many for each key that seals them, the newest last.
fn read_keys(path: &Path) -> Result<(LocatorKey, KeyRing), Failed> {
    #[expect(clippy::disallowed_methods, reason = "a host reads its keys from a file")]
    let bytes = fs::read(path)?;
    let mut keys = bytes.chunks(32);
    let (locator, current) = keys.next().zip(keys.next_back()).ok_or("there are no keys in the file")?;
    Ok((LocatorKey::new(locator)?, KeyRing::new(current, &keys.collect::<Vec<_>>())?))
}
// [/keys]

// [bookkeeping]
/// Tells the old table what it has to know.
struct Bookkeeping(Arc<Users>);

/// Another password is right, or a password alone is no longer enough: the old hash must not open anything again.
const FORGET: [&str; 2] = [
    "UPDATE users SET password_hash = NULL WHERE id = ?1 AND password_hash IS NOT NULL",
    "DELETE FROM retired_hashes WHERE id = ?1",
];
const PROVEN: [&str; 1] = ["UPDATE users SET email_verified = 1 WHERE id = ?1"];

impl Audit for Bookkeeping {
    /// Yours logs the event as well.
    fn record(&self, event: &Event) {
        let statements: &[&str] = match event.kind {
            EventKind::PasswordChanged | EventKind::PasswordReset | EventKind::FactorEnabled { .. } => {
                &FORGET
            }
            EventKind::AddressProven => &PROVEN,
            _ => return,
        };
        let Some(id) = event.account.as_ref().and_then(|account| row(account).ok()) else { return };
        let Ok(db) = self.0.db() else { return };
        for sql in statements {
            // What fails here is found by `retire`, which is run again and again.
            let _ = db.execute(sql, [id]);
        }
    }
}
// [/bookkeeping]

// [retire]
impl App {
    /// Empties the column: the hash of everybody who has a record goes to the side, where nothing reads it. How many did.
    ///
    /// Run it every night.
    ///
    /// # Errors
    /// Of the store, and of the tables.
    pub fn retire(&self) -> Result<usize, Failed> {
        let sql = "SELECT id FROM users WHERE password_hash IS NOT NULL";
        let ids: Vec<i64> =
            self.users.db()?.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut retired = 0_usize;
        for id in ids {
            let key = self.desk.machine.row_of(&account(id)?);
            if self.store.load(&[key])?.iter().all(Option::is_none) {
                continue;
            }
            let mut db = self.users.db()?;
            let both = db.transaction()?;
            let copy =
                "INSERT OR IGNORE INTO retired_hashes SELECT id, password_hash FROM users WHERE id = ?1";
            both.execute(copy, params![id])?;
            both.execute("UPDATE users SET password_hash = NULL WHERE id = ?1", params![id])?;
            both.commit()?;
            retired = retired.saturating_add(1);
        }
        Ok(retired)
    }
}
// [/retire]

// [last-day]
impl App {
    /// The last day of the older hashes: who is left with one is known, and has none that opens. There is no way back. How many.
    ///
    /// # Errors
    /// Of the tables.
    pub fn last_day(&self) -> Result<usize, Failed> {
        let db = self.users.db()?;
        db.execute("DELETE FROM retired_hashes", [])?;
        let shut = "UPDATE users SET password_hash = ?1 WHERE password_hash <> ?1";
        Ok(db.execute(shut, [NOTHING])?)
    }
}
// [/last-day]
