//! Sliding windows.

use core::time::Duration;

use countersign::Timestamp;
use countersign::throttle::{Budget, Log, Rule};
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::value::{Error, SeqDeserializer};

use super::*;

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let rule = |name| (1_u32..6, 1_u64..25).prop_map(move |(n, w)| Rule::new(name, n, ms(w)).unwrap());
    (rule("a"), rule("b"), rule("c"), 1_usize..4).prop_map(|(a, b, c, len)| [a, b, c][..len].to_vec())
}

fn leaves(rule: &Rule, event: i128) -> i128 {
    event + length(rule.window())
}

fn count(rule: &Rule, events: &[i128], now: i128) -> u32 {
    events.iter().filter(|event| now < leaves(rule, **event)).count() as u32
}

fn left(rules: &[Rule], events: &[i128], now: i128) -> u32 {
    rules.iter().map(|rule| rule.limit().saturating_sub(count(rule, events, now))).min().unwrap()
}

/// The first moment from `now` on at which every rule is open: only an event's leaving can bring it.
fn opens(rules: &[Rule], events: &[i128], now: i128) -> i128 {
    let ends = rules.iter().flat_map(|rule| events.iter().map(|event| leaves(rule, *event)));
    ends.chain([now]).filter(|t| *t >= now && left(rules, events, *t) > 0).min().unwrap()
}

