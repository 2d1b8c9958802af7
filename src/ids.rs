//! Names that the host brings along: of accounts, clients, actions; and what it wants kept with a sign-up.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A text or value from the host that is empty, too long or has characters it must not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what} must be {rule}")]
pub struct InvalidId {
    /// What was refused.
    pub what: &'static str,
    /// What it must be.
    pub rule: &'static str,
}

/// Declares a bounded, printable text with one meaning.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "alloc::string::String", into = "alloc::string::String")]
        pub struct $name(Box<str>);

        impl $name {
            /// The longest text taken, in bytes.
            pub const MAX_BYTES: usize = $max;

            /// Takes the text.
            ///
            /// # Errors
            /// [`InvalidId`] if it is empty, too long or holds anything but printable ASCII without spaces.
            pub fn new(text: &str) -> Result<Self, InvalidId> {
                let printable = text.bytes().all(|b| b.is_ascii_graphic());
                if text.is_empty() || text.len() > Self::MAX_BYTES || !printable {
                    let rule = concat!("1 to ", $max, " printable ASCII characters without spaces");
                    return Err(InvalidId { what: $what, rule });
                }
                Ok(Self(Box::from(text)))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), &self.0)
            }
        }

        impl TryFrom<alloc::string::String> for $name {
            type Error = InvalidId;
            fn try_from(text: alloc::string::String) -> Result<Self, InvalidId> {
                Self::new(&text)
            }
        }

        impl From<$name> for alloc::string::String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }
    };
}

text_id! {
    /// The host's name for an account, never used for another one, not even after the account is gone.
    ///
    /// A reused id would hand the records of the old account (sessions, factors) to the new one.
    ///
    /// ```
    /// use countersign::AccountId;
    /// assert!(AccountId::new("5f0c3b6e").is_ok());
    /// assert!(AccountId::new("two words").is_err());
    /// ```
    AccountId, "an account id", 64
}

text_id! {
    /// What a signed-in person is asked to confirm, such as `transfer:8841` or a digest of it.
    ///
    /// A code for one action is worth nothing for another (law 5), so put in whatever the person was shown.
    ///
    /// ```
    /// assert!(countersign::Action::new("delete-project:42").is_ok());
    /// ```
    Action, "an action", 64
}

text_id! {
    /// The language a message is wanted in, as a BCP 47 tag such as `nl-NL`. Handed to the mailer as it is.
    ///
    /// ```
    /// assert!(countersign::Locale::new("pt-BR").is_ok());
    /// ```
    Locale, "a locale", 35
}

/// What the host wants to know of a person who signs up, kept with the pending sign-up and handed to
/// [`Directory::create`](crate::host::Directory::create) once the address is proven. Opaque to the core, stored sealed.
///
/// ```
/// use countersign::Profile;
/// let profile = Profile::new(br#"{"name":"John"}"#.to_vec())?;
/// assert_eq!(format!("{profile:?}"), "Profile(15 bytes)");
/// # Ok::<(), countersign::InvalidId>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile(Vec<u8>);

impl Profile {
    /// The most bytes taken.
    pub const MAX_BYTES: usize = 2048;

    /// Takes the bytes, whatever they mean to the host.
    ///
    /// # Errors
    /// [`InvalidId`] over [`Profile::MAX_BYTES`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, InvalidId> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(InvalidId { what: "a profile", rule: "at most 2048 bytes" });
        }
        Ok(Self(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Profile({} bytes)", self.0.len())
    }
}

/// What a client calls itself, for the list of signed-in sessions: the browser's or device's name.
///
/// It comes from the client and proves nothing. It is cleaned rather than refused: control characters become spaces, what
/// is longer than [`Label::MAX_BYTES`] is cut.
///
/// ```
/// use countersign::Label;
/// assert_eq!(Label::new("Firefox\non Linux").as_str(), "Firefox on Linux");
/// assert_eq!(Label::new(&"x".repeat(500)).as_str().len(), Label::MAX_BYTES);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Label(Box<str>);

impl Label {
    /// The longest label kept, in bytes.
    pub const MAX_BYTES: usize = 48;

    /// Takes what the client says.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut kept = alloc::string::String::new();
        for c in text.trim().chars() {
            let c = if c.is_control() { ' ' } else { c };
            if kept.len().saturating_add(c.len_utf8()) > Self::MAX_BYTES {
                break;
            }
            kept.push(c);
        }
        Self(kept.into_boxed_str())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who sends a request, as far as the host can tell: the unit of "requests per client".
///
/// It comes from the host's own view of the connection. A value that the client itself can choose, such as a
/// forwarded header that no trusted proxy wrote, would give everybody a fresh allowance at will (B023); no limit
/// per identifier or account ever depends on it (R13).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Client(Option<Vec<u8>>);

/// What a client is named by.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    V4,
    V6,
    Name,
}

impl Client {
    /// The client at an address. IPv4 addresses written as IPv6 count as IPv4, and one IPv6 network of 64 bits is one client, since
    /// whoever has one address of it usually has them all (B026).
    ///
    /// ```
    /// use countersign::Client;
    /// let a = Client::ip("2001:db8::1".parse().unwrap());
    /// assert_eq!(a, Client::ip("2001:db8::ffff:2".parse().unwrap()));
    /// assert_eq!(Client::ip("::ffff:10.0.0.1".parse().unwrap()), Client::ip("10.0.0.1".parse().unwrap()));
    /// ```
    #[must_use]
    pub fn ip(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::of(Kind::V4, &v4.octets()),
            IpAddr::V6(v6) => Self::of(Kind::V6, v6.octets().split_at(8).0),
        }
    }

    /// A client that the host names in another way (a device, a tenant, a mutual-TLS identity).
    #[must_use]
    pub fn named(name: &[u8]) -> Self {
        Self::of(Kind::Name, name)
    }

    /// The kind and the length come first, so that no client of one kind, at whatever endpoint, is one of another.
    fn of(kind: Kind, name: &[u8]) -> Self {
        let length = u64::try_from(name.len()).unwrap_or(u64::MAX).to_be_bytes();
        Self(Some([&[kind as u8][..], &length, name].concat()))
    }

    /// The same client at one of the host's doors, metered apart from the others.
    ///
    /// Operations are metered apart as it is; this is for a host that has several endpoints for one operation, and promises each
    /// of them its own allowance. What a policy's [`price`](crate::Policy::price) says of one client then holds for each door.
    ///
    /// ```
    /// use countersign::Client;
    /// let client = Client::ip("192.0.2.1".parse().unwrap());
    /// assert_ne!(client.at("POST /login"), client.at("POST /authenticate"));
    /// assert_eq!(Client::unmetered().at("POST /login"), Client::unmetered());
    /// ```
    #[must_use]
    pub fn at(&self, door: &str) -> Self {
        Self(self.0.as_ref().map(|bytes| {
            let length = u64::try_from(door.len()).unwrap_or(u64::MAX).to_be_bytes();
            [bytes, &length[..], door.as_bytes()].concat()
        }))
    }

    /// No client: the host meters requests itself, or this is the host's own request. The limits per client are off.
    #[must_use]
    pub const fn unmetered() -> Self {
        Self(None)
    }

    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Client(…)" } else { "Client(unmetered)" })
    }
}
