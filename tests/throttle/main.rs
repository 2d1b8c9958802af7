//! The limiters against naive models that keep every event for ever and do their sums in `i128`.
//!
//! Spans and limits are small, so that edges are met often; starting points are anywhere, and often at an end of the range
//! (B081, B082).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that fails may panic"
)]

use core::time::Duration;

use countersign::Timestamp;
use proptest::prelude::*;

mod throttle_backoff;
mod throttle_budget;
mod throttle_window;

const MAX: i128 = i64::MAX as i128;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis)
}

fn big(time: Timestamp) -> i128 {
    i128::from(time.unix_millis())
}

/// The nearest point in time that can be written.
fn cut(millis: i128) -> Timestamp {
    at(millis.clamp(i64::MIN.into(), MAX) as i64)
}

fn tick_before(time: Timestamp) -> Timestamp {
    time.saturating_sub(ms(1))
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn length(span: Duration) -> i128 {
    span.as_millis() as i128
}

fn any_time() -> impl Strategy<Value = i64> {
    prop_oneof![
        2 => any::<i64>(),
        1 => i64::MIN..i64::MIN + 60,
        1 => i64::MAX - 60..=i64::MAX,
        2 => -60_i64..60,
    ]
}

/// Ascending times from anywhere on, in steps that are mostly of the windows' size and sometimes far.
fn ascending(len: usize) -> impl Strategy<Value = Vec<i64>> {
    let step = prop_oneof![3 => Just(0_u64), 12 => 0_u64..14, 2 => 0_u64..80, 1 => any::<u64>()];
    (any_time(), prop::collection::vec(step, 1..len)).prop_map(|(start, steps)| {
        let walk = |now: &mut i64, step: u64| {
            *now = now.saturating_add_unsigned(step);
            Some(*now)
        };
        steps.into_iter().scan(start, walk).collect()
    })
}

/// As many on every machine, and nothing written to disk.
fn cases() -> ProptestConfig {
    ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() }
}

fn stored<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    postcard::from_bytes(&postcard::to_allocvec(value).unwrap()).unwrap()
}
