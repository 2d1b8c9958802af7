//! Who is signed in, for handlers of the host's own.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts, MatchedPath, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use countersign::{
    AccountId, CheckSession, Client, Outcome, Refusal, Request as Question, RequireFresh, Session,
    SessionInfo, Ticket, Timestamp, Verdict,
};

use crate::Auth;
use crate::answer::Failure;
use crate::cookie::{self, Shown};
use crate::texts::Asked;
use crate::through::close;
use crate::v1::{Fields, No, Told};

/// The signed-in session that a request came with: an extractor.
///
/// It is from `Authorization: Bearer` or, in the mode of [cookies](crate::Cookies), from the session's cookie; the library is asked about it once a
/// request. As `Option<CurrentSession>` a handler is called for people who are not signed in, too.
///
/// | the request | `CurrentSession` | `Option<CurrentSession>` |
/// |---|---|---|
/// | has a session | it | `Some` |
/// | has none, or one that has ended or never was | 401 | `None` |
/// | has both a bearer and a cookie, or one of them twice | 401 | 401 |
/// | has a cookie, changes something, and is not from a page of ours | 403 | 403 |
/// | has a session that must do something else first | 403 | 403 |
/// | is over a limit, with [`metering_own_handlers`](crate::Config::metering_own_handlers) | 429 | 429 |
/// | any, and the store cannot be reached | 503 | 503 |
///
/// What an attacker gains if it were wrong: to be taken for somebody else. So a failure is never `None`, which a handler may take for
/// a guest, and never a session; and a request with two sessions has none, since what is in front may have looked at the
/// other.
///
/// ```
/// use countersign_axum::CurrentSession;
///
/// async fn home(session: CurrentSession) -> String {
///     format!("Hello, {}; you proved {}", session.account().as_str(), session.amr().join(" and "))
/// }
///
/// async fn front(session: Option<CurrentSession>) -> &'static str {
///     if session.is_some() { "Welcome back" } else { "Please sign in" }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CurrentSession {
    info: Arc<SessionInfo>,
    at: Timestamp,
}

impl CurrentSession {
    /// Whose it is.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.info.account
    }

    /// What was proven, as an `amr` claim (RFC 8176): each name once.
    #[must_use]
    pub fn amr(&self) -> Vec<&'static str> {
        amr(&self.info.methods)
    }

    /// The assurance level of that, 1 or 2.
    #[must_use]
    pub fn aal(&self) -> u8 {
        self.info.aal
    }

    /// When something was proven last: at the sign-in, or by stepping up.
    #[must_use]
    pub fn authenticated_at(&self) -> Timestamp {
        self.info.proven.iter().map(|(_, at)| *at).max().unwrap_or(self.info.created_at)
    }

    /// How long ago that was when the request came. Whether it is enough for what a handler does is the library's to say: put the
    /// route behind [`require_fresh`](Auth::require_fresh).
    #[must_use]
    pub fn age(&self) -> Duration {
        self.at.since(self.authenticated_at())
    }

    /// Everything that the library says of the session.
    #[must_use]
    pub fn info(&self) -> &SessionInfo {
        &self.info
    }
}

/// The ways of proof as an `amr` claim: each once.
pub(crate) fn amr(methods: &[countersign::Method]) -> Vec<&'static str> {
    let mut names: Vec<_> = methods.iter().map(|method| method.name()).collect();
    names.dedup();
    names
}

/// Why there is no [`CurrentSession`]: an answer, in the shape of `/v1` and in the language of the request, that no cache keeps.
#[derive(Debug)]
pub struct Rejection {
    unheld: Box<No>,
    /// Nobody is signed in, and nothing else is wrong.
    guest: bool,
    auth: Auth,
    language: String,
}

impl Rejection {
    /// Whether it is only that nobody is signed in.
    #[must_use]
    pub const fn is_guest(&self) -> bool {
        self.guest
    }

    /// With the language that the request asks for.
    pub(crate) async fn of(auth: &Auth, headers: &HeaderMap, why: impl Into<NoSession>) -> Self {
        let NoSession { no, guest } = why.into();
        let language = auth.language(&Asked::of(headers), no.account()).await;
        Self { unheld: no, guest, auth: auth.clone(), language }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let mut answer = self.unheld.in_language(self.auth.texts(), &self.language);
        close(answer.headers_mut());
        answer
    }
}

/// Why a request has no session that is good enough.
pub(crate) struct NoSession {
    no: Box<No>,
    guest: bool,
}

impl NoSession {
    /// Nobody is signed in.
    fn guest(no: No) -> Self {
        Self { no: Box::new(no), guest: true }
    }
}

impl From<No> for NoSession {
    fn from(no: No) -> Self {
        Self { no: Box::new(no), guest: false }
    }
}

impl From<Failure> for NoSession {
    fn from(failure: Failure) -> Self {
        No::from(failure).into()
    }
}

/// What a request must come with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Need {
    /// A session.
    Session,
    /// One in which what a sign-in asks for was proven a short time ago.
    Fresh,
    /// One of this assurance level.
    Aal(u8),
}

/// A session that was looked up for this request, and by whom.
#[derive(Clone)]
struct Seen(Auth, CurrentSession);

/// Why no ticket of a session is taken from a request.
pub(crate) enum Unheld {
    /// There is none.
    Nothing,
    /// There is more than one.
    Confused,
    /// A page of another site may have sent it.
    Foreign,
}

