//! Mail: the words, the queue and the mail server are `countersign-smtp`'s; here is where it goes and what is told of it.

mod deliver;
mod inbox;
mod options;
mod reports;

use std::sync::Arc;

use countersign::Timestamp;
use countersign::host::{Clock, ManualClock, SystemClock};
use countersign_smtp::{
    Links, MailQueue, Means, OsRandomness, Overrides, Pages, QueueSettings, Renderer, Templates,
};

use self::deliver::Delivery;
use self::reports::LogReports;

pub(crate) use self::inbox::Inbox;
pub(crate) use self::options::{Mail, MailOptions, checked_base};

/// Where links lead: to pages of this server, each of which sends the token once somebody presses its button.
///
/// # Errors
/// If no link can begin with the base.
pub(crate) fn links(base_url: &str) -> Result<Links, String> {
    let pages = Pages {
        sign_up: "auth/register/link".into(),
        sign_in: "v1/magic-link".into(),
        recovery: "v1/forgot-password".into(),
        cancel: "v1/two-factor/recover/cancel".into(),
    };
    Links::new(base_url, pages).map_err(|why| format!("{base_url:?} is {why}"))
}

/// Starts the queue; messages for which no language is known are in `language`. With `dev` there is no hurry: its clock is moved about, and what waits is not to die of it.
///
/// # Errors
/// Why mail cannot go there.
pub(crate) fn start(mail: Mail, links: Links, language: &str, dev: bool) -> Result<MailQueue, String> {
    let Mail { url, from, templates } = mail;
    let overrides = match &templates {
        Some(directory) => Overrides::new().with_directory(directory),
        None => Ok(Overrides::new()),
    };
    let templates = overrides.and_then(|overrides| Templates::new(language, overrides));
    let templates = templates.map_err(|why| format!("--mail-templates: {why}"))?;
    let delivery = Delivery::open(url, &from)?;
    let clock: Arc<dyn Clock> =
        if dev { Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH)) } else { Arc::new(SystemClock) };
    let means = Means { clock, randomness: Arc::new(OsRandomness), reports: Arc::new(LogReports) };
    let settings = QueueSettings { at_once: delivery.at_once(), ..QueueSettings::default() };
    let renderer = Renderer::new(from, links, templates);
    MailQueue::start(settings, renderer, delivery, means).map_err(|why| why.to_string())
}
