//! What the model says to whoever is signed in and proves more, or changes what signs in.
#![allow(clippy::result_large_err, clippy::large_enum_variant, reason = "tests")]
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use std::collections::BTreeSet;

use countersign::*;

use super::answer::{Answer, Expected, Factors, INVALID};
use super::model::{Desk, Door, Model};
use super::typed::Typed;

/// The first turn of a change of the password is over: so is the operation, or the second follows, for the account as it was.
#[derive(Clone, Debug)]
pub enum Compared {
    Told(Expected),
    Go(u32),
}

impl Model {
    /// Another factor is proven, or the same anew: another session takes the place of this one.
    pub fn step_up(&mut self, at: usize, given: &Typed, label: &str, wall: i128) -> Expected {
        let Some(desk) = self.at_session(at, wall) else { return INVALID.into() };
        let (who, factor) = (self.sessions[at].who, given.factor());
        let mailed = self.step_up_code(at, desk.now).filter(|_| factor == Factor::MailedCode);
        let (method, hashes) = if let Typed::Password(raw) = given {
            if let Some(refused) = self.password(&desk, who, raw) {
                return refused;
            }
            (Method::Password, 1)
        } else {
            let account = self.account(who);
            let there = match factor {
                Factor::Totp => account.app.is_some(),
                Factor::RecoveryCode => !account.left.is_empty(),
                Factor::MailedCode | Factor::Password => mailed.is_some(),
            };
            if !there {
                // There is nothing to compare with, and nothing is counted.
                self.close(&desk, true);
                return Refusal::InvalidProof { factor, attempts_left: 0 }.into();
            }
            if let Some(shut) = self.shut(&desk, factor) {
                self.close(&desk, false);
                return shut;
            }
            let method = match (mailed, given) {
                (Some(code), Typed::Mailed(raw)) => self.take_step_up_code(&desk, code, raw),
                _ => self.take(&desk, who, given, None),
            };
            self.guess(&desk, factor, method.is_some());
            let Some(method) = method else {
                let attempts_left = self.left(&desk, factor);
                self.close(&desk, true);
                return Refusal::InvalidProof { factor, attempts_left }.into();
            };
            (method, 0)
        };
        self.sessions[at].proven.insert(method, desk.now);
        let all = self.sessions[at].proven.clone();
        let methods: BTreeSet<Method> = all.keys().copied().collect();
        let offered = self.asked(who, &methods);
        let told = if offered.is_empty() {
            self.sessions[at].over = true;
            let entered = self.sign_in(&desk, who, all, false, label);
            let root = self.sessions[at].root;
            self.sessions.last_mut().unwrap().root = root;
            self.used(&desk, who, method, entered)
        } else {
            // A device let past a factor, or it is newer than the session: that one comes first.
            self.met.push("another_first");
            Refusal::StepUpRequired { offered }.into()
        };
        self.close(&desk, true);
        told.hashing(hashes)
    }

    /// The present password is compared, and the new one judged.
    pub fn compare(&mut self, at: usize, current: &str, new: &str, wall: i128) -> Compared {
        let desk = self.at_due(at, wall, &[Todo::ChangePassword]);
        let (desk, hashes) = match self.gate(at, desk, Some(current)) {
            Ok(passed) => passed,
            Err(refused) => return Compared::Told(refused),
        };
        let (who, min_code_points) = (self.sessions[at].who, self.settings.passwords.min_code_points);
        let refused = if new.chars().count() < min_code_points {
            Some(Refusal::PasswordTooShort { min_code_points }.into())
        } else if new == "password" {
            Some(Refusal::PasswordBlocked(Blocked::Common).into())
        } else {
            (new == current).then(|| Refusal::PasswordBlocked(Blocked::Present).into())
        };
        // However many notices there were: whoever knows the old password may have caused them.
        self.close(&desk, true);
        match refused {
            Some(refused) => Compared::Told(Expected::hashing(refused, hashes)),
            None => Compared::Go(self.account(who).generation),
        }
    }

