//! Keys, versions and records are bytes: every bit counts, and none of them is text.

use alloc::format;
use alloc::vec::Vec;

use super::Factory;
use super::check::{Checked, Verdict, key, put, version};
use crate::host::Write;
use crate::record::{MAX_RECORD_BYTES, RecordKey, RecordKind, Version};

pub(super) fn versions_are_compared_in_every_bit<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let current = store.must_create(&key(1), b"row")?;
    let number = u128::from_be_bytes(*current.as_bytes());
    for bit in 0..128 {
        let near = Version::from_bytes((number ^ 1 << bit).to_be_bytes());
        let what = format!("a version that differs in bit {bit}");
        store.must_refuse(&key(1), Some(near), put(version(), b"x"), &what)?;
        store.must_refuse(&key(1), Some(near), Write::Delete, &what)?;
    }
    store.must_hold(&key(1), current, b"row", "after writes with versions near its own")
}

pub(super) fn versions_are_any_sixteen_bytes<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    for (n, bytes) in (0..).zip(AWKWARD) {
        let awkward = Version::from_bytes(**bytes);
        let first = store.must_create(&key(n), b"row")?;
        store.must_apply(&key(n), Some(first), put(awkward, b"next"), "a write of an awkward version")?;
        store.must_hold(&key(n), awkward, b"next", "under an awkward version")?;
        store.must_refuse(&key(n), Some(first), put(version(), b"x"), "the version before an awkward one")?;
        store.must_refuse(&key(n), None, put(version(), b"x"), "a creation over an awkward version")?;
        store.must_replace(&key(n), awkward, b"last")?;
    }
    Ok(())
}

pub(super) fn keys_are_told_apart_in_every_bit<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    // Letters, so that a store that folds their case is among those found.
    let kinds = [RecordKind::Visitor, RecordKind::Account, RecordKind::Meter];
    let [base, others @ ..] = kinds.map(|kind| RecordKey::new(kind, *b"fifteen Letters"));
    let number = u128::from_be_bytes(*base.as_bytes());
    // Bits 120 to 127 are the kind.
    let near = (0..120).map(|bit| RecordKey::from_bytes((number ^ 1 << bit).to_be_bytes()));
    independent(&store, near.chain([base]).chain(others).collect())
}

pub(super) fn keys_are_any_sixteen_bytes<F: Factory>(factory: &F) -> Verdict {
    let keys = AWKWARD.iter().map(|[_, digest @ ..]| RecordKey::new(RecordKind::Account, *digest));
    independent(&factory.fresh(), keys.collect())
}

/// Rows under all of the keys at once, each with bytes of its own, and none in the way of another.
fn independent<S: Checked>(store: &S, keys: Vec<RecordKey>) -> Verdict {
    let mut rows = Vec::new();
    for key in keys {
        store.must_lack(&key, "before its creation, beside keys near its own")?;
        rows.push((key, store.must_create(&key, key.as_bytes())?));
    }
    for (key, version) in &rows {
        store.must_hold(key, *version, key.as_bytes(), "beside keys near its own")?;
    }
    // Every second one goes; the others must not.
    for (key, version) in rows.iter().step_by(2) {
        store.must_delete(key, *version)?;
    }
    for (key, version) in rows.iter().skip(1).step_by(2) {
        store.must_hold(key, *version, key.as_bytes(), "after deletes of keys near its own")?;
    }
    Ok(())
}

pub(super) fn values_have_any_length_up_to_the_limit<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let mut lengths = Vec::from([0, 1, 2, 127, 128, 255, 256, 1000, 4095, 4096, 4097, 8000, 8192, 16_384]);
    lengths.extend([32_767, 32_768, 65_535, MAX_RECORD_BYTES]);
    // No two places hold the same for 251 bytes, so that a piece that is missing or twice shows.
    let value: Vec<u8> =
        (0..MAX_RECORD_BYTES).map(|n| u8::try_from(n.wrapping_mul(7) % 251).unwrap_or(0)).collect();
    let one = store.must_create(&key(0), b"")?;
    let mut one = store.must_replace(&key(0), one, b"")?;
    store.must_hold(&key(0), one, b"", "an empty value")?;
    // Rows of their own, and one row that grows and shrinks.
    for length in lengths.iter().chain(lengths.iter().rev()) {
        let bytes = value.get(..*length).unwrap_or(&value);
        let what = format!("a value of {length} bytes");
        one = store.must_replace(&key(0), one, bytes)?;
        store.must_hold(&key(0), one, bytes, &what)?;
    }
    for (n, length) in (1..).zip(&lengths) {
        let bytes = value.get(..*length).unwrap_or(&value);
        let version = store.must_create(&key(n), bytes)?;
        store.must_hold(&key(n), version, bytes, &format!("a new row of {length} bytes"))?;
    }
    Ok(())
}

pub(super) fn values_are_bytes_and_not_text<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let values: [&[u8]; 15] = [
        &all,
        &[0],
        &[0; 40],
        b"\0at the start",
        b"at the end\0",
        b"in the\0middle",
        &[0xff; 40],
        b"\xc3\x28 not UTF-8",
        b"\xed\xa0\x80 a lone surrogate",
        b"\xef\xbb\xbfa byte order mark",
        b"two\r\nlines\n",
        b"  spaces  ",
        b"'; DROP TABLE rows; -- \"`\\",
        b"NULL",
        b"007.0e1",
    ];
    for (n, bytes) in (0..).zip(values) {
        let what = format!("the value that begins \"{}\"", bytes.get(..24).unwrap_or(bytes).escape_ascii());
        let version = store.must_create(&key(n), bytes)?;
        store.must_hold(&key(n), version, bytes, &what)?;
        let version = store.must_replace(&key(n), version, bytes)?;
        store.must_hold(&key(n), version, bytes, &what)?;
    }
    Ok(())
}

/// What trips a store that takes bytes for text, for a number, or for something to be trimmed, padded or folded.
const AWKWARD: &[&[u8; 16]] = &[
    &[0; 16],
    &[0xff; 16],
    &[0x80; 16],
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01",
    b"\x01\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    b"0123456789abcdef",
    b"0123456789ABCDEF",
    b"0123456789abcde\0",
    b"0123456789abcde ",
    b"0123456789abcde\n",
    b"0123456\0\0abcdef\0",
    b"0123456\0\xffabcdef\0",
    b"\xff\xfe\xfd\xc3\x28\xa0\xa1\xe2\x28\xa1\xf0\x28\x8c\xbc\xed\xa0",
    b"                ",
    b"%_%_%_%_%_%_%_%_",
    b"'\"`\\;--/**/:?$1 ",
    b"0000000000000001",
    b"0000000000000010",
];
