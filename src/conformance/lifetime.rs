//! How long a row stays: until it is deleted or past its expiry, whatever else is written, and over a restart.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use super::Factory;
use super::check::{Checked, Stop, Verdict, ensure, failed, key, put, put_until, version};
use crate::Timestamp;
use crate::host::{Committed, Store, Write};
use crate::record::Version;

/// The time by this machine's clock, against which a store that has a clock sweeps.
#[expect(clippy::disallowed_methods, reason = "stores that expire rows by themselves have a real clock")]
pub(super) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[expect(clippy::disallowed_methods, reason = "a store with a clock of its own must be waited for")]
fn wait(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}

pub(super) fn many_rows_push_none_out<F: Factory>(factory: &F) -> Verdict {
    const MANY: u64 = 600;
    let store = factory.fresh();
    let later = now().saturating_add(Duration::from_secs(3600));
    let kept = store.must_create(&key(0), b"kept")?;
    let timed = version();
    store.must_apply(&key(1), None, put_until(timed, b"timed", later), "the creation of a row")?;
    // What a stranger's flood looks like: rows under keys that were never seen before.
    for n in 2..MANY {
        store.must_apply(
            &key(n),
            None,
            put_until(version(), b"flood", later),
            "the creation of one row of many",
        )?;
    }
    store.must_hold(&key(0), kept, b"kept", "the oldest row, after many others")?;
    store.must_hold(&key(1), timed, b"timed", "the next oldest row, after many others")?;
    for n in 2..MANY {
        ensure(store.row(&key(n))?.is_some(), || format!("row {n} of {MANY} is lost before its expiry"))?;
    }
    Ok(())
}

pub(super) fn any_expiry_is_accepted<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let now = now();
    let never = [
        Timestamp::MAX,
        Timestamp::from_unix_millis(i64::MAX - 1),
        // The ends of what others can count: years of four digits, microseconds and nanoseconds in 64 bits.
        Timestamp::from_unix_seconds(253_402_300_800),
        Timestamp::from_unix_millis(i64::MAX / 1000),
        Timestamp::from_unix_millis(i64::MAX / 1_000_000),
        Timestamp::from_unix_seconds(i64::from(u32::MAX).saturating_add(1)),
        now.saturating_add(Duration::from_secs(3600)),
    ];
    for (n, expires_at) in (0..).zip(never) {
        let what = format!("a row that expires at {} ms", expires_at.unix_millis());
        let (first, second) = (version(), version());
        store.must_apply(&key(n), None, put_until(first, b"row", expires_at), &what)?;
        store.must_hold(&key(n), first, b"row", &what)?;
        store.must_apply(&key(n), Some(first), put_until(second, b"next", expires_at), &what)?;
        store.must_hold(&key(n), second, b"next", &what)?;
    }
    let past = [
        Timestamp::MIN,
        Timestamp::from_unix_millis(i64::MIN + 1),
        Timestamp::from_unix_millis(-1),
        Timestamp::UNIX_EPOCH,
        Timestamp::from_unix_millis(1),
        now.saturating_sub(Duration::from_secs(1)),
    ];
    for (n, expires_at) in (100..).zip(past) {
        let what = format!("a row that expired at {} ms", expires_at.unix_millis());
        let first = version();
        store.must_apply(&key(n), None, put_until(first, b"row", expires_at), &what)?;
        // It may be gone at once, and need not be.
        if let Some(row) = store.row(&key(n))? {
            ensure(row.version == first && row.bytes == b"row", || format!("{what} came back as another"))?;
        }
    }
    Ok(())
}

pub(super) fn a_row_is_kept_until_it_expires<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    // Expiries at every tenth of a second, so that one that is rounded down to the second, or counted in another
    // unit, shows. The answer must be there if the expiry had not come when the answer had.
    let mut rows = Vec::new();
    let mut expires_at = now().saturating_add(Duration::from_millis(200));
    for n in 0..12 {
        expires_at = expires_at.saturating_add(Duration::from_millis(100));
        let version = version();
        store.must_apply(&key(n), None, put_until(version, b"row", expires_at), "a row with a short life")?;
        rows.push((key(n), version, expires_at));
    }
    while !rows.is_empty() {
        for (key, version, expires_at) in &rows {
            let row = store.row(key)?;
            let early = expires_at.since(now());
            ensure(row.is_some_and(|row| row.version == *version) || early.is_zero(), || {
                format!("a row was lost {} ms before its expiry", early.as_millis())
            })?;
        }
        rows.retain(|(_, _, expires_at)| *expires_at > now());
        wait(10);
    }
    Ok(())
}

