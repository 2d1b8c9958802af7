//! How many events the limits let through in a span of time: upper bounds, from the settings alone.
//!
//! Time is the record's own (law 7): where a clock jumps forward, windows and locks end early, and a year of the record
//! is less than one of the wall.
//!
//! What an attacker could gain if this were wrong: the difference between what the policy promises and what the limiters
//! answer. So the tests attack the limiters.

use core::time::Duration;

use super::{Limit, Settings};
use crate::Operation;

pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);
pub(super) const YEAR: Duration = DAY.saturating_mul(365);

/// The most events in any half-open `span` under a limit that holds for any half-open window: the windows that the span
/// touches, each full. Without end for a window of zero, which nothing leaves room for.
pub(super) fn events_in(span: Duration, limit: Limit) -> u64 {
    if limit.count == 0 {
        return 0;
    }
    match (span.as_nanos(), limit.window.as_nanos()) {
        (_, 0) => u64::MAX,
        (span, window) => {
            u64::try_from(span.div_ceil(window)).unwrap_or(u64::MAX).saturating_mul(limit.count.into())
        }
    }
}

/// The most wrong guesses answered in any half-open `span`, whatever succeeds in between.
pub(super) fn guesses_in(settings: &Settings, span: Duration) -> u64 {
    let guesses = &settings.guesses;
    // A guess that starts a lock is followed by none for at least the first lock's length. One that starts none has left
    // the free rule open, so that no free window holds `count` of those.
    let locking = events_in(span, Limit { count: 1, window: guesses.lock.min(guesses.longest_lock) });
    let free = Limit { count: guesses.free.count.saturating_sub(1), window: guesses.free.window };
    let paced = events_in(span, free).saturating_add(locking);
    paced.min(events_in(span, guesses.long))
}

/// The most messages sent in any half-open `span` for one purpose, by one partition.
pub(super) fn sends_in(settings: &Settings, span: Duration) -> u64 {
    let sends = &settings.sends;
    let cooldown = Limit { count: 1, window: sends.cooldown };
    [cooldown, sends.short, sends.long]
        .into_iter()
        .map(|limit| events_in(span, limit))
        .fold(u64::MAX, u64::min)
}

/// The most requests let through in any half-open `span` of one client for one operation.
pub(super) fn requests_in(settings: &Settings, operation: Operation, span: Duration) -> u64 {
    client_limits(settings, operation).map(|limit| events_in(span, limit)).fold(u64::MAX, u64::min)
}

