//! A mailbox that a message may be sent to.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::IdentifierError;
use super::characters::{is_allowed, is_hidden, is_label, is_local, is_mark};

/// A mailbox that a message may be sent to, byte for byte as the account's record or the host's directory has it.
///
/// Nothing is folded: `J.Doe@Example.com` stays as it is, because the part before the `@` belongs to the system
/// that receives the mail (RFC 5321 §2.3.11, §2.4). For what people type, and for every look-up, key and limit,
/// see [`Identifier`](crate::Identifier).
///
/// What is accepted is deliberately less than RFC 5322 has: exactly one mailbox, a plain dot-atom, at a domain
/// name. No display name, no quoted local part, no comment, no address literal, no list. An attacker who got
/// more than one mailbox in would read the victim's mail along with the victim (B094); one who got a line break
/// in would write header fields or commands of the mail protocol (R69, B096).
///
/// It remains data: `'`, `` ` ``, `|`, `$`, `%`, `/` and a leading `-` are valid in a mailbox, so the mailer
/// escapes it where it puts it into a template and never puts it on a command line.
///
/// `Debug` shows [`masked`](Address::masked) only, so that whole addresses stay out of logs. There is no `Display`:
/// who wants the text says [`as_str`](Address::as_str).
///
/// ```
/// use countersign::{Address, IdentifierError};
///
/// let address = Address::parse(" J.Doe@Example.com ")?;
/// assert_eq!(address.as_str(), "J.Doe@Example.com");
/// assert_eq!(format!("{address:?}"), "Address(J***@Example.com)");
/// assert_eq!(Address::parse("a@a.example,v@v.example"), Err(IdentifierError::ForbiddenCharacter));
/// assert_eq!(Address::parse("a@a.example\r\nBcc: v@v.example"), Err(IdentifierError::ForbiddenCharacter));
/// # Ok::<(), IdentifierError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Box<str>")]
pub struct Address(Box<str>);

impl Address {
    /// The longest address, in bytes: the 256 that RFC 5321 §4.5.3.1.3 gives a path, without its angle brackets.
    pub const MAX_BYTES: usize = 254;
    /// The longest part before the `@`, in bytes (RFC 5321 §4.5.3.1.1).
    pub const MAX_LOCAL_BYTES: usize = 64;
    /// The longest text that is looked at, in bytes, surrounding white space included (law 13).
    pub const MAX_INPUT_BYTES: usize = 1024;
    /// The longest label of a domain, in bytes (RFC 1035 §2.3.4).
    const MAX_LABEL_BYTES: usize = 63;

    /// Takes an address from a record or directory: white space around it is dropped, nothing else is changed.
    ///
    /// Line breaks are refused even at the ends: they are the one white space that mail gives a meaning to.
    ///
    /// # Errors
    /// [`IdentifierError`]: why the text is no single plain mailbox.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        Self::exactly(trimmed(text)?)
    }

    /// The address that `text` is, without dropping anything.
    pub(super) fn exactly(text: &str) -> Result<Self, IdentifierError> {
        check(text)?;
        Ok(Self(Box::from(text)))
    }

    /// The text. For the mailer and the record; not for logs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first character of the local part, three stars, and the domain: `j***@example.com`.
    ///
    /// Always three stars, so that the length of the name does not show. It is a hint to somebody who knows the
    /// address, still personal data, and may be shown only after a factor was proven (law 8).
    ///
    /// ```
    /// # use countersign::Address;
    /// assert_eq!(Address::parse("jane@example.com")?.masked(), "j***@example.com");
    /// assert_eq!(Address::parse("j@example.com")?.masked(), "j***@example.com");
    /// # Ok::<(), countersign::IdentifierError>(())
    /// ```
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.split_once('@').unwrap_or_default();
        let first: String = local.chars().take(1).collect();
        format!("{first}***@{domain}")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.masked())
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Address {
    /// An address from a sealed text: it was checked when it was sealed, and the seal shows that it is the same.
    pub(super) const fn sealed(text: Box<str>) -> Self {
        Self(text)
    }
}

impl TryFrom<Box<str>> for Address {
    type Error = IdentifierError;

    fn try_from(text: Box<str>) -> Result<Self, IdentifierError> {
        Self::parse(&text)
    }
}

/// The text without white space around it; refused if it is too long to look at or holds anything hidden.
///
/// Both ways in, [`Address::parse`] and [`Identifier::parse`](crate::Identifier::parse), begin here.
pub(super) fn trimmed(text: &str) -> Result<&str, IdentifierError> {
    if text.len() > Address::MAX_INPUT_BYTES {
        return Err(IdentifierError::TooLong);
    }
    // A tab is a control character but is what people paste; line breaks are not trimmed and so meet `is_hidden`.
    let text = text.trim_matches(|c: char| c == '\t' || (c.is_whitespace() && !is_hidden(c)));
    if text.is_empty() {
        return Err(IdentifierError::Empty);
    }
    if text.chars().any(is_hidden) {
        return Err(IdentifierError::ForbiddenCharacter);
    }
    Ok(text)
}

