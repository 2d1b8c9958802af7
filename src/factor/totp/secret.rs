//! The secret of an authenticator app: bytes within, Base32 towards people.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use base32ct::{Base32UpperUnpadded, Encoding};
use zeroize::{Zeroize, Zeroizing};

use crate::entropy::Draw;

/// What an authenticator app and the host share: 16 to 64 random bytes.
///
/// Whoever has it has the factor. `Debug` says nothing, the bytes are wiped when it is dropped, and they are stored
/// sealed only (R44).
///
/// ```
/// use countersign::factor::TotpSecret;
/// let secret = TotpSecret::from_base32("gezd gnbv gy3t qojq gezd gnbv gy3t qojq")?;
/// assert_eq!(secret.expose(), b"12345678901234567890");
/// assert_eq!(format!("{secret:?}"), "TotpSecret(…)");
/// # Ok::<(), countersign::factor::TotpSecretError>(())
/// ```
#[derive(Clone)]
pub struct TotpSecret(Box<[u8]>);

/// Bytes or text that are no secret this crate would use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TotpSecretError {
    /// Less than 128 bits (RFC 4226 §4 R6, B057).
    #[error("a secret has at least {} bytes", TotpSecret::MIN_BYTES)]
    TooShort,
    /// More than 512 bits, or a text longer than any secret.
    #[error("a secret has at most {} bytes", TotpSecret::MAX_BYTES)]
    TooLong,
    /// Not Base32 (RFC 4648 §6).
    #[error("not Base32")]
    Encoding,
}

impl TotpSecret {
    /// The least length, 128 bits: "MUST be at least 128 bits" (RFC 4226 §4 R6, R40).
    pub const MIN_BYTES: usize = 16;
    /// The greatest length, 512 bits: the output of SHA-512, and the block of SHA-1, beyond which HMAC would hash it.
    pub const MAX_BYTES: usize = 64;
    /// The longest text that [`TotpSecret::from_base32`] looks at, in bytes: 103 symbols with a space after each, and more.
    pub const MAX_BASE32_BYTES: usize = 256;

    /// Takes a secret as bytes, such as from a sealed record or another system.
    ///
    /// # Errors
    /// [`TotpSecretError::TooShort`] and [`TotpSecretError::TooLong`]. A shorter secret could be searched: from one code
    /// that was seen, all later ones follow.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TotpSecretError> {
        match bytes.len() {
            ..Self::MIN_BYTES => Err(TotpSecretError::TooShort),
            Self::MIN_BYTES..=Self::MAX_BYTES => Ok(Self(Box::from(bytes))),
            _ => Err(TotpSecretError::TooLong),
        }
    }

    /// Takes a secret as Base32 text (RFC 4648 §6), as people copy it: in either case, with ASCII spaces and hyphens
    /// between the symbols, with `=` at the end or without.
    ///
    /// The bits of the last symbol that belong to no byte are ignored, as authenticator apps do.
    ///
    /// # Errors
    /// [`TotpSecretError::TooLong`] for a text over [`TotpSecret::MAX_BASE32_BYTES`], before it is looked at (B084);
    /// [`TotpSecretError::Encoding`] for any other symbol or a number of symbols that no bytes have; then those
    /// of [`TotpSecret::from_bytes`].
    pub fn from_base32(text: &str) -> Result<Self, TotpSecretError> {
        if text.len() > Self::MAX_BASE32_BYTES {
            return Err(TotpSecretError::TooLong);
        }
        let text = text.trim_end_matches(['=', ' ', '-']);
        let mut symbols = Zeroizing::new([0; Self::MAX_BASE32_BYTES]);
        let mut length = 0_usize;
        for (to, from) in symbols.iter_mut().zip(text.bytes().filter(|byte| !matches!(byte, b' ' | b'-'))) {
            *to = from.to_ascii_uppercase();
            length = length.saturating_add(1);
        }
        let symbols = symbols.get(..length).unwrap_or_default();
        // Room for more than a secret, so that one that is too long is told from one that is none.
        let mut bytes = Zeroizing::new([0; Self::MAX_BASE32_BYTES]);
        let bytes = Base32UpperUnpadded::decode(symbols, bytes.as_mut_slice());
        Self::from_bytes(bytes.map_err(|_| TotpSecretError::Encoding)?)
    }

    /// A new secret of so many bits, rounded up to whole bytes and taken into 128 to 512.
    pub(crate) fn draw(draw: &mut Draw, bits: u16) -> Self {
        let all = Zeroizing::new(draw.bytes::<{ Self::MAX_BYTES }>());
        let length = usize::from(bits.div_ceil(8)).clamp(Self::MIN_BYTES, Self::MAX_BYTES);
        Self(Box::from(all.get(..length).unwrap_or(all.as_slice())))
    }

    /// The bytes. For the sealed record and the HMAC.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The secret as people type it into an app: Base32 in upper case without padding (RFC 4648 §6; R45 c).
    ///
    /// ```
    /// use countersign::factor::TotpSecret;
    /// let secret = TotpSecret::from_bytes(b"12345678901234567890")?;
    /// assert_eq!(secret.expose_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    /// # Ok::<(), countersign::factor::TotpSecretError>(())
    /// ```
    #[must_use]
    pub fn expose_base32(&self) -> String {
        let mut symbols = Zeroizing::new([0; 128]);
        // 64 bytes are 103 symbols: there is room.
        Base32UpperUnpadded::encode(&self.0, symbols.as_mut_slice()).map(String::from).unwrap_or_default()
    }
}

