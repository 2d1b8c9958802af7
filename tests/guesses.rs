//! What the standards ask of guessing: budgets, locks, parallel requests. Each test is named for the requirement it covers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod common;

use common::*;
use countersign::*;

const WHO: &str = "jo@example.com";

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
                let write = commit.write(world.sentry.clock.now().unwrap()).unwrap();
                let answer = world.sentry.store.commit(commit.key(), commit.expected(), write).unwrap();
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
        links.push(sign_up_link(&world.last_mail()).unwrap());
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

/// B002: a short life is no substitute for the budget: of ten thousand guesses in one second of the minute that a recovery lives, by as
/// many clients, five are compared.
#[test]
fn b002_a_short_life_is_no_substitute_for_the_budget() {
    let mut settings = Settings::recommended();
    let minute = std::time::Duration::from_secs(60);
    settings.codes.recover = policy::Lifetimes { code: minute, session: minute };
    let world = World::new(settings);
    world.member(WHO);
    let session = world.start(Purpose::Recover, WHO).unwrap().session;
    let right = world.last_code();
    let mut compared = 0;
    for n in 0..10_000_u32 {
        world.millis(i64::from(n % 10 == 9));
        let client = Client::named(&n.to_be_bytes());
        let guess = Verify { client, ..verify(Purpose::Recover, &session, &wrong(&right)) };
        match world.ask(guess).into_result().unwrap_err() {
            Refusal::InvalidCode(_) => compared += 1,
            Refusal::InvalidSession | Refusal::Limited { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(compared, 5);
    assert!(world.verify(Purpose::Recover, &session, &right).is_err());
}
