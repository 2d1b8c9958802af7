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
use countersign::record::{RecordKey, RecordKind};
use countersign::*;

const WHO: &str = "jo@example.com";
/// An address that the account was to have, and one that it is to have.
const NEVER: &str = "never@example.com";
const NEW: &str = "joanne@example.com";
/// What the account's authenticator app has.
const SECRET: &str = "U2QIZ3OT7S5PGGHSZKAQDSNF2WYLP2R2";

/// What people were given in that world.
struct Given {
    sign_in: (Ticket<OtpSession>, String),
    confirm: (Ticket<OtpSession>, String),
    step_up: String,
    address: (Ticket<OtpSession>, String),
    session: Ticket<Session>,
    device: Ticket<Device>,
    grant: Ticket<ResetGrant>,
    recovery: Ticket<RecoveryLink>,
    cancel: Ticket<CancelLink>,
}

/// A world with something in every field: an account with an authenticator app that is said to be lost, mailed codes, recovery codes, an
/// enrolment and a sign-in that wait, sessions, a trusted device, an address that the directory was not told of, a granted reset,
/// a code to step up with, a pending confirmation, wrong guesses and sends; a visitor with sessions, spent guesses, and links; those of
/// the addresses that it was and is to have; a meter.
fn furnished() -> (World, Given) {
    let world = World::recommended();
    world.member(WHO);
    world.seconds(60);
    let (session, device) = secured(&world);
    let client = Client::unmetered;
    let enrolment = EnrolTotp { client: client(), session: session.clone(), password: password() };
    world.ask(enrolment).into_result().unwrap();
    let to = |to: &str| ChangeAddress {
        client: client(),
        session: session.clone(),
        password: Some(password()),
        to: id(to),
        locale: Some(Locale::new("nl-NL").unwrap()),
    };
    let lost = world.ask(to(NEVER)).into_result().unwrap().session;
    let code = world.last_code();
    // The clock, entropy, and each record's load and commit come before it.
    world.calls();
    world.fail_at(8, Fault::Before);
    world.run(verify(Purpose::ChangeAddress, &lost, &code)).unwrap_err();
    world.heal();
    assert_eq!(world.calls().last(), Some(&"rename"));
    let granted = world.start(Purpose::Recover, WHO).unwrap().session;
    let granted = world.verify(Purpose::Recover, &granted, &world.last_code()).unwrap();
    world.seconds(60);
    let address = world.ask(to(NEW)).into_result().unwrap().session;
    let address = (address, world.last_code());
    let code = SendStepUpCode { client: client(), session: session.clone(), locale: None };
    world.ask(code).into_result().unwrap();
    let step_up = world.last_code();
    world.start(Purpose::Recover, WHO).unwrap();
    let Some(MailedLink::Recovery(recovery)) = world.last_mail().link else { panic!("a link") };
    let waiting = world.ask(enter(Steps::Stepwise)).into_result().unwrap();
    let Progress::SecondFactor(SecondFactor { login: Some(login), .. }) = waiting else { panic!("a ticket") };
    world.ask(RecoverFactor { client: client(), login, locale: None }).into_result().unwrap();
    let Some(MailedLink::Cancel(cancel)) = world.last_mail().link else { panic!("a link") };
    let with_device = PasswordSignIn { device: Some(device), ..enter(Steps::Stepwise) };
    let device = world.ask(with_device).into_result().unwrap().signed_in().unwrap().device().unwrap().clone();
    world.ask(enter(Steps::AtOnce(totp("000000")))).into_result().unwrap_err();
    let wrong_password = Password::typed("not it").unwrap();
    world
        .ask(PasswordSignIn { password: wrong_password, ..enter(Steps::Stepwise) })
        .into_result()
        .unwrap_err();
    let request = SignIn {
        client: Client::ip("192.0.2.1".parse().unwrap()),
        identifier: id(WHO),
        locale: Some(Locale::new("nl-NL").unwrap()),
    };
    let sign_in = world.ask(request).into_result().unwrap().session;
    let sign_in = (sign_in, world.last_code());
    world.verify(Purpose::SignIn, &sign_in.0, &wrong(&sign_in.1)).unwrap_err();
    world.sign_up(WHO).unwrap();
    let confirm = world.start(Purpose::ConfirmAction, WHO).unwrap().session;
    let confirm = (confirm, world.last_code());
    world.verify(Purpose::ConfirmAction, &confirm.0, &wrong(&confirm.1)).unwrap_err();
    let grant = granted.grant.unwrap().grant;
    (world, Given { sign_in, confirm, step_up, address, session, device, grant, recovery, cancel })
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

/// Turns on all that can be, with the secret below; a session that has proven it, and a device that is trusted.
fn secured(world: &World) -> (Ticket<Session>, Ticket<Device>) {
    let plain = world.ask(enter(Steps::Stepwise)).into_result().unwrap().signed_in().unwrap();
    let (client, session) = (Client::unmetered, plain.session().clone());
    let label = || Label::new("a browser");
    let request = EnrolTotp { client: client(), session: session.clone(), password: password() };
    let secret = world.ask(request).into_result().unwrap().secret;
    assert_eq!(secret.expose_base32(), SECRET, "the world is drawn from seeds");
    let code = totp_shown(world, &secret);
    let confirm = ConfirmTotp { client: client(), session: session.clone(), code };
    world.ask(confirm).into_result().unwrap();
    world.seconds(30);
    let proof = Proof::Totp(totp_shown(world, &secret));
    let request = StepUp { client: client(), session, proof, label: label() };
    let session = world.ask(request).into_result().unwrap().session().clone();
    let request = EnableMailedCode { client: client(), session: session.clone(), password: password() };
    world.ask(request).into_result().unwrap();
    let request = TrustDevice { client: client(), session: session.clone(), label: label() };
    let device = world.ask(request).into_result().unwrap().device;
    (session, device)
}

/// Where the golden form of each row is, by the order of their keys.
fn paths(world: &World) -> Vec<(RecordKey, PathBuf)> {
    let mut visitors = ["visitor", "visitor-2", "visitor-3"].into_iter();
    let named = |key: &RecordKey| {
        let name = match key.kind().unwrap() {
            RecordKind::Visitor => visitors.next().expect("three visitors"),
            RecordKind::Account => "account",
            RecordKind::Meter => "meter",
        };
        let file = format!("tests/golden/v1-{name}.bin");
        (*key, PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file))
    };
    world.seen.rows.lock().unwrap().keys().map(named).collect()
}

