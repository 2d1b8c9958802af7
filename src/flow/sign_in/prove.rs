//! One try at a second factor: the budget, the comparison, the count.

use alloc::vec::Vec;

use crate::assurance::Method;
use crate::flow::desk::{Holder, Opened, shut};
use crate::machine::turn::Cx;
use crate::machine::{Hashed, MachineError};
use crate::record::{Accepted, Account, Shown};
use crate::{Envelope, EventKind, Factor, MessageKind, Proof, Refusal};

/// What came of a try.
pub(in crate::flow) enum Tried {
    /// Right, and spent, with what the log should know. The record has changed.
    Right(Method, Vec<EventKind>),
    /// Wrong, and counted, with what the log should know. The record has changed.
    Wrong(Refusal, Vec<EventKind>),
    /// Neither compared nor counted, because the factor's budget is shut. The record has not changed.
    Shut(Refusal),
}

/// Tries a proof on the account on the desk. `mailed` is where the challenge is whose mailed code is meant; `hashed` is
/// what came of comparing the password.
///
/// Every factor has a budget of its own, which is asked first; a right proof ends its own run of failures and gives nothing
/// else back (law 2).
pub(in crate::flow) fn attempt(
    cx: &Cx<'_>,
    desk: &mut Opened<Account>,
    proof: &Proof,
    mailed: Option<usize>,
    hashed: Option<&Hashed>,
) -> Result<Tried, MachineError> {
    let factor = proof.factor();
    if let Err(closed) = desk.may_guess(cx, factor) {
        return Ok(Tried::Shut(shut(cx, closed)));
    }
    let (key, now) = (&desk.key, desk.now);
    let mut replayed = false;
    let (right, method) = match proof {
        Proof::Totp(code) => {
            let shown = Shown { code, now, settings: &cx.policy.settings().totp };
            let accept = |totp: &mut crate::record::Totp| totp.accept(key, &shown);
            let accepted = desk.record.factors.totp.as_mut().map_or(Ok(Accepted::No), accept)?;
            replayed = accepted == Accepted::Replayed;
            (accepted == Accepted::Yes, Method::Totp)
        }
        Proof::RecoveryCode(code) => (desk.record.factors.redeem(key, code), Method::RecoveryCode),
        Proof::MailedCode(code) => {
            let challenge = mailed.and_then(|at| desk.record.ledger.challenges.get_mut(at));
            let right = challenge.is_some_and(|challenge| challenge.spend_code(key, code));
            (right, Method::MailedCode)
        }
        Proof::Password(_) => (hashed.is_some_and(Hashed::is_right), Method::Password),
    };
    if right {
        let suspicious = desk.guessed_right(cx, factor);
        let left = desk.record.factors.recovery_codes_left();
        let used = (method == Method::RecoveryCode).then_some(EventKind::RecoveryCodeUsed { left });
        // A factor that is shown is not lost.
        let shown = matches!(method, Method::Totp | Method::RecoveryCode);
        let stopped = desk.record.factors.lost.take_if(|_| shown);
        let stopped = stopped.map(|_| EventKind::FactorRecoveryCancelled);
        let told = [EventKind::FactorAccepted { factor }].into_iter();
        let told = told.chain(used).chain(stopped).chain(suspicious).collect();
        return Ok(Tried::Right(method, told));
    }
    let replayed = replayed.then_some(EventKind::FactorReplayed { factor });
    let locked = desk.charge_guess(cx, factor);
    let told = [EventKind::FactorRejected { factor }].into_iter().chain(replayed).chain(locked).collect();
    Ok(Tried::Wrong(refusal(cx, desk, factor), told))
}

/// Tells the owner of every recovery code that is used (NIST 800-63B-4 §4.6).
pub(in crate::flow) fn used(
    cx: &Cx<'_>,
    desk: &mut Opened<Account>,
    told: &[EventKind],
) -> Result<Option<Envelope>, MachineError> {
    let left = told.iter().find_map(|kind| match kind {
        EventKind::RecoveryCodeUsed { left } => Some(*left),
        _ => None,
    });
    left.map_or(Ok(None), |left| desk.mention(cx, MessageKind::RecoveryCodeUsed { left }))
}

/// Tells the owner when somebody got the first factor right and the second so often wrong that a limit was reached.
pub(in crate::flow) fn alarm(
    cx: &Cx<'_>,
    desk: &mut Opened<Account>,
    told: &[EventKind],
) -> Result<Option<Envelope>, MachineError> {
    let reached = |kind: &EventKind| {
        matches!(
            kind,
            EventKind::SessionBurned { .. } | EventKind::GuessingLocked { .. } | EventKind::FactorDisabled
        )
    };
    if told.iter().any(reached) { desk.mention(cx, MessageKind::PasswordKnown) } else { Ok(None) }
}

/// The no to a wrong proof, with how many more would be answered before a wait.
pub(in crate::flow) fn refusal(cx: &Cx<'_>, desk: &mut Opened<Account>, factor: Factor) -> Refusal {
    let now = desk.now;
    let attempts_left = desk.guesses(factor).remaining(Account::budget(cx.policy), now);
    Refusal::InvalidProof { factor, attempts_left }
}
