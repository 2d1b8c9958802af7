//! Hosts that are broken on purpose: for each law at least one that the checker must find out.

use std::collections::BTreeMap;

use countersign::record::{RecordKey, RecordKind};

/// What is wrong with the host. Numbers are those of requests.
#[derive(Clone, Debug, Default)]
pub(super) enum Bend {
    #[default]
    None,
    /// The store writes whatever version was expected.
    BlindStore,
    /// The outcome is told before the commit was sent.
    ToldBeforeCommitted,
    /// The store answers one request from a copy of long ago, and lets it write.
    OldCopy { by: usize, rows: BTreeMap<RecordKey, u32> },
    /// A request's turns write the account's record beside their own.
    AlsoWritesAccount { by: usize },
    /// The store says that a request's row of a kind was written, and it was not.
    Forgets { by: usize, kind: RecordKind },
    /// On the second side, requests of that number write nothing.
    SkipsForUnknown { by: usize },
    /// A commit that failed is taken for one that succeeded.
    CarriesOnAfterFailure,
    /// A request that was cut off is told its end all the same.
    TellsAfterCrash,
    /// The clock that requests see is behind by a millisecond.
    ClockBehind,
    /// The sweep takes rows that have not expired.
    SweepsEarly,
    /// The hasher takes any password for the right one.
    AnyPassword,
}

impl Bend {
    pub(super) fn replica(&self, by: usize, key: &RecordKey) -> Option<Option<u32>> {
        match self {
            Self::OldCopy { by: bent, rows } if *bent == by => Some(rows.get(key).copied()),
            _ => None,
        }
    }

    pub(super) fn is_blind(&self, by: usize) -> bool {
        match self {
            Self::BlindStore => by != usize::MAX,
            Self::OldCopy { by: bent, .. } => *bent == by,
            _ => false,
        }
    }

    pub(super) fn forgets(&self, by: usize, key: &RecordKey) -> bool {
        matches!(self, Self::Forgets { by: bent, kind } if *bent == by && key.kind() == Some(*kind))
    }

    pub(super) fn writes_account(&self, by: usize) -> bool {
        matches!(self, Self::AlsoWritesAccount { by: bent } if *bent == by)
    }
}
