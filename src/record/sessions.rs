//! The signed-in sessions of an account, as stored.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::codec::RecordError;
use crate::assurance::{Methods, Proven};
use crate::keys::DataKey;
use crate::policy::Policy;
use crate::secret::matches;
use crate::{Label, Timestamp};

/// One signed-in session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct StoredSession {
    /// The digest of its ticket, which is also the name its label is sealed under.
    ticket: [u8; 16],
    /// The sign-in that it goes back to: what a session began is worth something only while one with this root is there.
    root: [u8; 8],
    pub(crate) proven: Proven,
    pub(crate) created_at: Timestamp,
    /// Its absolute end.
    pub(crate) expires_at: Timestamp,
    /// Its last use, as exactly as the policy keeps it.
    pub(crate) last_used_at: Timestamp,
    #[serde(with = "super::blob")]
    label: Vec<u8>,
}

impl StoredSession {
    pub(crate) fn new(
        key: &DataKey,
        ticket: [u8; 16],
        proven: Proven,
        now: Timestamp,
        policy: &Policy,
        label: &Label,
    ) -> Result<Self, RecordError> {
        let label = key.seal(&ticket, label.as_str().as_bytes()).ok_or(RecordError::Malformed)?;
        let expires_at = now.saturating_add(policy.settings().sessions.life);
        let root = first_half(&ticket);
        Ok(Self { ticket, root, proven, created_at: now, expires_at, last_used_at: now, label })
    }

    pub(crate) fn label(&self, key: &DataKey) -> Result<Label, RecordError> {
        let plain = key.open(&self.ticket, &self.label).ok_or(RecordError::Sealed)?;
        core::str::from_utf8(&plain).map(Label::new).map_err(|_| RecordError::Malformed)
    }

    pub(crate) fn methods(&self) -> Methods {
        self.proven.methods()
    }

    /// When it ends if it is not used, where the policy ends unused sessions.
    pub(crate) fn idle_expires_at(&self, policy: &Policy) -> Option<Timestamp> {
        let idle = policy.settings().sessions.idle?;
        Some(self.last_used_at.saturating_add(idle).min(self.expires_at))
    }

    fn is_live(&self, policy: &Policy, now: Timestamp) -> bool {
        now < self.expires_at && self.idle_expires_at(policy).is_none_or(|end| now < end)
    }

    /// What the owner may know it by: enough to tell it from the account's others, and nothing that opens it.
    pub(crate) fn id(&self) -> [u8; 8] {
        first_half(&self.ticket)
    }

    /// The sign-in that it goes back to, by way of any number of step-ups.
    pub(crate) const fn root(&self) -> [u8; 8] {
        self.root
    }
}

fn first_half(digest: &[u8; 16]) -> [u8; 8] {
    let mut half = [0; 8];
    half.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
    half
}

/// The sessions of an account, the oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct StoredSessions(Vec<StoredSession>);

impl StoredSessions {
    /// Forgets those that have ended; whether there were any.
    pub(crate) fn erase_expired(&mut self, policy: &Policy, now: Timestamp) -> bool {
        let before = self.0.len();
        self.0.retain(|session| session.is_live(policy, now));
        self.0.len() != before
    }

    pub(crate) fn rebase(&mut self, from: Timestamp, to: Timestamp) {
        for session in &mut self.0 {
            for time in [&mut session.created_at, &mut session.expires_at, &mut session.last_used_at] {
                *time = time.shifted(from, to);
            }
            session.proven.rebase(from, to);
        }
    }

    /// Adds a session; where there are too many, the oldest go. How many went.
    pub(crate) fn add(&mut self, session: StoredSession, most: usize) -> usize {
        self.0.push(session);
        let over = self.0.len().saturating_sub(most);
        self.0.drain(..over);
        over
    }

    /// Lets the newest session go back to a sign-in before it: a step-up takes along what its session began.
    pub(crate) fn newest_goes_back_to(&mut self, root: [u8; 8]) {
        self.0.last_mut().into_iter().for_each(|session| session.root = root);
    }

    /// Whether there is a session that goes back to a sign-in.
    pub(crate) fn goes_back_to(&self, root: [u8; 8]) -> bool {
        self.0.iter().any(|session| session.root == root)
    }

    /// Where the session of a ticket is. Looks at all of them in constant time.
    pub(crate) fn position(&self, ticket: &[u8; 16]) -> Option<usize> {
        let found = |at, (index, session): (usize, &StoredSession)| {
            if matches(&session.ticket, ticket) { Some(index) } else { at }
        };
        self.0.iter().enumerate().fold(None, found)
    }

    pub(crate) fn get(&self, at: usize) -> Option<&StoredSession> {
        self.0.get(at)
    }

    /// Notes what a session has proven by now.
    pub(crate) fn proven(&mut self, at: usize, proven: Proven) {
        self.0.get_mut(at).into_iter().for_each(|session| session.proven = proven.clone());
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut StoredSession> {
        self.0.iter_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &StoredSession> {
        self.0.iter()
    }

    /// Notes that a session is used, where what is known of its last use is too old. Whether it was noted.
    pub(crate) fn touch(&mut self, at: usize, policy: &Policy, now: Timestamp) -> bool {
        let touch = policy.settings().sessions.touch;
        let due = |session: &&mut StoredSession| now.since(session.last_used_at) > touch;
        let session = self.0.get_mut(at).filter(due);
        session.map(|session| session.last_used_at = now).is_some()
    }

    /// Ends the sessions that `ends` names, by place and value; how many.
    pub(crate) fn end(&mut self, ends: impl Fn(usize, &StoredSession) -> bool) -> usize {
        let before = self.0.len();
        let mut at = 0_usize;
        self.0.retain(|session| {
            let stays = !ends(at, session);
            at = at.saturating_add(1);
            stays
        });
        before.saturating_sub(self.0.len())
    }
}
