//! What settings a policy is built from, and at what price (laws 13 and 14).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that fails may panic"
)]

use core::time::Duration;

use countersign::policy::{Lifetimes, Limit, Odds, Price, ResendPolicy, VISITOR_ROW_BYTES_MOST};
use countersign::{Operation, Policy, PolicyError, Settings};
use proptest::prelude::*;

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

fn presets() -> [Settings; 2] {
    [Settings::recommended(), Settings::nist_aal2()]
}

/// Settings under which no number stands in another's way: one guess per lock of a year, long codes.
fn roomy() -> Settings {
    let mut settings = Settings::recommended();
    settings.codes.digits = 10;
    settings.codes.live_sessions = 1;
    for lifetimes in lifetimes(&mut settings) {
        *lifetimes = Lifetimes { code: MILLI, session: DAY };
    }
    settings.sends.short = Limit { count: 1, window: MILLI };
    settings.sends.long = Limit { count: 100, window: DAY * 400 };
    settings.guesses.free = Limit { count: 1, window: DAY };
    settings.guesses.lock = YEAR;
    settings.guesses.longest_lock = YEAR + DAY;
    settings.guesses.long = Limit { count: 100, window: DAY * 90 };
    settings.totp.digits = 8;
    settings.recovery_codes.count = 32;
    settings.recovery_codes.warn_at = 32;
    settings.sessions.life = DAY * 30;
    settings
}

fn lifetimes(settings: &mut Settings) -> [&mut Lifetimes; 4] {
    let codes = &mut settings.codes;
    [&mut codes.sign_up, &mut codes.sign_in, &mut codes.recover, &mut codes.confirm_action]
}

fn refused(settings: Settings) -> PolicyError {
    settings.build().unwrap_err()
}

/// Collects what is wrong instead of stopping at the first.
#[derive(Default)]
struct Table(Vec<String>);

impl Table {
    fn row(
        &mut self,
        setting: &'static str,
        allowed: bool,
        what: &dyn std::fmt::Debug,
        edit: impl Fn(&mut Settings),
    ) {
        let mut settings = roomy();
        edit(&mut settings);
        match (settings.build().map(|_| ()), allowed) {
            (Ok(()), true) => {}
            (Err(error), false) if error.setting == setting => {
                assert!(error.to_string().starts_with(setting) && !error.why.is_empty(), "{error}");
            }
            (result, _) => self.0.push(format!("{setting} = {what:?}: {result:?}")),
        }
    }

    /// A number: its lowest and highest, and one beyond each.
    fn number(&mut self, setting: &'static str, least: u64, most: u64, set: fn(&mut Settings, u64)) {
        for (value, allowed) in
            [(Some(least), true), (Some(most), true), (least.checked_sub(1), false), (Some(most + 1), false)]
        {
            if let Some(value) = value {
                self.row(setting, allowed, &value, |settings| set(settings, value));
            }
        }
    }

    /// A span: its shortest and longest, a millisecond beyond each, and what is finer than that or beyond all reason (B083).
    fn span(
        &mut self,
        setting: &'static str,
        least: Duration,
        most: Duration,
        set: fn(&mut Settings, Duration),
    ) {
        let finer = Duration::from_nanos(1);
        for (value, allowed) in [
            (Some(least), true),
            (Some(most), true),
            (least.checked_sub(MILLI), false),
            (Some(most + MILLI), false),
            (Some(least + finer), false),
            (Some(most + finer), false),
            (Some(Duration::MAX), false),
            (Some(Duration::from_millis(u64::MAX)), false),
        ] {
            if let Some(value) = value {
                self.row(setting, allowed, &value, |settings| set(settings, value));
            }
        }
    }

    fn window(&mut self, setting: &'static str, least: Duration, set: fn(&mut Settings, Duration)) {
        self.span(setting, least, DAY * 400, set);
    }
}

