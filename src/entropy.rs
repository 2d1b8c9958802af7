//! Randomness as a value that comes in with a request.
//!
//! A host hands each request 32 bytes from its generator. The core expands them with ChaCha20 and draws everything
//! from that: codes, tickets, data keys, versions. The same seed gives the same decision, so that a decision can be replayed; such a
//! record is as secret as the credentials in it.
//!
//! What an attacker could gain: with a seed that can be guessed, every code and ticket of the request is known (B056).

use core::fmt;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use zeroize::Zeroize;

use crate::secret::Code;

/// The randomness of one request: 256 bits from a cryptographic generator, used once.
///
/// ```
/// use countersign::Entropy;
/// let entropy = Entropy::from_seed([7; 32]); // in tests only; hosts take theirs from `OsEntropy`
/// assert_eq!(format!("{entropy:?}"), "Entropy(…)");
/// ```
#[derive(Clone)]
pub struct Entropy([u8; 32]);

impl Entropy {
    /// Takes a seed. It must come from a cryptographic generator and must not be used for another request.
    #[must_use]
    pub const fn from_seed(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// The generator of one try of one turn: each has a stream of its own, so that a decision that was discarded and the
    /// one that took its place share nothing.
    pub(crate) fn stream(&self, number: u64) -> Draw {
        let mut generator = ChaCha20Rng::from_seed(self.0);
        generator.set_stream(number);
        Draw(generator)
    }
}

impl Entropy {
    /// The name of the operation that this is the randomness of. No try of a turn draws from its stream.
    pub(crate) fn operation(&self) -> [u8; 16] {
        self.stream(u64::MAX).bytes()
    }
}

impl Drop for Entropy {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(…)")
    }
}

/// Draws from one stream of an [`Entropy`].
pub(crate) struct Draw(ChaCha20Rng);

impl Draw {
    /// The next `N` bytes.
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// A code of `digits` decimal digits (at most 18), uniform over the whole space with its leading zeros
    /// (R22: rejection sampling, no modulo bias).
    pub(crate) fn code(&mut self, digits: u8) -> Code {
        let space = 10_u64.saturating_pow(u32::from(digits.min(18)));
        let fair = u64::MAX.saturating_sub(u64::MAX.checked_rem(space).unwrap_or(0));
        // One draw is rejected with a chance below 6 %, sixty-four in a row never; the bound keeps the function total.
        let number = (0..64).map(|_| self.0.next_u64()).find(|number| *number < fair).unwrap_or_default();
        Code::last_digits(number, digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::string::ToString;

    /// R22: every digit is as likely as any other at every place, leading zeros included.
    #[test]
    fn r22_codes_are_uniform_and_keep_leading_zeros() {
        let mut draw = Entropy::from_seed([1; 32]).stream(0);
        let mut counts = [[0_u32; 10]; 6];
        for _ in 0..20_000 {
            let code = draw.code(6);
            assert_eq!(code.expose().len(), 6);
            for (place, digit) in code.expose().bytes().enumerate() {
                counts[place][usize::from(digit - b'0')] += 1;
            }
        }
        // 2,000 expected each; six standard deviations are 255.
        assert!(counts.iter().flatten().all(|count| (1_745..=2_255).contains(count)), "{counts:?}");
    }

    /// The bytes of a seed and a stream are fixed: a later version replays a recorded decision. The values come from
    /// another implementation of ChaCha20 with a counter and a stream of 64 bits each.
    #[test]
    fn the_bytes_of_a_seed_and_a_stream_never_change() {
        let seed = core::array::from_fn(|at| u8::try_from(at).unwrap());
        let entropy = Entropy::from_seed(seed);
        for (stream, bytes, code) in [
            (0, "e4ae3b2cffdba11827588c438f5434ea", "645359380336737593"),
            (1, "d1e05a86a440ab436f3a9024b182d04e", "912000911024170031"),
            (0x0001_0000_0002, "96b9273179f248b3dee2e92d0565a0cc", "607307394980850411"),
            (u64::MAX, "4093461a6e8fd28fdf57f6caf1ea5719", "759384749362283989"),
        ] {
            // The generator makes four blocks of 64 bytes at a time and uses whole words: these are the bytes 252 to 267,
            // of which the last twelve are from the next four blocks.
            let mut draw = entropy.stream(stream);
            let _: [u8; 250] = draw.bytes();
            let drawn: [u8; 16] = draw.bytes();
            let hex: alloc::string::String = drawn.iter().map(|byte| alloc::format!("{byte:02x}")).collect();
            assert_eq!((hex.as_str(), entropy.stream(stream).code(18).expose()), (bytes, code), "{stream}");
        }
        // The published stream for a key of zeros (draft-agl-tls-chacha20poly1305-04 §7, test vector 1).
        let zeros: [u8; 8] = Entropy::from_seed([0; 32]).stream(0).bytes();
        assert_eq!(zeros, [0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90]);
    }

    /// B056: what is drawn depends on the seed and the stream alone, and differs with either.
    #[test]
    fn b056_same_seed_same_codes_other_seed_or_stream_other_codes() {
        let draw =
            |seed: u8, stream| Entropy::from_seed([seed; 32]).stream(stream).code(18).expose().to_string();
        assert_eq!(draw(1, 0), draw(1, 0));
        let all: BTreeSet<_> = (0..50).flat_map(|seed| (0..4).map(move |s| draw(seed, s))).collect();
        assert_eq!(all.len(), 200);
    }
}
