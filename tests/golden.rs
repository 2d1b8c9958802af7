//! Every version of the stored format that was ever written, kept as files: this code writes the newest byte for byte and reads
//! all of them.
//!
//! A change that breaks this test would orphan what people have stored. Raise the format version, keep the old files, read
//! both. `COUNTERSIGN_GOLDEN=write cargo test --test golden` writes the files of the current version.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::disallowed_methods, reason = "tests")]

mod common;

use std::path::PathBuf;

use common::*;
use countersign::record::RecordKey;
use countersign::*;

const WHO: &str = "jo@example.com";

/// A world with something in every field: an account with a pending confirmation, a wrong guess and sends; a visitor with two sessions,
/// a spent guess, and links; a meter.
fn furnished() -> (World, [Ticket<OtpSession>; 2], [String; 2]) {
    let world = World::recommended();
    world.member(WHO);
    world.seconds(60);
    let client = Client::ip("192.0.2.1".parse().unwrap());
    let request = SignIn { client, identifier: id(WHO), locale: Some(Locale::new("nl-NL").unwrap()) };
    let sign_in = world.ask(request).into_result().unwrap().session;
    let sign_in_code = world.last_code();
    world.verify(Purpose::SignIn, &sign_in, &wrong(&sign_in_code)).unwrap_err();
    world.sign_up(WHO).unwrap();
    let confirm = world.start(Purpose::ConfirmAction, WHO).unwrap().session;
    let confirm_code = world.last_code();
    world.verify(Purpose::ConfirmAction, &confirm, &wrong(&confirm_code)).unwrap_err();
    (world, [sign_in, confirm], [sign_in_code, confirm_code])
}

fn path(version: u8, key: &RecordKey) -> PathBuf {
    let kind = format!("{:?}", key.kind().unwrap()).to_lowercase();
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/v{version}-{kind}.bin"))
}

#[test]
fn the_stored_format_is_what_it_was() {
    let (world, ..) = furnished();
    let rows = world.seen.rows.lock().unwrap();
    assert_eq!(rows.len(), 3, "a visitor, an account, a meter");
    for (key, (row, _)) in rows.iter() {
        let path = path(1, key);
        if std::env::var("COUNTERSIGN_GOLDEN").is_ok_and(|value| value == "write") {
            std::fs::write(&path, &row.bytes).unwrap();
        }
        let golden = std::fs::read(&path).unwrap();
        assert!(golden == row.bytes, "{} is not what is written now", path.display());
    }
}

#[test]
fn old_records_still_work() {
    let (world, [sign_in, confirm], [sign_in_code, confirm_code]) = furnished();
    for (key, (row, _)) in world.seen.rows.lock().unwrap().iter_mut() {
        row.bytes = std::fs::read(path(1, key)).unwrap();
    }
    assert_eq!(limit(world.resend(&sign_in)).0, policy::RULE_COOLDOWN);
    assert!(world.verify(Purpose::SignIn, &sign_in, &sign_in_code).is_ok());
    assert!(world.verify(Purpose::ConfirmAction, &confirm, &confirm_code).is_ok());
}

/// R72, law 10: a record of an unknown version, of another kind, cut short or with something added is an error, not an empty record.
#[test]
fn a_record_that_is_not_ours_is_an_error() {
    let (world, [session, _], _) = furnished();
    let key = *world.seen.rows.lock().unwrap().keys().find(|key| key.to_string().starts_with("01")).unwrap();
    let good = world.seen.rows.lock().unwrap()[&key].0.bytes.clone();
    let mut spoiled = vec![Vec::new(), vec![1], good[..good.len() - 1].to_vec(), [&good[..], &[0]].concat()];
    for (at, byte) in [(0, 2), (0, 0), (1, 2), (1, 3), (1, 0)] {
        let mut bytes = good.clone();
        bytes[at] = byte;
        spoiled.push(bytes);
    }
    for bytes in spoiled {
        world.seen.rows.lock().unwrap().get_mut(&key).unwrap().0.bytes = bytes;
        assert!(world.run(verify(Purpose::SignIn, &session, "000000")).is_err());
    }
}
