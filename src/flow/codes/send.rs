//! Sending a code: what starting a session and asking for another code have in common.

use crate::flow::desk::{Holder, Opened};
use crate::machine::MachineError;
use crate::machine::turn::{Cx, Decision, Next};
use crate::record::{Account, Ask, Challenge, RecordError, Subject};
use crate::throttle::Quota;
use crate::{
    Envelope, EventKind, MailedLink, MessageKind, OtpSession, Purpose, SessionState, SignInLink, Started,
    Ticket, Timestamp, Verdict,
};

/// The link that goes with a session's first code.
pub(in crate::flow) enum Link {
    None,
    /// One that the record keeps beside its sessions, and that outlives them.
    Kept((MailedLink, Timestamp)),
    /// One that does what the code does, and dies with the session.
    OfSession,
}

/// Starts a session in a record: a ticket, a challenge, a code, perhaps a link, a message.
pub(in crate::flow) fn begin_session<H: Holder>(
    cx: &mut Cx<'_>,
    mut desk: Opened<H>,
    purpose: Purpose,
    subject: &Subject,
    link: Link,
) -> Result<Decision<Started>, MachineError> {
    let (row, notices) = (desk.row, desk.notices());
    let session = Ticket::<OtpSession>::mint(&row, cx.ring, &mut cx.draw).ok_or(RecordError::Sealed)?;
    let ends = desk.now.saturating_add(cx.policy.lifetimes(purpose).session);
    let challenge =
        Challenge::new(&desk.key, session.digest(&desk.key), (purpose, desk.partition), ends, subject)?;
    let challenges = &mut desk.record.ledger().challenges;
    challenges.push(challenge);
    let index = challenges.len().saturating_sub(1);
    let mut envelope = send(cx, &mut desk, index, subject)?;
    let link = match link {
        Link::None => None,
        Link::Kept(link) => Some(link),
        Link::OfSession => Some((link_of_session(cx, &mut desk, index, subject.answerable)?, ends)),
    };
    // Where nobody gets the message, it has no link either: a link is nothing to leave lying in a queue.
    let link = link.filter(|_| subject.answerable);
    (envelope.link, envelope.link_expires_at) = link.unzip();
    let sent = EventKind::CodeSent { purpose, resend: false, suppressed: envelope.suppressed };
    let state = desk.state(cx, index)?;
    let limits = quotas(cx, &mut desk, purpose);
    let started = Started { session, sent_to: subject.identifier.masked(), state };
    let mut decision = Decision::new(desk.put(cx)?, Next::Done(Verdict::Granted(started)))
        .event(cx, &row, EventKind::SessionStarted { purpose })
        .event(cx, &row, sent)
        .events(cx, &row, notices);
    decision.mail.push(envelope);
    decision.limits = limits;
    Ok(decision)
}

/// Makes a link that does what the session's code does. For an unknown identifier the session keeps a digest that no link has.
fn link_of_session<H: Holder>(
    cx: &mut Cx<'_>,
    desk: &mut Opened<H>,
    index: usize,
    answerable: bool,
) -> Result<MailedLink, MachineError> {
    let link = Ticket::<SignInLink>::mint(&desk.row, cx.ring, &mut cx.draw).ok_or(RecordError::Sealed)?;
    let (digest, nothing) = (link.digest(&desk.key), cx.draw.bytes());
    let gone = MachineError::Misuse("no challenge there");
    let challenge = desk.record.ledger().challenges.get_mut(index).ok_or(gone)?;
    challenge.accept_link(if answerable { digest } else { nothing });
    Ok(MailedLink::SignIn(link))
}

