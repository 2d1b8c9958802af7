//! What owners do with their accounts beside signing in: win them back, change them, trust devices.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(missing_docs, unreachable_pub, reason = "tests")]

use std::collections::BTreeMap;

use countersign::record::RecordKey;
use countersign::*;

use crate::common::{IntoResult, World, id, verify};
use crate::people::*;

/// What somebody chooses in place of [`PASSWORD`].
pub const NEW_PASSWORD: &str = "AnotherPassword2!";

/// Of every kind of account that matters here.
pub const NONE: Has = Has { totp: false, mailed: false, codes: false };
pub const APP: Has = Has { totp: true, mailed: false, codes: true };
pub const MAILED: Has = Has { totp: false, mailed: true, codes: false };
pub const BOTH: Has = Has { totp: true, mailed: true, codes: true };

pub fn password(text: &str) -> Password {
    Password::typed(text).unwrap()
}

pub const fn client() -> Client {
    Client::unmetered()
}

pub fn recovery_link(mail: &Envelope) -> Option<Ticket<RecoveryLink>> {
    match &mail.link {
        Some(MailedLink::Recovery(link)) => Some(link.clone()),
        _ => None,
    }
}

pub fn cancel_link(mail: &Envelope) -> Option<Ticket<CancelLink>> {
    match &mail.link {
        Some(MailedLink::Cancel(link)) => Some(link.clone()),
        _ => None,
    }
}

/// A new password by a grant.
pub fn resetting(grant: &Ticket<ResetGrant>, to: &str, proof: Option<Proof>) -> ResetPassword {
    ResetPassword { client: client(), grant: grant.clone(), password: password(to), proof, label: label() }
}

/// A change of the password by somebody signed in.
pub fn changing(session: &Ticket<Session>, current: &str, to: &str) -> ChangePassword {
    let (current, password) = (password(current), password(to));
    ChangePassword { client: client(), session: session.clone(), current, password, label: label() }
}

/// Requests of a client, a session, and a password that may come with them.
macro_rules! with_session {
    ($($name:ident => $request:ident -> $output:ty),* $(,)?) => {
        impl World {$(
            pub fn $name(&self, session: &Ticket<Session>, given: Option<&str>) -> Result<$output, Refusal> {
                let (session, password) = (session.clone(), given.map(password));
                self.ask($request { client: client(), session, password }).into_result()
            }
        )*}
    };
}
with_session!(
    disable_totp => DisableTotp -> FactorRemoved,
    disable_mailed => DisableMailedCode -> FactorRemoved,
    regenerate => RegenerateRecoveryCodes -> RecoveryCodesIssued,
    delete => DeleteAccount -> Deleted,
);

impl World {
    /// As [`World::person`], signed in afresh with all that the account then asks for.
    pub fn owner(&self, who: &str, has: Has) -> Person {
        let both = has.totp && has.mailed;
        let mut person = self.person(who, Has { mailed: has.mailed && !both, ..has });
        person.session = self.fresh(&person);
        if both {
            let _ = self.enable_mailed(&person.session).unwrap();
        }
        person
    }

    /// Signs in all the way, now, with whatever the account asks for.
    pub fn fresh(&self, person: &Person) -> Ticket<Session> {
        self.fresh_with(person, PASSWORD)
    }

    pub fn fresh_with(&self, person: &Person, password: &str) -> Ticket<Session> {
        self.seconds(61);
        let second = match self.stepwise(&person.who, password).expect("the right password") {
            Progress::SignedIn(signed_in) => return signed_in.session().clone(),
            Progress::SecondFactor(second) => second,
        };
        let proof = match second.offered.first() {
            Some(Factor::Totp) => person.totp(self),
            _ => Proof::MailedCode(self.last_mail().code.expect("a code")),
        };
        self.prove(&second.login.unwrap(), proof).expect("the right factor").session().clone()
    }

