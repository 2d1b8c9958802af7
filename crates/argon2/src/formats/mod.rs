//! Hashes as they are stored: what each asks to be computed, and at what price.
//!
//! Every reader bounds the work before any is done: whoever can write one text into the store, or have one
//! imported, must not be able to stop the host with it (law 13). What has no reader, or asks for more, is `None`.

pub(crate) mod argon2;
mod bcrypt;
mod pbkdf2;
mod scrypt;

use ::argon2::password_hash::phc;
use countersign::host::HashError;
use zeroize::Zeroizing;

use crate::memory::Memory;

/// A stored hash that can be checked: what to compute, and what it must come to.
pub(crate) struct Stored {
    pub(crate) function: Function,
    pub(crate) salt: Vec<u8>,
    pub(crate) tag: Zeroizing<Vec<u8>>,
}

/// One function with its parameters, within bounds.
pub(crate) enum Function {
    Argon2(argon2::Argon2),
    Bcrypt(bcrypt::Bcrypt),
    Scrypt(scrypt::Scrypt),
    Pbkdf2(pbkdf2::Pbkdf2),
}

impl Stored {
    /// `None` if `text` is no hash that can be checked here at a bounded price.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if let Some((function, salt, tag)) = bcrypt::read(text) {
            return Some(Self { function: Function::Bcrypt(function), salt, tag: Zeroizing::new(tag) });
        }
        let phc = phc::PasswordHash::new(text).ok()?;
        let (salt, tag) = (phc.salt?, phc.hash?);
        let function = match phc.algorithm.as_str() {
            "argon2id" | "argon2i" | "argon2d" => Function::Argon2(argon2::read(&phc)?),
            "scrypt" => Function::Scrypt(scrypt::read(&phc)?),
            "pbkdf2-sha256" | "pbkdf2-sha512" => Function::Pbkdf2(pbkdf2::read(&phc, tag.len())?),
            _ => return None,
        };
        let tag = Zeroizing::new(tag.as_bytes().to_vec());
        Some(Self { function, salt: salt.as_ref().to_vec(), tag })
    }
}

impl Function {
    /// Whether two passwords, of which this is one, always have two hashes.
    ///
    /// The older functions do not tell `x` from `x` with a NUL character after it: bcrypt repeats the password with a NUL
    /// between, HMAC fills it up with zeros. Nobody types one; who sends one gets no match.
    pub(crate) fn takes(&self, password: &[u8]) -> bool {
        match self {
            Self::Argon2(_) => true,
            Self::Bcrypt(_) => password.len() <= bcrypt::MAX_PASSWORD_BYTES && !password.contains(&0),
            Self::Scrypt(_) | Self::Pbkdf2(_) => !password.contains(&0),
        }
    }

    /// Fills `tag`, which has the length that the stored one has.
    ///
    /// # Errors
    /// [`HashError`] if there is no memory.
    pub(crate) fn compute(
        &self,
        memory: &Memory,
        password: &[u8],
        salt: &[u8],
        tag: &mut [u8],
    ) -> Result<(), HashError> {
        match self {
            Self::Argon2(function) => function.compute(memory, password, salt, tag),
            Self::Bcrypt(function) => function.compute(password, salt, tag),
            Self::Scrypt(function) => function.compute(password, salt, tag),
            Self::Pbkdf2(function) => {
                function.compute(password, salt, tag);
                Ok(())
            }
        }
    }
}

/// The parameters called `names`, if each is there once, is a number, and there is none but these and those `besides`.
fn numbers<const N: usize>(
    params: &phc::ParamsString,
    names: [&str; N],
    besides: &[&str],
) -> Option<[u32; N]> {
    let known = |name: &str| names.contains(&name) || besides.contains(&name);
    let once = |name: &str| params.iter().filter(|(other, _)| other.as_str() == name).count() == 1;
    if !params.iter().all(|(name, _)| known(name.as_str()) && once(name.as_str())) {
        return None;
    }
    let mut numbers = [0; N];
    for (number, name) in numbers.iter_mut().zip(names) {
        *number = params.get_decimal(name)?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Argon2Hasher;
    use crate::tests::verify;

    /// One of each, all of `password` but the second, which is of `U*U`: cheap, so that each can be tried many times.
    const KNOWN: [(&str, &str, usize); 5] = [
        (
            "password",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            32,
        ),
        ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", 23),
        (
            "password",
            "$scrypt$ln=4,r=2,p=1$AAECAwQFBgcICQoLDA0ODw$U2Djb7WKy15hMJgtxSuD44tT5uyjQDQZxDEk+JWWrtE",
            32,
        ),
        (
            "password",
            "$pbkdf2-sha256$i=3$AAECAwQFBgcICQoLDA0ODw$g/At92F38IfbCSBkQBX4HIPE5xxsqUyzr3lO7jcGYw8",
            32,
        ),
        (
            "password",
            "$pbkdf2-sha512$i=3$AAECAwQFBgcICQoLDA0ODw$4WMGn2ZbOh5BF4SUsZ/4IDZqBk64uICx+PmRlU3r4zbRD4veLbM3CAfHRcI7hSpNUaziuS6rCMJ19A8E1QfxRg",
            64,
        ),
    ];

    /// Law 11: nothing short of the whole tag is compared: with any one of its characters another, nothing matches.
    #[test]
    fn law11_every_character_of_the_tag_counts() {
        let hasher = Argon2Hasher::weak_for_tests();
        for (password, text, bytes) in KNOWN {
            assert!(verify(&hasher, password, text), "{text}");
            assert_eq!(Stored::read(text).unwrap().tag.len(), bytes);
            let digits = (bytes * 8).div_ceil(6);
            for at in text.len() - digits..text.len() {
                // The first half of either alphabet has bits of the second that are never to spare.
                let other = if text.as_bytes()[at].is_ascii_uppercase() { "w" } else { "A" };
                let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
                assert!(!verify(&hasher, password, &changed), "{changed}");
            }
        }
    }
}
