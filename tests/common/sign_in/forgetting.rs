//! What the model says of when things end: deadlines, and rows that may be swept.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use countersign::*;

use super::model::{Door, Model, Record};
use crate::otp::limits::{self, ms};

impl Model {
    /// The store drops what has expired by a clock that says `wall`; a row that another node wrote may have a time that
    /// is later by the tolerance.
    pub fn sweep(&mut self, wall: i128) -> usize {
        let kept = ms(self.settings.clock_tolerance);
        let dropped = |record: &usize| {
            let Record { gone, seen, ahead, door, .. } = self.records[*record];
            let matters = match door {
                Door::Visitor(_) => Some(self.matters_until(*record).max(seen) + kept),
                // What is left of an account.
                Door::Account(who) => self.accounts[who].as_ref().and_then(|account| account.stays),
            };
            !gone && matters.is_some_and(|until| until - ahead <= wall)
        };
        let dropped: Vec<usize> = (0..self.records.len()).filter(dropped).collect();
        dropped.iter().for_each(|record| self.records[*record].gone = true);
        dropped.len()
    }

    /// Until when, in its own time, a visitor's record says something that nobody knows without it.
    pub(super) fn matters_until(&self, record: usize) -> i128 {
        let Settings { sends, guesses, .. } = &self.settings;
        let kept = sends.cooldown.max(sends.short.window).max(sends.long.window);
        let sent = self.sent.iter().filter(|sent| sent.record == record).map(|sent| sent.at + ms(kept));
        let live = self.by_mail.iter().filter(|it| it.record == record && !it.over).map(|it| it.ends);
        let factors = Factor::ALL.into_iter().flat_map(|factor| {
            let wrong = self.wrong(record, factor, Partition::Strangers);
            let lock = limits::lock(guesses, &wrong).map(|(_, end)| end + ms(guesses.forget_lock_after));
            let kept = ms(guesses.long.window.max(guesses.free.window));
            wrong.into_iter().map(move |at| at + kept).chain(lock)
        });
        let links = self.links.iter().filter(|it| it.record == record).map(|it| it.ends);
        sent.chain(live).chain(links).chain(factors).max().unwrap_or(i128::from(i64::MIN))
    }

    /// Every moment at which some answer may change.
    pub fn deadlines(&self) -> Vec<i128> {
        let mut all = vec![];
        let Settings { sends, guesses, clock_tolerance, sessions, totp, step_up, notices, .. } =
            &self.settings;
        let sends = [sends.cooldown, sends.short.window, sends.long.window];
        for (index, record) in self.records.iter().enumerate().filter(|(_, record)| !record.gone) {
            let mut here = self.ends(index);
            match record.door {
                Door::Visitor(_) => {
                    here.extend([0, ms(*clock_tolerance)].map(|more| self.matters_until(index) + more));
                }
                Door::Account(who) => {
                    for session in self.live_sessions(who, record.seen).map(|at| &self.sessions[at]) {
                        here.push(session.used + ms(sessions.touch));
                        here.extend(session.proven.values().map(|at| at + ms(step_up.max_age)));
                    }
                    let devices = self.devices.iter().filter(|device| device.who == who && !device.over);
                    here.extend(devices.filter_map(|device| device.previous).map(|(_, until)| until));
                    let told = self.accounts[who].iter().flat_map(|account| &account.told);
                    here.extend(told.map(|at| at + ms(notices.window)));
                    let lost = self.accounts[who].iter().filter_map(|account| account.lost.as_ref());
                    here.extend(lost.map(|lost| lost.ready));
                }
            }
            let sent = self.sent.iter().filter(|sent| sent.record == index);
            here.extend(sent.flat_map(|sent| sends.map(|window| sent.at + ms(window))));
            let partitions = [Partition::Strangers, Partition::FirstFactorProven, Partition::TrustedDevice];
            let budgets = Factor::ALL.into_iter().flat_map(|factor| partitions.map(|it| (factor, it)));
            for (factor, partition) in budgets {
                let wrong = self.wrong(index, factor, partition);
                let lock = limits::lock(guesses, &wrong);
                here.extend(lock.iter().flat_map(|(_, end)| [*end, end + ms(guesses.forget_lock_after)]));
                let windows = [guesses.free, guesses.long];
                here.extend(wrong.iter().flat_map(|at| windows.map(|limit| at + ms(limit.window))));
            }
            all.extend(here.into_iter().map(|at| at - record.ahead));
        }
        // An app's next step, and the end of the last one that was used.
        let apps = self.accounts.iter().flatten().filter_map(|account| account.app.as_ref());
        let steps = apps.filter_map(|app| app.used.iter().max()).map(|step| i128::from(*step));
        let after = [1, 1 + i128::from(totp.steps_back)];
        let period = i128::from(totp.period_seconds) * 1000;
        all.extend(steps.flat_map(|step| after.map(|more| (step + more) * period)));
        all.sort_unstable();
        all.dedup();
        all
    }
}
