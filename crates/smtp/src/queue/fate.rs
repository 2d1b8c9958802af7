//! What becomes of a message after a try.

use std::time::Duration;

use countersign::Timestamp;

use crate::{Failure, Reason, Why};

/// How often a message is tried, and how long is waited in between: twice as long each time, less a random part of up to half, so
/// that a server that comes back is not met by all at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retry {
    /// Before the second try.
    pub first: Duration,
    /// At most.
    pub most: Duration,
    /// How many tries there are in all.
    pub tries: u32,
}

impl Default for Retry {
    /// From two seconds to five minutes, for about two hours. A message with a code is dead long before.
    fn default() -> Self {
        Self { first: Duration::from_secs(2), most: Duration::from_secs(300), tries: 30 }
    }
}

/// A try that did not deliver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    /// It was too late before it began.
    Expired,
    Failed(Failure),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Again(Duration, Why),
    Dropped(Reason, Option<Why>),
}

/// What becomes of a message after so many tries. `left` is how long it is still of use, if there is an end to that; `chance` any
/// number at all.
///
/// A wait is at most half of what is left, so that a message that is soon of no use is tried more often towards its end.
pub(super) fn fate(trouble: Trouble, tries: u32, left: Option<Duration>, retry: &Retry, chance: u64) -> Fate {
    let Failure { permanent, why } = match trouble {
        Trouble::Expired => return Fate::Dropped(Reason::Expired, None),
        Trouble::Failed(failure) => failure,
    };
    if permanent {
        return Fate::Dropped(Reason::Refused, Some(why));
    }
    if tries >= retry.tries {
        return Fate::Dropped(Reason::GivenUp, Some(why));
    }
    let doubled = 1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX);
    let whole = retry.first.saturating_mul(doubled).min(retry.most);
    let half = whole.checked_div(2).unwrap_or_default();
    let part = u32::try_from(chance >> 32).unwrap_or_default();
    let wait = half.saturating_add(scaled(half, part));
    match left.map(|left| left.checked_div(2).unwrap_or_default()) {
        Some(half_left) if half_left < SHORTEST => Fate::Dropped(Reason::Expired, Some(why)),
        Some(half_left) => Fate::Again(wait.min(half_left), why),
        None => Fate::Again(wait, why),
    }
}

/// With less than twice this left no other try is worth it.
const SHORTEST: Duration = Duration::from_millis(500);

/// `span` · `part` / 2³².
fn scaled(span: Duration, part: u32) -> Duration {
    let millis = span.as_millis().saturating_mul(u128::from(part)) >> 32;
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// How long something is still of use.
pub(super) fn left(expires_at: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    expires_at.map(|at| at.since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry { first: Duration::from_secs(2), most: Duration::from_secs(60), tries: 5 };
    const BUSY: Trouble = Trouble::Failed(Failure::transient(Why::Answer(451)));

    fn wait(tries: u32, left: Option<u64>, chance: u64) -> Option<u128> {
        match fate(BUSY, tries, left.map(Duration::from_millis), &RETRY, chance) {
            Fate::Again(wait, _) => Some(wait.as_millis()),
            Fate::Dropped(..) => None,
        }
    }

    #[test]
    fn waits_double_up_to_the_most_less_up_to_half() {
        assert_eq!([1, 2, 3, 4].map(|tries| wait(tries, None, 0)), [1_000, 2_000, 4_000, 8_000].map(Some));
        assert_eq!([1, 2].map(|tries| wait(tries, None, u64::MAX)), [1_999, 3_999].map(Some));
        let many = Retry { tries: u32::MAX, ..RETRY };
        for tries in [6, 7, 40, u32::MAX - 1] {
            let Fate::Again(wait, _) = fate(BUSY, tries, None, &many, 0) else { panic!("{tries}") };
            assert_eq!(wait, Duration::from_secs(30), "{tries}");
        }
    }

    #[test]
    fn tries_end() {
        assert_eq!(wait(4, None, 0), Some(8_000));
        let fate = |trouble, tries| fate(trouble, tries, None, &RETRY, 0);
        assert_eq!(fate(BUSY, 5), Fate::Dropped(Reason::GivenUp, Some(Why::Answer(451))));
        let no = Trouble::Failed(Failure::permanent(Why::Answer(550)));
        assert_eq!(fate(no, 1), Fate::Dropped(Reason::Refused, Some(Why::Answer(550))));
        assert_eq!(fate(Trouble::Expired, 1), Fate::Dropped(Reason::Expired, None));
    }

    #[test]
    fn nothing_is_tried_when_it_is_too_late() {
        assert_eq!(wait(4, Some(10_000), 0), Some(5_000), "half of what is left");
        assert_eq!(wait(4, Some(1_000), 0), Some(500));
        assert_eq!(wait(4, Some(999), 0), None);
        assert_eq!(wait(1, Some(0), 0), None);
    }
}
