//! The host's side.

mod hasher;
mod store;

pub use hasher::{HashError, PasswordHasher};
pub use store::{Committed, Row, Store, StoreError, Write};
