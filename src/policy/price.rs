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

use super::{
    Limit, Odds, PolicyError, RULE_COOLDOWN, RULE_GUESSES_FREE, RULE_GUESSES_LOCK, RULE_GUESSES_LONG, RULE_LIVE_SESSIONS,
    RULE_SENDS_LONG, RULE_SENDS_SHORT, ResendPolicy, Settings,
};
use crate::{Operation, Purpose};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const YEAR: Duration = DAY.saturating_mul(365);

/// The purposes that somebody who has proved nothing can cause mail for.
const STRANGERS: [Purpose; 3] = [Purpose::SignUp, Purpose::SignIn, Purpose::Recover];
/// The operations that make a row where there was none.
const STARTS: [Operation; 3] = [Operation::SignUp, Operation::SignIn, Operation::Recover];
/// The operations that make a row longer.
const CONTINUES: [Operation; 2] = [Operation::Resend, Operation::Verify];

/// The most bytes that one request adds to the store by making a visitor's row: its encoding with one challenge, its key,
/// version and expiry. What indexes and pages of the store cost comes on top.
///
/// Longest is a sign-up with everything at its limit: profile 2050, identifier and address 256 each, password hash at most 514,
/// account id 76, locale 37, all sealed and padded: 3.2 KiB; then ticket and code digests, times, the sealed data key,
/// counters: 200 bytes; key, version and expiry 40. 4 KiB leave room for what a later format adds.
pub const VISITOR_ROW_BYTES_MOST: u64 = 4096;

/// The most bytes that one request adds to a row that is there: a time in a log, a counter's head, a code's digest.
const GROWTH_BYTES_MOST: u64 = 64;
/// A meter's row without its log, and each time in the log: a variable-length integer of 64 bits.
const METER_BYTES_MOST: u64 = 64;
const METER_TIME_BYTES_MOST: u64 = 10;

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

/// How long strangers, who know nothing but an identifier, can keep its owner from proving a first factor.
///
/// As long as they keep at it: the wait can be caused again once it is over. What is not held off is whoever is signed in
/// already. (A mailed link or a trusted device, where there is one, is not held off at all: law 9.)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct HoldOff {
    /// The longest single lock that a wrong guess starts.
    pub longest_lock: Duration,
    /// The longest single wait of all: a lock, a full window of guesses or sends, or a full list of sessions.
    pub longest_wait: Duration,
    /// The rule that makes the longest wait.
    pub rule: &'static str,
}

/// What one client can fill the store with in a day, by asking about a new identifier each time.
///
/// The limits per client are the only ones in the way: rows of identifiers that were never seen before have no history.
/// They go when they have forgotten everything. Clients that a host does not meter have no such bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Flood {
    /// Visitors' rows made in a day, over all operations that make any.
    pub rows_per_day: u64,
    /// Bytes in a day: these rows at [`VISITOR_ROW_BYTES_MOST`] each, what further requests add to them, and the
    /// client's meters.
    pub bytes_per_day: u64,
}

