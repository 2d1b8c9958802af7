//! What the model says of sign-ups that wait for their code, none of which is ever completed here; and those requests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, unreachable_pub, dead_code, reason = "tests")]

use countersign::policy::ResendPolicy;
use countersign::*;

use super::answer::{Answer, Expected, INVALID, Mail};
use super::entering::{Knocked, View};
use super::given::pick;
use super::model::{ByMail, Desk, Door, Model, Slot};
use super::ops::NewPw;
use super::requests::granted;
use super::story::{Meanwhile, Plan, Story};
use crate::otp::drive::End;
use crate::otp::limits::ms;

impl Model {
    /// The no to a new password, whoever chooses it.
    fn unfit(&self, new: &str) -> Option<Refusal> {
        let min_code_points = self.settings.passwords.min_code_points;
        if new.chars().count() < min_code_points {
            return Some(Refusal::PasswordTooShort { min_code_points });
        }
        (new == "password").then_some(Refusal::PasswordBlocked(Blocked::Common))
    }

    /// A sign-up begins. The answer is the same for an address that is somebody's, who gets a notice.
    fn sign_up(&mut self, who: usize, password: &'static str, view: View, wall: i128) -> Expected {
        if let Some(refused) = self.unfit(password) {
            return refused.into();
        }
        let (desk, purpose) = (self.open(Door::Visitor(who), wall), Purpose::SignUp);
        if let Some(refused) = self.full(&desk, purpose) {
            self.close(&desk, false);
            return refused;
        }
        let owner = view.account.map(|(owner, _)| owner);
        let told = self.start_at(&desk, purpose, who, None, None);
        let made = &mut self.by_mail[told.made.unwrap_or_default()];
        made.chosen = Some((password, owner.is_none()));
        let (code_ends, link) = (made.code.ends, made.link);
        let free = link.filter(|_| owner.is_none());
        let mail = Mail {
            kind: if owner.is_none() { "sign_up_code" } else { "sign_up_taken" },
            to: owner.map_or_else(|| self.normal(who), |owner| self.address(owner)),
            code: owner.is_none(),
            expires_at: owner.is_none().then(|| desk.told(code_ends)),
            link_expires_at: free.map(|link| desk.told(self.links[link].ends)),
            suppressed: false,
        };
        Expected { mail: Some(mail), ..told }.hashing(1)
    }

    /// The code of a sign-up is to be mailed again, to whoever knows its password.
    fn sign_up_again(&mut self, who: usize, password: &str, session: Option<usize>, wall: i128) -> Expected {
        let (desk, purpose, factor) =
            (self.open(Door::Visitor(who), wall), Purpose::SignUp, Factor::Password);
        if let Some(shut) = self.shut(&desk, factor) {
            self.close(&desk, false);
            return shut;
        }
        let pending = |at: &usize| {
            let it = &self.by_mail[*at];
            let chosen = it.chosen.is_some_and(|(chosen, _)| chosen == password);
            Some(it.record) == desk.record && chosen && !it.over && desk.now < it.ends
        };
        let pending: Vec<usize> = (0..self.by_mail.len()).filter(pending).collect();
        let kept = session.filter(|session| pending.contains(session));
        let Some(at) = kept.or_else(|| pending.last().copied()) else {
            self.guess(&desk, factor, false);
            self.close(&desk, true);
            self.met.push("no_such_sign_up");
            return Expected::from(Refusal::InvalidCredentials).hashing(1);
        };
        if let Some(refused) = desk.limited(&self.send_rules(&desk, purpose)) {
            // That the password was right stands only if no guess was counted meanwhile.
            self.commit(&desk);
            return refused.hashing(1);
        }
        let at = if kept.is_some() { at } else { self.renew(&desk, at) };
        let ends = self.by_mail[at].ends;
        let code = self.send(&desk, purpose, ends);
        let keeps = self.settings.codes.resend == ResendPolicy::KeepPrevious && kept.is_some();
        let it = &mut self.by_mail[at];
        let last = core::mem::replace(&mut it.code, code.clone());
        it.before = keeps.then_some(last.ends);
        let (wrong, free) = (it.wrong, it.chosen.is_some_and(|(_, free)| free));
        let mail = Mail {
            kind: "sign_up_code",
            to: self.normal(who),
            code: free,
            expires_at: Some(desk.told(code.ends)),
            link_expires_at: None,
            suppressed: !free,
        };
        self.met.push(if kept.is_some() { "sign_up_again" } else { "sign_up_renewed" });
        self.close(&desk, true);
        let state = self.state(&desk, purpose, Some(&code), (ends, wrong));
        let slot = Some(Slot::ByMail(at));
        Expected { mail: Some(mail), slot, ..Expected::from(Answer::Started(state)).making(at) }.hashing(1)
    }

