//! One row at a time: what is written is what is read, and only an expected row is written.

use alloc::format;
use alloc::vec::Vec;

use super::Factory;
use super::check::{Checked, Verdict, ensure, key, put, version};
use crate::host::{Row, Store, Write};
use crate::record::RecordKey;

pub(super) fn a_key_without_a_row_loads_nothing<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let rows = store.load(&[])?;
    ensure(rows.is_empty(), || format!("a load of no keys answered with {} entries", rows.len()))?;
    store.must_lack(&key(1), "a fresh store")?;
    // A ticket that somebody made up may name any sixteen bytes.
    for byte in [0, 0x7f, 0xff] {
        store.must_lack(&RecordKey::from_bytes([byte; 16]), "a key of no kind")?;
    }
    let rows = store.load(&[key(1), key(2)])?;
    ensure(rows == [None, None], || format!("a load of two missing rows answered {} entries", rows.len()))
}

pub(super) fn a_row_loads_as_it_was_written<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let first = store.must_create(&key(1), b"one")?;
    store.must_hold(&key(1), first, b"one", "after the creation")?;
    store.must_hold(&key(1), first, b"one", "when it is read again")?;
    let second = store.must_replace(&key(1), first, b"two, and longer")?;
    store.must_hold(&key(1), second, b"two, and longer", "after a write")?;
    store.must_lack(&key(2), "beside it")
}

pub(super) fn a_second_create_is_stale_and_changes_nothing<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let first = store.must_create(&key(1), b"first")?;
    store.must_refuse(&key(1), None, put(version(), b"second"), "a second creation")?;
    store.must_hold(&key(1), first, b"first", "after a second creation")?;
    // The same write once more, as after an answer that was lost: the core reads again and knows its own version.
    store.must_refuse(&key(1), None, put(first, b"first"), "the same creation again")?;
    store.must_hold(&key(1), first, b"first", "after the same creation again")
}

pub(super) fn an_old_version_is_stale_and_changes_nothing<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let first = store.must_create(&key(1), b"first")?;
    let second = store.must_replace(&key(1), first, b"second")?;
    store.must_refuse(&key(1), Some(first), put(version(), b"third"), "a write with the old version")?;
    store.must_hold(&key(1), second, b"second", "after a write with the old version")?;
    let third = store.must_replace(&key(1), second, b"third")?;
    store.must_refuse(
        &key(1),
        Some(first),
        put(version(), b"x"),
        "a write with the version before the last",
    )?;
    store.must_hold(&key(1), third, b"third", "after a write with the version before the last")
}

pub(super) fn a_version_that_was_never_written_is_stale<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let first = store.must_create(&key(1), b"row")?;
    let other = store.must_create(&key(2), b"row")?;
    store.must_refuse(&key(1), Some(version()), put(version(), b"x"), "a write with a version of no row")?;
    store.must_refuse(
        &key(1),
        Some(other),
        put(version(), b"x"),
        "a write with the version of another row",
    )?;
    let next = version();
    store.must_refuse(&key(1), Some(next), put(next, b"x"), "a write with the version that it brings")?;
    store.must_hold(&key(1), first, b"row", "after writes with wrong versions")?;
    store.must_hold(&key(2), other, b"row", "beside writes with its version elsewhere")
}

pub(super) fn a_version_expected_of_a_missing_row_is_stale<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    store.must_refuse(
        &key(1),
        Some(version()),
        put(version(), b"x"),
        "a write that expects a missing row",
    )?;
    store.must_lack(&key(1), "after a write that expected a row")?;
    store.must_refuse(&key(1), Some(version()), Write::Delete, "a delete that expects a missing row")?;
    store.must_lack(&key(1), "after a delete that expected a row")
}

pub(super) fn a_delete_takes_the_row<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let first = store.must_create(&key(1), b"one")?;
    let other = store.must_create(&key(2), b"two")?;
    store.must_delete(&key(1), first)?;
    store.must_lack(&key(1), "after its delete")?;
    store.must_hold(&key(2), other, b"two", "beside a delete")
}

