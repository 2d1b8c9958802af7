//! Published defects of authentication systems, as tests, each under its number in the project's list of mechanisms.
//!
//! Many are covered by the requirement they break and named there (`requirements.rs`), beside the limiter or normaliser they speak of, in
//! `policy.rs`, in the conformance suite, or in the properties of `otp_model.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod common;

use std::time::Duration;

use common::*;
use countersign::host::Store;
use countersign::*;

const WHO: &str = "jo@example.com";

/// B003: passing an earlier step again does not restore the budget of a later one: new sessions share what is left.
#[test]
fn b003_a_new_session_does_not_restore_the_budget() {
    let world = World::recommended();
    world.member(WHO);
    let mut answered = 0;
    for _ in 0..12 {
        let Ok(started) = world.start(Purpose::ConfirmAction, WHO) else { break };
        while let Err(Refusal::InvalidCode(_)) =
            world.verify(Purpose::ConfirmAction, &started.session, "000000")
        {
            answered += 1;
        }
        world.cancel(&started.session).ok();
        world.seconds(60);
    }
    assert_eq!(answered, 10);
}

/// B005, B025: nodes that share nothing but the store share the budget, also after a restart.
#[test]
fn b005_b025_two_nodes_and_a_restart_share_one_budget() {
    let first = World::recommended();
    let session = first.sign_up(WHO).unwrap().session;
    let code = first.last_code();
    let second = World { sentry: first.sentry.clone(), clock: first.clock.clone(), seen: first.seen.clone() };
    let restarted = World {
        sentry: host::Sentry { machine: machine(Settings::recommended()), ..first.sentry.clone() },
        clock: first.clock.clone(),
        seen: first.seen.clone(),
    };
    for world in [&first, &second, &restarted, &first, &second] {
        assert!(matches!(
            world.verify(Purpose::SignUp, &session, &wrong(&code)),
            Err(Refusal::InvalidCode(_))
        ));
    }
    assert_eq!(restarted.verify(Purpose::SignUp, &session, &code).unwrap_err(), Refusal::InvalidSession);
}

/// B006: a closed factor is an event for the log.
#[test]
fn b006_the_lock_is_an_event() {
    let world = World::recommended();
    for _ in 0..2 {
        let session = world.start(Purpose::Recover, WHO).unwrap().session;
        (0..5).for_each(|_| drop(world.verify(Purpose::Recover, &session, "000000")));
        world.seconds(60);
    }
    let events = world.events();
    assert_eq!(events.iter().filter(|name| **name == "otp.session_burned").count(), 2);
    assert_eq!(events.iter().filter(|name| **name == "guess.locked").count(), 1);
}

/// B017, B018, B020, B021: every spelling of an identifier leads to one record, one budget, one cooldown.
#[test]
fn b017_b018_b020_spellings_share_one_record() {
    let world = World::recommended();
    world.start(Purpose::SignIn, "Jo@EXAMPLE.com").unwrap();
    for spelling in ["jo@example.com", " JO@example.COM\u{a0}", "ｊｏ@example.com"] {
        assert_eq!(limit(world.start(Purpose::SignIn, spelling)).0, policy::RULE_COOLDOWN);
    }
    assert_eq!(world.seen.rows.lock().unwrap().len(), 1);
}

/// B043, B073, B074: a code made for an account whose credentials changed since, or that is gone, is worth nothing.
#[test]
fn b073_b074_a_code_outlives_no_change_of_the_account() {
    // The account's row disappears (deleted), and is made anew by another sign-up.
    let world = World::recommended();
    let account = world.member(WHO);
    let session = world.start(Purpose::Recover, WHO).unwrap().session;
    let code = world.last_code();
    let account_row =
        *world.seen.rows.lock().unwrap().keys().find(|key| key.to_string().starts_with("02")).unwrap();
    let taken = world.seen.rows.lock().unwrap().remove(&account_row).unwrap();
    assert_eq!(world.verify(Purpose::Recover, &session, &code).unwrap_err(), Refusal::InvalidSession);
    assert!(world.events().contains(&"account.conflict"));
    world.seen.rows.lock().unwrap().insert(account_row, taken);
    world.sentry.directory.release(&account).unwrap();
    world.seconds(60);
    let unknown = world.start(Purpose::Recover, WHO).unwrap();
    assert!(world.last_mail().suppressed && world.last_mail().code.is_none());
    assert!(world.verify(Purpose::Recover, &unknown.session, "000000").is_err());
}

