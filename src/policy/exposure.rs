//! What strangers can do to an owner and to the store short of getting in: hold off, and fill up.
//!
//! What an attacker could gain if this were wrong: a host that plans for less than it gets.

use core::time::Duration;

use super::pace::{DAY, client_limits, requests_in};
use super::{
    RULE_COOLDOWN, RULE_GUESSES_FREE, RULE_GUESSES_LOCK, RULE_GUESSES_LONG, RULE_LIVE_SESSIONS,
    RULE_SENDS_LONG, RULE_SENDS_SHORT, Settings,
};
use crate::{Operation, Purpose};

/// The purposes that somebody who has proved nothing can cause mail for.
pub(super) const STRANGERS: [Purpose; 3] = [Purpose::SignUp, Purpose::SignIn, Purpose::Recover];
/// The operations that make a row where there was none.
const STARTS: [Operation; 3] = [Operation::SignUp, Operation::SignIn, Operation::Recover];
/// The operations that make a row longer.
const CONTINUES: [Operation; 2] = [Operation::Resend, Operation::Verify];

/// The most bytes that one request adds to the store by making a visitor's row: its encoding with one challenge, its key,
/// version and expiry. What indexes and pages of the store cost comes on top.
///
/// Longest is a sign-up with everything at its limit: profile 2050, identifier and address 256 each, password hash at most 514,
/// account id 76, locale 37, all sealed and padded: 3.2 KiB; then ticket and code digests, times, the sealed data key,
/// counters: 200 bytes; key, version and expiry 40. 4 KiB leave room for what a later format adds.
pub const VISITOR_ROW_BYTES_MOST: u64 = 4096;

/// The most bytes that one request adds to a row that is there: a time in a log, a counter's head, a code's digest.
const GROWTH_BYTES_MOST: u64 = 64;
/// A meter's row without its log, and each time in the log: a variable-length integer of 64 bits.
const METER_BYTES_MOST: u64 = 64;
const METER_TIME_BYTES_MOST: u64 = 10;

/// How long strangers, who know nothing but an identifier, can keep its owner from proving a first factor.
///
/// As long as they keep at it: the wait can be caused again once it is over. What is not held off is whoever is signed in
/// already. (A mailed link or a trusted device, where there is one, is not held off at all: law 9.)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct HoldOff {
    /// The longest single lock that a wrong guess starts.
    pub longest_lock: Duration,
    /// The longest single wait of all: a lock, a full window of guesses or sends, or a full list of sessions.
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
    /// Bytes in a day: these rows at [`VISITOR_ROW_BYTES_MOST`] each, what further requests add to them, and the
    /// client's meters.
    pub bytes_per_day: u64,
}

impl HoldOff {
    pub(super) fn of(settings: &Settings) -> Self {
        let Settings { codes, sends, guesses, .. } = settings;
        let sessions = STRANGERS.map(|purpose| codes.lifetimes(purpose).session);
        let waits = [
            (RULE_GUESSES_LONG, guesses.long.window),
            (RULE_GUESSES_FREE, guesses.free.window),
            (RULE_SENDS_LONG, sends.long.window),
            (RULE_SENDS_SHORT, sends.short.window),
            (RULE_COOLDOWN, sends.cooldown),
            (RULE_LIVE_SESSIONS, sessions.into_iter().max().unwrap_or_default()),
        ];
        // They run beside each other: the last to open makes the wait, no two add up.
        let longest = (RULE_GUESSES_LOCK, guesses.longest_lock);
        let (rule, longest_wait) = waits.into_iter().fold(longest, |a, b| if b.1 > a.1 { b } else { a });
        Self { longest_lock: guesses.longest_lock, longest_wait, rule }
    }
}

impl Flood {
    pub(super) fn of(settings: &Settings) -> Self {
        let requests = |operations: &[Operation]| {
            let each = operations.iter().map(|operation| requests_in(settings, *operation, DAY));
            each.fold(0, u64::saturating_add)
        };
        let rows_per_day = requests(&STARTS);
        let made = rows_per_day.saturating_mul(VISITOR_ROW_BYTES_MOST);
        let grown = requests(&CONTINUES).saturating_mul(GROWTH_BYTES_MOST);
        let meters = Operation::ALL.iter().map(|operation| {
            let times =
                client_limits(settings, *operation).map(|limit| u64::from(limit.count)).max().unwrap_or(0);
            times.saturating_mul(METER_TIME_BYTES_MOST).saturating_add(METER_BYTES_MOST)
        });
        let bytes_per_day = meters.fold(made.saturating_add(grown), u64::saturating_add);
        Self { rows_per_day, bytes_per_day }
    }
}
