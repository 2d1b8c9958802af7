//! A lost second factor, by somebody who knows the password: a wait of which the owner is told, a link that stops it, and after it a
//! fresh proof of the mailbox. Time alone takes nothing away.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use crate::assurance::Method;
use crate::flow::codes::send;
use crate::flow::codes::session::missing;
use crate::flow::desk::{Opened, shut};
use crate::flow::meter::metered;
use crate::flow::sign_in::factor::{OnLogin, Waiting, on_login};
use crate::flow::sign_in::prove::{alarm, refusal};
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, Machine, MachineError, Request, sealed};
use crate::record::{Account, Ask, Challenge, LostFactor, RecordError, RecordKey, RecordKind, Subject};
use crate::secret::matches;
use crate::{
    CancelLink, Cancelled, Client, Code, Envelope, EventKind, Factor, Locale, Login, MailedLink, MessageKind,
    Operation, Purpose, Refusal, SessionState, Ticket, Timestamp, Verdict,
};

/// Say that the authenticator app is lost, in a sign-in that waits for it; and go on with that when the wait is over.
///
/// The first time, the wait begins and the owner is told, with a link that stops it ([`CancelFactorRecovery`]); so does any use of
/// the app or of a recovery code. Until the wait is over the answer stays the same. After it, each request mails a code for
/// [`ResetFactors`].
///
/// Refused: [`Refusal::InvalidSession`], [`Refusal::NotEnrolled`] where no app is on, [`Refusal::FactorNotAllowed`] where
/// not the password was proven first (one mailbox is not two proofs, R57) or the address never was, [`Refusal::Limited`] by the client's, the
/// notices' or the sending rules.
#[derive(Clone, Debug)]
pub struct RecoverFactor {
    /// Who sends the request.
    pub client: Client,
    /// What proving the password gave.
    pub login: Ticket<Login>,
    /// The language of the message.
    pub locale: Option<Locale>,
}

/// Stop the recovery of a second factor, by the link that was mailed when it began.
///
/// Refused: [`Refusal::InvalidSession`] for a link that is unknown, used or of one that has ended; [`Refusal::Limited`] by the client's
/// rules.
#[derive(Clone, Debug)]
pub struct CancelFactorRecovery {
    /// Who sends the request.
    pub client: Client,
    /// The link's token.
    pub link: Ticket<CancelLink>,
}

/// Turn a lost authenticator app off, with its recovery codes, by the code that was mailed after the wait.
///
/// Nobody is signed in by it. Every session, device and sign-in that waits is dead, and the owner is told.
///
/// Refused: [`Refusal::InvalidSession`], [`Refusal::NothingPending`] where no code was mailed after a wait, [`Refusal::InvalidProof`],
/// [`Refusal::FactorDisabled`], [`Refusal::Limited`] by the client's rules or the budget for mailed codes.
#[derive(Clone, Debug)]
pub struct ResetFactors {
    /// Who sends the request.
    pub client: Client,
    /// What proving the password gave.
    pub login: Ticket<Login>,
    /// The code that was mailed.
    pub code: Code,
}

/// Where the recovery of a second factor stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct FactorRecovery {
    /// When the wait is over.
    pub ready_at: Timestamp,
    /// The time until then, zero if it is over.
    pub ready_in: Duration,
    /// When it has to be begun again.
    pub expires_at: Timestamp,
    /// The code that was just mailed, if the wait is over.
    pub code: Option<SessionState>,
}

/// The lost factor is off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FactorsWereReset {
    /// How many signed-in sessions ended.
    pub sessions_ended: usize,
}

crate::flow::request!(RecoverFactor -> FactorRecovery, on_login);

crate::flow::request!(ResetFactors -> FactorsWereReset, on_login);