proptest! {
    #![proptest_config(cases())]

    /// Law 2, R24, R92: every answer is the one of a log that forgets nothing, also when events were counted that no rule
    /// allowed, and the log stays within the largest limit (law 13).
    #[test]
    fn law2_r24_r92_exact_against_all_events(
        rules in rules(),
        times in ascending(40),
        force in prop::collection::vec(prop::bool::weighted(0.2), 40),
    ) {
        let (mut log, mut events) = (Log::default(), Vec::new());
        for (now, force) in times.into_iter().map(at).zip(force) {
            let (t, expected) = (big(now), left(&rules, &events, big(now)));
            prop_assert_eq!(log.remaining(&rules, now), expected);
            prop_assert_eq!(log.check(&rules, now).is_ok(), expected > 0);
            match log.check(&rules, now) {
                Ok(()) => prop_assert_eq!(log.retry_at(&rules, now), None),
                Err(limited) => {
                    prop_assert_eq!(limited.retry_at, cut(opens(&rules, &events, t)));
                    prop_assert_eq!(log.retry_at(&rules, now), Some(limited.retry_at));
                    prop_assert!(log.check(&rules, tick_before(limited.retry_at)).is_err());
                    if limited.retry_at != Timestamp::MAX {
                        prop_assert!(log.check(&rules, limited.retry_at).is_ok());
                    }
                    let named = rules.iter().filter(|rule| rule.name() == limited.rule);
                    let alone: Vec<Rule> = named.copied().collect();
                    prop_assert_eq!(log.retry_at(&alone, now), Some(limited.retry_at));
                }
            }
            for rule in &rules {
                let quota = log.quota(rule, now);
                prop_assert_eq!((quota.rule, quota.limit, quota.window), (rule.name(), rule.limit(), rule.window()));
                let now_left = left(&[*rule], &events, t);
                prop_assert_eq!(quota.remaining, now_left);
                // The next moment at which more is left, if anything counts at all.
                let more = events.iter().map(|e| leaves(rule, *e));
                let rise = more.filter(|end| *end > t && left(&[*rule], &events, *end) > now_left).min();
                prop_assert_eq!(quota.reset_at, rise.map_or(now, cut));
            }
            if force || expected > 0 {
                log.charge(&rules, now);
                events.push(t);
            }
            prop_assert!(log.len() <= rules.iter().map(Rule::limit).max().unwrap() as usize);
            prop_assert_eq!(log.is_empty(), log == Log::default());
            prop_assert_eq!(&stored(&log), &log);
            let mut pruned = log.clone();
            pruned.prune(&rules, now);
            prop_assert_eq!(pruned.remaining(&rules, now), log.remaining(&rules, now));
            prop_assert_eq!(pruned.retry_at(&rules, now), log.retry_at(&rules, now));
            // Forgotten exactly when nothing is left.
            let forgotten = log.forgotten_at(&rules);
            if forgotten != Timestamp::MIN && forgotten != Timestamp::MAX {
                let (mut before, mut then) = (log.clone(), log.clone());
                before.prune(&rules, tick_before(forgotten));
                then.prune(&rules, forgotten);
                prop_assert!(!before.is_empty() && then.is_empty());
            }
        }
    }

    /// Laws 2 and 7: a clock that jumps anywhere, in any order, never gets more than N events into any window of W.
    #[test]
    fn law7_no_clock_gets_more_than_the_limit_into_a_window(
        rules in rules(),
        times in prop::collection::vec(any_time(), 1..60),
    ) {
        let (mut log, mut recorded, mut latest) = (Log::default(), Vec::new(), i64::MIN);
        for time in times {
            if time >= latest {
                prop_assert_eq!(log.remaining(&rules, at(time)), left(&rules, &recorded, time.into()));
            }
            if log.check(&rules, at(time)).is_ok() {
                log.charge(&rules, at(time));
                latest = latest.max(time);
                recorded.push(i128::from(latest));
            }
            prop_assert_eq!(&stored(&log), &log);
        }
        for rule in &rules {
            for group in recorded.windows(rule.limit() as usize + 1) {
                prop_assert!(group[group.len() - 1] - group[0] >= length(rule.window()));
            }
        }
    }

    /// Law 7: after a rebase every answer is the same at the moved time, and nothing wraps at the ends.
    #[test]
    fn law7_rebase_moves_answers_and_saturates(
        rules in rules(),
        steps in prop::collection::vec(0_u64..20, 1..20),
        probe in -40_i64..80,
        (from, to) in (any_time(), any_time()),
    ) {
        let (mut log, mut now) = (Log::default(), at(0));
        for step in steps {
            now = now.saturating_add(ms(step));
            log.charge(&rules, now);
        }
        let mut far = log.clone();
        far.rebase(at(from), at(to));
        far.rebase(Timestamp::MIN, Timestamp::MAX);
        far.rebase(Timestamp::MAX, at(from));
        prop_assert_eq!(far.len(), log.len());
        prop_assert_eq!(&stored(&far), &far, "still ascending");
        let (from, to) = (from.clamp(-1 << 60, 1 << 60), to.clamp(-1 << 60, 1 << 60));
        let moved = |time: Timestamp| at(time.unix_millis() - from + to);
        let probe = now.saturating_sub(ms(40)).saturating_add(ms((probe + 40) as u64));
        let mut based = log.clone();
        based.rebase(at(from), at(to));
        prop_assert_eq!(based.remaining(&rules, moved(probe)), log.remaining(&rules, probe));
        prop_assert_eq!(based.retry_at(&rules, moved(probe)), log.retry_at(&rules, probe).map(moved));
    }

    /// Law 13: whatever a row says, decoding and use neither panic nor exceed the bound.
    #[test]
    fn law13_hostile_bytes_are_refused_or_harmless(
        mut bytes in prop::collection::vec(any::<u8>(), 0..80),
        short in any::<bool>(),
        rules in rules(),
        now in any_time(),
    ) {
        if let (true, Some(first)) = (short, bytes.first_mut()) {
            *first %= 16;
        }
        if let Ok(mut log) = postcard::from_bytes::<Log>(&bytes) {
            prop_assert!(log.len() <= Rule::MAX_LIMIT as usize);
            let _ = (log.check(&rules, at(now)), log.quota(&rules[0], at(now)), log.forgotten_at(&rules));
            log.charge(&rules, at(now));
            prop_assert_eq!(stored(&log), log);
        }
        let _ = postcard::from_bytes::<Budget>(&bytes);
    }
}

