//! Laws 1, 10 and 12: whatever fails, at whatever call, nothing is told that was not counted, nothing comes back, and
//! there is a way forward.

use countersign::policy::ResendPolicy;
use countersign::record::RecordKind;
use countersign::*;

use crate::common::{Fault, World, sign_up, verify};
use crate::otp::answer::{Answer, name};
use crate::otp::drive::{Act, End, Stage, drive};
use crate::otp::ops::{Op, Trouble, Typed};
use crate::otp::small::small;
use crate::otp::story::Story;

fn start(purpose: Purpose, who: u8) -> Op {
    Op::Start { purpose, who, client: 1 }
}

fn guess(code: Typed) -> Op {
    Op::Verify { session: 0, door: None, code, claim: None, client: 1 }
}

/// What goes before, what is in trouble, and what the person does again after it: the last of that must be granted.
fn scenes() -> Vec<(&'static str, Vec<Op>, Op, Vec<Op>)> {
    let (new, jo) = (1, 0);
    let later = || vec![Op::Move(13_000)];
    let anew = |purpose, who| [later(), vec![start(purpose, who), guess(Typed::Newest)]].concat();
    let mut scenes = vec![];
    for (purpose, who) in
        [(Purpose::SignUp, new), (Purpose::SignIn, jo), (Purpose::Recover, jo), (Purpose::ConfirmAction, jo)]
    {
        let before = |ops: &[Op]| [later(), ops.to_vec()].concat();
        scenes.extend([
            ("start", before(&[]), start(purpose, who), anew(purpose, who)),
            ("wrong", before(&[start(purpose, who)]), guess(Typed::Wrong), anew(purpose, who)),
            ("right", before(&[start(purpose, who)]), guess(Typed::Newest), anew(purpose, who)),
            (
                "resend",
                before(&[start(purpose, who), Op::Move(1000)]),
                Op::Resend { session: 0, client: 1 },
                anew(purpose, who),
            ),
            ("cancel", before(&[start(purpose, who)]), Op::Cancel { session: 0 }, anew(purpose, who)),
        ]);
    }
    let link = Op::Redeem { session: 0, who: None, client: 1 };
    scenes.push((
        "link",
        [later(), vec![start(Purpose::SignUp, new)]].concat(),
        link,
        anew(Purpose::SignUp, new),
    ));
    scenes
}

/// Laws 10 and 12: every stage of every operation × the call fails, its answer is lost, the host dies. The model says what
/// holds after it; here, that there is a way forward.
#[test]
fn law10_law12_after_any_failure_there_is_a_way_forward() {
    let mut tried = 0;
    for resend in [ResendPolicy::Replace, ResendPolicy::KeepPrevious] {
        for (what, before, op, after) in scenes() {
            for trouble in [Trouble::Fails, Trouble::AnswerLost, Trouble::Crash] {
                for stage in 0..8 {
                    let mut story = Story::new(small(resend), Some(vec![]));
                    let in_trouble = Op::Trouble { op: Box::new(op.clone()), stage, trouble };
                    let ops = before.iter().chain([&in_trouble]).chain(&after);
                    ops.into_iter().try_for_each(|op| story.play(op)).unwrap_or_else(|broken| {
                        panic!("{what}, {trouble:?} at stage {stage}: {broken}");
                    });
                    story.finish().unwrap();
                    let last = story.last.as_ref().map_or("nothing", name);
                    // Whoever signed up before the answer was lost has an account, and gets a notice.
                    let signed_up = story.model.has_account(1) && what != "start";
                    let done = last == "verified" || signed_up && last == "invalid_code";
                    assert!(done, "law 12 (a way forward): {what}, {trouble:?} at stage {stage}: {last}");
                    tried += 1;
                }
            }
        }
    }
    assert_eq!(tried, 2 * 21 * 3 * 8);
}

