//! Any settings whatsoever.

use core::time::Duration;

use countersign::policy::{
    Actions, Codes, GuessLimits, Lifetimes, Limit, Odds, Price, Recovery, ResendPolicy, StepUp,
};
use countersign::{Operation, Settings};
use proptest::prelude::*;

use super::{DAY, MINUTE, YEAR};

/// A number that is usual, or anything, or at an end.
fn number<T: Arbitrary + Clone + 'static>(usual: T, ends: [T; 2]) -> BoxedStrategy<T> {
    let [least, most] = ends;
    prop_oneof![60 => Just(usual), 1 => any::<T>(), 1 => Just(least), 1 => Just(most)].boxed()
}

fn count(usual: u32) -> BoxedStrategy<u32> {
    prop_oneof![30 => number(usual, [0, u32::MAX]), 1 => 0..1002_u32].boxed()
}

fn span(usual: Duration) -> BoxedStrategy<Duration> {
    prop_oneof![
        100 => Just(usual),
        1 => (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(seconds, nanos)| Duration::new(seconds, nanos)),
        2 => (0..400 * 86_400_000_u64).prop_map(Duration::from_millis),
        1 => (0..3_u64).prop_map(Duration::from_millis),
        1 => prop_oneof![Just(Duration::ZERO), Just(Duration::MAX), Just(Duration::from_nanos(1))],
    ]
    .boxed()
}

fn limit(usual: Limit) -> BoxedStrategy<Limit> {
    (count(usual.count), span(usual.window)).prop_map(|(count, window)| Limit { count, window }).boxed()
}

prop_compose! {
    fn codes()(
        digits in number(6, [0, u8::MAX]),
        max_attempts in count(5),
        live_sessions in number(2, [0, u8::MAX]),
        keep in prop::bool::weighted(0.2),
        lives in prop::array::uniform8((span(MINUTE * 5), span(MINUTE * 15))),
    ) -> Codes {
        let resend = if keep { ResendPolicy::KeepPrevious } else { ResendPolicy::Replace };
        let [sign_up, sign_in, recover, confirm_action, second_factor, change_address, step_up, recover_factor] =
            lives.map(|(code, session)| Lifetimes { code, session });
        Codes {
            digits, max_attempts, live_sessions, resend,
            sign_up, sign_in, recover, confirm_action, second_factor, change_address, step_up, recover_factor,
        }
    }
}

prop_compose! {
    fn guesses()(
        free in limit(Settings::recommended().guesses.free),
        lock in span(MINUTE * 15),
        longest_lock in span(DAY),
        forget_lock_after in span(DAY),
        long in limit(Settings::recommended().guesses.long),
        consecutive in count(100),
    ) -> GuessLimits {
        GuessLimits { free, lock, longest_lock, forget_lock_after, long, consecutive }
    }
}

prop_compose! {
    /// Settings with any numbers for whoever is signed in or lost something.
    fn owners()(
        recover_link in span(DAY),
        (max_failures, skip_second_factor) in (count(8), any::<bool>()),
        (factor_wait, factor_window, further_proof) in (span(DAY * 3), span(DAY * 7), any::<bool>()),
        max_age in span(MINUTE * 5),
        (verify_address, regenerate_codes) in any::<(bool, bool)>(),
        (mailed_code, required) in any::<(bool, bool)>(),
        notices in limit(Limit { count: 20, window: DAY }),
    ) -> Settings {
        let mut s = Settings::recommended();
        s.links.recover = recover_link;
        (s.devices.max_failures, s.devices.skip_second_factor) = (max_failures, skip_second_factor);
        s.recovery = Recovery { further_proof, factor_wait, factor_window };
        s.step_up = StepUp { max_age, ..s.step_up };
        s.actions = Actions { verify_address, regenerate_codes };
        (s.factors.mailed_code, s.factors.required) = (mailed_code, required);
        s.notices = notices;
        s
    }
}

prop_compose! {
    fn any_settings()(
        codes in codes(),
        guesses in guesses(),
        sends in (span(MINUTE), limit(Limit { count: 6, window: MINUTE * 30 }), limit(Limit { count: 20, window: DAY })),
        every in limit(Limit { count: 60, window: MINUTE }),
        further in prop::collection::vec((0..Operation::ALL.len(), limit(Limit { count: 10, window: MINUTE * 30 })), 0..5),
        totp in (number(6, [0, u8::MAX]), number(30, [0, u32::MAX]), number(1, [0, u8::MAX]), number(1, [0, u8::MAX]), number(160, [0, u16::MAX])),
        recovery in (number(10, [0, u8::MAX]), number(80, [0, u16::MAX]), number(3, [0, u8::MAX]), number(0, [0, u8::MAX])),
        sessions in (span(DAY * 30), prop::option::of(span(MINUTE * 60)), number(32, [0, u8::MAX])),
        devices in (span(DAY * 30), span(MINUTE), number(10, [0, u8::MAX])),
        least_password in number(8, [0, usize::MAX]),
        (link, clock_tolerance) in (span(DAY * 2), span(MINUTE)),
        (enrolment, touch, pending_logins, owners) in (span(MINUTE * 10), span(MINUTE * 5), number(8, [0, u8::MAX]), owners()),
    ) -> Settings {
        let mut s = owners;
        (s.codes, s.guesses, s.clock_tolerance) = (codes, guesses, clock_tolerance);
        (s.sends.cooldown, s.sends.short, s.sends.long) = sends;
        s.clients.every = every;
        s.clients.further = further.into_iter().map(|(at, limit)| (Operation::ALL[at], limit)).collect();
        (s.totp.digits, s.totp.period_seconds, s.totp.steps_back, s.totp.steps_forward, s.totp.secret_bits) = totp;
        let codes = &mut s.recovery_codes;
        (codes.count, codes.bits, codes.warn_at, codes.require_at) = recovery;
        (s.sessions.life, s.sessions.idle, s.sessions.per_account) = sessions;
        (s.devices.life, s.devices.rotation_grace, s.devices.per_account) = devices;
        (s.totp.enrolment, s.sessions.touch, s.factors.pending_logins) = (enrolment, touch, pending_logins);
        s.links.sign_up = link;
        s.passwords.min_code_points = least_password;
        s
    }
}

