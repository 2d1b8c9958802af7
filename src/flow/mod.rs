//! The operations: one file each, and what they share.
//!
//! | request | turns | writes |
//! |---|---|---|
//! | [`SignUp`], [`SignIn`], [`Recover`] | count · start | meter · visitor |
//! | [`ConfirmAction`] | count · start | meter · account |
//! | [`Resend`], [`Cancel`] | count · resend or cancel | meter · the record the ticket leads to |
//! | [`ResendSignUp`] | count · again | meter · visitor |
//! | [`Verify`] | count · check · for a sign-up: create, open; for a sign-in: admit or enter; for a recovery: grant | meter · the record the ticket leads to · account |
//! | [`RedeemSignUp`] | count · redeem, create, open | meter · visitor · account |
//! | [`RedeemSignIn`] | count · redeem, enter | meter · visitor · account |
//! | [`PasswordSignIn`] | count · knock, enter | meter · visitor · account |
//! | [`ProveFactor`], [`ResendFactorCode`] | count · prove or send | meter · account |
//! | [`CheckSession`], [`ListSessions`], [`EndSessions`] | count · look | meter · account |
//! | [`ListFactors`], [`ListDevices`], [`RequireFresh`], [`ForgetDevices`] | count · look | meter · account |
//! | [`EnrolTotp`], [`ConfirmTotp`], [`EnableMailedCode`], [`DisableTotp`], [`DisableMailedCode`], [`RegenerateRecoveryCodes`], [`TrustDevice`] | count · change | meter · account |
//! | [`StepUp`], [`SendStepUpCode`] | count · prove or send | meter · account |
//! | [`ChangePassword`] | count · compare · set | meter · account |
//! | [`ChangeAddress`] | count · ask, start; then [`Verify`]: check, allow, rename, settle | meter · account, the new address's visitor; visitor · account |
//! | [`DeleteAccount`] | count · tombstone, release, note | meter · account |
//! | [`RedeemRecovery`] | count · redeem, grant | meter · visitor · account |
//! | [`ResetPassword`], [`RecoverFactor`], [`ResetFactors`], [`CancelFactorRecovery`] | count · decide | meter · account |
//! | [`CountRequest`] | count | meter |
//! | [`Rewrap`], [`SetSuspended`], [`RequirePasswordChange`], [`StartFactorReset`] | one, by the host itself | the row named |
//!
//! Where each leads, as a table and a drawing: [`map`]. Whoever changes what signs in has to have proven it freshly (`account/fresh.rs`).
//!
//! All doors that sign in end in one turn, `Enter`, and one function, `enter`, which is the only place where a
//! [`SignedIn`] is made:
//!
//! ```text
//!  PasswordSignIn ─ knock ─┐          (a trusted device lets past what is missing)
//!  Verify (sign-in) ───────┼─► Enter ─► what is missing? ─ nothing ─► enter() ─► SignedIn
//!  RedeemSignIn ───────────┘                  │
//!                                             └─ a factor ─► a ticket ─► ProveFactor ─► enter() ─► SignedIn
//! ```
//!
//! # One-time codes in twenty lines
//!
//! ```
//! use countersign::{Client, Code, Identifier, Purpose, Refusal, SignIn, Ticket, Verdict, Verify};
//! # use countersign::host::{Error, Sentry};
//!
//! # fn show(sentry: &Sentry, peer: std::net::IpAddr) -> Result<(), Box<dyn std::error::Error>> {
//! // Somebody wants in. The answer is the same whether or not we know the address.
//! let request = SignIn { client: Client::ip(peer), identifier: Identifier::parse("Jo@Example.com")?, locale: None };
//! let session = match sentry.run(request)?.verdict {
//!     Verdict::Granted(started) => started.session.expose(), // give it to the client; the code is in the mail
//!     Verdict::Refused(refusal) => return Ok(println!("not now: {refusal:?}")),
//! };
//!
//! // The code comes back.
//! let session = Ticket::parse(&session)?;
//! let (client, code) = (Client::ip(peer), Code::typed("123 456"));
//! let request = Verify { client, purpose: Purpose::SignIn, session, code, identifier: None, enter: None };
//! match sentry.run(request)?.verdict {
//!     Verdict::Granted(verified) => println!("read the mailbox of {:?}", verified.account),
//!     Verdict::Refused(Refusal::InvalidCode(state)) => println!("wrong, {} more", state.attempts_left),
//!     Verdict::Refused(Refusal::Limited { retry_at, .. }) => println!("not before {retry_at}"),
//!     Verdict::Refused(_) => println!("begin again"),
//! }
//! # Ok(()) }
//! ```
//!
//! Each turn's `decide` is pure: records, request, time and randomness in; next record, mail, events and verdict out.

/// Makes a request of a type: what is granted when all goes well, and the function that begins it.
macro_rules! request {
    ($request:ident -> $output:ty, $begin:path) => {
        impl crate::machine::Request for $request {}
        impl crate::machine::sealed::Begin for $request {
            type Output = $output;

            fn begin(self, machine: &crate::machine::Machine) -> crate::machine::sealed::First<$output> {
                $begin(machine, self).into()
            }
        }
    };
}
pub(crate) use request;

mod account;
mod codes;
mod desk;
mod devices;
mod known;
pub mod map;
mod meter;
mod recovery;
mod rewrap;
mod sign_in;
mod sign_up;

pub use account::address::ChangeAddress;
pub use account::delete::{DeleteAccount, Deleted};
pub use account::devices::{DeviceId, DeviceInfo, DeviceTrusted, ForgetDevices, ListDevices, TrustDevice};
pub use account::enrol::{
    ConfirmTotp, EnableMailedCode, EnrolTotp, FactorEnabled, RecoveryCodesIssued, TotpEnrolment,
};
pub use account::factors::{
    DisableMailedCode, DisableTotp, FactorRemoved, ListFactors, RegenerateRecoveryCodes, Secured,
};
pub use account::fresh::{RequireFresh, SendStepUpCode};
pub use account::password::ChangePassword;
pub use account::sessions::{CheckSession, EndSessions, Ended, ListSessions, SessionId, SessionInfo, Which};
pub use account::step_up::StepUp;
pub use account::suspend::{SetSuspended, Suspended};
pub use codes::cancel::Cancel;
pub use codes::confirm::ConfirmAction;
pub use codes::resend::Resend;
pub use codes::start::{Recover, SignIn, SignUp};
pub use codes::verify::Verify;
pub use meter::CountRequest;
pub use recovery::factors::{
    CancelFactorRecovery, FactorRecovery, FactorsWereReset, RecoverFactor, ResetFactors,
};
pub use recovery::grant::GrantedReset;
pub use recovery::link::RedeemRecovery;
pub use recovery::operator::{Noted, RequirePasswordChange, StartFactorReset};
pub use recovery::password::{PasswordWasReset, ResetPassword};
pub use rewrap::Rewrap;
pub use sign_in::factor::{ProveFactor, ResendFactorCode};
pub use sign_in::link::RedeemSignIn;
pub use sign_in::password::PasswordSignIn;
pub use sign_in::signed_in::{SignedIn, Todo};
pub use sign_up::again::ResendSignUp;
pub use sign_up::redeem::RedeemSignUp;

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
