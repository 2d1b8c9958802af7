//! Checking a code.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::session::{OnSession, missing, on_session};
use crate::assurance::Method;
use crate::flow::account::address::move_to;
use crate::flow::desk::{Holder, Opened, shut};
use crate::flow::recovery::grant::grant_reset;
use crate::flow::sign_in::enter::by_mailbox;
use crate::flow::sign_up::open::{Admit, make_account};
use crate::machine::MachineError;
use crate::machine::turn::{Cx, Decision, Next};
use crate::record::{Ask, Subject};
use crate::{
    Client, Code, EventKind, Factor, Identifier, Label, Operation, OtpSession, Purpose, Refusal, Ticket,
    Verdict, Verified,
};

/// Check a code.
///
/// A right code is spent, together with every other code of the same purpose in the same record, in the commit that
/// counts it; then what the session was for is done. The other sessions stay as they were for whoever holds them, so that strangers do
/// not learn from theirs that somebody got in (law 8); those on an account's own record end. A wrong one is counted for the session and for the record before it
/// is answered.
///
/// Refused: [`Refusal::InvalidSession`], [`Refusal::InvalidCode`], [`Refusal::CodeExpired`], [`Refusal::Limited`] by the
/// client's rules or by the guess budget, [`Refusal::FactorDisabled`] on an account's record.
#[derive(Clone, Debug)]
pub struct Verify {
    /// Who sends the request.
    pub client: Client,
    /// What the caller's door is for. A session of another purpose is no session here (law 5, B050).
    pub purpose: Purpose,
    /// The session.
    pub session: Ticket<OtpSession>,
    /// The code typed.
    pub code: Code,
    /// The identifier the caller says the session is for, where its door asks for one. With another than the session's, no code is right.
    pub identifier: Option<Identifier>,
    /// Whether a right code is also to sign in, and what the client calls itself: after a sign-up at once, at a sign-in as far as
    /// the account asks for no second factor. Anywhere else it does nothing: no other mailed code ever signs in.
    pub enter: Option<Label>,
}

crate::flow::request!(Verify -> Verified, on_session);

impl OnSession<Verified> for Verify {
    fn operation(&self) -> Operation {
        if self.enter.is_some() { Operation::VerifyAndEnter } else { Operation::Verify }
    }

    fn client(&self) -> &Client {
        &self.client
    }
    fn ticket(&self) -> &Ticket<OtpSession> {
        &self.session
    }

    fn decide<H: Holder>(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<H>,
        index: usize,
    ) -> Result<Decision<Verified>, MachineError> {
        let challenge = desk.challenge(index)?;
        let (purpose, dead) = (challenge.purpose, challenge.codes.is_empty());
        let operation = self.operation();
        if purpose != self.purpose {
            return missing(cx, desk, operation);
        }
        // Expiry before budget before comparison: each of them tells less than the next.
        if dead {
            let state = desk.state(cx, index)?;
            return crate::flow::refused(
                cx,
                desk,
                Refusal::CodeExpired(state),
                EventKind::CodeExpired { purpose },
            );
        }
        if let Err(closed) = desk.may_guess(cx, Factor::MailedCode) {
            return crate::flow::limited(cx, desk, operation, shut(cx, closed));
        }
        let challenge = desk.challenge(index)?;
        // Compared in any case, so that a wrong identifier costs what a wrong code does.
        let right = challenge.takes(&desk.key, &self.code);
        if !right && self.identifier.is_none() {
            return rejected(cx, desk, index);
        }
        let subject = challenge.subject(&desk.key)?;
        let meant = self.identifier.as_ref().is_none_or(|identifier| *identifier == subject.identifier);
        if right && meant {
            accepted(cx, desk, index, subject, self.enter.clone())
        } else {
            rejected(cx, desk, index)
        }
    }
}

