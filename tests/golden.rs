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
/// What the account's authenticator app has.
const SECRET: &str = "Q6TY4MJWPGTG4GBBXJ4TIJIGMGHZOBVA";

/// A world with something in every field: an account with an authenticator app, mailed codes, recovery codes, an enrolment and a
/// sign-in that wait, a session, a pending confirmation, wrong guesses and sends; a visitor with two sessions, spent guesses,
/// and links; a meter.
fn furnished() -> (World, [Ticket<OtpSession>; 2], [String; 2]) {
    let world = World::recommended();
    world.member(WHO);
    world.seconds(60);
    let session = secured(&world);
    world.seconds(30);
    let enrolment = EnrolTotp { client: Client::unmetered(), session, password: password() };
    world.ask(enrolment).into_result().unwrap();
    world.ask(enter(Steps::Stepwise)).into_result().unwrap();
    world.ask(enter(Steps::AtOnce(totp("000000")))).into_result().unwrap_err();
    world.ask(PasswordSignIn { password: Password::typed("not it").unwrap(), ..enter(Steps::Stepwise) });
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

fn password() -> Password {
    Password::typed("MyPassword1!").unwrap()
}

fn totp(code: &str) -> Proofs {
    Proofs { totp: Some(Code::typed(code)), ..Proofs::default() }
}

fn enter(steps: Steps) -> PasswordSignIn {
    let (client, identifier, label) = (Client::unmetered(), id(WHO), Label::new("a browser"));
    PasswordSignIn { client, identifier, password: password(), steps, label, locale: None, device: None }
}

/// Turns on all that can be, with the secret below; a session that has proven it.
fn secured(world: &World) -> Ticket<Session> {
    let plain = world.ask(enter(Steps::Stepwise)).into_result().unwrap().signed_in().unwrap();
    let (client, session) = (Client::unmetered, plain.session().clone());
    let request = EnableMailedCode { client: client(), session: session.clone(), password: password() };
    world.ask(request).into_result().unwrap();
    let request = EnrolTotp { client: client(), session: session.clone(), password: password() };
    let secret = world.ask(request).into_result().unwrap().secret;
    assert_eq!(secret.expose_base32(), SECRET, "the world is drawn from seeds");
    let code = totp_shown(world, &secret);
    let confirm = ConfirmTotp { client: client(), session: session.clone(), code };
    world.ask(confirm).into_result().unwrap();
    world.seconds(30);
    let proof = Proof::Totp(totp_shown(world, &secret));
    let request = StepUp { client: client(), session, proof, label: Label::new("a browser") };
    world.ask(request).into_result().unwrap().session().clone()
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
    let secret = countersign::factor::TotpSecret::from_base32(SECRET).unwrap();
    let used = totp_shown(&world, &secret);
    world.seconds(30);
    let code = totp_shown(&world, &secret);
    assert_ne!(used.expose(), code.expose());
    let signed_in = world.ask(enter(Steps::AtOnce(totp(code.expose())))).into_result().unwrap();
    assert_eq!(signed_in.signed_in().unwrap().recovery_codes_left(), Some(10));
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
