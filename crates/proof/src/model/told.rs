//! What a request ended with: what the client was told, what was mailed, and what the log may know.

use core::fmt::Debug;

use countersign::*;

/// Words by which later requests find what earlier ones were given.
pub(super) type Facts = Vec<(&'static str, String)>;

/// The end of a request, in plain values.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Told {
    pub(super) granted: bool,
    /// The kind of refusal, empty where it was granted.
    pub(super) no: &'static str,
    /// All that the client sees, but for the texts of tickets.
    pub(super) public: String,
    /// The texts of tickets and codes that were told, and times.
    pub(super) facts: Facts,
    /// Whether somebody was signed in.
    pub(super) signed_in: bool,
    /// The account that it was good for, where that is told.
    pub(super) account: Option<String>,
    /// The guesses that the limit named in the answer still allows.
    pub(super) remaining: Option<u32>,
    /// What is left to try by the answer itself.
    pub(super) attempts_left: Option<u32>,
    /// How many comparisons of what somebody typed the log knows of.
    pub(super) compared: usize,
    pub(super) mail: Vec<Mailed>,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Mailed {
    pub(super) kind: &'static str,
    pub(super) to: String,
    pub(super) suppressed: bool,
    pub(super) facts: Facts,
}

/// What there is to remember of a grant.
pub(super) trait Tell: Debug {
    fn facts(&self) -> Facts {
        Facts::new()
    }
    fn signed_in(&self) -> bool {
        false
    }
    fn account(&self) -> Option<&AccountId> {
        None
    }
}

impl Told {
    pub(super) fn of<O: Tell>(done: machine::Done<O>) -> Self {
        let machine::Done { outcome, mail, events, .. } = done;
        let limits: Vec<_> =
            outcome.limits.iter().map(|q| (q.rule, q.limit, q.remaining, q.reset_at)).collect();
        let public = format!("{:?} {limits:?} {}", outcome.verdict, outcome.account.is_some());
        let remaining = outcome.limits.last().map(|quota| quota.remaining);
        let (granted, no, attempts_left) = match &outcome.verdict {
            Verdict::Granted(_) => (true, "", None),
            Verdict::Refused(refusal) => (false, name(refusal), left(refusal)),
        };
        let (mut facts, mut signed_in, mut account) = (Facts::new(), false, None);
        if let Verdict::Granted(output) = &outcome.verdict {
            facts = output.facts();
            signed_in = output.signed_in();
            account = output.account().map(|account| account.as_str().to_owned());
        }
        let compared = events.iter().filter(|event| compares(&event.kind)).count();
        let mail = mail.iter().map(Mailed::of).collect();
        Self { granted, no, public, facts, signed_in, account, remaining, attempts_left, compared, mail }
    }

    /// What somebody sees who is told, and who watches how much is mailed: not to whom, and not what.
    pub(super) fn seen(&self) -> String {
        let shapes = self.facts.iter().map(|(name, text)| match *name {
            "session_ends" | "code_ends" => format!("{name} {text}"),
            _ => format!("{name} of {}", text.len()),
        });
        format!("{} {:?} and {} messages", self.public, shapes.collect::<Vec<_>>(), self.mail.len())
    }

    /// A fact that was told, or mailed.
    pub(super) fn fact(&self, name: &str, mail: bool) -> Option<&str> {
        let mailed =
            self.mail.iter().filter(|mailed| mail && !mailed.suppressed).flat_map(|mailed| &mailed.facts);
        let mut all = self.facts.iter().chain(mailed);
        all.find(|(fact, _)| *fact == name).map(|(_, text)| text.as_str())
    }
}

/// Whether something that somebody typed was compared with what is stored.
const fn compares(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::CodeAccepted { .. }
            | EventKind::CodeRejected { .. }
            | EventKind::PasswordAccepted
            | EventKind::PasswordRejected { .. }
            | EventKind::FactorAccepted { .. }
            | EventKind::FactorRejected { .. }
            | EventKind::LinkRedeemed { .. }
    )
}

/// What wrong guesses are told.
pub(super) const NOT_THE_CODE: &str = "not the code";
pub(super) const NOT_THE_PASSWORD: &str = "not the password";
pub(super) const NOT_THE_FACTOR: &str = "not the factor";

/// What is told where no code is live any more.
pub(super) const ENDED: &str = "the code has expired";

