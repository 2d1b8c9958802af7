//! To a mail server.

mod url;

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::{ClientId, Extension};
use tokio::time::timeout;

use crate::{Failure, Rendered, Sender, Transport, Why};

pub use url::{Security, SmtpUrl, UrlError};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(20);

/// How long a server is given to say goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

/// What a password is shown by: over an encrypted connection all that is needed.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// Delivers to a mail server by SMTP, each message over a connection of its own.
///
/// No connection is used twice: one on which a try was given up would answer the next message with what it had to say to the last.
///
/// Domains beyond ASCII go out in their ASCII form, which every server takes. Letters beyond ASCII before the `@` need a server that
/// knows SMTPUTF8 (RFC 6531), and fail for good with [`Why::NeedsSmtpUtf8`] at any other. Address literals such as `jo@[192.0.2.1]`
/// do not come here: [`Address`](countersign::Address) has none.
///
/// What an attacker who stands between here and the server gains if encryption were not required: the codes.
pub struct SmtpTransport {
    url: SmtpUrl,
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    hello: ClientId,
}

/// A transport that cannot be set up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetUpError {
    /// The certificates that the system trusts could not be loaded, or the host's name is none that a certificate can have.
    #[error("encryption could not be set up for the host of the mail server")]
    Tls,
}

impl fmt::Debug for SmtpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpTransport").field("url", &self.url).finish_non_exhaustive()
    }
}

impl SmtpTransport {
    /// Gets ready to deliver to a server, which is greeted with the domain of the sender. Nothing is connected yet.
    ///
    /// # Errors
    /// [`SetUpError`].
    pub fn new(url: SmtpUrl, sender: &Sender) -> Result<Self, SetUpError> {
        let tls = match url.security() {
            Security::None => None,
            _ => Some(TlsParameters::new(url.host().into()).map_err(|_| SetUpError::Tls)?),
        };
        let credentials = url.credentials.as_ref();
        let credentials = credentials.map(|(user, word)| Credentials::new(user.clone(), word.to_string()));
        Ok(Self { tls, credentials, hello: ClientId::Domain(sender.domain().into()), url })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let implicit = self.tls.clone().filter(|_| self.url.security() == Security::Implicit);
        let server = (self.url.host(), self.url.port());
        let connecting =
            AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT), &self.hello, implicit, None);
        let mut connection = connecting.await.map_err(|why| failure(&why))?;
        let start = match self.url.security() {
            Security::Implicit | Security::None => None,
            Security::Required if !connection.can_starttls() => {
                return Err(Failure::transient(Why::NoStartTls));
            }
            Security::Required => self.tls.clone(),
            Security::Opportunistic => self.tls.clone().filter(|_| connection.can_starttls()),
        };
        if let Some(tls) = start {
            connection.starttls(tls, &self.hello).await.map_err(|why| failure(&why))?;
        }
        if let Some(credentials) = &self.credentials {
            if connection.server_info().get_auth_mechanism(&MECHANISMS).is_none() {
                return Err(Failure::transient(Why::NoAuthentication));
            }
            connection.auth(&MECHANISMS, credentials).await.map_err(|why| failure(&why))?;
        }
        Ok(connection)
    }
}

impl Transport for SmtpTransport {
    async fn deliver(&self, message: &Arc<Rendered>) -> Result<(), Failure> {
        let mut connection = self.connect().await?;
        let knows = |extension| connection.server_info().supports_feature(extension);
        let any_letter = knows(Extension::SmtpUtfEight) && knows(Extension::EightBitMime);
        if !message.to.is_ascii() && !any_letter {
            goodbye(connection);
            return Err(Failure::permanent(Why::NeedsSmtpUtf8));
        }
        let (from, to) = (message.from.0.clone(), message.to.0.clone());
        let envelope = Envelope::new(Some(from), vec![to]).map_err(|_| Failure::permanent(Why::Protocol))?;
        connection.send(&envelope, message.mail()).await.map_err(|why| failure(&why))?;
        goodbye(connection);
        Ok(())
    }
}

/// Ends a connection politely, in its own time: whatever comes of it, the message is delivered.
fn goodbye(mut connection: AsyncSmtpConnection) {
    tokio::spawn(async move {
        let _ = timeout(GOODBYE, connection.quit()).await;
    });
}

/// What an error means for the message. Only what the server says of it, by a code that begins with 5, lasts.
fn failure(why: &Error) -> Failure {
    match why.status() {
        Some(code) if why.is_permanent() => Failure::permanent(Why::Answer(code.into())),
        Some(code) => Failure::transient(Why::Answer(code.into())),
        None if why.is_timeout() => Failure::transient(Why::Timeout),
        None if why.is_tls() || is_handshake(why) => Failure::transient(Why::Tls),
        None if why.is_response() || why.is_client() => Failure::transient(Why::Protocol),
        None => Failure::transient(Why::Connection),
    }
}

/// Whether the server's side of the encryption, or its certificate, was not accepted: rustls says so as invalid data.
fn is_handshake(why: &Error) -> bool {
    let mut source = why.source();
    while let Some(why) = source {
        if why
            .downcast_ref()
            .is_some_and(|why: &std::io::Error| why.kind() == std::io::ErrorKind::InvalidData)
        {
            return true;
        }
        source = why.source();
    }
    false
}
