//! The requests of whoever begins by mail, types a mailed code or uses a mailed link.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, unreachable_pub, dead_code, reason = "tests")]

use countersign::*;

use super::answer::{Answer, INVALID};
use super::entering::Knocked;
use super::given::pick;
use super::model::Model;
use super::ops::Mailed;
use super::requests::{Course, Inside, granted};
use super::story::{Meanwhile, Plan, Story};
use super::typed::Texts;

impl Story {
    pub(super) fn verify(
        &mut self,
        choice: u8,
        code: Mailed,
        enter: bool,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let now = self.now();
        let live = |at: usize| self.model.is_mail_live(at, now);
        let Some((at, session)) = pick(&self.given.codes, choice, live) else { return Ok(()) };
        // A session is one at its own door only.
        let own = at.map_or(Purpose::SignIn, |at| self.model.by_mail[at].purpose);
        let others = [Purpose::SignIn, Purpose::Recover];
        let other = others.into_iter().find(|purpose| *purpose != own).filter(|_| choice >= 128);
        let purpose = other.unwrap_or(own);
        let newest = at.and_then(|at| self.model.mail_code_of(at));
        let (typed, label) = (self.mailed(newest, code), self.label());
        let note = format!("{purpose:?} code {at:?}: {code:?} {typed:?}, entering: {enter}");
        let request = Verify {
            client: Client::unmetered(),
            purpose,
            session,
            code: Code::typed(&typed),
            identifier: None,
            enter: enter.then(|| Label::new(&label)),
        };
        let mut course = Course::default();
        let (passed, end) = self.run(&note, request, Plan::default(), meanwhile, &mut |story, turns| {
            let knock = |model: &mut Model| match at {
                Some(at) => model.verify(at, purpose, &typed, enter, turns.now),
                None => Knocked::Told(INVALID.into()),
            };
            course.go(&mut story.model, turns, knock, (&Texts::Stepwise, &label));
        })?;
        // What was asked for is told inside of what was verified.
        if (enter || purpose == Purpose::Recover)
            && let Some(Knocked::Go(_)) = &course.knocked
            && let Some(expected) = &mut course.expected
            && !matches!(expected.answer, Answer::Refused(_))
        {
            let inside = core::mem::replace(&mut expected.answer, INVALID);
            expected.answer = Answer::Verified(Some(Box::new(inside)));
        }
        let dead = matches!(&course.knocked, Some(Knocked::Go(_)));
        self.progress(&note, passed, course, &end, meanwhile, |verified: &Verified| {
            match (&verified.progress, &verified.grant) {
                (Some(progress), _) => Inside::Progress(progress),
                (None, Some(grant)) => Inside::Grant(grant),
                (None, None) => Inside::Nothing,
            }
        })?;
        if dead && self.last == Some(INVALID) {
            self.met("dead_code");
        }
        Ok(())
    }

    pub(super) fn redeem(&mut self, link: u8, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let now = self.now();
        let live = |at: usize| self.model.is_mail_live(at, now);
        let Some((at, link)) = pick(&self.given.links, link, live) else { return Ok(()) };
        let (note, label) = (format!("link {at:?}"), self.label());
        let request = RedeemSignIn { client: Client::unmetered(), link, label: Label::new(&label) };
        let mut course = Course::default();
        let (passed, end) = self.run(&note, request, Plan::default(), meanwhile, &mut |story, turns| {
            let knock = |model: &mut Model| match at {
                Some(at) => model.redeem(at, turns.now),
                None => Knocked::Told(INVALID.into()),
            };
            course.go(&mut story.model, turns, knock, (&Texts::Stepwise, &label));
        })?;
        self.progress(&note, passed, course, &end, meanwhile, |progress| Inside::Progress(progress))
    }

    pub(super) fn start(&mut self, who: u8, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let (who, identifier) = Self::person(who);
        let note = format!("start by mail {identifier:?}");
        let request = SignIn { client: Client::unmetered(), identifier, locale: None };
        let mut expected = None;
        let plan = Plan { who: Some(who), ..Plan::default() };
        let (_, end) = self.run(&note, request, plan, meanwhile, &mut |story, turns| {
            let view = turns.view.unwrap_or_else(|| story.model.view(who));
            expected.get_or_insert_with(|| story.model.start(Purpose::SignIn, who, view, turns.now));
        })?;
        self.check(&note, expected.as_ref(), &end, meanwhile, |started| Answer::Started(started.state))?;
        if let (Some(started), Some(at)) = (granted(&end), expected.and_then(|it| it.made)) {
            self.given.codes.push((started.session.clone(), at));
            if let Some(MailedLink::SignIn(link)) = end.mail.first().and_then(|mail| mail.link.clone()) {
                self.given.links.push((link, at));
            }
        }
        Ok(())
    }

    pub(super) fn recover(&mut self, who: u8, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let (who, identifier) = Self::person(who);
        let note = format!("say that the password of {identifier:?} is lost");
        let request = Recover { client: Client::unmetered(), identifier, locale: None };
        let mut expected = None;
        let plan = Plan { who: Some(who), ..Plan::default() };
        let (_, end) = self.run(&note, request, plan, meanwhile, &mut |story, turns| {
            let view = turns.view.unwrap_or_else(|| story.model.view(who));
            expected.get_or_insert_with(|| story.model.start(Purpose::Recover, who, view, turns.now));
        })?;
        self.check(&note, expected.as_ref(), &end, meanwhile, |started| Answer::Started(started.state))?;
        if let (Some(started), Some(at)) = (granted(&end), expected.and_then(|it| it.made)) {
            self.given.codes.push((started.session.clone(), at));
            let mailed = end.mail.first().and_then(|mail| mail.link.clone());
            if let (Some(MailedLink::Recovery(link)), Some(at)) = (mailed, self.model.by_mail[at].link) {
                self.given.recoveries.push((link, at));
            }
        }
        Ok(())
    }

    pub(super) fn redeem_recovery(&mut self, link: u8, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let now = self.now();
        let live = |at: usize| self.model.is_link_live(at, now);
        let Some((at, link)) = pick(&self.given.recoveries, link, live) else { return Ok(()) };
        let note = format!("the recovery's link {at:?}");
        let request = RedeemRecovery { client: Client::unmetered(), link };
        let mut course = Course::default();
        let (passed, end) = self.run(&note, request, Plan::default(), meanwhile, &mut |story, turns| {
            let knock = |model: &mut Model| match at {
                Some(at) => model.redeem_recovery(at, turns.now),
                None => Knocked::Told(INVALID.into()),
            };
            course.go(&mut story.model, turns, knock, (&Texts::Stepwise, ""));
        })?;
        self.progress(&note, passed, course, &end, meanwhile, |grant| Inside::Grant(grant))?;
        if matches!(self.last, Some(Answer::Granted(_))) {
            self.met("granted_by_link");
        }
        Ok(())
    }
}