    /// Another session in place of a sign-up's, whose wrong codes stay counted.
    fn renew(&mut self, desk: &Desk, at: usize) -> usize {
        let ends = desk.now + ms(self.settings.codes.lifetimes(Purpose::SignUp).session);
        let before = &mut self.by_mail[at];
        let renewed = ByMail { ends, before: None, ..before.clone() };
        before.over = true;
        self.by_mail.push(renewed);
        self.by_mail.len() - 1
    }
}

impl Story {
    pub(super) fn sign_up(
        &mut self,
        who: u8,
        password: NewPw,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let (who, identifier) = Self::person(who);
        let typed = Self::new_password(password);
        let note = format!("sign {identifier:?} up with {typed:?}");
        let request = SignUp {
            client: Client::unmetered(),
            identifier,
            password: Password::typed(typed).unwrap(),
            profile: Profile::default(),
            locale: None,
        };
        let mut expected = None;
        let plan = Plan { who: Some(who), ..Plan::default() };
        let (_, end) = self.run(&note, request, plan, meanwhile, &mut |story, turns| {
            let view = turns.view.unwrap_or_else(|| story.model.view(who));
            expected.get_or_insert_with(|| story.model.sign_up(who, typed, view, turns.now));
        })?;
        self.check(&note, expected.as_ref(), &end, meanwhile, |started| Answer::Started(started.state))?;
        self.keep_sign_up(&end, expected.as_ref());
        Ok(())
    }

    fn keep_sign_up(&mut self, end: &End<Started>, expected: Option<&Expected>) {
        if let (Some(started), Some(at)) = (granted(end), expected.and_then(|it| it.made)) {
            self.given.sign_ups.push((started.session.clone(), at));
            self.met("signing_up");
        }
    }

    pub(super) fn sign_up_again(
        &mut self,
        who: u8,
        password: NewPw,
        session: Option<u8>,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let (who, identifier) = Self::person(who);
        let now = self.now();
        let live = |at: usize| self.model.is_mail_live(at, now);
        let picked = session.and_then(|session| pick(&self.given.sign_ups, session, live));
        let (at, session) = picked.unzip();
        let typed = Self::new_password(password);
        let note = format!("have the code of {identifier:?} mailed again with {typed:?} for {at:?}");
        let password = Password::typed(typed).unwrap();
        let request = ResendSignUp { client: Client::unmetered(), identifier, password, session };
        let told = |started: &Started| Answer::Started(started.state);
        let (end, expected) = self.turn(&note, request, meanwhile, told, |model, now| {
            model.sign_up_again(who, typed, at.flatten(), now)
        })?;
        self.keep_sign_up(&end, expected.as_ref());
        Ok(())
    }

    pub(super) fn wrong_sign_up_code(
        &mut self,
        session: u8,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let (now, purpose) = (self.now(), Purpose::SignUp);
        let live = |at: usize| self.model.is_mail_live(at, now);
        let Some((at, session)) = pick(&self.given.sign_ups, session, live) else { return Ok(()) };
        let request = Verify {
            client: Client::unmetered(),
            purpose,
            session,
            code: Code::typed("no code"),
            identifier: None,
            enter: None,
        };
        let note = format!("a wrong code for the sign-up {at:?}");
        self.simple(
            &note,
            request,
            meanwhile,
            |_| Answer::Verified(None),
            |model, now| match at {
                Some(at) => match model.verify(at, purpose, "no code", false, now) {
                    Knocked::Told(told) => told,
                    Knocked::Go(_) => INVALID.into(),
                },
                None => INVALID.into(),
            },
        )?;
        Ok(())
    }
}
