//! Answers to sign-in requests, as the model and the machine both give them.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use core::time::Duration;

use countersign::factor::Regenerate;
use countersign::*;

use super::model::Slot;

/// The public answer, without what is drawn at random.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    SignedIn(Entered),
    Second(Asked),
    Started(SessionState),
    /// A mailed code was right; how far the sign-in came, if it was to be one.
    Verified(Option<Box<Self>>),
    Session(Shown),
    Sessions(Vec<Shown>),
    Ended(usize),
    Enrolment {
        expires_at: Timestamp,
        expires_in: Duration,
    },
    /// So many recovery codes.
    Issued(usize),
    Enabled,
    Removed,
    Secured(Factors),
    Trusted {
        expires_at: Timestamp,
        skips: bool,
    },
    /// Devices: until when, and whether no second factor is asked for on it; sorted.
    Devices(Vec<(Timestamp, bool)>),
    /// A code to step up with is on its way.
    StepUpCode(SessionState),
    /// The operator's request took effect.
    Noted(Timestamp),
    Suspended(usize),
    /// A lost app is waited for, or turned off by the code that was just mailed.
    Waiting {
        ready_at: Timestamp,
        ready_in: Duration,
        expires_at: Timestamp,
        code: Option<SessionState>,
    },
    /// A lost app is off: how many sessions ended.
    FactorsReset(usize),
    /// An account has an identifier from now on, or has proven that it is its owner's.
    Moved {
        who: usize,
        to: String,
    },
    /// An account is no more.
    Deleted,
    /// A lost app is not lost.
    Stopped,
    /// Another password may be set.
    Granted(Granted),
    /// It is: how many sessions ended, and until when the device is trusted that came with it.
    Reset {
        ended: usize,
        device_ends: Timestamp,
    },
    Refused(Refusal),
}

/// Somebody is signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entered {
    pub who: usize,
    pub address: String,
    pub methods: Vec<Method>,
    pub aal: u8,
    pub expires_at: Timestamp,
    pub idle_expires_at: Option<Timestamp>,
    pub codes_left: Option<usize>,
    pub regenerate: Regenerate,
    pub required: Vec<Todo>,
    pub todo: Vec<Todo>,
    /// Whether a trusted device got another ticket.
    pub device: bool,
}

/// A second factor is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    pub who: usize,
    pub ticket: bool,
    pub offered: Vec<Factor>,
    pub mailed: bool,
    pub sent_to: Option<String>,
    pub state: Option<SessionState>,
    /// Whether a trusted device got another ticket.
    pub device: bool,
}

/// Another password may be set, with one of these proofs if there are any.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Granted {
    pub expires_at: Timestamp,
    pub expires_in: Duration,
    pub asks: Vec<Factor>,
}

/// How an account is secured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Factors {
    pub totp: bool,
    pub mailed_code: bool,
    pub enrolment_expires_at: Option<Timestamp>,
    pub codes_left: usize,
    /// Of a lost app: when the wait is over, and when it has to be begun again.
    pub recovery: Option<(Timestamp, Timestamp)>,
    pub sessions: usize,
    pub devices: usize,
    pub required: Vec<Todo>,
}

/// A session, as its owner sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    pub who: usize,
    pub methods: Vec<Method>,
    /// In the order of the methods.
    pub proven: Vec<(Method, Timestamp)>,
    pub aal: u8,
    pub label: String,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
    pub idle_expires_at: Option<Timestamp>,
    pub current: bool,
}

/// A message that goes out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mail {
    pub kind: &'static str,
    pub to: String,
    pub code: bool,
    pub expires_at: Option<Timestamp>,
    pub link_expires_at: Option<Timestamp>,
    pub suppressed: bool,
}

impl Mail {
    pub fn of(envelope: &Envelope) -> Self {
        Self {
            kind: envelope.kind.name(),
            to: envelope.to.as_str().to_owned(),
            code: envelope.code.is_some(),
            expires_at: envelope.expires_at,
            link_expires_at: envelope.link.as_ref().and(envelope.link_expires_at),
            suppressed: envelope.suppressed,
        }
    }
}

/// What an operation comes to.
#[derive(Clone, Debug)]
pub struct Expected {
    pub answer: Answer,
    /// The rules that may all be named, where several open at the same moment.
    pub rules: Vec<&'static str>,
    pub mail: Option<Mail>,
    /// What goes out after it.
    pub then: Vec<Mail>,
    /// How many passwords are hashed, where nothing comes in between.
    pub hashes: usize,
    /// Which session, sign-in or code it made.
    pub made: Option<usize>,
    /// Where the mailed code is noted.
    pub slot: Option<Slot>,
    /// The number of the ticket that a device was given.
    pub ticket: Option<usize>,
}

impl From<Answer> for Expected {
    fn from(answer: Answer) -> Self {
        Self {
            answer,
            rules: vec![],
            mail: None,
            then: vec![],
            hashes: 0,
            made: None,
            slot: None,
            ticket: None,
        }
    }
}

