//! What is said of a value: names, `Debug`, the two sides of a bound.

use std::collections::BTreeSet;
use std::time::Duration;

use countersign::factor::{RecoveryCode, TotpSecret, TotpSecretError};
use countersign::flow::map::Stage;
use countersign::record::MAX_RECORD_BYTES;
use countersign::throttle::{BackoffSettings, Budget, BudgetSettings, Log, Rule};
use countersign::*;

use crate::WHO;
use crate::common::{IntoResult, World, id};
use crate::owner::{APP, BOTH, NONE, client, password, session};
use crate::people::{PASSWORD, Person, WRONG_PASSWORD, label};

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
    let world = World::recommended();
    world.sign_up(WHO).unwrap();
    for key in world.seen.rows.lock().unwrap().keys() {
        let hex: String = key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(format!("{key:?}").contains(&hex), "{key:?}");
    }
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
    differ(
        [Todo::VerifyAddress, Todo::EnrolFactor, Todo::ChangePassword, Todo::RegenerateRecoveryCodes]
            .map(Todo::name)
            .to_vec(),
    );
    assert!(Stage::SignedIn.is_signed_in() && !Stage::ALL.into_iter().all(Stage::is_signed_in));
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
    // Allowed, and yet not: a new password was set there, with the mailbox alone.
    let world = World::recommended();
    let person = world.owner(WHO, NONE);
    world.seconds(3_600);
    let _ = world.reset(&world.granted(WHO).unwrap().grant, "Quite another 5", None).unwrap();
    let person = Person { session: world.fresh_with(&person, "Quite another 5"), ..person };
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

/// The bounds that are told in words.
#[test]
fn law13_the_bounds_are_those_that_are_told() {
    let days = |days: u64| Duration::from_secs(days * 86_400);
    assert_eq!(MAX_RECORD_BYTES, 65_536);
    assert_eq!((Rule::MAX_LIMIT, Rule::MAX_WINDOW), (1_000, days(400)));
    assert_eq!(BackoffSettings::MAX_SPAN, days(366));
}

/// What a log is given of an event: its fields, and each value as text.
#[test]
fn r74_the_fields_of_an_event_are_read_back() {
    let kind = EventKind::RightAfterFailures { factor: Factor::Totp, failures: 7 };
    let said: Vec<_> = kind.fields().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(said, ["factor=totp", "failures=7"]);
    assert_eq!(EventValue::Flag(true).to_string(), "true");
    assert_eq!(EventValue::Time(Timestamp::UNIX_EPOCH).to_string(), "1970-01-01T00:00:00Z");
}

fn two_in_fifteen_minutes(consecutive: Option<u32>) -> BudgetSettings {
    let (second, day) = (Duration::from_secs(1), Duration::from_secs(86_400));
    let free = Rule::new("failures", 2, 900 * second).unwrap();
    let lock = BackoffSettings::new("locked", 900 * second, day, day).unwrap();
    let long = Rule::new("long", 3, 900 * second).unwrap();
    BudgetSettings::new(free, lock, Some(long).filter(|_| consecutive.is_none()), consecutive).unwrap()
}

/// What a client is told of a budget is what the budget goes by, not the free rule alone.
#[test]
fn r92_the_quota_of_a_budget_is_when_it_opens() {
    let settings = two_in_fifteen_minutes(Some(100));
    assert_eq!(settings.consecutive(), Some(100));
    assert_eq!(two_in_fifteen_minutes(None).consecutive(), None);
    let (mut budget, at) = (Budget::default(), Timestamp::from_unix_seconds);
    budget.charge(&settings, at(0));
    assert_eq!(budget.quota(&settings, at(1)).remaining, 1);
    budget.charge(&settings, at(1));
    let shut = budget.quota(&settings, at(2));
    assert_eq!((shut.remaining, shut.reset_at), (0, at(1 + 900)));
    // Disabled, it has nothing left though the windows are empty.
    let settings = two_in_fifteen_minutes(Some(2));
    let shut = budget.quota(&settings, at(90_000));
    assert_eq!((shut.remaining, shut.reset_at), (0, Timestamp::MAX));
}

/// Law 13: what no longer matters is dropped: a budget that has run out of its windows is as it was before the first failure, but for the
/// failures in a row.
#[test]
fn law13_a_budget_forgets() {
    let settings = two_in_fifteen_minutes(Some(100));
    let mut budget = Budget::default();
    budget.charge(&settings, Timestamp::from_unix_seconds(0));
    budget.reset();
    budget.charge(&settings, Timestamp::from_unix_seconds(0));
    let kept = format!("{budget:?}").len();
    budget.prune(&settings, Timestamp::from_unix_seconds(899));
    assert_eq!(format!("{budget:?}").len(), kept);
    budget.prune(&settings, Timestamp::from_unix_seconds(90_000));
    assert!(format!("{budget:?}").len() < kept, "{budget:?}");
}

/// The session's own word on when it ends unused.
#[test]
fn the_end_of_an_unused_session_is_told() {
    let mut settings = Settings::recommended();
    settings.sessions.idle = Some(Duration::from_secs(3_600));
    let world = World::new(settings);
    let _ = world.member(WHO);
    let signed_in = world.stepwise(WHO, PASSWORD).unwrap().signed_in().unwrap();
    let end = world.now().saturating_add(Duration::from_secs(3_600));
    assert_eq!(signed_in.idle_expires_at(), Some(end));
    world.clock.set(Timestamp::from_unix_millis(end.unix_millis() - 1));
    assert!(world.trying(|| world.check(signed_in.session()).is_ok()));
    world.clock.set(end);
    assert_eq!(world.check(signed_in.session()).unwrap_err(), Refusal::InvalidSession);
}

