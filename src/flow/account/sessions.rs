//! Signed-in sessions: whose one is, which there are, ending them.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::fresh::gate;
use crate::assurance::{Method, Methods, Proven};
use crate::flow::codes::session::missing;
use crate::flow::desk::Opened;
use crate::flow::meter::metered;
use crate::flow::sign_in::signed_in::required;
use crate::machine::turn::{Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, Machine, MachineError, Work};
use crate::record::{Account, Credentials, RecordKey, RecordKind, StoredSession};
use crate::{
    AccountId, Address, Client, EventKind, Factor, Identifier, Label, Operation, Password, Refusal, Session,
    Ticket, Timestamp, Todo, Verdict,
};

/// Ask whose a signed-in session is. Notes its use, as exactly as the policy keeps it, so that most checks write nothing.
///
/// Refused: [`Refusal::InvalidSession`] for one that never was, has ended or was ended; [`Refusal::ActionRequired`] while something
/// has to be done first, so that a host which looks at nothing else treats such a session as none; [`Refusal::Limited`] by the
/// client's rules.
#[derive(Clone, Debug)]
pub struct CheckSession {
    /// Who sends the request.
    pub client: Client,
    /// The session.
    pub session: Ticket<Session>,
}

/// List the signed-in sessions of an account, the oldest first.
///
/// Refused: as [`CheckSession`].
#[derive(Clone, Debug)]
pub struct ListSessions {
    /// Who sends the request.
    pub client: Client,
    /// One of them: the one that asks.
    pub session: Ticket<Session>,
}

/// End signed-in sessions of an account.
///
/// Refused: as [`CheckSession`].
#[derive(Clone, Debug)]
pub struct EndSessions {
    /// Who sends the request.
    pub client: Client,
    /// The session that asks.
    pub session: Ticket<Session>,
    /// Which are to end.
    pub which: Which,
}

/// Which sessions are to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// The one that asks: signing out.
    This,
    /// All but the one that asks.
    Others,
    /// All.
    All,
    /// The one with this name.
    One(SessionId),
}

/// A session's name in the list. It opens nothing.
///
/// ```
/// let id: countersign::SessionId = "00112233aabbccdd".parse().unwrap();
/// assert_eq!(id.to_string(), "00112233aabbccdd");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SessionId([u8; 8]);

/// A signed-in session as its owner may see it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SessionInfo {
    /// Its name.
    pub id: SessionId,
    /// The account.
    pub account: AccountId,
    /// The identifier the account was signed up with.
    pub identifier: Identifier,
    /// Where the account's mail goes.
    pub address: Address,
    /// What was proven when it began.
    pub methods: Vec<Method>,
    /// What was proven, and when each was proven last: at the sign-in, or by stepping up.
    pub proven: Vec<(Method, Timestamp)>,
    /// The assurance level of that, 1 or 2.
    pub aal: u8,
    /// What the client called itself.
    pub label: Label,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, as exactly as the policy keeps it.
    pub last_used_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it ends if it is not used, where the policy ends unused ones.
    pub idle_expires_at: Option<Timestamp>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// Sessions were ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ended {
    /// How many.
    pub count: usize,
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl core::str::FromStr for SessionId {
    type Err = crate::InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = crate::InvalidId { what: "a session's name", rule: "16 lower-case hexadecimal digits" };
        let canonical = u64::from_str_radix(text, 16).map(|number| Self(number.to_be_bytes())).ok();
        canonical.filter(|id| String::as_str(&alloc::format!("{id}")) == text).ok_or(wrong)
    }
}

impl SessionInfo {
    pub(super) fn of(
        cx: &Cx<'_>,
        desk: &Opened<Account>,
        credentials: &Credentials,
        session: &StoredSession,
        current: bool,
    ) -> Result<Self, MachineError> {
        Ok(Self {
            id: SessionId(session.id()),
            account: credentials.id.clone(),
            identifier: credentials.identifier.clone(),
            address: credentials.address.clone(),
            methods: session.methods().list(),
            proven: session.proven.list().to_vec(),
            aal: session.methods().aal(),
            label: session.label(&desk.key)?,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            idle_expires_at: session.idle_expires_at(cx.policy),
            current,
        })
    }
}

/// A request of somebody who is signed in: who sends it, and the session.
pub(in crate::flow) trait Bearer: Send + Sync + 'static {
    const OPERATION: Operation;

    fn client(&self) -> &Client;
    fn session(&self) -> &Ticket<Session>;
}