impl Drop for TotpSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::Entropy;
    use crate::factor::Algorithm;
    use crate::factor::totp::tests::{secrets, seed};

    /// R40, B057: fewer than 128 bits are refused, as bytes and as text.
    #[test]
    fn r40_b057_short_secrets_are_refused() {
        for length in 0..=80 {
            let made = TotpSecret::from_bytes(&[7; 80][..length]).map(|secret| secret.expose().len());
            let expected = match length {
                ..16 => Err(TotpSecretError::TooShort),
                16..=64 => Ok(length),
                _ => Err(TotpSecretError::TooLong),
            };
            assert_eq!(made, expected);
        }
        let read = |text: &str| TotpSecret::from_base32(text).map(|secret| secret.expose().len());
        assert_eq!(read("JBSWY3DPEHPK3PXP"), Err(TotpSecretError::TooShort), "80 bits");
        assert_eq!(read("JBSWY3DPEHPK3PXPJBSWY3DP"), Err(TotpSecretError::TooShort), "120 bits");
        assert_eq!(read("JBSWY3DPEHPK3PXPJBSWY3DPEA"), Ok(16));
        assert_eq!(read(""), Err(TotpSecretError::TooShort));
        assert_eq!(read(&"A".repeat(104)), Err(TotpSecretError::TooLong));
        assert_eq!(read(&"A".repeat(257)), Err(TotpSecretError::TooLong));
    }

    #[test]
    fn r40_r41_drawn_secrets_are_long_enough_and_differ() {
        let mut draw = Entropy::from_seed([3; 32]).stream(0);
        for (bits, bytes) in [(0, 16), (128, 16), (129, 17), (160, 20), (256, 32), (512, 64), (u16::MAX, 64)]
        {
            let (one, other) = (TotpSecret::draw(&mut draw, bits), TotpSecret::draw(&mut draw, bits));
            assert_eq!((one.expose().len(), other.expose().len()), (bytes, bytes));
            assert_ne!(one.expose(), other.expose());
        }
        for algorithm in Algorithm::ALL {
            let secret = TotpSecret::draw(&mut draw, algorithm.secret_bits());
            assert_eq!(secret.expose().len() * 8, usize::from(algorithm.secret_bits()));
        }
    }

    /// §10 of the requirements: the seeds of RFC 6238 in Base32.
    #[test]
    fn r45_base32_is_that_of_rfc_4648_in_upper_case_without_padding() {
        let sixteen = "GEZDGNBVGY3TQOJQ";
        assert_eq!(seed(Algorithm::Sha1).expose_base32(), sixteen.repeat(2));
        assert_eq!(seed(Algorithm::Sha256).expose_base32(), sixteen.repeat(3) + "GEZA");
        assert_eq!(seed(Algorithm::Sha512).expose_base32(), sixteen.repeat(6) + "GEZDGNA");
    }

    #[test]
    fn base32_is_read_as_people_copy_it() {
        let text = seed(Algorithm::Sha256).expose_base32();
        let groups: Vec<_> =
            text.as_bytes().chunks(4).map(|four| core::str::from_utf8(four).unwrap()).collect();
        for tolerated in [
            text.to_ascii_lowercase(),
            groups.join(" "),
            groups.join("-"),
            text.clone() + "====",
            text.clone() + "= = = = ",
            groups.join(" ").to_lowercase() + " ====",
        ] {
            let read = TotpSecret::from_base32(&tolerated).unwrap();
            assert_eq!(read.expose(), seed(Algorithm::Sha256).expose(), "{tolerated}");
        }
        for refused in ["0", "1", "8", "9", "é", "=A", "\n", "_", "ſ", "\u{212a}"] {
            let text = text[..26].to_string() + refused + &text[..26];
            assert_eq!(TotpSecret::from_base32(&text).err(), Some(TotpSecretError::Encoding), "{refused:?}");
        }
        for symbols in [25, 27, 30, 33] {
            let read = TotpSecret::from_base32(&"A".repeat(symbols));
            assert_eq!(read.err(), Some(TotpSecretError::Encoding), "no bytes have {symbols} symbols");
        }
    }

    #[test]
    fn law_11_a_secret_is_not_seen_in_debug() {
        assert_eq!(alloc::format!("{:?}", seed(Algorithm::Sha1)), "TotpSecret(…)");
    }

    proptest! {
        #[test]
        fn secrets_come_back_from_their_text(secret in secrets()) {
            let text = secret.expose_base32();
            prop_assert!(text.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7')));
            let read = TotpSecret::from_base32(&text).unwrap();
            prop_assert_eq!(read.expose(), secret.expose());
        }

        #[test]
        fn any_text_is_a_secret_or_an_error(text in ".*", ascii in "[A-Za-z2-7 =-]{0,300}") {
            for text in [text, ascii] {
                if let Ok(secret) = TotpSecret::from_base32(&text) {
                    prop_assert!((16..=64).contains(&secret.expose().len()));
                }
            }
        }
    }
}
