//! Password hashing with Argon2 (RFC 9106) for [`countersign`].
//!
//! ```
//! use countersign::host::PasswordHasher;
//! use countersign::{Password, PasswordHash, Salt};
//! use countersign_argon2::Argon2Hasher;
//!
//! let hasher = Argon2Hasher::recommended();
//! let password = Password::typed("correct horse battery staple")?;
//! // The core draws a fresh salt for each record; it is fixed here so that the example always says the same.
//! let hash = hasher.hash(&password, &Salt::from_bytes([7; 16]))?;
//! assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
//! assert!(hasher.verify(&password, &hash)?);
//! assert!(!hasher.verify(&Password::typed("Tr0ub4dor&3")?, &hash)?);
//!
//! // Hashes that a store brought along are checked as well, and made anew at the next sign-in.
//! let old = PasswordHash::new("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")?;
//! assert!(hasher.verify(&Password::typed("U*U")?, &old)?);
//! assert!(hasher.rehash_due(&old) && !hasher.rehash_due(&hash));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is read
//!
//! | text | what | bound |
//! |---|---|---|
//! | `$argon2id$…`, `$argon2i$…`, `$argon2d$…` | Argon2, versions 1.0 and 1.3, any parameters | [`MAX_MEMORY_KIB`], [`MAX_WORK_KIB`] |
//! | `$2a$…`, `$2b$…`, `$2y$…` | bcrypt; passwords of up to 72 bytes | [`MAX_BCRYPT_COST`] |
//! | `$scrypt$ln=…,r=…,p=…$…` | scrypt in PHC form | [`MAX_MEMORY_KIB`], [`MAX_WORK_KIB`] |
//! | `$pbkdf2-sha256$i=…$…`, `$pbkdf2-sha512$i=…$…` | PBKDF2 in PHC form | [`MAX_PBKDF2_ROUNDS`] |
//!
//! Always all of them: what a password opens must not depend on how the host was compiled. Other texts of the same functions
//! (`$pbkdf2-sha256$29000$…`, `pbkdf2_sha256$600000$…`) are turned into these when they are imported: the salt and the tag in
//! base64 without `=`, at least 8 and 10 bytes long. Everything else matches nothing, after as much work as a hash made here.
//!
//! **bcrypt and long passwords.** bcrypt reads 72 bytes of a password. Whoever has a longer one could sign in with its beginning
//! and anything after it, and what was typed then would become the password. So a longer one matches no bcrypt hash, and its
//! owner chooses a new one by recovery (ASVS 6.2.8, NIST SP 800-63B-4 §3.1.1.2: no truncation). Nothing here makes a bcrypt
//! hash. A password with a NUL character matches none of the older functions: they have one hash for several of those.
//!
//! # What older hashes tell
//!
//! A check takes the time of the *stored* hash, and an unknown account that of a new one. Until an account with an older
//! hash, or with other parameters, was signed in to, how long a wrong password takes tells a stranger that it exists
//! (law 8, CVE-2024-39329). The limits on guesses bound how often he may ask, not what he learns from one answer. No padding helps: it
//! would have to reach to the slowest hash in the store. What does:
//!
//! * Let [`rehash_due`](PasswordHasher::rehash_due) do its work, and set a day on which the hashes that are left are
//!   dropped. Their owners recover by mail. An account without a password takes the time of one that is unknown.
//! * When raising parameters, the same: the fewer old hashes, the fewer accounts are told.
//! * If it must not be told at all, import no hashes; invite to recover.
//!
//! # What an attacker could gain if this were wrong
//!
//! With a stolen store, passwords at the price of a plain digest; without one, the knowledge which accounts exist, from how
//! long an answer takes; with a row that he wrote, a host that hashes for a year (law 13).
//!
//! [`MAX_MEMORY_KIB`]: Argon2Hasher::MAX_MEMORY_KIB
//! [`MAX_WORK_KIB`]: Argon2Hasher::MAX_WORK_KIB
//! [`MAX_BCRYPT_COST`]: Argon2Hasher::MAX_BCRYPT_COST
//! [`MAX_PBKDF2_ROUNDS`]: Argon2Hasher::MAX_PBKDF2_ROUNDS

#![forbid(unsafe_code)]

mod formats;
mod memory;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::sync::Arc;

use argon2::Params;
use argon2::password_hash::phc;
use countersign::host::{HashError, PasswordHasher};
use countersign::{Password, PasswordHash, Salt};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::formats::argon2::{Argon2, is_affordable};
use crate::formats::{Function, Stored};
use crate::memory::Memory;

