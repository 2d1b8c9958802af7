//! People who sign in: what their accounts ask for, what they have at hand, and what they type.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]
#![allow(missing_docs, unreachable_pub, reason = "tests")]

use countersign::factor::{TotpParams, TotpSecret, hotp};
use countersign::host::Clock;
use countersign::*;

use crate::common::{IntoResult, World, id};

/// What [`World::member`] signs up with.
pub const PASSWORD: &str = "MyPassword1!";
/// Long enough to be looked at, and nobody's.
pub const WRONG_PASSWORD: &str = "NotMyPassword1!";

/// What an account asks for beside its first factor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Has {
    pub totp: bool,
    pub mailed: bool,
    /// Recovery codes are left. They come with an authenticator app only.
    pub codes: bool,
}

/// Every combination that an account can come to.
pub const COMBINATIONS: [Has; 6] = [
    Has { totp: false, mailed: false, codes: false },
    Has { totp: false, mailed: true, codes: false },
    Has { totp: true, mailed: false, codes: false },
    Has { totp: true, mailed: false, codes: true },
    Has { totp: true, mailed: true, codes: false },
    Has { totp: true, mailed: true, codes: true },
];

/// An authenticator app in somebody's hand.
#[derive(Clone, Debug)]
pub struct App {
    pub secret: TotpSecret,
    pub params: TotpParams,
}

impl App {
    /// What it shows so many steps away from `now`.
    pub fn code(&self, now: Timestamp, steps: i64) -> String {
        let step = self.params.step_at(now).expect("after 1970").checked_add_signed(steps).unwrap();
        hotp(&self.secret, step, self.params.digits(), self.params.algorithm()).expose().to_owned()
    }

    /// A code that it shows nowhere around `now`.
    pub fn wrong(&self, now: Timestamp) -> String {
        let shown: Vec<_> = (-3..=3).map(|steps| self.code(now, steps)).collect();
        let digits = usize::from(self.params.digits());
        let mut codes = (0..).map(|n| format!("{n:0digits$}"));
        codes.find(|code| !shown.contains(code)).unwrap()
    }
}

/// The recommended settings with two recovery codes only, which are soon used up.
pub fn two_codes() -> Settings {
    let mut settings = Settings::recommended();
    settings.recovery_codes.count = 2;
    settings.recovery_codes.warn_at = 1;
    settings
}

/// Somebody with an account, and what is at hand.
#[derive(Clone, Debug)]
pub struct Person {
    pub who: String,
    pub account: AccountId,
    pub app: Option<App>,
    pub drawer: Vec<RecoveryCode>,
    pub session: Ticket<Session>,
}

impl Person {
    pub fn totp(&self, world: &World) -> Proof {
        Proof::Totp(Code::typed(&self.app.as_ref().expect("an app").code(world.now(), 0)))
    }

    pub fn wrong_totp(&self, world: &World) -> Proof {
        let code = self.app.as_ref().map_or_else(|| "000000".to_owned(), |app| app.wrong(world.now()));
        Proof::Totp(Code::typed(&code))
    }
}

/// A recovery code that was never issued.
pub fn no_recovery_code() -> RecoveryCode {
    RecoveryCode::typed("0000-0000-0000-0000")
}

pub fn label() -> Label {
    Label::new("a test")
}

pub fn knock(who: &str, password: &str, steps: Steps) -> PasswordSignIn {
    PasswordSignIn {
        client: Client::unmetered(),
        identifier: id(who),
        password: Password::typed(password).unwrap(),
        steps,
        label: label(),
        locale: None,
        device: None,
    }
}

pub fn proving(login: &Ticket<Login>, proof: Proof) -> ProveFactor {
    ProveFactor { client: Client::unmetered(), login: login.clone(), proof, label: label() }
}

/// The link of a message that signs in.
pub fn sign_in_link(mail: &Envelope) -> Option<Ticket<SignInLink>> {
    match &mail.link {
        Some(MailedLink::SignIn(link)) => Some(link.clone()),
        _ => None,
    }
}

