//! From a proven first factor into the account: a second factor, and the session.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::ask::{self, Asking};
use super::prove::{Tried, alarm, attempt, used};
use super::signed_in::{Entry, enter, missing};
use crate::assurance::{Method, Methods, Proven};
use crate::flow::account::address::settle;
use crate::flow::desk::Opened;
use crate::flow::devices;
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{DirectoryEntry, Hashed, MachineError, Work};
use crate::record::{Account, Credentials, RecordKey, StoredHash};
use crate::{
    AccountId, Address, Device, EventKind, Factor, Identifier, Label, Locale, Operation, Password,
    PasswordHash, Progress, Proofs, Purpose, Refusal, Steps, Ticket, Verdict,
};

/// How somebody wants to enter.
pub(in crate::flow) struct Manner {
    pub(in crate::flow) steps: Steps,
    pub(in crate::flow) label: Label,
    pub(in crate::flow) locale: Option<Locale>,
    /// The password typed would not be taken as a new one.
    pub(in crate::flow) weak_password: bool,
    /// The device that was shown, where it is one of the account's.
    pub(in crate::flow) device: Option<Ticket<Device>>,
}

/// Whose first factor was proven, as it was then. Only the turns that compare first factors make one.
pub(in crate::flow) struct Who {
    pub(in crate::flow) id: AccountId,
    pub(in crate::flow) generation: u64,
    pub(in crate::flow) identifier: Identifier,
    /// The host's own address and credential, which are taken over where the account has no record yet.
    pub(in crate::flow) stands_in: Option<StandsIn>,
    /// Whether the directory led from the identifier to the account.
    pub(in crate::flow) by_directory: bool,
}

/// The host's own address and credential, and whether the address was proven.
#[derive(Clone)]
pub(in crate::flow) struct StandsIn {
    pub(in crate::flow) address: Address,
    pub(in crate::flow) password: PasswordHash,
    pub(in crate::flow) proven: bool,
}

/// The account's turn of every sign-in: checks that the account is still the one the first factor was proven for, then
/// whatever else it asks for.
pub(in crate::flow) struct Enter<O> {
    pub(in crate::flow) row: RecordKey,
    pub(in crate::flow) who: Who,
    pub(in crate::flow) proven: Methods,
    pub(in crate::flow) manner: Arc<Manner>,
    /// The password, if its stored hash is to be made anew.
    pub(in crate::flow) rehash: Option<Password>,
    /// What is told if the account has changed in the meantime: what the door says to whoever proves nothing.
    pub(in crate::flow) refusal: Refusal,
    /// How the outcome is told.
    pub(in crate::flow) tell: Tell<O>,
}

/// How an outcome is told to whoever asked.
pub(in crate::flow) type Tell<O> = Arc<dyn Fn(Progress) -> O + Send + Sync>;

/// What a proven mailbox leads to: the account's turn, one factor after the other.
pub(in crate::flow) fn by_mailbox<O: 'static>(
    cx: &Cx<'_>,
    id: AccountId,
    generation: u64,
    identifier: Identifier,
    method: Method,
    label: Label,
    tell: Tell<O>,
) -> Next<O> {
    let steps = Steps::Stepwise;
    let manner = Arc::new(Manner { steps, label, locale: None, weak_password: false, device: None });
    let row = cx.locator.account(&id);
    Who::ask(id, generation, identifier, move |who| {
        Next::Turn(Box::new(Enter {
            row,
            who,
            proven: Methods::of(&[method]),
            manner: Arc::clone(&manner),
            rehash: None,
            refusal: Refusal::InvalidSession,
            tell: Arc::clone(&tell),
        }))
    })
}

impl Who {
    /// Goes on with whoever proved the mailbox of an account. Where the account had no record, what stands in for it is asked
    /// for again.
    pub(in crate::flow) fn ask<O: 'static>(
        id: AccountId,
        generation: u64,
        identifier: Identifier,
        then: impl Fn(Self) -> Next<O> + Send + Sync + 'static,
    ) -> Next<O> {
        if generation > 0 {
            return then(Self { id, generation, identifier, stands_in: None, by_directory: true });
        }
        let asked = identifier.clone();
        let found = move |entry: Option<DirectoryEntry>, _: &Cx<'_>| {
            let stands_in = entry.filter(|entry| entry.account == id).and_then(StandsIn::of);
            let (id, identifier) = (id.clone(), identifier.clone());
            then(Self { id, generation, identifier, stands_in, by_directory: true })
        };
        Next::Find(asked, Arc::new(found))
    }

    /// The account, or what becomes its record, if it is still what it was.
    pub(in crate::flow) fn open(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
    ) -> Result<Option<Opened<Account>>, MachineError> {
        let Self { id, generation, identifier, stands_in, .. } = self;
        if let Some(desk) = Opened::<Account>::existing(cx, rows, 0)? {
            let same = desk.record.generation == *generation && !desk.record.suspended;
            return Ok(Some(desk).filter(|desk| same && desk.record.answers_to(&desk.key, identifier)));
        }
        let fresh = *generation == 0 && rows.at(0)?.1.is_none();
        let Some(StandsIn { address, password, proven }) = stands_in.as_ref().filter(|_| fresh) else {
            return Ok(None);
        };
        let credentials = Credentials {
            id: id.clone(),
            identifier: identifier.clone(),
            address: address.clone(),
            password: StoredHash(password.clone()),
            moving: None,
        };
        let mut desk = Opened::or_open(cx, rows, &credentials)?;
        desk.record.unproven = !proven;
        Ok(Some(desk))
    }
}

