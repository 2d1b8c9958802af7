//! Clocks that jump, fall back, disagree or stand at the ends of time: law 7, and the published defects of that kind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod common;

use std::time::Duration;

use common::*;
use countersign::*;

const WHO: &str = "jo@example.com";

/// B076, B077, B079: each purpose has its own lifetime, judged by the request's time alone, in a store that never deletes.
#[test]
fn b076_b079_every_purpose_ends_at_its_own_time() {
    let mut settings = Settings::recommended();
    settings.codes.sign_up.code = Duration::from_secs(100);
    settings.codes.sign_in.code = Duration::from_secs(200);
    settings.codes.recover.code = Duration::from_secs(300);
    settings.codes.confirm_action.code = Duration::from_secs(400);
    for (purpose, life) in STARTED.into_iter().zip([100, 200, 300, 400]) {
        for late in [false, true] {
            let world = World::new(settings.clone());
            let who = if purpose == Purpose::SignUp { "new@example.com" } else { WHO };
            world.member(WHO);
            world.seconds(120);
            let session = world.start(purpose, who).unwrap().session;
            let code = world.last_code();
            world.millis(life * 1000 - i64::from(!late));
            assert_eq!(world.verify(purpose, &session, &code).is_err(), late, "{purpose:?}");
        }
    }
}

/// B078, law 7: what was once seen as expired does not come back when the clock does.
#[test]
fn b078_an_expired_code_does_not_revive() {
    let world = World::recommended();
    let session = world.sign_up(WHO).unwrap().session;
    let code = world.last_code();
    world.seconds(300);
    assert!(matches!(world.verify(Purpose::SignUp, &session, &code), Err(Refusal::CodeExpired(_))));
    for back in [-30, -300, -86_400] {
        world.seconds(back);
        let refusal = world.verify(Purpose::SignUp, &session, &code).unwrap_err();
        assert!(matches!(refusal, Refusal::CodeExpired(_)), "{refusal:?}");
    }
}

/// Law 7: a node whose clock is years ahead freezes nothing for the others, and frees nothing.
#[test]
fn one_bad_clock_neither_freezes_nor_frees() {
    let world = World::recommended();
    let session = world.start(Purpose::SignIn, WHO).unwrap().session;
    (0..3).for_each(|_| drop(world.verify(Purpose::SignIn, &session, "000000")));
    world.seconds(10 * 365 * 86_400);
    world.start(Purpose::SignIn, WHO).unwrap();
    world.clock.set(START);
    let (rule, retry_at) = limit(world.start(Purpose::SignIn, WHO));
    assert_eq!(
        (rule, retry_at.since(START).as_secs()),
        (policy::RULE_COOLDOWN, 60),
        "no longer than the cooldown"
    );
    assert!(world.events().contains(&"clock.rebased"));
    world.clock.set(retry_at);
    assert!(world.start(Purpose::SignIn, WHO).is_ok());
}

/// B082: times at both ends of the range end in a refusal or a session that is over, never in a panic or a code without end.
#[test]
fn b082_times_at_the_ends_of_the_range() {
    for at in [
        Timestamp::MIN,
        Timestamp::from_unix_millis(i64::MIN + 1),
        Timestamp::MAX,
        Timestamp::from_unix_millis(i64::MAX - 1),
    ] {
        let world = World::recommended();
        world.clock.set(at);
        if let Ok(started) = world.sign_up(WHO) {
            let code = world.last_code();
            let _ = world.resend(&started.session);
            let first = world.verify(Purpose::SignUp, &started.session, &code).is_ok();
            assert!(!(first && world.verify(Purpose::SignUp, &started.session, &code).is_ok()));
        }
        world.clock.set(START);
        let _ = world.sign_up(WHO);
    }
}

/// Law 7, to the millisecond: a clock behind by the tolerance is ignored, one further behind rebases.
#[test]
fn the_clock_tolerance_is_exact() {
    for (behind, ignored) in [(59_999, true), (60_000, true), (60_001, false), (86_400_000, false)] {
        let world = World::recommended();
        world.start(Purpose::SignIn, WHO).unwrap();
        world.millis(-behind);
        let (_, retry_at) = limit(world.start(Purpose::SignIn, WHO));
        let reference =
            if ignored { START } else { Timestamp::from_unix_millis(START.unix_millis() - behind) };
        assert_eq!(retry_at.since(reference).as_secs(), 60, "behind by {behind} ms");
        assert_eq!(world.events().contains(&"clock.rebased"), !ignored);
    }
}

/// Law 7: rebased once, the record goes by the new time: a wait runs down as it should, and is not begun anew by every look at it.
#[test]
fn a_rebased_wait_runs_down() {
    let world = World::recommended();
    world.start(Purpose::SignIn, WHO).unwrap();
    world.seconds(-86_400);
    let (_, retry_at) = limit(world.start(Purpose::SignIn, WHO));
    for _ in 0..3 {
        world.seconds(19);
        assert_eq!(limit(world.start(Purpose::SignIn, WHO)).1, retry_at);
    }
    world.clock.set(retry_at);
    assert!(world.start(Purpose::SignIn, WHO).is_ok());
    // The client's meter goes by the same rule.
    let client = Client::named(b"a");
    let ask = |world: &World| world.ask(SignIn { client: client.clone(), identifier: id(WHO), locale: None });
    (0..60).for_each(|_| drop(ask(&world)));
    world.seconds(-86_400);
    let (rule, retry_at) = limit(ask(&world).into_result());
    assert_eq!(rule, policy::RULE_CLIENT);
    world.seconds(30);
    assert_eq!(limit(ask(&world).into_result()).1, retry_at);
    world.seconds(30);
    assert!(!matches!(ask(&world).into_result(), Err(Refusal::Limited { rule: policy::RULE_CLIENT, .. })));
}
