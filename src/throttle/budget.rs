//! The guess budget of one factor in one partition.
//!
//! ```text
//!  free failures ──(limit reached)──► locked ──(time)──► one guess ──(wrong)──► locked, twice as long, …
//!        ▲                                                   │
//!        └───────────── forget_after without failure ────────┘
//!
//!  beside it, always: the long rule (ages, and only ages), and the consecutive cap (a success or a re-binding ends it)
//! ```
//!
//! The free rule alone would give a patient attacker its limit in every window for ever; the back-off takes over at the
//! first lock and leaves one guess per lock; the long rule and the cap bound the whole (R1, R2, R7, law 2).
//!
//! What an attacker could gain if this were wrong: guesses. A success that cleared the long window would let anybody who waits for
//! the owner to sign in guess without end; a lock whose end cleared the count would do it without the owner (B009).

use serde::{Deserialize, Serialize};

use super::{Backoff, BackoffSettings, Cap, Limited, Log, Quota, Rule};
use crate::Timestamp;

/// How many wrong guesses are answered, over all flows, for one factor in one partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BudgetSettings {
    free: Rule,
    backoff: BackoffSettings,
    long: Option<Rule>,
    consecutive: Option<u32>,
}

impl BudgetSettings {
    /// The highest cap on consecutive failures (NIST SP 800-63B-4 §3.2.2, R1).
    pub const MAX_CONSECUTIVE: u32 = 100;

    /// `free` failures before the first lock, `backoff` from then on, and at least one bound on the whole: `long`, which
    /// nothing clears, or `consecutive`, which disables until [`Budget::reset`].
    ///
    /// # Errors
    /// [`BudgetError::Unbounded`] with neither bound (R16); [`BudgetError::Consecutive`] unless that cap is 1 to 100 (R1);
    /// [`BudgetError::Long`] or [`BudgetError::BelowFree`] if a bound is lower than the free limit, which would then be a
    /// promise that cannot be kept.
    pub const fn new(
        free: Rule,
        backoff: BackoffSettings,
        long: Option<Rule>,
        consecutive: Option<u32>,
    ) -> Result<Self, BudgetError> {
        if long.is_none() && consecutive.is_none() {
            return Err(BudgetError::Unbounded);
        }
        if let Some(long) = &long
            && long.limit() < free.limit()
        {
            return Err(BudgetError::Long { long: long.limit(), free: free.limit() });
        }
        if let Some(consecutive) = consecutive {
            if consecutive == 0 || consecutive > Self::MAX_CONSECUTIVE {
                return Err(BudgetError::Consecutive { consecutive });
            }
            if consecutive < free.limit() {
                return Err(BudgetError::BelowFree { consecutive, free: free.limit() });
            }
        }
        Ok(Self { free, backoff, long, consecutive })
    }

    /// The failures answered before the first lock.
    #[must_use]
    pub const fn free(&self) -> &Rule {
        &self.free
    }

    /// The locks after them.
    #[must_use]
    pub const fn backoff(&self) -> &BackoffSettings {
        &self.backoff
    }

    /// The bound that success never clears.
    #[must_use]
    pub const fn long(&self) -> Option<&Rule> {
        self.long.as_ref()
    }

    /// The failures in a row that disable.
    #[must_use]
    pub const fn consecutive(&self) -> Option<u32> {
        self.consecutive
    }

    /// The rules whose events the log must keep. A rule twice is a rule once.
    fn kept(&self) -> [Rule; 2] {
        [self.free, self.long.unwrap_or(self.free)]
    }
}

/// Budget settings that cannot be built. Only a policy's author sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BudgetError {
    /// Neither a long rule nor a consecutive cap.
    #[error("a guess budget needs a long rule or a cap on consecutive failures")]
    Unbounded,
    /// The consecutive cap is 0 or above 100.
    #[error("the cap on consecutive failures must be 1 to 100, not {consecutive}")]
    Consecutive {
        /// What was asked for.
        consecutive: u32,
    },
    /// The long rule allows less than the free one.
    #[error("the long rule's limit ({long}) is below the free limit ({free})")]
    Long {
        /// The long rule's limit.
        long: u32,
        /// The free rule's limit.
        free: u32,
    },
    /// The consecutive cap allows less than the free rule.
    #[error("the cap on consecutive failures ({consecutive}) is below the free limit ({free})")]
    BelowFree {
        /// The consecutive cap.
        consecutive: u32,
        /// The free rule's limit.
        free: u32,
    },
}

