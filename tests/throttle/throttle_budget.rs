//! The guess budget of one factor in one partition.

use core::time::Duration;

use countersign::Timestamp;
use countersign::throttle::{BackoffSettings, Budget, BudgetSettings, Rule, Shut};
use proptest::prelude::*;

use super::*;

fn settings() -> impl Strategy<Value = BudgetSettings> {
    let long = prop::option::of((0_u32..8, 1_u64..120));
    let rest = (1_u64..20, 0_u64..60, 1_u64..40, long, prop::option::of(0_u32..12));
    (1_u32..5, 1_u64..25, rest).prop_map(|(free, window, (base, more, forget, long, cap))| {
        let long = if cap.is_none() { long.or(Some((3, 50))) } else { long };
        BudgetSettings::new(
            Rule::new("free", free, ms(window)).unwrap(),
            BackoffSettings::new("lock", ms(base), ms(base + more), ms(forget)).unwrap(),
            long.map(|(more, window)| Rule::new("long", free + more, ms(window)).unwrap()),
            cap.map(|more| free + more),
        )
        .unwrap()
    })
}

/// Every failure there ever was, and the locks that follow from the list.
#[derive(Clone, Default)]
struct Model {
    failures: Vec<i128>,
    in_a_row: u32,
}

impl Model {
    fn within(rule: &Rule, failures: &[i128], now: i128) -> bool {
        let counted = failures.iter().filter(|failure| now - **failure < length(rule.window())).count();
        counted < rule.limit() as usize
    }

    /// The end of the last lock, and how many there were, told from the beginning.
    fn locks(&self, s: &BudgetSettings) -> Option<i128> {
        let (mut end, mut step) = (None, 0_u32);
        for (index, failure) in self.failures.iter().enumerate() {
            let raised = end.is_some_and(|end: i128| *failure < end + length(s.backoff().forget_after()));
            step = if raised { step } else { 0 };
            if raised || !Self::within(s.free(), &self.failures[..=index], *failure) {
                let span = length(s.backoff().base()) << step.min(60);
                end = Some(failure + span.min(length(s.backoff().max())));
                step += 1;
            }
        }
        end
    }

    fn disabled(&self, s: &BudgetSettings) -> bool {
        s.consecutive().is_some_and(|cap| self.in_a_row >= cap)
    }

    fn open(&self, s: &BudgetSettings, now: i128) -> bool {
        let end = self.locks(s);
        let locked = end.is_some_and(|end| now < end || end >= MAX);
        let raised = end.is_some_and(|end| now < end + length(s.backoff().forget_after()));
        let long = s.long().is_none_or(|long| Self::within(long, &self.failures, now));
        !self.disabled(s) && !locked && long && (raised || Self::within(s.free(), &self.failures, now))
    }

    fn opens(&self, s: &BudgetSettings, now: i128) -> i128 {
        let rules = [Some(s.free()), s.long()];
        let ends = rules.into_iter().flatten().map(|rule| length(rule.window()));
        let leave = ends.flat_map(|window| self.failures.iter().map(move |failure| failure + window));
        let moments = leave.chain(self.locks(s)).chain([now]);
        moments.filter(|t| *t >= now && self.open(s, *t)).min().unwrap_or(MAX)
    }

    fn remaining(&self, s: &BudgetSettings, now: i128) -> u32 {
        let (mut copy, mut answered) = (self.clone(), 0);
        while copy.open(s, now) {
            copy.failures.push(now);
            copy.in_a_row += 1;
            answered += 1;
        }
        answered
    }
}

