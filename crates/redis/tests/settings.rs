//! What the servers are set to: what is refused, and a server that is full.
//!
//! In a file of its own, and in one test, since other tests would notice.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use std::time::Duration;

use common::{ONE_REPLICA, On, ask, key, prefix, put, single, url, urls, version};
use countersign::host::{AsyncStore, Committed, StoreError, Write};
use countersign_redis::redis::{Value, from_redis_value};
use countersign_redis::{Cursor, Durability, OpenError, Options, RedisStore};

async fn open(url: &str, durability: Durability) -> Result<RedisStore, OpenError> {
    RedisStore::open(single(url).await, Options::new(durability)).await
}

async fn set(name: &str, value: &str) {
    ask(&url(), &["CONFIG", "SET", name, value]).await;
}

#[tokio::test]
#[ignore = "tests/servers/run starts the servers"]
async fn what_the_servers_are_set_to_is_looked_at() {
    open(&url(), Durability::Disk).await.unwrap();

    set("maxmemory-policy", "allkeys-lru").await;
    open(&url(), Durability::Disk).await.unwrap();
    set("maxmemory", "1000000000").await;
    let evicts = open(&url(), Durability::Disk).await;
    assert!(matches!(evicts, Err(OpenError::Evicts(policy)) if policy == "allkeys-lru"));
    set("maxmemory-policy", "noeviction").await;
    open(&url(), Durability::Disk).await.unwrap();
    set("maxmemory", "0").await;

    set("appendfsync", "everysec").await;
    assert!(matches!(open(&url(), Durability::Disk).await, Err(OpenError::NotOnDisk(_))));
    open(&url(), Durability::Memory).await.unwrap();
    set("appendfsync", "always").await;
    set("appendonly", "no").await;
    assert!(matches!(open(&url(), Durability::Disk).await, Err(OpenError::NotOnDisk(_))));
    assert!(matches!(open(&url(), ONE_REPLICA).await, Err(OpenError::NotOnDisk(_))));
    set("appendonly", "yes").await;

    let alone = open(&url(), ONE_REPLICA).await;
    assert!(matches!(alone, Err(OpenError::Replicas { found: 0, wanted: 1 })));
    let patience = Duration::from_millis(500);
    let nobody = open(&url(), Durability::Replicas { replicas: 0, patience }).await;
    assert!(matches!(nobody, Err(OpenError::Durability)));
    let info: String = from_redis_value(ask(&url(), &["INFO", "server"]).await).unwrap();
    if info.contains("redis_version:7.0.") || info.contains("redis_version:6.") {
        let disks = open(&url(), Durability::Disks { replicas: 0, patience }).await;
        assert!(matches!(disks, Err(OpenError::Older { needed: "7.2", .. })));
    }

    for url in urls() {
        let role: Vec<Value> = from_redis_value(ask(&url, &["ROLE"]).await).unwrap();
        match from_redis_value::<String>(role[0].clone()).unwrap().as_str() {
            "master" => assert!(matches!(open(&url, Durability::Memory).await, Err(OpenError::Node))),
            _ => assert!(matches!(open(&url, Durability::Memory).await, Err(OpenError::Replica))),
        }
    }
    when_it_is_full().await;
    when_it_is_a_replica().await;
}

/// A server that became one, as after a failover that the connection knows nothing of: what it has may be old.
async fn when_it_is_a_replica() {
    let store = On::Single.open(&prefix(), Durability::Disk).await;
    let old = version(1, 1);
    assert_eq!(store.commit(&key(1), None, put(old, b"row")).await, Ok(Committed::Applied));
    // Of nobody who answers; so it keeps what it has.
    ask(&url(), &["REPLICAOF", "127.0.0.1", "1"]).await;
    for n in [1, 2] {
        let error = store.load(&[key(n)]).await.unwrap_err().to_string();
        assert!(error.contains("replica"), "{error}");
    }
    assert!(store.commit(&key(2), None, Write::Delete).await.is_err());
    assert!(store.commit(&key(2), None, put(old, b"row")).await.is_err());
    assert!(store.commit(&key(1), Some(old), Write::Delete).await.is_err());
    assert!(store.keys(Cursor::default()).await.is_err());
    ask(&url(), &["REPLICAOF", "NO", "ONE"]).await;
    assert!(store.load(&[key(1)]).await.unwrap()[0].is_some());
}

/// No row is made then, and those that are there can be changed.
async fn when_it_is_full() {
    let store = On::Single.open(&prefix(), Durability::Disk).await;
    let [old, new] = [version(1, 1), version(1, 2)];
    for n in 1..=2 {
        assert_eq!(store.commit(&key(n), None, put(old, b"row")).await, Ok(Committed::Applied));
    }
    set("maxmemory", "1").await;
    assert_eq!(store.commit(&key(3), None, put(new, b"row")).await, Err(StoreError::Full));
    assert_eq!(store.load(&[key(1), key(3)]).await.unwrap()[1], None);
    assert_eq!(store.commit(&key(1), Some(old), put(new, b"changed")).await, Ok(Committed::Applied));
    assert_eq!(store.commit(&key(1), Some(old), put(old, b"row")).await, Ok(Committed::Stale));
    assert_eq!(store.commit(&key(2), Some(old), Write::Delete).await, Ok(Committed::Applied));
    set("maxmemory", "0").await;
    assert_eq!(store.commit(&key(3), None, put(new, b"row")).await, Ok(Committed::Applied));
}
