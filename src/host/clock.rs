//! The host's clock and generator.

use crate::{Entropy, Timestamp};

/// A clock that cannot tell the time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the clock cannot tell the time")]
pub struct ClockError;

/// A generator that has no randomness to give. There is no default in its place (R73).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the generator failed")]
pub struct EntropyError;

/// Tells the time. Asked when a request comes, and again before each commit, so that one that was held up is given up.
///
/// Nodes that share a store should agree to within the policy's
/// [`clock_tolerance`](crate::Settings::clock_tolerance). A clock that jumps ahead ends locks early and codes too; one that
/// falls back neither revives nor freezes anything (law 7).
pub trait Clock: Send + Sync {
    /// The time now.
    ///
    /// # Errors
    /// [`ClockError`], which ends the request in "not authenticated".
    fn now(&self) -> Result<Timestamp, ClockError>;
}

/// Gives each request its randomness.
pub trait EntropySource: Send + Sync {
    /// Fresh bytes from a cryptographic generator, for one request.
    ///
    /// # Errors
    /// [`EntropyError`], which ends the request in "not authenticated".
    fn draw(&self) -> Result<Entropy, EntropyError>;
}

#[cfg(feature = "std")]
pub use with_std::{ManualClock, OsEntropy, SystemClock};

#[cfg(feature = "std")]
mod with_std {
    use core::sync::atomic::{AtomicI64, Ordering};
    use std::time::SystemTime;

    use super::{Clock, ClockError, EntropyError, EntropySource};
    use crate::{Entropy, Timestamp};

    /// The operating system's clock.
    ///
    /// On `wasm32-unknown-unknown` there is none, and it cannot tell the time: [`ClockError`].
    ///
    /// ```
    /// use countersign::host::{Clock, SystemClock};
    /// assert!(SystemClock.now().unwrap() > countersign::Timestamp::UNIX_EPOCH);
    /// ```
    #[derive(Clone, Copy, Debug, Default)]
    pub struct SystemClock;

    impl Clock for SystemClock {
        fn now(&self) -> Result<Timestamp, ClockError> {
            // The standard library would panic.
            if cfg!(all(target_family = "wasm", target_os = "unknown")) {
                return Err(ClockError);
            }
            #[expect(clippy::disallowed_methods, reason = "this is the clock that is injected")]
            let now = SystemTime::now();
            let since = now.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| ClockError)?;
            i64::try_from(since.as_millis()).map(Timestamp::from_unix_millis).map_err(|_| ClockError)
        }
    }

    /// A clock that stands still until it is set. For tests and demonstrations.
    ///
    /// ```
    /// use countersign::Timestamp;
    /// use countersign::host::{Clock, ManualClock};
    /// let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
    /// clock.advance_millis(61_000);
    /// assert_eq!(clock.now(), Ok(Timestamp::from_unix_seconds(61)));
    /// ```
    #[derive(Debug)]
    pub struct ManualClock(AtomicI64);

    impl ManualClock {
        /// A clock that says `at`.
        #[must_use]
        pub const fn at(at: Timestamp) -> Self {
            Self(AtomicI64::new(at.unix_millis()))
        }

        /// Sets the clock.
        pub fn set(&self, at: Timestamp) {
            self.0.store(at.unix_millis(), Ordering::SeqCst);
        }

        /// Moves the clock by so many milliseconds, backwards if negative; stops at the ends of the range.
        pub fn advance_millis(&self, millis: i64) {
            let add = |now: i64| Some(now.saturating_add(millis));
            let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, add);
        }
    }

    impl Clock for ManualClock {
        fn now(&self) -> Result<Timestamp, ClockError> {
            Ok(Timestamp::from_unix_millis(self.0.load(Ordering::SeqCst)))
        }
    }

    /// The operating system's generator.
    ///
    /// On `wasm32-unknown-unknown` it is that of JavaScript, with the feature `wasm_js`.
    ///
    /// ```
    /// use countersign::host::{EntropySource, OsEntropy};
    /// assert!(OsEntropy.draw().is_ok());
    /// ```
    #[derive(Clone, Copy, Debug, Default)]
    pub struct OsEntropy;

    impl EntropySource for OsEntropy {
        fn draw(&self) -> Result<Entropy, EntropyError> {
            let mut seed = zeroize::Zeroizing::new([0; 32]);
            #[expect(clippy::disallowed_methods, reason = "this is the generator that is injected")]
            getrandom::fill(seed.as_mut_slice()).map_err(|_| EntropyError)?;
            Ok(Entropy::from_seed(*seed))
        }
    }
}
