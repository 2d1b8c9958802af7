//! The host's user table, as far as the core needs it.

pub use crate::machine::{Created, DirectoryEntry, NewAccount};
use crate::{AccountId, Identifier};

/// A directory that could not do its work.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the directory failed: {0}")]
pub struct DirectoryError(pub alloc::string::String);

/// Who is who: identifiers to accounts.
///
/// Identifiers come in normal form; keep them as they are, under a unique constraint. An identifier belongs to one
/// account at most, an id is never used for a second account.
///
/// The directory is not trusted with more than that: an account counts as standing behind an identifier only if the
/// account's own record confirms it.
pub trait Directory: Send + Sync {
    /// The account an identifier belongs to, with the identifier as the directory stores it
    /// ([`DirectoryEntry::identifier`]). The look-up is exact: give the column a binary collation. A collation that ignores
    /// case, accents or trailing space (the default of MySQL and SQL Server) finds other people's rows. The core takes those
    /// for unknown, and reports [`EventKind::DirectoryMismatch`](crate::EventKind::DirectoryMismatch).
    ///
    /// # Errors
    /// [`DirectoryError`]. The operation then ends in "not authenticated" (law 10).
    fn find(&self, identifier: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError>;

    /// Makes an account and gives it the identifier, in one indivisible step.
    ///
    /// If the identifier already belongs to an account that has no credentials of the host's own, that account's id is
    /// returned again (a sign-up that was cut off is thus taken up); if it belongs to any other, [`Created::Taken`].
    ///
    /// # Errors
    /// [`DirectoryError`], as for [`find`](Self::find).
    fn create(&self, account: &NewAccount) -> Result<Created, DirectoryError>;

    /// Gives an account another identifier in place of `from`, in one indivisible step. The account again if `to` is its own
    /// already: a change that was cut off is thus taken up. [`Created::Taken`] if `to` belongs to another account, and if
    /// `from` is no longer the account's: another change came first, and this one is refused.
    ///
    /// # Errors
    /// [`DirectoryError`], as for [`find`](Self::find).
    fn rename(
        &self,
        account: &AccountId,
        from: &Identifier,
        to: &Identifier,
    ) -> Result<Created, DirectoryError>;

    /// Frees the identifiers of an account that is gone. The id stays used.
    ///
    /// # Errors
    /// [`DirectoryError`], as for [`find`](Self::find).
    fn release(&self, account: &AccountId) -> Result<(), DirectoryError>;
}
