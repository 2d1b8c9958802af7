//! Networks that stand still in the middle of a commit, after any number of its bytes in either direction, and then go on or break: the
//! caller hears an error in time, the row is as before or as after, and what arrives late takes nobody else's write away.
//!
//! In a file of its own, so that cargo runs no other test meanwhile.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use std::time::Duration;

use common::{config, fresh, key, now, pool, put, table, version};
use countersign::host::{AsyncStore, Committed, StoreError};
use countersign_postgres::{Pool, PostgresStore, Table};
use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod, Runtime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_postgres::NoTls;

/// What becomes of the network, for the connections that are there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Network {
    Works,
    /// It takes so many bytes more of the client and of the server, and then holds on to everything.
    StandsStillAfter([usize; 2]),
    GoesOn,
    Breaks,
}

/// One way of a connection through the network.
async fn way(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    which: usize,
    mut network: watch::Receiver<Network>,
) {
    let (mut left, mut bytes) = (usize::MAX, [0_u8; 4096]);
    loop {
        // What has come is passed on byte by byte, as far as it may go.
        let came = tokio::select! {
            came = from.read(&mut bytes), if left > 0 => came.unwrap_or(0),
            _ = network.changed() => {
                match *network.borrow_and_update() {
                    Network::Works => {}
                    Network::StandsStillAfter(after) => left = after[which],
                    Network::GoesOn => left = usize::MAX,
                    Network::Breaks => return,
                }
                continue;
            }
        };
        if came == 0 {
            let _ = to.shutdown().await;
            return;
        }
        let mut rest = &bytes[..came];
        while !rest.is_empty() {
            let now = rest.len().min(left);
            if to.write_all(&rest[..now]).await.is_err() {
                return;
            }
            (rest, left) = (&rest[now..], left.saturating_sub(now));
            if left == 0 {
                let over = network.wait_for(|it| matches!(it, Network::GoesOn | Network::Breaks)).await;
                if over.is_err() || over.is_ok_and(|it| *it == Network::Breaks) {
                    return;
                }
                left = usize::MAX;
            }
        }
    }
}

/// A network between a pool and the server. New connections are made through it at any time and find it working.
async fn network() -> (Pool, watch::Sender<Network>) {
    let (state, seen) = watch::channel(Network::Works);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = ("127.0.0.1", config().get_ports()[0]);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(server).await.unwrap();
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            let fresh = || {
                let mut seen = seen.clone();
                seen.mark_unchanged();
                seen
            };
            tokio::spawn(way(from_client, to_server, 0, fresh()));
            tokio::spawn(way(from_server, to_client, 1, fresh()));
        }
    });
    let mut through = tokio_postgres::Config::new();
    through
        .host("127.0.0.1")
        .port(port)
        .user(config().get_user().unwrap())
        .dbname(config().get_dbname().unwrap());
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(through, NoTls, recycling);
    (Pool::builder(manager).max_size(1).runtime(Runtime::Tokio1).build().unwrap(), state)
}

/// What came of one commit, and of somebody else's that he made meanwhile by a network that works.
struct Ended {
    paused: Result<Committed, StoreError>,
    other: Option<Result<Committed, StoreError>>,
    /// 0: as before, 1: as after, 2: the other's.
    there: usize,
}

/// The `n`-th commit. The network stands still after so many bytes of it, and then goes on or breaks.
async fn commit(
    direct: PostgresStore,
    table: Table,
    n: u64,
    after: [usize; 2],
    breaks: bool,
    meanwhile: bool,
) -> Ended {
    let (pool, network) = network().await;
    let store = PostgresStore::open(pool, table).await.unwrap();
    let versions = [version(n, 1), version(n, 2), version(n, 3)];
    // Its statements are known to the connection by now.
    for (expected, next) in [(None, version(n, 0)), (Some(version(n, 0)), versions[0])] {
        assert_eq!(store.commit(&key(n), expected, put(next, b"row")).await, Ok(Committed::Applied));
    }
    network.send(Network::StandsStillAfter(after)).unwrap();
    // Both ways have to know.
    sleep(Duration::from_millis(50)).await;
    let begun = now();
    let (one, old) = (key(n), Some(versions[0]));
    let others = async {
        if !meanwhile {
            return None;
        }
        sleep(Duration::from_millis(500)).await;
        Some(direct.commit(&one, old, put(versions[2], b"row")).await)
    };
    let (paused, other) = tokio::join!(store.commit(&one, old, put(versions[1], b"row")), others);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(9), "it took {took:?}");
    // Nobody else is given the connection on which nothing moves.
    assert!(paused.is_ok() || store.load(&[one]).await.is_ok());
    network.send(if breaks { Network::Breaks } else { Network::GoesOn }).unwrap();
    // What was under way arrives, or the server learns that nobody is there.
    sleep(Duration::from_millis(500)).await;
    let there = direct.load(&[one]).await.unwrap().remove(0).unwrap().version;
    let there = versions.iter().position(|version| *version == there).expect("a version that nobody wrote");
    // By a new connection it goes on from what is there.
    let last = store.commit(&one, Some(versions[there]), put(version(n, 4), b"row")).await;
    assert_eq!(last, Ok(Committed::Applied));
    Ended { paused, other, there }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the server"]
async fn a_network_that_stands_still_in_the_middle_of_a_commit_gives_nothing_back() {
    let (pool, table) = (pool(8), table());
    let direct = fresh(&pool, &table).await;
    // From nothing of the request to all of the answer: a commit is some 200 bytes there, and as many back.
    let points = (0..28).map(|n| n * 7).flat_map(|n| [[n, usize::MAX], [usize::MAX, n]]);
    let ways = points.flat_map(|after| {
        [(false, false), (true, false), (false, true), (true, true)].map(|way| (after, way))
    });
    let running: Vec<_> = (1_u64..)
        .zip(ways)
        .map(|(n, (after, (breaks, meanwhile)))| {
            let direct = direct.clone();
            let ended = commit(direct, table.clone(), n, after, breaks, meanwhile);
            (after, breaks, tokio::spawn(ended))
        })
        .collect();
    let mut seen = [[0_u32; 3]; 2];
    for (after, breaks, running) in running {
        let Ended { paused, other, there } = running.await.unwrap();
        let told = format!("{after:?}, breaks {breaks}: {paused:?}, {other:?}, there {there}");
        // Who was told that his write is there, has it.
        match (&paused, &other) {
            (Ok(Committed::Applied), Some(Ok(Committed::Applied))) => unreachable!("both: {told}"),
            (Ok(Committed::Applied), _) | (_, Some(Ok(Committed::Stale))) => assert_eq!(there, 1, "{told}"),
            (_, Some(Ok(Committed::Applied))) => assert_eq!(there, 2, "{told}"),
            (Ok(Committed::Stale), _) => assert_eq!(there, 2, "{told}"),
            (Err(_), None) => assert!(there < 2, "{told}"),
            (Err(_), Some(Err(_))) => {}
        }
        seen[usize::from(paused.is_ok())][there] += 1;
    }
    println!("not answered: {:?}, answered: {:?} (as before, as after, somebody else's)", seen[0], seen[1]);
    assert!(seen[0].iter().all(|times| *times > 0), "every end is reached");
    assert!(seen[1][1] > 0, "some commits end before the network does");
}
