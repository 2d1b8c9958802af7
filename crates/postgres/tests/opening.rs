//! Migrations, what is refused, sweeping, and that every statement finds its rows by an index.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod common;

use common::{fresh, key, name, pool, pool_with, put, table, version};
use countersign::Timestamp;
use countersign::host::{AsyncStore, Committed, Row, Write};
use countersign::record::{MAX_RECORD_BYTES, RecordKey};
use countersign_postgres::{OpenError, Pool, PostgresStore, Table, migrate};

async fn sql(pool: &Pool, sql: &str) {
    pool.get().await.unwrap().batch_execute(sql).await.unwrap();
}

#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn migrations_that_start_at_once_take_turns() {
    for options in ["", "-c default_transaction_isolation=serializable"] {
        let name = name();
        let table = Table::named("public", &name).unwrap();
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let table = table.clone();
                tokio::spawn(async move { migrate(&pool_with(options, 1), &table).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let pool = pool(1);
        migrate(&pool, &table).await.unwrap();
        let rows = pool.get().await.unwrap();
        let steps = rows.query(&format!("SELECT step FROM {name}_version ORDER BY step"), &[]).await.unwrap();
        assert_eq!(steps.iter().map(|row| row.get::<_, i32>(0)).collect::<Vec<_>>(), [1]);
    }
}

#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn rows_stay_when_it_is_migrated_again() {
    let (pool, table) = (pool(2), table());
    let store = fresh(&pool, &table).await;
    assert_eq!(store.commit(&key(1), None, put(version(1, 1), b"row")).await, Ok(Committed::Applied));
    let store = fresh(&pool, &table).await;
    let row = Row { version: version(1, 1), bytes: b"row".to_vec() };
    assert_eq!(store.load(&[key(1)]).await, Ok(vec![Some(row)]));
}

#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn what_is_not_a_store_of_this_release_is_refused() {
    let (pool, name) = (pool(2), name());
    let table = Table::named("public", &name).unwrap();
    let open = || PostgresStore::open(pool.clone(), table.clone());
    assert!(matches!(open().await, Err(OpenError::Older { found: 0, known: 1 })));

    sql(&pool, &format!("CREATE TABLE {name} (a int)")).await;
    assert!(matches!(open().await, Err(OpenError::Foreign)));
    assert!(matches!(migrate(&pool, &table).await, Err(OpenError::Foreign)));
    sql(&pool, &format!("INSERT INTO {name} VALUES (1); DROP TABLE {name}")).await;

    migrate(&pool, &table).await.unwrap();
    open().await.unwrap();
    sql(&pool, &format!("INSERT INTO {name}_version (step) VALUES (2)")).await;
    assert!(matches!(open().await, Err(OpenError::Newer { found: 2, known: 1 })));
    assert!(matches!(migrate(&pool, &table).await, Err(OpenError::Newer { found: 2, known: 1 })));
    sql(&pool, &format!("DELETE FROM {name}_version")).await;
    assert!(matches!(open().await, Err(OpenError::Older { found: 0, known: 1 })));
    assert!(matches!(migrate(&pool, &table).await, Err(OpenError::Failed(_))), "and nothing is made anew");

    let elsewhere = Table::named("no_such_schema", &name).unwrap();
    assert!(matches!(migrate(&pool, &elsewhere).await, Err(OpenError::Failed(_))));
}

/// Text that somebody applies by himself makes the same table, in a schema whose name looks like SQL.
#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn the_schema_as_text_makes_a_table_that_opens() {
    let (pool, name) = (pool(2), name());
    sql(&pool, &format!("CREATE SCHEMA select_{name}")).await;
    let table = Table::named(&format!("select_{name}"), "table").unwrap();
    sql(&pool, &format!("BEGIN; {} COMMIT", table.schema())).await;
    let store = PostgresStore::open(pool.clone(), table.clone()).await.unwrap();
    assert_eq!(store.commit(&key(1), None, put(version(1, 1), b"row")).await, Ok(Committed::Applied));
    migrate(&pool, &table).await.unwrap();
    assert!(store.load(&[key(1)]).await.unwrap()[0].is_some());
}

