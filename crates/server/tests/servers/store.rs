//! The stores that the script started, and servers on them.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;

use crate::harness::*;

/// What is killed and started again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Postgres,
    Redis,
    /// One of its masters; a replica takes over.
    Cluster,
}

/// One of the real stores, with room of its own for a test.
pub(crate) struct Outside {
    args: Vec<String>,
    /// The key file that all its servers have.
    home: Place,
    kind: Kind,
    _one: MutexGuard<'static, ()>,
}

/// Tests kill what others would need: one at a time.
static ONE: Mutex<()> = Mutex::new(());

fn told(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: tests/servers/run starts the server"))
}

/// The script knows how servers are run.
pub(crate) fn script(what: &[&str]) {
    let run = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/servers/run");
    let status = Command::new(run).args(what).stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{what:?}");
}

/// A name that no other test has.
fn name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("s_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A database of PostgreSQL with this name, and its URL.
fn database(name: &str) -> String {
    let url = told("COUNTERSIGN_POSTGRES");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        let driver = tokio::spawn(connection);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        drop(client);
        driver.await.unwrap().unwrap();
    });
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

impl Outside {
    fn new(args: Vec<String>, kind: Kind) -> Self {
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        Self { args, home: Place::new(), kind, _one: one }
    }

    /// Records and users in one database of PostgreSQL.
    pub(crate) fn postgres() -> Self {
        Self::new(vec![format!("--store={}", database(&name()))], Kind::Postgres)
    }

    /// Records in Redis, and users in PostgreSQL.
    pub(crate) fn redis() -> Self {
        let (name, url) = (name(), told("COUNTERSIGN_REDIS"));
        let args = vec![format!("--store={url}?prefix={name}:"), format!("--users={}", database(&name))];
        Self::new(args, Kind::Redis)
    }

    /// The same in a cluster of three masters with a replica each.
    pub(crate) fn redis_cluster() -> Self {
        let (name, nodes) = (name(), ports().map(|port| format!("127.0.0.1:{port}")).collect::<Vec<_>>());
        let url = format!("redis+cluster://{}?prefix={name}:", nodes.join(","));
        let args = vec![format!("--store={url}"), format!("--users={}", database(&name))];
        Self::new(args, Kind::Cluster)
    }

    /// Kills it, or the `n`-th of its masters, and says what is to be started again.
    pub(crate) fn kill(&self, n: usize) -> Killed {
        let node = match self.kind {
            Kind::Postgres => {
                script(&["postgres", "kill"]);
                return Killed { start: vec!["postgres".into(), "start".into()], takes_over: None };
            }
            Kind::Redis => "single".to_owned(),
            Kind::Cluster => masters().swap_remove(n % 3),
        };
        script(&["redis", "kill", &node]);
        let start = vec!["redis".into(), "start".into(), node.clone()];
        Killed { start, takes_over: (self.kind == Kind::Cluster).then_some(node) }
    }

    /// Starts a server on it, in a place of its own.
    pub(crate) fn server<'a>(&self, place: &'a Place) -> Server<'a> {
        let keys = format!("--key-file={}", self.home.path("test.key").display());
        let mut args = vec!["--dev", "--trust-proxy=1", "--ops-listen=127.0.0.1:0", keys.as_str()];
        args.extend(self.args.iter().map(String::as_str));
        place.start(&args)
    }
}

/// What was killed.
pub(crate) struct Killed {
    start: Vec<String>,
    takes_over: Option<String>,
}

impl Killed {
    /// Whether there is nothing left that could take over.
    pub(crate) fn is_all(&self) -> bool {
        self.takes_over.is_none()
    }

    /// Starts it again; a master, once its replica has taken over.
    pub(crate) fn start(self) {
        if let Some(master) = &self.takes_over {
            wait(|| (masters().len() == 3 && !masters().contains(master)).then_some(()));
        }
        script(&self.start.iter().map(String::as_str).collect::<Vec<_>>());
        if self.takes_over.is_some() {
            script(&["redis", "ready"]);
        }
    }
}

/// The ports of the cluster's nodes.
fn ports() -> impl Iterator<Item = String> {
    let urls = told("COUNTERSIGN_REDIS_CLUSTER");
    let port = |url: &str| url.rsplit(':').next().unwrap().trim_end_matches('/').to_owned();
    urls.split(',').map(port).collect::<Vec<_>>().into_iter()
}

/// Those that say of themselves that they are masters.
fn masters() -> Vec<String> {
    let role = |port: &String| {
        let said = Command::new("timeout").args(["2", "redis-cli", "-p", port, "role"]).output().unwrap();
        said.stdout.starts_with(b"master")
    };
    ports().filter(role).collect()
}

/// How a guess ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Guess {
    /// It was the code.
    Right,
    /// It was compared and was not the code.
    Wrong,
    /// It was not compared: the session has ended, or a limit.
    Refused,
    /// There was no answer, or one that says that the host failed.
    Failed,
}

/// One guess at the code of a sign-up, from a client of its own.
pub(crate) fn guess(server: &Server<'_>, client: usize, session: &str, code: &str) -> Guess {
    let body = json!({ "otpSession": session, "otp": code }).to_string();
    let client = format!("10.{}.{}.{}", client >> 16 & 255, client >> 8 & 255, client & 255);
    let headers = [("x-forwarded-for", client.as_str()), ("content-type", "application/json")];
    let Ok(answer) = server.try_send("POST", "/auth/validate/registration", &headers, &body) else {
        return Guess::Failed;
    };
    if answer.status == 200 {
        return Guess::Right;
    }
    match answer.error().as_str() {
        "INVALID_OTP" => Guess::Wrong,
        "INVALID_SESSION" | "OTP_EXPIRED" | "RATE_LIMIT_EXCEEDED" => Guess::Refused,
        _ => Guess::Failed,
    }
}

/// The `n`-th of the codes that are not this one.
pub(crate) fn wrong_code(code: &str, n: usize) -> String {
    format!("{:06}", (code.parse::<usize>().unwrap() + 1 + n) % 1_000_000)
}

pub(crate) fn count(guesses: &[Guess], what: Guess) -> usize {
    guesses.iter().filter(|guess| **guess == what).count()
}

/// Signs in with the password that everybody has here, and says with which status that ended.
pub(crate) fn login(server: &Server<'_>, email: &str) -> u16 {
    server.post("/auth/login", &json!({ "username": email, "password": PASSWORD })).status
}
