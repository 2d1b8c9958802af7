//! A record on the desk: opened, brought to the time of the request, and put back.
//!
//! Visitor and account records are worked on by the same code; they differ in whose doing is counted on them and by which
//! budget. That difference is the trait [`Holder`].

use alloc::vec::Vec;

use crate::entropy::Draw;
use crate::keys::{DataKey, Domain};
use crate::machine::turn::{Change, Cx, Rows};
use crate::machine::{MachineError, Row};
use crate::policy::{Policy, RULE_LIVE_SESSIONS};
use crate::record::{
    Account, Challenge, Credentials, Ledger, Record, RecordError, RecordKey, Settled, Visitor, decode, encode,
};
use crate::throttle::{Budget, BudgetSettings, Limited, Log, Quota, Shut};
use crate::{
    Envelope, EventKind, Factor, MessageKind, Partition, Purpose, Refusal, Salt, SessionState, Timestamp,
};

/// A record with a ledger.
pub(super) trait Holder: Record + Send + 'static {
    /// Whose doing is counted on it.
    const PARTITION: Partition;

    fn ledger(&mut self) -> &mut Ledger;
    fn ledger_ref(&self) -> &Ledger;

    /// Spends what is pending for a purpose, of which the session at `used` was the one.
    fn spend(&mut self, purpose: Purpose, used: usize, draw: &mut Draw);

    /// The guess budget that holds on it.
    fn budget(policy: &Policy) -> &BudgetSettings;

    /// Brings it to the time of a request.
    fn settle(&mut self, policy: &Policy, now: Timestamp) -> Settled;

    /// When the row may be swept.
    fn expires_at(&self, policy: &Policy) -> Option<Timestamp>;

    /// Whether the row may go because nothing is in it.
    fn may_go(&self) -> bool;

    /// The generation of the account's credentials, if it is an account's.
    fn generation(&self) -> Option<u64>;

    /// Whether it only marks what was there before.
    fn is_gone(&self) -> bool {
        false
    }
}

impl Holder for Visitor {
    const PARTITION: Partition = Partition::Strangers;

    fn ledger(&mut self) -> &mut Ledger {
        &mut self.ledger
    }
    fn ledger_ref(&self) -> &Ledger {
        &self.ledger
    }
    fn spend(&mut self, purpose: Purpose, used: usize, draw: &mut Draw) {
        self.ledger.spend_quietly(purpose, Some(used), draw);
    }
    fn budget(policy: &Policy) -> &BudgetSettings {
        policy.strangers_budget()
    }
    fn settle(&mut self, policy: &Policy, now: Timestamp) -> Settled {
        self.ledger.settle(policy, now)
    }
    fn expires_at(&self, policy: &Policy) -> Option<Timestamp> {
        let forgotten = self.ledger.forgotten_at(policy, policy.strangers_budget())?;
        // A sweeping node's clock may be ahead of the clocks that wrote the record.
        Some(forgotten.saturating_add(policy.settings().clock_tolerance))
    }
    fn may_go(&self) -> bool {
        self.ledger.is_empty()
    }
    fn generation(&self) -> Option<u64> {
        None
    }
}

impl Holder for Account {
    const PARTITION: Partition = Partition::FirstFactorProven;

    fn ledger(&mut self) -> &mut Ledger {
        &mut self.ledger
    }
    fn ledger_ref(&self) -> &Ledger {
        &self.ledger
    }
    fn spend(&mut self, purpose: Purpose, _: usize, _: &mut Draw) {
        self.ledger.spend(purpose);
    }
    fn budget(policy: &Policy) -> &BudgetSettings {
        policy.owners_budget()
    }
    fn settle(&mut self, policy: &Policy, now: Timestamp) -> Settled {
        Self::settle(self, policy, now)
    }
    fn expires_at(&self, _: &Policy) -> Option<Timestamp> {
        Self::expires_at(self)
    }
    fn is_gone(&self) -> bool {
        Self::is_gone(self)
    }
    fn may_go(&self) -> bool {
        false
    }
    fn generation(&self) -> Option<u64> {
        Some(self.generation)
    }
}

/// A record, opened.
pub(super) struct Opened<H> {
    pub(super) record: H,
    pub(super) key: DataKey,
    pub(super) row: RecordKey,
    /// The time everything in it is judged by.
    pub(super) now: Timestamp,
    /// Whose doing is counted: the record's own partition, unless a trusted device was shown.
    pub(super) partition: Partition,
    /// Sign-ins that were found to have waited for their second factor in vain.
    abandoned: usize,
    /// It must be written even if the request changes nothing.
    changed: bool,
    rebased: bool,
}

