//! Tickets in cookies that scripts cannot read: a mode, for hosts whose clients are browsers.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use countersign::{Device, Session, Ticket, Timestamp};
use serde_json::{Value, json};

use crate::Auth;
use crate::origin::{InvalidOrigin, Origin};

/// Tickets in cookies, bound to one origin.
///
/// * The session goes into `__Host-session`, a trusted device into `__Host-device`: `Secure; HttpOnly; SameSite=Lax; Path=/`, no `Domain`,
///   `Max-Age` as long as the ticket lives. The prefix has browsers refuse such a cookie from any other host, a subdomain
///   included, and over plain HTTP (RFC 6265bis §4.1.3.2), so that nobody plants one.
/// * Bodies then hold no ticket of these kinds: `token`, `accessToken` and `device_token` are null or absent.
/// * Each request that is not GET, HEAD or OPTIONS must come from a page of the origin, by `Sec-Fetch-Site` or `Origin`, else 403;
///   and its body must say that it is JSON, else 415. A client that is no browser says neither, and has no cookie.
/// * `Authorization: Bearer` is still taken. A request with both, or with one of them twice, is nobody's: 401.
/// * A sign-in always makes a new session, whatever cookie came with it, and ends the one that did (session fixation; ASVS 7.2.4).
///
/// `Lax`, not `Strict`: with `Strict` whoever follows a link to the host's page from elsewhere, a mailed one among them, would
/// arrive signed out. What `Strict` would keep out beyond that is the requests that change something, and those are refused by
/// their origin already.
///
/// What an attacker gains if it were wrong: a script that gets into a page reads a ticket and takes it along; a page of another
/// site acts for whoever opens it.
///
/// ```
/// use countersign_axum::{Config, Cookies};
/// let config = Config::new().cookies(Cookies::of("https://app.example.com")?);
/// assert!(Cookies::of("http://app.example.com").is_err(), "a browser would keep no such cookie");
/// # Ok::<(), countersign_axum::InvalidOrigin>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cookies {
    pub(crate) origin: Origin,
}

impl Cookies {
    /// Cookies of the pages at an origin, such as `https://app.example.com`.
    ///
    /// # Errors
    /// [`InvalidOrigin`] for a text that is none, and for one without TLS on another machine than this.
    pub fn of(origin: &str) -> Result<Self, InvalidOrigin> {
        Ok(Self { origin: Origin::parse(origin)? })
    }
}

/// The name of the session's cookie.
pub(crate) const SESSION: &str = "__Host-session";
/// The name of a trusted device's.
pub(crate) const DEVICE: &str = "__Host-device";

/// The longest a cookie may be kept (RFC 6265bis §5.6.2).
const LONGEST: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// What a request has under a cookie's name.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Shown<'a> {
    Nothing,
    Once(&'a str),
    /// Twice, or illegibly.
    Badly,
}

/// Looks a cookie up. There may be several `Cookie` fields (RFC 9113 §8.2.3).
pub(crate) fn shown<'a>(headers: &'a HeaderMap, name: &str) -> Shown<'a> {
    let mut found = Shown::Nothing;
    // Pair by pair: what others have put into theirs need not be text.
    let pairs =
        headers.get_all(header::COOKIE).iter().flat_map(|field| field.as_bytes().split(|b| *b == b';'));
    for pair in pairs {
        let Some(value) = pair.trim_ascii_start().strip_prefix(name.as_bytes()) else { continue };
        let Some(value) = value.trim_ascii_start().strip_prefix(b"=") else { continue };
        match (std::str::from_utf8(value.trim_ascii()), found) {
            (Ok(value), Shown::Nothing) => found = Shown::Once(value),
            _ => return Shown::Badly,
        }
    }
    found
}

/// Whether one of our cookies came, in whatever state.
pub(crate) fn came(headers: &HeaderMap) -> bool {
    [SESSION, DEVICE].into_iter().any(|name| shown(headers, name) != Shown::Nothing)
}

