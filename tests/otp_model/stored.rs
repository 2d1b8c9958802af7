//! Laws 11 and 13: what is stored, shown and logged holds no secret, and has a bound.

use countersign::policy::*;
use countersign::record::{MAX_RECORD_BYTES, RecordKind};
use countersign::*;

use crate::common::{World, sign_up, verify, wrong};
use crate::otp::drive::{Act, drive};

/// The bytes behind a ticket's text, in which its random part is.
fn random_part(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digits = text.split_once('_').unwrap().1.bytes();
    let bits: Vec<bool> = digits
        .map(|digit| ALPHABET.iter().position(|known| *known == digit).unwrap())
        .flat_map(|value| (0..6).rev().map(move |bit| value >> bit & 1 == 1))
        .collect();
    let bytes: Vec<u8> =
        bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | u8::from(*bit))).collect();
    // Blinded record key, random part, key id.
    bytes[16..32].to_vec()
}

/// Law 11, R28, R29: the text of a code, a ticket, a link and a password is in the one message or answer that carries it, and
/// nowhere else: no row, no event, no `Debug` of anything that passes between core and host.
#[test]
fn law11_secrets_stay_put() {
    let world = World::recommended();
    let (mut shown, mut secrets) = (String::new(), vec![]);
    fn walk<R: Request + core::fmt::Debug>(world: &World, request: R, shown: &mut String) -> End<R::Output>
    where
        R::Output: core::fmt::Debug,
    {
        shown.push_str(&format!("{request:?} {:?}", world.sentry.machine));
        let now = host::Clock::now(&*world.clock).unwrap();
        let end = drive(world, request, now, &mut |_, _| Act::Go);
        shown.push_str(&format!("{end:?}"));
        end
    }
    use crate::otp::drive::End;
    for _ in 0..3 {
        let end = walk(&world, sign_up("jo@example.com"), &mut shown);
        let Some(started) = end.outcome.and_then(Outcome::granted) else { break };
        let mail = world.last_mail();
        shown.push_str(&format!("{mail:?} {started:?}"));
        let code = mail.code.as_ref().unwrap().expose().to_owned();
        let link = mail.link.as_ref().unwrap().expose();
        secrets.push(started.session.expose().into_bytes());
        secrets.push(random_part(&started.session.expose()));
        secrets.push(random_part(&link));
        secrets.push(link.into_bytes());
        secrets.push(code.clone().into_bytes());
        walk(&world, verify(Purpose::SignUp, &started.session, &wrong(&code)), &mut shown);
        world.seconds(60);
        let resend = Resend { client: Client::unmetered(), session: started.session.clone() };
        walk(&world, resend, &mut shown);
        secrets.push(world.last_code().into_bytes());
        world.seconds(60);
    }
    secrets.push(b"MyPassword1!".to_vec());
    assert!(secrets.len() >= 13);
    shown.push_str(&format!("{:?}", world.seen.events.lock().unwrap()));
    let stored = world.bytes();
    for secret in &secrets {
        let within = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == &secret[..]);
        let text = String::from_utf8_lossy(secret);
        assert!(!within(&stored), "law 11 (secrets stay put): {text} is stored");
        assert!(!within(shown.as_bytes()), "law 11 (secrets stay put): {text} is shown");
    }
    // Who it is about is sealed as well.
    assert!(!stored.windows(3).any(|window| window == b"jo@"), "an address in the clear");
}

/// Law 13: somebody who does all that the limits let him do for days fills a row up to a bound, and the row still opens.
#[test]
fn law13_rows_are_bounded_whatever_is_asked() {
    let world = World::recommended();
    let local = "l".repeat(64);
    let who = format!("{local}@{}.example", ["d".repeat(60), "e".repeat(60), "f".repeat(40)].join("."));
    let mut longest = 0;
    let mut starts = 0;
    for round in 0..3_000 {
        let purpose = [Purpose::SignUp, Purpose::SignIn, Purpose::Recover][round % 3];
        let started = match purpose {
            Purpose::SignUp => {
                let profile = Profile::new(vec![7; Profile::MAX_BYTES]).unwrap();
                let client = Client::named(b"one");
                let request = SignUp { client, profile, ..sign_up(&who) };
                world.run(request).unwrap().granted()
            }
            purpose => world.start(purpose, &who).ok(),
        };
        if let Some(started) = started {
            starts += 1;
            let _ = world.verify(purpose, &started.session, "000000");
            let _ = world.resend(&started.session);
        }
        let rows = world.seen.rows.lock().unwrap();
        for (key, (row, expires_at)) in rows.iter() {
            longest = longest.max(row.bytes.len());
            assert!(expires_at.is_some(), "law 13 (bounded): {key} has no expiry and no owner");
            assert!(key.kind() != Some(RecordKind::Account), "an account of nobody's");
        }
        drop(rows);
        world.seconds(97);
    }
    assert!(starts > 100, "{starts}");
    let bound = 4 * usize::try_from(VISITOR_ROW_BYTES_MOST).unwrap();
    assert!(longest < bound && bound < MAX_RECORD_BYTES, "law 13 (bounded): {longest} bytes");
}

