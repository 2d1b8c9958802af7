//! Changing the address: proven first, then allowed by the record, then renamed in the directory, then settled in the record.
//!
//! ```text
//!  ChangeAddress ─► the old address is told, a code goes to the new one
//!  Verify        ─► the code is spent (visitor of the new address)
//!                └► Allow   the record answers to both               crash here: the old one works
//!                └► rename  one step in the directory                crash here: the new one works, and settles at the next sign-in
//!                └► Settle  the record answers to the new one alone  or, if the directory says it is taken, to the old one
//! ```
//!
//! Between any two of these the directory leads from one of the two identifiers to the account and the record confirms it, so that
//! nobody is ever left without a door (law 12). What is told about an address that is somebody else's is what is told about a free one.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::enrol::no;
use super::sessions::{Bearer, Freshness, SignedInAs, signed_in_as, signed_in_requests};
use crate::flow::codes::start::{Wanted, Wish, find};
use crate::flow::desk::Opened;
use crate::flow::sign_in::signed_in::required;
use crate::flow::sign_up::open::conflict;
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{Created, DirectoryEntry, Hashed, MachineError, Renaming};
use crate::record::{Account, RecordKey};
use crate::{
    AccountId, Address, Client, Envelope, EventKind, Identifier, Locale, MessageKind, Password, Purpose,
    Refusal, Session, Started, Ticket, Todo, Verdict, Verified,
};

/// Begin to change the address of the account, which is also its identifier. The present address is told; a code goes to the new one, for
/// [`Verify`](crate::Verify) with [`Purpose::ChangeAddress`].
///
/// With the address the account has, it proves that one: what an account does whose address only the host's directory vouches for.
///
/// The answer is the same where the new address has an account, whose owner then gets a notice in place of a code.
///
/// Refused: [`Refusal::InvalidSession`], [`Refusal::StepUpRequired`], [`Refusal::InvalidCredentials`], [`Refusal::Limited`] by the client's, the
/// password's, the notices' or the sending rules, both of the account and of the new address, [`Refusal::FactorDisabled`].
#[derive(Clone, Debug)]
pub struct ChangeAddress {
    /// Who sends the request.
    pub client: Client,
    /// The session.
    pub session: Ticket<Session>,
    /// The password, if it was asked for again with the request; without it, it must have been proven within the last minutes.
    pub password: Option<Password>,
    /// The new address.
    pub to: Identifier,
    /// The language of the messages.
    pub locale: Option<Locale>,
}

signed_in_requests!(ChangeAddress -> Started);

impl SignedInAs<Started> for ChangeAddress {
    const FRESH: Freshness = Freshness::Full;
    const WHILE_DUE: &'static [Todo] = &[Todo::VerifyAddress];

    fn password(&self) -> Option<&Password> {
        self.password.as_ref()
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        at: usize,
    ) -> Result<Decision<Started>, MachineError> {
        let purpose = Purpose::ChangeAddress;
        // The account's own limit, beside that of the mailbox: else one account could have any number of strangers mailed (B091).
        let limits = desk.may_notify(cx).and_then(|()| desk.may_send(cx, purpose));
        if let Err(refusal) = limits {
            let kind = crate::flow::limit_event(Self::OPERATION, &refusal);
            return no(cx, desk, refusal, Some(kind));
        }
        let (row, now, mut told) = (desk.row, desk.now, desk.notices());
        desk.sends(purpose).charge(cx.policy.send_rules(), now);
        let gone = MachineError::Misuse("no session there");
        let session = desk.record.sessions.get(at).ok_or(gone)?.root();
        let credentials = desk.record.credentials(&desk.key)?;
        let wanted = Wanted::ChangeAddress {
            account: credentials.id.clone(),
            generation: desk.record.generation,
            session,
        };
        let mut mail = Vec::new();
        let others = self.to != credentials.identifier;
        if let Some(action) = required(cx.policy, &desk.record).first().copied().filter(|_| others) {
            // The address that is to be verified is the one that there is.
            let actions = required(cx.policy, &desk.record);
            return no(
                cx,
                desk,
                Refusal::ActionRequired { actions },
                Some(EventKind::ActionRequired { action }),
            );
        }
        if others {
            let notice = desk.notify(cx, MessageKind::AddressChangeStarted(self.to.address().clone()))?;
            told.push(EventKind::AddressChangeStarted);
            told.push(EventKind::NoticeSent { notice: notice.kind.name() });
            mail.push(Envelope { locale: self.locale.clone(), ..notice });
        }
        let (identifier, locale) = (self.to.clone(), self.locale.clone());
        let wish = Arc::new(Wish { identifier, locale, purpose, wanted });
        let mut decision = Decision::new(desk.put(cx)?, find(&wish, Self::OPERATION)).events(cx, &row, told);
        decision.mail = mail;
        Ok(decision.about(&credentials.id))
    }
}

