//! Recovery codes: codes for the drawer, each good for one use when the other factor is gone.
//!
//! A code is drawn, shown once, and from then on known to the host only as a keyed digest (R54, B103). What people type
//! is brought into one canonical form first, the one that was shown.
//!
//! What an attacker could gain if this were wrong: codes that can be guessed or searched for when the store leaks, a code that
//! opens another account (B102), or two printed codes that count as one (R55).

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use subtle::{Choice, ConditionallySelectable};
use zeroize::{Zeroize, Zeroizing};

use crate::entropy::Draw;
use crate::keys::{DataKey, Domain};
use crate::policy::RecoveryCodes;
use crate::secret::matches;

/// A code for the drawer, in its canonical form: groups of four symbols with hyphens between, such as
/// `7K3M-0QXZ-H9TB-2WVC`.
///
/// The alphabet has 32 symbols: digits and capital letters without `I`, `L`, `O` and `U`. Each symbol carries five bits, a group
/// twenty.
///
/// ```
/// use countersign::factor::RecoveryCode;
/// let code = RecoveryCode::typed("7k3m oqxz h9tb 2wvc");
/// assert_eq!(code.expose(), "7K3M-0QXZ-H9TB-2WVC");
/// assert_eq!(format!("{code:?}"), "RecoveryCode(…)");
/// ```
#[derive(Clone)]
pub struct RecoveryCode(Box<str>);

/// Every symbol once, in the order of their values. No symbol is another's look-alike in [`RecoveryCode::typed`].
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Symbols in a group.
const GROUP: usize = 4;

impl RecoveryCode {
    /// The fewest bits a code is drawn with: a saved recovery code has 64 (NIST 800-63B-4 §4.2.1.1, R46), and 80 are the
    /// next that fill whole groups.
    pub const MIN_BITS: u16 = 80;
    /// The most bits a code is drawn with: 13 groups.
    pub const MAX_BITS: u16 = 260;
    /// The longest text that is looked at, in bytes: the longest code has 64 with its hyphens.
    pub const MAX_TYPED_BYTES: usize = 128;

    /// The least and the greatest number of symbols of a code.
    const SYMBOLS: core::ops::RangeInclusive<usize> = 16..=52;

    /// What somebody typed as a recovery code, in canonical form.
    ///
    /// ASCII spaces and hyphens are dropped, letters become capitals, `O` becomes `0`, `I` and `L` become `1`. What is then not
    /// 16 to 52 symbols of the alphabet in whole groups of four (another letter, another script, too long, nothing at all)
    /// becomes an empty value, which is no code and matches none; it is answered, and counted, as any wrong guess. So
    /// this is no error, and there is no way around the counting.
    ///
    /// No two issued codes have one canonical form: what is issued is in that form already, and stays as it is (R55).
    ///
    /// ```
    /// use countersign::factor::RecoveryCode;
    /// assert_eq!(RecoveryCode::typed("IlOo 2345 6789 abcd").expose(), "1100-2345-6789-ABCD");
    /// assert_eq!(RecoveryCode::typed("what was it?").expose(), "");
    /// ```
    #[must_use]
    pub fn typed(text: &str) -> Self {
        if text.len() > Self::MAX_TYPED_BYTES {
            return Self(Box::default());
        }
        let typed = text.bytes().filter(|byte| !matches!(byte, b' ' | b'-'));
        let mut symbols = Zeroizing::new([0; Self::MAX_TYPED_BYTES]);
        let mut length = 0_usize;
        for (to, from) in symbols.iter_mut().zip(typed) {
            *to = match from.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            length = length.saturating_add(1);
        }
        let symbols = symbols.get(..length).unwrap_or_default();
        let whole = Self::SYMBOLS.contains(&length) && length.is_multiple_of(GROUP);
        if whole && symbols.iter().all(|symbol| ALPHABET.contains(symbol)) {
            Self::grouped(symbols)
        } else {
            Self(Box::default())
        }
    }

