//! Shutting an account, and opening it again: by the host.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::flow::desk::Opened;
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, Machine, MachineError, Request, sealed};
use crate::record::{Account, RecordKey};
use crate::{AccountId, EventKind, Refusal, Verdict};

/// Suspend an account, or end its suspension.
///
/// While suspended, nobody signs in to it, and it answers everybody as an account does whose password is another one (law 8). What
/// was made for it before, signed-in sessions included, ends with the suspension's beginning and does not come back
/// (R66, R79).
///
/// The host's own request: there is no client, and nobody's right to ask is checked.
///
/// Refused: [`Refusal::InvalidSession`] if the account has no record.
#[derive(Clone, Debug)]
pub struct SetSuspended {
    /// The account.
    pub account: AccountId,
    /// Whether it is to be.
    pub suspended: bool,
}

/// An account is suspended or not, as asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Suspended {
    /// How many signed-in sessions ended with it.
    pub sessions_ended: usize,
}

impl Request for SetSuspended {}
impl sealed::Begin for SetSuspended {
    type Output = Suspended;

    fn begin(self, machine: &Machine) -> sealed::First<Suspended> {
        let row = machine.locator().account(&self.account);
        Next::Turn(Box::new(Set { wish: self, row }) as Box<dyn Turn<Suspended>>).into()
    }
}

struct Set {
    wish: SetSuspended,
    row: RecordKey,
}

impl Turn<Suspended> for Set {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        _: Option<&Hashed>,
    ) -> Result<Decision<Suspended>, MachineError> {
        let suspended = self.wish.suspended;
        let kind = EventKind::SuspensionSet { suspended };
        let Some(mut desk) = Opened::<Account>::existing(cx, rows, 0)? else {
            let refused = Next::Done(Verdict::Refused(Refusal::InvalidSession));
            return Ok(Decision::new(crate::machine::turn::Change::Keep, refused));
        };
        let mut sessions_ended = 0;
        if suspended {
            desk.record.raise();
            // It may have been begun by whoever the account is suspended for.
            desk.record.factors.pending = None;
            sessions_ended = desk.record.sessions.end(|_, _| true);
        }
        desk.record.suspended = suspended;
        let granted = Next::Done(Verdict::Granted(Suspended { sessions_ended }));
        let decision = Decision::new(desk.put(cx)?, granted).event(cx, &self.row, kind);
        Ok(decision.about(&self.wish.account))
    }
}
