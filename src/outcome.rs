//! What the caller may tell the client.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::throttle::Quota;
use crate::{
    AccountId, Action, Blocked, Factor, GrantedReset, Identifier, OtpSession, Progress, Purpose, Ticket,
    Timestamp, Todo,
};

/// The public answer to a request: everything in it may be shown to whoever sent it.
#[derive(Clone, Debug)]
#[must_use]
pub struct Outcome<T> {
    /// Yes or no.
    pub verdict: Verdict<T>,
    /// The state of the limits this request was counted against, for response headers; the first is the client's.
    pub limits: Vec<Quota>,
    /// The request's own time: what the times in the verdict and in the limits are to be counted from.
    pub at: Timestamp,
    /// The account of which the request proved a first factor, a mailbox or a signed-in session; also where it was refused
    /// afterwards. `None` before any such proof, for known and unknown accounts alike (law 8). For the language of an answer.
    pub account: Option<AccountId>,
}

impl<T> Outcome<T> {
    /// What was granted, if it was.
    pub fn granted(self) -> Option<T> {
        match self.verdict {
            Verdict::Granted(granted) => Some(granted),
            Verdict::Refused(_) => None,
        }
    }

    /// Why it was refused, if it was.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match &self.verdict {
            Verdict::Granted(_) => None,
            Verdict::Refused(refusal) => Some(refusal),
        }
    }
}

/// Yes, with what is granted, or no. A no is a value, not an error: errors are the host's own failures.
#[derive(Clone, Debug)]
pub enum Verdict<T> {
    /// Yes.
    Granted(T),
    /// No.
    Refused(Refusal),
}

/// One coarse public no. The fine reason is in the [`Event`](crate::Event)s.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such session: it never was, or it was verified, cancelled, burned by wrong codes, or has ended. Which, is not
    /// told (R31).
    InvalidSession,
    /// Not the code. With no attempts left, the session is gone.
    InvalidCode(SessionState),
    /// The session has no live code any more; another can be sent.
    CodeExpired(SessionState),
    /// A limit. The same request passes at `retry_at` if nothing else has happened by then.
    Limited {
        /// The rule that refuses, one of the `RULE_` names.
        rule: &'static str,
        /// When the rule allows it again.
        retry_at: Timestamp,
        /// The way from the request's own time to `retry_at`; round it up for `Retry-After`
        /// ([`retry_after_seconds`](crate::retry_after_seconds)).
        retry_after: Duration,
    },
    /// Not the identifier's password: the identifier may be unknown, the password wrong, the account suspended or without
    /// password. Which, is not told (law 8).
    InvalidCredentials,
    /// Not a right second factor: wrong, expired or used before. Which, is not told.
    InvalidProof {
        /// The factor that was tried.
        factor: Factor,
        /// Wrong guesses at it that would still be answered before a wait.
        attempts_left: u32,
    },
    /// There is no enrolment to confirm: none was begun, or it has ended.
    NothingPending,
    /// What is asked for takes a proof that is fresher than what this session has: prove one of these with [`StepUp`](crate::StepUp), and ask
    /// again with the session that gives.
    StepUpRequired {
        /// What would be taken, in the order in which to offer it.
        offered: Vec<Factor>,
    },
    /// A further proof is asked for, and none came: the factors that would be taken. Nothing was used up.
    ProofRequired {
        /// In the order in which to offer them.
        offered: Vec<Factor>,
    },
    /// The session can do nothing else before this is done.
    ActionRequired {
        /// What, in the order in which to ask for it.
        actions: Vec<Todo>,
    },
    /// The account does not have the factor that the request is about.
    NotEnrolled,
    /// The policy requires a second factor, and this is the only one.
    LastFactor,
    /// The policy does not take this as a second factor (R26).
    FactorNotAllowed,
    /// The factor was failed too often in a row and is disabled until it is bound anew or the account is recovered.
    FactorDisabled,
    /// A new password with fewer code points than the policy asks for.
    PasswordTooShort {
        /// How many it needs.
        min_code_points: usize,
    },
    /// A new password that is on the machine's [`Blocklist`](crate::Blocklist), and why. Say it, and ask for another.
    PasswordBlocked(Blocked),
}

