//! Password hashing with Argon2 (RFC 9106) for [`countersign`].
//!
//! ```
//! use countersign::host::PasswordHasher;
//! use countersign::{Password, Salt};
//! use countersign_argon2::Argon2Hasher;
//!
//! let hasher = Argon2Hasher::recommended();
//! let password = Password::typed("correct horse battery staple")?;
//! // The core draws a fresh salt for each record; it is fixed here so that the example always says the same.
//! let hash = hasher.hash(&password, &Salt::from_bytes([7; 16]))?;
//! assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
//! assert!(hasher.verify(&password, &hash)?);
//! assert!(!hasher.verify(&Password::typed("Tr0ub4dor&3")?, &hash)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What an attacker could gain if this were wrong: with a stolen store, passwords at the price of a plain
//! digest; without one, the knowledge which accounts exist, from how long an answer takes (law 8).

#![forbid(unsafe_code)]

use argon2::password_hash::PasswordHasher as _;
use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, Version};
use countersign::host::{HashError, PasswordHasher};
use countersign::{Password, PasswordHash, Salt};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Argon2id, version 1.3, 32-byte tags, no secret key.
///
/// New hashes are made with the parameters given here; older ones, made with others, keep verifying, so
/// parameters can be raised at any time. How long a check takes follows the parameters of the *stored* hash: as
/// long as old and new ones are in one store, time tells them apart, so rehash each password at its next
/// sign-in.
///
/// One hash occupies the memory it is made with: bound how many run at once. Lanes are computed one after the other.
#[derive(Clone, Debug)]
pub struct Argon2Hasher {
    params: Params,
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
    pub const fn recommended() -> Self {
        // `Params::DEFAULT` is the same; a test holds that, so that a new version of the crate cannot weaken it
        // unseen.
        Self { params: Params::DEFAULT }
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
        Ok(Self { params })
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
        Self { params: least.build().unwrap_or(Params::DEFAULT) }
    }

    fn context(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
    }

    /// What to compute for checking against `hash`, and what it must come to.
    ///
    /// One value for every case, so that [`verify`](PasswordHasher::verify) hashes exactly once whatever is stored:
    /// where there is nothing to match, it is this hasher's own work with no tag.
    fn comparison(&self, hash: &PasswordHash) -> Comparison {
        Comparison::read(hash.expose()).unwrap_or_else(|| Comparison {
            context: self.context(),
            salt: vec![0; 16],
            tag_bytes: Params::DEFAULT_OUTPUT_LEN,
            tag: None,
        })
    }
}

impl PasswordHasher for Argon2Hasher {
    fn hash(&self, password: &Password, salt: &Salt) -> Result<PasswordHash, HashError> {
        let phc: phc::PasswordHash = self
            .context()
            .hash_password_with_salt(password.expose().as_bytes(), salt.as_bytes())
            .map_err(failed)?;
        let text = Zeroizing::new(phc.to_string());
        PasswordHash::new(&text).map_err(failed)
    }

    /// Takes Argon2id, Argon2i and Argon2d in PHC form, versions 1.0 and 1.3, within the bounds of this type.
    ///
    /// Anything else matches nothing, after one hash of its own: another algorithm, a broken text, a hash made with a
    /// secret key (`keyid`), or one that asks for too much work.
    fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HashError> {
        let comparison = self.comparison(hash);
        let mut computed = Zeroizing::new(vec![0; comparison.tag_bytes]);
        comparison
            .context
            .hash_password_into(password.expose().as_bytes(), &comparison.salt, &mut computed)
            .map_err(failed)?;
        Ok(comparison.tag.is_some_and(|tag| tag.as_bytes().ct_eq(&computed).into()))
    }

    /// Whether it is anything but Argon2id 1.3 with exactly the parameters of this hasher.
    fn rehash_due(&self, hash: &PasswordHash) -> bool {
        let present = hash.expose().starts_with("$argon2id$v=19$");
        !present
            || Comparison::read(hash.expose()).is_none_or(|stored| stored.context.params() != &self.params)
    }
}

/// One hash to be computed, and the tag it is compared with.
struct Comparison {
    context: Argon2<'static>,
    salt: Vec<u8>,
    tag_bytes: usize,
    /// `None` matches nothing.
    tag: Option<phc::Output>,
}

