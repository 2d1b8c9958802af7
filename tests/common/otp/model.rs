//! One-time-code sessions as the design tells them, in the most naive form: everything that ever happened is kept, in
//! order, and every question is answered from that.
//!
//! Each record has a time of its own that never runs backwards. Where the clock falls back by no more than the
//! tolerance, it waits; where it falls back further, it goes on from where it stood (law 7). What has happened is noted in the
//! record's time, so that nothing is ever moved.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use core::time::Duration;

use countersign::policy::*;
use countersign::*;

use super::answer::{Answer, Door, Expected, INVALID};
use super::limits::{self, Opens, ms, opens};

/// A record, from its first commit until it is deleted. Whoever comes later makes another.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) door: Door,
    pub(super) gone: bool,
    /// The record's time at its last commit.
    pub(super) seen: i128,
    /// How far its time is ahead of the clock.
    pub(super) ahead: i128,
}

/// A record at the time of a request.
#[derive(Clone, Copy, Debug)]
struct Desk {
    record: Option<usize>,
    door: Door,
    /// The record's time.
    now: i128,
    ahead: i128,
    /// The request's.
    wall: i128,
    /// Something expired since the last commit, or the clock fell back beyond the tolerance: a commit must say so.
    dirty: bool,
}

#[derive(Debug)]
pub(super) struct Sent {
    pub(super) record: usize,
    purpose: Purpose,
    pub(super) at: i128,
}

#[derive(Debug)]
pub(super) struct Guess {
    record: usize,
    at: i128,
    right: bool,
}

#[derive(Debug)]
pub(super) struct Issued {
    /// The text, once a message told it.
    code: Option<String>,
    pub(super) ends: i128,
    /// Another code or link of the purpose was used.
    void: bool,
}

#[derive(Debug)]
pub struct Session {
    pub(super) record: usize,
    pub door: Door,
    pub purpose: Purpose,
    /// Whether a right code exists.
    pub answerable: bool,
    /// Whether the account it was made for had a record by then; where it has one only since, it is another (law 5).
    on_record: bool,
    pub(super) ends: i128,
    pub(super) codes: Vec<Issued>,
    wrong: u32,
    /// When its mailed link ends, for a sign-up or a recovery; and whether it was spent.
    pub(super) link: Option<(i128, bool)>,
    /// Verified, cancelled, burned, or ended with another.
    pub(super) over: bool,
}

#[derive(Debug)]
pub struct Model {
    pub(super) settings: Settings,
    pub(super) records: Vec<Record>,
    pub(super) sent: Vec<Sent>,
    guesses: Vec<Guess>,
    pub(super) requests: Vec<(usize, i128)>,
    pub sessions: Vec<Session>,
}

fn public(millis: i128) -> Timestamp {
    let end = if millis < 0 { i64::MIN } else { i64::MAX };
    Timestamp::from_unix_millis(i64::try_from(millis).unwrap_or(end))
}

impl Model {
    pub fn new(settings: Settings) -> Self {
        let (records, sent, guesses) = (vec![], vec![], vec![]);
        Self { settings, records, sent, guesses, requests: vec![], sessions: vec![] }
    }

    /// An account was made: its record is new.
    pub fn open_account(&mut self, who: usize, wall: i128) {
        self.records.push(Record { door: Door::Account(who), gone: false, seen: wall, ahead: 0 });
    }

    pub fn has_account(&self, who: usize) -> bool {
        self.records.iter().any(|record| record.door == Door::Account(who))
    }

    /// Counts a request on its client's meter.
    pub fn metered(&mut self, client: u8, operation: Operation, wall: i128) -> Option<Expected> {
        let desk = self.open(Door::Meter(client, operation), wall);
        let mine = self.requests.iter().filter(|(of, _)| Some(*of) == desk.record);
        let times: Vec<_> = mine.map(|(_, at)| *at).collect();
        let ClientLimits { every, further } = &self.settings.clients;
        let mut rules = vec![(RULE_CLIENT, opens(&times, *every, desk.now))];
        let further = further.iter().filter(|(of, _)| *of == operation);
        rules.extend(further.map(|(_, limit)| (RULE_CLIENT_FURTHER, opens(&times, *limit, desk.now))));
        let refused = limited(&desk, &rules);
        if refused.is_none() {
            self.requests.push((self.record(&desk), desk.now));
        }
        self.close(&desk, refused.is_none());
        refused
    }

