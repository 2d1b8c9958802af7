//! A whole host in memory, with everything in view: what was stored, mailed, logged and asked.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(clippy::arithmetic_side_effects, missing_docs, unreachable_pub, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use countersign::host::{
    Audit, Clock, ClockError, Directory, DirectoryError, EntropyError, EntropySource, Error, HashError,
    MailError, Mailer, ManualClock, PasswordHasher, Sentry, Store, StoreError,
};
use countersign::record::{RecordKey, Version};
use countersign::*;

/// 2026-11-21T20:00:00Z, where every world begins.
pub const START: Timestamp = Timestamp::from_unix_seconds(1_795_291_200);

/// Everything the host's parts saw, and what they are told to do.
#[derive(Default)]
pub struct Seen {
    pub rows: Mutex<BTreeMap<RecordKey, (Row, Option<Timestamp>)>>,
    pub accounts: Mutex<BTreeMap<String, DirectoryEntry>>,
    pub mail: Mutex<Vec<Envelope>>,
    pub events: Mutex<Vec<Event>>,
    /// Names of host calls, in order.
    pub calls: Mutex<Vec<&'static str>>,
    /// The index of the call that fails, if any, and how.
    pub fault: Mutex<Option<(usize, Fault)>>,
    calls_made: AtomicUsize,
    seeds: AtomicU64,
    ids: AtomicU64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The call fails and has no effect.
    Before,
    /// The call takes effect and its answer is lost.
    After,
    /// The call succeeds after so many milliseconds.
    Slow(i64),
}

impl Seen {
    /// The next account that the directory makes has this number, and what is drawn at random from now on is counted from it.
    pub fn goes_on_from(&self, number: u64) {
        self.ids.store(number, Ordering::SeqCst);
        self.seeds.store(number, Ordering::SeqCst);
    }

    fn call(&self, name: &'static str) -> Option<Fault> {
        let index = self.calls_made.fetch_add(1, Ordering::SeqCst);
        self.calls.lock().unwrap().push(name);
        self.fault.lock().unwrap().filter(|(at, _)| *at == index).map(|(_, fault)| fault)
    }
}

pub struct Part(pub Arc<Seen>, pub Arc<ManualClock>);

impl Part {
    /// Notes the call; its fault, unless it is only slow.
    fn call(&self, name: &'static str) -> Option<Fault> {
        match self.0.call(name)? {
            Fault::Slow(millis) => {
                self.1.advance_millis(millis);
                None
            }
            fault => Some(fault),
        }
    }
}

impl Store for Part {
    fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        if self.call("load").is_some() {
            return Err(StoreError::Failed("planned".into()));
        }
        let rows = self.0.rows.lock().unwrap();
        Ok(keys.iter().map(|key| rows.get(key).map(|(row, _)| row.clone())).collect())
    }

    fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        let fault = self.call("commit");
        if fault == Some(Fault::Before) {
            return Err(StoreError::Failed("planned".into()));
        }
        let mut rows = self.0.rows.lock().unwrap();
        if rows.get(key).map(|(row, _)| row.version) != expected {
            return Ok(Committed::Stale);
        }
        match write {
            Write::Delete => drop(rows.remove(key)),
            Write::Put { version, bytes, expires_at } => {
                drop(rows.insert(*key, (Row { version, bytes: bytes.to_vec() }, expires_at)));
            }
        }
        if fault == Some(Fault::After) {
            Err(StoreError::Failed("planned".into()))
        } else {
            Ok(Committed::Applied)
        }
    }
}

impl Directory for Part {
    fn find(&self, identifier: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        if self.call("find").is_some() {
            return Err(DirectoryError("planned".into()));
        }
        Ok(self.0.accounts.lock().unwrap().get(identifier.as_str()).cloned())
    }

