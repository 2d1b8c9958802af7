//! Events for machines: fields with stable names, and how much an event matters.
//!
//! A line of a log or a record of a SIEM is [`EventKind::name`], [`EventKind::severity`], the time, the subject, the account and these
//! fields. They are enough to write rules on, and none of them can hold a secret: every value is a name of this crate, a number, a flag or
//! a time (R74, ASVS 16.2.5).

use alloc::vec::Vec;
use core::fmt;

use super::EventKind;
use crate::Timestamp;

/// The value of a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EventValue {
    /// A name of this crate.
    Name(&'static str),
    /// A number.
    Number(u64),
    /// Yes or no.
    Flag(bool),
    /// A time.
    Time(Timestamp),
}

/// How much an event matters to whoever watches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// What happens all day.
    Info,
    /// What changes an account, or is refused: worth keeping.
    Notice,
    /// What happens to honest people now and then, and to accounts under attack often. Count it.
    Warning,
    /// What hardly ever happens unless somebody knows a secret that is not his. Look at it.
    Alert,
}

impl fmt::Display for EventValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Number(number) => number.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
            Self::Time(time) => time.fmt(f),
        }
    }
}

impl Severity {
    /// A stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Alert => "alert",
        }
    }
}

impl EventKind {
    /// How much it matters.
    ///
    /// ```
    /// use countersign::{EventKind, Severity, Factor};
    /// assert_eq!(EventKind::PasswordRejected { known: true }.severity(), Severity::Info);
    /// assert_eq!(EventKind::FactorReplayed { factor: Factor::Totp }.severity(), Severity::Alert);
    /// ```
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::SessionStarted { .. }
            | Self::CodeSent { .. }
            | Self::CodeAccepted { .. }
            | Self::CodeRejected { .. }
            | Self::CodeExpired { .. }
            | Self::SessionUnknown { .. }
            | Self::SessionCancelled { .. }
            | Self::LinkRedeemed { .. }
            | Self::PasswordAccepted
            | Self::PasswordRejected { .. }
            | Self::PasswordRehashed
            | Self::FactorAsked { .. }
            | Self::FactorAccepted { .. }
            | Self::FactorRejected { .. }
            | Self::SignedIn { .. }
            | Self::SessionDropped
            | Self::SessionsEnded { .. }
            | Self::EnrolmentStarted
            | Self::DeviceAccepted { .. }
            | Self::ActionRequired { .. }
            | Self::StepUpRequired
            | Self::IdentifiersReleased
            | Self::NoticeSent { .. } => Severity::Info,
            Self::SignUpTaken
            | Self::Limited { .. }
            | Self::AccountCreated
            | Self::AccountTakenOver
            | Self::FactorEnabled { .. }
            | Self::RecoveryCodesIssued
            | Self::SuspensionSet { .. }
            | Self::ResetGranted
            | Self::PasswordReset
            | Self::PasswordChanged
            | Self::PasswordChangeRequired
            | Self::FactorDisabledByOwner { .. }
            | Self::FactorRecoveryCancelled
            | Self::AddressChangeStarted
            | Self::AddressChanged
            | Self::AddressProven
            | Self::AccountDeleted
            | Self::DeviceTrusted { .. }
            | Self::DeviceUnknown
            | Self::DevicesForgotten { .. } => Severity::Notice,
            Self::SessionBurned { .. }
            | Self::GuessingLocked { .. }
            | Self::AccountConflict { .. }
            | Self::SecondFactorAbandoned { .. }
            | Self::RecoveryCodeUsed { .. }
            | Self::FactorRecoveryStarted { .. }
            | Self::FactorsReset
            | Self::DeviceBurned
            | Self::ClockRebased
            | Self::DirectoryMismatch
            | Self::MailFailed => Severity::Warning,
            Self::FactorDisabled
            | Self::RightAfterFailures { .. }
            | Self::FactorReplayed { .. }
            | Self::DeviceReplayed => Severity::Alert,
        }
    }

    /// What is known beside the name, as fields with stable names.
    ///
    /// ```
    /// use countersign::{EventKind, EventValue, Factor};
    /// let kind = EventKind::RightAfterFailures { factor: Factor::Totp, failures: 7 };
    /// assert_eq!(kind.fields(), [("factor", EventValue::Name("totp")), ("failures", EventValue::Number(7))]);
    /// ```
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, EventValue)> {
        use EventValue::{Flag, Name, Number, Time};
        let count = |count: usize| Number(u64::try_from(count).unwrap_or(u64::MAX));
        match *self {
            Self::SessionStarted { purpose }
            | Self::CodeAccepted { purpose }
            | Self::SessionBurned { purpose }
            | Self::CodeExpired { purpose }
            | Self::SessionCancelled { purpose }
            | Self::LinkRedeemed { purpose }
            | Self::AccountConflict { purpose } => alloc::vec![("purpose", Name(purpose.name()))],
            Self::CodeSent { purpose, resend, suppressed } => alloc::vec![
                ("purpose", Name(purpose.name())),
                ("resend", Flag(resend)),
                ("suppressed", Flag(suppressed)),
            ],
            Self::CodeRejected { purpose, attempts_left } => alloc::vec![
                ("purpose", Name(purpose.name())),
                ("attempts_left", Number(attempts_left.into())),
            ],
            Self::GuessingLocked { until } => alloc::vec![("until", Time(until))],
            Self::SessionUnknown { operation } => alloc::vec![("operation", Name(operation.name()))],
            Self::Limited { operation, rule } => {
                alloc::vec![("operation", Name(operation.name())), ("rule", Name(rule))]
            }
            Self::PasswordRejected { known } => alloc::vec![("known", Flag(known))],
            Self::FactorAsked { factor }
            | Self::FactorAccepted { factor }
            | Self::FactorRejected { factor }
            | Self::FactorEnabled { factor }
            | Self::FactorDisabledByOwner { factor }
            | Self::FactorReplayed { factor } => alloc::vec![("factor", Name(factor.name()))],
            Self::RightAfterFailures { factor, failures } => {
                alloc::vec![("factor", Name(factor.name())), ("failures", Number(failures.into()))]
            }
            Self::SignedIn { aal } => alloc::vec![("aal", Number(aal.into()))],
            Self::SessionsEnded { count: n }
            | Self::DevicesForgotten { count: n }
            | Self::SecondFactorAbandoned { count: n } => alloc::vec![("count", count(n))],
            Self::SuspensionSet { suspended } => alloc::vec![("suspended", Flag(suspended))],
            Self::RecoveryCodeUsed { left } => alloc::vec![("left", count(left))],
            Self::FactorRecoveryStarted { ready_at, by_operator } => {
                alloc::vec![("ready_at", Time(ready_at)), ("by_operator", Flag(by_operator))]
            }
            Self::DeviceTrusted { skips_second_factor } => {
                alloc::vec![("skips_second_factor", Flag(skips_second_factor))]
            }
            Self::DeviceAccepted { skipped } => alloc::vec![("skipped", Flag(skipped))],
            Self::ActionRequired { action } => alloc::vec![("action", Name(action.name()))],
            Self::NoticeSent { notice } => alloc::vec![("notice", Name(notice))],
            Self::SignUpTaken
            | Self::FactorDisabled
            | Self::AccountCreated
            | Self::PasswordAccepted
            | Self::PasswordRehashed
            | Self::AccountTakenOver
            | Self::SessionDropped
            | Self::EnrolmentStarted
            | Self::RecoveryCodesIssued
            | Self::ResetGranted
            | Self::PasswordReset
            | Self::PasswordChanged
            | Self::PasswordChangeRequired
            | Self::FactorRecoveryCancelled
            | Self::FactorsReset
            | Self::AddressChangeStarted
            | Self::AddressChanged
            | Self::AddressProven
            | Self::AccountDeleted
            | Self::IdentifiersReleased
            | Self::DeviceUnknown
            | Self::DeviceReplayed
            | Self::DeviceBurned
            | Self::StepUpRequired
            | Self::ClockRebased
            | Self::DirectoryMismatch
            | Self::MailFailed => Vec::new(),
        }
    }
}
