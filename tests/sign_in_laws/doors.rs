//! Law 4, no skipping: every door × every kind of account × everything that can be shown there, right and wrong.
//!
//! What must be proven is written down here once more, from the documents and not from the code.

use std::collections::BTreeSet;

use countersign::*;

use crate::common::{IntoResult, World, id, sign_up, verify};
use crate::people::*;

const WHO: &str = "jo@example.com";

type Proven = BTreeSet<Method>;

fn mailbox(proven: &Proven) -> bool {
    proven.contains(&Method::MailedCode) || proven.contains(&Method::MailedLink)
}

/// The table of the documents: what signs in to which account.
pub(super) fn enough(has: Has, proven: &Proven) -> bool {
    let first = proven.contains(&Method::Password) || mailbox(proven);
    let strong = proven.contains(&Method::Totp) || proven.contains(&Method::RecoveryCode);
    first
        && match (has.totp, has.mailed) {
            (true, _) => strong,
            (false, true) => strong || proven.contains(&Method::Password) && mailbox(proven),
            (false, false) => true,
        }
}

/// What a session says of itself is what was proven, and its level is 2 only for a password with an app or a code for the drawer.
pub(super) fn honest(signed_in: &SignedIn, proven: &Proven) {
    let said: Proven = signed_in.methods().into_iter().collect();
    assert_eq!(&said, proven, "R71: methods");
    let strong = proven.contains(&Method::Totp) || proven.contains(&Method::RecoveryCode);
    let aal = if proven.contains(&Method::Password) && strong { 2 } else { 1 };
    assert_eq!(signed_in.aal(), aal, "R71: {proven:?}");
}

/// Something shown as a second factor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shown {
    Totp(bool),
    Mailed(bool),
    Recovery(bool),
    Password(bool),
}

pub(super) const SHOWN: [Shown; 8] = [
    Shown::Totp(true),
    Shown::Totp(false),
    Shown::Mailed(true),
    Shown::Mailed(false),
    Shown::Recovery(true),
    Shown::Recovery(false),
    Shown::Password(true),
    Shown::Password(false),
];

impl Shown {
    /// What it proves, if the account has such a thing and the mailbox got a code.
    fn proves(self, has: Has, mailed: bool) -> Option<Method> {
        match self {
            Self::Totp(true) if has.totp => Some(Method::Totp),
            Self::Mailed(true) if mailed => Some(Method::MailedCode),
            Self::Recovery(true) if has.codes => Some(Method::RecoveryCode),
            Self::Password(true) => Some(Method::Password),
            _ => None,
        }
    }

    pub(super) fn proof(self, world: &World, person: &Person, mailed: Option<&str>) -> Proof {
        let code = mailed.unwrap_or("000000");
        match self {
            Self::Totp(true) if person.app.is_some() => person.totp(world),
            Self::Totp(_) => person.wrong_totp(world),
            Self::Mailed(true) => Proof::MailedCode(Code::typed(code)),
            Self::Mailed(false) => Proof::MailedCode(Code::typed(&crate::common::wrong(code))),
            Self::Recovery(true) => {
                Proof::RecoveryCode(person.drawer.last().cloned().unwrap_or_else(no_recovery_code))
            }
            Self::Recovery(false) => Proof::RecoveryCode(no_recovery_code()),
            Self::Password(right) => {
                Proof::Password(Password::typed(if right { PASSWORD } else { WRONG_PASSWORD }).unwrap())
            }
        }
    }
}

/// The doors that prove a first factor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Door {
    Password,
    MailedCode,
    MailedLink,
}

impl Door {
    const ALL: [Self; 3] = [Self::Password, Self::MailedCode, Self::MailedLink];

    const fn proves(self) -> Method {
        match self {
            Self::Password => Method::Password,
            Self::MailedCode => Method::MailedCode,
            Self::MailedLink => Method::MailedLink,
        }
    }

    fn open(self, world: &World) -> Result<Progress, Refusal> {
        if self == Self::Password {
            return world.stepwise(WHO, PASSWORD);
        }
        let session = world.start(Purpose::SignIn, WHO)?.session;
        if self == Self::MailedLink {
            let link = sign_in_link(&world.last_mail()).expect("a link");
            return world
                .ask(RedeemSignIn { client: Client::unmetered(), link, label: label() })
                .into_result();
        }
        let code = world.last_code();
        let request = Verify { enter: Some(label()), ..verify(Purpose::SignIn, &session, &code) };
        world.ask(request).into_result().map(|verified| verified.progress.expect("asked to enter"))
    }
}

