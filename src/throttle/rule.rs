//! One rule of a limit, and what is said of it.
//!
//! What an attacker could gain if this were wrong: a limit of "none", or a window of zero, is a door without a sentry. So a
//! rule without a finite, positive limit and window cannot be built (R16).

use core::time::Duration;

use crate::Timestamp;

/// "Never more than `limit` events in any window of length `window`."
///
/// Windows are half-open: an event at `t` counts from `t` on and no longer at `t + window`. It is the *sliding* form of a limit:
/// it holds for every window, wherever it begins, so that no burst across the edge of a calendar minute gets double.
/// Several rules on one action share a [`Log`](crate::throttle::Log). A cooldown is a rule with limit 1; see
/// [`Rule::cooldown`].
///
/// ```
/// use core::time::Duration;
/// use countersign::throttle::Rule;
///
/// const SENDS: Rule = match Rule::new("sends", 5, Duration::from_secs(30 * 60)) {
///     Ok(rule) => rule,
///     Err(_) => panic!("a compile error, if it were out of bounds"),
/// };
/// assert_eq!((SENDS.name(), SENDS.limit()), ("sends", 5));
/// assert!(Rule::new("sends", 0, Duration::from_secs(60)).is_err(), "0 is neither unlimited nor never");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    name: &'static str,
    limit: u32,
    /// Whole milliseconds, so that a comparison needs no division.
    window: u64,
}

impl Rule {
    /// The largest limit: what one [`Log`](crate::throttle::Log) can hold in a record (law 13).
    pub const MAX_LIMIT: u32 = 1000;
    /// The longest window: 400 days.
    pub const MAX_WINDOW: Duration = Duration::from_secs(400 * 24 * 60 * 60);

    /// At most `limit` events in any `window`. The name is shown to clients (draft-ietf-httpapi-ratelimit-headers §3,
    /// R93) and must not depend on who asks.
    ///
    /// # Errors
    /// [`RuleError::Limit`] unless the limit is 1 to [`Rule::MAX_LIMIT`]; [`RuleError::Window`] unless the window is 1 ms
    /// to [`Rule::MAX_WINDOW`] in whole milliseconds (R16: explicit, finite and validated).
    pub const fn new(name: &'static str, limit: u32, window: Duration) -> Result<Self, RuleError> {
        if limit == 0 || limit > Self::MAX_LIMIT {
            return Err(RuleError::Limit { rule: name, limit });
        }
        match whole_millis(window, Self::MAX_WINDOW) {
            Some(window) => Ok(Self { name, limit, window }),
            None => Err(RuleError::Window { rule: name, window }),
        }
    }

    /// At least `span` between one event and the next: a limit of 1 (R24).
    ///
    /// # Errors
    /// [`RuleError::Window`] as for [`Rule::new`].
    pub const fn cooldown(name: &'static str, span: Duration) -> Result<Self, RuleError> {
        Self::new(name, 1, span)
    }

    /// The name under which refusals and quotas mention it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The most events in any window, at least 1.
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// The length of the window, in whole milliseconds.
    #[must_use]
    pub const fn window(&self) -> Duration {
        Duration::from_millis(self.window)
    }

    /// Whether an event at `event` counts at `now`: `now < event + window`, exact over the whole range, also where
    /// that sum could not be written. An event in the future counts.
    pub(super) const fn counts(&self, event: Timestamp, now: Timestamp) -> bool {
        let (event, now) = (event.unix_millis(), now.unix_millis());
        now <= event || now.abs_diff(event) < self.window
    }

    /// When an event at `event` no longer counts; [`Timestamp::MAX`] if that lies beyond the range.
    pub(super) fn leaves(&self, event: Timestamp) -> Timestamp {
        event.saturating_add(self.window())
    }

    /// The limit as a length.
    pub(super) fn len(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }
}

