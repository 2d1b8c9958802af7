//! Starting a one-time-code session for an identifier: to sign up, to sign in, to recover.
//!
//! The identifier may be known or not, and the same turn runs on the same visitor record either way. What differs is whether a
//! right code exists and who gets the message; neither shows.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::send;
use crate::flow::desk::{Opened, refuse};
use crate::flow::known::{Known, known};
use crate::flow::meter::metered;
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{DirectoryEntry, Hashed, Machine, MachineError, Request, Work, sealed};
use crate::password::vet;
use crate::policy::RULE_LIVE_LINKS;
use crate::record::{Ask, RecordError, RecordKey, StoredHash, Subject, Visitor};
use crate::throttle::Limited;
use crate::{
    AccountId, Client, Envelope, EventKind, Identifier, Locale, MailedLink, MessageKind, Operation, Password,
    Profile, Purpose, RecoveryLink, Refusal, SignUpLink, Started, Ticket, Timestamp, Verdict,
};

/// Start a sign-up: mail a code to an address that is to become an account's.
///
/// The account exists once the code came back ([`Verify`](crate::flow::Verify)). An address that already has an account gets
/// the same answer, and its owner a notice in place of a code.
///
/// Refused: [`Refusal::PasswordTooShort`], [`Refusal::PasswordBlocked`], [`Refusal::Limited`] by the client's, the
/// sending or the live-session rules.
#[derive(Clone, Debug)]
pub struct SignUp {
    /// Who sends the request.
    pub client: Client,
    /// The address.
    pub identifier: Identifier,
    /// The password the account is to have.
    pub password: Password,
    /// What the host wants to know of the person, kept until the account is made.
    pub profile: Profile,
    /// The language of the message.
    pub locale: Option<Locale>,
}

/// Start a sign-in by mailed code.
///
/// Refused: [`Refusal::Limited`] by the client's, the sending or the live-session rules.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// Who sends the request.
    pub client: Client,
    /// The identifier typed.
    pub identifier: Identifier,
    /// The language of the message.
    pub locale: Option<Locale>,
}

/// Start the recovery of a lost password, by a mailed code and a link. They go to the address on the account's record, never to one typed (B095, B097).
///
/// Refused: [`Refusal::Limited`] by the client's, the sending or the live-session rules.
#[derive(Clone, Debug)]
pub struct Recover {
    /// Who sends the request.
    pub client: Client,
    /// The identifier typed.
    pub identifier: Identifier,
    /// The language of the message.
    pub locale: Option<Locale>,
}

impl Request for SignUp {}
impl sealed::Begin for SignUp {
    type Output = Started;

    fn begin(self, machine: &Machine) -> sealed::First<Started> {
        let Self { client, identifier, password, profile, locale } = self;
        if let Err(refusal) = vet(machine.policy(), machine.blocklist(), &password, &identifier) {
            let then = move || Next::Done(Verdict::Refused(refusal.clone()));
            return metered(machine, &client, Operation::SignUp, then).into();
        }
        let ask = Wanted::SignUp { profile, password };
        let wish = Wish { identifier, locale, purpose: Purpose::SignUp, wanted: ask };
        wish.begin(machine, &client, Operation::SignUp).into()
    }
}

impl Request for SignIn {}
impl sealed::Begin for SignIn {
    type Output = Started;

    fn begin(self, machine: &Machine) -> sealed::First<Started> {
        let Self { client, identifier, locale } = self;
        let wish = Wish { identifier, locale, purpose: Purpose::SignIn, wanted: Wanted::SignIn };
        wish.begin(machine, &client, Operation::SignIn).into()
    }
}

impl Request for Recover {}
impl sealed::Begin for Recover {
    type Output = Started;

    fn begin(self, machine: &Machine) -> sealed::First<Started> {
        let Self { client, identifier, locale } = self;
        let wish = Wish { identifier, locale, purpose: Purpose::Recover, wanted: Wanted::Recover };
        wish.begin(machine, &client, Operation::Recover).into()
    }
}

/// What is to be started.
pub(in crate::flow) struct Wish {
    pub(in crate::flow) identifier: Identifier,
    pub(in crate::flow) locale: Option<Locale>,
    pub(in crate::flow) purpose: Purpose,
    pub(in crate::flow) wanted: Wanted,
}