pub(super) fn a_later_expiry_replaces_an_earlier_one<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let soon = now().saturating_add(Duration::from_millis(400));
    let later = Some(now().saturating_add(Duration::from_secs(3600)));
    let mut rows = Vec::new();
    for (n, expires_at) in (0..).zip([later, None, Some(Timestamp::MAX)]) {
        let (first, second) = (version(), version());
        store.must_apply(&key(n), None, put_until(first, b"short", soon), "a row with a short life")?;
        let write = Write::Put { version: second, bytes: b"long", expires_at };
        match store.commit(&key(n), Some(first), write)? {
            Committed::Applied => {}
            // A store so slow that the row was gone before the write: it is made anew.
            Committed::Stale if now() >= soon => {
                store.must_apply(&key(n), None, write, "a row that had expired, made again")?;
            }
            Committed::Stale => return Err(failed("a write with the current version was Stale")),
        }
        rows.push((key(n), second));
    }
    while now() <= soon {
        wait(20);
    }
    wait(50);
    rows.iter().try_for_each(|(key, version)| {
        store.must_hold(key, *version, b"long", "past the expiry it had before the last write")
    })
}

pub(super) fn an_expired_row_can_be_replaced_or_made_again<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let now = now();
    let past = [Timestamp::MIN, Timestamp::UNIX_EPOCH, now.saturating_sub(Duration::from_secs(60))];
    for (n, expires_at) in (0..).zip(past) {
        let first = version();
        store.must_apply(&key(n), None, put_until(first, b"old", expires_at), "a row that has expired")?;
        let next = version();
        // A sweep may come between the load and the commit, but only once: the row comes back only by this hand.
        let mut answers = [Committed::Stale; 2];
        for answer in &mut answers {
            let seen: Option<Version> = store.row(&key(n))?.map(|row| row.version);
            ensure(seen.is_none_or(|seen| seen == first), || {
                format!("an expired row came back as {seen:?}")
            })?;
            *answer = store.commit(&key(n), seen, put(next, b"new"))?;
            if *answer == Committed::Applied {
                break;
            }
        }
        ensure(answers.contains(&Committed::Applied), || {
            "an expired row can neither be replaced nor made again: what `load` says and what `commit` sees differ"
                .into()
        })?;
        store.must_hold(&key(n), next, b"new", "a row that took the place of an expired one")?;
    }
    Ok(())
}

pub(super) fn rows_survive_a_restart<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let later = now().saturating_add(Duration::from_secs(3600));
    let first = store.must_create(&key(1), b"first")?;
    let changed = store.must_replace(&key(1), first, &all)?;
    let timed = version();
    store.must_apply(&key(2), None, put_until(timed, b"", later), "a row with an expiry")?;
    let gone = store.must_create(&key(3), b"gone")?;
    store.must_delete(&key(3), gone)?;
    let gone = store.must_create(&key(4), b"again")?;
    store.must_delete(&key(4), gone)?;
    let again = store.must_create(&key(4), b"again")?;
    // Twice, since the first opening may repair what the second must not need.
    let mut store = store;
    for _ in 0..2 {
        store = factory.reopen(store).ok_or(NOT_DURABLE)?;
        store.must_hold(&key(1), changed, &all, "after a restart")?;
        store.must_hold(&key(2), timed, b"", "an empty value after a restart")?;
        store.must_lack(&key(3), "a deleted row after a restart")?;
        store.must_hold(&key(4), again, b"again", "a row made again, after a restart")?;
    }
    Ok(())
}

pub(super) fn conditions_hold_after_a_restart<F: Factory>(factory: &F) -> Verdict {
    let store = factory.fresh();
    let first = store.must_create(&key(1), b"first")?;
    let second = store.must_replace(&key(1), first, b"second")?;
    let gone = store.must_create(&key(2), b"gone")?;
    store.must_delete(&key(2), gone)?;
    let store = factory.reopen(store).ok_or(NOT_DURABLE)?;
    store.must_refuse(&key(1), Some(first), put(version(), b"x"), "an old version after a restart")?;
    store.must_refuse(&key(1), None, put(version(), b"x"), "a second creation after a restart")?;
    store.must_refuse(&key(1), Some(first), Write::Delete, "a delete of an old version after a restart")?;
    store.must_refuse(&key(2), Some(gone), put(version(), b"x"), "a deleted row after a restart")?;
    let third = store.must_replace(&key(1), second, b"third")?;
    let made = store.must_create(&key(2), b"made")?;
    let store = factory.reopen(store).ok_or(NOT_DURABLE)?;
    store.must_hold(&key(1), third, b"third", "after a second restart")?;
    store.must_delete(&key(2), made)
}

const NOT_DURABLE: Stop = Stop::Skipped("the store keeps nothing over a restart, by design");
