//! Several at once: of those who expect the same row, one is applied, and no reader sees half a write.
//!
//! Each race is run by real threads that start together, on one handle and, where the factory has them, on two.

use alloc::format;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, OnceLock};

use super::Factory;
use super::check::{Checked, Stop, Verdict, ensure, failed, key, put, version};
use crate::host::{Committed, Row, Store, Write};
use crate::record::{RecordKey, Version};

/// How many race each other.
const RACERS: u64 = 8;
/// What each of them adds to the counter.
const INCREMENTS: u64 = 100;
/// How often a race over one row is run: once may be won by luck.
const ROUNDS: u64 = 25;

/// B016: a limiter whose counts get lost in a race is none.
pub(super) fn no_increment_is_lost<F: Factory>(factory: &F) -> Verdict {
    count(&[&factory.fresh()])
}

pub(super) fn no_increment_is_lost_between_handles<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    count(&[&store, &factory.another(&store).ok_or(ONE_HANDLE)?])
}

pub(super) fn one_of_many_creates_applies<F: Factory>(factory: &F) -> Verdict {
    create(&[&factory.fresh()])
}

pub(super) fn one_of_many_creates_applies_between_handles<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    create(&[&store, &factory.another(&store).ok_or(ONE_HANDLE)?])
}

pub(super) fn one_of_many_deletes_applies<F: Factory>(factory: &F) -> Verdict {
    delete(&[&factory.fresh()])
}

pub(super) fn one_of_many_deletes_applies_between_handles<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    delete(&[&store, &factory.another(&store).ok_or(ONE_HANDLE)?])
}

pub(super) fn a_row_read_during_writes_is_whole_and_never_older<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    read_while_writing(&store, &store)
}

pub(super) fn a_row_read_through_another_handle_is_whole_and_never_older<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let other = factory.another(&store).ok_or(ONE_HANDLE)?;
    read_while_writing(&store, &other)
}

pub(super) fn a_commit_is_seen_through_another_handle<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let other = factory.another(&store).ok_or(ONE_HANDLE)?;
    // Read first, so that a handle that keeps what it read is found out.
    other.must_lack(&key(1), "before it was made")?;
    let mut current = store.must_create(&key(1), b"row")?;
    let (mut writer, mut reader) = (&store, &other);
    for n in 0_u8..50 {
        let old = current;
        current = writer.must_replace(&key(1), old, &[n])?;
        reader.must_hold(&key(1), current, &[n], "through another handle, after a commit")?;
        reader.must_refuse(
            &key(1),
            Some(old),
            put(version(), b"x"),
            "an old version, through another handle",
        )?;
        core::mem::swap(&mut writer, &mut reader);
    }
    store.must_delete(&key(1), current)?;
    other.must_lack(&key(1), "through another handle, after a delete")
}

pub(super) fn one_of_a_put_and_a_delete_applies<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    for round in 0..ROUNDS {
        let key = key(round);
        let old = store.must_create(&key, b"old")?;
        // Even racers put, odd ones delete, all on the strength of the same row.
        let won = winners(&[&store], |store, n| {
            let next = version();
            let write = if n & 1 == 0 { put(next, b"new") } else { Write::Delete };
            Ok((store.commit(&key, Some(old), write)?, (n & 1 == 0).then_some(next)))
        })?;
        match only(&won, "writes and deletes of one row")? {
            Some(next) => store.must_hold(&key, next, b"new", "after a write that beat the deletes")?,
            None => store.must_lack(&key, "after a delete that beat the writes")?,
        }
    }
    Ok(())
}

pub(super) fn writers_of_different_rows_do_not_disturb_each_other<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    together(&[&store], RACERS, |store, n| {
        let mut current = store.must_create(&key(n), &[])?;
        for _ in 0..INCREMENTS / 2 {
            current = store.must_replace(&key(n), current, &n.to_le_bytes())?;
        }
        store.must_hold(&key(n), current, &n.to_le_bytes(), "after writes to rows beside it")
    })
    .map(drop)
}

/// Every racer counts up by load, add one, and commit if unchanged. What is missing in the end was overwritten: in
/// the library, guesses that were made and not counted.
fn count<S: Store>(handles: &[&S]) -> Verdict {
    let key = key(1);
    first(handles)?.must_create(&key, &0_u64.to_le_bytes())?;
    together(handles, RACERS, |store, _| (0..INCREMENTS).try_for_each(|_| increment(store, &key)))?;
    for store in handles {
        let (_, counted) = counter(*store, &key)?;
        let due = RACERS.saturating_mul(INCREMENTS);
        ensure(counted == due, || format!("{due} increments were applied and {counted} are there"))?;
    }
    Ok(())
}

/// One increment, tried until it is applied.
fn increment<S: Store>(store: &S, key: &RecordKey) -> Verdict {
    // Each time one is stale another was applied, so more than this is a store that refuses without a reason.
    for _ in 0..RACERS.saturating_mul(INCREMENTS).saturating_add(1) {
        let (seen, value) = counter(store, key)?;
        let bytes = value.saturating_add(1).to_le_bytes();
        if store.commit(key, Some(seen), put(version(), &bytes))? == Committed::Applied {
            return Ok(());
        }
    }
    Err(failed("a write was Stale more often than there were other writes"))
}