/// Begins a wait on the account, and tells the owner.
pub(super) fn begin(
    cx: &mut Cx<'_>,
    desk: &mut Opened<Account>,
    wait: Duration,
    by_operator: bool,
) -> Result<(LostFactor, Envelope, [EventKind; 2]), MachineError> {
    let link = Ticket::<CancelLink>::mint(&desk.row, cx.ring, &mut cx.draw).ok_or(RecordError::Sealed)?;
    let ready_at = desk.now.saturating_add(wait);
    let expires_at = ready_at.saturating_add(cx.policy.settings().recovery.factor_window);
    let cancel = link.digest(&desk.key);
    let lost = LostFactor { cancel, ready_at, expires_at, by_operator };
    // However the one before it ended: a code is for the recovery that it was mailed in (law 5).
    desk.record.ledger.void_codes(Purpose::RecoverFactor);
    desk.record.factors.lost = Some(lost.clone());
    let mut notice = desk.notify(cx, MessageKind::FactorRecoveryStarted { ready_at })?;
    notice.link = Some(MailedLink::Cancel(link));
    notice.link_expires_at = Some(expires_at);
    let sent = EventKind::NoticeSent { notice: notice.kind.name() };
    Ok((lost, notice, [EventKind::FactorRecoveryStarted { ready_at, by_operator }, sent]))
}

fn stands(cx: &Cx<'_>, lost: &LostFactor, code: Option<SessionState>) -> Next<FactorRecovery> {
    let LostFactor { ready_at, expires_at, .. } = *lost;
    let ready_in = ready_at.since(cx.now);
    Next::Done(Verdict::Granted(FactorRecovery { ready_at, ready_in, expires_at, code }))
}

/// Refuses, and erases what was seen expired.
pub(super) fn no<O>(
    cx: &mut Cx<'_>,
    desk: Opened<Account>,
    refusal: Refusal,
) -> Result<Decision<O>, MachineError> {
    let (row, notices) = (desk.row, desk.notices());
    let change = desk.put_back(cx)?;
    Ok(Decision::new(change, Next::Done(Verdict::Refused(refusal))).events(cx, &row, notices))
}

impl OnLogin<FactorRecovery> for RecoverFactor {
    const OPERATION: Operation = Operation::RecoverFactor;

    fn client(&self) -> &Client {
        &self.client
    }
    fn ticket(&self) -> &Ticket<Login> {
        &self.login
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        waiting: Waiting,
        _: Option<&Hashed>,
    ) -> Result<Decision<FactorRecovery>, MachineError> {
        let Waiting { mut desk, subject, proven, .. } = waiting;
        let (row, mut told, purpose) = (desk.row, desk.notices(), Purpose::RecoverFactor);
        if desk.record.factors.totp.is_none() {
            return no(cx, desk, Refusal::NotEnrolled);
        }
        // Nor would a mailbox prove anything that its owner has not shown to be his.
        if !proven.has(Method::Password) || desk.record.unproven {
            return no(cx, desk, Refusal::FactorNotAllowed);
        }
        let Some(lost) = desk.record.factors.lost.clone() else {
            if let Err(refusal) = desk.may_notify(cx) {
                return crate::flow::limited(cx, desk, Self::OPERATION, refusal);
            }
            let wait = cx.policy.settings().recovery.factor_wait;
            let (lost, mut notice, events) = begin(cx, &mut desk, wait, false)?;
            notice.locale = self.locale.clone();
            told.extend(events);
            let mut decision = Decision::new(desk.put(cx)?, stands(cx, &lost, None)).events(cx, &row, told);
            decision.mail.push(notice);
            return Ok(decision);
        };
        if desk.now < lost.ready_at {
            let change = desk.put_back(cx)?;
            return Ok(Decision::new(change, stands(cx, &lost, None)).events(cx, &row, told));
        }
        if let Err(refusal) = desk.may_send(cx, purpose) {
            return crate::flow::limited(cx, desk, Self::OPERATION, refusal);
        }
        // To the address that the sign-in was asked for: a change of address ends what waits.
        let subject = Subject { locale: self.locale.clone(), ask: Ask::RecoverFactor, ..subject };
        let send::Mailed { mail, state, limits, again } =
            send::mail_the_one(cx, &mut desk, purpose, &subject)?;
        told.push(EventKind::CodeSent { purpose, resend: again, suppressed: false });
        let mut decision =
            Decision::new(desk.put(cx)?, stands(cx, &lost, Some(state))).events(cx, &row, told);
        decision.mail.push(mail);
        decision.limits = limits;
        Ok(decision)
    }
}

impl OnLogin<FactorsWereReset> for ResetFactors {
    const OPERATION: Operation = Operation::ResetFactors;

