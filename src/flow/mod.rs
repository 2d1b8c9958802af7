//! The operations: one file each, and what they share.
//!
//! | request | turns | writes |
//! |---|---|---|
//! | [`SignUp`], [`SignIn`], [`Recover`] | count · start | meter · visitor |
//! | [`ConfirmAction`] | count · start | meter · account |
//! | [`Resend`], [`Cancel`] | count · resend or cancel | meter · the record the ticket leads to |
//! | [`Verify`] | count · check · for a sign-up: create, open; for sign-in and recovery: admit | meter · the record the ticket leads to · for a sign-up: account |
//! | [`Rewrap`] | seal | the row named |
//! | [`RedeemSignUp`] | count · redeem, create, open | meter · visitor · account |
//!
//! Each turn's `decide` is pure: records, request, time and randomness in; next record, mail, events and verdict out.

mod cancel;
mod code;
mod confirm;
mod desk;
mod enrol;
mod entry;
mod factor;
mod known;
mod meter;
mod open;
mod password;
mod prove;
mod redeem;
mod redeem_sign_in;
mod resend;
mod resend_sign_up;
mod rewrap;
mod session;
mod sessions;
mod signed_in;
mod start;
mod suspend;
mod verify;

pub use cancel::Cancel;
pub use confirm::ConfirmAction;
pub use enrol::{
    ConfirmTotp, EnableMailedCode, EnrolTotp, FactorEnabled, RecoveryCodesIssued, TotpEnrolment,
};
pub use factor::{ProveFactor, ResendFactorCode};
pub use password::PasswordSignIn;
pub use redeem::RedeemSignUp;
pub use redeem_sign_in::RedeemSignIn;
pub use resend::Resend;
pub use resend_sign_up::ResendSignUp;
pub use rewrap::Rewrap;
pub use sessions::{CheckSession, EndSessions, Ended, ListSessions, SessionId, SessionInfo, Which};
pub use signed_in::{SignedIn, Todo};
pub use start::{Recover, SignIn, SignUp};
pub use suspend::{SetSuspended, Suspended};
pub use verify::Verify;

use crate::machine::MachineError;
use crate::machine::turn::{Change, Cx, Decision, Next};
use crate::record::RecordKey;
use crate::{EventKind, Operation, Refusal, Verdict};
use desk::{Holder, Opened};

/// The one answer for every session that is not there.
fn unknown<O>(cx: &Cx<'_>, row: RecordKey, operation: Operation) -> Decision<O> {
    Decision::new(Change::Keep, Next::Done(Verdict::Refused(Refusal::InvalidSession))).event(
        cx,
        &row,
        EventKind::SessionUnknown { operation },
    )
}

/// A no that changes nothing in the record, but for what had to be erased or rebased.
fn refused<O, H: Holder>(
    cx: &mut Cx<'_>,
    desk: Opened<H>,
    refusal: Refusal,
    kind: EventKind,
) -> Result<Decision<O>, MachineError> {
    let (row, notices) = (desk.row, desk.notices());
    let change = desk.put_back(cx)?;
    let decision = Decision::new(change, Next::Done(Verdict::Refused(refusal)));
    Ok(decision.event(cx, &row, kind).events(cx, &row, notices))
}

/// A no by a limit.
fn limited<O, H: Holder>(
    cx: &mut Cx<'_>,
    desk: Opened<H>,
    operation: Operation,
    refusal: Refusal,
) -> Result<Decision<O>, MachineError> {
    let kind = limit_event(operation, &refusal);
    refused(cx, desk, refusal, kind)
}

/// What the log should know of a no by a limit.
fn limit_event(operation: Operation, refusal: &Refusal) -> EventKind {
    match refusal {
        Refusal::Limited { rule, .. } => EventKind::Limited { operation, rule },
        _ => EventKind::FactorDisabled,
    }
}
