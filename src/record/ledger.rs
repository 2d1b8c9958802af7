//! What visitor and account records have in common: a clock, a key, counters, challenges.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::entropy::Draw;
use crate::keys::{DataKey, WrappedKey};
use crate::policy::Policy;
use crate::record::RecordError;
use crate::record::challenge::{Challenge, Subject, open, seal};
use crate::secret::matches;
use crate::throttle::{Budget, BudgetSettings, Log};
use crate::{Factor, Partition, Purpose, Timestamp};

/// Counters and challenges of one record, kept apart by purpose, factor and partition (law 9).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Ledger {
    /// The latest time this record saw.
    pub(crate) seen: Timestamp,
    /// The record's data key, under a ring key.
    pub(crate) wrapped: WrappedKey,
    sends: Vec<Sends>,
    guesses: Vec<Guesses>,
    pub(crate) challenges: Vec<Challenge>,
    /// Mailed links that would be taken. Nothing replaces them; they end by use or by time (law 9).
    links: Vec<Link>,
}

/// A mailed link, as stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Link {
    ticket: [u8; 16],
    purpose: Purpose,
    expires_at: Timestamp,
    /// Whose it is, sealed under the digest of its ticket; empty for a link that asks for that anew.
    #[serde(with = "super::blob")]
    sealed: Vec<u8>,
}

/// When messages were sent for one purpose by one partition.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Sends {
    purpose: Purpose,
    partition: Partition,
    log: Log,
}

/// Wrong guesses at one factor by one partition.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Guesses {
    factor: Factor,
    partition: Partition,
    budget: Budget,
}

/// What became of a record's time when a request came (law 7).
pub(crate) struct Settled {
    /// The time by which everything in the record is judged.
    pub(crate) now: Timestamp,
    /// Something was found expired and erased, or the clock was rebased: the record must be written, or the next
    /// request might see it revived or frozen.
    pub(crate) changed: bool,
    /// From when to when everything was shifted, if the record was rebased.
    pub(crate) shift: Option<(Timestamp, Timestamp)>,
    /// How many sign-ins were found that had waited for their second factor to the end.
    pub(crate) abandoned: usize,
}

impl Ledger {
    pub(crate) fn new(wrapped: WrappedKey, now: Timestamp) -> Self {
        Self {
            seen: now,
            wrapped,
            sends: Vec::new(),
            guesses: Vec::new(),
            challenges: Vec::new(),
            links: Vec::new(),
        }
    }

    /// Brings the record to the time of a request: takes the later of `now` and what it saw, or, when `now` is earlier by more
    /// than the policy tolerates, shifts everything so that no wait is longer and none shorter than it was; then
    /// erases what has expired.
    pub(crate) fn settle(&mut self, policy: &Policy, now: Timestamp) -> Settled {
        let clock = settle_clock(&mut self.seen, policy, now);
        if let Some((from, to)) = clock.shift {
            self.rebase(from, to);
        }
        let waiting = self.live(Purpose::SecondFactor).count();
        let erased = self.erase_expired(clock.now);
        let abandoned = waiting.saturating_sub(self.live(Purpose::SecondFactor).count());
        Settled { now: clock.now, changed: erased || clock.shift.is_some(), shift: clock.shift, abandoned }
    }

    fn rebase(&mut self, from: Timestamp, to: Timestamp) {
        self.sends.iter_mut().for_each(|sends| sends.log.rebase(from, to));
        self.guesses.iter_mut().for_each(|guesses| guesses.budget.rebase(from, to));
        for challenge in &mut self.challenges {
            challenge.expires_at = challenge.expires_at.shifted(from, to);
            challenge.codes.iter_mut().for_each(|code| code.expires_at = code.expires_at.shifted(from, to));
        }
        self.links.iter_mut().for_each(|link| link.expires_at = link.expires_at.shifted(from, to));
    }

    fn erase_expired(&mut self, now: Timestamp) -> bool {
        let live = |ledger: &Self| {
            let codes = ledger.challenges.iter().map(|challenge| challenge.codes.len());
            codes.fold(ledger.challenges.len().saturating_add(ledger.links.len()), usize::saturating_add)
        };
        let before = live(self);
        self.challenges.retain(|challenge| now < challenge.expires_at);
        self.challenges.iter_mut().for_each(|challenge| challenge.codes.retain(|code| now < code.expires_at));
        self.links.retain(|link| now < link.expires_at);
        live(self) != before
    }

