//! What the model says to whoever sets another password in place of a lost one.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use countersign::*;

use super::answer::{Answer, Expected, Granted, INVALID};
use super::model::{Device, Door, Grant, Model, public};
use super::typed::Typed;
use crate::otp::limits::ms;

impl Model {
    /// The account's turn of a recovery: the mailbox was read, and the account is what it was. One right is good at a time.
    pub(super) fn grant(&mut self, who: usize, wall: i128) -> Expected {
        let desk = self.open(Door::Account(who), wall);
        let account = self.account(who);
        // The host's own credential becomes the account's record.
        account.generation = account.generation.max(1);
        let made_for = account.generation;
        let live = self.grants.iter_mut().filter(|it| it.who == who && !it.over && desk.now < it.ends);
        // Wrong proofs shown with an earlier one stay counted (R4).
        let wrong = live.fold(0, |most, it| {
            it.over = true;
            most.max(it.wrong)
        });
        let ends = desk.now + ms(self.settings.codes.recover.session);
        self.grants.push(Grant { who, account: made_for, ends, wrong, over: false });
        self.close(&desk, true);
        let expires_at = desk.told(ends);
        let expires_in = expires_at.since(public(wall));
        let granted = Granted { expires_at, expires_in, asks: self.further(who, desk.now) };
        Expected::from(Answer::Granted(granted)).making(self.grants.len() - 1)
    }

    /// What a new password takes beside the mailbox.
    fn further(&self, who: usize, now: i128) -> Vec<Factor> {
        let Some(account) = self.accounts[who].as_ref().filter(|account| account.app.is_some()) else {
            return vec![];
        };
        let seen_to = account.lost.as_ref().is_some_and(|lost| lost.by_operator && now < lost.ends);
        if seen_to || !self.settings.recovery.further_proof {
            return vec![];
        }
        let drawer = (!account.left.is_empty()).then_some(Factor::RecoveryCode);
        [Factor::Totp].into_iter().chain(drawer).collect()
    }

    /// Another password is to be set, perhaps with a further proof.
    pub fn reset(&mut self, at: usize, new: &'static str, given: Option<&Typed>, wall: i128) -> Expected {
        let Grant { who, account: made_for, ends, over, .. } = self.grants[at];
        let desk = self.open(Door::Account(who), wall);
        let account = self.account(who);
        let same = account.generation == made_for && !account.suspended;
        if over || !same || ends <= desk.now {
            self.close(&desk, false);
            return INVALID.into();
        }
        let (offered, min_code_points) =
            (self.further(who, desk.now), self.settings.passwords.min_code_points);
        let given = given.filter(|given| offered.contains(&given.factor()));
        let refused = if new.chars().count() < min_code_points {
            Some(Refusal::PasswordTooShort { min_code_points })
        } else if new == "password" {
            Some(Refusal::PasswordBlocked(Blocked::Common))
        } else {
            (given.is_none() && !offered.is_empty()).then_some(Refusal::ProofRequired { offered })
        };
        if let Some(refused) = refused {
            // Nothing is used up by it (B075).
            self.close(&desk, false);
            return refused.into();
        }
        let mut method = None;
        if let Some(given) = given {
            let factor = given.factor();
            if let Some(shut) = self.shut(&desk, factor) {
                self.close(&desk, false);
                return shut;
            }
            method = self.take(&desk, who, given, None);
            self.guess(&desk, factor, method.is_some());
            if method.is_none() {
                let attempts_left = self.left(&desk, factor);
                let most = self.settings.codes.max_attempts;
                let grant = &mut self.grants[at];
                grant.wrong += 1;
                grant.over = grant.wrong >= most;
                let burned = grant.over;
                self.met.push(if burned { "burned_grant" } else { "wrong_with_grant" });
                let mail = self.alarm(&desk, who, factor, burned);
                self.close(&desk, true);
                let refused = Expected::from(Refusal::InvalidProof { factor, attempts_left });
                return Expected { mail, ..refused.hashing(1) };
            }
        }
        let account = self.account(who);
        (account.password, account.pending, account.asked, account.old_hash) = (new, None, false, false);
        self.raise(who);
        self.bound_anew(&desk, Factor::Password);
        let ended = self.end_sessions(&desk, who, |_| true);
        // The owner gets in at once on a device, whatever strangers do at the door. It skips nothing.
        let ends = desk.now + ms(self.settings.devices.life);
        let ticket = self.ticket_for(who);
        self.devices.push(Device { who, ticket, previous: None, skips: false, wrong: 0, ends, over: false });
        let told = Answer::Reset { ended, device_ends: desk.told(ends) }.into();
        let told: Expected = match method {
            Some(method) => self.used(&desk, who, method, told),
            None => told,
        };
        let notice = Some(self.notify(&desk, who, &MessageKind::PasswordReset));
        self.close(&desk, true);
        let then = notice.into_iter().collect();
        Expected { then, ticket: Some(ticket), ..told }.hashing(1)
    }
}