/// Whether `text` is one plain mailbox.
fn check(text: &str) -> Result<(), IdentifierError> {
    if text.len() > Address::MAX_BYTES {
        return Err(IdentifierError::TooLong);
    }
    if !text.chars().all(is_allowed) {
        return Err(IdentifierError::ForbiddenCharacter);
    }
    let (local, domain) = text.split_once('@').ok_or(IdentifierError::NotOneMailbox)?;
    if domain.contains('@') {
        return Err(IdentifierError::NotOneMailbox);
    }
    if local.len() > Address::MAX_LOCAL_BYTES {
        return Err(IdentifierError::TooLong);
    }
    if !local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_local) && marks_have_bases(atom))
    {
        return Err(IdentifierError::MalformedLocal);
    }
    if !is_domain(domain) {
        return Err(IdentifierError::MalformedDomain);
    }
    Ok(())
}

/// Two or more labels of letters, digits and inner hyphens, the last not a number (RFC 1123 §2.1, RFC 3696 §2).
///
/// A last label of digits alone is an IPv4 address without its brackets: it would send the host's mailer to a machine
/// of the attacker's choosing, inside the host's network if he likes.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=Address::MAX_LABEL_BYTES).contains(&label.len())
            && label.chars().all(is_label)
            && !label.starts_with('-')
            && !label.ends_with('-')
            && marks_have_bases(label)
    };
    let Some((_, last)) = domain.rsplit_once('.') else { return false };
    domain.split('.').all(is_label) && !last.bytes().all(|b| b.is_ascii_digit())
}

