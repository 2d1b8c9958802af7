//! Envelopes as the core makes them, a clock that goes with tokio's, and a transport that does as it is told.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]
#![allow(missing_docs, unreachable_pub, reason = "tests")]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign::host::*;
use countersign::*;
use countersign_smtp::*;
use tokio::time::Instant;

/// 20:00 UTC on 21 November 2026.
pub const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_291_200);

pub struct Nobody;

impl Directory for Nobody {
    fn find(&self, _: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        Ok(None)
    }
    fn create(&self, _: &NewAccount) -> Result<Created, DirectoryError> {
        Ok(Created::Taken)
    }
    fn rename(&self, _: &AccountId, _: &Identifier, _: &Identifier) -> Result<Created, DirectoryError> {
        Ok(Created::Taken)
    }
    fn release(&self, _: &AccountId) -> Result<(), DirectoryError> {
        Ok(())
    }
}

struct NoHasher;

impl PasswordHasher for NoHasher {
    fn hash(&self, _: &Password, _: &Salt) -> Result<PasswordHash, HashError> {
        PasswordHash::new("none").map_err(|why| HashError(why.to_string()))
    }
    fn verify(&self, _: &Password, _: &PasswordHash) -> Result<bool, HashError> {
        Ok(false)
    }
    fn rehash_due(&self, _: &PasswordHash) -> bool {
        false
    }
}

#[derive(Default)]
struct Pocket(Mutex<Vec<Envelope>>);

impl Mailer for Pocket {
    fn send(&self, envelope: &Envelope) -> Result<(), MailError> {
        self.0.lock().unwrap().push(envelope.clone());
        Ok(())
    }
}

/// A message to sign in with, with a code and a link, as somebody gets it.
pub fn envelope(to: &str, locale: Option<&str>) -> Envelope {
    let key = |byte: u8| -> Vec<u8> { (byte..).take(32).collect() };
    let pocket = Arc::new(Pocket::default());
    let ring = KeyRing::new(&key(2), &[]).unwrap();
    let policy = Settings::recommended().build().unwrap();
    let sentry = Sentry {
        machine: Machine::new(policy, LocatorKey::new(&key(1)).unwrap(), ring),
        store: Arc::new(MemoryStore::new()),
        directory: Arc::new(Nobody),
        mailer: Arc::clone(&pocket) as _,
        hasher: Arc::new(NoHasher),
        clock: Arc::new(ManualClock::at(NOW)),
        entropy: Arc::new(OsEntropy),
        audit: Arc::new(NoAudit),
    };
    let identifier = Identifier::parse("somebody@example.com").unwrap();
    let locale = locale.map(|locale| Locale::new(locale).unwrap());
    let sign_up = SignUp {
        client: Client::unmetered(),
        identifier,
        password: Password::typed("MyPassword1!").unwrap(),
        profile: Profile::default(),
        locale,
    };
    let _ = sentry.run(sign_up).unwrap();
    let mut envelope = pocket.0.lock().unwrap().pop().unwrap();
    let token = envelope.link.unwrap().expose().replacen("link_", "enter_", 1);
    envelope.link = Some(MailedLink::SignIn(Ticket::parse(&token).unwrap()));
    envelope.kind = MessageKind::SignInCode;
    envelope.to = Address::parse(to).unwrap();
    assert!(!envelope.suppressed && envelope.code.is_some());
    envelope
}

/// The code of a message.
pub fn code(envelope: &Envelope) -> String {
    envelope.code.as_ref().unwrap().expose().to_owned()
}

/// A notice, which has no code.
pub fn notice(to: &str, kind: MessageKind) -> Envelope {
    let mut envelope = envelope(to, None);
    (envelope.code, envelope.link, envelope.expires_at, envelope.link_expires_at) = (None, None, None, None);
    envelope.kind = kind;
    envelope
}

pub fn sender() -> Sender {
    Sender::parse("Example <no-reply@example.com>").unwrap()
}

pub fn renderer(templates: Templates) -> Renderer {
    renderer_of(sender(), templates)
}

pub fn renderer_of(sender: Sender, templates: Templates) -> Renderer {
    Renderer::new(sender, Links::new("https://example.com/app", Pages::default()).unwrap(), templates)
}

pub fn shipped() -> Renderer {
    renderer(Templates::shipped().unwrap())
}

/// Time goes as tokio's does.
pub struct TokioClock(Instant);

impl TokioClock {
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Result<Timestamp, ClockError> {
        Ok(NOW.saturating_add(self.0.elapsed()))
    }
}

/// Counts up, so that no two are the same, and a wait is the shortest there is.
#[derive(Default)]
pub struct Counting(AtomicUsize);

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        bytes.fill(0);
        *bytes.last_mut().unwrap() = u8::try_from(number % 256).unwrap();
        Ok(())
    }
}

/// Keeps what it is told, as text.
#[derive(Clone, Default)]
pub struct Told(pub Arc<Mutex<Vec<Report>>>);

impl Reports for Told {
    fn note(&self, report: Report) {
        self.0.lock().unwrap().push(report);
    }
}

impl Told {
    pub fn all(&self) -> Vec<Report> {
        self.0.lock().unwrap().clone()
    }
}

/// What a try does.
#[derive(Clone, Copy, Debug)]
pub enum Do {
    Take,
    Fail(Failure),
    Hang,
    Slow(Duration),
    Panic,
}

/// A transport that does one thing after the other, then takes everything.
#[derive(Clone, Default)]
pub struct Script {
    pub next: Arc<Mutex<VecDeque<Do>>>,
    pub taken: Arc<Mutex<Vec<Arc<Rendered>>>>,
    pub tries: Arc<Mutex<Vec<Instant>>>,
    pub now: Arc<AtomicUsize>,
    pub most: Arc<AtomicUsize>,
}

impl Script {
    pub fn new(next: impl IntoIterator<Item = Do>) -> Self {
        Self { next: Arc::new(Mutex::new(next.into_iter().collect())), ..Self::default() }
    }

    /// The addresses of what was taken.
    pub fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().iter().map(|message| message.to().to_owned()).collect()
    }
}

impl Transport for Script {
    async fn deliver(&self, message: &Arc<Rendered>) -> Result<(), Failure> {
        self.tries.lock().unwrap().push(Instant::now());
        let next = self.next.lock().unwrap().pop_front().unwrap_or(Do::Take);
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let result = match next {
            Do::Take => Ok(()),
            Do::Fail(failure) => Err(failure),
            Do::Hang => std::future::pending().await,
            Do::Slow(span) => {
                tokio::time::sleep(span).await;
                Ok(())
            }
            Do::Panic => panic!("as told"),
        };
        self.now.fetch_sub(1, Ordering::SeqCst);
        if result.is_ok() {
            self.taken.lock().unwrap().push(Arc::clone(message));
        }
        result
    }
}

/// Everything that a queue is started with in tests.
pub fn means(told: &Told) -> Means {
    Means {
        clock: Arc::new(TokioClock::new()),
        randomness: Arc::new(Counting::default()),
        reports: Arc::new(told.clone()),
    }
}
