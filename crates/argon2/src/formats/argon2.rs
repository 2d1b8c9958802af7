//! `$argon2id$v=19$m=…,t=…,p=…$salt$tag`, and the same with `argon2i`, `argon2d` and version 1.0 (RFC 9106).

use argon2::password_hash::phc;
use argon2::{Algorithm, Params, Version};
use countersign::host::HashError;

use super::numbers;
use crate::memory::Memory;
use crate::{Argon2Hasher, failed};

/// Argon2 with its parameters.
#[derive(Debug)]
pub(crate) struct Argon2 {
    pub(crate) algorithm: Algorithm,
    pub(crate) version: Version,
    pub(crate) params: Params,
}

pub(super) fn read(phc: &phc::PasswordHash) -> Option<Argon2> {
    let algorithm = Algorithm::new(phc.algorithm).ok()?;
    // Texts from before version 1.3 name none; the reference implementation reads them as 1.0.
    let version = phc.version.map_or(Ok(Version::V0x10), Version::try_from).ok()?;
    // A parameter left out would take the crate's default, which is not what the hash was made with; one that is there
    // twice says nothing. A `keyid` names a secret that is not here.
    numbers(&phc.params, ["m", "t", "p"], &["data"])?;
    let params = Params::try_from(phc).ok().filter(is_affordable)?;
    Some(Argon2 { algorithm, version, params })
}

impl Argon2 {
    /// What new hashes are made with.
    pub(crate) const fn present(params: Params) -> Self {
        Self { algorithm: Algorithm::Argon2id, version: Version::V0x13, params }
    }

    /// Whether it costs and mixes as `other` does. What is no part of the cost counts as well: there is no `data` in
    /// new hashes.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        self.algorithm == other.algorithm
            && self.version == other.version
            && costs(&self.params) == costs(&other.params)
            && self.params.data() == other.params.data()
    }

    pub(crate) fn compute(
        &self,
        memory: &Memory,
        password: &[u8],
        salt: &[u8],
        tag: &mut [u8],
    ) -> Result<(), HashError> {
        let lent = memory.lend(self.params.block_count())?;
        let context = ::argon2::Argon2::new(self.algorithm, self.version, self.params.clone());
        context.hash_password_into_with_memory(password, salt, tag, lent).map_err(failed)
    }
}

/// Whether a hash with these parameters keeps within the bounds of [`Argon2Hasher`].
pub(crate) fn is_affordable(params: &Params) -> bool {
    let work = u64::from(params.m_cost()).saturating_mul(u64::from(params.t_cost()));
    params.m_cost() <= Argon2Hasher::MAX_MEMORY_KIB && work <= Argon2Hasher::MAX_WORK_KIB
}

#[cfg(test)]
mod tests {
    use crate::tests::{SALT, typed, verify};
    use crate::{Argon2Hasher, PasswordHasher};

    /// The example of RFC 9106 §5.3, which has a secret and associated data and so goes straight to the primitive.
    #[test]
    fn rfc_9106_example() {
        use argon2::{Algorithm, Version};
        let params = argon2::ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(argon2::AssociatedData::new(&[4; 12]).unwrap())
            .build()
            .unwrap();
        let context =
            argon2::Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
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
            assert!(!verify(&hasher, "password\0", phc), "{phc}");
        }
        use argon2::password_hash::PasswordHasher as _;
        let argon2d = argon2::Argon2::new(
            argon2::Algorithm::Argon2d,
            argon2::Version::V0x13,
            hasher.own.params.clone(),
        );
        let phc = argon2d.hash_password_with_salt(b"password", SALT.as_bytes()).unwrap().to_string();
        assert!(verify(&hasher, "password", &phc));
    }

    /// The text is that of the reference implementation, and one buffer serves hashes of any size in any order.
    #[test]
    fn what_is_made_here_is_what_others_make() {
        use argon2::password_hash::PasswordHasher as _;
        let hashers =
            [Argon2Hasher::weak_for_tests(), Argon2Hasher::with_params(7_168, 5, 2).unwrap().keeping(1)];
        for _ in 0..2 {
            for hasher in &hashers {
                let hash = hasher.hash(&typed("secret"), &SALT).unwrap();
                let theirs = argon2::Argon2::from(&hasher.own.params)
                    .hash_password_with_salt(b"secret", SALT.as_bytes())
                    .unwrap();
                assert_eq!(hash.expose(), theirs.to_string());
                assert!(hashers.iter().all(|other| verify(other, "secret", hash.expose())));
            }
        }
    }
}
