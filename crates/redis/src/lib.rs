//! An `AsyncStore` of `countersign` in Redis.
#![forbid(unsafe_code)]

mod durability;
mod keys;
mod link;
mod open;
mod row;

use std::fmt;
use std::sync::Arc;

use countersign::host::{AsyncStore, Committed, Row, StoreError, Write};
use countersign::record::{MAX_RECORD_BYTES, RecordKey, Version};
/// The crate of the connection, in the version that it has to be of.
pub use redis;
use redis::Value;
use redis::cluster_routing::Slot;

pub use durability::Durability;
pub use keys::Cursor;
pub use link::Connection;
pub use open::{OpenError, Options, PrefixError};

use durability::{Confirmed, InDoubt};
use link::{bounded, broken, failed};
use row::{Scripts, expiry, read, stored};

/// A store in Redis. See the [crate's documentation](crate).
///
/// It is cheap to clone, and clones share the connection. A call whose future is dropped is as one cut off by a crash:
/// what was sent, in one piece, the server does or does not, and the next call on the connection is not kept waiting, since
/// answers that nobody waits for are read and dropped by the connection's own task.
#[derive(Clone)]
pub struct RedisStore {
    connection: Connection,
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    scripts: Scripts,
    in_doubt: InDoubt,
}

/// How often a row is read again that was replaced while it was being confirmed.
const TRIES: usize = 16;

impl AsyncStore for RedisStore {
    async fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        bounded(async {
            let names: Vec<String> = keys.iter().map(|key| self.name(key)).collect();
            let commands = names.iter().map(|name| (Slot::for_key(name), row::get(name))).collect();
            let answers = self.connection.each(commands).await.map_err(failed)?;
            if answers.len() != keys.len() {
                return Err(broken("the server answered too little"));
            }
            let mut rows = Vec::with_capacity(keys.len());
            for (name, answer) in names.iter().zip(answers) {
                rows.push(self.firm(name, read(answer)?).await?);
            }
            Ok(rows)
        })
        .await
    }

    async fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        let name = self.name(key);
        let scripts = &self.shared.scripts;
        let Some(expected) = expected else {
            let Write::Put { version, bytes, expires_at } = write else {
                // Nothing to write; what is asked is whether there is nothing.
                let there = self.load(std::slice::from_ref(key)).await?.iter().any(Option::is_some);
                return Ok(if there { Committed::Stale } else { Committed::Applied });
            };
            let value = stored(version, short(bytes)?);
            let create = row::create(&name, &value, expiry(expires_at, self.shared.options.margin()));
            return self.write(&name, Some(version), || create.clone(), None).await;
        };
        let (version, value, expires_at) = match write {
            Write::Delete => (None, Vec::new(), None),
            Write::Put { version, bytes, expires_at } => {
                (Some(version), stored(version, short(bytes)?), expires_at)
            }
        };
        let expires = expiry(expires_at, self.shared.options.margin());
        let by_digest = || scripts.replace.by_digest(&name, &expected, &value, expires.as_deref());
        let in_full = || scripts.replace.in_full(&name, &expected, &value, expires.as_deref());
        self.write(&name, version, by_digest, Some(&in_full)).await
    }
}

impl RedisStore {
    fn name(&self, key: &RecordKey) -> String {
        format!("{}{key}", self.shared.options.prefix_text())
    }

    /// One write of one row, and its confirmation. `again` is what is sent to a server that does not know the script.
    async fn write(
        &self,
        name: &str,
        version: Option<Version>,
        command: impl Fn() -> redis::Cmd,
        again: Option<&(dyn Fn() -> redis::Cmd + Sync)>,
    ) -> Result<Committed, StoreError> {
        let durability = self.shared.options.durability();
        let confirm = durability.confirm();
        // Before it is sent: whoever drops this call half-way may read the row all the same.
        let doubt = version.filter(|_| confirm.is_some());
        if let Some(version) = doubt {
            self.shared.in_doubt.add(version);
        }
        let mut command = command();
        let ended = bounded(async {
            let mut again = again;
            loop {
                let commands = std::iter::once(command).chain(confirm.clone()).collect();
                let answers = self.connection.in_row(Slot::for_key(name), commands).await.map_err(failed)?;
                let mut answers = answers.into_iter();
                let answer = answers.next().ok_or_else(|| broken("the server answered too little"))?;
                match row::applied(answer) {
                    Ok(false) => return Ok(Committed::Stale),
                    Ok(true) => {
                        return match durability.judge(answers.next())? {
                            Confirmed::Enough => Ok(Committed::Applied),
                            Confirmed::TooFew => Err(broken("too few servers confirmed the write in time")),
                        };
                    }
                    Err(error) => match again.take() {
                        Some(in_full) if row::is_unknown_script(&error) => command = in_full(),
                        _ => return Err(failed(error)),
                    },
                }
            }
        })
        .await;
        if let Some(version) = doubt
            && ended.is_ok()
        {
            self.shared.in_doubt.remove(&version);
        }
        ended
    }

    /// A row that this process wrote, and was not told is safe, is confirmed before it is told.
    async fn firm(&self, name: &str, found: Option<Row>) -> Result<Option<Row>, StoreError> {
        let mut found = found;
        for _ in 0..TRIES {
            let Some(version) = found.as_ref().map(|row| row.version) else { return Ok(None) };
            if !self.shared.in_doubt.has(&version) {
                return Ok(found);
            }
            let slot = Slot::for_key(name);
            let touch = self.shared.scripts.touch.in_full(name, &version, &[], None);
            // Confirmed is what was written on this connection: the row is written again as it is, and that confirmed.
            let commands = std::iter::once(touch).chain(self.shared.options.durability().confirm()).collect();
            let mut answers = self.connection.in_row(slot, commands).await.map_err(failed)?.into_iter();
            let touched = row::applied(answers.next().unwrap_or(Value::Nil)).map_err(failed)?;
            if touched {
                return match self.shared.options.durability().judge(answers.next())? {
                    Confirmed::Enough => {
                        self.shared.in_doubt.remove(&version);
                        Ok(found)
                    }
                    Confirmed::TooFew => Err(broken("too few servers have the row yet")),
                };
            }
            let answers = self.connection.each(vec![(slot, row::get(name))]).await.map_err(failed)?;
            found = read(answers.into_iter().next().unwrap_or(Value::Nil))?;
        }
        Err(broken("the row was replaced again and again"))
    }
}

fn short(bytes: &[u8]) -> Result<&[u8], StoreError> {
    if bytes.len() > MAX_RECORD_BYTES {
        return Err(broken("the record is longer than a row may be"));
    }
    Ok(bytes)
}

/// No row, no key and no address.
impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").finish_non_exhaustive()
    }
}
