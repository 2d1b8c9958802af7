//! HTTP in, one request of the library, HTTP out.

mod answer;
mod body;
mod caller;
mod dev;
mod limits;
mod login;
mod page;
mod register;
mod routes;
mod tickets;
mod v1;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use countersign::host::{AsyncDirectory as _, AsyncSentry};
use countersign::{AccountId, Identifier, Outcome, Policy, Request as Question, Verdict};

pub(crate) use caller::Peer;
pub(crate) use dev::Dev;

use crate::directory::{AnyUsers, Person};
use crate::metrics::MeteredHasher;
use crate::openapi;
use crate::store::AnyStore;
use answer::{Failure, Waiting, json_text};
use routes::Routes;
use tickets::ticket;

/// The library with this host around it.
pub(crate) type Sentry = AsyncSentry<AnyStore, AnyUsers, MeteredHasher>;

/// What every endpoint has at hand.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

struct Inner {
    sentry: Sentry,
    trusted_hops: usize,
}

/// The longest body that is read.
const BODY_BYTES: usize = 16 * 1024;

/// How long a request may take, its body's arrival included.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// All endpoints; those of `dev` only if it is given.
///
/// # Errors
/// If their description cannot be made.
pub(crate) fn router(app: App, dev: Option<Dev>) -> serde_json::Result<Router> {
    let document = openapi::document(&paths(dev.is_some()))?.to_string();
    let mut router = routes().router.with_state(app.clone());
    router = router.route(DESCRIPTION, get(async || json_text(StatusCode::OK, document)));
    if let Some(dev) = dev {
        router = router.merge(dev::router(dev, app.clone()));
    }
    let router = router
        .fallback(async || Failure::NoSuchPath)
        .method_not_allowed_fallback(async || Failure::NoSuchMethod)
        .layer(from_fn(in_time))
        .nest("/v1", v1::router(app))
        .layer(from_fn(guard));
    Ok(router)
}

fn routes() -> Routes<App> {
    Routes::new()
        .route("/auth/register", post(register::register))
        .route("/auth/register/link", get(page::sign_up_link))
        .route("/auth/register/redeem", post(register::redeem))
        .route("/auth/validate/registration", post(register::validate))
        .route("/auth/resend/otp/{session}", put(register::resend))
        .route("/auth/otp/{session}", delete(register::cancel))
        .route("/auth/login", post(login::login))
}

/// Where the endpoints are described.
const DESCRIPTION: &str = "/openapi.json";

/// The paths of all endpoints, with or without those of `--dev`.
pub(crate) fn paths(dev: bool) -> Vec<String> {
    let v1 = v1::routes().paths.into_iter().map(|path| format!("/v1{path}"));
    let dev = if dev { dev::routes().paths } else { Vec::new() };
    let others = routes().paths.into_iter().chain([DESCRIPTION]).chain(dev);
    others.map(str::to_owned).chain(v1).collect()
}

/// An answer comes in time.
async fn in_time(request: Request, next: Next) -> Result<Response, Failure> {
    tokio::time::timeout(ANSWER_WITHIN, next.run(request)).await.map_err(|_| Failure::TooSlow)
}

/// What holds for every answer: nobody keeps or guesses at it.
async fn guard(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// The host's own failure: for the log, and nothing of it for the client.
fn failed(why: &dyn std::fmt::Display) -> Failure {
    tracing::error!(event = "host.failed", %why);
    Failure::Unavailable
}

impl App {
    /// The endpoints' view of the library.
    pub(crate) fn new(sentry: Sentry, trusted_hops: usize) -> Self {
        Self(Arc::new(Inner { sentry, trusted_hops }))
    }

    /// The rules it all goes by.
    fn policy(&self) -> &Policy {
        self.0.sentry.machine.policy()
    }

    /// Who an account is, as the directory has it.
    async fn who(&self, account: &AccountId) -> Result<Person, Failure> {
        let found = self.0.sentry.directory.person(account).await.map_err(|why| failed(&why))?;
        found.ok_or_else(|| failed(&"an account is not in the directory"))
    }

    /// The account that the directory has for an identifier.
    async fn find(&self, identifier: Identifier) -> Result<Option<AccountId>, Failure> {
        let found = self.0.sentry.directory.find(&identifier).await.map_err(|why| failed(&why))?;
        Ok(found.map(|entry| entry.account))
    }

    /// Asks the library, and answers with what `granted` makes of a yes, or with its no.
    async fn answer<Q>(
        &self,
        question: Q,
        waiting: Waiting,
        granted: impl FnOnce(Q::Output) -> Response,
    ) -> Response
    where
        Q: Question + Send + 'static,
    {
        let outcome = match self.ask(question).await {
            Ok(outcome) => outcome,
            Err(failure) => return failure.into_response(),
        };
        let told = countersign::http::headers(&outcome);
        let mut answer = match outcome.verdict {
            Verdict::Granted(output) => granted(output),
            Verdict::Refused(refusal) => Failure::from_refusal(refusal, waiting).into_response(),
        };
        limits::tell(answer.headers_mut(), told);
        answer
    }

    /// Runs a question to its end, also if the client goes away meanwhile: what was counted is then also mailed and logged.
    async fn ask<Q>(&self, question: Q) -> Result<Outcome<Q::Output>, Failure>
    where
        Q: Question + Send + 'static,
    {
        let app = Arc::clone(&self.0);
        let asked = tokio::spawn(async move { app.sentry.run(question).await });
        match asked.await {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(why)) => Err(failed(&why)),
            Err(why) => {
                tracing::error!(
                    event = "host.failed",
                    panicked = why.is_panic(),
                    "a request did not come to an end"
                );
                Err(Failure::Unavailable)
            }
        }
    }
}
