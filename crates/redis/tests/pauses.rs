//! Servers that stop in the middle of a commit and go on: its effect is unknown, and the store answers again.
//!
//! In a file of its own, so that cargo runs no other test meanwhile.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;
#[path = "common/nodes.rs"]
mod nodes;

use std::time::Duration;

use common::{ONE_REPLICA, On, key, now, prefix, put, server, version};
use countersign::host::{AsyncStore, Committed, Row};
use countersign_redis::Durability;
use nodes::{Nodes, healthy};
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the servers"]
async fn a_server_that_stands_still_is_an_error_in_time_and_the_row_is_either() {
    let store = On::Single.open(&prefix(), Durability::Disk).await;
    let mut current = None;
    for round in 0..3_u64 {
        let before = version(round, 1);
        assert_eq!(store.commit(&key(1), current, put(before, b"row")).await, Ok(Committed::Applied));
        // A stream of commits, of which one is under way when the server stops.
        let writes = tokio::spawn({
            let store = store.clone();
            async move {
                let mut last = before;
                for n in 2_u64.. {
                    let next = version(round, n);
                    let started = now();
                    match store.commit(&key(1), Some(last), put(next, b"row")).await {
                        Ok(answer) => assert_eq!(answer, Committed::Applied),
                        Err(error) => return (last, next, error.to_string(), started.elapsed()),
                    }
                    last = next;
                }
                unreachable!("there are fewer numbers")
            }
        });
        sleep(Duration::from_millis(50 + round * 37)).await;
        server("pause", "single");
        let (last, next, error, took) = writes.await.unwrap();
        assert!((Duration::from_secs(4)..Duration::from_secs(7)).contains(&took), "{took:?}");
        assert!(error.contains("no answer came in time"), "{error}");
        let started = now();
        assert!(store.load(&[key(1)]).await.is_err());
        assert!(started.elapsed() < Duration::from_secs(7));
        server("resume", "single");
        let there = store.load(&[key(1)]).await.unwrap().remove(0).map(|row| row.version);
        assert!(there == Some(last) || there == Some(next), "{there:?} is neither {last:?} nor {next:?}");
        current = there;
    }
}

/// A commit that no replica confirmed is an error, and its row is not read as what the core would take for the answer
/// until a replica has it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the servers"]
async fn a_row_that_was_not_confirmed_is_not_told_to_who_wrote_it() {
    healthy().await;
    let prefix = prefix();
    let store = On::Cluster.open(&prefix, ONE_REPLICA).await;
    let other = On::Cluster.open(&prefix, ONE_REPLICA).await;
    let [old, new, last] = [version(1, 1), version(1, 2), version(1, 3)];
    assert_eq!(store.commit(&key(1), None, put(old, b"old")).await, Ok(Committed::Applied));
    let nodes = Nodes::seen().await;
    let master = nodes.master_of(&format!("{prefix}{}", key(1)));
    let replica = nodes.replica_of(&master);
    server("pause", &replica);
    let error = store.commit(&key(1), Some(old), put(new, b"new")).await.unwrap_err().to_string();
    assert!(error.contains("too few servers"), "{error}");
    // It is there, for whoever goes on from it and has that confirmed with it.
    let row = Row { version: new, bytes: b"new".to_vec() };
    assert_eq!(other.load(&[key(1)]).await, Ok(vec![Some(row.clone())]));
    for _ in 0..2 {
        let error = store.load(&[key(1)]).await.unwrap_err().to_string();
        assert!(error.contains("too few servers"), "{error}");
    }
    server("resume", &replica);
    healthy().await;
    assert_eq!(store.load(&[key(1)]).await, Ok(vec![Some(row)]));
    assert_eq!(store.commit(&key(1), Some(new), put(last, b"")).await, Ok(Committed::Applied));
}
