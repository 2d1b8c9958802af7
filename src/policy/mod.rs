//! The rules of a deployment: every number, checked once, and what the numbers amount to.
//!
//! [`Settings`] are plain data. [`Policy`] is the proof that they can stand: it can only be had from [`Settings::build`],
//! which refuses what is out of range and what is weaker than the bounds of law 14. A policy can say its own
//! [`Price`]: what a patient attacker gets for his patience.

mod exposure;
mod odds;
mod pace;
mod price;
mod settings;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

pub use exposure::{Flood, HoldOff, VISITOR_ROW_BYTES_MOST};
pub use odds::Odds;
pub use price::{Price, SecondFactorOdds};
pub use settings::{
    Actions, ClientLimits, Codes, Devices, Factors, GuessLimits, Lifetimes, Limit, Links, Passwords,
    Recovery, RecoveryCodes, ResendPolicy, SendLimits, Sessions, Settings, StepUp, Totp,
};

use crate::throttle::{BackoffSettings, BudgetSettings, Rule};
use crate::{Operation, Purpose};

/// The rule that a send was too soon after another.
pub const RULE_COOLDOWN: &str = "resend_cooldown";
/// The rule of the shorter window of sends.
pub const RULE_SENDS_SHORT: &str = "sends_short";
/// The rule of the longer window of sends.
pub const RULE_SENDS_LONG: &str = "sends_long";
/// The rule of the free guesses.
pub const RULE_GUESSES_FREE: &str = "guesses_free";
/// The rule of the lock between guesses.
pub const RULE_GUESSES_LOCK: &str = "guesses_lock";
/// The rule of guesses in the long run.
pub const RULE_GUESSES_LONG: &str = "guesses_long";
/// The rule of live sessions per purpose.
pub const RULE_LIVE_SESSIONS: &str = "live_sessions";
/// The rule of live mailed links.
pub const RULE_LIVE_LINKS: &str = "live_links";
/// The rule of sign-ins that wait for their second factor.
pub const RULE_PENDING_LOGINS: &str = "pending_logins";
/// The rule of security notices.
pub const RULE_NOTICES: &str = "notices";
/// The rule of requests per client and operation.
pub const RULE_CLIENT: &str = "client";
/// The rule of further limits per client for single operations.
pub const RULE_CLIENT_FURTHER: &str = "client_further";

/// A number that cannot stand, and why.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{setting} cannot stand: {why}")]
pub struct PolicyError {
    /// The setting, as it is written in [`Settings`].
    pub setting: &'static str,
    /// What is wrong with it.
    pub why: alloc::string::String,
}

impl PolicyError {
    fn new(setting: &'static str, why: impl core::fmt::Display) -> Self {
        Self { setting, why: alloc::format!("{why}") }
    }
}

/// Checked settings. Cheap to clone.
///
/// ```
/// use countersign::Settings;
/// let policy = Settings::recommended().build()?;
/// assert_eq!(policy.settings(), &Settings::recommended());
/// println!("{}", policy.price());
/// # Ok::<(), countersign::PolicyError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy(Arc<Checked>);

#[derive(PartialEq, Eq, Debug)]
struct Checked {
    settings: Settings,
    sends: [Rule; 3],
    notices: [Rule; 1],
    strangers: BudgetSettings,
    owners: BudgetSettings,
    clients: [Vec<Rule>; Operation::ALL.len()],
}

impl Policy {
    /// The settings it was built from.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// How long codes and sessions of a purpose live. The only place where a lifetime is chosen (B079).
    #[must_use]
    pub fn lifetimes(&self, purpose: Purpose) -> Lifetimes {
        self.0.settings.codes.lifetimes(purpose)
    }

    /// The rules for sending mail.
    pub(crate) fn send_rules(&self) -> &[Rule] {
        &self.0.sends
    }

    /// The rule for telling an owner of changes.
    pub(crate) fn notice_rules(&self) -> &[Rule] {
        &self.0.notices
    }

    /// The guess budget of a factor on visitor records, where only age forgets.
    pub(crate) fn strangers_budget(&self) -> &BudgetSettings {
        &self.0.strangers
    }

    /// The guess budget of a factor on account records, which also counts failures in a row.
    pub(crate) fn owners_budget(&self) -> &BudgetSettings {
        &self.0.owners
    }

    /// The rules for the requests of a client to an operation; the first is the one for every operation.
    pub(crate) fn client_rules(&self, operation: Operation) -> &[Rule] {
        self.0.clients.get(operation as usize).map_or(&[], Vec::as_slice)
    }

    /// How many codes stay live beside a new one.
    pub(crate) fn codes_kept(&self) -> usize {
        match self.0.settings.codes.resend {
            ResendPolicy::Replace => 0,
            ResendPolicy::KeepPrevious => 1,
        }
    }

    /// What these numbers amount to (law 14).
    #[must_use]
    pub fn price(&self) -> Price {
        Price::of(&self.0.settings)
    }
}

