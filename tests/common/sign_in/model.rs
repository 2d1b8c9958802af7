//! Signing in as the design tells it, in the most naive form: everything that ever happened is kept, in order, and every
//! question is answered from that.
//!
//! Each record has a time of its own that never runs backwards. Where the clock falls back by no more than the
//! tolerance, it waits; where it falls back further, it goes on from where it stood (law 7). What has happened is noted in the
//! record's time, so that nothing is ever moved. Only an app's steps are of the world's time.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use countersign::factor::TotpSecret;
use countersign::*;

use super::answer::Expected;
use crate::otp::limits::{Opens, ms};

/// Who never has an account.
const NOBODY: usize = 1;

/// Whose record: of an identifier, known or not; of an account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Door {
    Visitor(usize),
    Account(usize),
}

/// A record, from its first commit until it is deleted. Whoever comes later makes another.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) door: Door,
    pub(super) gone: bool,
    /// The record's time at its last commit.
    pub(super) seen: i128,
    /// How far its time is ahead of the clock.
    pub(super) ahead: i128,
    /// The key of the ring that was the present one then.
    pub(super) key: u8,
}

/// A record at the time of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Desk {
    pub(super) record: Option<usize>,
    pub(super) door: Door,
    /// Whose doing is counted.
    pub(super) partition: Partition,
    /// The record's time.
    pub(super) now: i128,
    pub(super) ahead: i128,
    /// The request's.
    pub(super) wall: i128,
    /// Something expired since the last commit, or the clock fell back beyond the tolerance: a commit must say so.
    pub(super) dirty: bool,
}

#[derive(Debug)]
pub(super) struct Sent {
    pub(super) record: usize,
    pub(super) purpose: Purpose,
    pub(super) partition: Partition,
    pub(super) at: i128,
}

#[derive(Debug)]
pub(super) struct Guess {
    pub(super) record: usize,
    pub(super) factor: Factor,
    pub(super) partition: Partition,
    pub(super) at: i128,
    pub(super) right: bool,
}

/// A mailed code that is not replaced.
#[derive(Clone, Debug)]
pub(super) struct Code {
    /// The text, once a message told it.
    pub(super) text: Option<String>,
    pub(super) ends: i128,
}

/// A sign-in, or the recovery of a password, by mailed code or link.
#[derive(Clone, Debug)]
pub struct ByMail {
    pub(super) record: usize,
    pub purpose: Purpose,
    /// Whose identifier, known or not.
    pub who: usize,
    /// The account, and what it was when the code was made for it; `None` where there is none.
    pub(super) account: Option<(usize, u32)>,
    /// The session that asked for an account to have this identifier.
    pub(super) asker: Option<usize>,
    pub(super) ends: i128,
    pub(super) code: Code,
    /// The link that came with it and outlives it.
    pub(super) link: Option<usize>,
    pub(super) wrong: u32,
    /// Verified, burned, or ended with another.
    pub(super) over: bool,
}

/// A link that was mailed to set another password. It stays on the record until its end, right or not.
#[derive(Clone, Debug)]
pub struct Link {
    pub(super) record: usize,
    pub(super) who: usize,
    /// The account, and what it was when the link was made for it; `None` where there is none, or the link was used.
    pub(super) account: Option<(usize, u32)>,
    pub(super) ends: i128,
}

/// The right to set another password. One is good per account.
#[derive(Clone, Debug)]
pub struct Grant {
    pub(super) who: usize,
    /// What the account was.
    pub(super) account: u32,
    pub(super) ends: i128,
    pub(super) wrong: u32,
    pub(super) over: bool,
}

/// A code that was mailed for a session to step up with. One is good per account.
#[derive(Clone, Debug)]
pub struct StepUpCode {
    pub(super) who: usize,
    /// The session it is for.
    pub(super) session: usize,
    pub(super) ends: i128,
    pub(super) code: Code,
    pub(super) wrong: u32,
    pub(super) over: bool,
}

/// An app that is said to be lost.
#[derive(Clone, Debug)]
pub struct Lost {
    /// When the wait is over, and when it has to be begun again.
    pub(super) ready: i128,
    pub(super) ends: i128,
    pub(super) by_operator: bool,
    /// The number of the mailed link that stops it.
    pub(super) link: usize,
}

/// A code that was mailed to turn a lost app off. One is good per account.
#[derive(Clone, Debug)]
pub struct LostCode {
    pub(super) who: usize,
    pub(super) ends: i128,
    pub(super) code: Code,
    pub(super) wrong: u32,
    pub(super) over: bool,
}

