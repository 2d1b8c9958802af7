//! The endpoints of `--dev`: an inbox, a clock, the audit log, the operator's side, and a page to click through it all.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRef, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use countersign::host::{AsyncDirectory, Clock};
use countersign::{
    Identifier, Refusal, Request as Question, RequirePasswordChange, SetSuspended, StartFactorReset,
    Timestamp, Verdict,
};
use countersign_axum::answer::{Failure, Waiting, json_response};
use countersign_axum::body::Fields;
use countersign_axum::{Auth, Routes, whole_seconds};
use serde::Deserialize;
use serde_json::json;

use super::page::{drawing, part, playground};
use crate::audit::RecentEvents;
use crate::clock::DevClock;
use crate::flows;
use crate::mail::Inbox;

/// What `--dev` opens up.
#[derive(Clone)]
pub(crate) struct Dev {
    /// The server's clock.
    pub(crate) clock: Arc<DevClock>,
    /// What was mailed.
    pub(crate) inbox: Arc<Inbox>,
    /// What was told to the audit log.
    pub(crate) events: Arc<RecentEvents>,
}

/// A part of the playground, by the name it has under `/dev/playground/`.
macro_rules! parts {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../pages/playground/", $name)))),*]
    };
}

/// What the playground's page is made of.
const PARTS: &[(&str, &str)] = parts![
    "after.js" "api.js" "attack.js" "clock.js" "dom.js" "forms.js" "inbox.js" "lists.js" "log.js" "machine.js" "main.js"
    "memory.js" "phone.js" "style.css"
];

/// That, and what the other endpoints have at hand.
#[derive(Clone)]
pub(super) struct Bench {
    dev: Dev,
    auth: Auth,
}

impl FromRef<Bench> for Dev {
    fn from_ref(bench: &Bench) -> Self {
        bench.dev.clone()
    }
}

impl FromRef<Bench> for Auth {
    fn from_ref(bench: &Bench) -> Self {
        bench.auth.clone()
    }
}

/// The development endpoints, for callers on this machine that are not other people's pages.
pub(super) fn router(dev: Dev, auth: Auth) -> Router {
    let files = PARTS.iter().fold(routes().router, |router, (name, text)| {
        router.route(&format!("/dev/playground/{name}"), get(async || part(name, text)))
    });
    files.with_state(Bench { dev, auth }).layer(from_fn(ours_only))
}

/// The paths and what answers at them; the playground's own files apart.
pub(super) fn routes() -> Routes<Bench> {
    Routes::new()
        .route("/", get(async || playground()))
        .route("/dev/mail", get(mail))
        .route("/dev/clock", get(clock).post(change_clock))
        .route("/dev/events", get(events))
        .route("/dev/flows.json", get(async || json_response(StatusCode::OK, &flows::json())))
        .route("/dev/flows.svg", get(async || drawing(flows::svg())))
        .route("/dev/account", post(operate))
}

#[derive(Deserialize)]
struct MailQuery {
    to: Option<String>,
}

/// `GET /dev/mail?to=ADDRESS`: the messages to an address, or all of them; the newest last.
async fn mail(
    State(dev): State<Dev>,
    query: Result<Query<MailQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(MailQuery { to }) = query.map_err(|_| Failure::invalid("to", "must be given once"))?;
    let to = to.map(|to| Identifier::parse(&to)).transpose();
    let to = to.map_err(|why| Failure::invalid("to", why.to_string()))?;
    let messages = dev.inbox.messages(to.as_ref().map(Identifier::address));
    Ok(json_response(StatusCode::OK, &json!({ "messages": messages })))
}

#[derive(Deserialize)]
struct EventsQuery {
    after: Option<u64>,
}

/// `GET /dev/events?after=N`: the events that are kept, or those with a higher number; the newest last.
async fn events(
    State(dev): State<Dev>,
    query: Result<Query<EventsQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let query = query.map_err(|_| Failure::invalid("after", "must be a whole number, given once"))?;
    let events = dev.events.after(query.after.unwrap_or_default());
    Ok(json_response(StatusCode::OK, &json!({ "events": events })))
}

const NO_ACCOUNT: Failure = Failure::NotFound("There is no such account");
const NOT_OURS: Failure = Failure::Forbidden("Development endpoints answer only to this machine's own pages");

/// `POST /dev/account`: what the host's operator may do with an account. No secret is chosen or seen by it.
async fn operate(State(auth): State<Auth>, body: Fields) -> Result<Response, Failure> {
    let (email, action) = (body.text("email")?, body.text("action")?);
    let identifier = Identifier::parse(email).map_err(|why| Failure::invalid("email", why.to_string()))?;
    let known = ["suspend", "resume", "require_password_change", "start_factor_reset"];
    if !known.contains(&action) {
        return Err(Failure::invalid("action", format!("must be one of {}", known.join(", "))));
    }
    let found = auth.sentry().directory.find(&identifier).await;
    let found = found.inspect_err(|why| tracing::error!(event = "host.failed", %why));
    let account = found.map_err(|_| Failure::Unavailable)?.ok_or(NO_ACCOUNT)?.account;
    match action {
        "require_password_change" => done(&auth, RequirePasswordChange { account }).await,
        "start_factor_reset" => done(&auth, StartFactorReset { account }).await,
        _ => done(&auth, SetSuspended { account, suspended: action == "suspend" }).await,
    }
}

