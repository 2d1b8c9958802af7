//! What shows of a request: to whoever sent it, and to whoever watches how long it takes and what it leaves.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, missing_docs, unreachable_pub, reason = "tests")]

use core::fmt::Debug;

use countersign::*;

use crate::otp::drive::{End, Stage, Written};

/// Everything that shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace {
    /// The verdict with all its numbers, and the limits. What was drawn at random is not in it.
    pub told: String,
    /// The tickets handed out: their kind, length, and ring key.
    pub tickets: Vec<String>,
    /// The host's calls in order; a hash is one.
    pub calls: Vec<&'static str>,
    pub stages: Vec<Stage>,
    /// The rows written, with their lengths and expiries.
    pub written: Vec<Written>,
    /// The messages handed over. Of those to others no more than that they were.
    pub mail: Vec<String>,
    /// The moments that were told, or at which something written ends.
    pub deadlines: Vec<Timestamp>,
}

impl Trace {
    pub fn of<O: Debug + Handles>(
        end: &End<O>,
        calls: Vec<&'static str>,
        mine: &dyn Fn(&Envelope) -> bool,
    ) -> Self {
        let mut deadlines: Vec<_> = end.written.iter().filter_map(|row| row.put?.1).collect();
        let mut tickets = vec![];
        if let Some(outcome) = &end.outcome {
            deadlines.extend(outcome.limits.iter().map(|quota| quota.reset_at));
            match &outcome.verdict {
                Verdict::Granted(granted) => granted.handles(&mut tickets),
                Verdict::Refused(refusal) => deadlines.extend(told_in(refusal)),
            }
        }
        for mail in end.mail.iter().filter(|mail| mine(mail)) {
            deadlines.extend(mail.expires_at.into_iter().chain(mail.link_expires_at));
        }
        Self {
            told: without_names(&format!("{:?} {:?}", end.outcome, end.error)),
            tickets: tickets.iter().map(|ticket| shape(ticket)).collect(),
            calls,
            stages: end.stages.clone(),
            written: end.written.clone(),
            mail: end.mail.iter().map(|mail| message(mail, mine(mail))).collect(),
            deadlines,
        }
    }
}

fn told_in(refusal: &Refusal) -> Vec<Timestamp> {
    match refusal {
        Refusal::Limited { retry_at, .. } => vec![*retry_at],
        Refusal::InvalidCode(state) | Refusal::CodeExpired(state) => state
            .code_expires_at
            .into_iter()
            .chain([state.session_expires_at])
            .chain(state.resend_at)
            .collect(),
        _ => vec![],
    }
}

/// Of a message to the stranger's own mailbox all but what is drawn at random; of any other, that there was one, in which language and
/// when: one that is suppressed counts like one that is sent.
fn message(mail: &Envelope, mine: bool) -> String {
    if !mine {
        return format!("one at {:?} in {:?}", mail.issued_at, mail.locale);
    }
    let Envelope { kind, code, link, expires_at, link_expires_at, suppressed, .. } = mail;
    let link = link.as_ref().map(|link| shape(&link.expose()));
    let digits = code.as_ref().map(|code| code.expose().len());
    format!("{kind:?} {digits:?} {expires_at:?} {link:?} {link_expires_at:?} {suppressed}")
}

/// The kind, the length, and the name of the ring key: the last four of the thirty-six bytes.
pub fn shape(ticket: &str) -> String {
    let (kind, text) = ticket.split_once('_').unwrap_or(("", ticket));
    let (last, key) = text.split_at(text.len().min(43));
    // The two last bits of a letter that is part random already belong to the key's name.
    let bits = last.bytes().last().map_or(0, |letter| letter_number(letter) & 3);
    format!("{kind} {} {bits}{key}", text.len())
}

pub const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub fn letter_number(letter: u8) -> usize {
    LETTERS.iter().position(|it| *it == letter).unwrap_or_default()
}

/// The names of sessions and devices are drawn at random, and shown to their owner.
fn without_names(told: &str) -> String {
    ["SessionId([", "DeviceId(["].iter().fold(told.to_owned(), |told, name| {
        let mut parts = told.split(name);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |all, part| all + part.split_once("])").map_or(part, |(_name, rest)| rest))
    })
}

/// The tickets in what is granted.
pub trait Handles {
    fn handles(&self, to: &mut Vec<String>);
}

macro_rules! none {
    ($($type:ty),* $(,)?) => {$(
        impl Handles for $type {
            fn handles(&self, _: &mut Vec<String>) {}
        }
    )*};
}
none!(
    Resent,
    Cancelled,
    SessionInfo,
    Vec<SessionInfo>,
    Ended,
    TotpEnrolment,
    RecoveryCodesIssued,
    FactorEnabled,
    FactorRecovery,
    FactorsWereReset,
    SessionState,
    Secured,
    FactorRemoved,
    Deleted,
    Vec<DeviceInfo>,
);

macro_rules! some {
    ($($type:ident . $field:ident),* $(,)?) => {$(
        impl Handles for $type {
            fn handles(&self, to: &mut Vec<String>) {
                to.push(self.$field.expose());
            }
        }
    )*};
}
some!(Started.session, GrantedReset.grant, PasswordWasReset.device, DeviceTrusted.device);

impl Handles for SignedIn {
    fn handles(&self, to: &mut Vec<String>) {
        to.push(self.session().expose());
        to.extend(self.device().map(Ticket::expose));
    }
}

impl Handles for SecondFactor {
    fn handles(&self, to: &mut Vec<String>) {
        to.extend(self.login.as_ref().map(Ticket::expose));
        to.extend(self.device.as_ref().map(Ticket::expose));
    }
}

impl Handles for Progress {
    fn handles(&self, to: &mut Vec<String>) {
        match self {
            Self::SignedIn(signed_in) => signed_in.handles(to),
            Self::SecondFactor(second) => second.handles(to),
        }
    }
}

impl Handles for Verified {
    fn handles(&self, to: &mut Vec<String>) {
        to.extend(self.grant.as_ref().map(|granted| granted.grant.expose()));
        if let Some(progress) = &self.progress {
            progress.handles(to);
        }
    }
}