/// The role that runs has no right to anything but the rows.
#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn a_role_that_may_only_write_rows_is_enough() {
    let (owner, name) = (pool(2), name());
    let table = Table::named("public", &name).unwrap();
    migrate(&owner, &table).await.unwrap();
    sql(
        &owner,
        &format!(
            "CREATE ROLE {name}_app; GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {name}_app; \
             GRANT SELECT ON {name}_version TO {name}_app"
        ),
    )
    .await;
    let store =
        PostgresStore::open(pool_with(&format!("-c role={name}_app"), 2), table.clone()).await.unwrap();
    let [old, new] = [version(1, 1), version(1, 2)];
    assert_eq!(store.commit(&key(1), None, put(old, b"row")).await, Ok(Committed::Applied));
    assert_eq!(store.commit(&key(1), Some(old), put(new, b"row")).await, Ok(Committed::Applied));
    assert_eq!(store.commit(&key(1), Some(new), Write::Delete).await, Ok(Committed::Applied));
    assert_eq!(store.commit(&key(1), None, Write::Delete).await, Ok(Committed::Applied));
    assert_eq!(store.sweep(Timestamp::MAX, 10).await, Ok(0));
}

#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn a_record_that_is_too_long_is_refused_both_ways() {
    let (pool, name) = (pool(2), name());
    let store = fresh(&pool, &Table::named("public", &name).unwrap()).await;
    let long = vec![0; MAX_RECORD_BYTES + 1];
    assert!(store.commit(&key(1), None, put(version(1, 1), &long)).await.is_err());
    assert_eq!(store.load(&[key(1)]).await, Ok(vec![None]));
    assert_eq!(store.commit(&key(1), None, put(version(1, 1), b"row")).await, Ok(Committed::Applied));
    sql(&pool, &format!("UPDATE {name} SET record = decode(repeat('00', {}), 'hex')", long.len())).await;
    let error = store.load(&[key(1)]).await.unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}

/// What goes wrong is told without the values it went wrong with.
#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn an_error_names_no_value() {
    let (pool, name) = (pool(2), name());
    let store = fresh(&pool, &Table::named("public", &name).unwrap()).await;
    sql(&pool, &format!("ALTER TABLE {name} ADD CHECK (record <> 'secret'::bytea)")).await;
    let error = store.commit(&key(1), None, put(version(1, 1), b"secret")).await.unwrap_err().to_string();
    assert!(error.contains("23514") && error.contains("check constraint"), "{error}");
    for hidden in ["736563726574", "secret", &key(1).to_string()] {
        assert!(!error.contains(hidden), "{error}");
    }
}

#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn a_statement_that_the_server_forgot_is_prepared_anew() {
    let (pool, name) = (pool(1), name());
    let store = fresh(&pool, &Table::named("public", &name).unwrap()).await;
    assert_eq!(store.commit(&key(1), None, put(version(1, 1), b"row")).await, Ok(Committed::Applied));
    assert!(store.load(&[key(1)]).await.unwrap()[0].is_some());
    sql(&pool, "DEALLOCATE ALL").await;
    assert!(store.load(&[key(1)]).await.unwrap()[0].is_some());
    assert_eq!(store.commit(&key(2), None, put(version(1, 2), b"row")).await, Ok(Committed::Applied));
}

#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn only_expired_rows_are_swept_and_no_more_than_asked() {
    let (pool, name) = (pool(4), name());
    let store = fresh(&pool, &Table::named("public", &name).unwrap()).await;
    // A third each: expired at some time before the 90th second, without expiry, never expiring.
    for n in 0..90 {
        let expires_at = match n % 3 {
            0 => Some(Timestamp::from_unix_seconds(n)),
            1 => None,
            _ => Some(Timestamp::MAX),
        };
        let n = n.cast_unsigned();
        let write = Write::Put { version: version(1, n), bytes: b"row", expires_at };
        assert_eq!(store.commit(&key(n), None, write).await, Ok(Committed::Applied));
    }
    // And of those that expire, 2,970 more.
    sql(
        &pool,
        &format!(
            "INSERT INTO {name} (key, version, expires_at, record) \
             SELECT decode(md5('k' || n), 'hex'), decode(md5('v' || n), 'hex'), n, '' \
             FROM generate_series(1, 2970) AS n"
        ),
    )
    .await;
    let now = Timestamp::from_unix_seconds(89);
    assert_eq!(store.sweep(now, 0).await, Ok(0));
    assert_eq!(store.sweep(now, 7).await, Ok(7));
    assert_eq!(store.sweep(now, 2_500).await, Ok(2_500), "several batches");
    assert_eq!(store.sweep(now, 2_500).await, Ok(3_000 - 2_507));
    assert_eq!(store.sweep(Timestamp::MAX, u32::MAX).await, Ok(0), "the others never expire");
    for n in 0..90 {
        assert_eq!(store.load(&[key(n)]).await.unwrap()[0].is_some(), n % 3 != 0, "{n}");
    }
}

