//! What people type to say who they are, in the one form that everything else uses.
//!
//! There is one normaliser, [`Identifier::parse`], and its result is what the directory is asked for, what
//! record keys are made of and what limits count by (R15). Two of them is how systems come to look an account
//! up under one form and count or ask for a second factor under another (B017, B018, B019); here the raw text
//! does not reach any of the three.
//!
//! What an attacker could gain if this were wrong: a fresh guess budget per spelling of one name, an account
//! whose second factor is skipped by a capital letter, or somebody else's mail (B095).

mod address;
mod characters;

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

pub use address::Address;

/// An e-mail address as the name of a person: the normal form of what was typed.
///
/// White space around it is dropped; then Unicode NFKC, lower case, and again until nothing changes; then the
/// rules of [`Address`]. The same rules hold for both sides of the `@`. Case and width of letters, composed and
/// decomposed accents, and spaces around the text make no difference; hidden characters are refused, never
/// dropped.
///
/// What is *not* folded, because only the mailbox's own system knows whether two names are one (RFC 5321 §2.3.11):
/// * `+tags` and dots in the local part. Folding them would hand one person's identifier, and so the mail for a
///   sign-up, to another wherever they are different mailboxes. The price: one mailbox may have many
///   identifiers; what can be sent to it is bounded by the meter of the client that asks, and identifiers
///   without an account get no mail but a sign-up's (B092).
/// * letters that only look alike (Latin and Cyrillic `a`): different mailboxes, different people.
/// * `ß` and `ss`, `ς` and `σ`: different domains under IDNA 2008 (RFC 5894 §7.2). Lower-casing is therefore
///   letter by letter, without regard to place or language, as UTS #46 does for domains.
/// * a domain in Unicode and in its `xn--` form. The directory should store the form people type.
///
/// ```
/// use countersign::Identifier;
///
/// let identifier = Identifier::parse("  J.Doe+News@EXAMPLE.com ")?;
/// assert_eq!(identifier.as_str(), "j.doe+news@example.com");
/// assert_eq!(identifier, Identifier::parse("ｊ.doe+news＠example.com")?);
/// assert!(Identifier::parse("j.doe\u{200B}@example.com").is_err(), "invisible characters are refused");
/// assert_eq!(format!("{identifier:?}"), "Identifier(j***@example.com)");
/// # Ok::<(), countersign::IdentifierError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Box<str>")]
pub struct Identifier(Address);

/// Why a text is no [`Identifier`] or [`Address`]. Holds nothing of the text.
///
/// It says only what anybody can see from the text itself, so it may be told to the client before any record is
/// read (law 8).
///
/// ```
/// use countersign::{Identifier, IdentifierError};
/// assert_eq!(Identifier::parse("nobody"), Err(IdentifierError::NotOneMailbox));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifierError {
    /// Nothing but white space.
    #[error("the address is empty")]
    Empty,
    /// More than [`Address::MAX_INPUT_BYTES`] as typed, [`Address::MAX_BYTES`] as a whole or
    /// [`Address::MAX_LOCAL_BYTES`] before the `@`.
    #[error("the address is too long")]
    TooLong,
    /// No `@`, or more than one.
    #[error("the address is not exactly one mailbox")]
    NotOneMailbox,
    /// A control character, white space inside, a separator, quote or bracket, or anything invisible.
    #[error("the address holds a character that is not allowed")]
    ForbiddenCharacter,
    /// The part before the `@` is empty, or begins or ends with a dot, or has two in a row.
    #[error("the part before the @ is malformed")]
    MalformedLocal,
    /// The part after the `@` is no domain name of at least two labels.
    #[error("the domain is malformed")]
    MalformedDomain,
}

impl Identifier {
    /// How often a text is folded before one that still changes is refused. A test over all of Unicode finds no
    /// character that changes in the second round; the bound keeps the function total whatever the next tables say.
    const MAX_ROUNDS: usize = 4;

