//! What a server must be like, and what is refused.

use std::time::Duration;

use countersign::Timestamp;
use countersign::host::{Clock, StoreError, SystemClock};
use redis::cluster_routing::Slot;
use redis::{RedisError, from_redis_value};

use crate::durability::{Durability, InDoubt};
use crate::keys::Topology;
use crate::link::{Connection, bounded, broken, first, words};
use crate::row::Scripts;
use crate::{RedisStore, Shared};

/// Why a server is not used as a store. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It cannot be reached, or refused a command.
    #[error("the server cannot be used as a store: {0}")]
    Failed(#[source] StoreError),
    /// It is older than what the store, or the durability asked for, needs.
    #[error("the server is of version {found}; at least {needed} is needed")]
    Older {
        /// What it says it is.
        found: String,
        /// What it must be.
        needed: &'static str,
    },
    /// It is a replica: what it answers may be of some time ago.
    #[error("the server is a replica, which may answer with what has been replaced: connect to the master")]
    Replica,
    /// It is a node of a cluster, and the connection is to that node alone.
    #[error("the server is a node of a cluster: use a connection to the whole cluster")]
    Node,
    /// When its memory is full it forgets rows that it should keep.
    #[error("the server forgets rows when it is full: maxmemory-policy is {0} and must be noeviction")]
    Evicts(String),
    /// It does not write to its disk, or not before it answers where that was asked for.
    #[error("the server does not keep on its disk what it answers: {0}")]
    NotOnDisk(&'static str),
    /// A master has fewer replicas than must confirm a commit.
    #[error("a master has {found} replicas that follow it, and {wanted} are to confirm a commit")]
    Replicas {
        /// How many there are.
        found: u32,
        /// How many there must be.
        wanted: u32,
    },
    /// Its clock runs ahead of this machine's by more than half the margin: it might forget rows too early.
    #[error("the server's clock is {0:?} ahead of this machine's")]
    ClockAhead(Duration),
    /// A durability that waits for nobody, or for too long.
    #[error("no replica, no time, or more than four seconds cannot be waited for")]
    Durability,
}

/// A prefix that is not used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a prefix is 1 to {MAX_PREFIX} of a-z, 0-9, _, - and :")]
pub struct PrefixError;

const MAX_PREFIX: usize = 64;

/// The oldest server with all commands that are used, and with the confirmation of disks.
const NEEDED: (u32, u32) = (6, 2);
const NEEDED_FOR_DISKS: (u32, u32) = (7, 2);
/// From here on, scripts say for themselves whether they may run when the server is full.
const KNOWS_FLAGS: (u32, u32) = (7, 0);

/// How the records are kept. There is no default: what may be lost is the host's to say.
///
/// ```
/// use std::time::Duration;
/// use countersign_redis::{Durability, Options};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let two = Durability::Replicas { replicas: 2, patience: Duration::from_millis(500) };
/// let options = Options::new(two).prefixed("auth:staff:")?.kept_for(Duration::from_secs(7200));
/// assert!(Options::new(Durability::Disk).prefixed("{one-slot}").is_err());
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    durability: Durability,
    prefix: String,
    margin: Duration,
}

impl Options {
    /// With names that begin with `countersign:`, and a margin of an hour.
    #[must_use]
    pub fn new(durability: Durability) -> Self {
        Self { durability, prefix: "countersign:".into(), margin: Duration::from_secs(3600) }
    }

    /// What the names of rows begin with; the rest is the hexadecimal [`RecordKey`](countersign::record::RecordKey).
    ///
    /// Every process that shares the records needs the same: two that do not have a budget of guesses each.
    ///
    /// # Errors
    /// [`PrefixError`] for anything but 1 to 64 lower-case letters of ASCII, digits, `_`, `-` and `:`. Braces would put
    /// all rows into one slot, and `*` would match other names in a listing.
    pub fn prefixed(self, prefix: &str) -> Result<Self, PrefixError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-:".contains(&byte);
        if prefix.is_empty() || prefix.len() > MAX_PREFIX || !prefix.bytes().all(plain) {
            return Err(PrefixError);
        }
        Ok(Self { prefix: prefix.into(), ..self })
    }

    /// For how long a row is kept beyond its expiry; an hour, unless said otherwise.
    ///
    /// It is the server that lets go of rows, by its own clock, and the hosts' that their expiries were counted by. A server
    /// whose clock runs ahead by more than this forgets guesses, locks and spent codes that still count (laws 3 and 7), and so
    /// will a replica that takes over with such a clock. A longer margin costs memory: a flood of strangers leaves
    /// rows for that much longer.
    #[must_use]
    pub fn kept_for(self, margin: Duration) -> Self {
        Self { margin, ..self }
    }

    pub(crate) fn prefix_text(&self) -> &str {
        &self.prefix
    }

    pub(crate) const fn margin(&self) -> Duration {
        self.margin
    }

    pub(crate) const fn durability(&self) -> Durability {
        self.durability
    }
}

