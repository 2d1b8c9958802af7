//! Where message ids and the jitter of tries come from.

/// A generator that has nothing to give.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the generator failed")]
pub struct RandomnessError;

/// Gives random bytes, for message ids, the boundaries between parts, and how long to wait before the next try.
///
/// What an attacker gains if it were predictable: nothing of the codes, which come from the core; he could guess message ids.
pub trait Randomness: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// [`RandomnessError`].
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError>;
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandomness;

impl Randomness for OsRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        #[expect(clippy::disallowed_methods, reason = "this is the generator that is injected")]
        getrandom::fill(bytes).map_err(|_| RandomnessError)
    }
}
