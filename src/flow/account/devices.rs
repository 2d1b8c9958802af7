//! Trusted devices: trusting one, listing them, forgetting them.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::fresh::gate;
use super::sessions::{Ended, Freshness, SignedInAs, signed_in_as, signed_in_requests};
use crate::assurance::Methods;
use crate::flow::desk::Opened;
use crate::machine::MachineError;
use crate::machine::turn::{Cx, Decision, Next};
use crate::record::{Account, RecordError, StoredDevice};
use crate::{Client, Device, EventKind, Label, Session, Ticket, Timestamp, Todo, Verdict};

/// Trust the device that asks: its owner's passwords are counted apart from what strangers guess, and for as long as the policy says no
/// second factor is asked for on it.
///
/// Ask for it only when a person has said so, on a device that is his own. The oldest goes where there are too many.
///
/// Refused: [`Refusal::InvalidSession`](crate::Refusal::InvalidSession), [`Refusal::StepUpRequired`](crate::Refusal::StepUpRequired)
/// unless all that a sign-in asks for was proven within the last minutes, [`Refusal::ActionRequired`](crate::Refusal::ActionRequired),
/// [`Refusal::Limited`](crate::Refusal::Limited) by the client's rules.
#[derive(Clone, Debug)]
pub struct TrustDevice {
    /// Who sends the request.
    pub client: Client,
    /// The session.
    pub session: Ticket<Session>,
    /// What the device is called in the list.
    pub label: Label,
}

/// List the trusted devices of an account, the oldest first.
///
/// Refused: as [`CheckSession`](crate::CheckSession).
#[derive(Clone, Debug)]
pub struct ListDevices {
    /// Who sends the request.
    pub client: Client,
    /// The session.
    pub session: Ticket<Session>,
}

/// Trust devices no more. To be signed in is enough for it: it takes trust away.
///
/// Refused: as [`CheckSession`](crate::CheckSession).
#[derive(Clone, Debug)]
pub struct ForgetDevices {
    /// Who sends the request.
    pub client: Client,
    /// The session.
    pub session: Ticket<Session>,
    /// Which; `None` for all. A name of another account's device is that of none (B117).
    pub which: Option<DeviceId>,
}

/// A device's name in the list. It opens nothing, and stays when the device's ticket is changed.
///
/// ```
/// let id: countersign::DeviceId = "00112233aabbccdd".parse().unwrap();
/// assert_eq!(id.to_string(), "00112233aabbccdd");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DeviceId([u8; 8]);

/// A trusted device as its owner may see it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// Its name.
    pub id: DeviceId,
    /// What it calls itself.
    pub label: Label,
    /// Since when it is trusted.
    pub created_at: Timestamp,
    /// When somebody last signed in on it.
    pub last_used_at: Timestamp,
    /// Until when it is trusted; use does not move it.
    pub expires_at: Timestamp,
    /// Whether no second factor is asked for on it.
    pub skips_second_factor: bool,
}

/// A device is trusted from now on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeviceTrusted {
    /// What the device shows when somebody signs in on it, kept as safely as a password (`HttpOnly`, `Secure`).
    pub device: Ticket<Device>,
    /// Until when.
    pub expires_at: Timestamp,
    /// Whether no second factor is asked for on it.
    pub skips_second_factor: bool,
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl core::str::FromStr for DeviceId {
    type Err = crate::InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = crate::InvalidId { what: "a device's name", rule: "16 lower-case hexadecimal digits" };
        let canonical = u64::from_str_radix(text, 16).map(|number| Self(number.to_be_bytes())).ok();
        canonical.filter(|id| String::as_str(&alloc::format!("{id}")) == text).ok_or(wrong)
    }
}

signed_in_requests!(
    TrustDevice -> DeviceTrusted,
    ListDevices -> Vec<DeviceInfo>,
    ForgetDevices -> Ended,
);

impl SignedInAs<DeviceTrusted> for TrustDevice {
    const FRESH: Freshness = Freshness::Full;
    const WHILE_DUE: &'static [Todo] = &[];

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        at: usize,
    ) -> Result<Decision<DeviceTrusted>, MachineError> {
        let (row, mut told, now) = (desk.row, desk.notices(), desk.now);
        let settings = cx.policy.settings().devices;
        // The gate has seen every factor a moment ago; trust never comes from trust.
        let skips =
            settings.skip_second_factor && gate(cx, &desk, at, Methods::default(), Self::FRESH).is_none();
        let device = Ticket::<Device>::mint(&desk.row, cx.ring, &mut cx.draw).ok_or(RecordError::Sealed)?;
        let digest = device.digest(&desk.key);
        let stored = StoredDevice::new(&desk.key, digest, skips, now, cx.policy, &self.label, &mut cx.draw)?;
        let expires_at = stored.expires_at;
        desk.record.devices.add(stored, usize::from(settings.per_account));
        told.push(EventKind::DeviceTrusted { skips_second_factor: skips });
        let account = desk.record.credentials(&desk.key)?.id;
        let trusted = DeviceTrusted { device, expires_at, skips_second_factor: skips };
        let decision = Decision::new(desk.put(cx)?, Next::Done(Verdict::Granted(trusted)));
        Ok(decision.events(cx, &row, told).about(&account))
    }
}

impl SignedInAs<Vec<DeviceInfo>> for ListDevices {
    const FRESH: Freshness = Freshness::Any;
    const WHILE_DUE: &'static [Todo] = &[];

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        desk: Opened<Account>,
        _: usize,
    ) -> Result<Decision<Vec<DeviceInfo>>, MachineError> {
        let (row, notices) = (desk.row, desk.notices());
        let allowed = cx.policy.settings().devices.skip_second_factor;
        let info = |device: &StoredDevice| {
            Ok(DeviceInfo {
                id: DeviceId(device.id()),
                label: device.label(&desk.key)?,
                created_at: device.created_at,
                last_used_at: device.last_used_at,
                expires_at: device.expires_at,
                skips_second_factor: device.skips && allowed,
            })
        };
        let list = desk.record.devices.iter().map(info).collect::<Result<Vec<_>, MachineError>>()?;
        let change = desk.put_back(cx)?;
        Ok(Decision::new(change, Next::Done(Verdict::Granted(list))).events(cx, &row, notices))
    }
}

impl SignedInAs<Ended> for ForgetDevices {
    const FRESH: Freshness = Freshness::Any;
    const WHILE_DUE: &'static [Todo] = &[];

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        _: usize,
    ) -> Result<Decision<Ended>, MachineError> {
        let (row, notices) = (desk.row, desk.notices());
        let count = desk.record.devices.end(|device| self.which.is_none_or(|DeviceId(id)| device.id() == id));
        let change = desk.put(cx)?;
        Ok(Decision::new(change, Next::Done(Verdict::Granted(Ended { count })))
            .event(cx, &row, EventKind::DevicesForgotten { count })
            .events(cx, &row, notices))
    }
}
