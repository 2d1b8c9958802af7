//! Step 8: the old door again.

use std::fs;

use existing::back::back;
use existing::door::disable;
use existing::prepare::prepare;
use existing::{before, check};

use crate::change::{change_password, enrolled};
use crate::harness::*;

#[test]
fn the_way_back_gives_everybody_the_password_that_is_right() {
    let world = World::new();
    // Ada signs in and is retired; Bob turns a second factor on; Cleo changes her password; Dan never came, and is out; Eve never came.
    let _ = world.session(ADA);
    assert_eq!(world.app.retire().unwrap(), 1);
    let _ = enrolled(&world, BOB);
    let _ = world.session(CLEO);
    assert_eq!(world.app.retire().unwrap(), 1);
    change_password(&world, CLEO, "cleo has a meadow");
    disable(&world.app, &id(1), true).unwrap();
    disable(&world.app, &id(1), false).unwrap();

    let mut db = world.place.db();
    assert_eq!(back(&mut db).unwrap(), [2, 3, 6], "to be let set a password");
    assert!(back(&mut db).is_err(), "once");
    let old =
        |db: &rusqlite::Connection, who: (&str, &str)| before::sign_in(db, who.0, who.1).unwrap().is_some();
    assert!(old(&db, ADA), "as before");
    assert!(old(&db, ("Eve@example.com", EVE.1)), "untouched");
    assert!(!old(&db, ("Bob@Example.com", BOB.1)), "the old door would not ask for the second factor");
    assert!(!old(&db, CLEO) && !old(&db, (CLEO.0, "cleo has a meadow")), "the old password is wrong by now");
    assert!(!old(&db, DAN));
    db.execute("UPDATE users SET password_hash = 'x' WHERE id = 3", []).expect("the old application's again");

    // A second attempt, in which the first one counts for nothing.
    assert_eq!(check::check(&db).unwrap().problems, []);
    prepare(&mut db).unwrap();
    let World { app, place, .. } = world;
    drop(app);
    for name in ["auth.db", "auth.keys"] {
        fs::rename(place.path(name), place.path(&format!("{name}.1"))).unwrap();
    }
    let world = World::open(place);
    let _ = world.session(ADA);
    assert_eq!(world.refused(BOB), "invalid_credentials", "until he has set one");
}
