//! Law 4 over random stories: whatever is asked in whatever order, somebody is signed in only with what the table asks for, all of it
//! proven in one sign-in, to the account as it is now.

use std::collections::BTreeSet;

use countersign::*;
use proptest::prelude::*;

use crate::common::{IntoResult, World, verify};
use crate::doors::{SHOWN, Shown, enough, honest};
use crate::people::*;

const PEOPLE: [&str; 2] = ["jo@example.com", "mallory@example.com"];

#[derive(Clone, Debug)]
enum Op {
    Knock { who: usize, right: bool },
    AtOnce { who: usize, right: bool, totp: Option<bool>, mailed: Option<bool>, recovery: Option<bool> },
    Start { who: usize },
    Enter { nth: usize, right: bool },
    Link { nth: usize },
    Prove { nth: usize, shown: Shown },
    Resend { nth: usize },
    Enable { who: usize },
    Enrol { who: usize },
    Suspend { who: usize, suspended: bool },
    Later(i64),
}

fn op() -> impl Strategy<Value = Op> {
    let who = || 0..2_usize;
    let sent = || prop::option::weighted(0.3, any::<bool>());
    prop_oneof![
        4 => (who(), prop::bool::weighted(0.8)).prop_map(|(who, right)| Op::Knock { who, right }),
        3 => (who(), prop::bool::weighted(0.8), sent(), sent(), sent())
            .prop_map(|(who, right, totp, mailed, recovery)| Op::AtOnce { who, right, totp, mailed, recovery }),
        2 => who().prop_map(|who| Op::Start { who }),
        2 => (0..3_usize, prop::bool::weighted(0.8)).prop_map(|(nth, right)| Op::Enter { nth, right }),
        2 => (0..3_usize).prop_map(|nth| Op::Link { nth }),
        8 => (0..4_usize, prop::sample::select(&SHOWN[..])).prop_map(|(nth, shown)| Op::Prove { nth, shown }),
        1 => (0..4_usize).prop_map(|nth| Op::Resend { nth }),
        1 => who().prop_map(|who| Op::Enable { who }),
        1 => who().prop_map(|who| Op::Enrol { who }),
        1 => (who(), prop::bool::weighted(0.3)).prop_map(|(who, suspended)| Op::Suspend { who, suspended }),
        3 => prop::sample::select(vec![1_i64, 29, 30, 61, 299, 301, 899, 901, 5000, -1, -31, -61, -4000]).prop_map(Op::Later),
    ]
}

/// A sign-in that waits, as the test knows it.
#[derive(Clone)]
struct Waiting {
    who: usize,
    login: Ticket<Login>,
    proven: BTreeSet<Method>,
    /// How often what opens the account had changed when it began.
    epoch: u32,
    code: Option<String>,
}

struct Sent {
    who: usize,
    session: Ticket<OtpSession>,
    code: String,
    link: Ticket<SignInLink>,
    epoch: u32,
}

struct Tale {
    world: World,
    people: Vec<Person>,
    has: [Has; 2],
    epoch: [u32; 2],
    suspended: [bool; 2],
    waiting: Vec<Waiting>,
    sent: Vec<Sent>,
    /// Codes of apps and of the drawer that were taken.
    used: BTreeSet<String>,
    entered: usize,
}

impl Tale {
    fn new(has: Has) -> Self {
        let world = World::new(two_codes());
        let people = vec![world.person(PEOPLE[0], has), world.person(PEOPLE[1], Has::default())];
        world.seconds(100);
        let has = [has, Has::default()];
        let (waiting, sent, used) = (vec![], vec![], BTreeSet::new());
        Self { world, people, has, epoch: [0; 2], suspended: [false; 2], waiting, sent, used, entered: 0 }
    }

    fn entered(
        &mut self,
        who: usize,
        signed_in: &SignedIn,
        proven: &BTreeSet<Method>,
        spent: Option<String>,
    ) {
        assert!(!self.suspended[who], "nobody enters a suspended account");
        assert_eq!(signed_in.account(), &self.people[who].account, "law 5");
        assert!(enough(self.has[who], proven), "law 4: {:?} with {proven:?}", self.has[who]);
        honest(signed_in, proven);
        if let Some(spent) = spent {
            assert!(self.used.insert(spent.clone()), "law 3: {spent} was taken twice");
        }
        self.people[who].session = signed_in.session().clone();
        self.entered += 1;
    }

