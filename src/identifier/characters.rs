//! Which characters an address may hold, and which are refused before anything else looks at the text.
//!
//! What an attacker could gain if this were wrong: two texts that look the same on every screen but count, and
//! are looked up, apart (B019, B098); or a character that vanishes on the way, so that what was checked is not
//! what is used.

use unicode_normalization::char::{is_combining_mark, is_public_assigned};

/// Whether `c` is invisible, steers text direction or layout, or means nothing that all systems agree on.
///
/// Asked of the text as typed, *before* normalisation, so that nothing of the kind can be folded into something
/// harmless and then be accepted: Unicode's own folding for identifiers (`NFKC_Casefold`, UAX #31) deletes
/// these in silence, and then the text with and the text without them are one identifier to one system and two
/// to another.
///
/// Code points that Unicode has not assigned are refused too: their case and decomposition are not known yet, so the
/// normal form of a text that holds one would change with the next version of the tables, and a record key must not.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control() || is_ignorable_or_format(c) || is_private_or_noncharacter(c) || !is_public_assigned(c)
}

/// Whether `c` is one of the characters that an address is built from, `@` and `.` included.
///
/// A list of what is allowed, not of what is dangerous: separators, quotes, angle brackets, spaces of every
/// kind, line breaks and symbols of other scripts are all out because none of them is in.
pub(super) fn is_allowed(c: char) -> bool {
    matches!(c, '@' | '.') || is_local(c)
}

/// Whether `c` may stand in an atom of a local part: RFC 5322 §3.2.3 `atext`, and beyond ASCII letters, marks,
/// digits.
///
/// RFC 6531 §3.3 would allow every character beyond ASCII. Symbols, punctuation and spaces are left out: no
/// mail system gives out such mailboxes, and they are what look-alikes of `@`, `.` and `,` are made of.
pub(super) fn is_local(c: char) -> bool {
    matches!(
        c,
        'a'..='z' | 'A'..='Z' | '0'..='9'
            | '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^' | '_' | '`' | '{' | '|' | '}' | '~'
    ) || is_foreign(c)
}

/// Whether `c` may stand in a label of a domain: ASCII letter, digit or hyphen, and beyond ASCII letters,
/// marks, digits.
pub(super) fn is_label(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || is_foreign(c)
}

/// Whether `c` is a combining mark: part of the character before it, so it needs one (RFC 5891 §4.2.3.2).
pub(super) fn is_mark(c: char) -> bool {
    is_combining_mark(c)
}

/// A visible letter, mark or digit beyond ASCII.
///
/// Letters and marks can be hidden ones (Hangul fillers, variation selectors), hence both halves.
fn is_foreign(c: char) -> bool {
    !c.is_ascii() && (c.is_alphanumeric() || is_combining_mark(c)) && !is_hidden(c)
}