impl RedisStore {
    /// The records behind a connection of the host's own: a [`ConnectionManager`](redis::aio::ConnectionManager), a
    /// [`MultiplexedConnection`](redis::aio::MultiplexedConnection) or a [`ClusterConnection`](redis::cluster_async::ClusterConnection).
    ///
    /// What it should be like is said [with the crate](crate#the-connection). Every master is looked at once. What it is
    /// set to later nobody notices, and where `CONFIG GET` is not allowed, whether the disk comes before the answer
    /// ([`Durability::Disk`]) is taken on trust.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the server.
    pub async fn open(connection: impl Into<Connection> + Send, options: Options) -> Result<Self, OpenError> {
        let connection = connection.into();
        if !options.durability.is_sane() {
            return Err(OpenError::Durability);
        }
        let seen = bounded(async { look(&connection).await.map_err(|error| broken(&words(&error))) });
        let mut when_full = true;
        for server in seen.await.map_err(OpenError::Failed)? {
            server.judge(&options, connection.is_cluster())?;
            when_full &= server.is_at_least(KNOWS_FLAGS);
        }
        let scripts = Scripts::new(when_full);
        let shared = Shared { options, scripts, in_doubt: InDoubt::default() };
        Ok(Self { connection, shared: std::sync::Arc::new(shared) })
    }
}

/// What a master says of itself.
struct Server {
    info: String,
    /// Milliseconds since 1970, there and here.
    time: i64,
    here: Option<Timestamp>,
    /// `appendfsync`, where it may be asked.
    fsync: Option<String>,
}

async fn look(connection: &Connection) -> Result<Vec<Server>, RedisError> {
    let slots = if connection.is_cluster() {
        Topology::of(connection).await?.masters().iter().map(|(slot, _)| *slot).collect()
    } else {
        vec![first()]
    };
    let mut servers = Vec::new();
    for slot in slots {
        servers.push(ask(connection, slot).await?);
    }
    Ok(servers)
}

async fn ask(connection: &Connection, slot: Slot) -> Result<Server, RedisError> {
    let mut fsync = redis::cmd("CONFIG");
    fsync.arg("GET").arg("appendfsync");
    let asked = vec![redis::cmd("INFO"), redis::cmd("TIME"), fsync];
    let mut answers = connection.in_row(slot, asked).await?.into_iter();
    let mut next = || answers.next().unwrap_or_default().extract_error();
    let info = from_redis_value(next()?)?;
    let (seconds, micros): (i64, i64) = from_redis_value(next()?)?;
    let fsync = next().ok().and_then(|value| from_redis_value::<Vec<String>>(value).ok());
    Ok(Server {
        info,
        time: seconds.saturating_mul(1000).saturating_add(micros.checked_div(1000).unwrap_or(0)),
        here: SystemClock.now().ok(),
        fsync: fsync.and_then(|pair| pair.get(1).cloned()),
    })
}

impl Server {
    fn field(&self, name: &str) -> Option<&str> {
        self.info.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'))
    }

    fn is_at_least(&self, (major, minor): (u32, u32)) -> bool {
        let mut parts = self.field("redis_version").unwrap_or("").split('.').map_while(|n| n.parse().ok());
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (major, minor)
    }

    fn judge(&self, options: &Options, is_cluster: bool) -> Result<(), OpenError> {
        let older = |needed| {
            let found = self.field("redis_version").unwrap_or("unknown").into();
            OpenError::Older { found, needed }
        };
        if !self.is_at_least(NEEDED) {
            return Err(older("6.2"));
        }
        if self.field("role") != Some("master") {
            return Err(OpenError::Replica);
        }
        if !is_cluster && self.field("redis_mode") == Some("cluster") {
            return Err(OpenError::Node);
        }
        let policy = self.field("maxmemory_policy").unwrap_or("unknown");
        if self.field("maxmemory") != Some("0") && policy != "noeviction" {
            return Err(OpenError::Evicts(policy.into()));
        }
        self.judge_durability(options.durability, older)?;
        let ahead =
            self.here.map_or(Duration::ZERO, |here| Timestamp::from_unix_millis(self.time).since(here));
        if ahead > options.margin.checked_div(2).unwrap_or_default() {
            return Err(OpenError::ClockAhead(ahead));
        }
        Ok(())
    }