#[test]
fn the_stored_format_is_what_it_was() {
    let (world, _) = furnished();
    let rows = world.seen.rows.lock().unwrap().clone();
    assert_eq!(rows.len(), 5, "three visitors, an account, a meter");
    for (key, path) in paths(&world) {
        let bytes = &rows[&key].0.bytes;
        if std::env::var("COUNTERSIGN_GOLDEN").is_ok_and(|value| value == "write") {
            std::fs::write(&path, bytes).unwrap();
        }
        let golden = std::fs::read(&path).unwrap();
        assert!(golden == *bytes, "{} is not what is written now", path.display());
    }
}

#[test]
fn old_records_still_work() {
    let (world, given) = furnished();
    for (key, path) in paths(&world) {
        world.seen.rows.lock().unwrap().get_mut(&key).unwrap().0.bytes = std::fs::read(path).unwrap();
    }
    let (client, label) = (Client::unmetered, || Label::new("a browser"));
    let Given { sign_in, confirm, session, .. } = given;
    assert_eq!(limit(world.resend(&sign_in.0)).0, policy::RULE_COOLDOWN);
    assert!(world.verify(Purpose::SignIn, &sign_in.0, &sign_in.1).is_ok());
    assert!(world.verify(Purpose::ConfirmAction, &confirm.0, &confirm.1).is_ok());
    let secured =
        world.ask(ListFactors { client: client(), session: session.clone() }).into_result().unwrap();
    assert!(secured.enrolment_expires_at.is_some() && secured.recovery.is_some());
    let request = CancelFactorRecovery { client: client(), link: given.cancel };
    world.ask(request).into_result().unwrap();
    let devices = ListDevices { client: client(), session: session.clone() };
    assert!(world.ask(devices).into_result().unwrap()[0].skips_second_factor);
    let with_device = PasswordSignIn { device: Some(given.device), ..enter(Steps::Stepwise) };
    assert!(world.ask(with_device).into_result().unwrap().signed_in().is_some());
    let proof = Proof::MailedCode(Code::typed(&given.step_up));
    let step_up = StepUp { client: client(), session: session.clone(), proof, label: label() };
    assert_eq!(world.ask(step_up).into_result().unwrap().recovery_codes_left(), Some(10));
    let secret = countersign::factor::TotpSecret::from_base32(SECRET).unwrap();
    let used = totp_shown(&world, &secret);
    world.seconds(30);
    let code = totp_shown(&world, &secret);
    assert_ne!(used.expose(), code.expose());
    let signed_in = world.ask(enter(Steps::AtOnce(totp(code.expose())))).into_result().unwrap();
    assert_eq!(signed_in.signed_in().unwrap().recovery_codes_left(), Some(10));
    // A link takes the place of the grant that was given before.
    let request = ResetPassword {
        client: client(),
        grant: given.grant,
        password: Password::typed("too short").unwrap(),
        proof: None,
        label: label(),
    };
    let asks = world.ask(request).into_result().unwrap_err();
    assert!(matches!(asks, Refusal::ProofRequired { .. }), "{asks:?}");
    let request = RedeemRecovery { client: client(), link: given.recovery };
    assert_eq!(world.ask(request).into_result().unwrap().asks, [Factor::Totp, Factor::RecoveryCode]);
    world.verify(Purpose::ChangeAddress, &given.address.0, &given.address.1).unwrap();
    let moved = PasswordSignIn { identifier: id(NEW), ..enter(Steps::Stepwise) };
    assert!(world.ask(moved).into_result().is_ok());
}

/// R72, law 10: a record of an unknown version, of another kind, cut short or with something added is an error, not an empty record.
#[test]
fn a_record_that_is_not_ours_is_an_error() {
    let (world, Given { sign_in: (session, _), .. }) = furnished();
    let rows = world.seen.rows.lock().unwrap().clone();
    let visitors = rows.iter().filter(|(key, _)| key.kind() == Some(RecordKind::Visitor));
    // Of the three, the one that has most in it is whose the session is.
    let key = *visitors.max_by_key(|(_, (row, _))| row.bytes.len()).unwrap().0;
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