    /// Takes what somebody typed.
    ///
    /// # Errors
    /// [`IdentifierError`]: why the text names no single plain mailbox. Nothing may be looked up, counted or
    /// sent for it (R69).
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        // Hidden characters are refused before the folding, which might lose them; `exactly` looks again at
        // what came out of it: a full-width comma is a comma by then.
        let mut normal = fold(address::trimmed(text)?);
        for _ in 1..Self::MAX_ROUNDS {
            let again = fold(&normal);
            if again == normal {
                return Address::exactly(&normal).map(Self);
            }
            normal = again;
        }
        Err(IdentifierError::ForbiddenCharacter)
    }

    /// The normal form. For the directory's look-up; not for logs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Where mail for a sign-up goes: the mailbox that the normal form names, never the text that was typed.
    ///
    /// Once an account exists, mail goes to the [`Address`] on its record. Before, there is only what was
    /// typed, and several texts fold to one identifier: `mike@example.org` with the Kelvin sign for a `k` is
    /// another mailbox, perhaps an attacker's. If the code for the identifier went there, he would prove an
    /// identifier that is somebody else's (B095). As it is, it goes to the mailbox whose name the account will
    /// bear. The price is a sign-up for the very rare mailbox whose system tells upper from lower case; RFC
    /// 5321 §2.4 discourages it.
    ///
    /// ```
    /// # use countersign::Identifier;
    /// let look_alike = Identifier::parse("mi\u{212A}e@example.org")?; // U+212A KELVIN SIGN
    /// assert_eq!(look_alike.address().as_str(), "mike@example.org");
    /// # Ok::<(), countersign::IdentifierError>(())
    /// ```
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.0
    }

    /// As [`Address::masked`]: `j***@example.com`.
    #[must_use]
    pub fn masked(&self) -> String {
        self.0.masked()
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identifier({})", self.masked())
    }
}

/// Reading what is stored sealed: checked when it was sealed and unchanged since, so that it need not be normalised again,
/// which would cost more than all the cryptography of a request.
pub(crate) mod sealed {
    use super::{Address, Box, Deserialize, Identifier};

    pub(crate) fn identifier<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Identifier, D::Error> {
        address(from).map(Identifier)
    }

    pub(crate) fn address<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Address, D::Error> {
        Box::<str>::deserialize(from).map(Address::sealed)
    }

    pub(crate) fn other_address<'de, D: serde::Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Address>, D::Error> {
        Option::<Box<str>>::deserialize(from).map(|text| text.map(Address::sealed))
    }

    pub(crate) fn other_identifier<'de, D: serde::Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Identifier>, D::Error> {
        other_address(from).map(|address| address.map(Identifier))
    }
}

impl TryFrom<Box<str>> for Identifier {
    type Error = IdentifierError;

    fn try_from(text: Box<str>) -> Result<Self, IdentifierError> {
        Self::parse(&text)
    }
}

