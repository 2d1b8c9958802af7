//! What is stored: records, their keys, their encoding.
//!
//! | record | one per | written by | gone when |
//! |---|---|---|---|
//! | visitor | identifier, known or not | strangers | it has forgotten everything |
//! | account | account | whoever proved a first factor | its owner deletes it |
//! | meter | client and operation | every request | its windows have passed |
//!
//! Each turn writes exactly one of them. Hosts see rows as [`RecordKey`], [`Version`] and opaque bytes.

mod account;
mod blob;
mod challenge;
mod codec;
mod devices;
mod factors;
mod key;
mod ledger;
mod meter;
mod sessions;
mod visitor;

pub(crate) use account::{Account, Credentials};
pub(crate) use challenge::{Ask, Challenge, StoredHash, Subject};
pub use codec::RecordError;
pub(crate) use codec::{Record, decode, encode};
pub(crate) use devices::{Shown as ShownTicket, StoredDevice};
pub(crate) use factors::{Accepted, LostFactor, PendingTotp, SecondFactors, Shown, Totp};
pub use key::{RecordKey, RecordKind, Version};
pub(crate) use ledger::{Ledger, Settled};
pub(crate) use meter::Meter;
pub(crate) use sessions::StoredSession;
pub(crate) use visitor::Visitor;

/// The most bytes a record may have; a longer row is refused before it is decoded (law 13).
pub const MAX_RECORD_BYTES: usize = 64 * 1024;
