//! What is written, on its way between threads.

use countersign::Timestamp;
use countersign::host::Write;
use countersign::record::Version;

/// A [`Write`] that can go to another thread.
pub(crate) enum OwnedWrite {
    Put { version: Version, bytes: Vec<u8>, expires_at: Option<Timestamp> },
    Delete,
}

impl From<Write<'_>> for OwnedWrite {
    fn from(write: Write<'_>) -> Self {
        match write {
            Write::Put { version, bytes, expires_at } => {
                Self::Put { version, bytes: bytes.to_vec(), expires_at }
            }
            Write::Delete => Self::Delete,
        }
    }
}

impl OwnedWrite {
    pub(crate) fn borrow(&self) -> Write<'_> {
        match self {
            Self::Put { version, bytes, expires_at } => {
                Write::Put { version: *version, bytes, expires_at: *expires_at }
            }
            Self::Delete => Write::Delete,
        }
    }
}
