//! What the model says to whoever is signed in, and to the host about an account.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use std::collections::BTreeSet;

use countersign::factor::{Regenerate, TotpSecret};
use countersign::policy::RecoveryCodes;
use countersign::*;

use super::answer::{Answer, Entered, Expected, INVALID, Mail, Shown};
use super::model::{App, Desk, Door, Model, Session, public};
use crate::otp::limits::ms;

/// Which sessions are to end.
#[derive(Clone, Copy, Debug)]
pub enum Ending {
    This,
    Others,
    All,
    One(usize),
    /// A name that no session has.
    Unknown,
}

impl Model {
    /// Somebody is signed in. The oldest of too many sessions goes.
    pub(super) fn sign_in(
        &mut self,
        desk: &Desk,
        who: usize,
        methods: BTreeSet<Method>,
        weak: bool,
        label: &str,
    ) -> Entered {
        let sessions = self.settings.sessions;
        let (began, ends) = (desk.now, desk.now + ms(sessions.life));
        let listed = methods.iter().copied().collect();
        let (aal, label) = (level(&methods), label.to_owned());
        let (used, over, dropped) = (began, false, false);
        self.sessions.push(Session { who, methods, label, began, ends, used, over, dropped });
        let live: Vec<usize> = self.live_sessions(who, desk.now).collect();
        let over = live.len().saturating_sub(usize::from(sessions.per_account));
        for at in &live[..over] {
            (self.sessions[*at].over, self.sessions[*at].dropped) = (true, true);
        }
        let idle = self.idle_ends(self.sessions.len() - 1);
        let RecoveryCodes { warn_at, require_at, .. } = self.settings.recovery_codes;
        let account = self.account(who);
        let (left, on) = (account.left.len(), account.app.is_some() || account.mailed);
        let regenerate = match account.app {
            Some(_) if left <= usize::from(require_at) => Regenerate::Required,
            Some(_) if left <= usize::from(warn_at) => Regenerate::Advised,
            _ => Regenerate::None,
        };
        let todo = [
            (self.settings.factors.required && !on, Todo::EnrolFactor),
            (weak, Todo::ChangePassword),
            (regenerate == Regenerate::Required, Todo::RegenerateRecoveryCodes),
        ];
        Entered {
            who,
            methods: listed,
            aal,
            expires_at: desk.told(ends),
            idle_expires_at: idle.map(|at| desk.told(at)),
            codes_left: on.then_some(left),
            regenerate,
            todo: todo.into_iter().filter(|(due, _)| *due).map(|(_, todo)| todo).collect(),
        }
    }

    /// The desk for a session, if it is there. Its use is noted, as exactly as the policy says.
    fn at_session(&mut self, at: usize, wall: i128) -> Option<Desk> {
        let Session { who, over, used, .. } = self.sessions[at];
        let mut desk = self.open(Door::Account(who), wall);
        if over || self.session_ends(at) <= desk.now {
            self.close(&desk, false);
            return None;
        }
        if desk.now - used > ms(self.settings.sessions.touch) {
            self.sessions[at].used = desk.now;
            desk.dirty = true;
        }
        Some(desk)
    }

    fn shown(&self, desk: &Desk, at: usize, current: bool) -> Shown {
        let Session { who, methods, label, began, ends, used, .. } = self.sessions[at].clone();
        Shown {
            who,
            aal: level(&methods),
            methods: methods.into_iter().collect(),
            label,
            created_at: desk.told(began),
            last_used_at: desk.told(used),
            expires_at: desk.told(ends),
            idle_expires_at: self.idle_ends(at).map(|at| desk.told(at)),
            current,
        }
    }

    pub fn check(&mut self, at: usize, wall: i128) -> Expected {
        let Some(desk) = self.at_session(at, wall) else { return INVALID.into() };
        self.close(&desk, false);
        Answer::Session(self.shown(&desk, at, true)).into()
    }

    pub fn list(&mut self, at: usize, wall: i128) -> Expected {
        let Some(desk) = self.at_session(at, wall) else { return INVALID.into() };
        self.close(&desk, false);
        let all = self.live_sessions(self.sessions[at].who, desk.now);
        Answer::Sessions(all.map(|it| self.shown(&desk, it, it == at)).collect()).into()
    }

    /// The sessions that a list has to name, in its order.
    pub fn listed(&self, at: usize, wall: i128) -> Vec<usize> {
        let who = self.sessions[at].who;
        let desk = self.open(Door::Account(who), wall);
        self.live_sessions(who, desk.now).collect()
    }

    pub fn end(&mut self, at: usize, which: Ending, wall: i128) -> Expected {
        let Some(desk) = self.at_session(at, wall) else { return INVALID.into() };
        let count = self.end_sessions(&desk, self.sessions[at].who, |it| match which {
            Ending::This => it == at,
            Ending::Others => it != at,
            Ending::All => true,
            Ending::One(one) => it == one,
            Ending::Unknown => false,
        });
        self.close(&desk, true);
        Answer::Ended(count).into()
    }

    fn end_sessions(&mut self, desk: &Desk, who: usize, ends: impl Fn(usize) -> bool) -> usize {
        let over: Vec<usize> = self.live_sessions(who, desk.now).filter(|at| ends(*at)).collect();
        over.iter().for_each(|at| self.sessions[*at].over = true);
        over.len()
    }

    /// The password is asked for again. The no to a wrong one, or to any while the budget is shut.
    fn password(&mut self, desk: &Desk, who: usize, password: &str) -> Option<Expected> {
        if let Some(shut) = self.shut(desk, Factor::Password) {
            self.close(desk, false);
            return Some(shut);
        }
        let right = password == self.passwords[who];
        self.guess(desk, Factor::Password, right);
        if right {
            return None;
        }
        self.close(desk, true);
        Some(Expected::from(Refusal::InvalidCredentials).hashing(1))
    }

