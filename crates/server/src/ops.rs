//! The listener for those who run the server: is it alive, can it be of use, what has it counted.
//!
//! It is another address than that of the clients, so that nobody has to remember to keep these paths from them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::time::timeout;

use crate::directory::AnyUsers;
use crate::store::AnyStore;

/// How long store and users may take to answer before they count as gone.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is looked at.
#[derive(Clone)]
pub(crate) struct Ops {
    pub(crate) store: AnyStore,
    pub(crate) users: AnyUsers,
    pub(crate) draining: Draining,
    pub(crate) counted: PrometheusHandle,
}

/// Whether the server is about to stop.
#[derive(Clone, Default, Debug)]
pub(crate) struct Draining(Arc<AtomicBool>);

impl Draining {
    /// From now on it is.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// `/health/live`, `/health/ready` and `/metrics`.
pub(crate) fn router(ops: Ops) -> Router {
    Router::new()
        .route("/health/live", get(async || text(StatusCode::OK, "alive\n".into())))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(ops)
}

/// Whether to send it requests: the store and the users answer, and it is not about to stop.
async fn ready(State(ops): State<Ops>) -> Response {
    let answers = async {
        let (store, users) = tokio::join!(ops.store.answers(), ops.users.answer());
        match (store, users) {
            (true, true) => None,
            (false, _) => Some("the store does not answer\n"),
            (true, false) => Some("the users do not answer\n"),
        }
    };
    let missing = match ops.draining.has_begun() {
        true => Some("about to stop\n"),
        false => {
            timeout(PATIENCE, answers).await.unwrap_or(Some("the store or the users do not answer in time\n"))
        }
    };
    match missing {
        None => text(StatusCode::OK, "ready\n".into()),
        Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, why.into()),
    }
}

async fn metrics(State(ops): State<Ops>) -> Response {
    ops.counted.run_upkeep();
    let told = ops.counted.render();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], told).into_response()
}

fn text(status: StatusCode, text: String) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}
