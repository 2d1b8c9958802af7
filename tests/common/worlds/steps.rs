//! What may happen, and how a fuzzer writes it down: six bytes a step, so that a step can be left out without changing the others.
#![allow(dead_code, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "tests")]
#![allow(missing_docs, unreachable_pub, reason = "tests")]

use countersign::Operation;

use super::owner::Visit;

/// One thing that happens. Numbers that choose among things are taken modulo how many there are.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Ask(Ask),
    /// The owner does something, where there is one.
    Owner(Visit),
    /// The clock moves by so many milliseconds.
    Move(i64),
    /// The clock is somewhere else altogether.
    Set(i64),
    /// The clock goes to a moment that was told, or at which something written ends, give or take a millisecond.
    Jump {
        deadline: u8,
        off: i8,
    },
    /// The store drops what has expired.
    Sweep,
}

/// A request of the stranger's.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    pub what: Operation,
    /// Which of the tickets, passwords, codes, identifiers at hand.
    pub which: [u8; 3],
    pub named: bool,
    pub forged: Option<Forged>,
    pub trouble: Option<(u8, Trouble)>,
}

/// A ticket that was tampered with.
#[derive(Clone, Copy, Debug)]
pub struct Forged {
    /// Which letter.
    pub at: u8,
    /// Which of its six bits.
    pub bit: u8,
}

#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    Fails,
    AnswerLost,
    Crash,
    /// The messages are not taken.
    Mailer,
    /// The owner does something before that stage, with the account alone.
    Owner(Visit),
}

/// The doors without a ticket, and those behind them, more often than the rest: what they answer is what the others take.
const OFTEN: [Operation; 22] = [
    Operation::PasswordSignIn,
    Operation::PasswordSignIn,
    Operation::PasswordSignIn,
    Operation::PasswordSignIn,
    Operation::SignUp,
    Operation::SignUp,
    Operation::SignIn,
    Operation::SignIn,
    Operation::Recover,
    Operation::Recover,
    Operation::Verify,
    Operation::Verify,
    Operation::Verify,
    Operation::VerifyAndEnter,
    Operation::VerifyAndEnter,
    Operation::ResendSignUp,
    Operation::ResendSignUp,
    Operation::Resend,
    Operation::Resend,
    Operation::ChangeAddress,
    Operation::ProveFactor,
    Operation::Cancel,
];

const SPANS: [i64; 20] = [
    0,
    1,
    999,
    1000,
    1000,
    2000,
    3000,
    5000,
    9000,
    10_000,
    18_000,
    45_000,
    300_000,
    1_300_000,
    260_000_000,
    -1,
    -1999,
    -2001,
    -5000,
    -60_000,
];

const ENDS: [i64; 8] = [0, 1, -1, i64::MAX, i64::MAX - 1, i64::MAX - 9000, i64::MIN, i64::MIN + 9000];

pub const BYTES: usize = 6;

/// The steps that any bytes are.
pub fn steps(data: &[u8]) -> impl Iterator<Item = Step> {
    data.chunks_exact(BYTES).map(|chunk| step([chunk[0], chunk[1], chunk[2], chunk[3], chunk[4], chunk[5]]))
}

pub fn step([what, a, b, c, trouble, how]: [u8; BYTES]) -> Step {
    let ask = |what| {
        let which = [a, b, c];
        let forged = (how % 8 == 7).then_some(Forged { at: a, bit: c % 6 });
        Step::Ask(Ask { what, which, named: how >= 160, forged, trouble: troubles(trouble, b) })
    };
    match what {
        0..=75 => ask(Operation::ALL[usize::from(what) % Operation::ALL.len()]),
        76..=175 => ask(OFTEN[usize::from(what) % OFTEN.len()]),
        176..=203 => Step::Move(SPANS[usize::from(a) % SPANS.len()]),
        204..=215 => Step::Jump { deadline: a, off: (b % 3).cast_signed() - 1 },
        216..=218 => Step::Set(ENDS[usize::from(a) % ENDS.len()]),
        219..=223 => Step::Sweep,
        224..=255 => Step::Owner(Visit::ALL[usize::from(a) % Visit::ALL.len()]),
    }
}

fn troubles(trouble: u8, b: u8) -> Option<(u8, Trouble)> {
    let stage = trouble % 8;
    let what = match trouble / 8 {
        25 => Trouble::Fails,
        26 => Trouble::AnswerLost,
        27 => Trouble::Crash,
        28 => Trouble::Mailer,
        29.. => Trouble::Owner(Visit::QUIET[usize::from(b) % Visit::QUIET.len()]),
        _ => return None,
    };
    Some((stage, what))
}
