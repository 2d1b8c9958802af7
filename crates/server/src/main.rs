//! `countersign-server`: the library's first host, and a thin one.
//!
//! ```text
//! options ─► keys · store · directory · clock · mail queue · hasher ─► AsyncSentry ◄─ http/* ◄─ serve
//! ```
//!
//! Every endpoint turns JSON into one request of the library and its outcome into JSON. No limit, expiry, comparison or
//! state lives here; what is stated in `docs/http.md` and is not about HTTP is the library's doing.

#![forbid(unsafe_code)]

mod audit;
mod clock;
mod directory;
mod flows;
mod http;
mod keys;
mod mail;
mod openapi;
mod options;
mod random;
mod serve;
mod store;

use std::error::Error;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use countersign::host::{AsyncSentry, Audit, Clock, Mailer, OsEntropy, SystemClock};
use countersign::policy::Limit;
use countersign::{Machine, Operation, Settings};
use countersign_argon2::Argon2Hasher;
use countersign_axum::{Auth, OffloadedPeople};
use countersign_tokio::BoundedHasher;
use tokio::net::TcpListener;

use crate::audit::{LogAudit, RecentEvents};
use crate::clock::DevClock;
use crate::http::Dev;
use crate::mail::Inbox;
use crate::options::{Config, Options};

/// How long answers and mail that are under way may take once the server was told to stop.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// How many calls of the store may block at once; more would wait for each other there all the same.
const STORE_THREADS: usize = 64;

fn main() -> ExitCode {
    let options = Options::parse();
    start_log();
    match Config::try_from(options).map_err(Into::into).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "countersign-server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Logs go to standard error; standard output has the line that says where the server listens, and console mail.
fn start_log() {
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false);
    if std::io::stderr().is_terminal() {
        log.compact().init();
    } else {
        log.json().flatten_event(true).init();
    }
}

fn run(config: Config) -> Result<(), Box<dyn Error>> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    // Those that hash and the one that delivers mail stay; the others come and go with calls of the store.
    runtime.max_blocking_threads(STORE_THREADS.saturating_add(BoundedHasher::at_once()));
    let runtime = runtime.enable_all().build()?;
    let result = runtime.block_on(host(config));
    // What still runs has had its time.
    runtime.shutdown_background();
    result
}

/// The library's defaults, with the limit that the contract has on checking the code of a new address.
fn settings() -> Settings {
    let mut settings = Settings::recommended();
    let ten_in_half_an_hour = Limit { count: 10, window: Duration::from_secs(30 * 60) };
    settings.clients.further.push((Operation::VerifyAndEnter, ten_in_half_an_hour));
    settings
}

async fn host(config: Config) -> Result<(), Box<dyn Error>> {
    let Config { listen, store, mail, key_file, base_url, trusted_hops, dev } = config;
    let listener =
        TcpListener::bind(listen).await.map_err(|why| format!("cannot listen on {listen}: {why}"))?;
    let address = listener.local_addr()?;
    let keys = keys::read_or_make(&key_file, store.may_make_keys())?;
    let opened = store.open()?;

    let dev_clock = dev.then(|| Arc::new(DevClock::new()));
    let clock: Arc<dyn Clock> = match &dev_clock {
        Some(clock) => Arc::clone(clock) as _,
        None => Arc::new(SystemClock),
    };
    let base_url = base_url.unwrap_or_else(|| format!("http://{address}"));
    let delivery = mail.open()?;
    let (queue, postman) = mail::queue(base_url.clone(), delivery);
    // The queue itself must not outlive the sentry: it ends when nobody can write to it any more.
    let (mailer, inbox): (Arc<dyn Mailer>, _) = if dev {
        let inbox = Arc::new(Inbox::new(queue, base_url));
        (Arc::clone(&inbox) as _, Some(inbox))
    } else {
        (Arc::new(queue), None)
    };

    let (audit, events): (Arc<dyn Audit>, _) = if dev {
        let events = Arc::new(RecentEvents::default());
        (Arc::clone(&events) as _, Some(events))
    } else {
        (Arc::new(LogAudit), None)
    };

    let policy = settings().build()?;
    let price = policy.price().to_string();
    let sentry = AsyncSentry {
        machine: Machine::new(policy, keys.locator, keys.ring),
        store: opened.store,
        directory: opened.directory,
        hasher: BoundedHasher::new(Argon2Hasher::recommended()),
        mailer,
        clock: Arc::clone(&clock),
        entropy: Arc::new(OsEntropy),
        audit,
    };
    let sweeping = tokio::spawn(store::sweep_forever(opened.sweep, clock));
    let dev = dev_clock.zip(inbox).zip(events).map(|((clock, inbox), events)| Dev { clock, inbox, events });
    let users = opened.users;
    let people = OffloadedPeople::new(move |account| users.person(account));
    let auth = Auth::new(sentry, people, countersign_axum::Config::new().trusted_proxies(trusted_hops));
    let router = http::router(auth, dev)?;

    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on http://{address}")?;
    out.flush()?;
    drop(out);
    price.lines().for_each(|line| tracing::info!(event = "policy.price", "{line}"));

    serve::until_told(listener, router, serve::stop_signal()?, STOP_WITHIN).await;
    sweeping.abort();
    match tokio::time::timeout(STOP_WITHIN, postman).await {
        Ok(_) => tracing::info!(event = "server.stopped"),
        Err(_) => tracing::error!(event = "server.stopped", "mail was left in the queue"),
    }
    Ok(())
}
