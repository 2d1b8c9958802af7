//! A host that fails, hangs and lies, against every operation (laws 10 and 12).
//!
//! Law 10 demands of any trouble with the host: *not authenticated, or what would have been granted anyway; and no budget
//! regained*. What may be told, lie by lie, and what only a store that keeps its contract can promise:
//!
//! | lie | what is demanded | where |
//! |---|---|---|
//! | the answer to a commit is lost | the same answer, the same tickets, the same rows | `answers` |
//! | it is lost, and the row read again is an older one, or none | an error; nothing is granted, and nothing twice | `answers` |
//! | a commit is delivered twice, or again much later | the same as once: the version has changed | `answers` |
//! | the mailer says no, and has sent it | the same answer, the same rows | `answers` |
//! | a read is old: each version that the row ever had, or none | what it says is written only if it is still so, and so nothing is granted that a fresh read would not grant | `reads` |
//! | rows swapped, or those of another key | an error: what is inside opens under its own key only | `reads` |
//! | stale, and it was applied | it is decided anew: refused, as its own doing is there already | `commits` |
//! | applied, and it was not | excluded by the store's contract; `commits` shows what breaks and what holds | `commits` |
//! | the directory answers with nobody, with somebody else or with what was | nobody is signed in to another's account, and nothing is lost | `directory` |
//! | a call never returns | nothing is granted, everybody else goes on | `hangs` |
//! | any of these while something is guessed at | no guess comes back | `guesses` |
//!
//! What only reads (is this session live? which are there?) is as old as what the store reads: a store that serves old rows shows
//! a session after its end for as long. That is excluded by the contract too (loads are linearizable), and shown in `reads`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/otp/drive.rs"]
mod drive;
#[path = "../common/owner.rs"]
mod owner;
#[path = "../common/people.rs"]
mod people;

mod answers;
mod commits;
mod directory;
mod guesses;
mod hangs;
mod liar;
mod operations;
mod reads;
mod told;
