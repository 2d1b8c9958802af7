//! What settings a policy is built from, and at what price (laws 13 and 14).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that fails may panic"
)]

use core::time::Duration;

use countersign::policy::{Lifetimes, Limit};
use countersign::{PolicyError, Settings};

mod any;
#[path = "../common/mod.rs"]
mod common;
mod price;
mod ranges;
mod store;

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
    settings.sends.long = Limit { count: 100, window: DAY * 6 };
    (settings.links.sign_up, settings.links.recover) = (DAY * 7, DAY * 7);
    settings.guesses.free = Limit { count: 1, window: DAY };
    settings.devices.max_failures = 1;
    settings.guesses.lock = YEAR;
    settings.guesses.longest_lock = YEAR + DAY;
    settings.guesses.long = Limit { count: 100, window: DAY * 90 };
    settings.totp.digits = 8;
    settings.recovery_codes.count = 32;
    settings.recovery_codes.warn_at = 32;
    settings.sessions.life = DAY * 30;
    settings
}

fn lifetimes(settings: &mut Settings) -> [&mut Lifetimes; 8] {
    let codes = &mut settings.codes;
    [
        &mut codes.sign_up,
        &mut codes.sign_in,
        &mut codes.recover,
        &mut codes.confirm_action,
        &mut codes.second_factor,
        &mut codes.change_address,
        &mut codes.step_up,
        &mut codes.recover_factor,
    ]
}

fn refused(settings: Settings) -> PolicyError {
    settings.build().unwrap_err()
}

#[test]
fn r16_every_preset_can_stand() {
    for settings in presets() {
        let policy = settings.clone().build().unwrap();
        assert_eq!(policy.settings(), &settings);
    }
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
