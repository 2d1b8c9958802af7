//! Failures in a row, counted without a clock.
//!
//! NIST SP 800-63B-4 §3.2.2 limits *consecutive* failed attempts to at most 100, after which the authenticator is disabled
//! until it is bound anew (R1, R2). Time plays no part in it, so a misbehaving clock cannot either (law 7).
//!
//! What an attacker could gain if this were wrong: a count that wraps, or that time lowers, is an endless supply of guesses.

use serde::{Deserialize, Serialize};

/// A count of failures since the last success.
///
/// ```
/// use countersign::throttle::Cap;
///
/// let mut failures = Cap::default();
/// failures.charge();
/// assert_eq!((failures.check(2), failures.remaining(2)), (true, 1));
/// failures.charge();
/// assert!(!failures.check(2), "shut until `reset`, whatever the time");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cap(u32);

impl Cap {
    /// Whether fewer than `limit` failures were counted: `true` is open. A limit of 0 is always shut.
    #[must_use]
    pub const fn check(&self, limit: u32) -> bool {
        self.0 < limit
    }

    /// Counts a failure. Stays at the largest number rather than wrap.
    pub const fn charge(&mut self) {
        self.0 = self.0.saturating_add(1);
    }

    /// How many failures are left before it shuts.
    #[must_use]
    pub const fn remaining(&self, limit: u32) -> u32 {
        limit.saturating_sub(self.0)
    }

    /// Starts again at zero: after a success (R6), or a re-binding (R2).
    pub const fn reset(&mut self) {
        self.0 = 0;
    }

    /// The failures counted.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r1_the_cap_shuts_at_its_limit_and_never_wraps() {
        let mut cap = Cap::default();
        for n in 0..100 {
            assert_eq!((cap.count(), cap.check(100), cap.remaining(100)), (n, true, 100 - n));
            cap.charge();
        }
        assert_eq!((cap.check(100), cap.remaining(100)), (false, 0));
        assert!(cap.check(101) && !cap.check(0));
        let mut full = Cap(u32::MAX);
        full.charge();
        assert_eq!((full.count(), full.check(u32::MAX)), (u32::MAX, false), "B081");
        full.reset();
        assert_eq!(full, Cap::default());
    }
}
