//! Setting a new password in place of a lost one.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::grant::{Granted, asks, find};
use crate::flow::codes::session::missing;
use crate::flow::desk::Opened;
use crate::flow::meter::metered;
use crate::flow::sign_in::prove::{Tried, alarm, attempt, used};
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, Machine, MachineError, Request, Work, sealed};
use crate::password::vet;
use crate::record::{Account, RecordError, RecordKey, RecordKind, StoredDevice};
use crate::{
    AccountId, Client, Device, EventKind, Factor, Label, MessageKind, Operation, Password, Proof, Refusal,
    ResetGrant, Ticket, Timestamp, Verdict,
};

/// Set a new password in place of a lost one.
///
/// Nobody is signed in by it, and no second factor is skipped: the owner signs in with the new password as always (R58). Every session,
/// trusted device, sign-in that waits, code and link from before is dead, and the owner is told.
///
/// A password that is refused uses nothing up: the grant stays, and the further proof was not looked at (B075). A wrong proof is
/// counted in the factor's own budget, and the grant ends after as many as a session allows.
///
/// Refused: [`Refusal::InvalidSession`], [`Refusal::PasswordTooShort`], [`Refusal::PasswordBlocked`],
/// [`Refusal::ProofRequired`], [`Refusal::InvalidProof`], [`Refusal::FactorDisabled`], [`Refusal::Limited`] by the client's rules
/// or the factor's budget.
#[derive(Clone, Debug)]
pub struct ResetPassword {
    /// Who sends the request.
    pub client: Client,
    /// What the proven mailbox gave.
    pub grant: Ticket<ResetGrant>,
    /// The new password.
    pub password: Password,
    /// The further proof, where [`GrantedReset::asks`](crate::GrantedReset::asks) names any.
    pub proof: Option<Proof>,
    /// What the client calls itself: it becomes a device with guess budgets of its own.
    pub label: Label,
}

/// A new password is set.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PasswordWasReset {
    /// The account. Nobody is signed in to it.
    pub account: AccountId,
    /// A device's ticket, so that the owner can use the new password at once while strangers hold his door. It has budgets,
    /// sends and slots of its own, and lets past no second factor.
    pub device: Ticket<Device>,
    /// When the device is trusted no more.
    pub device_expires_at: Timestamp,
    /// How many signed-in sessions ended.
    pub sessions_ended: usize,
}

impl Request for ResetPassword {}
impl sealed::Begin for ResetPassword {
    type Output = PasswordWasReset;

    fn begin(self, machine: &Machine) -> sealed::First<PasswordWasReset> {
        let row = self.grant.row(machine.ring()).filter(|row| row.kind() == Some(RecordKind::Account));
        let (client, wish) = (self.client.clone(), Arc::new(self));
        metered(machine, &client, Operation::ResetPassword, move || match row {
            Some(row) => Next::Turn(Box::new(Reset { wish: Arc::clone(&wish), row })),
            None => Next::Done(Verdict::Refused(Refusal::InvalidSession)),
        })
        .into()
    }
}

struct Reset {
    wish: Arc<ResetPassword>,
    row: RecordKey,
}

impl Reset {
    /// What refuses before anything is compared or hashed.
    fn refused(&self, cx: &Cx<'_>, granted: &Granted) -> Option<Refusal> {
        let Granted { desk, subject, .. } = granted;
        if let Err(refusal) = vet(cx.policy, cx.blocklist, &self.wish.password, &subject.identifier) {
            return Some(refusal);
        }
        let offered = asks(cx.policy, &desk.record);
        let shown = self.wish.proof.as_ref().is_some_and(|proof| offered.contains(&proof.factor()));
        (!shown && !offered.is_empty()).then_some(Refusal::ProofRequired { offered })
    }
}