/// What a proven new address leads to. Only the turn that compared its code makes one.
pub(in crate::flow) fn move_to(
    cx: &Cx<'_>,
    id: AccountId,
    generation: u64,
    to: Identifier,
    session: [u8; 8],
) -> Next<Verified> {
    let row = cx.locator.account(&id);
    Next::Turn(Box::new(Allow { move_: Arc::new(Move { row, id, to, session }), generation, asked: false }))
}

struct Move {
    row: RecordKey,
    id: AccountId,
    to: Identifier,
    session: [u8; 8],
}

/// The record answers to both identifiers.
struct Allow {
    move_: Arc<Move>,
    generation: u64,
    /// Whether the directory was asked about an earlier move.
    asked: bool,
}

/// An earlier move that was cut off had gone through, as the directory says.
struct Resolve {
    move_: Arc<Move>,
    other: Identifier,
}

/// The record answers to one of them.
struct Settle {
    move_: Arc<Move>,
    moved: bool,
}

impl Move {
    fn verified(&self) -> Verdict<Verified> {
        let (purpose, account, identifier) = (Purpose::ChangeAddress, self.id.clone(), self.to.clone());
        Verdict::Granted(Verified { purpose, account, identifier, action: None, grant: None, progress: None })
    }
}

impl Turn<Verified> for Allow {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.move_.row]
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        _: Option<&Hashed>,
    ) -> Result<Decision<Verified>, MachineError> {
        let Move { row, id, to, .. } = &*self.move_;
        let desk = Opened::<Account>::existing(cx, rows, 0)?;
        // What a session began ends with it, however it ended; and while the password is said to be known to others.
        let same = |desk: &Opened<Account>| {
            let account = &desk.record;
            account.generation == self.generation
                && !account.suspended
                && !account.change_password
                && account.sessions.goes_back_to(self.move_.session)
        };
        let Some(mut desk) = desk.filter(same) else {
            return Ok(conflict(cx, row, Purpose::ChangeAddress, Refusal::InvalidSession));
        };
        let notices = desk.notices();
        let credentials = desk.record.credentials(&desk.key)?;
        if let Some(other) = credentials.moving.filter(|_| !self.asked) {
            // An earlier move was cut off, or is under way; whether the directory knows of it must be known first.
            let (move_, generation, asked) = (Arc::clone(&self.move_), self.generation, other.clone());
            let then = move |entry: Option<DirectoryEntry>, _: &Cx<'_>| {
                let moved = entry.is_some_and(|entry| entry.account == move_.id);
                let (move_, other) = (Arc::clone(&move_), other.clone());
                if moved && other != move_.to {
                    return Next::Turn(Box::new(Resolve { move_, other }) as Box<dyn Turn<Verified>>);
                }
                Next::Turn(Box::new(Allow { move_, generation, asked: true }))
            };
            return Ok(Decision::new(desk.put_back(cx)?, Next::Find(asked, Arc::new(then))));
        }
        if credentials.identifier == *to {
            // It is the one it has: now proven.
            desk.record.unproven = false;
            let change = desk.put(cx)?;
            return Ok(Decision::new(change, Next::Done(self.move_.verified()))
                .event(cx, row, EventKind::AddressProven)
                .events(cx, row, notices)
                .about(id));
        }
        let from = desk.record.begin_move(&desk.key, to, &mut cx.draw)?;
        let renaming = Renaming { account: id.clone(), from, to: to.clone() };
        let move_ = Arc::clone(&self.move_);
        let then = move |renamed: Created, _: &Cx<'_>| {
            let moved = matches!(renamed, Created::Account(_));
            Next::Turn(Box::new(Settle { move_: Arc::clone(&move_), moved }) as Box<dyn Turn<Verified>>)
        };
        let change = desk.put(cx)?;
        Ok(Decision::new(change, Next::Rename(renaming, Arc::new(then))).events(cx, row, notices))
    }
}

