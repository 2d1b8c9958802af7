//! Connections to Redis and Redis Cluster.

use std::error::Error;
use std::time::Duration;

use countersign_redis::redis::aio::ConnectionManagerConfig;
use countersign_redis::redis::cluster::ClusterClientBuilder;
use countersign_redis::redis::{Client, IntoConnectionInfo};
use countersign_redis::{Connection, Durability, Options, RedisStore};

/// Where records are, and when a commit is answered.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RedisUrl {
    /// One server, or some of a cluster's nodes. They may hold a password.
    nodes: Vec<String>,
    is_cluster: bool,
    options: Options,
}

/// No address and no password.
impl std::fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisUrl").field("is_cluster", &self.is_cluster).finish_non_exhaustive()
    }
}

/// How long a connection may take to be made, and an answer to come. The second is longer than replicas may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
const ANSWER_WITHIN: Duration = Duration::from_millis(4500);

/// How long a commit waits for replicas unless it is told otherwise: a connection does nothing else meanwhile.
const PATIENCE: Duration = Duration::from_millis(500);

/// `redis://[user:password@]host[:port][/database]`, `rediss://` with TLS; `redis+cluster://host,host…` and `rediss+cluster://`.
///
/// After a `?`, parted by `&`: `durability=disk|replicas|disks|memory`, `replicas=1`, `patience_ms=500`, `prefix=countersign:`.
/// Without them a server alone has to have it on its disk, and each master of a cluster on one replica.
///
/// # Errors
/// What is wrong with it, without anything of it.
pub(crate) fn parse(url: &str) -> Result<RedisUrl, String> {
    let (url, query) = url.split_once('?').unwrap_or((url, ""));
    let (scheme, rest) = url.split_once("://").ok_or("not a URL of Redis")?;
    let (scheme, is_cluster) = match scheme {
        "redis" | "rediss" => (scheme, false),
        "redis+cluster" => ("redis", true),
        "rediss+cluster" => ("rediss", true),
        _ => return Err("not a URL of Redis".into()),
    };
    // A user and a password stand before the first of several nodes, and are for all.
    let (user, hosts) = rest.rsplit_once('@').map_or(("", rest), |(user, hosts)| (user, hosts));
    let user = if user.is_empty() { String::new() } else { format!("{user}@") };
    let hosts: Vec<_> = if is_cluster { hosts.split(',').collect() } else { vec![hosts] };
    if hosts.iter().any(|host| host.is_empty() || host.starts_with('/')) {
        return Err("needs a host, as in redis://host:6379".into());
    }
    let nodes: Vec<_> = hosts.into_iter().map(|host| format!("{scheme}://{user}{host}")).collect();
    if nodes.iter().any(|node| node.as_str().into_connection_info().is_err()) {
        return Err("not a URL of Redis".into());
    }
    Ok(RedisUrl { nodes, is_cluster, options: options(query, is_cluster)? })
}

fn options(query: &str, is_cluster: bool) -> Result<Options, String> {
    let (mut durability, mut replicas, mut patience, mut prefix) = (None, None, PATIENCE, None);
    for (name, value) in query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
    {
        let number = || value.parse::<u32>().map_err(|_| format!("{name} is a whole number"));
        match name {
            "durability" => durability = Some(value),
            "replicas" => replicas = Some(number()?),
            "patience_ms" => patience = Duration::from_millis(number()?.into()),
            "prefix" => prefix = Some(value),
            _ => return Err("known after the ? are durability, replicas, patience_ms and prefix".into()),
        }
    }
    let durability = match durability.unwrap_or(if is_cluster { "replicas" } else { "disk" }) {
        "disk" => Durability::Disk,
        "memory" => Durability::Memory,
        "replicas" => Durability::Replicas { replicas: replicas.unwrap_or(1), patience },
        "disks" => Durability::Disks { replicas: replicas.unwrap_or(0), patience },
        _ => return Err("durability is disk, replicas, disks or memory".into()),
    };
    if replicas.is_some() && matches!(durability, Durability::Disk | Durability::Memory) {
        return Err("replicas are waited for with durability=replicas or disks".into());
    }
    let options = Options::new(durability);
    match prefix {
        Some(prefix) => options.prefixed(prefix).map_err(|why| why.to_string()),
        None => Ok(options),
    }
}

impl RedisUrl {
    /// Opens it.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub(super) async fn open(&self) -> Result<RedisStore, Box<dyn Error + Send + Sync>> {
        let connection: Connection = if self.is_cluster {
            let builder = ClusterClientBuilder::new(self.nodes.iter().map(String::as_str));
            let client =
                builder.connection_timeout(CONNECT_WITHIN).response_timeout(ANSWER_WITHIN).build()?;
            client.get_async_connection().await?.into()
        } else {
            let node = self.nodes.first().ok_or("no host")?.as_str();
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(CONNECT_WITHIN))
                .set_response_timeout(Some(ANSWER_WITHIN))
                .set_max_delay(Duration::from_secs(1));
            Client::open(node)?.get_connection_manager_with_config(config).await?.into()
        };
        Ok(RedisStore::open(connection, self.options.clone()).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_say_where_and_when_a_commit_is_answered() {
        let half = Duration::from_millis(500);
        for (url, nodes, durability) in [
            ("redis://h", &["redis://h"][..], Durability::Disk),
            ("redis://u:p@h:1/2?durability=memory", &["redis://u:p@h:1/2"], Durability::Memory),
            (
                "rediss://[::1]:7?durability=disks",
                &["rediss://[::1]:7"],
                Durability::Disks { replicas: 0, patience: half },
            ),
            (
                "redis+cluster://u:p@a:1,b:2",
                &["redis://u:p@a:1", "redis://u:p@b:2"],
                Durability::Replicas { replicas: 1, patience: half },
            ),
            (
                "redis+cluster://a:1,b:2?replicas=2&patience_ms=70",
                &["redis://a:1", "redis://b:2"],
                Durability::Replicas { replicas: 2, patience: Duration::from_millis(70) },
            ),
        ] {
            let parsed = parse(url).unwrap();
            assert_eq!(parsed.nodes, nodes);
            assert_eq!(parsed.options, Options::new(durability), "{url}");
            assert!(!format!("{parsed:?}").contains(":p@"));
        }
        assert_eq!(
            parse("redis://h?prefix=a:").unwrap().options,
            Options::new(Durability::Disk).prefixed("a:").unwrap()
        );
        for url in [
            "redis://",
            "redis:h",
            "redis+cluster://a,,b",
            "redis://h?durability=secret",
            "redis://h?replicas=1",
            "redis://h?secret=1",
            "redis://h?prefix={secret}",
            "redis+cluster://u:secret@h:x",
            "valkey://h",
        ] {
            let why = parse(url).unwrap_err();
            assert!(!why.contains("secret"), "{url}: {why}");
        }
    }
}
