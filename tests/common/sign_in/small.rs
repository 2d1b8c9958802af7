//! Settings in which every limit of a sign-in is a few steps away.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "tests")]

use core::time::Duration;

use countersign::Settings;
use countersign::policy::*;

use crate::otp::small::small as codes;

/// How many different ones there are.
pub const SETTINGS: u8 = 4;

/// Seconds where the recommended settings have minutes, or those themselves. Long windows and codes of many digits make up for
/// it: the price stays within its bounds.
pub fn small(which: u8) -> Settings {
    let seconds = Duration::from_secs;
    let sessions = |life, idle: Option<u64>, per_account, touch| Sessions {
        life: seconds(life),
        idle: idle.map(seconds),
        per_account,
        touch: seconds(touch),
    };
    let mut settings = match which % SETTINGS {
        0 | 2 => codes(ResendPolicy::Replace),
        1 => codes(ResendPolicy::KeepPrevious),
        _ => return Settings::recommended(),
    };
    settings.guesses.long.window = seconds(4000);
    settings.totp.period_seconds = 2;
    settings.totp.enrolment = seconds(60);
    settings.factors.pending_logins = 2;
    (settings.recovery.factor_wait, settings.recovery.factor_window) = (seconds(3600), seconds(3700));
    settings.notices = Limit { count: 7, window: seconds(30) };
    settings.devices =
        Devices { life: seconds(80), rotation_grace: seconds(2), per_account: 2, ..settings.devices };
    let codes = |count, warn_at, require_at| RecoveryCodes { count, bits: 80, warn_at, require_at };
    match which % SETTINGS {
        0 => {
            (settings.totp.steps_back, settings.totp.steps_forward) = (1, 1);
            settings.recovery_codes = codes(3, 2, 0);
            settings.step_up.max_age = seconds(6);
            settings.sessions = sessions(150, None, 2, 10);
        }
        1 => {
            settings.factors.required = true;
            settings.actions.regenerate_codes = true;
            settings.devices.skip_second_factor = false;
            settings.step_up.max_age = seconds(9);
            settings.totp.steps_forward = 1;
            settings.recovery_codes = codes(2, 1, 1);
            settings.sessions = sessions(120, Some(60), 3, 10);
        }
        // A mailbox is no second factor.
        _ => {
            settings.factors.mailed_code = false;
            settings.step_up.max_age = seconds(2);
            settings.devices.per_account = 1;
            settings.factors.pending_logins = 1;
            settings.totp.steps_back = 1;
            settings.recovery_codes = codes(1, 1, 0);
            settings.sessions = sessions(60, Some(60), 1, 0);
        }
    }
    settings
}
