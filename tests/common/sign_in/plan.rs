//! Whom a story is about, and how a request of it is carried out.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "tests")]

use countersign::*;

use super::entering::View;
use super::ops::{Op, Trouble};

pub struct Person {
    pub spellings: [&'static str; 2],
    pub address: &'static str,
    pub password: &'static str,
}

/// One who signed up, one unknown, one with a credential of the host's own, of old make and too weak for today.
pub const PEOPLE: [Person; 3] = [
    Person {
        spellings: ["jo@example.com", " Jo@EXAMPLE.com"],
        address: "jo@example.com",
        password: "MyPassword1!",
    },
    Person {
        spellings: ["new@example.org", "NEW@example.org"],
        address: "new@example.org",
        password: "never chosen",
    },
    Person {
        spellings: ["old@example.net", "old@example.net"],
        address: "Old@example.net",
        password: "password",
    },
];
pub(super) const JO: usize = 0;
pub(super) const LEGACY: usize = 2;

/// What happens while a request is under way.
pub(super) enum Meanwhile<'a> {
    Nothing,
    Trouble(u8, Trouble),
    Other { op: &'a Op, stage: u8, millis: i128 },
}

/// What a request's turns are, of those that have more than one.
#[derive(Default)]
pub(super) enum First {
    /// The last may be on an account; what comes before is at a visitor's door.
    #[default]
    Visitor,
    /// The account of a device comes first; then the last, or the door and the last.
    Device,
    /// Two on the same account.
    Account,
    /// One on an account, then one at a visitor's door.
    Asker,
    /// Several, whose number the model knows.
    Several,
}

/// What is to be known of a request.
#[derive(Default)]
pub(super) struct Plan {
    /// Whose account is looked at together with the door.
    pub(super) who: Option<usize>,
    /// Who sends it, if that is counted.
    pub(super) client: Option<(u8, Operation)>,
    pub(super) first: First,
}

/// How far a request came: what the model is told of it.
#[derive(Default)]
pub(super) struct Turns {
    pub(super) now: i128,
    /// Whether the first turn of two on accounts has taken effect.
    pub(super) first: bool,
    /// Whether the turn at a door has.
    pub(super) knocked: bool,
    /// How many turns on accounts have.
    pub(super) accounts: usize,
    /// Whether the directory was told.
    pub(super) directory: bool,
    /// Whether all are decided.
    pub(super) all: bool,
    /// What a turn that also reads an account read of it.
    pub(super) view: Option<View>,
}
