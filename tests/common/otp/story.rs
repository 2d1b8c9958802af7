//! Stories of one-time-code sessions, played on the machine and on the model side by side.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, missing_docs, unreachable_pub, reason = "tests")]

use std::collections::BTreeMap;
use std::rc::Rc;

use countersign::policy::*;
use countersign::record::RecordKind;
use countersign::*;

use super::answer::{Answer, Door, Expected, INVALID, answer, law, name};
use super::drive::{Act, End, Stage, drive};
use super::laws::Laws;
use super::limits::ms;
use super::model::Model;
use super::ops::{Op, Trouble, Typed};
use crate::common::World;

/// One with an account, one unknown, one with a credential of the host's own; each by every spelling.
pub(super) const PEOPLE: [&[&str]; 3] =
    [&["jo@example.com", " Jo@EXAMPLE.com"], &["new@example.org", "NEW@example.org"], &["old@example.net"]];
pub(super) const LEGACY: usize = 2;

/// A session that was given to somebody.
pub(super) struct Given {
    pub(super) ticket: Ticket<OtpSession>,
    pub(super) session: usize,
    pub(super) who: usize,
    pub(super) link: Option<MailedLink>,
}

pub struct Story {
    pub world: Rc<World>,
    pub model: Model,
    pub(super) laws: Laws,
    pub(super) settings: Settings,
    pub(super) given: Vec<Given>,
    /// The last answer that was told.
    pub last: Option<Answer>,
    /// How often which answer was told.
    pub(super) tally: Tally,
    /// What happened so far, if anybody wants to read it.
    log: Option<Vec<String>>,
}

pub type Tally = BTreeMap<&'static str, usize>;

/// What happens while a request is under way.
pub(super) enum Meanwhile<'a> {
    Nothing,
    Trouble(u8, Trouble),
    Other(&'a Op, i128),
}

/// Plays a story to its end.
///
/// # Errors
/// The law that broke, and the story up to there.
pub fn play(settings: &Settings, ops: &[Op]) -> Result<Tally, String> {
    let run = |log| {
        let mut story = Story::new(settings.clone(), log);
        ops.iter().try_for_each(|op| story.play(op))?;
        story.finish().map(|()| story.tally)
    };
    // Told only where it is worth telling.
    run(None).or_else(|broken| run(Some(vec![])).and(Err(format!("{broken} (and not again)"))))
}

impl Story {
    /// A world in which Jo has signed up.
    pub fn new(settings: Settings, log: Option<Vec<String>>) -> Self {
        let world = Rc::new(World::new(settings.clone()));
        let old = DirectoryEntry {
            identifier: PEOPLE[LEGACY][0].to_owned(),
            account: AccountId::new("legacy-1").unwrap(),
            address: Address::parse("Old@example.net").unwrap(),
            legacy: Some(PasswordHash::new("$test$00").unwrap()),
            address_proven: true,
        };
        world.seen.accounts.lock().unwrap().insert(PEOPLE[LEGACY][0].to_owned(), old);
        let (model, laws) = (Model::new(settings.clone()), Laws::new(settings.clone()));
        let mut story =
            Self { world, model, laws, settings, given: vec![], last: None, tally: Tally::new(), log };
        let verify = Op::Verify { session: 0, door: None, code: Typed::Newest, claim: None, client: 0 };
        for op in [Op::Start { purpose: Purpose::SignUp, who: 0, client: 0 }, verify] {
            story.play(&op).unwrap();
        }
        story
    }

    pub fn now(&self) -> i128 {
        use countersign::host::Clock;
        self.world.clock.now().unwrap().unix_millis().into()
    }

