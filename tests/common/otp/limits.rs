//! Limits as the design tells them, answered from the times of everything that ever happened.
//!
//! Times are milliseconds in an integer that no sum overflows.
#![allow(
    dead_code,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use core::time::Duration;

use countersign::policy::*;

/// A rule and the moment at which it lets the next one through.
pub type Opens = (&'static str, i128);

pub fn ms(span: Duration) -> i128 {
    span.as_millis().cast_signed()
}

/// When a limit on events at these times lets the next one through: the first moment, now or later, at which fewer than
/// `count` of them are less than a window old.
pub fn opens(times: &[i128], limit: Limit, now: i128) -> i128 {
    let open =
        |at: i128| times.iter().filter(|time| at - **time < ms(limit.window)).count() < limit.count as usize;
    let moments = times.iter().map(|time| time + ms(limit.window)).filter(|at| *at > now);
    if open(now) { now } else { moments.filter(|at| open(*at)).min().unwrap_or(now) }
}

/// How many locks there were before the last one in a row, and when that one ends.
pub fn lock(limits: &GuessLimits, wrong: &[i128]) -> Option<(u32, i128)> {
    let GuessLimits { free, lock, longest_lock, forget_lock_after, .. } = limits;
    wrong.iter().enumerate().fold(None, |last: Option<(u32, i128)>, (index, at)| {
        let before = last.filter(|(_, end)| at - end < ms(*forget_lock_after)).map(|(step, _)| step + 1);
        let within = wrong[..=index].iter().filter(|time| at - **time < ms(free.window)).count();
        // The failure that completes the free ones locks; while the doubling is remembered, each does.
        let step = before.or((within >= free.count as usize).then_some(0))?;
        let span = ms(*lock).saturating_mul(2_i128.saturating_pow(step)).min(ms(*longest_lock));
        Some((step, at + span))
    })
}

/// What a guess has to wait for.
pub fn guesses(limits: &GuessLimits, wrong: &[i128], now: i128) -> Vec<Opens> {
    let lock = lock(limits, wrong);
    let locked = lock.map_or(now, |(_, end)| end.max(now));
    let long = opens(wrong, limits.long, now);
    let mut rules = vec![(RULE_GUESSES_LOCK, locked), (RULE_GUESSES_LONG, long)];
    // While the doubling is remembered there is one guess per lock; else the free ones must have a place left.
    let open = locked.max(long);
    if lock.is_none_or(|(_, end)| open - end >= ms(limits.forget_lock_after)) {
        rules.push((RULE_GUESSES_FREE, opens(wrong, limits.free, open)));
    }
    rules
}

/// How many wrong guesses at this moment would be answered before one is refused; `in_a_row` more disable, if any do.
pub fn guesses_left(limits: &GuessLimits, wrong: &[i128], in_a_row: Option<u32>, now: i128) -> u32 {
    let mut wrong = wrong.to_vec();
    let mut left = 0;
    while in_a_row.is_none_or(|most| left < most)
        && guesses(limits, &wrong, now).iter().all(|(_, at)| *at <= now)
    {
        left += 1;
        wrong.push(now);
    }
    left
}
