//! Mail for [`countersign`]: messages in English and Dutch or in the host's own words, a bounded queue, and SMTP.
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
