//! Where a request was made: whether a page of another site could have sent it (cross-site request forgery).
//!
//! A browser sends cookies along whatever page it was that made the request. What tells our own page from others is what browsers
//! say of themselves and scripts cannot forge: `Sec-Fetch-Site` (W3C Fetch Metadata) and `Origin` (RFC 6454; the Fetch standard
//! sends it with each POST). This is the defence that the OWASP cheat sheet on the matter names first for those who need no
//! old browsers; there is no token that could leak, expire or be forgotten in a form.
//!
//! What an attacker gains if it is wrong: any page that a signed-in person opens can change the account, within what needs no
//! fresh proof; and can sign people in to the attacker's account, to watch what they do there (login forgery).

use axum::http::{HeaderMap, HeaderName, Method, header};

/// A text that is no origin that cookies could be bound to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an origin is https://host or https://host:port, without a path; http only for this machine itself")]
pub struct InvalidOrigin;

/// An origin as browsers write it: scheme, host and port, the port only where it is not the scheme's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Origin(String);

impl Origin {
    /// Reads an origin as a person writes it. Cookies with `__Host-` need a secure one; browsers take their own machine for one.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        let text = text.trim_end_matches('/').to_ascii_lowercase();
        let (scheme, rest) = text.split_once("://").ok_or(InvalidOrigin)?;
        let authority: axum::http::uri::Authority = rest.parse().map_err(|_| InvalidOrigin)?;
        let host = authority.host();
        let own = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let usual = match scheme {
            "https" => 443,
            "http" if own => 80,
            _ => return Err(InvalidOrigin),
        };
        if host.is_empty()
            || rest.contains('@')
            || (rest.len() > host.len() && authority.port_u16().is_none())
        {
            return Err(InvalidOrigin);
        }
        Ok(Self(match authority.port_u16().filter(|port| *port != usual) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }))
    }

    /// Whether a request may go on: it changes nothing, or it was made by a page of this origin, or no browser made it and it
    /// has no cookie of ours.
    ///
    /// | `Sec-Fetch-Site` | no `Origin` | `Origin` is ours | another, `null`, or two |
    /// |---|---|---|---|
    /// | `same-origin` | yes | yes | no |
    /// | `none`: the person himself, as by the address bar | only without a cookie | yes | no |
    /// | `same-site`, `cross-site`, anything else, or two | no | no | no |
    /// | absent | only without a cookie | yes | no |
    pub(crate) fn allows(&self, method: &Method, headers: &HeaderMap, cookie_came: bool) -> bool {
        // What is upgraded is no longer a GET: a web socket takes orders.
        let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
        if reads && !headers.contains_key(header::UPGRADE) {
            return true;
        }
        let (site, origin) = (one(headers, FETCH_SITE), one(headers, header::ORIGIN));
        match (site, origin) {
            (Told::Once("same-origin"), Told::Not) => true,
            (Told::Once("same-origin" | "none") | Told::Not, Told::Once(origin)) => origin == self.0,
            (Told::Once("none") | Told::Not, Told::Not) => !cookie_came,
            _ => false,
        }
    }
}

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A header field that is to be there once at most.
enum Told<'a> {
    Not,
    Once(&'a str),
    Badly,
}

fn one(headers: &HeaderMap, name: HeaderName) -> Told<'_> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Told::Not,
        (Some(value), None) => value.to_str().map_or(Told::Badly, Told::Once),
        _ => Told::Badly,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (text, origin) in [
            ("https://App.Example.com", "https://app.example.com"),
            ("https://app.example.com/", "https://app.example.com"),
            ("https://app.example.com:443", "https://app.example.com"),
            ("https://app.example.com:8443", "https://app.example.com:8443"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(Origin::parse(text), Ok(Origin(origin.into())));
        }
        for text in [
            "",
            "null",
            "app.example.com",
            "http://app.example.com",
            "https://",
            "https://:1",
            "https://a.example/x",
            "https://me@a.example",
            "https://a.example:port",
            "https://a.example:",
            "ftp://localhost",
        ] {
            assert_eq!(Origin::parse(text), Err(InvalidOrigin), "{text}");
        }
    }
}
