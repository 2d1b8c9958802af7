//! Changing the password, by somebody who is signed in and gives the present one.
//!
//! Two turns, since each hashes once: the first compares the present password, the second sets the new one if the account is still what it was.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::enrol::no;
use super::sessions::{Bearer, Freshness, SignedInAs, proven, signed_in_as, signed_in_requests};
use crate::flow::codes::session::missing;
use crate::flow::desk::Opened;
use crate::flow::sign_in::signed_in::{Entry, enter};
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, MachineError, Work};
use crate::password::vet;
use crate::record::{Account, RecordKey};
use crate::{
    Blocked, Client, EventKind, Factor, Label, MessageKind, Password, Refusal, Session, SignedIn, Ticket,
    Todo, Verdict,
};

/// Change the password.
///
/// The session ends and another takes its place, with a new ticket (R77, B105); all others end, and so do trusted devices, sign-ins that wait,
/// codes and links (B106, B108). The owner is told.
///
/// Refused: [`Refusal::InvalidSession`], [`Refusal::InvalidCredentials`] where the present password is another,
/// [`Refusal::StepUpRequired`] where the account asks for more than that, [`Refusal::PasswordTooShort`], [`Refusal::PasswordBlocked`],
/// [`Refusal::Limited`] by the client's, or the password's rules, [`Refusal::FactorDisabled`].
#[derive(Clone, Debug)]
pub struct ChangePassword {
    /// Who sends the request.
    pub client: Client,
    /// The session.
    pub session: Ticket<Session>,
    /// The present password (ASVS 6.2.3).
    pub current: Password,
    /// The new one.
    pub password: Password,
    /// What the client calls itself.
    pub label: Label,
}

signed_in_requests!(ChangePassword -> SignedIn);

impl SignedInAs<SignedIn> for ChangePassword {
    const FRESH: Freshness = Freshness::Full;
    const WHILE_DUE: &'static [Todo] = &[Todo::ChangePassword];

    fn password(&self) -> Option<&Password> {
        Some(&self.current)
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        desk: Opened<Account>,
        _: usize,
    ) -> Result<Decision<SignedIn>, MachineError> {
        let identifier = desk.record.credentials(&desk.key)?.identifier;
        if let Err(refusal) = vet(cx.policy, cx.blocklist, &self.password, &identifier) {
            return no(cx, desk, refusal, None);
        }
        // Both were typed just now, and the present one was right.
        if self.password.expose() == self.current.expose() {
            return no(cx, desk, Refusal::PasswordBlocked(Blocked::Present), None);
        }
        // Not held up by the limit of notices, which whoever knows the old password can use up.
        let (row, notices) = (desk.row, desk.notices());
        let generation = desk.record.generation;
        let set = Set { wish: Arc::new(self.clone()), row, generation };
        Ok(Decision::new(desk.put(cx)?, Next::Turn(Box::new(set)))
            .event(cx, &row, EventKind::FactorAccepted { factor: Factor::Password })
            .events(cx, &row, notices))
    }
}

/// The second turn. Only the first makes one, when the present password was right.
struct Set {
    wish: Arc<ChangePassword>,
    row: RecordKey,
    generation: u64,
}

impl Set {
    /// The session that asked, if it is still there and the account still what it was.
    fn find(&self, desk: &Opened<Account>) -> Option<usize> {
        let at = desk.record.sessions.position(&self.wish.session.digest(&desk.key))?;
        (desk.record.generation == self.generation && !desk.record.suspended).then_some(at)
    }
}

impl Turn<SignedIn> for Set {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn work(&self, cx: &mut Cx<'_>, rows: &Rows<'_>) -> Result<Option<Work>, MachineError> {
        let desk = Opened::<Account>::existing(cx, rows, 0)?.filter(|desk| self.find(desk).is_some());
        Ok(desk.map(|desk| Work::hash(self.wish.password.clone(), desk.salt())))
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        hashed: Option<&Hashed>,
    ) -> Result<Decision<SignedIn>, MachineError> {
        let operation = ChangePassword::OPERATION;
        let Some(mut desk) = Opened::<Account>::existing(cx, rows, 0)? else {
            return Ok(crate::flow::unknown(cx, self.row, operation));
        };
        let (Some(at), Some(hash)) = (self.find(&desk), hashed.and_then(Hashed::hash)) else {
            return missing(cx, desk, operation);
        };
        let (mut told, devices) = (desk.notices(), desk.record.devices.len());
        let all = proven(&desk, at);
        desk.record.set_password(&desk.key, hash, &mut cx.draw)?;
        desk.record.ledger.rebound(Factor::Password);
        let count = desk.record.sessions.end(|_, _| true).saturating_sub(1);
        told.push(EventKind::PasswordChanged);
        told.extend((count > 0).then_some(EventKind::SessionsEnded { count }));
        told.extend((devices > 0).then_some(EventKind::DevicesForgotten { count: devices }));
        let all = all.with(crate::Method::Password, desk.now);
        let (signed_in, events) = match enter(cx, &mut desk, all, None, &self.wish.label, false)? {
            Entry::In(signed_in, events) => (signed_in, events),
            // Not while the gate asks for as much as a sign-in does; were it so, nothing of this is to be written.
            Entry::Missing(_) => return Err(MachineError::Misuse("a password was changed past a factor")),
        };
        told.extend(events);
        let notice = desk.notify(cx, MessageKind::PasswordChanged)?;
        told.push(EventKind::NoticeSent { notice: notice.kind.name() });
        let account = signed_in.account().clone();
        let mut decision = Decision::new(desk.put(cx)?, Next::Done(Verdict::Granted(signed_in)));
        decision.mail.push(notice);
        Ok(decision.events(cx, &self.row, told).about(&account))
    }
}
