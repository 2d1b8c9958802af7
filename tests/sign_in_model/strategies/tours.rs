//! Stories that come to what random ones come to less often.

use super::goals::{BY_MAILED_STEP, at_once, times_over};
use super::people::{
    DELETED, MOVED, app_lost, app_lost_at_once, app_on, both_on, by_link_to, devices_on, knock, mail_on,
    move_to, on_device, once_more, prove, reset, sign_up, turn_off,
};
use crate::sign_in::ops::{App, Drawer, Mailed, NewPw, Op, Proof, Pw, Trouble, Way};

fn cut_off(op: Op, stage: u8) -> Op {
    Op::Trouble { op: Box::new(op), stage, trouble: Trouble::Crash }
}

/// Stories that come to what random ones come to less often.
pub(crate) fn tours() -> Vec<Vec<Op>> {
    let (start, soon) = (Op::Start { who: 0 }, Op::Wait { off: 0 });
    let verify = Op::Verify { session: 0, code: Mailed::Newest, enter: true };
    let wrong = Op::Password { who: 0, password: Pw::Wrong, steps: Way::Stepwise, client: 0 };
    let again = [Op::ResendCode { login: 0 }, soon.clone(), soon.clone()];
    let new_login = [knock(0), soon.clone()];
    let by_link = [Op::Start { who: 0 }, Op::Redeem { link: 0 }, prove(Proof::Password(Pw::Right))];
    let guess = [knock(0), prove(Proof::App(App::Wrong)), soon.clone(), soon.clone()];
    let drawer = [knock(0), prove(Proof::Drawer(Drawer::Left))];
    let enrol = Op::Enrol { session: 0, password: Pw::Right };
    let confirm = |code| Op::Confirm { session: 0, code };
    let anew = [enrol.clone(), confirm(App::Wrong), confirm(App::OfPending), enrol, confirm(App::OfPending)];
    let nothing = at_once(None, None, None);
    let wrong_at_once = [nothing.clone(), at_once(None, Some(Mailed::Wrong), None), soon.clone(), nothing];
    let wrong_drawer = [knock(0), prove(Proof::Drawer(Drawer::Wrong)), soon.clone()];
    let by_app = [knock(0), prove(Proof::App(App::Step(0)))];
    let others = Op::End { session: 0, which: 2 };
    let change = |new| Op::ChangePassword { session: 0, current: Pw::Right, new };
    let changes = [change(NewPw::Another(true)), change(NewPw::Another(false))];
    let by_app_too = [app_on(0), by_app.to_vec(), times_over(&changes, 6)].concat();
    let new_codes = Op::NewCodes { session: 0, password: None };
    let trust = Op::Trust { session: 0 };
    let (right, wrong_on) = (on_device(0, Pw::Right), |times| vec![on_device(0, Pw::Wrong); times]);
    let earlier = on_device(9, Pw::Right);
    let [_, at_home, _] = devices_on();
    let many_wrong_codes = [vec![knock(0)], vec![prove(Proof::Drawer(Drawer::Wrong)); 5]].concat();
    let step_up = |proof| Op::StepUp { session: 0, proof };
    let by_mail = [Op::StepUpCode { session: 0 }, step_up(Proof::Mailed(Mailed::Wrong)), BY_MAILED_STEP];
    let fresh = |factor, seconds| Op::Fresh { session: 0, factor, seconds };
    let ask = Op::AskPassword { who: 0 };
    let hasty = Op::Password { who: 0, password: Pw::Right, steps: Way::Stepwise, client: 1 };
    let wrong_password = vec![prove(Proof::Password(Pw::Wrong)); 5];
    let locked_by_mail = [by_link[..2].to_vec(), wrong_password, vec![soon.clone(); 3]].concat();
    let lost = Op::Recover { who: 0 };
    let wrong_with_grant = [lost.clone(), verify.clone(), reset(Some(Proof::App(App::Wrong))), soon.clone()];
    vec![
        // A lost password: without an app, with one, with the drawer; then the device that it gave.
        vec![lost.clone(), verify.clone(), reset(None), knock(0), on_device(0, Pw::Right)],
        [app_on(0), by_link_to(0), vec![reset(None), reset(Some(Proof::Drawer(Drawer::Left))), reset(None)]]
            .concat(),
        [app_on(0), times_over(&wrong_with_grant, 2)].concat(),
        [app_on(0), by_link_to(0), vec![reset(Some(Proof::App(App::Wrong))); 3]].concat(),
        vec![lost, Op::Verify { session: 128, code: Mailed::Newest, enter: true }, verify.clone()],
        [app_on(0), vec![step_up(Proof::Password(Pw::Right))]].concat(),
        vec![knock(0), start.clone(), change(NewPw::Another(true)), verify.clone()],
        [
            app_on(0),
            app_lost_at_once(),
            vec![prove(Proof::App(App::Step(0))), Op::StartFactorReset { who: 0 }, knock(0)],
            vec![turn_off(Mailed::Newest)],
        ]
        .concat(),
        vec![
            knock(0),
            Op::Move(150_000),
            Op::StartFactorReset { who: 0 },
            Op::Move(-1_000),
            Op::Check { session: 8 },
        ],
        // An address: another, and back; one that is somebody's; the one that there is; cut off, and settled at the door.
        [move_to(1), vec![MOVED, knock(1), knock(0), MOVED], move_to(0)[1..].to_vec(), vec![MOVED]].concat(),
        [move_to(2), vec![MOVED], move_to(0)[1..].to_vec(), vec![MOVED]].concat(),
        [move_to(1), vec![cut_off(MOVED, 4), knock(0), knock(1), Op::List { session: 0 }]].concat(),
        [move_to(1), vec![cut_off(MOVED, 5), knock(0), knock(1), Op::List { session: 0 }]].concat(),
        [
            move_to(1),
            vec![soon.clone(), cut_off(MOVED, 5)],
            move_to(0)[1..].to_vec(),
            vec![MOVED, Op::Check { session: 0 }, knock(1)],
        ]
        .concat(),
        // Two want the same, and only the first gets it.
        [
            move_to(1),
            vec![Op::Overtaken {
                first: Box::new(MOVED),
                by: Box::new(Op::Several(
                    [vec![soon.clone(), knock(2)], move_to(1)[1..].to_vec(), vec![MOVED]].concat(),
                )),
                stage: 2,
                millis: 0,
            }],
            vec![knock(0), knock(1)],
        ]
        .concat(),
        // No more: at every door; cut off before the directory knows; swept; under another key.
        [
            vec![knock(0), Op::Start { who: 0 }, knock(0), DELETED],
            vec![knock(0), verify.clone(), start.clone()],
        ]
        .concat(),
        [vec![knock(0), cut_off(DELETED, 2), knock(0), knock(2)], move_to(0)[1..].to_vec(), vec![MOVED]]
            .concat(),
        vec![
            knock(0),
            DELETED,
            Op::Move(604_799_999),
            Op::Sweep { ahead: 0 },
            Op::Move(1),
            Op::Sweep { ahead: 0 },
        ],
        vec![knock(2), DELETED, knock(2), Op::Recover { who: 2 }],
        vec![knock(0), start.clone(), Op::Rotate, Op::Rewrap, Op::Rewrap, verify.clone(), Op::Rotate],
        vec![knock(0), knock(2), DELETED, Op::Rotate, Op::Rewrap, Op::Rewrap],
        [both_on(0), by_app.to_vec(), vec![Op::DisableMail { session: 0, password: None }]].concat(),
        [app_on(0), times_over(&drawer, 3)].concat(),
        vec![start.clone(), Op::Verify { session: 0, code: Mailed::Newest, enter: false }],
        // A sign-up that waits: its code again, under another session, for an address that is somebody's.
        vec![
            sign_up(1),
            soon.clone(),
            once_more(1, Some(0)),
            soon.clone(),
            once_more(1, None),
            soon.clone(),
            once_more(1, Some(8)),
        ],
        vec![
            sign_up(0),
            soon.clone(),
            once_more(0, Some(0)),
            Op::WrongSignUpCode { session: 0 },
            once_more(0, None),
        ],
        [vec![sign_up(1)], times_over(&[soon.clone(), once_more(1, None)], 12)].concat(),
        [
            by_link_to(0),
            vec![soon.clone()],
            by_link_to(0),
            vec![Op::Reset { grant: 9, new: NewPw::Another(true), proof: None }],
        ]
        .concat(),
        [move_to(1), vec![MOVED, Op::Trust { session: 0 }, on_device(0, Pw::Right)]].concat(),
        // What was guessed at a password that is set anew is over.
        [
            vec![knock(0)],
            vec![Op::Enrol { session: 0, password: Pw::Wrong }; 3],
            by_link_to(0),
            vec![reset(None)],
        ]
        .into_iter()
        .chain([vec![knock(0), Op::Enrol { session: 0, password: Pw::Right }]])
        .collect::<Vec<_>>()
        .concat(),
        [mail_on(0), times_over(&locked_by_mail, 3)].concat(),
        [app_on(0), by_app.to_vec(), times_over(&changes, 10), vec![knock(0), Op::LoseApp { login: 0 }]]
            .concat(),
        [app_on(0), app_lost_at_once(), vec![Op::Stop { link: 0 }], app_lost_at_once()[..2].to_vec()]
            .into_iter()
            .chain([vec![turn_off(Mailed::Newest)]])
            .collect::<Vec<_>>()
            .concat(),
        [app_on(0), app_lost_at_once(), vec![prove(Proof::App(App::Step(0))), Op::Factors { session: 0 }]]
            .concat(),
        // A lost app: stopped, given up, turned off, seen to by the operator.
        [app_on(0), app_lost(), vec![turn_off(Mailed::Wrong), turn_off(Mailed::Newest), knock(0)]].concat(),
        [app_on(0), app_lost()[..2].to_vec(), vec![Op::Stop { link: 0 }, turn_off(Mailed::Newest)]].concat(),
        [app_on(0), app_lost_at_once(), vec![turn_off(Mailed::Newest)]].concat(),
        [app_on(0), app_lost_at_once(), vec![knock(0), prove(Proof::App(App::Step(0)))]].concat(),
        [
            app_on(0),
            vec![Op::StartFactorReset { who: 0 }],
            by_link_to(0),
            vec![reset(None)],
            app_lost_at_once()[1..].to_vec(),
        ]
        .concat(),
        [app_on(0), vec![start.clone(), Op::Redeem { link: 0 }, Op::LoseApp { login: 0 }]].concat(),
        [vec![knock(0)], by_mail.to_vec(), vec![fresh(Some(0), 60), fresh(Some(2), 60), fresh(None, 2)]]
            .concat(),
        [vec![knock(0)], times_over(&[Op::StepUpCode { session: 0 }, soon.clone(), soon.clone()], 12)]
            .concat(),
        [vec![knock(0), Op::Trust { session: 0 }, Op::Devices { session: 0 }, ask.clone()]].concat(),
        vec![knock(0), ask, Op::Check { session: 0 }, change(NewPw::Another(true)), Op::Check { session: 0 }],
        // Notices: first half of them, then all.
        [by_app_too, drawer.to_vec(), times_over(&changes, 8), vec![new_codes.clone()]].concat(),
        vec![knock(0), change(NewPw::Common), change(NewPw::Short), knock(0)],
        [at_home.clone(), wrong_on(8), vec![trust], wrong_on(3), vec![right.clone()]].concat(),
        [app_on(0), times_over(&many_wrong_codes, 3)].concat(),
        [app_on(0), by_app.to_vec(), vec![new_codes]].concat(),
        vec![Op::Start { who: 0 }, Op::Redeem { link: 0 }],
        [at_home.clone(), vec![right.clone(), earlier.clone(), earlier.clone(), right.clone()]].concat(),
        [at_home, vec![right, Op::Move(61_000), earlier]].concat(),
        times_over(&[hasty], 61),
        [app_on(0), times_over(&guess, 6), drawer.to_vec(), anew.to_vec(), drawer.to_vec()].concat(),
        [mail_on(0), wrong_at_once.to_vec()].concat(),
        [app_on(0), wrong_drawer.to_vec(), by_app.to_vec(), app_on(0)[1..].to_vec(), wrong_drawer.to_vec()]
            .concat(),
        vec![knock(0), knock(0), knock(0), others],
        vec![start.clone(), soon.clone(), start.clone(), soon.clone(), start.clone()],
        times_over(&[start.clone(), soon.clone(), soon.clone()], 12),
        vec![start.clone(), Op::Move(3_000), verify.clone()],
        vec![start.clone(), Op::Move(300_000), verify.clone()],
        vec![wrong.clone(), wrong.clone(), wrong.clone(), soon, Op::Move(3_000), wrong],
        [mail_on(0), times_over(&new_login, 2), times_over(&again, 12)].concat(),
        [mail_on(0), by_link.to_vec()].concat(),
        [vec![knock(0), start], mail_on(0)[1..].to_vec(), vec![verify]].concat(),
        vec![knock(0), Op::List { session: 0 }, Op::End { session: 0, which: 4 }, Op::Check { session: 8 }],
    ]
}
