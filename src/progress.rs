//! How far a sign-in came.

use alloc::string::String;
use alloc::vec::Vec;

use crate::{AccountId, Device, Factor, Login, SessionState, SignedIn, Ticket};

/// How far a sign-in came with what was proven so far.
#[derive(Debug)]
pub enum Progress {
    /// To its end.
    SignedIn(SignedIn),
    /// The first factor was right; a second is missing. Nobody is signed in.
    SecondFactor(SecondFactor),
}

impl Progress {
    /// Whoever is signed in, if anybody is.
    #[must_use]
    pub fn signed_in(self) -> Option<SignedIn> {
        match self {
            Self::SignedIn(signed_in) => Some(signed_in),
            Self::SecondFactor(_) => None,
        }
    }
}

/// A second factor is asked for.
///
/// That there is one, and which, is told only to somebody who has proven a first one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SecondFactor {
    /// The account. Not signed in to.
    pub account: AccountId,
    /// What [`ProveFactor`](crate::ProveFactor) takes; `None` where all comes in one request
    /// ([`Steps::AtOnce`](crate::Steps::AtOnce)). Worth nothing as a signed-in session (B033).
    pub login: Option<Ticket<Login>>,
    /// What would be taken, in the order in which to offer it.
    pub offered: Vec<Factor>,
    /// Whether this request mailed a code.
    pub mailed: bool,
    /// Where the code goes, masked, if a mailed code is asked for.
    pub sent_to: Option<String>,
    /// Where the mailed code stands, if a mailed code is asked for.
    pub state: Option<SessionState>,
    /// The new ticket of the trusted device, where one was shown that does not let past the second factor.
    pub device: Option<Ticket<Device>>,
}