    fn create(&self, account: &NewAccount) -> Result<Created, DirectoryError> {
        let fault = self.call("create");
        if fault == Some(Fault::Before) {
            return Err(DirectoryError("planned".into()));
        }
        let mut accounts = self.0.accounts.lock().unwrap();
        let id = match accounts.get(account.identifier.as_str()) {
            Some(entry) if entry.legacy.is_some() => return Ok(Created::Taken),
            Some(entry) => entry.account.clone(),
            None => {
                let id =
                    AccountId::new(&format!("user-{}", self.0.ids.fetch_add(1, Ordering::SeqCst))).unwrap();
                let address = account.identifier.address().clone();
                let (identifier, account_) = (account.identifier.as_str().to_owned(), id.clone());
                let entry = DirectoryEntry {
                    identifier: identifier.clone(),
                    account: account_,
                    address,
                    legacy: None,
                    address_proven: true,
                };
                accounts.insert(identifier, entry);
                id
            }
        };
        if fault == Some(Fault::After) {
            return Err(DirectoryError("planned".into()));
        }
        Ok(Created::Account(id))
    }

    fn rename(
        &self,
        account: &AccountId,
        from: &Identifier,
        to: &Identifier,
    ) -> Result<Created, DirectoryError> {
        let fault = self.call("rename");
        if fault == Some(Fault::Before) {
            return Err(DirectoryError("planned".into()));
        }
        let mut accounts = self.0.accounts.lock().unwrap();
        match accounts.get(to.as_str()) {
            Some(entry) if entry.account != *account => return Ok(Created::Taken),
            Some(_) => {}
            None => {
                let Some(entry) = accounts.remove(from.as_str()) else { return Ok(Created::Taken) };
                let (identifier, address) = (to.as_str().to_owned(), to.address().clone());
                accounts.insert(identifier.clone(), DirectoryEntry { identifier, address, ..entry });
            }
        }
        if fault == Some(Fault::After) {
            return Err(DirectoryError("planned".into()));
        }
        Ok(Created::Account(account.clone()))
    }

    fn release(&self, account: &AccountId) -> Result<(), DirectoryError> {
        let fault = self.call("release");
        if fault == Some(Fault::Before) {
            return Err(DirectoryError("planned".into()));
        }
        self.0.accounts.lock().unwrap().retain(|_, entry| entry.account != *account);
        match fault {
            Some(Fault::After) => Err(DirectoryError("planned".into())),
            _ => Ok(()),
        }
    }
}

impl Mailer for Part {
    fn send(&self, envelope: &Envelope) -> Result<(), MailError> {
        if self.call("mail").is_some() {
            return Err(MailError("planned".into()));
        }
        self.0.mail.lock().unwrap().push(envelope.clone());
        Ok(())
    }
}

impl Audit for Part {
    fn record(&self, event: &Event) {
        self.0.events.lock().unwrap().push(event.clone());
    }
}

/// `$scheme$salt$mixed`: tests use `test` for hashes of the present and any other scheme for older ones.
pub(crate) fn hash_for_tests(scheme: &str, password: &Password, salt: &[u8]) -> PasswordHash {
    let hex =
        |bytes: &mut dyn Iterator<Item = u8>| bytes.map(|byte| format!("{byte:02x}")).collect::<String>();
    let mixed = hex(&mut password.expose().bytes().zip(salt.iter().cycle()).map(|(a, b)| a ^ b));
    let salt = hex(&mut salt.iter().copied());
    PasswordHash::new(&format!("${scheme}${salt}${mixed}")).unwrap()
}

fn hex_byte(digits: &[u8]) -> u8 {
    u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap()
}

impl PasswordHasher for Part {
    fn hash(&self, password: &Password, salt: &Salt) -> Result<PasswordHash, HashError> {
        if self.call("hash").is_some() {
            return Err(HashError("planned".into()));
        }
        // Not a password hash: a stand-in that costs nothing and that tests can recognise.
        Ok(hash_for_tests("test", password, salt.as_bytes()))
    }

    fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HashError> {
        if self.call("hash").is_some() {
            return Err(HashError("planned".into()));
        }
        let parts: Vec<_> = hash.expose().split('$').collect();
        let Some((scheme, salt)) = parts.get(1).zip(parts.get(2)) else { return Ok(false) };
        let salt: Vec<u8> = salt.as_bytes().chunks(2).map(hex_byte).collect();
        Ok(hash.matches(&hash_for_tests(scheme, password, &salt)))
    }

