//! The other parts of a host, as small as they can be.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

use std::sync::{Arc, Mutex};

use countersign::host::*;
use countersign::machine::{Hashed, Work};
use countersign::*;

/// Hashes nothing: here it is stores that are tried.
pub struct Unhashed;

impl PasswordHasher for Unhashed {
    fn hash(&self, password: &Password, _: &Salt) -> Result<PasswordHash, HashError> {
        PasswordHash::new(&format!("$none${}", password.expose().len()))
            .map_err(|why| HashError(why.to_string()))
    }
    fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HashError> {
        Ok(hash.expose() == format!("$none${}", password.expose().len()))
    }
    fn rehash_due(&self, _: &PasswordHash) -> bool {
        false
    }
}

impl AsyncHasher for Unhashed {
    async fn hash(&self, work: Work) -> Result<Hashed, HashError> {
        work.run(self)
    }
}

/// Keeps the codes that were mailed.
#[derive(Default)]
pub struct Codes(Mutex<Vec<String>>);

impl Codes {
    pub fn last(&self) -> String {
        self.0.lock().unwrap().last().unwrap().clone()
    }
}

impl Mailer for Codes {
    fn send(&self, mail: &Envelope) -> Result<(), MailError> {
        self.0.lock().unwrap().extend(mail.code.as_ref().map(|code| code.expose().to_string()));
        Ok(())
    }
}

/// Knows nobody, and makes one account.
pub struct Nobody;

impl AsyncDirectory for Nobody {
    async fn find(&self, _: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        Ok(None)
    }
    async fn create(&self, _: &NewAccount) -> Result<Created, DirectoryError> {
        AccountId::new("jo").map(Created::Account).map_err(|why| DirectoryError(why.to_string()))
    }
    async fn rename(&self, _: &AccountId, _: &Identifier, _: &Identifier) -> Result<Created, DirectoryError> {
        Ok(Created::Taken)
    }
    async fn release(&self, _: &AccountId) -> Result<(), DirectoryError> {
        Ok(())
    }
}

pub fn machine() -> Machine {
    let key = |byte: u8| -> Vec<u8> { (0..32).map(|n: u8| n ^ byte).collect() };
    Machine::new(
        Settings::recommended().build().unwrap(),
        LocatorKey::new(&key(1)).unwrap(),
        KeyRing::new(&key(2), &[]).unwrap(),
    )
}

pub fn sentry<S: AsyncStore, D: AsyncDirectory>(
    store: S,
    directory: D,
    codes: Arc<Codes>,
) -> AsyncSentry<S, D, Unhashed> {
    AsyncSentry {
        machine: machine(),
        store,
        directory,
        hasher: Unhashed,
        mailer: codes,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        audit: Arc::new(NoAudit),
    }
}

pub fn sign_up() -> SignUp {
    SignUp {
        client: Client::unmetered(),
        identifier: Identifier::parse("jo@example.com").unwrap(),
        password: Password::typed("a password").unwrap(),
        profile: Profile::default(),
        locale: None,
    }
}

pub fn verify(session: &Ticket<OtpSession>, code: &str) -> Verify {
    Verify {
        client: Client::unmetered(),
        purpose: Purpose::SignUp,
        enter: None,
        session: session.clone(),
        code: Code::typed(code),
        identifier: None,
    }
}
