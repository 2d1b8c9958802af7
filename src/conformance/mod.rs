//! The suite that a store must pass (feature `conformance`).
//!
//! Everything the library promises about guesses, codes and tickets stands on the [`Store`] contract: one row, written
//! only if it is unchanged, in one indivisible step. This suite is that contract as cases. It needs a [`Factory`] that
//! makes fresh stores, takes a few seconds, and uses real threads and the real clock:
//!
//! ```
//! use countersign::conformance::{Factory, run};
//! use countersign::host::MemoryStore;
//!
//! struct InMemory;
//!
//! impl Factory for InMemory {
//!     type Store = MemoryStore;
//!     fn fresh(&self) -> MemoryStore {
//!         MemoryStore::new()
//!     }
//!     fn reopen(&self, _: MemoryStore) -> Option<MemoryStore> {
//!         None // forgets on restart, by design
//!     }
//! }
//!
//! let report = run(&InMemory);
//! println!("{report}");
//! report.assert();
//! ```
//!
//! What an attacker could gain from a store that fails: guesses that run in parallel count as one, a code is spent
//! twice, a lock is forgotten. A store that passes can still be wrong (races are found by trying); one that fails is.
//! A store that blocks for ever makes the suite do so as well.
//!
//! Give the factory [`Factory::another`] wherever several processes or nodes share the rows: a store that takes its
//! lock in its own process passes every other case.

mod bytes;
mod check;
mod lifetime;
mod machine;
#[cfg(test)]
mod planted;
mod races;
mod rows;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::host::Store;
use check::{Stop, Verdict};

/// Makes the stores that the cases are run on.
///
/// The methods may panic when they cannot do it (no database to be reached): each case says so of itself.
pub trait Factory {
    /// The store on trial.
    type Store: Store;

    /// A store without rows, apart from every other one this factory made.
    fn fresh(&self) -> Self::Store;

    /// Closes the store and opens the same rows again, as after a restart. `None` where it keeps nothing, by design:
    /// the cases of durability are then skipped.
    fn reopen(&self, store: Self::Store) -> Option<Self::Store>;

    /// A second handle on the rows of `store`, as another process or node would have: a connection of its own, and
    /// no memory shared with the first. `None`, which is the default, skips the cases that need one.
    fn another(&self, store: &Self::Store) -> Option<Self::Store> {
        let _ = store;
        None
    }
}

/// How one case ended.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Case {
    /// What the case shows, in snake case; the same from release to release.
    pub name: &'static str,
    /// What went wrong, for the implementor to read. A case that was skipped is `Ok`.
    pub result: Result<(), String>,
    /// Why it was not run, if it was not.
    pub skipped: Option<&'static str>,
}

/// How every case ended, in the order in which they ran. Its [`Display`](fmt::Display) is a table of one line each.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[must_use = "a report is read, or at least asserted"]
pub struct Report {
    /// The cases.
    pub cases: Vec<Case>,
}

impl Report {
    /// The cases that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Case> {
        self.cases.iter().filter(|case| case.result.is_err())
    }

    /// Ends a test: nothing happens if no case failed.
    ///
    /// # Panics
    /// With the whole table, if one failed.
    #[track_caller]
    #[expect(clippy::panic, reason = "for tests, where this is how one fails")]
    pub fn assert(&self) {
        if self.failures().next().is_some() {
            panic!("the store breaks its contract:\n{self}");
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.cases.iter().map(|case| case.name.len()).max().unwrap_or(0);
        self.cases.iter().try_for_each(|case| match (&case.result, case.skipped) {
            (Err(why), _) => writeln!(f, "{:width$}  FAILED   {why}", case.name),
            (Ok(()), Some(why)) => writeln!(f, "{:width$}  skipped  {why}", case.name),
            (Ok(()), None) => writeln!(f, "{:width$}  ok", case.name),
        })
    }
}

/// Tries every case, each on a fresh store. A case that panics has failed; the others still run.
pub fn run<F: Factory>(factory: &F) -> Report {
    Report { cases: table().into_iter().map(|row| judge(factory, row)).collect() }
}

fn judge<F: Factory>(factory: &F, (name, case): Row<F>) -> Case {
    // The store of a case that panicked is dropped with it, so that nothing half done is looked at again.
    let ended = catch_unwind(AssertUnwindSafe(|| case(factory)))
        .unwrap_or_else(|_| Err(Stop::Failed("the store or its factory panicked".to_string())));
    match ended {
        Ok(()) => Case { name, result: Ok(()), skipped: None },
        Err(Stop::Skipped(why)) => Case { name, result: Ok(()), skipped: Some(why) },
        Err(Stop::Failed(why)) => Case { name, result: Err(why), skipped: None },
    }
}

