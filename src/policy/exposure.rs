//! What strangers can do to an owner and to the store short of getting in: hold off, and fill up.
//!
//! What an attacker could gain if this were wrong: a host that plans for less than it gets.

use core::time::Duration;

use super::pace::{DAY, client_limits, requests_in};
use super::{
    RULE_COOLDOWN, RULE_GUESSES_FREE, RULE_GUESSES_LOCK, RULE_GUESSES_LONG, RULE_LIVE_LINKS,
    RULE_LIVE_SESSIONS, RULE_SENDS_LONG, RULE_SENDS_SHORT, Settings,
};
use crate::{Operation, Purpose};

/// The most bytes that one request adds to the store by making a visitor's row: its encoding with one challenge, its key,
/// version and expiry. What indexes and pages of the store cost comes on top.
///
/// Longest is a sign-up with everything at its limit: profile 2050, identifier 256, password hash 258 and locale 37 bytes,
/// sealed and padded to 2.6 KiB; then digests, times, counters and the sealed data key, 200 bytes; key, version and
/// expiry, 40. 4 KiB leave room for what a later format adds.
pub const VISITOR_ROW_BYTES_MOST: u64 = 4096;

/// The most bytes of a visitor's row that holds nothing but a wrong password.
const GUESSED_ROW_BYTES_MOST: u64 = 256;
/// The most bytes that one request adds to a row that is there: a time in a log, a counter's head, a code's digest.
const GROWTH_BYTES_MOST: u64 = 64;
/// A meter's row without its log, and each time in the log: a variable-length integer of 64 bits.
const METER_BYTES_MOST: u64 = 64;
const METER_TIME_BYTES_MOST: u64 = 10;

/// How long strangers, who know nothing but an identifier, can keep its owner from proving a first factor.
///
/// As long as they keep at it: the wait can be caused again once it is over. What is not held off is whoever is signed in
/// already, and whoever has a trusted device or a mailed link of a sign-up or a recovery (law 9).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct HoldOff {
    /// The longest single lock that a wrong guess starts.
    pub longest_lock: Duration,
    /// The longest single wait of all: a lock, a full window of guesses or sends, or a full list of sessions or
    /// links.
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
    /// Bytes in a day: these rows, those with a challenge at [`VISITOR_ROW_BYTES_MOST`] each, what further requests add to
    /// them, and the client's meters.
    pub bytes_per_day: u64,
}

impl HoldOff {
    pub(super) fn of(settings: &Settings) -> Self {
        let Settings { codes, links, sends, guesses, .. } = settings;
        let strangers = Purpose::ALL.into_iter().filter(|purpose| by_strangers(*purpose));
        let sessions = strangers.map(|purpose| codes.lifetimes(purpose).session);
        let waits = [
            (RULE_GUESSES_LONG, guesses.long.window),
            (RULE_GUESSES_FREE, guesses.free.window),
            (RULE_SENDS_LONG, sends.long.window),
            (RULE_SENDS_SHORT, sends.short.window),
            (RULE_COOLDOWN, sends.cooldown),
            (RULE_LIVE_LINKS, links.sign_up.max(links.recover)),
            (RULE_LIVE_SESSIONS, sessions.max().unwrap_or_default()),
        ];
        // They run beside each other: the last to open makes the wait, no two add up.
        let longest = (RULE_GUESSES_LOCK, guesses.longest_lock);
        let (rule, longest_wait) = waits.into_iter().fold(longest, |a, b| if b.1 > a.1 { b } else { a });
        Self { longest_lock: guesses.longest_lock, longest_wait, rule }
    }
}

impl Flood {
    pub(super) fn of(settings: &Settings) -> Self {
        let (mut rows_per_day, mut bytes_per_day) = (0_u64, 0_u64);
        for operation in Operation::ALL {
            let requests = requests_in(settings, operation, DAY);
            if adds(operation) > GROWTH_BYTES_MOST {
                rows_per_day = rows_per_day.saturating_add(requests);
            }
            let times =
                client_limits(settings, operation).map(|limit| u64::from(limit.count)).max().unwrap_or(0);
            let meter = times.saturating_mul(METER_TIME_BYTES_MOST).saturating_add(METER_BYTES_MOST);
            bytes_per_day =
                bytes_per_day.saturating_add(requests.saturating_mul(adds(operation))).saturating_add(meter);
        }
        Self { rows_per_day, bytes_per_day }
    }
}

/// Whether somebody who has proved nothing can cause mail for a purpose.
pub(super) const fn by_strangers(purpose: Purpose) -> bool {
    match purpose {
        // Whoever is signed in anywhere may say that some address is to be his: a stranger to that mailbox.
        Purpose::SignUp | Purpose::SignIn | Purpose::Recover | Purpose::ChangeAddress => true,
        Purpose::ConfirmAction | Purpose::SecondFactor | Purpose::StepUp | Purpose::RecoverFactor => false,
    }
}

/// In how many partitions of one record messages of a purpose are counted apart: a sign-in on a trusted device has its own (law 9).
pub(super) const fn partitions(purpose: Purpose) -> u64 {
    match purpose {
        Purpose::SecondFactor | Purpose::RecoverFactor => 2,
        Purpose::SignUp | Purpose::SignIn | Purpose::Recover | Purpose::ChangeAddress => 1,
        Purpose::ConfirmAction | Purpose::StepUp => 1,
    }
}

/// The most bytes that a request of somebody who has proved nothing adds to the store, its client's meter apart.
const fn adds(operation: Operation) -> u64 {
    match operation {
        // To change an address takes a session; whoever has one makes a row at the door of another.
        Operation::SignUp | Operation::SignIn | Operation::Recover | Operation::ChangeAddress => {
            VISITOR_ROW_BYTES_MOST
        }
        Operation::PasswordSignIn | Operation::ResendSignUp => GUESSED_ROW_BYTES_MOST,
        Operation::Resend | Operation::Verify | Operation::VerifyAndEnter => GROWTH_BYTES_MOST,
        // These write nothing, or less than was there, without a proof.
        Operation::ConfirmAction
        | Operation::Cancel
        | Operation::RedeemSignUp
        | Operation::RedeemSignIn
        | Operation::ProveFactor
        | Operation::ResendFactorCode
        | Operation::CheckSession
        | Operation::ListSessions
        | Operation::EndSessions
        | Operation::EnrolTotp
        | Operation::ConfirmTotp
        | Operation::EnableMailedCode
        | Operation::StepUp
        | Operation::RedeemRecovery
        | Operation::ResetPassword
        | Operation::RecoverFactor
        | Operation::CancelFactorRecovery
        | Operation::ResetFactors
        | Operation::SendStepUpCode
        | Operation::RequireFresh
        | Operation::ListFactors
        | Operation::ChangePassword
        | Operation::DisableTotp
        | Operation::DisableMailedCode
        | Operation::RegenerateRecoveryCodes
        | Operation::DeleteAccount
        | Operation::TrustDevice
        | Operation::ListDevices
        | Operation::ForgetDevices => 0,
    }
}
