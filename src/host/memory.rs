//! A store in memory: for tests, for one process that may forget on restart, and as the yardstick for other stores.
//!
//! What an attacker could gain if this were wrong: a table that evicts under pressure gives guesses back to whoever
//! floods it (B086), and one that never shrinks is a way to exhaust the host's memory (B087). So rows are never
//! evicted: a full store refuses *new* rows, and only [`MemoryStore::sweep`] takes rows away, only past their expiry.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{BuildHasher, Hasher};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::sync::{Mutex, MutexGuard};

use crate::Timestamp;
use crate::host::{Committed, Row, Store, StoreError, Write};
use crate::record::{MAX_RECORD_BYTES, RecordKey, Version};

/// A [`Store`] that keeps its rows in memory, bounded in number.
///
/// It forgets everything when it is dropped. For sign-in that means that a restart gives every guess back, so a
/// deployment that faces strangers wants a durable store, such as `countersign-sqlite`.
///
/// Memory: a row takes about 100 bytes and its record, typically 100 to 400 bytes and never more than
/// [`MAX_RECORD_BYTES`].
///
/// ```
/// use countersign::host::{Committed, MemoryStore, Store, Write};
/// use countersign::record::{RecordKey, RecordKind, Version};
///
/// let store = MemoryStore::new();
/// let key = RecordKey::new(RecordKind::Visitor, [7; 15]);
/// let version = Version::from_bytes([1; 16]);
/// let write = Write::Put { version, bytes: b"record", expires_at: None };
///
/// assert_eq!(store.commit(&key, None, write)?, Committed::Applied);
/// assert_eq!(store.commit(&key, None, write)?, Committed::Stale, "there is a row now");
/// assert_eq!(store.load(&[key])?[0].as_ref().map(|row| row.version), Some(version));
/// # Ok::<(), countersign::host::StoreError>(())
/// ```
pub struct MemoryStore {
    shards: [Shard; SHARDS],
    /// Picks the shard and, within it, the bucket.
    mixing: Mixing,
    /// Rows in all shards together. Raised before a row is inserted, lowered after it is gone: never too small.
    rows: AtomicUsize,
    limit: usize,
}

impl MemoryStore {
    /// The number of rows a store takes unless it is told another: one million.
    pub const DEFAULT_CAPACITY_LIMIT: usize = 1_000_000;

