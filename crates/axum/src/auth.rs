//! The library with a host around it, as handlers have it at hand.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use countersign::host::{AsyncDirectory, AsyncHasher, AsyncSentry, AsyncStore};
use countersign::{AccountId, Outcome, Policy, Request as Question, Verdict};
use countersign_tokio::{AnyDirectory, AnyHasher, AnyStore};

use crate::answer::{Failure, Waiting};
use crate::config::Config;
use crate::people::{AnyPeople, People, Person};
use crate::{basic, limits, v1};

/// A sentry whose store, directory and hasher are of any type.
pub type Sentry = AsyncSentry<AnyStore, AnyDirectory, AnyHasher>;

/// Signing in, for an axum application: what its state holds, and what its routes and layers come from.
///
/// It is cheap to clone, and not generic, so that handlers are not either. A host's own state holds one and lends it by
/// [`FromRef`](axum::extract::FromRef); then [`CurrentSession`](crate::CurrentSession) can be asked for by any handler.
///
/// ```
/// use axum::{Router, extract::FromRef, routing::get};
/// use countersign_axum::{Auth, CurrentSession};
///
/// #[derive(Clone)]
/// struct App { auth: Auth /* , … */ }
///
/// impl FromRef<App> for Auth {
///     fn from_ref(app: &App) -> Self {
///         app.auth.clone()
///     }
/// }
///
/// async fn home(session: CurrentSession) -> String {
///     format!("You are {}.", session.account().as_str())
/// }
///
/// fn router(auth: Auth) -> Router {
///     let money = Router::new().route("/pay", get(async || "paid")).route_layer(auth.require_fresh());
///     Router::new().route("/home", get(home)).merge(money).nest("/v1", auth.routes()).with_state(App { auth })
/// }
/// ```
#[derive(Clone)]
pub struct Auth(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) sentry: Sentry,
    pub(crate) people: Box<dyn AnyPeople>,
    pub(crate) config: Config,
}

impl Auth {
    /// Around a sentry of any type. `people` says who an account is, once somebody has proven that it is his.
    pub fn new<S, D, H>(sentry: AsyncSentry<S, D, H>, people: impl People + 'static, config: Config) -> Self
    where
        S: AsyncStore + 'static,
        D: AsyncDirectory + 'static,
        H: AsyncHasher + 'static,
    {
        let AsyncSentry { machine, store, directory, hasher, mailer, clock, entropy, audit } = sentry;
        let (store, directory) = (AnyStore::new(store), AnyDirectory::new(directory));
        let hasher = AnyHasher::new(hasher);
        let sentry = Sentry { machine, store, directory, hasher, mailer, clock, entropy, audit };
        Self(Arc::new(Inner { sentry, people: Box::new(people), config }))
    }

    /// The endpoints of family A (`docs/http.md` lists them under `/v1`), to be nested under any prefix. [`paths`](crate::paths) says
    /// which there are.
    ///
    /// What is not there is 404 in the same shape; but where a router that has no fallback of its own is nested again around these
    /// routes, axum answers in its place.
    ///
    /// Every answer says `no-store`, `nosniff` and how the limits stand. Requests must tell who sends them: see
    /// [`Peer`](crate::Peer). One that does not is 503.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        v1::router(self.clone())
    }

    /// The endpoints of family B (`/auth`): signing up by session and code, and a password's door without second factors. To be
    /// nested under any prefix. [`basic_paths`](crate::basic_paths) says which there are.
    pub fn basic_routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        basic::router(self.clone())
    }

    /// The sentry itself: its directory, its clock, its rules.
    #[must_use]
    pub fn sentry(&self) -> &Sentry {
        &self.0.sentry
    }

    /// Runs a question to its end, also if the client goes away meanwhile: what was counted is then also mailed and logged.
    ///
    /// For questions of the host's own, an operator's or those that no endpoint puts.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] if the host failed. Why is in the log, and in nothing that a client sees; it is never a yes.
    pub async fn ask<Q>(&self, question: Q) -> Result<Outcome<Q::Output>, Failure>
    where
        Q: Question + Send + 'static,
    {
        let auth = Arc::clone(&self.0);
        let asked = tokio::spawn(async move { auth.sentry.run(question).await });
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

    /// The rules it all goes by.
    pub(crate) fn policy(&self) -> &Policy {
        self.0.sentry.machine.policy()
    }

    /// Who an account is, as the host has it.
    pub(crate) async fn who(&self, account: &AccountId) -> Result<Person, Failure> {
        let found = self.0.people.person(account).await.map_err(|why| failed(&why))?;
        found.ok_or_else(|| failed(&"an account is not in the directory"))
    }

    /// Asks the library, and answers with what `granted` makes of a yes, or with its no.
    pub(crate) async fn answer<Q>(
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
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("config", &self.0.config).finish_non_exhaustive()
    }
}

/// The host's own failure: for the log, and nothing of it for the client.
fn failed(why: &dyn fmt::Display) -> Failure {
    tracing::error!(event = "host.failed", %why);
    Failure::Unavailable
}
