//! Signing people in, as a state machine that you embed.
//!
//! A *countersign* is the reply one gives to a sentry's challenge. This crate is the sentry's rule book: it decides; your
//! program reads, writes and sends. It has no runtime, no transport, no clock and no global state.
//!
//! ```text
//!  request ─► Find ─► Load ─► Prove ─► Commit ─► next turn, or Done { outcome, mail, events }
//!              │       │        │        │
//!          directory  store   hasher   store                     ◄─ the host answers each stage
//!         (who is it?) (read) (slow,  (write if unchanged;
//!                             no I/O)  stale ─► Load again)
//! ```
//!
//! * **One turn, one compare-and-swap.** A turn reads one or two rows, decides purely, and writes exactly one row if it is
//!   unchanged. Two guesses in parallel can never count as one; a code cannot be spent twice.
//! * **Counted before told.** Outcome, mail and events stay locked inside a stage until the commit that counted the
//!   attempt was applied. Anything else does not compile.
//! * **Unknown accounts are not a special case.** They run the same turns on the same kind of record.
//! * **A policy knows its price**: the odds of guessing, the mails a victim can get, the store a flood can fill.
//!
//! # Signing in, in twenty lines
//!
//! [`host::Sentry`] is a blocking driver around the machine, [`host::AsyncSentry`] the same with `await`;
//! `examples/by_hand.rs` uses neither.
//!
//! ```
//! use countersign::{Client, Code, Identifier, Label, Password, PasswordSignIn, Progress, Proofs, Refusal, Steps, Verdict};
//! # use countersign::host::{Error, Sentry};
//!
//! # fn show(sentry: &Sentry, peer: std::net::IpAddr) -> Result<(), Box<dyn std::error::Error>> {
//! // A form came in: who, the password, and the code of the authenticator app if there was one.
//! let request = PasswordSignIn {
//!     client: Client::ip(peer),
//!     identifier: Identifier::parse("Jo@Example.com")?,
//!     password: Password::typed("MyPassword1!")?,
//!     steps: Steps::AtOnce(Proofs { totp: Some(Code::typed("123 456")), ..Proofs::default() }),
//!     label: Label::new("Firefox on Linux"),
//!     locale: None,
//!     device: None,
//! };
//! match sentry.run(request)?.verdict {
//!     Verdict::Granted(Progress::SignedIn(it)) => println!("give this to the client: {}", it.session().expose()),
//!     Verdict::Granted(Progress::SecondFactor(it)) => println!("the password was right; now show {:?}", it.offered),
//!     Verdict::Refused(Refusal::InvalidCredentials) => println!("wrong, and that is all anybody is told"),
//!     Verdict::Refused(Refusal::Limited { retry_at, .. }) => println!("not before {retry_at}"),
//!     Verdict::Refused(refusal) => println!("no: {refusal:?}"),
//! }
//! # Ok(()) }
//! ```
//!
//! Mailed codes, for sign-up and where they stand alone, are as short: see [`flow`].
//!
//! # What is here
//!
//! | module | what |
//! |---|---|
//! | [`flow`] | the operations, one file each |
//! | [`machine`] | the protocol between core and host |
//! | [`record`] | what is stored |
//! | [`factor`] | codes of an authenticator app, codes for the drawer |
//! | [`throttle`] | limits: pure arithmetic on values |
//! | [`policy`] | every number, checked at build, and its price |
//! | [`host`] | the traits you implement, the drivers, an in-memory store |
//! | [`http`] | an outcome as status and header fields |
//! | `conformance` | the suite your store must pass (feature `conformance`) |
//! | [`guide`] | for reviewers: a tour, the laws, what is not claimed, past vulnerabilities |
//!
//! # The host's duties
//!
//! 1. A [`Store`](host::Store) whose commit is linearizable; the conformance suite finds out.
//! 2. Keys from a generator ([`host::generate_key`]), kept apart from the database ([`LocatorKey`], [`KeyRing`]); the
//!    locator key never changes.
//! 3. A [`Client`] from the connection itself, not from what the client says.
//! 4. A [`Mailer`](host::Mailer) that queues, so that time tells nothing.
//! 5. Clocks that agree to within [`Settings::clock_tolerance`].
//! 6. An `Err` is "not authenticated", always. A [`Refusal`] is an ordinary answer.
//!
//! # Features
//!
//! `std` (default): the in-memory store, the system's clock and generator. Without it the crate is `no_std + alloc`, drivers
//! included. `conformance`: the suite. `wasm_js`: the system's generator is that of the browser or of Node.js. Features
//! add; none changes what is decided.
//!
//! # WebAssembly
//!
//! On `wasm32-unknown-unknown` there is no operating system. With `default-features = false` the crate builds and runs
//! there: the host gives the seed of each request ([`Entropy::from_seed`]) and the time. With the feature `wasm_js` the
//! default features do as well, and `host::OsEntropy` asks `crypto.getRandomValues` of JavaScript. `host::SystemClock`
//! cannot tell the time there: implement [`host::Clock`] with `Date.now()`.
//!
//! The laws the crate keeps, and the tests that fail without each: [`guide::laws`].
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

