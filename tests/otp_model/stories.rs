//! Random stories, played on the machine and on the model side by side.

use core::ops::Range;
use std::cell::RefCell;

use countersign::policy::*;
use countersign::{Purpose, Settings};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::common::STARTED;
use crate::otp::ops::{Op, Trouble, Typed};
use crate::otp::small::small;
use crate::otp::story::{Tally, play};

fn purpose() -> impl Strategy<Value = Purpose> {
    prop::sample::select(&STARTED[..])
}

fn client() -> impl Strategy<Value = u8> {
    prop_oneof![8 => Just(0_u8), 1 => Just(1), 1 => Just(2)]
}

/// The newest live sessions most of the time, then any, and handles that nobody was given.
fn session() -> impl Strategy<Value = u8> {
    prop_oneof![6 => Just(0_u8), 3 => Just(1), 1 => 0..16_u8]
}

fn typed() -> impl Strategy<Value = Typed> {
    prop_oneof![
        2 => Just(Typed::Newest),
        1 => any::<u8>().prop_map(Typed::Earlier),
        1 => any::<u8>().prop_map(Typed::OfAnother),
        6 => Just(Typed::Wrong),
        1 => Just(Typed::Spaced),
        1 => any::<u8>().prop_map(Typed::Malformed),
    ]
}

fn door() -> impl Strategy<Value = Option<Purpose>> {
    prop_oneof![9 => Just(None), 1 => purpose().prop_map(Some)]
}

fn verify() -> impl Strategy<Value = Op> {
    (session(), door(), typed(), prop::option::weighted(0.1, 0..3_u8), client())
        .prop_map(|(session, door, code, claim, client)| Op::Verify { session, door, code, claim, client })
}

fn request() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (purpose(), 0..6_u8, client()).prop_map(|(purpose, who, client)| Op::Start { purpose, who, client }),
        3 => (session(), client()).prop_map(|(session, client)| Op::Resend { session, client }),
        8 => verify(),
        1 => session().prop_map(|session| Op::Cancel { session }),
        1 => (session(), prop::option::weighted(0.2, any::<u8>()), client())
            .prop_map(|(session, who, client)| Op::Redeem { session, who, client }),
    ]
}

fn jump() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => (any::<u8>(), -1..=1_i8).prop_map(|(deadline, off)| Op::Jump { deadline, off }),
        1 => (-1..=1_i8).prop_map(|off| Op::Wait { off }),
    ]
}

/// Whatever may happen, with a clock that moves by what `moves` says.
fn any_op(moves: impl Strategy<Value = i32> + 'static, overtaken: Range<i16>) -> impl Strategy<Value = Op> {
    let trouble = prop_oneof![Just(Trouble::Fails), Just(Trouble::AnswerLost), Just(Trouble::Crash)];
    prop_oneof![
        16 => request(),
        3 => jump(),
        2 => moves.prop_map(Op::Move),
        1 => any::<u8>().prop_map(|ahead| Op::Sweep { ahead }),
        2 => (request(), request(), overtaken).prop_map(|(first, by, millis)| Op::Overtaken {
            first: Box::new(first),
            by: Box::new(by),
            millis,
        }),
        2 => (request(), 0..8_u8, trouble).prop_map(|(op, stage, trouble)| Op::Trouble {
            op: Box::new(op),
            stage,
            trouble,
        }),
    ]
}

/// Somebody who goes at one door for as long as it lets him: guesses, messages or requests, each as soon as it may be.
fn patient() -> impl Strategy<Value = Vec<Op>> {
    let anybody = (purpose(), 0..4_u8);
    let start = prop_oneof![2 => anybody, 1 => Just((Purpose::ConfirmAction, 0))]
        .prop_map(|(purpose, who)| Op::Start { purpose, who, client: 0 });
    let guess = |code| Op::Verify { session: 0, door: None, code, claim: None, client: 0 };
    let again = prop_oneof![
        5 => Just(vec![guess(Typed::Wrong)]),
        2 => Just(vec![guess(Typed::Wrong); 5]),
        1 => Just(vec![guess(Typed::Newest)]),
        2 => Just(vec![guess(Typed::Wrong), Op::Wait { off: 0 }]),
        2 => Just(vec![Op::Wait { off: 0 }, Op::Resend { session: 0, client: 0 }]),
    ];
    let wait = (-1..=0_i8).prop_map(|off| Op::Wait { off });
    (start, 1..9_usize, prop::collection::vec((again, wait), 1..8)).prop_map(|(start, times, round)| {
        let mut ops = vec![];
        for (again, wait) in round.into_iter().cycle().take(times) {
            ops.extend([start.clone(), wait, Op::Wait { off: 0 }, start.clone()]);
            ops.extend(again);
        }
        ops
    })
}

/// Somebody who sends the same request as fast as it goes.
fn hasty() -> impl Strategy<Value = Vec<Op>> {
    let one = prop_oneof![
        Just(Op::Resend { session: 0, client: 1 }),
        Just(Op::Verify { session: 0, door: None, code: Typed::Wrong, claim: None, client: 1 }),
    ];
    (one, 4..9_usize).prop_map(|(op, times)| {
        let mut ops = vec![op; times];
        ops.extend([Op::Wait { off: -1 }, ops[0].clone(), Op::Wait { off: 0 }, ops[0].clone()]);
        ops
    })
}

