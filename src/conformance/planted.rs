//! Stores that are wrong on purpose, each in the way that real ones are, and the case that finds it.
#![expect(clippy::arithmetic_side_effects, reason = "counts of rows in tests")]

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Mutex;

use super::lifetime::now;
use super::{Factory, judge, run, table};
use crate::Timestamp;
use crate::host::{Committed, Row, Store, StoreError, Write};
use crate::record::{RecordKey, Version};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Defect {
    None,
    /// Writes whatever is expected.
    Upserts,
    /// Creates over a row that is there.
    CreateUpserts,
    /// Makes the row anew if a version is expected and there is none.
    UpdateInserts,
    /// Compares the bytes that the version had with those of the row.
    ComparesBytes,
    /// Compares how often the row was written since it was made.
    CountsFromOne,
    /// Compares the first half of the version.
    ComparesHalf,
    /// Has room for a hundred rows and lets the oldest go.
    Evicts,
    /// Keeps the expiry in whole seconds, rounded down.
    RoundsExpiryDown,
    /// Leaves the expiry as it was when the row was made.
    KeepsFirstExpiry,
    /// Overflows on an expiry in the far future, which becomes one in the past.
    ExpiryWraps,
    /// Hides an expired row from `load` and minds it in `commit`.
    HidesExpired,
    /// Keeps the bytes as text.
    LossyText,
    /// Keeps keys as text, without the NULs and spaces at their end.
    TrimsKeys,
    /// Keeps keys without regard to case.
    FoldsKeys,
    /// Keeps the first 32 KiB.
    Truncates,
    /// Takes an empty value for no row.
    EmptyIsMissing,
    /// Says `Applied` though a delete found nothing to delete.
    DeleteAlwaysApplied,
    /// Deletes whatever is expected.
    DeletesAnyVersion,
    /// Deletes what is not there, as `Stale`.
    DeleteOfNothingIsStale,
    /// Answers a load with the rows that exist, in the order of their keys.
    LoadsWithoutGaps,
    /// Checks, then writes, and holds no lock in between.
    CheckThenWrite,
    /// As above, but under a lock, which each handle has for itself.
    LockOfItsOwn,
    /// Reads version and bytes one after the other.
    TornReads,
    /// Reads from memory what it once read.
    CachesReads,
    /// Forgets the versions when it is closed.
    ForgetsVersions,
    /// Forgets rows when it is closed.
    ForgetsRows,
}