/// Why no guess is answered now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shut {
    /// A limit or a lock, and when it opens.
    Until(Limited),
    /// Too many failures in a row: no time opens it, only [`Budget::reset`] (R2).
    Disabled,
}

/// The failures at one factor in one partition.
///
/// While it is shut, a guess is refused without being compared and without being counted, be it right or wrong (R7, B012):
/// call [`check`](Self::check) first, and [`charge`](Self::charge) or [`succeed`](Self::succeed) only after it passed.
///
/// ```
/// use core::time::Duration;
/// use countersign::Timestamp;
/// use countersign::throttle::{BackoffSettings, Budget, BudgetSettings, Rule};
///
/// let (second, day) = (Duration::from_secs(1), Duration::from_secs(86_400));
/// let settings = BudgetSettings::new(
///     Rule::new("failures", 10, 900 * second).unwrap(),
///     BackoffSettings::new("locked", 900 * second, day, day).unwrap(),
///     Some(Rule::new("failures_long", 100, 90 * day).unwrap()),
///     Some(100),
/// )?;
/// let at = Timestamp::from_unix_seconds;
/// let mut budget = Budget::default();
/// for n in 0..10 {
///     assert_eq!(budget.remaining(&settings, at(n)), 10 - n as u32);
///     budget.charge(&settings, at(n));
/// }
/// assert_eq!(budget.retry_at(&settings, at(10)), Some(at(9 + 900)), "the tenth locks");
/// assert_eq!(budget.remaining(&settings, at(909)), 1, "one guess per lock");
/// budget.charge(&settings, at(909));
/// assert_eq!(budget.retry_at(&settings, at(910)), Some(at(909 + 1800)));
/// # Ok::<(), countersign::throttle::BudgetError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Budget {
    /// One log serves the free and the long rule: both count the same failures, and neither is ever cleared.
    failures: Log,
    backoff: Backoff,
    consecutive: Cap,
}

impl Budget {
    /// Whether a guess may be compared now. Changes nothing and allocates nothing.
    ///
    /// # Errors
    /// [`Shut::Disabled`] first; else the lock or rule that opens last. At exactly its `retry_at`, if nothing else changed,
    /// the check passes.
    pub fn check(&self, settings: &BudgetSettings, now: Timestamp) -> Result<(), Shut> {
        if self.is_disabled(settings) {
            return Err(Shut::Disabled);
        }
        self.limited(settings, now).map_or(Ok(()), |limited| Err(Shut::Until(limited)))
    }

    /// Counts a wrong guess.
    pub fn charge(&mut self, settings: &BudgetSettings, now: Timestamp) {
        self.failures.charge(&settings.kept(), now);
        // Without a cap there is nobody to read the count, and a record that must forget everything has less to keep.
        if settings.consecutive.is_some() {
            self.consecutive.charge();
        }
        // The failure that completes the free ones locks; after that each does, until the back-off is forgotten.
        if self.backoff.is_raised(&settings.backoff, now)
            || self.failures.check(&[settings.free], now).is_err()
        {
            self.backoff.raise(&settings.backoff, now);
        }
    }

    /// How many wrong guesses lie in the window of the free rule.
    #[must_use]
    pub fn free_failures(&self, settings: &BudgetSettings, now: Timestamp) -> u32 {
        settings.free.limit().saturating_sub(self.failures.remaining(&[settings.free], now))
    }

    /// Notes a right guess: the failures before it are no longer in a row (R6). Nothing else is cleared, neither a window nor
    /// the back-off, or an attacker could let the owner's own sign-ins renew his guesses (law 2).
    pub fn succeed(&mut self) {
        self.consecutive.reset();
    }

    /// Forgets everything: the factor was bound anew (R2). No other event may call it.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// How many wrong guesses, made at this very moment, would be answered before one is refused.
    #[must_use]
    pub fn remaining(&self, settings: &BudgetSettings, now: Timestamp) -> u32 {
        if self.check(settings, now).is_err() {
            return 0;
        }
        if self.backoff.is_raised(&settings.backoff, now) {
            return 1;
        }
        let failures = self.failures.remaining(&settings.kept(), now);
        settings.consecutive.map_or(failures, |cap| failures.min(self.consecutive.remaining(cap)))
    }

