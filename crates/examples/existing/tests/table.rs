//! Steps 0, 1 and 4: what the table must be, what it becomes, and what it refuses from then on.

use countersign::host::{Created, Directory, NewAccount};
use countersign::{Identifier, IdentifierError, Profile};
use existing::check::{Problem, Report, check};
use existing::hashes::{Hashes, wrap_all};
use existing::prepare::prepare;
use rusqlite::{Connection, params};

use crate::harness::*;

fn add(db: &Connection, id: i64, email: &str) {
    let insert = "INSERT INTO users (id, email, name) VALUES (?1, ?2, 'x')";
    db.execute(insert, params![id, email]).unwrap();
}

fn who(text: &str) -> Identifier {
    Identifier::parse(text).unwrap()
}

#[test]
fn what_stands_in_the_way_is_found_and_nothing_is_done_before_it_is_put_right() {
    let place = Place::before();
    let mut db = place.db();
    let counts = Report { unproven: 1, disabled: 1, without_password: 2, to_wrap: 1, ..Report::default() };
    assert_eq!(check(&db).unwrap(), counts);
    assert!(prepare(&mut db).unwrap_err().to_string().contains("to_wrap: 1"), "wrap first");
    wrap_all(&db, &Hashes::weak_for_tests()).unwrap();

    // The database's own idea of upper and lower case ends with ASCII.
    let same: bool = db
        .query_row("SELECT lower('MÜLLER@example.com') = lower('müller@example.com')", [], |row| row.get(0))
        .unwrap();
    assert!(!same);
    for (id, email) in [
        (11, "BOB@example.com"),
        (12, "MÜLLER@example.com"),
        (13, "müller@example.com"),
        (14, "ａda@example.com"),
        (15, "gus"),
        (16, "hal@example.com, ida@example.com"),
        (17, " Kim@example.com "),
        (18, "lia＠example.com"),
    ] {
        add(&db, id, email);
    }
    let duplicate =
        |identifier: &str, ids: &[i64]| Problem::Duplicate { identifier: identifier.into(), ids: ids.into() };
    assert_eq!(
        check(&db).unwrap().problems,
        [
            Problem::NotAnAddress { id: 15, why: IdentifierError::NotOneMailbox },
            Problem::NotAnAddress { id: 16, why: IdentifierError::ForbiddenCharacter },
            Problem::NotAnAddress { id: 18, why: IdentifierError::ForbiddenCharacter },
            duplicate("ada@example.com", &[1, 14]),
            duplicate("bob@example.com", &[2, 11]),
            duplicate("müller@example.com", &[12, 13]),
        ]
    );
    assert!(prepare(&mut db).unwrap_err().to_string().contains("Duplicate"));
    assert!(db.prepare("SELECT identifier FROM users").is_err(), "all or nothing");
    db.execute("DELETE FROM users WHERE id IN (11, 12, 14, 15, 16, 18)", []).unwrap();
    assert_eq!(prepare(&mut db).unwrap(), Report { to_wrap: 0, unproven: 3, without_password: 4, ..counts });
    let normal = "SELECT identifier FROM users WHERE id IN (2, 13, 17) ORDER BY id";
    let normal: Vec<String> = db
        .prepare(normal)
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(normal, ["bob@example.com", "müller@example.com", "kim@example.com"]);
}

/// Whatever of the old application was forgotten is stopped by the table itself.
#[test]
fn the_table_refuses_what_belongs_to_the_new_door() {
    let world = World::new();
    let db = world.place.db();
    for sql in [
        "INSERT INTO users (email, name, password_hash) VALUES ('new@example.com', 'x', '$2b$')",
        "INSERT INTO users (email, name) VALUES ('new@example.com', 'x')",
        "INSERT INTO users (email, identifier, name, password_hash) VALUES ('new@example.com', 'new@example.com', 'x', '$2b$')",
        "UPDATE users SET password_hash = '$2b$06$x' WHERE id = 1",
        "UPDATE users SET password_hash = '$2b$06$x' WHERE id = 6",
        "UPDATE users SET email = 'other@example.com' WHERE id = 1",
        "DELETE FROM users WHERE id = 1",
        "UPDATE users SET identifier = 'bob@example.com' WHERE id = 1",
    ] {
        assert!(db.execute(sql, []).is_err(), "{sql}");
    }
    for sql in
        ["UPDATE users SET name = 'y' WHERE id = 1", "UPDATE users SET password_hash = NULL WHERE id = 1"]
    {
        assert_eq!(db.execute(sql, []), Ok(1), "{sql}");
    }
}

/// The contract of a directory; above all that whatever is done twice is done once.
#[test]
fn the_directory_keeps_the_contract() {
    let world = World::new();
    let users = &*world.app.users;
    let find = |text: &str| users.find(&who(text)).unwrap();
    let bob = find("BOB@example.com").unwrap();
    assert_eq!(
        (bob.account.clone(), bob.address.as_str()),
        (id(2), "Bob@Example.com"),
        "mail goes where it went"
    );
    assert!(bob.address_proven && bob.legacy.is_some());
    let dan = find("dan@example.com").unwrap();
    assert_eq!((dan.legacy.unwrap().expose(), dan.address_proven), ("!", false));
    assert!(!find("eve@example.com").unwrap().address_proven);
    assert!(find("fay@example.com").unwrap().legacy.is_none());
    assert!(find("nobody@example.com").is_none());

    let create = |text: &str| {
        let profile = Profile::new(b"Jo".to_vec()).unwrap();
        users.create(&NewAccount { identifier: who(text), profile }).unwrap()
    };
    let Created::Account(jo) = create("jo@example.com") else { panic!() };
    assert_eq!(create("Jo@example.com"), Created::Account(jo.clone()), "again");
    assert_eq!(create("fay@example.com"), Created::Account(id(6)), "without a password of her own");
    for taken in ["ada@example.com", "dan@example.com", "eve@example.com", "gus@example.com"] {
        assert_eq!(create(taken), Created::Taken, "{taken}");
    }

    world.place.db().execute("UPDATE users SET password_hash = NULL WHERE id = 4", []).unwrap();
    assert_eq!(create("dan@example.com"), Created::Taken, "shut out, whatever he has");

    let rename = |from: &str, to: &str| users.rename(&jo, &who(from), &who(to));
    for _ in 0..2 {
        assert_eq!(rename("jo@example.com", "joe@example.com"), Ok(Created::Account(jo.clone())));
    }
    assert_eq!(rename("joe@example.com", "ada@example.com"), Ok(Created::Taken));
    assert_eq!(rename("jo@example.com", "jim@example.com"), Ok(Created::Taken), "no longer its own");
    assert!(find("jo@example.com").is_none());
    assert_eq!(find("joe@example.com").map(|entry| entry.account), Some(jo.clone()));
    // The same address in another case stays as it is.
    assert_eq!(users.rename(&id(2), &who(BOB.0), &who(BOB.0)), Ok(Created::Account(id(2))));
    assert_eq!(find(BOB.0).unwrap().address.as_str(), "Bob@Example.com");

    for _ in 0..2 {
        users.release(&jo).unwrap();
    }
    assert!(find("joe@example.com").is_none());
    let Created::Account(next) = create("joe@example.com") else { panic!() };
    assert_ne!(next, jo, "an id is used once");
}
