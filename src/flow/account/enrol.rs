//! Adding a second factor, by somebody who is signed in and gives the password again.
//!
//! Adding one raises the account's generation: sign-ins that wait, codes and links made before are dead. It ends the
//! other sessions, which were begun with less (B107), and tells the owner's address (NIST 800-63B-4 §4.6).

use alloc::vec::Vec;
use core::time::Duration;

use super::sessions::{Bearer, Freshness, SignedInAs, signed_in_as, signed_in_requests};
use crate::factor::{Algorithm, RecoveryCode, TotpParams, TotpSecret};
use crate::flow::desk::{Opened, shut};
use crate::flow::limited;
use crate::flow::sign_in::prove::refusal;
use crate::machine::MachineError;
use crate::machine::turn::{Cx, Decision, Next};
use crate::record::{Account, PendingTotp, Shown, StoredSession};
use crate::throttle::Shut;
use crate::{
    Client, Code, Envelope, EventKind, Factor, Identifier, MessageKind, Password, Refusal, Session, Ticket,
    Timestamp, Todo, Verdict,
};

/// Begin to set up an authenticator app: makes a secret for it.
///
/// Until a code of the app came back ([`ConfirmTotp`]) it gates nothing and replaces nothing (R86). A later one takes the place
/// of one that still waits.
///
/// Refused: [`Refusal::InvalidSession`], [`Refusal::InvalidCredentials`], [`Refusal::Limited`] by the client's rules or the
/// password's budget, [`Refusal::FactorDisabled`], and [`Refusal::StepUpRequired`] where the account asks for more than the password
/// and this session has not proven that within the last minutes (R88), and [`Refusal::FactorNotAllowed`] where the address was never
/// proven (R90).
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

/// Have sign-ins ask for a mailed code. While an authenticator app is on, that one is asked for instead.
///
/// Refused: [`Refusal::InvalidSession`], [`Refusal::InvalidCredentials`], [`Refusal::Limited`] by the client's rules or the
/// password's budget, [`Refusal::FactorDisabled`], [`Refusal::StepUpRequired`], and [`Refusal::FactorNotAllowed`] where the policy
/// takes no mailed codes as second factor, or the address was never proven.
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
    const FRESH: Freshness = Freshness::Binding;
    const WHILE_DUE: &'static [Todo] = &[Todo::EnrolFactor, Todo::RegenerateRecoveryCodes];

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
        // An app on an account whose mailbox is another's would shut out its true owner (R90, B114).
        if desk.record.unproven {
            return no(cx, desk, Refusal::FactorNotAllowed, None);
        }
        let settings = cx.policy.settings().totp;
        let params = TotpParams::new(Algorithm::Sha1, settings.digits, settings.period_seconds);
        let params = params.map_err(|_| MachineError::Misuse("a policy with impossible codes"))?;
        let secret = TotpSecret::draw(&mut cx.draw, settings.secret_bits);
        let expires_at = desk.now.saturating_add(settings.enrolment);
        let gone = MachineError::Misuse("no session there");
        let root = desk.record.sessions.get(at).ok_or(gone)?.root();
        let pending = PendingTotp::new(&desk.key, &secret, params, (root, expires_at), &mut cx.draw)?;
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
    const FRESH: Freshness = Freshness::Any;
    const WHILE_DUE: &'static [Todo] = &[Todo::EnrolFactor, Todo::RegenerateRecoveryCodes];

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        at: usize,
    ) -> Result<Decision<RecoveryCodesIssued>, MachineError> {
        let factor = Factor::Totp;
        if let Err(refusal) = desk.may_notify(cx) {
            return no(cx, desk, refusal, None);
        }
        let root = desk.record.sessions.get(at).map(StoredSession::root);
        // What a session began ends with it: another one has nothing to confirm.
        let pending = desk.record.factors.pending.clone().filter(|pending| Some(pending.root) == root);
        let Some(pending) = pending else {
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
        desk.record.ledger.rebound(factor);
        let codes = issue(cx, &mut desk);
        // An app that is shown is not lost.
        desk.record.factors.lost = None;
        added(cx, desk, at, factor, RecoveryCodesIssued { codes })
    }
}