/// R16, B083: every number at both ends of its range and beyond them. R18: no code for authentication lives longer than ten
/// minutes. R22: none is shorter than six digits. R1: no cap is above 100.
#[test]
fn r1_r16_r18_r22_b083_every_number_has_two_ends_and_the_error_names_it() {
    let mut t = Table::default();
    t.number("codes.digits", 6, 10, |s, n| s.codes.digits = n as u8);
    t.number("codes.max_attempts", 1, 100, |s, n| s.codes.max_attempts = n as u32);
    t.number("codes.live_sessions", 1, 2, |s, n| s.codes.live_sessions = n as u8);
    let ten = MINUTE * 10;
    t.span("codes.sign_up.code", MILLI, ten, |s, d| s.codes.sign_up.code = d);
    t.span("codes.sign_in.code", MILLI, ten, |s, d| s.codes.sign_in.code = d);
    t.span("codes.recover.code", MILLI, DAY, |s, d| s.codes.recover.code = d);
    t.span("codes.confirm_action.code", MILLI, ten, |s, d| s.codes.confirm_action.code = d);
    // A session lives no shorter than its code.
    t.span("codes.sign_up.session", MINUTE, DAY, |s, d| {
        s.codes.sign_up = Lifetimes { code: MINUTE, session: d }
    });
    t.span("codes.sign_in.session", MINUTE, DAY, |s, d| {
        s.codes.sign_in = Lifetimes { code: MINUTE, session: d }
    });
    t.span("codes.recover.session", MINUTE, DAY, |s, d| {
        s.codes.recover = Lifetimes { code: MINUTE, session: d }
    });
    t.span("codes.confirm_action.session", MINUTE, DAY, |s, d| {
        s.codes.confirm_action = Lifetimes { code: MINUTE, session: d };
    });

    t.span("sends.cooldown", SECOND, DAY, |s, d| s.sends.cooldown = d);
    t.number("sends.short.count", 1, 100, |s, n| s.sends.short.count = n as u32);
    t.window("sends.short", MILLI, |s, d| s.sends.short.window = d);
    t.number("sends.long.count", 1, 100, |s, n| s.sends.long.count = n as u32);
    t.window("sends.long", MINUTE, |s, d| (s.sends.short.window, s.sends.long.window) = (MINUTE, d));

    t.number("guesses.free", 1, 100, |s, n| s.guesses.free.count = n as u32);
    t.window("guesses.free", MILLI, |s, d| s.guesses.free.window = d);
    t.span("guesses.lock", MILLI, YEAR + DAY, |s, d| s.guesses.lock = d);
    t.span("guesses.longest_lock", MILLI, YEAR + DAY, |s, d| {
        (s.guesses.lock, s.guesses.longest_lock) = (MILLI, d);
    });
    t.span("guesses.forget_lock_after", MILLI, YEAR + DAY, |s, d| s.guesses.forget_lock_after = d);
    t.number("guesses.long", 1, 1000, |s, n| s.guesses.long.count = n as u32);
    t.window("guesses.long", MILLI, |s, d| s.guesses.long.window = d);
    t.number("guesses.consecutive", 1, 100, |s, n| s.guesses.consecutive = n as u32);

    t.number("passwords.min_code_points", 8, 64, |s, n| s.passwords.min_code_points = n as usize);
    t.number("totp.digits", 6, 8, |s, n| s.totp.digits = n as u8);
    t.number("totp.period_seconds", 1, 120, |s, n| s.totp.period_seconds = n as u32);
    t.number("totp.steps_back", 0, 2, |s, n| s.totp.steps_back = n as u8);
    t.number("totp.steps_forward", 0, 2, |s, n| s.totp.steps_forward = n as u8);
    t.number("totp.secret_bits", 128, 512, |s, n| s.totp.secret_bits = n as u16);
    t.row("totp.secret_bits", false, &164, |s| s.totp.secret_bits = 164);
    t.number("recovery_codes.count", 1, 32, |s, n| {
        (s.recovery_codes.count, s.recovery_codes.warn_at) = (n as u8, 0);
    });
    t.number("recovery_codes.bits", 64, 256, |s, n| s.recovery_codes.bits = n as u16);
    t.number("recovery_codes.warn_at", 0, 32, |s, n| s.recovery_codes.warn_at = n as u8);
    t.number("recovery_codes.require_at", 0, 32, |s, n| s.recovery_codes.require_at = n as u8);
    t.span("sessions.life", MINUTE, DAY * 30, |s, d| s.sessions.life = d);
    t.span("sessions.idle", MINUTE, DAY * 30, |s, d| s.sessions.idle = Some(d));
    t.number("sessions.per_account", 1, 128, |s, n| s.sessions.per_account = n as u8);
    t.span("devices.life", MINUTE, DAY * 90, |s, d| s.devices.life = d);
    t.span("devices.rotation_grace", Duration::ZERO, ten, |s, d| s.devices.rotation_grace = d);
    t.number("devices.per_account", 1, 32, |s, n| s.devices.per_account = n as u8);
    t.number("clients.every", 1, 1000, |s, n| s.clients.every.count = n as u32);
    t.window("clients.every", MILLI, |s, d| s.clients.every.window = d);
    t.number("clients.further", 1, 1000, |s, n| {
        s.clients.further = vec![(Operation::Verify, Limit { count: n as u32, window: MINUTE })];
    });
    t.window("clients.further", MILLI, |s, d| {
        s.clients.further = vec![(Operation::Cancel, Limit { count: 1, window: d })];
    });
    t.span("clock_tolerance", Duration::ZERO, MINUTE * 60, |s, d| s.clock_tolerance = d);
    assert_eq!(t.0, Vec::<String>::new());
}

