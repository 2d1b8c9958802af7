//! A whole embedding: sign somebody up, on the in-memory store, with mail on the terminal.
//! `cargo run -p countersign --example embed`
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use countersign::host::{
    Created, Directory, DirectoryEntry, DirectoryError, HashError, MailError, Mailer, MemoryStore,
    NewAccount, NoAudit, OsEntropy, PasswordHasher, Sentry, SystemClock, generate_key,
};
use countersign::{
    AccountId, Client, Code, Envelope, Identifier, KeyRing, Label, LocatorKey, Machine, Password,
    PasswordHash, Profile, Progress, Purpose, Salt, Settings, SignUp, SignedIn, Verdict, Verify,
};

type Failure = Box<dyn std::error::Error>;

/// Your mailer: queue the message and return. This one prints it, and keeps the code as a mailbox does.
#[derive(Default)]
pub(crate) struct Terminal(Mutex<Option<Code>>);

impl Mailer for Terminal {
    fn send(&self, mail: &Envelope) -> Result<(), MailError> {
        if let (false, Some(code)) = (mail.suppressed, &mail.code) {
            println!("to {}: your code is {}", mail.to.as_str(), code.expose());
            *self.0.lock().map_err(|_| MailError("poisoned".into()))? = Some(code.clone());
        }
        Ok(())
    }
}

/// Your user table. The id of an account is never given to another one, also not after a deletion.
#[derive(Default)]
struct Users(Mutex<Table>);

#[derive(Default)]
struct Table {
    ids: HashMap<String, AccountId>,
    /// How many ids were given. It never goes back.
    given: u64,
}

impl Users {
    fn table(&self) -> Result<MutexGuard<'_, Table>, DirectoryError> {
        self.0.lock().map_err(|_| DirectoryError("poisoned".into()))
    }
}

impl Directory for Users {
    fn find(&self, who: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        let found = self.table()?.ids.get_key_value(who.as_str()).map(|(key, id)| (key.clone(), id.clone()));
        let address = who.address().clone();
        Ok(found.map(|(identifier, account)| DirectoryEntry {
            identifier,
            account,
            address,
            legacy: None,
            address_proven: true,
        }))
    }
    fn create(&self, new: &NewAccount) -> Result<Created, DirectoryError> {
        let mut table = self.table()?;
        table.given = table.given.saturating_add(1);
        let id = AccountId::new(&format!("user-{}", table.given))
            .map_err(|why| DirectoryError(why.to_string()))?;
        Ok(Created::Account(table.ids.entry(new.identifier.as_str().into()).or_insert(id).clone()))
    }
    fn rename(&self, id: &AccountId, from: &Identifier, to: &Identifier) -> Result<Created, DirectoryError> {
        let ids = &mut self.table()?.ids;
        let owns = |who: &Identifier| ids.get(who.as_str()).map(|owner| owner == id);
        match (owns(to), owns(from)) {
            (Some(true), _) => return Ok(Created::Account(id.clone())),
            (None, Some(true)) => {}
            _ => return Ok(Created::Taken),
        }
        ids.remove(from.as_str());
        ids.insert(to.as_str().into(), id.clone());
        Ok(Created::Account(id.clone()))
    }
    fn release(&self, id: &AccountId) -> Result<(), DirectoryError> {
        self.table()?.ids.retain(|_, owner| owner != id);
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

pub(crate) fn sentry(mailer: Arc<dyn Mailer>) -> Result<Sentry, Failure> {
    // Yours are read from where you keep them; new ones open nothing in a store that is there already.
    let (locator, ring) = (generate_key(&OsEntropy)?, generate_key(&OsEntropy)?);
    Ok(Sentry {
        machine: Machine::new(
            Settings::recommended().build()?,
            LocatorKey::new(locator.expose())?,
            KeyRing::new(ring.expose(), &[])?,
        ),
        store: Arc::new(MemoryStore::new()),
        directory: Arc::new(Users::default()),
        mailer,
        hasher: Arc::new(Unhashed),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        audit: Arc::new(NoAudit),
    })
}

/// Two requests: the first mails a code, the second takes it, makes the account and signs in.
pub(crate) fn sign_up(sentry: &Sentry, mailbox: &Terminal, email: &str) -> Result<SignedIn, Failure> {
    let client = Client::ip("192.0.2.7".parse()?);
    let request = SignUp {
        client: client.clone(),
        identifier: Identifier::parse(email)?,
        password: Password::typed("correct horse battery staple")?,
        profile: Profile::default(),
        locale: None,
    };
    let started = sentry.run(request)?.granted().ok_or("the sign-up was refused")?;
    println!("sent to {}, {:?} next", started.sent_to, started.state.next());

    let code = mailbox.0.lock().map_err(|_| "poisoned")?.take().ok_or("no code was mailed")?;
    let (purpose, session) = (Purpose::SignUp, started.session);
    let enter = Some(Label::new("Firefox on Linux"));
    let request = Verify { client, purpose, session, code, identifier: None, enter };
    match sentry.run(request)?.verdict {
        Verdict::Granted(verified) => {
            Ok(verified.progress.and_then(Progress::signed_in).ok_or("a second factor is missing")?)
        }
        Verdict::Refused(refusal) => Err(format!("refused: {refusal:?}").into()),
    }
}

pub(crate) fn main() -> Result<(), Failure> {
    let mailbox = Arc::new(Terminal::default());
    let sentry = sentry(Arc::clone(&mailbox) as _)?;
    let signed_in = sign_up(&sentry, &mailbox, "Jo@Example.com")?;
    let (who, id) = (signed_in.identifier().as_str(), signed_in.account().as_str());
    println!("{who} is signed in as {id}, with the session {}", signed_in.session().expose());
    Ok(())
}
