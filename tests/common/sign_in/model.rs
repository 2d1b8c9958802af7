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

use countersign::*;

use super::answer::Expected;
pub use super::parts::{
    Account, App, ByMail, Device, Door, Grant, Link, Login, Lost, LostCode, Pending, Session, Slot,
    StepUpCode,
};
pub(super) use super::parts::{Code, Desk, Guess, Proven, Record, Sent};
use crate::otp::limits::{Opens, ms};

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

    /// The account that an identifier leads to; else the one that it once led to: people type what they typed before.
    pub(super) fn behind(&self, identifier: usize) -> usize {
        self.directory[identifier].unwrap_or(identifier)
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
                self.by_mail
                    .iter()
                    .filter(live)
                    .for_each(|it| all.extend(it.before.into_iter().chain([it.ends, it.code.ends])));
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
                all.extend(pending.map(|it| it.ends));
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
