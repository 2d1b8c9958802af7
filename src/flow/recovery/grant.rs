//! From a proven mailbox to the right to set a new password.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::flow::desk::Opened;
use crate::flow::sign_in::enter::Who;
use crate::flow::sign_up::open::conflict;
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, MachineError};
use crate::policy::Policy;
use crate::record::{Account, Ask, Challenge, RecordError, RecordKey, Subject};
use crate::{
    AccountId, EventKind, Factor, Identifier, Purpose, Refusal, ResetGrant, Ticket, Timestamp, Verdict,
};

/// The right to set a new password in place of a lost one. By itself it signs nobody in, and nothing has changed yet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GrantedReset {
    /// What [`ResetPassword`](crate::ResetPassword) takes. One of an account is live at a time.
    pub grant: Ticket<ResetGrant>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The time until then.
    pub expires_in: Duration,
    /// What is asked for beside it: one of these, or nothing.
    pub asks: Vec<Factor>,
}

/// How a grant is told to whoever asked.
pub(in crate::flow) type Tell<O> = Arc<dyn Fn(GrantedReset) -> O + Send + Sync>;

/// What a mailbox leads to that was proven to recover: the account's turn, which keeps the grant.
pub(in crate::flow) fn grant_reset<O: 'static>(
    cx: &Cx<'_>,
    id: AccountId,
    generation: u64,
    identifier: Identifier,
    tell: Tell<O>,
) -> Next<O> {
    let row = cx.locator.account(&id);
    Who::ask(id, generation, identifier, move |who| {
        Next::Turn(Box::new(Grant { row, who, tell: Arc::clone(&tell) }))
    })
}

struct Grant<O> {
    row: RecordKey,
    who: Who,
    tell: Tell<O>,
}

/// What a new password takes beside the mailbox: where an authenticator app is on, a code of it or one from the drawer (NIST 800-63B-4
/// §4.2.2.2), unless the policy does without, or an operator has seen to it.
pub(super) fn asks(policy: &Policy, account: &Account) -> Vec<Factor> {
    let seen_to = account.factors.lost.as_ref().is_some_and(|lost| lost.by_operator);
    if account.factors.totp.is_none() || seen_to || !policy.settings().recovery.further_proof {
        return Vec::new();
    }
    let drawer = (account.factors.recovery_codes_left() > 0).then_some(Factor::RecoveryCode);
    core::iter::once(Factor::Totp).chain(drawer).collect()
}

impl<O: 'static> Turn<O> for Grant<O> {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        _: Option<&Hashed>,
    ) -> Result<Decision<O>, MachineError> {
        let purpose = Purpose::Recover;
        let taken_over = rows.at(0)?.1.is_none();
        let Some(mut desk) = self.who.open(cx, rows)? else {
            return Ok(conflict(cx, &self.row, purpose, Refusal::InvalidSession));
        };
        let mut told = desk.notices();
        told.extend(taken_over.then_some(EventKind::AccountTakenOver));
        told.push(EventKind::ResetGranted);
        let grant =
            Ticket::<ResetGrant>::mint(&desk.row, cx.ring, &mut cx.draw).ok_or(RecordError::Sealed)?;
        let expires_at = desk.now.saturating_add(cx.policy.lifetimes(purpose).session);
        let Who { id, identifier, .. } = &self.who;
        let subject = Subject {
            identifier: identifier.clone(),
            address: None,
            locale: None,
            account: Some((id.clone(), desk.record.generation)),
            answerable: true,
            ask: Ask::Reset,
        };
        let digest = grant.digest(&desk.key);
        let challenge = Challenge::new(&desk.key, digest, (purpose, desk.partition), expires_at, &subject)?;
        // A newer grant takes the place of an older one (R60); wrong proofs shown with that stay counted (R4).
        let before = desk.record.ledger.live(purpose).map(|before| before.failures).max();
        desk.record.ledger.spend(purpose);
        desk.record.ledger.challenges.push(challenge.in_place_of(before));
        let asks = asks(cx.policy, &desk.record);
        let granted = GrantedReset { grant, expires_at, expires_in: expires_at.since(cx.now), asks };
        let change = desk.put(cx)?;
        let decision = Decision::new(change, Next::Done(Verdict::Granted((self.tell)(granted))));
        Ok(decision.events(cx, &self.row, told).about(id))
    }
}

/// The account of a live grant.
pub(super) struct Granted {
    pub(super) desk: Opened<Account>,
    /// Where the grant is.
    pub(super) at: usize,
    pub(super) subject: Subject,
}

/// Finds the grant of a ticket, if the account is still what it was.
pub(super) fn find(
    desk: Opened<Account>,
    ticket: &Ticket<ResetGrant>,
) -> Result<Result<Granted, Opened<Account>>, MachineError> {
    let Some(at) = desk.record.ledger.position(&ticket.digest(&desk.key)) else { return Ok(Err(desk)) };
    let subject = desk.challenge(at)?.subject(&desk.key)?;
    let same = subject.account.as_ref().is_some_and(|(_, made_for)| *made_for == desk.record.generation);
    let live = same && !desk.record.suspended && matches!(subject.ask, Ask::Reset);
    Ok(if live { Ok(Granted { desk, at, subject }) } else { Err(desk) })
}
