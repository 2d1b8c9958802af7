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
    /// Prove the address that an account is to have from now on.
    ChangeAddress,
    /// Prove anew, while signed in, that the account's mailbox can be read.
    StepUp,
    /// Prove that the account's mailbox can be read, after the wait for a lost second factor.
    RecoverFactor,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 8] = [
        Self::SignUp,
        Self::SignIn,
        Self::Recover,
        Self::ConfirmAction,
        Self::SecondFactor,
        Self::ChangeAddress,
        Self::StepUp,
        Self::RecoverFactor,
    ];
}

impl Purpose {
    /// A stable name for logs and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::SignIn => "sign_in",
            Self::Recover => "recover",
            Self::ConfirmAction => "confirm_action",
            Self::SecondFactor => "second_factor",
            Self::ChangeAddress => "change_address",
            Self::StepUp => "step_up",
            Self::RecoverFactor => "recover_factor",
        }
    }
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
    /// Whoever shows the ticket of one of the account's trusted devices.
    TrustedDevice,
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
    /// Turn the mailed link of a recovery into the right to set a password.
    RedeemRecovery,
    /// Set a new password in place of a lost one.
    ResetPassword,
    /// Begin, or go on with, getting rid of a lost second factor.
    RecoverFactor,
    /// Stop that, by the mailed link.
    CancelFactorRecovery,
    /// Turn a lost second factor off.
    ResetFactors,
    /// Mail a code to step up with.
    SendStepUpCode,
    /// Ask whether something was proven a short time ago.
    RequireFresh,
    /// Ask how an account is secured.
    ListFactors,
    /// Change the password.
    ChangePassword,
    /// Turn the authenticator app off.
    DisableTotp,
    /// Turn mailed codes off as a second factor.
    DisableMailedCode,
    /// Have new recovery codes issued.
    RegenerateRecoveryCodes,
    /// Begin to change the address.
    ChangeAddress,
    /// Delete the account.
    DeleteAccount,
    /// Trust a device.
    TrustDevice,
    /// List trusted devices.
    ListDevices,
    /// Trust devices no more.
    ForgetDevices,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 38] = [
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
        Self::RedeemRecovery,
        Self::ResetPassword,
        Self::RecoverFactor,
        Self::CancelFactorRecovery,
        Self::ResetFactors,
        Self::SendStepUpCode,
        Self::RequireFresh,
        Self::ListFactors,
        Self::ChangePassword,
        Self::DisableTotp,
        Self::DisableMailedCode,
        Self::RegenerateRecoveryCodes,
        Self::ChangeAddress,
        Self::DeleteAccount,
        Self::TrustDevice,
        Self::ListDevices,
        Self::ForgetDevices,
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
            Self::RedeemRecovery => "redeem_recovery",
            Self::ResetPassword => "reset_password",
            Self::RecoverFactor => "recover_factor",
            Self::CancelFactorRecovery => "cancel_factor_recovery",
            Self::ResetFactors => "reset_factors",
            Self::SendStepUpCode => "send_step_up_code",
            Self::RequireFresh => "require_fresh",
            Self::ListFactors => "list_factors",
            Self::ChangePassword => "change_password",
            Self::DisableTotp => "disable_totp",
            Self::DisableMailedCode => "disable_mailed_code",
            Self::RegenerateRecoveryCodes => "regenerate_recovery_codes",
            Self::ChangeAddress => "change_address",
            Self::DeleteAccount => "delete_account",
            Self::TrustDevice => "trust_device",
            Self::ListDevices => "list_devices",
            Self::ForgetDevices => "forget_devices",
        }
    }
}
