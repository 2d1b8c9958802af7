//! Values that must not be seen: codes, passwords, password hashes, keys.
//!
//! Each is a type of its own that says nothing in `Debug`, is wiped when dropped, cannot be compared with `==`, and is
//! read through one method, `expose`, so that `grep expose` finds every place where a secret leaves its wrapping
//! (law 11). Comparison goes through [`matches`], which takes the same time wherever the first difference is.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Whether two digests are equal, in time that does not depend on what they hold (ASVS 11.2.4, R30).
///
/// The one door for comparing anything that a secret went into. Both sides have the same fixed length by type: an
/// "empty" stored value that equals an empty input cannot be written (B041, B042).
#[must_use]
pub(crate) fn matches<const N: usize>(a: &[u8; N], b: &[u8; N]) -> bool {
    a.ct_eq(b).into()
}

/// A short numeric code: the kind that is mailed to people and typed back.
///
/// ```
/// use countersign::Code;
/// let code = Code::typed(" 123 456 ");
/// assert_eq!(code.expose(), "123456");
/// assert_eq!(format!("{code:?}"), "Code(…)");
/// ```
///
/// Codes are text, not numbers: `000001` is one of them.
#[derive(Clone)]
pub struct Code(Box<str>);

impl Code {
    /// The longest text that is looked at; what is longer was never a code.
    pub const MAX_TYPED_BYTES: usize = 32;

    /// What somebody typed as a code, in canonical form: ASCII spaces and hyphens dropped, nothing else changed.
    ///
    /// Anything may be typed. What cannot be a code (too long, letters, digits of other scripts, nothing at all) becomes a
    /// value that matches no code and is answered, and counted, as any wrong guess (R32). This is no error, so that
    /// there is one way through and none around the counting.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        if text.len() > Self::MAX_TYPED_BYTES {
            return Self(Box::from(""));
        }
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let canonical = if digits.bytes().all(|b| b.is_ascii_digit()) { digits } else { String::new() };
        Self(canonical.into_boxed_str())
    }

    /// The last `digits` decimal digits (at most 18) of a number that was just drawn or computed, leading zeros included.
    ///
    /// Digit by digit and by constants only: no branch, no table and no division whose time depends on the code.
    pub(crate) fn last_digits(mut number: u64, digits: u8) -> Self {
        let mut text = alloc::vec![b'0'; usize::from(digits.min(18))];
        for place in text.iter_mut().rev() {
            let [digit, ..] = (number % 10).to_le_bytes();
            *place = b'0' | (digit & 15);
            number /= 10;
        }
        Self(String::from_utf8(text).unwrap_or_default().into_boxed_str())
    }

    /// The digits. For the one message that carries them.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// Key material of 32 bytes.
#[derive(Clone)]
pub(crate) struct Key32([u8; 32]);

impl Key32 {
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for Key32 {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
