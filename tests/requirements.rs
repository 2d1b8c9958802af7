//! What the standards ask of one-time-code sessions, each under the number of the requirement it covers. Guessing is in `guesses.rs`.
//!
//! R16, R18 (configuration), R22 (length) are in `policy.rs`; R15, R69 beside the identifier; R7 beside the back-off; R11 also in the
//! conformance suite; R17 beside the in-memory store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod common;

use std::collections::BTreeSet;

use common::*;
use countersign::policy::{RULE_COOLDOWN, RULE_SENDS_LONG, RULE_SENDS_SHORT};
use countersign::*;

const WHO: &str = "jo@example.com";

/// R18, law 6: the last millisecond passes, the next does not; the boundary is exact.
#[test]
fn r18_a_code_ends_at_its_life_to_the_millisecond() {
    for (millis, passes) in [(299_999, true), (300_000, false), (300_001, false)] {
        let world = World::recommended();
        let session = world.sign_up(WHO).unwrap().session;
        let code = world.last_code();
        world.millis(millis);
        let answer = world.verify(Purpose::SignUp, &session, &code);
        assert_eq!(answer.is_ok(), passes, "{millis}");
        assert!(passes || matches!(answer, Err(Refusal::CodeExpired(_))));
    }
}

/// R20, B046, B049, B050, B052: a code is refused, and counted, for any other session, purpose or identifier.
#[test]
fn r20_a_code_is_good_for_its_own_session_only() {
    let world = World::recommended();
    world.member(WHO);
    let a = world.start(Purpose::SignIn, WHO).unwrap().session;
    let code_a = world.last_code();
    world.seconds(60);
    let b = world.start(Purpose::SignIn, WHO).unwrap().session;
    assert_eq!(attempts_left(world.verify(Purpose::SignIn, &b, &code_a)), 4);
    for purpose in STARTED.into_iter().filter(|purpose| *purpose != Purpose::SignIn) {
        assert_eq!(world.verify(purpose, &a, &code_a).unwrap_err(), Refusal::InvalidSession);
    }
    let foreign =
        Verify { identifier: Some(id("mallory@example.com")), ..verify(Purpose::SignIn, &a, &code_a) };
    assert_eq!(attempts_left(world.ask(foreign).into_result()), 4);
    let own = Verify { identifier: Some(id(WHO)), ..verify(Purpose::SignIn, &a, &code_a) };
    assert!(world.ask(own).into_result().is_ok());
}

/// R21: after a resend the earlier code is refused; where the policy keeps it, it keeps its own end.
#[test]
fn r21_resend_replaces_or_keeps_by_policy() {
    let mut keeping = Settings::recommended();
    keeping.codes.resend = policy::ResendPolicy::KeepPrevious;
    keeping.codes.live_sessions = 1;
    for (settings, kept) in [(Settings::recommended(), false), (keeping, true)] {
        for (wait, alive) in [(60, true), (299, true), (300, false)] {
            let world = World::new(settings.clone());
            let session = world.sign_up(WHO).unwrap().session;
            let first = world.last_code();
            world.seconds(60);
            world.resend(&session).unwrap();
            world.clock.set(START);
            world.seconds(wait.max(60));
            assert_eq!(world.verify(Purpose::SignUp, &session, &first).is_ok(), kept && alive, "{wait}");
        }
    }
}

/// R23, law 6: resend renews the code and never moves the session's end.
#[test]
fn r23_resend_does_not_extend_the_session() {
    let world = World::recommended();
    let started = world.sign_up(WHO).unwrap();
    for _ in 0..4 {
        world.seconds(200);
        let state = world.resend(&started.session).unwrap().state;
        assert_eq!(state.session_expires_at, started.state.session_expires_at);
    }
    // At 800 s the code is cut to the session's last 100 s.
    let code = world.last_code();
    assert_eq!(world.last_mail().expires_at, Some(started.state.session_expires_at));
    world.seconds(100);
    assert_eq!(world.verify(Purpose::SignUp, &started.session, &code).unwrap_err(), Refusal::InvalidSession);
}

