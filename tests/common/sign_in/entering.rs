//! What the model says to a password; and what it leads to on the account, or what a mailbox does.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use std::collections::BTreeSet;

use countersign::policy::*;
use countersign::*;

use super::answer::{Answer, Asked, Entered, Expected};
use super::model::{Desk, Door, Login, Model, Slot};
use super::typed::{Texts, Typed};
use crate::otp::limits::ms;

/// What a turn at a visitor's door read of the account behind it.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The account, and what it is; `None` where there is none.
    pub(super) account: Option<(usize, u32)>,
    suspended: bool,
    old_hash: bool,
    password: Option<&'static str>,
}

/// Whose first factor was proven, as the account was then.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The account, and the identifier that led to it.
    pub who: usize,
    pub(super) identifier: usize,
    pub(super) account: u32,
    pub(super) methods: BTreeSet<Method>,
    /// The identifier as it was typed, masked.
    pub(super) sent_to: String,
    pub(super) weak: bool,
    pub(super) old_hash: bool,
    /// The ticket of one of the account's devices.
    pub(super) device: Option<usize>,
    /// What is told if the account is another by now.
    pub(super) refusal: Refusal,
    /// Whether a sign-in was asked for; else a right code is all.
    pub(super) enter: bool,
    /// What the mailbox was read for.
    pub(super) purpose: Option<Purpose>,
}

/// The first turn is over: so is the operation, or the account's turn follows.
#[derive(Clone, Debug)]
pub enum Knocked {
    Told(Expected),
    Go(Proven),
}

impl From<Expected> for Knocked {
    fn from(told: Expected) -> Self {
        Self::Told(told)
    }
}

impl Proven {
    pub(super) fn by_password(
        identifier: usize,
        (who, account): (usize, u32),
        sent_to: &str,
        password: &str,
        old_hash: bool,
    ) -> Self {
        Self {
            who,
            identifier,
            account,
            methods: [Method::Password].into(),
            sent_to: sent_to.to_owned(),
            weak: password == "password",
            old_hash,
            device: None,
            refusal: Refusal::InvalidCredentials,
            enter: true,
            purpose: None,
        }
    }

    /// The mailbox of an account was read, for a purpose.
    pub(super) fn by_mailbox(
        identifier: usize,
        (who, account): (usize, u32),
        method: Method,
        purpose: Purpose,
    ) -> Self {
        Self {
            who,
            identifier,
            account,
            methods: [method].into(),
            sent_to: String::new(),
            weak: false,
            old_hash: false,
            device: None,
            refusal: Refusal::InvalidSession,
            enter: true,
            purpose: Some(purpose),
        }
    }

    pub(super) fn on(self, device: usize) -> Self {
        Self { device: Some(device), ..self }
    }
}

impl Model {
    pub fn view(&self, who: usize) -> View {
        let behind = self.directory[who];
        let account = behind.and_then(|at| self.accounts[at].as_ref());
        // What the directory says counts only if the account says so, too.
        let account = account.filter(|account| account.answers.contains(&who));
        View {
            account: behind.zip(account.map(|account| account.generation)),
            suspended: account.is_some_and(|account| account.suspended),
            old_hash: account.is_some_and(|account| account.old_hash),
            password: account.map(|account| account.password),
        }
    }

    /// A password is compared, on the identifier's record.
    pub fn knock(&mut self, who: usize, sent_to: &str, password: &str, view: View, wall: i128) -> Knocked {
        let desk = self.open(Door::Visitor(who), wall);
        if let Some(shut) = self.shut(&desk, Factor::Password) {
            self.close(&desk, false);
            return shut.into();
        }
        let Some(account) = view.account.filter(|_| !view.suspended && view.password == Some(password))
        else {
            self.guess(&desk, Factor::Password, false);
            self.close(&desk, true);
            return Expected::from(Refusal::InvalidCredentials).hashing(1).into();
        };
        self.commit(&desk);
        Knocked::Go(Proven::by_password(who, account, sent_to, password, view.old_hash))
    }

