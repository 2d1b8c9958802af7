//! Sealing every row under the current key, after a key was rotated.

use countersign::{Rewrap, Verdict};
use countersign_axum::Sentry;

use super::AnyStore;

/// Runs [`Rewrap`] over all rows, and says how many were looked at and how many were sealed anew.
///
/// # Errors
/// The first failure. What was sealed before stays so, and to run it again does no harm.
pub(crate) async fn rewrap_all(sentry: &Sentry, store: &AnyStore) -> Result<(u64, u64), String> {
    let (mut seen, mut rewritten, mut place) = (0_u64, 0_u64, None);
    loop {
        let (keys, next) = store.keys(place).await.map_err(|why| why.to_string())?;
        for row in keys {
            let outcome = sentry.run(Rewrap { row }).await.map_err(|why| why.to_string())?;
            seen = seen.saturating_add(1);
            if let Verdict::Granted(done) = outcome.verdict {
                rewritten = rewritten.saturating_add(u64::from(done.rewritten));
            }
        }
        if next.is_none() {
            return Ok((seen, rewritten));
        }
        place = next;
    }
}
