//! A host that costs next to nothing, so that what is measured is the library and the store.
#![allow(dead_code, reason = "each benchmark uses some of it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use countersign::host::{
    Clock, Created, Directory, DirectoryEntry, DirectoryError, EntropyError, EntropySource, HashError,
    MailError, Mailer, ManualClock, NewAccount, NoAudit, PasswordHasher, Sentry, Store,
};
use countersign::*;

/// 2026-11-21T20:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_unix_seconds(1_795_291_200);

/// Directory, mailer, hasher and generator at once.
#[derive(Default)]
pub(crate) struct Parts {
    seeds: AtomicU64,
    code: AtomicU32,
}

impl Directory for Parts {
    /// Whoever's address begins with `known` has an account, named as the mailbox.
    fn find(&self, identifier: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        let known = identifier.as_str().starts_with("known");
        Ok(known.then(|| DirectoryEntry {
            identifier: identifier.as_str().into(),
            account: account(identifier),
            address: identifier.address().clone(),
            legacy: None,
            address_proven: true,
        }))
    }

    fn create(&self, new: &NewAccount) -> Result<Created, DirectoryError> {
        Ok(Created::Account(account(&new.identifier)))
    }

    fn rename(&self, _: &AccountId, _: &Identifier, _: &Identifier) -> Result<Created, DirectoryError> {
        Ok(Created::Taken)
    }

    fn release(&self, _: &AccountId) -> Result<(), DirectoryError> {
        Ok(())
    }
}

impl Mailer for Parts {
    fn send(&self, envelope: &Envelope) -> Result<(), MailError> {
        if let Some(code) = &envelope.code {
            self.code.store(code.expose().parse().unwrap(), Relaxed);
        }
        Ok(())
    }
}

impl PasswordHasher for Parts {
    /// As long as an Argon2id hash of the recommended strength in PHC form, and no hash of anything.
    fn hash(&self, _: &Password, _: &Salt) -> Result<PasswordHash, HashError> {
        Ok(PasswordHash::new(PHC).unwrap())
    }

    fn verify(&self, _: &Password, _: &PasswordHash) -> Result<bool, HashError> {
        Ok(false)
    }

    fn rehash_due(&self, _: &PasswordHash) -> bool {
        false
    }
}

/// Ninety-seven bytes.
pub(crate) const PHC: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";

impl EntropySource for Parts {
    fn draw(&self) -> Result<Entropy, EntropyError> {
        Ok(seed(self.seeds.fetch_add(1, Relaxed)))
    }
}

pub(crate) fn seed(number: u64) -> Entropy {
    let mut seed = [0x5a; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    Entropy::from_seed(seed)
}

fn account(identifier: &Identifier) -> AccountId {
    let mailbox = identifier.as_str().split_once('@').unwrap().0;
    AccountId::new(mailbox).unwrap()
}

/// A sentry on a store, and its host.
pub(crate) struct World {
    pub(crate) sentry: Sentry,
    pub(crate) clock: Arc<ManualClock>,
    parts: Arc<Parts>,
}

impl World {
    pub(crate) fn on(store: impl Store + 'static) -> Self {
        let (clock, parts) = (Arc::new(ManualClock::at(START)), Arc::new(Parts::default()));
        let sentry = Sentry {
            machine: machine(),
            store: Arc::new(store),
            directory: parts.clone(),
            mailer: parts.clone(),
            hasher: parts.clone(),
            clock: clock.clone(),
            entropy: parts.clone(),
            audit: Arc::new(NoAudit),
        };
        Self { sentry, clock, parts }
    }

    /// Everything the store knew is forgotten, and the rows are still there.
    pub(crate) fn a_season_later(&self) {
        self.clock.advance_millis(100 * 24 * 60 * 60 * 1000);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().unwrap()
    }

    /// The code of the last message that had one.
    pub(crate) fn last_code(&self) -> u32 {
        self.parts.code.load(Relaxed)
    }

    pub(crate) fn run<R: Request>(&self, request: R) -> Verdict<R::Output> {
        self.sentry.run(request).unwrap().verdict
    }

    pub(crate) fn start(&self, request: SignIn) -> Ticket<OtpSession> {
        granted(self.run(request)).session
    }

    /// Opens an account.
    pub(crate) fn member(&self, identifier: &Identifier) {
        let started = granted(self.run(sign_up(identifier)));
        let code = text(self.last_code());
        granted(self.run(verify(Client::unmetered(), Purpose::SignUp, &started.session, &code)));
    }
}

pub(crate) fn machine() -> Machine {
    let ring = KeyRing::new(&key(2), &[]).unwrap();
    Machine::new(Settings::recommended().build().unwrap(), LocatorKey::new(&key(1)).unwrap(), ring)
}

fn key(byte: u8) -> [u8; 32] {
    let mut key = [byte; 32];
    key[0] = !byte;
    key
}

pub(crate) fn granted<T>(verdict: Verdict<T>) -> T {
    match verdict {
        Verdict::Granted(granted) => granted,
        Verdict::Refused(refusal) => panic!("refused: {refusal:?}"),
    }
}

pub(crate) fn text(code: u32) -> String {
    format!("{code:06}")
}

/// A code that is not `code`.
pub(crate) fn wrong(code: u32) -> String {
    text((code + 1) % 1_000_000)
}

pub(crate) fn known(number: usize) -> Identifier {
    Identifier::parse(&format!("known{number:07}@example.com")).unwrap()
}

pub(crate) fn stranger(number: usize) -> Identifier {
    Identifier::parse(&format!("other{number:07}@example.com")).unwrap()
}

/// A client with an address of its own.
pub(crate) fn client(number: usize) -> Client {
    let number = u32::try_from(number).unwrap();
    Client::ip(std::net::Ipv4Addr::from(0x0a00_0000 | number).into())
}

pub(crate) fn sign_up(identifier: &Identifier) -> SignUp {
    SignUp {
        client: Client::unmetered(),
        identifier: identifier.clone(),
        password: Password::typed("correct horse battery").unwrap(),
        profile: Profile::new(br#"{"name":"Jo Doe","country":"NL","age":42}"#[..40].to_vec()).unwrap(),
        locale: None,
    }
}

pub(crate) fn sign_in(client: Client, identifier: &Identifier) -> SignIn {
    SignIn { client, identifier: identifier.clone(), locale: None }
}

pub(crate) fn verify(client: Client, purpose: Purpose, session: &Ticket<OtpSession>, code: &str) -> Verify {
    Verify {
        client,
        purpose,
        session: session.clone(),
        code: Code::typed(code),
        identifier: None,
        enter: None,
    }
}
