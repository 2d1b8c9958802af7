//! The server that `tests/servers/run` started, pools of connections to it, and a table for each test.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

use std::future::Future;
use std::str::FromStr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use countersign::host::{AsyncStore, Write};
use countersign::record::{RecordKey, RecordKind, Version};
use countersign_postgres::{Pool, PostgresStore, Table, migrate};
use countersign_tokio::BlockingStore;
use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod, Runtime};
use tokio_postgres::{Config, NoTls};

/// What a test says that is run without the script.
pub const NEEDS: &str = "COUNTERSIGN_POSTGRES is not set: tests/servers/run starts the server";

#[expect(clippy::disallowed_methods, reason = "how the script speaks to the tests")]
pub fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[expect(clippy::disallowed_methods, reason = "how long something takes is what is tried")]
pub fn now() -> Instant {
    Instant::now()
}

pub fn config() -> Config {
    Config::from_str(&told("COUNTERSIGN_POSTGRES").expect(NEEDS)).unwrap()
}

/// A pool whose sessions have these settings (`-c name=value …`).
pub fn pool_with(options: &str, size: usize) -> Pool {
    let mut config = config();
    config.options(options);
    let manager =
        Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    Pool::builder(manager).max_size(size).runtime(Runtime::Tokio1).build().unwrap()
}

pub fn pool(size: usize) -> Pool {
    pool_with("", size)
}

/// A name that no other test has.
pub fn name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("t_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub fn table() -> Table {
    Table::named("public", &name()).unwrap()
}

/// A store on a table of its own.
pub async fn fresh(pool: &Pool, table: &Table) -> PostgresStore {
    migrate(pool, table).await.unwrap();
    PostgresStore::open(pool.clone(), table.clone()).await.unwrap()
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