/// Argon2id, version 1.3, 32-byte tags, no secret key.
///
/// New hashes are made with the parameters given here; older ones, made with others or by another function, keep verifying, so
/// parameters can be raised at any time. How long a check takes follows the *stored* hash: see
/// [what older hashes tell](crate#what-older-hashes-tell).
///
/// One hash occupies the memory it is made with: bound how many run at once. Lanes are computed one after the other. The memory
/// of a few hashes is kept for the next ones ([`keeping`](Self::keeping)); clones share it.
#[derive(Clone, Debug)]
pub struct Argon2Hasher {
    own: Arc<Argon2>,
    memory: Arc<Memory>,
}

/// Why parameters were refused by [`Argon2Hasher::with_params`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// Below each of the settings in [`Argon2Hasher::FLOOR`].
    #[error("the parameters are weaker than the OWASP minimum (such as 19456 KiB with 2 iterations)")]
    TooWeak,
    /// Above [`Argon2Hasher::MAX_MEMORY_KIB`] or [`Argon2Hasher::MAX_WORK_KIB`].
    #[error("the parameters ask for more memory or work than a sign-in may cost")]
    TooCostly,
    /// No lane, more than [`Argon2Hasher::MAX_LANES`], or less than 8 KiB of memory for each (RFC 9106 §3.1).
    #[error("the number of lanes is zero, too large, or too large for the memory")]
    Lanes,
}

impl Argon2Hasher {
    /// The weakest settings taken, as (memory in KiB, iterations): parameters must reach both numbers of one of them.
    ///
    /// Source: OWASP Password Storage Cheat Sheet, Argon2id. All five cost an attacker about the same; the
    /// less memory, the more iterations.
    pub const FLOOR: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];
    /// The most memory that a hash may take, in KiB: the 2 GiB of the first recommendation of RFC 9106 §4.
    pub const MAX_MEMORY_KIB: u32 = 2 * 1024 * 1024;
    /// The most work that a hash may take, in KiB of memory times iterations: 4 GiB, some seconds.
    ///
    /// A stored hash that asks for more matches nothing: whoever can write one text into the store, or have one
    /// imported, must not be able to stop the host with it (law 13).
    pub const MAX_WORK_KIB: u64 = 4 * 1024 * 1024;
    /// The highest cost of a stored bcrypt hash that is checked: 2<sup>15</sup> rounds, some seconds.
    pub const MAX_BCRYPT_COST: u32 = 15;
    /// The most rounds of a stored PBKDF2 hash that is checked, over all parts of its tag: some seconds.
    pub const MAX_PBKDF2_ROUNDS: u32 = 4_000_000;
    /// The most lanes of new hashes.
    pub const MAX_LANES: u32 = 64;

    /// 19 MiB of memory, 2 iterations, 1 lane (OWASP Password Storage Cheat Sheet): some tens of milliseconds
    /// of one core.
    ///
    /// ```
    /// # use countersign_argon2::Argon2Hasher;
    /// assert_eq!(format!("{:?}", Argon2Hasher::recommended()), format!("{:?}", Argon2Hasher::with_params(19_456, 2, 1)?));
    /// # Ok::<(), countersign_argon2::ParamsError>(())
    /// ```
    #[must_use]
    pub fn recommended() -> Self {
        // `Params::DEFAULT` is the same; a test holds that, so that a new version of the crate cannot weaken it
        // unseen.
        Self::of(Params::DEFAULT)
    }

    /// A hasher with other parameters: memory in KiB, iterations, lanes.
    ///
    /// # Errors
    /// [`ParamsError`] if they are weaker than [`FLOOR`](Self::FLOOR) or cost more than the bounds above.
    ///
    /// ```
    /// # use countersign_argon2::{Argon2Hasher, ParamsError};
    /// assert!(Argon2Hasher::with_params(64 * 1024, 3, 4).is_ok(), "the second recommendation of RFC 9106 §4");
    /// assert_eq!(Argon2Hasher::with_params(19_456, 1, 1).unwrap_err(), ParamsError::TooWeak);
    /// ```
    pub fn with_params(memory_kib: u32, iterations: u32, lanes: u32) -> Result<Self, ParamsError> {
        if !Self::FLOOR.iter().any(|(memory, passes)| memory_kib >= *memory && iterations >= *passes) {
            return Err(ParamsError::TooWeak);
        }
        if lanes > Self::MAX_LANES {
            return Err(ParamsError::Lanes);
        }
        let params = Params::new(memory_kib, iterations, lanes, None).map_err(|_| ParamsError::Lanes)?;
        if !is_affordable(&params) {
            return Err(ParamsError::TooCostly);
        }
        Ok(Self::of(params))
    }

    /// **For test suites only:** 8 KiB, 1 iteration, 1 lane. Its hashes protect nothing.
    ///
    /// The least that Argon2 can do, so that a test that signs in a thousand times ends. Everything else is the same,
    /// so hashes of the recommended hasher verify here and the other way round.
    ///
    /// ```
    /// # use countersign::host::PasswordHasher;
    /// # use countersign::{Password, Salt};
    /// # use countersign_argon2::Argon2Hasher;
    /// let hash = Argon2Hasher::weak_for_tests().hash(&Password::typed("x")?, &Salt::from_bytes([1; 16]))?;
    /// assert!(hash.expose().contains("$m=8,t=1,p=1$"), "anybody can see that it is weak");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn weak_for_tests() -> Self {
        let mut least = argon2::ParamsBuilder::new();
        least.m_cost(Params::MIN_M_COST).t_cost(Params::MIN_T_COST).p_cost(Params::MIN_P_COST);
        // The least values that the crate names are values that it takes; were it otherwise, stronger ones do
        // no harm.
        Self::of(least.build().unwrap_or(Params::DEFAULT))
    }

    /// The same hasher, which keeps the memory of at most so many hashes for the next ones; with 0 of none.
    ///
    /// By default as many as there are cores: more at once are not faster. What is kept was wiped. It stays until the last
    /// clone of the hasher is dropped: with the recommended parameters, 19 MiB for each.
    ///
    /// ```
    /// # use countersign_argon2::Argon2Hasher;
    /// let hasher = Argon2Hasher::recommended().keeping(2); // with two threads that hash
    /// ```
    #[must_use]
    pub fn keeping(self, hashes: usize) -> Self {
        let memory = Arc::new(Memory::new(self.own.params.block_count(), hashes));
        Self { memory, ..self }
    }

    fn of(params: Params) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let memory = Arc::new(Memory::new(params.block_count(), cores));
        Self { own: Arc::new(Argon2::present(params)), memory }
    }
}