/// What is done for it.
pub(in crate::flow) trait SignedInAs<O>: Bearer {
    /// The account's password, for requests that ask for it again. Compared, and counted on the account, before
    /// [`decide`](Self::decide).
    fn password(&self) -> Option<&Password> {
        None
    }

    /// How fresh the session's proofs must be. No default: an operation that does not say does not compile.
    const FRESH: Freshness;
    /// The required actions under which it may be asked: while one of others is the first that is due, it is refused. No default, as
    /// above.
    const WHILE_DUE: &'static [Todo];

    /// Decides, with the session at `at` of the account on the desk.
    fn decide(&self, cx: &mut Cx<'_>, desk: Opened<Account>, at: usize) -> Result<Decision<O>, MachineError>;
}

/// How fresh a session's proofs must be for an operation ([`fresh`](super::fresh)).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::flow) enum Freshness {
    /// A live session is enough.
    Any,
    /// All that a sign-in asks for, proven within the last minutes: for what changes what signs in.
    Full,
    /// The same, where a recovery code may stand in for the app that is bound anew.
    Binding,
}

/// For operations that are asked whatever is due.
pub(in crate::flow) const ALWAYS: &[Todo] = &Todo::ALL;

/// The actions that are due and under which an operation must not be asked.
fn due<O, S: SignedInAs<O>>(cx: &Cx<'_>, account: &Account) -> Vec<Todo> {
    let actions = required(cx.policy, account);
    let allowed = actions.first().is_none_or(|first| S::WHILE_DUE.contains(first));
    if allowed { Vec::new() } else { actions }
}

/// Counts the request, then leads the session to its account.
pub(in crate::flow) fn signed_in_as<O: 'static, S: SignedInAs<O>>(machine: &Machine, request: S) -> Next<O> {
    let row = request.session().row(machine.ring()).filter(|row| row.kind() == Some(RecordKind::Account));
    let request = Arc::new(request);
    let client = request.client().clone();
    metered(machine, &client, S::OPERATION, move || match row {
        Some(row) => Next::Turn(Box::new(OnAccount { request: Arc::clone(&request), row })),
        None => Next::Done(Verdict::Refused(Refusal::InvalidSession)),
    })
}

struct OnAccount<S> {
    request: Arc<S>,
    row: RecordKey,
}

impl<O, S: SignedInAs<O>> Turn<O> for OnAccount<S> {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn work(&self, cx: &mut Cx<'_>, rows: &Rows<'_>) -> Result<Option<Work>, MachineError> {
        let Some(password) = self.request.password() else { return Ok(None) };
        let Some(mut desk) = Opened::<Account>::existing(cx, rows, 0)? else { return Ok(None) };
        let session = desk.record.sessions.position(&self.request.session().digest(&desk.key));
        let due = !due::<O, S>(cx, &desk.record).is_empty();
        if session.is_none() || due || desk.may_guess(cx, Factor::Password).is_err() {
            return Ok(None);
        }
        let stored = desk.record.credentials(&desk.key)?.password.0;
        Ok(Some(Work::check(password.clone(), Some(stored), desk.salt())))
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        hashed: Option<&Hashed>,
    ) -> Result<Decision<O>, MachineError> {
        let Some(mut desk) = Opened::<Account>::existing(cx, rows, 0)? else {
            return Ok(crate::flow::unknown(cx, self.row, S::OPERATION));
        };
        let Some(at) = desk.record.sessions.position(&self.request.session().digest(&desk.key)) else {
            return missing(cx, desk, S::OPERATION);
        };
        desk.touch(cx, at);
        let id = desk.record.credentials(&desk.key)?.id;
        Ok(self.signed_in(cx, desk, at, hashed)?.at(&id))
    }
}

