//! The requests of whoever wins an account back.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, unreachable_pub, dead_code, reason = "tests")]

use countersign::*;

use super::answer::{Answer, INVALID};
use super::given::pick;
use super::ops::{NewPw, Proof as Wanted};
use super::requests::granted;
use super::story::{Meanwhile, Story};

impl Story {
    pub(super) fn reset(
        &mut self,
        grant: u8,
        new: NewPw,
        proof: Option<&Wanted>,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<(), String> {
        let now = self.now();
        let live = |at: usize| self.model.is_grant_live(at, now);
        let Some((at, grant)) = pick(&self.given.grants, grant, live) else { return Ok(()) };
        let who = at.map_or(0, |at| self.model.grants[at].who);
        let (new, typed) = (Self::new_password(new), proof.map(|proof| self.typed_by(who, None, proof)));
        let note = format!("set {new:?} by {at:?} with {typed:?}");
        let request = ResetPassword {
            client: Client::unmetered(),
            grant,
            password: Password::typed(new).unwrap(),
            proof: typed.as_ref().map(|typed| typed.proof()),
            label: Label::new("at home"),
        };
        let told = |reset: &PasswordWasReset| Answer::Reset {
            ended: reset.sessions_ended,
            device_ends: reset.device_expires_at,
        };
        let (end, expected) = self.turn(&note, request, meanwhile, told, |model, now| match at {
            Some(at) => model.reset(at, new, typed.as_ref(), now),
            None => INVALID.into(),
        })?;
        let ticket = expected.and_then(|expected| expected.ticket);
        self.given.devices.extend(granted(&end).map(|reset| reset.device.clone()).zip(ticket));
        Ok(())
    }
}