    /// Starts a session; `answerable` if somebody is there to get a code.
    pub fn start(&mut self, door: Door, purpose: Purpose, answerable: bool, wall: i128) -> Expected {
        let desk = self.open(door, wall);
        if matches!(door, Door::Account(_)) && desk.record.is_none() {
            return INVALID.into();
        }
        let here = self.sessions.iter().filter(|s| Some(s.record) == desk.record && s.purpose == purpose);
        let live: Vec<i128> = here.filter(|s| !s.over && desk.now < s.ends).map(|s| s.ends).collect();
        let mut rules = self.send_rules(&desk, purpose);
        if live.len() >= usize::from(self.settings.codes.live_sessions) {
            rules.push((RULE_LIVE_SESSIONS, live.into_iter().min().unwrap_or(i128::MAX)));
        }
        if let Some(refused) = limited(&desk, &rules) {
            self.close(&desk, false);
            return refused;
        }
        let record = self.record(&desk);
        let ends = desk.now + ms(self.settings.codes.lifetimes(purpose).session);
        let life = match purpose {
            Purpose::SignUp => Some(self.settings.links.sign_up),
            Purpose::Recover => Some(self.settings.links.recover),
            _ => None,
        };
        let link = life.map(|life| (desk.now + ms(life), false));
        let (codes, wrong, over) = (vec![], 0, false);
        let on_record = matches!(door, Door::Visitor(who) | Door::Account(who) if self.has_account(who));
        self.sessions.push(Session {
            record,
            door,
            purpose,
            answerable,
            on_record,
            ends,
            codes,
            wrong,
            link,
            over,
        });
        Answer::Started(self.send(desk, self.sessions.len() - 1)).into()
    }

    pub fn resend(&mut self, session: usize, wall: i128) -> Expected {
        let Some(desk) = self.at(session, wall) else { return INVALID.into() };
        if let Some(refused) = limited(&desk, &self.send_rules(&desk, self.sessions[session].purpose)) {
            self.close(&desk, false);
            return refused;
        }
        Answer::Resent(self.send(desk, session)).into()
    }

    pub fn cancel(&mut self, session: usize, wall: i128) -> Expected {
        let Some(desk) = self.at(session, wall) else { return INVALID.into() };
        self.sessions[session].over = true;
        self.close(&desk, true);
        Answer::Cancelled.into()
    }

    /// A code is typed (in canonical form). The answer does not say yet what comes of a right one.
    pub fn verify(&mut self, session: usize, door: Purpose, typed: &str, wall: i128) -> Expected {
        let Some(desk) = self.at(session, wall) else { return INVALID.into() };
        let Session { purpose, answerable, record, .. } = self.sessions[session];
        let live: Vec<&Issued> = self.taken(session).filter(|code| desk.now < code.ends).collect();
        let right = answerable && live.iter().any(|code| !code.void && code.code.as_deref() == Some(typed));
        let dead = live.is_empty();
        let state = self.state(&desk, session);
        let refused = if purpose != door {
            Some(INVALID.into())
        } else if dead {
            Some(Answer::Refused(Refusal::CodeExpired(state)).into())
        } else if self.in_a_row(&desk) == Some(0) {
            Some(Answer::Refused(Refusal::FactorDisabled).into())
        } else {
            limited(&desk, &limits::guesses(&self.settings.guesses, &self.wrong(record), desk.now))
        };
        if let Some(refused) = refused {
            self.close(&desk, false);
            return refused;
        }
        self.guesses.push(Guess { record, at: desk.now, right });
        if right {
            self.sessions[session].over = true;
            self.spend(record, purpose);
            self.close(&desk, true);
            return Answer::Verified(purpose).into();
        }
        self.sessions[session].wrong += 1;
        let state = self.state(&desk, session);
        self.sessions[session].over = self.sessions[session].wrong >= self.settings.codes.max_attempts;
        self.close(&desk, true);
        Answer::Refused(Refusal::InvalidCode(state)).into()
    }

    /// The link of a session's first message is used, by somebody who says whose it is.
    pub fn redeem(&mut self, session: usize, who: usize, wall: i128) -> Expected {
        let Session { record, door, answerable, link, purpose, .. } = self.sessions[session];
        if door != Door::Visitor(who) {
            return INVALID.into();
        }
        let desk = self.open(door, wall);
        let good = link.is_some_and(|(ends, spent)| answerable && !spent && desk.now < ends);
        if !good || desk.record != Some(record) {
            self.close(&desk, false);
            return INVALID.into();
        }
        self.spend(record, purpose);
        self.close(&desk, true);
        Answer::Verified(purpose).into()
    }

