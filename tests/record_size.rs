//! How long records are: what a flood of requests costs a store, and what a page of a database has to hold.
//!
//! Each bound has some room for ordinary addresses and none for another digest. `cargo test --test record_size --
//! --nocapture` prints the lengths.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use common::*;
use countersign::record::RecordKind;
use countersign::*;

/// An address as long as most.
const WHO: &str = "jane.doe@example.com";

/// The length of the one row of a kind.
#[track_caller]
fn length(world: &World, kind: RecordKind, what: &str, at_most: usize) {
    let rows = world.seen.rows.lock().unwrap();
    let mut rows = rows.iter().filter(|(key, _)| key.kind() == Some(kind));
    let ((_, (row, _)), None) = (rows.next().expect("a row"), rows.next()) else { panic!("one row") };
    println!("{what}: {} bytes", row.bytes.len());
    assert!(row.bytes.len() <= at_most, "{what}: {} bytes, more than {at_most}", row.bytes.len());
}

#[test]
fn a_visitor_with_one_session() {
    for (purpose, at_most) in [(Purpose::SignIn, 400), (Purpose::Recover, 400)] {
        for known in [false, true] {
            let world = World::recommended();
            if known {
                world.member(WHO);
                // What the sign-up left behind is forgotten.
                world.seconds(100 * 24 * 60 * 60);
            }
            world.start(purpose, WHO).unwrap();
            let what = format!("visitor, {purpose:?}, known: {known}");
            length(&world, RecordKind::Visitor, &what, at_most);
        }
    }
}

/// With a password hash of ninety-seven bytes, as Argon2id in PHC form has, and a profile of forty.
#[test]
fn a_visitor_with_a_pending_sign_up_and_the_account_it_becomes() {
    let world = World::recommended();
    // The stand-in for a hasher writes two digits for each byte of the salt and of the password, after `$test$`.
    let password = Password::typed(&format!("q{}", "p".repeat(28))).unwrap();
    let profile = Profile::new(vec![b'x'; 40]).unwrap();
    let session = world.ask(SignUp { password, profile, ..sign_up(WHO) }).into_result().unwrap().session;
    length(&world, RecordKind::Visitor, "visitor, SignUp", 512);
    world.verify(Purpose::SignUp, &session, &world.last_code()).unwrap();
    length(&world, RecordKind::Account, "account", 384);
    world.start(Purpose::ConfirmAction, WHO).unwrap();
    length(&world, RecordKind::Account, "account, ConfirmAction", 640);
}

#[test]
fn a_meter_that_is_full() {
    let world = World::recommended();
    let client = Client::ip("192.0.2.1".parse().unwrap());
    let ask = || world.ask(SignIn { client: client.clone(), identifier: id(WHO), locale: None });
    let _ = ask();
    length(&world, RecordKind::Meter, "meter, one request", 24);
    for _ in 0..100 {
        let _ = ask();
        world.millis(500);
    }
    length(&world, RecordKind::Meter, "meter, as full as it gets", 160);
}
