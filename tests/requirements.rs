//! What the standards ask of one-time-code sessions, each under the number of the requirement it covers.
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

fn attempts_left(answer: Result<Verified, Refusal>) -> u32 {
    match answer {
        Err(Refusal::InvalidCode(state)) => state.attempts_left,
        other => panic!("not a wrong code: {other:?}"),
    }
}

/// R4, R10, B007, B011: a resend gives no attempt back, and the last wrong code kills the session for the right one too.
#[test]
fn r4_r10_resend_keeps_the_count_and_the_last_wrong_code_burns_the_session() {
    let world = World::recommended();
    let session = world.sign_up(WHO).unwrap().session;
    let first = world.last_code();
    assert_eq!(attempts_left(world.verify(Purpose::SignUp, &session, &wrong(&first))), 4);
    assert_eq!(attempts_left(world.verify(Purpose::SignUp, &session, &wrong(&first))), 3);
    world.seconds(60);
    assert_eq!(world.resend(&session).unwrap().state.attempts_left, 3);
    let second = world.last_code();
    for left in [2, 1, 0] {
        assert_eq!(attempts_left(world.verify(Purpose::SignUp, &session, &wrong(&second))), left);
    }
    assert_eq!(world.verify(Purpose::SignUp, &session, &second).unwrap_err(), Refusal::InvalidSession);
    world.seconds(60);
    assert_eq!(world.resend(&session).unwrap_err(), Refusal::InvalidSession);
    assert!(world.account(WHO).is_none());
}

/// R1, R5, R7, B001, B002, B005, B008, B009: one budget over all sessions, purposes, spellings and sources; it locks, and a
/// lock that is over locks again.
#[test]
fn r5_the_budget_is_one_over_all_sessions_and_purposes() {
    let world = World::recommended();
    world.member(WHO);
    let a = world.start(Purpose::SignIn, "JO@example.com ").unwrap().session;
    for _ in 0..5 {
        attempts_left(world.verify(Purpose::SignIn, &a, "no code"));
    }
    let b = world.start(Purpose::Recover, WHO).unwrap().session;
    for left in [4, 3, 2, 1, 0] {
        assert_eq!(attempts_left(world.verify(Purpose::Recover, &b, "000000")), left);
    }
    world.seconds(60);
    let c = world.start(Purpose::SignIn, WHO).unwrap().session;
    let right = world.last_code();
    let (rule, retry_at) = limit(world.verify(Purpose::SignIn, &c, &right));
    assert_eq!(
        (rule, retry_at),
        (policy::RULE_GUESSES_LOCK, START.saturating_add(std::time::Duration::from_secs(900)))
    );
    // After the lock one guess, and a wrong one locks for twice as long, whatever the session.
    world.clock.set(retry_at);
    let d = world.start(Purpose::SignIn, WHO).unwrap().session;
    assert_eq!(attempts_left(world.verify(Purpose::SignIn, &d, "000000")), 0);
    let (_, again) = limit(world.verify(Purpose::SignIn, &d, &world.last_code()));
    assert_eq!(again.since(retry_at).as_secs(), 1800);
    assert!(world.events().contains(&"guess.locked"));
}

/// R6, B010, B012: success on one identifier leaves the counts of another, and a locked budget leaves the right code uncompared.
#[test]
fn r6_success_elsewhere_changes_nothing() {
    let world = World::recommended();
    world.member(WHO);
    let victim = world.start(Purpose::SignIn, WHO).unwrap().session;
    attempts_left(world.verify(Purpose::SignIn, &victim, "000000"));
    world.member("mallory@example.com");
    assert_eq!(attempts_left(world.verify(Purpose::SignIn, &victim, "000000")), 3);
}

/// R6 on an account's record: a success ends the run of failures there, and never touches the visitor's counts.
#[test]
fn r6_success_resets_the_run_of_its_own_partition_only() {
    let world = World::recommended();
    world.member(WHO);
    let stranger = world.start(Purpose::SignIn, WHO).unwrap().session;
    for left in [4, 3] {
        assert_eq!(attempts_left(world.verify(Purpose::SignIn, &stranger, "000000")), left);
    }
    let confirm = world.start(Purpose::ConfirmAction, WHO).unwrap().session;
    let right = world.last_code();
    assert_eq!(attempts_left(world.verify(Purpose::ConfirmAction, &confirm, &wrong(&right))), 4);
    let done = world.verify(Purpose::ConfirmAction, &confirm, &right).unwrap();
    assert_eq!(done.action, Some(Action::new("pay:1").unwrap()));
    assert_eq!(attempts_left(world.verify(Purpose::SignIn, &stranger, "000000")), 2);
}