    /// The budget as it stands, under the name of its free rule, for response headers. What a lock or the long rule takes away is
    /// in `remaining`; while it is shut, `reset_at` is when it opens.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use countersign::Timestamp;
    /// # use countersign::throttle::{BackoffSettings, Budget, BudgetSettings, Rule};
    /// # let (second, day) = (Duration::from_secs(1), Duration::from_secs(86_400));
    /// # let free = Rule::new("failures", 2, 900 * second).unwrap();
    /// # let lock = BackoffSettings::new("locked", 900 * second, day, day).unwrap();
    /// # let settings = BudgetSettings::new(free, lock, None, Some(100)).unwrap();
    /// # let at = Timestamp::from_unix_seconds;
    /// let mut budget = Budget::default();
    /// budget.charge(&settings, at(0));
    /// assert_eq!(budget.quota(&settings, at(1)).remaining, 1);
    /// budget.charge(&settings, at(1));
    /// let shut = budget.quota(&settings, at(2));
    /// assert_eq!((shut.remaining, shut.reset_at), (0, at(1 + 900)));
    /// ```
    #[must_use]
    pub fn quota(&self, settings: &BudgetSettings, now: Timestamp) -> Quota {
        let free = self.failures.quota(&settings.free, now);
        let reset_at = self.retry_at(settings, now).unwrap_or(free.reset_at);
        Quota { remaining: self.remaining(settings, now).min(free.limit), reset_at, ..free }
    }

    /// When the next guess may be compared; `None` if now. [`Timestamp::MAX`], "never", when disabled.
    #[must_use]
    pub fn retry_at(&self, settings: &BudgetSettings, now: Timestamp) -> Option<Timestamp> {
        match self.check(settings, now) {
            Ok(()) => None,
            Err(Shut::Until(limited)) => Some(limited.retry_at),
            Err(Shut::Disabled) => Some(Timestamp::MAX),
        }
    }

    /// Whether so many failures in a row were counted that only [`reset`](Self::reset) helps (R1, R2).
    #[must_use]
    pub fn is_disabled(&self, settings: &BudgetSettings) -> bool {
        settings.consecutive.is_some_and(|cap| !self.consecutive.check(cap))
    }

    /// Drops what no longer matters at `now`. Answers, at `now` and later, stay the same.
    pub fn prune(&mut self, settings: &BudgetSettings, now: Timestamp) {
        self.failures.prune(&settings.kept(), now);
        self.backoff.forget(&settings.backoff, now);
    }

    /// When everything is forgotten, so that an empty budget says the same; [`Timestamp::MIN`] if nothing was ever kept.
    /// `None` while failures in a row are held against a cap: time never forgets those.
    #[must_use]
    pub fn forgotten_at(&self, settings: &BudgetSettings) -> Option<Timestamp> {
        if settings.consecutive.is_some() && self.consecutive.count() > 0 {
            return None;
        }
        let failures = self.failures.forgotten_at(&settings.kept());
        Some(failures.max(self.backoff.forgotten_at(&settings.backoff)))
    }

    /// Moves every time by the way from `from` to `to`, after the clock was set (law 7). Counts stay.
    pub fn rebase(&mut self, from: Timestamp, to: Timestamp) {
        self.failures.rebase(from, to);
        self.backoff.rebase(from, to);
    }

    /// What shuts it now, apart from the cap.
    fn limited(&self, settings: &BudgetSettings, now: Timestamp) -> Option<Limited> {
        let lock = self.backoff.check(&settings.backoff, now).err();
        let long = settings.long.and_then(|long| self.failures.check(&[long], now).err());
        let first = lock.into_iter().chain(long).reduce(Limited::later);
        // The free rule is asked about the moment at which the others open: while the back-off is raised it has no say (its
        // window may still be full when a lock ends), but the back-off may be forgotten before either window moves on.
        let open_at = first.map_or(now, |limited| limited.retry_at);
        if self.backoff.is_raised(&settings.backoff, open_at) {
            return first;
        }
        let free = self.failures.check(&[settings.free], open_at).err();
        first.into_iter().chain(free).reduce(Limited::later)
    }
}