/// What for, with what that takes.
pub(in crate::flow) enum Wanted {
    SignUp {
        profile: Profile,
        password: Password,
    },
    SignIn,
    Recover,
    /// The account that is to have the address, as it was when it asked, and the session that asked.
    ChangeAddress {
        account: AccountId,
        generation: u64,
        session: [u8; 8],
    },
}

impl Wanted {
    const fn password(&self) -> Option<&Password> {
        match self {
            Self::SignUp { password, .. } => Some(password),
            _ => None,
        }
    }

    /// Whether an address is asked for that is nobody's yet.
    const fn free_address(&self) -> bool {
        matches!(self, Self::SignUp { .. } | Self::ChangeAddress { .. })
    }
}

impl Wish {
    fn begin(self, machine: &Machine, client: &Client, operation: Operation) -> Next<Started> {
        let wish = Arc::new(self);
        metered(machine, client, operation, move || find(&wish, operation))
    }
}

/// Asks who the identifier is, and starts.
pub(in crate::flow) fn find(wish: &Arc<Wish>, operation: Operation) -> Next<Started> {
    let asked = Arc::clone(wish);
    let then = move |entry: Option<DirectoryEntry>, cx: &Cx<'_>| -> Next<Started> {
        let visitor = cx.locator.visitor(&asked.identifier);
        let account = match &entry {
            Some(entry) => cx.locator.account(&entry.account),
            None => cx.locator.nobody(&asked.identifier),
        };
        Next::Turn(Box::new(Start { wish: Arc::clone(&asked), entry, visitor, account, operation }))
    };
    Next::Find(wish.identifier.clone(), Arc::new(then))
}

/// The turn: reads the visitor and the account, writes the visitor.
struct Start {
    wish: Arc<Wish>,
    entry: Option<DirectoryEntry>,
    visitor: RecordKey,
    account: RecordKey,
    operation: Operation,
}

impl Start {
    /// What the limits say: of those that refuse, the one that opens last, so that the same request passes then (R92).
    fn refused(&self, cx: &Cx<'_>, desk: &mut Opened<Visitor>) -> Option<Refusal> {
        let full = desk.record.ledger.links_full(self.wish.purpose);
        let full = full.map(|retry_at| refuse(cx, Limited { rule: RULE_LIVE_LINKS, retry_at }));
        let opens = |refusal: &Refusal| match refusal {
            Refusal::Limited { retry_at, .. } => *retry_at,
            _ => Timestamp::MIN,
        };
        desk.may_start(cx, self.wish.purpose).err().into_iter().chain(full).max_by_key(opens)
    }

    fn subject(&self, known: Option<&Known>, hashed: Option<&Hashed>) -> Result<Subject, MachineError> {
        let Wish { identifier, locale, wanted, .. } = &*self.wish;
        let (ask, asker) = match (wanted, hashed.and_then(Hashed::hash)) {
            (Wanted::SignUp { profile, .. }, Some(hash)) => {
                (Ask::SignUp { profile: profile.clone(), password: StoredHash(hash.clone()) }, None)
            }
            (Wanted::SignIn, _) => (Ask::SignIn, None),
            (Wanted::Recover, _) => (Ask::Recover, None),
            (Wanted::ChangeAddress { account, generation, session }, _) => {
                (Ask::ChangeAddress { session: *session }, Some((account.clone(), *generation)))
            }
            _ => return Err(MachineError::Misuse("a sign-up was decided without its password hashed")),
        };
        if wanted.free_address() {
            // For nobody's account, or for the asker's: what it holds is the same whether or not the address is taken.
            let own =
                known.is_none_or(|known| asker.as_ref().is_some_and(|(account, _)| *account == known.id));
            let (identifier, locale) = (identifier.clone(), locale.clone());
            return Ok(Subject { identifier, address: None, locale, account: asker, answerable: own, ask });
        }
        Ok(Subject {
            identifier: identifier.clone(),
            address: known
                .map(|known| known.address.clone())
                .filter(|address| address != identifier.address()),
            locale: locale.clone(),
            account: known.map(|known| (known.id.clone(), known.generation)),
            // Codes go to proven addresses only (B097).
            answerable: known.is_some_and(|known| known.proven),
            ask,
        })
    }
}

