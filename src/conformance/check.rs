//! What the cases are written with: keys, versions, and a store that is held to its answers.

use alloc::format;
use alloc::string::String;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::Timestamp;
use crate::host::{Committed, Row, Store, StoreError, Write};
use crate::record::{RecordKey, RecordKind, Version};

/// Why a case ended before its end.
pub(super) enum Stop {
    /// The store does not offer what the case needs.
    Skipped(&'static str),
    /// What the store did, and what it should have done.
    Failed(String),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(format!("an error where none was due: {error}"))
    }
}

/// What a case says.
pub(super) type Verdict = Result<(), Stop>;

/// The case failed because of `why`.
pub(super) fn failed(why: impl Into<String>) -> Stop {
    Stop::Failed(why.into())
}

/// Fails the case with `why` unless `holds`.
pub(super) fn ensure(holds: bool, why: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(Stop::Failed(why())) }
}

/// The `n`-th of many keys that have nothing in common.
pub(super) fn key(n: u64) -> RecordKey {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&spread(n));
    let [_, digest @ ..] = bytes;
    RecordKey::new(RecordKind::Visitor, digest)
}

/// A version that no other call returns.
pub(super) fn version() -> Version {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    Version::from_bytes(spread(NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// Sixteen bytes that look random and are different for every `n` (twice the finisher of SplitMix64, a bijection).
fn spread(n: u64) -> [u8; 16] {
    let mix = |n: u64| {
        let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        n ^ n >> 31
    };
    (u128::from(mix(n)) << 64 | u128::from(mix(!n))).to_le_bytes()
}

/// A write of `bytes` under `version` that never expires.
pub(super) fn put(version: Version, bytes: &[u8]) -> Write<'_> {
    Write::Put { version, bytes, expires_at: None }
}

/// As [`put`], for a row that may be swept from `expires_at` on.
pub(super) fn put_until(version: Version, bytes: &[u8], expires_at: Timestamp) -> Write<'_> {
    Write::Put { version, bytes, expires_at: Some(expires_at) }
}

/// A store that is held to its answers.
pub(super) trait Checked: Store {
    /// The row under `key`.
    fn row(&self, key: &RecordKey) -> Result<Option<Row>, Stop> {
        let mut rows = self.load(core::slice::from_ref(key))?;
        let row = rows.pop().ok_or_else(|| failed("a load of one key answered with no entry"))?;
        ensure(rows.is_empty(), || "a load of one key answered with several entries".into())?;
        Ok(row)
    }

    /// The row under `key` must be this one.
    fn must_hold(&self, key: &RecordKey, version: Version, bytes: &[u8], when: &str) -> Verdict {
        let row = self.row(key)?;
        let same = row.as_ref().is_some_and(|row| row.version == version && row.bytes == bytes);
        ensure(same, || {
            format!("{when}: expected {}, found {}", show(version, bytes), show_row(row.as_ref()))
        })
    }

    /// There must be no row under `key`.
    fn must_lack(&self, key: &RecordKey, when: &str) -> Verdict {
        let row = self.row(key)?;
        ensure(row.is_none(), || format!("{when}: expected no row, found {}", show_row(row.as_ref())))
    }

    /// The commit must be applied.
    fn must_apply(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
        what: &str,
    ) -> Verdict {
        match self.commit(key, expected, write)? {
            Committed::Applied => Ok(()),
            Committed::Stale => Err(failed(format!("{what}: expected Applied, was Stale"))),
        }
    }

    /// The commit must be refused; whether it changed anything is for the case to look at.
    fn must_refuse(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
        what: &str,
    ) -> Verdict {
        match self.commit(key, expected, write)? {
            Committed::Stale => Ok(()),
            Committed::Applied => Err(failed(format!("{what}: expected Stale, was Applied"))),
        }
    }

    /// Makes a row that never expires where there was none, and answers its version.
    fn must_create(&self, key: &RecordKey, bytes: &[u8]) -> Result<Version, Stop> {
        let version = version();
        self.must_apply(key, None, put(version, bytes), "the creation of a row")?;
        Ok(version)
    }

    /// Puts other bytes in place of the version `expected`, and answers the new version.
    fn must_replace(&self, key: &RecordKey, expected: Version, bytes: &[u8]) -> Result<Version, Stop> {
        let version = version();
        self.must_apply(key, Some(expected), put(version, bytes), "a write with the current version")?;
        Ok(version)
    }

    /// Deletes the row that has the version `expected`.
    fn must_delete(&self, key: &RecordKey, expected: Version) -> Verdict {
        self.must_apply(key, Some(expected), Write::Delete, "a delete with the current version")
    }
}

impl<S: Store + ?Sized> Checked for S {}

fn show_row(row: Option<&Row>) -> String {
    row.map_or_else(|| String::from("no row"), |row| show(row.version, &row.bytes))
}

/// A row on one line, however long it is.
fn show(version: Version, bytes: &[u8]) -> String {
    let first = bytes.get(..16).unwrap_or(bytes);
    let more = if first.len() < bytes.len() { ", …" } else { "" };
    format!("version {version:?} with {} bytes {first:02x?}{more}", bytes.len())
}