    /// The account's turn: whoever proved a first factor wants in.
    pub fn enter(&mut self, proven: &Proven, given: &Texts, label: &str, wall: i128) -> Expected {
        let Proven { who, identifier, account: made_for, refusal, .. } = proven.clone();
        let account = self.account(who);
        let answers = account.answers.contains(&identifier);
        if account.generation != made_for || account.suspended || !answers {
            return refusal.into();
        }
        if proven.purpose == Some(Purpose::Recover) {
            return self.grant(proven.who, wall);
        }
        if !proven.enter {
            return Answer::Verified(None).into();
        }
        let mut desk = self.open(Door::Account(who), wall);
        // The directory led here by the new identifier: it knows of the change, whether or not anybody came back to say so.
        let moved = if proven.device.is_none() { self.settle(&desk, who, identifier, None) } else { vec![] };
        let told = self.enter_at(&mut desk, proven, given, label);
        Expected { then: moved, ..told }
    }

    /// The same, on the account's record.
    fn enter_at(&mut self, desk: &mut Desk, proven: &Proven, given: &Texts, label: &str) -> Expected {
        let Proven { who, old_hash, .. } = proven.clone();
        let device = proven.device.and_then(|ticket| self.show(desk, who, ticket));
        let account = self.account(who);
        // The host's own credential becomes the account's record.
        account.generation = account.generation.max(1);
        account.old_hash &= !old_hash;
        let hashes = usize::from(old_hash);
        let skips = device.is_some_and(|at| self.skips(at));
        let asked = if skips { vec![] } else { self.asked(who, &proven.methods) };
        let one = match given {
            Texts::Stepwise => None,
            Texts::AtOnce(_) if asked.is_empty() => None,
            // A recovery code, if there is one; else what is asked for first.
            Texts::AtOnce(all) => {
                let of = |factor| all.iter().find(|one| one.factor() == factor);
                of(Factor::RecoveryCode).or_else(|| of(asked[0]))
            }
        };
        let Some(one) = one else {
            return self.go_on(desk, proven, (proven.methods.clone(), device), given, label).hashing(hashes);
        };
        let factor = one.factor();
        let (told, mail) = if !asked.contains(&factor) {
            (Refusal::InvalidProof { factor, attempts_left: 0 }.into(), None)
        } else if let Some(shut) = self.shut(desk, factor) {
            // Whoever got so far knows the password, and the factor was failed until it was disabled.
            let disabled = shut.answer == Answer::Refused(Refusal::FactorDisabled);
            (shut, disabled.then(|| self.alarm(desk, who, factor, false)).flatten())
        } else {
            let at = self.at_once(who, desk).filter(|_| factor == Factor::MailedCode);
            if let Some(method) = self.take(desk, who, one, at) {
                self.guess(desk, factor, true);
                at.into_iter().for_each(|at| self.logins[at].over = true);
                let methods = proven.methods.iter().copied().chain([method]).collect();
                return self.go_on(desk, proven, (methods, device), given, label).hashing(hashes);
            }
            self.guess(desk, factor, false);
            let attempts_left = self.left(desk, factor);
            let burned = at.is_some_and(|at| self.fail(at));
            let mail = self.alarm(desk, who, factor, burned);
            (Refusal::InvalidProof { factor, attempts_left }.into(), mail)
        };
        self.close(desk, true);
        Expected { mail, ..told }.hashing(hashes)
    }

    /// What an account asks for beyond what was proven, in the order in which to offer it.
    pub fn asked(&self, who: usize, proven: &BTreeSet<Method>) -> Vec<Factor> {
        let Some(account) = &self.accounts[who] else { return vec![] };
        let has = |methods: &[Method]| methods.iter().any(|method| proven.contains(method));
        let mailbox = has(&[Method::MailedCode, Method::MailedLink]);
        let first = if has(&[Method::Totp, Method::RecoveryCode]) {
            None
        } else if account.app.is_some() {
            Some(Factor::Totp)
        } else if !account.mailed {
            None
        } else if !mailbox {
            Some(Factor::MailedCode)
        } else if !has(&[Method::Password]) {
            Some(Factor::Password)
        } else {
            None
        };
        let drawer = first.filter(|_| !account.left.is_empty()).map(|_| Factor::RecoveryCode);
        first.into_iter().chain(drawer).collect()
    }

    /// The sign-in that waits for a mailed code and has no ticket.
    fn at_once(&self, who: usize, desk: &Desk) -> Option<usize> {
        let it = |login: &Login| login.who == who && login.at_once && !login.over && desk.now < login.ends;
        self.logins.iter().position(it)
    }