    /// Sets the password anew by a grant, to what it was, and signs in.
    pub fn fresh_after(&self, person: &Person, grant: &GrantedReset) -> Ticket<Session> {
        let _ = self.reset(&grant.grant, PASSWORD, None).expect("no further proof");
        self.fresh(person)
    }

    /// Whether the password is right, whatever else is asked for.
    pub fn knows(&self, who: &str, password: &str) -> bool {
        self.stepwise(who, password).is_ok()
    }

    /// From the lost password to the grant, by the code.
    pub fn granted(&self, who: &str) -> Result<GrantedReset, Refusal> {
        let session = self.start(Purpose::Recover, who)?.session;
        let verified = self.verify(Purpose::Recover, &session, &self.last_code())?;
        Ok(verified.grant.expect("a recovery grants"))
    }

    pub fn redeem(&self, link: &Ticket<RecoveryLink>) -> Result<GrantedReset, Refusal> {
        self.ask(RedeemRecovery { client: client(), link: link.clone() }).into_result()
    }

    pub fn reset(
        &self,
        grant: &Ticket<ResetGrant>,
        to: &str,
        proof: Option<Proof>,
    ) -> Result<PasswordWasReset, Refusal> {
        self.ask(resetting(grant, to, proof)).into_result()
    }

    pub fn change_password(
        &self,
        session: &Ticket<Session>,
        current: &str,
        to: &str,
    ) -> Result<SignedIn, Refusal> {
        self.ask(changing(session, current, to)).into_result()
    }

    pub fn step_up_code(&self, session: &Ticket<Session>) -> Result<SessionState, Refusal> {
        self.ask(SendStepUpCode { client: client(), session: session.clone(), locale: None }).into_result()
    }

    pub fn secured(&self, session: &Ticket<Session>) -> Result<Secured, Refusal> {
        self.ask(ListFactors { client: client(), session: session.clone() }).into_result()
    }

    pub fn sessions(&self, session: &Ticket<Session>) -> Result<Vec<SessionInfo>, Refusal> {
        self.ask(ListSessions { client: client(), session: session.clone() }).into_result()
    }

    pub fn end_sessions(&self, session: &Ticket<Session>, which: Which) -> Result<Ended, Refusal> {
        self.ask(EndSessions { client: client(), session: session.clone(), which }).into_result()
    }

    pub fn trust(&self, session: &Ticket<Session>) -> Result<DeviceTrusted, Refusal> {
        let session = session.clone();
        self.ask(TrustDevice { client: client(), session, label: label() }).into_result()
    }

    pub fn devices(&self, session: &Ticket<Session>) -> Result<Vec<DeviceInfo>, Refusal> {
        self.ask(ListDevices { client: client(), session: session.clone() }).into_result()
    }

    pub fn forget(&self, session: &Ticket<Session>, which: Option<DeviceId>) -> Result<Ended, Refusal> {
        self.ask(ForgetDevices { client: client(), session: session.clone(), which }).into_result()
    }

    pub fn by_device(&self, who: &str, password: &str, device: &Ticket<Device>) -> Result<Progress, Refusal> {
        let request = knock(who, password, Steps::Stepwise);
        self.ask(PasswordSignIn { device: Some(device.clone()), ..request }).into_result()
    }

    /// Says that the app is lost, or asks for the code when the wait is over.
    pub fn lost(&self, login: &Ticket<Login>) -> Result<FactorRecovery, Refusal> {
        self.ask(RecoverFactor { client: client(), login: login.clone(), locale: None }).into_result()
    }

    pub fn reset_factors(&self, login: &Ticket<Login>, code: &str) -> Result<FactorsWereReset, Refusal> {
        let (login, code) = (login.clone(), Code::typed(code));
        self.ask(ResetFactors { client: client(), login, code }).into_result()
    }

    pub fn stop(&self, link: &Ticket<CancelLink>) -> Result<Cancelled, Refusal> {
        self.ask(CancelFactorRecovery { client: client(), link: link.clone() }).into_result()
    }

