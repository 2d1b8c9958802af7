//! Events into the log.

use countersign::host::Audit;
use countersign::{AccountId, Event};

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
