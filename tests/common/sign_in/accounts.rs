//! What the model says to whoever is signed in, and to the host about an account.
#![allow(clippy::result_large_err, clippy::large_enum_variant, reason = "tests")]
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use core::time::Duration;
use std::collections::BTreeSet;

use countersign::factor::{Regenerate, TotpSecret};
use countersign::policy::RecoveryCodes;
use countersign::*;

use super::answer::{Answer, Entered, Expected, INVALID, Shown};
use super::model::{App, Desk, Door, Model, Pending, Proven, Session, public};
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

/// The required actions that end with another authenticator app.
const BINDS: [Todo; 2] = [Todo::EnrolFactor, Todo::RegenerateRecoveryCodes];

impl Model {
    /// Somebody is signed in. The oldest of too many sessions goes.
    pub(super) fn sign_in(
        &mut self,
        desk: &Desk,
        who: usize,
        proven: Proven,
        weak: bool,
        label: &str,
    ) -> Expected {
        let sessions = self.settings.sessions;
        let (began, ends) = (desk.now, desk.now + ms(sessions.life));
        let methods: BTreeSet<Method> = proven.keys().copied().collect();
        let (used, over, dropped) = (began, false, false);
        let label = label.to_owned();
        let root = self.sessions.len();
        self.sessions.push(Session { who, root, proven, label, began, ends, used, over, dropped });
        let live: Vec<usize> = self.live_sessions(who, desk.now).collect();
        let over = live.len().saturating_sub(usize::from(sessions.per_account));
        for at in &live[..over] {
            (self.sessions[*at].over, self.sessions[*at].dropped) = (true, true);
        }
        let idle = self.idle_ends(self.sessions.len() - 1);
        let account = self.account(who);
        let (left, on) = (account.left.len(), account.app.is_some() || account.mailed);
        let (required, regenerate) = (self.required(who), self.regenerate(who));
        let advised = [
            (weak, Todo::ChangePassword),
            (regenerate == Regenerate::Required, Todo::RegenerateRecoveryCodes),
        ];
        let advised = advised.into_iter().filter(|(due, todo)| *due && !required.contains(todo));
        let entered = Entered {
            who,
            address: self.address(who),
            aal: level(&methods),
            methods: methods.into_iter().collect(),
            expires_at: desk.told(ends),
            idle_expires_at: idle.map(|at| desk.told(at)),
            codes_left: on.then_some(left),
            regenerate,
            todo: required.iter().copied().chain(advised.map(|(_, todo)| todo)).collect(),
            required,
            device: false,
        };
        Expected::from(Answer::SignedIn(entered)).making(self.sessions.len() - 1)
    }

    /// The owner hears of every recovery code that is used.
    pub(super) fn used(&mut self, desk: &Desk, who: usize, method: Method, told: Expected) -> Expected {
        let mention = MessageKind::RecoveryCodeUsed { left: self.account(who).left.len() };
        let used = method == Method::RecoveryCode;
        Expected { mail: used.then(|| self.mention(desk, who, &mention)).flatten(), ..told }
    }

    fn regenerate(&self, who: usize) -> Regenerate {
        let RecoveryCodes { warn_at, require_at, .. } = self.settings.recovery_codes;
        let account = self.accounts[who].as_ref();
        match account.filter(|account| account.app.is_some()).map(|account| account.left.len()) {
            Some(left) if left <= usize::from(require_at) => Regenerate::Required,
            Some(left) if left <= usize::from(warn_at) => Regenerate::Advised,
            _ => Regenerate::None,
        }
    }

    /// What must be done before a session is worth anything else.
    pub(super) fn required(&self, who: usize) -> Vec<Todo> {
        let on = self.accounts[who].as_ref().is_some_and(|account| account.app.is_some() || account.mailed);
        let codes = self.settings.actions.regenerate_codes && self.regenerate(who) == Regenerate::Required;
        let all = [
            (self.accounts[who].as_ref().is_some_and(|account| account.asked), Todo::ChangePassword),
            (self.settings.factors.required && !on, Todo::EnrolFactor),
            (codes, Todo::RegenerateRecoveryCodes),
        ];
        all.into_iter().filter(|(due, _)| *due).map(|(_, todo)| todo).collect()
    }

