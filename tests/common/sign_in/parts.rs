//! What the model keeps of everything that ever happened.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use countersign::factor::TotpSecret;
use countersign::*;

/// Whose record: of an identifier, known or not; of an account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Door {
    Visitor(usize),
    Account(usize),
}

/// A record, from its first commit until it is deleted. Whoever comes later makes another.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) door: Door,
    pub(super) gone: bool,
    /// The record's time at its last commit.
    pub(super) seen: i128,
    /// How far its time is ahead of the clock.
    pub(super) ahead: i128,
    /// The key of the ring that was the present one then.
    pub(super) key: u8,
}

/// A record at the time of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Desk {
    pub(super) record: Option<usize>,
    pub(super) door: Door,
    /// Whose doing is counted.
    pub(super) partition: Partition,
    /// The record's time.
    pub(super) now: i128,
    pub(super) ahead: i128,
    /// The request's.
    pub(super) wall: i128,
    /// Something expired since the last commit, or the clock fell back beyond the tolerance: a commit must say so.
    pub(super) dirty: bool,
}

#[derive(Debug)]
pub(super) struct Sent {
    pub(super) record: usize,
    pub(super) purpose: Purpose,
    pub(super) partition: Partition,
    pub(super) at: i128,
}

#[derive(Debug)]
pub(super) struct Guess {
    pub(super) record: usize,
    pub(super) factor: Factor,
    pub(super) partition: Partition,
    pub(super) at: i128,
    pub(super) right: bool,
}

/// A mailed code that is not replaced.
#[derive(Clone, Debug)]
pub(super) struct Code {
    /// The text, once a message told it.
    pub(super) text: Option<String>,
    pub(super) ends: i128,
}

