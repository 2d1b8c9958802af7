//! Laws 10 and 12 for signing in: whatever fails, at whatever call, nobody is signed in by it, no guess comes back, nothing is spent
//! twice, and there is a way forward.

use countersign::*;

use crate::common::{Fault, IntoResult, World, id, sign_up, verify};
use crate::drive::{Act, drive};
use crate::people::*;

const WHO: &str = "jo@example.com";
const APP: Has = Has { totp: true, mailed: false, codes: true };
const MAILED: Has = Has { totp: false, mailed: true, codes: false };

/// What is tried: its name, whose account, what is prepared, and the request itself, which can be sent again as it was.
type Scene = (&'static str, Has, fn(&World, &Person) -> Prepared);

type Plain = dyn Fn(&World) -> Option<bool>;
type ByHand = dyn Fn(&World, usize, Act) -> Option<bool>;

/// The request, made once and sent as often as wanted.
struct Prepared {
    plain: Box<Plain>,
    by_hand: Box<ByHand>,
}

fn prepared<R: Request + Clone + 'static>(request: R, once: fn(&R::Output) -> bool) -> Prepared {
    let again = request.clone();
    Prepared {
        plain: Box::new(move |world| {
            let outcome = world.run(request.clone()).ok()?;
            Some(outcome.granted().as_ref().is_some_and(once))
        }),
        by_hand: Box::new(move |world, at, act| {
            let mut acts = |index, _| if index == at { act } else { Act::Go };
            let end = drive(world, again.clone(), world.now(), &mut acts);
            Some(end.outcome?.granted().as_ref().is_some_and(once))
        }),
    }
}

const fn entered(progress: &Progress) -> bool {
    matches!(progress, Progress::SignedIn(_))
}

fn scenes() -> Vec<Scene> {
    vec![
        ("a wrong password", APP, |_, _| prepared(knock(WHO, WRONG_PASSWORD, Steps::Stepwise), entered)),
        ("an app's code at once", APP, |world, person| {
            let Proof::Totp(code) = person.totp(world) else { unreachable!() };
            let proofs = Proofs { totp: Some(code), ..Proofs::default() };
            prepared(knock(WHO, PASSWORD, Steps::AtOnce(proofs)), entered)
        }),
        ("an app's code", APP, |world, person| {
            prepared(proving(&world.login(WHO), person.totp(world)), |_| true)
        }),
        ("a wrong code of an app", APP, |world, person| {
            prepared(proving(&world.login(WHO), person.wrong_totp(world)), |_| true)
        }),
        ("a recovery code", APP, |world, person| {
            prepared(proving(&world.login(WHO), Proof::RecoveryCode(person.drawer[0].clone())), |_| true)
        }),
        ("a mailed code", MAILED, |world, _| {
            let login = world.login(WHO);
            prepared(proving(&login, Proof::MailedCode(world.last_mail().code.unwrap())), |_| true)
        }),
        ("a step up", APP, |world, person| {
            let (client, session) = (Client::unmetered(), person.session.clone());
            prepared(StepUp { client, session, proof: person.totp(world), label: label() }, |_| true)
        }),
        ("a link", Has::default(), |world, _| {
            let _ = world.start(Purpose::SignIn, WHO).unwrap();
            let link = sign_in_link(&world.last_mail()).unwrap();
            prepared(RedeemSignIn { client: Client::unmetered(), link, label: label() }, entered)
        }),
        ("a sign-in's code", Has::default(), |world, _| {
            let session = world.start(Purpose::SignIn, WHO).unwrap().session;
            let request = verify(Purpose::SignIn, &session, &world.last_code());
            prepared(Verify { enter: Some(label()), ..request }, |verified| verified.progress.is_some())
        }),
        ("a sign-up's code", Has::default(), |world, _| {
            let session = world.sign_up("new@example.org").unwrap().session;
            let request = verify(Purpose::SignUp, &session, &world.last_code());
            prepared(Verify { enter: Some(label()), ..request }, |verified| verified.progress.is_some())
        }),
        ("a confirmation of an app", Has::default(), |world, person| {
            let app = world.enrol(&person.session).unwrap();
            let (client, session) = (Client::unmetered(), person.session.clone());
            let code = Code::typed(&app.code(world.now(), 0));
            prepared(ConfirmTotp { client, session, code }, |_| true)
        }),
        ("a sign-up sent again", Has::default(), |world, _| {
            let _ = world.sign_up("new@example.org").unwrap();
            world.seconds(61);
            let password = sign_up(WHO).password;
            let (client, identifier) = (Client::unmetered(), id("new@example.org"));
            prepared(ResendSignUp { client, identifier, password, session: None }, |_| false)
        }),
        ("the end of a session", Has::default(), |_, person| {
            let (client, session) = (Client::unmetered(), person.session.clone());
            prepared(EndSessions { client, session, which: Which::This }, |_| false)
        }),
    ]
}