/// A sign-in that waits for its second factor.
#[derive(Clone, Debug)]
pub struct Login {
    pub who: usize,
    pub(super) account: u32,
    pub(super) proven: BTreeSet<Method>,
    /// The identifier as it was typed, masked.
    pub(super) sent_to: String,
    /// It has no ticket: everything comes in one request.
    pub(super) at_once: bool,
    /// In whose partition it was begun, and goes on.
    pub(super) partition: Partition,
    /// When the first factor was proven.
    pub(super) began: i128,
    pub(super) ends: i128,
    pub(super) code: Option<Code>,
    pub(super) wrong: u32,
    pub(super) over: bool,
}

/// What was proven, and when each was proven last, in the record's time.
pub(super) type Proven = BTreeMap<Method, i128>;

/// A signed-in session.
#[derive(Clone, Debug)]
pub struct Session {
    pub who: usize,
    /// What was proven, and when each was proven last.
    pub(super) proven: Proven,
    pub(super) label: String,
    pub(super) began: i128,
    pub(super) ends: i128,
    pub(super) used: i128,
    pub(super) over: bool,
    /// It had to make room.
    pub(super) dropped: bool,
}

/// An authenticator app: its secret, once it was told, and every step that was accepted.
#[derive(Clone, Debug)]
pub struct App {
    pub secret: Option<TotpSecret>,
    pub used: Vec<u64>,
}

/// A trusted device. Its tickets have numbers of their own.
#[derive(Clone, Debug)]
pub struct Device {
    pub(super) who: usize,
    pub(super) ticket: usize,
    /// The ticket before that, and until when it is taken as well.
    pub(super) previous: Option<(usize, i128)>,
    /// Whether it lets its owner past the second factor.
    pub(super) skips: bool,
    /// Wrong passwords since somebody last signed in on it.
    pub(super) wrong: u32,
    pub(super) ends: i128,
    pub(super) over: bool,
}

/// An account that the directory knows.
#[derive(Debug)]
pub struct Account {
    /// How often what opens it was changed; 0 while it has no record, and the host's own credential stands in.
    pub(super) generation: u32,
    pub(super) suspended: bool,
    /// Its owner deleted it; and until when what is left of it stays.
    pub(super) deleted: bool,
    pub(super) stays: Option<i128>,
    /// The operator asked for another password.
    pub(super) asked: bool,
    pub(super) password: &'static str,
    /// The identifier it has, and where its mail goes.
    pub(super) name: usize,
    pub(super) address: String,
    /// Every identifier it answers to: the one it has, and those that it was about to have.
    pub(super) answers: Vec<usize>,
    /// The one it is about to have.
    pub(super) moving: Option<usize>,
    /// When its owner was told of changes.
    pub(super) told: Vec<i128>,
    /// The stored hash is one of the host's old ones.
    pub(super) old_hash: bool,
    pub app: Option<App>,
    pub pending: Option<(Option<TotpSecret>, i128)>,
    pub mailed: bool,
    pub(super) lost: Option<Lost>,
    /// The recovery codes that are left; a text is known once an answer told it.
    pub left: Vec<Option<String>>,
}

/// Where a code was put, so that its text can be noted when a message tells it.
#[derive(Clone, Copy, Debug)]
pub enum Slot {
    ByMail(usize),
    Login(usize),
    StepUp(usize),
    Lost(usize),
}

#[derive(Debug)]
pub struct Model {
    pub(super) settings: Settings,
    passwords: Vec<&'static str>,
    addresses: Vec<&'static str>,
    /// Which account the directory leads to from each identifier.
    pub(super) directory: Vec<Option<usize>>,
    /// The ring's present key.
    pub(super) key: u8,
    pub(super) records: Vec<Record>,
    pub(super) sent: Vec<Sent>,
    pub(super) guesses: Vec<Guess>,
    pub accounts: Vec<Option<Account>>,
    pub by_mail: Vec<ByMail>,
    pub links: Vec<Link>,
    pub grants: Vec<Grant>,
    pub logins: Vec<Login>,
    pub step_ups: Vec<StepUpCode>,
    pub lost_codes: Vec<LostCode>,
    /// Whose lost app each of all links stops.
    pub(super) stops: Vec<usize>,
    pub sessions: Vec<Session>,
    pub devices: Vec<Device>,
    /// Whose device was given each of all tickets.
    pub(super) tickets: Vec<usize>,
    /// Which situations were met that no answer tells.
    pub(super) met: Vec<&'static str>,
}

