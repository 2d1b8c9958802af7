//! What the model says of how fresh a session is, of codes mailed to step up with, and of what the operator asks for; and those requests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, unreachable_pub, dead_code, reason = "tests")]

use core::time::Duration;

use countersign::*;

use super::answer::{Answer, Expected, INVALID, Mail};
use super::model::{Desk, Door, Model, Slot, StepUpCode};
use super::ops::Proof as Wanted;
use super::owners::shown;
use super::story::{Meanwhile, Story};
use super::typed::{Typed, canonical};
use crate::otp::limits::ms;

impl Model {
    /// The code that waits for a session to step up with, whether or not it has expired.
    pub(super) fn step_up_code(&self, session: usize, now: i128) -> Option<usize> {
        let here = |it: &StepUpCode| it.session == session && !it.over && now < it.ends;
        self.step_ups.iter().rposition(here)
    }

    /// What a step-up's message told, if it is known.
    pub(super) fn step_up_text(&self, session: usize) -> Option<&str> {
        self.step_ups.iter().rev().find(|it| it.session == session)?.code.text.as_deref()
    }

    /// Whether a mailed code is right. If so, it is used up; if it was wrong too often, so is its session.
    pub(super) fn take_step_up_code(&mut self, desk: &Desk, at: usize, raw: &str) -> Option<Method> {
        let most = self.settings.codes.max_attempts;
        let it = &mut self.step_ups[at];
        let right =
            desk.now < it.code.ends && it.code.text.as_ref().is_some_and(|text| *text == canonical(raw));
        it.wrong += u32::from(!right);
        it.over = right || it.wrong >= most;
        let met = if right { "stepped_up_by_mail" } else { "wrong_step_up_code" };
        self.met.push(met);
        right.then_some(Method::MailedCode)
    }

    /// A code is mailed for a session to step up with. It takes the place of any other of the account's; wrong ones stay counted (R4).
    pub fn send_step_up_code(&mut self, at: usize, wall: i128) -> Expected {
        let purpose = Purpose::StepUp;
        let Some(desk) = self.at_session(at, wall) else { return INVALID.into() };
        let who = self.sessions[at].who;
        if let Some(refused) = desk.limited(&self.send_rules(&desk, purpose)) {
            self.close(&desk, false);
            return refused;
        }
        let live = self.step_ups.iter_mut().filter(|it| it.who == who && !it.over && desk.now < it.ends);
        let wrong = live.fold(0, |most, it| {
            it.over = true;
            most.max(it.wrong)
        });
        let ends = desk.now + ms(self.settings.codes.lifetimes(purpose).session);
        let code = self.send(&desk, purpose, ends);
        let state = self.state(&desk, purpose, Some(&code), (ends, wrong));
        let mail = Mail {
            kind: "step_up_code",
            to: self.address(who),
            code: true,
            expires_at: Some(desk.told(code.ends)),
            link_expires_at: None,
            suppressed: false,
        };
        self.step_ups.push(StepUpCode { who, session: at, ends, code, wrong, over: false });
        self.close(&desk, true);
        let slot = Some(Slot::StepUp(self.step_ups.len() - 1));
        Expected { mail: Some(mail), slot, ..Answer::StepUpCode(state).into() }
    }

    /// The host asks whether something was proven a short time ago.
    pub fn require_fresh(
        &mut self,
        at: usize,
        factor: Option<Factor>,
        within: Duration,
        wall: i128,
    ) -> Expected {
        let desk = match self.at_leisure(at, wall) {
            Ok(desk) => desk,
            Err(refused) => return refused,
        };
        let fresh = |method: Method| {
            let proven = self.sessions[at].proven.get(&method);
            proven.is_some_and(|proven| desk.now - proven < ms(within))
        };
        let offered = match factor {
            None => self.stale(&desk, at, None, within, false),
            Some(factor) => {
                let methods: &[Method] = match factor {
                    Factor::Password => &[Method::Password],
                    Factor::Totp => &[Method::Totp],
                    Factor::RecoveryCode => &[Method::RecoveryCode],
                    Factor::MailedCode => &[Method::MailedCode, Method::MailedLink],
                };
                let proven = methods.iter().any(|method| fresh(*method));
                (!proven).then_some(factor).into_iter().collect()
            }
        };
        self.close(&desk, false);
        if offered.is_empty() {
            self.met.push("fresh");
            return Answer::Session(self.shown(&desk, at, true)).into();
        }
        self.met.push("not_fresh");
        Refusal::StepUpRequired { offered }.into()
    }