/// A rule that cannot be built. Only a policy's author sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The limit is 0 or above [`Rule::MAX_LIMIT`].
    #[error("rule `{rule}`: the limit must be 1 to 1000, not {limit}")]
    Limit {
        /// The rule's name.
        rule: &'static str,
        /// What was asked for.
        limit: u32,
    },
    /// The window is zero, above [`Rule::MAX_WINDOW`] or finer than a millisecond.
    #[error("rule `{rule}`: the window must be 1 ms to 400 days in whole milliseconds, not {window:?}")]
    Window {
        /// The rule's name.
        rule: &'static str,
        /// What was asked for.
        window: Duration,
    },
}

/// A refusal by a limit: which rule, and when to come back.
///
/// Exactly at `retry_at`, if nothing else happened in between, the same request passes; one millisecond earlier it does not
/// (R92). [`Timestamp::MAX`] means "never".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limited {
    /// The name of the rule that is shut for longest.
    pub rule: &'static str,
    /// The first moment at which no rule is shut.
    pub retry_at: Timestamp,
}

impl Limited {
    /// The one that lasts longer, the first if both last as long.
    pub(super) fn later(self, other: Self) -> Self {
        if other.retry_at > self.retry_at { other } else { self }
    }
}

/// One rule as it stands, for response headers (draft-ietf-httpapi-ratelimit-headers §4, R93).
///
/// Shown to strangers it must come from their own partition (R95, law 8): else it tells how busy the owner is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// The rule's name.
    pub rule: &'static str,
    /// The most events in any window.
    pub limit: u32,
    /// The length of the window.
    pub window: Duration,
    /// How many events may still happen now.
    pub remaining: u32,
    /// When `remaining` next rises by itself: the oldest event that counts leaves the window. `now` if none counts.
    pub reset_at: Timestamp,
}

/// The span in milliseconds, if it is 1 ms to `max` and not finer than a millisecond.
pub(super) const fn whole_millis(span: Duration, max: Duration) -> Option<u64> {
    let nanos = span.as_nanos();
    if nanos == 0 || nanos > max.as_nanos() || !span.subsec_nanos().is_multiple_of(1_000_000) {
        return None;
    }
    // Lossless: `max` is a few hundred days.
    Some(span.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_that_last_as_long_the_first_is_told() {
        let limited = |rule, at| Limited { rule, retry_at: Timestamp::from_unix_seconds(at) };
        assert_eq!(limited("first", 5).later(limited("second", 5)).rule, "first");
        assert_eq!(limited("first", 5).later(limited("second", 6)).rule, "second");
    }

    /// B083: a span that no counter can hold is refused, not wrapped; R16: nothing means "unlimited".
    #[test]
    fn r16_b083_only_finite_positive_rules_are_built() {
        let minute = Duration::from_secs(60);
        for limit in [0, 1001, u32::MAX] {
            assert_eq!(Rule::new("x", limit, minute), Err(RuleError::Limit { rule: "x", limit }));
        }
        let day = Duration::from_secs(86_400);
        let ms = Duration::from_millis(1);
        let ns = Duration::from_nanos(1);
        for window in [Duration::ZERO, ns, minute + ns, day * 400 + ms, day * 400 + ns, Duration::MAX] {
            assert_eq!(Rule::new("x", 1, window), Err(RuleError::Window { rule: "x", window }));
            assert_eq!(Rule::cooldown("x", window), Err(RuleError::Window { rule: "x", window }));
        }
        for (limit, window) in [(1, ms), (1000, day * 400)] {
            let rule = Rule::new("x", limit, window).unwrap();
            assert_eq!((rule.name(), rule.limit(), rule.window()), ("x", limit, window));
        }
        assert_eq!(Rule::cooldown("x", minute).unwrap().limit(), 1);
        assert!(alloc::format!("{}", Rule::new("x", 0, minute).unwrap_err()).contains("1000"));
        assert_eq!(Rule::MAX_WINDOW, day * 400, "the message above says 400 days");
    }
}
