//! A trusted device at a sign-in: whose it is, what it is good for, and its next ticket.
//!
//! ```text
//!  a device's ticket ─► show ─► Good ─┬─ skip ─► Skip, which `enter` takes in place of a second factor (never for step-up)
//!                                     └─ rotate ─► the next ticket
//! ```
//!
//! A device is bound to the account and to the generation of its credentials: it dies with every change of a password, an address
//! or a factor. It is no factor: what it proves raises no assurance level (NIST 800-63B-4 §5.1, R81).

use super::desk::Opened;
use crate::machine::MachineError;
use crate::machine::turn::Cx;
use crate::record::{Account, RecordError, ShownTicket};
use crate::{Device, Partition, Ticket};

/// A device of the account on the desk, whose good ticket was shown.
#[derive(Clone, Copy)]
pub(in crate::flow) struct Good {
    digest: [u8; 16],
    skips: bool,
}

/// That a device lets its owner past the second factor. Made by [`Good::skip`] alone.
pub(in crate::flow) struct Skip(());

/// Finds the device of a ticket. From here on, what is counted is counted in the devices' own partition (law 9).
pub(in crate::flow) fn show(_: &Cx<'_>, desk: &mut Opened<Account>, ticket: &Ticket<Device>) -> Option<Good> {
    let digest = ticket.digest(&desk.key);
    let (at, shown) = desk.record.devices.position(&digest, desk.now)?;
    let device = desk.record.devices.get(at).filter(|_| shown == ShownTicket::Good)?;
    let skips = device.skips;
    desk.partition = Partition::TrustedDevice;
    Some(Good { digest, skips })
}

impl Good {
    /// Whether it lets its owner past the second factor.
    pub(in crate::flow) fn skip(&self, cx: &Cx<'_>, desk: &Opened<Account>) -> Option<Skip> {
        let allowed = cx.policy.settings().devices.skip_second_factor;
        let still = desk.record.devices.position(&self.digest, desk.now).is_some();
        (self.skips && allowed && still).then_some(Skip(()))
    }

    /// Puts another ticket in place of the one that was shown.
    pub(in crate::flow) fn rotate(
        &self,
        cx: &mut Cx<'_>,
        desk: &mut Opened<Account>,
    ) -> Result<Ticket<Device>, MachineError> {
        let next = Ticket::<Device>::mint(&desk.row, cx.ring, &mut cx.draw).ok_or(RecordError::Sealed)?;
        let (digest, now) = (next.digest(&desk.key), desk.now);
        let at = desk.record.devices.position(&self.digest, now).map(|(at, _)| at);
        let device = at.and_then(|at| desk.record.devices.get_mut(at));
        let device = device.ok_or(MachineError::Misuse("no device there"))?;
        device.rotate(&self.digest, digest, now, cx.policy);
        device.failures = 0;
        Ok(next)
    }
}
