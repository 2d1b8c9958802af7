//! The requests of whoever is signed in, and of the host: how they are made, and what the model says to them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, unreachable_pub, dead_code, reason = "tests")]

use std::collections::BTreeSet;

use countersign::*;

use super::accounts::Ending;
use super::answer::{Answer, Expected, INVALID, Shown};
use super::given::pick;
use super::model::Model;
use super::ops::{App, Pw};
use super::requests::granted;
use super::story::{Meanwhile, Plan, Story};
use crate::otp::drive::End;

impl Story {
    /// A request of one turn on an account.
    pub(super) fn simple<R: Request>(
        &mut self,
        note: &str,
        request: R,
        meanwhile: &Meanwhile<'_>,
        told: impl FnOnce(&R::Output) -> Answer,
        model: impl Fn(&mut Model, i128) -> Expected,
    ) -> Result<End<R::Output>, String> {
        self.turn(note, request, meanwhile, told, model).map(|(end, _)| end)
    }

    /// The same, with what the model said.
    pub(super) fn turn<R: Request>(
        &mut self,
        note: &str,
        request: R,
        meanwhile: &Meanwhile<'_>,
        told: impl FnOnce(&R::Output) -> Answer,
        model: impl Fn(&mut Model, i128) -> Expected,
    ) -> Result<(End<R::Output>, Option<Expected>), String> {
        let mut expected = None;
        let (_, end) = self.run(note, request, Plan::default(), meanwhile, &mut |story, turns| {
            expected.get_or_insert_with(|| model(&mut story.model, turns.now));
        })?;
        self.check(note, expected.as_ref(), &end, meanwhile, told)?;
        Ok((end, expected))
    }

    pub(super) fn pick_session(&self, session: u8) -> Option<(Option<usize>, Ticket<Session>)> {
        let now = self.now();
        pick(&self.given.sessions, session, |at| self.model.is_session_live(at, now))
    }

    pub(super) fn check_session(&mut self, session: u8, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let note = format!("check {at:?}");
        let request = CheckSession { client: Client::unmetered(), session };
        let told = |info: &SessionInfo| Answer::Session(shown(info));
        let end = self.simple(&note, request, meanwhile, told, |model, now| match at {
            Some(at) => model.check(at, now),
            None => INVALID.into(),
        })?;
        match (granted(&end), at) {
            (Some(info), Some(at)) => self.name(at, info.id),
            _ => Ok(()),
        }
    }

    pub(super) fn list(&mut self, session: u8, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let note = format!("list {at:?}");
        let request = ListSessions { client: Client::unmetered(), session };
        let told = |list: &Vec<SessionInfo>| Answer::Sessions(list.iter().map(shown).collect());
        let listed = core::cell::RefCell::new(vec![]);
        let end = self.simple(&note, request, meanwhile, told, |model, now| match at {
            Some(at) => {
                *listed.borrow_mut() = model.listed(at, now);
                model.list(at, now)
            }
            None => INVALID.into(),
        })?;
        let Some(list) = granted(&end) else { return Ok(()) };
        listed.into_inner().into_iter().zip(list).try_for_each(|(at, info)| self.name(at, info.id))
    }

    /// A session has one name, and each another.
    fn name(&mut self, at: usize, id: SessionId) -> Result<(), String> {
        let mut named = self.given.names.clone();
        named.insert(at, id);
        let before = self.given.names.get(&at).copied().unwrap_or(id);
        self.same("a session's name", &before, &id)?;
        let different: BTreeSet<String> = named.values().map(ToString::to_string).collect();
        self.same("sessions' names differ", &named.len(), &different.len())?;
        self.given.names = named;
        Ok(())
    }

    pub(super) fn end(&mut self, session: u8, which: u8, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let any = self.given.names.iter().nth(usize::from(which / 8) % self.given.names.len().max(1));
        let (which, ending) = match (which % 8, any) {
            (0 | 1, _) => (Which::This, Ending::This),
            (2 | 3, _) => (Which::Others, Ending::Others),
            (4, _) => (Which::All, Ending::All),
            (5 | 6, Some((one, id))) => (Which::One(*id), Ending::One(*one)),
            _ => (Which::One("00112233aabbccdd".parse().unwrap()), Ending::Unknown),
        };
        let note = format!("end {ending:?} by {at:?}");
        let request = EndSessions { client: Client::unmetered(), session, which };
        let told = |ended: &Ended| Answer::Ended(ended.count);
        self.simple(&note, request, meanwhile, told, |model, now| match at {
            Some(at) => model.end(at, ending, now),
            None => INVALID.into(),
        })?;
        Ok(())
    }

