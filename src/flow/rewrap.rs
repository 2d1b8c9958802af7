//! Sealing a record's key under the current ring key, so that an old ring key can be retired.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::desk::{Holder, Opened};
use crate::machine::turn::{Change, Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, Machine, MachineError, Request, sealed};
use crate::record::{Account, RecordKey, RecordKind, Visitor};
use crate::{Rewrapped, Verdict};

/// Seal the data key of one row under the current ring key, if it is under an older one.
///
/// Every write does so by the way. After a rotation, run this over the keys of the rows that your store still has (`keys` of the ready-made ones), visitors and
/// accounts; then no record names the old key, and it can be taken out of the ring as soon as the tickets made with it
/// have ended. It is a turn like any other: a row that somebody changes meanwhile is read again.
///
/// Never refused; a row that is gone, or a meter's, has nothing to seal.
#[derive(Clone, Copy, Debug)]
pub struct Rewrap {
    /// The row.
    pub row: RecordKey,
}

impl Request for Rewrap {}
impl sealed::Begin for Rewrap {
    type Output = Rewrapped;

    fn begin(self, _: &Machine) -> sealed::First<Rewrapped> {
        let row = self.row;
        let next = match row.kind() {
            Some(RecordKind::Visitor) => Next::Turn(turn::<Visitor>(row)),
            Some(RecordKind::Account) => Next::Turn(turn::<Account>(row)),
            Some(RecordKind::Meter) | None => Next::Done(Verdict::Granted(Rewrapped { rewritten: false })),
        };
        next.into()
    }
}

struct Seal<H>(RecordKey, core::marker::PhantomData<fn() -> H>);

fn turn<H: Holder>(row: RecordKey) -> Box<dyn Turn<Rewrapped>> {
    Box::new(Seal::<H>(row, core::marker::PhantomData))
}

impl<H: Holder> Turn<Rewrapped> for Seal<H> {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.0]
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        _: Option<&Hashed>,
    ) -> Result<Decision<Rewrapped>, MachineError> {
        // What is left of a deleted account names its key as well.
        let desk = Opened::<H>::even_gone(cx, rows, 0)?;
        let outdated = desk.filter(|desk| desk.record.ledger_ref().wrapped.ring_key != cx.ring.current_id());
        let rewritten = outdated.is_some();
        let change = outdated.map_or(Ok(Change::Keep), |desk| desk.put(cx))?;
        Ok(Decision::new(change, Next::Done(Verdict::Granted(Rewrapped { rewritten }))))
    }
}