impl Codes {
    /// How long codes and sessions of a purpose live.
    #[must_use]
    pub const fn lifetimes(&self, purpose: Purpose) -> Lifetimes {
        match purpose {
            Purpose::SignUp => self.sign_up,
            Purpose::SignIn => self.sign_in,
            Purpose::Recover => self.recover,
            Purpose::ConfirmAction => self.confirm_action,
            Purpose::SecondFactor => self.second_factor,
            Purpose::ChangeAddress => self.change_address,
            Purpose::StepUp => self.step_up,
            Purpose::RecoverFactor => self.recover_factor,
        }
    }
}

fn in_range<T: PartialOrd + core::fmt::Display>(
    setting: &'static str,
    value: T,
    range: core::ops::RangeInclusive<T>,
) -> Result<(), PolicyError> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(PolicyError::new(setting, format_args!("{value} is not within {} to {}", range.start(), range.end())))
}

fn span(setting: &'static str, value: Duration, least: Duration, most: Duration) -> Result<(), PolicyError> {
    if !value.subsec_nanos().is_multiple_of(1_000_000) {
        return Err(PolicyError::new(setting, "spans are whole milliseconds"));
    }
    if value < least || value > most {
        return Err(PolicyError::new(setting, format_args!("{value:?} is not within {least:?} to {most:?}")));
    }
    Ok(())
}

fn rule(setting: &'static str, name: &'static str, limit: Limit) -> Result<Rule, PolicyError> {
    Rule::new(name, limit.count, limit.window).map_err(|why| PolicyError::new(setting, why))
}

