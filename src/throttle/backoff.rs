//! Waits that double.
//!
//! RFC 4226 §7.3 delays the n-th attempt more than the one before it, and NIST SP 800-63B-4 §3.2.2 allows such waits below the
//! hard cap (R7). A lock's end is not the end of the back-off: the step survives it, so that the next failure locks for longer.
//!
//! What an attacker could gain if this were wrong: a lock that never comes back after its first end (B009), or a product
//! that overflows to a short wait, turns a throttle into a delay that is paid once.

use core::num::NonZeroU32;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::Limited;
use super::rule::whole_millis;
use crate::Timestamp;

/// How long locks last and when the back-off is forgotten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BackoffSettings {
    name: &'static str,
    /// These three in whole milliseconds.
    base: u64,
    max: u64,
    forget_after: u64,
}

impl BackoffSettings {
    /// The longest span that can be set: 366 days.
    pub const MAX_SPAN: Duration = Duration::from_secs(366 * 24 * 60 * 60);

    /// Locks of `base`, `2 * base`, `4 * base`, … up to `max`; starting again at `base` once `forget_after` has passed since
    /// the end of the last lock. `name` is how refusals mention it.
    ///
    /// # Errors
    /// [`BackoffError::Span`] unless each span is 1 ms to 366 days in whole milliseconds; [`BackoffError::Order`] if
    /// `base` is longer than `max` (R16, B083).
    pub const fn new(
        name: &'static str,
        base: Duration,
        max: Duration,
        forget_after: Duration,
    ) -> Result<Self, BackoffError> {
        let Some(base_ms) = whole_millis(base, Self::MAX_SPAN) else {
            return Err(BackoffError::Span { name, span: base });
        };
        let Some(max_ms) = whole_millis(max, Self::MAX_SPAN) else {
            return Err(BackoffError::Span { name, span: max });
        };
        let Some(forget_after_ms) = whole_millis(forget_after, Self::MAX_SPAN) else {
            return Err(BackoffError::Span { name, span: forget_after });
        };
        if base_ms > max_ms {
            return Err(BackoffError::Order { name, base, max });
        }
        Ok(Self { name, base: base_ms, max: max_ms, forget_after: forget_after_ms })
    }

    /// The name under which refusals mention it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The first lock's length.
    #[must_use]
    pub const fn base(&self) -> Duration {
        Duration::from_millis(self.base)
    }

    /// The longest lock.
    #[must_use]
    pub const fn max(&self) -> Duration {
        Duration::from_millis(self.max)
    }

    /// How long after a lock's end the step is forgotten.
    #[must_use]
    pub const fn forget_after(&self) -> Duration {
        Duration::from_millis(self.forget_after)
    }

    /// The length of a lock after `step` locks before it: `base * 2^step`, at most `max`.
    #[must_use]
    pub const fn span(&self, step: u32) -> Duration {
        let span = self.base.saturating_mul(2_u64.saturating_pow(step));
        Duration::from_millis(if span < self.max { span } else { self.max })
    }
}

/// Back-off settings that cannot be built. Only a policy's author sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackoffError {
    /// A span is zero, above 366 days or finer than a millisecond.
    #[error("back-off `{name}`: a span must be 1 ms to 366 days in whole milliseconds, not {span:?}")]
    Span {
        /// The back-off's name.
        name: &'static str,
        /// What was asked for.
        span: Duration,
    },
    /// The first lock is longer than the longest.
    #[error("back-off `{name}`: the first lock ({base:?}) is longer than the longest ({max:?})")]
    Order {
        /// The back-off's name.
        name: &'static str,
        /// The first lock's length.
        base: Duration,
        /// The longest lock.
        max: Duration,
    },
}

/// How many locks there were, and when the last one ends.
///
/// ```
/// use core::time::Duration;
/// use countersign::Timestamp;
/// use countersign::throttle::{Backoff, BackoffSettings};
///
/// let day = Duration::from_secs(86_400);
/// let settings = BackoffSettings::new("locked", Duration::from_secs(900), day, day)?;
/// let at = Timestamp::from_unix_seconds;
/// let mut backoff = Backoff::default();
/// backoff.raise(&settings, at(0));
/// assert_eq!(backoff.retry_at(at(899)), Some(at(900)));
/// assert!(backoff.check(&settings, at(900)).is_ok());
/// backoff.raise(&settings, at(900));
/// assert_eq!(backoff.retry_at(at(900)), Some(at(900 + 1800)), "its end is not forgotten");
/// # Ok::<(), countersign::throttle::BackoffError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Backoff {
    raised: Option<Raised>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Raised {
    /// How many locks there were since it was last forgotten.
    step: NonZeroU32,
    /// [`Timestamp::MAX`] means "never": it may be where a sum was cut off.
    locked_until: Timestamp,
}

impl Backoff {
    /// Whether no lock holds now.
    ///
    /// # Errors
    /// The lock, and when it ends.
    pub fn check(&self, settings: &BackoffSettings, now: Timestamp) -> Result<(), Limited> {
        match self.retry_at(now) {
            Some(retry_at) => Err(Limited { rule: settings.name, retry_at }),
            None => Ok(()),
        }
    }

    /// Locks from now on, twice as long as the last time. Starts at `base` if the step has been forgotten by now.
    pub fn raise(&mut self, settings: &BackoffSettings, now: Timestamp) {
        self.forget(settings, now);
        let step = self.step();
        self.raised = Some(Raised {
            step: NonZeroU32::MIN.saturating_add(step),
            locked_until: now.saturating_add(settings.span(step)),
        });
    }

    /// Whether there was a lock that is not forgotten yet; it may have ended. While it is raised, a failure locks again.
    #[must_use]
    pub fn is_raised(&self, settings: &BackoffSettings, now: Timestamp) -> bool {
        // A difference, not a sum: exact where `locked_until + forget_after` could not be written. Zero during the lock.
        self.raised.is_some_and(|raised| now.since(raised.locked_until) < settings.forget_after())
    }

    /// When the lock that holds now ends; `None` if none holds.
    #[must_use]
    pub fn retry_at(&self, now: Timestamp) -> Option<Timestamp> {
        let locked_until = self.raised?.locked_until;
        (now < locked_until || locked_until == Timestamp::MAX).then_some(locked_until)
    }

    /// Starts again from nothing if it is no longer raised; changes nothing otherwise.
    pub fn forget(&mut self, settings: &BackoffSettings, now: Timestamp) {
        // A lock that holds is raised, so this never ends one.
        if !self.is_raised(settings, now) {
            self.raised = None;
        }
    }

    /// When it stops being raised. [`Timestamp::MIN`] if it never was, [`Timestamp::MAX`] for "never".
    #[must_use]
    pub fn forgotten_at(&self, settings: &BackoffSettings) -> Timestamp {
        self.raised
            .map_or(Timestamp::MIN, |raised| raised.locked_until.saturating_add(settings.forget_after()))
    }

    /// Moves the lock's end by the way from `from` to `to`, after the clock was set (law 7). The step stays.
    pub fn rebase(&mut self, from: Timestamp, to: Timestamp) {
        if let Some(raised) = &mut self.raised {
            raised.locked_until = raised.locked_until.shifted(from, to);
        }
    }

    /// How many locks there were since it was last forgotten.
    fn step(&self) -> u32 {
        self.raised.map_or(0, |raised| raised.step.get())
    }
}
