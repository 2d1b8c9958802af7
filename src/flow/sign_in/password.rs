//! Signing in with a password.
//!
//! ```text
//!  Knock  reads visitor and account, one hash, writes the visitor ─► wrong: counted, refused
//!    └► Enter  writes the account, if it is still the one the password was compared for ─► signed in, or a second factor
//! ```
//!
//! Whether the identifier is known shows in nothing that `Knock` does: the same rows are read, one password is hashed, the same
//! record is written, with the same content (law 8).

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::enter::{Enter, Manner, StandsIn, Who};
use crate::assurance::{Method, Methods};
use crate::flow::desk::{Opened, shut};
use crate::flow::devices;
use crate::flow::known::{Known, known};
use crate::flow::meter::metered;
use crate::machine::turn::{Change, Cx, Decision, Next, Rows, Turn};
use crate::machine::{DirectoryEntry, Hashed, Machine, MachineError, Request, Work, sealed};
use crate::password::vet;
use crate::record::{self, Account, RecordKey, RecordKind, Visitor};
use crate::{
    Client, Device, EventKind, Factor, Identifier, Label, Locale, Operation, Password, Progress, Refusal,
    Steps, Ticket, Verdict,
};

/// Sign in with a password, and with a second factor where the account has one.
///
/// A wrong password is counted on the identifier's record, in one budget for all spellings and all doors, whether or not the
/// identifier is known. A right second factor never rescues a wrong password: it is then neither compared nor used up
/// (law 4, B039).
///
/// Refused: [`Refusal::InvalidCredentials`]; [`Refusal::Limited`] by the client's rules or a guess budget; and, once the
/// password was right, [`Refusal::InvalidProof`] and [`Refusal::FactorDisabled`].
#[derive(Clone, Debug)]
pub struct PasswordSignIn {
    /// Who sends the request.
    pub client: Client,
    /// The identifier typed.
    pub identifier: Identifier,
    /// The password typed.
    pub password: Password,
    /// How a second factor is asked for.
    pub steps: Steps,
    /// What the client calls itself.
    pub label: Label,
    /// The language of the message, if a code is mailed.
    pub locale: Option<Locale>,
    /// The ticket of a device that the account trusts, if the client has one. Guesses are then counted on that device's account, apart from
    /// those of strangers; and the second factor may not be asked for. Any other ticket is as good as none.
    pub device: Option<Ticket<Device>>,
}

impl Request for PasswordSignIn {}
impl sealed::Begin for PasswordSignIn {
    type Output = Progress;

    fn begin(self, machine: &Machine) -> sealed::First<Progress> {
        let Self { client, identifier, password, steps, label, locale, device } = self;
        let weak = vet(machine.policy(), machine.blocklist(), &password, &identifier).is_err();
        let manner = Manner { steps, label, locale, weak_password: weak, device: device.clone() };
        let wish = Arc::new(Wish { identifier, password, manner: Arc::new(manner) });
        let row = device.and_then(|device| device.row(machine.ring()));
        let row = row.filter(|row| row.kind() == Some(RecordKind::Account));
        metered(machine, &client, Operation::PasswordSignIn, move || match row {
            Some(row) => Next::Turn(Box::new(KnockWithDevice { wish: Arc::clone(&wish), row })),
            None => knock(&wish),
        })
        .into()
    }
}

/// The strangers' door.
fn knock(wish: &Arc<Wish>) -> Next<Progress> {
    let asked = Arc::clone(wish);
    let then = move |entry: Option<DirectoryEntry>, cx: &Cx<'_>| -> Next<Progress> {
        let visitor = cx.locator.visitor(&asked.identifier);
        let account = match &entry {
            Some(entry) => cx.locator.account(&entry.account),
            None => cx.locator.nobody(&asked.identifier),
        };
        Next::Turn(Box::new(Knock { wish: Arc::clone(&asked), entry, visitor, account }))
    };
    Next::Find(wish.identifier.clone(), Arc::new(then))
}

struct Wish {
    identifier: Identifier,
    password: Password,
    manner: Arc<Manner>,
}

