//! Things that are made, and used late, twice, or at the same time.

use proptest::prelude::*;

use super::asked::request;
use super::goals::{BY_MAIL, BY_MAILED_STEP, at_once};
use super::people::{
    DELETED, MOVED, app_lost, app_lost_at_once, app_on, by_link_to, devices_on, knock, mail_on, move_to,
    on_device, once_more, prove, reset, sign_up, turn_off,
};
use crate::sign_in::ops::{App, Drawer, Mailed, NewPw, Op, Proof, Pw, Trouble};

/// Something that was made, and its use.
pub(super) fn made() -> BoxedStrategy<(Vec<Op>, Op)> {
    let verify = |enter| Op::Verify { session: 0, code: Mailed::Newest, enter };
    let after = |armed: Vec<Op>, ops: &[Op]| [armed, ops.to_vec()].concat();
    let by_mail = after(mail_on(0), &BY_MAIL);
    let by_link = after(mail_on(0), &[Op::Start { who: 0 }, Op::Redeem { link: 0 }]);
    prop_oneof![
        2 => Just((after(app_on(0), &[knock(0)]), prove(Proof::App(App::Step(0))))),
        1 => Just((after(app_on(0), &[knock(0)]), prove(Proof::Drawer(Drawer::Issued(0))))),
        1 => Just((app_on(0), at_once(None, None, Some(Drawer::Issued(1))))),
        1 => Just((after(mail_on(0), &[knock(0)]), prove(Proof::Mailed(Mailed::Newest)))),
        1 => Just((after(mail_on(0), &[at_once(None, None, None)]), at_once(None, Some(Mailed::Newest), None))),
        1 => Just((by_mail, prove(Proof::Password(Pw::Right)))),
        1 => Just((by_link, prove(Proof::Password(Pw::Right)))),
        2 => Just((vec![Op::Start { who: 0 }], verify(true))),
        1 => Just((vec![Op::Start { who: 2 }], verify(true))),
        1 => Just((vec![Op::Start { who: 2 }], verify(false))),
        1 => Just((vec![Op::Start { who: 0 }], Op::Redeem { link: 0 })),
        1 => Just((vec![], knock(0))),
        1 => Just((vec![], knock(2))),
        1 => prop::sample::select(devices_on().to_vec()).prop_map(|armed| (armed, on_device(0, Pw::Right))),
        1 => prop::sample::select(devices_on().to_vec()).prop_map(|armed| (armed, on_device(0, Pw::Wrong))),
        1 => Just((
            vec![knock(0)],
            Op::ChangePassword { session: 0, current: Pw::Right, new: NewPw::Another(false) }
        )),
        1 => Just((
            after(app_on(0), &[knock(0), prove(Proof::App(App::Step(0)))]),
            Op::DisableApp { session: 0, password: None }
        )),
        1 => Just((app_on(0), Op::StepUp { session: 0, proof: Proof::App(App::Step(0)) })),
        1 => Just((app_on(0), Op::StepUp { session: 0, proof: Proof::Drawer(Drawer::Issued(0)) })),
        1 => Just((vec![knock(0), Op::StepUpCode { session: 0 }], BY_MAILED_STEP)),
        1 => Just((vec![knock(0)], Op::StepUpCode { session: 0 })),
        1 => Just((vec![knock(0)], Op::AskPassword { who: 0 })),
        1 => Just((vec![Op::Recover { who: 0 }], verify(false))),
        1 => Just((vec![Op::Recover { who: 2 }], verify(true))),
        1 => Just((vec![Op::Recover { who: 0 }], Op::RedeemRecovery { link: 0 })),
        1 => Just((vec![Op::Recover { who: 2 }], Op::RedeemRecovery { link: 0 })),
        2 => Just((by_link_to(0), reset(None))),
        1 => Just((by_link_to(2), reset(None))),
        1 => Just((after(app_on(0), &by_link_to(0)), reset(Some(Proof::App(App::Step(0)))))),
        1 => Just((after(app_on(0), &by_link_to(0)), reset(Some(Proof::Drawer(Drawer::Issued(0)))))),
        1 => Just((after(app_on(0), &app_lost()), turn_off(Mailed::Newest))),
        2 => Just((after(app_on(0), &app_lost_at_once()), turn_off(Mailed::Newest))),
        1 => Just((after(app_on(0), &app_lost()[..2]), Op::Stop { link: 0 })),
        1 => Just((after(app_on(0), &app_lost()), Op::Stop { link: 0 })),
        1 => Just((after(app_on(0), &[knock(0)]), Op::LoseApp { login: 0 })),
        1 => Just((after(app_on(0), &app_lost()[..4]), Op::LoseApp { login: 0 })),
        1 => Just((app_on(0), Op::StartFactorReset { who: 0 })),
        3 => (0..3_u8).prop_map(|to| (move_to(to), MOVED)),
        1 => Just(([move_to(1), move_to(1)].concat(), MOVED)),
        1 => Just((vec![knock(0)], move_to(1)[1].clone())),
        1 => Just((vec![knock(0)], move_to(2)[1].clone())),
        1 => (0..3_u8).prop_map(|who| (vec![sign_up(who), Op::Wait { off: 0 }], once_more(who, Some(0)))),
        1 => (0..3_u8).prop_map(|who| (vec![sign_up(who), Op::Wait { off: 0 }], once_more(who, None))),
        2 => Just((vec![knock(0)], DELETED)),
        1 => Just((vec![knock(2)], DELETED)),
        1 => Just((vec![knock(0)], Op::Check { session: 0 })),
        1 => Just((vec![knock(0)], Op::EnableMail { session: 0, password: Pw::Right })),
        1 => Just((
            vec![knock(0), Op::Enrol { session: 0, password: Pw::Right }],
            Op::Confirm { session: 0, code: App::OfPending }
        )),
    ]
    .boxed()
}