pub(super) fn public(millis: i128) -> Timestamp {
    let end = if millis < 0 { i64::MIN } else { i64::MAX };
    Timestamp::from_unix_millis(i64::try_from(millis).unwrap_or(end))
}

impl Desk {
    /// A moment of the record's time, as it is told.
    pub(super) fn told(&self, at: i128) -> Timestamp {
        public(at - self.ahead)
    }

    /// Refused by the rules that open after now, with the moment at which all have opened (R92).
    pub(super) fn limited(&self, rules: &[Opens]) -> Option<Expected> {
        let retry_at = rules.iter().map(|(_, at)| *at).max().filter(|at| *at > self.now)?;
        let rules: Vec<_> = rules.iter().filter(|(_, at)| *at == retry_at).map(|(rule, _)| *rule).collect();
        let retry_at = self.told(retry_at);
        let retry_after = retry_at.since(public(self.wall));
        let refusal = Refusal::Limited { rule: rules[0], retry_at, retry_after };
        Some(Expected { rules, ..refusal.into() })
    }
}

impl Model {
    pub fn new(settings: Settings, people: &[(&'static str, &'static str)]) -> Self {
        Self {
            settings,
            addresses: people.iter().map(|(address, _)| *address).collect(),
            passwords: people.iter().map(|(_, password)| *password).collect(),
            key: 0,
            directory: people.iter().map(|_| None).collect(),
            records: vec![],
            sent: vec![],
            guesses: vec![],
            accounts: people.iter().map(|_| None).collect(),
            by_mail: vec![],
            links: vec![],
            grants: vec![],
            logins: vec![],
            step_ups: vec![],
            lost_codes: vec![],
            stops: vec![],
            sessions: vec![],
            devices: vec![],
            tickets: vec![],
            met: vec![],
        }
    }

    /// An account that signed up at this moment, or whose credential the host has.
    pub fn member(&mut self, who: usize, signed_up: Option<i128>) {
        if let Some(seen) = signed_up {
            self.records.push(Record { door: Door::Account(who), gone: false, seen, ahead: 0, key: 0 });
        }
        self.directory[who] = Some(who);
        self.accounts[who] = Some(Account {
            name: who,
            address: self.addresses[who].to_owned(),
            answers: vec![who],
            moving: None,
            generation: u32::from(signed_up.is_some()),
            suspended: false,
            deleted: false,
            stays: None,
            asked: false,
            password: self.passwords[who],
            told: vec![],
            old_hash: signed_up.is_none(),
            app: None,
            pending: None,
            mailed: false,
            lost: None,
            left: vec![],
        });
    }

    /// An identifier in its normal form.
    pub(super) fn normal(&self, identifier: usize) -> String {
        self.addresses[identifier].to_lowercase()
    }

    /// Where an account's mail goes.
    pub(super) fn address(&self, who: usize) -> String {
        self.accounts[who].as_ref().map_or_else(String::new, |account| account.address.clone())
    }

    /// The account that an identifier leads to; else one that nobody has.
    pub(super) fn behind(&self, identifier: usize) -> usize {
        self.directory[identifier].unwrap_or(NOBODY)
    }

    pub(super) fn account(&mut self, who: usize) -> &mut Account {
        self.accounts[who].as_mut().unwrap_or_else(|| unreachable!("{who} has no account"))
    }

    /// A message told a code, unless another took its place already.
    pub fn told(&mut self, slot: Slot, text: &str) {
        let code = match slot {
            Slot::ByMail(at) => Some(&mut self.by_mail[at].code),
            Slot::Login(at) => self.logins[at].code.as_mut(),
            Slot::StepUp(at) => Some(&mut self.step_ups[at].code),
            Slot::Lost(at) => Some(&mut self.lost_codes[at].code),
        };
        code.filter(|code| code.text.is_none())
            .into_iter()
            .for_each(|code| code.text = Some(text.to_owned()));
    }

    /// The record of a door; none, where an account was deleted.
    pub(super) fn open(&self, door: Door, wall: i128) -> Desk {
        match door {
            Door::Account(who) if self.is_deleted(who) => {
                let partition = Partition::FirstFactorProven;
                Desk { record: None, door, partition, now: wall, ahead: 0, wall, dirty: false }
            }
            _ => self.open_any(door, wall),
        }
    }

    pub(super) fn is_deleted(&self, who: usize) -> bool {
        self.accounts[who].as_ref().is_some_and(|account| account.deleted)
    }