impl SignedInAs<FactorEnabled> for EnableMailedCode {
    const FRESH: Freshness = Freshness::Full;
    const WHILE_DUE: &'static [Todo] = &[Todo::EnrolFactor];

    fn password(&self) -> Option<&Password> {
        Some(&self.password)
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        at: usize,
    ) -> Result<Decision<FactorEnabled>, MachineError> {
        // Nor may a mailbox be asked for that the owner has not shown to be his (R90).
        if !cx.policy.settings().factors.mailed_code || desk.record.unproven {
            return no(cx, desk, Refusal::FactorNotAllowed, None);
        }
        if desk.record.factors.mailed_code {
            // It is on already: nothing changes, and nobody needs to be told.
            let change = desk.put_back(cx)?;
            return Ok(Decision::new(change, Next::Done(Verdict::Granted(FactorEnabled))));
        }
        if let Err(refusal) = desk.may_notify(cx) {
            return no(cx, desk, refusal, None);
        }
        desk.record.factors.mailed_code = true;
        added(cx, desk, at, Factor::MailedCode, FactorEnabled)
    }
}

/// Issues recovery codes in place of all earlier ones.
pub(super) fn issue(cx: &mut Cx<'_>, desk: &mut Opened<Account>) -> Vec<RecoveryCode> {
    let settings = cx.policy.settings().recovery_codes;
    let codes: Vec<_> =
        (0..settings.count).map(|_| RecoveryCode::draw(&mut cx.draw, settings.bits)).collect();
    desk.record.factors.issue(&desk.key, &codes);
    desk.record.ledger.rebound(Factor::RecoveryCode);
    codes
}

/// What follows an added factor.
fn added<O>(
    cx: &mut Cx<'_>,
    mut desk: Opened<Account>,
    at: usize,
    factor: Factor,
    granted: O,
) -> Result<Decision<O>, MachineError> {
    let told = [EventKind::FactorEnabled { factor }];
    let issued = (factor == Factor::Totp).then_some(EventKind::RecoveryCodesIssued);
    changed(cx, &mut desk, at, told.into_iter().chain(issued), MessageKind::FactorAdded(factor))?
        .granted(cx, desk, granted)
}

/// What follows every change of what signs in: the other sessions end, what was made for the account as it was is dead, and the owner
/// is told.
pub(super) fn changed(
    cx: &mut Cx<'_>,
    desk: &mut Opened<Account>,
    at: usize,
    told: impl IntoIterator<Item = EventKind>,
    notice: MessageKind,
) -> Result<Changed, MachineError> {
    let mut events = desk.notices();
    let devices = desk.record.devices.len();
    desk.record.raise();
    let count = desk.record.sessions.end(|index, _| index != at);
    events.extend(told);
    events.extend((count > 0).then_some(EventKind::SessionsEnded { count }));
    events.extend((devices > 0).then_some(EventKind::DevicesForgotten { count: devices }));
    let mail = desk.notify(cx, notice)?;
    events.push(EventKind::NoticeSent { notice: mail.kind.name() });
    Ok(Changed { events, mail })
}

/// A change that is to be committed, and told.
pub(super) struct Changed {
    events: Vec<EventKind>,
    mail: Envelope,
}

impl Changed {
    pub(super) fn granted<O>(
        self,
        cx: &mut Cx<'_>,
        desk: Opened<Account>,
        granted: O,
    ) -> Result<Decision<O>, MachineError> {
        let (row, account) = (desk.row, desk.record.credentials(&desk.key)?.id);
        let mut decision = Decision::new(desk.put(cx)?, Next::Done(Verdict::Granted(granted)));
        decision.mail.push(self.mail);
        Ok(decision.events(cx, &row, self.events).about(&account))
    }
}

/// A no, after which the record is written: the password that was compared counts.
pub(super) fn no<O>(
    cx: &mut Cx<'_>,
    desk: Opened<Account>,
    refusal: Refusal,
    told: impl IntoIterator<Item = EventKind>,
) -> Result<Decision<O>, MachineError> {
    let (row, notices) = (desk.row, desk.notices());
    let decision = Decision::new(desk.put(cx)?, Next::Done(Verdict::Refused(refusal)));
    Ok(decision.events(cx, &row, told).events(cx, &row, notices))
}
