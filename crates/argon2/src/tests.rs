//! The hasher from the outside: what it makes, what it takes, and what it refuses to compute.

use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::*;

pub(crate) const SALT: Salt = Salt::from_bytes(*b"sixteen bytes of");

pub(crate) fn typed(text: &str) -> Password {
    Password::typed(text).unwrap()
}

pub(crate) fn verify(hasher: &Argon2Hasher, text: &str, phc: &str) -> bool {
    hasher.verify(&typed(text), &PasswordHash::new(phc).unwrap()).unwrap()
}

pub(crate) fn is_unread(text: &str) -> bool {
    Stored::read(text).is_none()
}

fn rehash_due(hasher: &Argon2Hasher, text: &str) -> bool {
    hasher.rehash_due(&PasswordHash::new(text).unwrap())
}

#[test]
fn recommended_is_what_owasp_recommends() {
    let params = Argon2Hasher::recommended().own.params.clone();
    assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (19 * 1024, 2, 1));
    let params = Argon2Hasher::weak_for_tests().own.params.clone();
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

/// B064, law 8: nothing to match is answered after the same work, and as a mismatch.
#[test]
fn b064_what_is_not_understood_matches_nothing_after_one_own_hash() {
    let hasher = Argon2Hasher::weak_for_tests();
    let good = hasher.hash(&typed("password"), &SALT).unwrap();
    let good = good.expose();
    let long = "x".repeat(73);
    let bcrypt = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";
    for (password, text) in [
        ("password", "garbage"),
        ("password", "$"),
        ("password", "$argon2id"),
        ("password", "$argon2id$v=19$m=8,t=1,p=1"),
        ("password", "$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyBvZg"),
        ("password", "$1$abcdefgh$kU9GmjBgWkT1vQ1v9Q1v90"),
        ("password", "5f4dcc3b5aa765d61d8327deb882cf99"),
        ("password", &good.replace("argon2id", "argon2x")),
        ("password", &good.replace("v=19", "v=18")),
        ("password", &good.replace("m=8,", "m=7,")),
        ("password", &good.replace("m=8,", "")),
        ("password", &good.replace("m=8,", "m=8,m=8,")),
        ("password", &good.replace("t=1", "t=0")),
        ("password", &good.replace("p=1", "p=2")),
        ("password", &good.replace("p=1", "p=1,keyid=AAAA")),
        ("password", &good.replace("p=1", "p=1,x=1")),
        ("password", &good.replace("c2l4dGVlbiBieXRlcyBvZg", "c2hvcnQ")),
        ("password", &good.replace("$m=8,t=1,p=1", "")),
        ("password", &good.replace("m=8,t=1,p=1", "m=2097153,t=1,p=1")),
        ("password", &bcrypt.replace("$12$", "$16$")),
        ("pass\0word", bcrypt),
        (&long, bcrypt),
    ] {
        let lent = hasher.memory.lent.load(Ordering::SeqCst);
        assert!(!verify(&hasher, password, text), "{text}");
        assert_eq!(hasher.memory.lent.load(Ordering::SeqCst), lent + 1, "{text}");
        assert!(rehash_due(&hasher, text) || text == bcrypt, "{text}");
    }
    assert!(verify(&hasher, "password", good));
}

