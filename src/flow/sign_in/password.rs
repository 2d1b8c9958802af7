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

use super::enter::{Enter, Manner, Who};
use crate::assurance::{Method, Methods};
use crate::flow::desk::{Opened, shut};
use crate::flow::known::{Known, known};
use crate::flow::meter::metered;
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{DirectoryEntry, Hashed, Machine, MachineError, Request, Work, sealed};
use crate::password::vet;
use crate::record::{RecordKey, Visitor};
use crate::{
    Client, EventKind, Factor, Identifier, Label, Locale, Operation, Password, Progress, Refusal, Steps,
    Verdict,
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
}

impl Request for PasswordSignIn {}
impl sealed::Begin for PasswordSignIn {
    type Output = Progress;

    fn begin(self, machine: &Machine) -> sealed::First<Progress> {
        let Self { client, identifier, password, steps, label, locale } = self;
        let weak = vet(machine, &password, &identifier).is_err();
        let manner = Manner { steps, label, locale, weak_password: weak };
        let wish = Arc::new(Wish { identifier, password, manner: Arc::new(manner) });
        metered(machine, &client, Operation::PasswordSignIn, move || {
            let asked = Arc::clone(&wish);
            let then = move |entry: Option<DirectoryEntry>, cx: &Cx<'_>| -> Next<Progress> {
                let visitor = cx.locator.visitor(&asked.identifier);
                let account = match &entry {
                    Some(entry) => cx.locator.account(&entry.account),
                    None => cx.locator.nobody(&asked.identifier),
                };
                Next::Turn(Box::new(Knock { wish: Arc::clone(&asked), entry, visitor, account }))
            };
            Next::Find(wish.identifier.clone(), Arc::new(then))
        })
        .into()
    }
}

struct Wish {
    identifier: Identifier,
    password: Password,
    manner: Arc<Manner>,
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
        let legacy = self.entry.as_ref().and_then(|entry| entry.legacy.clone());
        let who = Who {
            id: known.id,
            generation: known.generation,
            identifier: self.wish.identifier.clone(),
            stands_in: legacy.map(|password| (known.address, password)),
        };
        let rehash = hashed.rehash_due().then(|| self.wish.password.clone());
        let proven = Methods::of(&[Method::Password]);
        let refusal = Refusal::InvalidCredentials;
        let manner = Arc::clone(&self.wish.manner);
        Next::Turn(Box::new(Enter {
            row: self.account,
            who,
            proven,
            manner,
            rehash,
            refusal,
            tell: Arc::new(|it| it),
        }))
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
                Ok(Decision::new(desk.put_surely(cx)?, next)
                    .event(cx, &self.visitor, EventKind::PasswordAccepted)
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
