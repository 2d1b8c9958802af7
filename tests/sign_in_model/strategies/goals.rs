//! People who go at something: a factor, messages, all that there is.

use proptest::option::weighted;
use proptest::prelude::*;

use super::people::{app_on, by_link_to, knock, mail_on, once_more, prove, reset, sign_up, turn_off};
use crate::sign_in::ops::{App, Drawer, Mailed, NewPw, Op, Proof, Pw, Way};

pub(super) fn at_once(app: Option<App>, mailed: Option<Mailed>, drawer: Option<Drawer>) -> Op {
    Op::Password { who: 0, password: Pw::Right, steps: Way::AtOnce { app, mailed, drawer }, client: 0 }
}

pub(super) const BY_MAIL: [Op; 2] =
    [Op::Start { who: 0 }, Op::Verify { session: 0, code: Mailed::Newest, enter: true }];

/// A mailed code steps up.
pub(super) const BY_MAILED_STEP: Op = Op::StepUp { session: 0, proof: Proof::Mailed(Mailed::Newest) };

/// What somebody goes at, from its beginning: how it is made to be asked for, how one comes to be asked, a wrong answer, a
/// right one.
pub(super) fn goal() -> BoxedStrategy<(Vec<Op>, Vec<Op>, Op, Op)> {
    let (app, mail) = (|| app_on(0), || mail_on(0));
    let of = |arm: Vec<Op>, first: &[Op], wrong, right| (arm, first.to_vec(), prove(wrong), prove(right));
    let wrong_password = Op::Password { who: 2, password: Pw::Wrong, steps: Way::Stepwise, client: 0 };
    let enrol = |password| Op::Enrol { session: 0, password };
    prop_oneof![
        Just(of(app(), &[knock(0)], Proof::App(App::Wrong), Proof::App(App::Step(0)))),
        Just(of(app(), &[knock(0)], Proof::App(App::Replayed), Proof::App(App::Step(1)))),
        Just(of(app(), &[knock(0)], Proof::Drawer(Drawer::Wrong), Proof::Drawer(Drawer::Left))),
        Just(of(mail(), &[knock(0)], Proof::Mailed(Mailed::Wrong), Proof::Mailed(Mailed::Newest))),
        Just(of(mail(), &BY_MAIL, Proof::Password(Pw::Wrong), Proof::Password(Pw::Right))),
        Just((
            mail(),
            vec![],
            at_once(None, Some(Mailed::Wrong), None),
            at_once(None, Some(Mailed::Newest), None)
        )),
        Just((app(), vec![], at_once(Some(App::Wrong), None, None), at_once(Some(App::Step(0)), None, None))),
        Just((
            vec![knock(0)],
            vec![Op::StepUpCode { session: 0 }],
            Op::StepUp { session: 0, proof: Proof::Mailed(Mailed::Wrong) },
            BY_MAILED_STEP
        )),
        Just((vec![], vec![], wrong_password, knock(2))),
        Just((vec![knock(0)], vec![], enrol(Pw::Wrong), enrol(Pw::Right))),
        Just((
            [app(), by_link_to(0)].concat(),
            by_link_to(0),
            reset(Some(Proof::App(App::Wrong))),
            reset(Some(Proof::App(App::Step(1))))
        )),
        Just((
            [app(), vec![Op::StartFactorReset { who: 0 }]].concat(),
            vec![knock(0), Op::LoseApp { login: 0 }],
            turn_off(Mailed::Wrong),
            turn_off(Mailed::Newest)
        )),
        Just((
            vec![],
            vec![sign_up(1)],
            Op::SignUpAgain { who: 1, password: NewPw::Another(false), session: Some(0) },
            once_more(1, Some(0))
        )),
        Just((vec![], vec![sign_up(1)], Op::WrongSignUpCode { session: 0 }, once_more(1, None))),
        Just((
            app(),
            by_link_to(0),
            reset(Some(Proof::Drawer(Drawer::Wrong))),
            reset(Some(Proof::Drawer(Drawer::Left)))
        )),
        Just((
            vec![],
            vec![Op::Recover { who: 0 }],
            Op::Verify { session: 0, code: Mailed::Wrong, enter: false },
            Op::Verify { session: 0, code: Mailed::Newest, enter: false }
        )),
        Just((
            vec![],
            vec![Op::Start { who: 0 }],
            Op::Verify { session: 0, code: Mailed::Wrong, enter: true },
            BY_MAIL[1].clone()
        )),
    ]
    .boxed()
}

