//! Connections to PostgreSQL.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_postgres::Pool;
use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod, Runtime};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How many connections there are at most, to each of records and users.
const CONNECTIONS: usize = 16;

/// How long a server may take to take a connection, and a connection to say that it is still there.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// What a URL says, checked.
///
/// A server that is not on this machine is spoken to by TLS, its certificate checked against those of the system, unless the
/// URL says `sslmode=disable`. There is no mode that tries TLS and goes without if that fails: whoever can stop the attempt could
/// read everything.
///
/// # Errors
/// What is wrong with it, without anything of it.
pub(crate) fn parse(url: &str) -> Result<Config, String> {
    let mut config: Config = url.parse().map_err(|_| "not a URL of PostgreSQL")?;
    if config.get_hosts().is_empty() {
        return Err("needs a host, as in postgres://user@host/database".into());
    }
    let is_here = |host: &Host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    if config.get_ssl_mode() == SslMode::Prefer {
        let all_here = config.get_hosts().iter().all(is_here);
        config.ssl_mode(if all_here { SslMode::Disable } else { SslMode::Require });
    }
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    config.connect_timeout(CONNECT_WITHIN).tcp_user_timeout(CONNECT_WITHIN);
    if config.get_application_name().is_none() {
        config.application_name("countersign-server");
    }
    Ok(config)
}

/// A pool of connections. None is made yet.
///
/// # Errors
/// If there are no certificates to check a server's by.
pub(super) fn pool(config: &Config) -> Result<Pool, Box<dyn Error + Send + Sync>> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match config.get_ssl_mode() {
        SslMode::Disable => Manager::from_config(config.clone(), NoTls, recycling),
        _ => Manager::from_config(config.clone(), MakeRustlsConnect::new(tls()?), recycling),
    };
    Ok(Pool::builder(manager).max_size(CONNECTIONS).runtime(Runtime::Tokio1).build()?)
}

fn tls() -> Result<ClientConfig, Box<dyn Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (taken, _) = roots.add_parsable_certificates(found.certs);
    if taken == 0 {
        return Err("no certificates are installed on this system to check the server's by".into());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_elsewhere_is_spoken_to_by_tls_or_by_explicit_wish_without() {
        for (url, mode) in [
            ("postgres://u@localhost/d", SslMode::Disable),
            ("postgres://u@127.0.0.1:5433/d", SslMode::Disable),
            ("postgres://u@%2Fvar%2Frun/d", SslMode::Disable),
            ("postgres://u@[::1]/d", SslMode::Disable),
            ("postgres://u:p@db.example/d", SslMode::Require),
            ("postgres://u:p@localhost,db.example/d", SslMode::Require),
            ("postgres://u:p@db.example/d?sslmode=prefer", SslMode::Require),
            ("postgres://u:p@db.example/d?sslmode=disable", SslMode::Disable),
            ("postgres://u:p@localhost/d?sslmode=require", SslMode::Require),
        ] {
            let config = parse(url).unwrap();
            assert_eq!(config.get_ssl_mode(), mode, "{url}");
            assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        }
        for url in ["postgres://", "postgres://u:secret@h:x/d", "postgres://u:secret@h/d?sslmode=secret"] {
            let why = parse(url).unwrap_err();
            assert!(!why.contains("secret"), "{why}");
        }
    }
}
