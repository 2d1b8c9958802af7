//! From bytes to records and back.
//!
//! A row is *format version*, *kind*, and the record in postcard's encoding. The length is bounded before anything is
//! read (B084), a version or kind that is not known is refused, and so are bytes left over. Golden files in
//! `tests/golden/` hold every version that was ever written.

use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{MAX_RECORD_BYTES, RecordKind};

/// The version this code writes. It reads this one; an older one would be migrated here.
const FORMAT: u8 = 1;

/// A row that is not what this code wrote. Always ends in "not authenticated" (law 10).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Longer than [`MAX_RECORD_BYTES`].
    #[error("a record is longer than {MAX_RECORD_BYTES} bytes")]
    TooLong,
    /// Written by a version of this crate that this one does not know.
    #[error("a record has the unknown format version {0}")]
    UnknownFormat(u8),
    /// A record of another kind than its key says.
    #[error("a record is of the wrong kind")]
    WrongKind,
    /// Cut short, with bytes left over, or with values out of range.
    #[error("a record cannot be decoded")]
    Malformed,
    /// Sealed under a key that the ring does not have, or tampered with.
    #[error("a record cannot be opened with the keys of the ring")]
    Sealed,
}

/// A record as the codec sees it.
pub(crate) trait Record: Serialize + DeserializeOwned {
    const KIND: RecordKind;
}

pub(crate) fn encode<R: Record>(record: &R) -> Result<Vec<u8>, RecordError> {
    let mut bytes = Vec::with_capacity(512);
    bytes.extend([FORMAT, R::KIND as u8]);
    let bytes = postcard::to_extend(record, bytes).map_err(|_| RecordError::Malformed)?;
    if bytes.len() > MAX_RECORD_BYTES { Err(RecordError::TooLong) } else { Ok(bytes) }
}

pub(crate) fn decode<R: Record>(bytes: &[u8]) -> Result<R, RecordError> {
    if bytes.len() > MAX_RECORD_BYTES {
        return Err(RecordError::TooLong);
    }
    let (format, rest) = bytes.split_first().ok_or(RecordError::Malformed)?;
    if *format != FORMAT {
        return Err(RecordError::UnknownFormat(*format));
    }
    let (kind, body) = rest.split_first().ok_or(RecordError::Malformed)?;
    if *kind != R::KIND as u8 {
        return Err(RecordError::WrongKind);
    }
    match postcard::take_from_bytes(body) {
        Ok((record, [])) => Ok(record),
        _ => Err(RecordError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Serialize, Deserialize, Debug)]
    struct Long(Vec<u8>);

    impl Record for Long {
        const KIND: RecordKind = RecordKind::Meter;
    }

    /// B084: a row as long as it may be is read and written; one byte more is neither, and is not looked at.
    #[test]
    fn b084_the_longest_row() {
        // Format, kind, and the length in three bytes.
        let of = |length: usize| encode(&Long(alloc::vec![7; length - 5]));
        let longest = of(MAX_RECORD_BYTES).unwrap();
        assert_eq!(longest.len(), MAX_RECORD_BYTES);
        assert!(decode::<Long>(&longest).is_ok());
        assert!(matches!(of(MAX_RECORD_BYTES + 1), Err(RecordError::TooLong)));
        let strange = alloc::vec![0xff; MAX_RECORD_BYTES + 1];
        assert!(matches!(decode::<Long>(&strange), Err(RecordError::TooLong)));
        let (_, strange) = strange.split_first().unwrap();
        assert!(matches!(decode::<Long>(strange), Err(RecordError::UnknownFormat(0xff))));
    }
}
