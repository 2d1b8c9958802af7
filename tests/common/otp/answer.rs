//! Answers as the model and the machine both give them.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use countersign::*;

/// Whose record: of an identifier, known or not; of an account; of a client and an operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Door {
    Visitor(usize),
    Account(usize),
    Meter(u8, Operation),
}

/// The public answer, without what is drawn at random.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    Started(SessionState),
    Resent(SessionState),
    Verified(Purpose),
    Cancelled,
    Refused(Refusal),
}

/// What an operation comes to, and the rules that may all be named, where several open at the same moment.
#[derive(Debug)]
pub struct Expected {
    pub answer: Answer,
    pub rules: Vec<&'static str>,
}

impl From<Answer> for Expected {
    fn from(answer: Answer) -> Self {
        Self { answer, rules: Vec::new() }
    }
}

pub const INVALID: Answer = Answer::Refused(Refusal::InvalidSession);

/// What the machine answered, in these words.
pub fn answer<O>(outcome: &Outcome<O>, granted: impl FnOnce(&O) -> Answer) -> Answer {
    match &outcome.verdict {
        Verdict::Granted(output) => granted(output),
        Verdict::Refused(refusal) => Answer::Refused(refusal.clone()),
    }
}

/// The kind of an answer; a limit's is its rule.
pub fn name(answer: &Answer) -> &'static str {
    match answer {
        Answer::Started(_) => "started",
        Answer::Resent(_) => "resent",
        Answer::Verified(_) => "verified",
        Answer::Cancelled => "cancelled",
        Answer::Refused(Refusal::InvalidSession) => "invalid_session",
        Answer::Refused(Refusal::InvalidCode(_)) => "invalid_code",
        Answer::Refused(Refusal::CodeExpired(_)) => "code_expired",
        Answer::Refused(Refusal::FactorDisabled) => "factor_disabled",
        Answer::Refused(Refusal::Limited { rule, .. }) => rule,
        Answer::Refused(_) => "another",
    }
}

/// The law that an unexpected answer most likely breaks.
pub fn law(expected: &Answer, found: &Answer) -> &'static str {
    use Refusal::{CodeExpired, FactorDisabled, InvalidCode, InvalidSession, Limited};
    match (expected, found) {
        (Answer::Refused(InvalidSession), Answer::Verified(_) | Answer::Refused(InvalidCode(_))) => {
            "law 3 (spent once) or law 5 (bound)"
        }
        (Answer::Refused(InvalidCode(_)), Answer::Verified(_)) => "law 5 (bound)",
        (Answer::Refused(CodeExpired(_)), _) | (_, Answer::Refused(CodeExpired(_))) => {
            "law 6 (two deadlines)"
        }
        (
            Answer::Refused(Limited { .. } | FactorDisabled),
            Answer::Verified(_) | Answer::Refused(InvalidCode(_)),
        ) => "law 2 (budget)",
        (Answer::Refused(InvalidCode(_)), Answer::Refused(InvalidCode(_))) => {
            "law 2 (budget) or law 6 (two deadlines)"
        }
        (Answer::Refused(Limited { .. }), _) | (_, Answer::Refused(Limited { .. })) => {
            "a limit (R24, R92, law 2, law 7)"
        }
        _ => "the model",
    }
}
