//! `$pbkdf2-sha256$i=…$salt$tag` and `$pbkdf2-sha512$…` (RFC 8018 §5.2), with or without the length of the tag as `l=…`.

use argon2::password_hash::phc;
use sha2::{Sha256, Sha512};

use super::numbers;
use crate::Argon2Hasher;

/// PBKDF2 with HMAC and its parameters.
pub(crate) struct Pbkdf2 {
    hash: Hash,
    rounds: u32,
}

#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha512,
}

impl Hash {
    const fn bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// A tag longer than the hash takes all rounds again for each part of it.
pub(super) fn read(phc: &phc::PasswordHash, tag_bytes: usize) -> Option<Pbkdf2> {
    let hash = match phc.algorithm.as_str() {
        "pbkdf2-sha256" => Hash::Sha256,
        "pbkdf2-sha512" => Hash::Sha512,
        _ => return None,
    };
    let [rounds] = numbers(&phc.params, ["i"], &["l"])?;
    let told = phc.params.get("l").is_some();
    if phc.version.is_some() || (told && phc.params.get_decimal("l") != u32::try_from(tag_bytes).ok()) {
        return None;
    }
    let parts = u32::try_from(tag_bytes.div_ceil(hash.bytes())).ok()?;
    let affordable = rounds > 0 && rounds.saturating_mul(parts) <= Argon2Hasher::MAX_PBKDF2_ROUNDS;
    affordable.then_some(Pbkdf2 { hash, rounds })
}

impl Pbkdf2 {
    pub(super) fn compute(&self, password: &[u8], salt: &[u8], tag: &mut [u8]) {
        match self.hash {
            Hash::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, self.rounds, tag),
            Hash::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, self.rounds, tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Argon2Hasher;
    use crate::tests::{is_unread, verify};

    /// The sixth example of RFC 6070, with SHA-256, as the crate's documentation has it; the others computed with Python's
    /// `hashlib`.
    const KNOWN: [(&str, &str); 4] = [
        (
            "passwordPASSWORDpassword",
            "$pbkdf2-sha256$i=4096,l=40$c2FsdFNBTFRzYWx0U0FMVHNhbHRTQUxUc2FsdFNBTFRzYWx0$NIyJ28vTKy8y2BS4EW6EzysXNH68GAAYHE4qH7jdU+HGNVGMfaxH6Q",
        ),
        (
            "password",
            "$pbkdf2-sha256$i=1000$AAECAwQFBgcICQoLDA0ODw$JeuGrMduQwGPGLmo+Qwv7UYtHHmeg9SK49fGkEamC2c",
        ),
        (
            "pässwörd",
            "$pbkdf2-sha512$i=1000$AAECAwQFBgcICQoLDA0ODw$tesGdwmZwygAGYLzLiZnuLe7u7U7QwD64kd8Dxsmq1czniS4pZHyb0gH6ZCWHMgN1oFJ7mpRl1LVshQSj7oYVw",
        ),
        (
            "longer than a block of the hash, which HMAC hashes first; longer than a block of the hash, which HMAC hashes first; longer than a block of the hash, which HMAC hashes first; ",
            "$pbkdf2-sha256$i=3$c2FsdHNhbHQ$9w6VTFdW5Bs0peesy+o0S29CWgGh0AKA08pNYzzGMDM",
        ),
    ];

    /// R84, R85: hashes made elsewhere verify, and nothing is cut.
    #[test]
    fn r85_known_pbkdf2_hashes_verify() {
        let hasher = Argon2Hasher::weak_for_tests();
        for (password, text) in KNOWN {
            assert!(verify(&hasher, password, text), "{text}");
            assert!(!verify(&hasher, &format!("{password}x"), text), "{text}");
            assert!(!verify(&hasher, &password[1..], text), "{text}");
            assert!(!verify(&hasher, &format!("{password}\0"), text), "HMAC fills up with zeros: {text}");
        }
    }

    /// Law 13: a year is four billion rounds.
    #[test]
    fn law13_what_is_malformed_or_asks_for_too_much_is_not_read() {
        let (_, good) = KNOWN[0];
        let with = |params: &str| good.replace("i=4096,l=40", params);
        // Forty bytes are two parts.
        for fine in ["i=4096", "i=1", "i=1,l=40", "l=40,i=4096", "i=2000000"] {
            assert!(!is_unread(&with(fine)), "{fine}");
        }
        for bad in [
            "i=2000001",
            "i=4294967295",
            "i=0",
            "l=40",
            "i=4096,l=41",
            "i=4096,l=x",
            "i=4096,i=1",
            "i=1,x=1",
            "i=",
        ] {
            assert!(is_unread(&with(bad)), "{bad}");
        }
        assert!(!is_unread(&with("i=4000000").replace("sha256", "sha512")));
        assert!(is_unread(&with("i=4000001").replace("sha256", "sha512")));
        assert!(is_unread(&good.replace("sha256", "sha1")));
        assert!(is_unread(&good.replace("sha256$", "sha256$v=1$")));
    }
}
