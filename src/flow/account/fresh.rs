//! Whether what a session has proven is fresh enough for what it asks: the gate before every change of credentials, and a question that the
//! host can put for actions of its own.
//!
//! To be signed in is not enough to change what signs in: whoever finds an open browser could take the account over (ASVS 7.5.1, R63).
//! What is asked for is what a sign-in would ask for, proven within the last minutes: at the sign-in itself, by
//! [`StepUp`](crate::StepUp), or by the password typed with the request. A trusted device never counts.

use alloc::vec::Vec;
use core::time::Duration;

use super::enrol::no;
use super::sessions::{ALWAYS, Bearer, Freshness, SessionInfo, SignedInAs, signed_in_as, signed_in_requests};
use crate::assurance::{Method, Methods};
use crate::flow::codes::send;
use crate::flow::desk::Opened;
use crate::flow::sign_in::signed_in::missing;
use crate::machine::MachineError;
use crate::machine::turn::{Cx, Decision, Next};
use crate::record::{Account, Ask, Subject};
use crate::{
    Client, EventKind, Factor, Locale, Purpose, Refusal, Session, SessionState, Ticket, Todo, Verdict,
};

/// Mail a code to step up with ([`Proof::MailedCode`](crate::Proof::MailedCode)).
///
/// Refused: [`Refusal::InvalidSession`], [`Refusal::FactorNotAllowed`] where the address was never proven, [`Refusal::Limited`] by the
/// client's or the sending rules.
#[derive(Clone, Debug)]
pub struct SendStepUpCode {
    /// Who sends the request.
    pub client: Client,
    /// The session.
    pub session: Ticket<Session>,
    /// The language of the message.
    pub locale: Option<Locale>,
}

/// Ask whether a session has proven something a short time ago, before an action of the host's own.
///
/// Refused: as [`CheckSession`](crate::CheckSession), and [`Refusal::StepUpRequired`] if not.
///
/// ```
/// # use core::time::Duration;
/// # use countersign::{Client, Factor, Refusal, RequireFresh, Session, Ticket, Verdict, host::Sentry};
/// # fn show(sentry: &Sentry, session: Ticket<Session>) -> Result<(), Box<dyn std::error::Error>> {
/// let within = Duration::from_secs(10 * 60);
/// let request = RequireFresh { client: Client::unmetered(), session, factor: Some(Factor::Totp), within };
/// match sentry.run(request)?.verdict {
///     Verdict::Granted(who) => println!("{:?} may pay", who.account),
///     Verdict::Refused(Refusal::StepUpRequired { offered }) => println!("first prove {offered:?}"),
///     Verdict::Refused(refusal) => println!("no: {refusal:?}"),
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct RequireFresh {
    /// Who sends the request.
    pub client: Client,
    /// The session.
    pub session: Ticket<Session>,
    /// The factor that must have been proven; `None` for all that a sign-in to the account asks for.
    pub factor: Option<Factor>,
    /// How long ago at most.
    pub within: Duration,
}

signed_in_requests!(SendStepUpCode -> SessionState, RequireFresh -> SessionInfo);

/// What a full sign-in would ask for beyond what is fresh; empty where nothing is. One of these is enough, or leads to the next: the second factor comes
/// first, since a session that a trusted device began has not proven it at all.
///
/// A recovery code signs in, and lets the app be bound anew that was lost. For nothing else it counts as fresh, unless the
/// policy says so (law 4): whoever finds the codes would replace everything else with them.
fn stale(cx: &Cx<'_>, account: &Account, fresh: Methods, freshness: Freshness) -> Vec<Factor> {
    let counts = freshness == Freshness::Binding || cx.policy.settings().step_up.recovery_code;
    let fresh = if counts { fresh } else { fresh.without(Method::RecoveryCode) };
    let first = fresh.first_factor();
    let second = missing(&account.factors, if first { fresh } else { fresh.with(Method::Password) });
    if second.is_empty() && !first {
        return alloc::vec![Factor::Password];
    }
    second.into_iter().filter(|factor| counts || *factor != Factor::RecoveryCode).collect()
}

