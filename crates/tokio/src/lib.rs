//! The blocking parts of a [`countersign`] host, used from tokio without blocking it, and the other way round.
//!
//! [`OffloadedStore`] makes any blocking [`Store`](countersign::host::Store) an async one, and [`OffloadedDirectory`] any
//! [`Directory`](countersign::host::Directory). [`BoundedHasher`] bounds how many passwords are hashed at once, and sheds what is
//! too much before it is hashed. [`AnyStore`], [`AnyDirectory`] and [`AnyHasher`] are one type each for all there are, where a program chooses when
//! it runs. [`BlockingStore`] makes any async store a blocking one, for hosts without async code.
//!
//! ```
//! use std::sync::Arc;
//! use countersign::host::{AsyncStore, MemoryStore};
//! use countersign_tokio::OffloadedStore;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), countersign::host::StoreError> {
//! let store = OffloadedStore::new(Arc::new(MemoryStore::new()));
//! assert!(store.load(&[]).await?.is_empty());
//! # Ok(()) }
//! ```

mod blocking;
mod erased;
mod hasher;
mod offload;
mod write;

pub use blocking::BlockingStore;
pub use erased::{AnyDirectory, AnyHasher, AnyStore};
pub use hasher::BoundedHasher;
pub use offload::{OffloadedDirectory, OffloadedStore};
