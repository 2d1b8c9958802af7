//! Laws 2 and 3 under interleavings: two requests that have both read before either commits, at every stage; and many at once.

use std::sync::Arc;

use countersign::host::{Clock, Directory, Mailer, Store};
use countersign::policy::ResendPolicy;
use countersign::*;
use proptest::prelude::*;

use crate::common::{IntoResult, Part, World, id, seed, verify};
use crate::people::*;
use crate::small::small;

const WHO: &str = "jo@example.com";

/// A request under way, whatever it asks for.
trait Running {
    /// Carries out the stage it is at. Once it is over: whether it was granted what can be granted once, or why not.
    fn step(&mut self, host: &Part) -> Option<Result<bool, Refusal>>;
}

struct Under<O> {
    step: Option<Step<O>>,
    once: fn(&O) -> bool,
}

impl<O: Send + Sync + 'static> Running for Under<O> {
    fn step(&mut self, host: &Part) -> Option<Result<bool, Refusal>> {
        let next = match self.step.take()? {
            Step::Find(find) => {
                let entry = host.find(find.identifier()).unwrap();
                find.resume(entry)
            }
            Step::Load(load) => {
                let rows = host.load(load.keys()).unwrap();
                load.resume(rows).unwrap()
            }
            Step::Prove(prove) => {
                let hashed = prove.work().run(host).unwrap();
                prove.resume(hashed).unwrap()
            }
            Step::Commit(commit) => {
                let answer = host
                    .commit(commit.key(), commit.expected(), commit.write(host.now().unwrap()).unwrap())
                    .unwrap();
                commit.resume(answer).unwrap()
            }
            Step::Create(create) => {
                let created = host.create(create.account()).unwrap();
                create.resume(created)
            }
            Step::Rename(rename) => {
                let Renaming { account, from, to } = rename.renaming();
                let renamed = host.rename(account, from, to).unwrap();
                rename.resume(renamed)
            }
            Step::Release(release) => {
                host.release(release.account()).unwrap();
                release.resume()
            }
            Step::Done(done) => {
                done.mail.iter().for_each(|envelope| host.send(envelope).unwrap());
                return Some(done.outcome.verdict.into_result().map(|granted| (self.once)(&granted)));
            }
        };
        self.step = Some(next);
        None
    }
}

type Boxed = Box<dyn Running>;

fn under<R: Request>(world: &World, number: u64, request: R, once: fn(&R::Output) -> bool) -> Boxed {
    let context = Context { now: world.now(), entropy: seed(number) };
    Box::new(Under { step: Some(world.sentry.machine.begin(request, context)), once })
}

const fn entered(progress: &Progress) -> bool {
    matches!(progress, Progress::SignedIn(_))
}

