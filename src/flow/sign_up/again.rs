//! Sending a sign-up's code again to whoever knows the password it was begun with, session or no session.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::flow::codes::send;
use crate::flow::desk::{Opened, shut};
use crate::flow::meter::metered;
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, Machine, MachineError, Request, Work, sealed};
use crate::record::{Ask, Challenge, RecordError, RecordKey, Subject, Visitor};
use crate::{
    Client, EventKind, Factor, Identifier, Operation, OtpSession, Password, PasswordHash, Purpose, Refusal,
    Started, Ticket, Verdict,
};

/// Send another code for a pending sign-up.
///
/// The password is compared with those of the identifier's pending sign-ups; a taken address has some of the same form
/// that nothing completes. A wrong one is counted in the budget for passwords that every stranger's door shares. A session that is
/// live and was begun with this password is kept. Otherwise the sign-up gets a new one in place of its own, with its wrong codes
/// still counted: its owner lost the handle, and whoever has an old one is not heard any more.
///
/// Refused: [`Refusal::InvalidCredentials`]; [`Refusal::Limited`] by the client's or the sending rules or the budget.
#[derive(Clone, Debug)]
pub struct ResendSignUp {
    /// Who sends the request.
    pub client: Client,
    /// The address that is to become an account's.
    pub identifier: Identifier,
    /// The password the sign-up was begun with.
    pub password: Password,
    /// The session, if the client has one.
    pub session: Option<Ticket<OtpSession>>,
}

impl Request for ResendSignUp {}
impl sealed::Begin for ResendSignUp {
    type Output = Started;

    fn begin(self, machine: &Machine) -> sealed::First<Started> {
        let row = machine.locator().visitor(&self.identifier);
        let (client, wish) = (self.client.clone(), Arc::new(self));
        metered(machine, &client, Operation::ResendSignUp, move || {
            Next::Turn(Box::new(Again { wish: Arc::clone(&wish), row }))
        })
        .into()
    }
}

struct Again {
    wish: Arc<ResendSignUp>,
    row: RecordKey,
}

/// A pending sign-up that was begun with the password.
struct Pending {
    at: usize,
    ticket: [u8; 16],
    subject: Subject,
}

impl Again {
    /// The pending sign-ups whose password is the one that was hashed, the newest last. One salt per record, so that one
    /// hash serves all of them; each is looked at, whichever matches.
    fn pending(desk: &Opened<Visitor>, hash: &PasswordHash) -> Result<Vec<Pending>, MachineError> {
        let mut found = Vec::new();
        for (at, challenge) in desk.record.ledger.challenges.iter().enumerate() {
            if challenge.purpose != Purpose::SignUp {
                continue;
            }
            let subject = challenge.subject(&desk.key)?;
            if let Ask::SignUp { password, .. } = &subject.ask
                && password.0.matches(hash)
            {
                found.push(Pending { at, ticket: challenge.ticket, subject });
            }
        }
        Ok(found)
    }
}

impl Turn<Started> for Again {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn work(&self, cx: &mut Cx<'_>, rows: &Rows<'_>) -> Result<Option<Work>, MachineError> {
        let mut desk = Opened::<Visitor>::or_new(cx, rows)?;
        let open = desk.may_guess(cx, Factor::Password).is_ok();
        Ok(open.then(|| Work::hash(self.wish.password.clone(), desk.salt())))
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        hashed: Option<&Hashed>,
    ) -> Result<Decision<Started>, MachineError> {
        let (operation, purpose) = (Operation::ResendSignUp, Purpose::SignUp);
        let mut desk = Opened::<Visitor>::or_new(cx, rows)?;
        if let Err(closed) = desk.may_guess(cx, Factor::Password) {
            return crate::flow::limited(cx, desk, operation, shut(cx, closed));
        }
        let hash = hashed.and_then(Hashed::hash);
        let hash = hash.ok_or(MachineError::Misuse("a password was decided on without its hash"))?;
        let mut pending = Self::pending(&desk, hash)?;
        let mut told = desk.notices();
        let asked = self.wish.session.as_ref().map(|session| session.digest(&desk.key));
        let kept = pending.iter().position(|it| Some(it.ticket) == asked);
        let Some(found) = kept.map(|at| pending.swap_remove(at)).or_else(|| pending.pop()) else {
            told.push(EventKind::PasswordRejected { known: false });
            told.extend(desk.charge_guess(cx, Factor::Password));
            let refused = Next::Done(Verdict::Refused(Refusal::InvalidCredentials));
            let quota = desk.guess_quota(cx, Factor::Password);
            return Ok(Decision::new(desk.put(cx)?, refused).limit(quota).events(cx, &self.row, told));
        };
        if let Err(refusal) = desk.may_send(cx, purpose) {
            // Written all the same: that the password was right stands only if no guess was counted meanwhile.
            let limited = crate::flow::limit_event(operation, &refusal);
            let refused = Next::Done(Verdict::Refused(refusal));
            let decision = Decision::new(desk.put_surely(cx)?, refused);
            return Ok(decision.event(cx, &self.row, limited).events(cx, &self.row, told));
        }
        let (at, session) = match self.wish.session.clone().filter(|_| kept.is_some()) {
            Some(session) => (found.at, session),
            None => renew(cx, &mut desk, &found)?,
        };
        let mail = send::send(cx, &mut desk, at, &found.subject)?;
        told.push(EventKind::CodeSent { purpose, resend: true, suppressed: mail.suppressed });
        let started =
            Started { session, sent_to: found.subject.identifier.masked(), state: desk.state(cx, at)? };
        let limits = send::quotas(cx, &mut desk, purpose);
        let mut decision = Decision::new(desk.put(cx)?, Next::Done(Verdict::Granted(started)));
        decision = decision.events(cx, &self.row, told);
        decision.mail.push(mail);
        decision.limits = limits;
        Ok(decision)
    }
}

/// Puts a sign-up's session under a new handle, in place of the one it had.
fn renew(
    cx: &mut Cx<'_>,
    desk: &mut Opened<Visitor>,
    found: &Pending,
) -> Result<(usize, Ticket<OtpSession>), MachineError> {
    let session = Ticket::<OtpSession>::mint(&desk.row, cx.ring, &mut cx.draw).ok_or(RecordError::Sealed)?;
    let ends = desk.now.saturating_add(cx.policy.lifetimes(Purpose::SignUp).session);
    let digest = session.digest(&desk.key);
    let mut challenge =
        Challenge::new(&desk.key, digest, (Purpose::SignUp, desk.partition), ends, &found.subject)?;
    let challenges = &mut desk.record.ledger.challenges;
    challenge.failures = challenges.remove(found.at).failures;
    challenges.push(challenge);
    Ok((challenges.len().saturating_sub(1), session))
}
