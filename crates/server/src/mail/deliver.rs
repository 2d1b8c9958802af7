//! Where messages end up.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_smtp::{Failure, Rendered, SmtpTransport, Transport, Why};
use tokio::task::spawn_blocking;

use super::options::MailUrl;
use crate::random;

/// A place for messages.
#[derive(Debug)]
pub(super) enum Delivery {
    /// Standard output.
    Console,
    /// One file a message, and how many there were.
    Directory(PathBuf, AtomicU64),
    /// A mail server.
    Smtp(Box<SmtpTransport>),
}

impl Delivery {
    /// Makes the place ready.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub(super) fn open(url: MailUrl, sender: &countersign_smtp::Sender) -> Result<Self, String> {
        match url {
            MailUrl::Console => Ok(Self::Console),
            MailUrl::Directory(path) => {
                make_private(&path).map_err(|why| format!("mail directory {}: {why}", path.display()))?;
                Ok(Self::Directory(path, AtomicU64::new(0)))
            }
            MailUrl::Smtp(url) => {
                let transport = SmtpTransport::new(url, sender).map_err(|why| why.to_string())?;
                Ok(Self::Smtp(Box::new(transport)))
            }
        }
    }

    /// How many messages are under way at once: what is printed and numbered goes one by one.
    pub(super) const fn at_once(&self) -> usize {
        match self {
            Self::Console | Self::Directory(..) => 1,
            Self::Smtp(_) => 4,
        }
    }
}

impl Transport for Delivery {
    /// What could not be written is not tried again: the person can ask for another.
    async fn deliver(&self, message: &Arc<Rendered>) -> Result<(), Failure> {
        let rendered = Arc::clone(message);
        let writing = match self {
            Self::Smtp(server) => return server.deliver(message).await,
            Self::Console => spawn_blocking(move || print(&rendered)),
            Self::Directory(path, count) => {
                let count = count.fetch_add(1, Ordering::Relaxed).saturating_add(1);
                let path = path.clone();
                spawn_blocking(move || write_file(&path, &rendered, count))
            }
        };
        let written = writing.await.map_err(|_| Failure::permanent(Why::Panic))?;
        written.map_err(|why| Failure::permanent(Why::Io(why.kind())))
    }
}

fn print(message: &Rendered) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "---- mail to {}: {}", message.to(), message.subject())?;
    message.text().lines().try_for_each(|line| writeln!(out, "     {line}"))?;
    writeln!(out, "----")?;
    out.flush()
}

/// A file appears with its whole content or not at all. Its name sorts by time, then by order, and tells nothing else.
fn write_file(directory: &Path, message: &Rendered, count: u64) -> io::Result<()> {
    let name = random::name()?;
    let draft = directory.join(format!(".{name}.draft"));
    let finished = directory.join(format!("{:014}-{count:06}-{name}.eml", message.issued_at().unix_millis()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(message.mail())?;
    fs::rename(&draft, &finished)
}

fn make_private(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