    /// When the first of the mailed links of a purpose ends, if there are as many as there may be.
    pub(crate) fn links_full(&self, purpose: Purpose) -> Option<Timestamp> {
        let live = || self.links.iter().filter(|link| link.purpose == purpose);
        let first = live().map(|link| link.expires_at).min();
        first.filter(|_| live().count() >= Self::MAX_LINKS)
    }

    /// The most mailed links a record keeps for one purpose: more than the sending rules let through in a link's life by default.
    const MAX_LINKS: usize = 64;

    /// Keeps a mailed link.
    pub(crate) fn keep_link(&mut self, ticket: [u8; 16], purpose: Purpose, expires_at: Timestamp) {
        self.links.push(Link { ticket, purpose, expires_at, sealed: Vec::new() });
    }

    /// Keeps a mailed link that leads by itself to what it is about.
    pub(crate) fn keep_link_about(
        &mut self,
        key: &DataKey,
        ticket: [u8; 16],
        purpose: Purpose,
        expires_at: Timestamp,
        subject: &Subject,
    ) -> Result<(), RecordError> {
        let sealed = seal(key, &ticket, subject)?;
        self.links.push(Link { ticket, purpose, expires_at, sealed });
        Ok(())
    }

    /// What a kept link is about, if it is one of this purpose. Looks at all of them in constant time.
    pub(crate) fn link_about(
        &self,
        key: &DataKey,
        ticket: &[u8; 16],
        purpose: Purpose,
    ) -> Result<Option<Subject>, RecordError> {
        let found = self.links.iter().fold(None, |found, link| {
            if matches(&link.ticket, ticket) & (link.purpose == purpose) { Some(link) } else { found }
        });
        found.map(|link| open(key, ticket, &link.sealed)).transpose()
    }

    /// Whether a link is one that would be taken for a purpose. Looks at all of them in constant time.
    pub(crate) fn takes_link(&self, ticket: &[u8; 16], purpose: Purpose) -> bool {
        self.links
            .iter()
            .fold(false, |taken, link| (matches(&link.ticket, ticket) & (link.purpose == purpose)) | taken)
    }

    /// Forgets everything but the key and the time.
    pub(crate) fn clear(&mut self) {
        self.sends.clear();
        self.guesses.clear();
        self.challenges.clear();
        self.links.clear();
    }

    /// Spends every session that is pending for a purpose, and its codes (R33, R60). For an account's own record, which keeps no links: at a
    /// door that strangers use it would tell them that somebody got in (see [`spend_quietly`](Self::spend_quietly)).
    pub(crate) fn spend(&mut self, purpose: Purpose) {
        self.challenges.retain(|challenge| challenge.purpose != purpose);
    }

    /// Spends the session at `used`, if it was one, and makes every other code and link of the purpose one that nothing matches (R33, R60).
    ///
    /// Whoever holds another session of the purpose finds it as it was: attempts, deadlines, its place in the list. Were it gone, strangers
    /// would learn from their own session that somebody lives there and has just got in (law 8).
    pub(crate) fn spend_quietly(&mut self, purpose: Purpose, used: Option<usize>, draw: &mut Draw) {
        if let Some(used) = used.filter(|used| self.challenges.get(*used).is_some()) {
            self.challenges.remove(used);
        }
        let challenges = self.challenges.iter_mut().filter(|challenge| challenge.purpose == purpose);
        challenges.for_each(|challenge| challenge.match_nothing(draw));
        let links = self.links.iter_mut().filter(|link| link.purpose == purpose);
        links.for_each(|link| link.ticket = draw.bytes());
    }

    /// Voids the codes that were mailed for a purpose; their sessions stay.
    pub(crate) fn void_codes(&mut self, purpose: Purpose) {
        let of_it = self.challenges.iter_mut().filter(|challenge| challenge.purpose == purpose);
        of_it.for_each(|challenge| challenge.codes.clear());
    }

    /// Where the challenge of a ticket is. Looks at all of them in constant time.
    pub(crate) fn position(&self, ticket: &[u8; 16]) -> Option<usize> {
        let found = |at, (index, challenge): (usize, &Challenge)| {
            if matches(&challenge.ticket, ticket) { Some(index) } else { at }
        };
        self.challenges.iter().enumerate().fold(None, found)
    }

    /// Where the challenge of a mailed link is. Looks at all of them in constant time.
    pub(crate) fn link_position(&self, link: &[u8; 16]) -> Option<usize> {
        let found = |at, (index, challenge): (usize, &Challenge)| {
            if challenge.takes_link(link) { Some(index) } else { at }
        };
        self.challenges.iter().enumerate().fold(None, found)
    }