    pub(super) fn enrol(
        &mut self,
        session: u8,
        password: Pw,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let typed = self.password(at.map_or(0, |at| self.model.sessions[at].who), password);
        let note = format!("enrol an app by {at:?} with {typed:?}");
        let password = Password::typed(typed).unwrap();
        let request = EnrolTotp { client: Client::unmetered(), session, password };
        let told = |enrolment: &TotpEnrolment| {
            let TotpEnrolment { expires_at, expires_in, .. } = *enrolment;
            Answer::Enrolment { expires_at, expires_in }
        };
        let end = self.simple(&note, request, meanwhile, told, |model, now| match at {
            Some(at) => model.enrol(at, typed, now),
            None => INVALID.into(),
        })?;
        if let (Some(enrolment), Some(at)) = (granted(&end), at) {
            self.model.told_secret(at, &enrolment.secret);
        }
        Ok(())
    }

    pub(super) fn confirm(
        &mut self,
        session: u8,
        code: App,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let who = at.map_or(0, |at| self.model.sessions[at].who);
        let typed = self.app(who, code);
        let note = format!("confirm the app by {at:?}: {code:?} {typed:?}");
        let request = ConfirmTotp { client: Client::unmetered(), session, code: Code::typed(&typed) };
        let told = |issued: &RecoveryCodesIssued| Answer::Issued(issued.codes.len());
        let end = self.simple(&note, request, meanwhile, told, |model, now| match at {
            Some(at) => model.confirm(at, &typed, now),
            None => INVALID.into(),
        })?;
        if let (Some(issued), Some(at)) = (granted(&end), at) {
            self.issued(at, issued);
        }
        Ok(())
    }

    /// Recovery codes were told.
    pub(super) fn issued(&mut self, at: usize, issued: &RecoveryCodesIssued) {
        let who = self.model.sessions[at].who;
        self.model.told_codes(at, &issued.codes);
        let codes = issued.codes.iter().map(|code| (who, code.expose().to_owned()));
        self.given.drawer.extend(codes);
    }

    pub(super) fn enable_mail(
        &mut self,
        session: u8,
        password: Pw,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let Some((at, session)) = self.pick_session(session) else { return Ok(()) };
        let typed = self.password(at.map_or(0, |at| self.model.sessions[at].who), password);
        let note = format!("have mailed codes asked for by {at:?} with {typed:?}");
        let password = Password::typed(typed).unwrap();
        let request = EnableMailedCode { client: Client::unmetered(), session, password };
        self.simple(
            &note,
            request,
            meanwhile,
            |_| Answer::Enabled,
            |model, now| match at {
                Some(at) => model.enable_mail(at, typed, now),
                None => INVALID.into(),
            },
        )?;
        Ok(())
    }

    pub(super) fn suspend(&mut self, who: u8, on: bool, meanwhile: &Meanwhile<'_>) -> Result<(), String> {
        let (who, identifier) = Self::person(who);
        let note = format!("suspend {identifier:?}: {on}");
        let request = SetSuspended { account: self.account_id(who), suspended: on };
        let told = |suspended: &Suspended| Answer::Suspended(suspended.sessions_ended);
        self.simple(&note, request, meanwhile, told, |model, now| model.suspend(who, on, now))?;
        Ok(())
    }
}

pub(super) fn shown(info: &SessionInfo) -> Shown {
    Shown {
        who: Story::number(&info.account),
        methods: info.methods.clone(),
        proven: {
            let mut proven = info.proven.clone();
            proven.sort_unstable();
            proven
        },
        aal: info.aal,
        label: info.label.as_str().to_owned(),
        created_at: info.created_at,
        last_used_at: info.last_used_at,
        expires_at: info.expires_at,
        idle_expires_at: info.idle_expires_at,
        current: info.current,
    }
}