/// What each defect is found by: all of these cases, and perhaps others.
const FOUND_BY: &[(Defect, &[&str])] = &[
    (
        Defect::Upserts,
        &["a_second_create_is_stale_and_changes_nothing", "an_old_version_is_stale_and_changes_nothing"],
    ),
    (Defect::CreateUpserts, &["a_second_create_is_stale_and_changes_nothing", "one_of_many_creates_applies"]),
    (
        Defect::UpdateInserts,
        &["a_version_expected_of_a_missing_row_is_stale", "a_deleted_row_is_stale_for_its_old_version"],
    ),
    (
        Defect::ComparesBytes,
        &["a_row_made_again_is_not_the_old_one", "the_same_bytes_under_a_new_version_are_a_new_row"],
    ),
    (Defect::CountsFromOne, &["a_row_made_again_is_not_the_old_one"]),
    (Defect::ComparesHalf, &["versions_are_compared_in_every_bit"]),
    (Defect::Evicts, &["many_rows_push_none_out"]),
    (Defect::RoundsExpiryDown, &["a_row_is_kept_until_it_expires"]),
    (Defect::KeepsFirstExpiry, &["a_later_expiry_replaces_an_earlier_one"]),
    (Defect::ExpiryWraps, &["any_expiry_is_accepted"]),
    (Defect::HidesExpired, &["an_expired_row_can_be_replaced_or_made_again"]),
    (Defect::LossyText, &["values_are_bytes_and_not_text"]),
    (Defect::TrimsKeys, &["keys_are_any_sixteen_bytes"]),
    (Defect::FoldsKeys, &["keys_are_told_apart_in_every_bit", "keys_are_any_sixteen_bytes"]),
    (Defect::Truncates, &["values_have_any_length_up_to_the_limit"]),
    (Defect::EmptyIsMissing, &["values_have_any_length_up_to_the_limit"]),
    (
        Defect::DeleteAlwaysApplied,
        &["a_delete_with_an_old_version_is_stale_and_changes_nothing", "one_of_many_deletes_applies"],
    ),
    (Defect::DeletesAnyVersion, &["a_delete_with_an_old_version_is_stale_and_changes_nothing"]),
    (Defect::DeleteOfNothingIsStale, &["a_delete_of_nothing_where_nothing_is_expected_applies"]),
    (Defect::LoadsWithoutGaps, &["several_keys_load_in_order_with_gaps_and_repeats"]),
    (
        Defect::CheckThenWrite,
        &[
            "no_increment_is_lost",
            "one_of_many_creates_applies",
            "one_of_many_deletes_applies",
            "one_of_a_put_and_a_delete_applies",
            "no_increment_is_lost_between_handles",
            "parallel_guesses_never_beat_the_budget",
            "a_right_code_is_spent_once",
            "parallel_resends_never_beat_the_cooldown",
        ],
    ),
    (
        Defect::LockOfItsOwn,
        &[
            "no_increment_is_lost_between_handles",
            "one_of_many_creates_applies_between_handles",
            "one_of_many_deletes_applies_between_handles",
        ],
    ),
    (
        Defect::TornReads,
        &[
            "a_row_read_during_writes_is_whole_and_never_older",
            "a_row_read_through_another_handle_is_whole_and_never_older",
        ],
    ),
    (Defect::CachesReads, &["a_commit_is_seen_through_another_handle"]),
    (Defect::ForgetsVersions, &["rows_survive_a_restart", "conditions_hold_after_a_restart"]),
    (Defect::ForgetsRows, &["rows_survive_a_restart"]),
];

#[test]
fn every_planted_defect_is_found_by_the_case_that_is_named_for_it() {
    std::thread::scope(|scope| {
        for (defect, names) in FOUND_BY {
            scope.spawn(move || {
                let planted = Planted(*defect);
                for row in table().into_iter().filter(|(name, _)| names.contains(name)) {
                    let case = judge(&planted, row);
                    assert!(case.result.is_err(), "{defect:?} passes {}", case.name);
                    std::println!("{defect:?}: {}: {}", case.name, case.result.unwrap_err());
                }
            });
        }
    });
    let known: Vec<_> = table::<Planted>().into_iter().map(|(name, _)| name).collect();
    let named = FOUND_BY.iter().flat_map(|(_, names)| *names);
    assert_eq!(named.filter(|name| !known.contains(name)).count(), 0, "a case is named that there is not");
}

/// Else the defects would be found for another reason than themselves.
#[test]
fn without_a_defect_nothing_is_found() {
    let report = run(&Planted(Defect::None));
    report.assert();
    assert!(report.cases.iter().all(|case| case.skipped.is_none()), "{report}");
}

/// What the race between two processes is tried for: in one process this store is right.
#[test]
fn a_lock_of_ones_own_is_found_only_between_handles() {
    let report = run(&Planted(Defect::LockOfItsOwn));
    assert!(report.failures().all(|case| case.name.contains("handle")), "{report}");
}

struct Planted(Defect);

impl Planted {
    fn handle(&self, rows: Arc<Mutex<Rows>>) -> Bad {
        Bad { defect: self.0, rows, known: Mutex::default(), cache: Mutex::default() }
    }
}

impl Factory for Planted {
    type Store = Bad;

    fn fresh(&self) -> Bad {
        self.handle(Arc::default())
    }

