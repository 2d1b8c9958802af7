//! The bytes that a flood is priced at, against what is really stored.

use countersign::policy::VISITOR_ROW_BYTES_MOST;
use countersign::record::{RecordKey, RecordKind};
use countersign::{Client, Identifier, Locale, Password, Profile, Purpose, Recover, Resend, SignIn, SignUp};

use super::common::{IntoResult, World, verify};

/// What a row costs beside its bytes: key, version, expiry.
const ENVELOPE: usize = 16 + 16 + 8;

/// The longest identifier there is.
fn longest() -> Identifier {
    let label = "d".repeat(63);
    let text = format!("{}@{label}.{label}.{}", "l".repeat(64), "e".repeat(61));
    assert_eq!(text.len(), 254);
    Identifier::parse(&text).unwrap()
}

fn rows(world: &World, kind: RecordKind) -> Vec<usize> {
    let rows = world.seen.rows.lock().unwrap();
    let of_kind = |key: &RecordKey| key.kind() == Some(kind);
    rows.iter().filter(|(key, _)| of_kind(key)).map(|(_, (row, _))| row.bytes.len() + ENVELOPE).collect()
}

#[test]
fn r16_no_request_stores_more_than_a_flood_is_priced_at() {
    let (client, identifier) = (Client::unmetered(), longest());
    let locale = Some(Locale::new(&"x".repeat(Locale::MAX_BYTES)).unwrap());
    let most = usize::try_from(VISITOR_ROW_BYTES_MOST).unwrap();

    let world = World::recommended();
    let sign_up = SignUp {
        client: client.clone(),
        identifier: identifier.clone(),
        // The test's hash is twice as long, and the salt.
        password: Password::typed(&format!("q{}", "p".repeat(107))).unwrap(),
        profile: Profile::new(vec![0; Profile::MAX_BYTES]).unwrap(),
        locale: locale.clone(),
    };
    let started = world.ask(sign_up.clone()).into_result().unwrap();
    let [made] = rows(&world, RecordKind::Visitor)[..] else { panic!("one row") };
    assert!((most / 2..=most).contains(&made), "{made} bytes");

    // What further requests add to it.
    let wrong = world.ask(verify(Purpose::SignUp, &started.session, "000000")).into_result();
    let [guessed] = rows(&world, RecordKind::Visitor)[..] else { panic!("one row") };
    assert!(wrong.is_err() && guessed > made && guessed <= made + 64, "{made}, then {guessed} bytes");
    world.seconds(60);
    world.ask(Resend { client: client.clone(), session: started.session }).into_result().unwrap();
    let [sent] = rows(&world, RecordKind::Visitor)[..] else { panic!("one row") };
    assert!(sent <= guessed + 64, "{guessed}, then {sent} bytes");

    // Starting again on a row that is there adds no more than a new row would be; the other purposes add less.
    world
        .ask(SignIn { client: client.clone(), identifier: identifier.clone(), locale: locale.clone() })
        .into_result()
        .unwrap();
    world.ask(Recover { client, identifier, locale }).into_result().unwrap();
    world.seconds(60);
    world.ask(sign_up).into_result().unwrap();
    let [all] = rows(&world, RecordKind::Visitor)[..] else { panic!("one row") };
    assert!(all <= sent + 3 * most, "{sent}, then {all} bytes");
}

#[test]
fn r16_no_meter_is_longer_than_it_is_priced_at() {
    let world = World::recommended();
    let client = Client::named(b"flood");
    for number in 0..70_i64 {
        world.millis(number * 10);
        let identifier = Identifier::parse(&format!("u{number}@example.com")).unwrap();
        let _ = world.ask(SignIn { client: client.clone(), identifier, locale: None });
    }
    let [meter] = rows(&world, RecordKind::Meter)[..] else { panic!("one row") };
    assert!(meter <= 64 + 60 * 10, "{meter} bytes");
    assert_eq!(rows(&world, RecordKind::Visitor).len(), 60, "the rest was refused");
}
