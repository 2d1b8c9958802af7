//! Where records live: two methods over opaque bytes.

use alloc::vec::Vec;

pub use crate::machine::{Committed, Row, Write};
use crate::record::{RecordKey, Version};

/// A store that could not do its work. Carries no row and no key.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store cannot be reached or failed; whether a commit took effect is unknown.
    #[error("the store failed: {0}")]
    Failed(alloc::string::String),
    /// The store has no room for another row. Rows it has can still be changed.
    #[error("the store is full")]
    Full,
}

/// A store used from blocking hosts.
///
/// A store keeps one row per [`RecordKey`]: a [`Version`], some bytes, and a time after which nobody will miss the
/// row. It needs no query, no index, no transaction over two rows and no clock; what it must have is the *conditional
/// write of one row*, which every SQL database, Redis, DynamoDB, etcd, FoundationDB and Cassandra offers.
///
/// The security of the whole library stands on [`Store::commit`] being linearizable: two commits that expect the same
/// version of a row, on any two nodes, must not both be applied. A store that writes unconditionally lets parallel
/// guesses count as one and a code be spent twice. Try yours with the suite in `conformance`
/// (feature `conformance`).
pub trait Store: Send + Sync {
    /// The rows under `keys`, in the same order, `None` where there is none.
    ///
    /// Each row is read whole (version and bytes of one commit) and is no older than the last commit that finished before this call
    /// began. The rows need not be read at one instant. A row past its `expires_at` may be returned or not.
    ///
    /// # Errors
    /// Any failure. The operation then ends in "not authenticated" (law 10).
    fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError>;

    /// Writes one row if it still has the version `expected`, where `None` expects that there is no row.
    ///
    /// Compare and write are one indivisible step, and `Applied` means that the write is as durable as the store is
    /// meant to be. Deleting a row that is not there, where none is expected, is `Applied`.
    ///
    /// # Errors
    /// Any failure. The core takes a failed commit to be one of unknown effect: it was applied, or was not, or will be when the
    /// network moves again, also after somebody has read the row as it was. That is allowed, since it still applies only to the
    /// version it expects, and whoever wrote in between has taken that away from it.
    fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError>;
}

impl<S: Store + ?Sized> Store for &S {
    fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        (**self).load(keys)
    }
    fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        (**self).commit(key, expected, write)
    }
}

impl<S: Store + ?Sized> Store for alloc::sync::Arc<S> {
    fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        (**self).load(keys)
    }
    fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        (**self).commit(key, expected, write)
    }
}
