//! Where rendered messages end up.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use countersign::Timestamp;

use super::render::Message;
use crate::options::MailUrl;
use crate::random;

/// A place for messages.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// Standard output.
    Console,
    /// One file a message, and how many there were.
    Directory(PathBuf, u64),
}

impl MailUrl {
    /// Makes the place ready.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub(crate) fn open(self) -> Result<Delivery, String> {
        match self {
            Self::Console => Ok(Delivery::Console),
            Self::Directory(path) => {
                make_private(&path).map_err(|why| format!("mail directory {}: {why}", path.display()))?;
                Ok(Delivery::Directory(path, 0))
            }
        }
    }
}

impl Delivery {
    /// Delivers one message.
    ///
    /// # Errors
    /// If it could not be written. It is not tried again: the person can ask for another.
    pub(crate) fn deliver(&mut self, message: &Message) -> io::Result<()> {
        match self {
            Self::Console => print(message),
            Self::Directory(path, count) => {
                *count = count.saturating_add(1);
                write_file(path, message, *count)
            }
        }
    }
}

fn print(message: &Message) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "---- mail to {}: {}", message.to, message.subject)?;
    message.text.lines().try_for_each(|line| writeln!(out, "     {line}"))?;
    writeln!(out, "----")?;
    out.flush()
}

/// A file appears with its whole content or not at all. Its name sorts by time, then by order, and tells nothing else.
fn write_file(directory: &Path, message: &Message, count: u64) -> io::Result<()> {
    let name = random::name()?;
    let draft = directory.join(format!(".{name}.draft"));
    let finished = directory.join(format!("{:014}-{count:06}-{name}.eml", message.sent_at.unix_millis()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(internet_message(message, &name).as_bytes())?;
    fs::rename(&draft, &finished)
}

/// The message in the format of RFC 5322, with the UTF-8 heads of RFC 6532.
fn internet_message(message: &Message, name: &str) -> String {
    let Message { to, subject, sent_at, text } = message;
    let date = date(*sent_at);
    format!(
        "Date: {date}\r\nFrom: countersign <no-reply@countersign.invalid>\r\nTo: {to}\r\nSubject: {subject}\r\n\
         Message-ID: <{name}@countersign.invalid>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}",
        text.replace('\n', "\r\n")
    )
}

/// A date such as `Sat, 21 Nov 2026 20:00:00 +0000`.
fn date(at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Some(utc) = at.to_utc() else { return "Thu, 01 Jan 1970 00:00:00 +0000".into() };
    let day = DAYS.get(usize::from(utc.weekday().number_days_from_monday())).unwrap_or(&"Mon");
    let month = MONTHS.get(usize::from(u8::from(utc.month()).saturating_sub(1))).unwrap_or(&"Jan");
    let (hour, minute, second) = (utc.hour(), utc.minute(), utc.second());
    format!("{day}, {:02} {month} {:04} {hour:02}:{minute:02}:{second:02} +0000", utc.day(), utc.year())
}

fn make_private(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        Message {
            to: "jo@example.com".into(),
            subject: "Your code to sign up",
            sent_at: Timestamp::from_unix_seconds(1_795_291_200),
            text: "one\ntwo\n".into(),
        }
    }

    #[test]
    fn a_message_is_one_private_file_in_mail_format() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        let mut delivery = MailUrl::Directory(path.clone()).open().unwrap();
        delivery.deliver(&message()).unwrap();
        delivery.deliver(&message()).unwrap();
        let files: Vec<_> = fs::read_dir(&path).unwrap().map(|file| file.unwrap()).collect();
        assert_eq!(files.len(), 2);
        for file in files {
            let name = file.file_name().into_string().unwrap();
            assert!(name.starts_with("01795291200000-00000") && name.ends_with(".eml"), "{name}");
            let text = fs::read_to_string(file.path()).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("Date: Sat, 21 Nov 2026 20:00:00 +0000\r\n"), "{head}");
            assert!(head.contains("\r\nTo: jo@example.com\r\nSubject: Your code to sign up\r\n"), "{head}");
            assert_eq!(body, "one\r\ntwo\r\n");
            #[cfg(unix)]
            {
                let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
                assert_eq!(mode & 0o777, 0o600);
            }
        }
    }
}