/// Law 13, R92: a full list of mailed links refuses without hashing, and tells when the same request passes.
#[test]
fn law13_a_full_list_of_links_refuses_and_costs_no_hash() {
    let mut settings = Settings::recommended();
    settings.sends.short = Limit { count: 50, window: core::time::Duration::from_secs(3600) };
    settings.sends.long = Limit { count: 100, window: core::time::Duration::from_secs(86_400) };
    let world = World::new(settings);
    let full = loop {
        world.calls();
        match world.sign_up("new@example.org") {
            Err(Refusal::Limited { rule: RULE_LIVE_LINKS, retry_at, .. }) => break retry_at,
            other => assert!(other.is_ok(), "{other:?}"),
        }
        world.seconds(901);
    };
    assert!(!world.calls().contains(&"hash"), "a limit refuses, and a password is hashed all the same");
    assert!(world.start(Purpose::SignIn, "new@example.org").is_ok(), "law 9: other purposes have no links");
    // Where another rule opens later, that one is told; at its time the request passes.
    world.clock.set(Timestamp::from_unix_millis(full.unix_millis() - 1));
    let refused = world.sign_up("new@example.org");
    assert!(matches!(refused, Err(Refusal::Limited { rule: RULE_LIVE_LINKS, .. })), "{refused:?}");
    world.millis(1);
    assert!(world.sign_up("new@example.org").is_ok(), "R92: the same request passes at its retry_at");
}

/// Law 5, R29: a code's digest is bound to its session, so that two sessions with the same code, which chance makes now and
/// then, are stored unlike: who reads the database cannot tell one code by another, nor put it in the other's place.
#[test]
fn law5_equal_codes_are_stored_unlike() {
    use crate::common::{Part, seed};
    use countersign::host::{Directory, Store};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    let world = World::recommended();
    world.member("jo@example.com");
    let start = |number: u64, keep: bool| {
        let host = Part(Arc::clone(&world.seen), Arc::clone(&world.clock));
        let (client, identifier) = (Client::unmetered(), crate::common::id("jo@example.com"));
        let now = host::Clock::now(&*world.clock).unwrap();
        let context = Context { now, entropy: seed(number) };
        let mut step = world.sentry.machine.begin(SignIn { client, identifier, locale: None }, context);
        loop {
            step = match step {
                Step::Find(find) => {
                    let entry = host.find(find.identifier()).unwrap();
                    find.resume(entry)
                }
                Step::Load(load) => {
                    let rows = host.load(load.keys()).unwrap();
                    load.resume(rows).unwrap()
                }
                Step::Commit(commit) => {
                    if keep {
                        let kept =
                            host.commit(commit.key(), commit.expected(), commit.write(now).unwrap()).unwrap();
                        assert_eq!(kept, Committed::Applied);
                    }
                    commit.resume(Committed::Applied).unwrap()
                }
                Step::Done(done) => return done.mail[0].code.as_ref().unwrap().expose().to_owned(),
                other => panic!("{other:?}"),
            }
        }
    };
    // Among some thousand codes of six digits, two are the same.
    let mut known = BTreeMap::new();
    let twins = (10_000..).find_map(|number| Some((known.insert(start(number, false), number)?, number)));
    let (one, other) = twins.unwrap();
    let first = start(one, true);
    world.seconds(60);
    assert_eq!(start(other, true), first, "the same code in two sessions");
    let rows = world.seen.rows.lock().unwrap();
    let (_, (row, _)) = rows.iter().find(|(key, _)| key.kind() == Some(RecordKind::Visitor)).unwrap();
    let mut windows: Vec<_> = row.bytes.windows(16).collect();
    windows.sort_unstable();
    let twice = windows.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None, "law 5 (bound): two sessions share a digest");
}

/// R78: every ticket has 128 random bits of its own: over hundreds of them none comes twice, and no bit leans to a side.
#[test]
fn r78_every_ticket_has_128_random_bits() {
    let world = World::recommended();
    let (mut ones, mut seen) = ([0_u32; 128], std::collections::BTreeSet::new());
    for n in 0..256 {
        let started = world.sign_up(&format!("u{n}@example.com")).unwrap();
        let link = world.last_mail().link.unwrap();
        for text in [started.session.expose(), link.expose()] {
            let random = random_part(&text);
            assert!(random.len() == 16 && seen.insert(random.clone()), "{n}");
            for (bit, ones) in ones.iter_mut().enumerate() {
                *ones += u32::from(random[bit / 8] >> (bit % 8) & 1);
            }
        }
    }
    // 256 expected each; six standard deviations are 68.
    assert!(ones.iter().all(|ones| (188..=324).contains(ones)), "{ones:?}");
}
