//! Many at once on one row, calls that are given up half-way, and a server that has become a standby.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod common;

use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{config, fresh, key, name, now, pool, put, table, told, version};
use countersign::host::{AsyncStore, Committed, Write};
use countersign_postgres::{OpenError, Pool, PostgresStore, Table, migrate};
use deadpool_postgres::{ConfigConnectImpl, Connect, Manager, ManagerConfig, Runtime};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Config, NoTls};

/// Each of 200 commits on one version: put, delete, and where there is no row, create.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the server"]
async fn one_of_two_hundred_commits_that_expect_one_version_applies() {
    let (first, second) = (pool(16), pool(16));
    let table = table();
    let stores = [fresh(&first, &table).await, fresh(&second, &table).await];
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
        assert_eq!(applied.len(), 1, "in round {round}");
        let row = stores[0].load(&[key(1)]).await.unwrap().remove(0);
        assert_eq!(row.map(|row| row.version), applied[0]);
        expected = applied[0];
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the server"]
async fn a_commit_that_is_given_up_while_it_waits_keeps_nobody_waiting() {
    let (pool, name) = (pool(3), name());
    let store = fresh(&pool, &Table::named("public", &name).unwrap()).await;
    let [old, new] = [version(1, 1), version(1, 2)];
    assert_eq!(store.commit(&key(1), None, put(old, b"row")).await, Ok(Committed::Applied));

    let mut other = pool.get().await.unwrap();
    let holding = other.transaction().await.unwrap();
    holding
        .execute(&format!("SELECT 1 FROM {name} WHERE key = $1 FOR UPDATE"), &[&&key(1).as_bytes()[..]])
        .await
        .unwrap();
    let one = key(1);
    let commit = store.commit(&one, Some(old), put(new, b"row"));
    assert!(timeout(Duration::from_millis(100), commit).await.is_err(), "the row is locked");
    for _ in 0..20 {
        let load = timeout(Duration::from_secs(2), store.load(&[key(1)])).await;
        assert_eq!(load.unwrap().unwrap().remove(0).map(|row| row.version), Some(old));
    }
    holding.rollback().await.unwrap();
    drop(other);
    // It was begun, so it comes to its end.
    let (taken, _also, _and) =
        (pool.get().await.unwrap(), pool.get().await.unwrap(), pool.get().await.unwrap());
    let row = taken.query_one(&format!("SELECT version FROM {name}"), &[]).await.unwrap();
    assert_eq!(row.get::<_, Vec<u8>>(0), new.as_bytes());
}

/// At any point of a commit: the row is as before or as after, the connection does its work, and the next commit goes by
/// the row that is there.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the server"]
async fn a_commit_that_is_given_up_at_any_point_is_applied_or_not() {
    // One connection: what is asked next is asked when the commit that was given up has ended.
    let pool = pool(1);
    let store = fresh(&pool, &table()).await;
    let (mut current, mut seen) = (None, [0_u32; 2]);
    for n in 0..400_u64 {
        let next = if n % 5 == 4 { None } else { Some(version(1, n)) };
        let write = next.map_or(Write::Delete, |next| put(next, b"row"));
        let patience = Duration::from_micros(n * 7919 % 4000);
        // Some wait for the connection, and are given up before they have begun.
        if n % 3 == 0 {
            let held = pool.get().await.unwrap();
            tokio::spawn(async move {
                sleep(Duration::from_millis(2)).await;
                drop(held);
            });
        }
        let answer = timeout(patience, store.commit(&key(1), current, write)).await;
        let there = store.load(&[key(1)]).await.unwrap().remove(0).map(|row| row.version);
        match answer {
            Ok(answer) => assert_eq!((answer, there), (Ok(Committed::Applied), next)),
            Err(_) => {
                assert!(there == current || there == next, "{there:?} is neither {current:?} nor {next:?}");
                seen[usize::from(there == next)] += 1;
            }
        }
        current = there;
    }
    println!("of those given up, {} were not applied and {} were", seen[0], seen[1]);
    assert!(seen.iter().all(|times| *times > 0));
    assert_eq!(pool.status().size, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the server"]
async fn a_commit_that_waits_for_too_long_is_an_error_and_its_connection_is_closed() {
    let (pool, others, name) = (pool(1), pool(1), name());
    let store = fresh(&pool, &Table::named("public", &name).unwrap()).await;
    assert_eq!(store.commit(&key(1), None, put(version(1, 1), b"row")).await, Ok(Committed::Applied));
    let mut other = others.get().await.unwrap();
    let holding = other.transaction().await.unwrap();
    holding.batch_execute(&format!("LOCK TABLE {name} IN SHARE MODE")).await.unwrap();
    let started = now();
    let one = key(1);
    let waits = store.commit(&one, Some(version(1, 1)), put(version(1, 2), b"row"));
    // Nobody else gets a connection meanwhile, and that ends in an error as well.
    let queued = async {
        sleep(Duration::from_millis(100)).await;
        store.load(&[key(1)]).await
    };
    let (waited, queued) = tokio::join!(waits, queued);
    assert!(waited.unwrap_err().to_string().contains("no answer"));
    drop(queued);
    let took = started.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(9)).contains(&took), "{took:?}");
    // It reads on while the table is still locked, by a new connection.
    assert!(store.load(&[key(1)]).await.unwrap()[0].is_some());
    holding.rollback().await.unwrap();
}

/// A `BEGIN` by hand whose end never came, since its future was dropped: what is committed within would be undone with it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the server"]
async fn a_commit_within_a_transaction_of_somebody_else_is_an_error_and_undone() {
    let pool = pool(1);
    let store = fresh(&pool, &table()).await;
    for begin in ["BEGIN", "BEGIN ISOLATION LEVEL SERIALIZABLE"] {
        let old = version(1, 1);
        assert_eq!(store.commit(&key(1), None, put(old, b"row")).await, Ok(Committed::Applied));
        let writes = [
            (None, put(version(1, 2), b"row")),
            (Some(old), put(version(1, 2), b"row")),
            (Some(old), Write::Delete),
        ];
        for (expected, write) in writes {
            pool.get().await.unwrap().batch_execute(begin).await.unwrap();
            let key = key(if expected.is_none() { 2 } else { 1 });
            let error = store.commit(&key, expected, write).await.unwrap_err();
            assert!(error.to_string().contains("within a transaction"), "{error}");
            // The server may still be undoing it; no new connection sees it.
            let there = store.load(&[key]).await.unwrap().remove(0).map(|row| row.version);
            assert_eq!(there, expected);
        }
        assert_eq!(store.commit(&key(1), Some(old), Write::Delete).await, Ok(Committed::Applied));
    }
}

/// Connects to one of two servers.
struct Either {
    second: Arc<AtomicBool>,
    to: [Config; 2],
}

impl Connect for Either {
    fn connect(
        &self,
        _: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), tokio_postgres::Error>> + Send + '_>>
    {
        let [first, second] = self.to.clone();
        let config = if self.second.load(Ordering::SeqCst) { second } else { first };
        Box::pin(async move { ConfigConnectImpl { tls: NoTls }.connect(&config).await })
    }
}

/// A pool that is led to a standby, as by an address that moved: it answers nothing that may be old.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the server"]
async fn a_standby_is_refused_at_opening_and_later() {
    let Some(root) = told("CARGO_MANIFEST_DIR") else { unreachable!("cargo runs the tests") };
    let run = |what: &str| {
        Command::new(format!("{root}/../../tests/servers/run")).args(["postgres", what]).output().unwrap()
    };
    let table = table();
    let primary = fresh(&pool(2), &table).await;
    assert_eq!(primary.commit(&key(1), None, put(version(1, 1), b"row")).await, Ok(Committed::Applied));
    let made = run("standby-start");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let socket = String::from_utf8(made.stdout).unwrap();

    let mut standby = Config::new();
    standby.host_path(socket.trim()).port(config().get_ports()[0]).user("postgres").dbname("postgres");
    let second = Arc::new(AtomicBool::new(false));
    let connect = Either { second: second.clone(), to: [config(), standby] };
    let manager = Manager::from_connect(config(), connect, ManagerConfig::default());
    let moved: Pool = Pool::builder(manager).max_size(2).runtime(Runtime::Tokio1).build().unwrap();
    let store = PostgresStore::open(moved.clone(), table.clone()).await.unwrap();
    assert!(store.load(&[key(1)]).await.unwrap()[0].is_some());

    second.store(true, Ordering::SeqCst);
    moved.retain(|_, _| false);
    // It has the table, and the row or not yet.
    for n in [1, 2] {
        let error = store.load(&[key(n)]).await.unwrap_err();
        assert!(error.to_string().contains("standby"), "{error}");
    }
    assert!(store.commit(&key(2), None, Write::Delete).await.is_err());
    assert!(store.commit(&key(1), Some(version(1, 1)), Write::Delete).await.is_err());
    assert!(store.commit(&key(2), None, put(version(1, 2), b"row")).await.is_err());
    let open = PostgresStore::open(moved.clone(), table.clone()).await;
    assert!(matches!(open, Err(OpenError::Standby)));
    assert!(matches!(migrate(&moved, &table).await, Err(OpenError::Standby)));

    second.store(false, Ordering::SeqCst);
    moved.retain(|_, _| false);
    assert!(store.load(&[key(1)]).await.unwrap()[0].is_some());
    assert!(run("standby-stop").status.success());
}

/// Each statement finds its rows by an index, also when PostgreSQL has planned it once for all.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the server"]
async fn no_statement_reads_the_whole_table() {
    let (others, name) = (pool(1), name());
    let table = Table::named("public", &name).unwrap();
    migrate(&others, &table).await.unwrap();
    let other = others.get().await.unwrap();
    let scans = async || {
        let row = other
            .query_one(
                "SELECT seq_scan, idx_scan FROM pg_stat_user_tables WHERE relname = $1",
                &[&name.as_str()],
            )
            .await
            .unwrap();
        (row.get::<_, i64>(0), row.get::<_, i64>(1))
    };
    other
        .batch_execute(&format!(
            "ALTER TABLE {name} SET (autovacuum_enabled = off); \
             INSERT INTO {name} (key, version, expires_at, record) SELECT decode(md5('k' || n), 'hex'), \
             decode(md5('v' || n), 'hex'), n, decode(repeat('00', 100), 'hex') FROM generate_series(1, 20000) AS n; \
             ANALYZE {name}"
        ))
        .await
        .unwrap();
    sleep(Duration::from_secs(2)).await;
    let before = scans().await;
    let small = pool(1);
    let store = PostgresStore::open(small.clone(), table).await.unwrap();
    for n in 0..12 {
        let [old, new] = [version(n, 1), version(n, 2)];
        assert_eq!(store.commit(&key(n), None, put(old, b"row")).await, Ok(Committed::Applied));
        assert_eq!(store.commit(&key(n), Some(old), put(new, b"row")).await, Ok(Committed::Applied));
        assert_eq!(store.load(&[key(n)]).await.unwrap().len(), 1);
        assert_eq!(store.load(&[key(n), key(n + 1)]).await.unwrap().len(), 2);
        assert_eq!(store.commit(&key(n), Some(new), Write::Delete).await, Ok(Committed::Applied));
        assert_eq!(store.sweep(countersign::Timestamp::MAX, 3).await, Ok(3));
    }
    // A session tells what it did when it ends.
    small.close();
    let mut after = before;
    for _ in 0..100 {
        after = scans().await;
        if after.1 >= before.1 + 12 * 5 {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert!(after.1 >= before.1 + 12 * 5, "{before:?} {after:?}");
    assert_eq!(after.0, before.0, "the table was read from end to end");
}
