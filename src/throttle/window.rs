//! Sliding windows: the times of recent events, under several rules at once.
//!
//! The log keeps times and not a counter or a bucket's level, because only times make "never more than N in any window of
//! W" exact. Its price is eight bytes an event in memory, two to five when stored, and it is bounded by the largest limit (law 13).
//!
//! What an attacker could gain if this were wrong: one event forgotten too early is one more guess per window (R1, R11);
//! one mail more per window in somebody else's mailbox (R24).

use alloc::collections::VecDeque;
use core::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Limited, Quota, Rule};
use crate::Timestamp;

/// The times of recent events of one action, oldest first.
///
/// The rules come with each call, from the policy; the log holds none, so that a changed policy applies at once to what
/// already happened. A raised limit or a longer window sees only what the old rules had reason to keep.
///
/// ```
/// use core::time::Duration;
/// use countersign::Timestamp;
/// use countersign::throttle::{Log, Rule};
///
/// let rules = [
///     Rule::cooldown("resend_cooldown", Duration::from_secs(60))?,
///     Rule::new("sends", 5, Duration::from_secs(30 * 60))?,
/// ];
/// let at = Timestamp::from_unix_seconds;
/// let mut sends = Log::default();
/// for second in [0, 60, 120, 180, 240] {
///     assert!(sends.check(&rules, at(second)).is_ok());
///     sends.charge(&rules, at(second));
/// }
/// let refusal = sends.check(&rules, at(250)).unwrap_err();
/// assert_eq!((refusal.rule, refusal.retry_at), ("sends", at(1800)), "the rule that lasts longest");
/// assert!(sends.check(&rules, at(1800)).is_ok());
/// # Ok::<(), countersign::throttle::RuleError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Log {
    /// Ascending. A ring, since every event that comes in on one side lets one go on the other.
    times: VecDeque<Timestamp>,
}

impl Log {
    /// Whether one more event may happen now. Changes nothing and allocates nothing: O(1) per rule.
    ///
    /// # Errors
    /// Of all rules that are shut, the one that opens last.
    pub fn check(&self, rules: &[Rule], now: Timestamp) -> Result<(), Limited> {
        let mut last: Option<(&Rule, Timestamp)> = None;
        for rule in rules {
            if let Some(retry_at) = self.shut_until(rule, now)
                && last.is_none_or(|(_, latest)| retry_at > latest)
            {
                last = Some((rule, retry_at));
            }
        }
        last.map_or(Ok(()), |(rule, retry_at)| Err(Limited { rule: rule.name(), retry_at }))
    }

    /// Counts an event that happens now, whether or not a rule allows it, and drops what no rule needs any more.
    ///
    /// It is written down as happening no earlier than the last one, so that a clock that was set back cannot make it age early.
    pub fn charge(&mut self, rules: &[Rule], now: Timestamp) {
        let at = self.times.back().map_or(now, |last| now.max(*last));
        self.times.push_back(at);
        self.prune(rules, now);
    }

    /// How many events may happen at this moment: the least that any rule leaves. `u32::MAX` under no rules.
    #[must_use]
    pub fn remaining(&self, rules: &[Rule], now: Timestamp) -> u32 {
        rules.iter().map(|rule| self.left(rule, now)).min().unwrap_or(u32::MAX)
    }

    /// When the next event may happen; `None` if it may happen now.
    #[must_use]
    pub fn retry_at(&self, rules: &[Rule], now: Timestamp) -> Option<Timestamp> {
        self.check(rules, now).err().map(|limited| limited.retry_at)
    }

    /// One rule as it stands now, for response headers.
    #[must_use]
    pub fn quota(&self, rule: &Rule, now: Timestamp) -> Quota {
        Quota {
            rule: rule.name(),
            limit: rule.limit(),
            window: rule.window(),
            remaining: self.left(rule, now),
            reset_at: self.times.get(self.counted_from(rule, now)).map_or(now, |oldest| rule.leaves(*oldest)),
        }
    }