/// Law 4, B033, B035-B038, R70, R71: whichever door the first factor was proven at and whatever is shown then, whoever is signed in
/// has proven what the table asks for, and whoever has proven it is signed in.
#[test]
fn law4_every_door_asks_for_what_the_account_asks_for() {
    let mut entered = 0;
    for has in COMBINATIONS {
        for door in Door::ALL {
            for shown in SHOWN {
                let world = World::new(two_codes());
                let person = world.person(WHO, has);
                world.seconds(60);
                let case = format!("{has:?}, {door:?}, then {shown:?}");
                let mails = world.mails();
                let mut proven: Proven = [door.proves()].into();
                let second = match door.open(&world).unwrap() {
                    Progress::SignedIn(signed_in) => {
                        assert!(enough(has, &proven), "law 4: {case}");
                        honest(&signed_in, &proven);
                        entered += 1;
                        continue;
                    }
                    Progress::SecondFactor(second) => second,
                };
                assert!(!enough(has, &proven), "kept out: {case}");
                let sent = usize::from(door != Door::Password);
                assert_eq!(second.mailed, world.mails() > mails + sent, "{case}");
                // A mailbox that was the first factor gets no second code, and an app is not replaced by one.
                assert_eq!(second.mailed, !has.totp && door == Door::Password, "{case}");
                let code = second.mailed.then(|| world.last_code());
                let login = second.login.expect("step by step");
                let answer = world.prove(&login, shown.proof(&world, &person, code.as_deref()));
                proven.extend(shown.proves(has, second.mailed));
                match answer {
                    Ok(signed_in) => {
                        assert!(enough(has, &proven), "law 4: {case}");
                        honest(&signed_in, &proven);
                        assert_eq!(signed_in.account(), &person.account);
                        let again = world.prove(&login, shown.proof(&world, &person, code.as_deref()));
                        assert_eq!(again.unwrap_err(), Refusal::InvalidSession, "law 3: {case}");
                        entered += 1;
                    }
                    Err(refusal) => {
                        assert!(!enough(has, &proven), "kept out: {case}: {refusal:?}");
                        assert!(matches!(refusal, Refusal::InvalidProof { .. }), "{case}: {refusal:?}");
                    }
                }
            }
        }
    }
    assert_eq!(entered, 3 * 8 + 3 + 2 * 3 + 2 * 2 * 3, "the way in is open where it should be");
}

/// B008, law 4: a second mailbox proof after a first one, an app's code after an app's code: nothing counts twice, however often
/// the same ticket is used.
#[test]
fn law4_one_mailbox_never_counts_twice() {
    let has = Has { mailed: true, ..Has::default() };
    for door in [Door::MailedCode, Door::MailedLink] {
        let world = World::new(two_codes());
        let _ = world.person(WHO, has);
        world.seconds(60);
        let Progress::SecondFactor(second) = door.open(&world).unwrap() else {
            panic!("one mailbox was enough")
        };
        assert_eq!(second.offered, [Factor::Password], "a mailed code is not offered to a mailbox");
        let login = second.login.unwrap();
        // The code of another sign-in, begun with the password, is not taken for this one.
        let other = world.login(WHO);
        let code = world.last_code();
        let answer = world.prove(&login, Proof::MailedCode(Code::typed(&code)));
        assert!(matches!(answer, Err(Refusal::InvalidProof { factor: Factor::MailedCode, .. })));
        let client = Client::unmetered();
        let resend = world.ask(ResendFactorCode { client, login }).into_result();
        assert_eq!(resend.unwrap_err(), Refusal::InvalidSession);
        assert!(world.prove(&other, Proof::MailedCode(Code::typed(&code))).is_ok(), "nor used up by it");
    }
}

/// The doors that never sign in: a code that confirms an action or recovers, with `enter`; a sign-up's code sent again.
#[test]
fn law4_other_codes_never_sign_in() {
    for has in COMBINATIONS {
        for purpose in [Purpose::Recover, Purpose::ConfirmAction] {
            let world = World::new(two_codes());
            let _ = world.person(WHO, has);
            world.seconds(60);
            let session = world.start(purpose, WHO).unwrap().session;
            let request = Verify { enter: Some(label()), ..verify(purpose, &session, &world.last_code()) };
            let verified = world.ask(request).into_result().unwrap();
            assert!(verified.progress.is_none(), "{has:?} by {purpose:?}");
        }
        // The purpose at the door has to be the code's own, so that no other code enters by the door that signs in.
        let world = World::new(two_codes());
        let _ = world.person(WHO, has);
        world.seconds(60);
        for purpose in [Purpose::Recover, Purpose::ConfirmAction] {
            let session = world.start(purpose, WHO).unwrap().session;
            for door in [Purpose::SignIn, Purpose::SignUp, Purpose::SecondFactor] {
                let request = Verify { enter: Some(label()), ..verify(door, &session, &world.last_code()) };
                assert_eq!(world.ask(request).into_result().unwrap_err(), Refusal::InvalidSession);
            }
        }
    }
}

/// A sign-up's code signs in if asked to, to an account that is new and so asks for nothing more; never to one that was there.
#[test]
fn law4_a_sign_up_enters_only_the_account_it_made() {
    for enter in [None, Some(label())] {
        let world = World::new(two_codes());
        let session = world.sign_up(WHO).unwrap().session;
        world.seconds(60);
        let request = ResendSignUp {
            client: Client::unmetered(),
            identifier: id(WHO),
            password: sign_up(WHO).password,
            session: Some(session.clone()),
        };
        let _ = world.ask(request).into_result().unwrap();
        let request =
            Verify { enter: enter.clone(), ..verify(Purpose::SignUp, &session, &world.last_code()) };
        let verified = world.ask(request).into_result().unwrap();
        match verified.progress {
            Some(Progress::SignedIn(signed_in)) if enter.is_some() => {
                honest(&signed_in, &[Method::MailedCode].into());
                assert_eq!(world.check(signed_in.session()).unwrap().account, verified.account);
            }
            progress => assert!(enter.is_none() && progress.is_none()),
        }
    }
    for has in COMBINATIONS {
        let world = World::new(two_codes());
        let _ = world.person(WHO, has);
        world.seconds(60);
        let session = world.sign_up(WHO).unwrap().session;
        assert_eq!(world.last_mail().kind, MessageKind::SignUpTaken);
        let request = Verify { enter: Some(label()), ..verify(Purpose::SignUp, &session, "000000") };
        assert!(matches!(world.ask(request).into_result(), Err(Refusal::InvalidCode(_))), "{has:?}");
    }
}
