//! What a story may ask the model: what lives, and which situations were met.
#![allow(dead_code, clippy::indexing_slicing, missing_docs, unreachable_pub, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

use countersign::*;

use super::answer::Answer;
use super::entering::Proven;
use super::model::Model;
use super::ops::App;
use super::story::Story;
use super::typed::{Typed, canonical, canonical_drawer};

impl Proven {
    pub(super) fn has_mailbox(&self) -> bool {
        !self.methods.contains(&Method::Password)
    }
}

/// Whether something is there, as far as a clock that never fell back can tell.
impl Model {
    pub(super) fn is_mail_live(&self, at: usize, wall: i128) -> bool {
        !self.by_mail[at].over && wall < self.by_mail[at].ends
    }

    pub(super) fn is_link_live(&self, at: usize, wall: i128) -> bool {
        self.links[at].account.is_some() && wall < self.links[at].ends
    }

    pub(super) fn is_grant_live(&self, at: usize, wall: i128) -> bool {
        !self.grants[at].over && wall < self.grants[at].ends
    }

    pub(super) fn is_login_live(&self, at: usize, wall: i128) -> bool {
        !self.logins[at].over && wall < self.logins[at].ends
    }

    /// The password of an account; of nobody's, one that nobody ever chose.
    pub(super) fn password_of(&self, who: usize) -> &'static str {
        self.accounts[who].as_ref().map_or("never chosen", |account| account.password)
    }

    /// Whether a ticket is the present one of a device.
    pub(super) fn is_device_live(&self, ticket: usize, wall: i128) -> bool {
        self.devices.iter().any(|device| device.ticket == ticket && !device.over && wall < device.ends)
    }

    pub(super) fn is_session_live(&self, at: usize, wall: i128) -> bool {
        !self.sessions[at].over && wall < self.session_ends(at)
    }

    /// The code of a sign-in by mail, whether or not it has expired.
    pub(super) fn mail_code_of(&self, at: usize) -> Option<&str> {
        self.by_mail[at].code.text.as_deref()
    }

    /// Whether a sign-in ended by wrong proofs.
    pub(super) fn is_burned(&self, at: usize) -> bool {
        self.logins[at].wrong >= self.settings.codes.max_attempts
    }

    /// Whether the account of a sign-in has changed since.
    pub(super) fn is_dead(&self, at: usize) -> bool {
        let made_for = self.logins[at].account;
        self.accounts[self.logins[at].who].as_ref().is_some_and(|account| account.generation != made_for)
    }

    /// Whether a mailed code, typed for this sign-in, is one that is or was its, and no longer good.
    fn is_expired(&self, at: usize, wall: i128) -> bool {
        self.logins[at].code.as_ref().is_some_and(|code| code.ends <= wall)
    }
}

impl Story {
    /// Notes which situation a second factor met.
    pub(super) fn met_by(&mut self, login: Option<usize>, who: usize, typed: &Typed) {
        let Some(answer) = self.last.clone() else { return };
        let account = self.model.accounts[who].as_ref();
        let shut = match &answer {
            Answer::Refused(Refusal::Limited { rule, .. }) => rule.starts_with("guesses"),
            Answer::Refused(Refusal::FactorDisabled) => true,
            _ => false,
        };
        let wrong = matches!(answer, Answer::Refused(Refusal::InvalidProof { .. }));
        let situation = match typed {
            Typed::App(_) if shut => Some("locked_totp"),
            Typed::Mailed(_) if shut => Some("locked_mailed_code"),
            Typed::Drawer(_) if shut => Some("locked_recovery_code"),
            Typed::Password(_) if shut => Some("locked_password"),
            Typed::App(raw) if wrong => {
                let app = account.and_then(|account| account.app.as_ref());
                let last = app.and_then(|app| app.used.iter().max()).copied().unwrap_or_default();
                let replayed = self.app(who, App::Replayed) == canonical(raw);
                let period = i128::from(self.settings.totp.period_seconds) * 1000;
                let now = self.now().div_euclid(period);
                let steps = self.settings.totp;
                let window = now - i128::from(steps.steps_back)..=now + i128::from(steps.steps_forward);
                (replayed && window.contains(&i128::from(last))).then_some("replayed_step")
            }
            Typed::Mailed(raw) if wrong => {
                let now = self.now();
                let late = login.filter(|at| self.model.is_expired(*at, now));
                let right =
                    late.and_then(|at| self.model.login_code(at)).is_some_and(|it| it == canonical(raw));
                right.then_some("expired_mailed_code")
            }
            Typed::Drawer(raw) if wrong => {
                let told = self.given.drawer.iter().any(|(_, code)| *code == canonical_drawer(raw));
                told.then_some("used_recovery_code")
            }
            _ => None,
        };
        if let Some(situation) = situation {
            self.met(situation);
        }
        let Some(at) = login else { return };
        if wrong && self.model.is_burned(at) {
            self.met("burned_login");
        }
        if answer == super::answer::INVALID && self.model.is_dead(at) {
            self.met("dead_login");
        }
    }
}
