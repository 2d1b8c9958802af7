//! From a proven first factor into the account: a second factor, and the session.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::code;
use super::desk::{Opened, refuse};
use super::prove::{Tried, attempt};
use super::signed_in::{Entry, enter, missing};
use crate::assurance::{Method, Methods};
use crate::keys::Domain;
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{DirectoryEntry, Hashed, MachineError, Work};
use crate::policy::RULE_PENDING_LOGINS;
use crate::record::{Account, Ask, Challenge, Credentials, RecordError, RecordKey, StoredHash, Subject};
use crate::throttle::Limited;
use crate::{
    AccountId, Address, EventKind, Factor, Identifier, Label, Locale, Login, Operation, Password,
    PasswordHash, Progress, Proofs, Purpose, Refusal, SecondFactor, Steps, Ticket, Timestamp, Verdict,
};

/// How somebody wants to enter.
pub(super) struct Manner {
    pub(super) steps: Steps,
    pub(super) label: Label,
    pub(super) locale: Option<Locale>,
    /// The password typed would not be taken as a new one.
    pub(super) weak_password: bool,
}

/// Whose first factor was proven, as it was then. Only the turns that compare first factors make one.
pub(super) struct Who {
    pub(super) id: AccountId,
    pub(super) generation: u64,
    pub(super) identifier: Identifier,
    /// The host's own address and credential, which are taken over where the account has no record yet.
    pub(super) stands_in: Option<(Address, PasswordHash)>,
}

/// The account's turn of every sign-in: checks that the account is still the one the first factor was proven for, then
/// whatever else it asks for.
pub(super) struct Enter<O> {
    pub(super) row: RecordKey,
    pub(super) who: Who,
    pub(super) proven: Methods,
    pub(super) manner: Arc<Manner>,
    /// The password, if its stored hash is to be made anew.
    pub(super) rehash: Option<Password>,
    /// What is told if the account has changed in the meantime: what the door says to whoever proves nothing.
    pub(super) refusal: Refusal,
    /// How the outcome is told.
    pub(super) tell: Tell<O>,
}

/// How an outcome is told to whoever asked.
pub(super) type Tell<O> = Arc<dyn Fn(Progress) -> O + Send + Sync>;