    fn rehash_due(&self, hash: &PasswordHash) -> bool {
        !hash.expose().starts_with("$test$")
    }
}

impl Clock for Part {
    fn now(&self) -> Result<Timestamp, ClockError> {
        if self.call("clock").is_some() { Err(ClockError) } else { self.1.now() }
    }
}

impl EntropySource for Part {
    fn draw(&self) -> Result<Entropy, EntropyError> {
        if self.call("entropy").is_some() {
            return Err(EntropyError);
        }
        Ok(seed(self.0.seeds.fetch_add(1, Ordering::SeqCst)))
    }
}

pub fn seed(number: u64) -> Entropy {
    let mut seed = [0x5a; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    Entropy::from_seed(seed)
}

pub fn key(byte: u8) -> [u8; 32] {
    let mut key = [byte; 32];
    key[0] = !byte;
    key
}

pub fn machine(settings: Settings) -> Machine {
    let ring = KeyRing::new(&key(2), &[]).unwrap();
    Machine::new(settings.build().unwrap(), LocatorKey::new(&key(1)).unwrap(), ring)
}

/// A sentry, its clock, and everything its host saw.
pub struct World {
    pub sentry: Sentry,
    pub clock: Arc<ManualClock>,
    pub seen: Arc<Seen>,
}

impl World {
    pub fn new(settings: Settings) -> Self {
        Self::with_machine(machine(settings))
    }

    pub fn recommended() -> Self {
        Self::new(Settings::recommended())
    }

    pub fn with_machine(machine: Machine) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let seen = Arc::new(Seen::default());
        let part = Arc::new(Part(Arc::clone(&seen), Arc::clone(&clock)));
        let sentry = Sentry {
            machine,
            store: part.clone(),
            directory: part.clone(),
            mailer: part.clone(),
            hasher: part.clone(),
            clock: part.clone(),
            entropy: part.clone(),
            audit: part,
        };
        Self { sentry, clock, seen }
    }

    pub fn run<R: Request>(&self, request: R) -> Result<Outcome<R::Output>, Error> {
        self.sentry.run(request)
    }

    /// Runs a request that must be answered without a host error.
    pub fn ask<R: Request>(&self, request: R) -> Verdict<R::Output> {
        self.run(request).expect("no host error").verdict
    }

    pub fn sign_up(&self, who: &str) -> Result<Started, Refusal> {
        self.ask(sign_up(who)).into_result()
    }

    pub fn start(&self, purpose: Purpose, who: &str) -> Result<Started, Refusal> {
        let (client, identifier, locale) = (Client::unmetered(), id(who), None);
        match purpose {
            Purpose::SignUp => self.sign_up(who),
            Purpose::SignIn => self.ask(SignIn { client, identifier, locale }).into_result(),
            Purpose::Recover => self.ask(Recover { client, identifier, locale }).into_result(),
            Purpose::ConfirmAction => {
                let account = self.account(who).unwrap_or_else(|| AccountId::new("nobody").unwrap());
                let action = Action::new("pay:1").unwrap();
                self.ask(ConfirmAction { client, account, action, locale }).into_result()
            }
            Purpose::SecondFactor | Purpose::ChangeAddress | Purpose::StepUp | Purpose::RecoverFactor => {
                panic!("it begins with a first factor")
            }
        }
    }

    pub fn resend(&self, session: &Ticket<OtpSession>) -> Result<Resent, Refusal> {
        self.ask(Resend { client: Client::unmetered(), session: session.clone() }).into_result()
    }

    pub fn verify(
        &self,
        purpose: Purpose,
        session: &Ticket<OtpSession>,
        code: &str,
    ) -> Result<Verified, Refusal> {
        self.ask(verify(purpose, session, code)).into_result()
    }

    pub fn cancel(&self, session: &Ticket<OtpSession>) -> Result<Cancelled, Refusal> {
        self.ask(Cancel { client: Client::unmetered(), session: session.clone() }).into_result()
    }

    /// Signs somebody up all the way.
    pub fn member(&self, who: &str) -> AccountId {
        let started = self.sign_up(who).expect("a fresh address");
        let code = self.last_code();
        self.verify(Purpose::SignUp, &started.session, &code).expect("the right code").account
    }

    pub fn account(&self, who: &str) -> Option<AccountId> {
        self.seen.accounts.lock().unwrap().get(id(who).as_str()).map(|entry| entry.account.clone())
    }

    pub fn last_mail(&self) -> Envelope {
        self.seen.mail.lock().unwrap().last().expect("a message").clone()
    }

    pub fn last_code(&self) -> String {
        self.last_mail().code.expect("a message with a code").expose().to_owned()
    }

    pub fn mails(&self) -> usize {
        self.seen.mail.lock().unwrap().len()
    }

    /// The names of the events since the last call.
    pub fn events(&self) -> Vec<&'static str> {
        self.seen.events.lock().unwrap().drain(..).map(|event| event.kind.name()).collect()
    }

    pub fn calls(&self) -> Vec<&'static str> {
        self.seen.calls.lock().unwrap().drain(..).collect()
    }

    /// Makes the call with that index, counted from now, fail.
    pub fn fail_at(&self, index: usize, fault: Fault) {
        self.seen.calls_made.store(0, Ordering::SeqCst);
        *self.seen.fault.lock().unwrap() = Some((index, fault));
    }

    pub fn heal(&self) -> usize {
        *self.seen.fault.lock().unwrap() = None;
        self.seen.calls_made.load(Ordering::SeqCst)
    }

    pub fn seconds(&self, seconds: i64) {
        self.clock.advance_millis(seconds * 1000);
    }

    pub fn millis(&self, millis: i64) {
        self.clock.advance_millis(millis);
    }

    /// Every byte in the store, for searching.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen.rows.lock().unwrap().values().flat_map(|(row, _)| row.bytes.clone()).collect()
    }
}

