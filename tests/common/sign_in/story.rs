//! Stories of people who sign in, played on the machine and on the model side by side.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, missing_docs, unreachable_pub, reason = "tests")]

use std::collections::BTreeMap;
use std::rc::Rc;

use countersign::record::RecordKind;
use countersign::*;

use super::answer::{Answer, Expected, Mail, law, name};
use super::given::Given;
use super::model::Model;
use super::ops::{Op, Trouble};
pub use super::plan::*;
use crate::common::{World, hash_for_tests, id};
use crate::otp::drive::{Act, End, Stage, drive};
use crate::otp::limits::ms;
use crate::otp::model::Model as Meters;

pub struct Story {
    pub world: Rc<World>,
    pub model: Model,
    /// The otherwise unused model of the other stories counts clients' requests.
    meters: Meters,
    pub(super) settings: Settings,
    pub(super) given: Given,
    /// The last answer that was told.
    pub last: Option<Answer>,
    /// How often which answer was told, and which situation was met.
    pub(super) tally: Tally,
    /// What happened so far, if anybody wants to read it.
    log: Option<Vec<String>>,
    labels: usize,
    ids: [Option<AccountId>; PEOPLE.len()],
}

pub type Tally = BTreeMap<&'static str, usize>;

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
        let old = &PEOPLE[LEGACY];
        let entry = DirectoryEntry {
            identifier: old.spellings[0].to_owned(),
            account: AccountId::new("legacy-1").unwrap(),
            address: Address::parse(old.address).unwrap(),
            legacy: Some(hash_for_tests("old", &Password::typed(old.password).unwrap(), b"0123456789abcdef")),
            address_proven: true,
        };
        world.seen.accounts.lock().unwrap().insert(old.spellings[0].to_owned(), entry);
        let people = PEOPLE.map(|person| (person.address, person.password));
        let (model, meters) = (Model::new(settings.clone(), &people), Meters::new(settings.clone()));
        let (given, tally) = (Given::default(), Tally::new());
        let (last, labels, ids) = (None, 0, Default::default());
        let mut story = Self { world, model, meters, settings, given, last, tally, log, labels, ids };
        story.world.member(PEOPLE[JO].spellings[0]);
        // What the sign-up left at the door is forgotten: it is told in other stories.
        story.world.seen.rows.lock().unwrap().retain(|key, _| key.kind() == Some(RecordKind::Account));
        story.ids = PEOPLE.map(|person| story.world.account(person.spellings[0]));
        story.model.member(JO, Some(story.now()));
        story.model.member(LEGACY, None);
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
                if let Some(at) = all.get(if *deadline < 192 { index % 6 } else { index }).or(all.last()) {
                    self.set((at + i128::from(*off)).max(now));
                }
            }
            Op::Wait { off } => {
                let until = match &self.last {
                    Some(Answer::Refused(Refusal::Limited { retry_at, .. })) => Some(*retry_at),
                    Some(Answer::Waiting { ready_at, code: None, .. }) => Some(*ready_at),
                    Some(Answer::Waiting { code: Some(state), .. }) => state.resend_at,
                    Some(Answer::Second(asked)) => asked.state.and_then(|state| state.resend_at),
                    Some(
                        Answer::Started(state)
                        | Answer::StepUpCode(state)
                        | Answer::Refused(Refusal::InvalidCode(state) | Refusal::CodeExpired(state)),
                    ) => state.resend_at,
                    // The step of an app's code is used: the next one comes.
                    Some(_) => {
                        let period = i64::from(self.settings.totp.period_seconds) * 1000;
                        let next = i64::try_from(self.now()).unwrap_or(0) / period * period + period;
                        Some(Timestamp::from_unix_millis(next))
                    }
                    None => None,
                };
                if let Some(until) = until {
                    self.set((i128::from(until.unix_millis()) + i128::from(*off)).max(self.now()));
                }
            }
            Op::Rotate => self.rotate(),
            Op::Rewrap => return self.rewrap(),
            Op::Several(ops) => return ops.iter().try_for_each(|op| self.play(op)),
            Op::Sweep { ahead } => return self.sweep(*ahead),
            Op::Overtaken { first, by, stage, millis } => {
                let other = Meanwhile::Other { op: by, stage: stage % 9, millis: i128::from(*millis) };
                return self.request(first, &other);
            }
            Op::Trouble { op, stage, trouble } => {
                return self.request(op, &Meanwhile::Trouble(stage % 9, *trouble));
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

    pub(super) fn met(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    /// What a client calls itself: another name each time.
    pub(super) fn label(&mut self) -> String {
        self.labels += 1;
        format!("client {}", self.labels)
    }

    fn set(&mut self, now: i128) {
        let moved = now - self.now();
        self.note(|| format!("clock {moved:+} ms"));
        self.world.clock.set(at(now));
    }

    fn sweep(&mut self, ahead: u8) -> Result<(), String> {
        let wall = self.now() + ms(self.settings.clock_tolerance) * i128::from(ahead % 3) / 2;
        let mut rows = self.world.seen.rows.lock().unwrap();
        let meter = |key: &record::RecordKey| key.kind() == Some(RecordKind::Meter);
        let before = rows.len();
        let kept = |at: Option<Timestamp>| at.is_none_or(|at| i128::from(at.unix_millis()) > wall);
        rows.retain(|key, (_, expires_at)| meter(key) || kept(*expires_at));
        let swept = before - rows.len();
        drop(rows);
        let expected = self.model.sweep(wall);
        self.note(|| format!("sweep at {wall}: {swept} rows"));
        self.same("law 13 (bounded), a row's expiry", &expected, &swept)
    }

    /// Runs a request from its first stage to its last, with whatever comes between. The model is told of each turn when it has
    /// taken effect. Whether the request came past its client's limits.
    pub(super) fn run<R: Request>(
        &mut self,
        note: &str,
        request: R,
        Plan { who, client, first }: Plan,
        meanwhile: &Meanwhile<'_>,
        model: &mut dyn FnMut(&mut Self, &Turns),
    ) -> Result<(bool, End<R::Output>), String> {
        let (now, world, mut broken) = (self.now(), Rc::clone(&self.world), Ok(()));
        let mut turns = Turns { now, ..Turns::default() };
        let (mut seen, mut other) = (vec![], true);
        let end = drive(&world, request, at(now), &mut |index, stage| {
            match meanwhile {
                Meanwhile::Trouble(when, trouble) if index == usize::from(*when) => {
                    self.note(|| format!("{note}: {trouble:?} at {stage:?}"));
                    self.met("trouble");
                    return match trouble {
                        Trouble::Fails => Act::Fail,
                        Trouble::AnswerLost => Act::Lose,
                        Trouble::Crash => Act::Crash,
                    };
                }
                Meanwhile::Other { op, stage: when, millis } if index == usize::from(*when) && other => {
                    other = false;
                    self.note(|| format!("{note}: is overtaken before {stage:?}"));
                    let on_account = seen.contains(&Stage::Commit(RecordKind::Account));
                    turns.all = stage == Stage::Done;
                    turns.knocked = seen.contains(&Stage::Commit(RecordKind::Visitor));
                    turns.first = match first {
                        First::Visitor | First::Several => false,
                        First::Account | First::Asker => on_account,
                        First::Device => on_account || stage == Stage::Find || seen.contains(&Stage::Find),
                    };
                    let here = |it: &&Stage| **it == Stage::Commit(RecordKind::Account);
                    turns.accounts = seen.iter().filter(here).count();
                    turns.directory = seen.iter().any(|it| matches!(it, Stage::Rename | Stage::Release));
                    if turns.all || turns.knocked || turns.first || turns.accounts > 0 {
                        self.met(if turns.all { "overtaken_when_done" } else { "overtaken_halfway" });
                        model(self, &turns);
                    }
                    self.set(now + millis);
                    broken = self.play(op);
                }
                _ => {}
            }
            if stage == Stage::Load(2) {
                turns.view = who.map(|who| self.model.view(who));
            }
            seen.push(stage);
            Act::Go
        });
        broken?;
        if let Some((client, operation)) = client
            && (end.wrote(RecordKind::Meter) || end.outcome.is_some())
            && let Some(refused) = self.meters.metered(client, operation, now)
        {
            self.note(|| format!("{note} -> {:?}", end.outcome.as_ref().and_then(Outcome::refusal)));
            let found = end.outcome.as_ref().and_then(Outcome::refusal).cloned();
            let expected = match refused.answer {
                crate::otp::answer::Answer::Refused(refusal) => found.as_ref().map(|_| refusal),
                _ => None,
            };
            self.met("client");
            self.same("a client's limit", &expected, &found)?;
            return Ok((false, end));
        }
        let written = end.written.iter().filter(|row| row.key.kind() == Some(RecordKind::Account)).count();
        // A device that leads to the strangers' door may have been written before.
        let found = end.stages.iter().position(|stage| *stage == Stage::Find);
        let before = end.stages[..found.unwrap_or(0)].contains(&Stage::Commit(RecordKind::Account));
        let last = match first {
            First::Visitor => written > 0,
            First::Account => written > 1,
            First::Asker => end.wrote(RecordKind::Visitor),
            First::Several => false,
            First::Device => written > usize::from(found.is_none() || before),
        };
        turns.all = end.outcome.is_some() || last;
        turns.knocked |= end.wrote(RecordKind::Visitor);
        turns.first |= match first {
            First::Visitor | First::Several => false,
            First::Account | First::Asker => written > 0,
            First::Device => written > 0 || found.is_some(),
        };
        turns.accounts = written;
        turns.directory = end.stages.iter().any(|it| matches!(it, Stage::Rename | Stage::Release));
        let untold = matches!(meanwhile, Meanwhile::Trouble(_, Trouble::Fails | Trouble::Crash));
        let last = matches!(end.stages.last(), Some(Stage::Rename | Stage::Release));
        turns.directory &= !(untold && last);
        if turns.all || turns.knocked || turns.first || turns.accounts > 0 {
            model(self, &turns);
        }
        std::mem::take(&mut self.model.met).into_iter().for_each(|what| self.met(what));
        Ok((true, end))
    }

    /// Compares what was told with what the model says.
    pub(super) fn check<O>(
        &mut self,
        note: &str,
        expected: Option<&Expected>,
        end: &End<O>,
        meanwhile: &Meanwhile<'_>,
        granted: impl FnOnce(&O) -> Answer,
    ) -> Result<(), String> {
        let answer = end.outcome.as_ref().map(|outcome| match &outcome.verdict {
            Verdict::Granted(output) => granted(output),
            Verdict::Refused(refusal) => Answer::Refused(refusal.clone()),
        });
        self.note(|| format!("{note} -> {answer:?}"));
        self.last.clone_from(&answer);
        let (Some(mut answer), Some(expected)) = (answer, expected) else { return Ok(()) };
        self.met(name(&answer));
        if let (Answer::Refused(Refusal::Limited { rule, .. }), Some(first)) =
            (&mut answer, expected.rules.first())
            && expected.rules.contains(rule)
        {
            *rule = first;
        }
        self.same(law(&expected.answer, &answer), &expected.answer, &answer)?;
        let signed_in = matches!(&answer, Answer::SignedIn(_));
        self.same("law 1 (counted before told)", &true, &(!signed_in || end.wrote(RecordKind::Account)))?;
        let mail: Vec<Mail> = end.mail.iter().map(Mail::of).collect();
        let mails = expected.mail.iter().chain(&expected.then).cloned().collect();
        self.same("law 8, the messages", &mails, &mail)?;
        if matches!(meanwhile, Meanwhile::Nothing) {
            let hashes = end.stages.iter().filter(|stage| **stage == Stage::Prove).count();
            self.same("law 8, the passwords hashed", &expected.hashes, &hashes)?;
        }
        if matches!(meanwhile, Meanwhile::Nothing) && expected.hashes == 2 {
            self.met("rehashed");
        }
        if let (Some(slot), Some(code)) = (expected.slot, end.mail.iter().find_map(|it| it.code.as_ref())) {
            self.model.told(slot, code.expose());
            self.given.mailed.push(code.expose().to_owned());
        }
        Ok(())
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
        Err(format!(
            "{law} is broken: by the design {expected:?}\nbut there was {found:?}\nthe story:\n  {}",
            self.log.as_deref().unwrap_or_default().join("\n  ")
        ))
    }

    /// What must hold at the end of any story.
    ///
    /// # Errors
    /// The law that broke, and the story.
    pub fn finish(&self) -> Result<(), String> {
        let mut owned = 0;
        for (key, (row, expires_at)) in self.world.seen.rows.lock().unwrap().iter() {
            owned += usize::from(key.kind() == Some(RecordKind::Account) && expires_at.is_none());
            let kept = key.kind() != Some(RecordKind::Account) && expires_at.is_none();
            self.same("law 13 (bounded), an expiry or an owner", &false, &kept)?;
            self.same("law 13 (bounded), a row's bytes", &true, &(row.bytes.len() < 16 * 1024))?;
        }
        self.same("law 13 (bounded), the accounts that are kept", &self.model.owned(), &owned)?;
        let bytes = self.world.bytes();
        let bytes = String::from_utf8_lossy(&bytes);
        let told = format!("{:?}", self.world.seen.events.lock().unwrap());
        let drawer = self.given.drawer.iter().map(|(_, code)| code);
        for code in self.given.mailed.iter().chain(drawer) {
            let seen = (bytes.contains(code), told.contains(code));
            self.same("law 11 (secrets stay put)", &(false, false), &seen)?;
        }
        Ok(())
    }

    /// Somebody by a spelling of the identifier.
    pub(super) fn person(who: u8) -> (usize, Identifier) {
        let person = usize::from(who) % PEOPLE.len();
        let spelling = usize::from(who) / PEOPLE.len() % 2;
        (person, id(PEOPLE[person].spellings[spelling]))
    }

    pub(super) fn number(account: &AccountId) -> usize {
        if account.as_str() == "legacy-1" { LEGACY } else { JO }
    }

    pub(super) fn account_id(&self, who: usize) -> AccountId {
        self.ids[who].clone().unwrap_or_else(|| AccountId::new("nobody").unwrap())
    }
}

fn at(millis: i128) -> Timestamp {
    Timestamp::from_unix_millis(millis.clamp(i64::MIN.into(), i64::MAX.into()).try_into().unwrap_or(0))
}