/// Two requests for one and the same thing.
type Pair = (&'static str, Has, fn(&World, &Person, u64) -> Boxed, fn(&World, &mut Person));

const APP: Has = Has { totp: true, mailed: false, codes: true };

/// What is prepared before a pair is begun is kept in the person: a ticket, or a code in the mailbox.
fn pairs() -> Vec<Pair> {
    let prove =
        |world: &World, proof, number| under(world, number, proving(&world.login(WHO), proof), |_| true);
    let _ = prove;
    vec![
        (
            "an app's code, two sign-ins",
            APP,
            |world, person, n| under(world, n, proving(&world.login(WHO), person.totp(world)), |_| true),
            |_, _| {},
        ),
        (
            "an app's code, at once",
            APP,
            |world, person, n| {
                let Proof::Totp(code) = person.totp(world) else { unreachable!() };
                let proofs = Proofs { totp: Some(code), ..Proofs::default() };
                under(world, n, knock(WHO, PASSWORD, Steps::AtOnce(proofs)), entered)
            },
            |_, _| {},
        ),
        (
            "a recovery code, two sign-ins",
            APP,
            |world, person, n| {
                let proof = Proof::RecoveryCode(person.drawer[0].clone());
                under(world, n, proving(&world.login(WHO), proof), |_| true)
            },
            |_, _| {},
        ),
        (
            "an app's code, at a step up",
            APP,
            |world, person, n| {
                let (client, session) = (Client::unmetered(), person.session.clone());
                let (proof, label) = (person.totp(world), label());
                // One shows it signed in already, the other at a sign-in.
                if n % 2 == 0 {
                    under(world, n, StepUp { client, session, proof, label }, |_| true)
                } else {
                    under(world, n, proving(&world.login(WHO), proof), |_| true)
                }
            },
            |world, person| {
                let code = person.drawer.pop().unwrap();
                person.session =
                    world.prove(&world.login(WHO), Proof::RecoveryCode(code)).unwrap().session().clone();
            },
        ),
        (
            "a mailed code at once",
            Has { totp: false, mailed: true, codes: false },
            |world, _, n| {
                let proofs = Proofs { mailed_code: world.last_mail().code, ..Proofs::default() };
                under(world, n, knock(WHO, PASSWORD, Steps::AtOnce(proofs)), entered)
            },
            |world, _| drop(world.at_once(WHO, PASSWORD, Proofs::default())),
        ),
        (
            "a link, and the code beside it",
            Has::default(),
            |world, person, n| {
                let (client, label) = (Client::unmetered(), label());
                let link = sign_in_link(&world.last_mail()).unwrap();
                let _ = person;
                under(world, n, RedeemSignIn { client, link, label }, entered)
            },
            |world, _| drop(world.start(Purpose::SignIn, WHO).unwrap()),
        ),
    ]
}

/// Runs the first so many stages of one request, then all of the other, then the rest.
fn race(world: &World, mut first: Boxed, mut second: Boxed, stages: usize) -> [Result<bool, Refusal>; 2] {
    let host = Part(Arc::clone(&world.seen), Arc::clone(&world.clock));
    let mut early = None;
    for _ in 0..stages {
        early = early.or_else(|| first.step(&host));
    }
    let all = |running: &mut Boxed| loop {
        if let Some(end) = running.step(&host) {
            break end;
        }
    };
    let other = all(&mut second);
    [early.unwrap_or_else(|| all(&mut first)), other]
}

/// Law 3, R19, R36, R48, B015, B027, B030, B031, B099, B100: whatever can be used once is used once, wherever the two meet.
#[test]
fn law3_nothing_is_spent_twice_at_any_stage() {
    for (what, has, begin, prepare) in pairs() {
        for stages in 0..8 {
            let world = World::new(two_codes());
            let mut person = world.person(WHO, has);
            world.seconds(60);
            prepare(&world, &mut person);
            let (first, second) = (begin(&world, &person, 2001), begin(&world, &person, 2002));
            let ends = race(&world, first, second, stages);
            let in_at = ends.iter().filter(|end| **end == Ok(true)).count();
            assert_eq!(in_at, 1, "{what}, after {stages} stages: {ends:?}");
        }
    }
}

/// Law 3: one ticket and one code, sent twice; and a confirmation of an app, sent twice.
#[test]
fn law3_one_ticket_signs_in_once_at_any_stage() {
    for stages in 0..6 {
        for what in 0..4 {
            let world = World::new(two_codes());
            let mailed = Has { totp: false, mailed: true, codes: false };
            let person = world.person(WHO, [APP, APP, mailed, Has::default()][what]);
            world.seconds(60);
            let ends = if what == 3 {
                let app = world.enrol(&person.session).unwrap();
                let (client, session) = (Client::unmetered(), person.session.clone());
                let request = ConfirmTotp { client, session, code: Code::typed(&app.code(world.now(), 0)) };
                let [first, second] = [2001, 2002].map(|n| under(&world, n, request.clone(), |_| true));
                race(&world, first, second, stages)
            } else {
                let login = world.login(WHO);
                let proof = match what {
                    0 => person.totp(&world),
                    1 => Proof::RecoveryCode(person.drawer[0].clone()),
                    _ => Proof::MailedCode(world.last_mail().code.unwrap()),
                };
                let [first, second] =
                    [2001, 2002].map(|n| under(&world, n, proving(&login, proof.clone()), |_| true));
                race(&world, first, second, stages)
            };
            let granted = ends.iter().filter(|end| end.is_ok()).count();
            assert_eq!(granted, 1, "{what}, after {stages} stages: {ends:?}");
        }
    }
}

/// Law 3, law 5: the code and the link of one message, whichever comes first, and the same code twice, with `enter`.
#[test]
fn law3_a_code_and_its_link_are_one() {
    for stages in 0..8 {
        for what in 0..3 {
            let world = World::recommended();
            let _ = world.person(WHO, Has::default());
            world.seconds(60);
            let session = world.start(Purpose::SignIn, WHO).unwrap().session;
            let (code, link) = (world.last_code(), sign_in_link(&world.last_mail()).unwrap());
            let by_code = |n| {
                let request = Verify { enter: Some(label()), ..verify(Purpose::SignIn, &session, &code) };
                under(&world, n, request, |_| true)
            };
            let by_link = |n| {
                let (client, link, label) = (Client::unmetered(), link.clone(), label());
                under(&world, n, RedeemSignIn { client, link, label }, |_| true)
            };
            let (first, second) = match what {
                0 => (by_code(2001), by_code(2002)),
                1 => (by_code(2001), by_link(2002)),
                _ => (by_link(2001), by_code(2002)),
            };
            let ends = race(&world, first, second, stages);
            assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1, "{what}, {stages}: {ends:?}");
        }
    }
}

