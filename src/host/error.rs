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
    /// A commit failed for this reason, and its effect is unknown or was undone by another: [`StoreError::Full`] where the
    /// store has no room for another row.
    #[error("a commit failed: {0}")]
    Commit(StoreError),
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

impl Error {
    /// Why an operation ended, where a commit of it had failed before.
    pub(super) fn after(commit: Option<StoreError>, why: MachineError) -> Self {
        match (commit, why) {
            (Some(commit), MachineError::CommitUnknown) => Self::Commit(commit),
            (_, why) => Self::Machine(why),
        }
    }
}
