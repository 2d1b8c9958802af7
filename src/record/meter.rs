//! The record of one client and operation: how often it came.
//!
//! One row per client *and operation*, where one per client would do, so that a client's requests to different doors do not contend
//! for one row and the row has no list to bound.

use serde::{Deserialize, Serialize};

use super::RecordKind;
use super::codec::Record;
use super::ledger::settle_clock;
use crate::policy::Policy;
use crate::throttle::Log;
use crate::{Operation, Timestamp};

/// The requests of one client to one operation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Meter {
    seen: Timestamp,
    pub(crate) requests: Log,
}

impl Record for Meter {
    const KIND: RecordKind = RecordKind::Meter;
}

impl Meter {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self { seen: now, requests: Log::default() }
    }

    /// The time to judge by, and whether the clock was rebased so that the record must be written.
    pub(crate) fn settle(&mut self, policy: &Policy, now: Timestamp) -> (Timestamp, bool) {
        let clock = settle_clock(&mut self.seen, policy, now);
        if let Some((from, to)) = clock.shift {
            self.requests.rebase(from, to);
        }
        (clock.now, clock.shift.is_some())
    }

    /// When the row may be swept. A sweeping node's clock may be ahead of the clocks that wrote it.
    pub(crate) fn expires_at(&self, policy: &Policy, operation: Operation) -> Timestamp {
        let forgotten = self.seen.max(self.requests.forgotten_at(policy.client_rules(operation)));
        forgotten.saturating_add(policy.settings().clock_tolerance)
    }
}
