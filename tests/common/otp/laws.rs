//! What a stranger with a notebook may check of any run, whatever the clock did: the laws as inequalities, from public
//! answers alone and without a model.
//!
//! A record's time never passes faster than the requests' times move forward, all forward moves added up. So a limit that
//! holds in the record's time holds in that sum.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use core::time::Duration;

use countersign::policy::*;
use countersign::*;

use super::answer::{Answer, Door};
use crate::common::STARTED;

/// Everything that was answered, with how far the clock had come forward.
#[derive(Debug)]
pub struct Laws {
    settings: Settings,
    last: Option<i128>,
    forward: i128,
    guesses: BTreeMap<Door, Vec<i128>>,
    sends: BTreeMap<(Door, Purpose), Vec<i128>>,
    per_session: BTreeMap<usize, u32>,
    /// Sessions that answered "verified" or "expired", and can never again.
    verified: BTreeMap<usize, usize>,
    /// Sessions whose link was taken.
    redeemed: BTreeSet<usize>,
    ended: BTreeMap<usize, &'static str>,
    in_a_row: BTreeMap<Door, u32>,
    /// At the ends of time a lock is cut off there, and a wait for "never" may be none at all.
    cut_off: bool,
}

fn ms(span: Duration) -> i128 {
    span.as_millis().cast_signed()
}

/// Says which law it was that broke, and how.
macro_rules! holds {
    ($condition:expr, $($why:tt)*) => {
        if !$condition {
            return Err(format!($($why)*));
        }
    };
}

impl Laws {
    pub fn new(settings: Settings) -> Self {
        let (guesses, sends, per_session) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (verified, ended, in_a_row) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self {
            settings,
            last: None,
            forward: 0,
            guesses,
            sends,
            per_session,
            verified,
            redeemed: BTreeSet::new(),
            ended,
            in_a_row,
            cut_off: false,
        }
    }

    /// For runs that come near the ends of the range of time.
    pub fn cut_off(&mut self) {
        self.cut_off = true;
    }

    /// The time of a request, in the order in which requests took effect.
    pub fn clock(&mut self, now: Timestamp) {
        let now = i128::from(now.unix_millis());
        self.forward += self.last.replace(now).map_or(0, |last| (now - last).max(0));
    }

    /// What was answered at a door, about a session if there is one.
    pub fn answered(
        &mut self,
        door: Door,
        session: Option<usize>,
        answer: &Answer,
        purpose: Purpose,
    ) -> Result<(), String> {
        let Settings { codes, sends, guesses, .. } = &self.settings;
        let now = self.forward;
        match answer {
            Answer::Started(_) | Answer::Resent(_) => {
                let times = self.sends.entry((door, purpose)).or_default();
                times.push(now);
                let cooldown = Limit { count: 1, window: sends.cooldown };
                for limit in [cooldown, sends.short, sends.long] {
                    holds!(within(times, limit), "law 9/R24: more than {limit:?} messages: {times:?}");
                }
            }
            Answer::Verified(_) => {
                let session = session.unwrap_or_default();
                let before = self.verified.insert(session, session);
                holds!(before.is_none(), "law 3 (spent once): session {session} was accepted twice");
                let ended = self.ended.insert(session, "verified");
                holds!(
                    ended.is_none(),
                    "law 3/7 (no revival): session {session} was {ended:?} and then accepted"
                );
                self.in_a_row.remove(&door);
            }
            Answer::Cancelled => drop(session.map(|session| self.ended.insert(session, "cancelled"))),
            Answer::Refused(Refusal::InvalidCode(_)) => {
                let session = session.unwrap_or_default();
                let wrong = self.per_session.entry(session).or_default();
                *wrong += 1;
                holds!(
                    *wrong <= codes.max_attempts,
                    "law 2 (budget): session {session} answered {wrong} wrong codes"
                );
                let ended = self.ended.get(&session);
                holds!(ended.is_none(), "law 3: session {session} was {ended:?} and then compared a code");
                if *wrong == codes.max_attempts {
                    self.ended.insert(session, "burned");
                }
                let times = self.guesses.entry(door).or_default();
                times.push(now);
                holds!(
                    within(times, guesses.long),
                    "law 2 (budget): more than {:?}: {times:?}",
                    guesses.long
                );
                // So many within the free window have locked at the last of them, for at least the first lock.
                let free = guesses.free.count as usize;
                if let Some(first) = times.len().checked_sub(free + 1) {
                    let (run, next) = (times[first + free - 1] - times[first], now - times[first + free - 1]);
                    let locked = run < ms(guesses.free.window);
                    holds!(
                        !locked || next >= ms(guesses.lock),
                        "law 2 (budget): no lock after {free}: {times:?}"
                    );
                }
                let row = self.in_a_row.entry(door).or_default();
                *row += 1;
                let owner = matches!(door, Door::Account(_));
                holds!(
                    !owner || *row <= guesses.consecutive,
                    "law 2 (R1): {row} wrong in a row on an account"
                );
            }
            Answer::Refused(Refusal::Limited { rule, retry_after, .. }) => {
                let most = self.longest(rule) + self.settings.clock_tolerance;
                holds!(
                    *retry_after <= most,
                    "law 7 (time): `{rule}` asks to wait {retry_after:?}, over {most:?}"
                );
                holds!(
                    self.cut_off || !retry_after.is_zero(),
                    "R92: `{rule}` refuses with nothing to wait for"
                );
            }
            Answer::Refused(_) => {}
        }
        Ok(())
    }

    /// A mailed link was taken. It outlives its session, whatever became of that, unless it was accepted. The session stays for whoever
    /// holds it, who may be a stranger; only a code that is mailed after this is good for it.
    pub fn redeemed(&mut self, session: usize) -> Result<(), String> {
        let spent = self.verified.contains_key(&session) || !self.redeemed.insert(session);
        holds!(!spent, "law 3 (spent once): the link of session {session} was taken after it was spent");
        Ok(())
    }

    /// No wait is longer than what is configured. Where one rule opens later than the one that shuts first, it is that one's.
    fn longest(&self, rule: &str) -> Duration {
        let Settings { codes, sends, guesses, clients, .. } = &self.settings;
        let further = clients.further.iter().map(|(_, limit)| limit.window).max();
        match rule {
            RULE_COOLDOWN => sends.cooldown,
            RULE_SENDS_SHORT => sends.short.window,
            RULE_SENDS_LONG => sends.long.window,
            RULE_GUESSES_FREE => guesses.free.window,
            RULE_GUESSES_LOCK => guesses.longest_lock,
            RULE_GUESSES_LONG => guesses.long.window,
            RULE_LIVE_SESSIONS => STARTED.map(|purpose| codes.lifetimes(purpose).session)[..]
                .iter()
                .max()
                .copied()
                .unwrap_or_default(),
            RULE_CLIENT => clients.every.window,
            _ => further.unwrap_or_default(),
        }
    }
}

/// Whether no half-open window holds more events than the limit, given that it held before the last of them.
fn within(times: &[i128], limit: Limit) -> bool {
    let earlier = times.len().checked_sub(limit.count as usize + 1);
    earlier.is_none_or(|first| times[times.len() - 1] - times[first] >= ms(limit.window))
}