/// A directory's word that the account's own record contradicts counts for nothing; a sign-up that was cut off after
/// the directory made its entry can be done again.
#[test]
fn the_record_decides_not_the_directory() {
    let world = World::recommended();
    let account = world.member(WHO);
    // The directory says that mallory's address belongs to jo's account. The record does not.
    let mut entry = world.sentry.directory.find(&id(WHO)).unwrap().unwrap();
    entry.address = Address::parse("mallory@example.com").unwrap();
    entry.identifier = "mallory@example.com".into();
    world.seen.accounts.lock().unwrap().insert("mallory@example.com".to_owned(), entry);
    world.start(Purpose::Recover, "mallory@example.com").unwrap();
    assert!(world.last_mail().suppressed);
    // B095: and for jo, mail goes to the address on the record, whatever the directory says.
    world.seen.accounts.lock().unwrap().get_mut(WHO).unwrap().address =
        Address::parse("eve@example.com").unwrap();
    world.start(Purpose::Recover, WHO).unwrap();
    assert_eq!(world.last_mail().to.as_str(), WHO);
    // An entry without a record and without a credential of the host's own is free.
    let free =
        DirectoryEntry { account: AccountId::new("half").unwrap(), ..entry_of(&account, "half@example.com") };
    world.seen.accounts.lock().unwrap().insert("half@example.com".to_owned(), free);
    assert_eq!(world.member("half@example.com").as_str(), "half");
    // With such a credential it is taken.
    let legacy = Some(PasswordHash::new("$2b$10$legacy").unwrap());
    let old = DirectoryEntry { legacy, ..entry_of(&AccountId::new("old").unwrap(), "old@example.com") };
    world.seen.accounts.lock().unwrap().insert("old@example.com".to_owned(), old);
    let shadow = world.sign_up("old@example.com").unwrap();
    assert_eq!(world.last_mail().kind, MessageKind::SignUpTaken);
    assert!(world.verify(Purpose::SignUp, &shadow.session, "000000").is_err());
    world.seconds(60);
    let session = world.start(Purpose::SignIn, "old@example.com").unwrap().session;
    assert_eq!(world.verify(Purpose::SignIn, &session, &world.last_code()).unwrap().account.as_str(), "old");
}

fn entry_of(account: &AccountId, address: &str) -> DirectoryEntry {
    DirectoryEntry {
        identifier: id(address).as_str().into(),
        account: account.clone(),
        address: Address::parse(address).unwrap(),
        legacy: None,
        address_proven: true,
    }
}

/// B114: what somebody chose before the address was proven is worth nothing to him: only the sign-up that was verified is adopted.
#[test]
fn b114_only_the_verified_sign_up_is_adopted() {
    let world = World::recommended();
    let mallory = world.sign_up(WHO).unwrap().session;
    world.seconds(60);
    let mut own = sign_up(WHO);
    own.profile = Profile::new(b"the owner's".to_vec()).unwrap();
    let owner = world.ask(own).into_result().unwrap().session;
    world.verify(Purpose::SignUp, &owner, &world.last_code()).unwrap();
    // His session is to him what it was (law 8), and not even a code that is mailed for it now opens anything.
    assert!(matches!(world.verify(Purpose::SignUp, &mallory, "000000"), Err(Refusal::InvalidCode(_))));
    world.seconds(60);
    world.resend(&mallory).unwrap();
    assert_eq!(
        world.verify(Purpose::SignUp, &mallory, &world.last_code()).unwrap_err(),
        Refusal::InvalidSession
    );
}

