//! Who sends a request.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::connect_info::MockConnectInfo;
use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, header};
use countersign::{Client, Label};

use crate::Auth;
use crate::answer::Failure;

/// The other end of a connection, for a host that takes its connections itself: put it into the extensions of each request.
///
/// With `axum::serve` and `into_make_service_with_connect_info::<SocketAddr>()` there is nothing to do.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The client, as far as it can be told: the peer of the connection, or whom trusted proxies name.
pub(crate) struct Caller(pub(crate) Client);

impl FromRequestParts<Auth> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, auth: &Auth) -> Result<Self, Failure> {
        auth.caller(&parts.method, &parts.extensions, &parts.headers).map(Self)
    }
}

impl Auth {
    /// The client of a request at an endpoint. Each endpoint has an allowance of its own. The pattern, not the path: a path is what
    /// the client makes of it (B022).
    ///
    /// # Errors
    /// As for [`client`](Self::client).
    pub(crate) fn caller(
        &self,
        method: &Method,
        told: &Extensions,
        headers: &HeaderMap,
    ) -> Result<Client, Failure> {
        let client = self.client(told, headers)?;
        Ok(match told.get::<MatchedPath>() {
            Some(pattern) => client.at(&format!("{method} {}", pattern.as_str())),
            None => client,
        })
    }

    /// The client of a request.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] where nobody told who the peer is. To meter everybody as one would let one of them shut out all
    /// the others; to meter nobody would let everybody guess. So it is for the log, and for whoever set the server up.
    pub(crate) fn client(&self, told: &Extensions, headers: &HeaderMap) -> Result<Client, Failure> {
        let peer = || {
            let served = told.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
            let mocked =
                || told.get::<MockConnectInfo<SocketAddr>>().map(|MockConnectInfo(address)| address.ip());
            told.get::<Peer>().map(|Peer(address)| *address).or(served).or_else(mocked)
        };
        let address = forwarded(headers, self.0.config.trusted_hops).or_else(peer);
        address.map(Client::ip).ok_or_else(|| {
            tracing::error!(
                event = "host.no_peer",
                "nobody told who sends requests: serve with `into_make_service_with_connect_info::<SocketAddr>()`, put a \
                 `Peer` into their extensions, or trust the proxy in front"
            );
            Failure::Unavailable
        })
    }
}

/// What the client calls itself, for the list of sessions.
pub(crate) struct Agent(pub(crate) Label);

impl<S: Sync> FromRequestParts<S> for Agent {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Self(Label::new(agent.unwrap_or_default())))
    }
}

/// The entry that the outermost of so many trusted proxies wrote: each adds one at the right, so what is further left was
/// written by the client and counts for nothing. `None` if there is no such entry or if it is no address.
fn forwarded(headers: &HeaderMap, hops: usize) -> Option<IpAddr> {
    let mut entries = Vec::new();
    for value in headers.get_all("x-forwarded-for") {
        entries.extend(value.to_str().ok()?.split(',').map(str::trim));
    }
    let at = entries.len().checked_sub(hops)?;
    address(entries.get(at)?)
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    text.parse().ok().or_else(bracketed).or_else(with_port)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(values: &[&str], hops: usize) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x-forwarded-for", HeaderValue::from_str(value).unwrap());
        }
        forwarded(&headers, hops).map(|address| address.to_string())
    }

    /// B023: what the client wrote itself never names it.
    #[test]
    fn b023_only_what_a_trusted_proxy_wrote_counts() {
        assert_eq!(of(&["1.1.1.1"], 0), None);
        assert_eq!(of(&["1.1.1.1, 2.2.2.2"], 1).as_deref(), Some("2.2.2.2"));
        assert_eq!(of(&["1.1.1.1, 2.2.2.2"], 2).as_deref(), Some("1.1.1.1"));
        assert_eq!(
            of(&["9.9.9.9, 1.1.1.1", "2.2.2.2"], 2).as_deref(),
            Some("1.1.1.1"),
            "fields are one list"
        );
        assert_eq!(of(&["2.2.2.2"], 2), None, "fewer than there are proxies");
        assert_eq!(of(&[], 1), None);
    }

    #[test]
    fn what_is_no_address_names_nobody() {
        for value in ["", "unknown", "_hidden", "1.1.1", "example.com", "1.1.1.1 2.2.2.2", "2.2.2.2,"] {
            assert_eq!(of(&[value], 1), None, "{value:?}");
        }
        for (value, address) in [
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("1.2.3.4:5", "1.2.3.4"),
        ] {
            assert_eq!(of(&[value], 1).as_deref(), Some(address));
        }
    }
}