/// Counts, from first principles and in wide integers, what the price may not understate.
fn at_least(settings: &Settings) -> u128 {
    let windows = YEAR.as_nanos().div_ceil(settings.guesses.long.window.as_nanos());
    let long = windows * u128::from(settings.guesses.long.count);
    // Whoever always leaves the last free guess.
    let free = YEAR.as_nanos() / settings.guesses.free.window.as_nanos();
    long.min(free * u128::from(settings.guesses.free.count - 1))
}

prop_compose! {
    /// Settings with each number in its range, where only the price decides.
    fn in_range()(
        (digits, totp_digits) in (6..=7_u8, 6..=7_u8),
        (steps_back, steps_forward) in (0..=2_u8, 0..=2_u8),
        (sessions, keep) in (1..=2_u8, any::<bool>()),
        free in (1..=20_u32, 1..=720_u64),
        long in (0..=300_u32, 1..=400_u64, 1..=4_u64),
        lock in 1..=720_u64,
        consecutive in 20..=100_u32,
    ) -> Settings {
        let mut s = Settings::recommended();
        (s.codes.digits, s.totp.digits) = (digits, totp_digits);
        (s.totp.steps_back, s.totp.steps_forward) = (steps_back, steps_forward);
        s.codes.live_sessions = sessions;
        if keep && sessions == 1 {
            s.codes.resend = ResendPolicy::KeepPrevious;
        }
        s.guesses.free = Limit { count: free.0, window: MINUTE * 60 * free.1 as u32 };
        s.guesses.long = Limit { count: free.0 + long.0, window: DAY * long.1 as u32 / long.2 as u32 };
        (s.guesses.lock, s.guesses.longest_lock) = (MINUTE * 60 * lock as u32, YEAR);
        s.guesses.consecutive = consecutive;
        s.devices.max_failures = (free.0 - 1).clamp(1, 8);
        s
    }
}

/// Whatever they are, settings have a price; and if they are built, it is within every bound.
fn judge(settings: Settings) -> Result<bool, TestCaseError> {
    let price = Price::of(&settings);
    prop_assert_eq!(price.to_string().lines().count(), 11);
    let policy = match settings.clone().build() {
        Ok(policy) => policy,
        Err(error) => {
            prop_assert!(!error.setting.is_empty() && !error.why.is_empty());
            return Ok(false);
        }
    };
    prop_assert_eq!(&policy.price(), &price);
    for odds in [price.totp, price.mailed_second_factor, price.confirmation] {
        prop_assert!(odds.until_disabled <= Odds::of(3, 10_000), "{}", price);
        prop_assert!(odds.per_year <= odds.per_year_with_owner, "{}", price);
        prop_assert!(odds.per_year_with_owner <= Odds::of(15, 10_000), "{}", price);
    }
    // Once more from first principles, with what a patient attacker gets at the least.
    let guesses = at_least(&settings);
    prop_assert!(u128::from(price.guesses_per_year) >= guesses, "{}", price);
    let Settings { codes, totp, .. } = settings;
    let mailed = if codes.resend == ResendPolicy::Replace { 1 } else { 2 };
    let steps = u128::from(totp.steps_back + 1 + totp.steps_forward);
    prop_assert!(mailed * guesses * 1000 <= 10_u128.pow(codes.digits.into()) && mailed <= 2);
    prop_assert!(steps * guesses * 10_000 <= 15 * 10_u128.pow(totp.digits.into()));
    prop_assert!(
        u128::from(settings.guesses.consecutive) * steps * 10_000 <= 3 * 10_u128.pow(totp.digits.into())
    );
    prop_assert!(settings.guesses.consecutive <= 100 && codes.digits >= 6 && totp.digits >= 6);
    Ok(true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Laws 13 and 14: any settings get an answer, none a panic.
    #[test]
    fn r16_any_settings_get_an_answer(settings in any_settings()) {
        judge(settings)?;
    }

    /// Law 14: of settings that only the price stands against, those are built that are within every bound.
    #[test]
    fn r16_whatever_is_built_is_within_every_bound(settings in in_range()) {
        let price = Price::of(&settings);
        let second = [price.totp, price.mailed_second_factor, price.confirmation];
        let cheap = price.mailed_code_alone_per_year > Odds::MAILED_CODE_PER_YEAR
            || second.iter().any(|odds| odds.until_disabled > Odds::SECOND_FACTOR_UNTIL_DISABLED)
            || second.iter().any(|odds| odds.per_year_with_owner > Odds::SECOND_FACTOR_PER_YEAR);
        prop_assert_eq!(judge(settings)?, !cheap);
    }
}
