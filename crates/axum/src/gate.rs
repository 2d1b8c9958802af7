//! Layers for routes of the host's own: what a request must come with to get through.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::Auth;
use crate::session::{Need, Rejection};

/// A layer that lets through what comes with a session that is good enough, and answers everything else itself.
///
/// The session goes along: a [`CurrentSession`](crate::CurrentSession) behind it does not ask the store again. Put it on with `route_layer`, so that
/// paths that are not there stay 404.
#[derive(Clone, Debug)]
pub struct Gate {
    auth: Auth,
    rule: Rule,
}

#[derive(Clone, Copy, Debug)]
enum Rule {
    Need(Need),
    SameOrigin,
}

impl Auth {
    /// For routes of people who are signed in; others get the 401 of [`CurrentSession`](crate::CurrentSession).
    ///
    /// ```
    /// # use axum::{Router, routing::get};
    /// # fn show(auth: &countersign_axum::Auth) -> Router {
    /// Router::new().route("/letters", get(async || "…")).route_layer(auth.require_signed_in())
    /// # }
    /// ```
    #[must_use]
    pub fn require_signed_in(&self) -> Gate {
        self.gate(Rule::Need(Need::Session))
    }

    /// For routes on which people must have proven a short time ago who they are: all that a sign-in to the account asks for, within
    /// the time that the policy has for changes of credentials (`step_up.max_age`). So an open browser that somebody finds is not
    /// enough (ASVS 7.5.3).
    ///
    /// Others get a 401 with `WWW-Authenticate: Bearer error="insufficient_user_authentication", max_age=…` (RFC 9470) and, in the
    /// body, `data.step_up`: what can be proven at `/v1/step-up`, the first to be offered first.
    ///
    /// ```
    /// # use axum::{Router, routing::post};
    /// # fn show(auth: &countersign_axum::Auth) -> Router {
    /// Router::new().route("/pay", post(async || "paid")).route_layer(auth.require_fresh())
    /// # }
    /// ```
    #[must_use]
    pub fn require_fresh(&self) -> Gate {
        self.gate(Rule::Need(Need::Fresh))
    }

    /// For routes of sessions of an assurance level (NIST 800-63B-4 §2), 1 or 2. Others get a 401 with
    /// `error="insufficient_user_authentication"` and the level as `acr_values`.
    ///
    /// ```
    /// # use axum::{Router, routing::get};
    /// # fn show(auth: &countersign_axum::Auth) -> Router {
    /// Router::new().route("/records", get(async || "…")).route_layer(auth.require_aal(2))
    /// # }
    /// ```
    #[must_use]
    pub fn require_aal(&self, level: u8) -> Gate {
        self.gate(Rule::Need(Need::Aal(level)))
    }

    /// For routes that change something and look at no session, such as a form for guests: in the mode of [cookies](crate::Cookies) they
    /// must be asked by a page of our own; without that mode nothing is refused. All that asks for a session has it already.
    ///
    /// ```
    /// # use axum::{Router, routing::post};
    /// # fn show(auth: &countersign_axum::Auth) -> Router {
    /// Router::new().route("/guestbook", post(async || "thanks")).route_layer(auth.same_origin())
    /// # }
    /// ```
    #[must_use]
    pub fn same_origin(&self) -> Gate {
        self.gate(Rule::SameOrigin)
    }

    fn gate(&self, rule: Rule) -> Gate {
        Gate { auth: self.clone(), rule }
    }
}

impl Gate {
    /// The request, if it may go on.
    async fn pass(self, request: Request) -> Result<Request, Rejection> {
        let (mut parts, body) = request.into_parts();
        match self.rule {
            Rule::SameOrigin => {
                if let Err(why) = self.auth.at_home(&parts.method, &parts.headers) {
                    return Err(Rejection::of(&self.auth, &parts.headers, why).await);
                }
            }
            Rule::Need(need) => drop(self.auth.check(&mut parts, need).await?),
        }
        Ok(Request::from_parts(parts, body))
    }
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated { gate: self.clone(), inner }
    }
}

/// A service behind a [`Gate`].
#[derive(Clone, Debug)]
pub struct Gated<S> {
    gate: Gate,
    inner: S,
}

impl<S> Service<Request> for Gated<S>
where
    S: Service<Request> + Clone + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The one that said it is ready is the one to call.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let gate = self.gate.clone();
        Box::pin(async move {
            match gate.pass(request).await {
                Ok(request) => inner.call(request).await.map(IntoResponse::into_response),
                Err(rejection) => Ok(rejection.into_response()),
            }
        })
    }
}