/// `Default_Ignorable_Code_Point`, general category `Cf`, the bidirectional controls, and the few fillers that
/// are blank although Unicode calls them letters or marks.
///
/// Kept as whole blocks where a block is reserved for such characters, so that later additions are covered. Source:
/// Unicode 17 `DerivedCoreProperties.txt` and `DerivedGeneralCategory.txt`.
fn is_ignorable_or_format(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}' // soft hyphen
            | '\u{034F}' // combining grapheme joiner
            | '\u{0600}'..='\u{0605}' // Arabic number signs
            | '\u{061C}' // Arabic letter mark
            | '\u{06DD}' // Arabic end of ayah
            | '\u{070F}' // Syriac abbreviation mark
            | '\u{0890}'..='\u{0891}' // Arabic pound and piastre marks
            | '\u{08E2}' // Arabic disputed end of ayah
            | '\u{115F}'..='\u{1160}' // Hangul fillers (letters)
            | '\u{17B4}'..='\u{17B5}' // Khmer inherent vowels (marks)
            | '\u{180B}'..='\u{180F}' // Mongolian selectors, vowel separator
            | '\u{200B}'..='\u{200F}' // zero width space and joiners, direction marks
            | '\u{2028}'..='\u{202E}' // line and paragraph separator, direction embeddings
            | '\u{2060}'..='\u{206F}' // word joiner, invisible operators, direction isolates
            | '\u{2800}' // blank Braille pattern
            | '\u{3164}' // Hangul filler (letter)
            | '\u{FE00}'..='\u{FE0F}' // variation selectors (marks)
            | '\u{FEFF}' // byte order mark
            | '\u{FFA0}' // half-width Hangul filler (letter)
            | '\u{FFF0}'..='\u{FFFD}' // specials, replacement character
            | '\u{110BD}' | '\u{110CD}' // Kaithi number signs
            | '\u{13430}'..='\u{13455}' // Egyptian format controls, blanks (letters) and modifiers (marks)
            | '\u{16FE4}' // Khitan filler (mark)
            | '\u{1BCA0}'..='\u{1BCA3}' // shorthand format controls
            | '\u{1D159}' // musical null note head
            | '\u{1D173}'..='\u{1D17A}' // musical format controls
            | '\u{E0000}'..='\u{E0FFF}' // tags, variation selectors supplement
    )
}

/// Private use, where every font draws something else, and the 66 noncharacters.
fn is_private_or_noncharacter(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}' | '\u{FDD0}'..='\u{FDEF}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B098: where every font draws something else, and what is no character at all, the last two of each plane included.
    #[test]
    fn private_characters_and_noncharacters_are_hidden() {
        for c in [
            '\u{E000}',
            '\u{F8FF}',
            '\u{F0000}',
            '\u{FDD0}',
            '\u{FDEF}',
            '\u{FFFE}',
            '\u{1FFFF}',
            '\u{2FFFE}',
        ] {
            assert!(is_private_or_noncharacter(c) && is_hidden(c), "{c:?}");
        }
        for c in ['a', '\u{F900}', '\u{FDF0}', '\u{FFFD}', '\u{1FFFD}'] {
            assert!(!is_private_or_noncharacter(c), "{c:?}");
        }
    }

    /// B098: nothing on this list is a letter of anybody's name, whatever Unicode calls it.
    #[test]
    fn hidden_characters_are_never_allowed() {
        for c in "\u{AD}\u{34F}\u{61C}\u{115F}\u{1160}\u{17B4}\u{180B}\u{180F}\u{200B}\u{200D}\u{202E}\u{2066}\u{3164}\
                  \u{FE0F}\u{FEFF}\u{FFA0}\u{FFFB}\u{1BCA0}\u{1D173}\u{E0001}\u{E0101}\u{13441}\u{16FE4}\u{E000}\u{10FFFD}\
                  \u{FDD0}\u{FFFE}\u{1FFFF}\u{378}\0\r\n\u{7F}\u{85}"
            .chars()
        {
            assert!(is_hidden(c), "{c:?}");
            assert!(!is_allowed(c), "{c:?}");
        }
        for c in "@.+-_'azAZ09éßжω한क्क".chars() {
            assert!(!is_hidden(c), "{c:?}");
            assert!(is_allowed(c), "{c:?}");
        }
    }

    /// R69, B094: what mail syntax gives a meaning to, and every kind of space.
    #[test]
    fn separators_quotes_and_spaces_are_never_allowed() {
        for c in ",;:<>()[]\"\\ \t\u{A0}\u{2003}\u{3000}\u{2028}，；＜＞＠。．﹫".chars() {
            assert!(!is_allowed(c), "{c:?}");
        }
    }

    #[test]
    fn every_allowed_character_is_visible_and_assigned() {
        for c in (char::MIN..=char::MAX).filter(|c| is_allowed(*c)) {
            assert!(!c.is_whitespace() && !is_hidden(c), "{c:?}");
            assert!(c.is_ascii() || !c.is_ascii_punctuation());
        }
    }
}
