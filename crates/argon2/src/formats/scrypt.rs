//! `$scrypt$ln=…,r=…,p=…$salt$tag` (RFC 7914), as passlib and others write it.

use argon2::password_hash::phc;
use countersign::host::HashError;
use scrypt::Params;

use super::numbers;
use crate::{Argon2Hasher, failed};

/// scrypt with its parameters.
pub(crate) struct Scrypt {
    params: Params,
    /// What it allocates at once, in bytes.
    bytes: usize,
}

/// Bounded by what bounds Argon2. The memory is written once and read once for each `p`.
pub(super) fn read(phc: &phc::PasswordHash) -> Option<Scrypt> {
    let [log_n, r, p] = numbers(&phc.params, ["ln", "r", "p"], &[])?;
    if phc.version.is_some() || log_n == 0 || r == 0 || p == 0 {
        return None;
    }
    let n = 1_u64.checked_shl(log_n)?;
    let blocks = u64::from(r).saturating_mul(n.saturating_add(u64::from(p)));
    // A block has 128 bytes.
    let kib = blocks.div_ceil(8);
    let work = kib.saturating_mul(2).saturating_mul(u64::from(p));
    if kib > u64::from(Argon2Hasher::MAX_MEMORY_KIB) || work > Argon2Hasher::MAX_WORK_KIB {
        return None;
    }
    let params = Params::new(u8::try_from(log_n).ok()?, r, p).ok()?;
    Some(Scrypt { params, bytes: usize::try_from(kib).ok()?.checked_mul(1024)? })
}

impl Scrypt {
    pub(super) fn compute(&self, password: &[u8], salt: &[u8], tag: &mut [u8]) -> Result<(), HashError> {
        // The crate aborts the process where there is no memory. Asked for here first, it is an error instead.
        Vec::<u8>::new().try_reserve_exact(self.bytes).map_err(failed)?;
        scrypt::scrypt(password, salt, &self.params, tag).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use crate::Argon2Hasher;
    use crate::tests::{is_unread, verify};

    /// Of passlib's documentation; the third example of RFC 7914 §12 in this form; one of Python's `hashlib`.
    const KNOWN: [(&str, &str); 3] = [
        (
            "password",
            "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
        ),
        (
            "pleaseletmein",
            "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw",
        ),
        (
            "pässwörd",
            "$scrypt$ln=4,r=3,p=5$AAECAwQFBgcICQoLDA0ODw$IMi3ygRUuEfZ6cdeMjVJc0Gn74EqFLu3r5wbU/PUJuA",
        ),
    ];

    /// R85: hashes made elsewhere verify.
    #[test]
    fn r85_known_scrypt_hashes_verify() {
        let hasher = Argon2Hasher::weak_for_tests();
        for (password, text) in KNOWN {
            assert!(verify(&hasher, password, text), "{text}");
            assert!(!verify(&hasher, &format!("{password}x"), text), "{text}");
            assert!(!verify(&hasher, &format!("{password}\0"), text), "HMAC fills up with zeros: {text}");
        }
    }

    /// R84: whatever its length, the whole password counts.
    #[test]
    fn r84_no_password_is_cut() {
        let hasher = Argon2Hasher::weak_for_tests();
        let text = "$scrypt$ln=4,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$lBurlm6pLDqu+K/xe52qp7hsvNdDJx3Sky1pa/QZpZg";
        let long = "x".repeat(1024);
        assert!(verify(&hasher, &long, text));
        assert!(!verify(&hasher, &long[1..], text));
    }

    /// Law 13: neither a terabyte nor a year.
    #[test]
    fn law13_what_is_malformed_or_asks_for_too_much_is_not_read() {
        let (_, good) = KNOWN[0];
        let with = |params: &str| good.replace("ln=16,r=8,p=1", params);
        for fine in ["ln=16,r=8,p=1", "ln=20,r=8,p=1", "ln=1,r=1,p=1", "ln=14,r=8,p=64", "p=1,r=8,ln=16"] {
            assert!(!is_unread(&with(fine)), "{fine}");
        }
        for bad in [
            "ln=22,r=8,p=1",
            "ln=21,r=8,p=2",
            "ln=63,r=1,p=1",
            "ln=64,r=1,p=1",
            "ln=272,r=8,p=1",
            "ln=4294967295,r=4294967295,p=4294967295",
            "ln=1,r=4294967295,p=1",
            "ln=1,r=1,p=4294967295",
            "ln=1,r=65536,p=65536",
            "ln=14,r=8,p=1000",
            "ln=0,r=8,p=1",
            "ln=16,r=0,p=1",
            "ln=16,r=8,p=0",
            "ln=16,r=8",
            "r=8,p=1",
            "ln=16,r=8,p=1,x=1",
            "ln=16,r=8,p=1,ln=63",
            "ln=16,r=8,p=-1",
        ] {
            assert!(is_unread(&with(bad)), "{bad}");
        }
        assert!(is_unread(&good.replace("$scrypt$", "$scrypt$v=1$")));
    }
}
