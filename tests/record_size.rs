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

/// What a lost password asks for is kept twice: with its code, and with its link, which outlives that (law 9).
const RECOVERY: usize = 600;

#[test]
fn a_visitor_with_one_session() {
    for (purpose, at_most) in [(Purpose::SignIn, 400), (Purpose::Recover, RECOVERY)] {
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

/// With an authenticator app, ten recovery codes, four sessions and two trusted devices of browsers with ordinary names: 1.5 KiB, and
/// a device has no more than a session.
#[test]
fn an_account_with_all_it_can_have() {
    let world = World::recommended();
    let password = Password::typed(&format!("q{}", "p".repeat(28))).unwrap();
    let session =
        world.ask(SignUp { password: password.clone(), ..sign_up(WHO) }).into_result().unwrap().session;
    world.verify(Purpose::SignUp, &session, &world.last_code()).unwrap();
    let client = Client::unmetered;
    let label = || Label::new("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
    let enter = |proofs| {
        let (password, steps) = (password.clone(), Steps::AtOnce(proofs));
        let request = PasswordSignIn {
            client: client(),
            identifier: id(WHO),
            password,
            steps,
            label: label(),
            locale: None,
            device: None,
        };
        world.ask(request).into_result().unwrap().signed_in().unwrap().session().clone()
    };
    let mut session = enter(Proofs::default());
    let request = EnrolTotp { client: client(), session: session.clone(), password: password.clone() };
    let secret = world.ask(request).into_result().unwrap().secret;
    let shown = || totp_shown(&world, &secret);
    world
        .ask(ConfirmTotp { client: client(), session: session.clone(), code: shown() })
        .into_result()
        .unwrap();
    for _ in 0..3 {
        world.seconds(30);
        session = enter(Proofs { totp: Some(shown()), ..Proofs::default() });
    }
    length(&world, RecordKind::Account, "account, app, ten recovery codes, four sessions", 1100);
    for _ in 0..2 {
        let request = TrustDevice { client: client(), session: session.clone(), label: label() };
        world.ask(request).into_result().unwrap();
    }
    length(&world, RecordKind::Account, "the same with two trusted devices", 1320);
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
