//! What names a row in the store, and what names one state of it.

use core::fmt;

/// What a record is about; the first byte of its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum RecordKind {
    /// One identifier, and what people who proved nothing did at that door.
    Visitor = 1,
    /// One account: credentials, factors, challenges of people who proved a first factor.
    Account = 2,
    /// One client and operation: how often it came.
    Meter = 3,
}

/// The name of a row: a kind and 120 bits of a keyed digest of what the record is about.
///
/// The digest is taken under the [`LocatorKey`](crate::LocatorKey), so that somebody who reads the database cannot
/// tell which person a row belongs to, and never under a key that rotates, so that a row is found for the life of the store.
///
/// As bytes it is not text; stores that want text may use its hexadecimal [`Display`](fmt::Display).
///
/// ```
/// use countersign::record::{RecordKey, RecordKind};
/// let key = RecordKey::new(RecordKind::Visitor, [7; 15]);
/// assert_eq!(key.to_string(), "01070707070707070707070707070707");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey([u8; 16]);

impl RecordKey {
    /// The key of the given kind with the given digest. Hosts have no need of it outside the tests of a store; what a store
    /// kept is read by [`RecordKey::from_bytes`].
    #[must_use]
    pub const fn new(kind: RecordKind, digest: [u8; 15]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = digest;
        Self([kind as u8, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o])
    }

    /// The sixteen bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The key with these bytes, as a store kept them or a ticket carried them; it may name nothing.
    ///
    /// ```
    /// use countersign::record::{RecordKey, RecordKind};
    /// let key = RecordKey::new(RecordKind::Account, [7; 15]);
    /// assert_eq!(RecordKey::from_bytes(*key.as_bytes()), key);
    /// assert_eq!(RecordKey::from_bytes([0; 16]).kind(), None, "never made here");
    /// ```
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The kind its first byte tells, or `None` for a key that was never made here.
    #[must_use]
    pub const fn kind(&self) -> Option<RecordKind> {
        match self.0[0] {
            1 => Some(RecordKind::Visitor),
            2 => Some(RecordKind::Account),
            3 => Some(RecordKind::Meter),
            _ => None,
        }
    }
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(f, &self.0)
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The id of the commit that wrote a row: 128 random bits, never used twice.
///
/// It is not a counter, so that a row that was deleted and made again cannot be mistaken for the old one, and so that
/// a commit whose answer was lost can be recognised when the row is read again.
///
/// ```
/// use countersign::record::Version;
/// assert_eq!(Version::from_bytes([1; 16]).as_bytes(), &[1; 16]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version([u8; 16]);

impl Version {
    /// The version with these bytes, as a store kept them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes a store keeps.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(f, &self.0)
    }
}

fn hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}
