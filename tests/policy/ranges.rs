//! Every number at the ends of its range, and beyond.

use core::time::Duration;

use countersign::policy::{Lifetimes, Limit, ResendPolicy};
use countersign::{Operation, Settings};

use super::{DAY, MILLI, MINUTE, SECOND, YEAR, roomy};

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
    t.span("codes.second_factor.code", MILLI, ten, |s, d| s.codes.second_factor.code = d);
    t.span("codes.change_address.code", MILLI, ten, |s, d| s.codes.change_address.code = d);
    t.span("codes.step_up.code", MILLI, ten, |s, d| s.codes.step_up.code = d);
    t.span("codes.recover_factor.code", MILLI, ten, |s, d| s.codes.recover_factor.code = d);
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
    t.span("codes.second_factor.session", MINUTE, DAY, |s, d| {
        s.codes.second_factor = Lifetimes { code: MINUTE, session: d };
    });
    t.span("codes.change_address.session", MINUTE, DAY, |s, d| {
        s.codes.change_address = Lifetimes { code: MINUTE, session: d };
    });
    t.span("codes.step_up.session", MINUTE, DAY, |s, d| {
        s.codes.step_up = Lifetimes { code: MINUTE, session: d };
    });
    t.span("codes.recover_factor.session", MINUTE, DAY, |s, d| {
        s.codes.recover_factor = Lifetimes { code: MINUTE, session: d };
    });

    t.span("sends.cooldown", SECOND, DAY, |s, d| s.sends.cooldown = d);
    t.number("sends.short.count", 1, 100, |s, n| s.sends.short.count = n as u32);
    // Links of at most a week outlast every window of sends.
    let week = DAY * 7 - MILLI;
    t.span("sends.short", MILLI, week, |s, d| {
        (s.sends.short.window, s.sends.long.window) = (d, DAY * 7 - MILLI)
    });
    t.number("sends.long.count", 1, 100, |s, n| s.sends.long.count = n as u32);
    t.span("sends.long", MINUTE, week, |s, d| (s.sends.short.window, s.sends.long.window) = (MINUTE, d));
    t.span("links.sign_up", DAY * 6 + MILLI, DAY * 7, |s, d| s.links.sign_up = d);
    t.span("links.recover", DAY * 6, DAY * 7, |s, d| s.links.recover = d);

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
    t.span("sessions.life", MINUTE, DAY * 30, |s, d| (s.sessions.life, s.sessions.touch) = (d, MINUTE / 2));
    t.span("sessions.idle", MINUTE, DAY * 30, |s, d| {
        (s.sessions.idle, s.sessions.touch) = (Some(d), MINUTE / 2)
    });
    t.span("sessions.touch", Duration::ZERO, DAY * 15, |s, d| s.sessions.touch = d);
    t.number("factors.pending_logins", 1, 32, |s, n| s.factors.pending_logins = n as u8);
    t.span("totp.enrolment", MINUTE, MINUTE * 60, |s, d| s.totp.enrolment = d);
    t.number("sessions.per_account", 1, 128, |s, n| s.sessions.per_account = n as u8);
    t.span("devices.life", MINUTE, DAY * 90, |s, d| s.devices.life = d);
    t.span("devices.rotation_grace", Duration::ZERO, ten, |s, d| s.devices.rotation_grace = d);
    t.number("devices.per_account", 1, 32, |s, n| s.devices.per_account = n as u8);
    // Fewer than the free guesses, so that the device goes before it locks another (law 9).
    t.number("devices.max_failures", 1, 99, |s, n| {
        (s.guesses.free.count, s.devices.max_failures) = (100, n as u32);
    });
    t.number("devices.max_failures", 1, 1, |s, n| s.devices.max_failures = n as u32);
    let (hour, month) = (MINUTE * 60, DAY * 30);
    t.span("recovery.factor_wait", hour, month, |s, d| s.recovery.factor_wait = d);
    t.span("recovery.factor_window", hour, month, |s, d| s.recovery.factor_window = d);
    t.span("step_up.max_age", SECOND, hour, |s, d| s.step_up.max_age = d);
    t.number("notices.count", 4, 100, |s, n| s.notices.count = n as u32);
    t.span("notices", MILLI, DAY * 7, |s, d| s.notices.window = d);
    t.number("clients.every", 1, 1000, |s, n| s.clients.every.count = n as u32);
    t.window("clients.every", MILLI, |s, d| s.clients.every.window = d);
    t.number("clients.further", 1, 1000, |s, n| {
        s.clients.further = vec![(Operation::Verify, Limit { count: n as u32, window: MINUTE })];
    });
    t.window("clients.further", MILLI, |s, d| {
        s.clients.further = vec![(Operation::Cancel, Limit { count: 1, window: d })];
    });
    t.span("clock_tolerance", SECOND, MINUTE * 60, |s, d| s.clock_tolerance = d);
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
    t.row("devices.max_failures", false, &"as many as the free guesses", |s| {
        (s.guesses.free.count, s.devices.max_failures) = (8, 8);
    });
    t.row("devices.max_failures", true, &"one fewer than the free guesses", |s| {
        (s.guesses.free.count, s.devices.max_failures) = (9, 8);
    });
    t.row("links.recover", false, &"gone before the next mail", |s| {
        (s.links.sign_up, s.links.recover) = (DAY * 7, s.sends.long.window - MILLI);
    });
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
