//! What the numbers of a policy amount to (law 14): the price of an attack.
//!
//! Limits are easy to write down and hard to judge: nobody sees from "10 in 15 minutes, 100 in 90 days, one step each
//! way" how often somebody gets in. So the policy says it, from the very numbers that the limiters enforce, and cannot be
//! built past [`Odds::SECOND_FACTOR_PER_YEAR`], [`Odds::SECOND_FACTOR_UNTIL_DISABLED`] and
//! [`Odds::MAILED_CODE_PER_YEAR`].
//!
//! Every figure is an upper bound and every rounding goes up: the attacker never pays less than it says. A year is any
//! 365 days and a day any 24 hours, half open like the windows of the limits. Sums that no integer holds stay at the
//! largest, chances at "certain".
//!
//! What an attacker could gain if this were wrong: a policy that looks safe, gets built, and is guessed through (R16).

use alloc::format;
use core::fmt;
use core::time::Duration;

use super::exposure::{by_strangers, partitions};
use super::pace::{DAY, YEAR, guesses_in, sends_in};
use super::{Flood, HoldOff, Odds, PolicyError, ResendPolicy, Settings};
use crate::Purpose;

/// The chance to guess the code of a factor whose budget is kept on the account's record, where the first factor has to be
/// proven before.
///
/// The counts begin anew when the owner binds the factor anew or recovers it (R2), so these figures are for one binding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SecondFactorOdds {
    /// How many codes are right at one time.
    pub live_codes: u64,
    /// Until the failures in a row disable the factor.
    pub until_disabled: Odds,
    /// In a year in which the owner never signs in: at most until the factor is disabled.
    pub per_year: Odds,
    /// In a year in which the owner signs in as often as suits the attacker, which ends every row of failures and gives
    /// back nothing else.
    pub per_year_with_owner: Odds,
}

/// What the numbers of a policy amount to. Print it where the host starts.
///
/// ```
/// use countersign::Settings;
/// use countersign::policy::Odds;
///
/// let price = Settings::recommended().build()?.price();
/// assert_eq!(price.totp.until_disabled, Odds::of(3, 10_000));
/// assert_eq!(price.mails_by_strangers_per_day, 80);
/// println!("{price}");
/// # Ok::<(), countersign::PolicyError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Price {
    /// Wrong guesses answered in a year at one factor in one partition, whatever the owner does.
    ///
    /// The lesser of two upper bounds. The long rule allows its count in each of the windows that a year touches; this is
    /// exact where the free rule lets that many through in one window. The free rule and the locks together allow,
    /// in each free window, one guess less than would lock, and one guess for each lock of the first length.
    pub guesses_per_year: u64,
    /// Wrong guesses answered in a row before a factor on the account's record is disabled.
    pub guesses_until_disabled: u64,
    /// Codes of one session that are right at one time. A guess names the session it is for and is compared with the codes of that one
    /// alone, so more sessions are no more chances.
    pub mailed_codes_live: u64,
    /// The chance to guess a mailed code in a year where it is the only factor, by strangers at one identifier. It
    /// multiplies by the identifiers of an account.
    pub mailed_code_alone_per_year: Odds,
    /// Codes of an authenticator app, where the password is known.
    ///
    /// Taken as evenly spread. The truncation of RFC 4226 §5.3 prefers some codes, by less than one part in 4000 at 6 digits
    /// and in 40 at 8, which is not counted here.
    pub totp: SecondFactorOdds,
    /// A mailed code as the second factor of a sign-in, where the password is known. One is live, whatever `resend` says.
    pub mailed_second_factor: SecondFactorOdds,
    /// A mailed code that confirms an action, where somebody else's signed-in session is at hand.
    pub confirmation: SecondFactorOdds,
    /// Messages that strangers can have sent to one identifier in a day, over all purposes. An owner whose mailbox takes
    /// several addresses gets so many at each.
    pub mails_by_strangers_per_day: u64,
    /// Messages that whoever proved a first factor can have sent to the account's address in a day, over all purposes, on a trusted device
    /// and without.
    /// Security notices are apart: each tells of a change.
    pub mails_by_owner_per_day: u64,
    /// How long strangers can hold the owner off.
    pub hold_off: HoldOff,
    /// What one client can fill the store with.
    pub flood: Flood,
    /// The setting to lower where too many codes of an authenticator app are live.
    totp_steps: &'static str,
}

