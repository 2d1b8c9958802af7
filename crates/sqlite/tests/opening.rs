//! What is opened and what is refused.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests, and they read and write files")]

mod common;

use std::path::Path;

use common::Scratch;
use countersign::host::{Committed, Store, StoreError, Write};
use countersign::record::{RecordKey, RecordKind, Version};
use countersign_sqlite::{Durability, OpenError, SqliteStore};
use rusqlite::Connection;

const KEY: RecordKey = RecordKey::new(RecordKind::Visitor, [1; 15]);
const VERSION: Version = Version::from_bytes([2; 16]);
const PUT: Write<'_> = Write::Put { version: VERSION, bytes: b"row", expires_at: None };

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(path, Durability::Normal)
}

fn pragma(path: &Path, name: &str) -> i64 {
    Connection::open(path).unwrap().query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn an_empty_file_becomes_a_store() {
    let scratch = Scratch::new();
    let empty = scratch.file("empty.db");
    std::fs::write(&empty, b"").unwrap();
    // A database that has been written to and has nothing in it.
    let made = scratch.file("made.db");
    Connection::open(&made).unwrap().execute_batch("CREATE TABLE t (a); DROP TABLE t").unwrap();
    for path in [empty, made, scratch.file("missing.db")] {
        let store = open(&path).unwrap();
        assert_eq!(store.commit(&KEY, None, PUT), Ok(Committed::Applied));
        drop(store);
        assert_eq!(pragma(&path, "user_version"), 1);
        let store = open(&path).unwrap();
        assert_eq!(store.load(&[KEY]).unwrap()[0].as_ref().map(|row| row.version), Some(VERSION));
    }
}

#[test]
fn a_newer_version_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    let path = scratch.file("newer.db");
    drop(open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    let error = open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 2, known: 1 }));
    assert_eq!(
        error.to_string(),
        "the file has schema version 2 and this release knows versions up to 1: use a newer release"
    );
    assert_eq!(pragma(&path, "user_version"), 2);
}

#[test]
fn a_database_of_something_else_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    for (name, sql) in [
        ("tables.db", "CREATE TABLE theirs (a)"),
        ("version.db", "PRAGMA user_version = 1"),
        ("id.db", "PRAGMA application_id = 5"),
    ] {
        let path = scratch.file(name);
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(open(&path), Err(OpenError::Foreign)), "{name}");
        assert_eq!(std::fs::read(&path).unwrap(), before, "{name}");
    }
    let path = scratch.file("text.db");
    std::fs::write(
        &path,
        "this is no database, and it is longer than the header of one would be. ".repeat(9),
    )
    .unwrap();
    assert!(matches!(open(&path), Err(OpenError::Failed(_))));
}

#[test]
fn names_that_are_no_file_are_refused() {
    for name in ["", ":memory:"] {
        assert!(matches!(open(Path::new(name)), Err(OpenError::Failed(_))), "{name:?}");
    }
    assert!(matches!(open(&Scratch::new().file("no/such/directory.db")), Err(OpenError::Failed(_))));
}

#[test]
fn many_may_open_a_new_file_at_once() {
    for _ in 0..5 {
        let scratch = Scratch::new();
        let path = scratch.file("store.db");
        let start = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for n in 0..8 {
                let (path, start) = (&path, &start);
                scope.spawn(move || {
                    start.wait();
                    let store = open(path).unwrap();
                    let key = RecordKey::new(RecordKind::Visitor, [n; 15]);
                    assert_eq!(store.commit(&key, None, PUT), Ok(Committed::Applied));
                });
            }
        });
        let store = open(&path).unwrap();
        let keys: Vec<_> = (0..8).map(|n| RecordKey::new(RecordKind::Visitor, [n; 15])).collect();
        assert!(store.load(&keys).unwrap().iter().all(Option::is_some));
    }
}

#[test]
fn loads_go_on_while_another_connection_is_writing_and_commits_fail_in_the_end() {
    let scratch = Scratch::new();
    let path = scratch.file("store.db");
    let store = open(&path).unwrap();
    assert_eq!(store.commit(&KEY, None, PUT), Ok(Committed::Applied));
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(store.load(&[KEY]).unwrap()[0].is_some());
    let write = Write::Put { version: Version::from_bytes([3; 16]), bytes: b"next", expires_at: None };
    assert!(
        matches!(store.commit(&KEY, Some(VERSION), write), Err(StoreError::Failed(_))),
        "after five seconds"
    );
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.commit(&KEY, Some(VERSION), write), Ok(Committed::Applied));
}

#[cfg(unix)]
#[test]
fn a_new_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let path = scratch.file("store.db");
    let store = open(&path).unwrap();
    assert_eq!(store.commit(&KEY, None, PUT), Ok(Committed::Applied));
    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        let mode = std::fs::metadata(scratch.file(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    drop(store);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    drop(open(&path).unwrap());
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640,
        "what was chosen stays"
    );
}
