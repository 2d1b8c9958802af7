//! Passwords as typed and as stored, and what a new one must be.

mod blocklist;
mod common;
mod hash;
mod rules;

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroize;

pub use blocklist::{Blocked, Blocklist, CommonPasswords};
pub use hash::{PasswordHash, PasswordHashError, Salt};
pub(crate) use rules::vet;

/// A password as somebody typed it, in Unicode form NFC (NIST 800-63B-4 §3.1.1.2).
///
/// Never cut, never case-folded, nothing trimmed (R84): two different texts are two different passwords unless they
/// differ in Unicode form alone. Longer than [`Password::MAX_BYTES`] is refused before anything is hashed, so that nobody can
/// make the host hash a megabyte. Whether it is good enough for a new one is asked where one is chosen
/// ([`Blocklist`], [`Settings::passwords`](crate::Settings::passwords)); one that is checked may be from before the rules.
///
/// What an attacker could gain if this were wrong: were a password cut, accounts that open to its first characters; were
/// one text in two Unicode forms two passwords, a way to keep people out of their accounts by changing their keyboard.
///
/// ```
/// use countersign::Password;
/// let password = Password::typed("correct horse battery staple")?;
/// assert_eq!(format!("{password:?}"), "Password(…)");
/// assert!(Password::typed(&"x".repeat(1025)).is_err());
/// # Ok::<(), countersign::PasswordTooLong>(())
/// ```
#[derive(Clone)]
pub struct Password(Box<str>);

/// A password of more than [`Password::MAX_BYTES`] bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a password may have at most {} bytes", Password::MAX_BYTES)]
pub struct PasswordTooLong;

impl Password {
    /// The upper bound on what is hashed, in bytes (before and after normalisation).
    pub const MAX_BYTES: usize = 1024;

    /// Takes a password as typed.
    ///
    /// # Errors
    /// [`PasswordTooLong`] over [`Password::MAX_BYTES`].
    pub fn typed(text: &str) -> Result<Self, PasswordTooLong> {
        if text.len() > Self::MAX_BYTES {
            return Err(PasswordTooLong);
        }
        // The longest NFC form of a text has three times its length; the room is taken once, so that no copy of the
        // password stays behind in memory that growing gave back.
        let mut normal = String::with_capacity(text.len().saturating_mul(3));
        normal.extend(text.nfc());
        if normal.len() > Self::MAX_BYTES {
            normal.zeroize();
            return Err(PasswordTooLong);
        }
        Ok(Self(normal.into_boxed_str()))
    }

    /// The number of Unicode code points, which is how lengths of passwords are counted (NIST 800-63B-4 §3.1.1.2).
    #[must_use]
    pub fn code_points(&self) -> usize {
        self.0.chars().count()
    }

    /// The text. For the hasher alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that fails may panic")]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    fn text(typed: &str) -> String {
        String::from(Password::typed(typed).unwrap().expose())
    }

    /// R84: nothing is cut, trimmed or folded; what differs is another password.
    #[test]
    fn r84_the_whole_password_counts() {
        for typed in [" x ", "X", "x\u{0}y", "\t", "", "ﬁ", "\u{212B}ngstr\u{f6}m 2", "p@ss\r\n"] {
            let expected = if typed.starts_with('\u{212B}') { "\u{c5}ngstr\u{f6}m 2" } else { typed };
            assert_eq!(text(typed), expected);
        }
        let longest = "x".repeat(Password::MAX_BYTES);
        assert_eq!(text(&longest), longest);
    }

    /// R84: one text in two Unicode forms is one password.
    #[test]
    fn r84_unicode_form_makes_no_difference() {
        assert_eq!(text("cafe\u{301}"), text("caf\u{e9}"));
        assert_eq!(Password::typed("e\u{301}").unwrap().code_points(), 1);
        assert_ne!(text("cafe"), text("caf\u{e9}"));
    }

    /// R84: the bound is on what comes in and on what would be hashed.
    #[test]
    fn r84_too_long_is_refused_before_hashing() {
        assert!(Password::typed(&"x".repeat(Password::MAX_BYTES + 1)).is_err());
        let shrinks = "e\u{301}".repeat(Password::MAX_BYTES / 3 + 1);
        assert!(Password::typed(&shrinks).is_err());
        // U+FB2C has three bytes, and six in NFC.
        let grows = "\u{fb2c}".repeat(Password::MAX_BYTES / 3);
        assert!(grows.len() <= Password::MAX_BYTES && Password::typed(&grows).is_err());
    }

    proptest! {
        /// Any text is taken or refused; its normal form is its own, and the room taken for it was enough.
        #[test]
        fn any_text_is_answered(typed in "\\PC{0,400}") {
            if let Ok(password) = Password::typed(&typed) {
                prop_assert_eq!(text(password.expose()), password.expose());
                prop_assert!(password.expose().len() <= typed.len() * 3);
            }
            prop_assert_eq!(format!("{:?}", Password::typed("x")), "Ok(Password(…))");
        }
    }
}
