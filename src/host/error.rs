//! The host's own failures.

use super::{ClockError, DirectoryError, EntropyError, HashError, StoreError};
use crate::MachineError;

/// A failure of the host. Always means "not authenticated"; no budget is regained by it (law 10).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The machine could not go on.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory failed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The password hasher failed, or has too much to do.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The clock failed.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The generator failed.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}
