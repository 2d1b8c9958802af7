//! From a proven first factor into the account: a second factor, and the session.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::ask::{self, Asking};
use super::prove::{Tried, attempt};
use super::signed_in::{Entry, enter, missing};
use crate::assurance::{Method, Methods};
use crate::flow::desk::Opened;
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{DirectoryEntry, Hashed, MachineError, Work};
use crate::record::{Account, Credentials, RecordKey, StoredHash};
use crate::{
    AccountId, Address, EventKind, Factor, Identifier, Label, Locale, Operation, Password, PasswordHash,
    Progress, Proofs, Purpose, Refusal, Steps, Verdict,
};

/// How somebody wants to enter.
pub(in crate::flow) struct Manner {
    pub(in crate::flow) steps: Steps,
    pub(in crate::flow) label: Label,
    pub(in crate::flow) locale: Option<Locale>,
    /// The password typed would not be taken as a new one.
    pub(in crate::flow) weak_password: bool,
}

/// Whose first factor was proven, as it was then. Only the turns that compare first factors make one.
pub(in crate::flow) struct Who {
    pub(in crate::flow) id: AccountId,
    pub(in crate::flow) generation: u64,
    pub(in crate::flow) identifier: Identifier,
    /// The host's own address and credential, which are taken over where the account has no record yet.
    pub(in crate::flow) stands_in: Option<(Address, PasswordHash)>,
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
    let manner = Arc::new(Manner { steps: Steps::Stepwise, label, locale: None, weak_password: false });
    let row = cx.locator.account(&id);
    let asked = identifier.clone();
    let account = id.clone();
    let enter = move |stands_in| {
        let who = Who { id: account.clone(), generation, identifier: identifier.clone(), stands_in };
        Next::Turn(Box::new(Enter {
            row,
            who,
            proven: Methods::of(&[method]),
            manner: Arc::clone(&manner),
            rehash: None,
            refusal: Refusal::InvalidSession,
            tell: Arc::clone(&tell),
        }))
    };
    if generation > 0 {
        return enter(None);
    }
    // The account had no record: what stands in for it is asked for again.
    let then = move |entry: Option<DirectoryEntry>, _: &Cx<'_>| {
        let legacy = entry.and_then(|entry| Some((entry.account, entry.address, entry.legacy?)));
        enter(legacy.filter(|(account, ..)| *account == id).map(|(_, address, legacy)| (address, legacy)))
    };
    Next::Find(asked, Arc::new(then))
}

impl<O> Enter<O> {
    /// The account, or what becomes its record, if it is still what it was.
    fn open(&self, cx: &mut Cx<'_>, rows: &Rows<'_>) -> Result<Option<Opened<Account>>, MachineError> {
        let Who { id, generation, identifier, stands_in } = &self.who;
        if let Some(desk) = Opened::<Account>::existing(cx, rows, 0)? {
            let same = desk.record.generation == *generation && !desk.record.suspended;
            return Ok(Some(desk).filter(|desk| same && desk.record.answers_to(&desk.key, identifier)));
        }
        let Some((address, password)) = stands_in.as_ref().filter(|_| *generation == 0) else {
            return Ok(None);
        };
        let credentials = Credentials {
            id: id.clone(),
            identifier: identifier.clone(),
            address: address.clone(),
            password: StoredHash(password.clone()),
        };
        Opened::or_open(cx, rows, &credentials).map(Some)
    }
}

impl<O: 'static> Turn<O> for Enter<O> {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn work(&self, cx: &mut Cx<'_>, rows: &Rows<'_>) -> Result<Option<Work>, MachineError> {
        let Some(password) = &self.rehash else { return Ok(None) };
        let desk = self.open(cx, rows)?;
        Ok(desk.map(|desk| Work::hash(password.clone(), desk.salt())))
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        hashed: Option<&Hashed>,
    ) -> Result<Decision<O>, MachineError> {
        let known = rows.at(0)?.1.is_some();
        let Some(mut desk) = self.open(cx, rows)? else {
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
        if let Some(hash) = hashed.and_then(Hashed::hash) {
            desk.record.rehash(&desk.key, hash, &mut cx.draw)?;
            told.push(EventKind::PasswordRehashed);
        }
        let asked = missing(&desk.record.factors, self.proven);
        let proof = match &self.manner.steps {
            Steps::AtOnce(proofs) => Proofs::pick(proofs, asked.first().copied()),
            Steps::Stepwise => None,
        };
        let Some(proof) = proof.filter(|_| !asked.is_empty()) else {
            return self.go_on(cx, desk, self.proven, told);
        };
        let factor = proof.factor();
        // A proof that the account does not ask for is not compared, and no budget is charged for it.
        if !asked.contains(&factor) {
            let refusal = Refusal::InvalidProof { factor, attempts_left: 0 };
            return self.no(cx, desk, told, refusal, EventKind::FactorRejected { factor });
        }
        let at_once = ask::at_once(&desk);
        match attempt(cx, &mut desk, &proof, at_once, None)? {
            Tried::Right(method) => {
                told.push(EventKind::FactorAccepted { factor });
                if let Some(at) = at_once.filter(|_| factor == Factor::MailedCode) {
                    desk.record.ledger.challenges.remove(at);
                }
                self.go_on(cx, desk, self.proven.with(method), told)
            }
            Tried::Wrong(refusal, locked) => {
                told.extend(locked);
                if let Some(at) = at_once.filter(|_| factor == Factor::MailedCode) {
                    told.extend(desk.fail(cx, at));
                }
                let quota = desk.guess_quota(cx, factor);
                let decision = self.no(cx, desk, told, refusal, EventKind::FactorRejected { factor })?;
                Ok(decision.limit(quota))
            }
            Tried::Shut(refusal) => {
                let limited = crate::flow::limit_event(Operation::PasswordSignIn, &refusal);
                self.no(cx, desk, told, refusal, limited)
            }
        }
    }
}

impl<O: 'static> Enter<O> {
    fn no(
        &self,
        cx: &mut Cx<'_>,
        desk: Opened<Account>,
        told: Vec<EventKind>,
        refusal: Refusal,
        kind: EventKind,
    ) -> Result<Decision<O>, MachineError> {
        let row = desk.row;
        let change = desk.put(cx)?;
        let refused = Next::Done(Verdict::Refused(refusal));
        Ok(Decision::new(change, refused).events(cx, &row, told).event(cx, &row, kind))
    }

    /// Signs in, or asks for what is missing.
    fn go_on(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        proven: Methods,
        told: Vec<EventKind>,
    ) -> Result<Decision<O>, MachineError> {
        let row = desk.row;
        match enter(cx, &mut desk, proven, &self.manner.label, self.manner.weak_password)? {
            Entry::In(signed_in, events) => {
                let account = signed_in.account().clone();
                let granted = Next::Done(Verdict::Granted((self.tell)(Progress::SignedIn(signed_in))));
                let decision = Decision::new(desk.put(cx)?, granted);
                Ok(decision.events(cx, &row, told).events(cx, &row, events).about(&account))
            }
            Entry::Missing(offered) => {
                let asking = Asking { who: &self.who, manner: &self.manner, proven, offered };
                asking.decide(cx, desk, told, &self.tell)
            }
        }
    }
}
