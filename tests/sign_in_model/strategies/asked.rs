//! What is asked for, one request at a time.

use proptest::option::weighted;
use proptest::prelude::*;

use crate::sign_in::ops::{App, Drawer, Mailed, NewPw, Op, Proof, Pw, Trouble, Way};

/// One with an account most of the time.
pub(super) fn who() -> BoxedStrategy<u8> {
    prop_oneof![8 => Just(0_u8), 1 => Just(1), 3 => Just(2), 1 => 0..6_u8].boxed()
}

pub(super) fn client() -> impl Strategy<Value = u8> {
    prop_oneof![12 => Just(0_u8), 1 => Just(1), 1 => Just(2)]
}

/// The newest that live most of the time, then any, and tickets that nobody was given.
pub(super) fn newest() -> impl Strategy<Value = u8> {
    prop_oneof![8 => Just(0_u8), 3 => Just(1), 1 => 0..16_u8]
}

pub(super) fn password() -> impl Strategy<Value = Pw> {
    prop_oneof![6 => Just(Pw::Right), 1 => Just(Pw::Wrong), 1 => Just(Pw::OfAnother), 1 => Just(Pw::First)]
}

pub(super) fn app() -> BoxedStrategy<App> {
    prop_oneof![
        6 => (-2..=2_i8).prop_map(App::Step),
        2 => Just(App::Replayed),
        1 => Just(App::OfPending),
        1 => Just(App::Spaced),
        3 => Just(App::Wrong),
        1 => any::<u8>().prop_map(App::Malformed),
    ]
    .boxed()
}

pub(super) fn mailed() -> BoxedStrategy<Mailed> {
    prop_oneof![
        5 => Just(Mailed::Newest),
        2 => any::<u8>().prop_map(Mailed::Any),
        1 => Just(Mailed::Spaced),
        3 => Just(Mailed::Wrong),
        1 => any::<u8>().prop_map(Mailed::Malformed),
    ]
    .boxed()
}

pub(super) fn drawer() -> BoxedStrategy<Drawer> {
    prop_oneof![
        3 => Just(Drawer::Left),
        1 => Just(Drawer::LeftInLowerCase),
        3 => any::<u8>().prop_map(Drawer::Issued),
        1 => any::<u8>().prop_map(Drawer::Any),
        2 => Just(Drawer::Wrong),
        1 => any::<u8>().prop_map(Drawer::Malformed),
    ]
    .boxed()
}

pub(super) fn way() -> BoxedStrategy<Way> {
    prop_oneof![
        3 => Just(Way::Stepwise),
        2 => (weighted(0.6, app()), weighted(0.6, mailed()), weighted(0.2, drawer()))
            .prop_map(|(app, mailed, drawer)| Way::AtOnce { app, mailed, drawer }),
    ]
    .boxed()
}

pub(super) fn proof() -> BoxedStrategy<Proof> {
    prop_oneof![
        4 => app().prop_map(Proof::App),
        4 => mailed().prop_map(Proof::Mailed),
        2 => drawer().prop_map(Proof::Drawer),
        2 => password().prop_map(Proof::Password),
    ]
    .boxed()
}

pub(super) fn maybe_password() -> impl Strategy<Value = Option<Pw>> {
    weighted(0.5, password())
}

pub(super) fn new_password() -> impl Strategy<Value = NewPw> {
    prop_oneof![6 => any::<bool>().prop_map(NewPw::Another), 1 => Just(NewPw::Short), 1 => Just(NewPw::Common)]
}

/// What whoever is signed in asks for to change what signs in.
pub(super) fn change_asked() -> BoxedStrategy<Op> {
    prop_oneof![
        4 => (newest(), proof()).prop_map(|(session, proof)| Op::StepUp { session, proof }),
        2 => (newest(), password(), new_password())
            .prop_map(|(session, current, new)| Op::ChangePassword { session, current, new }),
        1 => (newest(), maybe_password()).prop_map(|(session, password)| Op::DisableApp { session, password }),
        1 => (newest(), maybe_password()).prop_map(|(session, password)| Op::DisableMail { session, password }),
        1 => (newest(), maybe_password()).prop_map(|(session, password)| Op::NewCodes { session, password }),
        2 => newest().prop_map(|session| Op::Trust { session }),
        1 => newest().prop_map(|session| Op::Factors { session }),
        2 => newest().prop_map(|session| Op::StepUpCode { session }),
        1 => newest().prop_map(|session| Op::Devices { session }),
        3 => (newest(), maybe_password(), 0..6_u8)
            .prop_map(|(session, password, to)| Op::ChangeAddress { session, password, to }),
        3 => (newest(), mailed()).prop_map(|(session, code)| Op::VerifyAddress { session, code }),
        2 => (newest(), weighted(0.5, any::<u8>()), prop::sample::select(vec![2_u8, 6, 9, 60]))
            .prop_map(|(session, factor, seconds)| Op::Fresh { session, factor, seconds }),
        1 => (newest(), any::<bool>()).prop_map(|(session, all)| Op::Forget { session, all }),
    ]
    .boxed()
}

