//! The edge of every bound, both sides of it, and what is said of a value and nothing more.
//!
//! Each of these is here because some other comparison, or none at all, would have passed every other test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

#[path = "common/mod.rs"]
mod common;
#[path = "common/owner.rs"]
mod owner;
#[path = "common/people.rs"]
mod people;

use std::collections::BTreeSet;
use std::time::Duration;

use countersign::factor::{RecoveryCode, TotpSecret, TotpSecretError};
use countersign::flow::map::Stage;
use countersign::throttle::{Log, Rule};
use countersign::*;

use common::{IntoResult, World, id};
use owner::{APP, BOTH, NONE, client, password, session};
use people::{PASSWORD, Person, WRONG_PASSWORD, label};

const WHO: &str = "jo@example.com";

const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$Xwfjs23fPAdBe2FnfvjF9Jg1d1iSnOp80Vi83xYMD2A";

/// Law 11, R28: `Debug` of whatever holds a secret says what it is, and nothing of what it holds.
#[test]
fn law11_debug_says_what_it_is_and_no_more() {
    let key: Vec<u8> = (1..=32).collect();
    let ticket = Ticket::<OtpSession>::parse(&format!("otp_{}", "A".repeat(48))).unwrap();
    for (shown, meant) in [
        (format!("{ticket:?}"), "Ticket(…)"),
        (format!("{:?}", Code::typed("123456")), "Code(…)"),
        (format!("{:?}", Password::typed("MyPassword1!").unwrap()), "Password(…)"),
        (format!("{:?}", PasswordHash::new(HASH).unwrap()), "PasswordHash(…)"),
        (format!("{:?}", Salt::from_bytes([7; 16])), "Salt(…)"),
        (format!("{:?}", RecoveryCode::typed("0000-0000-0000-0000")), "RecoveryCode(…)"),
        (format!("{:?}", TotpSecret::from_bytes(b"12345678901234567890").unwrap()), "TotpSecret(…)"),
        (format!("{:?}", LocatorKey::new(&key).unwrap()), "LocatorKey(…)"),
        (format!("{:?}", Entropy::from_seed([1; 32])), "Entropy(…)"),
        (format!("{:?}", Profile::new(vec![1; 5]).unwrap()), "Profile(5 bytes)"),
        (format!("{:?}", Client::unmetered()), "Client(unmetered)"),
        (format!("{:?}", Client::ip([192, 0, 2, 1].into())), "Client(…)"),
        (format!("{:?}", Timestamp::from_unix_seconds(1)), "1970-01-01T00:00:01Z"),
    ] {
        assert_eq!(shown, meant);
    }
    let ring = KeyRing::new(&key, &[]).unwrap();
    assert!(format!("{ring:?}").ends_with(" and 0 previous)"), "{ring:?}");
    let version = record::Version::from_bytes([0xab; 16]);
    assert_eq!(format!("{version:?}"), "ab".repeat(16));
}

/// Names in logs and metrics tell their values apart, and are words.
#[test]
fn names_are_words_and_differ() {
    let differ = |names: Vec<&'static str>| {
        let word =
            |name: &&str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(names.iter().all(word), "{names:?}");
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    };
    differ(Purpose::ALL.map(Purpose::name).to_vec());
    differ(Factor::ALL.map(Factor::name).to_vec());
    differ(
        [Severity::Info, Severity::Notice, Severity::Warning, Severity::Alert].map(Severity::name).to_vec(),
    );
    let stages: BTreeSet<_> = Stage::ALL.map(Stage::name).into();
    assert_eq!(stages.len(), Stage::ALL.len());
    assert!(!stages.contains(""));
}

/// B084: an input is bounded before it is looked at, and what is as long as it may be is still looked at.
#[test]
fn b084_as_long_as_it_may_be_and_one_more() {
    let most = Code::MAX_TYPED_BYTES;
    assert_eq!(Code::typed(&"1".repeat(most)).expose().len(), most);
    assert_eq!(Code::typed(&"1".repeat(most + 1)).expose(), "");

    let most = TotpSecret::MAX_BASE32_BYTES;
    let filled = |length: usize| format!("{}{}", "MFRGGZDF".repeat(4), "=".repeat(length - 32));
    assert!(TotpSecret::from_base32(&filled(most)).is_ok());
    assert_eq!(TotpSecret::from_base32(&filled(most + 1)).unwrap_err(), TotpSecretError::TooLong);
}

/// A key that is one byte over and over is somebody's placeholder.
#[test]
fn a_placeholder_is_no_key() {
    let mut key = [9; 32];
    assert_eq!(LocatorKey::new(&key).unwrap_err(), KeyError::Placeholder);
    key[31] = 8;
    assert!(LocatorKey::new(&key).is_ok());
}

