//! Passwords that nobody may choose.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::Password;
use super::common::COMMON;
use crate::Identifier;

/// A list of passwords that nobody may choose, asked whenever a password is set or changed. At a sign-in it is asked as well,
/// and refuses nothing: who comes in with a password that is on it is told to change it.
///
/// Compares the whole password, not parts of it: a long phrase is not made worse by a name in it
/// (NIST SP 800-63B-4 §3.1.1.2). [`CommonPasswords`] is what a [`Machine`](crate::Machine) uses unless told otherwise;
/// [`Machine::with_blocklist`](crate::Machine::with_blocklist) takes another.
///
/// Pure: the answer depends on the two arguments and on what the list was made with, takes little time and does no
/// I/O. It is asked on the thread that decides. A host that wants a service on the network asked, such as a corpus of breached
/// passwords, asks it before it makes the request. A list that fits into memory, a filter say, is a `Blocklist`, and
/// asks [`CommonPasswords`] too:
///
/// ```
/// use countersign::{Blocked, Blocklist, CommonPasswords, Identifier, Password};
///
/// struct Ours;
/// impl Blocklist for Ours {
///     fn reason(&self, candidate: &Password, identifier: &Identifier) -> Option<Blocked> {
///         let ours = candidate.expose().to_lowercase() == "acme rockets"; // what we are called
///         if ours { Some(Blocked::Context) } else { CommonPasswords.reason(candidate, identifier) }
///     }
/// }
///
/// let who = Identifier::parse("jo@example.com")?;
/// assert_eq!(Ours.reason(&Password::typed("Acme Rockets")?, &who), Some(Blocked::Context));
/// assert_eq!(Ours.reason(&Password::typed("P@ssw0rd")?, &who), Some(Blocked::Common));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What an attacker could gain if it were wrong: with the hundred guesses that an account answers, the accounts of those
/// who chose what everybody chooses. If it took an account into consideration, who has one: it is given none.
pub trait Blocklist: Send + Sync {
    /// Why `candidate` is refused as the password for `identifier`; `None` if it may be chosen.
    fn reason(&self, candidate: &Password, identifier: &Identifier) -> Option<Blocked>;
}

impl fmt::Debug for dyn Blocklist + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blocklist(…)")
    }
}

/// Why a password may not be chosen. May be told to whoever typed it, and must be (NIST SP 800-63B-4 §3.1.1.2).
///
/// ```
/// assert_eq!(countersign::Blocked::Common.to_string(), "is one of the first that anybody would try");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Blocked {
    /// Among those that people choose most.
    Common,
    /// One character all along, or letters or digits in a row.
    Predictable,
    /// Made of the identifier, or of the service's name.
    Context,
    /// Known from a breach. Nothing here says so; it is for lists of the host's.
    Compromised,
    /// The password that the account has already.
    Present,
    /// Something else that a list of the host's goes by.
    Other,
}

/// Words to go on after "the password".
impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Common => "is one of the first that anybody would try",
            Self::Predictable => "is one character or one sequence all along",
            Self::Context => "is made of the name it belongs to",
            Self::Compromised => "is known from a breach",
            Self::Present => "is the one there is",
            Self::Other => "is on the list of those not allowed",
        })
    }
}

/// A few hundred of the commonest passwords, whatever consists of one sequence, and whatever is made of the identifier.
///
/// Upper and lower case are one. What is made of the identifier: the address, its domain, the parts between their dots and
/// before a `+`, one after the other, without regard to punctuation, with at most [`EXTRAS`](Self::EXTRAS) other
/// characters around them and no other letter.
///
/// ```
/// use countersign::{Blocked, Blocklist, CommonPasswords, Identifier, Password};
///
/// let who = Identifier::parse("jane.doe@example.com")?;
/// let reason = |text| Password::typed(text).map(|password| CommonPasswords.reason(&password, &who));
/// assert_eq!(reason("Qwerty123")?, Some(Blocked::Common));
/// assert_eq!(reason("23456789")?, Some(Blocked::Predictable));
/// assert_eq!(reason("JaneDoe1984!")?, Some(Blocked::Context));
/// assert_eq!(reason("jane doe likes lemonade")?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct CommonPasswords;