    /// Whether the account is still the one that a session was made for.
    pub fn is_same(&self, session: usize, who: usize) -> bool {
        self.sessions[session].on_record == self.has_account(who)
    }

    /// A mailbox was proven to recover an account: the account keeps what that grants for as long as such a session, and nothing that it
    /// granted before. One that only the host knew has a record from then on.
    pub fn grant(&mut self, who: usize, wall: i128) {
        let (door, purpose) = (Door::Account(who), Purpose::Recover);
        let desk = self.open(door, wall);
        let record = self.record(&desk);
        self.spend(record, purpose);
        let ends = desk.now + ms(self.settings.codes.lifetimes(purpose).session);
        let (codes, wrong, link, over) = (vec![], 0, None, false);
        self.sessions.push(Session {
            record,
            door,
            purpose,
            answerable: false,
            on_record: true,
            ends,
            codes,
            wrong,
            link,
            over,
        });
        self.close(&desk, true);
    }

    /// A message told the newest code of a session.
    pub fn told(&mut self, session: usize, code: Option<String>) {
        if let Some(newest) = self.sessions[session].codes.last_mut() {
            newest.code = code;
        }
    }

    /// The codes of a session that a message told, newest first.
    pub fn codes(&self, session: usize) -> Vec<&str> {
        self.sessions[session].codes.iter().rev().filter_map(|code| code.code.as_deref()).collect()
    }

    fn open(&self, door: Door, wall: i128) -> Desk {
        let here = |(_, record): &(usize, &Record)| record.door == door && !record.gone;
        let Some((index, record)) = self.records.iter().enumerate().find(here) else {
            return Desk { record: None, door, now: wall, ahead: 0, wall, dirty: false };
        };
        let (seen, time) = (record.seen, wall + record.ahead);
        let fell_back = seen - time > ms(self.settings.clock_tolerance);
        let (now, ahead) = (seen.max(time), if fell_back { seen - wall } else { record.ahead });
        let expired = |ends: i128| seen < ends && ends <= now;
        let sessions = || (0..self.sessions.len()).filter(|id| self.sessions[*id].record == index);
        let live = || sessions().filter(|id| !self.sessions[*id].over && seen < self.sessions[*id].ends);
        let ended = live().any(|id| expired(self.sessions[id].ends))
            || live().flat_map(|id| self.taken(id)).any(|code| expired(code.ends))
            || sessions().filter_map(|id| self.sessions[id].link).any(|(ends, _)| expired(ends));
        Desk { record: Some(index), door, now, ahead, wall, dirty: fell_back || ended }
    }

    /// The desk for a session, if the session is there.
    fn at(&mut self, session: usize, wall: i128) -> Option<Desk> {
        let Session { record, door, ends, over, .. } = self.sessions[session];
        let desk = self.open(door, wall);
        if desk.record == Some(record) && !over && desk.now < ends {
            return Some(desk);
        }
        self.close(&desk, false);
        None
    }

    /// The record on the desk, or the one that its first commit makes.
    fn record(&self, desk: &Desk) -> usize {
        desk.record.unwrap_or(self.records.len())
    }

    /// The commit, if there is one: something happened (and is noted already), or had to be erased.
    fn close(&mut self, desk: &Desk, happened: bool) {
        let Desk { door, now, ahead, dirty, .. } = *desk;
        let record = self.record(desk);
        if happened && desk.record.is_none() {
            self.records.push(Record { door, gone: false, seen: now, ahead });
        } else if happened || dirty {
            // Visitors' records go when they have forgotten everything.
            let gone = matches!(door, Door::Visitor(_)) && self.matters_until(record) <= now;
            self.records[record] = Record { door, gone, seen: now, ahead };
        }
    }

    /// A proof spends every code and link that is pending for its purpose. Where strangers come too, other sessions stay what they were.
    fn spend(&mut self, record: usize, purpose: Purpose) {
        for session in self.sessions.iter_mut().filter(|s| s.record == record && s.purpose == purpose) {
            session.over |= matches!(session.door, Door::Account(_));
            session.codes.iter_mut().for_each(|code| code.void = true);
            session.link = session.link.map(|(ends, _)| (ends, true));
        }
    }

    /// The codes of a session that would be taken if they had no end, newest first.
    fn taken(&self, session: usize) -> impl Iterator<Item = &Issued> {
        let kept = if self.settings.codes.resend == ResendPolicy::KeepPrevious { 2 } else { 1 };
        self.sessions[session].codes.iter().rev().take(kept)
    }

