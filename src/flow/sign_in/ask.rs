//! Asking for a second factor: what is kept, what is mailed, and what the client gets.

use alloc::vec::Vec;

use super::enter::{Manner, Tell, Who};
use crate::assurance::Methods;
use crate::flow::codes::send;
use crate::flow::desk::{Opened, refuse};
use crate::flow::devices::Good;
use crate::machine::MachineError;
use crate::machine::turn::{Cx, Decision, Next};
use crate::policy::RULE_PENDING_LOGINS;
use crate::record::{Account, Ask, Challenge, RecordError, Subject};
use crate::throttle::Limited;
use crate::{
    EventKind, Factor, Login, Operation, Progress, Purpose, Refusal, SecondFactor, Steps, Ticket, Timestamp,
    Verdict,
};

/// What is asked of whom.
pub(in crate::flow) struct Asking<'a> {
    pub(in crate::flow) who: &'a Who,
    pub(in crate::flow) manner: &'a Manner,
    pub(in crate::flow) proven: Methods,
    pub(in crate::flow) offered: Vec<Factor>,
    /// The trusted device that was shown. It gets its next ticket with what is granted only: a no has no place for one.
    pub(in crate::flow) device: Option<&'a Good>,
}

/// Where it is kept that somebody is half-way in.
struct Place {
    /// The handle, where proofs come one by one.
    login: Option<Ticket<Login>>,
    /// The challenge, where there is something to keep.
    at: Option<usize>,
    /// Whether a code is mailed for it now.
    send: bool,
}

/// Where the mailed code is that sign-ins in one request share: such a sign-in has no handle, and an account one such code.
pub(in crate::flow) fn at_once(desk: &Opened<Account>) -> Option<usize> {
    desk.record.ledger.position(&desk.record.at_once)
}

