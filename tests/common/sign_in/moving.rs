//! What the model says to whoever changes an address, turn by turn; and those requests.
#![allow(clippy::result_large_err, clippy::large_enum_variant, reason = "tests")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, unreachable_pub, dead_code, reason = "tests")]

use countersign::*;

use super::answer::{Answer, Expected, INVALID, Mail};
use super::entering::{Knocked, Proven, View};
use super::given::pick;
use super::model::{Desk, Door, Model, Sent};
use super::ops::{Mailed, Pw};
use super::requests::granted;
use super::story::{First, Meanwhile, Plan, Story, Turns};

/// The account's turn is over: so is the operation, or a code goes to the new address, for the account as it is now. With what was mailed.
#[derive(Clone, Debug)]
pub enum Asked {
    Told(Expected),
    Go { who: usize, account: u32, notice: Option<Mail> },
}

/// How far a change is.
#[derive(Clone, Debug)]
enum Course {
    Begun,
    /// The mailbox was read; whether the directory was asked about an earlier change that was cut off.
    Proven(Proven, usize, bool),
    /// The account answers to both, and the directory is to be told.
    Allowed {
        who: usize,
        from: usize,
        to: usize,
        asker: usize,
    },
    /// It said yes or no.
    Renamed {
        who: usize,
        to: usize,
        asker: usize,
        moved: bool,
    },
    Done(Expected),
}

impl Model {
    /// Whoever is signed in wants an address.
    pub fn ask_address(&mut self, at: usize, password: Option<&str>, to: usize, wall: i128) -> Asked {
        let purpose = Purpose::ChangeAddress;
        let desk = self.at_due(at, wall, &[Todo::VerifyAddress]);
        let (desk, hashes) = match self.gate(at, desk, password) {
            Ok(passed) => passed,
            Err(refused) => return Asked::Told(refused),
        };
        let who = self.sessions[at].who;
        let limited = self.untold(&desk, who).or_else(|| desk.limited(&self.send_rules(&desk, purpose)));
        if let Some(refused) = limited {
            self.close(&desk, true);
            return Asked::Told(refused.hashing(hashes));
        }
        // The account's own limit, beside that of the mailbox (B091).
        let record = self.record(&desk);
        self.sent.push(Sent { record, purpose, partition: desk.partition, at: desk.now });
        let other = self.account(who).name != to;
        let kind = MessageKind::AddressChangeStarted(Address::parse(&self.normal(to)).unwrap());
        let notice = other.then(|| self.notify(&desk, who, &kind));
        self.close(&desk, true);
        Asked::Go { who, account: self.account(who).generation, notice }
    }

    /// The new address's turn: what is told is the same for one that is somebody else's.
    pub fn mail_address(
        &mut self,
        at: usize,
        (who, account): (usize, u32),
        to: usize,
        view: View,
        wall: i128,
    ) -> Expected {
        let (desk, purpose) = (self.open(Door::Visitor(to), wall), Purpose::ChangeAddress);
        if let Some(refused) = self.full(&desk, purpose) {
            self.close(&desk, false);
            return refused;
        }
        let owner = view.account.map(|(owner, _)| owner).filter(|owner| *owner != who);
        let account = owner.is_none().then_some((who, account));
        let told = self.start_at(&desk, purpose, to, account, Some(at));
        let Some(owner) = owner else { return told };
        self.met.push("address_taken");
        let notice = Mail {
            kind: "sign_up_taken",
            to: self.address(owner),
            code: false,
            expires_at: None,
            link_expires_at: None,
            suppressed: false,
        };
        Expected { mail: Some(notice), ..told }
    }

    /// Whether the account that a proven address is for is what it was, and the session that asked is there, or one that it
    /// stepped up to; and nobody said since that others know the password.
    fn still(&mut self, proven: &Proven, asker: usize, wall: i128) -> bool {
        let desk = self.open(Door::Account(proven.who), wall);
        let root = self.sessions[asker].root;
        let there = self.live_sessions(proven.who, desk.now).any(|at| self.sessions[at].root == root);
        let account = self.account(proven.who);
        there && account.generation == proven.account && !account.suspended && !account.asked
    }

