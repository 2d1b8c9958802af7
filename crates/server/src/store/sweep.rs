//! Sweeping what has expired.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use countersign::Timestamp;
use countersign::host::{Clock, StoreError};
use tokio::time::MissedTickBehavior;

use super::AnyStore;

/// How often rows are swept, and how many at once.
const EVERY: Duration = Duration::from_secs(60);
const BATCH: u32 = 1000;

/// Sweeps every minute, by the host's own clock, until the task is aborted. A failure is logged and tried again a minute later.
pub(crate) async fn sweep_forever(store: AnyStore, clock: Arc<dyn Clock>) {
    let mut minutes = tokio::time::interval(EVERY);
    minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        minutes.tick().await;
        match sweep(&store, &*clock).await {
            Ok(0) => {}
            Ok(rows) => {
                tracing::info!(event = "store.swept", rows);
                metrics::counter!("countersign_store_swept_total")
                    .increment(rows.try_into().unwrap_or(u64::MAX));
            }
            Err(why) => tracing::warn!(event = "store.sweep_failed", %why),
        }
    }
}

/// What can be rid of expired rows, about so many at most; fewer than asked means that there are no more.
trait Sweep: Sync {
    fn sweep(&self, now: Timestamp, at_most: u32) -> impl Future<Output = Result<usize, StoreError>> + Send;
}

impl Sweep for AnyStore {
    async fn sweep(&self, now: Timestamp, at_most: u32) -> Result<usize, StoreError> {
        Self::sweep(self, now, at_most).await
    }
}

/// Batches until there is nothing left.
async fn sweep(store: &impl Sweep, clock: &dyn Clock) -> Result<usize, String> {
    let now = clock.now().map_err(|why| why.to_string())?;
    let mut all = 0_usize;
    loop {
        let rows = store.sweep(now, BATCH).await.map_err(|why| why.to_string())?;
        all = all.saturating_add(rows);
        if rows < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            return Ok(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use countersign::host::ManualClock;

    use super::*;

    /// So many expired rows, and what it was asked.
    struct Rows(Mutex<(usize, Vec<u32>)>);

    impl Sweep for Rows {
        async fn sweep(&self, _: Timestamp, at_most: u32) -> Result<usize, StoreError> {
            let mut rows = self.0.lock().unwrap();
            rows.1.push(at_most);
            let swept = rows.0.min(usize::try_from(at_most).unwrap());
            rows.0 = rows.0.saturating_sub(swept);
            if rows.1.len() > 10 { Err(StoreError::Full) } else { Ok(swept) }
        }
    }

    #[tokio::test]
    async fn a_sweep_goes_on_in_batches_until_nothing_is_left() {
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        let rows = |expired| Rows(Mutex::new((expired, Vec::new())));
        for (expired, batches) in [(0, 1), (999, 1), (1000, 2), (2500, 3)] {
            let rows = rows(expired);
            assert_eq!(sweep(&rows, &clock).await, Ok(expired));
            assert_eq!(rows.0.lock().unwrap().1, vec![BATCH; batches]);
        }
        assert!(sweep(&rows(usize::MAX), &clock).await.is_err(), "a failure ends it");
    }
}
