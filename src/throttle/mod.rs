//! Limits: how many times something may be done, and when it may be done again.
//!
//! ```text
//!  limiter (a value, kept in a record)  ┐
//!  settings (a value, kept in a policy) ├─► open, or shut until when and by which rule
//!  now (a value, from the request)      ┘
//! ```
//!
//! A limiter owns no clock, no lock and no task. Two calls matter: `check` asks whether the next event may happen and changes
//! nothing; `charge` says that it happened. The record that holds the limiter is committed between the charge and the
//! answer, so what is answered has always been counted (law 1), and no interleaving answers more than a limit allows (law 2).
//!
//! | value | for | settings |
//! |---|---|---|
//! | [`Log`] | requests, mails sent: N in any window, several rules at once; a cooldown is N = 1 | [`Rule`]s |
//! | [`Backoff`] | waits that double | [`BackoffSettings`] |
//! | [`Cap`] | failures in a row, whatever the clock says | a number |
//! | [`Budget`] | wrong guesses at one factor in one partition: the three above together | [`BudgetSettings`] |
//!
//! Every function is total. Sums of times saturate at [`Timestamp::MAX`](crate::Timestamp::MAX), which as a `retry_at`
//! means "never": what cannot be written as a point in time does not end. Comparisons are exact over the whole range, also
//! across it. A `now` earlier than the last event forgets nothing that is still held: an event in the future counts.

mod backoff;
mod budget;
mod cap;
mod rule;
mod window;

pub use backoff::{Backoff, BackoffError, BackoffSettings};
pub use budget::{Budget, BudgetError, BudgetSettings, Shut};
pub use cap::Cap;
pub use rule::{Limited, Quota, Rule, RuleError};
pub use window::Log;