    /// The same, also where an account was deleted.
    pub(super) fn open_any(&self, door: Door, wall: i128) -> Desk {
        let here = |(_, record): &(usize, &Record)| record.door == door && !record.gone;
        let partition = match door {
            Door::Visitor(_) => Partition::Strangers,
            Door::Account(_) => Partition::FirstFactorProven,
        };
        let Some((index, record)) = self.records.iter().enumerate().find(here) else {
            return Desk { record: None, door, partition, now: wall, ahead: 0, wall, dirty: false };
        };
        let (seen, time) = (record.seen, wall + record.ahead);
        let fell_back = seen - time > ms(self.settings.clock_tolerance);
        let (now, ahead) = (seen.max(time), if fell_back { seen - wall } else { record.ahead });
        let ended = self.ends(index).into_iter().any(|ends| seen < ends && ends <= now);
        Desk { record: Some(index), door, partition, now, ahead, wall, dirty: fell_back || ended }
    }

    /// When each thing ends that a record's last commit knew of.
    pub(super) fn ends(&self, record: usize) -> Vec<i128> {
        let Record { door, seen, .. } = self.records[record];
        let mut all = vec![];
        match door {
            Door::Visitor(_) => {
                let live = |it: &&ByMail| it.record == record && !it.over && seen < it.ends;
                self.by_mail.iter().filter(live).for_each(|it| all.extend([it.ends, it.code.ends]));
                all.extend(self.links.iter().filter(|it| it.record == record).map(|it| it.ends));
            }
            Door::Account(who) => {
                let logins = self.logins.iter().filter(|it| it.who == who && !it.over && seen < it.ends);
                for login in logins {
                    all.extend(login.code.iter().map(|code| code.ends).chain([login.ends]));
                }
                let mailed = self.step_ups.iter().filter(|it| it.who == who && !it.over && seen < it.ends);
                mailed.for_each(|it| all.extend([it.code.ends, it.ends]));
                let lost = self.lost_codes.iter().filter(|it| it.who == who && !it.over && seen < it.ends);
                lost.for_each(|it| all.extend([it.code.ends, it.ends]));
                let lost = self.accounts[who].as_ref().and_then(|account| account.lost.as_ref());
                all.extend(lost.map(|lost| lost.ends));
                let grants = self.grants.iter().filter(|it| it.who == who && !it.over);
                all.extend(grants.map(|it| it.ends));
                all.extend(self.live_sessions(who, seen).map(|at| self.session_ends(at)));
                let pending = self.accounts[who].as_ref().and_then(|account| account.pending.as_ref());
                all.extend(pending.map(|(_, ends)| *ends));
                let devices = self.devices.iter().filter(|it| it.who == who && !it.over && seen < it.ends);
                all.extend(devices.map(|it| it.ends));
            }
        }
        all
    }

    /// The sessions of an account, the oldest first.
    pub(super) fn live_sessions(&self, who: usize, now: i128) -> impl Iterator<Item = usize> {
        let live = move |at: &usize| {
            let session = &self.sessions[*at];
            session.who == who && !session.over && now < self.session_ends(*at)
        };
        (0..self.sessions.len()).filter(live)
    }

    pub(super) fn idle_ends(&self, session: usize) -> Option<i128> {
        let Session { used, ends, .. } = self.sessions[session];
        self.settings.sessions.idle.map(|idle| (used + ms(idle)).min(ends))
    }

    pub(super) fn session_ends(&self, session: usize) -> i128 {
        self.idle_ends(session).unwrap_or(self.sessions[session].ends)
    }

    /// The record on the desk, or the one that its first commit makes.
    pub(super) fn record(&self, desk: &Desk) -> usize {
        desk.record.unwrap_or(self.records.len())
    }

    /// The commit, if there is one: something happened (and is noted already), or had to be erased.
    pub(super) fn close(&mut self, desk: &Desk, happened: bool) {
        if happened || desk.dirty {
            self.commit(desk);
            // Visitors' records go when they have forgotten everything.
            let record = desk.record.unwrap_or(self.records.len() - 1);
            let gone = matches!(desk.door, Door::Visitor(_)) && self.matters_until(record) <= desk.now;
            self.records[record].gone = gone;
        }
    }

    /// A commit that leaves a record whatever is in it.
    pub(super) fn commit(&mut self, desk: &Desk) {
        let Desk { door, now: seen, ahead, .. } = *desk;
        let record = Record { door, gone: false, seen, ahead, key: self.key };
        match desk.record {
            Some(at) => self.records[at] = record,
            None => self.records.push(record),
        }
    }
}