type Row<F> = (&'static str, fn(&F) -> Verdict);

/// Every case under the name of its function. A new case is a function and a line here.
fn table<F: Factory>() -> Vec<Row<F>> {
    macro_rules! cases {
        ($($module:ident: $($case:ident),+;)+) => {
            alloc::vec![$($((stringify!($case), $module::$case::<F> as fn(&F) -> Verdict),)+)+]
        };
    }
    cases! {
        rows:
            a_key_without_a_row_loads_nothing,
            a_row_loads_as_it_was_written,
            a_second_create_is_stale_and_changes_nothing,
            an_old_version_is_stale_and_changes_nothing,
            a_version_that_was_never_written_is_stale,
            a_version_expected_of_a_missing_row_is_stale,
            a_delete_takes_the_row,
            a_delete_with_an_old_version_is_stale_and_changes_nothing,
            a_delete_of_nothing_where_nothing_is_expected_applies,
            a_deleted_row_is_stale_for_its_old_version,
            a_row_made_again_is_not_the_old_one,
            the_same_bytes_under_a_new_version_are_a_new_row,
            several_keys_load_in_order_with_gaps_and_repeats;
        bytes:
            versions_are_compared_in_every_bit,
            versions_are_any_sixteen_bytes,
            keys_are_told_apart_in_every_bit,
            keys_are_any_sixteen_bytes,
            values_have_any_length_up_to_the_limit,
            values_are_bytes_and_not_text;
        lifetime:
            many_rows_push_none_out,
            any_expiry_is_accepted,
            a_row_is_kept_until_it_expires,
            a_later_expiry_replaces_an_earlier_one,
            an_expired_row_can_be_replaced_or_made_again,
            rows_survive_a_restart,
            conditions_hold_after_a_restart;
        races:
            no_increment_is_lost,
            one_of_many_creates_applies,
            one_of_many_deletes_applies,
            one_of_a_put_and_a_delete_applies,
            writers_of_different_rows_do_not_disturb_each_other,
            a_row_read_during_writes_is_whole_and_never_older,
            a_commit_is_seen_through_another_handle,
            no_increment_is_lost_between_handles,
            one_of_many_creates_applies_between_handles,
            one_of_many_deletes_applies_between_handles,
            a_row_read_through_another_handle_is_whole_and_never_older;
        machine:
            parallel_guesses_never_beat_the_budget,
            a_right_code_is_spent_once,
            parallel_resends_never_beat_the_cooldown;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::MemoryStore;

    struct InMemory;

    impl Factory for InMemory {
        type Store = alloc::sync::Arc<MemoryStore>;
        fn fresh(&self) -> Self::Store {
            Self::Store::default()
        }
        fn reopen(&self, _: Self::Store) -> Option<Self::Store> {
            None
        }
        fn another(&self, store: &Self::Store) -> Option<Self::Store> {
            Some(store.clone())
        }
    }

    #[test]
    fn the_store_in_memory_conforms() {
        let report = run(&InMemory);
        report.assert();
        let skipped: Vec<_> =
            report.cases.iter().filter(|case| case.skipped.is_some()).map(|c| c.name).collect();
        assert_eq!(skipped, ["rows_survive_a_restart", "conditions_hold_after_a_restart"]);
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = table::<InMemory>().into_iter().map(|(name, _)| name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn a_report_is_a_table_and_fails_a_test() {
        let report = Report {
            cases: alloc::vec![
                Case { name: "good", result: Ok(()), skipped: None },
                Case { name: "not_run", result: Ok(()), skipped: Some("no reason") },
                Case { name: "bad", result: Err("lost a row".to_string()), skipped: None },
            ],
        };
        let text = "good     ok\nnot_run  skipped  no reason\nbad      FAILED   lost a row\n";
        assert_eq!(report.to_string(), text);
        assert_eq!(report.failures().map(|case| case.name).collect::<Vec<_>>(), ["bad"]);
        assert!(catch_unwind(|| report.assert()).is_err());
    }

    #[test]
    fn a_case_that_panics_has_failed_and_the_others_run() {
        struct Broken;
        impl Factory for Broken {
            type Store = MemoryStore;
            fn fresh(&self) -> MemoryStore {
                panic!("no database")
            }
            fn reopen(&self, _: MemoryStore) -> Option<MemoryStore> {
                None
            }
        }
        let report = run(&Broken);
        assert_eq!(report.failures().count(), table::<Broken>().len());
    }
}
