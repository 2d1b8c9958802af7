//! What is stored: records, their keys, their encoding.

mod key;

pub use key::{RecordKey, RecordKind, Version};

/// The most bytes a record may have; a longer row is refused before it is decoded (law 13).
pub const MAX_RECORD_BYTES: usize = 64 * 1024;