impl<H: Holder> Opened<H> {
    /// A record that was just made.
    const fn fresh(record: H, key: DataKey, row: RecordKey, now: Timestamp) -> Self {
        let partition = H::PARTITION;
        Self { record, key, row, now, partition, abandoned: 0, changed: false, rebased: false }
    }

    /// Opens the row at `index` of those the turn read, if there is one.
    pub(super) fn existing(cx: &Cx<'_>, rows: &Rows<'_>, index: usize) -> Result<Option<Self>, MachineError> {
        Ok(Self::even_gone(cx, rows, index)?.filter(|desk| !desk.record.is_gone()))
    }

    /// The same, also where the record only marks what was there before.
    pub(super) fn even_gone(
        cx: &Cx<'_>,
        rows: &Rows<'_>,
        index: usize,
    ) -> Result<Option<Self>, MachineError> {
        let (key, row) = rows.at(index)?;
        row.map(|row| Self::open(cx, key, row)).transpose()
    }

    fn open(cx: &Cx<'_>, row_key: &RecordKey, row: &Row) -> Result<Self, MachineError> {
        let mut record: H = decode(&row.bytes)?;
        let key = cx.ring.unwrap(row_key, &record.ledger_ref().wrapped).ok_or(RecordError::Sealed)?;
        let Settled { now, changed, shift, abandoned } = record.settle(cx.policy, cx.now);
        let partition = H::PARTITION;
        let rebased = shift.is_some();
        Ok(Self { record, key, row: *row_key, now, partition, abandoned, changed, rebased })
    }

    /// Puts a record that the request changed.
    pub(super) fn put(mut self, cx: &mut Cx<'_>) -> Result<Change, MachineError> {
        self.tidy(cx);
        if self.record.may_go() { Ok(Change::Delete) } else { self.put_tidy(cx) }
    }

    /// Puts a record even if nothing is in it: for a decision that stands only if nobody wrote in between. Without a row to
    /// write, any number of parallel guesses would each find the budget as it was before the first (law 2, B014).
    pub(super) fn put_surely(mut self, cx: &mut Cx<'_>) -> Result<Change, MachineError> {
        self.tidy(cx);
        self.put_tidy(cx)
    }

    fn tidy(&mut self, cx: &Cx<'_>) {
        let settings = H::budget(cx.policy);
        self.record.ledger().tidy(cx.policy, settings, self.now);
    }

    fn put_tidy(mut self, cx: &mut Cx<'_>) -> Result<Change, MachineError> {
        self.record.ledger().rewrap(cx.ring, &self.row, &self.key, &mut cx.draw)?;
        Ok(Change::Put { bytes: encode(&self.record)?, expires_at: self.record.expires_at(cx.policy) })
    }

    /// Puts a record that the request did not change: only if what was found expired must be erased in this commit, or
    /// the clock was rebased.
    pub(super) fn put_back(self, cx: &mut Cx<'_>) -> Result<Change, MachineError> {
        if self.changed { self.put(cx) } else { Ok(Change::Keep) }
    }

    /// What opening the record showed and the log should know.
    pub(super) fn notices(&self) -> Vec<EventKind> {
        let rebased = self.rebased.then_some(EventKind::ClockRebased);
        let abandoned =
            (self.abandoned > 0).then_some(EventKind::SecondFactorAbandoned { count: self.abandoned });
        rebased.into_iter().chain(abandoned).collect()
    }

    pub(super) fn sends(&mut self, purpose: Purpose) -> &mut Log {
        self.record.ledger().sends(purpose, self.partition)
    }

    /// Whether another message may be sent for a purpose.
    pub(super) fn may_send(&mut self, cx: &Cx<'_>, purpose: Purpose) -> Result<(), Refusal> {
        let now = self.now;
        self.sends(purpose).check(cx.policy.send_rules(), now).map_err(|limited| refuse(cx, limited))
    }

