//! How an account is secured: what is on, turning it off, new recovery codes.

use alloc::vec::Vec;

use super::enrol::{RecoveryCodesIssued, changed, issue, no};
use super::sessions::{ALWAYS, Freshness, SignedInAs, signed_in_as, signed_in_requests};
use crate::assurance::{Method, Methods};
use crate::flow::desk::Opened;
use crate::flow::sign_in::signed_in::required;
use crate::machine::MachineError;
use crate::machine::turn::{Cx, Decision, Next};
use crate::record::Account;
use crate::{
    Client, EventKind, Factor, MessageKind, Password, Refusal, Session, Ticket, Timestamp, Todo, Verdict,
};

/// Ask how the account is secured.
///
/// Refused: [`Refusal::InvalidSession`], [`Refusal::Limited`] by the client's rules.
#[derive(Clone, Debug)]
pub struct ListFactors {
    /// Who sends the request.
    pub client: Client,
    /// The session.
    pub session: Ticket<Session>,
}

/// Declares a change of what signs in, by somebody who has freshly proven all that does.
macro_rules! change {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            /// Who sends the request.
            pub client: Client,
            /// The session.
            pub session: Ticket<Session>,
            /// The password, if it was asked for again with the request; without it, it must have been proven within the last minutes.
            pub password: Option<Password>,
        }
    };
}
pub(super) use change;

change! {
    /// Turn the authenticator app off. Its recovery codes die with it (R53), the other sessions end, and this one loses what it had by the
    /// app (B118).
    ///
    /// Refused: [`Refusal::InvalidSession`], [`Refusal::StepUpRequired`], [`Refusal::InvalidCredentials`], [`Refusal::NotEnrolled`],
    /// [`Refusal::LastFactor`], [`Refusal::Limited`] by the client's, the password's or the notices' rules,
    /// [`Refusal::FactorDisabled`].
    DisableTotp
}

change! {
    /// Have sign-ins no longer ask for a mailed code.
    ///
    /// Refused: as [`DisableTotp`].
    DisableMailedCode
}

change! {
    /// Have new recovery codes issued; those from before are dead from this commit on (R50). Only an account with an authenticator app has
    /// any (B101).
    ///
    /// Refused: as [`DisableTotp`], but for the last factor.
    RegenerateRecoveryCodes
}

/// How an account is secured.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Secured {
    /// Whether an authenticator app is on.
    pub totp: bool,
    /// Whether mailed codes are on.
    pub mailed_code: bool,
    /// When an enrolment that waits for its first code ends.
    pub enrolment_expires_at: Option<Timestamp>,
    /// How many recovery codes are left. The codes themselves are never told again (R54).
    pub recovery_codes_left: usize,
    /// Since a second factor was said to be lost: when the wait is over and when it has to be begun again.
    pub recovery: Option<(Timestamp, Timestamp)>,
    /// How many signed-in sessions there are.
    pub sessions: usize,
    /// How many trusted devices there are.
    pub devices: usize,
    /// What has to be done before anything else.
    pub required: Vec<Todo>,
}

/// A second factor is off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FactorRemoved;

signed_in_requests!(
    ListFactors -> Secured,
    DisableTotp -> FactorRemoved,
    DisableMailedCode -> FactorRemoved,
    RegenerateRecoveryCodes -> RecoveryCodesIssued,
);

impl SignedInAs<Secured> for ListFactors {
    const FRESH: Freshness = Freshness::Any;
    const WHILE_DUE: &'static [Todo] = ALWAYS;

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        desk: Opened<Account>,
        _: usize,
    ) -> Result<Decision<Secured>, MachineError> {
        let (row, notices) = (desk.row, desk.notices());
        let Account { factors, sessions, devices, .. } = &desk.record;
        let secured = Secured {
            totp: factors.totp.is_some(),
            mailed_code: factors.mailed_code,
            enrolment_expires_at: factors.pending.as_ref().map(|pending| pending.expires_at),
            recovery_codes_left: factors.recovery_codes_left(),
            recovery: factors.lost.as_ref().map(|lost| (lost.ready_at, lost.expires_at)),
            sessions: sessions.len(),
            devices: devices.len(),
            required: required(cx.policy, &desk.record),
        };
        let change = desk.put_back(cx)?;
        Ok(Decision::new(change, Next::Done(Verdict::Granted(secured))).events(cx, &row, notices))
    }
}

/// Turns a second factor off.
fn remove(
    cx: &mut Cx<'_>,
    mut desk: Opened<Account>,
    at: usize,
    factor: Factor,
) -> Result<Decision<FactorRemoved>, MachineError> {
    let factors = &desk.record.factors;
    let (on, other) = match factor {
        Factor::Totp => (factors.totp.is_some(), factors.mailed_code),
        _ => (factors.mailed_code, factors.totp.is_some()),
    };
    if !on {
        return no(cx, desk, Refusal::NotEnrolled, None);
    }
    if cx.policy.settings().factors.required && !other {
        return no(cx, desk, Refusal::LastFactor, None);
    }
    if let Err(refusal) = desk.may_notify(cx) {
        return no(cx, desk, refusal, None);
    }
    if factor == Factor::Totp {
        desk.record.disable_totp();
        // No session keeps an assurance that nothing on the account gives any more.
        let gone = Methods::of(&[Method::Totp, Method::RecoveryCode]);
        desk.record.sessions.iter_mut().for_each(|session| session.proven.forget(gone));
    } else {
        desk.record.factors.mailed_code = false;
    }
    let told = [EventKind::FactorDisabledByOwner { factor }];
    changed(cx, &mut desk, at, told, MessageKind::FactorRemoved(factor))?.granted(cx, desk, FactorRemoved)
}

impl SignedInAs<FactorRemoved> for DisableTotp {
    const FRESH: Freshness = Freshness::Full;
    const WHILE_DUE: &'static [Todo] = &[];

    fn password(&self) -> Option<&Password> {
        self.password.as_ref()
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        desk: Opened<Account>,
        at: usize,
    ) -> Result<Decision<FactorRemoved>, MachineError> {
        remove(cx, desk, at, Factor::Totp)
    }
}

impl SignedInAs<FactorRemoved> for DisableMailedCode {
    const FRESH: Freshness = Freshness::Full;
    const WHILE_DUE: &'static [Todo] = &[];

    fn password(&self) -> Option<&Password> {
        self.password.as_ref()
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        desk: Opened<Account>,
        at: usize,
    ) -> Result<Decision<FactorRemoved>, MachineError> {
        remove(cx, desk, at, Factor::MailedCode)
    }
}

impl SignedInAs<RecoveryCodesIssued> for RegenerateRecoveryCodes {
    const FRESH: Freshness = Freshness::Full;
    const WHILE_DUE: &'static [Todo] = &[Todo::RegenerateRecoveryCodes];

    fn password(&self) -> Option<&Password> {
        self.password.as_ref()
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        at: usize,
    ) -> Result<Decision<RecoveryCodesIssued>, MachineError> {
        if desk.record.factors.totp.is_none() {
            return no(cx, desk, Refusal::NotEnrolled, None);
        }
        if let Err(refusal) = desk.may_notify(cx) {
            return no(cx, desk, refusal, None);
        }
        let codes = issue(cx, &mut desk);
        let told = [EventKind::RecoveryCodesIssued];
        changed(cx, &mut desk, at, told, MessageKind::RecoveryCodesIssued)?.granted(
            cx,
            desk,
            RecoveryCodesIssued { codes },
        )
    }
}
