//! What may happen in a story of one-time-code sessions, and how a fuzzer writes it down.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use crate::common::STARTED;
use countersign::Purpose;

/// One thing that happens. Numbers that choose among things are taken modulo how many there are.
#[derive(Clone, Debug)]
pub enum Op {
    Start {
        purpose: Purpose,
        who: u8,
        client: u8,
    },
    Resend {
        session: u8,
        client: u8,
    },
    Verify {
        session: u8,
        /// The caller's door: that of the session, or any.
        door: Option<Purpose>,
        code: Typed,
        /// Whose session the caller's door takes it for, if it asks.
        claim: Option<u8>,
        client: u8,
    },
    Cancel {
        session: u8,
    },
    /// Somebody uses the mailed link of a session, and says whose it is.
    Redeem {
        session: u8,
        /// Its own, or any.
        who: Option<u8>,
        client: u8,
    },
    /// The clock moves by so many milliseconds.
    Move(i32),
    /// The clock jumps to a known deadline, give or take a millisecond.
    Jump {
        deadline: u8,
        off: i8,
    },
    /// The clock goes to when the last answer said that more is allowed, give or take a millisecond.
    Wait {
        off: i8,
    },
    /// The store drops the rows that have expired, by a clock that is ahead by some part of the tolerance.
    Sweep {
        ahead: u8,
    },
    /// `first` has read its row when the clock moves and `second` runs from start to end; then `first` commits.
    Overtaken {
        first: Box<Op>,
        by: Box<Op>,
        millis: i16,
    },
    /// Something goes wrong at the given stage.
    Trouble {
        op: Box<Op>,
        stage: u8,
        trouble: Trouble,
    },
}

/// What is typed as a code. Sessions are counted from the newest.
#[derive(Clone, Copy, Debug)]
pub enum Typed {
    /// The session's newest code.
    Newest,
    /// An earlier code of the session.
    Earlier(u8),
    /// The newest code of another session.
    OfAnother(u8),
    /// A code that is not the newest one.
    Wrong,
    /// The newest code with spaces and hyphens in it.
    Spaced,
    Malformed(u8),
}

#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    Fails,
    AnswerLost,
    Crash,
}

/// Texts that are no code (R32).
pub const MALFORMED: [&str; 8] = [
    "",
    "1",
    "٠١٢٣٤٥",
    "12345\0",
    "abcdef",
    "123456789012345678",
    "-1",
    "000000000000000000000000000000000000000000",
];

/// Reads operations from bytes: any bytes are some story.
pub struct Reader<'a>(pub &'a [u8]);

impl Reader<'_> {
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    pub fn op(&mut self) -> Option<Op> {
        let tag = self.byte()?;
        Some(match tag % 16 {
            11 => Op::Overtaken {
                first: Box::new(self.plain()?),
                by: Box::new(self.plain()?),
                millis: self.short()?.cast_signed(),
            },
            12 => {
                let (op, stage) = (Box::new(self.plain()?), self.byte()?);
                let trouble =
                    [Trouble::Fails, Trouble::AnswerLost, Trouble::Crash][usize::from(tag / 16 % 3)];
                Op::Trouble { op, stage, trouble }
            }
            13 => Op::Move(i32::from(self.short()?.cast_signed())),
            14 => Op::Sweep { ahead: self.byte()? },
            8 => Op::Wait { off: (tag / 16 % 3).cast_signed() - 1 },
            15 | 9 | 10 => Op::Jump { deadline: self.byte()?, off: (tag / 16 % 3).cast_signed() - 1 },
            kind => self.request(kind, tag / 16)?,
        })
    }

    fn plain(&mut self) -> Option<Op> {
        let tag = self.byte()?;
        self.request(tag % 8, tag / 16)
    }

    fn request(&mut self, kind: u8, more: u8) -> Option<Op> {
        Some(match kind {
            0 | 1 => {
                let who = self.byte()?;
                Op::Start { purpose: STARTED[usize::from(more % 4)], who: who % 8, client: who / 8 }
            }
            2 => {
                let session = self.byte()?;
                Op::Resend { session: session % 16, client: more }
            }
            3 if more >= 8 => {
                let session = self.byte()?;
                Op::Redeem {
                    session: session % 16,
                    who: (more == 8).then_some(session / 16),
                    client: more % 4,
                }
            }
            3 => Op::Cancel { session: self.byte()? },
            _ => {
                let (session, code) = (self.byte()?, self.byte()?);
                let which = code / 8;
                let code = match code % 8 {
                    0 | 1 => Typed::Newest,
                    2 => Typed::Earlier(which),
                    3 => Typed::OfAnother(which),
                    4 => Typed::Spaced,
                    5 => Typed::Malformed(which),
                    _ => Typed::Wrong,
                };
                let door = (more % 8 == 7).then(|| STARTED[usize::from(which % 4)]);
                let claim = (which >= 24).then_some(which);
                Op::Verify { session: session % 16, door, code, claim, client: session / 16 }
            }
        })
    }
}
