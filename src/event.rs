//! What only the audit log may know: the fine reason, and no secret.

mod fields;

pub use fields::{EventValue, Severity};

use crate::record::RecordKey;
use crate::{AccountId, Factor, Operation, Purpose, Timestamp, Todo};

/// Something that happened. For the host's log; never for the client, who could learn from it whether an account exists.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Event {
    /// When, by the request's own time.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// The record it is about: a pseudonym of an identifier, an account or a client that is the same in every event.
    pub subject: RecordKey,
    /// The account, where one is known to be concerned.
    pub account: Option<AccountId>,
}

/// What happened. New kinds are added; names stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EventKind {
    /// A one-time-code session was started.
    SessionStarted {
        /// What it is for.
        purpose: Purpose,
    },
    /// A code was handed to the mailer, or would have been.
    CodeSent {
        /// What it is for.
        purpose: Purpose,
        /// Whether it was the session's first.
        resend: bool,
        /// Whether nobody gets it, because nobody is there.
        suppressed: bool,
    },
    /// Somebody tried to sign up with an address that has an account; its owner was told.
    SignUpTaken,
    /// A right code; it is spent.
    CodeAccepted {
        /// What it was for.
        purpose: Purpose,
    },
    /// A wrong code.
    CodeRejected {
        /// What it was for.
        purpose: Purpose,
        /// How many more the session allows.
        attempts_left: u32,
    },
    /// The last wrong code a session allows; the session is gone.
    SessionBurned {
        /// What it was for.
        purpose: Purpose,
    },
    /// So many wrong codes that guessing is locked for a time.
    GuessingLocked {
        /// Until when.
        until: Timestamp,
    },
    /// So many wrong codes in a row that the factor is disabled.
    FactorDisabled,
    /// A code for a session whose codes have all expired.
    CodeExpired {
        /// What it was for.
        purpose: Purpose,
    },
    /// A handle that leads to no live session, or to one of another purpose.
    SessionUnknown {
        /// What was asked for.
        operation: Operation,
    },
    /// A session was given up.
    SessionCancelled {
        /// What it was for.
        purpose: Purpose,
    },
    /// A limit refused.
    Limited {
        /// What was asked for.
        operation: Operation,
        /// The rule.
        rule: &'static str,
    },
    /// A mailed link was used; it is spent.
    LinkRedeemed {
        /// What it was for.
        purpose: Purpose,
    },
    /// An account was made.
    AccountCreated,
    /// A right code could not be used: the account was made, changed or deleted in the meantime.
    AccountConflict {
        /// What the code was for.
        purpose: Purpose,
    },
    /// A right password at a stranger's door. What else the account asks for comes next.
    PasswordAccepted,
    /// A wrong password, or one for an account that is not there or is suspended.
    PasswordRejected {
        /// Whether there is an account that the password was compared for.
        known: bool,
    },
    /// A stored password hash was made anew with the hasher's present parameters.
    PasswordRehashed,
    /// A host's own credential was taken over: the account has a record from now on.
    AccountTakenOver,
    /// A right first factor, and a second is asked for.
    FactorAsked {
        /// The one that is asked for first.
        factor: Factor,
    },
    /// A right second factor, or a right password of somebody signed in.
    FactorAccepted {
        /// Which.
        factor: Factor,
    },
    /// A wrong second factor, or one that was used before.
    FactorRejected {
        /// Which.
        factor: Factor,
    },
    /// Somebody is signed in.
    SignedIn {
        /// The assurance level reached.
        aal: u8,
    },
    /// The oldest session of an account went because there were too many.
    SessionDropped,
    /// Signed-in sessions were ended.
    SessionsEnded {
        /// How many.
        count: usize,
    },
    /// The setting up of an authenticator app was begun.
    EnrolmentStarted,
    /// A second factor was added.
    FactorEnabled {
        /// Which.
        factor: Factor,
    },
    /// Recovery codes were issued; those from before are dead.
    RecoveryCodesIssued,
    /// An account was suspended, or no longer is.
    SuspensionSet {
        /// Which of them.
        suspended: bool,
    },
    /// A right guess after many wrong ones: somebody may have found it.
    RightAfterFailures {
        /// Which factor.
        factor: Factor,
        /// How many were wrong, in the window of the free guesses.
        failures: u32,
    },
    /// A right first factor, after which no second one was shown in time: somebody may know the password.
    SecondFactorAbandoned {
        /// How many sign-ins.
        count: usize,
    },
    /// A code that had been right before was shown again: somebody may have seen it.
    FactorReplayed {
        /// Which factor.
        factor: Factor,
    },
    /// A recovery code was used.
    RecoveryCodeUsed {
        /// How many are left.
        left: usize,
    },
    /// Somebody who lost the password read the mailbox, and may set a new one.
    ResetGranted,
    /// A lost password was replaced.
    PasswordReset,
    /// The password was changed by somebody signed in.
    PasswordChanged,
    /// The host asks for another password.
    PasswordChangeRequired,
    /// A second factor was turned off.
    FactorDisabledByOwner {
        /// Which.
        factor: Factor,
    },
    /// A second factor was said to be lost.
    FactorRecoveryStarted {
        /// When the wait is over.
        ready_at: Timestamp,
        /// Whether the host's operator said so.
        by_operator: bool,
    },
    /// That was stopped: by the mailed link, or because the factor was shown.
    FactorRecoveryCancelled,
    /// A lost second factor was turned off.
    FactorsReset,
    /// A change of the address was begun.
    AddressChangeStarted,
    /// The account has another address.
    AddressChanged,
    /// The address that the host's directory had named was proven.
    AddressProven,
    /// The account was deleted by its owner.
    AccountDeleted,
    /// The identifiers of a deleted account are free.
    IdentifiersReleased,
    /// A device is trusted from now on.
    DeviceTrusted {
        /// Whether it lets its owner past the second factor.
        skips_second_factor: bool,
    },
    /// A trusted device was shown at a sign-in.
    DeviceAccepted {
        /// Whether a second factor was not asked for because of it.
        skipped: bool,
    },
    /// A device's ticket led to no device of the account that it was shown for.
    DeviceUnknown,
    /// A device's ticket was shown that had been replaced: somebody has a copy. The device is trusted no more.
    DeviceReplayed,
    /// So many wrong passwords were typed on a device that it is trusted no more.
    DeviceBurned,
    /// Devices are trusted no more.
    DevicesForgotten {
        /// How many.
        count: usize,
    },
    /// A session was refused because something has to be done first.
    ActionRequired {
        /// The first of it.
        action: Todo,
    },
    /// A session was refused because what it has proven was too long ago.
    StepUpRequired,
    /// The owner was told.
    NoticeSent {
        /// Of what: the name of the message.
        notice: &'static str,
    },
    /// A clock had been set back by more than the tolerance, and the record was rebased.
    ClockRebased,
    /// The directory answered with an entry of another identifier than it was asked for: its look-up is wider than the normal form.
    DirectoryMismatch,
    /// The mailer failed. Its failure never shows in an answer.
    MailFailed,
}

