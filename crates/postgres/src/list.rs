//! Which rows there are.

use countersign::host::StoreError;
use countersign::record::RecordKey;

use crate::call::{self, Kind, Values};
use crate::{PostgresStore, damaged};

impl PostgresStore {
    /// The keys of at most so many rows, in their order, from the first one after `after`; fewer than `at_most` means that there
    /// are no more.
    ///
    /// For what a host does with all rows, such as [`Rewrap`](countersign::Rewrap) after a key was rotated. Rows that are made
    /// meanwhile may be left out; they are sealed under the current key.
    ///
    /// ```no_run
    /// # async fn all(store: countersign_postgres::PostgresStore) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut last = None;
    /// loop {
    ///     let keys = store.keys(last, 1000).await?; // run `Rewrap { row }` for each
    ///     last = keys.last().copied();
    ///     if keys.len() < 1000 {
    ///         break;
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn keys(&self, after: Option<RecordKey>, at_most: u32) -> Result<Vec<RecordKey>, StoreError> {
        let after = after.map_or_else(Vec::new, |key| key.as_bytes().to_vec());
        let values: Values = vec![Box::new(after), Box::new(i64::from(at_most))];
        let rows = self.call(Kind::Read, &self.statements.list, values).await?;
        let key = |row: &tokio_postgres::Row| {
            let bytes: &[u8] = row.try_get(0).map_err(call::failed)?;
            let bytes = bytes.try_into().map_err(|_| damaged("a key is not 16 bytes"))?;
            Ok(RecordKey::from_bytes(bytes))
        };
        rows.iter().map(key).collect()
    }
}

/// Every key comes after the empty one.
pub(crate) const LIST: &str = "SELECT key FROM \"public\".\"countersign_records\" \
    WHERE key > $1::bytea ORDER BY key LIMIT $2::bigint";
