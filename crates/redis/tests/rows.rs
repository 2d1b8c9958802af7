//! Many at once on one row, calls that are given up half-way, what is no row, expiry, listings, and who is asked.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::{BOTH, On, ask, cluster, key, prefix, put, single, url, urls, version};
use countersign::Timestamp;
use countersign::host::{AsyncStore, Clock, Committed, SystemClock, Write};
use countersign::record::{MAX_RECORD_BYTES, RecordKey};
use countersign_redis::redis::cluster::ClusterClientBuilder;
use countersign_redis::redis::cluster_read_routing::RandomReplicaStrategy;
use countersign_redis::redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use countersign_redis::redis::{Value, cmd, from_redis_value};
use countersign_redis::{Cursor, Durability, Options, RedisStore};
use futures_util::future::poll_immediate;
use tokio::time::{sleep, timeout};

/// A command to the server alone, or to all masters of the cluster.
async fn all_masters(on: On, words: &[&str]) {
    let mut asked = cmd(words[0]);
    asked.arg(&words[1..]);
    match on {
        On::Single => drop(ask(&url(), words).await),
        On::Cluster => {
            let to = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
            drop(cluster().await.route_command(asked, to).await.unwrap());
        }
    }
}

/// Each of 200 commits on one version: put, delete, and where there is no row, create.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the servers"]
async fn one_of_two_hundred_commits_that_expect_one_version_applies() {
    for on in BOTH {
        let prefix = prefix();
        let stores = [on.open(&prefix, on.durability()).await, on.open(&prefix, on.durability()).await];
        let mut expected = None;
        for round in 1..=6_u64 {
            let tasks: Vec<_> = (0..200)
                .map(|n| {
                    let store = stores[usize::try_from(n % 2).unwrap()].clone();
                    tokio::spawn(async move {
                        let delete = round % 3 == 0;
                        let write = if delete { Write::Delete } else { put(version(round, n), b"row") };
                        let answer = store.commit(&key(1), expected, write).await.unwrap();
                        (answer == Committed::Applied).then(|| (!delete).then(|| version(round, n)))
                    })
                })
                .collect();
            let mut applied = Vec::new();
            for task in tasks {
                applied.extend(task.await.unwrap());
            }
            assert_eq!(applied.len(), 1, "in round {round} on {on:?}");
            let row = stores[0].load(&[key(1)]).await.unwrap().remove(0);
            assert_eq!(row.map(|row| row.version), applied[0]);
            expected = applied[0];
        }
    }
}

/// At any point of a commit: the row is as before or as after, and the next commit goes by the row that is there.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the servers"]
async fn a_commit_that_is_given_up_at_any_point_is_applied_or_not() {
    for on in BOTH {
        let store = on.open(&prefix(), on.durability()).await;
        let (mut current, mut seen) = (None, [0_u32; 2]);
        for n in 0..400_u64 {
            let next = if n % 5 == 4 { None } else { Some(version(1, n)) };
            let write = next.map_or(Write::Delete, |next| put(next, b"row"));
            let one = key(1);
            let commit = store.commit(&one, current, write);
            // Some are given up before they have begun, some as soon as they are sent.
            let answer = match n % 4 {
                0 => {
                    drop(commit);
                    None
                }
                1 => poll_immediate(commit).await,
                _ => timeout(Duration::from_micros(n * 7919 % 3000), commit).await.ok(),
            };
            let read = async || store.load(&[key(1)]).await.unwrap().remove(0).map(|row| row.version);
            let mut there = read().await;
            match answer {
                Some(answer) => assert_eq!((answer, there), (Ok(Committed::Applied), next)),
                None => {
                    // What was sent may still be under way, on another connection of the cluster's.
                    while there == current && read().await != current {
                        there = read().await;
                    }
                    assert!(there == current || there == next, "{there:?}: neither {current:?} nor {next:?}");
                    seen[usize::from(there == next)] += 1;
                }
            }
            current = there;
        }
        println!("{on:?}: of those given up, {} were not applied and {} were", seen[0], seen[1]);
        assert!(seen.iter().all(|times| *times > 0));
    }
}