    /// The account's turn: it answers to both from now on.
    fn allow(&mut self, proven: &Proven, asker: usize, asked: bool, wall: i128) -> Course {
        let (who, to) = (proven.who, proven.identifier);
        if !self.still(proven, asker, wall) {
            return Course::Done(INVALID.into());
        }
        let desk = self.open(Door::Account(who), wall);
        // Whether one that was cut off has gone through, the directory knows.
        let before = self.account(who).moving.filter(|_| !asked);
        if let Some(other) = before.filter(|other| *other != to && self.directory[*other] == Some(who)) {
            let then = self.settle(&desk, who, other, Some(asker));
            self.met.push("settled_for_another");
            self.close(&desk, true);
            return Course::Done(Expected { then, ..INVALID.into() });
        }
        let normal = self.normal(to);
        let account = self.account(who);
        let from = account.name;
        if from != to {
            if !account.answers.contains(&to) {
                account.answers.push(to);
            }
            account.moving = Some(to);
        }
        self.close(&desk, true);
        if from == to {
            self.met.push("address_proven");
            return Course::Done(Answer::Moved { who, to: normal }.into());
        }
        Course::Allowed { who, from, to, asker }
    }

    /// The directory is told. Whether it said yes.
    fn rename(&mut self, who: usize, from: usize, to: usize) -> bool {
        match self.directory[to] {
            Some(owner) => owner == who,
            // Another change came first.
            None if self.directory[from] != Some(who) => false,
            None => {
                (self.directory[from], self.directory[to]) = (None, Some(who));
                true
            }
        }
    }

    /// The account's last turn: it has the one or the other.
    fn renamed(&mut self, who: usize, to: usize, asker: usize, moved: bool, wall: i128) -> Expected {
        if self.is_deleted(who) {
            return INVALID.into();
        }
        let desk = self.open(Door::Account(who), wall);
        if !moved {
            let account = self.account(who);
            account.answers.retain(|it| *it != to);
            account.moving.take_if(|it| *it == to);
            self.met.push("rename_refused");
            self.close(&desk, true);
            return INVALID.into();
        }
        let then = self.settle(&desk, who, to, Some(asker));
        self.close(&desk, true);
        if self.account(who).name != to {
            return Expected { then, ..INVALID.into() };
        }
        Expected { then, ..Answer::Moved { who, to: self.normal(to) }.into() }
    }

    /// The directory leads to an account by another identifier than it had: that is the one it has. Other sessions end; both
    /// addresses are told.
    pub(super) fn settle(
        &mut self,
        desk: &Desk,
        who: usize,
        reached_by: usize,
        keep: Option<usize>,
    ) -> Vec<Mail> {
        let normal = self.normal(reached_by);
        let account = self.account(who);
        if account.name == reached_by || !account.answers.contains(&reached_by) {
            return vec![];
        }
        let before = core::mem::replace(&mut account.address, normal.clone());
        (account.name, account.answers, account.moving) = (reached_by, vec![reached_by], None);
        self.raise(who);
        let keep = keep.map(|at| self.sessions[at].root);
        let roots: Vec<usize> = self.sessions.iter().map(|session| session.root).collect();
        self.end_sessions(desk, who, |at| Some(roots[at]) != keep);
        self.met.extend(keep.is_none().then_some("settled_at_the_door"));
        let to_new = self.notify(desk, who, &MessageKind::AddressChanged(Address::parse(&normal).unwrap()));
        vec![Mail { to: before, ..to_new.clone() }, to_new]
    }

    /// The code of a change of address.
    pub(super) fn is_move_live(&self, at: usize, wall: i128) -> bool {
        self.is_mail_live(at, wall)
    }
}

impl Course {
    /// Goes on as far as the request came. `used` says how many turns on accounts the model knows of.
    fn go(
        self,
        model: &mut Model,
        turns: &Turns,
        used: &mut usize,
        knock: impl FnOnce(&mut Model) -> (Knocked, usize),
    ) -> Self {
        let mut course = self;
        if matches!(course, Self::Begun) && (turns.knocked || turns.all) {
            course = match knock(model) {
                (Knocked::Told(told), _) => Self::Done(told),
                (Knocked::Go(proven), asker) => Self::Proven(proven, asker, false),
            };
        }
        if let Self::Proven(proven, asker, false) = &course
            && (turns.all || turns.accounts > *used)
            && model.still(proven, *asker, turns.now)
            && model.account(proven.who).moving.is_some()
        {
            let (proven, asker) = (proven.clone(), *asker);
            let desk = model.open(Door::Account(proven.who), turns.now);
            // The directory is asked; what has expired is erased by the way.
            let resolved = model.account(proven.who).moving.filter(|other| *other != proven.identifier);
            let resolved = resolved.is_some_and(|other| model.directory[other] == Some(proven.who));
            *used += usize::from(desk.dirty);
            model.close(&desk, false);
            course = Self::Proven(proven, asker, !resolved);
        }
        if let Self::Proven(proven, asker, asked) = &course
            && (turns.all || turns.accounts > *used)
        {
            *used += 1;
            course = model.allow(proven, *asker, *asked, turns.now);
        }
        if let Self::Allowed { who, from, to, asker } = course
            && (turns.all || turns.directory)
        {
            let moved = model.rename(who, from, to);
            course = Self::Renamed { who, to, asker, moved };
        }
        if let Self::Renamed { who, to, asker, moved } = course
            && (turns.all || turns.accounts > *used)
        {
            *used += 1;
            course = Self::Done(model.renamed(who, to, asker, moved, turns.now));
        }
        course
    }
}

