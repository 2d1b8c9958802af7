//! Flags, the environment, and what they come to.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use countersign::Locale;
use countersign_axum::Texts;

use crate::mail::{Mail, MailOptions, checked_base};
use crate::store::{self, RedisUrl};

/// Reference server for the `countersign` library.
#[derive(Parser, Debug)]
// A flag given twice counts as given last, so that a script can add to what it was given.
#[command(version, about, args_override_self = true)]
pub(crate) struct Options {
    /// Address to listen on; port 0 picks a free one, and the line printed at start says which
    #[arg(long, value_name = "ADDR", env = "COUNTERSIGN_LISTEN", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Where records live: memory:, sqlite:PATH, postgres://USER:PASSWORD@HOST/DATABASE, redis://HOST or
    /// redis+cluster://HOST,HOST (these two need --users)
    #[arg(
        long,
        value_name = "URL",
        env = "COUNTERSIGN_STORE",
        default_value = "sqlite:countersign.db",
        hide_env_values = true
    )]
    store: String,
    /// Where users live, as for --store [default: where records do]
    #[arg(long, value_name = "URL", env = "COUNTERSIGN_USERS", hide_env_values = true)]
    users: Option<String>,
    #[command(flatten)]
    mail: MailOptions,
    /// Language of answers and messages where neither the request nor the account names one: en, nl or one of --texts
    #[arg(long, value_name = "TAG", env = "COUNTERSIGN_LANGUAGE", default_value = "en")]
    language: String,
    /// Directory with texts in place of those that are shipped: LANGUAGE.json, an object of names and texts
    #[arg(long, value_name = "DIR", env = "COUNTERSIGN_TEXTS")]
    texts: Option<PathBuf>,
    /// File with the locator key and the key ring; made on the first run
    #[arg(long, value_name = "PATH", env = "COUNTERSIGN_KEY_FILE", default_value = "countersign.key")]
    key_file: PathBuf,
    /// What links in mail begin with [default: http://ADDR]
    #[arg(long, value_name = "URL", env = "COUNTERSIGN_BASE_URL")]
    base_url: Option<String>,
    /// How many proxies may name the client in X-Forwarded-For; 0 trusts none
    #[arg(long, value_name = "HOPS", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=16))]
    trust_proxy: u8,
    /// Address of another listener, for health checks and metrics; not for clients
    #[arg(long, value_name = "ADDR", env = "COUNTERSIGN_OPS_LISTEN")]
    ops_listen: Option<String>,
    /// How long to go on taking requests once told to stop, while the readiness check says no
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=600))]
    drain: u16,
    /// Write a new key file at --key-file, for its owner only, and end; a file that is there is left as it is
    #[arg(long, conflicts_with = "rewrap")]
    keygen: bool,
    /// Seal every row under the current key of the key file, say how many, and end
    #[arg(long)]
    rewrap: bool,
    /// Development endpoints (inbox, clock, a page to click through); only on a loopback address
    #[arg(long)]
    dev: bool,
}

/// What to do, checked.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) store: StoreUrl,
    pub(crate) users: Option<StoreUrl>,
    pub(crate) mail: Mail,
    pub(crate) language: Locale,
    pub(crate) texts: Texts,
    pub(crate) key_file: PathBuf,
    pub(crate) base_url: Option<String>,
    pub(crate) trusted_hops: usize,
    pub(crate) ops_listen: Option<SocketAddr>,
    pub(crate) drain: Duration,
    pub(crate) keygen: bool,
    pub(crate) rewrap: bool,
    pub(crate) dev: bool,
}

/// Where records live.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum StoreUrl {
    /// In this process.
    Memory,
    /// In a file.
    Sqlite(PathBuf),
    /// In a database.
    Postgres(Box<tokio_postgres::Config>),
    /// In Redis or Redis Cluster.
    Redis(RedisUrl),
}

impl TryFrom<Options> for Config {
    type Error = String;