#[tokio::test]
#[ignore = "tests/servers/run starts the servers"]
async fn a_script_that_the_server_forgot_is_told_anew() {
    for on in BOTH {
        let store = on.open(&prefix(), on.durability()).await;
        let mut current = version(1, 0);
        assert_eq!(store.commit(&key(1), None, put(current, b"row")).await, Ok(Committed::Applied));
        for n in 1..4 {
            all_masters(on, &["SCRIPT", "FLUSH"]).await;
            let next = version(1, n);
            let answer = store.commit(&key(1), Some(current), put(next, b"row")).await;
            assert_eq!(answer, Ok(Committed::Applied));
            current = next;
        }
        all_masters(on, &["SCRIPT", "FLUSH"]).await;
        assert_eq!(store.commit(&key(1), Some(current), Write::Delete).await, Ok(Committed::Applied));
    }
}

/// What is under a row's name and is none is an error, which names nothing of it.
#[tokio::test]
#[ignore = "tests/servers/run starts the servers"]
async fn what_is_no_row_is_an_error_that_names_no_value() {
    let prefix = prefix();
    let store = On::Single.open(&prefix, Durability::Disk).await;
    let long = vec![0; MAX_RECORD_BYTES + 1];
    assert!(store.commit(&key(1), None, put(version(1, 1), &long)).await.is_err());
    assert_eq!(store.load(&[key(1)]).await, Ok(vec![None]));
    let name = format!("{prefix}{}", key(1));
    let longer = "x".repeat(MAX_RECORD_BYTES + 17);
    for odd in [&["SET", &name, "secret"], &["SET", &name, &longer], &["RPUSH", &name, "secret"]] {
        ask(&url(), &["DEL", &name]).await;
        ask(&url(), odd).await;
        let error = store.load(&[key(1)]).await.unwrap_err().to_string();
        for hidden in ["secret", "xxx", &key(1).to_string()] {
            assert!(!error.contains(hidden), "{error}");
        }
        let answer = store.commit(&key(1), None, put(version(1, 2), b"row")).await;
        assert_eq!(answer, Ok(Committed::Stale), "there is something");
    }
    let error = store.commit(&key(1), Some(version(1, 1)), put(version(1, 3), b"secret")).await.unwrap_err();
    // Its words might repeat what it was sent.
    assert_eq!(error.to_string(), "the store failed: the server answered WRONGTYPE");
}

#[tokio::test]
#[ignore = "tests/servers/run starts the servers"]
async fn the_server_lets_go_of_a_row_after_its_expiry_and_the_margin() {
    for on in BOTH {
        let with = async |margin| {
            let prefix = prefix();
            let options = Options::new(Durability::Memory).prefixed(&prefix).unwrap().kept_for(margin);
            let store = match on {
                On::Single => RedisStore::open(single(&url()).await, options).await.unwrap(),
                On::Cluster => RedisStore::open(cluster().await, options).await.unwrap(),
            };
            (store, prefix)
        };
        let there = async |store: &RedisStore, n| store.load(&[key(n)]).await.unwrap()[0].is_some();
        let now = SystemClock.now().unwrap();
        let until = |n, at| Write::Put { version: version(1, n), bytes: b"row", expires_at: Some(at) };
        let soon = now.saturating_add(Duration::from_millis(600));

        let (exact, _) = with(Duration::ZERO).await;
        let (longer, prefix) = with(Duration::from_secs(3600)).await;
        for (n, at) in [(1, Timestamp::MIN), (2, Timestamp::UNIX_EPOCH), (3, soon)] {
            for store in [&exact, &longer] {
                assert_eq!(store.commit(&key(n), None, until(n, at)).await, Ok(Committed::Applied));
            }
        }
        assert!(!there(&exact, 1).await && !there(&exact, 2).await && there(&exact, 3).await);
        assert!(there(&longer, 3).await);
        let recent = now.saturating_sub(Duration::from_secs(60));
        assert_eq!(longer.commit(&key(4), None, until(4, recent)).await, Ok(Committed::Applied));
        sleep(Duration::from_millis(800)).await;
        assert!(!there(&exact, 3).await, "the server has let go of it");
        assert!(there(&longer, 3).await && there(&longer, 4).await, "but not within the margin");
        // A row that is replaced has the new row's end, or none.
        let next = Write::Put { version: version(2, 3), bytes: b"row", expires_at: None };
        assert_eq!(longer.commit(&key(3), Some(version(1, 3)), next).await, Ok(Committed::Applied));
        let end = async |n| -> i64 {
            let mut ask = cmd("PEXPIRETIME");
            ask.arg(format!("{prefix}{}", key(n)));
            match on {
                On::Single => ask.query_async(&mut single(&url()).await).await.unwrap(),
                On::Cluster => ask.query_async(&mut cluster().await).await.unwrap(),
            }
        };
        assert_eq!(end(3).await, -1);
        let later = now.saturating_add(Duration::from_secs(60));
        let next = Write::Put { version: version(3, 3), bytes: b"row", expires_at: Some(later) };
        assert_eq!(longer.commit(&key(3), Some(version(2, 3)), next).await, Ok(Committed::Applied));
        assert_eq!(end(3).await, later.unix_millis() + 3_600_000);
        assert_eq!(end(4).await, recent.unix_millis() + 3_600_000);
    }
}