fn begin(has: Has) -> (World, Person) {
    let world = World::new(two_codes());
    let mut person = world.person(WHO, has);
    world.seconds(60);
    if has.totp {
        person.session = world.prove(&world.login(WHO), person.totp(&world)).unwrap().session().clone();
        world.seconds(30);
    }
    world.seen.events.lock().unwrap().clear();
    (world, person)
}

/// What holds after any trouble.
fn aftermath(world: &World, person: &mut Person, prepared: &Prepared, granted: Option<bool>, case: &str) {
    let again = (prepared.plain)(world).unwrap_or_else(|| panic!("law 12: still failing: {case}"));
    assert!(granted != Some(true) || !again, "law 3: granted twice: {case}");
    if granted.is_none() && again {
        let third = (prepared.plain)(world);
        assert_eq!(third, Some(false), "law 3: granted twice after trouble: {case}");
    }
    // What was compared is counted: ten wrong passwords are answered in all, and ten wrong codes.
    let rejected = || {
        let events = world.seen.events.lock().unwrap();
        let count = |wanted: &str| events.iter().filter(|event| event.kind.name() == wanted).count();
        (count("password.rejected"), count("factor.rejected"))
    };
    while world.stepwise(WHO, WRONG_PASSWORD).unwrap_err() == Refusal::InvalidCredentials {
        assert!(rejected().0 <= 10, "law 10: a wrong password too many: {case}");
    }
    let Some(app) = person.app.clone() else {
        // A way forward by the mailbox, with the door for passwords shut.
        world.seconds(61);
        if world.account("new@example.org").is_none() {
            let session =
                world.sign_up("new@example.org").unwrap_or_else(|no| panic!("{case}: {no:?}")).session;
            let request = verify(Purpose::SignUp, &session, &world.last_code());
            assert!(world.ask(request).into_result().is_ok(), "law 12 (a way forward): {case}");
        }
        world.seconds(900);
        assert!(world.stepwise(WHO, PASSWORD).is_ok(), "law 12 (a way forward): {case}");
        return;
    };
    world.seconds(1800);
    let (login, before) = (world.login(WHO), rejected().1);
    let mut wrong = 0;
    let mut login = login;
    loop {
        match world.prove(&login, person.wrong_totp(world)).unwrap_err() {
            Refusal::InvalidProof { .. } if wrong < 10 => wrong += 1,
            Refusal::InvalidSession => login = world.login(WHO),
            Refusal::Limited { retry_at, .. } => {
                world.clock.set(retry_at);
                break;
            }
            other => panic!("{case}: {other:?}"),
        }
    }
    assert!(before <= 10, "law 10: {before} wrong codes: {case}");
    let proof = Proof::Totp(Code::typed(&app.code(world.now(), 0)));
    assert!(world.prove(&world.login(WHO), proof).is_ok(), "law 12 (a way forward): {case}");
}

/// Law 10: every call of the host, clock and generator included, fails before it has an effect, or after.
#[test]
fn law10_no_failing_call_signs_anybody_in() {
    let mut tried = 0;
    for (what, has, prepare) in scenes() {
        for fault in [Fault::Before, Fault::After] {
            for index in 0..40 {
                let (world, mut person) = begin(has);
                let prepared = prepare(&world, &person);
                world.fail_at(index, fault);
                let granted = (prepared.plain)(&world);
                let calls = world.heal();
                if calls <= index {
                    assert!(index > 2, "{what} makes {calls} calls");
                    break;
                }
                tried += 1;
                aftermath(
                    &world,
                    &mut person,
                    &prepared,
                    granted,
                    &format!("{what}, {fault:?} at call {index}"),
                );
            }
        }
    }
    assert!(tried > 130, "{tried}");
}

/// Laws 10 and 12: every stage of every operation: the call fails, its answer is lost, the host dies.
#[test]
fn law12_no_crash_between_commits_grants_or_gives_back() {
    for (what, has, prepare) in scenes() {
        for act in [Act::Fail, Act::Lose, Act::Crash] {
            for stage in 0..9 {
                let (world, mut person) = begin(has);
                let prepared = prepare(&world, &person);
                let granted = (prepared.by_hand)(&world, stage, act);
                aftermath(
                    &world,
                    &mut person,
                    &prepared,
                    granted,
                    &format!("{what}, {act:?} at stage {stage}"),
                );
            }
        }
    }
}
