//! The servers that `tests/servers/run` started, connections to them, and a prefix for each test.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

use std::future::Future;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use countersign::host::{AsyncStore, Write};
use countersign::record::{RecordKey, RecordKind, Version};
use countersign_redis::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use countersign_redis::redis::cluster::ClusterClientBuilder;
use countersign_redis::redis::cluster_async::ClusterConnection;
use countersign_redis::redis::{Client, Cmd, Value};
use countersign_redis::{Durability, Options, RedisStore};
use countersign_tokio::BlockingStore;

/// What a test says that is run without the script.
pub const NEEDS: &str = "COUNTERSIGN_REDIS is not set: tests/servers/run starts the servers";

/// The server alone, or the cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum On {
    Single,
    Cluster,
}

pub const BOTH: [On; 2] = [On::Single, On::Cluster];

/// One replica, which each master of the cluster has.
pub const ONE_REPLICA: Durability =
    Durability::Replicas { replicas: 1, patience: Duration::from_millis(1000) };

#[expect(clippy::disallowed_methods, reason = "how the script speaks to the tests")]
pub fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[expect(clippy::disallowed_methods, reason = "how long something takes is what is tried")]
pub fn now() -> Instant {
    Instant::now()
}

pub fn url() -> String {
    told("COUNTERSIGN_REDIS").expect(NEEDS)
}

/// The addresses of the cluster's nodes.
pub fn urls() -> Vec<String> {
    told("COUNTERSIGN_REDIS_CLUSTER").expect(NEEDS).split(',').map(Into::into).collect()
}

/// The port in an address, by which the script knows a node of the cluster.
pub fn port(url: &str) -> String {
    url.rsplit(':').next().unwrap().trim_end_matches('/').into()
}

/// To one server; it lets the store wait for as long as that wants.
pub async fn single(url: &str) -> ConnectionManager {
    let config = ConnectionManagerConfig::new()
        .set_response_timeout(Some(Duration::from_secs(10)))
        .set_connection_timeout(Some(Duration::from_secs(1)))
        .set_max_delay(Duration::from_millis(100));
    Client::open(url).unwrap().get_connection_manager_with_config(config).await.unwrap()
}

pub async fn cluster() -> ClusterConnection {
    let builder = ClusterClientBuilder::new(urls())
        .connection_timeout(Duration::from_secs(1))
        .response_timeout(Duration::from_secs(2));
    builder.build().unwrap().get_async_connection().await.unwrap()
}

/// A name that no other test has.
pub fn prefix() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("t{}-{}:", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

impl On {
    pub async fn open(self, prefix: &str, durability: Durability) -> RedisStore {
        let options = Options::new(durability).prefixed(prefix).unwrap();
        match self {
            Self::Single => RedisStore::open(single(&url()).await, options).await.unwrap(),
            Self::Cluster => RedisStore::open(cluster().await, options).await.unwrap(),
        }
    }

    /// What each is meant to be used with.
    pub fn durability(self) -> Durability {
        match self {
            Self::Single => Durability::Disk,
            Self::Cluster => ONE_REPLICA,
        }
    }
}

/// What one server answers to a command.
pub async fn ask(url: &str, command: &[&str]) -> Value {
    let mut asked = Cmd::new();
    asked.arg(command);
    asked.query_async(&mut single(url).await).await.unwrap()
}

/// The script knows how the servers are run.
pub fn server(what: &str, node: &str) {
    let root = told("CARGO_MANIFEST_DIR").unwrap();
    let status = Command::new(format!("{root}/../../tests/servers/run"))
        .args(["redis", what, node])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "redis {what} {node}");
}

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| tokio::runtime::Runtime::new().unwrap());

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// An async store for threads that block.
pub fn blocking<S: AsyncStore + 'static>(store: S) -> BlockingStore<S> {
    BlockingStore::new(store, RUNTIME.handle().clone())
}

/// The `n`-th of many keys.
pub fn key(n: u64) -> RecordKey {
    let mut digest = [0xaa; 15];
    digest[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    RecordKey::new(RecordKind::Visitor, digest)
}

pub fn version(who: u64, n: u64) -> Version {
    Version::from_bytes((u128::from(who) << 64 | u128::from(n)).to_be_bytes())
}

pub fn put(version: Version, bytes: &[u8]) -> Write<'_> {
    Write::Put { version, bytes, expires_at: None }
}
