//! Signing in by a mailed link.
//!
//! The link went out with the code of a sign-in and does what the code does; using one ends the other. It carries 128
//! random bits and is outside every guess budget.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::enter::by_mailbox;
use crate::assurance::Method;
use crate::flow::codes::session::missing;
use crate::flow::desk::{Holder, Opened};
use crate::flow::meter::metered;
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, Machine, MachineError, Request, sealed};
use crate::record::{RecordKey, RecordKind, Visitor};
use crate::{Client, EventKind, Label, Operation, Progress, Purpose, Refusal, SignInLink, Ticket, Verdict};

/// Sign in by a mailed link, as far as the account asks for no second factor. A mailed code is then no second factor: it
/// would be the same mailbox once more (law 4); the password is.
///
/// Have a form or a script send this; never do it for a mere visit to the link, which mail scanners make too.
///
/// Refused: [`Refusal::InvalidSession`] for a link that is unknown, spent or ended; [`Refusal::Limited`] by the
/// client's rules or for too many sign-ins that wait.
#[derive(Clone, Debug)]
pub struct RedeemSignIn {
    /// Who sends the request.
    pub client: Client,
    /// The link's token.
    pub link: Ticket<SignInLink>,
    /// What the client calls itself.
    pub label: Label,
}

impl Request for RedeemSignIn {}
impl sealed::Begin for RedeemSignIn {
    type Output = Progress;

    fn begin(self, machine: &Machine) -> sealed::First<Progress> {
        let row = self.link.row(machine.ring()).filter(|row| row.kind() == Some(RecordKind::Visitor));
        let (client, wish) = (self.client.clone(), Arc::new(self));
        metered(machine, &client, Operation::RedeemSignIn, move || match row {
            Some(row) => Next::Turn(Box::new(Redeem { wish: Arc::clone(&wish), row })),
            None => Next::Done(Verdict::Refused(Refusal::InvalidSession)),
        })
        .into()
    }
}

struct Redeem {
    wish: Arc<RedeemSignIn>,
    row: RecordKey,
}

impl Turn<Progress> for Redeem {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        _: Option<&Hashed>,
    ) -> Result<Decision<Progress>, MachineError> {
        let (operation, purpose) = (Operation::RedeemSignIn, Purpose::SignIn);
        let Some(mut desk) = Opened::<Visitor>::existing(cx, rows, 0)? else {
            return Ok(crate::flow::unknown(cx, self.row, operation));
        };
        let Some(at) = desk.record.ledger_ref().link_position(&self.wish.link.digest(&desk.key)) else {
            return missing(cx, desk, operation);
        };
        let (notices, subject) = (desk.notices(), desk.challenge(at)?.subject(&desk.key)?);
        let Some((id, generation)) = subject.account else { return missing(cx, desk, operation) };
        desk.record.ledger.spend_quietly(purpose, Some(at), &mut cx.draw);
        let label = self.wish.label.clone();
        let tell = Arc::new(|progress| progress);
        let next = by_mailbox(cx, id, generation, subject.identifier, Method::MailedLink, label, tell);
        Ok(Decision::new(desk.put(cx)?, next)
            .event(cx, &self.row, EventKind::LinkRedeemed { purpose })
            .events(cx, &self.row, notices))
    }
}