impl Turn<PasswordWasReset> for Reset {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn work(&self, cx: &mut Cx<'_>, rows: &Rows<'_>) -> Result<Option<Work>, MachineError> {
        let Some(desk) = Opened::<Account>::existing(cx, rows, 0)? else { return Ok(None) };
        let Ok(mut granted) = find(desk, &self.wish.grant)? else { return Ok(None) };
        if self.refused(cx, &granted).is_some() {
            return Ok(None);
        }
        let proof = self.wish.proof.as_ref().filter(|_| !asks(cx.policy, &granted.desk.record).is_empty());
        let shut = proof.is_some_and(|proof| granted.desk.may_guess(cx, proof.factor()).is_err());
        Ok((!shut).then(|| Work::hash(self.wish.password.clone(), granted.desk.salt())))
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        hashed: Option<&Hashed>,
    ) -> Result<Decision<PasswordWasReset>, MachineError> {
        let operation = Operation::ResetPassword;
        let Some(desk) = Opened::<Account>::existing(cx, rows, 0)? else {
            return Ok(crate::flow::unknown(cx, self.row, operation));
        };
        let granted = match find(desk, &self.wish.grant)? {
            Ok(granted) => granted,
            Err(desk) => return missing(cx, desk, operation),
        };
        if let Some(refusal) = self.refused(cx, &granted) {
            let (row, notices) = (granted.desk.row, granted.desk.notices());
            let change = granted.desk.put_back(cx)?;
            return Ok(Decision::new(change, Next::Done(Verdict::Refused(refusal))).events(cx, &row, notices));
        }
        let Granted { mut desk, at, .. } = granted;
        let mut told = desk.notices();
        let asked = !asks(cx.policy, &desk.record).is_empty();
        if let Some(proof) = self.wish.proof.as_ref().filter(|_| asked) {
            match attempt(cx, &mut desk, proof, None, None)? {
                Tried::Right(_, events) => told.extend(events),
                Tried::Shut(refusal) => return crate::flow::limited(cx, desk, operation, refusal),
                Tried::Wrong(refusal, events) => {
                    told.extend(events);
                    told.extend(desk.fail(cx, at));
                    let quota = desk.guess_quota(cx, proof.factor());
                    let alarm = alarm(cx, &mut desk, &told)?;
                    let refused = Next::Done(Verdict::Refused(refusal));
                    let mut decision = Decision::new(desk.put(cx)?, refused).limit(quota);
                    decision.mail.extend(alarm);
                    return Ok(decision.events(cx, &self.row, told));
                }
            }
        }
        let hash = hashed.and_then(Hashed::hash);
        let hash = hash.ok_or(MachineError::Misuse("a password was decided on without its hash"))?;
        desk.record.set_password(&desk.key, hash, &mut cx.draw)?;
        // Bound anew: what was guessed at it before is over (R2).
        desk.record.ledger.rebound(Factor::Password);
        let sessions_ended = desk.record.sessions.end(|_, _| true);
        told.push(EventKind::PasswordReset);
        told.extend((sessions_ended > 0).then_some(EventKind::SessionsEnded { count: sessions_ended }));
        let device = Ticket::<Device>::mint(&desk.row, cx.ring, &mut cx.draw).ok_or(RecordError::Sealed)?;
        let digest = device.digest(&desk.key);
        let (now, label) = (desk.now, &self.wish.label);
        let stored = StoredDevice::new(&desk.key, digest, false, now, cx.policy, label, &mut cx.draw)?;
        let device_expires_at = stored.expires_at;
        desk.record.devices.add(stored, usize::from(cx.policy.settings().devices.per_account));
        told.push(EventKind::DeviceTrusted { skips_second_factor: false });
        let account = desk.record.credentials(&desk.key)?.id;
        let used = used(cx, &mut desk, &told)?;
        let notice = desk.notify(cx, MessageKind::PasswordReset)?;
        told.push(EventKind::NoticeSent { notice: notice.kind.name() });
        let reset = PasswordWasReset { account: account.clone(), device, device_expires_at, sessions_ended };
        let mut decision = Decision::new(desk.put(cx)?, Next::Done(Verdict::Granted(reset)));
        decision.mail.extend(used);
        decision.mail.push(notice);
        Ok(decision.events(cx, &self.row, told).about(&account))
    }
}
