//! Law 4 where everything comes in one request: every subset of right and wrong proofs, with a right and with a wrong password.

use countersign::record::RecordKind;
use countersign::*;

use crate::common::{World, wrong};
use crate::people::*;

const WHO: &str = "jo@example.com";

/// What is sent of one factor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sent {
    Nothing,
    Right,
    Wrong,
}

const SENT: [Sent; 3] = [Sent::Nothing, Sent::Right, Sent::Wrong];

/// What comes of it, from the documents: a recovery code is looked at before anything else, then what the account asks for first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Comes {
    In(Option<Method>),
    Asked(Factor),
    No(Factor),
}

fn expected(has: Has, totp: Sent, mailed: Sent, recovery: Sent) -> Comes {
    let asked = match (has.totp, has.mailed) {
        (true, _) => (Factor::Totp, Method::Totp, totp),
        (false, true) => (Factor::MailedCode, Method::MailedCode, mailed),
        (false, false) => return Comes::In(None),
    };
    match (recovery, asked) {
        (Sent::Right, _) if has.codes => Comes::In(Some(Method::RecoveryCode)),
        (Sent::Right | Sent::Wrong, _) => Comes::No(Factor::RecoveryCode),
        (Sent::Nothing, (_, method, Sent::Right)) => Comes::In(Some(method)),
        (Sent::Nothing, (factor, _, Sent::Wrong)) => Comes::No(factor),
        (Sent::Nothing, (factor, _, Sent::Nothing)) => Comes::Asked(factor),
    }
}

struct Scene {
    world: World,
    person: Person,
    code: Option<String>,
}

impl Scene {
    /// An account, and a code in its mailbox if one is asked for.
    fn new(has: Has) -> Self {
        let world = World::new(two_codes());
        let person = world.person(WHO, has);
        world.seconds(60);
        let asked = world.at_once(WHO, PASSWORD, Proofs::default()).unwrap();
        let mailed = matches!(asked, Progress::SecondFactor(SecondFactor { mailed: true, .. }));
        let code = mailed.then(|| world.last_code());
        Self { world, person, code }
    }

    fn proofs(&self, totp: Sent, mailed: Sent, recovery: Sent) -> Proofs {
        let Self { world, person, code } = self;
        let now = world.now();
        let shown = person.app.as_ref().map_or_else(
            || ["123456".to_owned(), "654321".to_owned()],
            |app| [app.code(now, 0), app.wrong(now)],
        );
        let code = code.clone().unwrap_or_else(|| "123456".to_owned());
        let drawer = person.drawer.last().cloned().unwrap_or_else(no_recovery_code);
        let pick = |sent, right: &str, wrong: &str| match sent {
            Sent::Nothing => None,
            Sent::Right => Some(Code::typed(right)),
            Sent::Wrong => Some(Code::typed(wrong)),
        };
        Proofs {
            totp: pick(totp, &shown[0], &shown[1]),
            mailed_code: pick(mailed, &code, &wrong(&code)),
            recovery_code: match recovery {
                Sent::Nothing => None,
                Sent::Right => Some(drawer),
                Sent::Wrong => Some(no_recovery_code()),
            },
        }
    }

    fn accounts_row(&self) -> Vec<u8> {
        let rows = self.world.seen.rows.lock().unwrap();
        let row = rows.iter().find(|(key, _)| key.kind() == Some(RecordKind::Account)).unwrap();
        row.1.0.bytes.clone()
    }
}

/// Law 4, R70: with a right password, of everything sent along only that is looked at which the account asks for.
#[test]
fn law4_at_once_looks_at_what_the_account_asks_for() {
    for has in COMBINATIONS {
        for (totp, mailed, recovery) in all() {
            let scene = Scene::new(has);
            let case = format!("{has:?}, totp {totp:?}, mailed {mailed:?}, recovery {recovery:?}");
            let answer = scene.world.at_once(WHO, PASSWORD, scene.proofs(totp, mailed, recovery));
            let comes = match answer {
                Ok(Progress::SignedIn(signed_in)) => {
                    let mut methods = signed_in.methods();
                    assert_eq!(methods.remove(0), Method::Password, "{case}");
                    assert!(methods.len() < 2, "no more than was looked at: {case}");
                    Comes::In(methods.pop())
                }
                Ok(Progress::SecondFactor(second)) => {
                    assert!(second.login.is_none(), "no handle where all comes at once");
                    Comes::Asked(second.offered[0])
                }
                Err(Refusal::InvalidProof { factor, .. }) => Comes::No(factor),
                Err(other) => panic!("{case}: {other:?}"),
            };
            assert_eq!(comes, expected(has, totp, mailed, recovery), "law 4: {case}");
            // Whatever was not looked at is neither used up nor counted: it works afterwards.
            if totp == Sent::Right && has.totp && comes != Comes::In(Some(Method::Totp)) {
                let answer =
                    scene.world.at_once(WHO, PASSWORD, scene.proofs(totp, Sent::Nothing, Sent::Nothing));
                assert!(matches!(answer, Ok(Progress::SignedIn(_))), "{case}: {answer:?}");
            }
        }
    }
}

/// B039, law 4: a wrong password with right codes is a wrong password; what was sent along is neither compared, nor counted, nor
/// used up, and the account's record is not even written.
#[test]
fn b039_a_right_code_never_rescues_a_wrong_password() {
    for has in COMBINATIONS {
        for (totp, mailed, recovery) in all() {
            let scene = Scene::new(has);
            let case = format!("{has:?}, totp {totp:?}, mailed {mailed:?}, recovery {recovery:?}");
            let before = scene.accounts_row();
            let sent = scene.proofs(totp, mailed, recovery);
            let events = scene.world.events();
            drop(events);
            let answer = scene.world.at_once(WHO, WRONG_PASSWORD, sent.clone());
            assert_eq!(answer.unwrap_err(), Refusal::InvalidCredentials, "{case}");
            assert_eq!(scene.world.events(), ["password.rejected"], "{case}");
            assert_eq!(before, scene.accounts_row(), "the account was not touched: {case}");
            let again = scene.world.at_once(WHO, PASSWORD, sent);
            let entered = matches!(again, Ok(Progress::SignedIn(_)));
            assert_eq!(entered, matches!(expected(has, totp, mailed, recovery), Comes::In(_)), "{case}");
        }
    }
}

fn all() -> impl Iterator<Item = (Sent, Sent, Sent)> {
    SENT.into_iter()
        .flat_map(|a| SENT.into_iter().flat_map(move |b| SENT.into_iter().map(move |c| (a, b, c))))
}
