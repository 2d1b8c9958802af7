//! What the model says to whoever deletes an account, and to a host that changes its keys; and those requests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, unreachable_pub, dead_code, reason = "tests")]

use std::rc::Rc;

use countersign::record::RecordKind;
use countersign::*;

use super::answer::{Answer, Expected, INVALID};
use super::model::{Door, Model};
use super::ops::Pw;
use super::story::{First, Meanwhile, Plan, Story, Turns};
use crate::common::{World, key};
use crate::otp::drive::{Act, drive};

/// How long what is left of an account stays, once its identifiers are free.
const STAYS: i128 = 7 * 24 * 60 * 60 * 1000;

/// How far a deletion is.
#[derive(Clone, Debug)]
enum Course {
    Begun,
    /// The account is no more, and its identifiers are to be freed.
    Gone(usize, Expected),
    Freed(usize, Expected),
    Done(Expected),
}

impl Model {
    /// The account's turn. Everything goes; who it was is told.
    fn delete(&mut self, at: usize, password: Option<&str>, wall: i128) -> Course {
        let desk = self.at_leisure(at, wall);
        let (desk, hashes) = match self.gate(at, desk, password) {
            Ok(passed) => passed,
            Err(refused) => return Course::Done(refused),
        };
        let (who, record) = (self.sessions[at].who, self.record(&desk));
        let mail = Some(self.notify(&desk, who, &MessageKind::AccountDeleted));
        self.raise(who);
        self.end_sessions(&desk, who, |_| true);
        self.close(&desk, true);
        let account = self.account(who);
        account.answers.clear();
        account.left.clear();
        account.told.clear();
        (account.app, account.pending, account.lost, account.mailed) = (None, None, None, false);
        account.deleted = true;
        self.sent.retain(|sent| sent.record != record);
        self.guesses.retain(|guess| guess.record != record);
        Course::Gone(who, Expected { mail, ..Answer::Deleted.into() }.hashing(hashes))
    }

    /// The last turn: what is left may go some day.
    fn freed(&mut self, who: usize, wall: i128) {
        let desk = self.open_any(Door::Account(who), wall);
        if desk.record.is_some() {
            self.account(who).stays = Some(desk.now + STAYS);
            self.commit(&desk);
        }
    }

    /// The accounts that somebody has, or that still have to be released.
    pub(super) fn owned(&self) -> usize {
        let kept = |who: usize| self.accounts[who].as_ref().is_some_and(|account| account.stays.is_none());
        let of = |door| matches!(door, Door::Account(who) if kept(who));
        self.records.iter().filter(|record| !record.gone && of(record.door)).count()
    }

    /// Every row is sealed under the present key. How many were not.
    fn rewrap(&mut self, wall: i128) -> usize {
        let old = |at: &usize| !self.records[*at].gone && self.records[*at].key != self.key;
        let old: Vec<usize> = (0..self.records.len()).filter(old).collect();
        for at in &old {
            let desk = self.open_any(self.records[*at].door, wall);
            self.close(&desk, true);
        }
        old.len()
    }
}

impl Course {
    fn go(self, model: &mut Model, turns: &Turns, (at, password): (usize, Option<&str>)) -> Self {
        let mut course = self;
        if matches!(course, Self::Begun) && (turns.all || turns.accounts > 0) {
            course = model.delete(at, password, turns.now);
        }
        if let Self::Gone(who, told) = &course
            && (turns.all || turns.directory)
        {
            for it in &mut model.directory {
                it.take_if(|owner| owner == who);
            }
            course = Self::Freed(*who, told.clone());
        }
        if let Self::Freed(who, told) = &course
            && (turns.all || turns.accounts > 1)
        {
            model.freed(*who, turns.now);
            course = Self::Done(told.clone());
        }
        course
    }
}

impl Story {
    pub(super) fn delete(
        &mut self,
        session: u8,
        password: Option<Pw>,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let typed = self.with_password(at, password);
        let note = format!("delete the account of {at:?} with {typed:?}");
        let password = typed.map(|typed| Password::typed(typed).unwrap());
        let request = DeleteAccount { client: Client::unmetered(), session, password };
        let mut course = Course::Begun;
        let plan = Plan { first: First::Several, ..Plan::default() };
        let (_, end) = self.run(&note, request, plan, meanwhile, &mut |story, turns| {
            course = match at {
                Some(at) => course.clone().go(&mut story.model, turns, (at, typed)),
                None => Course::Done(INVALID.into()),
            };
        })?;
        let expected = match course {
            Course::Done(told) => Some(told),
            _ => None,
        };
        self.check(&note, expected.as_ref(), &end, meanwhile, |_: &Deleted| Answer::Deleted)
    }

    /// The ring gets another present key; the one before still opens.
    pub(super) fn rotate(&mut self) {
        let next = 1 - self.model.key;
        self.model.key = next;
        self.note(|| format!("key {next}"));
        let ring = KeyRing::new(&key(2 + next), &[&key(3 - next)]).unwrap();
        let policy = self.settings.clone().build().unwrap();
        let machine = Machine::new(policy, LocatorKey::new(&key(1)).unwrap(), ring);
        let sentry = host::Sentry { machine, ..self.world.sentry.clone() };
        let (clock, seen) = (self.world.clock.clone(), self.world.seen.clone());
        self.world = Rc::new(World { sentry, clock, seen });
    }

    pub(super) fn rewrap(&mut self) -> Result<(), String> {
        let rows: Vec<_> = self.world.seen.rows.lock().unwrap().keys().copied().collect();
        let now = self.now();
        let at = Timestamp::from_unix_millis(i64::try_from(now).unwrap_or(0));
        let mut rewritten = 0;
        for row in rows.into_iter().filter(|row| row.kind() != Some(RecordKind::Meter)) {
            let end = drive(&self.world, Rewrap { row }, at, &mut |_, _| Act::Go);
            let told = end.outcome.is_some_and(
                |outcome| matches!(outcome.verdict, Verdict::Granted(Rewrapped { rewritten }) if rewritten),
            );
            rewritten += usize::from(told);
        }
        let expected = self.model.rewrap(now);
        self.note(|| format!("rewrap -> {rewritten}"));
        self.met(if rewritten > 0 { "rewrapped" } else { "wrapped" });
        self.same("the rows under an old key", &expected, &rewritten)
    }
}