/// What the numbers of a policy amount to. Print it where the host starts.
///
/// ```
/// use countersign::Policy;
/// use countersign::policy::Odds;
///
/// let price = Policy::recommended().price();
/// assert_eq!(price.totp.until_disabled, Odds::of(3, 10_000));
/// assert_eq!(price.mails_by_strangers_per_day, 60);
/// println!("{price}");
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
    /// Codes of one purpose that are right at one time on one identifier.
    ///
    /// A guess names the session it is for and is compared with the codes of that one, so that this counts too many
    /// rather than too few.
    pub mailed_codes_live: u64,
    /// The chance to guess a mailed code in a year where it is the only factor, by strangers at one identifier. It
    /// multiplies by the identifiers of an account.
    pub mailed_code_alone_per_year: Odds,
    /// Codes of an authenticator app, where the password is known.
    ///
    /// Taken as evenly spread. The truncation of RFC 4226 §5.3 prefers some codes, by less than one part in 4000 at 6 digits
    /// and in 40 at 8, which is not counted here.
    pub totp: SecondFactorOdds,
    /// A mailed code as the second factor of a sign-in, where the password is known. At most one session is live.
    pub mailed_second_factor: SecondFactorOdds,
    /// A mailed code that confirms an action, where somebody else's signed-in session is at hand.
    pub confirmation: SecondFactorOdds,
    /// Messages that strangers can have sent to one identifier in a day, over all purposes. An owner whose mailbox takes
    /// several addresses gets so many at each.
    pub mails_by_strangers_per_day: u64,
    /// Messages that whoever is signed in can have sent to his own account's address in a day. Security notices
    /// are apart: each tells of a change.
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
        let mailed = u64::from(codes.live_sessions).saturating_mul(per_session);
        let steps = u64::from(totp.steps_back).saturating_add(u64::from(totp.steps_forward));
        let mails = sends_in(settings, DAY);
        Self {
            guesses_per_year: a_year,
            guesses_until_disabled: in_a_row,
            mailed_codes_live: mailed,
            mailed_code_alone_per_year: Odds::of(a_year.saturating_mul(mailed), code_space(codes.digits)),
            totp: second_factor(steps.saturating_add(1), totp.digits),
            mailed_second_factor: second_factor(per_session, codes.digits),
            confirmation: second_factor(mailed, codes.digits),
            mails_by_strangers_per_day: STRANGERS.iter().fold(0, |sum: u64, _| sum.saturating_add(mails)),
            mails_by_owner_per_day: mails,
            hold_off: HoldOff::of(settings),
            flood: Flood::of(settings),
            totp_steps: if totp.steps_forward > totp.steps_back { "totp.steps_forward" } else { "totp.steps_back" },
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
                let setting = steps.filter(|_| live > 3 && at_three <= most.parts_per_trillion());
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

impl HoldOff {
    fn of(settings: &Settings) -> Self {
        let Settings { codes, sends, guesses, .. } = settings;
        let sessions = STRANGERS.map(|purpose| codes.lifetimes(purpose).session);
        let waits = [
            (RULE_GUESSES_LONG, guesses.long.window),
            (RULE_GUESSES_FREE, guesses.free.window),
            (RULE_SENDS_LONG, sends.long.window),
            (RULE_SENDS_SHORT, sends.short.window),
            (RULE_COOLDOWN, sends.cooldown),
            (RULE_LIVE_SESSIONS, sessions.into_iter().max().unwrap_or_default()),
        ];
        // They run beside each other: the last to open makes the wait, no two add up.
        let longest = (RULE_GUESSES_LOCK, guesses.longest_lock);
        let (rule, longest_wait) = waits.into_iter().fold(longest, |a, b| if b.1 > a.1 { b } else { a });
        Self { longest_lock: guesses.longest_lock, longest_wait, rule }
    }
}

impl Flood {
    fn of(settings: &Settings) -> Self {
        let requests = |operations: &[Operation]| {
            let each = operations.iter().map(|operation| requests_in(settings, *operation, DAY));
            each.fold(0, u64::saturating_add)
        };
        let rows_per_day = requests(&STARTS);
        let made = rows_per_day.saturating_mul(VISITOR_ROW_BYTES_MOST);
        let grown = requests(&CONTINUES).saturating_mul(GROWTH_BYTES_MOST);
        let meters = Operation::ALL.iter().map(|operation| {
            let times = client_limits(settings, *operation).map(|limit| u64::from(limit.count)).max().unwrap_or(0);
            times.saturating_mul(METER_TIME_BYTES_MOST).saturating_add(METER_BYTES_MOST)
        });
        let bytes_per_day = meters.fold(made.saturating_add(grown), u64::saturating_add);
        Self { rows_per_day, bytes_per_day }
    }
}

/// A table of several lines, without a line break at its end.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "What a patient attacker gets, at most")?;
        let (in_a_row, a_year) = (self.guesses_until_disabled, self.guesses_per_year);
        writeln!(f, "guesses at one factor: {in_a_row} in a row, {a_year} a year")?;
        let wide = ("chance to guess", "until disabled", "a year", "a year, owner signing in");
        writeln!(f, "{:<42}{:<26}{:<26}{}", wide.0, wide.1, wide.2, wide.3)?;
        let live = |what: &str, codes: u64| format!("  {what} ({codes} live)");
        let alone = live("mailed code alone, strangers", self.mailed_codes_live);
        let odds = self.mailed_code_alone_per_year;
        writeln!(f, "{alone:<42}{:<26}{odds:<26}{odds}", "not disabled")?;
        for (what, odds) in [
            ("authenticator app, password known", self.totp),
            ("mailed code, password known", self.mailed_second_factor),
            ("mailed code, confirming an action", self.confirmation),
        ] {
            let what = live(what, odds.live_codes);
            write!(f, "{what:<42}{:<26}{:<26}", odds.until_disabled, odds.per_year)?;
            writeln!(f, "{}", odds.per_year_with_owner)?;
        }
        let (theirs, own) = (self.mails_by_strangers_per_day, self.mails_by_owner_per_day);
        writeln!(f, "mails a day: {theirs} to one identifier by strangers, {own} to an account by the signed-in")?;
        let HoldOff { longest_lock, longest_wait, rule } = self.hold_off;
        let (lock, wait) = (Span(longest_lock), Span(longest_wait));
        writeln!(f, "strangers hold the owner off: as long as they keep guessing")?;
        writeln!(f, "  longest lock {lock}, longest wait {wait} (rule `{rule}`), both can be renewed")?;
        let Flood { rows_per_day, bytes_per_day } = self.flood;
        write!(f, "one client fills the store by: {rows_per_day} rows, {} MB a day", bytes_per_day.div_ceil(1_000_000))
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

/// The most events in any half-open `span` under a limit that holds for any half-open window: the windows that the span
/// touches, each full. Without end for a window of zero, which nothing leaves room for.
fn events_in(span: Duration, limit: Limit) -> u64 {
    if limit.count == 0 {
        return 0;
    }
    match (span.as_nanos(), limit.window.as_nanos()) {
        (_, 0) => u64::MAX,
        (span, window) => {
            u64::try_from(span.div_ceil(window)).unwrap_or(u64::MAX).saturating_mul(limit.count.into())
        }
    }
}

/// The most wrong guesses answered in any half-open `span`, whatever succeeds in between.
fn guesses_in(settings: &Settings, span: Duration) -> u64 {
    let guesses = &settings.guesses;
    // A guess that starts a lock is followed by none for at least the first lock's length. One that starts none has left
    // the free rule open, so that no free window holds `count` of those.
    let locking = events_in(span, Limit { count: 1, window: guesses.lock.min(guesses.longest_lock) });
    let free = Limit { count: guesses.free.count.saturating_sub(1), window: guesses.free.window };
    let paced = events_in(span, free).saturating_add(locking);
    paced.min(events_in(span, guesses.long))
}

/// The most messages sent in any half-open `span` for one purpose, by one partition.
fn sends_in(settings: &Settings, span: Duration) -> u64 {
    let sends = &settings.sends;
    let cooldown = Limit { count: 1, window: sends.cooldown };
    [cooldown, sends.short, sends.long].into_iter().map(|limit| events_in(span, limit)).fold(u64::MAX, u64::min)
}

/// The most requests let through in any half-open `span` of one client for one operation.
fn requests_in(settings: &Settings, operation: Operation, span: Duration) -> u64 {
    client_limits(settings, operation).map(|limit| events_in(span, limit)).fold(u64::MAX, u64::min)
}

fn client_limits(settings: &Settings, operation: Operation) -> impl Iterator<Item = Limit> {
    let further = settings.clients.further.iter().filter(move |(of, _)| *of == operation);
    core::iter::once(settings.clients.every).chain(further.map(|(_, limit)| *limit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::throttle::{BackoffSettings, Budget, BudgetSettings, Log, Rule};
    use proptest::prelude::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH.saturating_add(Duration::from_millis(millis))
    }

    fn limit(count: u32, millis: u64) -> Limit {
        Limit { count, window: Duration::from_millis(millis) }
    }

    /// The most of these times, in milliseconds, within any half-open span.
    fn most_within(span: u64, times: &[u64]) -> u64 {
        let from = |start: &u64| times.iter().filter(|time| (*start..*start + span).contains(time)).count();
        times.iter().map(from).max().unwrap_or(0) as u64
    }

    fn budget(guesses: &crate::policy::GuessLimits) -> BudgetSettings {
        let rule = |limit: Limit| Rule::new("r", limit.count, limit.window).unwrap();
        let (lock, most, forget) = (guesses.lock, guesses.longest_lock, guesses.forget_lock_after);
        let backoff = BackoffSettings::new("r", lock, most, forget).unwrap();
        BudgetSettings::new(rule(guesses.free), backoff, Some(rule(guesses.long)), None).unwrap()
    }

    /// Settings on a scale of milliseconds, where the long rule binds in some and the pace in others.
    fn small() -> impl Strategy<Value = Settings> {
        (1..5_u32, 1..30_u64, 1..20_u64, 0..30_u64, 1..40_u64, 0..30_u32, 1..60_u64).prop_map(
            |(free, window, lock, more, forget, long, long_window)| {
                let mut settings = Settings::recommended();
                settings.guesses.free = limit(free, window);
                settings.guesses.lock = Duration::from_millis(lock);
                settings.guesses.longest_lock = Duration::from_millis(lock + more);
                settings.guesses.forget_lock_after = Duration::from_millis(forget);
                settings.guesses.long = limit(free + long, long_window);
                settings
            },
        )
    }

    proptest! {
        /// Law 2 and law 14: whatever the attacker's and the owner's timing, the limiter answers no more than the price says.
        #[test]
        fn r16_no_timing_gets_more_guesses_than_the_price_says(
            settings in small(),
            patience in 0..4_u32,
            moves in prop::collection::vec(0..4_u8, 150),
            span in 1..80_u64,
        ) {
            let rules = budget(&settings.guesses);
            let mut budget = Budget::default();
            let mut answered = alloc::vec![];
            for (now, moved) in (0_u64..).zip(&moves) {
                // Some never start a lock, some guess whenever they may, most do as they please.
                let holds_back = patience == 0 && budget.remaining(&rules, at(now)) <= 1;
                let times = if patience == 1 { 9 } else { *moved };
                for _ in 0..times {
                    if !holds_back && budget.check(&rules, at(now)).is_ok() {
                        budget.charge(&rules, at(now));
                        answered.push(now);
                    }
                }
                if *moved == 3 {
                    budget.succeed();
                }
            }
            let priced = guesses_in(&settings, Duration::from_millis(span));
            prop_assert!(most_within(span, &answered) <= priced, "{answered:?} at {priced}");
        }

        /// The same for mail and requests, where it is exact for one limit.
        #[test]
        fn no_timing_gets_more_events_than_the_price_says(
            (count, window) in (1..6_u32, 1..30_u64), span in 1..80_u64,
        ) {
            let rules = [Rule::new("r", count, Duration::from_millis(window)).unwrap()];
            let mut log = Log::default();
            let mut passed = alloc::vec![];
            for now in 0..200 {
                while log.check(&rules, at(now)).is_ok() {
                    log.charge(&rules, at(now));
                    passed.push(now);
                }
            }
            let priced = events_in(Duration::from_millis(span), limit(count, window));
            prop_assert_eq!(most_within(span, &passed), priced);
        }
    }

    /// The figure of the defaults is not only a bound: whoever waits long enough gets exactly so many guesses.
    #[test]
    fn the_figure_of_the_defaults_is_what_a_patient_attacker_gets() {
        let settings = Settings::recommended();
        let rules = budget(&settings.guesses);
        let mut budget = Budget::default();
        let (mut now, mut answered) = (0, 0);
        let year = u64::try_from(YEAR.as_millis()).unwrap();
        while now < year {
            // One guess is always left over, so that no lock ever starts.
            if budget.remaining(&rules, at(now)) > 1 || answered % 100 == 99 && budget.check(&rules, at(now)).is_ok() {
                budget.charge(&rules, at(now));
                answered += 1;
            } else {
                now += 450_000;
            }
        }
        assert_eq!((answered, guesses_in(&settings, YEAR)), (500, 500));
    }

    #[test]
    fn a_year_and_a_window_of_a_year_are_both_half_open() {
        assert_eq!(events_in(YEAR, Limit { count: 7, window: YEAR }), 7);
        assert_eq!(events_in(YEAR, Limit { count: 7, window: YEAR - Duration::from_nanos(1) }), 14);
        assert_eq!(events_in(YEAR, limit(0, 0)), 0);
        assert_eq!(events_in(YEAR, limit(1, 0)), u64::MAX);
        assert_eq!(events_in(Duration::MAX, limit(u32::MAX, 1)), u64::MAX);
        assert_eq!(events_in(YEAR, Limit { count: 1, window: Duration::MAX }), 1);
    }

    #[test]
    fn spans_are_shown_in_the_largest_unit_that_fits() {
        for (seconds, text) in [(0, "0ns"), (59, "59s"), (86_400, "24 h"), (90 * 86_400, "90 days"), (900, "15 min")] {
            assert_eq!(format!("{}", Span(Duration::from_secs(seconds))), text);
        }
        assert_eq!(format!("{}", Span(Duration::from_millis(7_200_001))), "7200.001s");
    }
}
