//! The small vocabulary that records, flows and events share.

use serde::{Deserialize, Serialize};

/// What a one-time code is for. A code for one purpose is worth nothing for another (law 5, B050).
///
/// The order is part of the stored format: append only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[repr(u8)]
pub enum Purpose {
    /// Prove the address of an account that does not exist yet.
    SignUp,
    /// Sign in with a mailed code in place of a password.
    SignIn,
    /// Win back an account whose password is lost.
    Recover,
    /// Confirm one action of somebody who is signed in.
    ConfirmAction,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 4] = [Self::SignUp, Self::SignIn, Self::Recover, Self::ConfirmAction];
}

/// A kind of authenticator. Each has guess budgets of its own (law 9).
///
/// The order is part of the stored format: append only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Factor {
    /// A code sent by mail.
    MailedCode,
}

/// Whose doing something is. What one partition spends, no other lacks (law 9).
///
/// The order is part of the stored format: append only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Partition {
    /// People who have proved nothing: whoever knows an identifier.
    Strangers,
    /// People who proved a first factor, such as the signed-in.
    FirstFactorProven,
}

/// What a request asks for. Clients are metered for each apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Operation {
    /// Start a sign-up.
    SignUp,
    /// Start a sign-in by mailed code.
    SignIn,
    /// Start a recovery.
    Recover,
    /// Start the confirmation of an action.
    ConfirmAction,
    /// Send the code of a session again.
    Resend,
    /// Check a code.
    Verify,
    /// End a session.
    Cancel,
    /// Complete a sign-up by its mailed link.
    RedeemSignUp,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 8] = [
        Self::SignUp,
        Self::SignIn,
        Self::Recover,
        Self::ConfirmAction,
        Self::Resend,
        Self::Verify,
        Self::Cancel,
        Self::RedeemSignUp,
    ];

    /// A stable name for logs and for the keys of meters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::SignIn => "sign_in",
            Self::Recover => "recover",
            Self::ConfirmAction => "confirm_action",
            Self::Resend => "resend",
            Self::Verify => "verify",
            Self::Cancel => "cancel",
            Self::RedeemSignUp => "redeem_sign_up",
        }
    }
}