/// Counts a wrong code, for the session and for everything else the same people guess at.
fn rejected<H: Holder>(
    cx: &mut Cx<'_>,
    mut desk: Opened<H>,
    index: usize,
) -> Result<Decision<Verified>, MachineError> {
    let (row, notices) = (desk.row, desk.notices());
    let most = cx.policy.settings().codes.max_attempts;
    let gone = MachineError::Misuse("no challenge there");
    let challenge = desk.record.ledger().challenges.get_mut(index).ok_or(gone)?;
    challenge.failures = challenge.failures.saturating_add(1);
    let (purpose, burned) = (challenge.purpose, challenge.failures >= most);
    let attempts_left = most.saturating_sub(challenge.failures);
    let locked = desk.charge_guess(cx, Factor::MailedCode);
    let state = desk.state(cx, index)?;
    if burned {
        desk.record.ledger().challenges.remove(index);
    }
    let change = desk.put(cx)?;
    let mut decision = Decision::new(change, Next::Done(Verdict::Refused(Refusal::InvalidCode(state))))
        .event(cx, &row, EventKind::CodeRejected { purpose, attempts_left })
        .events(cx, &row, notices);
    if burned {
        decision = decision.event(cx, &row, EventKind::SessionBurned { purpose });
    }
    Ok(decision.events(cx, &row, locked))
}

/// Spends a right code and everything beside it, and goes on to what it was for.
fn accepted<H: Holder>(
    cx: &mut Cx<'_>,
    mut desk: Opened<H>,
    index: usize,
    subject: Subject,
    enter: Option<Label>,
) -> Result<Decision<Verified>, MachineError> {
    let (row, notices, purpose) = (desk.row, desk.notices(), desk.challenge(index)?.purpose);
    let next = granted(cx, &desk, purpose, subject, enter);
    desk.record.spend(purpose, index, &mut cx.draw);
    // Ends a run of failures, which only an account's record counts. All other counts only age (law 2).
    let suspicious = desk.guessed_right(cx, Factor::MailedCode);
    let change = desk.put(cx)?;
    Ok(Decision::new(change, next)
        .event(cx, &row, EventKind::CodeAccepted { purpose })
        .events(cx, &row, suspicious)
        .events(cx, &row, notices))
}

/// What a proven address is good for. The values made here exist nowhere else, and are locked up until the code is spent.
fn granted<H: Holder>(
    cx: &Cx<'_>,
    desk: &Opened<H>,
    purpose: Purpose,
    subject: Subject,
    enter: Option<Label>,
) -> Next<Verified> {
    let Subject { identifier, account, ask, .. } = subject;
    match (ask, account) {
        (Ask::SignUp { profile, password }, _) => make_account(identifier, profile, password, enter),
        (Ask::SignIn, Some((account, generation))) if enter.is_some() => {
            let label = enter.unwrap_or_default();
            let (id, who) = (account.clone(), identifier.clone());
            let tell = move |progress| {
                let (account, identifier) = (account.clone(), identifier.clone());
                Verified { purpose, account, identifier, action: None, grant: None, progress: Some(progress) }
            };
            by_mailbox(cx, id, generation, who, Method::MailedCode, label, Arc::new(tell))
        }
        (Ask::SignIn, Some((id, generation))) => {
            Next::Turn(Box::new(Admit::new(cx, purpose, id, generation, identifier)))
        }
        (Ask::Recover, Some((id, generation))) => {
            let (account, who) = (id.clone(), identifier.clone());
            let tell = move |grant| {
                let (account, identifier) = (account.clone(), identifier.clone());
                Verified { purpose, account, identifier, action: None, grant: Some(grant), progress: None }
            };
            grant_reset(cx, id, generation, who, Arc::new(tell))
        }
        (Ask::ChangeAddress { session }, Some((id, generation))) => {
            move_to(cx, id, generation, identifier, session)
        }
        (Ask::ConfirmAction { action }, Some((account, generation)))
            if desk.record.generation() == Some(generation) =>
        {
            let action = Some(action);
            Next::Done(Verdict::Granted(Verified {
                purpose,
                account,
                identifier,
                action,
                grant: None,
                progress: None,
            }))
        }
        _ => Next::Done(Verdict::Refused(Refusal::InvalidSession)),
    }
}