/// B048: a ticket of one kind, or one tampered with, is worth nothing as another.
#[test]
fn b048_tickets_of_another_kind_lead_nowhere() {
    let world = World::recommended();
    let session = world.sign_up(WHO).unwrap().session;
    let link = sign_up_link(&world.last_mail()).unwrap();
    assert!(Ticket::<SignUpLink>::parse(&session.expose()).is_err());
    let relabelled = link.expose().replace("link_", "otp_");
    let relabelled = Ticket::<OtpSession>::parse(&relabelled).unwrap();
    assert_eq!(world.resend(&relabelled).unwrap_err(), Refusal::InvalidSession);
    let text = session.expose();
    assert!(text.len() <= 64 && Ticket::<OtpSession>::parse(&text).is_ok());
    for at in 4..text.len() {
        let mut other = text.clone().into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        let Ok(ticket) = Ticket::<OtpSession>::parse(std::str::from_utf8(&other).unwrap()) else { continue };
        assert_eq!(world.cancel(&ticket).unwrap_err(), Refusal::InvalidSession, "byte {at}");
    }
    assert!(world.cancel(&session).is_ok());
}

/// R82 by analogy, B045: tickets and records stay valid while their key is in the ring, and end with it.
#[test]
fn a_rotation_keeps_tickets_and_records_until_the_key_is_taken_out() {
    let world = World::recommended();
    let session = world.sign_up(WHO).unwrap().session;
    let link = sign_up_link(&world.last_mail()).unwrap();
    let with_ring = |ring: KeyRing| World {
        sentry: host::Sentry {
            machine: Machine::new(
                Settings::recommended().build().unwrap(),
                LocatorKey::new(&key(1)).unwrap(),
                ring,
            ),
            ..world.sentry.clone()
        },
        clock: world.clock.clone(),
        seen: world.seen.clone(),
    };
    let rotated = with_ring(KeyRing::new(&key(3), &[&key(2)]).unwrap());
    rotated.seconds(60);
    rotated.resend(&session).unwrap();
    let code = rotated.last_code();
    let rows: Vec<_> = rotated.seen.rows.lock().unwrap().keys().copied().collect();
    let rewritten =
        |row: &record::RecordKey| rotated.ask(Rewrap { row: *row }).into_result().unwrap().rewritten;
    assert!(!rows.iter().any(rewritten), "the write did it by the way");
    // The record was wrapped anew by that write; the ticket still names the old key.
    let retired = with_ring(KeyRing::new(&key(3), &[]).unwrap());
    assert_eq!(retired.verify(Purpose::SignUp, &session, &code).unwrap_err(), Refusal::InvalidSession);
    let redeem = RedeemSignUp {
        client: Client::unmetered(),
        link,
        identifier: id(WHO),
        password: Password::typed("MyPassword1!").unwrap(),
        profile: Profile::default(),
    };
    assert_eq!(retired.ask(redeem).into_result().unwrap_err(), Refusal::InvalidSession);
    let fresh = retired.start(Purpose::SignIn, WHO).unwrap().session;
    assert!(retired.cancel(&fresh).is_ok(), "the record opens without the old key");
    assert!(rotated.verify(Purpose::SignUp, &session, &code).is_ok());
    // Going back over all rows makes the first key current again, and tells which rows it wrote.
    let back = with_ring(KeyRing::new(&key(2), &[&key(3)]).unwrap());
    for (row, expected) in rows.iter().flat_map(|row| [(row, true), (row, false)]) {
        assert_eq!(back.ask(Rewrap { row: *row }).into_result().unwrap().rewritten, expected);
    }
    // Without any key that opens it, a record is an error, never an empty one.
    let lost = with_ring(KeyRing::new(&key(4), &[]).unwrap());
    assert!(lost.run(SignIn { client: Client::unmetered(), identifier: id(WHO), locale: None }).is_err());
}

/// B084: what is too long is refused before it is read.
#[test]
fn b084_long_input_is_refused_at_once() {
    let long = "a".repeat(1 << 20);
    assert!(Ticket::<OtpSession>::parse(&format!("otp_{long}")).is_err());
    assert!(Identifier::parse(&format!("{long}@example.com")).is_err());
    assert!(Password::typed(&long).is_err());
    assert_eq!(Code::typed(&"1".repeat(1 << 20)).expose(), "");
    let world = World::recommended();
    let session = world.sign_up(WHO).unwrap().session;
    for (row, _) in world.seen.rows.lock().unwrap().values_mut() {
        row.bytes.resize(1 << 20, 0);
    }
    assert!(world.run(verify(Purpose::SignUp, &session, "000000")).is_err());
}

