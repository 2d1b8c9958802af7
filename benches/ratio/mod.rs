//! Ratios of times that were taken in one run.
//!
//! How long something takes depends on the machine, on what else it does, and on how warm it is; how many times as long
//! as something else, taken a moment before and after, depends on much less. So whatever is judged is a ratio: every
//! round takes each time once, and what is printed is the median of the rounds' ratios, with the least and the greatest.
#![allow(dead_code, reason = "each benchmark uses some of it")]

use std::collections::BTreeMap;
use std::time::Instant;

/// Whether this is `cargo bench`, and not `cargo test`, which only asks whether benchmarks still run.
pub(crate) fn wanted() -> bool {
    #[expect(clippy::disallowed_methods, reason = "it is how cargo says so")]
    std::env::args().any(|arg| arg == "--bench")
}

/// How many slices a round has; of each operation the fastest counts, the one that nobody interrupted.
pub(crate) const SLICES: usize = 8;
/// How many rounds there are.
pub(crate) const ROUNDS: usize = 15;

/// The times of all rounds, by name, in nanoseconds an operation.
#[derive(Default)]
pub(crate) struct Rounds {
    done: BTreeMap<&'static str, Vec<f64>>,
    current: BTreeMap<&'static str, f64>,
}

impl Rounds {
    /// Runs all slices of all rounds. Each is to time every operation once.
    pub(crate) fn run(mut slice: impl FnMut(&mut Self)) -> Self {
        let mut rounds = Self::default();
        for _ in 0..ROUNDS {
            (0..SLICES).for_each(|_| slice(&mut rounds));
            for (name, time) in std::mem::take(&mut rounds.current) {
                rounds.done.entry(name).or_default().push(time);
            }
        }
        rounds
    }

    /// Times `run`, which does something `times` times: not more than takes a millisecond or so, or somebody will interrupt it.
    pub(crate) fn time<T>(&mut self, name: &'static str, times: usize, run: impl FnOnce() -> T) -> T {
        #[expect(clippy::disallowed_methods, reason = "it measures")]
        let begin = Instant::now();
        let made = std::hint::black_box(run());
        let time = begin.elapsed().as_nanos() as f64 / times as f64;
        let fastest = self.current.entry(name).or_insert(time);
        *fastest = fastest.min(time);
        made
    }

    /// How many times as long as `base` the operation `name` takes.
    pub(crate) fn ratio(&self, name: &str, base: &str) -> Ratio {
        let (name, base) = (&self.done[name], &self.done[base]);
        assert_eq!(name.len(), base.len(), "both were timed in every round");
        Ratio::of(name.iter().zip(base).map(|(time, base)| time / base).collect())
    }

    /// Adds what was timed apart.
    pub(crate) fn join(&mut self, others: Self) {
        self.done.extend(others.done);
    }

    /// Adds a time that is the sum of others.
    pub(crate) fn sum(&mut self, name: &'static str, parts: &[&str]) {
        let sums = (0..ROUNDS).map(|round| parts.iter().map(|part| self.done[*part][round]).sum()).collect();
        self.done.insert(name, sums);
    }
}

/// The ratio of two times over all rounds.
#[derive(Clone, Copy)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) greatest: f64,
}

impl Ratio {
    fn of(mut ratios: Vec<f64>) -> Self {
        ratios.sort_by(f64::total_cmp);
        Self { median: ratios[ratios.len() / 2], least: ratios[0], greatest: ratios[ratios.len() - 1] }
    }

    /// Prints it, with what it should be: `goal` is words such as `<= 1.0`.
    pub(crate) fn print(self, what: &str, goal: &str) {
        let Self { median, least, greatest } = self;
        println!("ratio {what}: {median:.2} (goal {goal}; {least:.2} to {greatest:.2})");
    }

    /// Prints it where nothing was promised.
    pub(crate) fn note(self, what: &str) {
        let Self { median, least, greatest } = self;
        println!("ratio {what}: {median:.2} ({least:.2} to {greatest:.2})");
    }
}
