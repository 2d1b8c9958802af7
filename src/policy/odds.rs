//! Chances, counted in integers.
//!
//! What an attacker could gain if this were wrong: a chance that is rounded down, or overflows to a small one, lets a policy
//! be built that is guessed through.

use alloc::format;
use core::fmt;

/// A chance, in parts per trillion, rounded up.
///
/// ```
/// use countersign::policy::Odds;
/// let odds = Odds::of(1500, 1_000_000);
/// assert_eq!(odds.to_string(), "0.15 % (1 in 666)");
/// assert!(odds < Odds::one_in(600));
/// assert_eq!(Odds::of(7, 0), Odds::CERTAIN);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Odds(u64);

impl Odds {
    /// It cannot happen.
    pub const NEVER: Self = Self(0);
    /// It happens.
    pub const CERTAIN: Self = Self(1_000_000_000_000);

    /// The most that is built for guessing a second factor in a year by somebody who has the first, while the owner
    /// signs in: 0.15 %. Three live codes of 6 digits at the pace of 100 guesses in 90 days come to exactly that.
    pub const SECOND_FACTOR_PER_YEAR: Self = Self::of(15, 10_000);
    /// The most that is built for guessing a second factor before it is disabled: 3 in 10,000.
    ///
    /// R16 says 1 in 10,000 where nothing else is documented; 100 failures (NIST SP 800-63B-4 §3.2.2) at three live codes,
    /// which RFC 6238 §5.2 needs for a step of drift each way, are 3.
    pub const SECOND_FACTOR_UNTIL_DISABLED: Self = Self::of(3, 10_000);
    /// The most that is built for guessing, in a year, a mailed code that nothing stands before: 0.1 % at one identifier.
    ///
    /// Two live codes of 6 digits, the least that NIST SP 800-63B-4 §3.1.3.2 allows, at the pace of 100 guesses in 90 days
    /// come to exactly that. It is lower than the bound for second factors because no password has to be known first.
    pub const MAILED_CODE_PER_YEAR: Self = Self::of(1, 1000);

    /// One chance in `n`; certain for 0.
    #[must_use]
    pub const fn one_in(n: u64) -> Self {
        Self::of(1, n)
    }

    /// `part` chances in `whole`, at most certain; certain if `whole` is 0.
    #[must_use]
    pub const fn of(part: u64, whole: u64) -> Self {
        if part >= whole {
            return Self::CERTAIN;
        }
        // `part < whole <= u64::MAX`, so neither the product nor the sum inside `div_ceil` leaves 128 bits, and
        // the quotient is at most that of certainty.
        let parts = (part as u128).saturating_mul(Self::CERTAIN.0 as u128);
        Self(parts.div_ceil(whole as u128) as u64)
    }

    /// Parts per trillion, at most a trillion.
    #[must_use]
    pub const fn parts_per_trillion(self) -> u64 {
        self.0
    }
}

/// Such as `0.15 % (1 in 666)`: the percentage to the last part per trillion, and one in how many, rounded down.
impl fmt::Display for Odds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PERCENT: u64 = 10_000_000_000;
        let Some(one_in) = Self::CERTAIN.0.checked_div(self.0) else { return f.pad("never") };
        let digits = format!("{}.{:010}", self.0.div_euclid(PERCENT), self.0.rem_euclid(PERCENT));
        let percent = digits.trim_end_matches('0').trim_end_matches('.');
        f.pad(&format!("{percent} % (1 in {one_in})"))
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that fails may panic")]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn chances_are_shown_to_the_last_digit() {
        for (odds, text) in [
            (Odds::NEVER, "never"),
            (Odds::of(0, 5), "never"),
            (Odds::CERTAIN, "100 % (1 in 1)"),
            (Odds::of(0, 0), "100 % (1 in 1)"),
            (Odds::of(6, 5), "100 % (1 in 1)"),
            (Odds::one_in(0), "100 % (1 in 1)"),
            (Odds::one_in(1), "100 % (1 in 1)"),
            (Odds::one_in(2), "50 % (1 in 2)"),
            (Odds::one_in(3), "33.3333333334 % (1 in 2)"),
            (Odds::one_in(1000), "0.1 % (1 in 1000)"),
            (Odds::of(3, 10_000), "0.03 % (1 in 3333)"),
            (Odds::one_in(u64::MAX), "0.0000000001 % (1 in 1000000000000)"),
        ] {
            assert_eq!(odds.to_string(), text);
        }
        assert_eq!(alloc::format!("{:<18}|", Odds::one_in(1000)), "0.1 % (1 in 1000) |", "columns line up");
    }

    proptest! {
        #[test]
        fn a_chance_is_never_understated(part in any::<u64>(), whole in any::<u64>()) {
            let parts = u128::from(Odds::of(part, whole).parts_per_trillion());
            let trillion = 1_000_000_000_000_u128;
            if part >= whole {
                prop_assert_eq!(parts, trillion);
            } else {
                let (exact, whole) = (u128::from(part) * trillion, u128::from(whole));
                prop_assert!(parts * whole >= exact && parts * whole < exact + whole && parts <= trillion);
            }
        }
    }
}