    /// A new code of at least so many bits, every symbol uniform and independent; `bits` is rounded up to whole groups
    /// and taken into [`RecoveryCode::MIN_BITS`] to [`RecoveryCode::MAX_BITS`].
    pub(crate) fn draw(draw: &mut Draw, bits: u16) -> Self {
        let bits = bits.clamp(Self::MIN_BITS, Self::MAX_BITS);
        let length = usize::from(bits).div_ceil(20).saturating_mul(GROUP);
        let mut symbols = Zeroizing::new(draw.bytes::<64>());
        // 256 is a multiple of 32: five bits of a uniform byte are a uniform symbol, and nothing needs to be rejected.
        symbols.iter_mut().for_each(|byte| *byte = symbol(*byte & 31));
        Self::grouped(symbols.get(..length).unwrap_or_default())
    }

    /// Symbols of the alphabet with a hyphen after every four.
    fn grouped(symbols: &[u8]) -> Self {
        // Exactly the room, so that no copy stays behind in memory that growing or shrinking gave back.
        let hyphens = symbols.len().div_ceil(GROUP).saturating_sub(1);
        let mut text = String::with_capacity(symbols.len().saturating_add(hyphens));
        for (at, group) in symbols.chunks(GROUP).enumerate() {
            if at > 0 {
                text.push('-');
            }
            text.extend(group.iter().copied().map(char::from));
        }
        Self(text.into_boxed_str())
    }

    /// The code as it is shown and printed. For the one answer that carries it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What a record keeps of the code. Keyed with the record's own key, so that a code of another account has another digest
    /// (R52), and that a leaked digest cannot be searched without the ring (R47).
    pub(crate) fn digest(&self, key: &DataKey) -> [u8; 16] {
        key.digest(Domain::RecoveryCode, &[self.0.as_bytes()])
    }
}

/// The symbol of a value under 32, found without an index: the value is a secret, and which memory is read can be seen.
fn symbol(value: u8) -> u8 {
    (0..).zip(ALPHABET).fold(0, |found, (at, symbol)| {
        u8::conditional_select(&found, symbol, Choice::from(u8::from(matches(&[at], &[value]))))
    })
}

impl Drop for RecoveryCode {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

/// Where among `digests` the digest of a typed code is. All are compared, wherever it is and whether it is there.
///
/// Should one be there twice, the last is named.
pub(crate) fn find(digests: &[[u8; 16]], digest: &[u8; 16]) -> Option<usize> {
    let (mut found, mut place) = (Choice::from(0), 0_u64);
    for (at, stored) in (0_u64..).zip(digests) {
        let equal = Choice::from(u8::from(matches(stored, digest)));
        place.conditional_assign(&at, equal);
        found |= equal;
    }
    bool::from(found).then_some(place).and_then(|place| usize::try_from(place).ok())
}

/// What the owner should do about the codes that are left (R54).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Regenerate {
    /// Enough are left.
    None,
    /// Few are left: say so.
    Advised,
    /// So few are left that new ones have to be made now.
    Required,
}

impl Regenerate {
    /// What is due with `left` codes that were not used yet: with [`RecoveryCodes::require_at`] or fewer it is required, with
    /// [`RecoveryCodes::warn_at`] or fewer it is advised.
    ///
    /// ```
    /// use countersign::{Settings, factor::Regenerate};
    /// let settings = Settings::recommended().recovery_codes;
    /// let due = [10, 4, 3, 1, 0].map(|left| Regenerate::at(left, &settings));
    /// use Regenerate::*;
    /// assert_eq!(due, [None, None, Advised, Advised, Required]);
    /// ```
    #[must_use]
    pub fn at(left: usize, settings: &RecoveryCodes) -> Self {
        if left <= usize::from(settings.require_at) {
            Self::Required
        } else if left <= usize::from(settings.warn_at) {
            Self::Advised
        } else {
            Self::None
        }
    }
}

#[cfg(test)]
mod tests;