impl CommonPasswords {
    /// So many characters may stand beside the parts of the identifier and the password is still made of it: a date of eight
    /// digits and two separators.
    pub const EXTRAS: usize = 10;
}

impl Blocklist for CommonPasswords {
    fn reason(&self, candidate: &Password, identifier: &Identifier) -> Option<Blocked> {
        if COMMON.binary_search(&folded(candidate, |_| true).as_str()).is_ok() {
            Some(Blocked::Common)
        } else if is_sequence(candidate.expose()) {
            Some(Blocked::Predictable)
        } else if is_made_of(candidate, identifier) {
            Some(Blocked::Context)
        } else {
            None
        }
    }
}

/// The characters of `candidate` that `keep` keeps, in lower case.
fn folded(candidate: &Password, keep: fn(char) -> bool) -> Zeroizing<String> {
    // Lower case is at most three characters for one; the room is taken once, so that no copy of the password stays behind
    // in memory that growing gave back.
    let mut text = Zeroizing::new(String::with_capacity(candidate.expose().len().saturating_mul(3)));
    text.extend(candidate.expose().chars().flat_map(char::to_lowercase).filter(|c| keep(*c)));
    text
}

/// Whether every character follows the one before in the same way: the same again, the next or the one before; `0` after `9`,
/// and case does not count.
fn is_sequence(text: &str) -> bool {
    let pairs = || {
        text.chars().zip(text.chars().skip(1)).map(|(a, b)| (a.to_ascii_lowercase(), b.to_ascii_lowercase()))
    };
    let next = |a: char, b: char| u32::from(a).checked_add(1) == Some(u32::from(b)) || (a, b) == ('9', '0');
    let ways: [&dyn Fn(char, char) -> bool; 3] = [&|a, b| a == b, &next, &|a, b| next(b, a)];
    ways.iter().any(|follows| pairs().all(|(a, b)| follows(a, b)))
}

