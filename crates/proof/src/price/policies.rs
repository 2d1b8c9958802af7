//! The policies that are attacked.

use core::time::Duration;

use countersign::Settings;
use countersign::policy::{Limit, ResendPolicy};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// The presets, and the recommended one with the numbers turned that change what an attack is.
#[must_use]
pub fn named() -> Vec<(String, Settings)> {
    let mut two_codes = Settings::recommended();
    (two_codes.codes.live_sessions, two_codes.codes.resend) = (1, ResendPolicy::KeepPrevious);
    let mut devices = Settings::recommended();
    devices.devices.skip_second_factor = false;
    let mut slow = Settings::recommended();
    slow.guesses.free = Limit { count: 6, window: DAY * 30 };
    (slow.guesses.lock, slow.guesses.longest_lock) = (DAY * 30, DAY * 30);
    slow.guesses.long = Limit { count: 1000, window: DAY };
    slow.devices.max_failures = 5;
    vec![
        ("recommended".to_owned(), Settings::recommended()),
        ("NIST AAL2".to_owned(), Settings::nist_aal2()),
        ("previous code kept".to_owned(), two_codes),
        ("devices skip nothing".to_owned(), devices),
        ("paced by locks".to_owned(), slow),
    ]
}

/// So many that are built, with small numbers, always the same ones.
#[must_use]
pub fn random(count: usize) -> Vec<(String, Settings)> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = move |most: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % most
    };
    let mut found = Vec::new();
    while found.len() < count {
        let mut settings = Settings::recommended();
        (settings.codes.digits, settings.totp.digits) = (8, 8);
        settings.codes.max_attempts = 1 + below(5) as u32;
        if below(2) == 0 {
            (settings.codes.live_sessions, settings.codes.resend) = (1, ResendPolicy::KeepPrevious);
        }
        settings.totp.steps_back = below(3) as u8;
        settings.totp.steps_forward = below(2) as u8;
        settings.sends.short = Limit { count: 2 + below(5) as u32, window: MINUTE * (5 + below(40) as u32) };
        let long = settings.sends.short.count + below(20) as u32;
        settings.sends.long = Limit { count: long, window: MINUTE * (60 * (6 + below(30))) as u32 };
        let free = 2 + below(9) as u32;
        settings.guesses.free = Limit { count: free, window: MINUTE * (1 + below(60) as u32) };
        settings.guesses.lock = MINUTE * (1 + below(60) as u32);
        settings.guesses.longest_lock = settings.guesses.lock * (1 + below(40) as u32);
        settings.guesses.forget_lock_after = MINUTE * (1 + below(3000) as u32);
        let count = free + below(60) as u32;
        settings.guesses.long = Limit { count, window: DAY * (10 + below(110) as u32) };
        settings.guesses.consecutive = (free + below(60) as u32).min(100);
        settings.devices.max_failures = (free - 1).clamp(1, 8);
        settings.devices.skip_second_factor = below(2) == 0;
        if settings.clone().build().is_ok() {
            found.push((format!("random {}", found.len() + 1), settings));
        }
    }
    found
}