/// What changes an account.
pub(super) fn change() -> BoxedStrategy<Vec<Op>> {
    let suspend = |on| Op::Suspend { who: 0, on };
    prop_oneof![
        Just(vec![suspend(true)]),
        Just(vec![suspend(true), suspend(false)]),
        Just(vec![suspend(true), suspend(false), knock(0)]),
        Just(app_on(0)),
        Just(mail_on(0)),
        Just(vec![Op::AskPassword { who: 0 }]),
        Just(vec![Op::StartFactorReset { who: 0 }]),
        Just(vec![Op::Stop { link: 0 }, knock(0)]),
        Just(vec![knock(0), prove(Proof::App(App::Step(0))), knock(0)]),
        Just(vec![knock(0), prove(Proof::App(App::Step(1))), Op::StartFactorReset { who: 0 }, knock(0)]),
        Just(app_lost()),
        Just(vec![knock(0), DELETED]),
        Just(vec![Op::Rotate, Op::Rewrap]),
        Just([move_to(1), vec![MOVED]].concat()),
        Just([move_to(1), vec![MOVED, knock(1)]].concat()),
        Just([move_to(1), vec![MOVED, Op::Recover { who: 1 }, Op::Start { who: 1 }]].concat()),
        Just([&by_link_to(0)[..], &[reset(Some(Proof::App(App::Step(0))))]].concat()),
        Just(vec![Op::ChangePassword { session: 0, current: Pw::Right, new: NewPw::Another(true) }]),
    ]
    .boxed()
}

/// Something is made, the account changes or time passes, and what was made is used; then once more.
pub(super) fn stale() -> BoxedStrategy<Vec<Op>> {
    let late = prop_oneof![
        2 => change(),
        2 => (any::<u8>(), -1..=1_i8).prop_map(|(deadline, off)| vec![Op::Jump { deadline, off }]),
        1 => prop_oneof![2_999..3_001, 6_999..7_001].prop_map(|move_| vec![Op::Move(move_)]),
    ];
    (made(), late)
        .prop_map(|((make, take), late)| {
            let twice = [take.clone(), take];
            [make, late, twice.to_vec()].concat()
        })
        .boxed()
}

