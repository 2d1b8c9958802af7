//! Where the mail server is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

/// How the connection is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Security {
    /// From its first byte on (RFC 8314). The best there is.
    Implicit,
    /// After STARTTLS, without which nothing is said.
    Required,
    /// After STARTTLS if the server offers it. Who stands in between takes the offer out, and reads along.
    Opportunistic,
    /// Not at all.
    None,
}

/// Where the mail server is: `smtp://[user[:password]@]host[:port][?tls=…]` or `smtps://…`.
///
/// | URL | Encryption | Port |
/// |---|---|---|
/// | `smtps://host` | from the first byte on | 465 |
/// | `smtp://host` | STARTTLS, or nothing is sent; none on a loopback host | 587 |
/// | `smtp://host?tls=required` | STARTTLS, or nothing is sent | 587 |
/// | `smtp://host?tls=opportunistic` | STARTTLS if it is offered | 587 |
/// | `smtp://host?tls=none` | none | 587 |
///
/// User and password are percent-encoded. They go over an encrypted connection or to a loopback host; anything else is refused
/// here. Neither `Debug` nor an error repeats them, nor the rest of a URL that could not be read, since they may stand anywhere in it.
///
/// ```
/// use countersign_smtp::{Security, SmtpUrl, UrlError};
///
/// let url: SmtpUrl = "smtps://mailer:s%40crt@mail.example.com".parse()?;
/// assert_eq!((url.host(), url.port(), url.security()), ("mail.example.com", 465, Security::Implicit));
/// assert!(!format!("{url:?}").contains("crt"));
///
/// let weak = "smtp://mailer:s3cret@mail.example.com?tls=none".parse::<SmtpUrl>();
/// assert_eq!(weak.unwrap_err(), UrlError::PasswordInTheClear);
/// # Ok::<(), UrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl {
    host: String,
    port: u16,
    security: Security,
    pub(super) credentials: Option<(String, Zeroizing<String>)>,
}

/// A URL that names no mail server. Nothing of the URL is in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Not `smtp:` or `smtps:`, or no URL at all.
    #[error("not smtp://[user[:password]@]host[:port][?tls=required|opportunistic|none] nor smtps://…")]
    Scheme,
    /// No host, or one that is neither a name nor an address.
    #[error("its host is neither a name nor an address")]
    Host,
    /// Port 0.
    #[error("its port is none that can be connected to")]
    Port,
    /// A path or fragment.
    #[error("it has more than a host and a port; a password is to be percent-encoded")]
    More,
    /// An option that is not known here, or known and of another value.
    #[error("its only option is tls=required, tls=opportunistic or tls=none, and smtps takes none")]
    Option,
    /// A user name or password that is not UTF-8, has control characters, or one without the other.
    #[error("its user or password is empty, not UTF-8 when decoded, or has control characters")]
    Credentials,
    /// A password that anybody on the way could read.
    #[error(
        "a password goes over an encrypted connection or to a loopback host only: use smtps:// or tls=required"
    )]
    PasswordInTheClear,
}

impl SmtpUrl {
    /// The name or address of the server.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// How the connection is encrypted.
    #[must_use]
    pub const fn security(&self) -> Security {
        self.security
    }
}

impl FromStr for SmtpUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let url = url::Url::parse(text).map_err(|_| UrlError::Scheme)?;
        let (implicit, usual) = match url.scheme() {
            "smtp" => (false, 587),
            "smtps" => (true, 465),
            _ => return Err(UrlError::Scheme),
        };
        let host = host(url.host_str().unwrap_or_default())?;
        let port = Some(url.port().unwrap_or(usual)).filter(|port| *port > 0).ok_or(UrlError::Port)?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(UrlError::More);
        }
        let loopback = is_loopback(&host);
        let security = match (implicit, url.query()) {
            (true, None) => Security::Implicit,
            (false, None) if loopback => Security::None,
            (false, None | Some("tls=required")) => Security::Required,
            (false, Some("tls=opportunistic")) => Security::Opportunistic,
            (false, Some("tls=none")) => Security::None,
            _ => return Err(UrlError::Option),
        };
        let credentials = credentials(url.username(), url.password())?;
        let open = matches!(security, Security::Opportunistic | Security::None) && !loopback;
        if credentials.is_some() && open {
            return Err(UrlError::PasswordInTheClear);
        }
        Ok(Self { host, port, security, credentials })
    }
}

/// A name of letters, digits, hyphens and dots, or an address, without the brackets that it has in a URL.
fn host(text: &str) -> Result<String, UrlError> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let name = bare.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    let fine = !bare.is_empty() && bare.len() <= 253 && (name || bare.parse::<IpAddr>().is_ok());
    if fine { Ok(bare.into()) } else { Err(UrlError::Host) }
}