    /// Whether the account has an app, and the session was begun without it or what stands in for it.
    fn step_up(&mut self, at: usize) -> bool {
        let Session { who, methods, .. } = self.sessions[at].clone();
        let strong = methods.contains(&Method::Totp) || methods.contains(&Method::RecoveryCode);
        self.account(who).app.is_some() && !strong
    }

    /// An app is to be set up. Its secret is noted later, when an answer told it.
    pub fn enrol(&mut self, at: usize, password: &str, wall: i128) -> Expected {
        let Some(desk) = self.at_session(at, wall) else { return INVALID.into() };
        let who = self.sessions[at].who;
        if let Some(refused) = self.password(&desk, who, password) {
            return refused;
        }
        self.close(&desk, true);
        if self.step_up(at) {
            return Expected::from(Refusal::StepUpRequired { offered: vec![] }).hashing(1);
        }
        let ends = desk.now + ms(self.settings.totp.enrolment);
        self.account(who).pending = Some((None, ends));
        let expires_at = desk.told(ends);
        let expires_in = expires_at.since(public(wall));
        Expected::from(Answer::Enrolment { expires_at, expires_in }).hashing(1)
    }

    /// The secret of the app that waits was told, unless another took its place already.
    pub fn told_secret(&mut self, at: usize, secret: &TotpSecret) {
        let who = self.sessions[at].who;
        let pending = self.account(who).pending.iter_mut().filter(|(told, _)| told.is_none());
        pending.for_each(|(told, _)| *told = Some(secret.clone()));
    }

    /// The recovery codes were told.
    pub fn told_codes(&mut self, at: usize, codes: &[RecoveryCode]) {
        let who = self.sessions[at].who;
        let left = self.account(who).left.iter_mut().filter(|told| told.is_none());
        left.zip(codes).for_each(|(told, code)| *told = Some(code.expose().to_owned()));
    }

    pub fn confirm(&mut self, at: usize, raw: &str, wall: i128) -> Expected {
        let Some(desk) = self.at_session(at, wall) else { return INVALID.into() };
        let (who, factor) = (self.sessions[at].who, Factor::Totp);
        let Some((secret, _)) = self.account(who).pending.clone().filter(|(_, ends)| desk.now < *ends) else {
            self.close(&desk, true);
            return Refusal::NothingPending.into();
        };
        // What was failed too often in a row is to be bound anew (R2): that is no reason to refuse here.
        let shut = self.shut(&desk, factor);
        let disabled =
            shut.as_ref().is_some_and(|shut| shut.answer == Answer::Refused(Refusal::FactorDisabled));
        if let Some(shut) = shut.filter(|_| !disabled) {
            self.close(&desk, false);
            return shut;
        }
        let Some(step) = self.step(&desk, secret.as_ref(), &[], raw) else {
            self.guess(&desk, factor, false);
            let attempts_left = self.left(&desk, factor);
            if disabled {
                // One try for each time that the password was given.
                self.account(who).pending = None;
            }
            self.close(&desk, true);
            return Refusal::InvalidProof { factor, attempts_left }.into();
        };
        let count = self.settings.recovery_codes.count;
        let account = self.account(who);
        account.pending = None;
        // That code does not sign in.
        account.app = Some(App { secret, used: vec![step] });
        account.left = vec![None; usize::from(count)];
        // Bound anew: what was guessed before is over (R2).
        let record = self.record(&desk);
        let anew = [Factor::Totp, Factor::RecoveryCode];
        self.guesses.retain(|guess| guess.record != record || !anew.contains(&guess.factor));
        self.added(&desk, at, factor, Answer::Issued(count.into()))
    }

    pub fn enable_mail(&mut self, at: usize, password: &str, wall: i128) -> Expected {
        let Some(desk) = self.at_session(at, wall) else { return INVALID.into() };
        let who = self.sessions[at].who;
        if let Some(refused) = self.password(&desk, who, password) {
            return refused;
        }
        let refused = if !self.settings.factors.mailed_code {
            Some(Answer::Refused(Refusal::FactorNotAllowed))
        } else {
            // It is on already: nobody needs to be told.
            self.account(who).mailed.then_some(Answer::Enabled)
        };
        if let Some(refused) = refused {
            self.close(&desk, true);
            return Expected::from(refused).hashing(1);
        }
        self.account(who).mailed = true;
        self.added(&desk, at, Factor::MailedCode, Answer::Enabled).hashing(1)
    }

    /// A factor was added: the owner is told, other sessions end, whatever waits is dead.
    fn added(&mut self, desk: &Desk, at: usize, factor: Factor, answer: Answer) -> Expected {
        let who = self.sessions[at].who;
        self.raise(who);
        self.end_sessions(desk, who, |it| it != at);
        self.close(desk, true);
        let mail = Mail {
            kind: MessageKind::FactorAdded(factor).name(),
            to: self.addresses[who].to_owned(),
            code: false,
            expires_at: None,
            link_expires_at: None,
            suppressed: false,
        };
        Expected { mail: Some(mail), ..answer.into() }
    }

    /// What opens the account has changed: nothing made for it as it was is worth anything.
    fn raise(&mut self, who: usize) {
        self.account(who).generation += 1;
        self.logins.iter_mut().filter(|login| login.who == who).for_each(|login| login.over = true);
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
}

/// 2 for something known with something had; a mailbox is neither.
fn level(methods: &BTreeSet<Method>) -> u8 {
    let had = methods.contains(&Method::Totp) || methods.contains(&Method::RecoveryCode);
    if methods.contains(&Method::Password) && had { 2 } else { 1 }
}