impl PasswordHasher for Argon2Hasher {
    fn hash(&self, password: &Password, salt: &Salt) -> Result<PasswordHash, HashError> {
        let mut tag = Zeroizing::new([0; TAG_BYTES]);
        let password = password.expose().as_bytes();
        self.own.compute(&self.memory, password, salt.as_bytes(), tag.as_mut_slice())?;
        let phc = phc::PasswordHash {
            algorithm: self.own.algorithm.ident(),
            version: Some(self.own.version.into()),
            params: phc::ParamsString::try_from(&self.own.params).map_err(failed)?,
            salt: Some(phc::Salt::new(salt.as_bytes()).map_err(failed)?),
            hash: Some(phc::Output::new(tag.as_slice()).map_err(failed)?),
        };
        let text = Zeroizing::new(phc.to_string());
        PasswordHash::new(&text).map_err(failed)
    }

    /// Takes what [this table](crate#what-is-read) says, within its bounds.
    ///
    /// Anything else matches nothing, after one hash of its own: another function, a broken text, a hash made with a
    /// secret key (`keyid`), one that asks for too much work, or one that cannot tell this password from others.
    fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HashError> {
        let password = password.expose().as_bytes();
        let Some(stored) = Stored::read(hash.expose()).filter(|stored| stored.function.takes(password))
        else {
            let mut nothing = Zeroizing::new([0; TAG_BYTES]);
            self.own.compute(&self.memory, password, &[0; SALT_BYTES], nothing.as_mut_slice())?;
            return Ok(false);
        };
        let mut computed = Zeroizing::new(vec![0; stored.tag.len()]);
        stored.function.compute(&self.memory, password, &stored.salt, &mut computed)?;
        Ok(stored.tag.ct_eq(&computed).into())
    }

    /// Whether it is anything but Argon2id 1.3 with exactly the parameters of this hasher, a salt of 16 bytes and a tag of 32.
    /// True as well for what is not understood.
    fn rehash_due(&self, hash: &PasswordHash) -> bool {
        let present = |stored: Stored| match stored.function {
            Function::Argon2(function) => {
                function.is_as(&self.own) && stored.salt.len() == SALT_BYTES && stored.tag.len() == TAG_BYTES
            }
            _ => false,
        };
        !Stored::read(hash.expose()).is_some_and(present)
    }
}

/// The length of a salt that the core draws.
const SALT_BYTES: usize = 16;
/// The length of a tag made here: 256 bits (RFC 9106 §4).
const TAG_BYTES: usize = Params::DEFAULT_OUTPUT_LEN;

/// The crate's errors name a parameter or say "out of memory"; they hold nothing of the password.
fn failed(why: impl core::fmt::Display) -> HashError {
    HashError(why.to_string())
}
