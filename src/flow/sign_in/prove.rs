//! One try at a second factor: the budget, the comparison, the count.

use crate::assurance::Method;
use crate::flow::desk::{Holder, Opened, shut};
use crate::machine::turn::Cx;
use crate::machine::{Hashed, MachineError};
use crate::record::{Account, Shown};
use crate::{EventKind, Factor, Proof, Refusal};

/// What came of a try.
pub(in crate::flow) enum Tried {
    /// Right, and spent. The record has changed.
    Right(Method),
    /// Wrong, and counted, with what the log should know. The record has changed.
    Wrong(Refusal, Option<EventKind>),
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
    let (right, method) = match proof {
        Proof::Totp(code) => {
            let shown = Shown { code, now, settings: &cx.policy.settings().totp };
            let accept = |totp: &mut crate::record::Totp| totp.accept(key, &shown);
            let right = desk.record.factors.totp.as_mut().map_or(Ok(false), accept)?;
            (right, Method::Totp)
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
        desk.guessed_right(factor);
        return Ok(Tried::Right(method));
    }
    let locked = desk.charge_guess(cx, factor);
    Ok(Tried::Wrong(refusal(cx, desk, factor), locked))
}

/// The no to a wrong proof, with how many more would be answered before a wait.
pub(in crate::flow) fn refusal(cx: &Cx<'_>, desk: &mut Opened<Account>, factor: Factor) -> Refusal {
    let now = desk.now;
    let attempts_left = desk.guesses(factor).remaining(Account::budget(cx.policy), now);
    Refusal::InvalidProof { factor, attempts_left }
}