pub trait IntoResult<T> {
    fn into_result(self) -> Result<T, Refusal>;
}

impl<T> IntoResult<T> for Verdict<T> {
    fn into_result(self) -> Result<T, Refusal> {
        match self {
            Self::Granted(granted) => Ok(granted),
            Self::Refused(refusal) => Err(refusal),
        }
    }
}

pub fn id(who: &str) -> Identifier {
    Identifier::parse(who).unwrap()
}

pub fn sign_up(who: &str) -> SignUp {
    SignUp {
        client: Client::unmetered(),
        identifier: id(who),
        password: Password::typed("MyPassword1!").unwrap(),
        profile: Profile::new(b"{\"name\":\"Jo\"}".to_vec()).unwrap(),
        locale: None,
    }
}

/// What an app with this secret shows now.
pub fn totp_shown(world: &World, secret: &countersign::factor::TotpSecret) -> Code {
    let params = countersign::factor::TotpParams::default();
    let step = params.step_at(world.clock.now().unwrap()).unwrap();
    countersign::factor::hotp(secret, step, params.digits(), params.algorithm())
}

/// The purposes for which somebody starts a one-time-code session.
pub const STARTED: [Purpose; 4] =
    [Purpose::SignUp, Purpose::SignIn, Purpose::Recover, Purpose::ConfirmAction];

pub fn verify(purpose: Purpose, session: &Ticket<OtpSession>, code: &str) -> Verify {
    Verify {
        client: Client::unmetered(),
        purpose,
        session: session.clone(),
        code: Code::typed(code),
        identifier: None,
        enter: None,
    }
}

/// The link of a message that completes a sign-up.
pub fn sign_up_link(mail: &Envelope) -> Option<Ticket<SignUpLink>> {
    match &mail.link {
        Some(MailedLink::SignUp(link)) => Some(link.clone()),
        _ => None,
    }
}

/// A code that is not `code`.
pub fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// The rule and the time of a refusal by a limit.
pub fn limit<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> (&'static str, Timestamp) {
    match answer {
        Err(Refusal::Limited { rule, retry_at, .. }) => (rule, retry_at),
        other => panic!("not limited: {other:?}"),
    }
}

/// How many attempts a wrong code left.
pub fn attempts_left(answer: Result<Verified, Refusal>) -> u32 {
    match answer {
        Err(Refusal::InvalidCode(state)) => state.attempts_left,
        other => panic!("not a wrong code: {other:?}"),
    }
}
