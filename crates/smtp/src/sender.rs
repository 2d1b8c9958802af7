//! Who messages come from, and addresses as mail takes them.

use countersign::Address;

/// The mailbox that messages come from, with the name it shows.
///
/// The name and the address are checked here, once: what an attacker gains if a line break got into them is header fields of his
/// own, in every message.
///
/// ```
/// use countersign_smtp::Sender;
///
/// let sender = Sender::parse("Example Ltd <no-reply@example.com>")?;
/// assert_eq!((sender.name(), sender.address().as_str()), (Some("Example Ltd"), "no-reply@example.com"));
/// assert!(Sender::parse("Example\r\nBcc: eve@example.org <no-reply@example.com>").is_err());
/// # Ok::<(), countersign_smtp::SenderError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sender {
    name: Option<String>,
    address: Address,
    pub(crate) mailbox: Mailbox,
}

/// A sender that no message can come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SenderError {
    /// Neither `Name <address>` nor an address.
    #[error("neither `Name <address>` nor an address")]
    Address,
    /// The name has control characters, or is longer than 100 bytes.
    #[error("the name has control characters or is longer than 100 bytes")]
    Name,
    /// Nothing in the domain may be beyond what its registries allow.
    #[error("the domain is none that can be looked up")]
    Domain,
    /// Its part before the `@` must be ASCII, so that every server takes it.
    #[error("the part before the @ must be ASCII")]
    Local,
}

impl Sender {
    /// Takes `Name <address>`, `"Name" <address>` or an address alone.
    ///
    /// # Errors
    /// [`SenderError`].
    pub fn parse(text: &str) -> Result<Self, SenderError> {
        let (name, address) = match text.trim_matches(' ').strip_suffix('>') {
            Some(rest) => rest.rsplit_once('<').ok_or(SenderError::Address)?,
            None => ("", text),
        };
        let address = Address::parse(address).map_err(|_| SenderError::Address)?;
        let name = name.trim_matches(' ');
        let unquoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
        Self::new(Some(unquoted).filter(|name| !name.is_empty()), address)
    }

    /// A sender of a name and an address.
    ///
    /// # Errors
    /// [`SenderError`].
    pub fn new(name: Option<&str>, address: Address) -> Result<Self, SenderError> {
        if name.is_some_and(|name| name.len() > 100 || name.trim().is_empty() || has_breaks(name)) {
            return Err(SenderError::Name);
        }
        let mailbox = Mailbox::of(&address).ok_or(SenderError::Domain)?;
        if !mailbox.is_ascii() {
            return Err(SenderError::Local);
        }
        Ok(Self { name: name.map(Into::into), address, mailbox })
    }

    /// The name shown.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The address.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// The domain, in ASCII: what message ids end with, and how the server is greeted.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.mailbox.0.domain()
    }
}

/// Whether a text has characters that end lines or mean nothing to readers.
pub(crate) fn has_breaks(text: &str) -> bool {
    text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
}

/// An address as it goes out: the domain in ASCII, so that every server takes it. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub(crate) struct Mailbox(pub(crate) lettre::Address);

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailbox(…)")
    }
}

impl Mailbox {
    /// None if the domain has no form in ASCII.
    ///
    /// The core's address is one plain mailbox; what this makes of it is letters, digits, hyphens and dots behind the same local
    /// part, which is looked at again all the same.
    pub(crate) fn of(address: &Address) -> Option<Self> {
        let (local, domain) = address.as_str().split_once('@')?;
        let domain =
            if domain.is_ascii() { domain.to_owned() } else { idna::domain_to_ascii(domain).ok()? };
        let plain = domain.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
        let whole = local.len().saturating_add(domain.len()).saturating_add(1);
        let meant = |c: char| c.is_whitespace() || "<>()[],;:\\\"@".contains(c);
        if !plain
            || domain.is_empty()
            || whole > Address::MAX_BYTES
            || has_breaks(local)
            || local.contains(meant)
        {
            return None;
        }
        Some(Self(lettre::Address::new_dangerous(local, domain)))
    }

    /// Whether a server must know SMTPUTF8 to take it.
    pub(crate) fn is_ascii(&self) -> bool {
        self.0.user().is_ascii()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_a_name_and_one_plain_mailbox() {
        for text in ["a@b.co", " <a@b.co> ", "\"A, \\B\" <a@b.co>", "Jö <a@b.co>", "A <B> <a@bücher.example>"]
        {
            assert!(Sender::parse(text).is_ok(), "{text:?}");
        }
        assert_eq!(Sender::parse("A <a@Bücher.example>").unwrap().domain(), "xn--bcher-kva.example");
        let wrong = [
            ("", SenderError::Address),
            ("A", SenderError::Address),
            ("a@b.co>", SenderError::Address),
            ("A <a@b.co, c@d.co>", SenderError::Address),
            ("A\r\nBcc: x@y.co <a@b.co>", SenderError::Name),
            ("A\u{2028}B <a@b.co>", SenderError::Name),
            ("A <jö@b.co>", SenderError::Local),
        ];
        for (text, why) in wrong {
            assert_eq!(Sender::parse(text).unwrap_err(), why, "{text:?}");
        }
    }

    #[test]
    fn domains_go_out_in_ascii_and_local_parts_as_they_are() {
        let mailbox = |text| Mailbox::of(&Address::parse(text).unwrap()).unwrap();
        assert_eq!(mailbox("Jo@bücher.example").0.to_string(), "Jo@xn--bcher-kva.example");
        assert!(mailbox("Jo@bücher.example").is_ascii() && !mailbox("jö@bücher.example").is_ascii());
        assert_eq!(mailbox("o'b/x=y@Ex-ample.com").0.to_string(), "o'b/x=y@Ex-ample.com");
        assert_eq!(mailbox("用户@例子.广告").0.to_string(), "用户@xn--fsqu00a.xn--4rr70v");
    }
}