async fn listed(store: &RedisStore) -> BTreeSet<RecordKey> {
    let (mut found, mut cursor) = (BTreeSet::new(), Some(Cursor::default()));
    while let Some(from) = cursor {
        let (keys, next) = store.keys(from).await.unwrap();
        found.extend(keys);
        cursor = next;
    }
    found
}

#[tokio::test]
#[ignore = "tests/servers/run starts the servers"]
async fn every_row_is_listed_and_nothing_else() {
    for on in BOTH {
        let prefix = prefix();
        let store = on.open(&prefix, Durability::Memory).await;
        assert!(listed(&store).await.is_empty());
        let other = on.open(&format!("{prefix}other:"), Durability::Memory).await;
        for n in 0..2500 {
            assert_eq!(store.commit(&key(n), None, put(version(1, n), b"")).await, Ok(Committed::Applied));
        }
        for n in 0..100 {
            let answer = other.commit(&key(n + 10_000), None, put(version(1, n), b"")).await;
            assert_eq!(answer, Ok(Committed::Applied));
        }
        assert_eq!(listed(&store).await, (0..2500).map(key).collect(), "{on:?}");
        assert_eq!(listed(&other).await, (10_000..10_100).map(key).collect(), "{on:?}");
    }
}

/// How often a node was asked for a row, whatever it answered.
async fn reads(url: &str) -> u64 {
    let stats: String = from_redis_value(ask(url, &["INFO", "commandstats"]).await).unwrap();
    let fields = stats.lines().find_map(|line| line.strip_prefix("cmdstat_getex:")).unwrap_or("").split(',');
    let counts = fields.filter_map(|field| field.split_once('=')).filter(|(name, _)| name.ends_with("calls"));
    counts.map(|(_, count)| count.parse::<u64>().unwrap()).sum()
}

/// A connection that reads from replicas does not make the store do so; and a replica that is asked refuses.
#[tokio::test]
#[ignore = "tests/servers/run starts the servers"]
async fn replicas_are_never_read() {
    let builder = ClusterClientBuilder::new(urls()).read_routing_strategy(RandomReplicaStrategy);
    let connection = builder.build().unwrap().get_async_connection().await.unwrap();
    let prefix = prefix();
    let options = Options::new(Durability::Memory).prefixed(&prefix).unwrap();
    let store = RedisStore::open(connection, options).await.unwrap();
    assert_eq!(store.commit(&key(1), None, put(version(1, 1), b"row")).await, Ok(Committed::Applied));
    let mut replicas = Vec::new();
    for url in urls() {
        let role: Vec<Value> = from_redis_value(ask(&url, &["ROLE"]).await).unwrap();
        if from_redis_value::<String>(role[0].clone()).unwrap() == "slave" {
            replicas.push((reads(&url).await, url));
        }
    }
    assert_eq!(replicas.len(), 3);
    for _ in 0..50 {
        assert!(store.load(&[key(1), key(2)]).await.unwrap()[0].is_some());
    }
    for (before, url) in replicas {
        assert_eq!(reads(&url).await, before, "{url}");
        let mut one = single(&url).await;
        cmd("READONLY").query_async::<()>(&mut one).await.unwrap();
        let name = format!("{prefix}{}", key(1));
        assert!(cmd("GETEX").arg(&name).query_async::<Value>(&mut one).await.is_err());
    }
}