impl Settings {
    /// Checks every number and the bounds of law 14.
    ///
    /// # Errors
    /// [`PolicyError`], which names the setting and says why it cannot stand.
    pub fn build(self) -> Result<Policy, PolicyError> {
        const MILLI: Duration = Duration::from_millis(1);
        const DAY: Duration = Duration::from_secs(86_400);
        const WEEK: Duration = DAY.saturating_mul(7);
        const MONTH: Duration = DAY.saturating_mul(30);
        let Self {
            codes,
            links,
            sends,
            guesses,
            passwords,
            factors,
            totp,
            recovery_codes,
            sessions,
            devices,
            recovery,
            step_up,
            notices,
            clients,
            ..
        } = &self;

        in_range("codes.digits", codes.digits, 6..=10)?;
        in_range("codes.max_attempts", codes.max_attempts, 1..=100)?;
        in_range("codes.live_sessions", codes.live_sessions, 1..=2)?;
        if codes.resend == ResendPolicy::KeepPrevious && codes.live_sessions > 1 {
            let why =
                "keeping the previous code needs `codes.live_sessions` = 1: at most two codes may be live";
            return Err(PolicyError::new("codes.resend", why));
        }
        for (purpose, code, session) in [
            (Purpose::SignUp, "codes.sign_up.code", "codes.sign_up.session"),
            (Purpose::SignIn, "codes.sign_in.code", "codes.sign_in.session"),
            (Purpose::Recover, "codes.recover.code", "codes.recover.session"),
            (Purpose::ConfirmAction, "codes.confirm_action.code", "codes.confirm_action.session"),
            (Purpose::SecondFactor, "codes.second_factor.code", "codes.second_factor.session"),
            (Purpose::ChangeAddress, "codes.change_address.code", "codes.change_address.session"),
            (Purpose::StepUp, "codes.step_up.code", "codes.step_up.session"),
            (Purpose::RecoverFactor, "codes.recover_factor.code", "codes.recover_factor.session"),
        ] {
            let lifetimes = codes.lifetimes(purpose);
            let longest = if purpose == Purpose::Recover { DAY } else { Duration::from_secs(600) };
            span(code, lifetimes.code, MILLI, longest)?;
            span(session, lifetimes.session, lifetimes.code, DAY)?;
        }

        span("sends.cooldown", sends.cooldown, Duration::from_secs(1), DAY)?;
        in_range("sends.short.count", sends.short.count, 1..=100)?;
        in_range("sends.long.count", sends.long.count, 1..=100)?;
        // Both are shorter than the longest life of a link, which must outlast them.
        let longest = WEEK.saturating_sub(MILLI);
        span("sends.short", sends.short.window, MILLI, longest)?;
        span("sends.long", sends.long.window, MILLI, longest)?;
        let cooldown = Limit { count: 1, window: sends.cooldown };
        let send_rules = [
            rule("sends.cooldown", RULE_COOLDOWN, cooldown)?,
            rule("sends.short", RULE_SENDS_SHORT, sends.short)?,
            rule("sends.long", RULE_SENDS_LONG, sends.long)?,
        ];
        if sends.long.window < sends.short.window || sends.long.count < sends.short.count {
            return Err(PolicyError::new("sends.long", "the longer window must be longer and allow no less"));
        }

        span("links.sign_up", links.sign_up, sends.long.window.saturating_add(MILLI), WEEK)?;

        span("links.recover", links.recover, sends.long.window, WEEK)?;

        in_range("guesses.consecutive", guesses.consecutive, 1..=100)?;
        let free = rule("guesses.free", RULE_GUESSES_FREE, guesses.free)?;
        let long = rule("guesses.long", RULE_GUESSES_LONG, guesses.long)?;
        span("guesses.longest_lock", guesses.longest_lock, MILLI, BackoffSettings::MAX_SPAN)?;
        span("guesses.lock", guesses.lock, MILLI, guesses.longest_lock)?;
        span("guesses.forget_lock_after", guesses.forget_lock_after, MILLI, BackoffSettings::MAX_SPAN)?;
        let lock = BackoffSettings::new(
            RULE_GUESSES_LOCK,
            guesses.lock,
            guesses.longest_lock,
            guesses.forget_lock_after,
        )
        .map_err(|why| PolicyError::new("guesses.lock", why))?;
        let budget = |consecutive| {
            BudgetSettings::new(free, lock, Some(long), consecutive)
                .map_err(|why| PolicyError::new("guesses.free", why))
        };
        let (strangers, owners) = (budget(None)?, budget(Some(guesses.consecutive))?);

        in_range("passwords.min_code_points", passwords.min_code_points, 8..=64)?;
        in_range("factors.pending_logins", factors.pending_logins, 1..=32)?;
        in_range("totp.digits", totp.digits, 6..=8)?;
        in_range("totp.period_seconds", totp.period_seconds, 1..=120)?;
        in_range("totp.steps_back", totp.steps_back, 0..=2)?;
        in_range("totp.steps_forward", totp.steps_forward, 0..=2)?;
        in_range("totp.secret_bits", totp.secret_bits, 128..=512)?;
        if !totp.secret_bits.is_multiple_of(8) {
            return Err(PolicyError::new("totp.secret_bits", "a secret is whole bytes"));
        }
        span("totp.enrolment", totp.enrolment, Duration::from_secs(60), Duration::from_secs(3600))?;
        in_range("recovery_codes.count", recovery_codes.count, 1..=32)?;
        in_range("recovery_codes.bits", recovery_codes.bits, 64..=256)?;
        in_range("recovery_codes.warn_at", recovery_codes.warn_at, 0..=recovery_codes.count)?;
        in_range("recovery_codes.require_at", recovery_codes.require_at, 0..=recovery_codes.warn_at)?;
        span("sessions.life", sessions.life, Duration::from_secs(60), MONTH)?;
        if let Some(idle) = sessions.idle {
            span("sessions.idle", idle, Duration::from_secs(60), sessions.life)?;
        }
        let longest_touch = sessions.idle.unwrap_or(sessions.life).checked_div(2).unwrap_or_default();
        span("sessions.touch", sessions.touch, Duration::ZERO, longest_touch)?;
        in_range("sessions.per_account", sessions.per_account, 1..=128)?;
        span("devices.life", devices.life, Duration::from_secs(60), DAY.saturating_mul(90))?;
        span("devices.rotation_grace", devices.rotation_grace, Duration::ZERO, Duration::from_secs(600))?;
        in_range("devices.per_account", devices.per_account, 1..=32)?;

        let fewer = guesses.free.count.saturating_sub(1).max(1);
        in_range("devices.max_failures", devices.max_failures, 1..=fewer)?;
        span("recovery.factor_wait", recovery.factor_wait, Duration::from_secs(3600), MONTH)?;
        span("recovery.factor_window", recovery.factor_window, Duration::from_secs(3600), MONTH)?;
        span("step_up.max_age", step_up.max_age, Duration::from_secs(1), Duration::from_secs(3600))?;
        in_range("notices.count", notices.count, 4..=100)?;
        span("notices", notices.window, MILLI, WEEK)?;
        let notice_rules = [rule("notices", RULE_NOTICES, *notices)?];

        let every = rule("clients.every", RULE_CLIENT, clients.every)?;
        let mut client_rules = Operation::ALL.map(|_| alloc::vec![every]);
        for (operation, limit) in &clients.further {
            let rules = client_rules.get_mut(*operation as usize);
            let rules = rules.ok_or_else(|| PolicyError::new("clients.further", "an unknown operation"))?;
            if rules.len() > 3 {
                return Err(PolicyError::new(
                    "clients.further",
                    "more than three further limits for one operation",
                ));
            }
            rules.push(rule("clients.further", RULE_CLIENT_FURTHER, *limit)?);
        }
        span("clock_tolerance", self.clock_tolerance, Duration::from_secs(1), Duration::from_secs(3600))?;

        Price::of(&self).bounded()?;
        Ok(Policy(Arc::new(Checked {
            settings: self,
            sends: send_rules,
            notices: notice_rules,
            strangers,
            owners,
            clients: client_rules,
        })))
    }
}
