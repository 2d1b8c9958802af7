//! The server is killed again and again under load: with a disk that comes first, what was answered is there
//! afterwards; without, it is counted what is not.
//!
//! In a file of its own, so that cargo runs no other test meanwhile.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    reason = "helpers of tests"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use common::{On, ask, key, prefix, put, server, url, version};
use countersign::host::{AsyncStore, Committed, Write};
use countersign_redis::{Durability, RedisStore};
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

async fn there(store: &RedisStore, who: u64) -> Option<countersign::record::Version> {
    loop {
        match store.load(&[key(who)]).await {
            Ok(mut rows) => break rows.remove(0).map(|row| row.version),
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Writes its row again and again, and now and then deletes it; holds the server to all it answered.
async fn client(store: RedisStore, who: u64, seen: Arc<Seen>) {
    let mut current = None;
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
            }
            Ok(Committed::Stale) => {
                let there = store.load(&[key(who)]).await;
                unreachable!("the row of {who} is {there:?} where {current:?} was answered");
            }
            Err(_) => {
                seen.unsure.fetch_add(1, Ordering::SeqCst);
                let there = there(&store, who).await;
                assert!(there == current || there == next, "{there:?} is neither {current:?} nor {next:?}");
                if there != current {
                    seen.applied_unanswered.fetch_add(1, Ordering::SeqCst);
                }
                current = there;
            }
        }
    }
    assert_eq!(there(&store, who).await, current);
}

async fn killed_and_started() {
    tokio::task::spawn_blocking(|| {
        server("kill", "single");
        server("start", "single");
    })
    .await
    .unwrap();
}

async fn nothing_is_lost() {
    let store = On::Single.open(&prefix(), Durability::Disk).await;
    let seen = Arc::new(Seen::default());
    let clients: Vec<_> =
        (0..CLIENTS).map(|who| tokio::spawn(client(store.clone(), who, seen.clone()))).collect();
    for round in 0..=ROUNDS {
        let before = seen.answered.load(Ordering::SeqCst);
        while seen.answered.load(Ordering::SeqCst) < before + 20 {
            assert!(!clients.iter().any(tokio::task::JoinHandle::is_finished), "a client ended");
            sleep(Duration::from_millis(5)).await;
        }
        if round < ROUNDS {
            sleep(Duration::from_millis(round * 7919 % 300)).await;
            killed_and_started().await;
        }
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

/// Of the commits answered before the server was killed, how many, and how many of them are gone.
async fn killed_once(settings: &[(&str, &str)], after: Duration) -> (u64, u64) {
    for (name, value) in settings {
        ask(&url(), &["CONFIG", "SET", name, value]).await;
    }
    let store = On::Single.open(&prefix(), Durability::Memory).await;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|who| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut current = None;
                for n in 1_u64.. {
                    let next = version(who, n);
                    if store.commit(&key(who), current, put(next, &[7; 700])).await != Ok(Committed::Applied)
                    {
                        return n - 1;
                    }
                    current = Some(next);
                }
                0
            })
        })
        .collect();
    sleep(after).await;
    killed_and_started().await;
    let (mut answered, mut lost) = (0, 0);
    for (who, client) in (0..).zip(clients) {
        let told = client.await.unwrap();
        let found = there(&store, who).await.map_or(0, |found| {
            u128::from_be_bytes(*found.as_bytes()).to_be_bytes()[8..]
                .iter()
                .fold(0, |n, byte| n << 8 | u64::from(*byte))
        });
        answered += told;
        lost += told.saturating_sub(found);
    }
    (answered, lost)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the servers"]
async fn what_was_answered_is_there_after_a_kill() {
    nothing_is_lost().await;
    println!("| killed with | rounds | answered | lost in a round (least, most) |");
    let settings: [(&str, &[(&str, &str)]); 3] = [
        ("appendfsync always", &[]),
        ("appendfsync everysec", &[("appendfsync", "everysec")]),
        ("appendonly no", &[("appendonly", "no")]),
    ];
    for (name, settings) in settings {
        let (mut answered, mut lost) = (0, Vec::new());
        for round in 0..8_u64 {
            let of = killed_once(settings, Duration::from_millis(100 + round * 7919 % 500)).await;
            answered += of.0;
            lost.push(of.1);
        }
        let (least, most) = (*lost.iter().min().unwrap(), *lost.iter().max().unwrap());
        println!("| {name} | {} | {answered} | {least}, {most} |", lost.len());
        match name {
            "appendfsync always" => assert_eq!(most, 0),
            "appendonly no" => assert_ne!(least, 0, "nothing was lost: the test looks at nothing"),
            _ => {}
        }
    }
}
