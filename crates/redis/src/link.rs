//! The host's connection: commands about one key to the master of its slot, within a time.

use std::time::Duration;

use countersign::host::StoreError;
use futures_util::future::try_join_all;
use redis::aio::{ConnectionLike, ConnectionManager, MultiplexedConnection};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, Slot, SlotAddr};
use redis::{Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind, Value};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long a call waits for its answer, all tries taken together.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Where nothing goes by the slot.
pub(crate) fn first() -> Slot {
    Slot::for_key("")
}

/// A connection of the host's own, with its addresses, names and TLS. Each is cheap to clone, and made by [`redis`].
#[derive(Clone)]
#[non_exhaustive]
pub enum Connection {
    /// To one server; it is made again when it breaks.
    Managed(ConnectionManager),
    /// To one server; once it breaks, every call is an error until the host opens another store.
    Multiplexed(MultiplexedConnection),
    /// To every node of a cluster.
    Cluster(ClusterConnection),
}

impl From<ConnectionManager> for Connection {
    fn from(connection: ConnectionManager) -> Self {
        Self::Managed(connection)
    }
}

impl From<MultiplexedConnection> for Connection {
    fn from(connection: MultiplexedConnection) -> Self {
        Self::Multiplexed(connection)
    }
}

impl From<ClusterConnection> for Connection {
    fn from(connection: ClusterConnection) -> Self {
        Self::Cluster(connection)
    }
}

/// The master of a slot, whatever the connection does with commands that only read.
fn master_of(slot: Slot) -> SingleNodeRoutingInfo {
    SingleNodeRoutingInfo::SpecificNode(Route::with_slot(slot, SlotAddr::Master))
}

impl Connection {
    pub(crate) const fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }

    /// The answers to commands that go out one behind the other on one connection to the master of the slot. An error of
    /// the server is one of the answers.
    pub(crate) async fn in_row(&self, slot: Slot, commands: Vec<Cmd>) -> Result<Vec<Value>, RedisError> {
        let mut pipeline = Pipeline::with_capacity(commands.len());
        let count = commands.len();
        for command in commands {
            pipeline.add_command(command);
        }
        match self.clone() {
            Self::Managed(mut one) => one.req_packed_commands(&pipeline, 0, count).await,
            Self::Multiplexed(mut one) => one.req_packed_commands(&pipeline, 0, count).await,
            Self::Cluster(mut all) => all.route_pipeline(pipeline, 0, count, master_of(slot)).await,
        }
    }

    /// The answer to one command that needs no slot: in a cluster, of any node.
    pub(crate) async fn anywhere(&self, command: &Cmd) -> Result<Value, RedisError> {
        match self.clone() {
            Self::Managed(mut one) => one.req_packed_command(command).await,
            Self::Multiplexed(mut one) => one.req_packed_command(command).await,
            Self::Cluster(mut all) => {
                let random = RoutingInfo::SingleNode(SingleNodeRoutingInfo::RandomPrimary);
                all.route_command(command.clone(), random).await
            }
        }
        .and_then(Value::extract_error)
    }

    /// The answers to commands about a slot each, at once and in their order.
    pub(crate) async fn each(&self, commands: Vec<(Slot, Cmd)>) -> Result<Vec<Value>, RedisError> {
        let Self::Cluster(all) = self else {
            let commands = commands.into_iter().map(|(_, command)| command).collect();
            return self.in_row(first(), commands).await;
        };
        let sent = commands.into_iter().map(|(slot, command)| {
            let mut all = all.clone();
            async move { all.route_command(command, RoutingInfo::SingleNode(master_of(slot))).await }
        });
        try_join_all(sent).await
    }
}

/// What a call ends with, within [`PATIENCE`].
pub(crate) async fn bounded<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    if Handle::try_current().is_err() {
        return Err(broken("there is no tokio runtime"));
    }
    timeout(PATIENCE, call).await.unwrap_or_else(|_| Err(broken("no answer came in time")))
}

pub(crate) fn broken(why: &str) -> StoreError {
    StoreError::Failed(why.into())
}

/// A server that has no room says so in its own words also of a command within a script.
pub(crate) fn is_full(error: &RedisError) -> bool {
    error.code() == Some("OOM")
        || error.detail().is_some_and(|detail| detail.contains("OOM command not allowed"))
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn failed(error: RedisError) -> StoreError {
    if is_full(&error) { StoreError::Full } else { StoreError::Failed(words(&error)) }
}

/// What went wrong. Of what the server says its code alone: its words may repeat the command, and with it the values.
pub(crate) fn words(error: &RedisError) -> String {
    match (error.kind(), error.code()) {
        (ErrorKind::Server(ServerErrorKind::ReadOnly), _) => {
            "the server is a replica, which may answer with what has been replaced".into()
        }
        (_, Some(code)) => format!("the server answered {code}"),
        (ErrorKind::Io, None) => format!("the connection failed: {error}"),
        (_, None) => format!("the call failed: {}", error.category()),
    }
}