/// Whether it consists of parts of the identifier, and hardly anything else.
fn is_made_of(candidate: &Password, identifier: &Identifier) -> bool {
    let text = folded(candidate, char::is_alphanumeric);
    let words = Words::of(identifier);
    let (mut rest, mut covered) = (text.as_str(), 0_usize);
    // The longest first, so that `jane` does not leave `doe` of `janedoe` over.
    while let Some(first) = rest.chars().next() {
        if let Some((word, after)) =
            words.0.iter().find_map(|word| Some((word, rest.strip_prefix(word.as_str())?)))
        {
            (rest, covered) = (after, covered.saturating_add(word.chars().count()));
        } else if first.is_alphabetic() {
            return false;
        } else {
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    covered > 0 && candidate.code_points().saturating_sub(covered) <= CommonPasswords::EXTRAS
}

/// The parts of an identifier that a password may be made of, without punctuation, the longest first.
struct Words(Vec<String>);

impl Words {
    fn of(identifier: &Identifier) -> Self {
        let whole = identifier.as_str();
        let (local, domain) = whole.split_once('@').unwrap_or((whole, ""));
        let untagged = local.split('+').next().unwrap_or(local);
        // What `com` adds is no name.
        let labels = domain.rsplit('.').skip(1);
        let parts = [whole, local, untagged, domain]
            .into_iter()
            .chain(local.split(['.', '-', '_', '+']))
            .chain(labels);
        let mut words: Vec<String> = parts
            .map(|part| part.chars().filter(|c| c.is_alphanumeric()).collect())
            .filter(|word: &String| !word.is_empty())
            .collect();
        words.sort_by_key(|word| core::cmp::Reverse(word.len()));
        Self(words)
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that fails may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reason(who: &str, text: &str) -> Option<Blocked> {
        CommonPasswords.reason(&Password::typed(text).unwrap(), &Identifier::parse(who).unwrap())
    }

    /// R84: what everybody tries first is refused, however it is capitalised.
    #[test]
    fn r84_common_passwords_are_blocked() {
        for text in ["password", "PassWord1", "P@SSW0RD", "qwertyuiop", "iLoveYou", "1q2w3e4r", "LÖSENORD"] {
            assert_eq!(reason("jo@example.com", text), Some(Blocked::Common), "{text}");
        }
    }

    #[test]
    fn r84_one_character_and_sequences_are_blocked() {
        let long = "z".repeat(100);
        for text in
            ["aaaaaaaa", "00000000", "éééééééé", &long, "12345678", "1234567890123", "87654321", "3210987654"]
        {
            assert_eq!(reason("jo@example.com", text), Some(Blocked::Predictable), "{text}");
        }
        for text in ["abcdefgh", "AbCdEfGh", "zyxwvuts", "αβγδεζηθ"] {
            assert_eq!(reason("jo@example.com", text), Some(Blocked::Predictable), "{text}");
        }
        for text in ["aaaaaaab", "12345679", "12343210", "abcdefgi", "13579135"] {
            assert_eq!(reason("jo@example.com", text), None, "{text}");
        }
    }

    #[test]
    fn r84_what_is_made_of_the_identifier_is_blocked() {
        let who = "jane.doe+shop@mail.example.com";
        for text in [
            "jane.doe+shop@mail.example.com",
            "Jane.Doe@example",
            "JANEDOE1",
            "doejane!",
            "19840322 jane doe",
            "jane-doe-jane-doe",
            "ExampleMail",
            "janeshop",
            "!!example!!",
        ] {
            assert_eq!(reason(who, text), Some(Blocked::Context), "{text}");
        }
        for text in ["janedoe and i", "xjanedoe", "janedoe12345678901", "com com com", "49382716"] {
            assert_eq!(reason(who, text), None, "{text}");
        }
        assert_eq!(reason("4917012345678@example.com", "4917012345678"), Some(Blocked::Context));
        assert_eq!(reason("élodie@example.com", "E\u{301}lodie2001"), Some(Blocked::Context), "NFC");
    }

    /// R83, R84: the same words for another identifier are nobody's name.
    #[test]
    fn passwords_of_no_list_pass() {
        for text in
            ["MyPassword1!", "correct horse battery staple", "another password", "Tr0ub4dor&3", "jane.doe1"]
        {
            assert_eq!(reason("jo@example.com", text), None, "{text}");
        }
    }

    #[test]
    fn the_list_is_sorted_folded_and_says_nothing_that_is_never_asked() {
        assert!(COMMON.windows(2).all(|pair| pair[0] < pair[1]), "the search is binary");
        for text in COMMON {
            let typed = Password::typed(text).unwrap();
            assert_eq!((folded(&typed, |_| true).as_str(), typed.expose()), (*text, *text), "{text}");
            assert!(typed.code_points() >= 8 && !is_sequence(text), "{text}");
        }
        assert!(COMMON.len() >= 200);
    }

    proptest! {
        /// Any text gets an answer; folding never needs more room than it took.
        #[test]
        fn any_text_is_answered(text in "\\PC{0,300}", who in "[a-z0-9.+-]{1,20}@[a-z]{1,9}\\.[a-z]{2,5}") {
            let Ok(typed) = Password::typed(&text) else { return Ok(()) };
            let Ok(identifier) = Identifier::parse(&who) else { return Ok(()) };
            let _ = CommonPasswords.reason(&typed, &identifier);
            prop_assert_eq!(folded(&typed, |_| true).capacity(), typed.expose().len() * 3);
        }

        /// The same text is blocked or not whatever its case.
        #[test]
        fn case_makes_no_difference(text in "[a-zA-Z0-9.@]{1,12}") {
            prop_assert_eq!(reason("ab@ab.example", &text), reason("ab@ab.example", &text.to_ascii_uppercase()));
        }
    }
}