    /// The live challenges of a purpose.
    pub(crate) fn live(&self, purpose: Purpose) -> impl Iterator<Item = &Challenge> {
        self.challenges.iter().filter(move |challenge| challenge.purpose == purpose)
    }

    /// When messages were sent for a purpose by a partition.
    pub(crate) fn sends(&mut self, purpose: Purpose, partition: Partition) -> &mut Log {
        let here = self.sends.iter().position(|s| s.purpose == purpose && s.partition == partition);
        let at = here.unwrap_or(self.sends.len());
        entry(
            &mut self.sends,
            at,
            || Sends { purpose, partition, log: Log::default() },
            |sends| &mut sends.log,
        )
    }

    /// The budget of a factor in a partition.
    pub(crate) fn guesses(&mut self, factor: Factor, partition: Partition) -> &mut Budget {
        let here = self.guesses.iter().position(|g| g.factor == factor && g.partition == partition);
        let at = here.unwrap_or(self.guesses.len());
        entry(
            &mut self.guesses,
            at,
            || Guesses { factor, partition, budget: Budget::default() },
            |guesses| &mut guesses.budget,
        )
    }

    /// Forgets all wrong guesses at a factor that is bound anew, whoever made them (R2).
    pub(crate) fn rebound(&mut self, factor: Factor) {
        self.guesses.retain(|guesses| guesses.factor != factor);
    }

    /// Drops what no rule needs any more. Called before every write, so that records stay small.
    pub(crate) fn tidy(&mut self, policy: &Policy, settings: &BudgetSettings, now: Timestamp) {
        for sends in &mut self.sends {
            sends.log.prune(policy.send_rules(), now);
        }
        for guesses in &mut self.guesses {
            guesses.budget.prune(settings, now);
        }
        self.sends.retain(|sends| !sends.log.is_empty());
        self.guesses.retain(|guesses| guesses.budget != Budget::default());
    }

    /// When everything in this record will have been forgotten, or `None` if something never is.
    pub(crate) fn forgotten_at(&self, policy: &Policy, settings: &BudgetSettings) -> Option<Timestamp> {
        let sends = self.sends.iter().map(|sends| Some(sends.log.forgotten_at(policy.send_rules())));
        let guesses = self.guesses.iter().map(|guesses| guesses.budget.forgotten_at(settings));
        let challenges = self.challenges.iter().map(|challenge| Some(challenge.expires_at));
        let links = self.links.iter().map(|link| Some(link.expires_at));
        sends
            .chain(guesses)
            .chain(challenges)
            .chain(links)
            .try_fold(self.seen, |latest, at| Some(latest.max(at?)))
    }

    /// Whether there is nothing in it that anybody could miss.
    pub(crate) fn is_empty(&self) -> bool {
        self.sends.is_empty()
            && self.guesses.is_empty()
            && self.challenges.is_empty()
            && self.links.is_empty()
    }

    /// Seals the data key under the current ring key if it is under an older one.
    pub(crate) fn rewrap(
        &mut self,
        ring: &crate::KeyRing,
        row: &super::RecordKey,
        key: &DataKey,
        draw: &mut crate::entropy::Draw,
    ) -> Result<(), super::RecordError> {
        if self.wrapped.ring_key != ring.current_id() {
            self.wrapped = ring.wrap(row, key, draw).ok_or(super::RecordError::Sealed)?;
        }
        Ok(())
    }
}

/// The entry at `at`, made first if the list ends there.
fn entry<T, U>(
    list: &mut Vec<T>,
    at: usize,
    make: impl Fn() -> T,
    field: impl Fn(&mut T) -> &mut U,
) -> &mut U {
    if at >= list.len() {
        list.push(make());
    }
    #[expect(
        clippy::indexing_slicing,
        reason = "`at` is a position in the list or its end, where one was just pushed"
    )]
    field(&mut list[at])
}

pub(crate) struct Clock {
    pub(crate) now: Timestamp,
    pub(crate) shift: Option<(Timestamp, Timestamp)>,
}

/// The time a record goes by (law 7): the later of `now` and the time it last saw; but where `now` is earlier by more than
/// the tolerance, `now`, and everything in the record is to be shifted by the difference.
pub(crate) fn settle_clock(seen: &mut Timestamp, policy: &Policy, now: Timestamp) -> Clock {
    let before = *seen;
    let shift = (before.since(now) > policy.settings().clock_tolerance).then_some((before, now));
    *seen = if shift.is_some() { now } else { before.max(now) };
    Clock { now: *seen, shift }
}