/// Numbers that are in range each, but not together.
#[test]
fn r16_numbers_that_contradict_each_other_are_refused() {
    let mut t = Table::default();
    t.row("codes.resend", false, &"two sessions of two codes", |s| {
        (s.codes.live_sessions, s.codes.resend) = (2, ResendPolicy::KeepPrevious);
    });
    t.row("codes.resend", true, &"one session of two codes", |s| s.codes.resend = ResendPolicy::KeepPrevious);
    t.row("codes.sign_in.session", false, &"ends before its code", |s| {
        s.codes.sign_in = Lifetimes { code: MINUTE, session: MINUTE - MILLI };
    });
    t.row("sends.long", false, &"allows less", |s| (s.sends.short.count, s.sends.long.count) = (5, 4));
    t.row("sends.long", false, &"is shorter", |s| {
        (s.sends.short.window, s.sends.long.window) = (MINUTE, MINUTE - MILLI);
    });
    t.row("guesses.lock", false, &"longer than the longest", |s| {
        s.guesses.lock = s.guesses.longest_lock + MILLI
    });
    t.row("guesses.free", false, &"more than in a row", |s| {
        (s.guesses.free.count, s.guesses.consecutive) = (6, 5)
    });
    t.row("guesses.free", false, &"more than in the long run", |s| {
        (s.guesses.free.count, s.guesses.long.count) = (6, 5);
    });
    t.row("recovery_codes.warn_at", false, &"more than there are", |s| s.recovery_codes.count = 31);
    t.row("recovery_codes.require_at", false, &"before the warning", |s| {
        (s.recovery_codes.warn_at, s.recovery_codes.require_at) = (3, 4);
    });
    t.row("sessions.idle", false, &"longer than life", |s| s.sessions.idle = Some(s.sessions.life + MILLI));
    let further = |count| vec![(Operation::Verify, Limit { count: 1, window: MINUTE }); count];
    t.row("clients.further", true, &3, |s| s.clients.further = further(3));
    t.row("clients.further", false, &4, |s| s.clients.further = further(4));
    assert_eq!(t.0, Vec::<String>::new());
}

#[test]
fn r16_every_preset_can_stand() {
    for settings in presets() {
        let policy = settings.clone().build().unwrap();
        assert_eq!(policy.settings(), &settings);
    }
    assert_eq!(Policy::recommended(), Settings::recommended().build().unwrap());
    assert_eq!(Settings::default(), Settings::recommended());
}

/// B004: without a finite life, a finite budget and six digits there is no policy.
#[test]
fn b004_codes_without_life_budget_or_length_are_refused() {
    type Edit = fn(&mut Settings);
    let edits: [(&str, Edit); 6] = [
        ("codes.digits", |s| s.codes.digits = 5),
        ("codes.max_attempts", |s| s.codes.max_attempts = 0),
        ("codes.max_attempts", |s| s.codes.max_attempts = u32::MAX),
        ("codes.sign_in.code", |s| s.codes.sign_in.code = Duration::ZERO),
        ("codes.sign_in.code", |s| s.codes.sign_in.code = Duration::MAX),
        ("guesses.long", |s| s.guesses.long = Limit { count: 1000, window: MILLI }),
    ];
    for (setting, edit) in edits {
        for mut settings in presets() {
            edit(&mut settings);
            assert_eq!(refused(settings).setting, setting);
        }
    }
}