/// Law 2, B012-B014: a right password that was read before the last free wrong one was counted, and commits after it, is refused: no
/// order of things lets in somebody who has used the budget up. Also where nobody ever knocked, and no row is there yet.
#[test]
fn b014_a_right_password_does_not_slip_past_the_last_wrong_one() {
    for knocked_before in [false, true] {
        for stages in 0..5 {
            let world = World::new(small(ResendPolicy::Replace));
            let _ = world.person(WHO, Has::default());
            world.seconds(2000);
            world.seen.rows.lock().unwrap().retain(|key, _| key.kind() == Some(record::RecordKind::Account));
            if knocked_before {
                assert!(world.stepwise(WHO, PASSWORD).is_ok());
            }
            let host = Part(Arc::clone(&world.seen), Arc::clone(&world.clock));
            let mut right = under(&world, 3001, knock(WHO, PASSWORD, Steps::Stepwise), entered);
            let early = (0..stages).find_map(|_| right.step(&host));
            assert!(early.is_none(), "it has more stages");
            // Stages: find, load, hash, commit of the visitor, …: from the commit on it was first.
            for _ in 0..3 {
                assert_eq!(world.stepwise(WHO, WRONG_PASSWORD).unwrap_err(), Refusal::InvalidCredentials);
            }
            let end = std::iter::from_fn(|| Some(right.step(&host))).find_map(|end| end).unwrap();
            if stages < 4 {
                assert!(matches!(end, Err(Refusal::Limited { .. })), "B014, after {stages} stages: {end:?}");
            } else {
                assert_eq!(end, Ok(true), "it came first");
            }
        }
    }
}

proptest! {
    #![proptest_config(crate::cases(100))]

    /// Law 2, R11, B013, B014: however wrong and right passwords at both doors cross each other, known or unknown, no more wrong ones are
    /// answered than are free, and what was answered was counted.
    #[test]
    fn law2_no_interleaving_of_passwords_gets_more(
        requests in prop::collection::vec(0..6_u8, 2..20),
        schedule in prop::collection::vec(any::<u8>(), 300),
        known in any::<bool>(),
        pending in any::<bool>(),
    ) {
        let world = World::new(small(ResendPolicy::Replace));
        if known {
            let _ = world.person(WHO, Has::default());
        }
        world.seconds(2000);
        world.seen.rows.lock().unwrap().retain(|key, _| key.kind() == Some(record::RecordKind::Account));
        if pending {
            let _ = world.sign_up(WHO).unwrap();
            world.seconds(1);
        }
        let host = Part(Arc::clone(&world.seen), Arc::clone(&world.clock));
        let resend = |password: &str| ResendSignUp {
            client: Client::unmetered(),
            identifier: id(WHO),
            password: Password::typed(password).unwrap(),
            session: None,
        };
        let mut running: Vec<Boxed> = requests.iter().zip(4000..).map(|(kind, n)| match kind {
            0 => under(&world, n, knock(WHO, PASSWORD, Steps::Stepwise), entered),
            1 => under(&world, n, resend(PASSWORD), |_| false),
            2 | 3 => under(&world, n, resend(WRONG_PASSWORD), |_| false),
            _ => under(&world, n, knock(WHO, WRONG_PASSWORD, Steps::Stepwise), entered),
        }).collect();
        let (mut told, mut turns) = (vec![], schedule.iter().cycle());
        while !running.is_empty() {
            let index = usize::from(*turns.next().unwrap()) % running.len();
            if let Some(end) = running[index].step(&host) {
                told.push(end);
                drop(running.remove(index));
            }
        }
        let answered = told.iter().filter(|end| **end == Err(Refusal::InvalidCredentials)).count();
        prop_assert!(answered <= 3, "law 2 (budget): {answered} wrong passwords answered: {told:?}");
        let mut more = 0;
        while world.stepwise(WHO, WRONG_PASSWORD).unwrap_err() == Refusal::InvalidCredentials {
            more += 1;
            prop_assert!(answered + more <= 3, "law 2 (budget): {answered}, and then {more}: {told:?}");
        }
        prop_assert_eq!(answered + more, 3, "none is lost either: {:?}", told);
    }
}
