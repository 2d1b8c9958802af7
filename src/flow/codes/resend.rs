//! Sending a session's code again.

use super::send;
use super::session::{OnSession, missing, on_session};
use crate::flow::desk::{Holder, Opened};
use crate::machine::MachineError;
use crate::machine::turn::{Cx, Decision, Next};
use crate::{Client, EventKind, Operation, OtpSession, Purpose, Resent, Ticket, Verdict};

/// Send another code in the same session.
///
/// The new code replaces the earlier one (or joins it, by policy). The session's end, its wrong attempts and the guess
/// budget stay what they were: a new code gives nothing back (R4, B007).
///
/// The code of a new address is asked for by [`ChangeAddress`](crate::ChangeAddress) once more instead.
///
/// Refused: [`Refusal::InvalidSession`](crate::Refusal::InvalidSession); [`Refusal::Limited`](crate::Refusal::Limited) by
/// the client's or the sending rules, in which case the earlier code stays as it is.
#[derive(Clone, Debug)]
pub struct Resend {
    /// Who sends the request.
    pub client: Client,
    /// The session.
    pub session: Ticket<OtpSession>,
}

crate::flow::request!(Resend -> Resent, on_session);

impl OnSession<Resent> for Resend {
    fn operation(&self) -> Operation {
        Operation::Resend
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
    ) -> Result<Decision<Resent>, MachineError> {
        let (row, notices) = (desk.row, desk.notices());
        let challenge = desk.challenge(index)?;
        let purpose = challenge.purpose;
        if purpose == Purpose::ChangeAddress {
            // Asked for anew by the account, which is counted there, too: else it could mail any number of strangers (B091).
            return missing(cx, desk, self.operation());
        }
        let subject = challenge.subject(&desk.key)?;
        if let Err(refusal) = desk.may_send(cx, purpose) {
            return crate::flow::limited(cx, desk, self.operation(), refusal);
        }
        let envelope = send::send(cx, &mut desk, index, &subject)?;
        let sent = EventKind::CodeSent { purpose, resend: true, suppressed: envelope.suppressed };
        let resent = Resent { sent_to: subject.identifier.masked(), state: desk.state(cx, index)? };
        let limits = send::quotas(cx, &mut desk, purpose);
        let mut decision = Decision::new(desk.put(cx)?, Next::Done(Verdict::Granted(resent)))
            .event(cx, &row, sent)
            .events(cx, &row, notices);
        decision.mail.push(envelope);
        decision.limits = limits;
        Ok(decision)
    }
}