impl Comparison {
    /// `None` if `text` is no Argon2 hash that can be checked here at a bounded price.
    fn read(text: &str) -> Option<Self> {
        let phc = phc::PasswordHash::new(text).ok()?;
        let algorithm = Algorithm::new(phc.algorithm).ok()?;
        // Texts from before version 1.3 name none; the reference implementation reads them as 1.0.
        let version = phc.version.map_or(Ok(Version::V0x10), Version::try_from).ok()?;
        // A parameter left out would take the crate's default, which is not what the hash was made with.
        if !["m", "t", "p"].iter().all(|name| phc.params.get_decimal(*name).is_some()) {
            return None;
        }
        let (salt, tag) = (phc.salt?, phc.hash?);
        let params = Params::try_from(&phc).ok().filter(is_affordable)?;
        if !params.keyid().is_empty() {
            return None;
        }
        Some(Self {
            context: Argon2::new(algorithm, version, params),
            salt: salt.as_ref().to_vec(),
            tag_bytes: tag.len(),
            tag: Some(tag),
        })
    }
}

/// Whether a hash with these parameters keeps within the bounds of [`Argon2Hasher`].
fn is_affordable(params: &Params) -> bool {
    let work = u64::from(params.m_cost()).saturating_mul(u64::from(params.t_cost()));
    params.m_cost() <= Argon2Hasher::MAX_MEMORY_KIB && work <= Argon2Hasher::MAX_WORK_KIB
}

