//! What random stories are made of.

use proptest::option::weighted;
use proptest::prelude::*;

use crate::sign_in::ops::{App, Drawer, Mailed, NewPw, Op, Proof, Pw, Trouble, Way};

/// One with an account most of the time.
fn who() -> BoxedStrategy<u8> {
    prop_oneof![8 => Just(0_u8), 1 => Just(1), 3 => Just(2), 1 => 0..6_u8].boxed()
}

fn client() -> impl Strategy<Value = u8> {
    prop_oneof![12 => Just(0_u8), 1 => Just(1), 1 => Just(2)]
}

/// The newest that live most of the time, then any, and tickets that nobody was given.
fn newest() -> impl Strategy<Value = u8> {
    prop_oneof![8 => Just(0_u8), 3 => Just(1), 1 => 0..16_u8]
}

fn password() -> impl Strategy<Value = Pw> {
    prop_oneof![6 => Just(Pw::Right), 1 => Just(Pw::Wrong), 1 => Just(Pw::OfAnother), 1 => Just(Pw::First)]
}

fn app() -> BoxedStrategy<App> {
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

fn mailed() -> BoxedStrategy<Mailed> {
    prop_oneof![
        5 => Just(Mailed::Newest),
        2 => any::<u8>().prop_map(Mailed::Any),
        1 => Just(Mailed::Spaced),
        3 => Just(Mailed::Wrong),
        1 => any::<u8>().prop_map(Mailed::Malformed),
    ]
    .boxed()
}

fn drawer() -> BoxedStrategy<Drawer> {
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

fn way() -> BoxedStrategy<Way> {
    prop_oneof![
        3 => Just(Way::Stepwise),
        2 => (weighted(0.6, app()), weighted(0.6, mailed()), weighted(0.2, drawer()))
            .prop_map(|(app, mailed, drawer)| Way::AtOnce { app, mailed, drawer }),
    ]
    .boxed()
}

fn proof() -> BoxedStrategy<Proof> {
    prop_oneof![
        4 => app().prop_map(Proof::App),
        4 => mailed().prop_map(Proof::Mailed),
        2 => drawer().prop_map(Proof::Drawer),
        2 => password().prop_map(Proof::Password),
    ]
    .boxed()
}

fn maybe_password() -> impl Strategy<Value = Option<Pw>> {
    weighted(0.5, password())
}

fn new_password() -> impl Strategy<Value = NewPw> {
    prop_oneof![6 => any::<bool>().prop_map(NewPw::Another), 1 => Just(NewPw::Short), 1 => Just(NewPw::Common)]
}

/// What whoever is signed in asks for to change what signs in.
fn change_asked() -> BoxedStrategy<Op> {
    prop_oneof![
        4 => (newest(), proof()).prop_map(|(session, proof)| Op::StepUp { session, proof }),
        2 => (newest(), password(), new_password())
            .prop_map(|(session, current, new)| Op::ChangePassword { session, current, new }),
        1 => (newest(), maybe_password()).prop_map(|(session, password)| Op::DisableApp { session, password }),
        1 => (newest(), maybe_password()).prop_map(|(session, password)| Op::DisableMail { session, password }),
        1 => (newest(), maybe_password()).prop_map(|(session, password)| Op::NewCodes { session, password }),
        2 => newest().prop_map(|session| Op::Trust { session }),
        1 => newest().prop_map(|session| Op::Factors { session }),
        1 => (newest(), any::<bool>()).prop_map(|(session, all)| Op::Forget { session, all }),
    ]
    .boxed()
}

fn request() -> BoxedStrategy<Op> {
    prop_oneof![
        8 => change_asked(),
        3 => (newest(), who(), password(), way())
            .prop_map(|(device, who, password, steps)| Op::OnDevice { device, who, password, steps }),
        8 => (who(), password(), way(), client())
            .prop_map(|(who, password, steps, client)| Op::Password { who, password, steps, client }),
        8 => (newest(), proof(), client()).prop_map(|(login, proof, client)| Op::Prove { login, proof, client }),
        1 => newest().prop_map(|login| Op::ResendCode { login }),
        3 => who().prop_map(|who| Op::Start { who }),
        4 => (newest(), mailed(), any::<bool>())
            .prop_map(|(session, code, enter)| Op::Verify { session, code, enter }),
        1 => newest().prop_map(|link| Op::Redeem { link }),
        2 => newest().prop_map(|session| Op::Check { session }),
        2 => newest().prop_map(|session| Op::List { session }),
        1 => (newest(), any::<u8>()).prop_map(|(session, which)| Op::End { session, which }),
        3 => (newest(), password()).prop_map(|(session, password)| Op::Enrol { session, password }),
        3 => (newest(), prop_oneof![2 => Just(App::OfPending), 1 => app()])
            .prop_map(|(session, code)| Op::Confirm { session, code }),
        2 => (newest(), password()).prop_map(|(session, password)| Op::EnableMail { session, password }),
        1 => (who(), any::<bool>()).prop_map(|(who, on)| Op::Suspend { who, on }),
    ]
    .boxed()
}

/// Whatever may happen, with a clock that moves by what `moves` says.
fn any_op(moves: impl Strategy<Value = i32> + 'static) -> BoxedStrategy<Op> {
    let trouble = prop_oneof![Just(Trouble::Fails), Just(Trouble::AnswerLost), Just(Trouble::Crash)];
    let jump = prop_oneof![
        2 => (any::<u8>(), -1..=1_i8).prop_map(|(deadline, off)| Op::Jump { deadline, off }),
        1 => (-1..=1_i8).prop_map(|off| Op::Wait { off }),
    ];
    prop_oneof![
        16 => request(),
        4 => jump,
        2 => moves.prop_map(Op::Move),
        1 => any::<u8>().prop_map(|ahead| Op::Sweep { ahead }),
        3 => (request(), request(), 0..9_u8, -2_500..2_500_i16).prop_map(|(first, by, stage, millis)| {
            Op::Overtaken { first: Box::new(first), by: Box::new(by), stage, millis }
        }),
        2 => (request(), 0..9_u8, trouble)
            .prop_map(|(op, stage, trouble)| Op::Trouble { op: Box::new(op), stage, trouble }),
    ]
    .boxed()
}

const fn knock(who: u8) -> Op {
    Op::Password { who, password: Pw::Right, steps: Way::Stepwise, client: 0 }
}

const fn prove(proof: Proof) -> Op {
    Op::Prove { login: 0, proof, client: 0 }
}

/// Somebody sets an app up.
fn app_on(who: u8) -> Vec<Op> {
    let confirm = Op::Confirm { session: 0, code: App::OfPending };
    vec![knock(who), Op::Enrol { session: 0, password: Pw::Right }, confirm, Op::Wait { off: 0 }]
}

/// Somebody has mailed codes asked for.
fn mail_on(who: u8) -> Vec<Op> {
    vec![knock(who), Op::EnableMail { session: 0, password: Pw::Right }]
}

/// Somebody has mailed codes asked for as well, who has an app.
fn both_on(who: u8) -> Vec<Op> {
    let step_up = Op::StepUp { session: 0, proof: Proof::App(App::Step(0)) };
    [app_on(who), vec![step_up, Op::EnableMail { session: 0, password: Pw::Right }, Op::Wait { off: 0 }]]
        .concat()
}

/// Somebody has a device trusted, on which he has an app, a mailbox, or nothing.
fn device_on(armed: Vec<Op>, proof: Option<Proof>) -> Vec<Op> {
    let sign_in = [knock(0)].into_iter().chain(proof.map(prove));
    armed.into_iter().chain(sign_in).chain([Op::Trust { session: 0 }]).collect()
}

fn devices_on() -> [Vec<Op>; 3] {
    [
        device_on(vec![], None),
        device_on(app_on(0), Some(Proof::App(App::Step(0)))),
        device_on(mail_on(0), Some(Proof::Mailed(Mailed::Newest))),
    ]
}

/// Somebody has an app, a mailbox, or both asked for, or a device: how most stories begin.
fn armed() -> BoxedStrategy<Vec<Op>> {
    prop_oneof![
        3 => who().prop_map(app_on),
        3 => who().prop_map(mail_on),
        1 => who().prop_map(both_on),
        2 => prop::sample::select(devices_on().to_vec()),
        1 => Just(vec![]),
    ]
    .boxed()
}

const fn on_device(device: u8, password: Pw) -> Op {
    Op::OnDevice { device, who: 0, password, steps: Way::Stepwise }
}

/// Somebody signs in on a device, with one of its tickets, again and again.
fn at_home() -> BoxedStrategy<Vec<Op>> {
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
fn careful() -> BoxedStrategy<Vec<Op>> {
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

fn at_once(app: Option<App>, mailed: Option<Mailed>, drawer: Option<Drawer>) -> Op {
    Op::Password { who: 0, password: Pw::Right, steps: Way::AtOnce { app, mailed, drawer }, client: 0 }
}

const BY_MAIL: [Op; 2] = [Op::Start { who: 0 }, Op::Verify { session: 0, code: Mailed::Newest, enter: true }];

/// What somebody goes at, from its beginning: how it is made to be asked for, how one comes to be asked, a wrong answer, a
/// right one.
fn goal() -> BoxedStrategy<(Vec<Op>, Vec<Op>, Op, Op)> {
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
        Just((vec![], vec![], wrong_password, knock(2))),
        Just((vec![knock(0)], vec![], enrol(Pw::Wrong), enrol(Pw::Right))),
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
fn patient() -> BoxedStrategy<Vec<Op>> {
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
fn eager() -> BoxedStrategy<Vec<Op>> {
    let again = prop_oneof![
        Just(vec![Op::ResendCode { login: 0 }]),
        Just(vec![at_once(None, None, None)]),
        Just(vec![knock(0), Op::ResendCode { login: 0 }]),
    ];
    (again, 3..12_usize, -1..=0_i8)
        .prop_map(|(again, times, off)| {
            let wait = [Op::Wait { off }, Op::Wait { off: 0 }];
            let round = [again, wait.to_vec()].concat();
            [mail_on(0), vec![knock(0)], times_over(&round, times)].concat()
        })
        .boxed()
}

fn times_over(ops: &[Op], times: usize) -> Vec<Op> {
    vec![ops; times].concat()
}

/// Somebody who uses up what he has: codes of the drawer, places in the list of sessions, of sign-ins that wait.
fn greedy() -> BoxedStrategy<Vec<Op>> {
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

/// Something that was made, and its use.
fn made() -> BoxedStrategy<(Vec<Op>, Op)> {
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
fn change() -> BoxedStrategy<Vec<Op>> {
    let suspend = |on| Op::Suspend { who: 0, on };
    prop_oneof![
        Just(vec![suspend(true)]),
        Just(vec![suspend(true), suspend(false)]),
        Just(vec![suspend(true), suspend(false), knock(0)]),
        Just(app_on(0)),
        Just(mail_on(0)),
        Just(vec![Op::ChangePassword { session: 0, current: Pw::Right, new: NewPw::Another(true) }]),
    ]
    .boxed()
}

/// Something is made, the account changes or time passes, and what was made is used; then once more.
fn stale() -> BoxedStrategy<Vec<Op>> {
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
fn late() -> BoxedStrategy<Vec<Op>> {
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
fn parallel() -> BoxedStrategy<Vec<Op>> {
    let other = prop_oneof![
        2 => Just(None),
        1 => prop_oneof![Just(true), Just(false)].prop_map(|on| Some(Op::Suspend { who: 0, on })),
        1 => request().prop_map(Some),
    ];
    (made(), other, 0..9_u8, prop_oneof![3 => Just(0_i16), 1 => -2_500..2_500_i16])
        .prop_map(|((make, take), other, stage, millis)| {
            let (first, by) = (Box::new(take.clone()), Box::new(other.unwrap_or(take.clone())));
            [make, vec![Op::Overtaken { first, by, stage, millis }, take]].concat()
        })
        .boxed()
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
    let hasty = Op::Password { who: 0, password: Pw::Right, steps: Way::Stepwise, client: 1 };
    vec![
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

pub(crate) fn story(moves: impl Strategy<Value = i32> + 'static) -> BoxedStrategy<Vec<Op>> {
    let any = (armed(), prop::collection::vec(any_op(moves), 1..16));
    let part = prop_oneof![
        4 => any.prop_map(|(armed, any)| [armed, any].concat()),
        2 => patient(),
        1 => eager(),
        2 => greedy(),
        2 => stale(),
        2 => at_home(),
        2 => careful(),
        2 => late(),
        2 => parallel(),
    ];
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.concat()).boxed()
}