impl EventKind {
    /// A stable name for logs and rules.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SessionStarted { .. } => "otp.session_started",
            Self::CodeSent { .. } => "otp.code_sent",
            Self::SignUpTaken => "sign_up.taken",
            Self::CodeAccepted { .. } => "otp.code_accepted",
            Self::CodeRejected { .. } => "otp.code_rejected",
            Self::SessionBurned { .. } => "otp.session_burned",
            Self::GuessingLocked { .. } => "guess.locked",
            Self::FactorDisabled => "guess.factor_disabled",
            Self::CodeExpired { .. } => "otp.code_expired",
            Self::SessionUnknown { .. } => "otp.session_unknown",
            Self::SessionCancelled { .. } => "otp.session_cancelled",
            Self::Limited { .. } => "limit.refused",
            Self::LinkRedeemed { .. } => "link.redeemed",
            Self::AccountCreated => "account.created",
            Self::AccountConflict { .. } => "account.conflict",
            Self::PasswordAccepted => "password.accepted",
            Self::PasswordRejected { .. } => "password.rejected",
            Self::PasswordRehashed => "password.rehashed",
            Self::AccountTakenOver => "account.taken_over",
            Self::FactorAsked { .. } => "factor.asked",
            Self::FactorAccepted { .. } => "factor.accepted",
            Self::FactorRejected { .. } => "factor.rejected",
            Self::SignedIn { .. } => "session.signed_in",
            Self::SessionDropped => "session.dropped",
            Self::SessionsEnded { .. } => "session.ended",
            Self::EnrolmentStarted => "factor.enrolment_started",
            Self::FactorEnabled { .. } => "factor.enabled",
            Self::RecoveryCodesIssued => "recovery_codes.issued",
            Self::SuspensionSet { .. } => "account.suspension_set",
            Self::RightAfterFailures { .. } => "factor.right_after_failures",
            Self::SecondFactorAbandoned { .. } => "factor.abandoned",
            Self::FactorReplayed { .. } => "factor.replayed",
            Self::RecoveryCodeUsed { .. } => "recovery_codes.used",
            Self::ResetGranted => "recovery.granted",
            Self::PasswordReset => "recovery.password_reset",
            Self::PasswordChanged => "password.changed",
            Self::PasswordChangeRequired => "password.change_required",
            Self::FactorDisabledByOwner { .. } => "factor.turned_off",
            Self::FactorRecoveryStarted { .. } => "recovery.factor_started",
            Self::FactorRecoveryCancelled => "recovery.factor_cancelled",
            Self::FactorsReset => "recovery.factors_reset",
            Self::AddressChangeStarted => "address.change_started",
            Self::AddressChanged => "address.changed",
            Self::AddressProven => "address.proven",
            Self::AccountDeleted => "account.deleted",
            Self::IdentifiersReleased => "account.identifiers_released",
            Self::DeviceTrusted { .. } => "device.trusted",
            Self::DeviceAccepted { .. } => "device.accepted",
            Self::DeviceUnknown => "device.unknown",
            Self::DeviceReplayed => "device.replayed",
            Self::DeviceBurned => "device.burned",
            Self::DevicesForgotten { .. } => "device.forgotten",
            Self::ActionRequired { .. } => "session.action_required",
            Self::StepUpRequired => "session.step_up_required",
            Self::NoticeSent { .. } => "mail.notice",
            Self::ClockRebased => "clock.rebased",
            Self::DirectoryMismatch => "directory.mismatch",
            Self::MailFailed => "mail.failed",
        }
    }
}
