//! Steps 1 to 3, and 5: who knew a password signs in with it, and it is hashed anew; nobody else learns anything.

use countersign::host::PasswordHasher;
use countersign::{Client, Identifier, Password, PasswordHash, Recover};
use existing::before;
use existing::door::{Answer, whose};
use existing::hashes::{Hashes, legacy, wrap_all};

use crate::harness::*;

/// Each of the three: not with a wrong password, in with the right one, hashed anew, out of the column, and in again.
#[test]
fn each_kind_signs_in_is_rehashed_and_signs_in_again() {
    let world = World::new();
    for (at, (email, password)) in [ADA, BOB, CLEO].into_iter().enumerate() {
        let (id, capital) = (at as i64 + 1, email.to_uppercase());
        for wrong in ["", "x", "ada has a garden ", &world.column(id).unwrap(), before_digest(id)] {
            assert_eq!(world.refused((email, wrong)), "invalid_credentials", "{email} {wrong}");
        }
        world.hasher.noted();
        let session = world.session((&capital, password));
        let noted = world.hasher.noted();
        assert_eq!(noted.len(), 2, "checked once and hashed once: {noted:?}");
        assert!(!noted[0].starts_with("$argon2id$") && noted[1] == "-", "{noted:?}");
        assert_eq!(
            whose(&world.app, HERE, &session.expose()).unwrap(),
            crate::harness::id(id),
            "his own row"
        );

        assert!(world.column(id).is_some(), "until it is retired");
        assert_eq!(world.app.retire().unwrap(), 1);
        assert_eq!(world.column(id), None);
        assert_eq!(world.refused((email, "x")), "invalid_credentials");
        world.hasher.noted();
        let _ = world.session((email, password));
        let noted = world.hasher.noted();
        assert!(noted.len() == 1 && noted[0].starts_with("$argon2id$"), "now it is as any: {noted:?}");
    }
    assert_eq!(world.app.retire().unwrap(), 0);
}

/// The hexadecimal digest itself, which opens nothing.
fn before_digest(id: i64) -> &'static str {
    if id == 3 { "47d6d24a9f67573b21dbf655511fbff9d92cefcc" } else { "y" }
}

/// What a stranger sees, and what is done for him, is the same for everybody.
#[test]
fn unknown_and_known_are_told_alike() {
    let world = World::new();
    let mut seen = Vec::new();
    for who in [
        ("nobody@example.com", "x"),
        (ADA.0, "x"),
        (CLEO.0, "x"),
        DAN,
        (EVE.0, "x"),
        ("fay@example.com", "x"),
    ]
    .into_iter()
    .chain([("gus@example.com", "$unknown$"), ("gus@example.com", "!")])
    {
        world.hasher.noted();
        let Answer::No { status, name, retry_after } = world.sign_in(who) else { panic!("{who:?}") };
        seen.push((status, name, retry_after, world.hasher.noted().len()));
    }
    seen.dedup();
    assert_eq!(seen, [(401, "invalid_credentials", None, 1)]);
    assert_eq!(world.mails.sent(), []);
}

