//! A table with people of the past in it, and the application around it.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use countersign::host::{Clock, HashError, MailError, Mailer, ManualClock, PasswordHasher};
use countersign::{AccountId, Envelope, Password, PasswordHash, Salt, Session, Ticket, Timestamp, Todo};
use existing::before::SCHEMA;
use existing::door::{Answer, sign_in};
use existing::hashes::{Hashes, wrap_all};
use existing::host::{App, Parts, make_keys, open};
use existing::prepare::prepare;
use rusqlite::{Connection, params};

/// Id, address, hash, whether the address was verified, and whether he is disabled. The hashes are made by other implementations
/// (libxcrypt, Python's `hashlib`), of `… has a garden`.
pub(crate) const PEOPLE: [(i64, &str, Option<&str>, bool, bool); 7] = [
    (1, "ada@example.com", Some("$2b$06$abcdefghijklmnopqrstuuqersCJSB9lorHAnRIUsRnP4CVPKboSu"), true, false),
    (
        2,
        "Bob@Example.com",
        Some("pbkdf2_sha256$20000$uSjZ0CkYVY2kqIYrVsFsJx$amTFmjTeBieWMa4sUh+lFEYRf32jHIgxeaCFBHz29Yk="),
        true,
        false,
    ),
    (3, "cleo@example.com", Some("sha1$a1b2c$47d6d24a9f67573b21dbf655511fbff9d92cefcc"), true, false),
    (4, "dan@example.com", Some("$2b$06$bcdefghijklmnopqrstuvu3CTwhyGekC4JO7Fm4yBBG5b5G6z0o.S"), true, true),
    (
        5,
        "Eve@example.com",
        Some("$2b$06$cdefghijklmnopqrstuvwucndkaTD1aGryzq6SOtAAElxuP73rgUa"),
        false,
        false,
    ),
    (6, "fay@example.com", None, true, false),
    (7, "gus@example.com", Some("$unknown$"), true, false),
];

pub(crate) const ADA: (&str, &str) = ("ada@example.com", "ada has a garden");
pub(crate) const BOB: (&str, &str) = ("bob@example.com", "bob has a garden");
pub(crate) const CLEO: (&str, &str) = ("cleo@example.com", "cleo has a garden");
pub(crate) const DAN: (&str, &str) = ("dan@example.com", "dan has a garden");
pub(crate) const EVE: (&str, &str) = ("eve@example.com", "eve has a garden");

pub(crate) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

/// A directory of files that goes away with the test.
pub(crate) struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let name = format!("existing-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::SeqCst));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A connection beside the application's.
    pub(crate) fn db(&self) -> Connection {
        Connection::open(self.path("app.db")).unwrap()
    }

    /// The application as it was, with everybody in it.
    pub(crate) fn before() -> Self {
        let place = Self::new();
        let db = place.db();
        db.execute_batch(SCHEMA).unwrap();
        for (id, email, hash, verified, disabled) in PEOPLE {
            let insert = "INSERT INTO users (id, email, name, password_hash, email_verified, disabled) \
                VALUES (?1, ?2, 'x', ?3, ?4, ?5)";
            db.execute(insert, params![id, email, hash, verified, disabled]).unwrap();
        }
        place
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Keeps what was mailed.
#[derive(Default)]
pub(crate) struct Mails(Mutex<Vec<Envelope>>);

impl Mailer for Mails {
    fn send(&self, envelope: &Envelope) -> Result<(), MailError> {
        self.0.lock().unwrap().push(envelope.clone());
        Ok(())
    }
}

impl Mails {
    /// What really went out since the last time: to whom, and of what.
    pub(crate) fn sent(&self) -> Vec<(String, &'static str)> {
        let all = std::mem::take(&mut *self.0.lock().unwrap());
        let sent = all.iter().filter(|mail| !mail.suppressed);
        sent.map(|mail| (mail.to.as_str().to_owned(), mail.kind.name())).collect()
    }

    pub(crate) fn last(&self) -> Envelope {
        self.0.lock().unwrap().last().unwrap().clone()
    }

    pub(crate) fn code(&self) -> String {
        self.last().code.unwrap().expose().to_owned()
    }
}

/// Cheap hashes, and a note of what each was asked for: the stored text, or `-` for a new hash.
pub(crate) struct Noting(Hashes, Mutex<Vec<String>>);

impl Noting {
    pub(crate) fn noted(&self) -> Vec<String> {
        std::mem::take(&mut *self.1.lock().unwrap())
    }
}

impl PasswordHasher for Noting {
    fn hash(&self, password: &Password, salt: &Salt) -> Result<PasswordHash, HashError> {
        self.1.lock().unwrap().push("-".into());
        self.0.hash(password, salt)
    }
    fn verify(&self, password: &Password, stored: &PasswordHash) -> Result<bool, HashError> {
        self.1.lock().unwrap().push(stored.expose().into());
        self.0.verify(password, stored)
    }
    fn rehash_due(&self, stored: &PasswordHash) -> bool {
        self.0.rehash_due(stored)
    }
}

/// The application after the change.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) mails: Arc<Mails>,
    pub(crate) hasher: Arc<Noting>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) place: Place,
}

impl World {
    /// Everything that the document says, up to the new door.
    pub(crate) fn new() -> Self {
        let place = Place::before();
        let mut db = place.db();
        assert_eq!(wrap_all(&db, &Hashes::weak_for_tests()).unwrap(), 1);
        prepare(&mut db).unwrap();
        Self::open(place)
    }

    pub(crate) fn open(place: Place) -> Self {
        let keys = place.path("auth.keys");
        assert_eq!(make_keys(&keys).is_ok(), !keys.with_extension("db").exists(), "not twice");
        let mails = Arc::new(Mails::default());
        let hasher = Arc::new(Noting(Hashes::weak_for_tests(), Mutex::default()));
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)));
        let parts = Parts {
            mailer: Arc::clone(&mails) as _,
            hasher: Arc::clone(&hasher) as _,
            clock: Arc::clone(&clock) as _,
        };
        let app = open(&place.0, parts).unwrap();
        Self { app, mails, hasher, clock, place }
    }

    pub(crate) fn sign_in(&self, (email, password): (&str, &str)) -> Answer {
        sign_in(&self.app, HERE, email, password)
    }

    /// Signs somebody in of whom nothing else is asked.
    pub(crate) fn session(&self, who: (&str, &str)) -> Ticket<Session> {
        let Answer::In { session, first } = self.sign_in(who) else { panic!("{who:?}") };
        assert_eq!(first, Vec::<Todo>::new());
        session
    }

    /// The name of the refusal.
    pub(crate) fn refused(&self, who: (&str, &str)) -> &'static str {
        name(&self.sign_in(who))
    }

    pub(crate) fn seconds(&self) -> u64 {
        u64::try_from(Clock::now(&*self.clock).unwrap().unix_millis()).unwrap() / 1000
    }

    pub(crate) fn later(&self, seconds: i64) {
        self.clock.advance_millis(seconds * 1000);
    }

    /// What the column has for somebody.
    pub(crate) fn column(&self, id: i64) -> Option<String> {
        let sql = "SELECT password_hash FROM users WHERE id = ?1";
        self.place.db().query_row(sql, [id], |row| row.get(0)).unwrap()
    }
}

pub(crate) fn name(answer: &Answer) -> &'static str {
    let Answer::No { name, .. } = answer else { panic!("{answer:?}") };
    name
}

pub(crate) fn id(id: i64) -> AccountId {
    AccountId::new(&id.to_string()).unwrap()
}