/// Somebody who goes at one factor for as long as it lets him, each time as soon as it may be.
pub(super) fn patient() -> BoxedStrategy<Vec<Op>> {
    let round = (1..4_usize, -1..=0_i8, weighted(0.15, Just(())));
    (goal(), prop::collection::vec(round, 2..10))
        .prop_map(|((arm, first, wrong, right), rounds)| {
            let mut ops = arm;
            for (times, off, success) in rounds {
                ops.extend(first.iter().cloned());
                ops.extend(vec![wrong.clone(); times]);
                ops.extend(success.map(|()| right.clone()));
                ops.extend([Op::Wait { off }, Op::Wait { off: 0 }]);
            }
            ops
        })
        .boxed()
}

/// Somebody who wants as many messages as there may be.
pub(super) fn eager() -> BoxedStrategy<Vec<Op>> {
    let again = prop_oneof![
        Just(vec![Op::ResendCode { login: 0 }]),
        Just(vec![at_once(None, None, None)]),
        Just(vec![knock(0), Op::ResendCode { login: 0 }]),
        Just(vec![Op::Recover { who: 0 }]),
        Just(vec![Op::LoseApp { login: 0 }]),
        Just(vec![sign_up(1), once_more(1, Some(0))]),
        Just(vec![sign_up(0), Op::Wait { off: 0 }, once_more(0, None)]),
    ];
    (again, 3..12_usize, -1..=0_i8)
        .prop_map(|(again, times, off)| {
            let wait = [Op::Wait { off }, Op::Wait { off: 0 }];
            let round = [again, wait.to_vec()].concat();
            let lost = matches!(round[0], Op::LoseApp { .. });
            let armed =
                if lost { [app_on(0), vec![Op::StartFactorReset { who: 0 }]].concat() } else { mail_on(0) };
            [armed, vec![knock(0)], times_over(&round, times)].concat()
        })
        .boxed()
}

pub(super) fn times_over(ops: &[Op], times: usize) -> Vec<Op> {
    vec![ops; times].concat()
}

/// Somebody who uses up what he has: codes of the drawer, places in the list of sessions, of sign-ins that wait.
pub(super) fn greedy() -> BoxedStrategy<Vec<Op>> {
    let by_drawer = |n| [knock(0), prove(Proof::Drawer(Drawer::Issued(n)))];
    let by_app = [Op::Wait { off: 0 }, knock(0), prove(Proof::App(App::Step(0)))];
    let by_mail = [at_once(None, None, None), at_once(None, Some(Mailed::Newest), None), Op::Wait { off: 0 }];
    let end = |session, which| [Op::List { session: 0 }, Op::End { session, which }];
    let after_app = |ops: Vec<Op>| [app_on(0), ops].concat();
    let after_mail = |ops: Vec<Op>| [mail_on(0), ops].concat();
    prop_oneof![
        2 => prop::collection::vec(0..4_u8, 1..6)
            .prop_map(move |codes| after_app(codes.into_iter().flat_map(by_drawer).collect())),
        2 => (1..5_usize).prop_map(move |times| after_app(times_over(&by_app, times))),
        1 => (1..4_usize).prop_map(move |times| after_app(vec![knock(0); times])),
        2 => (1..4_usize).prop_map(move |times| after_mail(times_over(&by_mail, times))),
        1 => (0..3_u8, any::<u8>()).prop_map(move |(session, which)| end(session, which).to_vec()),
        1 => (4..8_usize).prop_map(|times| {
            vec![Op::Password { who: 0, password: Pw::Right, steps: Way::Stepwise, client: 1 }; times]
        }),
    ]
    .boxed()
}