/// R85: whatever differs from what is made now is made anew, and what is made now is not.
#[test]
fn r85_a_rehash_is_due_for_everything_but_the_present_form() {
    for hasher in [Argon2Hasher::weak_for_tests(), Argon2Hasher::recommended()] {
        let now = hasher.hash(&typed("password"), &SALT).unwrap();
        let now = now.expose();
        assert!(!rehash_due(&hasher, now) && !rehash_due(&hasher.clone().keeping(0), now));
        let costs = hasher.own.params.to_string();
        let (front, tag) = now.rsplit_once('$').unwrap();
        for other in [
            now.replace("argon2id", "argon2i"),
            now.replace("argon2id", "argon2d"),
            now.replace("v=19", "v=16"),
            now.replace("$v=19", ""),
            now.replace(&costs, "m=16,t=1,p=1"),
            now.replace(&costs, "m=19456,t=3,p=1"),
            now.replace(&costs, "m=19457,t=2,p=1"),
            now.replace(&costs, "m=19456,t=2,p=2"),
            now.replace(&costs, &format!("{costs},data=AAAA")),
            now.replace(&costs, &format!("{costs},keyid=AAAA")),
            now.replace("c2l4dGVlbiBieXRlcyBvZg", "c2l4dGVlbiBieXRlcyBvZmY"),
            now.replace("c2l4dGVlbiBieXRlcyBvZg", "c2l4dGVlbiBieXRlcyBv"),
            format!("{front}${}", &tag[..22]),
            format!("{front}${tag}AAAA"),
            front.to_string(),
            "garbage".into(),
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW".into(),
            "$scrypt$ln=17,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E".into(),
            "$pbkdf2-sha256$i=600000$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E"
                .into(),
        ] {
            assert!(rehash_due(&hasher, &other), "{other}");
        }
    }
    let weak = Argon2Hasher::weak_for_tests().hash(&typed("password"), &SALT).unwrap();
    assert!(Argon2Hasher::recommended().rehash_due(&weak));
}

/// R84: the whole password counts, to the last byte of the longest.
#[test]
fn r84_the_whole_password_is_verified() {
    let hasher = Argon2Hasher::weak_for_tests();
    let longest = "x".repeat(Password::MAX_BYTES);
    let hash = hasher.hash(&typed(&longest), &SALT).unwrap();
    assert!(verify(&hasher, &longest, hash.expose()));
    for cut in [72, 73, Password::MAX_BYTES - 1] {
        assert!(!verify(&hasher, &longest[..cut], hash.expose()), "{cut}");
    }
    let upper = format!("{}X", &longest[1..]);
    assert!(!verify(&hasher, &upper, hash.expose()), "case counts");
}

/// Hashes made at once on shared memory are those made one after the other.
#[test]
fn clones_hash_at_once() {
    let hasher = Argon2Hasher::with_params(7_168, 5, 1).unwrap().keeping(1);
    let expected = hasher.hash(&typed("password"), &SALT).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (hasher, expected) = (hasher.clone(), &expected);
            scope.spawn(move || {
                for _ in 0..3 {
                    assert!(hasher.hash(&typed("password"), &SALT).unwrap().matches(expected));
                }
            });
        }
    });
}

/// Law 13: a stored text cannot ask for a terabyte or a year. (Were it not refused, this test would fail or
/// not end.)
#[test]
fn law13_hashes_that_ask_for_too_much_match_nothing() {
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
        text in "[!-~]{1,60}\
            |\\$argon2(id|i|d)(\\$v=(16|19|20))?\\$m=[0-9]{1,3},t=[0-9],p=[0-9]\\$[A-Za-z0-9+/]{0,24}\\$[A-Za-z0-9+/]{0,90}\
            |\\$2[abxy]\\$0[3-5]\\$[./A-Za-z0-9]{53}\
            |\\$scrypt\\$ln=[0-9],r=[0-9],p=[0-9]\\$[A-Za-z0-9+/]{8,24}\\$[A-Za-z0-9+/]{8,90}\
            |\\$pbkdf2-sha(256|512)\\$i=[0-9]{1,3}\\$[A-Za-z0-9+/]{8,24}\\$[A-Za-z0-9+/]{8,90}",
        password in "\\PC{0,80}",
    ) {
        let hash = PasswordHash::new(&text).unwrap();
        let hasher = Argon2Hasher::weak_for_tests();
        prop_assert_eq!(hasher.verify(&typed(&password), &hash), Ok(false));
        prop_assert!(hasher.rehash_due(&hash) || text.starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
    }
}