impl Wish {
    /// What the right password leads to.
    fn enter(&self, row: RecordKey, who: Who, hashed: &Hashed) -> Next<Progress> {
        let rehash = hashed.rehash_due().then(|| self.password.clone());
        let proven = Methods::of(&[Method::Password]);
        let refusal = Refusal::InvalidCredentials;
        let manner = Arc::clone(&self.manner);
        Next::Turn(Box::new(Enter { row, who, proven, manner, rehash, refusal, tell: Arc::new(|it| it) }))
    }
}

/// The turn of whoever shows a device's ticket: reads and writes the account. A device that is not the account's leads to the
/// strangers' door.
struct KnockWithDevice {
    wish: Arc<Wish>,
    row: RecordKey,
}

/// What came of showing a device.
enum Shown {
    Good(Opened<Account>),
    /// Not one of this account's, or of one that cannot be signed in to; with the account, if there is one.
    Not(Option<Opened<Account>>),
}

impl KnockWithDevice {
    fn show(&self, cx: &Cx<'_>, rows: &Rows<'_>) -> Result<Shown, MachineError> {
        let Some(mut desk) = Opened::<Account>::existing(cx, rows, 0)? else { return Ok(Shown::Not(None)) };
        let answers = desk.record.answers_to(&desk.key, &self.wish.identifier) && !desk.record.suspended;
        let device = self.wish.manner.device.as_ref().filter(|_| answers);
        let good = device.and_then(|device| devices::show(cx, &mut desk, device));
        Ok(if good.is_some() { Shown::Good(desk) } else { Shown::Not(Some(desk)) })
    }

    /// Goes on to the strangers' door, and notes a ticket that somebody has a copy of.
    fn not_ours(
        &self,
        cx: &mut Cx<'_>,
        desk: Option<Opened<Account>>,
    ) -> Result<Decision<Progress>, MachineError> {
        let mut told = alloc::vec![EventKind::DeviceUnknown];
        let mut change = Change::Keep;
        if let Some(mut desk) = desk {
            told.extend(desk.notices());
            let digest = self.wish.manner.device.as_ref().map(|device| device.digest(&desk.key));
            let copied = digest.and_then(|digest| desk.record.devices.position(&digest, desk.now));
            if let Some((at, record::ShownTicket::Replayed)) = copied {
                let id = desk.record.devices.get(at).map(record::StoredDevice::id);
                desk.record.devices.end(|device| Some(device.id()) == id);
                told.push(EventKind::DeviceReplayed);
                desk.must_write();
            }
            change = desk.put_back(cx)?;
        }
        Ok(Decision::new(change, knock(&self.wish)).events(cx, &self.row, told))
    }
}

impl Turn<Progress> for KnockWithDevice {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn work(&self, cx: &mut Cx<'_>, rows: &Rows<'_>) -> Result<Option<Work>, MachineError> {
        let Shown::Good(mut desk) = self.show(cx, rows)? else { return Ok(None) };
        if desk.may_guess(cx, Factor::Password).is_err() {
            return Ok(None);
        }
        let stored = desk.record.credentials(&desk.key)?.password.0;
        Ok(Some(Work::check(self.wish.password.clone(), Some(stored), desk.salt())))
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        hashed: Option<&Hashed>,
    ) -> Result<Decision<Progress>, MachineError> {
        let mut desk = match self.show(cx, rows)? {
            Shown::Good(desk) => desk,
            Shown::Not(desk) => return self.not_ours(cx, desk),
        };
        if let Err(closed) = desk.may_guess(cx, Factor::Password) {
            return crate::flow::limited(cx, desk, Operation::PasswordSignIn, shut(cx, closed));
        }
        let hashed = hashed.ok_or(MachineError::Misuse("a password was decided on without its hash"))?;
        let mut told = desk.notices();
        let digest =
            self.wish.manner.device.as_ref().map(|device| device.digest(&desk.key)).unwrap_or_default();
        if hashed.is_right() {
            told.push(EventKind::PasswordAccepted);
            told.extend(desk.guessed_right(cx, Factor::Password));
            let id = desk.record.credentials(&desk.key)?.id;
            let (generation, identifier) = (desk.record.generation, self.wish.identifier.clone());
            let next = self.wish.enter(
                self.row,
                Who { id, generation, identifier, stands_in: None, by_directory: false },
                hashed,
            );
            return Ok(Decision::new(desk.put(cx)?, next).events(cx, &self.row, told));
        }
        told.push(EventKind::PasswordRejected { known: true });
        told.extend(desk.charge_guess(cx, Factor::Password));
        let quota = desk.guess_quota(cx, Factor::Password);
        told.extend(self.failed(cx, &mut desk, &digest));
        let refused = Next::Done(Verdict::Refused(Refusal::InvalidCredentials));
        Ok(Decision::new(desk.put(cx)?, refused).limit(quota).events(cx, &self.row, told))
    }
}