/// B070: no setting turns the limits of guesses off. The defaults have back-off, cap and long window, and whatever
/// stands for "off" elsewhere (zero, the largest number, the shortest or longest span) is refused.
#[test]
fn b045_b070_nothing_stands_for_off() {
    for settings in presets() {
        let price = settings.build().unwrap().price();
        assert_eq!((price.guesses_until_disabled, price.guesses_per_year), (100, 500));
        assert!(price.hold_off.longest_lock >= DAY);
    }
    type Edit = fn(&mut Settings);
    let edits: [(&str, Edit); 9] = [
        ("guesses.free", |s| s.guesses.free.count = 0),
        ("guesses.free", |s| s.guesses.free.count = u32::MAX),
        ("guesses.free", |s| s.guesses.free.window = Duration::ZERO),
        ("guesses.lock", |s| s.guesses.lock = Duration::ZERO),
        ("guesses.longest_lock", |s| s.guesses.longest_lock = Duration::ZERO),
        ("guesses.long", |s| s.guesses.long.count = u32::MAX),
        ("guesses.long", |s| s.guesses.long.window = Duration::ZERO),
        ("guesses.consecutive", |s| s.guesses.consecutive = 0),
        ("guesses.consecutive", |s| s.guesses.consecutive = u32::MAX),
    ];
    for (setting, edit) in edits {
        let mut settings = Settings::recommended();
        edit(&mut settings);
        assert_eq!(refused(settings).setting, setting);
    }
}

#[test]
fn the_price_of_the_presets() {
    for settings in presets() {
        let price = settings.build().unwrap().price();
        assert_eq!((price.guesses_per_year, price.guesses_until_disabled), (500, 100));
        assert_eq!((price.mailed_codes_live, price.mailed_code_alone_per_year), (2, Odds::of(1, 1000)));
        for (odds, live, until_disabled, with_owner) in [
            (price.totp, 3, Odds::of(3, 10_000), Odds::of(15, 10_000)),
            (price.mailed_second_factor, 1, Odds::of(1, 10_000), Odds::of(5, 10_000)),
            (price.confirmation, 2, Odds::of(2, 10_000), Odds::of(10, 10_000)),
        ] {
            assert_eq!(
                (odds.live_codes, odds.until_disabled, odds.per_year),
                (live, until_disabled, until_disabled)
            );
            assert_eq!(odds.per_year_with_owner, with_owner);
        }
        assert_eq!((price.mails_by_strangers_per_day, price.mails_by_owner_per_day), (60, 20));
        let hold_off = price.hold_off;
        assert_eq!(
            (hold_off.longest_lock, hold_off.longest_wait, hold_off.rule),
            (DAY, DAY * 90, "guesses_long")
        );
        assert_eq!(price.flood.rows_per_day, 3 * 60 * 24 * 60);
        let rows = 259_200 * VISITOR_ROW_BYTES_MOST;
        let (grown, meters) = (2 * 86_400 * 64, 7 * (64 + 60 * 10));
        assert_eq!(price.flood.bytes_per_day, rows + grown + meters);
        assert_eq!(
            price.to_string(),
            "\
What a patient attacker gets, at most
guesses at one factor: 100 in a row, 500 a year
chance to guess                               until disabled            a year                    a year, owner signing in
  mailed code alone, strangers (2 live)       not disabled              0.1 % (1 in 1000)         0.1 % (1 in 1000)
  authenticator app, password known (3 live)  0.03 % (1 in 3333)        0.03 % (1 in 3333)        0.15 % (1 in 666)
  mailed code, password known (1 live)        0.01 % (1 in 10000)       0.01 % (1 in 10000)       0.05 % (1 in 2000)
  mailed code, confirming an action (2 live)  0.02 % (1 in 5000)        0.02 % (1 in 5000)        0.1 % (1 in 1000)
mails a day: 60 to one identifier by strangers, 20 to an account by the signed-in
strangers hold the owner off: as long as they keep guessing
  longest lock 24 h, longest wait 90 days (rule `guesses_long`), both can be renewed
one client fills the store by: 259200 rows, 1073 MB a day"
        );
    }
}

