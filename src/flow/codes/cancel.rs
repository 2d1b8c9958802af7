//! Giving a session up.

use super::session::{OnSession, on_session};
use crate::flow::desk::{Holder, Opened};
use crate::machine::MachineError;
use crate::machine::turn::{Cx, Decision, Next};
use crate::{Cancelled, Client, EventKind, Operation, OtpSession, Ticket, Verdict};

/// End a session. What it spent (messages, wrong guesses) stays spent.
///
/// Refused: [`Refusal::InvalidSession`](crate::Refusal::InvalidSession), [`Refusal::Limited`](crate::Refusal::Limited) by
/// the client's rules.
#[derive(Clone, Debug)]
pub struct Cancel {
    /// Who sends the request.
    pub client: Client,
    /// The session.
    pub session: Ticket<OtpSession>,
}

crate::flow::request!(Cancel -> Cancelled, on_session);

impl OnSession<Cancelled> for Cancel {
    fn operation(&self) -> Operation {
        Operation::Cancel
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
    ) -> Result<Decision<Cancelled>, MachineError> {
        let (row, notices) = (desk.row, desk.notices());
        let purpose = desk.challenge(index)?.purpose;
        desk.record.ledger().challenges.remove(index);
        Ok(Decision::new(desk.put(cx)?, Next::Done(Verdict::Granted(Cancelled)))
            .event(cx, &row, EventKind::SessionCancelled { purpose })
            .events(cx, &row, notices))
    }
}