/// A sign-in, or the recovery of a password, by mailed code or link.
#[derive(Clone, Debug)]
pub struct ByMail {
    pub(super) record: usize,
    pub purpose: Purpose,
    /// Whose identifier, known or not.
    pub who: usize,
    /// The account, and what it was when the code was made for it; `None` where there is none.
    pub(super) account: Option<(usize, u32)>,
    /// The session that asked for an account to have this identifier.
    pub(super) asker: Option<usize>,
    /// The password of a sign-up, and whether the identifier was free.
    pub(super) chosen: Option<(&'static str, bool)>,
    pub(super) ends: i128,
    pub(super) code: Code,
    /// When the code before ends, where a resend keeps one.
    pub(super) before: Option<i128>,
    /// The link that came with it and outlives it.
    pub(super) link: Option<usize>,
    pub(super) wrong: u32,
    /// Verified, burned, or ended with another.
    pub(super) over: bool,
}

/// A link that was mailed to set another password. It stays on the record until its end, right or not.
#[derive(Clone, Debug)]
pub struct Link {
    pub(super) record: usize,
    pub(super) purpose: Purpose,
    pub(super) who: usize,
    /// The account, and what it was when the link was made for it; `None` where there is none, or the link was used.
    pub(super) account: Option<(usize, u32)>,
    pub(super) ends: i128,
}

/// The right to set another password. One is good per account.
#[derive(Clone, Debug)]
pub struct Grant {
    pub(super) who: usize,
    /// What the account was.
    pub(super) account: u32,
    pub(super) ends: i128,
    pub(super) wrong: u32,
    pub(super) over: bool,
}

/// A code that was mailed for a session to step up with. One is good per account.
#[derive(Clone, Debug)]
pub struct StepUpCode {
    pub(super) who: usize,
    /// The session it is for.
    pub(super) session: usize,
    pub(super) ends: i128,
    pub(super) code: Code,
    pub(super) wrong: u32,
    pub(super) over: bool,
}

/// An app that is said to be lost.
#[derive(Clone, Debug)]
pub struct Lost {
    /// When the wait is over, and when it has to be begun again.
    pub(super) ready: i128,
    pub(super) ends: i128,
    pub(super) by_operator: bool,
    /// The number of the mailed link that stops it.
    pub(super) link: usize,
}

/// A code that was mailed to turn a lost app off. One is good per account.
#[derive(Clone, Debug)]
pub struct LostCode {
    pub(super) who: usize,
    pub(super) ends: i128,
    pub(super) code: Code,
    pub(super) wrong: u32,
    pub(super) over: bool,
}

/// A sign-in that waits for its second factor.
#[derive(Clone, Debug)]
pub struct Login {
    pub who: usize,
    pub(super) account: u32,
    pub(super) proven: BTreeSet<Method>,
    /// The identifier as it was typed, masked.
    pub(super) sent_to: String,
    /// It has no ticket: everything comes in one request.
    pub(super) at_once: bool,
    /// In whose partition it was begun, and goes on.
    pub(super) partition: Partition,
    /// When the first factor was proven.
    pub(super) began: i128,
    pub(super) ends: i128,
    pub(super) code: Option<Code>,
    pub(super) wrong: u32,
    pub(super) over: bool,
}

/// What was proven, and when each was proven last, in the record's time.
pub(super) type Proven = BTreeMap<Method, i128>;

/// A signed-in session.
#[derive(Clone, Debug)]
pub struct Session {
    pub who: usize,
    /// The first of the sessions that stepped up to this one: what one of them began is its own.
    pub(super) root: usize,
    /// What was proven, and when each was proven last.
    pub(super) proven: Proven,
    pub(super) label: String,
    pub(super) began: i128,
    pub(super) ends: i128,
    pub(super) used: i128,
    pub(super) over: bool,
    /// It had to make room.
    pub(super) dropped: bool,
}

/// An authenticator app that waits: its secret, once it was told, until when, and whose sessions began it.
#[derive(Clone, Debug)]
pub struct Pending {
    pub secret: Option<TotpSecret>,
    pub ends: i128,
    pub root: usize,
}

/// An authenticator app: its secret, once it was told, and every step that was accepted.
#[derive(Clone, Debug)]
pub struct App {
    pub secret: Option<TotpSecret>,
    pub used: Vec<u64>,
}

/// A trusted device. Its tickets have numbers of their own.
#[derive(Clone, Debug)]
pub struct Device {
    pub(super) who: usize,
    pub(super) ticket: usize,
    /// The ticket before that, and until when it is taken as well.
    pub(super) previous: Option<(usize, i128)>,
    /// Whether it lets its owner past the second factor.
    pub(super) skips: bool,
    /// Wrong passwords since somebody last signed in on it.
    pub(super) wrong: u32,
    pub(super) ends: i128,
    pub(super) over: bool,
}

/// An account that the directory knows.
#[derive(Debug)]
pub struct Account {
    /// How often what opens it was changed; 0 while it has no record, and the host's own credential stands in.
    pub(super) generation: u32,
    pub(super) suspended: bool,
    /// Its owner deleted it; and until when what is left of it stays.
    pub(super) deleted: bool,
    pub(super) stays: Option<i128>,
    /// The operator asked for another password.
    pub(super) asked: bool,
    pub(super) password: &'static str,
    /// The identifier it has, and where its mail goes.
    pub(super) name: usize,
    pub(super) address: String,
    /// Every identifier it answers to: the one it has, and those that it was about to have.
    pub(super) answers: Vec<usize>,
    /// The one it is about to have.
    pub(super) moving: Option<usize>,
    /// When its owner was told of changes.
    pub(super) told: Vec<i128>,
    /// The stored hash is one of the host's old ones.
    pub(super) old_hash: bool,
    pub app: Option<App>,
    pub pending: Option<Pending>,
    pub mailed: bool,
    pub(super) lost: Option<Lost>,
    /// The recovery codes that are left; a text is known once an answer told it.
    pub left: Vec<Option<String>>,
}

/// Where a code was put, so that its text can be noted when a message tells it.
#[derive(Clone, Copy, Debug)]
pub enum Slot {
    ByMail(usize),
    Login(usize),
    StepUp(usize),
    Lost(usize),
}