    /// An empty store for at most [`DEFAULT_CAPACITY_LIMIT`](Self::DEFAULT_CAPACITY_LIMIT) rows.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity_limit(Self::DEFAULT_CAPACITY_LIMIT)
    }

    /// An empty store for at most `rows` rows; one of zero rows is always full. Nothing is allocated yet.
    ///
    /// ```
    /// use countersign::host::{MemoryStore, Store, StoreError, Write};
    /// use countersign::record::{RecordKey, RecordKind, Version};
    ///
    /// let store = MemoryStore::with_capacity_limit(1);
    /// let write = Write::Put { version: Version::from_bytes([1; 16]), bytes: b"", expires_at: None };
    /// let _ = store.commit(&RecordKey::new(RecordKind::Visitor, [1; 15]), None, write)?;
    /// let refused = store.commit(&RecordKey::new(RecordKind::Visitor, [2; 15]), None, write);
    /// assert_eq!(refused, Err(StoreError::Full));
    /// # Ok::<(), StoreError>(())
    /// ```
    #[must_use]
    pub fn with_capacity_limit(rows: usize) -> Self {
        let random = RandomState::new();
        let mixing = Mixing { low: random.hash_one(0_u8), high: random.hash_one(1_u8) };
        Self {
            shards: core::array::from_fn(|_| Shard(Mutex::new(HashMap::with_hasher(mixing)))),
            mixing,
            rows: AtomicUsize::new(0),
            limit: rows,
        }
    }

    /// Removes the rows whose `expires_at` is at or before `now`, and says how many.
    ///
    /// Rows without an expiry, or with [`Timestamp::MAX`], stay. The host runs it now and then (every few minutes is
    /// plenty; the core judges expiry by itself). One call looks at every row, a shard at a time, so that others wait
    /// for no more than a fraction of it, and gives back memory that has become idle (B087).
    ///
    /// `now` must not run ahead: what is swept because a clock jumped forward is forgotten, and its guesses with it.
    ///
    /// ```
    /// use countersign::Timestamp;
    /// use countersign::host::{MemoryStore, Store, Write};
    /// use countersign::record::{RecordKey, RecordKind, Version};
    ///
    /// let store = MemoryStore::new();
    /// let expires_at = Some(Timestamp::from_unix_seconds(900));
    /// let write = Write::Put { version: Version::from_bytes([1; 16]), bytes: b"", expires_at };
    /// let _ = store.commit(&RecordKey::new(RecordKind::Visitor, [1; 15]), None, write)?;
    /// assert_eq!(store.sweep(Timestamp::from_unix_millis(899_999)), 0);
    /// assert_eq!(store.sweep(Timestamp::from_unix_millis(900_000)), 1);
    /// assert!(store.is_empty());
    /// # Ok::<(), countersign::host::StoreError>(())
    /// ```
    pub fn sweep(&self, now: Timestamp) -> usize {
        let mut removed = 0_usize;
        for shard in &self.shards {
            // A shard that cannot be trusted answers every load and commit with an error; its rows no longer matter.
            let Ok(mut rows) = shard.lock() else { continue };
            let before = rows.len();
            rows.retain(|_, slot| slot.expires_at == Timestamp::MAX || slot.expires_at > now);
            let gone = before.saturating_sub(rows.len());
            // Only when three quarters are idle, so that a table that breathes is not rebuilt at every sweep.
            let kept = rows.len().saturating_mul(2);
            if rows.capacity() > kept.saturating_mul(2) {
                rows.shrink_to(kept);
            }
            drop(rows);
            self.rows.fetch_sub(gone, Ordering::Relaxed);
            removed = removed.saturating_add(gone);
        }
        removed
    }

    /// How many rows it holds, expired ones that were not swept among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }

    /// Whether it holds no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, key: u128) -> Result<MutexGuard<'_, Rows>, StoreError> {
        // The table inside takes its buckets from the hash's low bits and its tags from the highest seven; the shard
        // comes from bits between, so that the rows of one shard still spread over all of its buckets.
        let [_, _, _, _, between, _, _, _] = self.mixing.mix(key).to_le_bytes();
        self.shards.get(usize::from(between) & (SHARDS - 1)).ok_or_else(poisoned)?.lock()
    }

    /// Takes the room of one row, unless the store is full.
    fn reserve(&self) -> Result<(), StoreError> {
        self.rows
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |rows| {
                if rows < self.limit { rows.checked_add(1) } else { None }
            })
            .map_or(Err(StoreError::Full), |_| Ok(()))
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

/// How full it is; no row and no key.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("rows", &self.len()).field("limit", &self.limit).finish()
    }
}

impl Store for MemoryStore {
    fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        // One lock at a time: two at once could deadlock with a load of the same keys in the other order.
        keys.iter()
            .map(|key| {
                let key = number(key);
                let rows = self.shard(key)?;
                Ok(rows.get(&key).map(|slot| Row { version: slot.version, bytes: slot.bytes.clone() }))
            })
            .collect()
    }

    fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        if let Write::Put { bytes, .. } = write
            && bytes.len() > MAX_RECORD_BYTES
        {
            return Err(StoreError::Failed("the record is longer than a row may be".to_string()));
        }
        let key = number(key);
        let mut rows = self.shard(key)?;
        // The lock is held from the comparison to the end of the write.
        match (rows.entry(key), expected, write) {
            (Entry::Vacant(gap), None, Write::Put { version, bytes, expires_at }) => {
                self.reserve()?;
                let expires_at = expires_at.unwrap_or(Timestamp::MAX);
                gap.insert(Slot { version, expires_at, bytes: bytes.to_vec() });
            }
            (Entry::Vacant(_), None, Write::Delete) => {}
            (Entry::Occupied(mut row), Some(expected), Write::Put { version, bytes, expires_at })
                if row.get().version == expected =>
            {
                let slot = row.get_mut();
                slot.version = version;
                slot.expires_at = expires_at.unwrap_or(Timestamp::MAX);
                slot.bytes.clear();
                // The allocation is used again, unless the row was once much longer.
                slot.bytes.shrink_to(bytes.len().saturating_mul(4));
                slot.bytes.extend_from_slice(bytes);
            }
            (Entry::Occupied(row), Some(expected), Write::Delete) if row.get().version == expected => {
                row.remove();
                self.rows.fetch_sub(1, Ordering::Relaxed);
            }
            _ => return Ok(Committed::Stale),
        }
        Ok(Committed::Applied)
    }
}

