//! Winning an account back: a lost password, a lost second factor.
//!
//! ```text
//!  Recover ─► code and link by mail ─┬─ Verify ──────────┬─► grant ─► ResetPassword ─► nobody is signed in; all that was is out
//!                                    └─ RedeemRecovery ──┘             (with a further proof where there is an app)
//!
//!  password ─► RecoverFactor ─► wait, owner told, link that stops it ─► RecoverFactor ─► code by mail ─► ResetFactors
//! ```

pub(super) mod factors;
pub(super) mod grant;
pub(super) mod link;
pub(super) mod operator;
pub(super) mod password;