impl Auth {
    /// The ticket of the session that a request comes with. A text that is no ticket is one that leads nowhere, so that the library
    /// answers and counts it like any unknown one.
    pub(crate) fn held(&self, method: &Method, headers: &HeaderMap) -> Result<Ticket<Session>, Unheld> {
        let bearer = bearer(headers);
        let text = if self.0.config.cookies.is_none() {
            bearer?
        } else {
            match (bearer, cookie::shown(headers, cookie::SESSION)) {
                (bearer, Shown::Nothing) => bearer?,
                (Err(Unheld::Nothing), Shown::Once(text)) => {
                    self.at_home(method, headers).map_err(|_| Unheld::Foreign)?;
                    text
                }
                _ => return Err(Unheld::Confused),
            }
        };
        crate::tickets::ticket(text).ok_or(Unheld::Nothing)
    }

    /// Asks for what a request must come with, once.
    pub(crate) async fn check(&self, parts: &mut Parts, need: Need) -> Result<CurrentSession, Rejection> {
        match self.need(parts, need).await {
            Ok(session) => Ok(session),
            Err(why) => Err(Rejection::of(self, &parts.headers, why).await),
        }
    }

    async fn need(&self, parts: &mut Parts, need: Need) -> Result<CurrentSession, NoSession> {
        let seen = parts.extensions.get::<Seen>().filter(|Seen(by, _)| Arc::ptr_eq(&by.0, &self.0));
        let session = match (need, seen) {
            (Need::Session | Need::Aal(_), Some(Seen(_, session))) => session.clone(),
            _ => {
                let session = self.held(&parts.method, &parts.headers).map_err(|why| match why {
                    Unheld::Nothing => NoSession::guest(No::signed_out()),
                    Unheld::Confused => No::signed_out().into(),
                    Unheld::Foreign => Failure::ForeignPage.into(),
                })?;
                let client = self.client_of(parts)?;
                let found = match need {
                    Need::Fresh => {
                        let within = self.policy().settings().step_up.max_age;
                        self.look(RequireFresh { client, session, factor: None, within }).await?
                    }
                    _ => self.look(CheckSession { client, session }).await?,
                };
                parts.extensions.insert(Seen(self.clone(), found.clone()));
                found
            }
        };
        match need {
            Need::Aal(level) if session.aal() < level => Err(No::too_low(level).into()),
            _ => Ok(session),
        }
    }

    /// The client of a request to a handler of the host's own.
    fn client_of(&self, parts: &Parts) -> Result<Client, Failure> {
        if !self.0.config.metered {
            return Ok(Client::unmetered());
        }
        let client = self.client(&parts.extensions, &parts.headers)?;
        let door = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        Ok(client.at(&format!("{} {door}", parts.method)))
    }

    async fn look<Q>(&self, question: Q) -> Result<CurrentSession, NoSession>
    where
        Q: Question<Output = SessionInfo> + Send + 'static,
    {
        let outcome: Outcome<SessionInfo> = self.ask(question).await?;
        let told = Told::of(&outcome);
        let at = outcome.at;
        match outcome.verdict {
            Verdict::Granted(info) => Ok(CurrentSession { info: Arc::new(info), at }),
            Verdict::Refused(Refusal::InvalidSession) => Err(NoSession::guest(No::signed_out().told(told))),
            Verdict::Refused(Refusal::StepUpRequired { offered }) => {
                let within = self.policy().settings().step_up.max_age;
                Err(No::too_old(&offered, within).told(told).into())
            }
            Verdict::Refused(refusal) => Err(No::of(&refusal, Fields::BEARER).told(told).into()),
        }
    }
}

impl<S> FromRequestParts<S> for CurrentSession
where
    S: Send + Sync,
    Auth: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        Auth::from_ref(state).check(parts, Need::Session).await
    }
}

impl<S> OptionalFromRequestParts<S> for CurrentSession
where
    S: Send + Sync,
    Auth: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        match Auth::from_ref(state).check(parts, Need::Session).await {
            Ok(session) => Ok(Some(session)),
            Err(rejection) if rejection.is_guest() => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }
}

/// The token of the one `Authorization` field, whose scheme may be in either case (RFC 9110 §11.1). Another scheme is for somebody else.
fn bearer(headers: &HeaderMap) -> Result<&str, Unheld> {
    let mut fields = headers.get_all(header::AUTHORIZATION).iter();
    let field = match (fields.next(), fields.next()) {
        (Some(field), None) => field,
        (None, _) => return Err(Unheld::Nothing),
        _ => return Err(Unheld::Confused),
    };
    let (scheme, token) =
        field.to_str().ok().and_then(|field| field.split_once(' ')).ok_or(Unheld::Nothing)?;
    let token = token.trim_start_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token).ok_or(Unheld::Nothing)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_bearer_is_one_field_with_one_token() {
        let of = |fields: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append(header::AUTHORIZATION, HeaderValue::from_static(field));
            }
            bearer(&headers).map(str::to_owned).ok()
        };
        for field in ["Bearer sess_x", "bearer sess_x", "BEARER  sess_x"] {
            assert_eq!(of(&[field]).as_deref(), Some("sess_x"), "{field}");
        }
        for fields in
            [&["Basic sess_x"][..], &["Bearer"], &["Bearer "], &["sess_x"], &[], &["Bearer a", "Bearer b"]]
        {
            assert_eq!(of(fields), None, "{fields:?}");
        }
    }
}