impl World {
    pub fn now(&self) -> Timestamp {
        self.clock.now().unwrap()
    }

    pub fn stepwise(&self, who: &str, password: &str) -> Result<Progress, Refusal> {
        self.ask(knock(who, password, Steps::Stepwise)).into_result()
    }

    pub fn at_once(&self, who: &str, password: &str, proofs: Proofs) -> Result<Progress, Refusal> {
        self.ask(knock(who, password, Steps::AtOnce(proofs))).into_result()
    }

    /// A right password where a second factor is asked for: the ticket.
    pub fn login(&self, who: &str) -> Ticket<Login> {
        match self.stepwise(who, PASSWORD) {
            Ok(Progress::SecondFactor(second)) => second.login.expect("step by step"),
            other => panic!("no second factor was asked for: {other:?}"),
        }
    }

    pub fn prove(&self, login: &Ticket<Login>, proof: Proof) -> Result<SignedIn, Refusal> {
        self.ask(proving(login, proof)).into_result()
    }

    pub fn check(&self, session: &Ticket<Session>) -> Result<SessionInfo, Refusal> {
        let client = Client::unmetered();
        self.ask(CheckSession { client, session: session.clone() }).into_result()
    }

    pub fn enrol(&self, session: &Ticket<Session>) -> Result<App, Refusal> {
        let (client, session) = (Client::unmetered(), session.clone());
        let password = Password::typed(PASSWORD).unwrap();
        let enrolment = self.ask(EnrolTotp { client, session, password }).into_result()?;
        Ok(App { secret: enrolment.secret, params: enrolment.params })
    }

    pub fn confirm(&self, session: &Ticket<Session>, code: &str) -> Result<RecoveryCodesIssued, Refusal> {
        let (client, session, code) = (Client::unmetered(), session.clone(), Code::typed(code));
        self.ask(ConfirmTotp { client, session, code }).into_result()
    }

    pub fn enable_mailed(&self, session: &Ticket<Session>) -> Result<FactorEnabled, Refusal> {
        let (client, session) = (Client::unmetered(), session.clone());
        let password = Password::typed(PASSWORD).unwrap();
        self.ask(EnableMailedCode { client, session, password }).into_result()
    }

    pub fn step_up(&self, session: &Ticket<Session>, proof: Proof) -> Result<SignedIn, Refusal> {
        let (client, session, label) = (Client::unmetered(), session.clone(), label());
        self.ask(StepUp { client, session, proof, label }).into_result()
    }

    pub fn suspend(&self, account: &AccountId, suspended: bool) {
        let request = SetSuspended { account: account.clone(), suspended };
        let _ = self.ask(request).into_result().expect("an account");
    }

    /// Signs somebody up, and gives the account what it is to have. Two steps of an app pass, so that the code that confirmed it
    /// is not in the way.
    pub fn person(&self, who: &str, has: Has) -> Person {
        let account = self.member(who);
        let session = self.stepwise(who, PASSWORD).unwrap().signed_in().expect("no second factor yet");
        let mut person = Person {
            who: who.to_owned(),
            account,
            app: None,
            drawer: vec![],
            session: session.session().clone(),
        };
        if has.totp {
            let app = self.enrol(&person.session).unwrap();
            person.drawer = self.confirm(&person.session, &app.code(self.now(), 0)).unwrap().codes;
            person.app = Some(app);
            self.seconds(2 * 30 + 30);
        }
        if has.totp && has.mailed {
            // Whoever has one factor proves it before there is another.
            let stepped_up = self.step_up(&person.session, person.totp(self)).unwrap();
            person.session = stepped_up.session().clone();
            self.seconds(2 * 30 + 30);
        }
        if has.mailed {
            let _ = self.enable_mailed(&person.session).unwrap();
        }
        if !has.codes {
            for code in std::mem::take(&mut person.drawer) {
                let signed_in = self.prove(&self.login(who), Proof::RecoveryCode(code));
                person.session = signed_in.unwrap().session().clone();
            }
        }
        person
    }
}
