//! Events into the log and, with `--dev`, to look at.

use std::collections::VecDeque;
use std::sync::Mutex;

use countersign::host::Audit;
use countersign::{AccountId, Event, EventKind, EventValue, Severity};
use countersign_axum::whole_seconds;
use serde_json::{Map, Value, json};

/// Writes every event as one structured line: a stable name, how much it matters, the pseudonym of whom it is about, its fields.
///
/// There is nothing secret in an event, and no address: see [`Event`]. What matters much is a warning, the rest information: an event is never an error of
/// this server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogAudit;

impl Audit for LogAudit {
    fn record(&self, event: &Event) {
        let told = Value::Object(fields(&event.kind));
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    event = event.kind.name(),
                    severity = event.kind.severity().name(),
                    at = %event.at,
                    subject = %event.subject,
                    account = event.account.as_ref().map(AccountId::as_str),
                    fields = %told,
                )
            };
        }
        match event.kind.severity() {
            Severity::Info | Severity::Notice => line!(info),
            Severity::Warning | Severity::Alert => line!(warn),
        }
    }
}

/// The fields of an event, as JSON.
fn fields(kind: &EventKind) -> Map<String, Value> {
    let value = |value: &EventValue| match value {
        EventValue::Name(name) => json!(name),
        EventValue::Number(number) => json!(number),
        EventValue::Flag(flag) => json!(flag),
        EventValue::Time(time) => json!(whole_seconds(*time)),
        other => json!(other.to_string()),
    };
    kind.fields().iter().map(|(name, it)| ((*name).to_owned(), value(it))).collect()
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
    let mut shown = fields(&event.kind);
    for (name, value) in [
        ("n", json!(n)),
        ("at", json!(whole_seconds(event.at))),
        ("event", json!(event.kind.name())),
        ("severity", json!(event.kind.severity().name())),
        ("account", json!(event.account.as_ref().map(AccountId::as_str))),
        ("subject", json!(event.subject.to_string())),
    ] {
        shown.insert(name.to_owned(), value);
    }
    Value::Object(shown)
}

impl Audit for RecentEvents {
    fn record(&self, event: &Event) {
        LogAudit.record(event);
        self.keep(event);
    }
}
