//! countersign
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod host;
mod identifier;
mod password;
pub mod record;
mod secret;
pub mod throttle;
mod time;

pub use identifier::{Address, Identifier, IdentifierError};
pub use password::{Password, PasswordHash, PasswordHashError, PasswordTooLong, Salt};
pub use secret::Code;
pub use time::{Timestamp, retry_after_seconds};
