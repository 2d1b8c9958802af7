//! countersign
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "conformance")]
pub mod conformance;
mod entropy;
mod event;
pub mod flow;
pub mod host;
mod identifier;
mod ids;
mod keys;
pub mod machine;
mod mail;
mod outcome;
mod password;
pub mod policy;
pub mod record;
mod secret;
pub mod throttle;
mod ticket;
mod time;
mod words;

pub use entropy::Entropy;
pub use event::{Event, EventKind};
pub use flow::{Cancel, ConfirmAction, Recover, RedeemSignUp, Resend, SignIn, SignUp, Verify};
pub use identifier::{Address, Identifier, IdentifierError};
pub use ids::{AccountId, Action, Client, InvalidId, Locale, Profile};
pub use keys::{KeyError, KeyId, KeyRing, LocatorKey};
pub use machine::{
    Committed, Context, Created, DirectoryEntry, Machine, MachineError, NewAccount, Request, Row, Step, Write,
};
pub use mail::{Envelope, MessageKind};
pub use outcome::{Cancelled, NextStep, Outcome, Refusal, Resent, SessionState, Started, Verdict, Verified};
pub use password::{Password, PasswordHash, PasswordHashError, PasswordTooLong, Salt};
pub use policy::{Policy, PolicyError, Settings};
pub use secret::Code;
pub use ticket::{OtpSession, SignUpLink, Ticket, TicketError, TicketKind};
pub use time::{Timestamp, retry_after_seconds};
pub use words::{Factor, Operation, Partition, Purpose};
