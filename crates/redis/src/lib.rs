//! An [`AsyncStore`] of [`countersign`] in Redis and Redis Cluster, for any number of processes on any number of machines.
//!
//! ```no_run
//! use countersign::host::{AsyncStore, Committed, Write};
//! use countersign::record::{RecordKey, RecordKind, Version};
//! use countersign_redis::{Durability, Options, RedisStore, redis};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = redis::Client::open("redis://127.0.0.1/")?;
//! let connection = client.get_connection_manager().await?;
//! let store = RedisStore::open(connection, Options::new(Durability::Disk)).await?;
//! let key = RecordKey::new(RecordKind::Visitor, [7; 15]);
//! let version = Version::from_bytes([1; 16]);
//! let write = Write::Put { version, bytes: b"record", expires_at: None };
//!
//! assert_eq!(store.commit(&key, None, write).await?, Committed::Applied);
//! assert_eq!(store.commit(&key, None, write).await?, Committed::Stale, "there is a row now");
//! assert_eq!(store.load(&[key]).await?[0].as_ref().map(|row| row.version), Some(version));
//! # Ok(()) }
//! ```
//!
//! A row is one string: sixteen bytes of version, then the record. A row is made by `SET … NX`; it is replaced or deleted
//! by a script of one key that compares the version and writes, and Redis runs one command at a time, so there is no
//! gap between the two. Every command is about one key, and so about one slot of a cluster. Rows are read from
//! masters alone, by a command that counts as a write (`GETEX`, which changes nothing here): a replica refuses it, also
//! where the connection was made to read from replicas.
//!
//! The server lets go of expired rows by itself, so there is no sweep; [`Options::kept_for`] says how long after.
//!
#![doc = include_str!("../LOSS.md")]
//!
//! # The connection
//! It is the host's own, with its addresses, names and TLS (features of [`redis`]). It should have:
//!
//! - **A time after which an answer is given up**, longer than the `patience` of the durability and shorter than the five
//!   seconds after which every call here is an error. A cluster's connection notices a master that stands still by that alone.
//! - **Nobody else's blocking commands.** One connection does one thing after another. While replicas are waited for it waits, so
//!   commits on a connection follow one another at the pace of a round trip to the replicas; where that is too slow,
//!   open several stores and share them out. If a replica is gone, reads wait behind the commits that wait for it.
//! - **A password and a role.** It uses `GETEX`, `SET`, `EVAL` and `EVALSHA` (in these `GET`, `GETRANGE`, `SET` and `DEL`), `WAIT`
//!   or `WAITAOF`, `SCAN`, `ROLE`, `INFO`, `TIME`, `CLUSTER SLOTS`, `CLUSTER MYID`, and if allowed `CONFIG GET`.
//!
//! A connection to a cluster sends commands again when a node was gone. A commit that had been applied is then `Stale`: the core
//! counts once more, and nothing is given back.
//!
//! # If this were wrong
//! What an attacker could gain: guesses made in parallel that count as one, codes that are spent twice. Whoever can make a
//! master fail over gains what the table above says is lost, once each time; whoever can fill the memory of one
//! that evicts gains it at will. A copy of the memory or of its files is a copy of the credentials, sealed as they are, and
//! restoring an old one gives back every guess made since.

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
use redis::cluster_routing::Slot;
use redis::{Cmd, Value};

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
        let Some(expected) = expected else {
            let Write::Put { version, bytes, expires_at } = write else {
                // Nothing to write; what is asked is whether there is nothing.
                let there = self.load(std::slice::from_ref(key)).await?.iter().any(Option::is_some);
                return Ok(if there { Committed::Stale } else { Committed::Applied });
            };
            let value = stored(version, short(bytes)?);
            let create = row::create(&name, &value, expiry(expires_at, self.shared.options.margin()));
            return self.write(&name, Some(version), create, None).await;
        };
        let (version, value, expires_at) = match write {
            Write::Delete => (None, Vec::new(), None),
            Write::Put { version, bytes, expires_at } => {
                (Some(version), stored(version, short(bytes)?), expires_at)
            }
        };
        let expires = expiry(expires_at, self.shared.options.margin());
        let replace = &self.shared.scripts.replace;
        let by_digest = replace.by_digest(&name, &expected, &value, expires.as_deref());
        let in_full = replace.in_full(&name, &expected, &value, expires.as_deref());
        self.write(&name, version, by_digest, Some(in_full)).await
    }
}

impl RedisStore {
    fn name(&self, key: &RecordKey) -> String {
        format!("{}{key}", self.shared.options.prefix_text())
    }

    /// One write of one row, and its confirmation. `in_full` is what is sent to a server that does not know the script.
    async fn write(
        &self,
        name: &str,
        version: Option<Version>,
        command: Cmd,
        in_full: Option<Cmd>,
    ) -> Result<Committed, StoreError> {
        let durability = self.shared.options.durability();
        let confirm = durability.confirm();
        // Before it is sent: whoever drops this call half-way may read the row all the same.
        let doubt = version.filter(|_| confirm.is_some());
        if let Some(version) = doubt {
            self.shared.in_doubt.add(version);
        }
        let ended = bounded(async {
            let (mut command, mut in_full) = (command, in_full);
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
                    Err(error) => match in_full.take() {
                        Some(again) if row::is_unknown_script(&error) => command = again,
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
