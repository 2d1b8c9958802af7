//! Codes of an authenticator app: HOTP (RFC 4226) over the number of the current time step (RFC 6238).
//!
//! The check is pure and total. It does the same work for a right code as for a wrong one, it names the step that
//! matched, and it never names a step that was used before. Using a step up is the caller's: it stores the step in the
//! commit that counts the attempt.
//!
//! What an attacker could gain if this were wrong: a code that works twice (whoever reads one over a shoulder signs in
//! with it, B027–B032), a code that lives longer than it should, or a secret read off the time an answer takes (B059).

use serde::{Deserialize, Serialize};
use subtle::{Choice, ConditionallySelectable};

use crate::secret::matches;
use crate::{Code, Timestamp};

mod mac;
mod secret;

use mac::Keyed;
pub use secret::{TotpSecret, TotpSecretError};

/// The hash under the HMAC (RFC 6238 §1.2).
///
/// The order is part of the stored format: append only. Many apps ignore the `algorithm` of a URI and compute with
/// SHA-1 whatever it says; whoever chooses another one locks their users out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Algorithm {
    /// HMAC-SHA-1, the default everywhere. What is known about collisions of SHA-1 does not touch it (RFC 4226 App. B.2).
    #[default]
    Sha1,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sha512];

    /// The name in a Key URI: `SHA1`, `SHA256` or `SHA512`.
    ///
    /// ```
    /// assert_eq!(countersign::factor::Algorithm::Sha256.name(), "SHA256");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }

    /// The length of its output in bits, which is how long RFC 6238 §5.1 wants a secret: 160, 256 or 512.
    ///
    /// ```
    /// assert_eq!(countersign::factor::Algorithm::Sha1.secret_bits(), 160);
    /// ```
    #[must_use]
    pub const fn secret_bits(self) -> u16 {
        match self {
            Self::Sha1 => 160,
            Self::Sha256 => 256,
            Self::Sha512 => 512,
        }
    }
}

/// Parameters that no authenticator may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TotpParamsError {
    /// Fewer than 6 digits or more than 8 (RFC 4226 §4 R4, R43).
    #[error("a code has 6 to 8 digits")]
    Digits,
    /// A time step of no second, or of more than 120 (NIST 800-63B-4 §3.1.4.1, R38).
    #[error("a time step has 1 to 120 seconds")]
    Period,
}

/// How an authenticator computes its codes. Kept with its secret: a changed policy must not change what an app shows.
///
/// Out-of-range values cannot be made, read from a URI or read from a record. A period of 0 would divide by zero; many
/// digits would ask for a power of ten that does not exist (B085).
///
/// ```
/// use countersign::factor::{Algorithm, TotpParams, TotpParamsError};
/// assert_eq!(TotpParams::new(Algorithm::Sha1, 6, 30), Ok(TotpParams::default()));
/// assert_eq!(TotpParams::new(Algorithm::Sha1, 6, 0), Err(TotpParamsError::Period));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct TotpParams {
    algorithm: Algorithm,
    digits: u8,
    period_seconds: u32,
}

/// [`TotpParams`] as they come out of a record, not yet checked.
#[derive(Deserialize)]
struct Stored {
    algorithm: Algorithm,
    digits: u8,
    period_seconds: u32,
}

impl TryFrom<Stored> for TotpParams {
    type Error = TotpParamsError;

    fn try_from(stored: Stored) -> Result<Self, TotpParamsError> {
        Self::new(stored.algorithm, stored.digits, stored.period_seconds)
    }
}

/// SHA-1, 6 digits, 30 seconds: what every app does (Key URI Format).
impl Default for TotpParams {
    fn default() -> Self {
        Self { algorithm: Algorithm::Sha1, digits: 6, period_seconds: 30 }
    }
}

impl TotpParams {
    /// The most steps that [`TotpParams::check`] tries on either side of the current one (RFC 6238 §5.2, §6; B081).
    pub const MAX_SKEW: u8 = 2;

    /// Checks and takes parameters: 6 to 8 digits, a time step of 1 to 120 seconds.
    ///
    /// # Errors
    /// [`TotpParamsError::Digits`] and [`TotpParamsError::Period`].
    pub const fn new(algorithm: Algorithm, digits: u8, period_seconds: u32) -> Result<Self, TotpParamsError> {
        match (digits, period_seconds) {
            (6..=8, 1..=120) => Ok(Self { algorithm, digits, period_seconds }),
            (6..=8, _) => Err(TotpParamsError::Period),
            _ => Err(TotpParamsError::Digits),
        }
    }

    /// The hash under the HMAC.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The number of decimal digits, 6 to 8.
    #[must_use]
    pub const fn digits(&self) -> u8 {
        self.digits
    }

    /// The time step in seconds, 1 to 120.
    #[must_use]
    pub const fn period_seconds(&self) -> u32 {
        self.period_seconds
    }