const fn name(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::InvalidSession => "no such session",
        Refusal::InvalidCode(_) => NOT_THE_CODE,
        Refusal::CodeExpired(_) => ENDED,
        Refusal::Limited { .. } => "not now",
        Refusal::InvalidCredentials => NOT_THE_PASSWORD,
        Refusal::InvalidProof { .. } => NOT_THE_FACTOR,
        Refusal::NothingPending => "nothing pending",
        Refusal::StepUpRequired { .. } => "prove it again first",
        Refusal::ProofRequired { .. } => "a further proof is asked for",
        Refusal::ActionRequired { .. } => "something else first",
        Refusal::NotEnrolled => "no such factor",
        Refusal::LastFactor => "the last factor",
        Refusal::FactorNotAllowed => "a factor that is not allowed",
        Refusal::FactorDisabled => "the factor is disabled",
        Refusal::PasswordTooShort { .. } => "too short a password",
        Refusal::PasswordBlocked(_) => "a blocked password",
        _ => "no",
    }
}

const fn left(refusal: &Refusal) -> Option<u32> {
    match refusal {
        Refusal::InvalidCode(state) | Refusal::CodeExpired(state) => Some(state.attempts_left),
        Refusal::InvalidProof { attempts_left, .. } => Some(*attempts_left),
        _ => None,
    }
}

fn at(time: Timestamp) -> String {
    time.unix_millis().to_string()
}

impl Mailed {
    fn of(mail: &Envelope) -> Self {
        let code = mail.code.as_ref().map(|code| ("code", code.expose().to_owned()));
        let link = mail.link.as_ref().map(|link| ("link", link.expose()));
        let ends = mail.expires_at.map(|ends| ("mailed_code_ends", at(ends)));
        let facts = code.into_iter().chain(link).chain(ends).collect();
        let (kind, to) = (mail.kind.name(), mail.to.as_str().to_owned());
        Self { kind, to, suppressed: mail.suppressed, facts }
    }
}

fn state(state: &SessionState) -> Facts {
    let code = state.code_expires_at.map(|ends| ("code_ends", at(ends)));
    [("session_ends", at(state.session_expires_at))].into_iter().chain(code).collect()
}

impl Tell for Started {
    fn facts(&self) -> Facts {
        let mut facts = state(&self.state);
        facts.push(("otp", self.session.expose()));
        facts
    }
}

impl Tell for Resent {
    fn facts(&self) -> Facts {
        state(&self.state)
    }
}

impl Tell for SessionState {
    fn facts(&self) -> Facts {
        state(self)
    }
}

impl Tell for SignedIn {
    fn account(&self) -> Option<&AccountId> {
        Some(Self::account(self))
    }
    fn facts(&self) -> Facts {
        let device = self.device().map(|device| ("device", device.expose()));
        [("session", self.session().expose())].into_iter().chain(device).collect()
    }
    fn signed_in(&self) -> bool {
        true
    }
}

impl Tell for SecondFactor {
    fn account(&self) -> Option<&AccountId> {
        Some(&self.account)
    }
    fn facts(&self) -> Facts {
        self.login.as_ref().map(|login| ("login", login.expose())).into_iter().collect()
    }
}

impl Tell for Progress {
    fn account(&self) -> Option<&AccountId> {
        match self {
            Self::SignedIn(signed_in) => Tell::account(signed_in),
            Self::SecondFactor(second) => Tell::account(second),
        }
    }
    fn facts(&self) -> Facts {
        match self {
            Self::SignedIn(signed_in) => signed_in.facts(),
            Self::SecondFactor(second) => second.facts(),
        }
    }
    fn signed_in(&self) -> bool {
        matches!(self, Self::SignedIn(_))
    }
}

impl Tell for GrantedReset {
    fn facts(&self) -> Facts {
        vec![("grant", self.grant.expose())]
    }
}

impl Tell for Verified {
    fn account(&self) -> Option<&AccountId> {
        Some(&self.account)
    }
    fn facts(&self) -> Facts {
        let progress = self.progress.as_ref().map(Tell::facts).unwrap_or_default();
        let grant = self.grant.as_ref().map(Tell::facts).unwrap_or_default();
        progress.into_iter().chain(grant).collect()
    }
    fn signed_in(&self) -> bool {
        self.progress.as_ref().is_some_and(Tell::signed_in)
    }
}

impl Tell for PasswordWasReset {
    fn facts(&self) -> Facts {
        vec![("device", self.device.expose())]
    }
}

impl Tell for DeviceTrusted {
    fn facts(&self) -> Facts {
        vec![("device", self.device.expose())]
    }
}

impl Tell for RecoveryCodesIssued {
    fn facts(&self) -> Facts {
        self.codes.iter().map(|code| ("recovery_code", code.expose().to_owned())).collect()
    }
}

/// Grants of which there is nothing to remember.
macro_rules! plain {
    ($($name:ty),* $(,)?) => {$( impl Tell for $name {} )*};
}
plain!(
    Cancelled,
    SessionInfo,
    Vec<SessionInfo>,
    Vec<DeviceInfo>,
    Ended,
    Secured,
    TotpEnrolment,
    FactorEnabled,
    FactorRemoved,
    Deleted,
    Suspended,
    FactorRecovery,
    FactorsWereReset,
    Noted,
    Rewrapped,
);
