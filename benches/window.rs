//! A sliding window beside `governor`, a rate limiter that keeps one number for each key.
//!
//! The two answer different questions. A log of times is exact: never more than N in any window. One number (GCRA) lets N
//! through at once and then one for each Nth of the window, so up to 2 N in one. What is compared is what a host pays at
//! its door: find the key, decide, count. Both have the same hasher, keys, clock and kind of map behind a lock; the log
//! is as full as it gets, which is its worst case. `governor`'s check also counts; there is none that only asks.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a benchmark"
)]
#![allow(clippy::panic, reason = "a benchmark")]

mod ratio;

use std::collections::HashMap;
use std::hash::RandomState;
use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use countersign::Timestamp;
use countersign::host::{Clock, ManualClock};
use countersign::throttle::{Limited, Log, Rule};
use criterion::Criterion;
use governor::clock::FakeRelativeClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;
use ratio::{ROUNDS, Rounds, SLICES};

/// A power of two, so that [`Walk`] visits every key.
const MANY: u64 = 1 << 20;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .sample_size(20)
        .configure_from_args();
    for limit in LIMITS {
        let (logs, cells) = (Logs::new(limit, 1), Cells::new(limit, 1));
        let mut group = criterion.benchmark_group(format!("window/{}", limit.name));
        group.bench_function("log, open", |bench| bench.iter(|| logs.step_and_pass(0)));
        group.bench_function("governor, open", |bench| bench.iter(|| cells.step_and_pass(0)));
        group.bench_function("log, shut", |bench| bench.iter(|| logs.refuse(0)));
        group.bench_function("governor, shut", |bench| bench.iter(|| cells.refuse(0)));
        group.finish();
    }
    criterion.final_summary();
    if ratio::wanted() {
        for limit in LIMITS {
            one_key(limit);
            many_keys(limit);
        }
    }
}

fn one_key(limit: Limit) {
    const TIMES: usize = 2_000;
    let (logs, cells) = (Logs::new(limit, 1), Cells::new(limit, 1));
    let rounds = Rounds::run(|slice| {
        slice.time("log, open", TIMES, || (0..TIMES).for_each(|_| logs.step_and_pass(0)));
        slice.time("governor, open", TIMES, || (0..TIMES).for_each(|_| cells.step_and_pass(0)));
        slice.time("log, shut", TIMES, || (0..TIMES).for_each(|_| logs.refuse(0)));
        slice.time("governor, shut", TIMES, || (0..TIMES).for_each(|_| cells.refuse(0)));
        logs.step();
        slice.time("log, asked", TIMES, || (0..TIMES).for_each(|_| logs.ask(0)));
        logs.pass(0);
    });
    report(&rounds, limit, "1 key");
}

fn many_keys(limit: Limit) {
    const TIMES: usize = 4_000;
    let (logs, cells) = (Logs::new(limit, MANY), Cells::new(limit, MANY));
    let (mut log_walk, mut cell_walk) = (Walk(0), Walk(0));
    let shut = Rounds::run(|slice| {
        slice.time("log, shut", TIMES, || (0..TIMES).for_each(|_| logs.refuse(log_walk.next())));
        slice.time("governor, shut", TIMES, || (0..TIMES).for_each(|_| cells.refuse(cell_walk.next())));
    });
    logs.step();
    cells.step();
    let (mut log_walk, mut cell_walk, mut ahead) = (Walk(0), Walk(0), Walk(0));
    // No key is met twice: so many are passed at most.
    (0..SLICES * ROUNDS * TIMES).for_each(|_| _ = ahead.next());
    let mut rounds = Rounds::run(|slice| {
        slice.time("log, open", TIMES, || (0..TIMES).for_each(|_| logs.pass(log_walk.next())));
        slice.time("governor, open", TIMES, || (0..TIMES).for_each(|_| cells.pass(cell_walk.next())));
        slice.time("log, asked", TIMES, || (0..TIMES).for_each(|_| logs.ask(ahead.next())));
    });
    rounds.join(shut);
    report(&rounds, limit, "1 M keys");
}

