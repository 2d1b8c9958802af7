//! [`countersign`] in an axum application.
//!
//! ```text
//! AsyncSentry + People + Config ─► Auth ─┬─► routes()          sign-up, sign-in, second factors, recovery: nest them where you like
//!                                        ├─► CurrentSession    an extractor for handlers of your own
//!                                        └─► require_fresh() … layers for routes of your own
//! ```
//!
//! | file | what |
//! |---|---|
//! | `auth`, `config`, `people` | [`Auth`], and what it is made of |
//! | `v1/*` | the endpoints of family A |
//! | `basic`, `register`, `login` | those of family B |
//! | `session`, `gate` | [`CurrentSession`], [`Gate`] |
//! | `cookie`, `origin` | tickets in cookies, and where requests may then come from |
//! | `caller`, `counted` | who sends a request, and that it is counted |
//! | `through` | what every request goes through |
//! | `texts/*` | what the endpoints say, by language |
//! | `page` | the pages behind mailed links |
//!
//! It decides nothing: every endpoint turns JSON into one request of the library and its outcome into JSON. What each takes and gives is in `docs/http.md`.
//!
//! ```
//! use std::net::SocketAddr;
//! use axum::{Router, routing::get};
//! use countersign_axum::{Auth, CurrentSession};
//!
//! async fn home(session: CurrentSession) -> String {
//!     format!("You are {}.", session.account().as_str())
//! }
//!
//! # #[allow(dead_code)]
//! async fn serve(auth: Auth, listener: tokio::net::TcpListener) -> std::io::Result<()> {
//!     let app = Router::new().route("/home", get(home)).nest("/v1", auth.routes()).with_state(auth);
//!     // The limits are by client: without the peer's address there is nobody to count, and the endpoints answer 503.
//!     axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
//! }
//! ```
//!
//! A whole application is in `examples/app.rs`.

mod auth;
mod basic;
mod caller;
mod config;
mod cookie;
mod counted;
mod gate;
mod limits;
mod login;
mod origin;
mod page;
mod people;
mod register;
mod routes;
mod session;
mod texts;
mod through;
mod tickets;
mod v1;

pub mod answer;
pub mod body;

use countersign::Timestamp;

pub use auth::{Auth, Sentry};
pub use caller::Peer;
pub use config::Config;
pub use cookie::Cookies;
pub use gate::{Gate, Gated};
pub use origin::InvalidOrigin;
pub use people::{OffloadedPeople, People, Person};
pub use routes::Routes;
pub use session::{CurrentSession, Rejection};
pub use texts::{Text, TextError, Texts};
pub use through::{guard, in_time};

/// The paths of [`Auth::routes`], without the prefix they are nested under: for a description of what a server offers.
///
/// ```
/// assert!(countersign_axum::paths().contains(&"/authenticate"));
/// ```
#[must_use]
pub fn paths() -> Vec<&'static str> {
    v1::routes().paths
}

/// The paths of [`Auth::basic_routes`], as [`paths`].
///
/// ```
/// assert!(countersign_axum::basic_paths().contains(&"/validate/registration"));
/// ```
#[must_use]
pub fn basic_paths() -> Vec<&'static str> {
    basic::routes().paths
}

/// A time as people and simple parsers read it, such as `2026-11-21T20:00:00Z`: without the fraction, rounded down.
///
/// ```
/// use countersign::Timestamp;
/// use countersign_axum::whole_seconds;
/// assert_eq!(whole_seconds(Timestamp::from_unix_millis(1_795_291_200_999)), "2026-11-21T20:00:00Z");
/// assert_eq!(whole_seconds(Timestamp::from_unix_millis(-1)), "1969-12-31T23:59:59Z");
/// ```
#[must_use]
pub fn whole_seconds(at: Timestamp) -> String {
    Timestamp::from_unix_seconds(at.unix_seconds()).to_string()
}
