//! Second factors, each a value and a few pure functions: what a code is, and whether one matches.
//!
//! ```text
//!  secret ─┐
//!  params ─┼─► hotp ─► a code                         TotpParams::check: typed code, now, last step used
//!  step ───┘                                                       └─► the step that matched, or nothing
//!
//!  issuer, account, secret, params ◄─► otpauth://totp/…            OtpauthUri: what the QR code says
//!
//!  bits ─► a code for the drawer ─► its digest, which is stored    RecoveryCode; read back: typed ─► digest ─► find
//! ```
//!
//! | file | what | source |
//! |---|---|---|
//! | `totp.rs` | [`TotpSecret`], [`TotpParams`], [`hotp`]: codes of an authenticator app | RFC 4226, RFC 6238 |
//! | `otpauth.rs` | [`OtpauthUri`]: the secret and its parameters as a URI | Key URI Format |
//! | `recovery.rs` | [`RecoveryCode`], [`Regenerate`]: codes for the drawer | NIST 800-63B-4 §4.2.1.1 |
//!
//! Nothing here counts, waits or remembers. How many guesses are answered, that a step is used once and that a
//! recovery code dies with its use is decided where the record is written, in one compare-and-swap.

pub(crate) mod otpauth;
pub(crate) mod recovery;
pub(crate) mod totp;

pub use otpauth::{OtpauthError, OtpauthUri};
pub use recovery::{RecoveryCode, Regenerate};
pub use totp::{Algorithm, TotpParams, TotpParamsError, TotpSecret, TotpSecretError, hotp};