proptest! {
    #![proptest_config(cases())]

    /// Law 2, R1, R6, R7: at every moment the budget says what the whole history says; successes come in between.
    #[test]
    fn law2_r1_r7_exact_against_the_whole_history(
        s in settings(),
        times in ascending(40),
        right in prop::collection::vec(prop::bool::weighted(0.15), 40),
        to_the_edge in prop::collection::vec(prop::bool::weighted(0.4), 40),
    ) {
        let (mut budget, mut model) = (Budget::default(), Model::default());
        let mut last = Timestamp::MIN;
        for ((time, right), edge) in times.into_iter().zip(right).zip(to_the_edge) {
            // Often as soon as it opens: where an attacker would be.
            let mut now = at(time).max(last);
            if let (true, Some(retry_at)) = (edge, budget.retry_at(&s, now)) {
                now = retry_at;
            }
            last = now;
            let (t, open) = (big(now), model.open(&s, big(now)));
            prop_assert_eq!(budget.check(&s, now).is_ok(), open);
            prop_assert_eq!(budget.is_disabled(&s), model.disabled(&s));
            prop_assert_eq!(budget.remaining(&s, now), model.remaining(&s, t));
            match budget.check(&s, now) {
                Ok(()) => prop_assert_eq!(budget.retry_at(&s, now), None),
                Err(Shut::Disabled) => {
                    prop_assert!(model.disabled(&s));
                    prop_assert_eq!(budget.retry_at(&s, now), Some(Timestamp::MAX));
                }
                Err(Shut::Until(limited)) => {
                    prop_assert!(!model.disabled(&s));
                    let retry_at = limited.retry_at;
                    prop_assert_eq!(retry_at, cut(model.opens(&s, t)));
                    prop_assert_eq!(budget.retry_at(&s, now), Some(retry_at));
                    // At the end of the range "never" is now, and the tick before it is past.
                    prop_assert!(now == retry_at || budget.check(&s, tick_before(retry_at)).is_err());
                    if retry_at != Timestamp::MAX {
                        prop_assert!(budget.check(&s, retry_at).is_ok());
                    }
                }
            }
            if open && right {
                budget.succeed();
                model.in_a_row = 0;
            } else if open {
                budget.charge(&s, now);
                model.failures.push(t);
                model.in_a_row += 1;
            }
            prop_assert_eq!(&stored(&budget), &budget);
            let mut pruned = budget.clone();
            pruned.prune(&s, now);
            prop_assert_eq!(pruned.check(&s, now), budget.check(&s, now));
            prop_assert_eq!(pruned.remaining(&s, now), budget.remaining(&s, now));
            let held = s.consecutive().is_some() && model.in_a_row > 0;
            prop_assert_eq!(budget.forgotten_at(&s).is_none(), held);
            if let Some(forgotten) = budget.forgotten_at(&s)
                && forgotten != Timestamp::MIN && forgotten != Timestamp::MAX
            {
                let (mut before, mut then) = (budget.clone(), budget.clone());
                before.prune(&s, tick_before(forgotten));
                then.prune(&s, forgotten);
                prop_assert!(before != Budget::default() && then == Budget::default());
            }
        }
    }

    /// Laws 2 and 7: with clocks that jump anywhere, no panic, no more than the long limit in any long window, and never
    /// more failures in a row than the cap.
    #[test]
    fn law7_no_clock_beats_the_long_rule_or_the_cap(
        s in settings(),
        steps in prop::collection::vec((any_time(), prop::bool::weighted(0.1), prop::bool::weighted(0.1)), 1..60),
    ) {
        let (mut budget, mut recorded, mut latest, mut in_a_row) = (Budget::default(), Vec::new(), i64::MIN, 0);
        for (time, right, idle) in steps {
            if idle {
                // Housekeeping at the latest time it knows gives nothing back.
                budget.prune(&s, at(latest));
            }
            if budget.check(&s, at(time)).is_err() {
                prop_assert_eq!(budget.remaining(&s, at(time)), 0);
                continue;
            }
            prop_assert!(budget.remaining(&s, at(time)) > 0);
            if right {
                budget.succeed();
                in_a_row = 0;
                continue;
            }
            budget.charge(&s, at(time));
            latest = latest.max(time);
            recorded.push(i128::from(latest));
            in_a_row += 1;
            prop_assert!(s.consecutive().is_none_or(|cap| in_a_row <= cap));
        }
        if let Some(long) = s.long() {
            for group in recorded.windows(long.limit() as usize + 1) {
                prop_assert!(group[group.len() - 1] - group[0] >= length(long.window()));
            }
        }
        budget.rebase(Timestamp::MIN, Timestamp::MAX);
        budget.rebase(Timestamp::MAX, Timestamp::MIN);
        prop_assert_eq!(stored(&budget), budget);
    }
}

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

fn free() -> Rule {
    Rule::new("failures", 10, 900 * SECOND).unwrap()
}

fn locks() -> BackoffSettings {
    BackoffSettings::new("locked", 900 * SECOND, DAY, DAY).unwrap()
}

fn long() -> Rule {
    Rule::new("failures_long", 100, 90 * DAY).unwrap()
}

fn defaults() -> BudgetSettings {
    BudgetSettings::new(free(), locks(), Some(long()), Some(100)).unwrap()
}

/// Guesses wrong as soon as it is open, until `end`; the times of the guesses answered.
fn attack(budget: &mut Budget, s: &BudgetSettings, mut now: Timestamp, end: Timestamp) -> Vec<Timestamp> {
    let mut answered = Vec::new();
    while now < end {
        match budget.check(s, now) {
            Ok(()) => {
                budget.charge(s, now);
                answered.push(now);
            }
            Err(Shut::Until(limited)) => {
                assert!(limited.retry_at > now, "a refusal looks ahead");
                now = limited.retry_at;
            }
            Err(Shut::Disabled) => break,
        }
    }
    answered
}