/// A use of a session is written down when what is known of the last is too old, and not before.
#[test]
fn a_use_is_noted_when_it_is_due_and_not_before() {
    let world = World::recommended();
    let _ = world.member(WHO);
    let session = session(world.stepwise(WHO, PASSWORD).unwrap());
    let used = |world: &World| world.sessions(&session).unwrap()[0].last_used_at;
    let (before, touch) = (used(&world), Settings::recommended().sessions.touch);
    let millis = i64::try_from(touch.as_millis()).unwrap();
    world.millis(millis);
    assert!(world.check(&session).is_ok());
    assert_eq!(used(&world), before, "a write for a use that is known well enough");
    world.millis(1);
    assert!(world.check(&session).is_ok());
    assert_eq!(used(&world), world.now());
}

/// A ring takes eight keys of before, each once.
#[test]
fn a_ring_is_bounded_and_without_doubles() {
    let key = |first: u8| (first..).take(32).collect::<Vec<u8>>();
    let before: Vec<Vec<u8>> = (0..9).map(|n| key(10 + n)).collect();
    let ring = |count: usize| {
        let before: Vec<&[u8]> = before.iter().take(count).map(Vec::as_slice).collect();
        KeyRing::new(&key(1), &before)
    };
    assert_eq!(KeyRing::MAX_PREVIOUS, 8);
    assert!(ring(8).is_ok());
    assert_eq!(ring(9).unwrap_err(), KeyError::TooMany);
    assert_eq!(KeyRing::new(&key(1), &[&key(1)]).unwrap_err(), KeyError::Duplicate);
    assert_eq!(KeyRing::new(&key(1), &[&key(2), &key(2)]).unwrap_err(), KeyError::Duplicate);
}

/// B084: what the host may put into a profile, and how long a stored hash may be.
#[test]
fn b084_profiles_and_hashes_are_bounded() {
    assert!(Profile::new(vec![7; 2_048]).is_ok());
    assert!(Profile::new(vec![7; 2_049]).is_err());
    let most = PasswordHash::MAX_BYTES;
    assert!(PasswordHash::new(&"$".repeat(most)).is_ok());
    for wrong in ["$".repeat(most + 1), String::new(), "$a b".to_owned(), "$\u{e9}".to_owned()] {
        assert!(PasswordHash::new(&wrong).is_err(), "{wrong:?}");
    }
}

/// Every refusal says what may be done next: something, or, where nothing helps, nothing.
#[test]
fn what_may_be_done_after_a_refusal_is_told() {
    let at = Timestamp::from_unix_seconds(1_000);
    for (refusal, next) in [
        (
            Refusal::Limited { rule: "a_rule", retry_at: at, retry_after: Duration::ZERO },
            vec![NextStep::Wait],
        ),
        (Refusal::InvalidSession, vec![NextStep::Start]),
        (Refusal::InvalidCredentials, vec![NextStep::Start]),
        (Refusal::NothingPending, vec![NextStep::Start]),
        (Refusal::PasswordBlocked(Blocked::Common), vec![NextStep::Start]),
        (Refusal::ProofRequired { offered: vec![Factor::Totp] }, vec![NextStep::Prove]),
        (
            Refusal::InvalidProof { factor: Factor::Totp, attempts_left: 1 },
            vec![NextStep::Verify, NextStep::Start],
        ),
        (Refusal::FactorDisabled, vec![]),
        (Refusal::LastFactor, vec![]),
        (Refusal::NotEnrolled, vec![]),
        (Refusal::FactorNotAllowed, vec![]),
    ] {
        assert_eq!(refusal.next(), next, "{refusal:?}");
    }
    let why =
        [Blocked::Common, Blocked::Predictable, Blocked::Context, Blocked::Compromised, Blocked::Present];
    let said: BTreeSet<_> = why.iter().chain(&[Blocked::Other]).map(ToString::to_string).collect();
    assert_eq!(said.len(), 6);
    let client = Client::ip([192, 0, 2, 1].into());
    assert_ne!(client.at("POST /login"), client.at("POST /authenticate"));
    assert_eq!(Client::unmetered().at("POST /login"), Client::unmetered());
}

/// B023: no client is another, at whatever endpoint and whatever it is named by.
#[test]
fn b023_no_client_at_an_endpoint_is_another() {
    let ip = |text: &str| Client::ip(text.parse().unwrap());
    assert_ne!(ip("32.1.13.184").at("abc"), ip("2001:db8:61:6263::1"));
    assert_ne!(Client::named(b"a\0door"), Client::named(b"a").at("door"));
    assert_ne!(Client::named(b"a").at("bc"), Client::named(b"a").at("b").at("c"));
    assert_ne!(Client::named(&[192, 0, 2, 1]), ip("192.0.2.1"));
    let all: std::collections::BTreeSet<_> =
        ["1.2.3.4", "1.2.3.5", "2001:db8::1", "2001:db8:1::1"].map(|text| format!("{:?}", ip(text))).into();
    assert_eq!(all.len(), 1, "nothing of it is shown");
}