impl Price {
    /// What these settings amount to, whether or not a policy can be built from them.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let Settings { codes, totp, guesses, .. } = settings;
        let a_year = guesses_in(settings, YEAR);
        let in_a_row = u64::from(guesses.consecutive);
        let second_factor = |live_codes: u64, digits: u8| {
            let odds = |guesses: u64| Odds::of(guesses.saturating_mul(live_codes), code_space(digits));
            SecondFactorOdds {
                live_codes,
                until_disabled: odds(in_a_row),
                per_year: odds(a_year.min(in_a_row)),
                per_year_with_owner: odds(a_year),
            }
        };
        let per_session = match codes.resend {
            ResendPolicy::Replace => 1,
            ResendPolicy::KeepPrevious => 2,
        };
        let steps = u64::from(totp.steps_back).saturating_add(u64::from(totp.steps_forward));
        let mails = sends_in(settings, DAY);
        let mails_of = |strangers: bool| {
            let purposes = Purpose::ALL.into_iter().filter(|purpose| by_strangers(*purpose) == strangers);
            purposes
                .fold(0, |sum: u64, purpose| sum.saturating_add(mails.saturating_mul(partitions(purpose))))
        };
        Self {
            guesses_per_year: a_year,
            guesses_until_disabled: in_a_row,
            mailed_codes_live: per_session,
            mailed_code_alone_per_year: Odds::of(
                a_year.saturating_mul(per_session),
                code_space(codes.digits),
            ),
            totp: second_factor(steps.saturating_add(1), totp.digits),
            mailed_second_factor: second_factor(1, codes.digits),
            confirmation: second_factor(per_session, codes.digits),
            mails_by_strangers_per_day: mails_of(true),
            mails_by_owner_per_day: mails_of(false),
            hold_off: HoldOff::of(settings),
            flood: Flood::of(settings),
            totp_steps: if totp.steps_forward > totp.steps_back {
                "totp.steps_forward"
            } else {
                "totp.steps_back"
            },
        }
    }

    /// Whether a policy at this price is built.
    ///
    /// # Errors
    /// [`PolicyError`]: the first figure that is past its bound, and the setting that put it there.
    pub(super) fn bounded(&self) -> Result<(), PolicyError> {
        let in_a_row = self.guesses_until_disabled;
        let a_year = self.guesses_per_year;
        for (code, odds, steps) in [
            ("a code of an authenticator app", self.totp, Some(self.totp_steps)),
            ("a mailed code as second factor", self.mailed_second_factor, None),
            ("a mailed code that confirms an action", self.confirmation, None),
        ] {
            let live = odds.live_codes;
            if odds.until_disabled > Odds::SECOND_FACTOR_UNTIL_DISABLED {
                let (found, most) = (odds.until_disabled, Odds::SECOND_FACTOR_UNTIL_DISABLED);
                return Err(PolicyError::new(
                    steps.unwrap_or("guesses.consecutive"),
                    format_args!(
                        "{in_a_row} guesses in a row at {live} live codes find {code} with a chance of {found}; the most \
                         is {most}: fewer live codes, more digits or a lower `guesses.consecutive` would do"
                    ),
                ));
            }
            if odds.per_year_with_owner > Odds::SECOND_FACTOR_PER_YEAR {
                let (found, most) = (odds.per_year_with_owner, Odds::SECOND_FACTOR_PER_YEAR);
                // The live codes are to blame if so many guesses would do with those of one step each way.
                let at_three = found.parts_per_trillion().saturating_mul(3).div_ceil(live.max(1));
                let setting = steps.filter(|_| at_three <= most.parts_per_trillion());
                let setting = setting.unwrap_or("guesses.long");
                return Err(too_many_a_year(setting, a_year, live, code, found, most));
            }
        }
        let (found, most) = (self.mailed_code_alone_per_year, Odds::MAILED_CODE_PER_YEAR);
        if found > most {
            let code = "a mailed code as only factor";
            return Err(too_many_a_year("guesses.long", a_year, self.mailed_codes_live, code, found, most));
        }
        Ok(())
    }
}