impl Turn<Verified> for Resolve {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.move_.row]
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        _: Option<&Hashed>,
    ) -> Result<Decision<Verified>, MachineError> {
        let Move { row, id, .. } = &*self.move_;
        let conflict =
            |cx: &mut Cx<'_>| Ok(conflict(cx, row, Purpose::ChangeAddress, Refusal::InvalidSession));
        let Some(mut desk) = Opened::<Account>::existing(cx, rows, 0)? else { return conflict(cx) };
        // The account has changed since this code was made: what was asked for is to be begun again.
        let mail = settle(cx, &mut desk, &self.other, Some(self.move_.session))?;
        let told = (!mail.is_empty()).then_some(EventKind::AddressChanged);
        let mut decision =
            Decision::new(desk.put(cx)?, Next::Done(Verdict::Refused(Refusal::InvalidSession)));
        decision.mail = mail;
        Ok(decision.events(cx, row, told).about(id))
    }
}

/// Settles a move whose new identifier the directory led from: it was told, whether or not anybody came back to say so. The other sessions end, and there are
/// messages to both addresses; none if there is nothing to settle.
pub(in crate::flow) fn settle(
    cx: &mut Cx<'_>,
    desk: &mut Opened<Account>,
    reached_by: &Identifier,
    keep: Option<[u8; 8]>,
) -> Result<Vec<Envelope>, MachineError> {
    let before = desk.record.credentials(&desk.key)?;
    if before.identifier == *reached_by || !desk.record.answers_to(&desk.key, reached_by) {
        return Ok(Vec::new());
    }
    desk.record.end_move(&desk.key, reached_by, &mut cx.draw)?;
    desk.record.sessions.end(|_, session| Some(session.root()) != keep);
    tell_both(cx, desk, before.address)
}

/// Both addresses hear of it: the new one alone would tell only whoever changed it (NIST 800-63B-4 §4.6).
fn tell_both(
    cx: &Cx<'_>,
    desk: &mut Opened<Account>,
    before: Address,
) -> Result<Vec<Envelope>, MachineError> {
    let now = desk.address()?;
    let to_new = desk.notify(cx, MessageKind::AddressChanged(now))?;
    let to_old = Envelope { to: before, ..to_new.clone() };
    Ok(alloc::vec![to_old, to_new])
}

impl Turn<Verified> for Settle {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.move_.row]
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        _: Option<&Hashed>,
    ) -> Result<Decision<Verified>, MachineError> {
        let Move { row, id, to, session } = &*self.move_;
        let Some(mut desk) = Opened::<Account>::existing(cx, rows, 0)? else {
            return Ok(conflict(cx, row, Purpose::ChangeAddress, Refusal::InvalidSession));
        };
        let mut told = desk.notices();
        if !self.moved {
            desk.record.drop_move(&desk.key, to, &mut cx.draw)?;
            told.push(EventKind::AccountConflict { purpose: Purpose::ChangeAddress });
            let refused = Next::Done(Verdict::Refused(Refusal::InvalidSession));
            return Ok(Decision::new(desk.put(cx)?, refused).events(cx, row, told).about(id));
        }
        let before = desk.record.sessions.len();
        let mail = settle(cx, &mut desk, to, Some(*session))?;
        // A sign-in through the new identifier may have settled it already, or another change have taken its place.
        let settled = desk.record.credentials(&desk.key)?.identifier == *to;
        let ended = before.saturating_sub(desk.record.sessions.len());
        told.extend((!mail.is_empty()).then_some(EventKind::AddressChanged));
        told.extend((ended > 0).then_some(EventKind::SessionsEnded { count: ended }));
        told.extend(mail.first().map(|notice| EventKind::NoticeSent { notice: notice.kind.name() }));
        let refused = Next::Done(Verdict::Refused(Refusal::InvalidSession));
        let next = if settled { Next::Done(self.move_.verified()) } else { refused };
        let mut decision = Decision::new(desk.put(cx)?, next);
        decision.mail = mail;
        Ok(decision.events(cx, row, told).about(id))
    }
}