/// R24: a cooldown is a rule like any other, and its edge is exact; an event in the future counts (law 7).
#[test]
fn r24_cooldown_edges_and_the_future() {
    let rules = [Rule::cooldown("resend_cooldown", Duration::from_secs(60)).unwrap()];
    let mut log = Log::default();
    log.charge(&rules, at(100_000));
    assert_eq!(log.check(&rules, at(159_999)).unwrap_err().retry_at, at(160_000));
    assert!(log.check(&rules, at(160_000)).is_ok());
    assert_eq!(log.retry_at(&rules, at(-5)), Some(at(160_000)), "the clock was set back");
    log.charge(&rules, at(-5));
    assert_eq!(log.retry_at(&rules, at(-5)), Some(at(160_000)), "recorded no earlier than the last");
    assert_eq!((log.len(), log.remaining(&[], at(0)), log.retry_at(&[], at(0))), (1, u32::MAX, None));
    log.prune(&[], at(0));
    assert_eq!((log.is_empty(), log.forgotten_at(&rules)), (true, Timestamp::MIN));
}

/// B082: at the very end of time a limit holds, and its end cannot be written.
#[test]
fn b082_a_limit_holds_at_the_end_of_time() {
    let rules = [Rule::new("x", 2, ms(10)).unwrap()];
    let mut log = Log::default();
    for _ in 0..2 {
        assert!(log.check(&rules, Timestamp::MAX).is_ok());
        log.charge(&rules, Timestamp::MAX);
    }
    assert_eq!(log.retry_at(&rules, Timestamp::MAX), Some(Timestamp::MAX), "never");
    assert_eq!(log.retry_at(&rules, Timestamp::MIN), Some(Timestamp::MAX));
    assert_eq!(log.forgotten_at(&rules), Timestamp::MAX);
}

/// Law 13: the stored form is small, and bounded before anything is allocated.
#[test]
fn law13_the_stored_form_is_compact_and_bounded() {
    let encode = |deltas: &[u64]| {
        let mut bytes = postcard::to_allocvec(&(deltas.len() + 1)).unwrap();
        bytes.extend(postcard::to_allocvec(&1_700_000_000_000_i64).unwrap());
        deltas.iter().for_each(|delta| bytes.extend(postcard::to_allocvec(delta).unwrap()));
        bytes
    };
    assert_eq!(postcard::from_bytes::<Log>(&encode(&[0; 999])).unwrap().len(), 1000);
    assert!(postcard::from_bytes::<Log>(&encode(&[0; 1000])).is_err());
    assert!(postcard::from_bytes::<Log>(&encode(&[5, i64::MAX as u64])).is_err(), "beyond the range");
    assert!(postcard::from_bytes::<Log>(&encode(&[u64::MAX])).is_err());
    assert!(postcard::from_bytes::<Log>(&[0xff, 0xff, 0xff, 0xff, 0x0f]).is_err(), "only announced");
    // A format that announces no length, and one that announces more than there is memory.
    let count = |len: u64| Log::deserialize(SeqDeserializer::<_, Error>::new((0..len).filter(|_| true)));
    assert_eq!(count(1000).unwrap().len(), 1000);
    assert!(count(1001).is_err());
    assert!(Log::deserialize(SeqDeserializer::<_, Error>::new(0..u64::MAX)).is_err());
    let rules = [Rule::new("x", 60, Duration::from_secs(60)).unwrap()];
    let mut log = Log::default();
    (0..60).for_each(|n| log.charge(&rules, at(1_700_000_000_000 + n * 1000)));
    assert_eq!(postcard::to_allocvec(&log).unwrap().len(), 1 + 6 + 59 * 2);
    assert_eq!(postcard::to_allocvec(&Log::default()).unwrap(), [0]);
    // The widest gap there is.
    let mut wide = Log::default();
    let always = [Rule::new("x", 2, ms(1)).unwrap()];
    wide.charge(&always, Timestamp::MIN);
    wide.rebase(Timestamp::MIN, Timestamp::MIN);
    assert_eq!(stored(&wide), wide);
}
