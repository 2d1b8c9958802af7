//! What may differ: the exceptions of `docs/laws.md`, each as narrow as it is stated there.
//!
//! **Somebody came.** The owner's own right password writes the record at the door, too. It leaves the counters alone; but what had expired is
//! erased by it, and a clock that goes back afterwards is judged by its time. Any stranger's request does the same, so that it tells that
//! somebody came, not who. Where the owner came in one world alone, until a request writes that record in both:
//! * what is told, mailed, hashed and read is the same all the same;
//! * a request that only erases what has expired may write the record in one world and not in the other; after it both are of one shape,
//!   or one is the empty row that the owner left and the other is none;
//! * the clock does not go back before that time.
//!
//! **A right code** ends its own session, which is one place less in the list. In the other world whoever holds that session gives it up at that
//! moment, as any stranger might; from then on all is the same.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub, reason = "tests")]

use countersign::record::RecordKind;
use countersign::{OtpSession, Ticket, Timestamp};

use super::homes::Scene;
use super::owner::door;
use super::trace::Trace;
use crate::common::World;
use crate::otp::drive::Stage;

/// When the owner came to the door in one world alone, if what that left still differs.
#[derive(Clone, Copy, Default, Debug)]
pub struct Came(Option<Timestamp>);

impl Came {
    pub fn note(&mut self, at: Timestamp, came: [bool; 2]) {
        if came[0] != came[1] {
            self.0 = Some(self.0.map_or(at, |before| before.max(at)));
        }
    }

    /// The time to which a clock may go.
    pub fn clock(self, to: Timestamp) -> Timestamp {
        self.0.map_or(to, |at| at.max(to))
    }

    pub const fn shows(self) -> bool {
        self.0.is_some()
    }

    /// Whether what shows is the same, but for what is allowed.
    pub fn same(&mut self, traces: [&Trace; 2], worlds: [&World; 2]) -> bool {
        if traces[0] == traces[1] {
            if traces[0].written.iter().any(|row| row.key == door().0 && row.put.is_some()) {
                self.0 = None;
            }
            return true;
        }
        let [here, there] = worlds.map(row);
        let empty =
            |row: Option<(usize, Option<Timestamp>)>| row.is_none_or(|(length, _)| length == door().1);
        self.shows()
            && without_the_door(traces[0]) == without_the_door(traces[1])
            && (here == there || empty(here) && empty(there))
    }
}

/// In a world where the code that was right in the other one was not typed: its session is given up.
pub fn given_up(scene: &Scene, session: &Ticket<OtpSession>) {
    let _ = scene.world.cancel(session);
}

/// The record at the door as it is stored.
fn row(world: &World) -> Option<(usize, Option<Timestamp>)> {
    let rows = world.seen.rows.lock().unwrap();
    rows.get(&door().0).map(|(row, expires_at)| (row.bytes.len(), *expires_at))
}

/// A trace without the one commit to the record at the door.
fn without_the_door(trace: &Trace) -> Trace {
    let mut trace = trace.clone();
    let at = trace.stages.iter().position(|stage| *stage == Stage::Commit(RecordKind::Visitor));
    if let Some(at) = at.filter(|_| trace.written.iter().any(|row| row.key == door().0)) {
        let commits = trace.stages.iter().take(at).filter(|it| matches!(it, Stage::Commit(_))).count();
        let mut calls = trace.calls.iter().enumerate().filter(|(_, call)| **call == "commit");
        let call = calls.nth(commits).map(|(at, _)| at);
        let _ = trace.stages.remove(at);
        let _ = call.map(|at| trace.calls.remove(at));
        trace.written.retain(|row| row.key != door().0);
    }
    trace.deadlines.clear();
    trace
}