    /// The new password is set, if the account is still what it was. One session takes the place of all.
    pub fn set_password(
        &mut self,
        at: usize,
        made_for: u32,
        new: &'static str,
        label: &str,
        wall: i128,
    ) -> Expected {
        let who = self.sessions[at].who;
        let desk = self.open(Door::Account(who), wall);
        let gone = self.sessions[at].over || self.session_ends(at) <= desk.now;
        let account = self.account(who);
        if gone || account.generation != made_for || account.suspended {
            self.close(&desk, false);
            return Expected::from(INVALID).hashing(1);
        }
        (account.password, account.pending, account.asked) = (new, None, false);
        self.raise(who);
        self.bound_anew(&desk, Factor::Password);
        let mut all = self.sessions[at].proven.clone();
        all.insert(Method::Password, desk.now);
        self.end_sessions(&desk, who, |_| true);
        let entered = self.sign_in(&desk, who, all, false, label);
        let mail = Some(self.notify(&desk, who, &MessageKind::PasswordChanged));
        self.close(&desk, true);
        Expected { mail, ..entered }.hashing(2)
    }

    /// A second factor is turned off.
    pub fn disable(&mut self, at: usize, factor: Factor, password: Option<&str>, wall: i128) -> Expected {
        let desk = self.at_leisure(at, wall);
        let (desk, hashes) = match self.gate(at, desk, password) {
            Ok(passed) => passed,
            Err(refused) => return refused,
        };
        let (who, required) = (self.sessions[at].who, self.settings.factors.required);
        let account = self.account(who);
        let (app, mailed) = (account.app.is_some(), account.mailed);
        let (on, other) = if factor == Factor::Totp { (app, mailed) } else { (mailed, app) };
        let refused = if !on {
            Some(Refusal::NotEnrolled.into())
        } else if required && !other {
            Some(Refusal::LastFactor.into())
        } else {
            self.untold(&desk, who)
        };
        if let Some(refused) = refused {
            self.close(&desk, true);
            return refused.hashing(hashes);
        }
        if factor == Factor::Totp {
            self.forget_app(&desk, who);
        } else {
            self.account(who).mailed = false;
        }
        self.changed(&desk, at, &MessageKind::FactorRemoved(factor), Answer::Removed).hashing(hashes)
    }

    /// The recovery codes go with the app (R53), and so does what sessions had by either.
    pub(super) fn forget_app(&mut self, desk: &Desk, who: usize) {
        let account = self.account(who);
        (account.app, account.pending, account.lost) = (None, None, None);
        account.left.clear();
        for factor in [Factor::Totp, Factor::RecoveryCode] {
            self.bound_anew(desk, factor);
        }
        for session in self.sessions.iter_mut().filter(|session| session.who == who) {
            session.proven.retain(|method, _| !matches!(method, Method::Totp | Method::RecoveryCode));
        }
    }

    pub fn regenerate_codes(&mut self, at: usize, password: Option<&str>, wall: i128) -> Expected {
        let desk = self.at_due(at, wall, &[Todo::RegenerateRecoveryCodes]);
        let (desk, hashes) = match self.gate(at, desk, password) {
            Ok(passed) => passed,
            Err(refused) => return refused,
        };
        let who = self.sessions[at].who;
        let refused = match self.account(who).app {
            None => Some(Refusal::NotEnrolled.into()),
            Some(_) => self.untold(&desk, who),
        };
        if let Some(refused) = refused {
            self.close(&desk, true);
            return refused.hashing(hashes);
        }
        let issued = self.issue(&desk, who);
        self.changed(&desk, at, &MessageKind::RecoveryCodesIssued, issued).hashing(hashes)
    }

    pub fn factors(&mut self, at: usize, wall: i128) -> Expected {
        let Some(desk) = self.at_session(at, wall) else { return INVALID.into() };
        self.close(&desk, false);
        let who = self.sessions[at].who;
        let (sessions, devices) =
            (self.live_sessions(who, desk.now).count(), self.live_devices(who, desk.now).count());
        let required = self.required(who);
        let account = self.account(who);
        let pending = account.pending.as_ref().map(|it| it.ends).filter(|ends| desk.now < *ends);
        account.lost.take_if(|lost| lost.ends <= desk.now);
        Answer::Secured(Factors {
            totp: account.app.is_some(),
            mailed_code: account.mailed,
            enrolment_expires_at: pending.map(|ends| desk.told(ends)),
            codes_left: account.left.len(),
            recovery: account.lost.as_ref().map(|lost| (desk.told(lost.ready), desk.told(lost.ends))),
            sessions,
            devices,
            required,
        })
        .into()
    }
}