impl Asking<'_> {
    pub(in crate::flow) fn decide<O>(
        self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        mut told: Vec<EventKind>,
        tell: &Tell<O>,
    ) -> Result<Decision<O>, MachineError> {
        let (row, purpose) = (desk.row, Purpose::SecondFactor);
        told.extend(self.offered.first().map(|factor| EventKind::FactorAsked { factor: *factor }));
        let subject = self.subject(&desk)?;
        let placed = match self.manner.steps {
            Steps::Stepwise => self.one_by_one(cx, &mut desk, &subject)?,
            Steps::AtOnce(_) => self.all_at_once(cx, &mut desk, &subject)?,
        };
        let Place { login, at, send } = match placed {
            Ok(place) => place,
            Err(refusal) => {
                told.push(crate::flow::limit_event(Operation::PasswordSignIn, &refusal));
                let decision = Decision::new(desk.put(cx)?, Next::Done(Verdict::Refused(refusal)));
                return Ok(decision.events(cx, &row, told).at(&self.who.id));
            }
        };
        let mail = at.filter(|_| send).map(|at| send::send(cx, &mut desk, at, &subject)).transpose()?;
        told.extend(mail.as_ref().map(|_| EventKind::CodeSent { purpose, resend: false, suppressed: false }));
        let state = at.filter(|_| self.mails()).map(|at| desk.state(cx, at)).transpose()?;
        let device = self.device.map(|device| device.rotate(cx, &mut desk)).transpose()?;
        let second = SecondFactor {
            account: self.who.id.clone(),
            login,
            mailed: mail.is_some(),
            sent_to: self.mails().then(|| self.who.identifier.masked()),
            state,
            offered: self.offered,
            device,
        };
        let granted = Next::Done(Verdict::Granted(tell(Progress::SecondFactor(second))));
        let mut decision = Decision::new(desk.put(cx)?, granted).events(cx, &row, told).about(&self.who.id);
        decision.mail.extend(mail);
        Ok(decision)
    }

    fn mails(&self) -> bool {
        self.offered.first() == Some(&Factor::MailedCode)
    }

    /// Keeps a sign-in under a ticket of its own. Where no code may be mailed now, one can be asked for later, or another factor
    /// be shown.
    fn one_by_one(
        &self,
        cx: &mut Cx<'_>,
        desk: &mut Opened<Account>,
        subject: &Subject,
    ) -> Result<Result<Place, Refusal>, MachineError> {
        if let Some(full) = list_full(cx, desk) {
            return Ok(Err(full));
        }
        let send = self.mails() && desk.may_send(cx, Purpose::SecondFactor).is_ok();
        let login = Ticket::<Login>::mint(&desk.row, cx.ring, &mut cx.draw).ok_or(RecordError::Sealed)?;
        let digest = login.digest(&desk.key);
        let at = Some(keep(cx, desk, digest, 0, subject)?);
        Ok(Ok(Place { login: Some(login), at, send }))
    }

    /// Keeps nothing, or the one mailed code that such sign-ins of the account share.
    fn all_at_once(
        &self,
        cx: &mut Cx<'_>,
        desk: &mut Opened<Account>,
        subject: &Subject,
    ) -> Result<Result<Place, Refusal>, MachineError> {
        if !self.mails() {
            return Ok(Ok(Place { login: None, at: None, send: false }));
        }
        let before = at_once(desk);
        if let Err(refusal) = desk.may_send(cx, Purpose::SecondFactor) {
            // While a code that was mailed is good, asking again within the cooldown is no mistake.
            let live = before.filter(|at| desk.challenge(*at).is_ok_and(|it| !it.codes.is_empty()));
            return Ok(live.map(|at| Place { login: None, at: Some(at), send: false }).ok_or(refusal));
        }
        // Wrong guesses at an earlier code stay counted (R4).
        let failures = before.map_or(0, |at| desk.record.ledger.challenges.remove(at).failures);
        let name = cx.draw.bytes();
        desk.record.at_once = name;
        let at = Some(keep(cx, desk, name, failures, subject)?);
        Ok(Ok(Place { login: None, at, send: true }))
    }

    fn subject(&self, desk: &Opened<Account>) -> Result<Subject, MachineError> {
        let Who { id, identifier, .. } = self.who;
        let address = desk.record.credentials(&desk.key)?.address;
        Ok(Subject {
            identifier: identifier.clone(),
            address: Some(address).filter(|address| address != identifier.address()),
            locale: self.manner.locale.clone(),
            account: Some((id.clone(), desk.record.generation)),
            answerable: true,
            ask: Ask::SecondFactor { proven: self.proven },
        })
    }
}

/// Keeps that somebody is half-way in: not the password, only the fact (B055). Where.
fn keep(
    cx: &Cx<'_>,
    desk: &mut Opened<Account>,
    ticket: [u8; 16],
    failures: u32,
    subject: &Subject,
) -> Result<usize, MachineError> {
    let purpose = Purpose::SecondFactor;
    let ends = desk.now.saturating_add(cx.policy.lifetimes(purpose).session);
    let mut challenge = Challenge::new(&desk.key, ticket, (purpose, desk.partition), ends, subject)?;
    challenge.failures = failures;
    let challenges = &mut desk.record.ledger.challenges;
    challenges.push(challenge);
    Ok(challenges.len().saturating_sub(1))
}

/// The refusal where as many sign-ins wait for a second factor as may: a full list refuses (law 9).
fn list_full(cx: &Cx<'_>, desk: &Opened<Account>) -> Option<Refusal> {
    let live = desk.record.ledger.live(Purpose::SecondFactor).filter(|it| it.partition == desk.partition);
    let (count, first_end) =
        live.fold((0_usize, Timestamp::MAX), |(n, end), c| (n.saturating_add(1), end.min(c.expires_at)));
    let full = Limited { rule: RULE_PENDING_LOGINS, retry_at: first_end };
    (count >= usize::from(cx.policy.settings().factors.pending_logins)).then(|| refuse(cx, full))
}
