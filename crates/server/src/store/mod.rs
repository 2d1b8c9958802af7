//! Where records and users live: what each URL opens.

mod any;
mod mark;
mod pool;
mod redis;
mod rewrap;
mod sweep;

use std::error::Error;

use countersign::host::{AsyncStore as _, MemoryStore, StoreError};
use countersign::record::RecordKey;
use countersign_postgres::{PostgresStore, Table, migrate};
use countersign_sqlite::{Durability, SqliteStore};

pub(crate) use any::AnyStore;
pub(crate) use mark::check_keys;
pub(crate) use pool::parse as parse_postgres;
pub(crate) use redis::{RedisUrl, parse as parse_redis};
pub(crate) use rewrap::rewrap_all;
pub(crate) use sweep::sweep_forever;

use crate::directory::{AnyUsers, MemoryUsers, PostgresUsers, SqliteUsers};
use crate::options::StoreUrl;

/// A store, and the users beside it.
pub(crate) struct Opened {
    pub(crate) store: AnyStore,
    pub(crate) users: AnyUsers,
    /// Whether nothing was written in it yet, so that new keys may be made for it.
    pub(crate) is_new: bool,
}

impl StoreUrl {
    /// Opens the store, and the users in the same place unless they have one of their own.
    ///
    /// # Errors
    /// Why it cannot be opened. Never with anything of the URL but the scheme: it may hold a password.
    pub(crate) async fn open(&self, users: Option<&Self>) -> Result<Opened, String> {
        let store = self.open_store().await?;
        let users = users.unwrap_or(self).open_users().await?;
        let is_new = store.is_new().await.map_err(|why| format!("store: {why}"))?;
        Ok(Opened { store, users, is_new })
    }

    async fn open_store(&self) -> Result<AnyStore, String> {
        match self {
            Self::Memory => Ok(AnyStore::blocking(MemoryStore::new())),
            Self::Sqlite(path) => {
                let store = SqliteStore::open(path, Durability::Full);
                Ok(AnyStore::blocking(store.map_err(|why| format!("store {}: {why}", path.display()))?))
            }
            Self::Postgres(config) => {
                let wrong = |why: &dyn Error| format!("store postgres: {}", with_causes(why));
                let pool = pool::pool(config).map_err(|why| wrong(&*why))?;
                migrate(&pool, &Table::default()).await.map_err(|why| wrong(&why))?;
                let store = PostgresStore::open(pool, Table::default()).await.map_err(|why| wrong(&why))?;
                Ok(AnyStore::Postgres(store))
            }
            Self::Redis(url) => Ok(AnyStore::Redis(
                url.open().await.map_err(|why| format!("store redis: {}", with_causes(&*why)))?,
            )),
        }
    }

    async fn open_users(&self) -> Result<AnyUsers, String> {
        match self {
            Self::Memory => Ok(AnyUsers::blocking(MemoryUsers::default())),
            Self::Sqlite(path) => {
                let users = SqliteUsers::open(path);
                Ok(AnyUsers::blocking(users.map_err(|why| format!("users {}: {why}", path.display()))?))
            }
            Self::Postgres(config) => {
                let wrong = |why: &dyn Error| format!("users postgres: {}", with_causes(why));
                let pool = pool::pool(config).map_err(|why| wrong(&*why))?;
                Ok(AnyUsers::Postgres(PostgresUsers::open(pool).await.map_err(|why| wrong(&why))?))
            }
            Self::Redis(_) => {
                Err("users: Redis keeps records and no users; say where these are with --users".into())
            }
        }
    }
}

impl AnyStore {
    /// Whether no server has begun it yet.
    async fn is_new(&self) -> Result<bool, StoreError> {
        Ok(!self.load(&[mark::ROW]).await?.iter().any(Option::is_some))
    }

    /// Whether it answers, for those who ask if this server can be of use.
    pub(crate) async fn answers(&self) -> bool {
        self.is_new().await.is_ok()
    }
}

/// What went wrong, and why, where it does not say so itself.
fn with_causes(error: &dyn Error) -> String {
    let (mut told, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        let why = error.to_string();
        if !told.contains(&why) {
            told = format!("{told}: {why}");
        }
        cause = error.source();
    }
    told
}

/// A row that nobody's record is under.
const fn row_of_the_host(n: u8) -> RecordKey {
    RecordKey::from_bytes([0, b'h', b'o', b's', b't', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n])
}
