//! From an envelope to a message in mail format.

use std::fmt;
use std::time::{Duration, SystemTime};

use countersign::{Envelope, Timestamp};
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox as Named, MultiPart, SinglePart};
use zeroize::Zeroizing;

use crate::facts::Matter;
use crate::sender::Mailbox;
use crate::templates::Templates;
use crate::{Links, Sender, TemplateError};

/// Makes messages: who they come from, where their links lead, what they say.
///
/// The header of a message is `From`, `To`, `Subject`, `Date`, `Message-ID`, `Auto-Submitted`, `MIME-Version` and `Content-Type`,
/// each once, and nothing else; the body is plain text and the same as HTML. What an attacker gains if anything that he chose could
/// end a line there: other recipients, another text, in the name of the host.
#[derive(Debug)]
pub struct Renderer {
    sender: Sender,
    links: Links,
    templates: Templates,
}

/// A message that could not be made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The domain of the address has no form in ASCII, so that no server can be found for it.
    #[error("the domain of the address is none that can be looked up")]
    Domain,
    /// What is shipped failed: a defect.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The message could not be put together: a defect.
    #[error("the message could not be put together")]
    Format,
}

/// A message, ready to deliver. Holds a code: `Debug` shows its kind only, and what it holds is wiped.
pub struct Rendered {
    pub(crate) kind: &'static str,
    pub(crate) from: Mailbox,
    pub(crate) to: Mailbox,
    to_text: Zeroizing<String>,
    subject: Zeroizing<String>,
    text: Zeroizing<String>,
    mail: Zeroizing<Vec<u8>>,
    issued_at: Timestamp,
    expires_at: Option<Timestamp>,
    pub(crate) suppressed: bool,
    pub(crate) fell_back: bool,
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Rendered {
    /// The kind of message.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.kind
    }

    /// The address, as the account has it.
    #[must_use]
    pub fn to(&self) -> &str {
        &self.to_text
    }

    /// The subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The plain text, which holds the code.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The whole message as RFC 5322 has it, with plain text and HTML.
    #[must_use]
    pub fn mail(&self) -> &[u8] {
        &self.mail
    }

    /// When it was caused.
    #[must_use]
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// From when on it is of no use: when its code ends, or its link if it has no code.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// How much room it takes, about.
    pub(crate) fn size(&self) -> usize {
        let own = size_of::<Self>().saturating_add(256);
        [self.mail.len(), self.text.len(), self.subject.len(), self.to_text.len()]
            .into_iter()
            .fold(own, usize::saturating_add)
    }
}

/// `Auto-Submitted: auto-generated` (RFC 3834): no holiday notice answers.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

impl Renderer {
    /// Makes messages from this sender, with these links and words.
    #[must_use]
    pub const fn new(sender: Sender, links: Links, templates: Templates) -> Self {
        Self { sender, links, templates }
    }

    /// Makes the message of an envelope. It depends on nothing but the envelope and `id`, which should be random, and is done in the
    /// same way whether or not the envelope is suppressed.
    ///
    /// # Errors
    /// [`RenderError`].
    pub fn render(&self, envelope: &Envelope, id: [u8; 16]) -> Result<Rendered, RenderError> {
        let to = Mailbox::of(&envelope.to).ok_or(RenderError::Domain)?;
        let matter = Matter::of(envelope, &self.links);
        let locale = envelope.locale.as_ref().map(|locale| locale.as_str());
        let written = self.templates.write(&matter, locale)?;
        let id = format!("{:032x}", u128::from_be_bytes(id));
        let named =
            |mailbox: &Mailbox, name: Option<&str>| Named::new(name.map(Into::into), mailbox.0.clone());
        let mail = lettre::Message::builder()
            .from(named(&self.sender.mailbox, self.sender.name()))
            .to(named(&to, None))
            .subject(written.subject.as_str())
            .date(mail_date(envelope.issued_at))
            .message_id(Some(format!("<{id}@{}>", self.sender.domain())))
            .header(AutoSubmitted)
            .multipart(
                // What no quoted-printable text holds is the beginning of the boundary (RFC 2045 §6.7).
                MultiPart::alternative()
                    .boundary(format!("=_{id}"))
                    .singlepart(part(ContentType::TEXT_PLAIN, written.text.clone())?)
                    .singlepart(part(ContentType::TEXT_HTML, written.html)?),
            )
            .map_err(|_| RenderError::Format)?;
        Ok(Rendered {
            kind: envelope.kind.name(),
            from: self.sender.mailbox.clone(),
            to,
            to_text: Zeroizing::new(envelope.to.as_str().into()),
            subject: Zeroizing::new(written.subject),
            text: Zeroizing::new(written.text),
            mail: Zeroizing::new(mail.formatted()),
            issued_at: envelope.issued_at,
            expires_at: match envelope.code {
                Some(_) => envelope.expires_at,
                None => envelope.link_expires_at,
            },
            suppressed: envelope.suppressed,
            fell_back: written.fell_back,
        })
    }
}

/// Everything as quoted-printable: whatever the text, what goes out is ASCII in short lines, and no line of it is a header.
fn part(of: ContentType, text: String) -> Result<SinglePart, RenderError> {
    let body = Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable);
    Ok(SinglePart::builder().header(of).body(body.map_err(|_| RenderError::Format)?))
}

/// From 1970 to the end of 9999, beyond which mail has no dates.
fn mail_date(at: Timestamp) -> SystemTime {
    const LAST: u64 = 253_402_300_799;
    let seconds = u64::try_from(at.unix_seconds()).unwrap_or(0).min(LAST);
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(SystemTime::UNIX_EPOCH)
}