    fn client(&self) -> &Client {
        &self.client
    }
    fn ticket(&self) -> &Ticket<Login> {
        &self.login
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        waiting: Waiting,
        _: Option<&Hashed>,
    ) -> Result<Decision<FactorsWereReset>, MachineError> {
        let Waiting { mut desk, proven, .. } = waiting;
        let (row, mut told, factor) = (desk.row, desk.notices(), Factor::MailedCode);
        let ready = desk.record.factors.lost.as_ref().is_some_and(|lost| desk.now >= lost.ready_at);
        let of_it = |challenge: &Challenge| challenge.purpose == Purpose::RecoverFactor;
        let at = desk.record.ledger.challenges.iter().position(of_it);
        let Some(at) = at.filter(|_| ready && proven.has(Method::Password)) else {
            return no(cx, desk, Refusal::NothingPending);
        };
        if let Err(closed) = desk.may_guess(cx, factor) {
            return crate::flow::limited(cx, desk, Self::OPERATION, shut(cx, closed));
        }
        let right = desk.challenge(at)?.takes(&desk.key, &self.code);
        if !right {
            told.push(EventKind::FactorRejected { factor });
            told.extend(desk.charge_guess(cx, factor));
            told.extend(desk.fail(cx, at));
            let refusal = refusal(cx, &mut desk, factor);
            let quota = desk.guess_quota(cx, factor);
            let alarm = alarm(cx, &mut desk, &told)?;
            let refused = Next::Done(Verdict::Refused(refusal));
            let mut decision = Decision::new(desk.put(cx)?, refused).limit(quota).events(cx, &row, told);
            decision.mail.extend(alarm);
            return Ok(decision);
        }
        told.push(EventKind::FactorAccepted { factor });
        told.extend(desk.guessed_right(cx, factor));
        desk.record.disable_totp();
        desk.record.raise();
        let sessions_ended = desk.record.sessions.end(|_, _| true);
        told.push(EventKind::FactorsReset);
        told.extend((sessions_ended > 0).then_some(EventKind::SessionsEnded { count: sessions_ended }));
        let notice = desk.notify(cx, MessageKind::FactorsReset)?;
        told.push(EventKind::NoticeSent { notice: notice.kind.name() });
        let account = desk.record.credentials(&desk.key)?.id;
        let granted = Next::Done(Verdict::Granted(FactorsWereReset { sessions_ended }));
        let mut decision = Decision::new(desk.put(cx)?, granted).events(cx, &row, told).about(&account);
        decision.mail.push(notice);
        Ok(decision)
    }
}

impl Request for CancelFactorRecovery {}
impl sealed::Begin for CancelFactorRecovery {
    type Output = Cancelled;

    fn begin(self, machine: &Machine) -> sealed::First<Cancelled> {
        let row = self.link.row(machine.ring()).filter(|row| row.kind() == Some(RecordKind::Account));
        let (client, link) = (self.client, self.link);
        metered(machine, &client, Operation::CancelFactorRecovery, move || match row {
            Some(row) => Next::Turn(Box::new(Stop { link: link.clone(), row })),
            None => Next::Done(Verdict::Refused(Refusal::InvalidSession)),
        })
        .into()
    }
}

struct Stop {
    link: Ticket<CancelLink>,
    row: RecordKey,
}

impl Turn<Cancelled> for Stop {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        _: Option<&Hashed>,
    ) -> Result<Decision<Cancelled>, MachineError> {
        let operation = Operation::CancelFactorRecovery;
        let Some(mut desk) = Opened::<Account>::existing(cx, rows, 0)? else {
            return Ok(crate::flow::unknown(cx, self.row, operation));
        };
        let digest = self.link.digest(&desk.key);
        let stopped = desk.record.factors.lost.take_if(|lost| matches(&lost.cancel, &digest));
        if stopped.is_none() {
            return missing(cx, desk, operation);
        }
        desk.record.ledger.spend(Purpose::RecoverFactor);
        let notices = desk.notices();
        Ok(Decision::new(desk.put(cx)?, Next::Done(Verdict::Granted(Cancelled)))
            .event(cx, &self.row, EventKind::FactorRecoveryCancelled)
            .events(cx, &self.row, notices))
    }
}
