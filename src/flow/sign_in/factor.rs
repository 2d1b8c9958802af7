//! Proving a second factor, with the ticket that proving the first one gave.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::prove::{Tried, alarm, attempt, used};
use super::signed_in::{Entry, enter, missing};
use crate::assurance::{Methods, Proven};
use crate::flow::codes::send;
use crate::flow::codes::session::missing as unknown_ticket;
use crate::flow::desk::Opened;
use crate::flow::meter::metered;
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, Machine, MachineError, Work};
use crate::record::{Account, Ask, RecordKey, RecordKind, Subject};
use crate::{
    Client, EventKind, Factor, Label, Login, Operation, Proof, Purpose, Refusal, SecondFactor, SignedIn,
    Ticket, Timestamp, Verdict,
};

/// Prove a second factor.
///
/// The ticket stands for what was proven before, to the account as it was then: if a password, an address or a factor has changed
/// since, it is worth nothing (B108). It is spent by a right proof, and gone after as many wrong ones as a session allows; each
/// wrong one also counts in the factor's own budget, which every sign-in of the account shares.
///
/// Refused: [`Refusal::InvalidSession`], [`Refusal::InvalidProof`], [`Refusal::Limited`] by the client's rules or the factor's
/// budget, [`Refusal::FactorDisabled`].
#[derive(Clone, Debug)]
pub struct ProveFactor {
    /// Who sends the request.
    pub client: Client,
    /// What proving the first factor gave.
    pub login: Ticket<Login>,
    /// The proof.
    pub proof: Proof,
    /// What the client calls itself.
    pub label: Label,
}

/// Send the mailed code of a second factor again.
///
/// Refused: [`Refusal::InvalidSession`], also where no mailed code is asked for; [`Refusal::Limited`] by the client's or the
/// sending rules.
#[derive(Clone, Debug)]
pub struct ResendFactorCode {
    /// Who sends the request.
    pub client: Client,
    /// What proving the first factor gave.
    pub login: Ticket<Login>,
}

crate::flow::request!(ProveFactor -> SignedIn, on_login);

crate::flow::request!(ResendFactorCode -> SecondFactor, on_login);

/// A sign-in that waits for its second factor.
pub(in crate::flow) struct Waiting {
    pub(in crate::flow) desk: Opened<Account>,
    /// Where its challenge is.
    pub(in crate::flow) at: usize,
    pub(in crate::flow) subject: Subject,
    /// What was proven before, and when.
    pub(in crate::flow) proven: Methods,
    began: Timestamp,
}

/// What is to be done with a sign-in that waits.
pub(in crate::flow) trait OnLogin<O>: Send + Sync + 'static {
    const OPERATION: Operation;

    fn client(&self) -> &Client;
    fn ticket(&self) -> &Ticket<Login>;

    /// The password to compare first, if that is the proof.
    fn work(&self, _: &Cx<'_>, _: Waiting) -> Result<Option<Work>, MachineError> {
        Ok(None)
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        waiting: Waiting,
        hashed: Option<&Hashed>,
    ) -> Result<Decision<O>, MachineError>;
}

pub(in crate::flow) fn on_login<O: 'static, L: OnLogin<O>>(machine: &Machine, request: L) -> Next<O> {
    let row = request.ticket().row(machine.ring()).filter(|row| row.kind() == Some(RecordKind::Account));
    let (client, request) = (request.client().clone(), Arc::new(request));
    metered(machine, &client, L::OPERATION, move || match row {
        Some(row) => Next::Turn(Box::new(Found { request: Arc::clone(&request), row })),
        None => Next::Done(Verdict::Refused(Refusal::InvalidSession)),
    })
}

struct Found<L> {
    request: Arc<L>,
    row: RecordKey,
}

impl<L> Found<L> {
    /// The sign-in, if the ticket is one's and the account is what it was.
    fn find<O>(
        &self,
        cx: &Cx<'_>,
        mut desk: Opened<Account>,
    ) -> Result<Result<Waiting, Opened<Account>>, MachineError>
    where
        L: OnLogin<O>,
    {
        let digest = self.request.ticket().digest(&desk.key);
        let Some(at) = desk.record.ledger.position(&digest) else { return Ok(Err(desk)) };
        let challenge = desk.challenge(at)?;
        let life = cx.policy.lifetimes(challenge.purpose).session;
        let (partition, began) = (challenge.partition, challenge.expires_at.saturating_sub(life));
        let subject = challenge.subject(&desk.key)?;
        let same = subject.account.as_ref().is_some_and(|(_, made_for)| *made_for == desk.record.generation);
        Ok(match subject.ask {
            Ask::SecondFactor { proven } if same && !desk.record.suspended => {
                desk.partition = partition;
                Ok(Waiting { desk, at, subject, proven, began })
            }
            _ => Err(desk),
        })
    }
}