fn set(name: &str, value: &str, life: Duration) -> Option<HeaderValue> {
    let seconds = life.min(LONGEST).as_secs();
    let cookie = format!("{name}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax");
    let mut cookie = HeaderValue::try_from(cookie).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

/// The cookie is to be forgotten.
pub(crate) fn forgotten(name: &str) -> Option<HeaderValue> {
    set(name, "", Duration::ZERO)
}

/// Says in an answer's extensions that a session began with it.
#[derive(Clone, Copy)]
pub(crate) struct Began;

/// Says in an answer's extensions that the session that was shown is none.
#[derive(Clone, Copy)]
pub(crate) struct SignedOut;

/// The tickets that an answer hands out: in its body or, where there is a mode for that, in cookies.
#[derive(Debug, Default)]
pub(crate) struct Hand {
    /// In the mode of cookies: what time it is, and how long devices are trusted.
    cookies: Option<(Timestamp, Duration)>,
    set: Vec<HeaderValue>,
    began: bool,
}

impl Auth {
    /// An empty hand.
    pub(crate) fn hand(&self) -> Hand {
        let cookies = self.0.config.cookies.as_ref();
        // Without a clock nothing is granted that could be handed out.
        let now = || self.0.sentry.clock.now().ok();
        let life = self.policy().settings().devices.life;
        let cookies = cookies.map(|_| (now().unwrap_or(Timestamp::UNIX_EPOCH), life));
        Hand { cookies, ..Hand::default() }
    }
}

impl Hand {
    /// A session that began: what the body says of it.
    pub(crate) fn session(&mut self, session: &Ticket<Session>, expires_at: Timestamp) -> Value {
        self.began = true;
        self.ticket(SESSION, session.expose(), |now, _| expires_at.since(now))
    }

    /// A device that is trusted: what the body says of it. Kept as long as devices are trusted, which is never too short.
    pub(crate) fn device(&mut self, device: &Ticket<Device>) -> Value {
        self.ticket(DEVICE, device.expose(), |_, life| life)
    }

    fn ticket(
        &mut self,
        name: &str,
        text: String,
        life: impl FnOnce(Timestamp, Duration) -> Duration,
    ) -> Value {
        let Some((now, devices)) = self.cookies else { return json!(text) };
        self.set.extend(set(name, &text, life(now, devices)));
        Value::Null
    }

    /// What the client had under a name is worth nothing any more.
    pub(crate) fn clear(mut self, names: &[&str]) -> Self {
        if self.cookies.is_some() {
            self.set.extend(names.iter().filter_map(|name| forgotten(name)));
        }
        self
    }

    /// Puts what goes into the head of the answer there.
    pub(crate) fn into(self, answer: &mut Response) {
        for cookie in self.set {
            answer.headers_mut().append(header::SET_COOKIE, cookie);
        }
        if self.began {
            answer.extensions_mut().insert(Began);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(header::COOKIE, HeaderValue::from_static(field));
        }
        headers
    }

    #[test]
    fn a_cookie_is_found_once_by_its_exact_name() {
        for (fields, expected) in [
            (&["__Host-session=a"][..], Shown::Once("a")),
            (&["x=1; __Host-session=a; y=2"], Shown::Once("a")),
            (&["x=1", "__Host-session=a"], Shown::Once("a")),
            (&["__Host-session=a=b"], Shown::Once("a=b")),
            (&["__Host-session="], Shown::Once("")),
            (&["__Host-session=a; __Host-session=a"], Shown::Badly),
            (&["__Host-session=a", "__Host-session=b"], Shown::Badly),
            (&["__host-session=a"], Shown::Nothing),
            (&["x__Host-session=a; session=b"], Shown::Nothing),
            (&["__Host-session"], Shown::Nothing),
            (&["x=\"; __Host-session=a\""], Shown::Once("a\"")),
            (&[], Shown::Nothing),
        ] {
            assert_eq!(shown(&headers(fields), SESSION), expected, "{fields:?}");
        }
        assert!(came(&headers(&["__Host-device=x"])) && !came(&headers(&["device=x"])));
    }

    #[test]
    fn a_cookie_lives_no_longer_than_browsers_keep_one() {
        let text = set(SESSION, "x", Duration::MAX).unwrap();
        assert!(text.is_sensitive());
        assert_eq!(
            text.to_str().unwrap(),
            "__Host-session=x; Max-Age=34560000; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
    }
}