/// One round: NFKC, lower case, NFKC.
///
/// Letter by letter, not `str::to_lowercase`, which writes a capital sigma at the end of a word as `ς`: what a letter
/// becomes must not depend on where it stands.
fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn normal(text: &str) -> String {
        Identifier::parse(text).unwrap_or_else(|why| panic!("{text:?}: {why}")).as_str().to_string()
    }

    /// R15, B017, B018: every spelling in case is one identifier, so one counter and one account.
    #[test]
    fn r15_b017_b018_case_makes_no_difference() {
        for text in
            ["jsmith@example.com", "JSMITH@EXAMPLE.COM", "JSmith@Example.Com", "ＪＳｍｉｔｈ@example.com"]
        {
            assert_eq!(normal(text), "jsmith@example.com");
        }
        assert_eq!(normal("ÉMILE@EXÄMPLE.DE"), normal("e\u{301}mile@exa\u{308}mple.de"));
        assert_eq!(normal("ЖАННА@ПРИМЕР.РФ"), "жанна@пример.рф");
        // Composed only once it is small: there is no capital of it in one character.
        assert_eq!(normal("J\u{30C}@x.org"), normal("\u{1F0}@x.org"));
        // Where a letter stands makes no difference either, and no language does: sigma, dotted and dotless i.
        assert_eq!(normal("ΟΔΟΣ@x.gr"), "οδοσ@x.gr");
        assert_eq!(normal("I@x.tr"), "i@x.tr");
        assert_ne!(normal("ı@x.tr"), normal("i@x.tr"));
        assert_ne!(normal("İ@x.tr"), normal("i@x.tr"));
    }

    /// B019, B098: white space around it is dropped; inside, or invisible anywhere, it is refused and never
    /// dropped in silence.
    #[test]
    fn b019_b098_white_space_and_invisible_characters() {
        for around in [" ", "\t", "\u{A0}", "\u{3000}", " \t\u{2003}"] {
            assert_eq!(normal(&format!("{around}victim@example.org{around}")), "victim@example.org");
        }
        for inside in [" ", "\t", "\u{A0}", "\u{3000}", "\u{2003}", "\r\n"] {
            for text in [
                format!("vic{inside}tim@example.org"),
                format!("victim@example.{inside}org"),
                format!("victim{inside}@x.org"),
            ] {
                assert_eq!(Identifier::parse(&text), Err(IdentifierError::ForbiddenCharacter), "{text:?}");
            }
        }
        for hidden in "\u{AD}\u{34F}\u{61C}\u{115F}\u{180E}\u{200B}\u{200C}\u{200D}\u{200E}\u{202E}\u{2060}\u{2066}\u{2069}\
                       \u{3164}\u{FE0F}\u{FEFF}\u{FFA0}\u{E0041}\u{E0101}\u{E000}\u{FFFF}\u{FDD0}\u{378}"
            .chars()
        {
            for text in [
                format!("{hidden}victim@example.org"),
                format!("vic{hidden}tim@example.org"),
                format!("victim@exam{hidden}ple.org"),
                format!("victim@example.org{hidden}"),
            ] {
                assert_eq!(Identifier::parse(&text), Err(IdentifierError::ForbiddenCharacter), "{text:?}");
            }
        }
    }

    /// B092: spellings of one mailbox are one key, except tags, which only the mailbox's own system can tell apart.
    #[test]
    fn b092_case_and_space_are_folded_but_tags_are_kept() {
        assert_eq!(normal(" Victim+Tag@Example.org "), "victim+tag@example.org");
        assert_ne!(normal("victim+tag@example.org"), normal("victim@example.org"));
        assert_ne!(normal("vic.tim@example.org"), normal("victim@example.org"));
    }

    /// B094, R69: separators that only come to be by the folding are refused as the plain ones are.
    #[test]
    fn b094_r69_full_width_syntax_is_refused() {
        for text in [
            "a@a.com，v@v.com",
            "a@a.com；v@v.com",
            "＜v@v.com＞",
            "a＠a.com＠v.com",
            "a@a.com﹐v@v.com",
            "＂a＂@v.com",
            "a\u{A8}@v.com",
            "\u{B4}a@v.com",
            "a@v.com\u{A8}",
            "a@v\u{3002}com",
            "a@v.c\u{2100}m",
        ] {
            assert!(Identifier::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(
            Identifier::parse("a\u{2026}b@v.com"),
            Err(IdentifierError::MalformedLocal),
            "an ellipsis is three dots"
        );
    }

    /// B095: a text that folds to somebody's identifier can only ever be answered at that somebody's mailbox.
    #[test]
    fn b095_mail_for_a_look_alike_goes_to_the_normal_form() {
        for typed in [
            "mi\u{212A}e@example.org",
            "ｍike@example.org",
            "mike@exampl\u{212F}.org",
            "MIKE@ＥＸＡＭＰＬＥ.ORG",
        ] {
            let identifier = Identifier::parse(typed).unwrap();
            assert_eq!(identifier.address().as_str(), "mike@example.org");
            assert_eq!(identifier.address().as_str(), identifier.as_str());
        }
        assert_ne!(normal("mıke@example.org"), "mike@example.org", "a dotless i is another letter");
        assert_ne!(normal("mikе@example.org"), "mike@example.org", "so is a Cyrillic one");
    }

    /// Law 13: the text is bounded before the folding and after it.
    #[test]
    fn lengths_are_bounded_before_and_after_folding() {
        let local = |text: &str, n: usize| Identifier::parse(&format!("{}@example.com", text.repeat(n)));
        assert_eq!(local("a", 64).unwrap().as_str().len(), 76);
        assert_eq!(local("a", 65), Err(IdentifierError::TooLong));
        assert_eq!(local("a", 100_000), Err(IdentifierError::TooLong));
        assert!(local("ａ", 64).is_ok(), "192 bytes as typed, 64 in normal form");
        assert_eq!(local("\u{FDFA}", 30), Err(IdentifierError::TooLong), "each becomes 18 characters");
    }

    #[test]
    fn debug_shows_the_masked_form_only() {
        let identifier = Identifier::parse("Jane.Doe@example.com").unwrap();
        assert_eq!(format!("{identifier:?}"), "Identifier(j***@example.com)");
        assert_eq!(identifier.masked(), "j***@example.com");
    }

    #[test]
    fn the_stored_form_is_folded_and_checked_again() {
        let bytes = postcard::to_allocvec(&Identifier::parse("A@B.co").unwrap()).unwrap();
        assert_eq!(bytes, postcard::to_allocvec("a@b.co").unwrap(), "a plain text");
        let folded: Identifier = postcard::from_bytes(&postcard::to_allocvec("A@B.co").unwrap()).unwrap();
        assert_eq!(folded.as_str(), "a@b.co");
        assert!(
            postcard::from_bytes::<Identifier>(&postcard::to_allocvec("a@b.co,c@d.co").unwrap()).is_err()
        );
    }

    /// All of Unicode that has a fold, one character at a time: one round is enough, and what comes out is its own
    /// normal form.
    #[test]
    fn every_character_has_a_stable_fold() {
        let folded = (char::MIN..=char::MAX).filter(|c| !c.is_ascii()).filter(|c| {
            let mut form = core::iter::once(*c).nfkc().flat_map(char::to_lowercase);
            form.next() != Some(*c) || form.next().is_some()
        });
        for c in folded {
            let once = fold(&c.to_string());
            assert_eq!(fold(&once), once, "{c:?}");
            if let Ok(identifier) = Identifier::parse(&format!("a{c}a@example.com")) {
                assert_eq!(normal(identifier.as_str()), identifier.as_str(), "{c:?}");
            }
        }
    }

    /// One letter in one of its spellings: small or capital, and for ASCII full-width too.
    fn spelling(c: char, pick: u8) -> char {
        let cased = if pick.is_multiple_of(2) { c } else { c.to_uppercase().next().unwrap_or(c) };
        let wide = u32::from(cased).checked_add(0xFEE0).and_then(char::from_u32);
        if pick % 4 < 2 && cased.is_ascii_alphanumeric() { wide.unwrap_or(cased) } else { cased }
    }

    prop_compose! {
        fn spelled(clean: String)(
            picks in prop::collection::vec(any::<u8>(), clean.chars().count()),
            form in 0..4_u8,
            before in "[ \t\u{A0}\u{3000}]{0,3}",
            after in "[ \t\u{A0}\u{3000}]{0,3}",
        ) -> String {
            let text: Vec<char> = clean.chars().zip(&picks).map(|(c, pick)| spelling(c, *pick)).collect();
            let text: String = match form {
                0 => text.iter().copied().nfc().collect(),
                1 => text.iter().copied().nfd().collect(),
                2 => text.iter().copied().nfkd().collect(),
                _ => text.iter().collect(),
            };
            format!("{before}{text}{after}")
        }
    }

    proptest! {
        /// R15, B018, B019: for all pairs of spellings of one identifier there is one key.
        #[test]
        fn r15_b018_b019_all_spellings_are_one_identifier(
            (clean, one, other) in "[a-z0-9éüñøåжщйαω한각がかが]{1,9}([.+_-][a-zé0-9]{1,4}){0,2}@[a-zäé한0-9]{1,6}\\.[a-zй]{2,5}"
                .prop_flat_map(|clean: String| (Just(clean.clone()), spelled(clean.clone()), spelled(clean)))
        ) {
            let one = Identifier::parse(&one).unwrap();
            prop_assert_eq!(&one, &Identifier::parse(&other).unwrap());
            prop_assert_eq!(&one, &Identifier::parse(&clean).unwrap());
        }

        /// Total on any text; what comes out is its own normal form, and holds nothing that is not allowed
        /// (B096, B098).
        #[test]
        fn normal_forms_are_fixed_points(text in "\\PC{0,40}|.{0,12}@.{0,12}|[\\p{L}\\p{M}\\p{N}.]{1,12}@[\\p{L}\\p{M}\\p{N}]{1,8}\\.\\p{L}{1,4}") {
            if let Ok(identifier) = Identifier::parse(&text) {
                prop_assert_eq!(&Identifier::parse(identifier.as_str()).unwrap(), &identifier);
                prop_assert_eq!(&Address::parse(identifier.as_str()).unwrap(), identifier.address());
                prop_assert!(identifier.as_str().chars().all(|c| characters::is_allowed(c) && !characters::is_hidden(c)));
            }
        }

        /// Canonically equivalent texts are one identifier, or none (UAX #15).
        #[test]
        fn equivalent_texts_are_one_identifier(text in "[\\p{L}\\p{M}]{1,8}@[\\p{L}\\p{M}]{1,8}\\.com") {
            let parsed = Identifier::parse(&text);
            prop_assert_eq!(&parsed, &Identifier::parse(&text.nfd().collect::<String>()));
            prop_assert_eq!(&parsed, &Identifier::parse(&text.nfc().collect::<String>()));
        }
    }
}
