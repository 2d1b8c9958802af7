//! A whole embedding: sign somebody up, on the in-memory store, with mail on the terminal.
//! `cargo run -p countersign --example embed`
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use countersign::host::*;
use countersign::*;

// [embed]
/// Your mailer: queue the message and return.
struct Terminal;
impl Mailer for Terminal {
    fn send(&self, mail: &Envelope) -> Result<(), MailError> {
        if let (false, Some(code)) = (mail.suppressed, &mail.code) {
            println!("to {}: your code is {}", mail.to.as_str(), code.expose());
        }
        Ok(())
    }
}

/// Your user table.
#[derive(Default)]
struct Users(Mutex<HashMap<String, AccountId>>);
impl Directory for Users {
    fn find(&self, who: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        let users = self.0.lock().map_err(|_| DirectoryError("poisoned".into()))?;
        let account = users.get(who.as_str()).cloned();
        Ok(account.map(|account| DirectoryEntry {
            account,
            address: who.address().clone(),
            legacy: None,
            address_proven: true,
        }))
    }
    fn create(&self, new: &NewAccount) -> Result<Created, DirectoryError> {
        let mut users = self.0.lock().map_err(|_| DirectoryError("poisoned".into()))?;
        let id = AccountId::new(&format!("user-{}", users.len()))
            .map_err(|why| DirectoryError(why.to_string()))?;
        Ok(Created::Account(users.entry(new.identifier.as_str().into()).or_insert(id).clone()))
    }
    // [/embed]
    fn rename(
        &self,
        account: &AccountId,
        from: &Identifier,
        to: &Identifier,
    ) -> Result<Created, DirectoryError> {
        let mut users = self.0.lock().map_err(|_| DirectoryError("poisoned".into()))?;
        if users.get(to.as_str()).is_some_and(|owner| owner != account) {
            return Ok(Created::Taken);
        }
        users.remove(from.as_str());
        users.insert(to.as_str().into(), account.clone());
        Ok(Created::Account(account.clone()))
    }
    fn release(&self, account: &AccountId) -> Result<(), DirectoryError> {
        self.0.lock().map_err(|_| DirectoryError("poisoned".into()))?.retain(|_, owner| owner != account);
        Ok(())
    }
}

/// Yours is `countersign_argon2::Argon2Hasher`; this example has no dependencies and hashes nothing.
struct Unhashed;
impl PasswordHasher for Unhashed {
    fn hash(&self, _: &Password, _: &Salt) -> Result<PasswordHash, HashError> {
        PasswordHash::new("$example$").map_err(|why| HashError(why.to_string()))
    }
    fn verify(&self, _: &Password, _: &PasswordHash) -> Result<bool, HashError> {
        Ok(false)
    }
    fn rehash_due(&self, _: &PasswordHash) -> bool {
        false
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = |byte: u8| -> Vec<u8> { (byte..).take(32).collect() }; // yours come from a generator and a key file
    let sentry = Sentry {
        machine: Machine::new(
            Settings::recommended().build()?,
            LocatorKey::new(&key(1))?,
            KeyRing::new(&key(2), &[])?,
        ),
        store: Arc::new(MemoryStore::new()),
        directory: Arc::new(Users::default()),
        mailer: Arc::new(Terminal),
        hasher: Arc::new(Unhashed),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        audit: Arc::new(NoAudit),
    };
    let sign_up = SignUp {
        client: Client::ip("192.0.2.7".parse()?),
        identifier: Identifier::parse("Jo@Example.com")?,
        password: Password::typed("correct horse battery staple")?,
        profile: Profile::default(),
        locale: None,
    };
    match sentry.run(sign_up)?.verdict {
        Verdict::Granted(started) => println!("sent to {}, {:?} next", started.sent_to, started.state.next()),
        Verdict::Refused(refusal) => println!("refused: {refusal:?}"),
    }
    Ok(())
}