    fn reopen(&self, store: Bad) -> Option<Bad> {
        match self.0 {
            Defect::ForgetsVersions => {
                store
                    .rows
                    .lock()
                    .unwrap()
                    .values_mut()
                    .for_each(|slot| slot.row.version = Version::from_bytes([0; 16]));
            }
            Defect::ForgetsRows => store.rows.lock().unwrap().retain(|_, slot| slot.row.bytes.len() > 5),
            _ => {}
        }
        Some(self.handle(store.rows))
    }

    fn another(&self, store: &Bad) -> Option<Bad> {
        Some(self.handle(store.rows.clone()))
    }
}

struct Slot {
    row: Row,
    expires_at: Option<Timestamp>,
    /// How often it was written since it was made.
    writes: u64,
    /// Which of the rows it was, in the order in which they were made.
    made: u64,
}

type Rows = BTreeMap<[u8; 16], Slot>;
type Known = (Vec<u8>, u64);

struct Bad {
    defect: Defect,
    /// Shared by all handles: the database.
    rows: Arc<Mutex<Rows>>,
    /// This handle's own memory of each version: its bytes, and how often the row had been written.
    known: Mutex<BTreeMap<[u8; 16], Known>>,
    /// This handle's own memory of what it read; to [`Defect::LockOfItsOwn`] no more than a lock.
    cache: Mutex<BTreeMap<[u8; 16], Option<Row>>>,
}

/// Long enough for another to come in between.
#[expect(clippy::disallowed_methods, reason = "widens the gap of a race")]
fn gap() {
    std::thread::sleep(Duration::from_micros(100));
}

impl Bad {
    fn is(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn stored_key(&self, key: &RecordKey) -> [u8; 16] {
        let mut key = *key.as_bytes();
        match self.defect {
            Defect::TrimsKeys => {
                key.iter_mut().rev().take_while(|b| matches!(b, 0 | b' ')).for_each(|b| *b = 0)
            }
            Defect::FoldsKeys => key.make_ascii_lowercase(),
            _ => {}
        }
        key
    }

    fn stored_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        match self.defect {
            Defect::LossyText => String::from_utf8_lossy(bytes).into_owned().into_bytes(),
            Defect::Truncates => bytes.iter().copied().take(32 * 1024).collect(),
            _ => bytes.to_vec(),
        }
    }

    fn stored_expiry(&self, expires_at: Option<Timestamp>) -> Option<Timestamp> {
        let at = expires_at?;
        match self.defect {
            Defect::RoundsExpiryDown => Some(Timestamp::from_unix_seconds(at.unix_seconds())),
            // Nanoseconds.
            Defect::ExpiryWraps => {
                Some(Timestamp::from_unix_millis(at.unix_millis().wrapping_mul(1_000_000) / 1_000_000))
            }
            _ => Some(at),
        }
    }

    /// Some stores sweep by themselves.
    fn sweep(&self, rows: &mut Rows) {
        let sweeps = [Defect::RoundsExpiryDown, Defect::KeepsFirstExpiry, Defect::ExpiryWraps, Defect::None];
        if sweeps.contains(&self.defect) {
            let now = now();
            rows.retain(|_, slot| slot.expires_at.is_none_or(|at| at > now));
        }
    }

    fn read(&self, key: [u8; 16]) -> Option<Row> {
        if self.is(Defect::CachesReads)
            && let Some(row) = self.cache.lock().unwrap().get(&key)
        {
            return row.clone();
        }
        let mut rows = self.rows.lock().unwrap();
        self.sweep(&mut rows);
        let slot = rows.get(&key);
        let slot =
            slot.filter(|slot| !self.is(Defect::HidesExpired) || slot.expires_at.is_none_or(|at| at > now()));
        let slot = slot.filter(|slot| !self.is(Defect::EmptyIsMissing) || !slot.row.bytes.is_empty());
        let mut row = slot.map(|slot| slot.row.clone());
        if self.is(Defect::TornReads) {
            drop(rows);
            gap();
            let rows = self.rows.lock().unwrap();
            if let (Some(row), Some(slot)) = (&mut row, rows.get(&key)) {
                row.bytes.clone_from(&slot.row.bytes);
            }
        }
        if self.is(Defect::CachesReads) {
            self.cache.lock().unwrap().insert(key, row.clone());
        }
        row
    }

