//! The map: where a person can stand, and which operation leads from where to where.
//!
//! It is a table, and the only one: the drawing in `docs/flows.md` and the one that a host may show are made from it, and a test walks
//! every arrow with the machine itself, finds every stage where the table says, and no arrow that it does not have.
//!
//! A stage is what a client *holds*: a ticket of one kind, or none. What an operation gives in place of it is the arrow. A no leads nowhere,
//! but for handles that wrong guesses use up, which lead back to [`Stage::Outside`].
//!
//! ```
//! use countersign::Operation;
//! use countersign::flow::map::{ARROWS, Stage};
//!
//! // Only these lead to somebody being signed in.
//! let doors: Vec<_> = ARROWS.iter().filter(|it| it.to == Stage::SignedIn && !it.from.is_signed_in()).collect();
//! assert!(doors.iter().all(|it| it.operation != Operation::ResetPassword), "a new password signs nobody in");
//! ```

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use crate::Operation;

/// Where a person can stand, by what his client holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Stage {
    /// Nothing: nobody, or somebody who has proved nothing yet.
    Outside,
    /// A session whose code went to an address that is to become an account's.
    SignUpCode,
    /// A session whose code, and a link, went to an account's address.
    SignInCode,
    /// A session whose code, and a link, went to the address of somebody who lost the password.
    RecoveryMail,
    /// The right to set a new password.
    Reset,
    /// A first factor was right; the second is missing.
    SecondFactor,
    /// The second factor is said to be lost.
    FactorLost,
    /// Signed in, and something has to be done before anything else.
    MustAct,
    /// Signed in.
    SignedIn,
    /// Signed in, and an authenticator app waits for its first code.
    Enrolling,
    /// Signed in, and a code went to a new address.
    NewAddress,
    /// Signed in, and a code went to the account's address to confirm an action.
    ActionCode,
    /// There is no account any more.
    Gone,
}

/// What leads from one stage to another when it is granted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub struct Arrow {
    /// Where one stands.
    pub from: Stage,
    /// What one asks for.
    pub operation: Operation,
    /// Where it leads.
    pub to: Stage,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 13] = [
        Self::Outside,
        Self::SignUpCode,
        Self::SignInCode,
        Self::RecoveryMail,
        Self::Reset,
        Self::SecondFactor,
        Self::FactorLost,
        Self::MustAct,
        Self::SignedIn,
        Self::Enrolling,
        Self::NewAddress,
        Self::ActionCode,
        Self::Gone,
    ];

    /// A stable name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::SignUpCode => "sign_up_code",
            Self::SignInCode => "sign_in_code",
            Self::RecoveryMail => "recovery_mail",
            Self::Reset => "reset",
            Self::SecondFactor => "second_factor",
            Self::FactorLost => "factor_lost",
            Self::MustAct => "must_act",
            Self::SignedIn => "signed_in",
            Self::Enrolling => "enrolling",
            Self::NewAddress => "new_address",
            Self::ActionCode => "action_code",
            Self::Gone => "gone",
        }
    }

    /// What to call it before people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Outside => "Outside",
            Self::SignUpCode => "Sign-up code sent",
            Self::SignInCode => "Sign-in mail sent",
            Self::RecoveryMail => "Recovery mail sent",
            Self::Reset => "May set a new password",
            Self::SecondFactor => "Second factor missing",
            Self::FactorLost => "Second factor lost",
            Self::MustAct => "Must act first",
            Self::SignedIn => "Signed in",
            Self::Enrolling => "App waits for a code",
            Self::NewAddress => "New address to prove",
            Self::ActionCode => "Action to confirm",
            Self::Gone => "Account deleted",
        }
    }

    /// Whether whoever stands here is signed in.
    #[must_use]
    pub const fn is_signed_in(self) -> bool {
        matches!(self, Self::SignedIn | Self::MustAct | Self::Enrolling | Self::NewAddress | Self::ActionCode)
    }
}