    /// Whether another session may be started for a purpose: a full list refuses, it never drops another's session.
    pub(super) fn may_start(&mut self, cx: &Cx<'_>, purpose: Purpose) -> Result<(), Refusal> {
        let partition = self.partition;
        let live =
            self.record.ledger_ref().live(purpose).filter(|challenge| challenge.partition == partition);
        let (count, first_end) =
            live.fold((0_usize, Timestamp::MAX), |(n, end), c| (n.saturating_add(1), end.min(c.expires_at)));
        if count < usize::from(cx.policy.settings().codes.live_sessions) {
            return self.may_send(cx, purpose);
        }
        // What is told is when both the list and the sending rules have opened, so that the same request passes then (R92).
        let full = Limited { rule: RULE_LIVE_SESSIONS, retry_at: first_end };
        let now = self.now;
        let sends = self.sends(purpose).check(cx.policy.send_rules(), now).err();
        Err(refuse(cx, sends.filter(|sends| sends.retry_at > first_end).unwrap_or(full)))
    }

    /// The salt of every password hashed for this record: one, so that one hash can be compared with all that is pending.
    pub(super) fn salt(&self) -> Salt {
        salt(&self.key)
    }

    /// The wrong guesses at a factor that this record counts.
    pub(super) fn guesses(&mut self, factor: Factor) -> &mut Budget {
        self.record.ledger().guesses(factor, self.partition)
    }

    /// Whether another guess at a factor may be answered.
    pub(super) fn may_guess(&mut self, cx: &Cx<'_>, factor: Factor) -> Result<(), Shut> {
        let now = self.now;
        self.guesses(factor).check(H::budget(cx.policy), now)
    }

    /// Notes that a guess was right, which ends its run of failures (R6), and that the record must be written whatever else is
    /// decided: a right guess stands only if none was counted meanwhile (law 1, law 2).
    ///
    /// What the log should know where many wrong ones came before it (R74).
    pub(super) fn guessed_right(&mut self, cx: &Cx<'_>, factor: Factor) -> Option<EventKind> {
        let (budget, now) = (H::budget(cx.policy), self.now);
        let guesses = self.guesses(factor);
        let failures = guesses.free_failures(budget, now);
        guesses.succeed();
        self.changed = true;
        let many = failures >= budget.free().limit().div_ceil(2);
        many.then_some(EventKind::RightAfterFailures { factor, failures })
    }

    /// Notes that the record must be written whatever else is decided.
    pub(super) const fn must_write(&mut self) {
        self.changed = true;
    }

    /// The guess budget of a factor as it stands, for response headers.
    pub(super) fn guess_quota(&mut self, cx: &Cx<'_>, factor: Factor) -> Quota {
        let now = self.now;
        self.guesses(factor).quota(H::budget(cx.policy), now)
    }

    /// Counts a wrong guess at a factor; what the log should know of it.
    pub(super) fn charge_guess(&mut self, cx: &Cx<'_>, factor: Factor) -> Option<EventKind> {
        let (budget, now) = (H::budget(cx.policy), self.now);
        let guesses = self.guesses(factor);
        guesses.charge(budget, now);
        if guesses.is_disabled(budget) {
            return Some(EventKind::FactorDisabled);
        }
        guesses.retry_at(budget, now).map(|until| EventKind::GuessingLocked { until })
    }

    /// The session at `index`.
    pub(super) fn challenge(&self, index: usize) -> Result<&Challenge, MachineError> {
        self.record.ledger_ref().challenges.get(index).ok_or(MachineError::Misuse("no challenge there"))
    }

    /// Where the session at `index` stands.
    pub(super) fn state(&mut self, cx: &Cx<'_>, index: usize) -> Result<SessionState, MachineError> {
        let (now, most) = (self.now, cx.policy.settings().codes.max_attempts);
        let challenge = self.challenge(index)?;
        let (purpose, failures, session_expires_at) =
            (challenge.purpose, challenge.failures, challenge.expires_at);
        let code_expires_at = challenge.codes.first().map(|code| code.expires_at);
        let resend_at = self.sends(purpose).retry_at(cx.policy.send_rules(), now).unwrap_or(now);
        let budget_left = self.guesses(Factor::MailedCode).remaining(H::budget(cx.policy), now);
        Ok(SessionState {
            attempts_left: most.saturating_sub(failures).min(budget_left),
            code_expires_at,
            session_expires_at,
            resend_at: (resend_at < session_expires_at).then_some(resend_at),
            expires_in: code_expires_at.map_or(core::time::Duration::ZERO, |at| at.since(cx.now)),
        })
    }
}

impl Opened<Visitor> {
    /// Opens the first row of those the turn read, or makes a record for an identifier that has none.
    ///
    /// The new data key is the first thing drawn, so that `work` and `decide` of one try make the same.
    pub(super) fn or_new(cx: &mut Cx<'_>, rows: &Rows<'_>) -> Result<Self, MachineError> {
        if let Some(opened) = Self::existing(cx, rows, 0)? {
            return Ok(opened);
        }
        let (row, _) = rows.at(0)?;
        let (key, ledger) = new_ledger(cx, row)?;
        Ok(Self::fresh(Visitor { ledger }, key, *row, cx.now))
    }
}

