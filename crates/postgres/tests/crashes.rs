//! The server is killed again and again under load: what was answered is there afterwards.
//!
//! In a file of its own, so that cargo runs no other test meanwhile.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod common;

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use common::{fresh, key, pool_with, put, table, told, version};
use countersign::host::{AsyncStore, Committed, Write};
use countersign::record::Version;
use countersign_postgres::PostgresStore;
use tokio::time::sleep;

const CLIENTS: u64 = 16;
const ROUNDS: u64 = 12;

/// What happened so far.
#[derive(Default)]
struct Seen {
    answered: AtomicU64,
    /// Commits that ended in an error, and how many of them were found applied.
    unsure: AtomicU64,
    applied_unanswered: AtomicU64,
    stop: AtomicBool,
}

/// Writes its row again and again, and now and then deletes it; holds the server to all it answered.
async fn client(store: PostgresStore, who: u64, seen: Arc<Seen>) {
    let mut current = None;
    // What the row may be: what was answered last, and what was tried since without an answer. Such a commit may come to light
    // after a read that did not show it: its session was killed between writing it down and showing it, and the read was
    // by one that lived for a moment longer. Nobody can commit on what was read there, since the row was still locked.
    let mut possible = vec![None];
    for tried in 1_u64.. {
        if seen.stop.load(Ordering::SeqCst) {
            break;
        }
        let next = (tried % 7 != 0).then(|| version(who, tried));
        let bytes = vec![who.to_le_bytes()[0]; 700];
        let write = next.map_or(Write::Delete, |next| put(next, &bytes));
        match store.commit(&key(who), current, write).await {
            Ok(Committed::Applied) => {
                seen.answered.fetch_add(1, Ordering::SeqCst);
                current = next;
                possible = vec![next];
            }
            Ok(Committed::Stale) if possible.len() > 1 => current = there(&store, who).await,
            Ok(Committed::Stale) => {
                let there = store.load(&[key(who)]).await;
                unreachable!("the row of {who} is {there:?} where {current:?} was answered");
            }
            Err(_) => {
                seen.unsure.fetch_add(1, Ordering::SeqCst);
                possible.push(next);
                let there = there(&store, who).await;
                if there != current {
                    seen.applied_unanswered.fetch_add(1, Ordering::SeqCst);
                }
                current = there;
            }
        }
        assert!(possible.contains(&current), "{current:?} is none of {possible:?}");
    }
    assert_eq!(there(&store, who).await, current);
}

/// The version of the row, as soon as somebody can tell.
async fn there(store: &PostgresStore, who: u64) -> Option<Version> {
    loop {
        match store.load(&[key(who)]).await {
            Ok(mut rows) => return rows.remove(0).map(|row| row.version),
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
}

/// The script knows how the server is run.
fn server(what: &str) {
    let root = told("CARGO_MANIFEST_DIR").unwrap();
    let status = Command::new(format!("{root}/../../tests/servers/run"))
        .args(["postgres", what])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "postgres {what}");
}

/// With sessions that would not wait for the disk: the store's statements do.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the server"]
async fn what_was_answered_is_there_after_a_kill() {
    let pool = pool_with("-c synchronous_commit=off", 12);
    let store = fresh(&pool, &table()).await;
    let seen = Arc::new(Seen::default());
    let clients: Vec<_> =
        (0..CLIENTS).map(|who| tokio::spawn(client(store.clone(), who, seen.clone()))).collect();
    for round in 0..ROUNDS {
        let before = seen.answered.load(Ordering::SeqCst);
        while seen.answered.load(Ordering::SeqCst) < before + 20 {
            assert!(!clients.iter().any(tokio::task::JoinHandle::is_finished), "a client ended");
            sleep(Duration::from_millis(5)).await;
        }
        sleep(Duration::from_millis(round * 7919 % 300)).await;
        tokio::task::spawn_blocking(move || {
            server(if round % 3 == 2 { "stop" } else { "kill" });
            server("start");
        })
        .await
        .unwrap();
    }
    let before = seen.answered.load(Ordering::SeqCst);
    while seen.answered.load(Ordering::SeqCst) < before + 20 {
        assert!(!clients.iter().any(tokio::task::JoinHandle::is_finished), "a client ended");
        sleep(Duration::from_millis(5)).await;
    }
    seen.stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    println!(
        "{ROUNDS} crashes: {:?} commits were answered, {:?} were not, of which {:?} were applied",
        seen.answered, seen.unsure, seen.applied_unanswered
    );
    assert_ne!(seen.unsure.load(Ordering::SeqCst), 0, "nobody was disturbed");
}
