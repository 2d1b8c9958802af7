//! Deleting an account: a tombstone first, then its identifiers are released.
//!
//! A crash in between leaves a tombstone that nobody can sign in to, and identifiers that count as free: the next sign-up with one
//! of them has it released. The id is never anybody's again.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::factors::change;
use super::sessions::{Freshness, SignedInAs, signed_in_as, signed_in_requests};
use crate::flow::desk::Opened;
use crate::machine::turn::{Change, Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, MachineError};
use crate::record::{Account, RecordKey};
use crate::{Client, EventKind, MessageKind, Password, Session, Ticket, Todo, Verdict};

change! {
    /// Delete the account. It takes the highest assurance that the account has, and fresh (B120). Everything goes, and the address is told.
    ///
    /// Refused: [`Refusal::InvalidSession`](crate::Refusal::InvalidSession), [`Refusal::StepUpRequired`](crate::Refusal::StepUpRequired),
    /// [`Refusal::InvalidCredentials`](crate::Refusal::InvalidCredentials), [`Refusal::Limited`](crate::Refusal::Limited) by the client's
    /// rules or the password's budget, [`Refusal::FactorDisabled`](crate::Refusal::FactorDisabled).
    DeleteAccount
}

/// The account is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deleted;

signed_in_requests!(DeleteAccount -> Deleted);

/// How long a tombstone stays after the identifiers are free: longer than any request that began before.
const STAYS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl SignedInAs<Deleted> for DeleteAccount {
    const FRESH: Freshness = Freshness::Full;
    const WHILE_DUE: &'static [Todo] = &[];

    fn password(&self) -> Option<&Password> {
        self.password.as_ref()
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        _: usize,
    ) -> Result<Decision<Deleted>, MachineError> {
        let (row, mut told) = (desk.row, desk.notices());
        let account = desk.record.credentials(&desk.key)?.id;
        let notice = desk.notify(cx, MessageKind::AccountDeleted)?;
        told.extend([EventKind::AccountDeleted, EventKind::NoticeSent { notice: notice.kind.name() }]);
        desk.record.delete();
        let then = move |(), _: &Cx<'_>| Next::Turn(Box::new(Released(row)) as Box<dyn Turn<Deleted>>);
        let next = Next::Release(account.clone(), Arc::new(then));
        let mut decision = Decision::new(desk.put(cx)?, next).events(cx, &row, told);
        decision.mail.push(notice);
        Ok(decision.about(&account))
    }
}

/// The tombstone may be swept some day.
struct Released(RecordKey);

impl Turn<Deleted> for Released {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.0]
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        _: Option<&Hashed>,
    ) -> Result<Decision<Deleted>, MachineError> {
        let granted = Next::Done(Verdict::Granted(Deleted));
        let desk = Opened::<Account>::even_gone(cx, rows, 0)?.filter(|desk| desk.record.is_gone());
        let Some(mut desk) = desk else { return Ok(Decision::new(Change::Keep, granted)) };
        let until = desk.now.saturating_add(STAYS);
        desk.record.released(until);
        Ok(Decision::new(desk.put(cx)?, granted).event(cx, &self.0, EventKind::IdentifiersReleased))
    }
}
