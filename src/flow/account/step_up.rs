//! Proving another factor while signed in.

use super::fresh::mailed_for;
use super::sessions::{ALWAYS, Bearer, Freshness, SignedInAs, proven, signed_in_as, signed_in_requests};
use crate::assurance::Method;
use crate::flow::desk::Opened;
use crate::flow::sign_in::prove::{Tried, attempt, used};
use crate::flow::sign_in::signed_in::{Entry, enter, missing};
use crate::machine::MachineError;
use crate::machine::turn::{Cx, Decision, Next};
use crate::record::{Account, StoredSession};
use crate::{
    Client, EventKind, Factor, Label, Password, Proof, Refusal, Session, SignedIn, Ticket, Todo, Verdict,
};

/// Prove another factor while signed in, or the same one anew.
///
/// The session ends and another begins, with a new ticket and a new life, that says what both have proven (R77, R80). The proof is
/// counted and spent as at a sign-in: what was used there does not work here (R36). Where the account asks for a factor that the session
/// never had, since a trusted device let past it, that one comes first.
///
/// Refused: [`Refusal::InvalidSession`], [`Refusal::StepUpRequired`] where another factor comes first, [`Refusal::InvalidProof`], [`Refusal::InvalidCredentials`] for a wrong password,
/// [`Refusal::Limited`] by the client's rules or the factor's budget, [`Refusal::FactorDisabled`].
#[derive(Clone, Debug)]
pub struct StepUp {
    /// Who sends the request.
    pub client: Client,
    /// The session.
    pub session: Ticket<Session>,
    /// The proof. A mailed code is one that [`SendStepUpCode`](crate::SendStepUpCode) mailed for this session.
    pub proof: Proof,
    /// What the client calls itself.
    pub label: Label,
}

signed_in_requests!(StepUp -> SignedIn);

impl SignedInAs<SignedIn> for StepUp {
    const FRESH: Freshness = Freshness::Any;
    const WHILE_DUE: &'static [Todo] = ALWAYS;

    fn password(&self) -> Option<&Password> {
        match &self.proof {
            Proof::Password(password) => Some(password),
            _ => None,
        }
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        at: usize,
    ) -> Result<Decision<SignedIn>, MachineError> {
        let (row, mut told, factor) = (desk.row, desk.notices(), self.proof.factor());
        let gone = MachineError::Misuse("no session there");
        let session = desk.record.sessions.get(at).ok_or(gone)?.id();
        let mailed = if factor == Factor::MailedCode { mailed_for(&desk, &session)? } else { None };
        // A password was compared before this; any other proof is tried now.
        let tried = match &self.proof {
            Proof::Password(_) => {
                Tried::Right(Method::Password, alloc::vec![EventKind::FactorAccepted { factor }])
            }
            proof if desk.record.factors.has(factor) => attempt(cx, &mut desk, proof, None, None)?,
            proof if mailed.is_some() => attempt(cx, &mut desk, proof, mailed, None)?,
            // Nothing to compare with, and so nothing to count: else a factor could be disabled before it is there.
            _ => {
                let told = alloc::vec![EventKind::FactorRejected { factor }];
                Tried::Wrong(Refusal::InvalidProof { factor, attempts_left: 0 }, told)
            }
        };
        let (refusal, quota) = match tried {
            Tried::Shut(refusal) => return crate::flow::limited(cx, desk, Self::OPERATION, refusal),
            Tried::Wrong(refusal, events) => {
                told.extend(events);
                told.extend(mailed.and_then(|mailed| desk.fail(cx, mailed)));
                (refusal, Some(desk.guess_quota(cx, factor)))
            }
            Tried::Right(method, events) => {
                told.extend(events);
                if let Some(mailed) = mailed {
                    desk.record.ledger.challenges.remove(mailed);
                }
                let all = proven(&desk, at).with(method, desk.now);
                let offered = missing(&desk.record.factors, all.methods());
                if !offered.is_empty() {
                    // A trusted device let this session past a factor, or it is older than one: it stays what it is.
                    desk.record.sessions.proven(at, all);
                    told.push(EventKind::StepUpRequired);
                    let refused = Next::Done(Verdict::Refused(Refusal::StepUpRequired { offered }));
                    return Ok(Decision::new(desk.put(cx)?, refused).events(cx, &row, told));
                }
                let root = desk.record.sessions.get(at).map(StoredSession::root);
                desk.record.sessions.end(|index, _| index == at);
                match enter(cx, &mut desk, all, None, &self.label, false)? {
                    Entry::In(signed_in, events) => {
                        root.into_iter().for_each(|root| desk.record.sessions.newest_goes_back_to(root));
                        let mail = used(cx, &mut desk, &told)?;
                        let account = signed_in.account().clone();
                        let granted = Next::Done(Verdict::Granted(signed_in));
                        told.extend(events);
                        let mut decision = Decision::new(desk.put(cx)?, granted).events(cx, &row, told);
                        decision.mail.extend(mail);
                        return Ok(decision.about(&account));
                    }
                    // Not after what was just asked; were it so, the session would be over.
                    Entry::Missing(_) => (Refusal::InvalidSession, None),
                }
            }
        };
        let refused = Next::Done(Verdict::Refused(refusal));
        let mut decision = Decision::new(desk.put(cx)?, refused).events(cx, &row, told);
        decision.limits.extend(quota);
        Ok(decision)
    }
}