/// R11, R12, B013, B014, B015: of many requests that all read before any wrote, as many are answered as the budget has, and each is counted.
#[test]
fn r11_parallel_guesses_are_counted_one_by_one() {
    let world = World::recommended();
    let session = world.sign_up(WHO).unwrap().session;
    let code = world.last_code();
    // All fifty read the same state and stand before their commit.
    let mut waiting: Vec<Step<Verified>> =
        (0..50).map(|n| to_commit(&world, &session, &wrong(&code), n)).collect();
    waiting.push(to_commit(&world, &session, &code, 99));
    let mut answered = 0;
    for step in waiting {
        match finish(&world, step) {
            Verdict::Refused(Refusal::InvalidCode(_)) => answered += 1,
            Verdict::Refused(Refusal::InvalidSession) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(answered, 5);
    assert!(world.account(WHO).is_none(), "the right code came last and was too late");
}

/// R19, R33, R48 by analogy, B015: of thirty parallel right codes one succeeds.
#[test]
fn r19_a_right_code_is_spent_once() {
    let world = World::recommended();
    let session = world.sign_up(WHO).unwrap().session;
    let code = world.last_code();
    let waiting: Vec<_> = (0..30).map(|n| to_commit(&world, &session, &code, n)).collect();
    let granted = waiting.into_iter().filter(|_| true).map(|step| finish(&world, step));
    assert_eq!(granted.filter(|verdict| matches!(verdict, Verdict::Granted(_))).count(), 1);
}

/// A verify that has read and decided and is about to commit.
fn to_commit(world: &World, session: &Ticket<OtpSession>, code: &str, number: u64) -> Step<Verified> {
    let context = Context { now: START, entropy: seed(1_000_000 + number) };
    let step = world.sentry.machine.begin(verify(Purpose::SignUp, session, code), context);
    let Step::Load(load) = step else { panic!("a verify begins with a load") };
    let rows = world.sentry.store.load(load.keys()).unwrap();
    let step = load.resume(rows).unwrap();
    assert!(matches!(step, Step::Commit(_)), "no outcome before the commit (law 1)");
    step
}

fn finish(world: &World, mut step: Step<Verified>) -> Verdict<Verified> {
    loop {
        step = match step {
            Step::Load(load) => {
                let rows = world.sentry.store.load(load.keys()).unwrap();
                load.resume(rows).unwrap()
            }
            Step::Commit(commit) => {
                let answer =
                    world.sentry.store.commit(commit.key(), commit.expected(), commit.write()).unwrap();
                commit.resume(answer).unwrap()
            }
            Step::Create(create) => {
                let created = world.sentry.directory.create(create.account()).unwrap();
                create.resume(created)
            }
            Step::Done(done) => return done.outcome.verdict,
            other => panic!("{other:?}"),
        };
    }
}

/// R13, B023: limits per identifier do not depend on the client.
#[test]
fn r13_a_new_source_for_every_guess_buys_nothing() {
    let world = World::recommended();
    let session = world.sign_up(WHO).unwrap().session;
    let code = world.last_code();
    for n in 0_u32..5 {
        let client = Client::named(&n.to_be_bytes());
        let guess = Verify { client, ..verify(Purpose::SignUp, &session, &wrong(&code)) };
        world.ask(guess).into_result().unwrap_err();
    }
    assert_eq!(world.verify(Purpose::SignUp, &session, &code).unwrap_err(), Refusal::InvalidSession);
}

/// R14, B068, law 9: whoever knows only the identifier can lock its codes, but not the mailed link, nor what the signed-in do.
#[test]
fn r14_strangers_cannot_keep_the_owner_out() {
    let world = World::recommended();
    // Strangers burn the guess budget and the sends at an address that is not theirs.
    let mut links = Vec::new();
    for _ in 0..2 {
        let session = world.sign_up(WHO).unwrap().session;
        links.push(world.last_mail().link.unwrap());
        (0..5).for_each(|_| drop(world.verify(Purpose::SignUp, &session, "000000")));
        world.seconds(61);
    }
    let session = world.sign_up(WHO).unwrap().session;
    assert_eq!(
        limit(world.verify(Purpose::SignUp, &session, &world.last_code())).0,
        policy::RULE_GUESSES_LOCK
    );
    // The owner follows the first link, a day and a half later.
    world.seconds(36 * 3600);
    let redeem = |link: &Ticket<SignUpLink>| RedeemSignUp {
        client: Client::unmetered(),
        link: link.clone(),
        identifier: id(WHO),
        password: Password::typed("my own password").unwrap(),
        profile: Profile::default(),
    };
    world.ask(redeem(&links[0])).into_result().unwrap();
    assert!(world.account(WHO).is_some());
    // Spent, and with it every other link of the sign-up (R60): not even a hash is made for them.
    world.calls();
    for link in &links {
        assert_eq!(world.ask(redeem(link)).into_result().unwrap_err(), Refusal::InvalidSession);
    }
    assert!(!world.calls().contains(&"hash"));
}

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

/// R20, B046, B050, B052: a code is refused, and counted, for any other session, purpose or identifier.
#[test]
fn r20_a_code_is_good_for_its_own_session_only() {
    let world = World::recommended();
    world.member(WHO);
    let a = world.start(Purpose::SignIn, WHO).unwrap().session;
    let code_a = world.last_code();
    world.seconds(60);
    let b = world.start(Purpose::SignIn, WHO).unwrap().session;
    assert_eq!(attempts_left(world.verify(Purpose::SignIn, &b, &code_a)), 4);
    for purpose in Purpose::ALL.into_iter().filter(|purpose| *purpose != Purpose::SignIn) {
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
        for _ in 0..3 {
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
        secrets.extend(mail.link.as_ref().map(Ticket::expose));
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

/// R33: a right code spends every session of its purpose, and no other.
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
    assert_eq!(world.verify(Purpose::SignIn, &a, &code_a).unwrap_err(), Refusal::InvalidSession);
    assert!(world.verify(Purpose::Recover, &other, &code_other).is_ok());
}

/// R34, R24: a mailer that fails changes no answer, the send stays charged, and the log knows.
#[test]
fn r34_a_failing_mailer_charges_all_the_same() {
    let world = World::recommended();
    world.calls();
    world.fail_at(6, Fault::Before);
    let started = world.sign_up(WHO).unwrap();
    assert_eq!(world.calls().last(), Some(&"mail"));
    assert_eq!((world.heal(), world.mails()), (7, 0));
    assert!(world.events().contains(&"mail.failed"));
    assert_eq!(limit(world.resend(&started.session)).0, RULE_COOLDOWN);
}

fn wrong_confirmations(world: &World, count: u32) -> Result<Verified, Refusal> {
    let started = world.start(Purpose::ConfirmAction, WHO)?;
    for _ in 0..count {
        world.verify(Purpose::ConfirmAction, &started.session, "000000").ok();
    }
    let answer = world.verify(Purpose::ConfirmAction, &started.session, &world.last_code());
    world.cancel(&started.session).ok();
    answer
}

/// R1, R2, R6: so many failures in a row disable the factor for good, for the right code too; a success in between ends the run.
#[test]
fn r1_r2_a_run_of_failures_disables_the_factor() {
    let mut settings = Settings::recommended();
    settings.guesses.consecutive = 10;
    settings.codes.max_attempts = 100;
    for between in [false, true] {
        let world = World::new(settings.clone());
        world.member(WHO);
        if between {
            assert!(wrong_confirmations(&world, 9).is_ok());
        } else {
            assert_eq!(wrong_confirmations(&world, 9 + 1).unwrap_err(), Refusal::FactorDisabled);
            assert!(world.events().contains(&"guess.factor_disabled"));
        }
        for _ in 0..3 {
            world.seconds(30 * 86_400);
            assert_eq!(
                wrong_confirmations(&world, 2).is_ok(),
                between,
                "time and new sessions change nothing"
            );
        }
        // Another partition does not notice: the visitor's codes still work (law 9).
        let session = world.start(Purpose::SignIn, WHO).unwrap().session;
        assert!(world.verify(Purpose::SignIn, &session, &world.last_code()).is_ok());
    }
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
