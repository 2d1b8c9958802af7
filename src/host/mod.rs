//! The host's side.

mod hasher;
#[cfg(feature = "std")]
mod memory;
mod store;

pub use hasher::{HashError, PasswordHasher};
#[cfg(feature = "std")]
pub use memory::MemoryStore;
pub use store::{Committed, Row, Store, StoreError, Write};