/// Step 3: while people use the old door, which knows the new form; nothing that is wrapped opens to its own digest.
#[test]
fn the_worst_hashes_are_wrapped_while_the_old_door_is_open() {
    let place = Place::before();
    let (db, hashes) = (place.db(), Hashes::weak_for_tests());
    let old = |who: (&str, &str)| before::sign_in(&db, who.0, who.1).unwrap().is_some();
    let stored = || -> String {
        db.query_row("SELECT password_hash FROM users WHERE id = 3", [], |row| row.get(0)).unwrap()
    };
    let digest = stored();
    assert!(old(ADA) && old(("Bob@Example.com", BOB.1)) && old(CLEO));
    assert!(!old(BOB), "the old door wants it letter by letter");
    assert_eq!(wrap_all(&db, &hashes).unwrap(), 1);
    assert_eq!(wrap_all(&db, &hashes).unwrap(), 0, "once");
    let wrapped = stored();
    assert!(wrapped.starts_with("argon2-of-sha1$a1b2c$$argon2id$v=19$"), "{wrapped}");
    assert!(!wrapped.contains("47d6d24a"));
    assert!(old(ADA) && old(CLEO) && !old(DAN));
    for wrong in ["cleo", &digest, &digest[11..], &wrapped] {
        assert!(!old((CLEO.0, wrong)), "{wrong}");
    }
    let opens = |stored: &str, password: &str| {
        let stored = PasswordHash::new(stored).unwrap();
        hashes.verify(&Password::typed(password).unwrap(), &stored).unwrap()
    };
    assert!(opens(&wrapped, CLEO.1));
    assert!(!opens(&wrapped.replace("$a1b2c$", "$a1b2d$"), CLEO.1));
    assert!(!opens(&digest, CLEO.1), "not wrapped, it opens nothing at the new door");
    for none in ["sha1$a$b", "sha1$", "md5$a$47d6d24a9f67573b21dbf655511fbff9d92cefcc", ""] {
        assert_eq!(hashes.wrap(none).unwrap(), None, "{none}");
    }
}

/// Step 2: what the column may hold, and what the hasher is handed for it.
#[test]
fn what_nobody_could_check_matches_nothing() {
    let text = |stored: &str| legacy(stored).unwrap().expose().to_owned();
    assert_eq!(text("$2b$06$x"), "$2b$06$x");
    assert_eq!(text("pbkdf2_sha256$9$salty$AAAA"), "$pbkdf2-sha256$i=9$c2FsdHk$AAAA");
    for bad in ["", "two words", "pbkdf2_sha256$9$salt", "pbkdf2_sha256$9$salt$%%%", &"x".repeat(300)] {
        assert_eq!(text(bad), "!", "{bad}");
    }
    let (hashes, typed) = (Hashes::weak_for_tests(), |text: &str| Password::typed(text).unwrap());
    for stored in
        ["!", "argon2-of-sha1$", "argon2-of-sha1$a$", "argon2-of-sha1$a$!", "pbkdf2_sha256$9$salt$AAAA"]
    {
        let stored = PasswordHash::new(stored).unwrap();
        assert_eq!(hashes.verify(&typed(""), &stored), Ok(false));
        assert!(hashes.rehash_due(&stored));
    }
}

/// The last day: who came goes on; who did not is known, opens to nothing, and comes in by mail.
#[test]
fn after_the_last_day_a_mail_leads_in() {
    let world = World::new();
    let _ = world.session(ADA);
    assert_eq!(world.app.retire().unwrap(), 1);
    assert_eq!(world.app.last_day().unwrap(), 5, "Bob, Cleo, Dan, Eve and Gus");
    assert_eq!(world.app.last_day().unwrap(), 0);
    let _ = world.session(ADA);
    world.hasher.noted();
    for who in [BOB, CLEO, (BOB.0, "!")] {
        assert_eq!(world.refused(who), "invalid_credentials");
        assert_eq!(world.hasher.noted(), ["!"], "one hash, as for anybody");
    }
    for (who, mailed) in
        [(BOB, vec![("Bob@Example.com".to_owned(), "recovery_code")]), (DAN, vec![]), (EVE, vec![])]
    {
        let identifier = Identifier::parse(who.0).unwrap();
        let recover = Recover { client: Client::ip(HERE), identifier, locale: None };
        assert!(world.app.desk.run(recover).unwrap().granted().is_some(), "as for anybody");
        assert_eq!(world.mails.sent(), mailed);
    }
    let left =
        "SELECT (SELECT count(*) FROM retired_hashes) + count(*) FROM users WHERE length(password_hash) > 1";
    assert_eq!(world.place.db().query_row(left, [], |row| row.get(0)), Ok(0));
}