fn too_many_a_year(
    setting: &'static str,
    guesses: u64,
    live: u64,
    code: &str,
    found: Odds,
    most: Odds,
) -> PolicyError {
    PolicyError::new(
        setting,
        format_args!(
            "{guesses} guesses a year at {live} live codes find {code} with a chance of {found}; the most is {most}: \
             fewer guesses in a longer window, more digits or fewer live codes would do"
        ),
    )
}

/// A table of several lines, without a line break at its end.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "What a patient attacker gets, at most")?;
        let (in_a_row, a_year) = (self.guesses_until_disabled, self.guesses_per_year);
        writeln!(f, "guesses at one factor: {in_a_row} in a row, {a_year} a year")?;
        let wide = ("chance to guess", "until disabled", "a year", "a year, owner signing in");
        writeln!(f, "{:<46}{:<26}{:<26}{}", wide.0, wide.1, wide.2, wide.3)?;
        let live = |what: &str, codes: u64| format!("  {what} ({codes} live)");
        let alone = live("mailed code alone, strangers", self.mailed_codes_live);
        let odds = self.mailed_code_alone_per_year;
        writeln!(f, "{alone:<46}{:<26}{odds:<26}{odds}", "not disabled")?;
        for (what, odds) in [
            ("authenticator app, password known", self.totp),
            ("mailed code, password known", self.mailed_second_factor),
            ("mailed code, confirming an action", self.confirmation),
        ] {
            let what = live(what, odds.live_codes);
            write!(f, "{what:<46}{:<26}{:<26}", odds.until_disabled, odds.per_year)?;
            writeln!(f, "{}", odds.per_year_with_owner)?;
        }
        let (theirs, own) = (self.mails_by_strangers_per_day, self.mails_by_owner_per_day);
        writeln!(
            f,
            "mails a day: {theirs} to one identifier by strangers, {own} to an account by the signed-in"
        )?;
        let HoldOff { longest_lock, longest_wait, rule } = self.hold_off;
        let (lock, wait) = (Span(longest_lock), Span(longest_wait));
        writeln!(
            f,
            "strangers hold the owner off: as long as they keep guessing; not at all with a trusted device or a mailed link"
        )?;
        writeln!(f, "  longest lock {lock}, longest wait {wait} (rule `{rule}`), both can be renewed")?;
        let Flood { rows_per_day, bytes_per_day } = self.flood;
        write!(
            f,
            "one client fills the store by: {rows_per_day} rows, {} MB a day",
            bytes_per_day.div_ceil(1_000_000)
        )
    }
}

/// A span in the largest unit that leaves no rest.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        for (unit, length) in [("days", 86_400_u64), ("h", 3600), ("min", 60)] {
            let whole = self.0.subsec_nanos() == 0 && seconds.is_multiple_of(length);
            if whole && seconds > length {
                return write!(f, "{} {unit}", seconds.div_euclid(length));
            }
        }
        write!(f, "{:?}", self.0)
    }
}

/// How many codes there are.
fn code_space(digits: u8) -> u64 {
    // Where it saturates, codes look fewer than they are.
    10_u64.saturating_pow(digits.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_shown_in_the_largest_unit_that_fits() {
        for (seconds, text) in
            [(0, "0ns"), (59, "59s"), (86_400, "24 h"), (90 * 86_400, "90 days"), (900, "15 min")]
        {
            assert_eq!(format!("{}", Span(Duration::from_secs(seconds))), text);
        }
        assert_eq!(format!("{}", Span(Duration::from_millis(7_200_001))), "7200.001s");
    }
}