/// The crate's errors name a parameter or say "out of memory"; they hold nothing of the password.
fn failed(why: impl core::fmt::Display) -> HashError {
    HashError(why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SALT: Salt = Salt::from_bytes(*b"sixteen bytes of");

    fn typed(text: &str) -> Password {
        Password::typed(text).unwrap()
    }

    fn verify(hasher: &Argon2Hasher, text: &str, phc: &str) -> bool {
        hasher.verify(&typed(text), &PasswordHash::new(phc).unwrap()).unwrap()
    }

    #[test]
    fn recommended_is_what_owasp_recommends() {
        let params = Argon2Hasher::recommended().params;
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (19 * 1024, 2, 1));
        let params = Argon2Hasher::weak_for_tests().params;
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (8, 1, 1));
    }

    #[test]
    fn the_same_inputs_give_the_same_text() {
        let hasher = Argon2Hasher::weak_for_tests();
        let hash = hasher.hash(&typed("secret"), &SALT).unwrap();
        assert!(hash.matches(&hasher.hash(&typed("secret"), &SALT).unwrap()));
        assert!(!hash.matches(&hasher.hash(&typed("Secret"), &SALT).unwrap()));
        assert!(!hash.matches(&hasher.hash(&typed("secret"), &Salt::from_bytes([0; 16])).unwrap()));
        assert!(hash.expose().starts_with("$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyBvZg$"));
    }

    #[test]
    fn right_passwords_verify_and_wrong_ones_do_not() {
        for hasher in [Argon2Hasher::weak_for_tests(), Argon2Hasher::recommended()] {
            let hash = hasher.hash(&typed("correct horse"), &SALT).unwrap();
            assert!(hasher.verify(&typed("correct horse"), &hash).unwrap());
            assert!(!hasher.verify(&typed("correct horsf"), &hash).unwrap());
            assert!(!hasher.verify(&typed(""), &hash).unwrap());
        }
    }

    /// The example of RFC 9106 §5.3, which has a secret and associated data and so goes straight to the primitive.
    #[test]
    fn rfc_9106_example() {
        let params = argon2::ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(argon2::AssociatedData::new(&[4; 12]).unwrap())
            .build()
            .unwrap();
        let context = Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
        let mut tag = [0; 32];
        context.hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
        let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
    }

    /// Vectors of the reference implementation: other parameters, variants and versions keep verifying.
    #[test]
    fn hashes_made_with_other_parameters_verify() {
        let hasher = Argon2Hasher::weak_for_tests();
        for phc in [
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
            "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
        ] {
            assert!(verify(&hasher, "password", phc), "{phc}");
            assert!(!verify(&hasher, "Password", phc), "{phc}");
        }
        let argon2d = Argon2::new(Algorithm::Argon2d, Version::V0x13, hasher.params.clone());
        let phc = argon2d.hash_password_with_salt(b"password", SALT.as_bytes()).unwrap().to_string();
        assert!(verify(&hasher, "password", &phc));
    }

    /// Law 8: nothing to match is answered after the same work, and as a mismatch.
    #[test]
    fn what_is_not_understood_matches_nothing_after_one_own_hash() {
        let hasher = Argon2Hasher::weak_for_tests();
        let good = hasher.hash(&typed("password"), &SALT).unwrap();
        let good = good.expose();
        for phc in [
            "garbage",
            "$",
            "$argon2id",
            "$argon2id$v=19$m=8,t=1,p=1",
            "$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyBvZg",
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
            "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
            &good.replace("argon2id", "argon2x"),
            &good.replace("v=19", "v=18"),
            &good.replace("m=8,", "m=7,"),
            &good.replace("m=8,", ""),
            &good.replace("t=1", "t=0"),
            &good.replace("p=1", "p=2"),
            &good.replace("p=1", "p=1,keyid=AAAA"),
            &good.replace("p=1", "p=1,x=1"),
            &good.replace("c2l4dGVlbiBieXRlcyBvZg", "c2hvcnQ"),
            &good.replace("$m=8,t=1,p=1", ""),
        ] {
            assert!(!verify(&hasher, "password", phc), "{phc}");
            let comparison = hasher.comparison(&PasswordHash::new(phc).unwrap());
            assert!(comparison.tag.is_none(), "{phc}");
            assert_eq!(comparison.context.params(), &hasher.params, "{phc}");
        }
        assert!(verify(&hasher, "password", good));
    }

    /// Law 13: a stored text cannot ask for a terabyte or a year. (Were it not refused, this test would fail or
    /// not end.)
    #[test]
    fn hashes_that_ask_for_too_much_match_nothing() {
        let hasher = Argon2Hasher::weak_for_tests();
        let good = hasher.hash(&typed("password"), &SALT).unwrap();
        for costs in [
            "m=4294967295,t=1,p=1",
            "m=1073741824,t=1,p=1",
            "m=2097153,t=1,p=1",
            "m=8,t=4294967295,p=1",
            "m=65536,t=65,p=1",
        ] {
            let bomb = good.expose().replace("m=8,t=1,p=1", costs);
            assert!(!verify(&hasher, "password", &bomb), "{costs}");
        }
        let most = Params::new(Argon2Hasher::MAX_MEMORY_KIB, 2, 1, None).unwrap();
        assert!(is_affordable(&most));
    }

    #[test]
    fn weak_and_absurd_parameters_are_refused() {
        for (memory, passes) in Argon2Hasher::FLOOR {
            assert!(Argon2Hasher::with_params(memory, passes, 1).is_ok());
            assert_eq!(Argon2Hasher::with_params(memory - 1, passes, 1).unwrap_err(), ParamsError::TooWeak);
            assert_eq!(Argon2Hasher::with_params(memory, passes - 1, 1).unwrap_err(), ParamsError::TooWeak);
        }
        for (memory, passes, lanes, why) in [
            (0, 0, 0, ParamsError::TooWeak),
            (8, u32::MAX, 1, ParamsError::TooWeak),
            (19_456, 2, 0, ParamsError::Lanes),
            (19_456, 2, 65, ParamsError::Lanes),
            (u32::MAX, 2, 1, ParamsError::TooCostly),
            (19_456, u32::MAX, 1, ParamsError::TooCostly),
        ] {
            assert_eq!(Argon2Hasher::with_params(memory, passes, lanes).unwrap_err(), why);
        }
    }

    proptest! {
        /// Whatever is stored, checking it ends, without an error and without a match.
        #[test]
        fn any_stored_text_is_answered(
            text in "[!-~]{1,60}|\\$argon2(id|i|d)(\\$v=(16|19|20))?\\$m=[0-9]{1,3},t=[0-9],p=[0-9]\\$[A-Za-z0-9+/]{0,24}\\$[A-Za-z0-9+/]{0,90}"
        ) {
            let hash = PasswordHash::new(&text).unwrap();
            prop_assert_eq!(Argon2Hasher::weak_for_tests().verify(&typed("password"), &hash), Ok(false));
        }
    }
}