macro_rules! arrows {
    ($($from:ident: $($operation:ident -> $($to:ident)|+),+ $(,)?;)+) => {
        /// Every arrow, by where it begins.
        pub const ARROWS: &[Arrow] = &[$($($(
            Arrow { from: Stage::$from, operation: Operation::$operation, to: Stage::$to },
        )+)+)+];
    };
}

arrows! {
    Outside:
        SignUp -> SignUpCode,
        SignIn -> SignInCode,
        Recover -> RecoveryMail,
        PasswordSignIn -> SignedIn | MustAct | SecondFactor,
        CancelFactorRecovery -> Outside;
    SignUpCode:
        Verify -> Outside,
        VerifyAndEnter -> SignedIn | MustAct,
        Resend -> SignUpCode,
        ResendSignUp -> SignUpCode,
        RedeemSignUp -> Outside,
        Cancel -> Outside;
    SignInCode:
        Verify -> Outside,
        VerifyAndEnter -> SignedIn | MustAct | SecondFactor,
        RedeemSignIn -> SignedIn | MustAct | SecondFactor,
        Resend -> SignInCode,
        Cancel -> Outside;
    RecoveryMail:
        Verify -> Reset,
        RedeemRecovery -> Reset,
        Resend -> RecoveryMail,
        Cancel -> Outside;
    Reset:
        ResetPassword -> Outside;
    SecondFactor:
        ProveFactor -> SignedIn | MustAct,
        ResendFactorCode -> SecondFactor,
        RecoverFactor -> FactorLost;
    FactorLost:
        RecoverFactor -> FactorLost,
        ResetFactors -> Outside,
        ProveFactor -> SignedIn | MustAct;
    MustAct:
        EnrolTotp -> Enrolling,
        EnableMailedCode -> SignedIn,
        ChangePassword -> SignedIn,
        RegenerateRecoveryCodes -> SignedIn,
        ChangeAddress -> NewAddress,
        ListFactors -> MustAct,
        SendStepUpCode -> MustAct,
        StepUp -> MustAct,
        EndSessions -> Outside;
    SignedIn:
        CheckSession -> SignedIn,
        RequireFresh -> SignedIn,
        ListSessions -> SignedIn,
        ListFactors -> SignedIn,
        ListDevices -> SignedIn,
        SendStepUpCode -> SignedIn,
        StepUp -> SignedIn,
        TrustDevice -> SignedIn,
        ForgetDevices -> SignedIn,
        EnableMailedCode -> SignedIn,
        DisableMailedCode -> SignedIn,
        DisableTotp -> SignedIn,
        RegenerateRecoveryCodes -> SignedIn,
        ChangePassword -> SignedIn,
        EnrolTotp -> Enrolling,
        ChangeAddress -> NewAddress,
        ConfirmAction -> ActionCode,
        EndSessions -> Outside,
        DeleteAccount -> Gone;
    Enrolling:
        ConfirmTotp -> SignedIn;
    NewAddress:
        Verify -> SignedIn,
        ChangeAddress -> NewAddress,
        Cancel -> SignedIn;
    ActionCode:
        Verify -> SignedIn,
        Resend -> ActionCode,
        Cancel -> SignedIn;
}

/// The map as a table in Markdown: a line for each pair of stages, with the operations that lead from the one to the other.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from("| from | to | by |\n|---|---|---|\n");
    for (from, to) in Stage::ALL.into_iter().flat_map(|from| Stage::ALL.map(|to| (from, to))) {
        let names: Vec<_> =
            between(from, to).map(|operation| alloc::format!("`{}`", operation.name())).collect();
        if !names.is_empty() {
            let there = if from == to { "(stays)" } else { to.title() };
            // Writing to a string does not fail.
            let _ = writeln!(text, "| {} | {there} | {} |", from.title(), names.join(", "));
        }
    }
    text
}

/// The operations that lead from one stage to another.
pub fn between(from: Stage, to: Stage) -> impl Iterator<Item = Operation> {
    ARROWS.iter().filter(move |arrow| arrow.from == from && arrow.to == to).map(|arrow| arrow.operation)
}
