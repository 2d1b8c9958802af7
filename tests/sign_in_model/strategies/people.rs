//! People who have a factor or a device, and come home to it.

use proptest::prelude::*;

use super::asked::{change_asked, who};
use crate::sign_in::ops::{App, Drawer, Mailed, NewPw, Op, Proof, Pw, Way};

pub(super) const fn knock(who: u8) -> Op {
    Op::Password { who, password: Pw::Right, steps: Way::Stepwise, client: 0 }
}

pub(super) const fn prove(proof: Proof) -> Op {
    Op::Prove { login: 0, proof, client: 0 }
}

/// Somebody who lost the password has the right to set another.
pub(super) fn by_link_to(who: u8) -> Vec<Op> {
    vec![Op::Recover { who }, Op::RedeemRecovery { link: 0 }]
}

pub(super) const fn reset(proof: Option<Proof>) -> Op {
    Op::Reset { grant: 0, new: NewPw::Another(true), proof }
}

/// Somebody is to have another address.
pub(super) fn move_to(to: u8) -> Vec<Op> {
    vec![knock(0), Op::ChangeAddress { session: 0, password: None, to }]
}

pub(super) const MOVED: Op = Op::VerifyAddress { session: 0, code: Mailed::Newest };

pub(super) const DELETED: Op = Op::Delete { session: 0, password: None };

/// Somebody begins to sign up, and has the code mailed again.
pub(super) const fn sign_up(who: u8) -> Op {
    Op::SignUp { who, password: NewPw::Another(true) }
}

pub(super) const fn once_more(who: u8, session: Option<u8>) -> Op {
    Op::SignUpAgain { who, password: NewPw::Another(true), session }
}

/// Somebody who lost the app has waited, and has a code mailed.
pub(super) fn app_lost() -> Vec<Op> {
    let lose = Op::LoseApp { login: 0 };
    vec![knock(0), lose.clone(), Op::Wait { off: 0 }, knock(0), lose]
}

/// The same, where the operator saw to it.
pub(super) fn app_lost_at_once() -> Vec<Op> {
    vec![Op::StartFactorReset { who: 0 }, knock(0), Op::LoseApp { login: 0 }]
}

pub(super) const fn turn_off(code: Mailed) -> Op {
    Op::TurnOff { login: 0, code }
}

/// Somebody sets an app up.
pub(super) fn app_on(who: u8) -> Vec<Op> {
    let confirm = Op::Confirm { session: 0, code: App::OfPending };
    vec![knock(who), Op::Enrol { session: 0, password: Pw::Right }, confirm, Op::Wait { off: 0 }]
}

/// Somebody has mailed codes asked for.
pub(super) fn mail_on(who: u8) -> Vec<Op> {
    vec![knock(who), Op::EnableMail { session: 0, password: Pw::Right }]
}

/// Somebody has mailed codes asked for as well, who has an app.
pub(super) fn both_on(who: u8) -> Vec<Op> {
    let step_up = Op::StepUp { session: 0, proof: Proof::App(App::Step(0)) };
    [app_on(who), vec![step_up, Op::EnableMail { session: 0, password: Pw::Right }, Op::Wait { off: 0 }]]
        .concat()
}

/// Somebody has a device trusted, on which he has an app, a mailbox, or nothing.
pub(super) fn device_on(armed: Vec<Op>, proof: Option<Proof>) -> Vec<Op> {
    let sign_in = [knock(0)].into_iter().chain(proof.map(prove));
    armed.into_iter().chain(sign_in).chain([Op::Trust { session: 0 }]).collect()
}

pub(super) fn devices_on() -> [Vec<Op>; 3] {
    [
        device_on(vec![], None),
        device_on(app_on(0), Some(Proof::App(App::Step(0)))),
        device_on(mail_on(0), Some(Proof::Mailed(Mailed::Newest))),
    ]
}

/// Somebody has an app, a mailbox, or both asked for, or a device: how most stories begin.
pub(super) fn armed() -> BoxedStrategy<Vec<Op>> {
    prop_oneof![
        3 => who().prop_map(app_on),
        3 => who().prop_map(mail_on),
        1 => who().prop_map(both_on),
        2 => prop::sample::select(devices_on().to_vec()),
        1 => Just(vec![]),
    ]
    .boxed()
}

pub(super) const fn on_device(device: u8, password: Pw) -> Op {
    Op::OnDevice { device, who: 0, password, steps: Way::Stepwise }
}

/// Somebody signs in on a device, with one of its tickets, again and again.
pub(super) fn at_home() -> BoxedStrategy<Vec<Op>> {
    let wait = prop_oneof![
        3 => Just(Op::Move(0)),
        2 => prop_oneof![1_999..2_001, Just(60_000)].prop_map(Op::Move),
        1 => Just(Op::Wait { off: 0 }),
    ];
    let way = prop_oneof![
        2 => Just(Way::Stepwise),
        1 => Just(Way::AtOnce { app: Some(App::Step(0)), mailed: Some(Mailed::Newest), drawer: None }),
        1 => Just(Way::AtOnce { app: Some(App::Wrong), mailed: Some(Mailed::Wrong), drawer: None }),
        1 => Just(Way::AtOnce { app: None, mailed: None, drawer: None }),
    ];
    let ticket = prop_oneof![4 => Just(0_u8), 2 => 8..11_u8, 1 => Just(15)];
    let one = (ticket, prop_oneof![3 => Just(Pw::Right), 2 => Just(Pw::Wrong)], way, wait);
    (prop::sample::select(devices_on().to_vec()), prop::collection::vec(one, 1..8))
        .prop_map(|(armed, rounds)| {
            let round =
                |(device, password, steps, wait)| [Op::OnDevice { device, who: 0, password, steps }, wait];
            armed.into_iter().chain(rounds.into_iter().flat_map(round)).collect()
        })
        .boxed()
}

/// Somebody changes what signs in, about when what he has proven is no longer fresh.
pub(super) fn careful() -> BoxedStrategy<Vec<Op>> {
    let late = prop_oneof![
        2 => Just(0),
        2 => 1_999..2_001_i32,
        2 => 5_999..6_001_i32,
        2 => 8_999..9_001_i32,
        1 => 299_999..300_001_i32,
    ];
    let step_up = |proof| Op::StepUp { session: 0, proof };
    let fresh = prop_oneof![
        3 => Just(vec![]),
        1 => Just(vec![step_up(Proof::Password(Pw::Right))]),
        1 => Just(vec![Op::StepUpCode { session: 0 }, step_up(Proof::Mailed(Mailed::Newest))]),
        2 => Just(vec![step_up(Proof::App(App::Step(0)))]),
        1 => Just(vec![step_up(Proof::Drawer(Drawer::Left)), step_up(Proof::Password(Pw::Right))]),
    ];
    let change = prop_oneof![
        8 => change_asked(),
        1 => Just(Op::EnableMail { session: 0, password: Pw::Right }),
        1 => Just(Op::Enrol { session: 0, password: Pw::Right }),
    ];
    let round = (late, fresh, prop::collection::vec(change, 1..4));
    (armed(), prop::collection::vec(round, 1..3))
        .prop_map(|(armed, rounds)| {
            let sign_in = [knock(0), prove(Proof::App(App::Step(0)))];
            let round = |(late, fresh, changes): (i32, Vec<Op>, Vec<Op>)| {
                let sign_in = sign_in.clone().into_iter();
                sign_in.chain([Op::Move(late)]).chain(fresh).chain(changes).collect::<Vec<_>>()
            };
            armed.into_iter().chain(rounds.into_iter().flat_map(round)).collect()
        })
        .boxed()
}