/// Enough that a handful of threads seldom meet, few enough that an empty store is small. A power of two.
const SHARDS: usize = 32;

type Rows = HashMap<u128, Slot, Mixing>;

/// On a cache line of its own, so that threads at different shards do not slow each other down.
#[repr(align(64))]
struct Shard(Mutex<Rows>);

impl Shard {
    fn lock(&self) -> Result<MutexGuard<'_, Rows>, StoreError> {
        self.0.lock().map_err(|_| poisoned())
    }
}

struct Slot {
    version: Version,
    /// [`Timestamp::MAX`] for a row that is never swept.
    expires_at: Timestamp,
    bytes: Vec<u8>,
}

/// A thread died while it held the lock: whether its write is whole is unknown, so nothing is answered from it.
fn poisoned() -> StoreError {
    StoreError::Failed("a thread panicked while it held the store".to_string())
}

fn number(key: &RecordKey) -> u128 {
    u128::from_ne_bytes(*key.as_bytes())
}

/// A hash of one multiplication, in place of the standard one's keyed rounds.
///
/// It is fair because a key is already the output of a keyed digest: whoever does not have the locator key cannot
/// choose two that collide. Two random words that never leave the process keep it so even for keys that were chosen,
/// and the multiplication spreads keys that only count upwards, as those in tests do.
#[derive(Clone, Copy)]
struct Mixing {
    low: u64,
    high: u64,
}

impl Mixing {
    #[expect(clippy::cast_possible_truncation, reason = "halves of a 128-bit number")]
    fn mix(self, key: u128) -> u64 {
        let (low, high) = (key as u64 ^ self.low, (key >> 64) as u64 ^ self.high);
        let product = u128::from(low).wrapping_mul(u128::from(high));
        product as u64 ^ (product >> 64) as u64
    }
}

impl BuildHasher for Mixing {
    type Hasher = Mixed;
    fn build_hasher(&self) -> Mixed {
        Mixed { mixing: *self, hash: 0 }
    }
}

struct Mixed {
    mixing: Mixing,
    hash: u64,
}

impl Hasher for Mixed {
    fn write_u128(&mut self, key: u128) {
        self.hash = self.mixing.mix(key);
    }

