//! What is counted and timed, for those who watch the server: by Prometheus, in its text format.
//!
//! No label is anything that a client chose, and none is about a person: patterns of paths, names of events, of operations
//! and of answers. Each has a fixed, small number of values.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use countersign::Event;
use countersign::host::{AsyncHasher, Audit, HashError, StoreError};
use countersign::machine::{Hashed, Work};
use countersign_tokio::BoundedHasher;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the times that are told apart, in seconds: a fast store, a hash, and what is about to time out.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Begins to count; what was counted is told by what is returned.
///
/// # Errors
/// If something counts in this process already.
pub(crate) fn start() -> Result<PrometheusHandle, BuildError> {
    let all = Matcher::Suffix("_seconds".into());
    let told = PrometheusBuilder::new().set_buckets_for_metric(all, SECONDS)?.install_recorder()?;
    describe_counter!(
        "countersign_http_requests_total",
        "Answers, by method, pattern of the path, and status"
    );
    describe_histogram!("countersign_http_request_seconds", "How long they took, by pattern of the path");
    describe_gauge!("countersign_http_requests_in_flight", "Requests that are being answered");
    describe_counter!("countersign_events_total", "Events of the library, by name and severity");
    describe_histogram!("countersign_store_seconds", "Calls of the store, by operation");
    describe_counter!("countersign_store_calls_total", "Calls of the store, by operation and answer");
    describe_counter!("countersign_store_swept_total", "Expired rows that were removed");
    describe_histogram!("countersign_hash_seconds", "Password hashing, waiting included");
    describe_counter!("countersign_hash_total", "Passwords hashed, and those refused since too many waited");
    describe_counter!("countersign_mail_total", "Messages, by what became of them");
    Ok(told)
}

#[expect(clippy::disallowed_methods, reason = "how long something took; nothing is decided by it")]
fn now() -> Instant {
    Instant::now()
}

/// Counts and times each answer.
pub(crate) async fn requests(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    // A path that no pattern fits is the client's own.
    let (path, method) = (path.unwrap_or_else(|| "none".into()), method(&request));
    let (begun, in_flight) = (now(), InFlight::new());
    let answer = next.run(request).await;
    drop(in_flight);
    let status = answer.status().as_str().to_owned();
    counter!("countersign_http_requests_total", "method" => method, "path" => path.clone(), "status" => status)
        .increment(1);
    histogram!("countersign_http_request_seconds", "path" => path).record(begun.elapsed());
    answer
}

/// A request that is being answered, until it is dropped: also if the client hangs up before.
struct InFlight;

impl InFlight {
    fn new() -> Self {
        gauge!("countersign_http_requests_in_flight").increment(1);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!("countersign_http_requests_in_flight").decrement(1);
    }
}

/// A method can be any word; those that nothing here knows are one.
fn method(request: &Request) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
    let method = request.method().as_str();
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("other")
}

/// Counts and times a call of the store. `name` is what its answer is called.
pub(crate) async fn timed<T>(
    operation: &'static str,
    call: impl Future<Output = Result<T, StoreError>>,
    name: impl FnOnce(&T) -> &'static str,
) -> Result<T, StoreError> {
    let begun = now();
    let answer = call.await;
    let told = match &answer {
        Ok(answer) => name(answer),
        Err(StoreError::Full) => "full",
        Err(_) => "failed",
    };
    histogram!("countersign_store_seconds", "operation" => operation).record(begun.elapsed());
    counter!("countersign_store_calls_total", "operation" => operation, "answer" => told).increment(1);
    answer
}

/// A hasher that is counted and timed.
#[derive(Debug)]
pub(crate) struct MeteredHasher(pub(crate) BoundedHasher);

impl AsyncHasher for MeteredHasher {
    async fn hash(&self, work: Work) -> Result<Hashed, HashError> {
        let begun = now();
        let hashed = self.0.hash(work).await;
        let told = if hashed.is_ok() { "ok" } else { "failed" };
        histogram!("countersign_hash_seconds").record(begun.elapsed());
        counter!("countersign_hash_total", "answer" => told).increment(1);
        hashed
    }
}

/// An audit log whose events are counted.
pub(crate) struct MeteredAudit(pub(crate) Arc<dyn Audit>);

impl Audit for MeteredAudit {
    fn record(&self, event: &Event) {
        let (name, severity) = (event.kind.name(), event.kind.severity().name());
        counter!("countersign_events_total", "event" => name, "severity" => severity).increment(1);
        self.0.record(event);
    }
}
