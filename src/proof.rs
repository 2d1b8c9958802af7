//! What is shown to prove a second factor, and in how many requests.

use crate::factor::RecoveryCode;
use crate::{Code, Factor, Password};

/// A proof of one factor, as typed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Proof {
    /// A code from the authenticator app.
    Totp(Code),
    /// The code that was mailed.
    MailedCode(Code),
    /// A code from the drawer.
    RecoveryCode(RecoveryCode),
    /// The password, where a mailbox was the first factor.
    Password(Password),
}

impl Proof {
    /// The factor it is a proof of.
    #[must_use]
    pub const fn factor(&self) -> Factor {
        match self {
            Self::Totp(_) => Factor::Totp,
            Self::MailedCode(_) => Factor::MailedCode,
            Self::RecoveryCode(_) => Factor::RecoveryCode,
            Self::Password(_) => Factor::Password,
        }
    }
}

/// Proofs of a second factor that came in one request with the first.
///
/// Whoever sends them need not know what the account asks for: one of them is looked at, the others are neither compared
/// nor counted nor used up.
#[derive(Clone, Debug, Default)]
pub struct Proofs {
    /// A code from the authenticator app.
    pub totp: Option<Code>,
    /// The code that was mailed.
    pub mailed_code: Option<Code>,
    /// A code from the drawer. If it is there, it is the one looked at.
    pub recovery_code: Option<RecoveryCode>,
}

impl Proofs {
    /// The one to look at, where `asked` is what the account asks for first.
    pub(crate) fn pick(&self, asked: Option<Factor>) -> Option<Proof> {
        let recovery = self.recovery_code.clone().map(Proof::RecoveryCode);
        recovery.or_else(|| match asked? {
            Factor::Totp => self.totp.clone().map(Proof::Totp),
            Factor::MailedCode => self.mailed_code.clone().map(Proof::MailedCode),
            Factor::Password | Factor::RecoveryCode => None,
        })
    }
}

/// How a second factor is asked for.
#[derive(Clone, Debug)]
pub enum Steps {
    /// One after the other: where one is missing, the answer has a ticket that
    /// [`ProveFactor`](crate::ProveFactor) takes with the proof.
    Stepwise,
    /// All in one request: where one is missing, the answer says which, and the whole is sent again with it.
    AtOnce(Proofs),
}
