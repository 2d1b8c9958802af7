//! A site in memory, and a client for it: no socket, no waiting.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::MockConnectInfo;
use axum::http::{HeaderMap, Request};
use countersign::host::*;
use countersign::machine::{Hashed, Work};
use countersign::*;
use countersign_axum::{Auth, Config, Cookies, OffloadedPeople, People, Person};
use countersign_tokio::{OffloadedDirectory, OffloadedStore};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::app::{self, Users};

pub(crate) const ORIGIN: &str = "https://app.example.com";
pub(crate) const PASSWORD: &str = "MyPassword1!";
/// The address of whoever asks, if nothing else is said.
pub(crate) const PEER: &str = "192.0.2.7:1234";

/// Hashes nothing: what is tried here is HTTP.
struct Unhashed;

impl PasswordHasher for Unhashed {
    fn hash(&self, password: &Password, _: &Salt) -> Result<PasswordHash, HashError> {
        PasswordHash::new(&format!("$none${}", password.expose())).map_err(|why| HashError(why.to_string()))
    }
    fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<bool, HashError> {
        Ok(hash.expose() == format!("$none${}", password.expose()))
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

/// Keeps what was mailed.
#[derive(Default)]
struct Outbox(Mutex<Vec<Envelope>>);

impl Mailer for Outbox {
    fn send(&self, mail: &Envelope) -> Result<(), MailError> {
        self.0.lock().unwrap().push(mail.clone());
        Ok(())
    }
}

pub(crate) struct Site {
    pub(crate) auth: Auth,
    pub(crate) router: Router,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<FaultyStore<MemoryStore>>,
    outbox: Arc<Outbox>,
    /// Whether who an account is, is never told.
    pub(crate) hangs: Arc<AtomicBool>,
}

/// People who are not looked up while the other says so.
struct Sometimes<P>(P, Arc<AtomicBool>);

impl<P: People> People for Sometimes<P> {
    async fn person(&self, account: &AccountId) -> Result<Option<Person>, DirectoryError> {
        if self.1.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        self.0.person(account).await
    }
}

impl Site {
    /// A site of people with bearers.
    pub(crate) fn new() -> Self {
        Self::with(Config::new(), Plan::new())
    }

    /// A site of people with cookies.
    pub(crate) fn with_cookies() -> Self {
        Self::with(Config::new().cookies(Cookies::of(ORIGIN).unwrap()), Plan::new())
    }

    pub(crate) fn with(config: Config, plan: Plan) -> Self {
        let (outbox, users) = (Arc::new(Outbox::default()), Arc::new(Users::default()));
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_795_291_200)));
        let key = |byte: u8| (byte..).take(32).collect::<Vec<u8>>();
        let store = Arc::new(FaultyStore::new(MemoryStore::new(), plan));
        let sentry = AsyncSentry {
            machine: Machine::new(
                Settings::recommended().build().unwrap(),
                LocatorKey::new(&key(1)).unwrap(),
                KeyRing::new(&key(2), &[]).unwrap(),
            ),
            store: OffloadedStore::new(Arc::clone(&store) as _),
            directory: OffloadedDirectory::new(Arc::clone(&users) as _),
            hasher: Unhashed,
            mailer: Arc::clone(&outbox) as _,
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(OsEntropy),
            audit: Arc::new(NoAudit),
        };
        let hangs = Arc::new(AtomicBool::new(false));
        let people =
            Sometimes(OffloadedPeople::new(move |account| users.person(account)), Arc::clone(&hangs));
        let auth = Auth::new(sentry, people, config);
        let peer: SocketAddr = PEER.parse().unwrap();
        let router =
            app::router(auth.clone()).nest("/auth", auth.basic_routes()).layer(MockConnectInfo(peer));
        Self { auth, router, clock, store, outbox, hangs }
    }

    pub(crate) fn calls(&self) -> usize {
        self.store.loads() + self.store.commits()
    }

    /// The code that was mailed last.
    pub(crate) fn code(&self) -> String {
        let outbox = self.outbox.0.lock().unwrap();
        outbox.iter().rev().find_map(|mail| mail.code.as_ref().map(|code| code.expose().to_string())).unwrap()
    }

    /// Signs up, with what the client says to each request besides.
    pub(crate) async fn sign_up(&self, email: &str, fields: &[(&str, &str)]) -> Answer {
        let with = |ask: Ask| fields.iter().fold(ask, |ask, (name, value)| ask.header(name, value));
        let asked = json!({ "email": email, "password": PASSWORD });
        let started = with(post("/v1/create-account")).json(&asked).to(self).await;
        let session = started.data()["session_id"].clone();
        let code = json!({ "email": email, "session_id": session, "code": self.code() });
        let verified = with(post("/v1/verify-email-otp")).json(&code).to(self).await;
        assert_eq!(verified.status, 200, "{}", verified.text);
        verified
    }

    /// Somebody with a bearer.
    pub(crate) async fn member(&self, email: &str) -> String {
        self.sign_up(email, &[]).await.data()["token"].as_str().unwrap().to_owned()
    }

    /// Somebody with a cookie.
    pub(crate) async fn visitor(&self, email: &str) -> String {
        self.sign_up(email, &[]).await.cookie("__Host-session")
    }
}

/// A request.
pub(crate) struct Ask(axum::http::request::Builder, Body);

pub(crate) fn get(path: &str) -> Ask {
    Ask(Request::get(path), Body::empty())
}

pub(crate) fn post(path: &str) -> Ask {
    Ask(Request::post(path), Body::empty())
}

pub(crate) fn ask(method: &str, path: &str) -> Ask {
    Ask(Request::builder().method(method).uri(path), Body::empty())
}

impl Ask {
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value), self.1)
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With a session's cookie.
    pub(crate) fn cookie(self, session: &str) -> Self {
        self.header("cookie", &format!("__Host-session={session}"))
    }

    /// From a page of the site.
    pub(crate) fn at_home(self) -> Self {
        self.header("sec-fetch-site", "same-origin").header("origin", ORIGIN)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        Self(self.0.header("content-type", "application/json"), Body::from(body.to_string()))
    }

    pub(crate) fn body(self, body: &str) -> Self {
        Self(self.0, Body::from(body.to_owned()))
    }

    pub(crate) async fn to(self, site: &Site) -> Answer {
        self.at(&site.router).await
    }

    pub(crate) async fn at(self, router: &Router) -> Answer {
        let answer = router.clone().oneshot(self.0.body(self.1).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let text = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().into()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|why| panic!("{why}: {}", self.text))
    }

    pub(crate) fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()["data"].clone()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// What it sets: the text of each cookie, by name.
    pub(crate) fn cookies(&self) -> BTreeMap<String, String> {
        let set = self.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
        let pairs = set.map(|cookie| cookie.split_once('=').unwrap());
        let cookies: BTreeMap<_, _> = pairs.map(|(name, rest)| (name.to_owned(), rest.to_owned())).collect();
        assert_eq!(cookies.len(), self.headers.get_all("set-cookie").iter().count(), "each once");
        cookies
    }

    /// The value of a cookie it sets.
    pub(crate) fn cookie(&self, name: &str) -> String {
        self.cookies()[name].split(';').next().unwrap().to_owned()
    }
}