    pub fn move_to(
        &self,
        session: &Ticket<Session>,
        given: Option<&str>,
        to: &str,
    ) -> Result<Started, Refusal> {
        let (session, password, to) = (session.clone(), given.map(password), id(to));
        self.ask(ChangeAddress { client: client(), session, password, to, locale: None }).into_result()
    }

    /// Proves a new address, by the last message.
    pub fn moved(&self, started: &Started) -> Result<Verified, Refusal> {
        self.ask(verify(Purpose::ChangeAddress, &started.session, &self.last_code())).into_result()
    }

    /// A trusted device of the account, and what it shows. The person is signed in afresh by it.
    pub fn device(&self, person: &mut Person) -> Ticket<Device> {
        person.session = self.fresh(person);
        self.trust(&person.session).expect("fresh").device
    }

    /// The messages since there were so many: to whom, and of what.
    pub fn mailed(&self, since: usize) -> Vec<(String, &'static str)> {
        let mail = self.seen.mail.lock().unwrap();
        mail.iter().skip(since).map(|mail| (mail.to.as_str().to_owned(), mail.kind.name())).collect()
    }

    /// The last message of a kind.
    pub fn last_of(&self, kind: &str) -> Envelope {
        let mail = self.seen.mail.lock().unwrap();
        mail.iter().rev().find(|mail| mail.kind.name() == kind).expect(kind).clone()
    }

    /// A credential of the host's own, from before: the password is [`PASSWORD`].
    pub fn legacy(&self, who: &str, address_proven: bool) -> AccountId {
        let hash = crate::common::hash_for_tests("old", &password(PASSWORD), b"a salt of the past");
        let account = AccountId::new(&format!("from-before-{}", who.len())).unwrap();
        let address = id(who).address().clone();
        let identifier = id(who).as_str().to_owned();
        let account_ = account.clone();
        let entry =
            DirectoryEntry { identifier, account: account_, address, legacy: Some(hash), address_proven };
        self.seen.accounts.lock().unwrap().insert(id(who).as_str().to_owned(), entry);
        account
    }
}

/// All that a world keeps, so that it can be put back.
pub struct Kept {
    rows: BTreeMap<RecordKey, (Row, Option<Timestamp>)>,
    accounts: BTreeMap<String, DirectoryEntry>,
    mail: Vec<Envelope>,
    now: Timestamp,
}

impl World {
    pub fn keep(&self) -> Kept {
        Kept {
            rows: self.seen.rows.lock().unwrap().clone(),
            accounts: self.seen.accounts.lock().unwrap().clone(),
            mail: self.seen.mail.lock().unwrap().clone(),
            now: self.now(),
        }
    }

    pub fn put_back(&self, kept: &Kept) {
        self.seen.rows.lock().unwrap().clone_from(&kept.rows);
        self.seen.accounts.lock().unwrap().clone_from(&kept.accounts);
        self.seen.mail.lock().unwrap().clone_from(&kept.mail);
        self.clock.set(kept.now);
    }

    /// What would come of it: everything is put back afterwards, but for the randomness drawn.
    pub fn trying<T>(&self, what: impl FnOnce() -> T) -> T {
        let kept = self.keep();
        let end = what();
        self.put_back(&kept);
        end
    }

    /// The last message of a kind to somebody.
    pub fn last_of_to(&self, kind: &str, to: &str) -> Envelope {
        let mail = self.seen.mail.lock().unwrap();
        let of_it = |mail: &&Envelope| mail.kind.name() == kind && mail.to.as_str() == to;
        mail.iter().rev().find(of_it).expect(kind).clone()
    }
}

/// The session of whoever is signed in.
pub fn session(progress: Progress) -> Ticket<Session> {
    progress.signed_in().expect("signed in").session().clone()
}

/// The second factor that is asked for.
pub fn second(progress: Progress) -> SecondFactor {
    match progress {
        Progress::SecondFactor(second) => second,
        Progress::SignedIn(_) => panic!("signed in"),
    }
}
