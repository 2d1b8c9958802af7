//! HMAC of one counter, and the number it is cut to (RFC 2104, RFC 4226 §5.3).
//!
//! Made of the compression functions themselves. A message of eight bytes is one block, so nothing has to be buffered or
//! asked for its length, which saves a quarter of the time (`benches/totp.rs`); and the padded key and the states are
//! wiped, where a general HMAC leaves them on the stack. The tests compare with the general one.
//!
//! What an attacker could gain if this were wrong: codes that do not depend on all of the secret can be computed without it.

use core::array::from_ref;

use sha1::block_api::compress as compress_sha1;
use sha2::block_api::{compress256, compress512};
use zeroize::optimization_barrier;

use super::{Algorithm, TotpSecret};

/// The HMAC after its key was taken in: half the work of a code, done once for all steps.
pub(super) enum Keyed {
    Sha1(Sha1),
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Keyed {
    pub(super) fn new(secret: &TotpSecret, algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha1 => Self::Sha1(Sha1::new(secret)),
            Algorithm::Sha256 => Self::Sha256(Sha256::new(secret)),
            Algorithm::Sha512 => Self::Sha512(Sha512::new(secret)),
        }
    }

    /// The code of a counter as a number of so many digits, 6 to 8.
    pub(super) fn number(&self, counter: u64, digits: u8) -> u32 {
        let number = match self {
            Self::Sha1(keyed) => truncated(&keyed.tag(counter)),
            Self::Sha256(keyed) => truncated(&keyed.tag(counter)),
            Self::Sha512(keyed) => truncated(&keyed.tag(counter)),
        };
        // Division by a number known to the compiler is a multiplication, whose time is always the same.
        match digits {
            ..=6 => number % 1_000_000,
            7 => number % 10_000_000,
            _ => number % 100_000_000,
        }
    }
}

/// An HMAC over one hash: `$words` words of state, blocks and tags of so many bytes, and where the hash begins.
macro_rules! hmac {
    ($name:ident, [$word:ty; $words:literal], $block:literal, $tag:literal, $compress:ident, $initial:expr) => {
        pub(super) struct $name {
            inner: [$word; $words],
            outer: [$word; $words],
        }

        impl $name {
            /// H(K ⊕ ipad ‖ … and H(K ⊕ opad ‖ …, each as far as its first block (RFC 2104 §4).
            fn new(secret: &TotpSecret) -> Self {
                const { assert!(TotpSecret::MAX_BYTES <= $block, "a longer key would have to be hashed first") }
                let mut block = [0x36; $block];
                block.iter_mut().zip(secret.expose()).for_each(|(to, from)| *to ^= from);
                let (mut inner, mut outer) = ($initial, $initial);
                $compress(&mut inner, from_ref(&block));
                block.iter_mut().for_each(|byte| *byte ^= 0x36 ^ 0x5c);
                $compress(&mut outer, from_ref(&block));
                block = [0; $block];
                optimization_barrier(&block);
                Self { inner, outer }
            }

            fn tag(&self, counter: u64) -> [u8; $tag] {
                Self::after(self.outer, &Self::after(self.inner, &counter.to_be_bytes()))
            }

            /// The hash of one block that is already in `state`, and a message.
            fn after<const N: usize>(mut state: [$word; $words], message: &[u8; N]) -> [u8; $tag] {
                $compress(&mut state, &[last_block::<N, $block>(message)]);
                let mut hash = [0; $tag];
                hash.as_chunks_mut().0.iter_mut().zip(state).for_each(|(to, word)| *to = word.to_be_bytes());
                hash
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                (self.inner, self.outer) = ([0; $words], [0; $words]);
                optimization_barrier(self);
            }
        }
    };
}

// FIPS 180-4 §5.3.1, §5.3.3, §5.3.5.
hmac!(
    Sha1,
    [u32; 5],
    64,
    20,
    compress_sha1,
    [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]
);
hmac!(
    Sha256,
    [u32; 8],
    64,
    32,
    compress256,
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19]
);
hmac!(
    Sha512,
    [u64; 8],
    128,
    64,
    compress512,
    [
        0x6a09_e667_f3bc_c908,
        0xbb67_ae85_84ca_a73b,
        0x3c6e_f372_fe94_f82b,
        0xa54f_f53a_5f1d_36f1,
        0x510e_527f_ade6_82d1,
        0x9b05_688c_2b3e_6c1f,
        0x1f83_d9ab_fb41_bd6b,
        0x5be0_cd19_137e_2179
    ]
);

/// The second and last block of a hashed text: a message, one bit, zeros, and the length of both blocks in bits (FIPS 180-4 §5.1).
fn last_block<const N: usize, const B: usize>(message: &[u8; N]) -> [u8; B] {
    const { assert!(N + 17 <= B, "message, bit and length fit") }
    let mut block = [0; B];
    // Each is there, as was just asserted; this way the compiler copies words and not bytes.
    if let Some((to, [bit, rest @ ..])) = block.split_first_chunk_mut() {
        (*to, *bit) = (*message, 0x80);
        if let Some(length) = rest.last_chunk_mut() {
            *length = const { ((B + N) as u64 * 8).to_be_bytes() };
        }
    }
    block
}

/// Dynamic truncation (RFC 4226 §5.3): the 31 bits at the place that the last four bits of the tag name.
///
/// Shifts in place of an index, because the place depends on the secret: reading memory there could be seen in the cache.
fn truncated<const N: usize>(tag: &[u8; N]) -> u32 {
    const { assert!(N >= 20, "the place is 0 to 15, so the four bytes lie within the first nineteen") }
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
    use alloc::vec::Vec;

    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;

    use super::*;
    use crate::factor::totp::tests::{secrets, seed};

    /// RFC 4226 App. D, the columns before the last: the HMAC, and the number before it is cut to digits.
    #[test]
    fn r35_tags_and_truncation_are_those_of_rfc_4226_appendix_d() {
        let keyed = Sha1::new(&seed(Algorithm::Sha1));
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
            let hex: String = keyed.tag(counter).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!((hex.as_str(), truncated(&keyed.tag(counter))), (tag, number));
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

    fn general<M: Mac + KeyInit>(secret: &TotpSecret, counter: u64) -> Vec<u8> {
        let mac = <M as KeyInit>::new_from_slice(secret.expose()).unwrap();
        mac.chain_update(counter.to_be_bytes()).finalize().into_bytes().to_vec()
    }

    proptest! {
        #[test]
        fn r35_the_hmac_is_the_general_one(secret in secrets(), counter in any::<u64>()) {
            let tag = Sha1::new(&secret).tag(counter);
            prop_assert_eq!(tag.to_vec(), general::<Hmac<sha1::Sha1>>(&secret, counter));
            prop_assert_eq!(truncated(&tag), by_the_letter(&tag));
            let tag = Sha256::new(&secret).tag(counter);
            prop_assert_eq!(tag.to_vec(), general::<Hmac<sha2::Sha256>>(&secret, counter));
            prop_assert_eq!(truncated(&tag), by_the_letter(&tag));
            let tag = Sha512::new(&secret).tag(counter);
            prop_assert_eq!(tag.to_vec(), general::<Hmac<sha2::Sha512>>(&secret, counter));
            prop_assert_eq!(truncated(&tag), by_the_letter(&tag));
        }
    }
}