    fn judge_durability(
        &self,
        durability: Durability,
        older: impl FnOnce(&'static str) -> OpenError,
    ) -> Result<(), OpenError> {
        if matches!(durability, Durability::Disks { .. }) && !self.is_at_least(NEEDED_FOR_DISKS) {
            return Err(older("7.2"));
        }
        // Also where replicas confirm: a master that comes back with nothing makes them forget as well.
        if durability != Durability::Memory && self.field("aof_enabled") != Some("1") {
            return Err(OpenError::NotOnDisk("appendonly is no"));
        }
        let fsync = self.fsync.as_deref();
        if durability == Durability::Disk && fsync.is_some_and(|fsync| fsync != "always") {
            return Err(OpenError::NotOnDisk("appendfsync is not always"));
        }
        let wanted = durability.replicas();
        let online = |line: &&str| line.starts_with("slave") && line.contains("state=online");
        let found = u32::try_from(self.info.lines().filter(online).count()).unwrap_or(u32::MAX);
        if found < wanted {
            return Err(OpenError::Replicas { found, wanted });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# Server\r\nredis_version:7.2.4\r\nredis_mode:standalone\r\nmaxmemory:0\r\n\
        maxmemory_policy:allkeys-lru\r\naof_enabled:1\r\nrole:master\r\nconnected_slaves:2\r\n\
        slave0:ip=10.0.0.1,port=1,state=online,offset=5,lag=0\r\nslave1:ip=10.0.0.2,port=1,state=wait_bgsave,offset=0,lag=0\r\n";

    fn judged(from: &str, to: &str, durability: Durability) -> Result<(), OpenError> {
        let info = GOOD.replace(from, to);
        assert!(from == to || info != GOOD, "{from} is not there");
        let here = Timestamp::from_unix_millis(1_000_000);
        let server = Server { info, time: 1_000_000, here: Some(here), fsync: Some("always".into()) };
        server.judge(&Options::new(durability), false)
    }

    #[test]
    fn what_a_server_must_be_like() {
        use Durability::{Disk, Disks, Memory, Replicas};
        let patience = Duration::from_millis(500);
        let one = Replicas { replicas: 1, patience };
        for durability in [Disk, Memory, one, Disks { replicas: 1, patience }] {
            judged("", "", durability).unwrap();
        }
        for (version, known) in
            [("6.1.9", false), ("6.2.0", true), ("5.9", false), ("10.0", true), ("x", false)]
        {
            let answer = judged("redis_version:7.2.4", &format!("redis_version:{version}"), Memory);
            assert_eq!(answer.is_ok(), known, "{version}");
        }
        let old = judged("7.2.4", "7.0.15", Disks { replicas: 0, patience });
        assert!(matches!(old, Err(OpenError::Older { needed: "7.2", .. })));
        assert!(matches!(judged("role:master", "role:slave", Memory), Err(OpenError::Replica)));
        assert!(matches!(judged("standalone", "cluster", Memory), Err(OpenError::Node)));
        let evicts = judged("maxmemory:0", "maxmemory:1000", Memory);
        assert!(matches!(evicts, Err(OpenError::Evicts(policy)) if policy == "allkeys-lru"));
        assert!(matches!(judged("maxmemory:0", "", Memory), Err(OpenError::Evicts(_))), "unknown");
        let full = "maxmemory:1000\r\nmaxmemory_policy:noeviction";
        judged("maxmemory:0\r\nmaxmemory_policy:allkeys-lru", full, Memory).unwrap();
        assert!(matches!(judged("aof_enabled:1", "aof_enabled:0", Disk), Err(OpenError::NotOnDisk(_))));
        assert!(matches!(judged("aof_enabled:1", "aof_enabled:0", one), Err(OpenError::NotOnDisk(_))));
        judged("aof_enabled:1", "aof_enabled:0", Memory).unwrap();
        let two = judged("", "", Replicas { replicas: 2, patience });
        assert!(matches!(two, Err(OpenError::Replicas { found: 1, wanted: 2 })));
    }

    #[test]
    fn a_disk_that_comes_later_and_a_clock_that_runs_ahead_are_refused() {
        let server = |fsync: Option<&str>, time| Server {
            info: GOOD.into(),
            time,
            here: Some(Timestamp::from_unix_millis(1_000_000)),
            fsync: fsync.map(Into::into),
        };
        let disk = Options::new(Durability::Disk);
        let later = server(Some("everysec"), 0).judge(&disk, false);
        assert!(matches!(later, Err(OpenError::NotOnDisk(_))));
        server(None, 0).judge(&disk, false).unwrap();
        let half = 30 * 60 * 1000;
        server(None, 1_000_000 + half).judge(&disk, false).unwrap();
        let ahead = server(None, 1_000_001 + half).judge(&disk, false);
        assert!(matches!(ahead, Err(OpenError::ClockAhead(_))));
    }

    #[test]
    fn only_plain_prefixes_are_taken() {
        let longest = "a".repeat(MAX_PREFIX);
        for prefix in ["a", ":", "auth:staff-2_", longest.as_str()] {
            assert!(Options::new(Durability::Memory).prefixed(prefix).is_ok(), "{prefix}");
        }
        let too_long = "a".repeat(MAX_PREFIX + 1);
        for prefix in ["", "A", "a b", "{a}", "a*", "a?", "[a]", "a\\", "ä", "a\r\n", "a\0", &too_long] {
            assert!(Options::new(Durability::Memory).prefixed(prefix).is_err(), "{prefix}");
        }
    }
}