impl KnockWithDevice {
    /// Counts a wrong password against the device; after too many in a row it is trusted no more.
    fn failed(&self, cx: &Cx<'_>, desk: &mut Opened<Account>, digest: &[u8; 16]) -> Option<EventKind> {
        let (at, _) = desk.record.devices.position(digest, desk.now)?;
        let device = desk.record.devices.get_mut(at)?;
        device.failures = device.failures.saturating_add(1);
        let (id, burned) = (device.id(), device.failures >= cx.policy.settings().devices.max_failures);
        burned.then(|| {
            desk.record.devices.end(|device| device.id() == id);
            EventKind::DeviceBurned
        })
    }
}

/// The turn: reads the visitor and the account, writes the visitor.
struct Knock {
    wish: Arc<Wish>,
    entry: Option<DirectoryEntry>,
    visitor: RecordKey,
    account: RecordKey,
}

impl Knock {
    fn known(&self, cx: &Cx<'_>, rows: &Rows<'_>) -> Result<Option<Known>, MachineError> {
        known(cx, rows, self.entry.as_ref(), &self.wish.identifier)
    }

    /// What the right password leads to.
    fn enter(&self, known: Known, hashed: &Hashed) -> Next<Progress> {
        let who = Who {
            id: known.id,
            generation: known.generation,
            identifier: self.wish.identifier.clone(),
            stands_in: self.entry.clone().and_then(StandsIn::of),
            by_directory: true,
        };
        self.wish.enter(self.account, who, hashed)
    }
}

impl Turn<Progress> for Knock {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.visitor, self.account]
    }

    /// One hash for every request that no limit refuses: on the stored one, or on a decoy where there is none.
    fn work(&self, cx: &mut Cx<'_>, rows: &Rows<'_>) -> Result<Option<Work>, MachineError> {
        let mut desk = Opened::<Visitor>::or_new(cx, rows)?;
        if desk.may_guess(cx, Factor::Password).is_err() {
            return Ok(None);
        }
        let stored = self.known(cx, rows)?.and_then(|known| known.password);
        Ok(Some(Work::check(self.wish.password.clone(), stored, desk.salt())))
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        hashed: Option<&Hashed>,
    ) -> Result<Decision<Progress>, MachineError> {
        let mut desk = Opened::<Visitor>::or_new(cx, rows)?;
        if let Err(closed) = desk.may_guess(cx, Factor::Password) {
            return crate::flow::limited(cx, desk, Operation::PasswordSignIn, shut(cx, closed));
        }
        let hashed = hashed.ok_or(MachineError::Misuse("a password was decided on without its hash"))?;
        let known = self.known(cx, rows)?;
        let notices = desk.notices();
        match known {
            Some(known) if hashed.is_right() => {
                let next = self.enter(known, hashed);
                let suspicious = desk.guessed_right(cx, Factor::Password);
                Ok(Decision::new(desk.put_surely(cx)?, next)
                    .event(cx, &self.visitor, EventKind::PasswordAccepted)
                    .events(cx, &self.visitor, suspicious)
                    .events(cx, &self.visitor, notices))
            }
            known => {
                let locked = desk.charge_guess(cx, Factor::Password);
                let refused = Next::Done(Verdict::Refused(Refusal::InvalidCredentials));
                let rejected = EventKind::PasswordRejected { known: known.is_some() };
                let quota = desk.guess_quota(cx, Factor::Password);
                Ok(Decision::new(desk.put(cx)?, refused)
                    .limit(quota)
                    .event(cx, &self.visitor, rejected)
                    .events(cx, &self.visitor, locked)
                    .events(cx, &self.visitor, notices))
            }
        }
    }
}
