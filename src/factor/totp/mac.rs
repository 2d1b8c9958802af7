//! HMAC of one counter, and the number it is cut to (RFC 2104, RFC 4226 §5.3).
//!
//! What an attacker could gain if this were wrong: codes that do not depend on all of the secret can be computed without it.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use super::{Algorithm, TotpSecret};

/// The HMAC after its key was taken in: half the work of a code, done once for all steps.
pub(super) enum Keyed {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha512(Hmac<Sha512>),
}

impl Keyed {
    pub(super) fn new(secret: &TotpSecret, algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha1 => Self::Sha1(KeyInit::new((&*block::<64>(secret)).into())),
            Algorithm::Sha256 => Self::Sha256(KeyInit::new((&*block::<64>(secret)).into())),
            Algorithm::Sha512 => Self::Sha512(KeyInit::new((&*block::<128>(secret)).into())),
        }
    }

    /// The code of a counter as a number of so many digits, 6 to 8.
    pub(super) fn number(&self, counter: u64, digits: u8) -> u32 {
        let number = match self {
            Self::Sha1(keyed) => truncated(&tag(keyed, counter)),
            Self::Sha256(keyed) => truncated(&tag(keyed, counter)),
            Self::Sha512(keyed) => truncated(&tag(keyed, counter)),
        };
        // Division by a number known to the compiler is a multiplication, whose time is always the same.
        match digits {
            ..=6 => number % 1_000_000,
            7 => number % 10_000_000,
            _ => number % 100_000_000,
        }
    }
}

/// The secret with zeros up to the block of the hash, as HMAC takes it (RFC 2104 §2). No secret is longer.
fn block<const N: usize>(secret: &TotpSecret) -> Zeroizing<[u8; N]> {
    const { assert!(N >= TotpSecret::MAX_BYTES, "a longer key would be hashed, not cut") }
    let mut block = Zeroizing::new([0; N]);
    block.iter_mut().zip(secret.expose()).for_each(|(to, from)| *to = *from);
    block
}

fn tag<M: Mac + Clone>(keyed: &M, counter: u64) -> hmac::digest::Output<M> {
    let mut mac = keyed.clone();
    mac.update(&counter.to_be_bytes());
    mac.finalize().into_bytes()
}

/// Dynamic truncation (RFC 4226 §5.3): the 31 bits at the place that the last four bits of the tag name.
///
/// Shifts in place of an index, because the place depends on the secret: reading memory there could be seen in the cache.
fn truncated(tag: &[u8]) -> u32 {
    // The place is 0 to 15, so the four bytes lie within the first nineteen; every tag has at least twenty.
    let head = tag.first_chunk::<16>().map_or(0, |bytes| u128::from_be_bytes(*bytes));
    let rest = tag.get(16..20).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u32::from_be_bytes(*bytes));
    let shift = u32::from(tag.last().copied().unwrap_or(0) & 15).wrapping_mul(8);
    // What comes in from below as `head` moves up: `rest`, once it stands right behind it. Its shift is 128 − `shift`,
    // in two parts, since a shift by 128 does not exist.
    let below = (u128::from(rest) << 96 >> 8).wrapping_shr(shift ^ 120);
    let moved = head.wrapping_shl(shift) | below;
    u32::try_from(moved >> 96).unwrap_or(0) & 0x7fff_ffff
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests")]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use proptest::prelude::*;

    use super::*;
    use crate::factor::totp::tests::{secrets, seed};

    /// RFC 4226 App. D, the columns before the last: the HMAC, and the number before it is cut to digits.
    #[test]
    fn r35_tags_and_truncation_are_those_of_rfc_4226_appendix_d() {
        let Keyed::Sha1(keyed) = Keyed::new(&seed(Algorithm::Sha1), Algorithm::Sha1) else { panic!("SHA-1") };
        for (counter, (tag, number)) in (0..).zip([
            ("cc93cf18508d94934c64b65d8ba7667fb7cde4b0", 0x4c93_cf18),
            ("75a48a19d4cbe100644e8ac1397eea747a2d33ab", 0x4139_7eea),
            ("0bacb7fa082fef30782211938bc1c5e70416ff44", 0x082f_ef30),
            ("66c28227d03a2d5529262ff016a1e6ef76557ece", 0x66ef_7655),
            ("a904c900a64b35909874b33e61c5938a8e15ed1c", 0x61c5_938a),
            ("a37e783d7b7233c083d4f62926c7a25f238d0316", 0x33c0_83d4),
            ("bc9cd28561042c83f219324d3c607256c03272ae", 0x7256_c032),
            ("a4fb960c0bc06e1eabb804e5b397cdc4b45596fa", 0x04e5_b397),
            ("1b3c89f65e6c9e883012052823443f048b4332db", 0x2823_443f),
            ("1637409809a679dc698207310c8c7fc07290d9e5", 0x2679_dc69),
        ]) {
            let computed = super::tag(&keyed, counter);
            let hex: String = computed.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!((hex.as_str(), truncated(&computed)), (tag, number));
        }
    }

    /// RFC 4226 §5.3 word for word, as a second opinion on the shifts.
    fn by_the_letter(tag: &[u8]) -> u32 {
        let offset = usize::from(tag[tag.len() - 1] & 0xf);
        (u32::from(tag[offset]) & 0x7f) << 24
            | u32::from(tag[offset + 1]) << 16
            | u32::from(tag[offset + 2]) << 8
            | u32::from(tag[offset + 3])
    }

    proptest! {
        #[test]
        fn r35_truncation_is_that_of_rfc_4226_section_5_3(tag in prop::collection::vec(any::<u8>(), 20..=64)) {
            prop_assert_eq!(truncated(&tag), by_the_letter(&tag));
        }

        /// Padding the key by hand is what HMAC does with it.
        #[test]
        fn r35_the_key_is_the_whole_secret(secret in secrets(), counter in any::<u64>()) {
            for algorithm in [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512] {
                fn general<M: Mac + KeyInit>(secret: &TotpSecret, counter: u64) -> u32 {
                    let mac = <M as KeyInit>::new_from_slice(secret.expose()).unwrap();
                    truncated(&mac.chain_update(counter.to_be_bytes()).finalize().into_bytes()) % 100_000_000
                }
                let expected = match algorithm {
                    Algorithm::Sha1 => general::<Hmac<Sha1>>(&secret, counter),
                    Algorithm::Sha256 => general::<Hmac<Sha256>>(&secret, counter),
                    Algorithm::Sha512 => general::<Hmac<Sha512>>(&secret, counter),
                };
                prop_assert_eq!(Keyed::new(&secret, algorithm).number(counter, 8), expected);
            }
        }
    }
}