type Scene =
    (&'static str, fn(&World) -> (Ticket<OtpSession>, String), fn(&World, &Ticket<OtpSession>, &str) -> bool);

fn begun(world: &World, purpose: Purpose, who: &str) -> (Ticket<OtpSession>, String) {
    let started = world.start(purpose, who).unwrap();
    (started.session, world.last_mail().code.unwrap().expose().to_owned())
}

/// Requests through the driver; each tells whether it was granted something that must have been counted.
fn driven() -> Vec<Scene> {
    const WHO: &str = "jo@example.com";
    fn granted<T>(answer: Result<Outcome<T>, host::Error>) -> bool {
        answer.ok().and_then(Outcome::granted).is_some()
    }
    vec![
        (
            "sign-up",
            |world| begun(world, Purpose::SignUp, "new@example.org"),
            |world, session, code| granted(world.run(verify(Purpose::SignUp, session, code))),
        ),
        (
            "sign-in",
            |world| begun(world, Purpose::SignIn, WHO),
            |world, session, code| granted(world.run(verify(Purpose::SignIn, session, code))),
        ),
        (
            "confirm",
            |world| begun(world, Purpose::ConfirmAction, WHO),
            |world, session, code| granted(world.run(verify(Purpose::ConfirmAction, session, code))),
        ),
        (
            "wrong",
            |world| begun(world, Purpose::SignIn, WHO),
            |world, session, _| granted(world.run(verify(Purpose::SignIn, session, "0000000000"))),
        ),
        (
            "resend",
            |world| begun(world, Purpose::SignIn, WHO),
            |world, session, _| {
                granted(world.run(Resend { client: Client::named(b"c"), session: session.clone() }))
            },
        ),
        (
            "start",
            |world| begun(world, Purpose::Recover, WHO),
            |world, _, _| granted(world.run(sign_up("another@example.org"))),
        ),
    ]
}

/// Law 10: every call of the host, clock and generator included × fails before it has an effect, or after. What is granted
/// was counted; what was counted stays counted; afterwards all goes on.
#[test]
fn law10_no_failing_call_grants_or_gives_back() {
    for (what, before, request) in driven() {
        for fault in [Fault::Before, Fault::After] {
            for index in 0..32 {
                let world = World::new(small(ResendPolicy::Replace));
                world.member("jo@example.com");
                world.seconds(2);
                let (session, code) = before(&world);
                world.seconds(1);
                world.fail_at(index, fault);
                let granted = request(&world, &session, &code);
                let calls = world.heal();
                if calls <= index {
                    assert!(index > 2, "{what} makes {calls} calls");
                    break;
                }
                let purpose = match what {
                    "sign-up" => Purpose::SignUp,
                    "confirm" => Purpose::ConfirmAction,
                    _ => Purpose::SignIn,
                };
                let again = world.verify(purpose, &session, &code);
                assert!(
                    !granted || again.is_err() || what == "resend" || what == "start",
                    "law 3: {what} {index}"
                );
                // Whatever was lost, no more than two guesses are answered in a session and three in the record.
                let mut wrong = 0;
                for _ in 0..6 {
                    let guess = world.verify(purpose, &session, "0000000001");
                    wrong += usize::from(matches!(guess, Err(Refusal::InvalidCode(_))));
                }
                assert!(
                    wrong <= 2,
                    "law 10 (fail closed): {wrong} guesses after {what}, {fault:?} at call {index}"
                );
                world.seconds(40);
                let started = world.start(Purpose::SignIn, "jo@example.com").unwrap();
                let code = world.last_code();
                let verified = world.verify(Purpose::SignIn, &started.session, &code);
                assert!(
                    verified.is_ok(),
                    "law 12 (a way forward): {what}, {fault:?} at call {index}: {verified:?}"
                );
            }
        }
    }
}

/// Law 1: up to the commit that counts it, a request leaves nothing behind and lets nothing out, neither mail nor answer;
/// and the wrong guess is in the row before it is told.
#[test]
fn law1_nothing_is_told_before_it_is_counted() {
    fn walk<R: Request + Clone>(world: &World, request: &R, what: &str) -> End<R::Output> {
        let rows = || format!("{:?}", world.seen.rows.lock().unwrap());
        let now = host::Clock::now(&*world.clock).unwrap();
        let (before, mails) = (rows(), world.mails());
        let mut commits = 0;
        for stop in 0..8 {
            let mut passed = false;
            let end = drive(world, request.clone(), now, &mut |index, stage| {
                assert_eq!(
                    world.mails(),
                    mails,
                    "law 1 (counted before told): {what}, mail before {stage:?}"
                );
                assert_ne!(
                    stage,
                    Stage::Done,
                    "law 1 (counted before told): {what} is answered without a commit"
                );
                passed |= index < stop;
                // The first commit is never let through here.
                let crash = index == stop || matches!(stage, Stage::Commit(_));
                commits += usize::from(matches!(stage, Stage::Commit(_)));
                if crash { Act::Crash } else { Act::Go }
            });
            assert!(end.outcome.is_none() && end.mail.is_empty() && end.events.is_empty(), "law 1: {what}");
            assert_eq!(rows(), before, "law 12: {what} leaves something behind without a commit");
        }
        assert!(commits > 0, "{what} commits nothing");
        drive(world, request.clone(), now, &mut |_, _| Act::Go)
    }
    let world = World::recommended();
    world.member("jo@example.com");
    world.seconds(100);
    walk(&world, &sign_up("new@example.org"), "a sign-up");
    let (client, locale) = (Client::unmetered(), None);
    let identifier = crate::common::id("jo@example.com");
    let request = SignIn { client: client.clone(), identifier: identifier.clone(), locale: locale.clone() };
    let started = walk(&world, &request, "a sign-in").outcome.unwrap().granted().unwrap();
    let code = world.last_code();
    world.seconds(60);
    walk(&world, &Recover { client: client.clone(), identifier, locale: locale.clone() }, "a recovery");
    let (account, action) = (world.account("jo@example.com").unwrap(), Action::new("pay").unwrap());
    walk(&world, &ConfirmAction { client: client.clone(), account, action, locale }, "an action");
    let session = started.session;
    let wrong =
        walk(&world, &verify(Purpose::SignIn, &session, &crate::common::wrong(&code)), "a wrong guess");
    assert!(wrong.wrote(RecordKind::Visitor));
    walk(&world, &Resend { client: client.clone(), session: session.clone() }, "a resend");
    let code = world.last_code();
    let right = walk(&world, &verify(Purpose::SignIn, &session, &code), "a right code");
    assert!(right.outcome.unwrap().granted().is_some());
    world.seconds(60);
    let session = world.start(Purpose::SignIn, "jo@example.com").unwrap().session;
    walk(&world, &Cancel { client, session }, "a cancellation");
}

/// R34: a mailer that fails changes no answer, and the message is charged all the same.
#[test]
fn law8_a_failing_mailer_does_not_show() {
    for who in ["jo@example.com", "nobody@example.com"] {
        let answers = [Act::Go, Act::Fail].map(|act| {
            let world = World::recommended();
            world.member("jo@example.com");
            world.seconds(100);
            let now = host::Clock::now(&*world.clock).unwrap();
            let (client, identifier, locale) = (Client::unmetered(), crate::common::id(who), None);
            let request = SignIn { client, identifier, locale };
            let at = &mut |_, stage| if stage == Stage::Done { act } else { Act::Go };
            let answer = format!("{:?}", drive(&world, request, now, at).outcome);
            let again = world.start(Purpose::SignIn, who).map(|started| Answer::Started(started.state));
            (answer, again)
        });
        assert_eq!(answers[0], answers[1], "law 8 (indistinguishable): the mailer's failure shows");
        assert!(matches!(answers[0].1, Err(Refusal::Limited { .. })), "R24: charged");
    }
}
