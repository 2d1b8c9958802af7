//! The account's side of a proven address: opening a new account, or finding that an old one is still the same.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::assurance::{Method, Methods, Proven};
use crate::flow::desk::Opened;
use crate::flow::sign_in::signed_in::{Entry, enter};
use crate::machine::turn::{Change, Cx, Decision, Next, Rows, Turn};
use crate::machine::{Created, Hashed, MachineError, NewAccount};
use crate::record::{Account, Credentials, RecordKey, StoredHash};
use crate::{
    AccountId, EventKind, Identifier, Label, Profile, Progress, Purpose, Refusal, Verdict, Verified,
};

/// What follows a proven address of a sign-up: the directory makes the account, then its record is opened.
/// With `enter`, its owner is signed in at once: the account is new and has no second factor.
pub(in crate::flow) fn make_account(
    identifier: Identifier,
    profile: Profile,
    password: StoredHash,
    enter: Option<Label>,
) -> Next<Verified> {
    make(NewAccount { identifier, profile }, password, enter, true)
}

fn make(account: NewAccount, password: StoredHash, enter: Option<Label>, first: bool) -> Next<Verified> {
    let again = account.clone();
    let then = move |created: Created, cx: &Cx<'_>| match created {
        Created::Account(id) => Next::Turn(Box::new(OpenAccount {
            row: cx.locator.account(&id),
            id,
            identifier: again.identifier.clone(),
            again: first.then(|| again.clone()),
            password: password.clone(),
            enter: enter.clone(),
        })),
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
    enter: Option<Label>,
    /// What to have made again if the directory named an account that was deleted.
    again: Option<NewAccount>,
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
        if let Some(desk) = Opened::<Account>::even_gone(cx, rows, 0)? {
            // Of a deleted account whose identifiers were never released: that is made up for, once, and the sign-up goes on.
            let again = self.again.as_ref().filter(|_| desk.record.is_gone());
            return Ok(match again.cloned() {
                Some(account) => {
                    let (password, enter) = (self.password.clone(), self.enter.clone());
                    let then =
                        move |(), _: &Cx<'_>| make(account.clone(), password.clone(), enter.clone(), false);
                    Decision::new(Change::Keep, Next::Release(self.id.clone(), Arc::new(then)))
                }
                None => conflict(cx, &self.row, purpose, Refusal::InvalidSession),
            });
        }
        let credentials = Credentials {
            id: account.clone(),
            identifier: self.identifier.clone(),
            address: self.identifier.address().clone(),
            password: self.password.clone(),
            moving: None,
        };
        let mut desk = Opened::or_open(cx, rows, &credentials)?;
        let now = desk.now;
        let proven = || Proven::at(Methods::of(&[Method::MailedCode]), now);
        let entered = self
            .enter
            .as_ref()
            .map(|label| enter(cx, &mut desk, proven(), None, label, false))
            .transpose()?;
        let (progress, events) = match entered {
            Some(Entry::In(signed_in, events)) => (Some(Progress::SignedIn(signed_in)), events),
            Some(Entry::Missing(_)) | None => (None, Vec::new()),
        };
        let identifier = self.identifier.clone();
        let verified = Verified { purpose, account, identifier, action: None, grant: None, progress };
        Ok(Decision::new(desk.put(cx)?, Next::Done(Verdict::Granted(verified)))
            .event(cx, &self.row, EventKind::AccountCreated)
            .events(cx, &self.row, events)
            .about(&self.id))
    }
}

/// The last turn of a sign-in or recovery by mailed code: checks that the account is still the one the code was made for.
///
/// Whatever changed a password, an address or a factor since then has raised the generation, and the code is worth nothing (B073, B074).
pub(in crate::flow) struct Admit {
    row: RecordKey,
    purpose: Purpose,
    id: AccountId,
    generation: u64,
    identifier: Identifier,
}

impl Admit {
    pub(in crate::flow) fn new(
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
                let same = desk.record.generation == self.generation && !desk.record.suspended;
                same && desk.record.answers_to(&desk.key, &self.identifier)
            }
        };
        if !holds {
            return Ok(conflict(cx, &self.row, self.purpose, Refusal::InvalidSession));
        }
        let (purpose, account, identifier) = (self.purpose, self.id.clone(), self.identifier.clone());
        let verified = Verified { purpose, account, identifier, action: None, grant: None, progress: None };
        Ok(Decision::new(Change::Keep, Next::Done(Verdict::Granted(verified))))
    }
}

/// The answer where an account is no longer what a proof was made for.
pub(in crate::flow) fn conflict<O>(
    cx: &Cx<'_>,
    row: &RecordKey,
    purpose: Purpose,
    refusal: Refusal,
) -> Decision<O> {
    Decision::new(Change::Keep, Next::Done(Verdict::Refused(refusal))).event(
        cx,
        row,
        EventKind::AccountConflict { purpose },
    )
}