pub(super) fn a_delete_with_an_old_version_is_stale_and_changes_nothing<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let first = store.must_create(&key(1), b"first")?;
    let second = store.must_replace(&key(1), first, b"second")?;
    store.must_refuse(&key(1), Some(first), Write::Delete, "a delete with the old version")?;
    store.must_hold(&key(1), second, b"second", "after a delete with the old version")?;
    store.must_refuse(&key(1), None, Write::Delete, "a delete that expects no row")?;
    store.must_hold(&key(1), second, b"second", "after a delete that expected no row")
}

pub(super) fn a_delete_of_nothing_where_nothing_is_expected_applies<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    store.must_apply(&key(1), None, Write::Delete, "a delete of nothing")?;
    store.must_lack(&key(1), "after a delete of nothing")?;
    store.must_create(&key(1), b"row").map(drop)
}

pub(super) fn a_deleted_row_is_stale_for_its_old_version<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let first = store.must_create(&key(1), b"row")?;
    store.must_delete(&key(1), first)?;
    store.must_refuse(&key(1), Some(first), put(version(), b"x"), "a write to a deleted row")?;
    store.must_lack(&key(1), "after a write to a deleted row")?;
    store.must_refuse(&key(1), Some(first), Write::Delete, "a second delete")?;
    store.must_lack(&key(1), "after a second delete")
}

pub(super) fn a_row_made_again_is_not_the_old_one<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let first = store.must_create(&key(1), b"row")?;
    store.must_delete(&key(1), first)?;
    let again = store.must_create(&key(1), b"row")?;
    // A store that compares the bytes, or counts versions from one, takes the old row for the new.
    store.must_refuse(
        &key(1),
        Some(first),
        put(version(), b"x"),
        "a write with the version before the delete",
    )?;
    store.must_refuse(&key(1), Some(first), Write::Delete, "a delete with the version before the delete")?;
    store.must_hold(&key(1), again, b"row", "after it was made again")?;
    store.must_replace(&key(1), again, b"next").map(drop)
}

pub(super) fn the_same_bytes_under_a_new_version_are_a_new_row<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let first = store.must_create(&key(1), b"same")?;
    let second = store.must_replace(&key(1), first, b"same")?;
    store.must_hold(&key(1), second, b"same", "after a write of the same bytes")?;
    store.must_refuse(&key(1), Some(first), put(version(), b"x"), "a write with the version before it")?;
    store.must_hold(&key(1), second, b"same", "after a write with the version before it")
}

pub(super) fn several_keys_load_in_order_with_gaps_and_repeats<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    // The keys in no order of theirs: a store that answers in the order of its index is found out either way round.
    let mut rows = Vec::new();
    for n in 0..6 {
        let bytes = alloc::vec![b'a'; n];
        let version = store.must_create(&key(n as u64), &bytes)?;
        rows.push((key(n as u64), Some(Row { version, bytes })));
        rows.push((key(n as u64 | 1 << 32), None));
    }
    let mut backwards = rows.clone();
    backwards.reverse();
    let repeats: Vec<_> = rows.iter().chain(&rows).chain(rows.first()).cloned().collect();
    let pair: Vec<_> = rows.iter().take(3).step_by(2).cloned().collect();
    let turned: Vec<_> = pair.iter().rev().cloned().collect();
    for (asked, what) in [
        (rows, "keys with gaps"),
        (backwards, "the same keys backwards"),
        (repeats, "keys that repeat"),
        (pair, "two keys"),
        (turned, "two keys the other way round"),
    ] {
        let (keys, due): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
        let found = store.load(&keys)?;
        ensure(found == due, || {
            let lengths = |rows: &[Option<Row>]| -> Vec<_> {
                rows.iter().map(|row| row.as_ref().map(|row| row.bytes.len())).collect()
            };
            format!("{what}: expected rows of lengths {:?}, found {:?}", lengths(&due), lengths(&found))
        })?;
    }
    Ok(())
}