    /// Plays one thing.
    ///
    /// # Errors
    /// The law that broke, and the story up to there.
    pub fn play(&mut self, op: &Op) -> Result<(), String> {
        match op {
            Op::Move(millis) => self.set(self.now() + i128::from(*millis)),
            Op::Jump { deadline, off } => {
                // The next deadlines are the interesting ones; far ones end everything.
                let now = self.now();
                let all: Vec<_> = self.model.deadlines().into_iter().filter(|at| *at >= now - 1).collect();
                let index = usize::from(*deadline).min(all.len().saturating_sub(1)) % 64;
                if let Some(at) = all.get(if *deadline < 192 { index % 4 } else { index }).or(all.last()) {
                    self.set((at + i128::from(*off)).max(now));
                }
            }
            Op::Wait { off } => {
                let until = match &self.last {
                    Some(Answer::Refused(Refusal::Limited { retry_at, .. })) => Some(*retry_at),
                    Some(
                        Answer::Started(state)
                        | Answer::Resent(state)
                        | Answer::Refused(Refusal::InvalidCode(state) | Refusal::CodeExpired(state)),
                    ) => state.resend_at,
                    _ => None,
                };
                if let Some(until) = until {
                    self.set((i128::from(until.unix_millis()) + i128::from(*off)).max(self.now()));
                }
            }
            Op::Sweep { ahead } => return self.sweep(*ahead),
            Op::Overtaken { first, by, millis } => {
                return self.request(first, &Meanwhile::Other(by, i128::from(*millis)));
            }
            Op::Trouble { op, stage, trouble } => {
                return self.request(op, &Meanwhile::Trouble(stage % 8, *trouble));
            }
            request => return self.request(request, &Meanwhile::Nothing),
        }
        Ok(())
    }

