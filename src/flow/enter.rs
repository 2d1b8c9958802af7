//! The account's side of a proven address: opening a new account, or finding that an old one is still the same.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::desk::{Opened, new_ledger};
use crate::machine::turn::{Change, Cx, Decision, Next, Rows, Turn};
use crate::machine::{Created, Hashed, MachineError, NewAccount};
use crate::record::{Account, Credentials, RecordKey, StoredHash, encode};
use crate::{AccountId, EventKind, Identifier, Profile, Purpose, Refusal, Verdict, Verified};

/// What follows a proven address of a sign-up: the directory makes the account, then its record is opened.
pub(super) fn make_account(identifier: Identifier, profile: Profile, password: StoredHash) -> Next<Verified> {
    let account = NewAccount { identifier: identifier.clone(), profile };
    let then = move |created: Created, cx: &Cx<'_>| match created {
        Created::Account(id) => {
            Next::Turn(Box::new(OpenAccount::new(cx, id, identifier.clone(), password.clone())))
        }
        Created::Taken => Next::Done(Verdict::Refused(Refusal::InvalidSession)),
    };
    Next::Create(account, Arc::new(then))
}

/// The last turn of a sign-up: makes the account's record, where there is none. This commit decides.
///
/// Up to here nothing was granted: a crash before it leaves an identifier without credentials in the directory, which
/// counts as free, so that the person can sign up again.
struct OpenAccount {
    row: RecordKey,
    id: AccountId,
    identifier: Identifier,
    password: StoredHash,
}

impl OpenAccount {
    fn new(cx: &Cx<'_>, id: AccountId, identifier: Identifier, password: StoredHash) -> Self {
        Self { row: cx.locator.account(&id), id, identifier, password }
    }
}

impl Turn<Verified> for OpenAccount {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        _: Option<&Hashed>,
    ) -> Result<Decision<Verified>, MachineError> {
        let (purpose, account) = (Purpose::SignUp, self.id.clone());
        if rows.at(0)?.1.is_some() {
            return Ok(conflict(cx, &self.row, purpose));
        }
        let (key, ledger) = new_ledger(cx, &self.row)?;
        let credentials = Credentials {
            id: account.clone(),
            identifier: self.identifier.clone(),
            address: self.identifier.address().clone(),
            password: self.password.clone(),
        };
        let record = Account::open(ledger, &key, &credentials, &mut cx.draw)?;
        let change = Change::Put { bytes: encode(&record)?, expires_at: Account::EXPIRES_AT };
        let verified = Verified { purpose, account, identifier: self.identifier.clone(), action: None };
        let mut decision = Decision::new(change, Next::Done(Verdict::Granted(verified))).event(
            cx,
            &self.row,
            EventKind::AccountCreated,
        );
        decision.events.iter_mut().for_each(|event| event.account = Some(self.id.clone()));
        Ok(decision)
    }
}

/// The last turn of a sign-in or recovery by mailed code: checks that the account is still the one the code was made for.
///
/// Whatever changed a password, an address or a factor since then has raised the generation, and the code is worth nothing (B073, B074).
pub(super) struct Admit {
    row: RecordKey,
    purpose: Purpose,
    id: AccountId,
    generation: u64,
    identifier: Identifier,
}

impl Admit {
    pub(super) fn new(
        cx: &Cx<'_>,
        purpose: Purpose,
        id: AccountId,
        generation: u64,
        identifier: Identifier,
    ) -> Self {
        Self { row: cx.locator.account(&id), purpose, id, generation, identifier }
    }
}

impl Turn<Verified> for Admit {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        _: Option<&Hashed>,
    ) -> Result<Decision<Verified>, MachineError> {
        // An account that the host's own credential stands in for has no record, and generation 0.
        let holds = match Opened::<Account>::existing(cx, rows, 0)? {
            None => self.generation == 0,
            Some(desk) => {
                let same = desk.record.generation == self.generation;
                same && desk.record.answers_to(&desk.key, &self.identifier)
            }
        };
        if !holds {
            return Ok(conflict(cx, &self.row, self.purpose));
        }
        let (purpose, account, identifier) = (self.purpose, self.id.clone(), self.identifier.clone());
        let verified = Verified { purpose, account, identifier, action: None };
        Ok(Decision::new(Change::Keep, Next::Done(Verdict::Granted(verified))))
    }
}

fn conflict(cx: &Cx<'_>, row: &RecordKey, purpose: Purpose) -> Decision<Verified> {
    Decision::new(Change::Keep, Next::Done(Verdict::Refused(Refusal::InvalidSession))).event(
        cx,
        row,
        EventKind::AccountConflict { purpose },
    )
}