impl Turn<Started> for Start {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.visitor, self.account]
    }

    fn work(&self, cx: &mut Cx<'_>, rows: &Rows<'_>) -> Result<Option<Work>, MachineError> {
        let Some(password) = self.wish.wanted.password() else { return Ok(None) };
        let mut desk = Opened::<Visitor>::or_new(cx, rows)?;
        if self.refused(cx, &mut desk).is_some() {
            return Ok(None);
        }
        Ok(Some(Work::hash(password.clone(), desk.salt())))
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        hashed: Option<&Hashed>,
    ) -> Result<Decision<Started>, MachineError> {
        let purpose = self.wish.purpose;
        let mut desk = Opened::<Visitor>::or_new(cx, rows)?;
        // Limits come first: what they answer depends on the visitor record alone (B063).
        if let Some(refusal) = self.refused(cx, &mut desk) {
            return crate::flow::limited(cx, desk, self.operation, refusal);
        }
        let known = known(cx, rows, self.entry.as_ref(), &self.wish.identifier)?;
        let subject = self.subject(known.as_ref(), hashed)?;
        let link = match purpose {
            Purpose::SignUp => send::Link::Kept(keep_link(cx, &mut desk, subject.answerable)?),
            Purpose::Recover => send::Link::Kept(recovery_link(cx, &mut desk, &subject)?),
            Purpose::SignIn => send::Link::OfSession,
            _ => send::Link::None,
        };
        let decision = send::begin_session(cx, desk, purpose, &subject, link)?;
        let taken = self.wish.wanted.free_address() && !subject.answerable;
        Ok(match known.filter(|_| taken) {
            Some(owner) => notice(decision, &owner).event(cx, &self.visitor, EventKind::SignUpTaken),
            None => decision,
        })
    }
}

/// Makes a link that completes the sign-up, and keeps it. For a taken address the record keeps a digest that no link has.
fn keep_link(
    cx: &mut Cx<'_>,
    desk: &mut Opened<Visitor>,
    answerable: bool,
) -> Result<(MailedLink, Timestamp), MachineError> {
    let link = Ticket::<SignUpLink>::mint(&desk.row, cx.ring, &mut cx.draw).ok_or(RecordError::Sealed)?;
    let (digest, nothing) = (link.digest(&desk.key), cx.draw.bytes());
    let expires_at = desk.now.saturating_add(cx.policy.settings().links.sign_up);
    desk.record.ledger.keep_link(if answerable { digest } else { nothing }, Purpose::SignUp, expires_at);
    Ok((MailedLink::SignUp(link), expires_at))
}

/// Makes a link that does what the code does, and keeps it: outside the guess budget, and longer than any gap between sends, so that
/// nobody who spends those keeps the owner out (law 9). For an unknown identifier the record keeps a digest that no link has.
fn recovery_link(
    cx: &mut Cx<'_>,
    desk: &mut Opened<Visitor>,
    subject: &Subject,
) -> Result<(MailedLink, Timestamp), MachineError> {
    let purpose = Purpose::Recover;
    let link = Ticket::<RecoveryLink>::mint(&desk.row, cx.ring, &mut cx.draw).ok_or(RecordError::Sealed)?;
    let (digest, nothing) = (link.digest(&desk.key), cx.draw.bytes());
    let expires_at = desk.now.saturating_add(cx.policy.settings().links.recover);
    let digest = if subject.answerable { digest } else { nothing };
    desk.record.ledger.keep_link_about(&desk.key, digest, purpose, expires_at, subject)?;
    Ok((MailedLink::Recovery(link), expires_at))
}

/// Makes of the message to whoever signed up one to the owner of the taken address.
fn notice(mut decision: Decision<Started>, owner: &Known) -> Decision<Started> {
    decision.mail = decision
        .mail
        .into_iter()
        .map(|Envelope { locale, issued_at, .. }| Envelope {
            locale,
            ..Envelope::notice(owner.address.clone(), MessageKind::SignUpTaken, issued_at)
        })
        .collect();
    decision
}