impl From<Refusal> for Expected {
    fn from(refusal: Refusal) -> Self {
        Answer::Refused(refusal).into()
    }
}

impl Expected {
    pub fn making(mut self, made: usize) -> Self {
        self.made = Some(made);
        self
    }

    pub fn hashing(mut self, hashes: usize) -> Self {
        self.hashes += hashes;
        self
    }
}

pub const INVALID: Answer = Answer::Refused(Refusal::InvalidSession);

/// What a test may count on having met. A limit's name is its rule.
pub fn name(answer: &Answer) -> &'static str {
    match answer {
        Answer::SignedIn(entered) => entered.name(),
        Answer::Second(asked) if asked.mailed => "asked_by_mail",
        Answer::Second(asked) if asked.offered.first() == Some(&Factor::Password) => "asked_password",
        Answer::Second(_) => "asked",
        Answer::Started(_) => "started",
        Answer::Verified(None) => "verified",
        Answer::Verified(Some(progress)) => name(progress),
        Answer::Session(_) => "session",
        Answer::Sessions(_) => "sessions",
        Answer::Ended(_) => "ended",
        Answer::Enrolment { .. } => "enrolment",
        Answer::Issued(_) => "issued",
        Answer::Enabled => "enabled",
        Answer::Removed => "removed",
        Answer::Secured(_) => "secured",
        Answer::Trusted { .. } => "trusted",
        Answer::Devices(_) => "devices",
        Answer::StepUpCode(_) => "step_up_code",
        Answer::Noted(_) => "noted",
        Answer::Suspended(_) => "suspended",
        Answer::Granted(granted) if granted.asks.is_empty() => "granted",
        Answer::Granted(_) => "granted_with_proof",
        Answer::Reset { .. } => "reset",
        Answer::Waiting { code: None, .. } => "factor_awaited",
        Answer::Waiting { .. } => "factor_code",
        Answer::FactorsReset(_) => "factors_reset",
        Answer::Stopped => "stopped",
        Answer::Moved { .. } => "moved",
        Answer::Deleted => "deleted",
        Answer::Refused(refusal) => refused(refusal),
    }
}

impl Entered {
    fn name(&self) -> &'static str {
        let has = |method| self.methods.contains(&method);
        match self.methods.len() {
            1 if has(Method::Password) => "in_by_password",
            1 if has(Method::MailedLink) => "in_by_link",
            1 => "in_by_code",
            _ if has(Method::Totp) => "in_with_app",
            _ if has(Method::RecoveryCode) => "in_with_recovery_code",
            _ if has(Method::MailedLink) => "in_with_link_and_password",
            _ => "in_with_code_and_password",
        }
    }
}

fn refused(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::InvalidSession => "invalid_session",
        Refusal::InvalidCode(_) => "invalid_code",
        Refusal::CodeExpired(_) => "code_expired",
        Refusal::Limited { rule, .. } => rule,
        Refusal::InvalidCredentials => "invalid_credentials",
        Refusal::InvalidProof { factor, .. } => match factor {
            Factor::Totp => "invalid_totp",
            Factor::MailedCode => "invalid_mailed_code",
            Factor::RecoveryCode => "invalid_recovery_code",
            Factor::Password => "invalid_password",
        },
        Refusal::NothingPending => "nothing_pending",
        Refusal::StepUpRequired { .. } => "step_up_required",
        Refusal::ActionRequired { .. } => "action_required",
        Refusal::NotEnrolled => "not_enrolled",
        Refusal::LastFactor => "last_factor",
        Refusal::PasswordTooShort { .. } => "password_too_short",
        Refusal::PasswordBlocked(_) => "password_blocked",
        Refusal::FactorNotAllowed => "factor_not_allowed",
        Refusal::FactorDisabled => "factor_disabled",
        Refusal::ProofRequired { .. } => "proof_required",
        _ => "another",
    }
}

/// The law that an unexpected answer most likely breaks.
pub fn law(expected: &Answer, found: &Answer) -> &'static str {
    use Answer::{Refused, Second, SignedIn, Verified};
    match (expected, found) {
        (Second(_), SignedIn(_)) => "law 4 (no skipping)",
        (Verified(Some(_)), Verified(Some(_))) => "law 4 (no skipping) or law 9",
        (Refused(Refusal::Limited { .. } | Refusal::FactorDisabled), _) => "law 2 (budget) or law 9",
        (Refused(Refusal::InvalidSession), _) => "law 3 (spent once) or law 5 (bound)",
        (Refused(Refusal::InvalidProof { .. }), SignedIn(_)) => "law 3 (spent once)",
        (Refused(Refusal::InvalidCredentials), _) => "law 4 (no skipping) or law 8",
        (_, Refused(Refusal::Limited { .. })) => "a limit (law 2, law 9, R92)",
        _ => "the model",
    }
}
