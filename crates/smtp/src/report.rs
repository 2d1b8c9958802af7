//! What became of messages, for metrics and logs.

use std::fmt;
use std::time::Duration;

/// Why a message could not be delivered, without anything of the message: a server's own words often repeat the address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Why {
    /// The server answered with this code.
    Answer(u16),
    /// There was no connection, or it ended.
    Connection,
    /// It took too long.
    Timeout,
    /// The connection could not be encrypted, or its certificate is not trusted.
    Tls,
    /// Encryption is required, and the server does not offer it. So would somebody on the way answer who wants to read.
    NoStartTls,
    /// There is a password, and the server offers no way to show it that is known here.
    NoAuthentication,
    /// The address has letters beyond ASCII before its `@`, and the server does not take them (RFC 6531).
    NeedsSmtpUtf8,
    /// The server does not speak as it should.
    Protocol,
    /// A file or stream failed.
    Io(std::io::ErrorKind),
    /// The clock failed, so that nobody knows whether it is too late.
    Clock,
    /// The transport panicked.
    Panic,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Answer(code) => return write!(f, "the server answered {code}"),
            Self::Io(kind) => return kind.fmt(f),
            Self::Connection => "no connection",
            Self::Timeout => "it took too long",
            Self::Tls => "the connection could not be encrypted",
            Self::NoStartTls => "the server does not offer STARTTLS",
            Self::NoAuthentication => "the server offers no authentication that is known here",
            Self::NeedsSmtpUtf8 => "the address needs SMTPUTF8, which the server does not offer",
            Self::Protocol => "the server does not keep to the protocol",
            Self::Clock => "the clock failed",
            Self::Panic => "the transport panicked",
        };
        f.write_str(text)
    }
}

/// A try that failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Whether another try would fail in the same way.
    pub permanent: bool,
    /// Why.
    pub why: Why,
}

impl Failure {
    /// Another try may succeed.
    #[must_use]
    pub const fn transient(why: Why) -> Self {
        Self { permanent: false, why }
    }

    /// Another try would fail too.
    #[must_use]
    pub const fn permanent(why: Why) -> Self {
        Self { permanent: true, why }
    }
}

/// Why no more tries are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// Its code, or else its link, has ended. What is of no use any more is not delivered.
    Expired,
    /// It failed in a way that lasts.
    Refused,
    /// It failed too often.
    GivenUp,
}

impl Reason {
    /// A stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Refused => "refused",
            Self::GivenUp => "given_up",
        }
    }
}

/// What became of a message. The kind is its [name](countersign::MessageKind::name); there is no address in it and no code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Report {
    /// The server has taken it.
    Sent {
        /// The kind of message.
        kind: &'static str,
        /// How many tries it took.
        tries: u32,
    },
    /// It will be tried again.
    Deferred {
        /// The kind of message.
        kind: &'static str,
        /// How many tries there were.
        tries: u32,
        /// Why the last one failed.
        why: Why,
        /// When the next one is.
        wait: Duration,
    },
    /// It will not be delivered.
    Dropped {
        /// The kind of message.
        kind: &'static str,
        /// How many tries there were.
        tries: u32,
        /// Why no more are made.
        reason: Reason,
        /// Why the last one failed, if there was one.
        why: Option<Why>,
    },
    /// A template of the host's failed, and what is shipped went out in its place.
    TemplateFailed {
        /// The kind of message.
        kind: &'static str,
    },
}

/// Takes reports. Called from the tasks of the queue: it must not block. Messages that are
/// [`suppressed`](countersign::Envelope::suppressed) have none.
pub trait Reports: Send + Sync {
    /// Takes one.
    fn note(&self, report: Report);
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoReports;

impl Reports for NoReports {
    fn note(&self, _: Report) {}
}
