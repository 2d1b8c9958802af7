//! The inbox of `--dev`: what was mailed, to look at.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use countersign::host::{MailError, Mailer};
use countersign::{Address, Envelope};
use countersign_axum::whole_seconds;
use countersign_smtp::{Links, MailQueue};
use serde_json::{Value, json};

/// A mailer that also shows what it sends. Keeps the newest messages only. It holds codes: no `Debug`.
pub(crate) struct Inbox {
    queue: Arc<MailQueue>,
    links: Links,
    kept: Mutex<Kept>,
}

/// How many messages are kept.
const MOST: usize = 5_000;

#[derive(Default)]
struct Kept {
    messages: VecDeque<(Address, Value)>,
    count: u64,
}

impl Inbox {
    /// An empty inbox in front of the queue.
    pub(crate) fn new(queue: Arc<MailQueue>, links: Links) -> Self {
        Self { queue, links, kept: Mutex::default() }
    }

    /// The messages to an address, or to everybody; the newest last.
    pub(crate) fn messages(&self, to: Option<&Address>) -> Vec<Value> {
        let kept = self.kept.lock().map(|kept| kept.messages.clone()).unwrap_or_default();
        kept.into_iter()
            .filter(|(address, _)| to.is_none_or(|to| to == address))
            .map(|(_, shown)| shown)
            .collect()
    }

    /// Kept before the answer is told, so that who has the answer finds the message.
    fn keep(&self, envelope: &Envelope) -> Option<()> {
        let mut kept = self.kept.lock().ok()?;
        kept.count = kept.count.saturating_add(1);
        let shown = json!({
            "id": kept.count.to_string(),
            "to": envelope.to.as_str(),
            "kind": envelope.kind.name(),
            "code": envelope.code.as_ref().map(|code| code.expose()),
            "link": self.links.link(envelope),
            "sent_at": whole_seconds(envelope.issued_at),
            "expires_at": envelope.expires_at.or(envelope.link_expires_at).map(whole_seconds),
        });
        kept.messages.push_back((envelope.to.clone(), shown));
        if kept.messages.len() > MOST {
            kept.messages.pop_front();
        }
        Some(())
    }
}

impl Mailer for Inbox {
    fn send(&self, envelope: &Envelope) -> Result<(), MailError> {
        if !envelope.suppressed {
            self.keep(envelope);
        }
        self.queue.send(envelope)
    }
}