/// What may be done next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum NextStep {
    /// Send a code for this session.
    Verify,
    /// Ask for another code in this session, from [`SessionState::resend_at`] on.
    Resend,
    /// Give the session up.
    Cancel,
    /// Begin again.
    Start,
    /// Do what the refusal names, then send the request again.
    Prove,
    /// Send the same request again when the wait is over.
    Wait,
}

impl Refusal {
    /// What may be done next.
    #[must_use]
    pub fn next(&self) -> Vec<NextStep> {
        match self {
            Self::InvalidCode(state) | Self::CodeExpired(state) => state.next(),
            Self::Limited { .. } => alloc::vec![NextStep::Wait],
            Self::InvalidSession | Self::PasswordTooShort { .. } | Self::PasswordBlocked(_) => {
                alloc::vec![NextStep::Start]
            }
            Self::InvalidCredentials | Self::NothingPending => alloc::vec![NextStep::Start],
            Self::StepUpRequired { .. } | Self::ProofRequired { .. } | Self::ActionRequired { .. } => {
                alloc::vec![NextStep::Prove]
            }
            Self::InvalidProof { .. } => alloc::vec![NextStep::Verify, NextStep::Start],
            Self::FactorDisabled | Self::FactorNotAllowed | Self::NotEnrolled | Self::LastFactor => {
                Vec::new()
            }
        }
    }
}

/// Where a one-time-code session stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionState {
    /// Wrong codes that would still be answered.
    pub attempts_left: u32,
    /// When the newest code ends: the first moment at which it is refused. `None` if no code is live.
    pub code_expires_at: Option<Timestamp>,
    /// When the session ends; resend does not move it.
    pub session_expires_at: Timestamp,
    /// When another code can be sent, or `None` if not within this session.
    pub resend_at: Option<Timestamp>,
    /// The life left to the newest code, zero if none is live.
    pub expires_in: Duration,
}

impl SessionState {
    /// What may be done next.
    #[must_use]
    pub fn next(&self) -> Vec<NextStep> {
        if self.attempts_left == 0 {
            return alloc::vec![NextStep::Start];
        }
        let verify = self.code_expires_at.map(|_| NextStep::Verify);
        let resend = self.resend_at.map(|_| NextStep::Resend);
        verify.into_iter().chain(resend).chain([NextStep::Cancel]).collect()
    }
}

/// A session was started.
#[derive(Clone, Debug)]
pub struct Started {
    /// The handle for everything else. A secret of whoever started it.
    pub session: Ticket<OtpSession>,
    /// The identifier as typed, masked (`j***@example.com`).
    pub sent_to: String,
    /// Where the session stands.
    pub state: SessionState,
}

/// Another code was sent, in the same session.
#[derive(Clone, Debug)]
pub struct Resent {
    /// The identifier as typed, masked.
    pub sent_to: String,
    /// Where the session stands.
    pub state: SessionState,
}

/// A code was right, and is spent.
///
/// By itself this is *not* a sign-in: it proves that one mailbox was read. With [`Verify::enter`](crate::Verify::enter),
/// [`Verified::progress`] says how far the sign-in came.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verified {
    /// What the session was for.
    pub purpose: Purpose,
    /// The account: just made for [`Purpose::SignUp`], found for the others.
    pub account: AccountId,
    /// The identifier the session was started with.
    pub identifier: Identifier,
    /// What was confirmed, for [`Purpose::ConfirmAction`].
    pub action: Option<Action>,
    /// The right to set a new password, for [`Purpose::Recover`].
    pub grant: Option<GrantedReset>,
    /// How far the sign-in came, if [`Verify::enter`](crate::Verify::enter) asked for one.
    pub progress: Option<Progress>,
}

/// A record's key is under the current ring key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rewrapped {
    /// Whether the row had to be written for it.
    pub rewritten: bool,
}

/// A session was given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cancelled;