/// Mostly at its own door.
fn at_a_door() -> impl Strategy<Value = u8> {
    (newest(), weighted(0.1, Just(128))).prop_map(|(session, other)| session + other.unwrap_or(0))
}

/// What whoever lost something asks for.
pub(super) fn recovery_asked() -> BoxedStrategy<Op> {
    prop_oneof![
        3 => who().prop_map(|who| Op::Recover { who }),
        2 => newest().prop_map(|link| Op::RedeemRecovery { link }),
        3 => newest().prop_map(|login| Op::LoseApp { login }),
        1 => newest().prop_map(|link| Op::Stop { link }),
        1 => who().prop_map(|who| Op::StartFactorReset { who }),
        2 => (newest(), mailed()).prop_map(|(login, code)| Op::TurnOff { login, code }),
        4 => (newest(), new_password(), weighted(0.7, proof()))
            .prop_map(|(grant, new, proof)| Op::Reset { grant, new, proof }),
    ]
    .boxed()
}

fn sign_up_asked() -> BoxedStrategy<Op> {
    let chosen = || prop_oneof![6 => Just(NewPw::Another(true)), 2 => new_password()];
    prop_oneof![
        2 => (0..4_u8, chosen()).prop_map(|(who, password)| Op::SignUp { who, password }),
        2 => (0..4_u8, chosen(), weighted(0.5, newest()))
            .prop_map(|(who, password, session)| Op::SignUpAgain { who, password, session }),
        1 => newest().prop_map(|session| Op::WrongSignUpCode { session }),
    ]
    .boxed()
}

pub(super) fn request() -> BoxedStrategy<Op> {
    prop_oneof![
        8 => change_asked(),
        1 => (newest(), maybe_password()).prop_map(|(session, password)| Op::Delete { session, password }),
        3 => (newest(), who(), password(), way())
            .prop_map(|(device, who, password, steps)| Op::OnDevice { device, who, password, steps }),
        8 => (who(), password(), way(), client())
            .prop_map(|(who, password, steps, client)| Op::Password { who, password, steps, client }),
        8 => (newest(), proof(), client()).prop_map(|(login, proof, client)| Op::Prove { login, proof, client }),
        1 => newest().prop_map(|login| Op::ResendCode { login }),
        3 => who().prop_map(|who| Op::Start { who }),
        4 => (at_a_door(), mailed(), any::<bool>())
            .prop_map(|(session, code, enter)| Op::Verify { session, code, enter }),
        4 => recovery_asked(),
        3 => sign_up_asked(),
        1 => newest().prop_map(|link| Op::Redeem { link }),
        2 => newest().prop_map(|session| Op::Check { session }),
        2 => newest().prop_map(|session| Op::List { session }),
        1 => (newest(), any::<u8>()).prop_map(|(session, which)| Op::End { session, which }),
        3 => (newest(), password()).prop_map(|(session, password)| Op::Enrol { session, password }),
        3 => (newest(), prop_oneof![2 => Just(App::OfPending), 1 => app()])
            .prop_map(|(session, code)| Op::Confirm { session, code }),
        2 => (newest(), password()).prop_map(|(session, password)| Op::EnableMail { session, password }),
        1 => (who(), any::<bool>()).prop_map(|(who, on)| Op::Suspend { who, on }),
        1 => who().prop_map(|who| Op::AskPassword { who }),
    ]
    .boxed()
}

/// Whatever may happen, with a clock that moves by what `moves` says.
pub(super) fn any_op(moves: impl Strategy<Value = i32> + 'static) -> BoxedStrategy<Op> {
    let trouble = prop_oneof![Just(Trouble::Fails), Just(Trouble::AnswerLost), Just(Trouble::Crash)];
    let jump = prop_oneof![
        2 => (any::<u8>(), -1..=1_i8).prop_map(|(deadline, off)| Op::Jump { deadline, off }),
        1 => (-1..=1_i8).prop_map(|off| Op::Wait { off }),
    ];
    prop_oneof![
        16 => request(),
        4 => jump,
        2 => moves.prop_map(Op::Move),
        1 => prop_oneof![Just(Op::Rotate), Just(Op::Rewrap)],
        1 => any::<u8>().prop_map(|ahead| Op::Sweep { ahead }),
        3 => (request(), request(), 0..9_u8, -2_500..2_500_i16).prop_map(|(first, by, stage, millis)| {
            Op::Overtaken { first: Box::new(first), by: Box::new(by), stage, millis }
        }),
        2 => (request(), 0..9_u8, trouble)
            .prop_map(|(op, stage, trouble)| Op::Trouble { op: Box::new(op), stage, trouble }),
    ]
    .boxed()
}