/// Refuses a session whose proofs are too old to change credentials; `just` is what came with the request.
pub(in crate::flow) fn gate(
    cx: &Cx<'_>,
    desk: &Opened<Account>,
    at: usize,
    just: Methods,
    freshness: Freshness,
) -> Option<Refusal> {
    if freshness == Freshness::Any {
        return None;
    }
    let max_age = cx.policy.settings().step_up.max_age;
    let session = desk.record.sessions.get(at);
    let fresh = session.map_or_else(Methods::default, |session| session.proven.within(max_age, desk.now));
    let offered = stale(cx, &desk.record, fresh.and(just), freshness);
    (!offered.is_empty()).then_some(Refusal::StepUpRequired { offered })
}

/// Where the code is that was mailed for a session to step up with.
pub(super) fn mailed_for(desk: &Opened<Account>, session: &[u8; 8]) -> Result<Option<usize>, MachineError> {
    for (at, challenge) in desk.record.ledger.challenges.iter().enumerate() {
        if challenge.purpose == Purpose::StepUp
            && matches!(challenge.subject(&desk.key)?.ask, Ask::StepUp { session: of } if of == *session)
        {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

impl SignedInAs<SessionState> for SendStepUpCode {
    const FRESH: Freshness = Freshness::Any;
    const WHILE_DUE: &'static [Todo] = ALWAYS;

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        at: usize,
    ) -> Result<Decision<SessionState>, MachineError> {
        let (row, notices, purpose) = (desk.row, desk.notices(), Purpose::StepUp);
        // No code goes to an address that its owner has not proven (B097).
        if desk.record.unproven {
            return no(cx, desk, Refusal::FactorNotAllowed, None);
        }
        if let Err(refusal) = desk.may_send(cx, purpose) {
            return crate::flow::limited(cx, desk, Self::OPERATION, refusal);
        }
        let gone = MachineError::Misuse("no session there");
        let session = desk.record.sessions.get(at).ok_or(gone)?.id();
        let credentials = desk.record.credentials(&desk.key)?;
        let subject = Subject {
            address: Some(credentials.address).filter(|address| address != credentials.identifier.address()),
            identifier: credentials.identifier,
            locale: self.locale.clone(),
            account: Some((credentials.id, desk.record.generation)),
            answerable: true,
            ask: Ask::StepUp { session },
        };
        let send::Mailed { mail, state, limits, .. } = send::mail_the_one(cx, &mut desk, purpose, &subject)?;
        let sent = EventKind::CodeSent { purpose, resend: false, suppressed: false };
        let mut decision = Decision::new(desk.put(cx)?, Next::Done(Verdict::Granted(state)))
            .event(cx, &row, sent)
            .events(cx, &row, notices);
        decision.mail.push(mail);
        decision.limits = limits;
        Ok(decision)
    }
}

impl SignedInAs<SessionInfo> for RequireFresh {
    const FRESH: Freshness = Freshness::Any;
    const WHILE_DUE: &'static [Todo] = &[];

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        desk: Opened<Account>,
        at: usize,
    ) -> Result<Decision<SessionInfo>, MachineError> {
        let gone = MachineError::Misuse("no session there");
        let session = desk.record.sessions.get(at).ok_or(gone)?;
        let fresh = session.proven.within(self.within, desk.now);
        let proven = |factor| match factor {
            Factor::Password => fresh.has(Method::Password),
            Factor::MailedCode => fresh.mailbox(),
            Factor::Totp => fresh.has(Method::Totp),
            Factor::RecoveryCode => fresh.has(Method::RecoveryCode),
        };
        let offered = match self.factor {
            Some(factor) if proven(factor) => Vec::new(),
            Some(factor) => alloc::vec![factor],
            None => stale(cx, &desk.record, fresh, Freshness::Full),
        };
        let (row, mut told) = (desk.row, desk.notices());
        let verdict = if offered.is_empty() {
            let credentials = desk.record.credentials(&desk.key)?;
            Verdict::Granted(SessionInfo::of(cx, &desk, &credentials, session, true)?)
        } else {
            told.push(EventKind::StepUpRequired);
            Verdict::Refused(Refusal::StepUpRequired { offered })
        };
        let change = desk.put_back(cx)?;
        Ok(Decision::new(change, Next::Done(verdict)).events(cx, &row, told))
    }
}