/// Whether each combining mark follows a letter or digit, or another mark that does.
///
/// A mark on a symbol, or on nothing, is drawn over whatever happens to stand before it (B098).
fn marks_have_bases(text: &str) -> bool {
    let mut carries = false;
    text.chars().all(|c| {
        let fine = !is_mark(c) || carries;
        carries = c.is_alphanumeric() || is_mark(c);
        fine
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Identifier;
    use IdentifierError::{
        Empty, ForbiddenCharacter, MalformedDomain, MalformedLocal, NotOneMailbox, TooLong,
    };
    use proptest::prelude::*;

    /// Both ways in answer the same to what neither folds.
    fn both(text: &str) -> Option<IdentifierError> {
        let (address, identifier) = (Address::parse(text).err(), Identifier::parse(text).err());
        assert_eq!(address, identifier, "{text:?}");
        address
    }

    #[test]
    fn plain_mailboxes_are_taken_byte_for_byte() {
        for text in [
            "a@b.co",
            "J.Doe+Tag@Example.COM",
            "o'brien/x=y@ex-ample.co.uk",
            "-dash@example.com",
            "josé@exämple.de",
            "उदाहरण@परीक्षा.भारत",
            "用户@例子.广告",
            "1@1.c0m",
            "x@xn--strae-oqa.de",
        ] {
            assert_eq!(Address::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(Address::parse("\t\u{A0} a@b.co\u{3000} ").unwrap().as_str(), "a@b.co");
    }

    /// B094: more than one mailbox, or any of the syntax that would bring one.
    #[test]
    fn b094_more_than_one_mailbox_is_refused() {
        for text in [
            "attacker@a.com,victim@v.com",
            "attacker@a.com;victim@v.com",
            "attacker@a.com victim@v.com",
            "Victim <victim@v.com>",
            "<victim@v.com>",
            "victim@v.com(comment)",
            "\"victim@v.com\"@a.com",
            "\"a b\"@a.com",
            "group:victim@v.com;",
            "@relay.com:victim@v.com",
            "victim@[127.0.0.1]",
            "victim\\@v.com",
        ] {
            assert_eq!(both(text), Some(ForbiddenCharacter), "{text:?}");
        }
        for text in ["attacker@a.com@v.com", "a@@v.com", "@", "plain", "a.example"] {
            assert!(matches!(both(text), Some(NotOneMailbox | MalformedLocal)), "{text:?}");
        }
        assert_eq!(both("attacker@a.com@v.com"), Some(NotOneMailbox));
    }

    /// R69, B096: no line break, NUL or other control character, wherever it stands.
    #[test]
    fn r69_b096_control_characters_are_refused() {
        for c in
            ["\r", "\n", "\r\n", "\0", "\u{B}", "\u{C}", "\u{1B}", "\u{7F}", "\u{85}", "\u{2028}", "\u{2029}"]
        {
            for text in [
                format!("{c}a@b.co"),
                format!("a{c}@b.co"),
                format!("a@{c}b.co"),
                format!("a@b.co{c}"),
                format!("a@b.co{c} "),
            ] {
                assert_eq!(both(&text), Some(ForbiddenCharacter), "{text:?}");
            }
        }
        assert_eq!(both("a\t@b.co"), Some(ForbiddenCharacter));
    }

    /// B098: refused as typed, before any folding could lose them, not only because nothing hidden is in the list of
    /// what is allowed.
    #[test]
    fn b098_hidden_characters_are_refused_before_folding() {
        for hidden in ["\u{AD}", "\u{200B}", "\u{202E}", "\u{3164}", "\u{FE0F}", "\u{E000}", "\u{378}", "\0"]
        {
            assert_eq!(trimmed(&format!("a{hidden}@b.co")), Err(ForbiddenCharacter), "{hidden:?}");
            assert_eq!(trimmed(&format!("a@b.co{hidden}")), Err(ForbiddenCharacter), "{hidden:?}");
        }
        assert_eq!(trimmed(" a\u{A0}b "), Ok("a\u{A0}b"));
    }

    #[test]
    fn debug_shows_the_masked_form_only() {
        let address = Address::parse("Jane.Doe@Example.com").unwrap();
        assert_eq!(format!("{address:?}"), "Address(J***@Example.com)");
    }

    #[test]
    fn malformed_parts_are_refused() {
        for text in ["@b.co", ".a@b.co", "a.@b.co", "a..b@b.co", "\u{301}a@b.co", "+\u{301}a@b.co"] {
            assert_eq!(both(text), Some(MalformedLocal), "{text:?}");
        }
        for text in [
            "a@",
            "a@b",
            "a@b.",
            "a@.b.co",
            "a@b..co",
            "a@-b.co",
            "a@b-.co",
            "a@b.co-",
            "a@b_c.co",
            "a@b!.co",
            "a@b.+co",
            "a@127.0.0.1",
            "a@b.2130706433",
            "a@\u{301}b.co",
        ] {
            assert_eq!(both(text), Some(MalformedDomain), "{text:?}");
        }
        assert_eq!(both(""), Some(Empty));
        assert_eq!(both(" \t\u{A0}"), Some(Empty));
    }

    #[test]
    fn lengths_are_bounded_in_bytes() {
        let local = |n: usize| format!("{}@b.co", "a".repeat(n));
        assert_eq!(both(&local(64)), None);
        assert_eq!(both(&local(65)), Some(TooLong));
        assert_eq!(both(&format!("{}@b.co", "é".repeat(33))), Some(TooLong), "66 bytes");
        assert_eq!(both(&format!("a@{}.co", "b".repeat(63))), None);
        assert_eq!(both(&format!("a@{}.co", "b".repeat(64))), Some(MalformedDomain));
        let whole =
            |n: usize| format!("a@{}", "b.".repeat(126)).chars().take(n - 1).chain(['c']).collect::<String>();
        assert_eq!(whole(254).len(), 254);
        assert_eq!(both(&whole(254)), None);
        let longer = format!("aa@{}", &whole(254)[2..]);
        assert_eq!(both(&longer), Some(TooLong));
        assert_eq!(
            both(&format!("{:1018}a@b.co", "")),
            None,
            "white space counts only towards what is looked at"
        );
        assert_eq!(both(&format!("{:1019}a@b.co", "")), Some(TooLong));
    }

    #[test]
    fn the_stored_form_is_checked_again() {
        let address = Address::parse("J.Doe@Example.com").unwrap();
        let bytes = postcard::to_allocvec(&address).unwrap();
        assert_eq!(bytes, postcard::to_allocvec("J.Doe@Example.com").unwrap(), "a plain text");
        assert_eq!(postcard::from_bytes::<Address>(&bytes).unwrap(), address);
        let forged = postcard::to_allocvec("a@a.com,v@v.com").unwrap();
        assert!(postcard::from_bytes::<Address>(&forged).is_err());
    }

    proptest! {
        /// R69, B096: whatever comes in, nothing that mail gives a meaning to comes out.
        #[test]
        fn whatever_is_accepted_is_one_clean_mailbox(text in "\\PC{0,40}|.{0,20}@.{0,20}|[a.@,<\r\n\u{200b} -]{0,2}[A-Za-z+]{1,4}@[a-z-]{1,4}\\.[a-z]{2}[\r\n,. ]{0,2}") {
            if let Ok(address) = Address::parse(&text) {
                prop_assert!(address.as_str().chars().all(is_allowed));
                prop_assert_eq!(address.as_str().matches('@').count(), 1);
                prop_assert!(address.as_str().len() <= Address::MAX_BYTES);
                prop_assert!(text.contains(address.as_str()), "kept byte for byte");
            }
        }
    }
}
