//! Logs and budgets over the whole range of time, against limits that are answered from everything that ever happened.

use core::time::Duration;

use countersign::Timestamp;
use countersign::policy::{GuessLimits, Limit, RULE_GUESSES_FREE, RULE_GUESSES_LOCK, RULE_GUESSES_LONG};
use countersign::throttle::{BackoffSettings, Budget, BudgetSettings, Log, Rule, Shut};

use crate::otp::limits::{guesses, guesses_left, ms, opens};

const MAX: i128 = i64::MAX as i128;

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn long(&mut self) -> Option<i64> {
        let (first, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(i64::from_le_bytes(*first))
    }

    /// A span of a few milliseconds, mostly; or of any length that can be set.
    fn span(&mut self, longest: Duration) -> Option<Duration> {
        let byte = self.byte()?;
        if byte < 250 {
            return Some(Duration::from_millis(u64::from(byte) + 1));
        }
        let longest = u64::try_from(longest.as_millis()).unwrap();
        Some(Duration::from_millis(1 + self.long()?.unsigned_abs() % longest))
    }

    fn limit(&mut self) -> Option<Limit> {
        Some(Limit { count: u32::from(self.byte()? % 12) + 1, window: self.span(Rule::MAX_WINDOW)? })
    }
}

fn at(millis: i128) -> Timestamp {
    Timestamp::from_unix_millis(millis.clamp(i64::MIN.into(), MAX).try_into().unwrap())
}

/// What is beyond the range is "never".
fn cut(millis: i128) -> Timestamp {
    at(millis.min(MAX))
}

pub fn throttle(data: &[u8]) {
    let _ = run(Bytes(data));
}

fn run(mut bytes: Bytes<'_>) -> Option<()> {
    let (free, mut long) = (bytes.limit()?, bytes.limit()?);
    long.count = long.count.max(free.count);
    let (a, b) = (bytes.span(BackoffSettings::MAX_SPAN)?, bytes.span(BackoffSettings::MAX_SPAN)?);
    let forget_lock_after = bytes.span(BackoffSettings::MAX_SPAN)?;
    let consecutive = bytes.byte()?;
    let cap = (consecutive % 2 == 0).then_some((u32::from(consecutive) % 50).max(free.count));
    let limits = GuessLimits {
        free,
        lock: a.min(b),
        longest_lock: a.max(b),
        forget_lock_after,
        long,
        consecutive: cap.unwrap_or(100),
    };
    let rule = |name, limit: Limit| Rule::new(name, limit.count, limit.window).unwrap();
    let rules = [rule(RULE_GUESSES_FREE, free), rule(RULE_GUESSES_LONG, long)];
    let backoff =
        BackoffSettings::new(RULE_GUESSES_LOCK, limits.lock, limits.longest_lock, forget_lock_after).unwrap();
    let settings = BudgetSettings::new(rules[0], backoff, Some(rules[1]), cap).unwrap();

    let (mut log, mut budget) = (Log::default(), Budget::default());
    let (mut events, mut wrong, mut in_a_row) = (vec![], vec![], 0_u32);
    // Most begin where all sums can be written, some at an end.
    let mut now = match bytes.byte()? {
        0..200 => 0,
        200..225 => i128::from(i64::MIN),
        225..250 => MAX - 2_000,
        _ => bytes.long()?.into(),
    };
    let mut steps = 0;
    while let Some(step) = bytes.byte() {
        steps += 1;
        if steps > 200 {
            break;
        }
        // Time goes forward: a little, anywhere, or to the moment at which something opens, give or take a millisecond.
        let off = i128::from(step / 16 % 3) - 1;
        let next = match step % 8 {
            0 => now + i128::from(bytes.byte()?),
            1 => now.max(bytes.long()?.into()),
            2 => budget.retry_at(&settings, at(now)).map_or(now, |at| i128::from(at.unix_millis()) + off),
            3 => log.retry_at(&rules, at(now)).map_or(now, |at| i128::from(at.unix_millis()) + off),
            4 => i128::from(budget.forgotten_at(&settings).unwrap_or(at(now)).unix_millis()) + off,
            _ => now,
        };
        now = next.clamp(now, MAX);
        check_log(&log, &rules, &events, [free, long], now);
        check_budget(&budget, &settings, &limits, &wrong, cap.map(|cap| cap.saturating_sub(in_a_row)), now);
        if step % 2 == 0 && log.check(&rules, at(now)).is_ok() {
            log.charge(&rules, at(now));
            events.push(now);
        }
        if budget.check(&settings, at(now)).is_ok() {
            if step >= 240 {
                budget.succeed();
                in_a_row = 0;
            } else if step % 2 == 1 {
                budget.charge(&settings, at(now));
                wrong.push(now);
                in_a_row += 1;
            }
        }
        // Whatever is stored is read again as it was; pruning changes no answer.
        let stored = postcard::to_allocvec(&(&log, &budget)).unwrap();
        assert!(stored.len() < 11 * 30 + 64, "law 13 (bounded): {} bytes", stored.len());
        let mut read: (Log, Budget) = postcard::from_bytes(&stored).unwrap();
        assert!((&read.0, &read.1) == (&log, &budget), "stored and read again");
        read.0.prune(&rules, at(now));
        read.1.prune(&settings, at(now));
        if step % 32 == 8 {
            (log, budget) = read;
        }
        // A clock that falls back: everything moves with it, so that the time since stays the same (law 7).
        if step % 64 == 13 {
            let to = i128::from(bytes.long()?).min(now);
            let moved = |time: i128| time - now + to;
            if wrong.iter().chain(&events).all(|time| moved(*time) > i64::MIN.into())
                && now < MAX - 40_000_000_000
            {
                log.rebase(at(now), at(to));
                budget.rebase(at(now), at(to));
                events.iter_mut().chain(&mut wrong).for_each(|time| *time = moved(*time));
                now = to;
            }
        }
    }
    Some(())
}