/// The code in the README compiles.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;

mod assurance;
#[cfg(feature = "conformance")]
pub mod conformance;
mod entropy;
mod event;
pub mod factor;
pub mod flow;
pub mod guide;
pub mod host;
pub mod http;
mod identifier;
mod ids;
mod keys;
pub mod machine;
mod mail;
mod outcome;
mod password;
pub mod policy;
mod progress;
mod proof;
pub mod record;
mod secret;
pub mod throttle;
mod ticket;
mod time;
mod words;

pub use assurance::Method;
pub use entropy::Entropy;
pub use event::{Event, EventKind, EventValue, Severity};
pub use factor::RecoveryCode;
pub use flow::{
    Cancel, CancelFactorRecovery, ChangeAddress, ChangePassword, CheckSession, ConfirmAction, ConfirmTotp,
    CountRequest, DeleteAccount, Deleted, DeviceId, DeviceInfo, DeviceTrusted, DisableMailedCode,
    DisableTotp, EnableMailedCode, EndSessions, Ended, EnrolTotp, FactorEnabled, FactorRecovery,
    FactorRemoved, FactorsWereReset, ForgetDevices, GrantedReset, ListDevices, ListFactors, ListSessions,
    Noted, PasswordSignIn, PasswordWasReset, ProveFactor, Recover, RecoverFactor, RecoveryCodesIssued,
    RedeemRecovery, RedeemSignIn, RedeemSignUp, RegenerateRecoveryCodes, RequireFresh, RequirePasswordChange,
    Resend, ResendFactorCode, ResendSignUp, ResetFactors, ResetPassword, Rewrap, Secured, SendStepUpCode,
    SessionId, SessionInfo, SetSuspended, SignIn, SignUp, SignedIn, StartFactorReset, StepUp, Suspended,
    Todo, TotpEnrolment, TrustDevice, Verify, Which,
};
pub use identifier::{Address, Identifier, IdentifierError};
pub use ids::{AccountId, Action, Client, InvalidId, Label, Locale, Profile};
pub use keys::{KeyBytes, KeyError, KeyId, KeyRing, LocatorKey};
pub use machine::{
    Committed, Context, Created, DirectoryEntry, Machine, MachineError, NewAccount, Renaming, Request, Row,
    Step, Write,
};
pub use mail::{Envelope, MailedLink, MessageKind};
pub use outcome::{
    Cancelled, NextStep, Outcome, Refusal, Resent, Rewrapped, SessionState, Started, Verdict, Verified,
};
pub use password::{
    Blocked, Blocklist, CommonPasswords, Password, PasswordHash, PasswordHashError, PasswordTooLong, Salt,
};
pub use policy::{Policy, PolicyError, Settings};
pub use progress::{Progress, SecondFactor};
pub use proof::{Proof, Proofs, Steps};
pub use secret::Code;
pub use ticket::{
    CancelLink, Device, Login, OtpSession, RecoveryLink, ResetGrant, Session, SignInLink, SignUpLink, Ticket,
    TicketError, TicketKind,
};
pub use time::{Timestamp, retry_after_seconds};
pub use words::{Factor, Operation, Partition, Purpose};
