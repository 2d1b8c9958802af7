//! Points in time, as the core counts them.
//!
//! The core never asks for the time: each request brings its own (see [`Context`](crate::Context)). A point is a whole number of
//! milliseconds since 1970-01-01T00:00:00Z in an `i64`, so that it is cheap to store and so that every
//! operation can be total: sums saturate at the ends of the range, differences saturate at zero, and no hostile
//! clock or setting can make them wrap.
//!
//! What an attacker could gain if this were wrong: a sum that wraps makes an expiry lie in the far past (a denial
//! of service) or in the far future (a code that never dies).

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since the Unix epoch, negative before it.
///
/// One millisecond is the smallest unit, so "one tick before expiry" in the laws means one millisecond.
///
/// ```
/// use core::time::Duration;
/// use countersign::Timestamp;
///
/// let issued = Timestamp::from_unix_seconds(1_700_000_000);
/// let expires = issued.saturating_add(Duration::from_secs(300));
/// assert_eq!(expires.since(issued), Duration::from_secs(300));
/// assert_eq!(issued.since(expires), Duration::ZERO, "never negative");
/// assert_eq!(Timestamp::MAX.saturating_add(Duration::from_secs(1)), Timestamp::MAX);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest point that can be written.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest point that can be written; as an expiry it means "never".
    pub const MAX: Self = Self(i64::MAX);
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(0);

    /// The point `millis` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The point `seconds` seconds after the Unix epoch, at the nearer end of the range if it lies outside.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down (also before it).
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This point moved later by `span`, or [`Timestamp::MAX`] if that lies outside the range.
    #[must_use]
    pub fn saturating_add(self, span: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(millis(span)))
    }

    /// This point moved earlier by `span`, or [`Timestamp::MIN`] if that lies outside the range.
    #[must_use]
    pub fn saturating_sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub_unsigned(millis(span)))
    }

    /// How long before this point `earlier` was; zero if it was not before.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        if self <= earlier { Duration::ZERO } else { Duration::from_millis(self.0.abs_diff(earlier.0)) }
    }

    /// This point shifted by the way from `from` to `to`, saturating at the ends of the range.
    ///
    /// Records use it to rebase themselves after a clock has been set back (law 7).
    #[must_use]
    pub fn shifted(self, from: Self, to: Self) -> Self {
        if to >= from { self.saturating_add(to.since(from)) } else { self.saturating_sub(from.since(to)) }
    }

    /// The same point as calendar time, or `None` beyond the years −9999 to 9999.
    #[must_use]
    pub fn to_utc(self) -> Option<time::UtcDateTime> {
        time::UtcDateTime::from_unix_timestamp_nanos(i128::from(self.0).checked_mul(1_000_000)?).ok()
    }
}

impl From<time::UtcDateTime> for Timestamp {
    /// Truncates to the millisecond at or before the given time.
    fn from(at: time::UtcDateTime) -> Self {
        let millis = at.unix_timestamp_nanos().div_euclid(1_000_000);
        // Always fits: such a time is within ten thousand years of 1970.
        Self(i64::try_from(millis).unwrap_or(i64::MAX))
    }
}

/// RFC 3339 in UTC, such as `2026-11-21T20:00:00Z`; the bare count of milliseconds where no calendar date exists.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By hand, because the formatter of `time` needs `std`.
        let Some(at) = self.to_utc() else { return write!(f, "{}ms", self.0) };
        let ((year, month, day), (hour, minute, second, millis)) = (at.to_calendar_date(), at.as_hms_milli());
        let month = u8::from(month);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if millis > 0 { write!(f, ".{millis:03}Z") } else { f.write_str("Z") }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A span in milliseconds, rounded up so that no wait ends early, saturating.
pub(crate) fn millis(span: Duration) -> u64 {
    let whole = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    if span.subsec_nanos().is_multiple_of(1_000_000) { whole } else { whole.saturating_add(1) }
}

/// A wait in whole seconds as `Retry-After` wants it: rounded up, at least 1 (RFC 9110 §10.2.3, R92).
///
/// ```
/// use core::time::Duration;
/// assert_eq!(countersign::retry_after_seconds(Duration::from_millis(59_001)), 60);
/// assert_eq!(countersign::retry_after_seconds(Duration::ZERO), 1);
/// ```
#[must_use]
pub fn retry_after_seconds(wait: Duration) -> u64 {
    millis(wait).div_ceil(1000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arithmetic_is_total_and_ordered(a in any::<i64>(), b in any::<i64>(), span in any::<u64>()) {
            let (a, b) = (Timestamp(a), Timestamp(b));
            let span = Duration::from_millis(span);
            prop_assert!(a.saturating_add(span) >= a);
            prop_assert!(a.saturating_sub(span) <= a);
            prop_assert_eq!(a.since(b).is_zero(), a <= b);
            prop_assert_eq!(b.saturating_add(a.since(b)), a.max(b));
            prop_assert_eq!(a.shifted(a, b), b);
            let _ = (a.to_utc(), a.unix_seconds());
            let text = alloc::format!("{a}");
            prop_assert!(!text.is_empty());
        }
    }

    #[test]
    fn calendar_time_is_rfc_3339() {
        assert_eq!(alloc::format!("{}", Timestamp::from_unix_seconds(59)), "1970-01-01T00:00:59Z");
        assert_eq!(
            alloc::format!("{}", Timestamp::from_unix_millis(1_234_567_890_007)),
            "2009-02-13T23:31:30.007Z"
        );
        assert_eq!(alloc::format!("{}", Timestamp::MAX), "9223372036854775807ms");
        let at = Timestamp::from_unix_millis(-1);
        assert_eq!(Timestamp::from(at.to_utc().unwrap()), at);
    }
}
