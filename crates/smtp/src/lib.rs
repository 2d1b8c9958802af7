//! Mail for [`countersign`]: messages in English and Dutch or in the host's own words, a bounded queue, and SMTP.
//!
//! ```text
//! Mailer::send ─► Renderer (Sender, Links, Templates) ─► MailQueue ─► Transport ─► mail server
//!                                                            └─► Reports: metrics, logs
//! ```
//!
//! ```no_run
//! use countersign_smtp::{
//!     Links, MailQueue, Means, Pages, QueueSettings, Renderer, Sender, SmtpTransport, Templates,
//! };
//!
//! # async fn show() -> Result<(), Box<dyn std::error::Error>> {
//! let sender = Sender::parse("Example <no-reply@example.com>")?;
//! let server = SmtpTransport::new("smtps://mailer:s3cret@mail.example.com".parse()?, &sender)?;
//! let links = Links::new("https://example.com", Pages::default())?;
//! let renderer = Renderer::new(sender, links, Templates::shipped()?);
//! let queue = MailQueue::start(QueueSettings::default(), renderer, server, Means::default())?;
//! // It is the `mailer` of a `Sentry` or `AsyncSentry`. When the host stops:
//! let left = queue.drain(std::time::Duration::from_secs(10)).await;
//! println!("{} messages were not delivered", left.0.len());
//! # Ok(()) }
//! ```
//!
//! # What is guaranteed
//!
//! * **`send` tells nothing.** It renders and queues, in the same way for everybody; a suppressed envelope goes the same way and is
//!   dropped at its end. How slow the mail server is does not show.
//! * **Memory is bounded**, by count and by bytes. When it is full, `send` fails, which the core makes an event of and nobody's
//!   answer.
//! * **A code that has ended is never delivered**, nor tried.
//! * **No value ends a line.** A message has the same eight fields in its head, whatever is in the envelope, the sender's name or a
//!   template; what is put into HTML is escaped.
//! * **Nothing is said in the clear** unless that was asked for; a password never.
//! * **Nobody's address and no code is in a report, an error or a `Debug`.** A server's own words are left out: they often repeat the
//!   address.
//!
//! What is not: that a message is delivered. It waits in memory, and is gone with the process; the person asks for another. A message
//! may come twice, under one `Message-ID`, when a connection ends between its last byte and the server's answer.

#![forbid(unsafe_code)]

mod check;
mod facts;
mod links;
mod message;
mod overrides;
mod queue;
mod random;
mod report;
mod sender;
mod smtp;
mod templates;
mod words;

pub use links::{LinkError, Links, Pages};
pub use message::{RenderError, Rendered, Renderer};
pub use overrides::{Overrides, Part};
pub use queue::{LeftOver, MailQueue, Means, NoRuntime, QueueSettings, Retry, Transport};
pub use random::{OsRandomness, Randomness, RandomnessError};
pub use report::{Failure, NoReports, Reason, Report, Reports, Why};
pub use sender::{Sender, SenderError};
pub use smtp::{Security, SetUpError, SmtpTransport, SmtpUrl, UrlError};
pub use templates::{TemplateError, Templates};