/// R92: of two rules that open at the same moment, the first is named.
#[test]
fn r92_of_two_rules_that_open_together_the_first_is_told() {
    let rule = |name, window| Rule::new(name, 1, Duration::from_secs(window)).unwrap();
    let rules = [rule("first", 60), rule("second", 60)];
    let (mut log, now) = (Log::default(), Timestamp::from_unix_seconds(1_000));
    log.charge(&rules, now);
    assert_eq!(log.check(&rules, now).unwrap_err().rule, "first");
}

/// What a client is told it may do next.
#[test]
fn what_is_left_to_do_is_told() {
    let at = Timestamp::from_unix_seconds(1_000);
    let state = SessionState {
        attempts_left: 1,
        code_expires_at: Some(at),
        session_expires_at: at,
        resend_at: None,
        expires_in: Duration::ZERO,
    };
    assert_eq!(state.next(), [NextStep::Verify, NextStep::Cancel]);
    assert_eq!(SessionState { attempts_left: 0, ..state }.next(), [NextStep::Start]);
    let more = SessionState { code_expires_at: None, resend_at: Some(at), ..state };
    assert_eq!(Refusal::CodeExpired(more).next(), [NextStep::Resend, NextStep::Cancel]);
}

/// A password that comes with a change is looked at, whatever the change: wrong, it is a wrong guess, and nothing is changed.
#[test]
fn r9_a_wrong_password_with_any_change_is_a_guess() {
    type Change = fn(&World, Ticket<Session>, Option<Password>) -> Result<(), Refusal>;
    let changes: [(&str, Change); 5] = [
        ("ChangeAddress", |world, session, password| {
            let request = ChangeAddress {
                client: client(),
                session,
                password,
                to: id("new@example.com"),
                locale: None,
            };
            world.ask(request).into_result().map(drop)
        }),
        ("DisableTotp", |world, session, password| {
            world.ask(DisableTotp { client: client(), session, password }).into_result().map(drop)
        }),
        ("DisableMailedCode", |world, session, password| {
            world.ask(DisableMailedCode { client: client(), session, password }).into_result().map(drop)
        }),
        ("RegenerateRecoveryCodes", |world, session, password| {
            world.ask(RegenerateRecoveryCodes { client: client(), session, password }).into_result().map(drop)
        }),
        ("DeleteAccount", |world, session, password| {
            world.ask(DeleteAccount { client: client(), session, password }).into_result().map(drop)
        }),
    ];
    for (what, change) in changes {
        let world = World::recommended();
        let Person { session, .. } = world.owner(WHO, BOTH);
        let refusal = change(&world, session.clone(), Some(password(WRONG_PASSWORD))).unwrap_err();
        assert_eq!(refusal, Refusal::InvalidCredentials, "{what}");
        assert!(world.events().contains(&"factor.rejected"), "{what}");
        assert!(world.check(&session).is_ok(), "{what}");
    }
}

/// Sessions and devices have names that can be typed back, in one spelling; a device is listed under what it called itself.
#[test]
fn names_of_sessions_and_devices_are_read_back() {
    let world = World::recommended();
    let mut person = world.owner(WHO, APP);
    let _ = world.device(&mut person);
    let device = &world.devices(&person.session).unwrap()[0];
    let session = &world.sessions(&person.session).unwrap()[0];
    assert_eq!(device.label, label());
    assert!(device.skips_second_factor, "as the recommended settings allow");
    assert_eq!(device.id.to_string().parse::<DeviceId>().unwrap(), device.id);
    assert_eq!(session.id.to_string().parse::<SessionId>().unwrap(), session.id);
    let (device, session) = (device.id.to_string(), session.id.to_string());
    assert_eq!((device.len(), session.len()), (16, 16));
    for wrong in ["", "+123456789abcdef", "ABCDEF0123456789", "123"] {
        assert!(wrong.parse::<DeviceId>().is_err() && wrong.parse::<SessionId>().is_err(), "{wrong}");
    }
    let mut settings = Settings::recommended();
    settings.devices.skip_second_factor = false;
    let world = World::new(settings);
    let mut person = world.owner(WHO, NONE);
    let _ = world.device(&mut person);
    assert!(!world.devices(&person.session).unwrap()[0].skips_second_factor);
}

/// The log says what ended, and not that nothing did.
#[test]
fn r74_what_did_not_happen_is_not_logged() {
    let world = World::recommended();
    let _ = world.member(WHO);
    let session = session(world.stepwise(WHO, PASSWORD).unwrap());
    world.events();
    let request = ChangePassword {
        client: client(),
        session,
        current: password(PASSWORD),
        password: password("Quite another 5"),
        label: label(),
    };
    drop(world.ask(request).into_result().unwrap());
    let events = world.events();
    assert!(events.contains(&"password.changed"), "{events:?}");
    assert!(!events.contains(&"session.ended") && !events.contains(&"device.forgotten"), "{events:?}");
}
