//! What the model says of when things end: deadlines, and rows that may be swept.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use core::time::Duration;

use countersign::*;

use super::answer::Door;
use super::limits::{self, ms};
use super::model::{Model, Record, Session};

impl Model {
    /// Whether a session is there, as far as a clock that never fell back can tell.
    pub fn is_live(&self, session: usize, wall: i128) -> bool {
        let Session { ends, over, .. } = self.sessions[session];
        !over && wall < ends
    }

    /// The store drops what has expired by a clock that says `wall`; a row that another node wrote may have a time that
    /// is later by the tolerance.
    pub fn sweep(&mut self, wall: i128) -> usize {
        let kept = ms(self.settings.clock_tolerance);
        let dropped = |record: &usize| {
            let Record { gone, seen, ahead, door } = self.records[*record];
            let matters = self.matters_until(*record).max(seen) - ahead + kept;
            !gone && !matches!(door, Door::Account(_)) && matters <= wall
        };
        let dropped: Vec<usize> = (0..self.records.len()).filter(dropped).collect();
        dropped.iter().for_each(|record| self.records[*record].gone = true);
        dropped.len()
    }

    /// Every moment at which some answer may change.
    pub fn deadlines(&self) -> Vec<i128> {
        let mut all = vec![];
        let Settings { sends, guesses, clock_tolerance, .. } = &self.settings;
        let sends = [sends.cooldown, sends.short.window, sends.long.window];
        for (index, record) in self.records.iter().enumerate().filter(|(_, record)| !record.gone) {
            let mut here = vec![self.matters_until(index), self.matters_until(index) + ms(*clock_tolerance)];
            let sent = self.sent.iter().filter(|sent| sent.record == index);
            here.extend(sent.flat_map(|sent| sends.map(|window| sent.at + ms(window))));
            let wrong = self.wrong(index);
            here.extend(
                wrong.iter().flat_map(|at| [guesses.free, guesses.long].map(|limit| at + ms(limit.window))),
            );
            let lock = limits::lock(guesses, &wrong);
            here.extend(lock.iter().flat_map(|(_, end)| [*end, end + ms(guesses.forget_lock_after)]));
            for session in self.sessions.iter().filter(|session| session.record == index && !session.over) {
                here.extend(session.codes.iter().map(|code| code.ends).chain([session.ends]));
                here.extend(session.link.iter().map(|(ends, _)| *ends));
            }
            all.extend(here.into_iter().map(|at| at - record.ahead));
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Until when, in its own time, a record says something that nobody knows without it.
    pub(super) fn matters_until(&self, record: usize) -> i128 {
        let Settings { sends, guesses, clients, .. } = &self.settings;
        let door = self.records[record].door;
        let further =
            clients.further.iter().filter(|(of, _)| matches!(door, Door::Meter(_, asked) if asked == *of));
        let requests = further.map(|(_, limit)| limit.window).fold(clients.every.window, Duration::max);
        let asked = self.requests.iter().filter(|(of, _)| *of == record).map(|(_, at)| at + ms(requests));
        let kept = sends.cooldown.max(sends.short.window).max(sends.long.window);
        let sent = self.sent.iter().filter(|sent| sent.record == record).map(|sent| sent.at + ms(kept));
        let wrong = self.wrong(record);
        let lock = limits::lock(guesses, &wrong).map(|(_, end)| end + ms(guesses.forget_lock_after));
        let wrong = wrong.iter().map(|at| at + ms(guesses.long.window.max(guesses.free.window)));
        let sessions = || self.sessions.iter().filter(|s| s.record == record);
        let live = sessions().filter(|s| !s.over).map(|s| s.ends);
        // Spent or not: how full the list is must not tell that one was used.
        let links = sessions().filter_map(|s| s.link).map(|(ends, _)| ends);
        asked
            .chain(sent)
            .chain(lock)
            .chain(wrong)
            .chain(live)
            .chain(links)
            .max()
            .unwrap_or(i128::from(i64::MIN))
    }
}
