//! What was given to people: tickets of sign-ins that wait, of mailed codes, links and sessions.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "tests")]
#![allow(dead_code, missing_docs, unreachable_pub, reason = "tests")]

use std::collections::BTreeMap;

use countersign::*;

/// Tickets, each with its number in the model.
#[derive(Default)]
pub struct Given {
    pub(super) logins: Vec<(Ticket<Login>, usize)>,
    pub(super) codes: Vec<(Ticket<OtpSession>, usize)>,
    pub(super) links: Vec<(Ticket<SignInLink>, usize)>,
    pub(super) recoveries: Vec<(Ticket<RecoveryLink>, usize)>,
    pub(super) sign_ups: Vec<(Ticket<OtpSession>, usize)>,
    /// Of changes of an address.
    pub(super) moves: Vec<(Ticket<OtpSession>, usize)>,
    pub(super) cancels: Vec<(Ticket<CancelLink>, usize)>,
    pub(super) grants: Vec<(Ticket<ResetGrant>, usize)>,
    pub(super) sessions: Vec<(Ticket<Session>, usize)>,
    pub(super) devices: Vec<(Ticket<Device>, usize)>,
    /// Names of sessions, as lists told them.
    pub(super) names: BTreeMap<usize, SessionId>,
    /// Every mailed code and every recovery code that was ever told.
    pub(super) mailed: Vec<String>,
    pub(super) drawer: Vec<(usize, String)>,
}

/// The ticket at an index, counted from the newest: of those that live, or of all that were ever given; the last
/// index is a ticket that nobody was given.
pub(super) fn pick<K: TicketKind>(
    all: &[(Ticket<K>, usize)],
    choice: u8,
    is_live: impl Fn(usize) -> bool,
) -> Option<(Option<usize>, Ticket<K>)> {
    let chosen = |it: &&(Ticket<K>, usize)| choice % 16 >= 8 || is_live(it.1);
    let mut among: Vec<_> = all.iter().filter(chosen).collect();
    if among.is_empty() {
        among.extend(all);
    }
    let (ticket, number) =
        among[among.len().checked_sub(1 + usize::from(choice) % 8 % among.len().max(1))?];
    if choice % 16 != 15 {
        return Some((Some(*number), ticket.clone()));
    }
    let mut text = ticket.expose().into_bytes();
    text[30] = if text[30] == b'A' { b'B' } else { b'A' };
    Some((None, Ticket::parse(std::str::from_utf8(&text).unwrap()).unwrap()))
}