fn is_loopback(host: &str) -> bool {
    let address = host.parse::<IpAddr>().ok().map(|address| address.to_canonical());
    host.eq_ignore_ascii_case("localhost") || address.is_some_and(|address| address.is_loopback())
}

fn credentials(user: &str, password: Option<&str>) -> Result<Option<(String, Zeroizing<String>)>, UrlError> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().map_err(|_| UrlError::Credentials)?;
        let fine = !text.is_empty() && !text.chars().any(char::is_control);
        if fine { Ok(text.into_owned()) } else { Err(UrlError::Credentials) }
    };
    match (user, password) {
        ("", None) => Ok(None),
        (user, Some(password)) => Ok(Some((decoded(user)?, Zeroizing::new(decoded(password)?)))),
        (_, None) => Err(UrlError::Credentials),
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, security, credentials } = self;
        let credentials = credentials.as_ref().map(|_| "…");
        f.debug_struct("SmtpUrl")
            .field("host", host)
            .field("port", port)
            .field("security", security)
            .field("credentials", &credentials)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn security(url: &str) -> Result<(Security, u16), UrlError> {
        url.parse::<SmtpUrl>().map(|url| (url.security, url.port))
    }

    #[test]
    fn encryption_is_required_unless_something_else_is_said() {
        assert_eq!(security("smtp://mail.example.com"), Ok((Security::Required, 587)));
        assert_eq!(security("smtp://192.0.2.1:25"), Ok((Security::Required, 25)));
        assert_eq!(security("smtp://u:p@mail.example.com?tls=required"), Ok((Security::Required, 587)));
        assert_eq!(security("smtps://u:p@mail.example.com/"), Ok((Security::Implicit, 465)));
        assert_eq!(security("smtp://h?tls=opportunistic"), Ok((Security::Opportunistic, 587)));
        assert_eq!(security("smtp://h?tls=none"), Ok((Security::None, 587)));
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"] {
            assert_eq!(security(&format!("smtp://{host}:25")), Ok((Security::None, 25)), "{host}");
            assert_eq!(security(&format!("smtp://u:p@{host}")), Ok((Security::None, 587)), "{host}");
            assert_eq!(security(&format!("smtp://{host}?tls=required")), Ok((Security::Required, 587)));
        }
        for host in ["localhost.example.com", "127.0.0.1.example.com", "0.0.0.0", "[::]"] {
            assert_eq!(security(&format!("smtp://{host}")), Ok((Security::Required, 587)), "{host}");
        }
        assert_eq!("smtp://[::1]:25".parse::<SmtpUrl>().unwrap().host, "::1");
    }

    #[test]
    fn a_url_is_taken_exactly_or_refused() {
        let wrong = [
            ("", UrlError::Scheme),
            ("smtp:", UrlError::Host),
            ("http://h", UrlError::Scheme),
            ("smtp://", UrlError::Host),
            ("smtp://a b", UrlError::Scheme),
            ("smtp://a%0d%0ab", UrlError::Host),
            ("smtp://h:0", UrlError::Port),
            ("smtp://h:99999", UrlError::Scheme),
            ("smtp://h/path", UrlError::More),
            ("smtp://h#x", UrlError::More),
            ("smtp://h?tls=maybe", UrlError::Option),
            ("smtp://h?tls=none&tls=required", UrlError::Option),
            ("smtps://h?tls=none", UrlError::Option),
            ("smtp://u@h", UrlError::Credentials),
            ("smtp://:p@h", UrlError::Credentials),
            ("smtp://u:%0a@h", UrlError::Credentials),
            ("smtp://u:p@h?tls=none", UrlError::PasswordInTheClear),
            ("smtp://u:p@h?tls=opportunistic", UrlError::PasswordInTheClear),
        ];
        for (url, why) in wrong {
            assert_eq!(security(url), Err(why), "{url}");
        }
        let url: SmtpUrl = "smtps://j%40x:p%3A%2F%40@h".parse().unwrap();
        let (user, password) = url.credentials.unwrap();
        assert_eq!((user.as_str(), password.as_str()), ("j@x", "p:/@"));
    }

    proptest! {
        /// Whatever stands around it, a password is in no error and no `Debug`.
        #[test]
        fn a_password_is_never_repeated(before in "(smtps?://)?[a-z:@/?#%]{0,6}", after in "[a-z:@/?#%\\[\\] ]{0,12}") {
            let told = format!("{before}s3crets3cret{after}").parse::<SmtpUrl>();
            let user = format!("smtps://user:s3crets3cret@{after}").parse::<SmtpUrl>();
            for told in [told.map(|url| { let mut url = url; url.host.clear(); url }), user] {
                let shown = match told {
                    Ok(url) => format!("{url:?}"),
                    Err(why) => format!("{why} {why:?}"),
                };
                prop_assert!(!shown.contains("s3cret"), "{shown}");
            }
        }
    }
}
