//! The host's side: what the core asks of it, and two drivers that do the asking.
//!
//! | trait | yours | ready-made |
//! |---|---|---|
//! | [`Store`] / [`AsyncStore`] | two methods over opaque bytes | `MemoryStore`, `countersign-sqlite`, `countersign-postgres`, `countersign-redis` |
//! | [`Directory`] / [`AsyncDirectory`] | your user table | – (`docs/existing-users.md` makes one) |
//! | [`Mailer`] | queue a message | `countersign-smtp` |
//! | [`PasswordHasher`] / [`AsyncHasher`] | a slow hash | `countersign-argon2` |
//! | [`Clock`], [`EntropySource`] | | `SystemClock`, `OsEntropy` |
//! | [`Audit`] | take events | [`NoAudit`] |
//!
//! [`generate_key`] makes the keys of a new deployment.
//!
//! The drivers, [`Sentry`] and [`AsyncSentry`], hold no logic: each is one loop over [`Step`](crate::Step). Replace
//! them if they do not fit.

mod asynchronous;
mod blocking;
mod clock;
mod directory;
mod error;
#[cfg(feature = "std")]
mod faults;
mod hasher;
mod keys;
mod mailer;
#[cfg(feature = "std")]
mod memory;
mod store;

pub use asynchronous::{AsyncDirectory, AsyncHasher, AsyncSentry, AsyncStore};
pub use blocking::Sentry;
pub use clock::{Clock, ClockError, EntropyError, EntropySource};
#[cfg(feature = "std")]
pub use clock::{ManualClock, OsEntropy, SystemClock};
pub use directory::{Created, Directory, DirectoryEntry, DirectoryError, NewAccount};
pub use error::Error;
#[cfg(feature = "std")]
pub use faults::{Fault, FaultyStore, Plan};
pub use hasher::{HashError, PasswordHasher};
pub use keys::generate_key;
pub use mailer::{Audit, MailError, Mailer, NoAudit};
#[cfg(feature = "std")]
pub use memory::MemoryStore;
pub use store::{Committed, Row, Store, StoreError, Write};