async fn done<Q>(auth: &Auth, question: Q) -> Result<Response, Failure>
where
    Q: Question + Send + 'static,
{
    match auth.ask(question).await?.verdict {
        Verdict::Granted(_) => Ok(json_response(StatusCode::OK, &json!({}))),
        Verdict::Refused(Refusal::NotEnrolled) => {
            Err(Failure::invalid("action", "needs an account with an authenticator app"))
        }
        Verdict::Refused(Refusal::InvalidSession) => Err(NO_ACCOUNT),
        Verdict::Refused(refusal) => Err(Failure::from_refusal(refusal, Waiting::Try)),
    }
}

/// `GET /dev/clock`
async fn clock(State(dev): State<Dev>) -> Result<Response, Failure> {
    dev.clock.now().map(told).map_err(|_| Failure::Unavailable)
}

/// `POST /dev/clock`: moves the clock by `advance_seconds`; stops it where `stopped` is true, lets it run where it is false.
async fn change_clock(State(dev): State<Dev>, body: Fields) -> Result<Response, Failure> {
    let (seconds, stopped) = (body.optional_number("advance_seconds")?, body.optional_flag("stopped")?);
    if seconds.is_none() && stopped.is_none() {
        return Err(Failure::invalid("advance_seconds", "is required"));
    }
    let now = dev.clock.now().map_err(|_| Failure::Unavailable)?;
    if !CALENDAR.contains(&now.unix_seconds().saturating_add(seconds.unwrap_or(0))) {
        return Err(Failure::invalid("advance_seconds", "must not lead out of the years 1970 to 8999"));
    }
    dev.clock.change(seconds.unwrap_or(0), stopped).map(told).map_err(|_| Failure::Unavailable)
}

/// Seconds since 1970 that the clock may tell, so that what it says, and when things end that begin then, are times of four-digit
/// years.
const CALENDAR: std::ops::Range<i64> = 0..221_845_392_000;

fn told(now: Timestamp) -> Response {
    json_response(StatusCode::OK, &json!({ "now": whole_seconds(now) }))
}

/// Refuses what a page from elsewhere sends, also one whose name was made to point to this machine.
async fn ours_only(request: Request, next: Next) -> Response {
    if is_ours(request.headers()) { next.run(request).await } else { NOT_OURS.into_response() }
}

fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(header::HOST).unwrap_or_default();
    let name = host.parse::<Uri>().ok();
    let name = name.as_ref().and_then(Uri::host).map(|name| name.trim_matches(['[', ']']));
    let local = name.is_some_and(|name| {
        name.eq_ignore_ascii_case("localhost")
            || name.parse().is_ok_and(|address: std::net::IpAddr| address.to_canonical().is_loopback())
    });
    local && text(header::ORIGIN).is_none_or(|origin| origin.strip_prefix("http://") == Some(host))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// Nothing that a part asks for is missing, and nothing lies about that no part asks for.
    #[test]
    fn the_playground_has_all_its_parts_and_no_other() {
        let page = include_str!("../pages/playground/index.html");
        let mut asked: Vec<_> = (page.split('"'))
            .filter_map(|text| text.strip_prefix("dev/playground/"))
            .chain(
                PARTS
                    .iter()
                    .flat_map(|(_, text)| text.split('\'').filter_map(|text| text.strip_prefix("./"))),
            )
            .collect();
        asked.sort_unstable();
        asked.dedup();
        let names: Vec<_> = PARTS.iter().map(|(name, _)| *name).collect();
        assert_eq!(asked, names);
    }

    /// What the policy of the page would refuse is not in it, and nothing comes from elsewhere.
    #[test]
    fn the_playground_has_nothing_inline_and_nothing_from_elsewhere() {
        let page = include_str!("../pages/playground/index.html");
        assert!(!page.contains("<style") && !page.contains(" style=\"") && !page.contains("javascript:"));
        assert!(
            page.match_indices("<script")
                .all(|(at, _)| page[at..].starts_with("<script type=\"module\" src=\"dev/"))
        );
        for handler in [" onclick=", " onsubmit=", " oninput=", " onchange=", " onload="] {
            assert!(!page.contains(handler), "{handler}");
        }
        for (name, text) in PARTS.iter().chain([&("index.html", page)]) {
            for outside in ["http://", "https://", "//cdn", "@import", "url(", "innerHTML", "eval("] {
                assert!(!text.contains(outside), "{name}: {outside}");
            }
        }
    }

    #[test]
    fn pages_from_elsewhere_are_refused() {
        let ours = |host: &'static str, origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            origin.map(|origin| headers.insert(header::ORIGIN, HeaderValue::from_static(origin)));
            is_ours(&headers)
        };
        for host in ["127.0.0.1:8080", "localhost:1", "LOCALHOST", "[::1]:8080", "127.1.2.3"] {
            assert!(ours(host, None), "{host}");
        }
        for host in ["example.com", "192.0.2.1:80", "localhost.example.com", "127.0.0.1.example.com", ""] {
            assert!(!ours(host, None), "{host}");
        }
        assert!(ours("localhost:1", Some("http://localhost:1")));
        for origin in ["http://example.com", "null", "http://localhost:2", "https://localhost:1"] {
            assert!(!ours("localhost:1", Some(origin)), "{origin}");
        }
        assert!(!is_ours(&HeaderMap::new()));
    }
}