    /// The number of the time step that `now` lies in, counted from 1970 (RFC 6238 §4.2: rounded down, 64 bits, T0 = 0).
    ///
    /// `None` before 1970, where there are no steps; the last millisecond before it does not round up into step 0 (R38).
    ///
    /// ```
    /// use countersign::{Timestamp, factor::TotpParams};
    /// let step = |seconds| TotpParams::default().step_at(Timestamp::from_unix_seconds(seconds));
    /// assert_eq!((step(-1), step(29), step(30), step(59)), (None, Some(0), Some(1), Some(1)));
    /// ```
    #[must_use]
    pub fn step_at(&self, now: Timestamp) -> Option<u64> {
        u64::try_from(now.unix_seconds()).ok()?.checked_div(u64::from(self.period_seconds))
    }

    /// Whether `typed` is the code of a step around `now` that is later than `last_step`; if so, of which.
    ///
    /// The steps tried are the current one, `steps_back` before it and `steps_forward` after it, each taken to be at most
    /// [`TotpParams::MAX_SKEW`]. `last_step` is the last step that was ever accepted of this authenticator, in whatever flow;
    /// that step and all before it match nothing (R36, R87). The caller stores the answer as the new `last_step` in the
    /// same commit that counts the attempt.
    ///
    /// Should several steps have the same code, the latest is named: then the code that was just typed is used up in all
    /// of them, and the last step still strictly increases. (The earliest would leave a code that works a second time.)
    ///
    /// Every step is computed and compared, used or not, right or wrong, so the time tells nothing. Before 1970
    /// nothing matches.
    ///
    /// ```
    /// use countersign::{Code, Timestamp, factor::{TotpParams, TotpSecret, hotp}};
    /// let (secret, params) = (TotpSecret::from_bytes(b"12345678901234567890")?, TotpParams::default());
    /// let now = Timestamp::from_unix_seconds(59);
    /// let typed = Code::typed("287 082");
    /// assert_eq!(params.check(&secret, &typed, now, 1, 1, None), Some(1));
    /// assert_eq!(params.check(&secret, &typed, now, 1, 1, Some(1)), None, "used");
    /// # Ok::<(), countersign::factor::TotpSecretError>(())
    /// ```
    #[must_use]
    pub fn check(
        &self,
        secret: &TotpSecret,
        typed: &Code,
        now: Timestamp,
        steps_back: u8,
        steps_forward: u8,
        last_step: Option<u64>,
    ) -> Option<u64> {
        let current = self.step_at(now)?;
        let first = current.saturating_sub(u64::from(steps_back.min(Self::MAX_SKEW)));
        let last = current.saturating_add(u64::from(steps_forward.min(Self::MAX_SKEW)));
        let typed = number(typed, self.digits).to_be_bytes();
        let keyed = Keyed::new(secret, self.algorithm);
        let (mut found, mut step) = (Choice::from(0), 0);
        for candidate in first..=last {
            let equal = matches(&keyed.number(candidate, self.digits).to_be_bytes(), &typed);
            let fresh = last_step.is_none_or(|used| candidate > used);
            let hit = Choice::from(u8::from(equal)) & Choice::from(u8::from(fresh));
            step.conditional_assign(&candidate, hit);
            found |= hit;
        }
        bool::from(found).then_some(step)
    }
}

/// The code of a counter (RFC 4226 §5.3), with its leading zeros. `digits` is taken into 6 to 8.
///
/// With the number of a time step as the counter it is what an app shows in that step. A host needs it in tests, or to
/// play the app; to check a code, [`TotpParams::check`] is right and comparing texts is not.
///
/// ```
/// use countersign::factor::{Algorithm, TotpSecret, hotp};
/// let secret = TotpSecret::from_bytes(b"12345678901234567890")?;
/// assert_eq!(hotp(&secret, 0, 6, Algorithm::Sha1).expose(), "755224");
/// # Ok::<(), countersign::factor::TotpSecretError>(())
/// ```
#[must_use]
pub fn hotp(secret: &TotpSecret, counter: u64, digits: u8, algorithm: Algorithm) -> Code {
    let digits = digits.clamp(6, 8);
    Code::last_digits(Keyed::new(secret, algorithm).number(counter, digits).into(), digits)
}

/// More than any code of at most eight digits.
const NO_CODE: u32 = u32::MAX;

/// The number that was typed, or [`NO_CODE`], which equals none: so what has too few digits or too many is compared
/// like everything else.
fn number(typed: &Code, digits: u8) -> u32 {
    // A `Code` is ASCII digits or empty, so there is no sign that `parse` could accept.
    let text = typed.expose();
    if text.len() == usize::from(digits) { text.parse().unwrap_or(NO_CODE) } else { NO_CODE }
}

#[cfg(test)]
mod tests;
