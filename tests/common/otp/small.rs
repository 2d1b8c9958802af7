//! Settings in which every limit is a few steps away.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "tests")]

use core::time::Duration;

use countersign::policy::*;
use countersign::{Operation, Settings};

const fn limit(count: u32, seconds: u64) -> Limit {
    Limit { count, window: Duration::from_secs(seconds) }
}

/// Seconds where the recommended settings have minutes, and two or three where those have ten. Codes of ten digits
/// make up for it: the price stays within its bounds.
pub fn small(resend: ResendPolicy) -> Settings {
    let seconds = Duration::from_secs;
    let lives = |code, session| Lifetimes { code: seconds(code), session: seconds(session) };
    let mut settings = Settings::recommended();
    settings.codes = Codes {
        digits: 10,
        max_attempts: 2,
        live_sessions: if resend == ResendPolicy::KeepPrevious { 1 } else { 2 },
        resend,
        sign_up: lives(4, 10),
        sign_in: lives(3, 9),
        recover: lives(6, 12),
        confirm_action: lives(4, 8),
        second_factor: lives(3, 7),
        change_address: lives(4, 9),
        step_up: lives(3, 7),
        recover_factor: lives(5, 9),
    };
    settings.links = Links { sign_up: seconds(45), recover: seconds(41) };
    settings.sends = SendLimits { cooldown: seconds(1), short: limit(4, 8), long: limit(8, 40) };
    let (long, consecutive) = (limit(6, 1300), 5);
    settings.guesses = match resend {
        ResendPolicy::Replace => GuessLimits {
            free: limit(3, 10),
            lock: seconds(5),
            longest_lock: seconds(18),
            forget_lock_after: seconds(25),
            long,
            consecutive,
        },
        // Forgets a lock long before the free window moves on.
        ResendPolicy::KeepPrevious => GuessLimits {
            free: limit(3, 60),
            lock: seconds(2),
            longest_lock: seconds(7),
            forget_lock_after: seconds(3),
            long,
            consecutive,
        },
    };
    settings.totp = Totp { digits: 8, steps_back: 0, steps_forward: 0, ..settings.totp };
    settings.clients = ClientLimits { every: limit(5, 6), further: vec![(Operation::Verify, limit(7, 20))] };
    settings.devices.max_failures = 2;
    settings.clock_tolerance = seconds(2);
    settings
}