/// Law 14: at the bound a policy is built, one step past it is not, and the error says which number and why.
#[test]
fn r16_a_policy_past_a_bound_is_refused_with_the_figure_and_the_bound() {
    type Edit = fn(&mut Settings);
    const HUNDRED: Limit = Limit { count: 100, window: Duration::from_secs(90 * 86_400) };
    let at_the_bound: [Edit; 5] = [
        |s| s.guesses.long = HUNDRED,
        |s| s.guesses.long = Limit { count: 500, window: YEAR },
        |s| (s.totp.steps_back, s.totp.steps_forward) = (2, 0),
        |s| (s.totp.digits, s.totp.steps_back, s.totp.steps_forward) = (7, 2, 2),
        |s| (s.codes.live_sessions, s.codes.resend) = (1, ResendPolicy::KeepPrevious),
    ];
    for edit in at_the_bound {
        let mut settings = Settings::recommended();
        edit(&mut settings);
        settings.build().unwrap();
    }
    let past: [(&str, &[&str], Edit); 8] = [
        ("guesses.long", &["505 guesses a year", "authenticator app", "0.1515 %", "0.15 %"], |s| {
            s.guesses.long.count = 101;
        }),
        ("guesses.long", &["600 guesses a year", "0.18 %", "0.15 %"], |s| {
            s.guesses.long.window = Duration::from_secs(365 * 86_400 / 6);
        }),
        ("guesses.long", &["1000 guesses a year"], |s| {
            s.guesses.long = Limit { count: 500, window: YEAR - MILLI };
        }),
        ("guesses.long", &["only factor", "2 live", "0.101 %", "0.1 %"], |s| {
            (s.guesses.long.count, s.totp.digits) = (101, 8);
        }),
        ("guesses.long", &["confirms an action", "2 live", "0.2 %", "0.15 %"], |s| {
            (s.guesses.long.count, s.totp.digits) = (200, 8);
        }),
        ("totp.steps_back", &["4 live", "0.04 %", "0.03 %", "100 guesses in a row"], |s| {
            s.totp.steps_back = 2
        }),
        ("totp.steps_forward", &["4 live", "0.04 %", "0.03 %"], |s| s.totp.steps_forward = 2),
        ("totp.steps_back", &["5 live", "500 guesses a year", "0.25 %", "0.15 %"], |s| {
            (s.totp.steps_back, s.totp.steps_forward, s.guesses.consecutive) = (2, 2, 50);
        }),
    ];
    for (setting, says, edit) in past {
        let mut settings = Settings::recommended();
        edit(&mut settings);
        let error = refused(settings);
        assert_eq!(error.setting, setting, "{error}");
        assert!(says.iter().all(|part| error.why.contains(part)), "{error} does not say {says:?}");
    }
}

/// The pace bounds the year where it is slower than the long rule: five short of a lock in each free window, and the locks.
#[test]
fn the_slower_of_pace_and_long_rule_counts() {
    let mut settings = Settings::recommended();
    settings.guesses.free = Limit { count: 6, window: DAY * 30 };
    settings.guesses.lock = DAY * 30;
    settings.guesses.longest_lock = DAY * 30;
    settings.guesses.long = Limit { count: 1000, window: DAY };
    // 365 days touch 13 windows and 13 locks of 30.
    assert_eq!(settings.build().unwrap().price().guesses_per_year, 13 * 5 + 13);
}

#[test]
fn mail_and_store_are_bounded_by_the_tightest_limit() {
    let mut settings = Settings::recommended();
    settings.sends.long = Limit { count: 20, window: Duration::from_secs(20 * 3600) };
    assert_eq!(settings.clone().build().unwrap().price().mails_by_owner_per_day, 40);
    settings.sends.cooldown = Duration::from_secs(3600);
    assert_eq!(settings.clone().build().unwrap().price().mails_by_owner_per_day, 24);
    settings.sends.short = Limit { count: 1, window: Duration::from_secs(2 * 3600) };
    let price = settings.clone().build().unwrap().price();
    assert_eq!((price.mails_by_owner_per_day, price.mails_by_strangers_per_day), (12, 36));

    let ten_a_day = Limit { count: 10, window: DAY };
    settings.clients.further = vec![(Operation::SignUp, ten_a_day), (Operation::Verify, ten_a_day)];
    let price = settings.clone().build().unwrap().price();
    assert_eq!(price.flood.rows_per_day, 10 + 2 * 86_400, "the limit is for sign-up only");
    let rows = price.flood.rows_per_day * VISITOR_ROW_BYTES_MOST;
    assert_eq!(price.flood.bytes_per_day, rows + (86_400 + 10) * 64 + 7 * (64 + 600));
}

