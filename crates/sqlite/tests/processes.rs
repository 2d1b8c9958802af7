//! Several processes on one file, and one that is killed in the middle of its work.
//!
//! The processes are this test binary again, told by the environment to run one of the two tests at the end.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::Scratch;
use countersign::host::{Committed, Row, Store, Write};
use countersign::record::{RecordKey, RecordKind, Version};
use countersign_sqlite::{Durability, SqliteStore};

const COUNTER: RecordKey = RecordKey::new(RecordKind::Account, [0; 15]);
const INCREMENTS: u64 = 100;
const THREADS: u64 = 4;

#[test]
fn no_increment_is_lost_between_processes() {
    let scratch = Scratch::new();
    let path = scratch.file("store.db");
    let store = SqliteStore::open(&path, Durability::Normal).unwrap();
    assert_eq!(store.commit(&COUNTER, None, put(version(1, 0), &[0; 8])), Ok(Committed::Applied));
    let children: Vec<_> =
        (2..5).map(|who| start("child_that_counts", &path, Durability::Normal, who)).collect();
    let started = u64::try_from(children.len()).unwrap();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    assert_eq!(count(&store).1, started * THREADS * INCREMENTS);
}

#[test]
fn what_was_applied_is_there_after_a_kill() {
    for durability in [Durability::Full, Durability::Normal] {
        for round in 0..5_usize {
            let scratch = Scratch::new();
            let path = scratch.file("store.db");
            let mut child = start("child_that_commits_until_it_is_killed", &path, durability, 2);
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
            let mut applied: Vec<String> =
                lines.by_ref().filter(|line| line.ends_with(" applied.")).take(50 + 37 * round).collect();
            // SIGKILL on Unix. What it had said by then is still in the pipe.
            child.kill().unwrap();
            assert!(!child.wait().unwrap().success(), "it ended by itself");
            applied.extend(lines.filter(|line| line.ends_with(" applied.")));

            let store = SqliteStore::open(&path, durability).unwrap();
            let numbers =
                applied.iter().map(|line| line.split(' ').find_map(|word| word.parse::<u64>().ok()).unwrap());
            let last = numbers.max().unwrap();
            assert!(last >= 50);
            for n in 1..=last {
                let row = store.load(&[key(n)]).unwrap().remove(0);
                assert_eq!(
                    row,
                    Some(Row { version: version(2, n), bytes: n.to_le_bytes().to_vec() }),
                    "{n} of {last}"
                );
            }
            let (_, counted) = count(&store);
            assert!(counted == last || counted == last + 1, "{last} were answered and {counted} are there");
            assert_eq!(store.load(&[key(counted + 2)]), Ok(vec![None]));
        }
    }
}

/// What the child is told: where the file is, how durable, and who it is.
fn start(test: &str, path: &Path, durability: Durability, who: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--ignored", "--nocapture"])
        .env("STORE_PATH", path)
        .env("STORE_DURABILITY", format!("{durability:?}"))
        .env("STORE_WHO", who.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[expect(clippy::disallowed_methods, reason = "how the parent speaks to the child")]
fn told() -> Option<(SqliteStore, u64)> {
    let path = std::env::var("STORE_PATH").ok()?;
    let durability = match std::env::var("STORE_DURABILITY").unwrap().as_str() {
        "Full" => Durability::Full,
        _ => Durability::Normal,
    };
    let who = std::env::var("STORE_WHO").unwrap().parse().unwrap();
    Some((SqliteStore::open(path, durability).unwrap(), who))
}

fn put(version: Version, bytes: &[u8]) -> Write<'_> {
    Write::Put { version, bytes, expires_at: None }
}

fn version(who: u64, n: u64) -> Version {
    Version::from_bytes((u128::from(who) << 64 | u128::from(n)).to_be_bytes())
}

fn key(n: u64) -> RecordKey {
    let mut digest = [0xaa; 15];
    digest[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    RecordKey::new(RecordKind::Visitor, digest)
}

fn count(store: &SqliteStore) -> (Version, u64) {
    let row = store.load(&[COUNTER]).unwrap().remove(0).unwrap();
    (row.version, u64::from_le_bytes(row.bytes.try_into().unwrap()))
}

#[test]
#[ignore = "a child of `no_increment_is_lost_between_processes`"]
fn child_that_counts() {
    let Some((store, who)) = told() else { return };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = &store;
            scope.spawn(move || {
                let mut tried = who << 32 | thread << 24;
                for _ in 0..INCREMENTS {
                    loop {
                        tried += 1;
                        let (seen, counted) = count(store);
                        let next = (counted + 1).to_le_bytes();
                        let write = put(version(tried, counted), &next);
                        if store.commit(&COUNTER, Some(seen), write).unwrap() == Committed::Applied {
                            break;
                        }
                    }
                }
            });
        }
    });
}

#[test]
#[ignore = "a child of `what_was_applied_is_there_after_a_kill`"]
fn child_that_commits_until_it_is_killed() {
    let Some((store, who)) = told() else { return };
    assert_eq!(store.commit(&COUNTER, None, put(version(1, 0), &[0; 8])), Ok(Committed::Applied));
    for n in 1_u64.. {
        let bytes = n.to_le_bytes();
        assert_eq!(store.commit(&key(n), None, put(version(who, n), &bytes)), Ok(Committed::Applied));
        let write = put(version(1, n), &bytes);
        assert_eq!(store.commit(&COUNTER, Some(version(1, n - 1)), write), Ok(Committed::Applied));
        println!("{n} is applied.");
    }
}
