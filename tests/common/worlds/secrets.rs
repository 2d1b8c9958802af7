//! The secrets: for each, two worlds that differ in nothing else, and until when the difference must not show.
//!
//! It must not show before somebody proves a first factor of the account. The stranger never does: no password of the owner's is among
//! those he types, no mail of the owner's is read to him, and a code that happens to be right is changed before it is sent.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "tests")]

use super::homes::Home;

#[derive(Clone, Copy, Debug)]
pub struct Secret {
    pub name: &'static str,
    pub homes: [Home; 2],
    /// In which of the two the owner comes and goes.
    pub comes: [bool; 2],
    /// Whether everything that is drawn at random is the same in both: then tickets and codes are, too, and a ticket that was tampered with
    /// leads to the same place.
    pub alike: bool,
}

/// The difference is who lives there; owners come and go in both worlds.
const fn lives(name: &'static str, one: Home, other: Home) -> Secret {
    Secret { name, homes: [one, other], comes: [true, true], alike: true }
}

/// The same home twice, with another difference.
const fn home(name: &'static str, home: Home, comes: [bool; 2], alike: bool) -> Secret {
    Secret { name, homes: [home, home], comes, alike }
}

pub const SECRETS: [Secret; 37] = [
    lives("an account exists", Home::Nobody, Home::Password),
    lives("an account with everything exists", Home::Nobody, Home::Everything),
    lives("the password", Home::Password, Home::OtherPassword),
    home("the codes", Home::Everything, [false, false], false),
    home("the codes, with nobody there", Home::Nobody, [false, false], false),
    lives("an authenticator app", Home::Password, Home::App),
    lives("mailed codes", Home::Password, Home::Mailed),
    lives("mailed codes beside an app", Home::App, Home::Everything),
    lives("recovery codes", Home::AppWithoutCodes, Home::App),
    lives("an enrolment under way", Home::Password, Home::Enrolling),
    lives("suspended", Home::Password, Home::Suspended),
    lives("suspended, with everything", Home::Everything, Home::EverythingSuspended),
    lives("locked by the owner", Home::App, Home::Locked),
    lives("wrong codes of the owner's", Home::Password, Home::WrongCodes),
    lives("disabled by the owner", Home::App, Home::Disabled),
    lives("asked for another password", Home::Password, Home::Asked),
    lives("how many sessions", Home::Password, Home::Sessions),
    lives("how many sign-ins wait", Home::App, Home::Pending),
    lives("how many devices", Home::Password, Home::Devices),
    lives("notices are used up", Home::Password, Home::Noticed),
    lives("a change of address asked for", Home::Password, Home::Changing),
    lives("a change of address, cut off before the directory", Home::Password, Home::Moving),
    lives("a change of address, cut off after it", Home::Password, Home::Moved),
    lives("moved away", Home::Password, Home::MovedAway),
    lives("a wait for a lost factor", Home::App, Home::Waiting),
    lives("a wait that is over", Home::App, Home::WaitOver),
    lives("an operator said that the factors go", Home::App, Home::Operator),
    lives("a password about to be set anew", Home::Password, Home::Resetting),
    lives("a hash from before", Home::Password, Home::Legacy),
    lives("known to the host without a password", Home::Nobody, Home::LegacyWithout),
    lives("an address from before that is not proven", Home::Legacy, Home::LegacyUnproven),
    lives("an address that is not proven", Home::TakenOver, Home::Unproven),
    lives("deleted", Home::Nobody, Home::Deleted),
    lives("a deletion that was cut off", Home::Password, Home::HalfDeleted),
    lives("a sign-up that was cut off", Home::Nobody, Home::HalfSignedUp),
    home("the owner comes", Home::Password, [false, true], true),
    home("the owner comes, with everything", Home::Everything, [false, true], true),
];