impl Opened<Account> {
    /// Opens the first row of those the turn read, or makes an account's record where there is none.
    ///
    /// The new data key is the first thing drawn, so that `work` and `decide` of one try make the same.
    pub(super) fn or_open(
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        credentials: &Credentials,
    ) -> Result<Self, MachineError> {
        if let Some(opened) = Self::existing(cx, rows, 0)? {
            return Ok(opened);
        }
        let (row, present) = rows.at(0)?;
        if present.is_some() {
            return Err(MachineError::Misuse("an account was to be opened where one had been"));
        }
        let (key, ledger) = new_ledger(cx, row)?;
        let record = Account::open(ledger, &key, credentials, &mut cx.draw)?;
        Ok(Self::fresh(record, key, *row, cx.now))
    }

    /// Counts a wrong proof for the challenge at an index, which is gone after the last that the policy answers.
    pub(super) fn fail(&mut self, cx: &Cx<'_>, index: usize) -> Option<EventKind> {
        let most = cx.policy.settings().codes.max_attempts;
        let challenges = &mut self.record.ledger.challenges;
        let challenge = challenges.get_mut(index)?;
        challenge.failures = challenge.failures.saturating_add(1);
        let purpose = challenge.purpose;
        (challenge.failures >= most).then(|| {
            challenges.remove(index);
            EventKind::SessionBurned { purpose }
        })
    }

    /// The address on record.
    pub(super) fn address(&self) -> Result<crate::Address, MachineError> {
        Ok(self.record.credentials(&self.key)?.address)
    }

    /// Whether the owner can be told of another change; no change without a notice.
    pub(super) fn may_notify(&self, cx: &Cx<'_>) -> Result<(), Refusal> {
        self.record.notices.check(cx.policy.notice_rules(), self.now).map_err(|limited| refuse(cx, limited))
    }

    /// Tells the owner, at the address on record.
    pub(super) fn notify(&mut self, cx: &Cx<'_>, kind: MessageKind) -> Result<Envelope, MachineError> {
        self.record.notices.charge(cx.policy.notice_rules(), self.now);
        Ok(Envelope::notice(self.address()?, kind, cx.now))
    }

    /// Tells the owner of what is not a change, unless there was so much of it that half of all notices are spent.
    pub(super) fn mention(
        &mut self,
        cx: &Cx<'_>,
        kind: MessageKind,
    ) -> Result<Option<Envelope>, MachineError> {
        let rules = cx.policy.notice_rules();
        let most = rules.iter().map(crate::throttle::Rule::limit).min().unwrap_or_default();
        let left = self.record.notices.remaining(rules, self.now);
        if left > most.div_euclid(2) { self.notify(cx, kind).map(Some) } else { Ok(None) }
    }

    /// Notes that the session at an index is used.
    pub(super) fn touch(&mut self, cx: &Cx<'_>, index: usize) {
        let now = self.now;
        self.changed |= self.record.sessions.touch(index, cx.policy, now);
    }
}

/// The salt of the passwords hashed for the record with this key.
fn salt(key: &DataKey) -> Salt {
    Salt::from_bytes(key.digest(Domain::PasswordSalt, &[]))
}

/// A data key and a ledger for a row that does not exist yet.
pub(super) fn new_ledger(cx: &mut Cx<'_>, row: &RecordKey) -> Result<(DataKey, Ledger), MachineError> {
    let key = DataKey::draw(&mut cx.draw);
    let wrapped = cx.ring.wrap(row, &key, &mut cx.draw).ok_or(RecordError::Sealed)?;
    Ok((key, Ledger::new(wrapped, cx.now)))
}

/// A shut budget as a refusal.
pub(super) fn shut(cx: &Cx<'_>, shut: Shut) -> Refusal {
    match shut {
        Shut::Until(limited) => refuse(cx, limited),
        Shut::Disabled => Refusal::FactorDisabled,
    }
}

/// A limit as a refusal. The wait is told from the request's own time, which is what the client's clock goes by.
pub(super) fn refuse(cx: &Cx<'_>, limited: Limited) -> Refusal {
    let Limited { rule, retry_at } = limited;
    Refusal::Limited { rule, retry_at, retry_after: retry_at.since(cx.now) }
}