    /// Drops what no rule needs any more: what has left a rule's window, or has as many newer ones as the rule's limit.
    ///
    /// Answers under these rules, at `now` and later, stay the same. Under no rules nothing is needed.
    pub fn prune(&mut self, rules: &[Rule], now: Timestamp) {
        // What a rule needs are the newest events: if it does not need the oldest, only those after it are in question.
        let needed = |oldest: Timestamp, len: usize| {
            rules.iter().any(|rule| len <= rule.len() && rule.counts(oldest, now))
        };
        while let Some(oldest) = self.times.front()
            && !needed(*oldest, self.times.len())
        {
            self.times.pop_front();
        }
    }

    /// When every event has left the window of every rule, so that an empty log says the same. [`Timestamp::MIN`] when
    /// there is nothing to forget, [`Timestamp::MAX`] for "never".
    #[must_use]
    pub fn forgotten_at(&self, rules: &[Rule]) -> Timestamp {
        let Some(last) = self.times.back() else { return Timestamp::MIN };
        rules.iter().map(|rule| rule.leaves(*last)).max().unwrap_or(Timestamp::MIN)
    }

    /// Moves every event by the way from `from` to `to`, after the clock was set (law 7). The gaps between them stay, save
    /// at the ends of the range.
    pub fn rebase(&mut self, from: Timestamp, to: Timestamp) {
        for time in &mut self.times {
            *time = time.shifted(from, to);
        }
    }

    /// Whether it holds no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// How many events it holds, at most the largest limit of the rules it was charged under.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Where those begin that are in the window and among the newest `limit`: older ones cannot matter to the rule, since
    /// these leave its window after them. O(log n).
    fn counted_from(&self, rule: &Rule, now: Timestamp) -> usize {
        let newest_from = self.times.len().saturating_sub(rule.len());
        self.times.partition_point(|time| !rule.counts(*time, now)).max(newest_from)
    }

    fn left(&self, rule: &Rule, now: Timestamp) -> u32 {
        let used = self.times.len().saturating_sub(self.counted_from(rule, now));
        rule.limit().saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
    }

    /// A rule is shut while the `limit`-th newest event counts: one look, however long the log.
    fn shut_until(&self, rule: &Rule, now: Timestamp) -> Option<Timestamp> {
        let nth = self.times.len().checked_sub(rule.len()).and_then(|index| self.times.get(index))?;
        rule.counts(*nth, now).then(|| rule.leaves(*nth))
    }
}

/// A sequence: the first time, then the milliseconds from each to the next, which a variable-length encoding makes short.
impl Serialize for Log {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.times.len()))?;
        let mut previous = None;
        for time in &self.times {
            let millis = time.unix_millis();
            match previous.replace(millis) {
                None => seq.serialize_element(&millis)?,
                Some(previous) => seq.serialize_element(&millis.abs_diff(previous))?,
            }
        }
        seq.end()
    }
}

impl<'de> Deserialize<'de> for Log {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Times)
    }
}

/// Reads what [`Log`] writes. Ascending by construction; refuses what is too long or leaves the range of time.
struct Times;

impl<'de> Visitor<'de> for Times {
    type Value = Log;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} ascending times", Rule::MAX_LIMIT)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Log, A::Error> {
        let max = usize::try_from(Rule::MAX_LIMIT).unwrap_or(usize::MAX);
        // The length is bounded before anything is allocated for it (law 13).
        let announced = seq.size_hint().unwrap_or(0);
        if announced > max {
            return Err(A::Error::invalid_length(announced, &self));
        }
        let mut times = VecDeque::with_capacity(announced);
        let Some(mut millis) = seq.next_element::<i64>()? else { return Ok(Log::default()) };
        times.push_back(Timestamp::from_unix_millis(millis));
        while let Some(gap) = seq.next_element::<u64>()? {
            if times.len() >= max {
                return Err(A::Error::invalid_length(times.len().saturating_add(1), &self));
            }
            millis = millis
                .checked_add_unsigned(gap)
                .ok_or_else(|| A::Error::custom("a time beyond the range"))?;
            times.push_back(Timestamp::from_unix_millis(millis));
        }
        Ok(Log { times })
    }
}