#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn the_earliest_and_the_latest_expiry_are_judged_rightly() {
    let store = fresh(&pool(2), &table()).await;
    let latest = Timestamp::from_unix_millis(i64::MAX - 1);
    for (n, at) in [(0, Timestamp::MIN), (1, latest), (2, Timestamp::from_unix_millis(1000))] {
        let write = Write::Put { version: version(1, n), bytes: b"row", expires_at: Some(at) };
        assert_eq!(store.commit(&key(n), None, write).await, Ok(Committed::Applied));
    }
    assert_eq!(store.sweep(Timestamp::MIN, 9).await, Ok(1));
    assert_eq!(store.sweep(Timestamp::from_unix_millis(999), 9).await, Ok(0));
    assert_eq!(store.sweep(Timestamp::from_unix_millis(1000), 9).await, Ok(1));
    assert_eq!(store.sweep(Timestamp::from_unix_millis(i64::MAX - 2), 9).await, Ok(0));
    assert_eq!(store.sweep(latest, 9).await, Ok(1));
}

/// Somebody renews rows all the time while others sweep those that were not renewed: none that was is ever missing.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the server"]
async fn a_row_that_is_renewed_meanwhile_stays() {
    let (pool, table) = (pool(6), table());
    let store = fresh(&pool, &table).await;
    let expired = Timestamp::from_unix_seconds(1);
    let later = Timestamp::from_unix_seconds(1_000_000);
    for round in 0..60 {
        let old = Write::Put { version: version(round, 1), bytes: b"old", expires_at: Some(expired) };
        for n in 0..8 {
            assert_eq!(store.commit(&key(round << 8 | n), None, old).await, Ok(Committed::Applied));
        }
        let sweeper = tokio::spawn({
            let store = store.clone();
            async move { store.sweep(expired, 1000).await.unwrap() }
        });
        let renewers: Vec<_> = (0..8)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move {
                    let write =
                        Write::Put { version: version(round, 2), bytes: b"new", expires_at: Some(later) };
                    (n, store.commit(&key(round << 8 | n), Some(version(round, 1)), write).await.unwrap())
                })
            })
            .collect();
        let mut stale = 0;
        for renewer in renewers {
            let (n, answer) = renewer.await.unwrap();
            let there = store.load(&[key(round << 8 | n)]).await.unwrap().remove(0).map(|row| row.version);
            match answer {
                Committed::Applied => {
                    assert_eq!(there, Some(version(round, 2)), "it was renewed and is gone")
                }
                Committed::Stale => stale += 1,
            }
        }
        assert_eq!(sweeper.await.unwrap(), stale, "each was swept or renewed");
    }
}

/// A row that is locked for a write is passed over, and not waited for.
#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn a_sweep_waits_for_nobody() {
    let (pool, name) = (pool(4), name());
    let store = fresh(&pool, &Table::named("public", &name).unwrap()).await;
    for n in 0..3 {
        let write =
            Write::Put { version: version(1, n), bytes: b"", expires_at: Some(Timestamp::UNIX_EPOCH) };
        assert_eq!(store.commit(&key(n), None, write).await, Ok(Committed::Applied));
    }
    let mut writer = pool.get().await.unwrap();
    let writing = writer.transaction().await.unwrap();
    let renew = format!("UPDATE {name} SET expires_at = 5 WHERE key = $1");
    writing.execute(&renew, &[&&key(1).as_bytes()[..]]).await.unwrap();
    assert_eq!(store.sweep(Timestamp::UNIX_EPOCH, 10).await, Ok(2));
    writing.commit().await.unwrap();
    assert_eq!(store.sweep(Timestamp::UNIX_EPOCH, 10).await, Ok(0));
    assert!(store.load(&[key(1)]).await.unwrap()[0].is_some());
}

/// In pages of any size, each key once, and by the index on it.
#[tokio::test]
#[ignore = "tests/servers/run starts the server"]
async fn all_keys_are_listed_in_order_and_each_once() {
    let store = fresh(&pool(2), &table()).await;
    let mut keys: Vec<_> =
        (0..100).map(key).chain([0, 255].map(|n| RecordKey::from_bytes([n; 16]))).collect();
    for key in &keys {
        assert_eq!(store.commit(key, None, put(version(1, 1), b"row")).await, Ok(Committed::Applied));
    }
    keys.sort();
    for at_most in [1, 50, 101, 102, 1000] {
        let (mut all, mut last) = (Vec::new(), None);
        loop {
            let some = store.keys(last, at_most).await.unwrap();
            last = some.last().copied().or(last);
            let ended = some.len() < usize::try_from(at_most).unwrap();
            all.extend(some);
            if ended {
                break;
            }
        }
        assert_eq!(all, keys, "{at_most} at a time");
    }
    assert_eq!(store.keys(None, 0).await, Ok(vec![]));
}