fn report(rounds: &Rounds, limit: Limit, keys: &str) {
    let name = limit.name;
    rounds
        .ratio("log, open", "governor, open")
        .print(&format!("window/governor {keys}, {name}, open"), "<= 1.0");
    rounds
        .ratio("log, shut", "governor, shut")
        .print(&format!("window/governor {keys}, {name}, shut"), "<= 1.0");
    rounds
        .ratio("log, asked", "governor, open")
        .note(&format!("window (asked only)/governor {keys}, {name}"));
}

#[derive(Clone, Copy)]
struct Limit {
    name: &'static str,
    count: u32,
    window: Duration,
}

const LIMITS: [Limit; 2] = [
    Limit { name: "60 in 1 min", count: 60, window: Duration::from_secs(60) },
    Limit { name: "5 in 30 min", count: 5, window: Duration::from_secs(30 * 60) },
];

impl Limit {
    /// The time after which one more may happen to a key that is used as much as it may be.
    fn gap(self) -> Duration {
        self.window / self.count
    }
}

/// The keys in an order that no prefetcher sees through.
#[derive(Clone, Copy)]
struct Walk(u64);

impl Walk {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d).wrapping_add(0x1405_7b7f) % MANY;
        self.0
    }
}

/// A [`Log`] for each key.
struct Logs {
    logs: Mutex<HashMap<u64, Log, RandomState>>,
    rules: [Rule; 1],
    clock: Arc<ManualClock>,
    limit: Limit,
}

impl Logs {
    fn new(limit: Limit, keys: u64) -> Self {
        let logs = Self {
            logs: Mutex::default(),
            rules: [Rule::new("rule", limit.count, limit.window).unwrap()],
            clock: Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH)),
            limit,
        };
        // As many events as the window holds, evenly spread: every key is shut until time moves on.
        for key in 0..keys {
            logs.clock.set(Timestamp::UNIX_EPOCH);
            (0..limit.count).for_each(|_| logs.step_and_pass(key));
        }
        logs
    }

    fn check(&self, key: u64) -> Result<(), Limited> {
        let now = self.clock.now().unwrap();
        let mut logs = self.logs.lock();
        let log = match logs.get_mut(&key) {
            Some(log) => log,
            None => logs.entry(key).or_default(),
        };
        log.check(&self.rules, now)?;
        log.charge(&self.rules, now);
        Ok(())
    }

    fn step(&self) {
        self.clock.advance_millis(self.limit.gap().as_millis().try_into().unwrap());
    }

    fn pass(&self, key: u64) {
        assert!(black_box(self.check(black_box(key))).is_ok());
    }

    fn step_and_pass(&self, key: u64) {
        self.step();
        self.pass(key);
    }

    fn refuse(&self, key: u64) {
        assert!(black_box(self.check(black_box(key))).is_err());
    }

    fn ask(&self, key: u64) {
        let now = self.clock.now().unwrap();
        let logs = self.logs.lock();
        assert!(black_box(logs[&black_box(key)].check(&self.rules, now)).is_ok());
    }
}

/// `governor`'s limiter with a key.
struct Cells {
    cells: RateLimiter<u64, HashMapStateStore<u64, RandomState>, FakeRelativeClock, NoOpMiddleware<Nanos>>,
    clock: FakeRelativeClock,
    limit: Limit,
}

impl Cells {
    fn new(limit: Limit, keys: u64) -> Self {
        let clock = FakeRelativeClock::default();
        let count = NonZeroU32::new(limit.count).unwrap();
        let quota = Quota::with_period(limit.gap()).unwrap().allow_burst(count);
        let cells = RateLimiter::hashmap_with_clock_and_hasher(quota, clock.clone(), RandomState::new());
        let cells = Self { cells, clock, limit };
        for key in 0..keys {
            (0..limit.count).for_each(|_| cells.pass(key));
        }
        cells
    }

    fn step(&self) {
        self.clock.advance(self.limit.gap());
    }

    fn pass(&self, key: u64) {
        assert!(black_box(self.cells.check_key(&black_box(key))).is_ok());
    }

    fn step_and_pass(&self, key: u64) {
        self.step();
        self.pass(key);
    }

    fn refuse(&self, key: u64) {
        assert!(black_box(self.cells.check_key(&black_box(key))).is_err());
    }
}
