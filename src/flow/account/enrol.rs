//! Adding a second factor, by somebody who is signed in and gives the password again.
//!
//! Adding one raises the account's generation: sign-ins that wait, codes and links made before are dead. It ends the
//! other sessions, which were begun with less (B107), and tells the owner's address (NIST 800-63B-4 §4.6).

use alloc::vec::Vec;
use core::time::Duration;

use super::sessions::{Bearer, SignedInAs, proven, signed_in_as, signed_in_requests};
use crate::assurance::Method;
use crate::factor::{Algorithm, RecoveryCode, TotpParams, TotpSecret};
use crate::flow::desk::{Opened, shut};
use crate::flow::limited;
use crate::flow::sign_in::prove::refusal;
use crate::machine::MachineError;
use crate::machine::turn::{Cx, Decision, Next};
use crate::record::{Account, PendingTotp, Shown};
use crate::throttle::Shut;
use crate::{
    Client, Code, Envelope, EventKind, Factor, Identifier, MessageKind, Password, Refusal, Session, Ticket,
    Timestamp, Verdict,
};

/// Begin to set up an authenticator app: makes a secret for it.
///
/// Until a code of the app came back ([`ConfirmTotp`]) it gates nothing and replaces nothing (R86). A later one takes the place
/// of one that still waits.
///
/// Refused: [`Refusal::InvalidSession`], [`Refusal::InvalidCredentials`], [`Refusal::Limited`] by the client's rules or the
/// password's budget, [`Refusal::FactorDisabled`], and [`Refusal::StepUpRequired`] where the account has an app already and this
/// session was begun with neither it nor a recovery code (R88).
#[derive(Clone, Debug)]
pub struct EnrolTotp {
    /// Who sends the request.
    pub client: Client,
    /// The session.
    pub session: Ticket<Session>,
    /// The account's password.
    pub password: Password,
}

/// Confirm an authenticator app by a code of it. From then on sign-ins ask for one.
///
/// The code's step is spent: the same code does not sign in (R87). New recovery codes are issued; earlier ones are dead.
///
/// Refused: [`Refusal::InvalidSession`], [`Refusal::NothingPending`], [`Refusal::InvalidProof`], [`Refusal::Limited`] by the
/// client's rules or the budget for such codes. While that is disabled, one wrong code ends the enrolment.
#[derive(Clone, Debug)]
pub struct ConfirmTotp {
    /// Who sends the request.
    pub client: Client,
    /// The session.
    pub session: Ticket<Session>,
    /// The code that the app shows.
    pub code: Code,
}

/// Have sign-ins ask for a mailed code. While an authenticator app is on, that one is asked for instead, so that this takes
/// nothing away from it and needs no proof of it.
///
/// Refused: [`Refusal::InvalidSession`], [`Refusal::InvalidCredentials`], [`Refusal::Limited`] by the client's rules or the
/// password's budget, [`Refusal::FactorDisabled`], and [`Refusal::FactorNotAllowed`] where the policy takes no mailed codes as
/// second factor.
#[derive(Clone, Debug)]
pub struct EnableMailedCode {
    /// Who sends the request.
    pub client: Client,
    /// The session.
    pub session: Ticket<Session>,
    /// The account's password.
    pub password: Password,
}

/// What an authenticator app needs, shown this once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TotpEnrolment {
    /// The secret. [`OtpauthUri`](crate::factor::OtpauthUri) makes of it what the app scans.
    pub secret: TotpSecret,
    /// Whose it is: the identifier the account was signed up with, for the app to show.
    pub identifier: Identifier,
    /// How codes are made from it.
    pub params: TotpParams,
    /// When it ends if it is not confirmed.
    pub expires_at: Timestamp,
    /// The time until then.
    pub expires_in: Duration,
}

/// Recovery codes, shown this once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecoveryCodesIssued {
    /// Each works once.
    pub codes: Vec<RecoveryCode>,
}

/// A second factor is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FactorEnabled;

signed_in_requests!(
    EnrolTotp -> TotpEnrolment,
    ConfirmTotp -> RecoveryCodesIssued,
    EnableMailedCode -> FactorEnabled,
);

impl SignedInAs<TotpEnrolment> for EnrolTotp {
    fn password(&self) -> Option<&Password> {
        Some(&self.password)
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        at: usize,
    ) -> Result<Decision<TotpEnrolment>, MachineError> {
        let (row, notices) = (desk.row, desk.notices());
        if step_up_required(&desk, at) {
            return no(cx, desk, Refusal::StepUpRequired, None);
        }
        let settings = cx.policy.settings().totp;
        let params = TotpParams::new(Algorithm::Sha1, settings.digits, settings.period_seconds);
        let params = params.map_err(|_| MachineError::Misuse("a policy with impossible codes"))?;
        let secret = TotpSecret::draw(&mut cx.draw, settings.secret_bits);
        let expires_at = desk.now.saturating_add(settings.enrolment);
        let pending = PendingTotp::new(&desk.key, &secret, params, expires_at, &mut cx.draw)?;
        desk.record.factors.pending = Some(pending);
        let expires_in = expires_at.since(cx.now);
        let identifier = desk.record.credentials(&desk.key)?.identifier;
        let enrolment = TotpEnrolment { secret, identifier, params, expires_at, expires_in };
        Ok(Decision::new(desk.put(cx)?, Next::Done(Verdict::Granted(enrolment)))
            .event(cx, &row, EventKind::EnrolmentStarted)
            .events(cx, &row, notices))
    }
}

