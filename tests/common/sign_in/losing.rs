//! What the model says to whoever lost an app, and to the operator who helps; and those requests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, unreachable_pub, dead_code, reason = "tests")]

use countersign::*;

use super::answer::{Answer, Expected, INVALID, Mail};
use super::given::pick;
use super::model::{Desk, Door, Login, Lost, LostCode, Model, Slot, public};
use super::ops::Mailed;
use super::story::{Meanwhile, Story};
use super::typed::canonical;
use crate::otp::drive::End;
use crate::otp::limits::ms;

impl Model {
    /// An app or a recovery code was shown: nothing is lost. A code that was mailed by then waits for its end.
    pub(super) fn found(&mut self, who: usize) {
        let lost = self.account(who).lost.take();
        self.met.extend(lost.map(|_| "found"));
    }

    /// The app that is said to be lost, unless that was too long ago.
    fn lost(&self, who: usize, now: i128) -> Option<Lost> {
        self.accounts[who].as_ref()?.lost.clone().filter(|lost| now < lost.ends)
    }

    /// The code that was mailed to turn a lost app off, whether or not it has expired.
    fn lost_code(&self, who: usize, now: i128) -> Option<usize> {
        self.lost_codes.iter().rposition(|it| it.who == who && !it.over && now < it.ends)
    }

    /// The owner is told that the wait begins, with a link that stops it.
    fn lose(&mut self, desk: &Desk, who: usize, wait: i128, by_operator: bool) -> Mail {
        let (ready, link) = (desk.now + wait, self.stops.len());
        let ends = ready + ms(self.settings.recovery.factor_window);
        self.stops.push(who);
        // What was mailed before was for another recovery.
        self.lost_codes.iter_mut().filter(|it| it.who == who).for_each(|it| it.code.text = None);
        self.account(who).lost = Some(Lost { ready, ends, by_operator, link });
        let kind = MessageKind::FactorRecoveryStarted { ready_at: desk.told(ready) };
        Mail { link_expires_at: Some(desk.told(ends)), ..self.notify(desk, who, &kind) }
    }

    /// Whoever signs in says that the app is lost.
    pub fn lose_app(&mut self, at: usize, wall: i128) -> Expected {
        let Some(desk) = self.at_login(at, wall) else { return INVALID.into() };
        let (Login { who, proven, .. }, purpose) = (self.logins[at].clone(), Purpose::RecoverFactor);
        let lost = self.lost(who, desk.now);
        let refused = if self.account(who).app.is_none() {
            Some(Refusal::NotEnrolled.into())
        } else if !proven.contains(&Method::Password) {
            // One mailbox is not two proofs (R57).
            Some(Refusal::FactorNotAllowed.into())
        } else {
            match &lost {
                None => self.untold(&desk, who),
                Some(lost) if desk.now < lost.ready => None,
                Some(_) => desk.limited(&self.send_rules(&desk, purpose)),
            }
        };
        if let Some(refused) = refused {
            self.close(&desk, false);
            return refused;
        }
        let Some(lost) = lost else {
            let mail = Some(self.lose(&desk, who, ms(self.settings.recovery.factor_wait), false));
            self.close(&desk, true);
            self.met.push("factor_lost");
            let made = Some(self.stops.len() - 1);
            return Expected { mail, made, ..self.waits(&desk, who, None).into() };
        };
        if desk.now < lost.ready {
            self.close(&desk, false);
            return self.waits(&desk, who, None).into();
        }
        // It takes the place of any other; wrong ones stay counted (R4).
        let wrong = self.lost_code(who, desk.now).map_or(0, |at| self.lost_codes[at].wrong);
        self.lost_codes.iter_mut().filter(|it| it.who == who).for_each(|it| it.over = true);
        let ends = desk.now + ms(self.settings.codes.lifetimes(purpose).session);
        let code = self.send(&desk, purpose, ends);
        let state = self.state(&desk, purpose, Some(&code), (ends, wrong));
        let mail = Mail {
            kind: "factor_recovery_code",
            to: self.address(who),
            code: true,
            expires_at: Some(desk.told(code.ends)),
            link_expires_at: None,
            suppressed: false,
        };
        self.lost_codes.push(LostCode { who, ends, code, wrong, over: false });
        self.close(&desk, true);
        let slot = Some(Slot::Lost(self.lost_codes.len() - 1));
        Expected { mail: Some(mail), slot, ..self.waits(&desk, who, Some(state)).into() }
    }

    fn waits(&self, desk: &Desk, who: usize, code: Option<SessionState>) -> Answer {
        let Some(Lost { ready, ends, .. }) = self.lost(who, desk.now) else { return INVALID };
        let (ready_at, expires_at) = (desk.told(ready), desk.told(ends));
        Answer::Waiting { ready_at, ready_in: ready_at.since(public(desk.wall)), expires_at, code }
    }