/// What a proven mailbox leads to: the account's turn, one factor after the other.
pub(super) fn by_mailbox<O: 'static>(
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
            return Ok(super::open::conflict(cx, &self.row, Purpose::SignIn, self.refusal.clone()));
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
        let at_once = desk.record.ledger.position(&at_once(&desk));
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
                let limited = super::limit_event(Operation::PasswordSignIn, &refusal);
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
            Entry::Missing(offered) => self.ask(cx, desk, proven, offered, told),
        }
    }

    /// Asks for a second factor: mails a code if it is to be one, and gives out a ticket if proofs come one by one.
    fn ask(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        proven: Methods,
        offered: Vec<Factor>,
        mut told: Vec<EventKind>,
    ) -> Result<Decision<O>, MachineError> {
        let (row, stepwise) = (desk.row, matches!(self.manner.steps, Steps::Stepwise));
        let mailing = offered.first() == Some(&Factor::MailedCode);
        if let Some(factor) = offered.first().copied() {
            told.push(EventKind::FactorAsked { factor });
        }
        if stepwise && let Some(full) = pending_logins_full(cx, &desk) {
            return self.no(
                cx,
                desk,
                told,
                full.clone(),
                super::limit_event(Operation::PasswordSignIn, &full),
            );
        }
        let may_send = if mailing { desk.may_send(cx, Purpose::SecondFactor) } else { Ok(()) };
        let before = desk.record.ledger.position(&at_once(&desk)).filter(|_| !stepwise);
        let live = before.filter(|at| desk.challenge(*at).is_ok_and(|challenge| !challenge.codes.is_empty()));
        // A code that was mailed for the same is still good: asking again within the cooldown is no mistake.
        if let (Err(refusal), None, false) = (&may_send, live, stepwise) {
            return self.no(
                cx,
                desk,
                told,
                refusal.clone(),
                super::limit_event(Operation::PasswordSignIn, refusal),
            );
        }

        let subject = self.subject(&desk, proven)?;
        let login = if stepwise { Some(Ticket::<Login>::mint(&row, cx.ring, &mut cx.draw)) } else { None };
        let login = login.map(|login| login.ok_or(RecordError::Sealed)).transpose()?;
        let sending = mailing && may_send.is_ok();
        let pending = login.as_ref().map(|login| login.digest(&desk.key));
        let at = match (pending, before) {
            (Some(digest), _) => Some(self.pend(cx, &mut desk, digest, 0, &subject)?),
            (None, _) if !mailing => None,
            (None, Some(at)) if !sending => Some(at),
            // Wrong guesses at an earlier code for the same stay counted (R4).
            (None, before) => {
                let failures = before.map(|at| desk.record.ledger.challenges.remove(at).failures);
                let digest = at_once(&desk);
                Some(self.pend(cx, &mut desk, digest, failures.unwrap_or(0), &subject)?)
            }
        };
        let mut mail = None;
        if let Some(at) = at.filter(|_| sending) {
            mail = Some(code::send(cx, &mut desk, at, &subject)?);
            told.push(EventKind::CodeSent {
                purpose: Purpose::SecondFactor,
                resend: false,
                suppressed: false,
            });
        }
        let state = at.filter(|_| mailing).map(|at| desk.state(cx, at)).transpose()?;
        let sent_to = mailing.then(|| self.who.identifier.masked());
        let account = self.who.id.clone();
        let second = SecondFactor { account, login, offered, mailed: mail.is_some(), sent_to, state };
        let granted = Next::Done(Verdict::Granted((self.tell)(Progress::SecondFactor(second))));
        let mut decision = Decision::new(desk.put(cx)?, granted).events(cx, &row, told).about(&self.who.id);
        decision.mail = mail;
        Ok(decision)
    }

    /// Keeps that somebody is half-way in. Not the password, only the fact and what it was (B055).
    fn pend(
        &self,
        cx: &Cx<'_>,
        desk: &mut Opened<Account>,
        ticket: [u8; 16],
        failures: u32,
        subject: &Subject,
    ) -> Result<usize, MachineError> {
        let purpose = Purpose::SecondFactor;
        let ends = desk.now.saturating_add(cx.policy.lifetimes(purpose).session);
        let mut challenge = Challenge::new(&desk.key, ticket, purpose, ends, subject)?;
        challenge.failures = failures;
        let challenges = &mut desk.record.ledger.challenges;
        challenges.push(challenge);
        Ok(challenges.len().saturating_sub(1))
    }

    fn subject(&self, desk: &Opened<Account>, proven: Methods) -> Result<Subject, MachineError> {
        let Who { id, identifier, .. } = &self.who;
        let address = desk.record.credentials(&desk.key)?.address;
        Ok(Subject {
            identifier: identifier.clone(),
            address: Some(address).filter(|address| address != identifier.address()),
            locale: self.manner.locale.clone(),
            account: Some((id.clone(), desk.record.generation)),
            answerable: true,
            ask: Ask::SecondFactor { proven },
        })
    }
}

/// What stands for a ticket where proofs come in one request: such a sign-in has no handle, and an account one such code.
fn at_once(desk: &Opened<Account>) -> [u8; 16] {
    desk.key.digest(Domain::AtOnce, &[])
}

/// Whether as many sign-ins wait for a second factor as may: a full list refuses (law 9).
fn pending_logins_full(cx: &Cx<'_>, desk: &Opened<Account>) -> Option<Refusal> {
    let live = desk.record.ledger.live(Purpose::SecondFactor);
    let (count, first_end) =
        live.fold((0_usize, Timestamp::MAX), |(n, end), c| (n.saturating_add(1), end.min(c.expires_at)));
    let full = Limited { rule: RULE_PENDING_LOGINS, retry_at: first_end };
    (count >= usize::from(cx.policy.settings().factors.pending_logins)).then(|| refuse(cx, full))
}