    pub(super) fn note(&mut self, note: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            log.push(note());
        }
    }

    fn set(&mut self, now: i128) {
        let moved = now - self.now();
        self.note(|| format!("clock {moved:+} ms"));
        self.world.clock.set(at(now));
    }

    fn sweep(&mut self, ahead: u8) -> Result<(), String> {
        let wall = self.now() + ms(self.settings.clock_tolerance) * i128::from(ahead % 3) / 2;
        let mut rows = self.world.seen.rows.lock().unwrap();
        let before = rows.len();
        rows.retain(|_, (_, expires_at)| expires_at.is_none_or(|at| i128::from(at.unix_millis()) > wall));
        let swept = before - rows.len();
        drop(rows);
        let expected = self.model.sweep(wall);
        self.note(|| format!("sweep at {wall}: {swept} rows"));
        self.same("law 13 (bounded), a row's expiry", &expected, &swept)
    }

    /// The session at an index, counted from the newest: of those that live, or of all that were ever given; the last
    /// index is a handle that nobody was given.
    pub(super) fn pick(&self, session: u8) -> Option<(Option<usize>, Ticket<OtpSession>)> {
        let (now, all) = (self.now(), session % 16 >= 8);
        let chosen = |given: &&Given| all || self.model.is_live(given.session, now);
        let mut among: Vec<&Given> = self.given.iter().filter(chosen).collect();
        if among.is_empty() {
            among.extend(&self.given);
        }
        let given = among[among.len().checked_sub(1 + usize::from(session) % 8 % among.len())?];
        if session % 16 != 15 {
            return Some((Some(given.session), given.ticket.clone()));
        }
        let mut text = given.ticket.expose().into_bytes();
        text[30] = if text[30] == b'A' { b'B' } else { b'A' };
        Some((None, Ticket::parse(std::str::from_utf8(&text).unwrap()).unwrap()))
    }

    /// Runs a request from its first stage to its last, with whatever comes between.
    pub(super) fn run<R: Request>(
        &mut self,
        note: &str,
        request: R,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(i128, End<R::Output>), String> {
        let (now, world, mut broken) = (self.now(), Rc::clone(&self.world), Ok(()));
        let mut other = match meanwhile {
            Meanwhile::Other(op, millis) => Some((*op, *millis)),
            _ => None,
        };
        let end = drive(&world, request, at(now), &mut |index, stage| {
            match (meanwhile, stage) {
                (Meanwhile::Trouble(when, trouble), _) if index == usize::from(*when) => {
                    self.note(|| format!("{note}: {trouble:?} at {stage:?}"));
                    return match trouble {
                        Trouble::Fails => Act::Fail,
                        Trouble::AnswerLost => Act::Lose,
                        Trouble::Crash => Act::Crash,
                    };
                }
                (Meanwhile::Other(..), Stage::Commit(_)) => {
                    if let Some((op, millis)) = other.take() {
                        self.note(|| format!("{note}: has read, and is overtaken"));
                        self.set(now + millis);
                        broken = self.play(op);
                    }
                }
                _ => {}
            }
            Act::Go
        });
        broken?;
        self.laws.clock(at(now));
        Ok((now, end))
    }

    /// Counts the request on the client's meter. Whether the request went on from there.
    pub(super) fn metered<O>(
        &mut self,
        client: Option<u8>,
        operation: Operation,
        now: i128,
        end: &End<O>,
        note: &str,
    ) -> Result<bool, String> {
        if let Some(client) = client.filter(|_| end.wrote(RecordKind::Meter) || end.outcome.is_some())
            && let Some(expected) = self.model.metered(client, operation, now)
        {
            let door = Door::Meter(client, operation);
            let answer = end.outcome.as_ref().map(|outcome| answer(outcome, |_| Answer::Cancelled));
            self.compare(note, expected, answer, door, None)?;
            return Ok(false);
        }
        Ok(end.outcome.is_some() || end.counted())
    }

    pub(super) fn unknown(&mut self, note: &str, answer: Option<Answer>) -> Result<(), String> {
        let expected = INVALID.into();
        self.compare(note, expected, answer, Door::Visitor(usize::MAX), None)
    }

    pub(super) fn check(
        &mut self,
        note: &str,
        expected: Expected,
        answer: Option<Answer>,
        session: Option<usize>,
        counted: bool,
    ) -> Result<(), String> {
        let counts = !matches!(&answer, None | Some(Answer::Refused(_)))
            || matches!(&answer, Some(Answer::Refused(Refusal::InvalidCode(_))));
        if counts && !counted {
            return Err(
                self.tell("law 1 (counted before told)", &format!("{note}: {answer:?} without a commit"))
            );
        }
        let session = session.filter(|session| *session < self.model.sessions.len());
        let door = session.map_or(Door::Visitor(usize::MAX), |session| self.model.sessions[session].door);
        self.compare(note, expected, answer, door, session)
    }

    fn compare(
        &mut self,
        note: &str,
        expected: Expected,
        answer: Option<Answer>,
        door: Door,
        session: Option<usize>,
    ) -> Result<(), String> {
        self.note(|| format!("{note} -> {answer:?}"));
        self.last.clone_from(&answer);
        let Some(mut answer) = answer else { return Ok(()) };
        *self.tally.entry(name(&answer)).or_default() += 1;
        let purpose = session.map_or(Purpose::SignUp, |session| self.model.sessions[session].purpose);
        self.laws.answered(door, session, &answer, purpose).map_err(|broken| self.tell(&broken, ""))?;
        if let (Answer::Refused(Refusal::Limited { rule, .. }), Some(first)) =
            (&mut answer, expected.rules.first())
            && expected.rules.contains(rule)
        {
            *rule = first;
        }
        self.same(law(&expected.answer, &answer), &expected.answer, &answer)
    }

    pub(super) fn same<T: PartialEq + core::fmt::Debug>(
        &self,
        law: &str,
        expected: &T,
        found: &T,
    ) -> Result<(), String> {
        if expected == found {
            return Ok(());
        }
        Err(self.tell(law, &format!("by the design {expected:?}\nbut there was {found:?}")))
    }

    pub(super) fn tell(&self, law: &str, what: &str) -> String {
        format!(
            "{law} is broken: {what}\nthe story:\n  {}",
            self.log.as_deref().unwrap_or_default().join("\n  ")
        )
    }

    /// What must hold at the end of any story.
    ///
    /// # Errors
    /// The law that broke, and the story.
    pub fn finish(&self) -> Result<(), String> {
        let rows = self.world.seen.rows.lock().unwrap();
        for (key, (row, expires_at)) in rows.iter() {
            let owned = key.kind() == Some(RecordKind::Account);
            self.same("law 13 (bounded), an expiry or an owner", &owned, &expires_at.is_none())?;
            if row.bytes.len() > 8 * VISITOR_ROW_BYTES_MOST as usize {
                return Err(self.tell("law 13 (bounded)", &format!("{key} has {} bytes", row.bytes.len())));
            }
        }
        drop(rows);
        let bytes = self.world.bytes();
        let told = format!("{:?}", self.world.seen.events.lock().unwrap());
        for session in 0..self.model.sessions.len() {
            for code in self.model.codes(session) {
                let stored = bytes.windows(code.len()).any(|window| window == code.as_bytes());
                self.same("law 11 (secrets stay put)", &(false, false), &(stored, told.contains(code)))?;
            }
        }
        Ok(())
    }
}

fn at(millis: i128) -> Timestamp {
    Timestamp::from_unix_millis(millis.clamp(i64::MIN.into(), i64::MAX.into()).try_into().unwrap_or(0))
}