    /// A lost app is turned off, by a code that was mailed after the wait.
    pub fn turn_off(&mut self, at: usize, raw: &str, wall: i128) -> Expected {
        let Some(desk) = self.at_login(at, wall) else { return INVALID.into() };
        let (Login { who, proven, .. }, factor) = (self.logins[at].clone(), Factor::MailedCode);
        let ready = self.lost(who, desk.now).is_some_and(|lost| lost.ready <= desk.now);
        let by_password = proven.contains(&Method::Password);
        let Some(code) = self.lost_code(who, desk.now).filter(|_| ready && by_password) else {
            self.close(&desk, false);
            return Refusal::NothingPending.into();
        };
        if let Some(shut) = self.shut(&desk, factor) {
            self.close(&desk, false);
            return shut;
        }
        let most = self.settings.codes.max_attempts;
        let it = &mut self.lost_codes[code];
        let right = desk.now < it.code.ends && it.code.text.as_ref().is_some_and(|it| *it == canonical(raw));
        it.wrong += u32::from(!right);
        it.over = right || it.wrong >= most;
        let over = it.over;
        self.guess(&desk, factor, right);
        if !right {
            self.met.push("wrong_factor_code");
            let attempts_left = self.left(&desk, factor);
            let mail = self.alarm(&desk, who, factor, over);
            self.close(&desk, true);
            return Expected { mail, ..Refusal::InvalidProof { factor, attempts_left }.into() };
        }
        self.forget_app(&desk, who);
        self.raise(who);
        let ended = self.end_sessions(&desk, who, |_| true);
        let mail = Some(self.notify(&desk, who, &MessageKind::FactorsReset));
        self.close(&desk, true);
        Expected { mail, ..Answer::FactorsReset(ended).into() }
    }

    /// The mailed link is used that stops it all.
    pub fn stop(&mut self, link: usize, wall: i128) -> Expected {
        let who = self.stops[link];
        let desk = self.open(Door::Account(who), wall);
        if self.lost(who, desk.now).is_none_or(|lost| lost.link != link) {
            self.close(&desk, false);
            return INVALID.into();
        }
        self.account(who).lost = None;
        self.lost_codes.iter_mut().filter(|it| it.who == who).for_each(|it| it.over = true);
        self.close(&desk, true);
        Answer::Stopped.into()
    }

    /// The operator starts the reset of an app: there is no wait.
    pub fn start_factor_reset(&mut self, who: usize, wall: i128) -> Expected {
        let desk = self.open(Door::Account(who), wall);
        if desk.record.is_none() {
            return INVALID.into();
        }
        if self.account(who).app.is_none() {
            self.close(&desk, false);
            return Refusal::NotEnrolled.into();
        }
        let mail = Some(self.lose(&desk, who, 0, true));
        self.close(&desk, true);
        self.met.push("reset_by_operator");
        let made = Some(self.stops.len() - 1);
        Expected { mail, made, ..Answer::Noted(desk.told(desk.now)).into() }
    }

    pub(super) fn is_stop_live(&self, link: usize, wall: i128) -> bool {
        self.lost(self.stops[link], wall).is_some_and(|lost| lost.link == link)
    }
}

impl Story {
    pub(super) fn lose_app(&mut self, login: u8, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let now = self.now();
        let live = |at: usize| self.model.is_login_live(at, now);
        let Some((at, login)) = pick(&self.given.logins, login, live) else { return Ok(()) };
        let note = format!("say by {at:?} that the app is lost");
        let request = RecoverFactor { client: Client::unmetered(), login, locale: None };
        let told = |recovery: &FactorRecovery| {
            let FactorRecovery { ready_at, ready_in, expires_at, code, .. } = *recovery;
            Answer::Waiting { ready_at, ready_in, expires_at, code }
        };
        let (end, expected) = self.turn(&note, request, meanwhile, told, |model, now| match at {
            Some(at) => model.lose_app(at, now),
            None => INVALID.into(),
        })?;
        self.keep_stop(&end, expected.as_ref());
        Ok(())
    }

    fn keep_stop<O>(&mut self, end: &End<O>, expected: Option<&Expected>) {
        let mailed = end.mail.first().and_then(|mail| mail.link.clone());
        if let (Some(MailedLink::Cancel(link)), Some(at)) = (mailed, expected.and_then(|it| it.made)) {
            self.given.cancels.push((link, at));
        }
    }

    pub(super) fn turn_off(
        &mut self,
        login: u8,
        code: Mailed,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let now = self.now();
        let live = |at: usize| self.model.is_login_live(at, now);
        let Some((at, login)) = pick(&self.given.logins, login, live) else { return Ok(()) };
        let who = at.map_or(0, |at| self.model.logins[at].who);
        let newest = self.model.lost_codes.iter().rev().find(|it| it.who == who);
        let typed = self.mailed(newest.and_then(|it| it.code.text.as_deref()), code);
        let note = format!("turn the lost app off by {at:?}: {code:?} {typed:?}");
        let request = ResetFactors { client: Client::unmetered(), login, code: Code::typed(&typed) };
        let told = |reset: &FactorsWereReset| Answer::FactorsReset(reset.sessions_ended);
        self.simple(&note, request, meanwhile, told, |model, now| match at {
            Some(at) => model.turn_off(at, &typed, now),
            None => INVALID.into(),
        })?;
        Ok(())
    }

    pub(super) fn stop(&mut self, link: u8, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let now = self.now();
        let live = |at: usize| self.model.is_stop_live(at, now);
        let Some((at, link)) = pick(&self.given.cancels, link, live) else { return Ok(()) };
        let note = format!("stop the recovery of an app by {at:?}");
        let request = CancelFactorRecovery { client: Client::unmetered(), link };
        let told = |_: &Cancelled| Answer::Stopped;
        self.simple(&note, request, meanwhile, told, |model, now| match at {
            Some(at) => model.stop(at, now),
            None => INVALID.into(),
        })?;
        Ok(())
    }

    pub(super) fn start_factor_reset(&mut self, who: u8, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let (who, identifier) = Self::person(who);
        let note = format!("start the reset of the app of {identifier:?}");
        let request = StartFactorReset { account: self.account_id(who) };
        let told = |noted: &Noted| Answer::Noted(noted.at);
        let (end, expected) =
            self.turn(&note, request, meanwhile, told, |model, now| model.start_factor_reset(who, now))?;
        self.keep_stop(&end, expected.as_ref());
        Ok(())
    }
}