impl<O: 'static, L: OnLogin<O>> Turn<O> for Found<L> {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn work(&self, cx: &mut Cx<'_>, rows: &Rows<'_>) -> Result<Option<Work>, MachineError> {
        let Some(desk) = Opened::<Account>::existing(cx, rows, 0)? else { return Ok(None) };
        match self.find(cx, desk)? {
            Ok(waiting) => self.request.work(cx, waiting),
            Err(_) => Ok(None),
        }
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        hashed: Option<&Hashed>,
    ) -> Result<Decision<O>, MachineError> {
        let Some(desk) = Opened::<Account>::existing(cx, rows, 0)? else {
            return Ok(crate::flow::unknown(cx, self.row, L::OPERATION));
        };
        match self.find(cx, desk)? {
            Ok(waiting) => {
                let account = waiting.subject.account.clone();
                let decision = self.request.decide(cx, waiting, hashed)?;
                Ok(match account {
                    Some((id, _)) => decision.at(&id),
                    None => decision,
                })
            }
            Err(desk) => unknown_ticket(cx, desk, L::OPERATION),
        }
    }
}

impl OnLogin<SignedIn> for ProveFactor {
    const OPERATION: Operation = Operation::ProveFactor;

    fn client(&self) -> &Client {
        &self.client
    }
    fn ticket(&self) -> &Ticket<Login> {
        &self.login
    }

    fn work(&self, cx: &Cx<'_>, waiting: Waiting) -> Result<Option<Work>, MachineError> {
        let Proof::Password(password) = &self.proof else { return Ok(None) };
        let Waiting { mut desk, proven, .. } = waiting;
        let asked = missing(&desk.record.factors, proven).contains(&Factor::Password);
        if !asked || desk.may_guess(cx, Factor::Password).is_err() {
            return Ok(None);
        }
        let stored = desk.record.credentials(&desk.key)?.password.0;
        Ok(Some(Work::check(password.clone(), Some(stored), desk.salt())))
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        waiting: Waiting,
        hashed: Option<&Hashed>,
    ) -> Result<Decision<SignedIn>, MachineError> {
        let Waiting { mut desk, at, proven, began, .. } = waiting;
        let (row, mut told, factor) = (desk.row, desk.notices(), self.proof.factor());
        // What the account does not ask for is not compared; it only uses up the ticket.
        let tried = if missing(&desk.record.factors, proven).contains(&factor) {
            attempt(cx, &mut desk, &self.proof, Some(at), hashed)?
        } else {
            let told = alloc::vec![EventKind::FactorRejected { factor }];
            Tried::Wrong(Refusal::InvalidProof { factor, attempts_left: 0 }, told)
        };
        let refusal = match tried {
            Tried::Shut(refusal) => return crate::flow::limited(cx, desk, Self::OPERATION, refusal),
            Tried::Wrong(refusal, events) => {
                told.extend(events);
                refusal
            }
            Tried::Right(method, events) => {
                told.extend(events);
                let proven = Proven::at(proven, began).with(method, desk.now);
                match enter(cx, &mut desk, proven, None, &self.label, false)? {
                    Entry::In(signed_in, events) => {
                        let mail = used(cx, &mut desk, &told)?;
                        desk.record.ledger.challenges.remove(at);
                        let account = signed_in.account().clone();
                        let granted = Next::Done(Verdict::Granted(signed_in));
                        told.extend(events);
                        let decision = Decision::new(desk.put(cx)?, granted);
                        let mut decision = decision.events(cx, &row, told).about(&account);
                        decision.mail.extend(mail);
                        return Ok(decision);
                    }
                    // Every factor that is offered completes the sign-in. Were one not to, nobody would be signed in.
                    Entry::Missing(_) => Refusal::InvalidProof { factor, attempts_left: 0 },
                }
            }
        };
        told.extend(desk.fail(cx, at));
        let quota = desk.guess_quota(cx, factor);
        let alarm = alarm(cx, &mut desk, &told)?;
        let change = desk.put(cx)?;
        let refused = Next::Done(Verdict::Refused(refusal));
        let mut decision = Decision::new(change, refused).limit(quota).events(cx, &row, told);
        decision.mail.extend(alarm);
        Ok(decision)
    }
}

impl OnLogin<SecondFactor> for ResendFactorCode {
    const OPERATION: Operation = Operation::ResendFactorCode;

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
    ) -> Result<Decision<SecondFactor>, MachineError> {
        let Waiting { mut desk, at, subject, proven, .. } = waiting;
        let (row, notices, purpose) = (desk.row, desk.notices(), Purpose::SecondFactor);
        let offered = missing(&desk.record.factors, proven);
        let Some((account, _)) = subject.account.clone().filter(|_| offered.contains(&Factor::MailedCode))
        else {
            return unknown_ticket(cx, desk, Self::OPERATION);
        };
        if let Err(refusal) = desk.may_send(cx, purpose) {
            return crate::flow::limited(cx, desk, Self::OPERATION, refusal);
        }
        let mail = send::send(cx, &mut desk, at, &subject)?;
        let state = Some(desk.state(cx, at)?);
        let limits = send::quotas(cx, &mut desk, purpose);
        let sent_to = Some(subject.identifier.masked());
        let second =
            SecondFactor { account, login: None, offered, mailed: true, sent_to, state, device: None };
        let sent = EventKind::CodeSent { purpose, resend: true, suppressed: false };
        let mut decision = Decision::new(desk.put(cx)?, Next::Done(Verdict::Granted(second)))
            .event(cx, &row, sent)
            .events(cx, &row, notices);
        decision.mail.push(mail);
        decision.limits = limits;
        Ok(decision)
    }
}