/// B088, R17: what a stranger can start is counted against him first, and ends by itself.
#[test]
fn b088_starting_is_metered_and_every_row_ends() {
    let world = World::recommended();
    let client = Client::ip("192.0.2.1".parse().unwrap());
    for n in 0..70 {
        let identifier = id(&format!("u{n}@example.com"));
        let request = SignIn { client: client.clone(), identifier, locale: None };
        let refused = world.ask(request).into_result().is_err();
        assert_eq!(refused, n >= 60, "{n}");
    }
    let rows = world.seen.rows.lock().unwrap();
    assert_eq!(rows.len(), 61);
    let last = START.saturating_add(Duration::from_secs(2 * 86_400));
    assert!(rows.values().all(|(_, expires_at)| expires_at.is_some_and(|at| at > START && at < last)));
}

/// B121, B122: a failed guess is committed although the request fails; what is spent is gone from the store.
#[test]
fn b121_b122_failures_are_kept_and_the_spent_is_gone() {
    let world = World::recommended();
    let session = world.sign_up(WHO).unwrap().session;
    let code = world.last_code();
    let before = world.seen.rows.lock().unwrap().clone();
    world.verify(Purpose::SignUp, &session, &wrong(&code)).unwrap_err();
    assert_ne!(before, *world.seen.rows.lock().unwrap());
    world.verify(Purpose::SignUp, &session, &code).unwrap();
    assert_eq!(world.verify(Purpose::SignUp, &session, &code).unwrap_err(), Refusal::InvalidSession);
}

/// B059, B047: comparisons of secrets go through one function, and no store method looks a code up.
#[test]
fn b059_secrets_are_compared_in_one_place() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![source];
    let mut uses = Vec::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if std::fs::read_to_string(&path).unwrap().contains("ct_eq") {
            uses.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    uses.sort();
    assert_eq!(uses, ["hash.rs", "secret.rs"]);
}

/// Law 9, law 13: a full list of sessions refuses, until the first of them ends; it drops nobody's session.
#[test]
fn a_full_list_of_sessions_refuses() {
    let world = World::recommended();
    let first = world.start(Purpose::SignIn, WHO).unwrap();
    world.seconds(60);
    let second = world.start(Purpose::SignIn, WHO).unwrap();
    world.seconds(60);
    let (rule, retry_at) = limit(world.start(Purpose::SignIn, WHO));
    assert_eq!((rule, retry_at), (policy::RULE_LIVE_SESSIONS, first.state.session_expires_at));
    assert!(world.start(Purpose::Recover, WHO).is_ok(), "another purpose has a list of its own");
    assert!(world.resend(&first.session).is_ok() && world.cancel(&second.session).is_ok());
    world.seconds(60);
    assert!(world.start(Purpose::SignIn, WHO).is_ok());
}

/// Law 12: a sign-up that comes back after another has made the account neither replaces it nor signs in.
#[test]
fn a_late_sign_up_does_not_replace_an_account() {
    let world = World::recommended();
    let slow = world.sign_up(WHO).unwrap().session;
    let code = world.last_code();
    let request = verify(Purpose::SignUp, &slow, &code);
    let mut step = world.sentry.machine.begin(request, Context { now: START, entropy: seed(500) });
    // The code is spent; the node stops before the directory is asked.
    let create = loop {
        step = match step {
            Step::Load(load) => {
                let rows = world.sentry.store.load(load.keys()).unwrap();
                load.resume(rows).unwrap()
            }
            Step::Commit(commit) => {
                let write = commit.write(world.sentry.clock.now().unwrap()).unwrap();
                let answer = world.sentry.store.commit(commit.key(), commit.expected(), write).unwrap();
                commit.resume(answer).unwrap()
            }
            Step::Create(create) => break create,
            other => panic!("{other:?}"),
        };
    };
    world.seconds(60);
    let account = world.member(WHO);
    let before = world.seen.rows.lock().unwrap().clone();
    let Step::Load(load) = create.resume(Created::Account(account)) else {
        panic!("the account is read first")
    };
    let rows = world.sentry.store.load(load.keys()).unwrap();
    let Step::Done(done) = load.resume(rows).unwrap() else { panic!("nothing is written") };
    assert_eq!(done.outcome.refusal(), Some(&Refusal::InvalidSession));
    assert_eq!(before, *world.seen.rows.lock().unwrap());
}