impl Story {
    pub(super) fn change_address(
        &mut self,
        session: u8,
        password: Option<Pw>,
        to: u8,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let (typed, (to, identifier)) = (self.with_password(at, password), Self::person(to));
        let note = format!("change the address by {at:?} with {typed:?} to {to}");
        let request = ChangeAddress {
            client: Client::unmetered(),
            session,
            password: typed.map(|typed| Password::typed(typed).unwrap()),
            to: identifier,
            locale: None,
        };
        let (mut asked, mut expected) = (None, None);
        let plan = Plan { who: Some(to), first: First::Asker, ..Plan::default() };
        let (_, end) = self.run(&note, request, plan, meanwhile, &mut |story, turns| {
            let Some(at) = at else {
                expected.get_or_insert_with(|| Expected::from(INVALID));
                return;
            };
            let model = &mut story.model;
            match asked.get_or_insert_with(|| model.ask_address(at, typed, to, turns.now)).clone() {
                Asked::Told(told) => drop(expected.get_or_insert(told)),
                Asked::Go { who, account, notice } if turns.all && expected.is_none() => {
                    let view = turns.view.unwrap_or_else(|| model.view(to));
                    let told = model.mail_address(at, (who, account), to, view, turns.now);
                    let told = told.hashing(usize::from(typed.is_some()));
                    expected = Some(match notice {
                        Some(notice) => {
                            Expected { then: told.mail.iter().cloned().collect(), mail: Some(notice), ..told }
                        }
                        None => told,
                    });
                }
                Asked::Go { .. } => {}
            }
        })?;
        self.check(&note, expected.as_ref(), &end, meanwhile, |started| Answer::Started(started.state))?;
        if let (Some(started), Some(made)) = (granted(&end), expected.and_then(|it| it.made)) {
            self.given.moves.push((started.session.clone(), made));
            self.met("address_change_begun");
        }
        Ok(())
    }

    pub(super) fn verify_address(
        &mut self,
        session: u8,
        code: Mailed,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let (now, purpose) = (self.now(), Purpose::ChangeAddress);
        let live = |at: usize| self.model.is_move_live(at, now);
        let Some((at, session)) = pick(&self.given.moves, session, live) else { return Ok(()) };
        let typed = self.mailed(at.and_then(|at| self.model.mail_code_of(at)), code);
        let note = format!("code for another address {at:?}: {code:?} {typed:?}");
        let request = Verify {
            client: Client::unmetered(),
            purpose,
            session,
            code: Code::typed(&typed),
            identifier: None,
            enter: None,
        };
        let (mut course, mut used) = (Course::Begun, 0);
        let plan = Plan { first: First::Several, ..Plan::default() };
        let (_, end) = self.run(&note, request, plan, meanwhile, &mut |story, turns| {
            let knock = |model: &mut Model| match at {
                Some(at) => {
                    let asker = model.by_mail[at].asker.unwrap_or_default();
                    (model.verify(at, purpose, &typed, false, turns.now), asker)
                }
                None => (Knocked::Told(INVALID.into()), 0),
            };
            course = course.clone().go(&mut story.model, turns, &mut used, knock);
        })?;
        let expected = match course {
            Course::Done(told) => Some(told),
            _ => None,
        };
        self.check(&note, expected.as_ref(), &end, meanwhile, |verified| Answer::Moved {
            who: Self::number(&verified.account),
            to: verified.identifier.address().as_str().to_owned(),
        })
    }
}
