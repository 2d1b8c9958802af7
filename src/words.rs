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
    /// Prove a second factor, by mailed code or otherwise, after a first one was proven.
    SecondFactor,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 5] =
        [Self::SignUp, Self::SignIn, Self::Recover, Self::ConfirmAction, Self::SecondFactor];
}

/// A kind of authenticator. Each has guess budgets of its own (law 9).
///
/// The order is part of the stored format: append only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Factor {
    /// A code sent by mail.
    MailedCode,
    /// A password.
    Password,
    /// A code from an authenticator app.
    Totp,
    /// A code from the drawer.
    RecoveryCode,
}

impl Factor {
    /// Every factor.
    pub const ALL: [Self; 4] = [Self::MailedCode, Self::Password, Self::Totp, Self::RecoveryCode];

    /// A stable name for logs and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MailedCode => "mailed_code",
            Self::Password => "password",
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
        }
    }
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
    /// Start a sign-in by mailed code or link.
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
    /// Check a code and sign in by it.
    VerifyAndEnter,
    /// Send the code of a sign-up again to whoever knows its password.
    ResendSignUp,
    /// Sign in by a mailed link.
    RedeemSignIn,
    /// Sign in with a password.
    PasswordSignIn,
    /// Prove a second factor.
    ProveFactor,
    /// Send the code of a second factor again.
    ResendFactorCode,
    /// Ask whose signed-in session it is.
    CheckSession,
    /// List signed-in sessions.
    ListSessions,
    /// End signed-in sessions.
    EndSessions,
    /// Begin to set up an authenticator app.
    EnrolTotp,
    /// Confirm an authenticator app.
    ConfirmTotp,
    /// Turn mailed codes on as a second factor.
    EnableMailedCode,
    /// Prove another factor while signed in.
    StepUp,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 21] = [
        Self::SignUp,
        Self::SignIn,
        Self::Recover,
        Self::ConfirmAction,
        Self::Resend,
        Self::Verify,
        Self::Cancel,
        Self::RedeemSignUp,
        Self::VerifyAndEnter,
        Self::ResendSignUp,
        Self::RedeemSignIn,
        Self::PasswordSignIn,
        Self::ProveFactor,
        Self::ResendFactorCode,
        Self::CheckSession,
        Self::ListSessions,
        Self::EndSessions,
        Self::EnrolTotp,
        Self::ConfirmTotp,
        Self::EnableMailedCode,
        Self::StepUp,
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
            Self::VerifyAndEnter => "verify_and_enter",
            Self::ResendSignUp => "resend_sign_up",
            Self::RedeemSignIn => "redeem_sign_in",
            Self::PasswordSignIn => "password_sign_in",
            Self::ProveFactor => "prove_factor",
            Self::ResendFactorCode => "resend_factor_code",
            Self::CheckSession => "check_session",
            Self::ListSessions => "list_sessions",
            Self::EndSessions => "end_sessions",
            Self::EnrolTotp => "enrol_totp",
            Self::ConfirmTotp => "confirm_totp",
            Self::EnableMailedCode => "enable_mailed_code",
            Self::StepUp => "step_up",
        }
    }
}
