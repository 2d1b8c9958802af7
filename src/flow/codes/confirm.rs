//! Starting a one-time-code session on an account: for the signed-in, to confirm one action.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::send;
use crate::flow::desk::Opened;
use crate::flow::meter::metered;
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, Machine, MachineError, Request, sealed};
use crate::record::{Account, Ask, RecordKey, Subject};
use crate::{AccountId, Action, Client, Locale, Operation, Purpose, Started};

/// Start the confirmation of an action by a code mailed to the account's own address.
///
/// The host vouches that whoever asks is signed in to this account. What goes wrong here is counted on the account's own
/// record, apart from whatever strangers do (law 9).
///
/// Refused: [`Refusal::InvalidSession`](crate::Refusal::InvalidSession) if there is no such account or it is suspended, [`Refusal::Limited`](crate::Refusal::Limited) by the client's, the sending or
/// the live-session rules.
#[derive(Clone, Debug)]
pub struct ConfirmAction {
    /// Who sends the request.
    pub client: Client,
    /// The account that is signed in.
    pub account: AccountId,
    /// What is to be confirmed. A code for one action is worth nothing for another.
    pub action: Action,
    /// The language of the message.
    pub locale: Option<Locale>,
}

impl Request for ConfirmAction {}
impl sealed::Begin for ConfirmAction {
    type Output = Started;

    fn begin(self, machine: &Machine) -> sealed::First<Started> {
        let row = machine.locator().account(&self.account);
        let client = self.client.clone();
        let wish = Arc::new(self);
        metered(machine, &client, Operation::ConfirmAction, move || {
            Next::Turn(Box::new(Start { wish: Arc::clone(&wish), row }))
        })
        .into()
    }
}

struct Start {
    wish: Arc<ConfirmAction>,
    row: RecordKey,
}

impl Turn<Started> for Start {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        _: Option<&Hashed>,
    ) -> Result<Decision<Started>, MachineError> {
        let purpose = Purpose::ConfirmAction;
        let desk = Opened::<Account>::existing(cx, rows, 0)?;
        let Some(mut desk) = desk.filter(|desk| !desk.record.suspended) else {
            return Ok(crate::flow::unknown(cx, self.row, Operation::ConfirmAction));
        };
        if let Err(refusal) = desk.may_start(cx, purpose) {
            return crate::flow::limited(cx, desk, Operation::ConfirmAction, refusal);
        }
        let credentials = desk.record.credentials(&desk.key)?;
        let subject = Subject {
            address: Some(credentials.address).filter(|address| address != credentials.identifier.address()),
            identifier: credentials.identifier,
            locale: self.wish.locale.clone(),
            account: Some((credentials.id, desk.record.generation)),
            answerable: true,
            ask: Ask::ConfirmAction { action: self.wish.action.clone() },
        };
        send::begin_session(cx, desk, purpose, &subject, send::Link::None)
    }
}
