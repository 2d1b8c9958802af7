//! Mail: queued at once, written later.
//!
//! ```text
//! Mailer::send ─► bounded queue ─► postman (a thread): render ─► deliver, or drop what is suppressed
//! ```

mod deliver;
mod inbox;
mod render;
mod words;

use countersign::Envelope;
use countersign::host::{MailError, Mailer};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

pub(crate) use deliver::Delivery;
pub(crate) use inbox::Inbox;
pub(crate) use render::link;

/// How many messages may wait. They are short; more would mean that the delivery has stopped.
const WAITING: usize = 1024;

/// The near end of the queue.
#[derive(Debug)]
pub(crate) struct QueueMailer(mpsc::Sender<Envelope>);

impl Mailer for QueueMailer {
    /// Returns at once, whoever the message is for and whether or not anybody gets it.
    fn send(&self, envelope: &Envelope) -> Result<(), MailError> {
        self.0.try_send(envelope.clone()).map_err(|why| match why {
            mpsc::error::TrySendError::Full(_) => MailError("the queue is full".into()),
            mpsc::error::TrySendError::Closed(_) => MailError("the queue has ended".into()),
        })
    }
}

/// A queue in front of a delivery. The task ends when every mailer is gone and the queue is empty.
pub(crate) fn queue(base_url: String, mut delivery: Delivery) -> (QueueMailer, JoinHandle<()>) {
    let (mailer, mut waiting) = mpsc::channel::<Envelope>(WAITING);
    let postman = spawn_blocking(move || {
        while let Some(envelope) = waiting.blocking_recv() {
            let message = render::render(&envelope, &base_url);
            if envelope.suppressed {
                continue;
            }
            if let Err(why) = delivery.deliver(&message) {
                // Nothing of the message: not whose it is, not what it says.
                tracing::error!(event = "mail.undelivered", kind = envelope.kind.name(), %why);
            }
        }
    });
    (QueueMailer(mailer), postman)
}