fn counter<S: Store>(store: &S, key: &RecordKey) -> Result<(Version, u64), Stop> {
    let Row { version, bytes } = store.row(key)?.ok_or_else(|| failed("the counter's row is lost"))?;
    let bytes = <[u8; 8]>::try_from(bytes.as_slice()).map_err(|_| failed("the counter's row is damaged"))?;
    Ok((version, u64::from_le_bytes(bytes)))
}

/// Every racer makes the same row.
fn create<S: Store>(handles: &[&S]) -> Verdict {
    for round in 0..ROUNDS {
        let key = key(round);
        let won = winners(handles, |store, n| {
            let version = version();
            Ok((store.commit(&key, None, put(version, &n.to_le_bytes()))?, (version, n)))
        })?;
        let (version, n) = only(&won, "creations of one row")?;
        for store in handles {
            store.must_hold(&key, version, &n.to_le_bytes(), "after a race of creations")?;
        }
    }
    Ok(())
}

/// Every racer deletes the same row: in the library, a code that is spent.
fn delete<S: Store>(handles: &[&S]) -> Verdict {
    for round in 0..ROUNDS {
        let key = key(round);
        let current = first(handles)?.must_create(&key, b"once")?;
        let won = winners(handles, |store, _| Ok((store.commit(&key, Some(current), Write::Delete)?, ())))?;
        only(&won, "deletes of one row")?;
        for store in handles {
            store.must_lack(&key, "after a race of deletes")?;
        }
    }
    Ok(())
}

/// One writes rows whose bytes repeat their version and count up, the others read.
fn read_while_writing<S: Store>(writer: &S, reader: &S) -> Verdict {
    let row = |version: &Version, n: u64| -> Vec<u8> {
        // Long enough to span several pages of a store that writes in pages.
        [version.as_bytes().as_slice(), &n.to_le_bytes(), &version.as_bytes().repeat(560)].concat()
    };
    let key = key(1);
    let started = version();
    writer.must_apply(&key, None, put(started, &row(&started, 0)), "the creation of a row")?;
    // The number of the last write once it is made, and how often the row was read.
    let (last, reads) = (OnceLock::new(), AtomicU64::new(0));
    together(&[writer, reader], 4, |store, thread| {
        if thread == 0 {
            let (mut current, mut written) = (started, 0_u64);
            // Until the readers had their chance too, however the threads are scheduled.
            while written < 150 || (reads.load(Ordering::SeqCst) < 60 && written < 20_000) {
                let next = version();
                written = written.saturating_add(1);
                let wrote =
                    store.must_apply(&key, Some(current), put(next, &row(&next, written)), "a lone write");
                if wrote.is_err() {
                    // The readers must not wait for a write that never comes.
                    let _ = last.set(written);
                    return wrote;
                }
                current = next;
            }
            return last.set(written).map_err(|_| failed("the last write was made twice"));
        }
        let mut newest = 0;
        loop {
            let due = last.get().copied();
            let found = store.row(&key)?.ok_or_else(|| failed("the row is lost while it is written"))?;
            let n = found.bytes.get(16..24).and_then(|n| n.try_into().ok()).map_or(0, u64::from_le_bytes);
            ensure(found.bytes == row(&found.version, n), || {
                "a row with the version of one commit and the bytes of another".into()
            })?;
            ensure(n >= newest, || format!("write {n} was read after write {newest} had been"))?;
            newest = n;
            reads.fetch_add(1, Ordering::SeqCst);
            if let Some(due) = due {
                return ensure(n == due, || {
                    format!("write {n} was read after write {due}, the last, was made")
                });
            }
        }
    })
    .map(drop)
}

/// What those brought whose commit was applied, of [`RACERS`] who commit at once.
fn winners<S: Store, T: Send>(
    handles: &[&S],
    race: impl Fn(&S, u64) -> Result<(Committed, T), Stop> + Sync,
) -> Result<Vec<T>, Stop> {
    let answers = together(handles, RACERS, race)?;
    Ok(answers
        .into_iter()
        .filter_map(|(answer, own)| (answer == Committed::Applied).then_some(own))
        .collect())
}

/// The one winner there must be.
fn only<T: Copy>(winners: &[T], of: &str) -> Result<T, Stop> {
    match winners {
        [winner] => Ok(*winner),
        _ => Err(failed(format!("of {RACERS} {of} at once, {} were Applied", winners.len()))),
    }
}

/// Runs `work` on so many threads, which start together and take the handles in turn. The first failure counts.
fn together<S: Store, T: Send>(
    handles: &[&S],
    threads: u64,
    work: impl Fn(&S, u64) -> Result<T, Stop> + Sync,
) -> Result<Vec<T>, Stop> {
    let start = Barrier::new(usize::try_from(threads).unwrap_or(usize::MAX));
    let (start, work) = (&start, &work);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .zip(handles.iter().cycle())
            .map(|(n, store)| {
                scope.spawn(move || {
                    start.wait();
                    work(store, n)
                })
            })
            .collect();
        // All are joined before any answer is looked at, so that one that panicked is a failure and not a panic.
        let answers: Vec<_> = running.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        answers
            .into_iter()
            .map(|answer| answer.unwrap_or_else(|_| Err(failed("the store panicked"))))
            .collect()
    })
}

fn first<'s, S>(handles: &[&'s S]) -> Result<&'s S, Stop> {
    handles.first().copied().ok_or_else(|| failed("a race without a store"))
}

const ONE_HANDLE: Stop = Stop::Skipped("the factory gives no second handle on the same rows");