    /// Sends a code, and commits.
    fn send(&mut self, desk: Desk, session: usize) -> SessionState {
        let Session { record, purpose, ends, .. } = self.sessions[session];
        self.sent.push(Sent { record, purpose, at: desk.now });
        let ends = ends.min(desk.now + ms(self.settings.codes.lifetimes(purpose).code));
        self.sessions[session].codes.push(Issued { code: None, ends, void: false });
        self.close(&desk, true);
        self.state(&Desk { record: Some(record), ..desk }, session)
    }

    fn state(&self, desk: &Desk, id: usize) -> SessionState {
        let session = &self.sessions[id];
        let wrong = self.wrong(session.record);
        let left = limits::guesses_left(&self.settings.guesses, &wrong, self.in_a_row(desk), desk.now);
        let newest =
            self.taken(id).next().filter(|code| desk.now < code.ends).map(|code| code.ends - desk.ahead);
        let resend_at = self.send_rules(desk, session.purpose).iter().map(|(_, at)| *at).max();
        let resend_at = resend_at.filter(|at| *at < session.ends);
        SessionState {
            attempts_left: (self.settings.codes.max_attempts - session.wrong).min(left),
            code_expires_at: newest.map(public),
            session_expires_at: public(session.ends - desk.ahead),
            resend_at: resend_at.map(|at| public(at - desk.ahead)),
            expires_in: newest.map_or(Duration::ZERO, |at| public(at).since(public(desk.wall))),
        }
    }

    fn send_rules(&self, desk: &Desk, purpose: Purpose) -> Vec<Opens> {
        let SendLimits { cooldown, short, long } = self.settings.sends;
        let mine =
            self.sent.iter().filter(|sent| Some(sent.record) == desk.record && sent.purpose == purpose);
        let times: Vec<i128> = mine.map(|sent| sent.at).collect();
        let cooldown = Limit { count: 1, window: cooldown };
        let rules = [(RULE_COOLDOWN, cooldown), (RULE_SENDS_SHORT, short), (RULE_SENDS_LONG, long)];
        rules.map(|(rule, limit)| (rule, opens(&times, limit, desk.now))).to_vec()
    }

    /// What the sending rules leave after a session's last message, and when each next leaves more.
    pub fn quotas(&self, session: usize) -> Vec<(&'static str, u32, Timestamp)> {
        let Session { record, purpose, .. } = self.sessions[session];
        let Record { seen: now, ahead, .. } = self.records[record];
        let SendLimits { cooldown, short, long } = self.settings.sends;
        let cooldown = Limit { count: 1, window: cooldown };
        let mine = || self.sent.iter().filter(|sent| sent.record == record && sent.purpose == purpose);
        let quota = |(rule, limit): (&'static str, Limit)| {
            let counted: Vec<_> =
                mine().map(|sent| sent.at + ms(limit.window)).filter(|at| *at > now).collect();
            let used = u32::try_from(counted.len()).unwrap_or(u32::MAX);
            (rule, limit.count.saturating_sub(used), public(counted.first().map_or(now, |at| *at) - ahead))
        };
        [(RULE_COOLDOWN, cooldown), (RULE_SENDS_SHORT, short), (RULE_SENDS_LONG, long)].map(quota).to_vec()
    }

    pub(super) fn wrong(&self, record: usize) -> Vec<i128> {
        let wrong = self.guesses.iter().filter(|guess| guess.record == record && !guess.right);
        wrong.map(|guess| guess.at).collect()
    }

    /// How many more wrong guesses in a row disable the factor, on an account.
    fn in_a_row(&self, desk: &Desk) -> Option<u32> {
        let mine = self.guesses.iter().rev().filter(|guess| Some(guess.record) == desk.record);
        let most = self.settings.guesses.consecutive as usize;
        let row = mine.take_while(|guess| !guess.right).take(most).count();
        matches!(desk.door, Door::Account(_)).then(|| u32::try_from(most - row).unwrap_or(0))
    }
}

/// Refused by the rules that open after now, with the moment at which all have opened (R92).
fn limited(desk: &Desk, rules: &[Opens]) -> Option<Expected> {
    let retry_at = rules.iter().map(|(_, at)| *at).max().filter(|at| *at > desk.now)?;
    let rules: Vec<_> = rules.iter().filter(|(_, at)| *at == retry_at).map(|(rule, _)| *rule).collect();
    let retry_at = public(retry_at - desk.ahead);
    let retry_after = retry_at.since(public(desk.wall));
    let refusal = Refusal::Limited { rule: rules[0], retry_at, retry_after };
    Some(Expected { answer: Answer::Refused(refusal), rules })
}
