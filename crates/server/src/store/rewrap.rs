//! Sealing every row under the current key, after a key was rotated.

use countersign::{Rewrap, Verdict};

use super::AnyStore;
use crate::http::Sentry;

/// How many keys are listed at once.
const PAGE: u32 = 1000;

/// Runs [`Rewrap`] over all rows, and says how many were looked at and how many were sealed anew.
///
/// # Errors
/// The first failure. What was sealed before stays so, and to run it again does no harm.
pub(crate) async fn rewrap_all(sentry: &Sentry, store: &AnyStore) -> Result<(u64, u64), String> {
    let (mut seen, mut rewritten, mut last) = (0_u64, 0_u64, None);
    loop {
        let keys = store.keys(last, PAGE).await.map_err(|why| why.to_string())?;
        last = keys.last().copied();
        let is_last = keys.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        for row in keys {
            let outcome = sentry.run(Rewrap { row }).await.map_err(|why| why.to_string())?;
            seen = seen.saturating_add(1);
            if let Verdict::Granted(done) = outcome.verdict {
                rewritten = rewritten.saturating_add(u64::from(done.rewritten));
            }
        }
        if is_last {
            return Ok((seen, rewritten));
        }
    }
}