    fn try_from(options: Options) -> Result<Self, String> {
        let Options {
            listen,
            store,
            users,
            mail,
            language,
            texts,
            key_file,
            base_url,
            trust_proxy,
            ops_listen,
            drain,
            keygen,
            rewrap,
            dev,
        } = options;
        let wrong = |flag: &'static str| move |why: String| format!("--{flag}: {why}");
        let listen = address(&listen).map_err(wrong("listen"))?;
        if dev && !listen.ip().to_canonical().is_loopback() {
            return Err(format!(
                "--dev: refused on {listen}, which is not a loopback address: anybody could read mail"
            ));
        }
        Ok(Self {
            listen,
            store: store_url(&store).map_err(wrong("store"))?,
            users: users.map(|url| store_url(&url)).transpose().map_err(wrong("users"))?,
            mail: mail.try_into()?,
            texts: texts_in(texts.as_deref(), &language)?,
            language: Locale::new(&language).map_err(|_| format!("--language: {language:?} is no tag"))?,
            key_file,
            base_url: base_url.map(|url| checked_base(&url)).transpose().map_err(wrong("base-url"))?,
            trusted_hops: usize::from(trust_proxy),
            ops_listen: ops_listen.map(|text| address(&text)).transpose().map_err(wrong("ops-listen"))?,
            drain: Duration::from_secs(drain.into()),
            keygen,
            rewrap,
            dev,
        })
    }
}

/// The texts that are shipped, with those of a directory in their place.
fn texts_in(directory: Option<&Path>, language: &str) -> Result<Texts, String> {
    let texts = directory.map_or_else(|| Ok(Texts::shipped()), |path| Texts::shipped().with_directory(path));
    let texts = texts.map_err(|why| format!("--texts: {why}"))?;
    texts.default_language(language).map_err(|_| format!("--language: there are no texts in {language:?}"))
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let mut found =
        text.to_socket_addrs().map_err(|why| format!("{text:?} is no address with a port: {why}"))?;
    found.next().ok_or_else(|| format!("{text:?} names no address"))
}

/// Unknown schemes are named, the rest of the URL is not: it may hold a password.
fn store_url(url: &str) -> Result<StoreUrl, String> {
    match url.split_once(':') {
        Some(("memory", "")) => Ok(StoreUrl::Memory),
        Some(("sqlite", path)) if !path.is_empty() => Ok(StoreUrl::Sqlite(path.into())),
        Some(("sqlite", _)) => Err("sqlite: needs a path, as in sqlite:countersign.db".into()),
        Some(("postgres" | "postgresql", _)) => Ok(StoreUrl::Postgres(Box::new(
            store::parse_postgres(url).map_err(|why| format!("postgres: {why}"))?,
        ))),
        Some(("redis" | "rediss" | "redis+cluster" | "rediss+cluster", _)) => {
            Ok(StoreUrl::Redis(store::parse_redis(url).map_err(|why| format!("redis: {why}"))?))
        }
        other => Err(unknown(other, "memory:, sqlite:PATH, postgres://…, redis://… and redis+cluster://…")),
    }
}

fn unknown(url: Option<(&str, &str)>, known: &str) -> String {
    match url {
        Some((scheme @ "memory", _)) => format!("{scheme}: takes nothing after the colon"),
        Some((scheme, _)) => format!("unknown scheme {scheme:?}; known are {known}"),
        None => format!("not a URL; known are {known}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_exactly_or_refused_with_a_reason() {
        assert_eq!(store_url("memory:"), Ok(StoreUrl::Memory));
        assert_eq!(store_url("sqlite:a b.db"), Ok(StoreUrl::Sqlite("a b.db".into())));
        for url in ["", "memory", "memory:x", "sqlite:", "sqlite", "oracle://u:secret@h", "Memory:"] {
            let why = store_url(url).unwrap_err();
            assert!(!why.contains("secret"), "{why}");
        }
    }

    #[test]
    fn development_is_for_loopback_only() {
        let config = |args: &[&str]| {
            let args = ["countersign-server"].iter().chain(args);
            Config::try_from(Options::try_parse_from(args).unwrap())
        };
        assert!(config(&["--dev", "--listen", "127.0.0.1:0"]).is_ok());
        assert!(config(&["--dev", "--listen", "[::1]:0"]).is_ok());
        for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
            assert!(config(&["--dev", "--listen", listen]).unwrap_err().contains("loopback"), "{listen}");
            assert!(config(&["--listen", listen]).is_ok());
        }
        assert!(config(&["--listen", "nowhere"]).is_err());
    }

    #[test]
    fn a_language_without_texts_is_refused() {
        assert!(texts_in(None, "nl-BE").is_ok());
        for language in ["fr", "", "n l"] {
            assert!(texts_in(None, language).unwrap_err().starts_with("--language"), "{language:?}");
        }
        assert!(texts_in(Some(Path::new("/nowhere")), "en").unwrap_err().starts_with("--texts"));
    }
}
