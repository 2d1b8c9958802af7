//! `$2b$12$` and 53 characters: bcrypt, and its other names `2a` and `2y`.

use base64ct::{Base64Bcrypt, Encoding};
use countersign::host::HashError;
use zeroize::Zeroizing;

use crate::{Argon2Hasher, failed};

/// How much of a password bcrypt reads, in bytes.
pub(super) const MAX_PASSWORD_BYTES: usize = 72;

/// The characters of the salt and of the tag, and the bytes that they stand for.
const SALT_CHARACTERS: usize = 22;
const SALT_BYTES: usize = 16;
const TAG_CHARACTERS: usize = 31;
const TAG_BYTES: usize = 23;

/// bcrypt with its cost.
pub(crate) struct Bcrypt {
    cost: u32,
}

/// `2x` is not read: it names hashes made by a mistake that has collisions, and no password can be told from them.
pub(super) fn read(text: &str) -> Option<(Bcrypt, Vec<u8>, Vec<u8>)> {
    let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|prefix| text.strip_prefix(prefix))?;
    let (cost, encoded) = rest.split_once('$')?;
    if cost.len() != 2 || !cost.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let cost = cost.parse().ok().filter(|cost| (4..=Argon2Hasher::MAX_BCRYPT_COST).contains(cost))?;
    let (salt, tag) = encoded.split_at_checked(SALT_CHARACTERS)?;
    if tag.len() != TAG_CHARACTERS {
        return None;
    }
    Some((Bcrypt { cost }, decode(salt, "..", SALT_BYTES)?, decode(tag, ".", TAG_BYTES)?))
}

/// The bytes of `text`, whose last character has bits to spare. Some writers left them set, and readers ignore them: here
/// `filler`, characters that stand for zero, completes them to bytes that are dropped.
fn decode(text: &str, filler: &str, bytes: usize) -> Option<Vec<u8>> {
    let text = Zeroizing::new([text, filler].concat());
    let mut buffer = Zeroizing::new([0; 24]);
    let decoded = Base64Bcrypt::decode(text.as_bytes(), buffer.as_mut_slice()).ok()?;
    Some(decoded.get(..bytes)?.to_vec())
}

impl Bcrypt {
    pub(super) fn compute(&self, password: &[u8], salt: &[u8], tag: &mut [u8]) -> Result<(), HashError> {
        // The NUL after the password tells `x` from `xx`; it has no room after 72 bytes, and needs none: nothing longer
        // is compared.
        let mut key = Zeroizing::new([0; MAX_PASSWORD_BYTES]);
        key.iter_mut().zip(password).for_each(|(key, byte)| *key = *byte);
        let used = password.len().saturating_add(1).min(MAX_PASSWORD_BYTES);
        let key = key.get(..used).unwrap_or_default();
        let salt = salt.try_into().map_err(failed)?;
        let computed = Zeroizing::new(::bcrypt::bcrypt(self.cost, salt, key));
        tag.iter_mut().zip(computed.iter()).for_each(|(tag, byte)| *tag = *byte);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{is_unread, verify};

    /// Of jBCrypt's tests and OpenBSD's, of passlib's documentation, and one with letters beyond ASCII.
    const KNOWN: [(&str, &str); 6] = [
        ("", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
        ("a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
        ("abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
        ("abcdefghijklmnopqrstuvwxyz", "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC"),
        (
            "~!@#$%^&*()      ~!@#$%^&*()PNBFRD",
            "$2a$06$fPIsBO8qRqkjj273rfaOI.HtSV9jLDpTbZn782DC6/t7qT67P6FfO",
        ),
        ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    ];

    /// R85: hashes made elsewhere verify, under each of the names.
    #[test]
    fn r85_known_bcrypt_hashes_verify() {
        let hasher = Argon2Hasher::weak_for_tests();
        for (password, text) in KNOWN {
            for name in ["$2a$", "$2b$", "$2y$"] {
                let text = text.replace("$2a$", name);
                assert!(verify(&hasher, password, &text), "{text}");
                assert!(!verify(&hasher, &format!("{password}x"), &text), "{text}");
            }
            assert!(is_unread(&text.replace("$2a$", "$2x$")));
        }
    }

    /// R84: bcrypt reads 72 bytes. A longer password matches nothing, so that none is taken for another with the same beginning.
    #[test]
    fn r84_no_password_is_cut() {
        let hasher = Argon2Hasher::weak_for_tests();
        // Of OpenBSD's implementation, which cuts: the hash of 72 characters, and of whatever begins with them.
        let text = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
        let long = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        assert_eq!(long.len(), MAX_PASSWORD_BYTES);
        assert!(verify(&hasher, long, text));
        for other in [format!("{long}chars after 72 are ignored"), format!("{long}x"), long[..71].to_string()]
        {
            assert!(!verify(&hasher, &other, text), "{other}");
        }
    }

    /// bcrypt repeats the password with NULs between, so these have the hash of `a`.
    #[test]
    fn a_nul_makes_no_password_another() {
        let hasher = Argon2Hasher::weak_for_tests();
        let (_, of_a) = KNOWN[1];
        for password in ["a\0a", "a\0a\0a", "\0", "a\0"] {
            assert!(!verify(&hasher, password, of_a), "{password:?}");
        }
        let (_, of_nothing) = KNOWN[0];
        assert!(!verify(&hasher, "\0", of_nothing));
    }

    /// The bits that the last characters have to spare say nothing.
    #[test]
    fn spare_bits_are_ignored() {
        let hasher = Argon2Hasher::weak_for_tests();
        let text = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        let spare = "$2a$05$CCCCCCCCCCCCCCCCCCCCC/E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        assert!(verify(&hasher, "U*U", text) && verify(&hasher, "U*U", spare));
        assert!(!verify(&hasher, "U*V", spare));
    }

    /// Law 13: a cost beyond the bound is years away; a text that is nearly one is none.
    #[test]
    fn law13_what_is_malformed_or_asks_for_too_much_is_not_read() {
        let (_, good) = KNOWN[1];
        assert!(!is_unread(good) && !is_unread(&good.replace("$06$", "$15$")));
        for bad in [
            good.replace("$06$", "$16$"),
            good.replace("$06$", "$31$"),
            good.replace("$06$", "$99$"),
            good.replace("$06$", "$03$"),
            good.replace("$06$", "$00$"),
            good.replace("$06$", "$6$"),
            good.replace("$06$", "$+6$"),
            good.replace("$06$", "$006$"),
            good.replace("$06$", "$$"),
            good.replace("$2a$", "$2$"),
            good.replace("$2a$", "2a$"),
            good.replace("m0C", "m+C"),
            good.replace("m0C", "mC"),
            good.replace("Vfxe", "Vfx"),
            good.replace("Vfxe", "Vfxee"),
            good.replace("Vfxe", "Vfx="),
        ] {
            assert!(is_unread(&bad), "{bad}");
        }
    }
}