fn check_log(log: &Log, rules: &[Rule], events: &[i128], limits: [Limit; 2], now: i128) {
    let open = limits.map(|limit| opens(events, limit, now)).into_iter().max().unwrap();
    let retry_at = (open > now).then(|| cut(open));
    assert_eq!(log.retry_at(rules, at(now)), retry_at, "law 2 (budget), a log at {now}: {events:?}");
    let within = |limit: Limit| events.iter().filter(|time| now - **time < ms(limit.window)).count();
    let left = limits.map(|limit| (limit.count as usize).saturating_sub(within(limit)));
    let left = left.into_iter().min().unwrap();
    assert_eq!(log.remaining(rules, at(now)) as usize, left, "law 2 (budget), what a log leaves: {events:?}");
    assert!(log.len() <= 12, "law 13 (bounded)");
}

fn check_budget(
    budget: &Budget,
    settings: &BudgetSettings,
    limits: &GuessLimits,
    wrong: &[i128],
    in_a_row: Option<u32>,
    now: i128,
) {
    let now_at = at(now);
    assert_eq!(budget.is_disabled(settings), in_a_row == Some(0), "R1, disabled");
    let opens = guesses(limits, wrong, now).into_iter().map(|(_, at)| at).max().unwrap();
    // At the end of the range, what was cut off is "never", also now.
    let never = now == MAX && budget.check(settings, now_at).is_err();
    match budget.check(settings, now_at) {
        Err(Shut::Disabled) => assert_eq!(in_a_row, Some(0), "R1, disabled"),
        Ok(()) => assert!(opens <= now, "law 2 (budget), a guess too many at {now}: {wrong:?}"),
        Err(Shut::Until(limited)) => {
            assert!(opens > now || never, "law 7 (time), a wait for nothing at {now}: {wrong:?}");
            assert!(limited.retry_at == cut(opens) || never, "R92, at {now}: {opens} {limited:?} {wrong:?}");
        }
    }
    if !never {
        let left = guesses_left(limits, wrong, in_a_row, now);
        assert_eq!(
            budget.remaining(settings, now_at),
            left,
            "law 2 (budget), what is left at {now}: {wrong:?}"
        );
    }
}