    pub fn devices(&mut self, at: usize, wall: i128) -> Expected {
        let desk = match self.at_leisure(at, wall) {
            Ok(desk) => desk,
            Err(refused) => return refused,
        };
        self.close(&desk, false);
        let live = self.live_devices(self.sessions[at].who, desk.now).map(|at| &self.devices[at]);
        let mut all: Vec<_> = live.map(|device| (desk.told(device.ends), device.skips)).collect();
        all.sort_unstable();
        Answer::Devices(all).into()
    }

    /// The host shuts an account, or opens it again.
    pub fn suspend(&mut self, who: usize, on: bool, wall: i128) -> Expected {
        let desk = self.open(Door::Account(who), wall);
        if desk.record.is_none() {
            return INVALID.into();
        }
        let mut ended = 0;
        if on {
            self.raise(who);
            // What was made for it before ends, an app that was not confirmed included.
            self.account(who).pending = None;
            ended = self.end_sessions(&desk, who, |_| true);
        }
        self.account(who).suspended = on;
        self.close(&desk, true);
        Answer::Suspended(ended).into()
    }

    /// The operator asks for another password.
    pub fn ask_password(&mut self, who: usize, wall: i128) -> Expected {
        let desk = self.open(Door::Account(who), wall);
        if desk.record.is_none() {
            return INVALID.into();
        }
        self.account(who).asked = true;
        self.close(&desk, true);
        Answer::Noted(desk.told(desk.now)).into()
    }
}

impl Story {
    /// What is typed to step up with: for a mailed code, the one that was mailed for this session.
    pub(super) fn typed_to_step_up(&self, at: Option<usize>, proof: &Wanted) -> Typed {
        match (proof, at) {
            (Wanted::Mailed(mailed), Some(at)) => {
                Typed::Mailed(self.mailed(self.model.step_up_text(at), *mailed))
            }
            _ => self.typed_by(at.map_or(0, |at| self.model.sessions[at].who), None, proof),
        }
    }

    pub(super) fn step_up_code(&mut self, session: u8, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let note = format!("have a code mailed for {at:?} to step up with");
        let request = SendStepUpCode { client: Client::unmetered(), session, locale: None };
        let told = |state: &SessionState| Answer::StepUpCode(*state);
        self.simple(&note, request, meanwhile, told, |model, now| match at {
            Some(at) => model.send_step_up_code(at, now),
            None => INVALID.into(),
        })?;
        Ok(())
    }

    pub(super) fn require_fresh(
        &mut self,
        session: u8,
        (factor, seconds): (Option<u8>, u8),
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let factor = factor.map(|factor| Factor::ALL[usize::from(factor) % Factor::ALL.len()]);
        let within = Duration::from_secs(seconds.into());
        let note = format!("ask whether {factor:?} of {at:?} is not older than {within:?}");
        let request = RequireFresh { client: Client::unmetered(), session, factor, within };
        let told = |info: &SessionInfo| Answer::Session(shown(info));
        self.simple(&note, request, meanwhile, told, |model, now| match at {
            Some(at) => model.require_fresh(at, factor, within, now),
            None => INVALID.into(),
        })?;
        Ok(())
    }

    pub(super) fn devices(&mut self, session: u8, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let note = format!("list the devices of {at:?}");
        let request = ListDevices { client: Client::unmetered(), session };
        let told = |list: &Vec<DeviceInfo>| {
            let mut all: Vec<_> = list.iter().map(|it| (it.expires_at, it.skips_second_factor)).collect();
            all.sort_unstable();
            Answer::Devices(all)
        };
        self.simple(&note, request, meanwhile, told, |model, now| match at {
            Some(at) => model.devices(at, now),
            None => INVALID.into(),
        })?;
        Ok(())
    }

    pub(super) fn ask_password(&mut self, who: u8, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let (who, identifier) = Self::person(who);
        let note = format!("ask {identifier:?} for another password");
        let request = RequirePasswordChange { account: self.account_id(who) };
        let told = |noted: &Noted| Answer::Noted(noted.at);
        self.simple(&note, request, meanwhile, told, |model, now| model.ask_password(who, now))?;
        Ok(())
    }
}
