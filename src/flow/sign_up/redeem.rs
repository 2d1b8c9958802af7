//! Completing a sign-up by its mailed link.
//!
//! A link carries 128 random bits and is outside every guess budget, so that strangers who spend budgets at somebody's
//! address cannot keep its owner from signing up (law 9). Whoever follows it has read the mailbox, but need not be who
//! chose the password of the pending sign-up: it asks for the password anew.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::open::make_account;
use crate::flow::codes::session::missing;
use crate::flow::desk::{Holder, Opened};
use crate::flow::meter::metered;
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, Machine, MachineError, Request, Work, sealed};
use crate::password::vet;
use crate::record::{RecordKey, StoredHash, Visitor};
use crate::{
    Client, EventKind, Identifier, Operation, Password, Profile, Purpose, Refusal, SignUpLink, Ticket,
    Verdict, Verified,
};

/// Complete a sign-up by its mailed link, with a password and a profile of one's own.
///
/// Have a form send this; never do it for a mere visit to the link, which mail scanners make too.
///
/// Refused: [`Refusal::InvalidSession`] for a link that is unknown, spent, ended or another identifier's,
/// [`Refusal::PasswordTooShort`], [`Refusal::PasswordBlocked`], [`Refusal::Limited`] by the client's rules.
#[derive(Clone, Debug)]
pub struct RedeemSignUp {
    /// Who sends the request.
    pub client: Client,
    /// The link's token.
    pub link: Ticket<SignUpLink>,
    /// The address the link was mailed to.
    pub identifier: Identifier,
    /// The password the account is to have.
    pub password: Password,
    /// What the host wants to know of the person.
    pub profile: Profile,
}

impl Request for RedeemSignUp {}
impl sealed::Begin for RedeemSignUp {
    type Output = Verified;

    fn begin(self, machine: &Machine) -> sealed::First<Verified> {
        let vetted = vet(machine.policy(), machine.blocklist(), &self.password, &self.identifier);
        let row = machine.locator().visitor(&self.identifier);
        let leads_there = self.link.row(machine.ring()) == Some(row);
        let (client, wish) = (self.client.clone(), Arc::new(self));
        metered(machine, &client, Operation::RedeemSignUp, move || {
            if let Err(refusal) = &vetted {
                return Next::Done(Verdict::Refused(refusal.clone()));
            }
            if !leads_there {
                return Next::Done(Verdict::Refused(Refusal::InvalidSession));
            }
            Next::Turn(Box::new(Redeem { wish: Arc::clone(&wish), row }))
        })
        .into()
    }
}

struct Redeem {
    wish: Arc<RedeemSignUp>,
    row: RecordKey,
}

impl Redeem {
    fn holds(&self, desk: &Opened<Visitor>) -> bool {
        desk.record.ledger_ref().takes_link(&self.wish.link.digest(&desk.key), Purpose::SignUp)
    }
}

impl Turn<Verified> for Redeem {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    /// Hashes only for a link that holds: nobody can make the host hash without one, and a link cannot be guessed.
    fn work(&self, cx: &mut Cx<'_>, rows: &Rows<'_>) -> Result<Option<Work>, MachineError> {
        let desk = Opened::<Visitor>::existing(cx, rows, 0)?.filter(|desk| self.holds(desk));
        Ok(desk.map(|desk| Work::hash(self.wish.password.clone(), desk.salt())))
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        hashed: Option<&Hashed>,
    ) -> Result<Decision<Verified>, MachineError> {
        let operation = Operation::RedeemSignUp;
        let Some(mut desk) = Opened::<Visitor>::existing(cx, rows, 0)? else {
            return Ok(crate::flow::unknown(cx, self.row, operation));
        };
        let Some(hash) = hashed.and_then(Hashed::hash).filter(|_| self.holds(&desk)) else {
            return missing(cx, desk, operation);
        };
        let (notices, purpose) = (desk.notices(), Purpose::SignUp);
        desk.record.ledger.spend_quietly(purpose, None, &mut cx.draw);
        let change = desk.put(cx)?;
        let RedeemSignUp { identifier, profile, .. } = &*self.wish;
        let next = make_account(identifier.clone(), profile.clone(), StoredHash(hash.clone()), None);
        Ok(Decision::new(change, next)
            .event(cx, &self.row, EventKind::LinkRedeemed { purpose })
            .events(cx, &self.row, notices))
    }
}