    /// Signs in, or asks for what is missing; and commits. A device that was shown gets another ticket with what is granted.
    fn go_on(
        &mut self,
        desk: &Desk,
        proven: &Proven,
        (methods, device): (BTreeSet<Method>, Option<usize>),
        given: &Texts,
        label: &str,
    ) -> Expected {
        let skips = device.is_some_and(|at| self.skips(at));
        let asked = self.asked(proven.who, &methods);
        let skipped = skips && !asked.is_empty();
        self.met.extend(skipped.then_some("second_factor_skipped"));
        let mut told = if asked.is_empty() || skips {
            let used = methods.iter().copied().find(|method| *method == Method::RecoveryCode);
            let all = methods.into_iter().map(|method| (method, desk.now)).collect();
            let entered = self.sign_in(desk, proven.who, all, proven.weak, label);
            match used {
                Some(method) => self.used(desk, proven.who, method, entered),
                None => entered,
            }
        } else {
            self.ask(desk, proven, methods, asked, matches!(given, Texts::Stepwise))
        };
        match &mut told.answer {
            Answer::SignedIn(Entered { device: told, .. }) | Answer::Second(Asked { device: told, .. }) => {
                *told = device.is_some();
            }
            _ => {
                self.met.extend(device.map(|_| "device_kept_its_ticket"));
                self.close(desk, true);
                return told;
            }
        }
        let ticket = device.map(|at| self.rotate(desk, at, proven.device.unwrap_or_default()));
        self.close(desk, true);
        Expected { ticket, ..told }
    }

    /// Asks for a second factor.
    fn ask(
        &mut self,
        desk: &Desk,
        proven: &Proven,
        methods: BTreeSet<Method>,
        offered: Vec<Factor>,
        stepwise: bool,
    ) -> Expected {
        let (who, purpose) = (proven.who, Purpose::SecondFactor);
        let waiting = self.waiting(who, desk.now).map(|at| &self.logins[at]);
        let here = waiting.filter(|login| login.partition == desk.partition);
        let live: Vec<i128> = here.map(|login| login.ends).collect();
        let full = live.len() >= usize::from(self.settings.factors.pending_logins);
        let first_end = live.into_iter().min().unwrap_or(i128::MAX);
        let rules = if stepwise && full { vec![(RULE_PENDING_LOGINS, first_end)] } else { vec![] };
        if let Some(refused) = desk.limited(&rules) {
            return refused;
        }
        let by_mail = offered[0] == Factor::MailedCode;
        let refused = desk.limited(&self.send_rules(desk, purpose)).filter(|_| by_mail);
        let before = self.at_once(who, desk).filter(|_| !stepwise);
        let is_good = |at: &usize| self.logins[*at].code.as_ref().is_some_and(|code| desk.now < code.ends);
        let mailed = by_mail && refused.is_none();
        let sent_to = by_mail.then(|| proven.sent_to.clone());
        let mut told = Asked { who, ticket: stepwise, offered, mailed, sent_to, state: None, device: false };
        if !stepwise && !by_mail {
            return Answer::Second(told).into();
        }
        let mut at = before;
        if let Some(refused) = refused.filter(|_| !stepwise) {
            // A code that was mailed for the same is still good.
            if before.filter(is_good).is_none() {
                return refused;
            }
        } else {
            let ends = desk.now + ms(self.settings.codes.lifetimes(purpose).session);
            // Wrong guesses at an earlier code for the same stay counted (R4).
            let wrong = before.map_or(0, |at| self.logins[at].wrong);
            before.into_iter().for_each(|at| self.logins[at].over = true);
            let account = self.account(who).generation;
            let code = mailed.then(|| self.mail_code(desk, who, ends));
            let sent_to = proven.sent_to.clone();
            self.logins.push(Login {
                who,
                account,
                proven: methods,
                sent_to,
                at_once: !stepwise,
                partition: desk.partition,
                began: desk.now,
                ends,
                code,
                wrong,
                over: false,
            });
            at = Some(self.logins.len() - 1);
        }
        let mail = at.filter(|_| mailed).map(|at| self.second_factor_mail(desk, at));
        told.state = at.filter(|_| by_mail).map(|at| self.login_state(desk, at));
        let slot = at.filter(|_| mailed).map(Slot::Login);
        Expected { mail, slot, made: at, ..Answer::Second(told).into() }
    }
}

impl Typed {
    pub fn factor(&self) -> Factor {
        match self {
            Self::App(_) => Factor::Totp,
            Self::Mailed(_) => Factor::MailedCode,
            Self::Drawer(_) => Factor::RecoveryCode,
            Self::Password(_) => Factor::Password,
        }
    }
}
