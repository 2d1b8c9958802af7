//! What every request goes through, and what holds for every answer.

use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use countersign::{Client, EndSessions, Session, Ticket, Which};

use crate::Auth;
use crate::answer::Failure;
use crate::cookie::{Began, SESSION, Shown, SignedOut, came, forgotten, shown};
use crate::counted::JsonOnly;

/// How long a request may take, its body's arrival included.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A layer's work (`axum::middleware::from_fn`): an answer comes within 30 seconds, or is 408.
///
/// # Errors
/// [`Failure::TooSlow`].
pub async fn in_time(request: Request, next: Next) -> Result<Response, Failure> {
    within(next.run(request)).await
}

/// What is done within 30 seconds.
pub(crate) async fn within<T>(what: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::time::timeout(ANSWER_WITHIN, what).await.map_err(|_| Failure::TooSlow)
}

/// A layer's work (`axum::middleware::from_fn`): nobody keeps an answer or guesses at what it is, no page frames it, and where it links to
/// is not told where it came from. The routes of this crate have it; this is for a host's own answers to people who are signed in.
///
/// What an attacker gains without: a shared cache or a browser's history has what was told to somebody else.
pub async fn guard(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    close(answer.headers_mut());
    answer
}

/// The fields that [`guard`] sets.
pub(crate) fn close(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

impl Auth {
    /// Whether a page of another site may have sent a request, where that matters: in the mode of cookies.
    pub(crate) fn at_home(&self, method: &Method, headers: &HeaderMap) -> Result<(), Failure> {
        match &self.0.config.cookies {
            Some(cookies) if !cookies.origin.allows(method, headers, came(headers)) => {
                Err(Failure::ForeignPage)
            }
            _ => Ok(()),
        }
    }

    /// A request to one of the endpoints: sent by somebody, by a page of ours if by a page, and answered in time.
    pub(crate) async fn through(&self, mut request: Request, next: Next) -> Result<Response, Failure> {
        self.client(request.extensions(), request.headers())?;
        if self.0.config.cookies.is_none() {
            return in_time(request, next).await;
        }
        self.at_home(request.method(), request.headers())?;
        request.extensions_mut().insert(JsonOnly);
        let held = match shown(request.headers(), SESSION) {
            Shown::Once(text) => Ticket::<Session>::parse(text).ok(),
            _ => None,
        };
        let alone = !request.headers().contains_key(header::AUTHORIZATION)
            && shown(request.headers(), SESSION) != Shown::Nothing;
        let mut answer = in_time(request, next).await?;
        match held {
            Some(session) if answer.extensions().get::<Began>().is_some() => self.end(session).await,
            _ => {}
        }
        if alone && answer.extensions().get::<SignedOut>().is_some() {
            answer.headers_mut().extend(forgotten(SESSION).map(|cookie| (header::SET_COOKIE, cookie)));
        }
        Ok(answer)
    }

    /// Ends the session that a client held before it began another. If that fails, the session ends in its own time.
    async fn end(&self, session: Ticket<Session>) {
        let _ = self.ask(EndSessions { client: Client::unmetered(), session, which: Which::This }).await;
    }
}
