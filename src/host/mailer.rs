//! Where messages and events go.

use crate::{Envelope, Event};

/// A message that could not be queued.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the mailer failed: {0}")]
pub struct MailError(pub alloc::string::String);

/// Takes messages for delivery.
///
/// `send` queues; it does not wait for a mail server, or the time it takes would tell whether anybody gets mail. An
/// envelope that is [`suppressed`](Envelope::suppressed) goes the same way and is dropped at the end of it.
pub trait Mailer: Send + Sync {
    /// Queues a message.
    ///
    /// # Errors
    /// [`MailError`]. It becomes an event and changes no answer; the send stays charged.
    fn send(&self, envelope: &Envelope) -> Result<(), MailError>;
}

/// Takes events for the log.
pub trait Audit: Send + Sync {
    /// Records an event. It cannot fail: what cannot be logged is the log's concern, not the client's.
    fn record(&self, event: &Event);
}

/// An audit log that keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAudit;

impl Audit for NoAudit {
    fn record(&self, _: &Event) {}
}
