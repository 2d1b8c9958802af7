//! What the model counts: wrong guesses, messages, notices; each kept apart as the design says.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests"
)]
#![allow(unreachable_pub, reason = "tests")]

use core::time::Duration;

use countersign::policy::*;
use countersign::*;

use super::answer::{Expected, Mail};
use super::model::{Code, Desk, Door, Guess, Model, Sent, public};
use crate::otp::limits::{self, Opens, ms, opens};

impl Model {
    pub(super) fn guess(&mut self, desk: &Desk, factor: Factor, right: bool) {
        let (record, partition) = (self.record(desk), desk.partition);
        self.guesses.push(Guess { record, factor, partition, at: desk.now, right });
    }

    pub(super) fn wrong(&self, record: usize, factor: Factor, partition: Partition) -> Vec<i128> {
        let here = |it: &&Guess| it.record == record && it.factor == factor && it.partition == partition;
        let wrong = |it: &&Guess| here(it) && !it.right;
        self.guesses.iter().filter(wrong).map(|guess| guess.at).collect()
    }

    /// How many more wrong guesses in a row disable a factor, on an account.
    fn in_a_row(&self, desk: &Desk, factor: Factor) -> Option<u32> {
        let (record, partition) = (self.record(desk), desk.partition);
        let here = |it: &&Guess| it.record == record && it.factor == factor && it.partition == partition;
        let mine = self.guesses.iter().rev().filter(here);
        let most = self.settings.guesses.consecutive as usize;
        let row = mine.take_while(|guess| !guess.right).take(most).count();
        matches!(desk.door, Door::Account(_)).then(|| u32::try_from(most - row).unwrap_or(0))
    }

    /// The no to any guess at a factor, right or wrong, while its budget is shut.
    pub(super) fn shut(&self, desk: &Desk, factor: Factor) -> Option<Expected> {
        if self.in_a_row(desk, factor) == Some(0) {
            return Some(Refusal::FactorDisabled.into());
        }
        let wrong = self.wrong(self.record(desk), factor, desk.partition);
        desk.limited(&limits::guesses(&self.settings.guesses, &wrong, desk.now))
    }

    /// How many wrong guesses at a factor would be answered now.
    pub(super) fn left(&self, desk: &Desk, factor: Factor) -> u32 {
        let wrong = self.wrong(self.record(desk), factor, desk.partition);
        limits::guesses_left(&self.settings.guesses, &wrong, self.in_a_row(desk, factor), desk.now)
    }

    pub(super) fn send_rules(&self, desk: &Desk, purpose: Purpose) -> Vec<Opens> {
        let SendLimits { cooldown, short, long } = self.settings.sends;
        let here = |it: &&Sent| it.purpose == purpose && it.partition == desk.partition;
        let mine = self.sent.iter().filter(here).filter(|sent| Some(sent.record) == desk.record);
        let times: Vec<i128> = mine.map(|sent| sent.at).collect();
        let cooldown = Limit { count: 1, window: cooldown };
        let rules = [(RULE_COOLDOWN, cooldown), (RULE_SENDS_SHORT, short), (RULE_SENDS_LONG, long)];
        rules.map(|(rule, limit)| (rule, opens(&times, limit, desk.now))).to_vec()
    }

    /// Notes that a message goes out, and when its code ends.
    pub(super) fn send(&mut self, desk: &Desk, purpose: Purpose, session_ends: i128) -> Code {
        let (record, partition) = (self.record(desk), desk.partition);
        self.sent.push(Sent { record, purpose, partition, at: desk.now });
        let life = ms(self.settings.codes.lifetimes(purpose).code);
        Code { text: None, ends: session_ends.min(desk.now + life) }
    }

    /// Where a session with a code stands.
    pub(super) fn state(
        &self,
        desk: &Desk,
        purpose: Purpose,
        code: Option<&Code>,
        (ends, wrong): (i128, u32),
    ) -> SessionState {
        let code = code.filter(|code| desk.now < code.ends).map(|code| code.ends);
        let desk = &Desk { record: Some(self.record(desk)), ..*desk };
        let resend_at = self.send_rules(desk, purpose).iter().map(|(_, at)| *at).max();
        let tries = self.settings.codes.max_attempts.saturating_sub(wrong);
        SessionState {
            attempts_left: tries.min(self.left(desk, Factor::MailedCode)),
            code_expires_at: code.map(|at| desk.told(at)),
            session_expires_at: desk.told(ends),
            resend_at: resend_at.filter(|at| *at < ends).map(|at| desk.told(at)),
            expires_in: code.map_or(Duration::ZERO, |at| desk.told(at).since(public(desk.wall))),
        }
    }

    /// The no to any change of which the owner could not be told.
    pub(super) fn untold(&self, desk: &Desk, who: usize) -> Option<Expected> {
        let told = self.accounts[who].as_ref().map_or(&[][..], |account| &account.told);
        desk.limited(&[(RULE_NOTICES, opens(told, self.settings.notices, desk.now))])
    }

    /// The owner is told of a change.
    pub(super) fn notify(&mut self, desk: &Desk, who: usize, kind: &MessageKind) -> Mail {
        self.account(who).told.push(desk.now);
        Mail {
            kind: kind.name(),
            to: self.address(who),
            code: false,
            expires_at: None,
            link_expires_at: None,
            suppressed: false,
        }
    }

    /// The owner is told of what is no change, while more than half of the notices are left.
    pub(super) fn mention(&mut self, desk: &Desk, who: usize, kind: &MessageKind) -> Option<Mail> {
        let Limit { count, window } = self.settings.notices;
        let told = self.account(who).told.iter().filter(|at| desk.now - **at < ms(window)).count();
        let half = (count as usize).saturating_sub(told) > count as usize / 2;
        self.met.push(if half { kind.name() } else { "not_mentioned" });
        half.then(|| self.notify(desk, who, kind))
    }

    /// The owner is told that somebody knows the password, when guessing at another factor came to a limit.
    pub(super) fn alarm(&mut self, desk: &Desk, who: usize, factor: Factor, burned: bool) -> Option<Mail> {
        let reached = burned || self.shut(desk, factor).is_some();
        reached.then(|| self.mention(desk, who, &MessageKind::PasswordKnown)).flatten()
    }
}