impl StandsIn {
    pub(in crate::flow) fn of(entry: DirectoryEntry) -> Option<Self> {
        Some(Self { address: entry.address, password: entry.legacy?, proven: entry.address_proven })
    }
}

impl<O: 'static> Turn<O> for Enter<O> {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn work(&self, cx: &mut Cx<'_>, rows: &Rows<'_>) -> Result<Option<Work>, MachineError> {
        let Some(password) = &self.rehash else { return Ok(None) };
        let desk = self.who.open(cx, rows)?;
        Ok(desk.map(|desk| Work::hash(password.clone(), desk.salt())))
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        hashed: Option<&Hashed>,
    ) -> Result<Decision<O>, MachineError> {
        let known = rows.at(0)?.1.is_some();
        let Some(mut desk) = self.who.open(cx, rows)? else {
            return Ok(crate::flow::sign_up::open::conflict(
                cx,
                &self.row,
                Purpose::SignIn,
                self.refusal.clone(),
            ));
        };
        let mut told = desk.notices();
        if !known {
            told.push(EventKind::AccountTakenOver);
        }
        let notices = if self.who.by_directory {
            settle(cx, &mut desk, &self.who.identifier, None)?
        } else {
            Vec::new()
        };
        told.extend((!notices.is_empty()).then_some(EventKind::AddressChanged));
        let mut decision = self.entered(cx, desk, hashed, told)?;
        decision.mail.extend(notices);
        Ok(decision)
    }
}

impl<O: 'static> Enter<O> {
    /// Decides, with the account on the desk.
    fn entered(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        hashed: Option<&Hashed>,
        mut told: Vec<EventKind>,
    ) -> Result<Decision<O>, MachineError> {
        if let Some(hash) = hashed.and_then(Hashed::hash) {
            desk.record.rehash(&desk.key, hash, &mut cx.draw)?;
            told.push(EventKind::PasswordRehashed);
        }
        let device = self.manner.device.as_ref().and_then(|device| devices::show(cx, &mut desk, device));
        let skip = device.as_ref().and_then(|device| device.skip(cx, &desk));
        let asked = missing(&desk.record.factors, self.proven);
        let asked = if skip.is_some() { Vec::new() } else { asked };
        let proof = match &self.manner.steps {
            Steps::AtOnce(proofs) => Proofs::pick(proofs, asked.first().copied()),
            Steps::Stepwise => None,
        };
        let Some(proof) = proof.filter(|_| !asked.is_empty()) else {
            return self.go_on(cx, desk, self.proven, device.as_ref(), told);
        };
        let factor = proof.factor();
        // A proof that the account does not ask for is not compared, and no budget is charged for it.
        if !asked.contains(&factor) {
            let refusal = Refusal::InvalidProof { factor, attempts_left: 0 };
            told.push(EventKind::FactorRejected { factor });
            return self.no(cx, desk, told, refusal);
        }
        let at_once = ask::at_once(&desk).filter(|_| factor == Factor::MailedCode);
        match attempt(cx, &mut desk, &proof, at_once, None)? {
            Tried::Right(method, events) => {
                told.extend(events);
                if let Some(at) = at_once {
                    desk.record.ledger.challenges.remove(at);
                }
                self.go_on(cx, desk, self.proven.with(method), device.as_ref(), told)
            }
            Tried::Wrong(refusal, events) => {
                told.extend(events);
                if let Some(at) = at_once {
                    told.extend(desk.fail(cx, at));
                }
                let quota = desk.guess_quota(cx, factor);
                Ok(self.no(cx, desk, told, refusal)?.limit(quota))
            }
            Tried::Shut(refusal) => {
                told.push(crate::flow::limit_event(Operation::PasswordSignIn, &refusal));
                self.no(cx, desk, told, refusal)
            }
        }
    }

    fn no(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        told: Vec<EventKind>,
        refusal: Refusal,
    ) -> Result<Decision<O>, MachineError> {
        let row = desk.row;
        let alarm = alarm(cx, &mut desk, &told)?;
        let change = desk.put(cx)?;
        let refused = Next::Done(Verdict::Refused(refusal));
        let mut decision = Decision::new(change, refused).events(cx, &row, told).at(&self.who.id);
        decision.mail.extend(alarm);
        Ok(decision)
    }

    /// Goes in if nothing is missing, else asks for it.
    fn go_on(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        proven: Methods,
        device: Option<&devices::Good>,
        mut told: Vec<EventKind>,
    ) -> Result<Decision<O>, MachineError> {
        let Manner { label, weak_password, .. } = &*self.manner;
        let (row, now) = (desk.row, desk.now);
        let skip = device.and_then(|device| device.skip(cx, &desk));
        let asked = missing(&desk.record.factors, proven);
        told.extend(
            device.map(|_| EventKind::DeviceAccepted { skipped: skip.is_some() && !asked.is_empty() }),
        );
        match enter(cx, &mut desk, Proven::at(proven, now), skip.as_ref(), label, *weak_password)? {
            Entry::In(signed_in, events) => {
                let account = signed_in.account().clone();
                let next = device.map(|device| device.rotate(cx, &mut desk)).transpose()?;
                let signed_in = signed_in.with_device(next);
                let mail = used(cx, &mut desk, &told)?;
                let granted = Next::Done(Verdict::Granted((self.tell)(Progress::SignedIn(signed_in))));
                told.extend(events);
                let mut decision =
                    Decision::new(desk.put(cx)?, granted).events(cx, &row, told).about(&account);
                decision.mail.extend(mail);
                Ok(decision)
            }
            Entry::Missing(offered) => {
                let asking = Asking { who: &self.who, manner: &self.manner, proven, offered, device };
                asking.decide(cx, desk, told, &self.tell)
            }
        }
    }
}
