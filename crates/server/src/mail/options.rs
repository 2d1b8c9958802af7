//! Where mail goes, from flags and the environment.

use std::path::PathBuf;

use clap::Args;
use countersign_smtp::{Sender, SmtpUrl};

/// The flags of mail.
#[derive(Args, Debug)]
pub(crate) struct MailOptions {
    /// Where mail goes: console: prints it, dir:PATH writes one file a message, smtps://USER:PASSWORD@HOST or smtp://… sends it
    #[arg(
        long,
        value_name = "URL",
        env = "COUNTERSIGN_MAIL",
        default_value = "console:",
        hide_env_values = true
    )]
    mail: String,
    /// Whom mail is from, as in "Example <no-reply@example.com>"; needed with a mail server
    #[arg(long, value_name = "SENDER", env = "COUNTERSIGN_MAIL_FROM")]
    mail_from: Option<String>,
    /// Directory with templates in place of those that are shipped: KIND.LANGUAGE.subject, .txt and .html
    #[arg(long, value_name = "DIR", env = "COUNTERSIGN_MAIL_TEMPLATES")]
    mail_templates: Option<PathBuf>,
}

/// Where mail goes, checked.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(super) url: MailUrl,
    pub(super) from: Sender,
    pub(super) templates: Option<PathBuf>,
}

/// The place.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum MailUrl {
    /// Standard output.
    Console,
    /// A directory, one file a message.
    Directory(PathBuf),
    /// A mail server.
    Smtp(SmtpUrl),
}

/// Whom mail is from that goes nowhere: no domain ends in this (RFC 2606).
const NOBODY: &str = "countersign <no-reply@countersign.invalid>";

impl TryFrom<MailOptions> for Mail {
    type Error = String;

    fn try_from(options: MailOptions) -> Result<Self, String> {
        let MailOptions { mail, mail_from, mail_templates: templates } = options;
        let url = mail_url(&mail).map_err(|why| format!("--mail: {why}"))?;
        let from = match (&url, mail_from) {
            (_, Some(from)) => from,
            (MailUrl::Smtp(_), None) => return Err("--mail-from: needed with a mail server".into()),
            (_, None) => NOBODY.into(),
        };
        let from = Sender::parse(&from).map_err(|why| format!("--mail-from: {why}"))?;
        Ok(Self { url, from, templates })
    }
}

/// Unknown schemes are named, the rest of the URL is not: it may hold a password.
fn mail_url(url: &str) -> Result<MailUrl, String> {
    match url.split_once(':') {
        Some(("console", "")) => Ok(MailUrl::Console),
        Some(("console", _)) => Err("console: takes nothing after the colon".into()),
        Some(("dir", path)) if !path.is_empty() => Ok(MailUrl::Directory(path.into())),
        Some(("dir", _)) => Err("dir: needs a path, as in dir:outbox".into()),
        Some((scheme @ ("smtp" | "smtps"), _)) => {
            url.parse().map(MailUrl::Smtp).map_err(|why| format!("{scheme}: {why}"))
        }
        Some((scheme, _)) => {
            Err(format!("unknown scheme {scheme:?}; known are console:, dir:PATH, smtp://… and smtps://…"))
        }
        None => Err("not a URL; known are console:, dir:PATH, smtp://… and smtps://…".into()),
    }
}

/// The base of links, if there can be links that begin with it.
///
/// # Errors
/// Why not.
pub(crate) fn checked_base(url: &str) -> Result<String, String> {
    super::links(url).map(|links| links.base().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(url: &str, from: Option<&str>) -> Result<Mail, String> {
        let (mail, mail_from) = (url.to_owned(), from.map(Into::into));
        Mail::try_from(MailOptions { mail, mail_from, mail_templates: None })
    }

    #[test]
    fn urls_are_taken_exactly_or_refused_with_a_reason() {
        assert_eq!(mail_url("dir:out"), Ok(MailUrl::Directory("out".into())));
        assert_eq!(mail_url("console:"), Ok(MailUrl::Console));
        assert!(matches!(mail_url("smtps://u:p@h"), Ok(MailUrl::Smtp(_))));
        let wrong = [
            "",
            "dir:",
            "console:x",
            "console",
            "smtp:",
            "smtp://u:secret@h?tls=none",
            "imap://u:secret@h",
            "smtps://u:secret/@h",
            "SMTP://u:secret@",
        ];
        for url in wrong {
            let why = mail_url(url).unwrap_err();
            assert!(!why.contains("secret"), "{why}");
        }
    }

    #[test]
    fn a_mail_server_needs_a_sender() {
        assert!(mail("console:", None).is_ok() && mail("dir:out", Some("a@b.co")).is_ok());
        assert!(mail("smtps://h", None).unwrap_err().contains("--mail-from"));
        assert!(mail("smtps://h", Some("Example <no-reply@example.com>")).is_ok());
        for from in ["", "Example", "a@b.co\r\nBcc: c@d.co", "a@b.co, c@d.co"] {
            assert!(mail("console:", Some(from)).unwrap_err().contains("--mail-from"), "{from:?}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let shown = format!("{:?}", mail("smtps://user:s3cret@h", Some("a@b.co")).unwrap());
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn a_base_url_is_scheme_host_and_path() {
        assert_eq!(checked_base("https://example.com/"), Ok("https://example.com".into()));
        assert!(checked_base("https://a?b").is_err());
    }
}