/// B009, R1, R2: each lock's end allows one guess and locks again, for longer; the cap counts across all of them.
#[test]
fn b009_r2_expired_locks_lock_again_and_the_cap_counts_across_cycles() {
    let s = BudgetSettings::new(free(), locks(), None, Some(100)).unwrap();
    let mut budget = Budget::default();
    let answered = attack(&mut budget, &s, at(0), at(0).saturating_add(3650 * DAY));
    assert_eq!(answered.len(), 100);
    assert!(answered[..10].iter().all(|time| *time == at(0)));
    let waits: Vec<u64> = answered[9..].windows(2).map(|pair| pair[1].since(pair[0]).as_secs()).collect();
    assert_eq!(waits[..8], [900, 1800, 3600, 7200, 14_400, 28_800, 57_600, 86_400]);
    assert!(waits[8..].iter().all(|wait| *wait == 86_400));
    for later in [answered[99], at(0).saturating_add(36_500 * DAY), Timestamp::MAX, Timestamp::MIN] {
        assert_eq!(budget.check(&s, later), Err(Shut::Disabled));
        budget.prune(&s, later);
    }
    assert_eq!(budget.forgotten_at(&s), None);
    budget.reset();
    assert!(budget.check(&s, answered[99]).is_ok(), "bound anew");
}

/// Law 2: an owner who signs in daily gives a patient attacker nothing back: 100 in any 90 days.
#[test]
fn law2_success_never_clears_the_long_window_nor_the_backoff() {
    let s = defaults();
    let (mut budget, mut answered) = (Budget::default(), Vec::new());
    for day in 0..400_u32 {
        let morning = at(0).saturating_add(DAY * day);
        answered.extend(attack(&mut budget, &s, morning, morning.saturating_add(DAY)));
        let before = budget.clone();
        budget.succeed();
        let late = morning.saturating_add(DAY);
        assert_eq!(budget.remaining(&s, late), before.remaining(&s, late));
        assert_eq!(budget.retry_at(&s, late), before.retry_at(&s, late));
    }
    assert!(answered.len() > 300);
    for group in answered.windows(101) {
        assert!(group[100].since(group[0]) >= 90 * DAY);
    }
}

/// B012: a right secret during a lock is refused: nothing a caller could note then would open it.
#[test]
fn b012_a_success_during_a_lock_opens_nothing() {
    let s = defaults();
    let mut budget = Budget::default();
    (0..10).for_each(|_| budget.charge(&s, at(0)));
    let shut = budget.check(&s, at(1));
    assert!(
        matches!(shut, Err(Shut::Until(limited)) if limited.rule == "locked" && limited.retry_at == at(900_000))
    );
    budget.succeed();
    assert_eq!(budget.check(&s, at(1)), shut);
}

/// Only the step is forgotten, a day after the lock's end: then ten are free again, but the long rule has them all.
#[test]
fn r7_only_the_step_is_forgotten() {
    let s = defaults();
    let mut budget = Budget::default();
    (0..10).for_each(|_| budget.charge(&s, at(0)));
    let forgotten = at(0).saturating_add(900 * SECOND + DAY);
    assert_eq!(budget.remaining(&s, tick_before(forgotten)), 1);
    assert_eq!(budget.remaining(&s, forgotten), 10);
    for _ in 0..9 {
        budget.charge(&s, forgotten);
        assert!(budget.check(&s, forgotten).is_ok());
    }
    budget.charge(&s, forgotten);
    assert_eq!(
        budget.retry_at(&s, forgotten),
        Some(forgotten.saturating_add(900 * SECOND)),
        "the base again"
    );
    budget.succeed();
    assert_eq!(budget.forgotten_at(&s), Some(forgotten.saturating_add(90 * DAY)), "not when the step is");
}

/// Law 13: an empty budget costs a few bytes, a full one less than a kilobyte.
#[test]
fn law13_a_budget_is_small() {
    let mut budget = Budget::default();
    assert_eq!(postcard::to_allocvec(&budget).unwrap(), [0, 0, 0]);
    assert_eq!(budget.forgotten_at(&defaults()), Some(Timestamp::MIN));
    let start = at(1_700_000_000_000);
    attack(&mut budget, &defaults(), start, start.saturating_add(365 * DAY));
    assert!(postcard::to_allocvec(&budget).unwrap().len() < 1000);
}

/// R1, R16: no budget without a bound, none beyond 100, none that contradicts itself.
#[test]
fn r1_r16_unbounded_budgets_are_refused() {
    let new = |long, consecutive| BudgetSettings::new(free(), locks(), long, consecutive);
    assert!(new(None, None).is_err());
    for consecutive in [0, 9, 101, u32::MAX] {
        assert!(new(Some(long()), Some(consecutive)).is_err());
    }
    assert!(new(Some(Rule::new("long", 9, DAY).unwrap()), None).is_err());
    for ok in
        [new(Some(free()), None), new(None, Some(10)), new(None, Some(100)), new(Some(long()), Some(10))]
    {
        let s = ok.unwrap();
        assert_eq!((s.free(), s.backoff()), (&free(), &locks()));
        assert!(s.long().is_some() || s.consecutive().is_some());
    }
}
