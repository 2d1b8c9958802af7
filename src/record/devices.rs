//! The trusted devices of an account, as stored.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::codec::RecordError;
use crate::entropy::Draw;
use crate::keys::DataKey;
use crate::policy::Policy;
use crate::secret::matches;
use crate::{Label, Timestamp};

/// One trusted device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct StoredDevice {
    /// Its own name, under which its label is sealed; it stays when the ticket is changed.
    name: [u8; 16],
    ticket: [u8; 16],
    /// The ticket before that, and until when it is taken for it: the answer that carried the new one may be lost.
    previous: Option<([u8; 16], Timestamp)>,
    /// Whether its owner is let past the second factor, or only has budgets of his own.
    pub(crate) skips: bool,
    /// Wrong passwords typed on it in a row.
    pub(crate) failures: u32,
    pub(crate) created_at: Timestamp,
    pub(crate) last_used_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    #[serde(with = "super::blob")]
    label: Vec<u8>,
}

/// Which of a device's tickets was shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shown {
    /// The present one, or the one before it while that is taken.
    Good,
    /// The one before, too late: somebody has a copy.
    Replayed,
}

impl StoredDevice {
    pub(crate) fn new(
        key: &DataKey,
        ticket: [u8; 16],
        skips: bool,
        now: Timestamp,
        policy: &Policy,
        label: &Label,
        draw: &mut Draw,
    ) -> Result<Self, RecordError> {
        let name = draw.bytes();
        let label = key.seal(&name, label.as_str().as_bytes()).ok_or(RecordError::Malformed)?;
        let expires_at = now.saturating_add(policy.settings().devices.life);
        let (created_at, last_used_at) = (now, now);
        Ok(Self {
            name,
            ticket,
            previous: None,
            skips,
            failures: 0,
            created_at,
            last_used_at,
            expires_at,
            label,
        })
    }

    pub(crate) fn label(&self, key: &DataKey) -> Result<Label, RecordError> {
        let plain = key.open(&self.name, &self.label).ok_or(RecordError::Sealed)?;
        core::str::from_utf8(&plain).map(Label::new).map_err(|_| RecordError::Malformed)
    }

    /// What the owner may know it by. It opens nothing.
    pub(crate) fn id(&self) -> [u8; 8] {
        let mut id = [0; 8];
        id.iter_mut().zip(&self.name).for_each(|(to, from)| *to = *from);
        id
    }

    /// Puts another ticket in place of the one that was shown. Its end stays: trust is not renewed by use.
    pub(crate) fn rotate(&mut self, shown: &[u8; 16], next: [u8; 16], now: Timestamp, policy: &Policy) {
        // Whoever shows the earlier ticket never saw the present one, which is forgotten; the earlier keeps its own end.
        if matches(&self.ticket, shown) {
            self.previous = Some((self.ticket, now.saturating_add(policy.settings().devices.rotation_grace)));
        }
        self.ticket = next;
        self.last_used_at = now;
    }
}

/// The devices of an account, the oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct StoredDevices(Vec<StoredDevice>);

impl StoredDevices {
    /// Forgets those whose trust has ended; whether there were any.
    pub(crate) fn erase_expired(&mut self, now: Timestamp) -> bool {
        self.end(|device| now >= device.expires_at) > 0
    }

    pub(crate) fn rebase(&mut self, from: Timestamp, to: Timestamp) {
        for device in &mut self.0 {
            for time in [&mut device.created_at, &mut device.last_used_at, &mut device.expires_at] {
                *time = time.shifted(from, to);
            }
            device.previous.iter_mut().for_each(|(_, until)| *until = until.shifted(from, to));
        }
    }

    /// Adds a device; where there are too many, the oldest go.
    pub(crate) fn add(&mut self, device: StoredDevice, most: usize) {
        self.0.push(device);
        let over = self.0.len().saturating_sub(most);
        self.0.drain(..over);
    }

    /// Where the device of a ticket is, and which of its tickets that was. Looks at all of them in constant time.
    pub(crate) fn position(&self, ticket: &[u8; 16], now: Timestamp) -> Option<(usize, Shown)> {
        let found = |at, (index, device): (usize, &StoredDevice)| {
            let present = matches(&device.ticket, ticket);
            let earlier = device.previous.filter(|(before, _)| matches(before, ticket));
            match (present, earlier) {
                (true, _) => Some((index, Shown::Good)),
                (false, Some((_, until))) if now < until => Some((index, Shown::Good)),
                (false, Some(_)) => Some((index, Shown::Replayed)),
                (false, None) => at,
            }
        };
        self.0.iter().enumerate().fold(None, found)
    }

    pub(crate) fn get(&self, at: usize) -> Option<&StoredDevice> {
        self.0.get(at)
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut StoredDevice> {
        self.0.get_mut(at)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &StoredDevice> {
        self.0.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets the devices that `ends` names; how many.
    pub(crate) fn end(&mut self, ends: impl Fn(&StoredDevice) -> bool) -> usize {
        let before = self.0.len();
        self.0.retain(|device| !ends(device));
        before.saturating_sub(self.0.len())
    }
}