/// Somebody who wants as many messages as there may be.
fn eager() -> impl Strategy<Value = Vec<Op>> {
    let start = (purpose(), 0..4_u8).prop_map(|(purpose, who)| Op::Start { purpose, who, client: 0 });
    (start, 2..9_usize).prop_map(|(start, times)| {
        let again = [Op::Wait { off: 0 }, Op::Resend { session: 0, client: 0 }];
        core::iter::once(start).chain(again.into_iter().cycle().take(2 * times)).collect()
    })
}

/// Somebody who comes back to a mailed link, about when it ends.
fn late() -> impl Strategy<Value = Vec<Op>> {
    let wait = prop_oneof![2 => 44_998..45_002, 2 => 40_998..41_002, 1 => 0..50_000];
    let what =
        prop_oneof![Just((Purpose::SignUp, 1)), Just((Purpose::Recover, 0)), Just((Purpose::Recover, 2))];
    (what, wait, any::<bool>()).prop_map(|((purpose, who), wait, cancelled)| {
        let start = Op::Start { purpose, who, client: 0 };
        let given_up = cancelled.then_some(Op::Cancel { session: 0 });
        let redeem = Op::Redeem { session: 0, who: None, client: 0 };
        core::iter::once(start).chain(given_up).chain([Op::Move(wait), redeem]).collect()
    })
}

fn story(op: impl Strategy<Value = Op> + 'static) -> impl Strategy<Value = Vec<Op>> {
    let part = prop_oneof![
        2 => prop::collection::vec(op, 1..16),
        1 => patient(),
        1 => hasty(),
        1 => eager(),
        1 => late(),
    ];
    prop::collection::vec(part, 1..6).prop_map(|parts| parts.concat())
}

fn forward() -> impl Strategy<Value = Vec<Op>> {
    story(any_op(prop_oneof![4 => 0..3_000, 1 => 0..60_000], 0..3_000))
}

/// Within the tolerance, just beyond it, and far.
fn any_way() -> impl Strategy<Value = Vec<Op>> {
    story(any_op(prop_oneof![3 => -2_001..2_001, 1 => -2_003..-1_999, 1 => -60_000..60_000], -2_500..2_500))
}

/// Plays random stories, always the same ones, and sees to it that they are about something.
fn check(settings: &Settings, story: impl Strategy<Value = Vec<Op>>, never: &[&str]) {
    let told = RefCell::new(Tally::new());
    let mut runner = TestRunner::new(crate::cases(400));
    let stories = runner.run(&story, |ops| {
        let tally = play(settings, &ops).map_err(TestCaseError::fail)?;
        tally.into_iter().for_each(|(answer, times)| *told.borrow_mut().entry(answer).or_default() += times);
        Ok(())
    });
    if let Err(broken) = stories {
        panic!("{broken}");
    }
    let told = told.into_inner();
    let met = |answer: &&&str| told.get(**answer).is_some_and(|times| *times > 1);
    let unmet: Vec<_> = ANSWERS.iter().filter(|answer| !met(answer) && !never.contains(answer)).collect();
    assert!(unmet.is_empty(), "hardly ever: {unmet:?} in {told:?}");
}

const ANSWERS: [&str; 21] = [
    "started",
    "resent",
    "verified",
    "cancelled",
    "link",
    "no_link",
    "recovery_link",
    "no_recovery_link",
    "invalid_session",
    "invalid_code",
    "code_expired",
    "factor_disabled",
    RULE_COOLDOWN,
    RULE_SENDS_SHORT,
    RULE_SENDS_LONG,
    RULE_LIVE_SESSIONS,
    RULE_GUESSES_FREE,
    RULE_GUESSES_LOCK,
    RULE_GUESSES_LONG,
    RULE_CLIENT,
    RULE_CLIENT_FURTHER,
];

/// Laws 1-3, 5-7, 9, 11-13: each answer, to the last millisecond, is what the model says.
#[test]
fn every_answer_is_the_models() {
    check(&small(ResendPolicy::Replace), forward(), &[RULE_GUESSES_FREE]);
}

/// The same where a resend keeps the previous code.
#[test]
fn every_answer_is_the_models_with_two_codes() {
    check(&small(ResendPolicy::KeepPrevious), forward(), &[]);
}

/// Law 7: the same with a clock that also runs backwards.
#[test]
fn every_answer_is_the_models_under_any_clock() {
    check(&small(ResendPolicy::Replace), any_way(), &[RULE_GUESSES_FREE]);
}

#[test]
fn every_answer_is_the_models_under_any_clock_with_two_codes() {
    check(&small(ResendPolicy::KeepPrevious), any_way(), &[]);
}

#[test]
fn every_answer_is_the_models_as_recommended() {
    let far = [
        "factor_disabled",
        RULE_GUESSES_FREE,
        RULE_GUESSES_LONG,
        RULE_SENDS_LONG,
        RULE_CLIENT,
        RULE_CLIENT_FURTHER,
    ];
    check(&Settings::recommended(), any_way(), &far);
}
