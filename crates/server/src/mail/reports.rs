//! What became of messages, in the log and counted: the kind, never whom it was for or what it says.

use countersign_smtp::{Report, Reports};
use metrics::counter;

/// Tells the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogReports;

impl Reports for LogReports {
    fn note(&self, report: Report) {
        let (told, kind) = match report {
            Report::Sent { kind, .. } => ("sent", kind),
            Report::Deferred { kind, tries, why, wait } => {
                let seconds = wait.as_secs();
                tracing::warn!(event = "mail.deferred", kind, tries, seconds, %why);
                ("deferred", kind)
            }
            Report::Dropped { kind, tries, reason, why } => {
                let why = why.map(|why| why.to_string());
                tracing::error!(event = "mail.undelivered", kind, tries, reason = reason.name(), why);
                (reason.name(), kind)
            }
            Report::TemplateFailed { kind } => {
                tracing::error!(event = "mail.template_failed", kind, "what is shipped was sent instead");
                ("template_failed", kind)
            }
            _ => return,
        };
        counter!("countersign_mail_total", "outcome" => told, "kind" => kind).increment(1);
    }
}