/// Draws a code for the challenge at `index`, makes it the newest, charges the send, and addresses the message.
///
/// Where nobody is there to answer, everything is done all the same, with a digest that no code has and a message that
/// is suppressed; the send is charged like any other (law 8, B066).
pub(in crate::flow) fn send<H: Holder>(
    cx: &mut Cx<'_>,
    desk: &mut Opened<H>,
    index: usize,
    subject: &Subject,
) -> Result<Envelope, MachineError> {
    let (now, policy) = (desk.now, cx.policy);
    let code = cx.draw.code(policy.settings().codes.digits);
    let nothing = cx.draw.bytes();
    let kept = policy.codes_kept();
    let gone = MachineError::Misuse("no challenge there");
    if desk.challenge(index)?.purpose == Purpose::SecondFactor {
        // One is live per account: each more would be another chance to guess (law 14).
        desk.record.ledger().void_codes(Purpose::SecondFactor);
    }
    let challenge = desk.record.ledger().challenges.get_mut(index).ok_or(gone)?;
    let purpose = challenge.purpose;
    let expires_at = now.saturating_add(policy.lifetimes(purpose).code).min(challenge.expires_at);
    if subject.answerable {
        challenge.accept(&desk.key, &code, expires_at, kept);
    } else {
        challenge.accept_nothing(nothing, expires_at, kept);
    }
    desk.sends(purpose).charge(policy.send_rules(), now);
    Ok(Envelope {
        to: subject.recipient(),
        kind: message(&subject.ask),
        code: subject.answerable.then_some(code),
        link: None,
        issued_at: cx.now,
        expires_at: Some(expires_at),
        link_expires_at: None,
        locale: subject.locale.clone(),
        suppressed: !subject.answerable,
    })
}

/// A code that was mailed to an account's own address.
pub(in crate::flow) struct Mailed {
    pub(in crate::flow) mail: Envelope,
    pub(in crate::flow) state: SessionState,
    pub(in crate::flow) limits: alloc::vec::Vec<Quota>,
    /// Whether it takes the place of an earlier one.
    pub(in crate::flow) again: bool,
}

/// Mails the one code of a purpose that may be live in an account, under a name that no ticket has. Wrong guesses at the one before stay counted
/// (R4).
pub(in crate::flow) fn mail_the_one(
    cx: &mut Cx<'_>,
    desk: &mut Opened<Account>,
    purpose: Purpose,
    subject: &Subject,
) -> Result<Mailed, MachineError> {
    let failures = desk.record.ledger.live(purpose).map(|before| before.failures).max();
    desk.record.ledger.spend(purpose);
    let ends = desk.now.saturating_add(cx.policy.lifetimes(purpose).session);
    let challenge = Challenge::new(&desk.key, cx.draw.bytes(), (purpose, desk.partition), ends, subject)?;
    desk.record.ledger.challenges.push(challenge.in_place_of(failures));
    let index = desk.record.ledger.challenges.len().saturating_sub(1);
    let mail = send(cx, desk, index, subject)?;
    let (state, limits) = (desk.state(cx, index)?, quotas(cx, desk, purpose));
    Ok(Mailed { mail, state, limits, again: failures.is_some() })
}

/// The state of the send windows, for response headers.
pub(in crate::flow) fn quotas<H: Holder>(
    cx: &Cx<'_>,
    desk: &mut Opened<H>,
    purpose: Purpose,
) -> alloc::vec::Vec<Quota> {
    let now = desk.now;
    let log = desk.sends(purpose);
    cx.policy.send_rules().iter().map(|rule| log.quota(rule, now)).collect()
}

fn message(ask: &Ask) -> MessageKind {
    match ask {
        Ask::SignUp { .. } => MessageKind::SignUpCode,
        Ask::SignIn => MessageKind::SignInCode,
        Ask::SecondFactor { .. } => MessageKind::SecondFactorCode,
        Ask::Recover | Ask::Reset => MessageKind::RecoveryCode,
        Ask::ChangeAddress { .. } => MessageKind::AddressChangeCode,
        Ask::StepUp { .. } => MessageKind::StepUpCode,
        Ask::RecoverFactor => MessageKind::FactorRecoveryCode,
        Ask::ConfirmAction { action } => MessageKind::ActionCode(action.clone()),
    }
}
