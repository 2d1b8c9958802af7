//! Figures and bounds of law 14, worked out by hand.

use core::time::Duration;

use countersign::policy::{Limit, Odds, Price, ResendPolicy, VISITOR_ROW_BYTES_MOST};
use countersign::{Operation, Settings};

use super::{DAY, MILLI, MINUTE, YEAR, presets, refused};

#[test]
fn the_price_of_the_presets() {
    for settings in presets() {
        let price = settings.build().unwrap().price();
        assert_eq!((price.guesses_per_year, price.guesses_until_disabled), (500, 100));
        assert_eq!((price.mailed_codes_live, price.mailed_code_alone_per_year), (1, Odds::of(1, 2000)));
        for (odds, live, until_disabled, with_owner) in [
            (price.totp, 3, Odds::of(3, 10_000), Odds::of(15, 10_000)),
            (price.mailed_second_factor, 1, Odds::of(1, 10_000), Odds::of(5, 10_000)),
            (price.confirmation, 1, Odds::of(1, 10_000), Odds::of(5, 10_000)),
        ] {
            assert_eq!(
                (odds.live_codes, odds.until_disabled, odds.per_year),
                (live, until_disabled, until_disabled)
            );
            assert_eq!(odds.per_year_with_owner, with_owner);
        }
        assert_eq!((price.mails_by_strangers_per_day, price.mails_by_owner_per_day), (80, 120));
        let hold_off = price.hold_off;
        assert_eq!(
            (hold_off.longest_lock, hold_off.longest_wait, hold_off.rule),
            (DAY, DAY * 90, "guesses_long")
        );
        assert_eq!(price.flood.rows_per_day, 6 * 60 * 24 * 60);
        let rows = 345_600 * VISITOR_ROW_BYTES_MOST + 2 * 86_400 * 256;
        let (grown, meters) = (3 * 86_400 * 64, Operation::ALL.len() as u64 * (64 + 60 * 10));
        assert_eq!(price.flood.bytes_per_day, rows + grown + meters);
        assert_eq!(
            price.to_string(),
            "\
What a patient attacker gets, at most
guesses at one factor: 100 in a row, 500 a year
chance to guess                               until disabled            a year                    a year, owner signing in
  mailed code alone, strangers (1 live)       not disabled              0.05 % (1 in 2000)        0.05 % (1 in 2000)
  authenticator app, password known (3 live)  0.03 % (1 in 3333)        0.03 % (1 in 3333)        0.15 % (1 in 666)
  mailed code, password known (1 live)        0.01 % (1 in 10000)       0.01 % (1 in 10000)       0.05 % (1 in 2000)
  mailed code, confirming an action (1 live)  0.01 % (1 in 10000)       0.01 % (1 in 10000)       0.05 % (1 in 2000)
mails a day: 80 to one identifier by strangers, 120 to an account by the signed-in
strangers hold the owner off: as long as they keep guessing; not at all with a trusted device or a mailed link
  longest lock 24 h, longest wait 90 days (rule `guesses_long`), both can be renewed
one client fills the store by: 518400 rows, 1477 MB a day"
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
            (s.codes.live_sessions, s.codes.resend) = (1, ResendPolicy::KeepPrevious);
            (s.guesses.long.count, s.totp.digits) = (101, 8);
        }),
        ("guesses.long", &["confirms an action", "2 live", "0.2 %", "0.15 %"], |s| {
            (s.codes.live_sessions, s.codes.resend) = (1, ResendPolicy::KeepPrevious);
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
    settings.devices.max_failures = 5;
    // 365 days touch 13 windows and 13 locks of 30.
    assert_eq!(settings.build().unwrap().price().guesses_per_year, 13 * 5 + 13);
}

#[test]
fn mail_and_store_are_bounded_by_the_tightest_limit() {
    let mut settings = Settings::recommended();
    settings.sends.long = Limit { count: 20, window: Duration::from_secs(20 * 3600) };
    assert_eq!(settings.clone().build().unwrap().price().mails_by_owner_per_day, 240);
    settings.sends.cooldown = Duration::from_secs(3600);
    assert_eq!(settings.clone().build().unwrap().price().mails_by_owner_per_day, 144);
    settings.sends.short = Limit { count: 1, window: Duration::from_secs(2 * 3600) };
    let price = settings.clone().build().unwrap().price();
    assert_eq!((price.mails_by_owner_per_day, price.mails_by_strangers_per_day), (72, 48));

    let ten_a_day = Limit { count: 10, window: DAY };
    settings.clients.further = vec![(Operation::SignUp, ten_a_day), (Operation::Verify, ten_a_day)];
    let price = settings.clone().build().unwrap().price();
    assert_eq!(price.flood.rows_per_day, 10 + 5 * 86_400, "the limit is for sign-up only");
    let rows = (10 + 3 * 86_400) * VISITOR_ROW_BYTES_MOST + 2 * 86_400 * 256;
    assert_eq!(
        price.flood.bytes_per_day,
        rows + (2 * 86_400 + 10) * 64 + Operation::ALL.len() as u64 * (64 + 600)
    );
}

#[test]
fn the_longest_wait_is_that_of_the_slowest_limit() {
    type Edit = fn(&mut Settings);
    let long = Limit { count: 10, window: DAY };
    let edits: [(&str, Duration, Edit); 7] = [
        ("guesses_lock", DAY + MILLI, |s| s.guesses.longest_lock = DAY + MILLI),
        ("guesses_free", DAY * 2, |s| s.guesses.free = Limit { count: 1, window: DAY * 2 }),
        ("sends_long", DAY * 3, |s| s.sends.long.window = DAY * 3),
        ("live_links", DAY * 4, |s| s.links.sign_up = DAY * 4),
        ("live_links", DAY * 4, |s| s.links.recover = DAY * 4),
        ("live_sessions", DAY, |s| s.codes.recover.session = DAY),
        ("live_sessions", DAY, |s| s.codes.change_address.session = DAY),
    ];
    for (rule, wait, edit) in edits {
        let mut settings = Settings::recommended();
        settings.guesses.long = long;
        settings.guesses.longest_lock = settings.guesses.lock;
        settings.guesses.long.window = MINUTE;
        (settings.links.sign_up, settings.links.recover) = (MINUTE, MINUTE);
        settings.sends.long.window = settings.sends.short.window;
        edit(&mut settings);
        // Whether or not it is built: the long rule is made short to get out of the way.
        let hold_off = Price::of(&settings).hold_off;
        assert_eq!((hold_off.rule, hold_off.longest_wait), (rule, wait));
        assert_eq!(hold_off.longest_lock, settings.guesses.longest_lock);
    }
    // Of equals the one that shuts most: the lock.
    let mut settings = Settings::recommended();
    settings.guesses.long = long;
    settings.guesses.long.window = MINUTE;
    (settings.links.sign_up, settings.links.recover) = (MINUTE, MINUTE);
    assert_eq!(settings.guesses.longest_lock, settings.sends.long.window);
    assert_eq!(Price::of(&settings).hold_off.rule, "guesses_lock");
}
