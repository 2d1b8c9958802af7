//! Any text as a stored password hash, and any text as a password: a match for the right one, and never a panic.
//!
//! The first byte says what the text is: itself, or one of the known hashes with some of its characters changed. Then a length and
//! a password; the rest is the text, or the changes.
//!
//! Beside `targets`, since those are replayed by the root's tests and this one by `crates/argon2`'s.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, missing_docs, unreachable_pub, reason = "tests")]

use std::sync::LazyLock;

use countersign::host::PasswordHasher;
use countersign::{Password, PasswordHash, Salt};
use countersign_argon2::Argon2Hasher;

/// One hasher for all inputs, so that what one leaves behind in its memory is what the next one finds.
static HASHER: LazyLock<Argon2Hasher> = LazyLock::new(|| Argon2Hasher::weak_for_tests().keeping(1));

/// Cheap hashes of known passwords, one of each kind.
const KNOWN: [(&str, &str); 9] = [
    (
        "password",
        "$argon2id$v=19$m=16,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$Xwfjs23fPAdBe2FnfvjF9Jg1d1iSnOp80Vi83xYMD2A",
    ),
    (
        "password",
        "$argon2i$v=19$m=16,t=2,p=2$AAECAwQFBgcICQoLDA0ODw$EGGn0tmpIzeUtNRzpbZfu7E/8MtUTzgtSmSFlXJqHW0",
    ),
    ("password", "$argon2d$m=16,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$ACS01ilxRx03KUNMdTMIHrvcOnk/BrosyKNpEU7X4Lg"),
    ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    ("", "$2b$04$..CA.uOD/eaGAOmJB.yMBuq1wbVgYezarXi1FgOYk1qMNtxVndjJm"),
    ("password", "$scrypt$ln=4,r=2,p=1$AAECAwQFBgcICQoLDA0ODw$U2Djb7WKy15hMJgtxSuD44tT5uyjQDQZxDEk+JWWrtE"),
    ("password", "$pbkdf2-sha256$i=3$AAECAwQFBgcICQoLDA0ODw$g/At92F38IfbCSBkQBX4HIPE5xxsqUyzr3lO7jcGYw8"),
    (
        "password",
        "$pbkdf2-sha512$i=3$AAECAwQFBgcICQoLDA0ODw$4WMGn2ZbOh5BF4SUsZ/4IDZqBk64uICx+PmRlU3r4zbRD4veLbM3CAfHRcI7hSpNUaziuS6rCMJ19A8E1QfxRg",
    ),
    // All that bcrypt reads.
    (
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
    ),
];

pub fn password_hash(data: &[u8]) {
    let [what, length, rest @ ..] = data else { return };
    let (password, rest) = rest.split_at(usize::from(*length).min(rest.len()));
    let typed = String::from_utf8_lossy(password);
    let Ok(password) = Password::typed(&typed) else { return assert!(typed.len() > 300, "R84") };
    let known = KNOWN.get(usize::from(*what) % (KNOWN.len() + 1));
    let text = match known {
        Some((_, text)) => changed(text, rest),
        None => String::from_utf8_lossy(rest).into_owned(),
    };

    if let Some((right, text)) = known {
        let hash = PasswordHash::new(text).unwrap();
        let right = Password::typed(right).unwrap();
        assert!(matches(&right, &hash), "R85: {text}");
        others(&right, &hash);
        assert_eq!(matches(&password, &hash), password.expose() == right.expose(), "R84: {text}");
        assert!(HASHER.rehash_due(&hash), "R85: {text}");
    }
    match PasswordHash::new(&text) {
        Ok(hash) => checked(&password, &hash),
        Err(_) => assert!(text.is_empty() || text.len() > 256 || !text.bytes().all(|b| b.is_ascii_graphic())),
    }
    // What is made here is taken here, for nothing but the password it was made of.
    let salt = Salt::from_bytes([*what; 16]);
    let own = HASHER.hash(&password, &salt).unwrap();
    assert!(matches(&password, &own) && !HASHER.rehash_due(&own));
    others(&password, &own);
}

/// The text with a character in another's place for each two bytes.
fn changed(text: &str, changes: &[u8]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for change in changes.chunks_exact(2) {
        let at = usize::from(change[0]) % bytes.len();
        match change[1] {
            byte @ 0x21..=0x7e => bytes[at] = byte,
            byte if byte >= 0x80 && bytes.len() > 1 => drop(bytes.remove(at)),
            byte => bytes.insert(at, b'0' + byte % 10),
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn matches(password: &Password, hash: &PasswordHash) -> bool {
    HASHER.verify(password, hash).unwrap()
}

/// A text that may be anything: the answer is the same each time, and yes to one password at most.
fn checked(password: &Password, hash: &PasswordHash) {
    let text = hash.expose();
    let present = text.starts_with("$argon2id$v=19$") && text.contains("m=8") && text.contains("t=1");
    assert!(HASHER.rehash_due(hash) || present, "R85: {text}");
    match price(text) {
        Price::Little => {
            let right = Password::typed("password").unwrap();
            if matches(password, hash) {
                assert!(matches(password, hash), "{text}");
                others(password, hash);
            }
            if matches(&right, hash) {
                others(&right, hash);
            }
        }
        // It would take seconds, which is within the bounds but not a fuzzer's time.
        Price::Allowed => {}
        // Law 13: were it computed, this would not end.
        Price::TooMuch => assert!(!matches(password, hash), "{text}"),
    }
}

/// R84: nothing that looks like the right password to a function that cuts, folds or fills up.
fn others(password: &Password, hash: &PasswordHash) {
    let right = password.expose();
    let cut: String = right.chars().take(right.chars().count().saturating_sub(1)).collect();
    for other in [
        cut,
        format!("{right}\0"),
        format!("{right}\0{right}"),
        format!("{right} "),
        format!("{right}{}", "x".repeat(72)),
        right.to_uppercase(),
        right.to_lowercase(),
    ] {
        let Ok(other) = Password::typed(&other) else { continue };
        if other.expose() != right {
            assert!(!matches(&other, hash), "R84: {:?} for {right:?}, {}", other.expose(), hash.expose());
        }
    }
}

enum Price {
    Little,
    Allowed,
    TooMuch,
}

/// What a text asks for, read without the crate's own readers: the greatest number of each name.
fn price(text: &str) -> Price {
    let fields = || text.split(['$', ',']);
    let number = |name: &str| {
        let values = fields().filter_map(|field| field.split_once('=').filter(|(key, _)| *key == name));
        // What is no number of 64 bits is none that any reader takes.
        values.filter_map(|(_, value)| value.parse::<u64>().ok()).max().unwrap_or(0)
    };
    let [m, t, p, ln, r, i] = ["m", "t", "p", "ln", "r", "i"].map(number);
    let cost: u64 =
        fields().nth(2).filter(|_| text.starts_with("$2")).and_then(|cost| cost.parse().ok()).unwrap_or(0);
    let too_much = m > Argon2Hasher::MAX_MEMORY_KIB.into()
        || (text.starts_with("$argon2") && m.saturating_mul(t) > Argon2Hasher::MAX_WORK_KIB)
        || (text.starts_with("$scrypt") && (ln > 30 || r > 1 << 25 || p > 1 << 25))
        || i > Argon2Hasher::MAX_PBKDF2_ROUNDS.into()
        || cost > Argon2Hasher::MAX_BCRYPT_COST.into();
    if too_much {
        Price::TooMuch
    } else if m <= 256 && t <= 8 && p <= 8 && ln <= 8 && r <= 16 && i <= 1000 && cost <= 5 {
        Price::Little
    } else {
        Price::Allowed
    }
}