impl<S> OnAccount<S> {
    /// Decides, with the session at `at` of the account on the desk.
    fn signed_in<O>(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        at: usize,
        hashed: Option<&Hashed>,
    ) -> Result<Decision<O>, MachineError>
    where
        S: SignedInAs<O>,
    {
        let actions = due::<O, S>(cx, &desk.record);
        if let Some(action) = actions.first().copied() {
            let kind = EventKind::ActionRequired { action };
            return crate::flow::refused(cx, desk, Refusal::ActionRequired { actions }, kind);
        }
        let row = self.row;
        let mut just = Methods::default();
        let mut suspicious = None;
        if self.request.password().is_some() {
            if let Err(closed) = desk.may_guess(cx, Factor::Password) {
                let refusal = crate::flow::desk::shut(cx, closed);
                return crate::flow::limited(cx, desk, S::OPERATION, refusal);
            }
            if !hashed.is_some_and(Hashed::is_right) {
                let (row, mut told) = (desk.row, desk.notices());
                told.push(EventKind::FactorRejected { factor: Factor::Password });
                told.extend(desk.charge_guess(cx, Factor::Password));
                let refused = Next::Done(Verdict::Refused(Refusal::InvalidCredentials));
                let quota = desk.guess_quota(cx, Factor::Password);
                return Ok(Decision::new(desk.put(cx)?, refused).limit(quota).events(cx, &row, told));
            }
            suspicious = desk.guessed_right(cx, Factor::Password);
            just = just.with(Method::Password);
        }
        if let Some(refusal) = gate(cx, &desk, at, just, S::FRESH) {
            let refused = crate::flow::refused(cx, desk, refusal, EventKind::StepUpRequired)?;
            return Ok(refused.events(cx, &row, suspicious));
        }
        Ok(self.request.decide(cx, desk, at)?.events(cx, &row, suspicious))
    }
}

/// Makes requests of types that have a client and a session.
macro_rules! signed_in_requests {
    ($($request:ident -> $output:ty),* $(,)?) => {$(
        crate::flow::request!($request -> $output, signed_in_as);
        impl super::sessions::Bearer for $request {
            const OPERATION: crate::Operation = crate::Operation::$request;

            fn client(&self) -> &crate::Client {
                &self.client
            }
            fn session(&self) -> &crate::Ticket<crate::Session> {
                &self.session
            }
        }
    )*};
}
pub(in crate::flow) use signed_in_requests;

signed_in_requests!(CheckSession -> SessionInfo, ListSessions -> Vec<SessionInfo>, EndSessions -> Ended);

impl SignedInAs<SessionInfo> for CheckSession {
    const FRESH: Freshness = Freshness::Any;
    const WHILE_DUE: &'static [Todo] = &[];

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        desk: Opened<Account>,
        at: usize,
    ) -> Result<Decision<SessionInfo>, MachineError> {
        let (row, notices, gone) = (desk.row, desk.notices(), MachineError::Misuse("no session there"));
        let credentials = desk.record.credentials(&desk.key)?;
        let session = desk.record.sessions.get(at).ok_or(gone)?;
        let info = SessionInfo::of(cx, &desk, &credentials, session, true)?;
        let change = desk.put_back(cx)?;
        Ok(Decision::new(change, Next::Done(Verdict::Granted(info))).events(cx, &row, notices))
    }
}

impl SignedInAs<Vec<SessionInfo>> for ListSessions {
    const FRESH: Freshness = Freshness::Any;
    const WHILE_DUE: &'static [Todo] = &[];

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        desk: Opened<Account>,
        at: usize,
    ) -> Result<Decision<Vec<SessionInfo>>, MachineError> {
        let (row, notices) = (desk.row, desk.notices());
        let credentials = desk.record.credentials(&desk.key)?;
        let sessions = desk.record.sessions.iter().enumerate();
        let list = sessions
            .map(|(index, session)| SessionInfo::of(cx, &desk, &credentials, session, index == at))
            .collect::<Result<Vec<_>, _>>()?;
        let change = desk.put_back(cx)?;
        Ok(Decision::new(change, Next::Done(Verdict::Granted(list))).events(cx, &row, notices))
    }
}

impl SignedInAs<Ended> for EndSessions {
    const FRESH: Freshness = Freshness::Any;
    const WHILE_DUE: &'static [Todo] = ALWAYS;

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        mut desk: Opened<Account>,
        at: usize,
    ) -> Result<Decision<Ended>, MachineError> {
        let (row, notices) = (desk.row, desk.notices());
        let count = desk.record.sessions.end(|index, session| match self.which {
            Which::This => index == at,
            Which::Others => index != at,
            Which::All => true,
            Which::One(SessionId(id)) => session.id() == id,
        });
        let change = desk.put(cx)?;
        Ok(Decision::new(change, Next::Done(Verdict::Granted(Ended { count })))
            .event(cx, &row, EventKind::SessionsEnded { count })
            .events(cx, &row, notices))
    }
}

/// What the session at an index has proven, and when.
pub(in crate::flow) fn proven(desk: &Opened<Account>, at: usize) -> Proven {
    desk.record.sessions.get(at).map(|session| session.proven.clone()).unwrap_or_default()
}
