//! What a host chooses about HTTP. What is decided about people is in the library's [`Policy`](countersign::Policy).

use crate::cookie::Cookies;
use crate::texts::Texts;

/// How the endpoints stand in the world: what is in front of them, and how clients carry their tickets.
///
/// ```
/// use countersign_axum::{Config, Cookies};
/// // Behind one proxy, with browsers as clients.
/// let config = Config::new().trusted_proxies(1).issuer("Example").cookies(Cookies::of("https://app.example.com")?);
/// # Ok::<(), countersign_axum::InvalidOrigin>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) trusted_hops: usize,
    pub(crate) issuer: String,
    pub(crate) cookies: Option<Cookies>,
    pub(crate) metered: bool,
    pub(crate) texts: Texts,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            trusted_hops: 0,
            issuer: "countersign".into(),
            cookies: None,
            metered: false,
            texts: Texts::shipped(),
        }
    }
}

impl Config {
    /// No proxy in front; tickets in bodies and in `Authorization: Bearer`, none in cookies.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many proxies in front add an entry to `X-Forwarded-For`; the client is the entry that the outermost of them wrote. If there
    /// is none, or it is no address, it is the peer of the connection.
    ///
    /// What an attacker gains if it is wrong: with a number too high, a new name with each request, and with it a fresh allowance of
    /// all that is metered by client; with one too low, everybody behind the proxy is metered as one, and one of them shuts out
    /// the others. No limit of an account depends on it.
    #[must_use]
    pub fn trusted_proxies(self, hops: usize) -> Self {
        Self { trusted_hops: hops, ..self }
    }

    /// The catalogue of what the endpoints of family A say; English and Dutch, if nothing else is given.
    #[must_use]
    pub fn texts(self, texts: Texts) -> Self {
        Self { texts, ..self }
    }

    /// Who is shown as the issuer in authenticator apps.
    #[must_use]
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        Self { issuer: issuer.into(), ..self }
    }

    /// Hands tickets out in cookies, and takes them from there: see [`Cookies`].
    #[must_use]
    pub fn cookies(self, cookies: Cookies) -> Self {
        Self { cookies: Some(cookies), ..self }
    }

    /// Meters the host's own handlers by client too, each route apart, by the rules that the policy has for `/v1`.
    ///
    /// Without it a handler of the host's own that asks who is signed in is counted nowhere: how often a page may be fetched is the
    /// host's to say. There is nothing to be guessed there, since a ticket has 128 random bits.
    #[must_use]
    pub fn metering_own_handlers(self) -> Self {
        Self { metered: true, ..self }
    }
}