    fn begun(&mut self, who: usize, method: Method, progress: Progress) {
        let proven: BTreeSet<_> = [method].into();
        match progress {
            Progress::SignedIn(signed_in) => self.entered(who, &signed_in, &proven, None),
            Progress::SecondFactor(SecondFactor { login: Some(login), mailed, .. }) => {
                let code = mailed.then(|| self.world.last_code());
                self.waiting.push(Waiting { who, login, proven, epoch: self.epoch[who], code });
            }
            Progress::SecondFactor(_) => panic!("a ticket is missing"),
        }
    }

    /// What opens the account has changed.
    fn changed(&mut self, who: usize) {
        self.epoch[who] += 1;
    }

    fn play(&mut self, op: &Op) {
        let last = |n: usize, len: usize| len.checked_sub(1).map(|last| last - n % len);
        match *op {
            Op::Later(seconds) => self.world.seconds(seconds),
            Op::Knock { who, right } => {
                let answer = self.world.stepwise(PEOPLE[who], if right { PASSWORD } else { WRONG_PASSWORD });
                assert!(right || answer.is_err(), "law 4: a wrong password");
                if let Ok(progress) = answer {
                    self.begun(who, Method::Password, progress);
                }
            }
            Op::AtOnce { who, right, totp, mailed, recovery } => {
                let person = &self.people[who];
                let code = |proof| match proof {
                    Proof::Totp(code) | Proof::MailedCode(code) => code,
                    _ => unreachable!(),
                };
                let shown = |shown: Shown| shown.proof(&self.world, person, None);
                let totp = totp.map(|right| code(shown(Shown::Totp(right))));
                let recovery = recovery.map(|right| match shown(Shown::Recovery(right)) {
                    Proof::RecoveryCode(code) => code,
                    _ => unreachable!(),
                });
                let drawn = recovery.clone().map(|code| code.expose().to_owned());
                let typed = totp.clone().map(|code| format!("{who} {}", code.expose()));
                let mailed_code =
                    mailed.map(|right| if right { self.newest(who) } else { Code::typed("000000") });
                let proofs = Proofs { totp, mailed_code, recovery_code: recovery };
                let answer =
                    self.world.at_once(PEOPLE[who], if right { PASSWORD } else { WRONG_PASSWORD }, proofs);
                assert!(right || answer.is_err(), "law 4: a wrong password");
                if let Ok(Progress::SignedIn(signed_in)) = answer {
                    // All that was sent and could have been right, less what the session does not claim.
                    let proven: BTreeSet<_> = signed_in.methods().into_iter().collect();
                    assert!(proven.contains(&Method::Password));
                    let spent = if proven.contains(&Method::RecoveryCode) {
                        self.people[who].drawer.pop();
                        drawn
                    } else {
                        typed.filter(|_| proven.contains(&Method::Totp))
                    };
                    assert!(
                        !proven.contains(&Method::Totp) || spent.is_some(),
                        "law 4: an app nobody showed"
                    );
                    assert!(
                        !proven.contains(&Method::MailedCode) || mailed == Some(true),
                        "law 4: a code nobody typed"
                    );
                    self.entered(who, &signed_in, &proven, spent);
                }
            }
            Op::Start { who } => {
                if let Ok(started) = self.world.start(Purpose::SignIn, PEOPLE[who]) {
                    let link = sign_in_link(&self.world.last_mail()).unwrap();
                    let (session, code) = (started.session, self.world.last_code());
                    self.sent.push(Sent { who, session, code, link, epoch: self.epoch[who] });
                }
            }
            Op::Enter { nth, right } => {
                let Some(at) = last(nth, self.sent.len()) else { return };
                let Sent { who, session, code, epoch, .. } = &self.sent[at];
                let typed = if right { code.clone() } else { crate::common::wrong(code) };
                let request = Verify { enter: Some(label()), ..verify(Purpose::SignIn, session, &typed) };
                let answer = self.world.ask(request).into_result();
                if let Ok(verified) = answer {
                    assert!(right && *epoch == self.epoch[*who], "law 5: a code for the account as it was");
                    let who = *who;
                    self.begun(who, Method::MailedCode, verified.progress.unwrap());
                }
            }
            Op::Link { nth } => {
                let Some(at) = last(nth, self.sent.len()) else { return };
                let Sent { who, link, epoch, .. } = &self.sent[at];
                let (who, client, link) = (*who, Client::unmetered(), link.clone());
                if let Ok(progress) =
                    self.world.ask(RedeemSignIn { client, link, label: label() }).into_result()
                {
                    assert!(*epoch == self.epoch[who], "law 5: a link for the account as it was");
                    self.begun(who, Method::MailedLink, progress);
                }
            }
            Op::Prove { nth, shown } => {
                let Some(at) = last(nth, self.waiting.len()) else { return };
                let Waiting { who, login, mut proven, epoch, code } = self.waiting[at].clone();
                let proof = shown.proof(&self.world, &self.people[who], code.as_deref());
                let spent = match &proof {
                    Proof::Totp(code) => Some(format!("{who} {}", code.expose())),
                    Proof::RecoveryCode(code) => Some(code.expose().to_owned()),
                    _ => None,
                };
                if let Ok(signed_in) = self.world.prove(&login, proof) {
                    assert_eq!(epoch, self.epoch[who], "B108: a sign-in that began before");
                    let (method, right) = match shown {
                        Shown::Totp(right) => (Method::Totp, right),
                        Shown::Mailed(right) => (Method::MailedCode, right && code.is_some()),
                        Shown::Recovery(right) => (Method::RecoveryCode, right),
                        Shown::Password(right) => (Method::Password, right),
                    };
                    assert!(right, "law 4: {shown:?}");
                    proven.insert(method);
                    if method == Method::RecoveryCode {
                        self.people[who].drawer.pop();
                    }
                    self.entered(who, &signed_in, &proven, spent);
                }
            }
            Op::Resend { nth } => {
                let Some(at) = last(nth, self.waiting.len()) else { return };
                let (client, login) = (Client::unmetered(), self.waiting[at].login.clone());
                if self.world.ask(ResendFactorCode { client, login }).into_result().is_ok() {
                    self.waiting[at].code = Some(self.world.last_code());
                }
            }
            Op::Enable { who } => {
                let before = self.has[who].mailed;
                if self.world.enable_mailed(&self.people[who].session).is_ok() && !before {
                    self.has[who].mailed = true;
                    self.changed(who);
                }
            }
            Op::Enrol { who } => {
                let session = self.people[who].session.clone();
                let Ok(app) = self.world.enrol(&session) else { return };
                let code = app.code(self.world.now(), 0);
                if let Ok(issued) = self.world.confirm(&session, &code) {
                    self.people[who].drawer = issued.codes;
                    self.people[who].app = Some(app);
                    self.has[who].totp = true;
                    self.has[who].codes = true;
                    self.changed(who);
                    assert!(self.used.insert(format!("{who} {code}")));
                }
            }
            Op::Suspend { who, suspended } => {
                self.world.suspend(&self.people[who].account, suspended);
                self.suspended[who] = suspended;
                if suspended {
                    self.changed(who);
                }
            }
        }
    }

    /// The code that a sign-in in one request was last mailed, as far as the mailbox tells.
    fn newest(&self, who: usize) -> Code {
        let mails = self.world.seen.mail.lock().unwrap();
        let mine = mails
            .iter()
            .rev()
            .find(|mail| mail.kind == MessageKind::SecondFactorCode && mail.to.as_str() == PEOPLE[who]);
        mine.and_then(|mail| mail.code.clone()).unwrap_or_else(|| Code::typed("000000"))
    }
}

proptest! {
    #![proptest_config(crate::cases(250))]

    /// Law 4, R70, R71, B033-B040, B108: no story enters with less than the account asks for.
    #[test]
    fn law4_no_story_skips_a_step(
        kind in 0..COMBINATIONS.len(),
        ops in prop::collection::vec(op(), 10..80),
    ) {
        let mut tale = Tale::new(COMBINATIONS[kind]);
        ops.iter().for_each(|op| tale.play(op));
    }
}