/// B043, B073: a code made while the host's own credential stood in for the account is worth nothing once a record exists.
#[test]
fn b073_a_code_for_another_generation_is_refused() {
    let world = World::recommended();
    let legacy = Some(PasswordHash::new("$2b$10$legacy").unwrap());
    let old = DirectoryEntry { legacy, ..entry_of(&AccountId::new("old").unwrap(), WHO) };
    world.seen.accounts.lock().unwrap().insert(WHO.to_owned(), old);
    let session = world.start(Purpose::SignIn, WHO).unwrap().session;
    let code = world.last_code();
    world.seen.accounts.lock().unwrap().get_mut(WHO).unwrap().legacy = None;
    assert_eq!(world.member(WHO).as_str(), "old");
    assert_eq!(world.verify(Purpose::SignIn, &session, &code).unwrap_err(), Refusal::InvalidSession);
}

/// B022, R9: every operation is counted against its client by what it is, not by a route, and none is without a limit.
#[test]
fn b022_every_operation_is_metered_by_what_it_is() {
    let client = || Client::named(b"one");
    let world = World::recommended();
    let session = world.sign_up(WHO).unwrap().session;
    let guess = Verify { client: client(), ..verify(Purpose::SignUp, &session, "000000") };
    let (identifier, locale) = (id(WHO), None);
    let limited = |refusal: Option<Refusal>| {
        matches!(refusal, Some(Refusal::Limited { rule: policy::RULE_CLIENT, .. }))
    };
    for round in 0..=60 {
        let over = [
            limited(world.ask(guess.clone()).into_result().err()),
            limited(world.ask(Resend { client: client(), session: session.clone() }).into_result().err()),
            limited(world.ask(Cancel { client: client(), session: session.clone() }).into_result().err()),
            limited(world.ask(SignUp { client: client(), ..sign_up(WHO) }).into_result().err()),
            limited(
                world
                    .ask(Recover { client: client(), identifier: identifier.clone(), locale: locale.clone() })
                    .into_result()
                    .err(),
            ),
        ];
        assert_eq!(over, [round == 60; 5], "request {round} of each");
    }
}

/// B080: lives are typed spans, and the defaults are what the docs say.
#[test]
fn b080_the_default_lives_are_in_seconds() {
    let codes = Settings::recommended().codes;
    let seconds =
        |purpose| (codes.lifetimes(purpose).code.as_secs(), codes.lifetimes(purpose).session.as_secs());
    assert_eq!(STARTED.map(seconds), [(300, 900), (300, 900), (600, 900), (300, 900)]);
}

/// B026: whoever has a network of 64 bits is one client, with whichever of its addresses.
#[test]
fn b026_a_network_of_64_bits_is_one_client() {
    let client = |host: u16, network: u16| {
        Client::ip(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, network, host, !host, host, 1).into())
    };
    assert!((0..=u16::MAX).all(|host| client(host, 1) == client(0, 1)));
    assert_ne!(client(0, 1), client(0, 2));
    let mapped = std::net::Ipv4Addr::new(192, 0, 2, 1);
    assert_eq!(Client::ip(mapped.to_ipv6_mapped().into()), Client::ip(mapped.into()));
}

/// B045: without keys there is no machine: none that is empty, short, long, or a placeholder of one byte, in any place.
#[test]
fn b045_what_is_no_key_is_refused() {
    let good = key(1);
    for length in (0..80).filter(|length| *length != 32) {
        let bytes: Vec<u8> = (0..length).collect();
        assert_eq!(LocatorKey::new(&bytes).err(), Some(KeyError::Length), "{length}");
        assert_eq!(KeyRing::new(&bytes, &[]).err(), Some(KeyError::Length), "{length}");
        assert_eq!(KeyRing::new(&good, &[&bytes]).err(), Some(KeyError::Length), "{length}");
    }
    for byte in [0, 1, b'x', 255] {
        let placeholder = [byte; 32];
        assert_eq!(LocatorKey::new(&placeholder).err(), Some(KeyError::Placeholder));
        assert_eq!(KeyRing::new(&placeholder, &[]).err(), Some(KeyError::Placeholder));
        assert_eq!(KeyRing::new(&good, &[&placeholder]).err(), Some(KeyError::Placeholder));
    }
    assert!(LocatorKey::new(&good).is_ok() && KeyRing::new(&good, &[&key(2)]).is_ok());
}