    fn as_expected(&self, slot: Option<&Slot>, expected: Option<Version>, write: Write<'_>) -> bool {
        let deletes = write == Write::Delete;
        let (Some(slot), Some(expected)) = (slot, expected) else {
            return match (slot.is_some(), expected.is_some()) {
                (false, false) => !(deletes && self.is(Defect::DeleteOfNothingIsStale)),
                (true, false) => matches!(self.defect, Defect::Upserts | Defect::CreateUpserts) && !deletes,
                (false, true) => matches!(self.defect, Defect::Upserts | Defect::UpdateInserts) && !deletes,
                (true, true) => unreachable!(),
            };
        };
        let known = self.known.lock().unwrap().get(expected.as_bytes()).cloned();
        match self.defect {
            Defect::Upserts if !deletes => true,
            Defect::DeletesAnyVersion if deletes => true,
            Defect::ComparesBytes => known.is_some_and(|(bytes, _)| bytes == slot.row.bytes),
            Defect::CountsFromOne => known.is_some_and(|(_, writes)| writes == slot.writes),
            Defect::ComparesHalf => slot.row.version.as_bytes()[..8] == expected.as_bytes()[..8],
            _ => slot.row.version == expected,
        }
    }

    fn write(&self, rows: &mut Rows, key: [u8; 16], write: Write<'_>) {
        let Write::Put { version, bytes, expires_at } = write else {
            rows.remove(&key);
            return;
        };
        let old = rows.get(&key);
        let writes = old.map_or(0, |old| old.writes) + 1;
        let made =
            old.map_or_else(|| rows.values().map(|slot| slot.made).max().unwrap_or(0) + 1, |old| old.made);
        let expires_at = match old {
            Some(old) if self.is(Defect::KeepsFirstExpiry) => old.expires_at,
            _ => self.stored_expiry(expires_at),
        };
        let row = Row { version, bytes: self.stored_bytes(bytes) };
        self.known.lock().unwrap().insert(*version.as_bytes(), (row.bytes.clone(), writes));
        rows.insert(key, Slot { row, expires_at, writes, made });
        if self.is(Defect::Evicts) && rows.len() > 100 {
            let oldest = rows.iter().min_by_key(|(_, slot)| slot.made).map(|(key, _)| *key);
            rows.remove(&oldest.unwrap());
        }
    }
}

impl Store for Bad {
    fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        let mut keys: Vec<_> = keys.iter().map(|key| self.stored_key(key)).collect();
        if self.is(Defect::LoadsWithoutGaps) && keys.len() > 1 {
            keys.sort_unstable();
            keys.dedup();
            return Ok(keys.into_iter().map(|key| self.read(key)).filter(Option::is_some).collect());
        }
        Ok(keys.into_iter().map(|key| self.read(key)).collect())
    }

    fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        let key = self.stored_key(key);
        let own = self.is(Defect::LockOfItsOwn).then(|| self.cache.lock().unwrap());
        let mut rows = self.rows.lock().unwrap();
        self.sweep(&mut rows);
        let found = self.as_expected(rows.get(&key), expected, write);
        if matches!(self.defect, Defect::CheckThenWrite | Defect::LockOfItsOwn) {
            drop(rows);
            gap();
            rows = self.rows.lock().unwrap();
        }
        if found {
            self.write(&mut rows, key, write);
        }
        drop(own);
        let lies = self.is(Defect::DeleteAlwaysApplied) && write == Write::Delete;
        Ok(if found || lies { Committed::Applied } else { Committed::Stale })
    }
}
