//! What the endpoints of family A say, in the language of each request.
//!
//! | file | what |
//! |---|---|
//! | `table` | the texts, one row each, in every shipped language |
//! | `catalogue` | [`Texts`]: the shipped texts, and those that a host puts in their place |
//! | `language` | which language an answer is in |

mod catalogue;
mod language;
mod table;

use std::fmt;

use countersign::{Blocked, IdentifierError};

pub use catalogue::{TextError, Texts};
pub(crate) use language::Asked;
pub(crate) use table::Key;

/// A text that is not yet in any language, or a host's own words.
///
/// ```
/// use countersign_axum::{Text, answer::Failure};
/// // A text of the host's own stays as it is, whatever the language of the request.
/// let failure = Failure::invalid("pet", Text::from("must be a cat"));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text {
    /// The field that the text is about, where it only goes on from the name of one.
    field: Option<&'static str>,
    words: Words,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Words {
    /// One of the table, with its value.
    Listed(Key, Option<String>),
    Verbatim(String),
}

impl Text {
    /// A text with its value.
    pub(crate) fn with(key: Key, value: impl fmt::Display) -> Self {
        Self { field: None, words: Words::Listed(key, Some(value.to_string())) }
    }

    /// A sentence about a field, made of what follows the field's name.
    pub(crate) fn about(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }
}

impl From<Key> for Text {
    fn from(key: Key) -> Self {
        Self { field: None, words: Words::Listed(key, None) }
    }
}

impl From<String> for Text {
    fn from(words: String) -> Self {
        Self { field: None, words: Words::Verbatim(words) }
    }
}

impl From<&str> for Text {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}

/// In English, as family B has it.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Texts::english(self))
    }
}

impl From<IdentifierError> for Text {
    fn from(why: IdentifierError) -> Self {
        match why {
            IdentifierError::Empty => Key::AddressEmpty,
            IdentifierError::TooLong => Key::AddressTooLong,
            IdentifierError::NotOneMailbox => Key::AddressNotOneMailbox,
            IdentifierError::ForbiddenCharacter => Key::AddressForbiddenCharacter,
            IdentifierError::MalformedLocal => Key::AddressMalformedLocal,
            IdentifierError::MalformedDomain => Key::AddressMalformedDomain,
            _ => Key::AddressUnusable,
        }
        .into()
    }
}

impl From<Blocked> for Text {
    fn from(why: Blocked) -> Self {
        match why {
            Blocked::Common => Key::PasswordCommon,
            Blocked::Predictable => Key::PasswordPredictable,
            Blocked::Context => Key::PasswordContext,
            Blocked::Compromised => Key::PasswordCompromised,
            Blocked::Present => Key::PasswordPresent,
            _ => Key::PasswordListed,
        }
        .into()
    }
}