    /// The desk for a session, if it is there. Its use is noted, as exactly as the policy says.
    pub(super) fn at_session(&mut self, at: usize, wall: i128) -> Option<Desk> {
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

    /// The same, for what may wait until everything that is required was done.
    pub(super) fn at_leisure(&mut self, at: usize, wall: i128) -> Result<Desk, Expected> {
        self.at_due(at, wall, &[])
    }

    /// The same, for what may be asked while one of these is the first that is required.
    pub(super) fn at_due(&mut self, at: usize, wall: i128, these: &[Todo]) -> Result<Desk, Expected> {
        let desk = self.at_session(at, wall).ok_or(INVALID)?;
        let actions = self.required(self.sessions[at].who);
        if actions.first().is_none_or(|first| these.contains(first)) {
            return Ok(desk);
        }
        self.close(&desk, false);
        Err(Refusal::ActionRequired { actions }.into())
    }

    pub(super) fn shown(&self, desk: &Desk, at: usize, current: bool) -> Shown {
        let Session { who, proven, label, began, ends, used, .. } = self.sessions[at].clone();
        let methods = proven.keys().copied().collect();
        Shown {
            who,
            aal: level(&methods),
            methods: methods.into_iter().collect(),
            proven: proven.into_iter().map(|(method, at)| (method, desk.told(at))).collect(),
            label,
            created_at: desk.told(began),
            last_used_at: desk.told(used),
            expires_at: desk.told(ends),
            idle_expires_at: self.idle_ends(at).map(|at| desk.told(at)),
            current,
        }
    }

    pub fn check(&mut self, at: usize, wall: i128) -> Expected {
        let desk = match self.at_leisure(at, wall) {
            Ok(desk) => desk,
            Err(refused) => return refused,
        };
        self.close(&desk, false);
        Answer::Session(self.shown(&desk, at, true)).into()
    }

    pub fn list(&mut self, at: usize, wall: i128) -> Expected {
        let desk = match self.at_leisure(at, wall) {
            Ok(desk) => desk,
            Err(refused) => return refused,
        };
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

    pub(super) fn end_sessions(&mut self, desk: &Desk, who: usize, ends: impl Fn(usize) -> bool) -> usize {
        let over: Vec<usize> = self.live_sessions(who, desk.now).filter(|at| ends(*at)).collect();
        over.iter().for_each(|at| self.sessions[*at].over = true);
        over.len()
    }

    /// The password is asked for again. The no to a wrong one, or to any while the budget is shut.
    pub(super) fn password(&mut self, desk: &Desk, who: usize, password: &str) -> Option<Expected> {
        if let Some(shut) = self.shut(desk, Factor::Password) {
            self.close(desk, false);
            return Some(shut);
        }
        let right = password == self.account(who).password;
        self.guess(desk, Factor::Password, right);
        if right {
            return None;
        }
        self.close(desk, true);
        Some(Expected::from(Refusal::InvalidCredentials).hashing(1))
    }

    /// What a sign-in would ask for beyond what a session has proven within such a time, or just now.
    pub(super) fn stale(
        &self,
        desk: &Desk,
        at: usize,
        just: Option<Method>,
        max_age: Duration,
        binds: bool,
    ) -> Vec<Factor> {
        let Session { who, proven, .. } = &self.sessions[at];
        let fresh = |at: &i128| desk.now - at < ms(max_age);
        let fresh = proven.iter().filter(|(_, at)| fresh(at)).map(|(method, _)| *method);
        let mut fresh: BTreeSet<Method> = fresh.chain(just).collect();
        // A recovery code is there to sign in, and to have the lost app replaced.
        let counts = binds || self.settings.step_up.recovery_code;
        if !counts {
            fresh.remove(&Method::RecoveryCode);
        }
        let first = [Method::Password, Method::MailedCode, Method::MailedLink];
        let first = (!first.iter().any(|method| fresh.contains(method))).then_some(Factor::Password);
        fresh.extend(first.map(|_| Method::Password));
        // The second factor comes before the first: afterwards the first is enough.
        let second = self.asked(*who, &fresh);
        if second.is_empty() {
            return first.into_iter().collect();
        }
        second.into_iter().filter(|factor| counts || *factor != Factor::RecoveryCode).collect()
    }

    /// Somebody signed in asks to change what signs in: the password if it is typed, and whatever is not fresh. The desk, and how many
    /// passwords were hashed.
    pub(super) fn gate(
        &mut self,
        at: usize,
        desk: Result<Desk, Expected>,
        password: Option<&str>,
    ) -> Result<(Desk, usize), Expected> {
        self.gate_for(at, desk, password, false)
    }

    /// The same; a recovery code is fresh enough for what `binds` another app.
    pub(super) fn gate_for(
        &mut self,
        at: usize,
        desk: Result<Desk, Expected>,
        password: Option<&str>,
        binds: bool,
    ) -> Result<(Desk, usize), Expected> {
        let (desk, who) = (desk?, self.sessions[at].who);
        if let Some(refused) = password.and_then(|password| self.password(&desk, who, password)) {
            return Err(refused);
        }
        let (just, hashes) = (password.map(|_| Method::Password), usize::from(password.is_some()));
        let offered = self.stale(&desk, at, just, self.settings.step_up.max_age, binds);
        if offered.is_empty() {
            return Ok((desk, hashes));
        }
        self.close(&desk, password.is_some());
        Err(Expected::from(Refusal::StepUpRequired { offered }).hashing(hashes))
    }

    /// An app is to be set up. Its secret is noted later, when an answer told it.
    pub fn enrol(&mut self, at: usize, password: &str, wall: i128) -> Expected {
        let desk = self.at_due(at, wall, &BINDS);
        let (desk, hashes) = match self.gate_for(at, desk, Some(password), true) {
            Ok(passed) => passed,
            Err(refused) => return refused,
        };
        self.close(&desk, true);
        let ends = desk.now + ms(self.settings.totp.enrolment);
        let who = self.sessions[at].who;
        let root = self.sessions[at].root;
        self.account(who).pending = Some(Pending { secret: None, ends, root });
        let expires_at = desk.told(ends);
        let expires_in = expires_at.since(public(wall));
        Expected::from(Answer::Enrolment { expires_at, expires_in }).hashing(hashes)
    }

    /// The secret of the app that waits was told, unless another took its place already.
    pub fn told_secret(&mut self, at: usize, secret: &TotpSecret) {
        let who = self.sessions[at].who;
        let pending = self.account(who).pending.iter_mut().filter(|it| it.secret.is_none());
        pending.for_each(|it| it.secret = Some(secret.clone()));
    }

    /// The recovery codes were told.
    pub fn told_codes(&mut self, at: usize, codes: &[RecoveryCode]) {
        let who = self.sessions[at].who;
        let left = self.account(who).left.iter_mut().filter(|told| told.is_none());
        left.zip(codes).for_each(|(told, code)| *told = Some(code.expose().to_owned()));
    }

    pub fn confirm(&mut self, at: usize, raw: &str, wall: i128) -> Expected {
        let desk = match self.at_due(at, wall, &BINDS) {
            Ok(desk) => desk,
            Err(refused) => return refused,
        };
        let (who, factor, root) = (self.sessions[at].who, Factor::Totp, self.sessions[at].root);
        if let Some(untold) = self.untold(&desk, who) {
            self.close(&desk, true);
            return untold;
        }
        let pending = self.account(who).pending.clone();
        let Some(Pending { secret, .. }) = pending.filter(|it| desk.now < it.ends && it.root == root) else {
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
        let account = self.account(who);
        account.pending = None;
        // That code does not sign in.
        account.app = Some(App { secret, used: vec![step] });
        let issued = self.issue(&desk, who);
        self.bound_anew(&desk, factor);
        self.changed(&desk, at, &MessageKind::FactorAdded(factor), issued)
    }

    pub fn enable_mail(&mut self, at: usize, password: &str, wall: i128) -> Expected {
        let desk = self.at_due(at, wall, &[Todo::EnrolFactor]);
        let (desk, hashes) = match self.gate(at, desk, Some(password)) {
            Ok(passed) => passed,
            Err(refused) => return refused,
        };
        let who = self.sessions[at].who;
        let refused = if !self.settings.factors.mailed_code {
            Some(Refusal::FactorNotAllowed.into())
        } else if self.account(who).mailed {
            // It is on already: nobody needs to be told.
            Some(Answer::Enabled.into())
        } else {
            self.untold(&desk, who)
        };
        if let Some(refused) = refused {
            self.close(&desk, true);
            return refused.hashing(hashes);
        }
        self.account(who).mailed = true;
        let factor = MessageKind::FactorAdded(Factor::MailedCode);
        self.changed(&desk, at, &factor, Answer::Enabled).hashing(hashes)
    }

    /// New recovery codes take the place of all others.
    pub(super) fn issue(&mut self, desk: &Desk, who: usize) -> Answer {
        let count = self.settings.recovery_codes.count;
        self.account(who).left = vec![None; usize::from(count)];
        self.bound_anew(desk, Factor::RecoveryCode);
        Answer::Issued(count.into())
    }

    /// What was guessed at a factor before, by whomever, is over (R2).
    pub(super) fn bound_anew(&mut self, desk: &Desk, factor: Factor) {
        let record = self.record(desk);
        self.guesses.retain(|guess| guess.record != record || guess.factor != factor);
    }

    /// What signs in was changed: the owner is told, other sessions end, whatever was made for the account as it was is dead.
    pub(super) fn changed(&mut self, desk: &Desk, at: usize, kind: &MessageKind, answer: Answer) -> Expected {
        let who = self.sessions[at].who;
        self.raise(who);
        self.end_sessions(desk, who, |it| it != at);
        let mail = Some(self.notify(desk, who, kind));
        self.close(desk, true);
        Expected { mail, ..answer.into() }
    }

    /// What opens the account has changed: nothing made for it as it was is worth anything.
    pub(super) fn raise(&mut self, who: usize) {
        let account = self.account(who);
        account.generation += 1;
        // What an operator began is for somebody whose password may be lost as well.
        account.lost.take_if(|lost| !lost.by_operator);
        self.lost_codes.iter_mut().filter(|code| code.who == who).for_each(|code| code.over = true);
        self.logins.iter_mut().filter(|login| login.who == who).for_each(|login| login.over = true);
        self.step_ups.iter_mut().filter(|code| code.who == who).for_each(|code| code.over = true);
        self.grants.iter_mut().filter(|grant| grant.who == who).for_each(|grant| grant.over = true);
        self.devices.iter_mut().filter(|device| device.who == who).for_each(|device| device.over = true);
    }
}

/// 2 for something known with something had; a mailbox is neither.
fn level(methods: &BTreeSet<Method>) -> u8 {
    let had = methods.contains(&Method::Totp) || methods.contains(&Method::RecoveryCode);
    if methods.contains(&Method::Password) && had { 2 } else { 1 }
}