/// A code that was mailed as second factor is typed at about its end.
pub(super) fn late() -> BoxedStrategy<Vec<Op>> {
    let end = prop_oneof![1 => 2_999..3_000, 3 => 3_000..3_002, 3 => Just(300_000)];
    (end, any::<bool>())
        .prop_map(|(end, stepwise)| {
            let (first, take) = if stepwise {
                (knock(0), prove(Proof::Mailed(Mailed::Newest)))
            } else {
                (at_once(None, None, None), at_once(None, Some(Mailed::Newest), None))
            };
            [mail_on(0), vec![first, Op::Move(end), take]].concat()
        })
        .boxed()
}

/// Something is made, and used twice at the same time, or while the account changes.
pub(super) fn parallel() -> BoxedStrategy<Vec<Op>> {
    let other = prop_oneof![
        2 => Just(None),
        1 => prop_oneof![Just(true), Just(false)].prop_map(|on| Some(Op::Suspend { who: 0, on })),
        1 => request().prop_map(Some),
        1 => Just(Some(knock(1))),
        1 => Just(Some(MOVED)),
    ];
    (made(), other, 0..9_u8, prop_oneof![3 => Just(0_i16), 1 => -2_500..2_500_i16])
        .prop_map(|((make, take), other, stage, millis)| {
            let (first, by) = (Box::new(take.clone()), Box::new(other.unwrap_or(take.clone())));
            [make, vec![Op::Overtaken { first, by, stage, millis }, take]].concat()
        })
        .boxed()
}

/// A change of address is cut off or held up somewhere; then somebody comes to one of the doors, or begins again.
pub(super) fn cut_off() -> BoxedStrategy<Vec<Op>> {
    let trouble = prop_oneof![Just(Trouble::Fails), Just(Trouble::AnswerLost), Just(Trouble::Crash)];
    let what = || prop_oneof![4 => Just(MOVED), 1 => Just(DELETED)];
    let by = prop_oneof![
        4 => (0..3_u8).prop_map(knock),
        1 => Just(DELETED),
        1 => Just(MOVED),
        1 => Just(Op::Several([&by_link_to(0)[..], &[reset(None)]].concat())),
    ];
    let moved = prop_oneof![
        4 => (what(), 0..9_u8, trouble)
            .prop_map(|(op, stage, trouble)| Op::Trouble { op: Box::new(op), stage, trouble }),
        3 => (what(), 0..9_u8, by).prop_map(|(first, stage, by)| {
            Op::Overtaken { first: Box::new(first), by: Box::new(by), stage, millis: 0 }
        }),
    ];
    let then = prop_oneof![
        3 => (0..3_u8).prop_map(|who| vec![knock(who)]),
        1 => (0..3_u8).prop_map(|who| vec![Op::Start { who }, BY_MAIL[1].clone()]),
        1 => (0..3_u8).prop_map(by_link_to),
        2 => (0..3_u8).prop_map(|to| [move_to(to)[1..].to_vec(), vec![MOVED]].concat()),
        1 => Just(vec![Op::Move(1_000)]),
        1 => Just(vec![on_device(0, Pw::Right)]),
        1 => Just(vec![Op::Rotate, Op::Rewrap, Op::Rewrap]),
        1 => Just(vec![knock(2), Op::ChangeAddress { session: 0, password: None, to: 0 }, MOVED]),
    ];
    let from = prop_oneof![3 => Just(0_u8), 1 => Just(1)];
    (from, 0..3_u8, moved, prop::collection::vec(then, 1..5))
        .prop_map(|(from, to, moved, then)| {
            let begun = [vec![knock(from), Op::Trust { session: 0 }], move_to(to)[1..].to_vec()].concat();
            [begun, vec![moved], then.concat()].concat()
        })
        .boxed()
}
