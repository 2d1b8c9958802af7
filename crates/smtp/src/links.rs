//! What links in mail look like.

use std::fmt::Write;

use countersign::{Envelope, MailedLink};

/// The pages that mailed links lead to: an address of the host's own, and a page under it for each kind of link.
///
/// A link is `BASE/PAGE#token=…&email=…`: everything secret stands in the fragment, which browsers do not send and servers do not
/// log. It leads to a page, which sends the token once somebody presses its button: to open a link spends nothing, since mail
/// scanners open links too.
///
/// What an attacker gains if the base came from a request: the links of other people's mail lead to his own page, and bring him
/// their tokens.
///
/// ```
/// use countersign_smtp::{LinkError, Links, Pages};
///
/// assert!(Links::new("https://example.com/", Pages::default()).is_ok());
/// assert_eq!(Links::new("https://example.com/?next=", Pages::default()).unwrap_err(), LinkError::Base);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Links {
    base: String,
    pages: Pages,
}

/// The pages under the base, without a slash before or behind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pages {
    /// Completes a sign-up.
    pub sign_up: String,
    /// Signs in.
    pub sign_in: String,
    /// Leads to a new password.
    pub recovery: String,
    /// Stops the recovery of a second factor.
    pub cancel: String,
}

impl Default for Pages {
    fn default() -> Self {
        let page = String::from;
        Self {
            sign_up: page("sign-up"),
            sign_in: page("sign-in"),
            recovery: page("recovery"),
            cancel: page("cancel"),
        }
    }
}

/// A base or page that no link can begin with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The base.
    #[error("not http:// or https:// with a host and perhaps a path")]
    Base,
    /// A page.
    #[error("a page is letters, digits and -._~/ only, without a slash at its ends")]
    Page,
}

impl Links {
    /// Links under a base: a scheme, a host, perhaps a path; nothing that could end up behind or before a link's own parts.
    ///
    /// # Errors
    /// [`LinkError`] if the base or a page has anything else.
    pub fn new(base: &str, pages: Pages) -> Result<Self, LinkError> {
        let base = base.trim_end_matches('/');
        let rest = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"));
        let plain = |text: &str, more: &[u8]| {
            text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/".contains(&b) || more.contains(&b))
        };
        let fine = |rest: &str| {
            !rest.is_empty()
                && rest.len() <= 200
                && plain(rest, b":[]%")
                && !rest.starts_with(['/', ':', '.'])
        };
        if !rest.is_some_and(fine) {
            return Err(LinkError::Base);
        }
        let all = [&pages.sign_up, &pages.sign_in, &pages.recovery, &pages.cancel];
        let page = |page: &String| {
            (1..=200).contains(&page.len())
                && plain(page, b"")
                && !page.starts_with('/')
                && !page.ends_with('/')
        };
        if !all.into_iter().all(page) {
            return Err(LinkError::Page);
        }
        Ok(Self { base: base.into(), pages })
    }

    /// What all links begin with.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The link of an envelope, if it has one.
    #[must_use]
    pub fn link(&self, envelope: &Envelope) -> Option<String> {
        let link = envelope.link.as_ref()?;
        let page = match link {
            MailedLink::SignUp(_) => &self.pages.sign_up,
            MailedLink::SignIn(_) => &self.pages.sign_in,
            MailedLink::Recovery(_) => &self.pages.recovery,
            MailedLink::Cancel(_) => &self.pages.cancel,
            _ => return None,
        };
        let (base, token, email) = (&self.base, link.expose(), percent_encoded(envelope.to.as_str()));
        Some(format!("{base}/{page}#token={token}&email={email}"))
    }
}

/// Everything but letters, digits and `-._~` as `%XX`.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_a_fragment_cannot_be_taken_for_more_of_it() {
        assert_eq!(percent_encoded("a+b&c=d@x.org"), "a%2Bb%26c%3Dd%40x.org");
        assert_eq!(percent_encoded("é-._~"), "%C3%A9-._~");
    }

    #[test]
    fn a_base_is_scheme_host_and_path_and_a_page_a_path() {
        let links = |base: &str| Links::new(base, Pages::default()).map(|links| links.base);
        assert_eq!(links("https://example.com/"), Ok("https://example.com".into()));
        assert_eq!(links("http://[::1]:8080/a"), Ok("http://[::1]:8080/a".into()));
        let wrong = [
            "",
            "example.com",
            "javascript:x",
            "https://",
            "https:///x",
            "https://a?b",
            "https://a#b",
            "https://u@h",
            "http://a b",
            "https://a\r\nb",
        ];
        for base in wrong {
            assert_eq!(links(base), Err(LinkError::Base), "{base:?}");
        }
        for page in ["", "/a", "a/", "a#b", "a?b", "a b", "a\n"] {
            let pages = Pages { cancel: page.into(), ..Pages::default() };
            assert_eq!(Links::new("https://example.com", pages), Err(LinkError::Page), "{page:?}");
        }
    }
}