    /// Never called, since a `u128` hashes itself by the method above; right all the same.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = self.mixing.mix(u128::from(self.hash) << 64 | u128::from(*byte));
        }
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::RecordKind;

    fn key(n: usize) -> RecordKey {
        let mut digest = [0; 15];
        digest[..8].copy_from_slice(&(n as u64).to_le_bytes());
        RecordKey::new(RecordKind::Visitor, digest)
    }

    fn version(n: usize) -> Version {
        Version::from_bytes((n as u128).to_le_bytes())
    }

    fn put(
        store: &MemoryStore,
        n: usize,
        expected: Option<Version>,
        to: usize,
    ) -> Result<Committed, StoreError> {
        let expires_at = Some(Timestamp::from_unix_seconds(n as i64));
        store.commit(&key(n), expected, Write::Put { version: version(to), bytes: &[1; 200], expires_at })
    }

    /// B086: a flood of other people's rows does not make the store forget one.
    #[test]
    fn a_full_store_refuses_new_rows_and_changes_those_it_has() {
        let store = MemoryStore::with_capacity_limit(100);
        for n in 0..100 {
            assert_eq!(put(&store, n, None, 1), Ok(Committed::Applied));
        }
        for n in 100..10_000 {
            assert_eq!(put(&store, n, None, 1), Err(StoreError::Full));
        }
        assert_eq!(store.len(), 100);
        for n in 0..100 {
            assert_eq!(put(&store, n, Some(version(1)), 2), Ok(Committed::Applied));
            assert_eq!(put(&store, n, None, 1), Ok(Committed::Stale), "a row that is there is not new");
        }
        assert_eq!(store.commit(&key(5), Some(version(2)), Write::Delete), Ok(Committed::Applied));
        assert_eq!(put(&store, 100, None, 1), Ok(Committed::Applied), "room for one again");
        assert_eq!(put(&store, 101, None, 1), Err(StoreError::Full));
    }

    /// B087: what is expired goes, what is not stays, and the memory comes back.
    #[test]
    fn a_sweep_brings_the_size_back_to_what_is_alive() {
        let store = MemoryStore::new();
        for n in 1..=20_000 {
            assert_eq!(put(&store, n, None, 1), Ok(Committed::Applied));
        }
        let forever = Write::Put { version: version(1), bytes: &[], expires_at: Some(Timestamp::MAX) };
        assert_eq!(store.commit(&key(0), None, forever), Ok(Committed::Applied));

        assert_eq!(store.sweep(Timestamp::from_unix_seconds(19_990)), 19_990);
        assert_eq!(store.len(), 11);
        for n in [0, 19_991, 20_000] {
            assert!(store.load(&[key(n)]).unwrap()[0].is_some(), "{n}");
        }
        assert!(store.load(&[key(19_990)]).unwrap()[0].is_none());
        let room: usize = store.shards.iter().map(|shard| shard.lock().unwrap().capacity()).sum();
        assert!(room < 500, "room for {room} rows is still held");
        assert_eq!(store.sweep(Timestamp::MAX), 10, "the one that never expires stays");
    }

    #[test]
    fn a_row_longer_than_a_record_may_be_is_refused() {
        let store = MemoryStore::new();
        let long = alloc::vec![0; MAX_RECORD_BYTES + 1];
        let write = Write::Put { version: version(1), bytes: &long, expires_at: None };
        assert!(matches!(store.commit(&key(1), None, write), Err(StoreError::Failed(_))));
        assert!(store.is_empty());
    }

    #[test]
    fn a_poisoned_lock_is_an_error_and_not_a_panic() {
        let store = MemoryStore::new();
        assert_eq!(put(&store, 1, None, 1), Ok(Committed::Applied));
        std::thread::scope(|scope| {
            let died = scope.spawn(|| {
                let _held = store.shard(number(&key(1)));
                panic!("poison");
            });
            assert!(died.join().is_err());
        });
        assert!(matches!(store.load(&[key(1)]), Err(StoreError::Failed(_))));
        assert!(matches!(put(&store, 1, Some(version(1)), 2), Err(StoreError::Failed(_))));
        assert_eq!(store.sweep(Timestamp::from_unix_millis(i64::MAX - 1)), 0);
    }

    #[test]
    fn keys_that_count_upwards_spread_over_the_shards() {
        let store = MemoryStore::new();
        for n in 0..32_000 {
            assert_eq!(put(&store, n, None, 1), Ok(Committed::Applied));
        }
        for shard in &store.shards {
            let rows = shard.lock().unwrap().len();
            assert!((500..2000).contains(&rows), "{rows} rows in one shard");
        }
    }

    #[test]
    fn debug_shows_no_row() {
        let store = MemoryStore::new();
        assert_eq!(put(&store, 1, None, 1), Ok(Committed::Applied));
        assert_eq!(alloc::format!("{store:?}"), "MemoryStore { rows: 1, limit: 1000000 }");
    }
}