#[test]
fn the_longest_wait_is_that_of_the_slowest_limit() {
    type Edit = fn(&mut Settings);
    let long = Limit { count: 10, window: DAY };
    let edits: [(&str, Duration, Edit); 4] = [
        ("guesses_lock", DAY + MILLI, |s| s.guesses.longest_lock = DAY + MILLI),
        ("guesses_free", DAY * 2, |s| s.guesses.free = Limit { count: 1, window: DAY * 2 }),
        ("sends_long", DAY * 3, |s| s.sends.long.window = DAY * 3),
        ("live_sessions", DAY, |s| s.codes.recover.session = DAY),
    ];
    for (rule, wait, edit) in edits {
        let mut settings = Settings::recommended();
        settings.guesses.long = long;
        settings.guesses.longest_lock = settings.guesses.lock;
        settings.guesses.long.window = MINUTE;
        settings.sends.long.window = settings.sends.short.window;
        edit(&mut settings);
        // Whether or not it is built: the long rule is made short to get out of the way.
        let hold_off = Price::of(&settings).hold_off;
        assert_eq!((hold_off.rule, hold_off.longest_wait), (rule, wait));
        assert_eq!(hold_off.longest_lock, settings.guesses.longest_lock);
    }
}

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
        lives in prop::array::uniform4((span(MINUTE * 5), span(MINUTE * 15))),
    ) -> countersign::policy::Codes {
        let resend = if keep { ResendPolicy::KeepPrevious } else { ResendPolicy::Replace };
        let [sign_up, sign_in, recover, confirm_action] = lives.map(|(code, session)| Lifetimes { code, session });
        countersign::policy::Codes {
            digits, max_attempts, live_sessions, resend, sign_up, sign_in, recover, confirm_action,
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
    ) -> countersign::policy::GuessLimits {
        countersign::policy::GuessLimits { free, lock, longest_lock, forget_lock_after, long, consecutive }
    }
}

prop_compose! {
    fn any_settings()(
        codes in codes(),
        guesses in guesses(),
        sends in (span(MINUTE), limit(Limit { count: 5, window: MINUTE * 30 }), limit(Limit { count: 20, window: DAY })),
        every in limit(Limit { count: 60, window: MINUTE }),
        further in prop::collection::vec((0..7_usize, limit(Limit { count: 10, window: MINUTE * 30 })), 0..5),
        totp in (number(6, [0, u8::MAX]), number(30, [0, u32::MAX]), number(1, [0, u8::MAX]), number(1, [0, u8::MAX]), number(160, [0, u16::MAX])),
        recovery in (number(10, [0, u8::MAX]), number(80, [0, u16::MAX]), number(3, [0, u8::MAX]), number(0, [0, u8::MAX])),
        sessions in (span(DAY * 30), prop::option::of(span(MINUTE * 60)), number(32, [0, u8::MAX])),
        devices in (span(DAY * 30), span(MINUTE), number(10, [0, u8::MAX])),
        least_password in number(8, [0, usize::MAX]),
        clock_tolerance in span(MINUTE),
    ) -> Settings {
        let mut s = Settings::recommended();
        (s.codes, s.guesses, s.clock_tolerance) = (codes, guesses, clock_tolerance);
        (s.sends.cooldown, s.sends.short, s.sends.long) = sends;
        s.clients.every = every;
        s.clients.further = further.into_iter().map(|(at, limit)| (Operation::ALL[at], limit)).collect();
        (s.totp.digits, s.totp.period_seconds, s.totp.steps_back, s.totp.steps_forward, s.totp.secret_bits) = totp;
        let codes = &mut s.recovery_codes;
        (codes.count, codes.bits, codes.warn_at, codes.require_at) = recovery;
        (s.sessions.life, s.sessions.idle, s.sessions.per_account) = sessions;
        (s.devices.life, s.devices.rotation_grace, s.devices.per_account) = devices;
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
        (digits, totp_digits) in (6..=10_u8, 6..=8_u8),
        (steps_back, steps_forward) in (0..=2_u8, 0..=2_u8),
        (sessions, keep) in (1..=2_u8, any::<bool>()),
        free in (1..=20_u32, 1..=400_u64),
        long in (0..=300_u32, 1..=400_u64, 1..=4_u64),
        lock in 1..=366_u64,
        consecutive in 20..=100_u32,
    ) -> Settings {
        let mut s = Settings::recommended();
        (s.codes.digits, s.totp.digits) = (digits, totp_digits);
        (s.totp.steps_back, s.totp.steps_forward) = (steps_back, steps_forward);
        s.codes.live_sessions = sessions;
        if keep && sessions == 1 {
            s.codes.resend = ResendPolicy::KeepPrevious;
        }
        s.guesses.free = Limit { count: free.0, window: DAY * free.1 as u32 };
        s.guesses.long = Limit { count: free.0 + long.0, window: DAY * long.1 as u32 / long.2 as u32 };
        (s.guesses.lock, s.guesses.longest_lock) = (DAY * lock as u32, YEAR + DAY);
        s.guesses.consecutive = consecutive;
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
    let mailed = u128::from(codes.live_sessions) * if codes.resend == ResendPolicy::Replace { 1 } else { 2 };
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
