//! The mailed link of a recovery.
//!
//! It carries 128 random bits and is outside every guess budget; no newer one replaces it, and it outlives the longest wait for another,
//! so that strangers who burn codes and sends cannot keep the owner out (law 9).

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::grant::{GrantedReset, grant_reset};
use crate::flow::codes::session::missing;
use crate::flow::desk::Opened;
use crate::flow::meter::metered;
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, Machine, MachineError, Request, sealed};
use crate::record::{RecordKey, RecordKind, Visitor};
use crate::{Client, EventKind, Operation, Purpose, RecoveryLink, Refusal, Ticket, Verdict};

/// Turn the mailed link of a recovery into the right to set a new password, as its code does.
///
/// Have a form or a script send this; never do it for a mere visit to the link, which mail scanners make too.
///
/// Refused: [`Refusal::InvalidSession`] for a link that is unknown, spent or ended, or of an account that has changed since;
/// [`Refusal::Limited`] by the client's rules.
#[derive(Clone, Debug)]
pub struct RedeemRecovery {
    /// Who sends the request.
    pub client: Client,
    /// The link's token.
    pub link: Ticket<RecoveryLink>,
}

impl Request for RedeemRecovery {}
impl sealed::Begin for RedeemRecovery {
    type Output = GrantedReset;

    fn begin(self, machine: &Machine) -> sealed::First<GrantedReset> {
        let row = self.link.row(machine.ring()).filter(|row| row.kind() == Some(RecordKind::Visitor));
        let (client, link) = (self.client, self.link);
        metered(machine, &client, Operation::RedeemRecovery, move || match row {
            Some(row) => Next::Turn(Box::new(Redeem { link: link.clone(), row })),
            None => Next::Done(Verdict::Refused(Refusal::InvalidSession)),
        })
        .into()
    }
}

struct Redeem {
    link: Ticket<RecoveryLink>,
    row: RecordKey,
}

impl Turn<GrantedReset> for Redeem {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        _: Option<&Hashed>,
    ) -> Result<Decision<GrantedReset>, MachineError> {
        let (operation, purpose) = (Operation::RedeemRecovery, Purpose::Recover);
        let Some(mut desk) = Opened::<Visitor>::existing(cx, rows, 0)? else {
            return Ok(crate::flow::unknown(cx, self.row, operation));
        };
        let about = desk.record.ledger.link_about(&desk.key, &self.link.digest(&desk.key), purpose)?;
        let Some((subject, (id, generation))) =
            about.and_then(|subject| subject.account.clone().map(|account| (subject, account)))
        else {
            return missing(cx, desk, operation);
        };
        let notices = desk.notices();
        // The codes and links beside it are spent with it (R60).
        desk.record.ledger.spend_quietly(purpose, None, &mut cx.draw);
        let next = grant_reset(cx, id, generation, subject.identifier, Arc::new(|grant| grant));
        Ok(Decision::new(desk.put(cx)?, next)
            .event(cx, &self.row, EventKind::LinkRedeemed { purpose })
            .events(cx, &self.row, notices))
    }
}
