//! Events into the log and, with `--dev`, to look at.

use std::collections::VecDeque;
use std::sync::Mutex;

use countersign::host::Audit;
use countersign::{AccountId, Event};
use serde_json::{Value, json};

use crate::mail::whole_seconds;

/// Writes every event as one structured line: a stable name, the pseudonym of whom it is about, the details.
///
/// There is nothing secret in an event, and no address: see [`Event`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogAudit;

impl Audit for LogAudit {
    fn record(&self, event: &Event) {
        tracing::info!(
            event = event.kind.name(),
            at = %event.at,
            subject = %event.subject,
            account = event.account.as_ref().map(AccountId::as_str),
            detail = ?event.kind,
        );
    }
}

/// The log, and the newest events besides.
#[derive(Default, Debug)]
pub(crate) struct RecentEvents(Mutex<Kept>);

/// How many events are kept.
const MOST: usize = 200;

#[derive(Default, Debug)]
struct Kept {
    events: VecDeque<(u64, Value)>,
    count: u64,
}

impl RecentEvents {
    /// The events after the one with this number, the newest last. Numbers run from 1, and go on when events are dropped.
    pub(crate) fn after(&self, n: u64) -> Vec<Value> {
        let Ok(kept) = self.0.lock() else { return Vec::new() };
        kept.events.iter().filter(|(number, _)| *number > n).map(|(_, shown)| shown.clone()).collect()
    }

    /// Kept before the answer is told, so that who has the answer finds the event.
    fn keep(&self, event: &Event) -> Option<()> {
        let mut kept = self.0.lock().ok()?;
        kept.count = kept.count.saturating_add(1);
        let n = kept.count;
        kept.events.push_back((n, shown(n, event)));
        if kept.events.len() > MOST {
            kept.events.pop_front();
        }
        Some(())
    }
}

fn shown(n: u64, event: &Event) -> Value {
    json!({
        "n": n,
        "at": whole_seconds(event.at),
        "event": event.kind.name(),
        "account": event.account.as_ref().map(AccountId::as_str),
        "subject": event.subject.to_string(),
        "detail": format!("{:?}", event.kind),
    })
}

impl Audit for RecentEvents {
    fn record(&self, event: &Event) {
        LogAudit.record(event);
        self.keep(event);
    }
}
