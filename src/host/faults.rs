//! A store that fails when it is told to, for tests of a host.
//!
//! Networks lose answers. The two failures that matter are alike from outside: a commit that never took effect, and
//! one that did and whose answer was lost. A host that treats them alike, as the core does (law 10: any error is "not
//! authenticated", and nothing is given back), is right in both; this store shows it, call by call.

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::host::{Committed, Row, Store, StoreError, Write};
use crate::record::{RecordKey, Version};

/// What goes wrong in one call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// An error, and nothing was done: the store was not reached.
    FailBefore,
    /// An error after all was done: the answer was lost. Of a load, which changes nothing, the same as
    /// [`FailBefore`](Self::FailBefore).
    FailAfter,
    /// A commit is `Stale` though the row is as expected, and nothing was done: another node was there in between, and
    /// put things back. A load is served.
    Stale,
    /// The store is full: [`StoreError::Full`], and nothing was done. A load is served.
    Full,
}

/// Which calls go wrong, and how. Calls are counted from 0, loads and commits together, in the order they come.
///
/// ```
/// use countersign::host::{Fault, Plan};
/// let plan = Plan::new().fail_at(1, Fault::FailAfter).fail_at(4, Fault::Stale);
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    faults: BTreeMap<usize, Fault>,
}

impl Plan {
    /// A plan in which nothing goes wrong.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The plan with `fault` in the call of that number; the last word on a call counts.
    #[must_use]
    pub fn fail_at(mut self, call_index: usize, fault: Fault) -> Self {
        self.faults.insert(call_index, fault);
        self
    }
}

/// A store that follows a [`Plan`] of failures and counts its calls.
///
/// ```
/// use countersign::host::{Committed, Fault, FaultyStore, MemoryStore, Plan, Store, Write};
/// use countersign::record::{RecordKey, RecordKind, Version};
///
/// let store = FaultyStore::new(MemoryStore::new(), Plan::new().fail_at(0, Fault::FailAfter));
/// let key = RecordKey::new(RecordKind::Visitor, [7; 15]);
/// let version = Version::from_bytes([1; 16]);
///
/// let answer = store.commit(&key, None, Write::Put { version, bytes: b"row", expires_at: None });
/// assert!(answer.is_err(), "so the caller cannot know,");
/// let row = store.load(&[key])?.remove(0);
/// assert_eq!(row.map(|row| row.version), Some(version), "but it took effect");
/// assert_eq!((store.loads(), store.commits()), (1, 1));
/// # Ok::<(), countersign::host::StoreError>(())
/// ```
#[derive(Debug)]
pub struct FaultyStore<S> {
    store: S,
    plan: Plan,
    calls: AtomicUsize,
    loads: AtomicUsize,
    commits: AtomicUsize,
}

impl<S> FaultyStore<S> {
    /// `store`, with the failures of `plan`.
    pub const fn new(store: S, plan: Plan) -> Self {
        Self {
            store,
            plan,
            calls: AtomicUsize::new(0),
            loads: AtomicUsize::new(0),
            commits: AtomicUsize::new(0),
        }
    }

    /// How many loads there were, failed ones among them.
    #[must_use]
    pub fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    /// How many commits there were, failed and stale ones among them.
    #[must_use]
    pub fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }

    /// The store itself, to look at without a failure and without being counted.
    pub const fn inner(&self) -> &S {
        &self.store
    }

    /// The fault of the call that begins, which `counter` counts.
    fn begin(&self, counter: &AtomicUsize) -> Option<Fault> {
        counter.fetch_add(1, Ordering::SeqCst);
        self.plan.faults.get(&self.calls.fetch_add(1, Ordering::SeqCst)).copied()
    }
}

impl<S: Store> Store for FaultyStore<S> {
    fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        match self.begin(&self.loads) {
            Some(Fault::FailBefore | Fault::FailAfter) => Err(planned()),
            Some(Fault::Stale | Fault::Full) | None => self.store.load(keys),
        }
    }

    fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        match self.begin(&self.commits) {
            Some(Fault::FailBefore) => Err(planned()),
            Some(Fault::FailAfter) => self.store.commit(key, expected, write).and(Err(planned())),
            Some(Fault::Stale) => Ok(Committed::Stale),
            Some(Fault::Full) => Err(StoreError::Full),
            None => self.store.commit(key, expected, write),
        }
    }
}

fn planned() -> StoreError {
    StoreError::Failed("as planned".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::MemoryStore;
    use crate::record::RecordKind;

    const KEY: RecordKey = RecordKey::new(RecordKind::Visitor, [1; 15]);

    fn version(n: u8) -> Version {
        Version::from_bytes([n; 16])
    }

    fn put(n: u8) -> Write<'static> {
        Write::Put { version: version(n), bytes: b"row", expires_at: None }
    }

    fn held(store: &FaultyStore<MemoryStore>) -> Option<Version> {
        store.inner().load(&[KEY]).unwrap().remove(0).map(|row| row.version)
    }

    #[test]
    fn each_fault_comes_in_its_call_and_does_what_it_says() {
        let plan = Plan::new()
            .fail_at(0, Fault::FailBefore)
            .fail_at(2, Fault::FailAfter)
            .fail_at(3, Fault::Stale)
            .fail_at(4, Fault::Full)
            .fail_at(6, Fault::FailAfter)
            .fail_at(7, Fault::Stale);
        let store = FaultyStore::new(MemoryStore::new(), plan);

        assert_eq!(store.commit(&KEY, None, put(1)), Err(planned()));
        assert_eq!(held(&store), None);
        assert_eq!(store.commit(&KEY, None, put(1)), Ok(Committed::Applied));
        assert_eq!(store.commit(&KEY, Some(version(1)), put(2)), Err(planned()));
        assert_eq!(held(&store), Some(version(2)), "the answer was lost, not the write");
        assert_eq!(store.commit(&KEY, Some(version(2)), put(3)), Ok(Committed::Stale));
        assert_eq!(store.commit(&KEY, Some(version(2)), put(3)), Err(StoreError::Full));
        assert_eq!(held(&store), Some(version(2)));
        assert_eq!(store.commit(&KEY, Some(version(2)), put(3)), Ok(Committed::Applied));
        assert_eq!(store.load(&[KEY]), Err(planned()));
        assert!(store.load(&[KEY]).unwrap()[0].is_some(), "what is for commits leaves a load alone");
        assert_eq!((store.loads(), store.commits()), (2, 6));
    }

    /// A lost answer to a commit that was refused is still no more than an error.
    #[test]
    fn a_lost_answer_hides_a_refusal_too() {
        let store = FaultyStore::new(MemoryStore::new(), Plan::new().fail_at(0, Fault::FailAfter));
        assert_eq!(store.commit(&KEY, Some(version(9)), put(1)), Err(planned()));
        assert_eq!(held(&store), None);
    }
}
