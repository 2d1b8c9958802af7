//! The requests of whoever is signed in and proves more, changes what signs in, or trusts a device.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, unreachable_pub, dead_code, reason = "tests")]

use countersign::*;

use super::answer::{Answer, Expected, Factors, INVALID};
use super::changes::Compared;
use super::ops::{NewPw, Proof as Wanted, Pw};
use super::requests::{entered, granted};
use super::story::{First, Meanwhile, Plan, Story};

impl Story {
    pub(super) fn step_up(
        &mut self,
        session: u8,
        proof: &Wanted,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let (typed, label) = (self.typed_to_step_up(at, proof), self.label());
        let note = format!("step {at:?} up: {proof:?} {typed:?}");
        let (client, proof) = (Client::unmetered(), typed.proof());
        let request = StepUp { client, session, proof, label: Label::new(&label) };
        let told = |signed_in: &SignedIn| Answer::SignedIn(entered(signed_in));
        let (end, expected) = self.turn(&note, request, meanwhile, told, |model, now| match at {
            Some(at) => model.step_up(at, &typed, &label, now),
            None => INVALID.into(),
        })?;
        if let (Some(signed_in), Some(made)) = (granted(&end), expected.and_then(|it| it.made)) {
            self.signed_in(signed_in, made);
            self.met("stepped_up");
        }
        Ok(())
    }

    pub(super) fn change_password(
        &mut self,
        session: u8,
        current: Pw,
        new: NewPw,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let who = at.map_or(0, |at| self.model.sessions[at].who);
        let (current, new, label) = (self.password(who, current), Self::new_password(new), self.label());
        let note = format!("change the password by {at:?} from {current:?} to {new:?}");
        let request = ChangePassword {
            client: Client::unmetered(),
            session,
            current: Password::typed(current).unwrap(),
            password: Password::typed(new).unwrap(),
            label: Label::new(&label),
        };
        let (mut compared, mut expected) = (None, None);
        let plan = Plan { first: First::Account, ..Plan::default() };
        let (_, end) = self.run(&note, request, plan, meanwhile, &mut |story, turns| {
            let Some(at) = at else {
                expected.get_or_insert_with(|| INVALID.into());
                return;
            };
            let compare = || story.model.compare(at, current, new, turns.now);
            match compared.get_or_insert_with(compare) {
                Compared::Told(told) => drop(expected.get_or_insert_with(|| told.clone())),
                Compared::Go(made_for) if turns.all && expected.is_none() => {
                    expected = Some(story.model.set_password(at, *made_for, new, &label, turns.now));
                }
                Compared::Go(_) => {}
            }
        })?;
        let told = |signed_in: &SignedIn| Answer::SignedIn(entered(signed_in));
        self.check(&note, expected.as_ref(), &end, meanwhile, told)?;
        let made = expected.and_then(|expected: Expected| expected.made);
        if let (Some(signed_in), Some(made)) = (granted(&end), made) {
            self.signed_in(signed_in, made);
            self.met("password_changed");
        }
        Ok(())
    }

    /// Somebody types the password with a request, or does not.
    pub(super) fn with_password(&self, at: Option<usize>, password: Option<Pw>) -> Option<&'static str> {
        let who = at.map_or(0, |at| self.model.sessions[at].who);
        password.map(|password| self.password(who, password))
    }

    pub(super) fn disable(
        &mut self,
        session: u8,
        factor: Factor,
        password: Option<Pw>,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let typed = self.with_password(at, password);
        let note = format!("turn {factor:?} off by {at:?} with {typed:?}");
        let (client, password) = (Client::unmetered(), typed.map(|typed| Password::typed(typed).unwrap()));
        let told = |_: &FactorRemoved| Answer::Removed;
        let model = |model: &mut super::model::Model, now| match at {
            Some(at) => model.disable(at, factor, typed, now),
            None => INVALID.into(),
        };
        if factor == Factor::Totp {
            let request = DisableTotp { client, session, password };
            self.simple(&note, request, meanwhile, told, model)?;
        } else {
            let request = DisableMailedCode { client, session, password };
            self.simple(&note, request, meanwhile, told, model)?;
        }
        Ok(())
    }

    pub(super) fn new_codes(
        &mut self,
        session: u8,
        password: Option<Pw>,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let typed = self.with_password(at, password);
        let note = format!("have new codes issued by {at:?} with {typed:?}");
        let (client, password) = (Client::unmetered(), typed.map(|typed| Password::typed(typed).unwrap()));
        let request = RegenerateRecoveryCodes { client, session, password };
        let told = |issued: &RecoveryCodesIssued| Answer::Issued(issued.codes.len());
        let end = self.simple(&note, request, meanwhile, told, |model, now| match at {
            Some(at) => model.regenerate_codes(at, typed, now),
            None => INVALID.into(),
        })?;
        if let (Some(issued), Some(at)) = (granted(&end), at) {
            self.issued(at, issued);
            self.met("issued_anew");
        }
        Ok(())
    }

    pub(super) fn trust(&mut self, session: u8, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let (note, label) = (format!("trust the device of {at:?}"), Label::new("a device"));
        let request = TrustDevice { client: Client::unmetered(), session, label };
        let told = |trusted: &DeviceTrusted| {
            let DeviceTrusted { expires_at, skips_second_factor: skips, .. } = *trusted;
            Answer::Trusted { expires_at, skips }
        };
        let (end, expected) = self.turn(&note, request, meanwhile, told, |model, now| match at {
            Some(at) => model.trust(at, now),
            None => INVALID.into(),
        })?;
        let ticket = expected.and_then(|expected| expected.ticket);
        self.given.devices.extend(granted(&end).map(|trusted| trusted.device.clone()).zip(ticket));
        Ok(())
    }

    pub(super) fn forget(&mut self, session: u8, all: bool, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let note = format!("forget devices by {at:?}, all: {all}");
        let which = (!all).then(|| "00112233aabbccdd".parse().unwrap());
        let request = ForgetDevices { client: Client::unmetered(), session, which };
        let told = |ended: &Ended| Answer::Ended(ended.count);
        self.simple(&note, request, meanwhile, told, |model, now| match at {
            Some(at) => model.forget(at, all, now),
            None => INVALID.into(),
        })?;
        Ok(())
    }

    pub(super) fn factors(&mut self, session: u8, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let note = format!("ask how the account of {at:?} is secured");
        let request = ListFactors { client: Client::unmetered(), session };
        self.simple(&note, request, meanwhile, secured, |model, now| match at {
            Some(at) => model.factors(at, now),
            None => INVALID.into(),
        })?;
        Ok(())
    }
}

fn secured(secured: &Secured) -> Answer {
    Answer::Secured(Factors {
        totp: secured.totp,
        mailed_code: secured.mailed_code,
        enrolment_expires_at: secured.enrolment_expires_at,
        codes_left: secured.recovery_codes_left,
        recovery: secured.recovery,
        sessions: secured.sessions,
        devices: secured.devices,
        required: secured.required.clone(),
    })
}
