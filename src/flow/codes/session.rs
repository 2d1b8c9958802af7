//! Finding the session a ticket stands for: what resend, verify and cancel have in common.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::flow::desk::{Holder, Opened};
use crate::flow::meter::metered;
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, Machine, MachineError};
use crate::record::{Account, RecordKey, RecordKind, Visitor};
use crate::{Client, Operation, OtpSession, Refusal, Ticket, Verdict};

/// What is to be done with a session, once it is found.
pub(in crate::flow) trait OnSession<O>: Send + Sync + 'static {
    fn operation(&self) -> Operation;

    fn client(&self) -> &Client;
    fn ticket(&self) -> &Ticket<OtpSession>;

    /// Decides, with the live session at `index` of the record on the desk.
    fn decide<H: Holder>(
        &self,
        cx: &mut Cx<'_>,
        desk: Opened<H>,
        index: usize,
    ) -> Result<Decision<O>, MachineError>;
}

/// Counts the request, then leads the ticket to its record: the visitor's or the account's.
pub(in crate::flow) fn on_session<O: 'static, S: OnSession<O>>(machine: &Machine, request: S) -> Next<O> {
    let row = request.ticket().row(machine.ring());
    let (client, operation, request) = (request.client().clone(), request.operation(), Arc::new(request));
    metered(machine, &client, operation, move || {
        let request = Arc::clone(&request);
        match row.and_then(|row| Some((row, row.kind()?))) {
            Some((row, RecordKind::Visitor)) => Next::Turn(Box::new(Found::<S, Visitor>::new(request, row))),
            Some((row, RecordKind::Account)) => Next::Turn(Box::new(Found::<S, Account>::new(request, row))),
            // A ticket that was tampered with, or whose ring key was retired, leads nowhere.
            Some((_, RecordKind::Meter)) | None => Next::Done(Verdict::Refused(Refusal::InvalidSession)),
        }
    })
}

struct Found<S, H> {
    request: Arc<S>,
    row: RecordKey,
    holder: core::marker::PhantomData<fn() -> H>,
}

impl<S, H> Found<S, H> {
    fn new(request: Arc<S>, row: RecordKey) -> Self {
        Self { request, row, holder: core::marker::PhantomData }
    }
}

impl<O, S: OnSession<O>, H: Holder> Turn<O> for Found<S, H> {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        _: Option<&Hashed>,
    ) -> Result<Decision<O>, MachineError> {
        let Some(desk) = Opened::<H>::existing(cx, rows, 0)? else {
            return Ok(crate::flow::unknown(cx, self.row, self.request.operation()));
        };
        let digest = self.request.ticket().digest(&desk.key);
        match desk.record.ledger_ref().position(&digest) {
            Some(index) => self.request.decide(cx, desk, index),
            None => missing(cx, desk, self.request.operation()),
        }
    }
}

/// The answer for a ticket whose session is not, or no longer, in its record.
pub(in crate::flow) fn missing<O, H: Holder>(
    cx: &mut Cx<'_>,
    desk: Opened<H>,
    operation: Operation,
) -> Result<Decision<O>, MachineError> {
    crate::flow::refused(cx, desk, Refusal::InvalidSession, crate::EventKind::SessionUnknown { operation })
}
