//! Lies while something is guessed at: no guess comes back.

use countersign::*;

use crate::common::{World, verify, wrong};
use crate::liar::{Call, Liar, Lie, liar};
use crate::operations::WHO;
use crate::owner::{APP, MAILED, NEW_PASSWORD, NONE, resetting};
use crate::people::*;

/// A wrong guess, made again and again.
type Guess = Box<dyn Fn(&World) -> Result<bool, host::Error>>;

fn guess<R: Request + Clone + 'static>(request: R) -> Guess {
    Box::new(move |world| {
        Ok(match world.run(request.clone())?.verdict {
            Verdict::Granted(_) => panic!("a wrong guess is granted"),
            // Answered: the guesser knows now that this was not it.
            Verdict::Refused(it) => matches!(
                it,
                Refusal::InvalidCode(_) | Refusal::InvalidCredentials | Refusal::InvalidProof { .. }
            ),
        })
    })
}

type Prepare = fn(&World, &Person) -> Guess;

const GUESSES: [(&str, Has, Prepare); 7] = [
    ("a password", NONE, |_, _| guess(knock(WHO, WRONG_PASSWORD, Steps::Stepwise))),
    ("a mailed code", NONE, |world, _| {
        let session = world.start(Purpose::SignIn, WHO).unwrap().session;
        guess(verify(Purpose::SignIn, &session, &wrong(&world.last_code())))
    }),
    ("an action's code", NONE, |world, _| {
        let session = world.start(Purpose::ConfirmAction, WHO).unwrap().session;
        guess(verify(Purpose::ConfirmAction, &session, &wrong(&world.last_code())))
    }),
    ("an app's code", APP, |world, person| guess(proving(&world.login(WHO), person.wrong_totp(world)))),
    ("a recovery code", APP, |world, _| {
        guess(proving(&world.login(WHO), Proof::RecoveryCode(no_recovery_code())))
    }),
    ("a mailed second factor", MAILED, |world, _| {
        let login = world.login(WHO);
        let code = wrong(world.last_mail().code.unwrap().expose());
        guess(proving(&login, Proof::MailedCode(Code::typed(&code))))
    }),
    ("an app's code with a grant", APP, |world, person| {
        let grant = world.granted(WHO).unwrap().grant;
        guess(resetting(&grant, NEW_PASSWORD, Some(person.wrong_totp(world))))
    }),
];

fn begin(has: Has, prepare: Prepare) -> (World, std::sync::Arc<Liar>, Guess) {
    let mut world = World::recommended();
    let liar = liar(&mut world);
    let _ = world.member(crate::operations::OTHER);
    let person = world.owner(WHO, has);
    world.seconds(61);
    let guess = prepare(&world, &person);
    (world, liar, guess)
}

/// How many more are answered.
fn left(world: &World, guess: &Guess) -> usize {
    world.trying(|| (0..30).take_while(|_| guess(world).unwrap()).count())
}

/// Law 10, law 2: at every call, with every lie that a store may tell without breaking its contract, and old rows besides: after it no more
/// guesses are left than before, and one fewer for each that was answered.
#[test]
fn law10_no_lie_gives_a_guess_back() {
    let mut tried = 0;
    for (what, has, prepare) in GUESSES {
        let (world, liar, guess) = begin(has, prepare);
        // So that there is something to give back.
        assert!(guess(&world).unwrap() && guess(&world).unwrap());
        liar.plan(5, None);
        assert!(world.trying(|| guess(&world).unwrap()));
        let calls = liar.honest();
        let (kept, history) = (world.keep(), liar.history());
        let before = left(&world, &guess);
        liar.put_history_back(&history);
        for (at, call) in calls.iter().enumerate() {
            let old = (1..=liar.depth().min(8)).map(Lie::Old);
            let lies: Vec<_> = match call {
                Call::Load(1) => old.chain([Lie::Nothing, Lie::Others]).collect(),
                Call::Load(_) => old.chain([Lie::Nothing, Lie::Others, Lie::Swapped]).collect(),
                Call::Commit => vec![
                    Lie::Lost,
                    Lie::Twice,
                    Lie::AppliedAfterAll,
                    Lie::LostThenOld(1),
                    Lie::LostThenOld(2),
                    Lie::FailedThenOld(1),
                ],
                Call::Find => vec![Lie::Nobody, Lie::SomebodyElse, Lie::Former],
                _ => vec![],
            };
            for lie in lies {
                world.put_back(&kept);
                liar.put_history_back(&history);
                liar.plan(9_000_000, Some((at, lie)));
                let answered = guess(&world);
                let _ = liar.honest();
                let after = left(&world, &guess);
                let case = format!("{what}, {lie:?} at call {at}, {answered:?}: {before}, then {after}");
                assert!(after <= before, "law 10: a guess came back: {case}");
                let told = matches!(answered, Ok(true));
                assert!(!told || after < before, "law 1: answered and not counted: {case}");
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

/// Excluded by the contract: "applied", and it was not. Then a guess is answered for nothing, which is why the store is asked to prove
/// itself (`conformance`).
#[test]
fn applied_and_yet_not_answers_guesses_for_nothing() {
    for (what, has, prepare) in GUESSES {
        let (world, liar, guess) = begin(has, prepare);
        let before = left(&world, &guess);
        liar.plan(5, None);
        assert!(world.trying(|| guess(&world).unwrap()));
        let last = liar.honest().iter().rposition(|call| *call == Call::Commit).unwrap();
        liar.plan(9_000_000, Some((last, Lie::NotApplied)));
        assert!(guess(&world).unwrap(), "{what}");
        let _ = liar.honest();
        assert_eq!(left(&world, &guess), before, "{what}: so the contract is needed");
    }
}
