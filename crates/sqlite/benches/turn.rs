//! A turn through the store, and beside it the least that a turn can be in SQLite: one prepared `SELECT` and one
//! prepared conditional `UPDATE`, on the same table in a file of the same settings.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a benchmark"
)]
#![allow(clippy::panic, clippy::wildcard_imports, reason = "a benchmark")]

#[path = "../../../benches/host/mod.rs"]
mod host;
#[path = "../../../benches/ratio/mod.rs"]
mod ratio;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use countersign::host::{Committed, MemoryStore, Store, Write};
use countersign::record::{RecordKey, RecordKind, Version};
use countersign::{Client, Purpose, Refusal, Timestamp, Verdict};
use countersign_sqlite::{Durability, SqliteStore};
use criterion::Criterion;
use host::*;
use ratio::Rounds;
use rusqlite::{Connection, params};

/// Rows in the table.
const ROWS: u64 = 10_000;
/// A visitor's record with one session, about.
const BYTES: [u8; 400] = [0xa5; 400];
const EXPIRES_AT: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .sample_size(10)
        .configure_from_args();
    for (name, durability, _) in SETTINGS {
        let (store, bare) = (Filled::new(durability), Bare::new(durability));
        let mut group = criterion.benchmark_group(format!("turn/{name}"));
        let mut turn = 0;
        group.bench_function("store", |bench| bench.iter(|| store.turn(next(&mut turn))));
        group.bench_function("bare statements", |bench| bench.iter(|| bare.turn(next(&mut turn))));
        group.finish();
    }
    criterion.final_summary();
    if ratio::wanted() {
        SETTINGS.into_iter().for_each(|(name, durability, times)| turns(name, durability, times));
        verifying();
    }
}

/// What they are called, and how many turns take a few milliseconds.
const SETTINGS: [(&str, Durability, usize); 2] =
    [("synchronous = NORMAL", Durability::Normal, 100), ("synchronous = FULL", Durability::Full, 4)];

fn turns(name: &str, durability: Durability, times: usize) {
    let (store, bare) = (Filled::new(durability), Bare::new(durability));
    let (mut ours, mut theirs) = (0, 0);
    let rounds = Rounds::run(|slice| {
        slice.time("store", times, || (0..times).for_each(|_| store.turn(next(&mut ours))));
        slice.time("bare", times, || (0..times).for_each(|_| bare.turn(next(&mut theirs))));
    });
    // Rates: turns in a time, so the other way round than times.
    rounds.ratio("bare", "store").print(&format!("turns by the store/by bare statements, {name}"), ">= 0.9");
}

/// A whole verification of a wrong code: one load, one decision, one commit.
fn verifying() {
    const TIMES: usize = 50;
    let file = File::new("verify");
    let on_disk = World::on(SqliteStore::open(&file.0, Durability::Normal).unwrap());
    let in_memory = World::on(MemoryStore::new());
    let members: Vec<_> = (0..TIMES).map(known).collect();
    let worlds = [("SQLite", &on_disk), ("memory", &in_memory)];
    worlds.iter().for_each(|(_, world)| members.iter().for_each(|member| world.member(member)));
    let bare = Bare::new(Durability::Normal);
    let mut turn = 0;
    let rounds = Rounds::run(|slice| {
        for (name, world) in worlds {
            world.a_season_later();
            let requests: Vec<_> = members
                .iter()
                .map(|member| {
                    let session = world.start(sign_in(Client::unmetered(), member));
                    verify(Client::unmetered(), Purpose::SignIn, &session, &wrong(world.last_code()))
                })
                .collect();
            slice.time(name, TIMES, || {
                for request in requests {
                    match world.run(request) {
                        Verdict::Refused(Refusal::InvalidCode(_)) => {}
                        other => panic!("{other:?}"),
                    }
                }
            });
        }
        slice.time("bare", TIMES, || (0..TIMES).for_each(|_| bare.turn(next(&mut turn))));
    });
    rounds.ratio("SQLite", "bare").note("verify, wrong, on SQLite/bare statements of one turn");
    rounds.ratio("SQLite", "memory").note("verify, wrong, on SQLite/in memory");
}

/// A file that goes when it is dropped, with what SQLite keeps beside it.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let name = format!("turn-{}-{name}.db", std::process::id());
        let file = Self(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name));
        file.remove();
        file
    }

    fn remove(&self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut path = self.0.clone().into_os_string();
            path.push(suffix);
            drop(fs::remove_file(path));
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A store with rows in it.
struct Filled {
    store: SqliteStore,
    _file: File,
}

impl Filled {
    fn new(durability: Durability) -> Self {
        let file = File::new(&format!("store-{durability:?}"));
        fill(&file);
        Self { store: SqliteStore::open(&file.0, durability).unwrap(), _file: file }
    }

    fn turn(&self, (key, version): (RecordKey, Version)) {
        let row = self.store.load(&[key]).unwrap().remove(0).unwrap();
        let write = Write::Put { version, bytes: &row.bytes, expires_at: Some(EXPIRES_AT) };
        assert_eq!(self.store.commit(&key, Some(row.version), write), Ok(Committed::Applied));
    }
}

/// The same rows, and nothing between them and SQLite.
struct Bare {
    db: Connection,
    _file: File,
}

impl Bare {
    fn new(durability: Durability) -> Self {
        let file = File::new(&format!("bare-{durability:?}"));
        fill(&file);
        let db = Connection::open(&file.0).unwrap();
        db.execute_batch(match durability {
            Durability::Full => "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON",
            Durability::Normal => "PRAGMA synchronous = NORMAL",
        })
        .unwrap();
        Self { db, _file: file }
    }

    fn turn(&self, (key, version): (RecordKey, Version)) {
        let (found, bytes): ([u8; 16], Vec<u8>) = self
            .db
            .prepare_cached("SELECT version, bytes FROM countersign_record WHERE key = ?1")
            .unwrap()
            .query_row([key.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        let changed = self
            .db
            .prepare_cached(
                "UPDATE countersign_record SET version = ?3, expires_at = ?4, bytes = ?5 WHERE key = ?1 AND version = ?2",
            )
            .unwrap()
            .execute(params![key.as_bytes(), found, version.as_bytes(), EXPIRES_AT.unix_millis(), bytes]);
        assert_eq!(changed, Ok(1));
    }
}

/// Makes a store with rows, in one transaction.
fn fill(file: &File) {
    drop(SqliteStore::open(&file.0, Durability::Normal).unwrap());
    let mut db = Connection::open(&file.0).unwrap();
    let rows = db.transaction().unwrap();
    for n in 0..ROWS {
        let (key, version) = (key(n), Version::from_bytes([1; 16]));
        rows.prepare_cached(
            "INSERT INTO countersign_record (key, version, expires_at, bytes) VALUES (?1, ?2, ?3, ?4)",
        )
        .unwrap()
        .execute(params![key.as_bytes(), version.as_bytes(), EXPIRES_AT.unix_millis(), BYTES])
        .unwrap();
    }
    rows.commit().unwrap();
}

/// The key of a row, spread like a digest.
fn key(n: u64) -> RecordKey {
    let mut digest = [0; 15];
    digest[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    RecordKey::new(RecordKind::Visitor, digest)
}

/// Some row and a version it never had.
fn next(turn: &mut u64) -> (RecordKey, Version) {
    *turn += 1;
    (
        key(turn.wrapping_mul(0x5851_f42d_4c95_7f2d) % ROWS),
        Version::from_bytes((u128::from(*turn) << 8).to_be_bytes()),
    )
}