pub(super) fn client_limits(settings: &Settings, operation: Operation) -> impl Iterator<Item = Limit> {
    let further = settings.clients.further.iter().filter(move |(of, _)| *of == operation);
    core::iter::once(settings.clients.every).chain(further.map(|(_, limit)| *limit))
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that fails may panic")]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::throttle::{BackoffSettings, Budget, BudgetSettings, Log, Rule};
    use proptest::prelude::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH.saturating_add(Duration::from_millis(millis))
    }

    fn limit(count: u32, millis: u64) -> Limit {
        Limit { count, window: Duration::from_millis(millis) }
    }

    /// The most of these times, in milliseconds, within any half-open span.
    fn most_within(span: u64, times: &[u64]) -> u64 {
        let from = |start: &u64| times.iter().filter(|time| (*start..*start + span).contains(time)).count();
        times.iter().map(from).max().unwrap_or(0) as u64
    }

    fn budget(guesses: &crate::policy::GuessLimits) -> BudgetSettings {
        let rule = |limit: Limit| Rule::new("r", limit.count, limit.window).unwrap();
        let (lock, most, forget) = (guesses.lock, guesses.longest_lock, guesses.forget_lock_after);
        let backoff = BackoffSettings::new("r", lock, most, forget).unwrap();
        BudgetSettings::new(rule(guesses.free), backoff, Some(rule(guesses.long)), None).unwrap()
    }

    /// Settings on a scale of milliseconds, where the long rule binds in some and the pace in others.
    fn small() -> impl Strategy<Value = Settings> {
        (1..5_u32, 1..30_u64, 1..20_u64, 0..30_u64, 1..40_u64, 0..30_u32, 1..60_u64).prop_map(
            |(free, window, lock, more, forget, long, long_window)| {
                let mut settings = Settings::recommended();
                settings.guesses.free = limit(free, window);
                settings.guesses.lock = Duration::from_millis(lock);
                settings.guesses.longest_lock = Duration::from_millis(lock + more);
                settings.guesses.forget_lock_after = Duration::from_millis(forget);
                settings.guesses.long = limit(free + long, long_window);
                settings
            },
        )
    }

    proptest! {
        /// Law 2 and law 14: whatever the attacker's and the owner's timing, the limiter answers no more than the price says.
        #[test]
        fn r16_no_timing_gets_more_guesses_than_the_price_says(
            settings in small(),
            patience in 0..4_u32,
            moves in prop::collection::vec(0..4_u8, 150),
            span in 1..80_u64,
        ) {
            let rules = budget(&settings.guesses);
            let mut budget = Budget::default();
            let mut answered = alloc::vec![];
            for (now, moved) in (0_u64..).zip(&moves) {
                // Some never start a lock, some guess whenever they may, most do as they please.
                let holds_back = patience == 0 && budget.remaining(&rules, at(now)) <= 1;
                let times = if patience == 1 { 9 } else { *moved };
                for _ in 0..times {
                    if !holds_back && budget.check(&rules, at(now)).is_ok() {
                        budget.charge(&rules, at(now));
                        answered.push(now);
                    }
                }
                if *moved == 3 {
                    budget.succeed();
                }
            }
            let priced = guesses_in(&settings, Duration::from_millis(span));
            prop_assert!(most_within(span, &answered) <= priced, "{answered:?} at {priced}");
        }

        /// The same for mail and requests, where it is exact for one limit.
        #[test]
        fn no_timing_gets_more_events_than_the_price_says(
            (count, window) in (1..6_u32, 1..30_u64), span in 1..80_u64,
        ) {
            let rules = [Rule::new("r", count, Duration::from_millis(window)).unwrap()];
            let mut log = Log::default();
            let mut passed = alloc::vec![];
            for now in 0..200 {
                while log.check(&rules, at(now)).is_ok() {
                    log.charge(&rules, at(now));
                    passed.push(now);
                }
            }
            let priced = events_in(Duration::from_millis(span), limit(count, window));
            prop_assert_eq!(most_within(span, &passed), priced);
        }
    }

    /// The figure of the defaults is not only a bound: whoever waits long enough gets exactly so many guesses.
    #[test]
    fn the_figure_of_the_defaults_is_what_a_patient_attacker_gets() {
        let settings = Settings::recommended();
        let rules = budget(&settings.guesses);
        let mut budget = Budget::default();
        let (mut now, mut answered) = (0, 0);
        let year = u64::try_from(YEAR.as_millis()).unwrap();
        while now < year {
            // One guess is always left over, so that no lock ever starts.
            if budget.remaining(&rules, at(now)) > 1
                || answered % 100 == 99 && budget.check(&rules, at(now)).is_ok()
            {
                budget.charge(&rules, at(now));
                answered += 1;
            } else {
                now += 450_000;
            }
        }
        assert_eq!((answered, guesses_in(&settings, YEAR)), (500, 500));
    }

    #[test]
    fn a_year_and_a_window_of_a_year_are_both_half_open() {
        assert_eq!(events_in(YEAR, Limit { count: 7, window: YEAR }), 7);
        assert_eq!(events_in(YEAR, Limit { count: 7, window: YEAR - Duration::from_nanos(1) }), 14);
        assert_eq!(events_in(YEAR, limit(0, 0)), 0);
        assert_eq!(events_in(YEAR, limit(1, 0)), u64::MAX);
        assert_eq!(events_in(Duration::MAX, limit(u32::MAX, 1)), u64::MAX);
        assert_eq!(events_in(YEAR, Limit { count: 1, window: Duration::MAX }), 1);
    }
}