/// R24, R25, R92, B024, B063, B066, B091, B093: cooldown and windows hold over sessions, spellings, clients and failing mailers, for
/// known and unknown alike, and a retry at exactly `retry_at` passes.
#[test]
fn r24_sends_are_limited_per_identifier_whoever_asks() {
    for (who, purpose) in
        [(WHO, Purpose::SignIn), ("nobody@example.com", Purpose::Recover), (WHO, Purpose::SignUp)]
    {
        let world = World::recommended();
        world.member(WHO);
        world.seconds(86_400);
        let session = world.start(purpose, who).unwrap().session;
        let (rule, at) = limit(world.resend(&session));
        assert_eq!((rule, at.since(START).as_secs()), (RULE_COOLDOWN, 86_460));
        world.millis(59_999);
        assert_eq!(limit(world.start(purpose, who)).0, RULE_COOLDOWN);
        world.millis(1);
        world.resend(&session).unwrap();
        for _ in 0..4 {
            world.seconds(60);
            world.resend(&session).unwrap();
        }
        world.seconds(60);
        let (rule, at) = limit(world.resend(&session));
        assert_eq!((rule, at.since(START).as_secs()), (RULE_SENDS_SHORT, 86_400 + 1800));
        world.clock.set(at);
        assert_eq!(world.start(purpose, who).unwrap().state.attempts_left, 5);
    }
    // Twenty a day, however patiently.
    let world = World::recommended();
    for _ in 0..20 {
        world.start(Purpose::SignIn, "nobody@example.com").unwrap();
        world.seconds(1000);
    }
    let (rule, at) = limit(world.start(Purpose::SignIn, "nobody@example.com"));
    assert_eq!((rule, at.since(START).as_secs()), (RULE_SENDS_LONG, 86_400));
}

/// R26: the result says what it rests on: a mailed code proves an address; it is no sign-in and no second factor by itself.
#[test]
fn r26_a_mailed_code_is_labelled_by_its_purpose() {
    let world = World::recommended();
    let account = world.member(WHO);
    let session = world.start(Purpose::SignIn, WHO).unwrap().session;
    let verified = world.verify(Purpose::SignIn, &session, &world.last_code()).unwrap();
    assert_eq!((verified.purpose, verified.account), (Purpose::SignIn, account));
}

/// R28, R29, B047, B053, B054, B055, law 11: codes, tickets, links, passwords and addresses stand in the mail or the outcome and nowhere else.
#[test]
fn r28_r29_secrets_stay_put() {
    let world = World::recommended();
    let mut secrets = vec!["MyPassword1!".to_owned()];
    let mut shown = String::new();
    for purpose in [Purpose::SignUp, Purpose::SignIn, Purpose::Recover, Purpose::ConfirmAction] {
        let started = world.start(purpose, WHO).unwrap();
        let mail = world.last_mail();
        secrets.push(started.session.expose());
        secrets.extend(mail.code.as_ref().map(|code| code.expose().to_owned()));
        secrets.extend(mail.link.as_ref().map(MailedLink::expose));
        shown += &format!("{started:?}{mail:?}");
        let refused = world.run(verify(purpose, &started.session, &wrong(&world.last_code()))).unwrap();
        let granted = world.run(verify(purpose, &started.session, &world.last_code())).unwrap();
        shown += &format!("{refused:?}{granted:?}");
    }
    shown += &format!("{:?}{:?}", world.seen.events.lock().unwrap(), world.sentry);
    let stored = String::from_utf8_lossy(&world.bytes()).into_owned();
    for secret in &secrets {
        assert!(!shown.contains(secret), "{secret} is shown");
        assert!(!stored.contains(secret), "{secret} is stored");
    }
    assert!(!stored.contains("example.com") && !stored.contains("Jo"), "who it is about is sealed");
    let distinct: BTreeSet<_> = secrets.iter().collect();
    assert_eq!(distinct.len(), secrets.len());
}

/// R31, B051: verified, cancelled, burned, ended and unknown sessions are one and the same to every operation.
#[test]
fn r31_a_dead_session_is_an_unknown_session() {
    let world = World::recommended();
    let mut dead = Vec::new();
    let verified = world.sign_up("a@example.com").unwrap().session;
    world.verify(Purpose::SignUp, &verified, &world.last_code()).unwrap();
    dead.push(verified);
    let cancelled = world.sign_up("b@example.com").unwrap().session;
    world.cancel(&cancelled).unwrap();
    dead.push(cancelled);
    let burned = world.sign_up("c@example.com").unwrap().session;
    (0..5).for_each(|_| drop(world.verify(Purpose::SignUp, &burned, "000000")));
    dead.push(burned);
    let ended = world.sign_up("d@example.com").unwrap().session;
    world.seconds(900);
    dead.push(ended);
    // One that never was: a ticket from another deployment.
    let elsewhere = Machine::new(
        Settings::recommended().build().unwrap(),
        LocatorKey::new(&key(9)).unwrap(),
        KeyRing::new(&key(8), &[]).unwrap(),
    );
    dead.push(World::with_machine(elsewhere).sign_up(WHO).unwrap().session);
    for session in &dead {
        assert_eq!(world.resend(session).unwrap_err(), Refusal::InvalidSession);
        assert_eq!(world.verify(Purpose::SignUp, session, "000000").unwrap_err(), Refusal::InvalidSession);
        assert_eq!(world.cancel(session).unwrap_err(), Refusal::InvalidSession);
    }
}

