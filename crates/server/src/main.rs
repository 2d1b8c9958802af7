//! `countersign-server`: the library's first host, and a thin one.
//!
//! ```text
//! options ─► keys · store · directory · clock · mail queue · hasher ─► AsyncSentry ◄─ http/* ◄─ serve
//!                                                                                   ops ◄─ metrics
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
mod metrics;
mod openapi;
mod ops;
mod options;
mod price;
mod random;
mod serve;
mod store;

use std::error::Error;
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware::from_fn;
use clap::Parser;
use countersign::host::{AsyncSentry, Audit, Clock, Mailer, OsEntropy, SystemClock};
use countersign::policy::Limit;
use countersign::{Machine, Operation, Settings};
use countersign_argon2::Argon2Hasher;
use countersign_axum::Auth;
use countersign_tokio::BoundedHasher;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::audit::{LogAudit, RecentEvents};
use crate::clock::DevClock;
use crate::http::Dev;
use crate::mail::Inbox;
use crate::metrics::{MeteredAudit, MeteredHasher};
use crate::ops::{Draining, Ops};
use crate::options::{Config, Options};
use crate::store::Opened;

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
    if config.keygen {
        keys::make_new(&config.key_file)?;
        let path = config.key_file.display();
        writeln!(
            std::io::stdout(),
            "new keys written to {path}; keep a copy apart from copies of the store"
        )?;
        return Ok(());
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    // Those that hash stay; the others come and go with calls of the store.
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
    let Config { listen, store, users, mail, key_file, base_url, trusted_hops, dev, texts, .. } = config;
    let listener = bind(listen).await?;
    let address = listener.local_addr()?;
    let ops_listener = match config.ops_listen {
        Some(listen) => Some(bind(listen).await?),
        None => None,
    };
    let counted = metrics::start()?;
    let Opened { store, users, is_new } = store.open(users.as_ref()).await?;
    let keys = keys::read_or_make(&key_file, is_new)?;

    let dev_clock = dev.then(|| Arc::new(DevClock::new()));
    let clock: Arc<dyn Clock> = match &dev_clock {
        Some(clock) => Arc::clone(clock) as _,
        None => Arc::new(SystemClock),
    };
    let base_url = base_url.unwrap_or_else(|| format!("http://{address}"));
    let links = mail::links(&base_url)?;
    let queue = Arc::new(mail::start(mail, links.clone(), config.language.as_str(), dev)?);
    let (mailer, inbox): (Arc<dyn Mailer>, _) = if dev {
        let inbox = Arc::new(Inbox::new(Arc::clone(&queue), links));
        (Arc::clone(&inbox) as _, Some(inbox))
    } else {
        (Arc::clone(&queue) as _, None)
    };

    let events = dev.then(|| Arc::new(RecentEvents::default()));
    let log: Arc<dyn Audit> = match &events {
        Some(events) => Arc::clone(events) as _,
        None => Arc::new(LogAudit),
    };

    let policy = settings().build()?;
    let price = policy.price();
    let sentry = AsyncSentry {
        machine: Machine::new(policy, keys.locator, keys.ring),
        store: store.clone(),
        directory: users.clone(),
        hasher: MeteredHasher(BoundedHasher::new(Argon2Hasher::recommended())),
        mailer,
        clock: Arc::clone(&clock),
        entropy: Arc::new(OsEntropy),
        audit: Arc::new(MeteredAudit(log)),
    };
    store::check_keys(&store, &sentry.machine).await?;
    let http = countersign_axum::Config::new().trusted_proxies(trusted_hops).texts(texts);
    let auth = Auth::new(sentry, users.clone(), http);
    if config.rewrap {
        let (seen, sealed) = store::rewrap_all(auth.sentry(), &store).await?;
        writeln!(std::io::stdout().lock(), "{seen} rows seen, {sealed} sealed under the current key")?;
        return Ok(());
    }

    let sweeping = tokio::spawn(store::sweep_forever(store.clone(), clock));
    let is_dev = dev;
    let dev = dev_clock.zip(inbox).zip(events).map(|((clock, inbox), events)| Dev { clock, inbox, events });
    let router = http::router(auth, base_url, dev)?.layer(from_fn(metrics::requests));

    // Whoever reads the line may stop the server at once.
    let mut stop = serve::StopSignals::listen()?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on http://{address}")?;
    writeln!(out, "{}", next_step(address, is_dev))?;
    if let Some(listener) = &ops_listener {
        writeln!(out, "health and metrics on http://{}", listener.local_addr()?)?;
    }
    out.flush()?;
    drop(out);
    price::log(&price);

    let draining = Draining::default();
    let (stopped, stop_ops) = oneshot::channel();
    let ops = ops_listener.map(|listener| {
        let ops = ops::router(Ops { store, users, draining: draining.clone(), counted });
        let until_stopped = async { drop(stop_ops.await) };
        tokio::spawn(serve::until_told(listener, ops, until_stopped, Duration::ZERO))
    });
    let drained = async {
        stop.next().await;
        draining.begin();
        if !config.drain.is_zero() {
            tracing::info!(event = "server.draining", seconds = config.drain.as_secs());
            // Told again, it does not wait.
            let _ = tokio::time::timeout(config.drain, stop.next()).await;
        }
    };
    serve::until_told(listener, router, drained, STOP_WITHIN).await;
    sweeping.abort();
    match queue.drain(STOP_WITHIN).await.0.len() {
        0 => tracing::info!(event = "server.stopped"),
        left => tracing::error!(event = "server.stopped", left, "mail was left in the queue"),
    }
    // The last to go, so that whoever asks meanwhile hears why there is no answer elsewhere.
    let _ = stopped.send(());
    if let Some(ops) = ops {
        let _ = ops.await;
    }
    Ok(())
}

/// What to open or type next, for somebody who has just started the server.
fn next_step(address: SocketAddr, dev: bool) -> String {
    if dev {
        return format!("open http://{address}/ to click through every flow");
    }
    format!(
        "open http://{address}/ to see where to begin, or stop and start with --dev to click through every flow"
    )
}

async fn bind(listen: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(listen).await.map_err(|why| format!("cannot listen on {listen}: {why}"))
}
