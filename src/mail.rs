//! What the core asks the mailer to send: typed data, never rendered text.

use crate::{
    Action, Address, CancelLink, Code, Factor, Locale, RecoveryLink, SignInLink, SignUpLink, Ticket,
    Timestamp,
};

/// One message to one mailbox.
///
/// An envelope is handed to the mailer for every request that could cause a message, also where nobody is to get one
/// ([`suppressed`](Envelope::suppressed)), so that the host's work does not tell whether an account exists (law 8).
///
/// No field can hold a line break or a NUL, and none comes from request data except the address of a sign-up, in
/// normal form (R69, B096). There is no URL: a link's base is the adapter's own configuration (R68).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Envelope {
    /// The mailbox, byte for byte as the account has it.
    pub to: Address,
    /// What the message is about.
    pub kind: MessageKind,
    /// The code, for the kinds that carry one; this is the only place where its text exists (law 11).
    pub code: Option<Code>,
    /// The link's token, for the kinds that carry one. The adapter puts it behind its own base URL, in the fragment, so
    /// that no server on the way logs it.
    pub link: Option<MailedLink>,
    /// When the message was caused.
    pub issued_at: Timestamp,
    /// When the code ends.
    pub expires_at: Option<Timestamp>,
    /// When the link ends.
    pub link_expires_at: Option<Timestamp>,
    /// The language asked for.
    pub locale: Option<Locale>,
    /// Whether to send nothing. Do everything else as for any message: queue it, then drop it.
    pub suppressed: bool,
}

impl Envelope {
    /// A security notice to the owner of an address.
    pub(crate) const fn notice(to: Address, kind: MessageKind, issued_at: Timestamp) -> Self {
        Self {
            to,
            kind,
            code: None,
            link: None,
            issued_at,
            expires_at: None,
            link_expires_at: None,
            locale: None,
            suppressed: false,
        }
    }
}

/// The token of a mailed link, by what the link is for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum MailedLink {
    /// Completes a sign-up ([`RedeemSignUp`](crate::RedeemSignUp)).
    SignUp(Ticket<SignUpLink>),
    /// Signs in ([`RedeemSignIn`](crate::RedeemSignIn)).
    SignIn(Ticket<SignInLink>),
    /// Leads to a new password ([`RedeemRecovery`](crate::RedeemRecovery)).
    Recovery(Ticket<RecoveryLink>),
    /// Stops the recovery of a second factor ([`CancelFactorRecovery`](crate::CancelFactorRecovery)).
    Cancel(Ticket<CancelLink>),
}

impl MailedLink {
    /// The token as text. For the one message that carries it.
    #[must_use]
    pub fn expose(&self) -> alloc::string::String {
        match self {
            Self::SignUp(link) => link.expose(),
            Self::SignIn(link) => link.expose(),
            Self::Recovery(link) => link.expose(),
            Self::Cancel(link) => link.expose(),
        }
    }
}

/// What a message is about.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum MessageKind {
    /// A code that proves the address of a new account.
    SignUpCode,
    /// A code and a link to sign in with.
    SignInCode,
    /// A code that completes a sign-in whose first factor was proven.
    SecondFactorCode,
    /// A code to recover an account with.
    RecoveryCode,
    /// A code that confirms an action.
    ActionCode(Action),
    /// To the owner: somebody tried to sign up with this address, which already has an account.
    SignUpTaken,
    /// A security notice: a factor was added to the account.
    FactorAdded(Factor),
    /// A code that proves a new address.
    AddressChangeCode,
    /// A code that proves again who is signed in.
    StepUpCode,
    /// A code that turns a lost second factor off.
    FactorRecoveryCode,
    /// A security notice: a factor was turned off.
    FactorRemoved(Factor),
    /// A security notice: new recovery codes were issued, and those from before are dead.
    RecoveryCodesIssued,
    /// A security notice: somebody signed in with a recovery code.
    RecoveryCodeUsed {
        /// How many are left.
        left: usize,
    },
    /// A security notice: the password was changed.
    PasswordChanged,
    /// A security notice: a lost password was replaced. Everything signed in before is out.
    PasswordReset,
    /// A security notice: somebody who knows the password failed the second factor.
    PasswordKnown,
    /// A security notice to the present address: another is to take its place. The other, as it was typed.
    AddressChangeStarted(Address),
    /// A security notice to the old and the new address: the account has another now.
    AddressChanged(Address),
    /// A security notice with a link that stops it: a second factor is said to be lost, and may be turned off from then on.
    FactorRecoveryStarted {
        /// From when on.
        ready_at: Timestamp,
    },
    /// A security notice: a lost second factor was turned off.
    FactorsReset,
    /// A security notice: the account was deleted.
    AccountDeleted,
}

impl MessageKind {
    /// A stable name, for templates and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SignUpCode => "sign_up_code",
            Self::SignInCode => "sign_in_code",
            Self::SecondFactorCode => "second_factor_code",
            Self::RecoveryCode => "recovery_code",
            Self::ActionCode(_) => "action_code",
            Self::SignUpTaken => "sign_up_taken",
            Self::FactorAdded(_) => "factor_added",
            Self::AddressChangeCode => "address_change_code",
            Self::StepUpCode => "step_up_code",
            Self::FactorRecoveryCode => "factor_recovery_code",
            Self::FactorRemoved(_) => "factor_removed",
            Self::RecoveryCodesIssued => "recovery_codes_issued",
            Self::RecoveryCodeUsed { .. } => "recovery_code_used",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::PasswordKnown => "password_known",
            Self::AddressChangeStarted(_) => "address_change_started",
            Self::AddressChanged(_) => "address_changed",
            Self::FactorRecoveryStarted { .. } => "factor_recovery_started",
            Self::FactorsReset => "factors_reset",
            Self::AccountDeleted => "account_deleted",
        }
    }
}