/// R32, B041, B042: nothing that can be typed matches by accident, and each try is counted like any wrong code.
#[test]
fn r32_odd_codes_are_wrong_codes() {
    let long = "1".repeat(1_048_576);
    for odd in
        ["", " ", "0", "null", "None", "12345", "1234567", "١٢٣٤٥٦", "123\u{0}456", "１２３４５６", &long]
    {
        for who in [WHO, "nobody@example.com"] {
            let world = World::recommended();
            world.member(WHO);
            let session = world.start(Purpose::SignIn, who).unwrap().session;
            assert_eq!(attempts_left(world.verify(Purpose::SignIn, &session, odd)), 4, "{who}");
        }
    }
    // Spaces and hyphens that people put into codes are no difference (R55 by analogy).
    let world = World::recommended();
    let session = world.sign_up(WHO).unwrap().session;
    let code = world.last_code();
    let spaced = format!(" {} - {}", &code[..3], &code[3..]);
    assert!(world.verify(Purpose::SignUp, &session, &spaced).is_ok());
}

/// R33, law 8: a right code spends every code of its purpose, and no other. The sessions of the others are to them as where nobody lives.
#[test]
fn r33_a_right_code_spends_its_siblings() {
    let world = World::recommended();
    world.member(WHO);
    let a = world.start(Purpose::SignIn, WHO).unwrap().session;
    let code_a = world.last_code();
    world.seconds(60);
    let b = world.start(Purpose::SignIn, WHO).unwrap().session;
    let code_b = world.last_code();
    let other = world.start(Purpose::Recover, WHO).unwrap().session;
    let code_other = world.last_code();
    world.verify(Purpose::SignIn, &b, &code_b).unwrap();
    let refusal = world.verify(Purpose::SignIn, &a, &code_a).unwrap_err();
    let nobodys = world.start(Purpose::SignIn, "nobody@example.com").unwrap();
    world.seconds(60);
    let nothing = world.verify(Purpose::SignIn, &nobodys.session, &code_a).unwrap_err();
    let left = |refusal: &Refusal| match refusal {
        Refusal::InvalidCode(state) => state.attempts_left,
        refusal => panic!("{refusal:?}"),
    };
    assert_eq!(left(&refusal), left(&nothing));
    assert!(world.verify(Purpose::Recover, &other, &code_other).is_ok());
}

/// R34, R24: a mailer that fails changes no answer, the send stays charged, and the log knows.
#[test]
fn r34_a_failing_mailer_charges_all_the_same() {
    let world = World::recommended();
    world.calls();
    world.fail_at(7, Fault::Before);
    let started = world.sign_up(WHO).unwrap();
    assert_eq!(world.calls().last(), Some(&"mail"));
    assert_eq!((world.heal(), world.mails()), (8, 0));
    assert!(world.events().contains(&"mail.failed"));
    assert_eq!(limit(world.resend(&started.session)).0, RULE_COOLDOWN);
}

/// R76, B064, law 8: exactly one hash per password that no limit refuses, for a free and a taken address alike; none when a limit refuses
/// or the password is too short.
#[test]
fn r76_one_hash_per_password_and_none_for_a_refusal() {
    let world = World::recommended();
    world.member("taken@example.com");
    world.seconds(60);
    let hashes = |world: &World| world.calls().into_iter().filter(|name| *name == "hash").count();
    hashes(&world);
    for who in ["free@example.com", "taken@example.com"] {
        world.sign_up(who).unwrap();
        assert_eq!(hashes(&world), 1, "{who}");
        limit(world.sign_up(who));
        assert_eq!(hashes(&world), 0, "{who}");
    }
    let short = SignUp { password: Password::typed("1234567").unwrap(), ..sign_up(WHO) };
    let refusal = world.ask(short).into_result().unwrap_err();
    assert_eq!((refusal, hashes(&world)), (Refusal::PasswordTooShort { min_code_points: 8 }, 0));
}