impl SignedInAs<RecoveryCodesIssued> for ConfirmTotp {
    fn decide(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        at: usize,
    ) -> Result<Decision<RecoveryCodesIssued>, MachineError> {
        let factor = Factor::Totp;
        let Some(pending) = desk.record.factors.pending.clone() else {
            return no(cx, desk, Refusal::NothingPending, None);
        };
        // To bind an app anew is what ends its being disabled (R2), so that only a wait refuses here.
        let disabled = match desk.may_guess(cx, factor) {
            Ok(()) => false,
            Err(Shut::Disabled) => true,
            Err(closed) => return limited(cx, desk, Self::OPERATION, shut(cx, closed)),
        };
        let shown = Shown { code: &self.code, now: desk.now, settings: &cx.policy.settings().totp };
        let Some(totp) = pending.confirm(&desk.key, &shown)? else {
            let locked = desk.charge_guess(cx, factor);
            if disabled {
                // No budget is left to bound the next guess: it takes another enrolment, and the password.
                desk.record.factors.pending = None;
            }
            let refusal = refusal(cx, &mut desk, factor);
            let quota = desk.guess_quota(cx, factor);
            let told = [EventKind::FactorRejected { factor }].into_iter().chain(locked);
            return Ok(no(cx, desk, refusal, told)?.limit(quota));
        };
        desk.record.factors.pending = None;
        desk.record.factors.totp = Some(totp);
        // Bound anew: what was guessed at the app before is over (R2).
        desk.guesses(factor).reset();
        let settings = cx.policy.settings().recovery_codes;
        let codes: Vec<_> =
            (0..settings.count).map(|_| RecoveryCode::draw(&mut cx.draw, settings.bits)).collect();
        desk.record.factors.issue(&desk.key, &codes);
        desk.guesses(Factor::RecoveryCode).reset();
        let decision = added(cx, desk, at, factor, RecoveryCodesIssued { codes })?;
        Ok(decision)
    }
}

impl SignedInAs<FactorEnabled> for EnableMailedCode {
    fn password(&self) -> Option<&Password> {
        Some(&self.password)
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        at: usize,
    ) -> Result<Decision<FactorEnabled>, MachineError> {
        if !cx.policy.settings().factors.mailed_code {
            return no(cx, desk, Refusal::FactorNotAllowed, None);
        }
        if desk.record.factors.mailed_code {
            // It is on already: nothing changes, and nobody needs to be told.
            let change = desk.put_back(cx)?;
            return Ok(Decision::new(change, Next::Done(Verdict::Granted(FactorEnabled))));
        }
        desk.record.factors.mailed_code = true;
        added(cx, desk, at, Factor::MailedCode, FactorEnabled)
    }
}

/// Whether the account has an authenticator app that this session was not begun with.
fn step_up_required(desk: &Opened<Account>, at: usize) -> bool {
    let shown = proven(desk, at);
    let strong = shown.has(Method::Totp) || shown.has(Method::RecoveryCode);
    desk.record.factors.totp.is_some() && !strong
}

/// What follows an added factor.
fn added<O>(
    cx: &mut Cx<'_>,
    mut desk: Opened<Account>,
    at: usize,
    factor: Factor,
    granted: O,
) -> Result<Decision<O>, MachineError> {
    let (row, mut told) = (desk.row, desk.notices());
    desk.record.raise();
    let count = desk.record.sessions.end(|index, _| index != at);
    told.push(EventKind::FactorEnabled { factor });
    if factor == Factor::Totp {
        told.push(EventKind::RecoveryCodesIssued);
    }
    if count > 0 {
        told.push(EventKind::SessionsEnded { count });
    }
    let credentials = desk.record.credentials(&desk.key)?;
    let mut decision = Decision::new(desk.put(cx)?, Next::Done(Verdict::Granted(granted)));
    decision.mail = Some(Envelope::notice(credentials.address, MessageKind::FactorAdded(factor), cx.now));
    Ok(decision.events(cx, &row, told).about(&credentials.id))
}

/// A no, after which the record is written: the password that was compared counts.
fn no<O>(
    cx: &mut Cx<'_>,
    desk: Opened<Account>,
    refusal: Refusal,
    told: impl IntoIterator<Item = EventKind>,
) -> Result<Decision<O>, MachineError> {
    let (row, notices) = (desk.row, desk.notices());
    let decision = Decision::new(desk.put(cx)?, Next::Done(Verdict::Refused(refusal)));
    Ok(decision.events(cx, &row, told).events(cx, &row, notices))
}
