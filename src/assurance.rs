//! What was proven at a sign-in, and what that is worth.

use alloc::vec::Vec;

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A way in which somebody proved who they are: one entry of a session's `amr` (RFC 8176).
///
/// The order is part of the stored format: append only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[repr(u8)]
pub enum Method {
    /// Knew the password.
    Password,
    /// Read a code in the mailbox.
    MailedCode,
    /// Followed a link from the mailbox.
    MailedLink,
    /// Had the authenticator app.
    Totp,
    /// Had a recovery code.
    RecoveryCode,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 5] =
        [Self::Password, Self::MailedCode, Self::MailedLink, Self::Totp, Self::RecoveryCode];

    /// The name for an `amr` claim: `pwd` and `otp` as in RFC 8176 §2; `email` and `recovery` are of this library, so that
    /// a mailbox never passes for more than it is (R26).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::MailedCode | Self::MailedLink => "email",
            Self::Totp => "otp",
            Self::RecoveryCode => "recovery",
        }
    }
}

/// A set of methods.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Methods(u8);

impl Methods {
    pub(crate) fn of(methods: &[Method]) -> Self {
        methods.iter().fold(Self::default(), |set, method| set.with(*method))
    }

    #[must_use]
    pub(crate) const fn with(self, method: Method) -> Self {
        Self(self.0 | 1 << method as u8)
    }

    #[must_use]
    pub(crate) const fn without(self, method: Method) -> Self {
        Self(self.0 & !(1 << method as u8))
    }

    pub(crate) const fn has(self, method: Method) -> bool {
        self.0 & (1 << method as u8) != 0
    }

    /// Whether the mailbox was read. A code and a link from it are one proof, not two (law 4).
    pub(crate) const fn mailbox(self) -> bool {
        self.has(Method::MailedCode) || self.has(Method::MailedLink)
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether something was proven that can stand first: the password or the mailbox.
    pub(crate) const fn first_factor(self) -> bool {
        self.has(Method::Password) || self.mailbox()
    }

    pub(crate) fn list(self) -> Vec<Method> {
        Method::ALL.into_iter().filter(|method| self.has(*method)).collect()
    }

    /// The authenticator assurance level of NIST 800-63B-4 §2, computed from what was proven and from nothing else (R71): 2 for a
    /// password with an authenticator app or a look-up secret, else 1. A mailbox raises nothing: it is no authenticator
    /// (§3.1.3.1).
    pub(crate) const fn aal(self) -> u8 {
        if self.has(Method::Password) && (self.has(Method::Totp) || self.has(Method::RecoveryCode)) {
            2
        } else {
            1
        }
    }
}

/// What was proven, and when each was proven last.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Proven(Vec<(Method, Timestamp)>);

impl Proven {
    pub(crate) fn at(methods: Methods, at: Timestamp) -> Self {
        Self(methods.list().into_iter().map(|method| (method, at)).collect())
    }

    /// The same with a method that was proven at `at`.
    #[must_use]
    pub(crate) fn with(mut self, method: Method, at: Timestamp) -> Self {
        self.0.retain(|(before, _)| *before != method);
        self.0.push((method, at));
        self
    }

    /// Forgets what is no factor of the account any more.
    pub(crate) fn forget(&mut self, methods: Methods) {
        self.0.retain(|(method, _)| !methods.has(*method));
    }

    pub(crate) fn methods(&self) -> Methods {
        self.0.iter().fold(Methods::default(), |set, (method, _)| set.with(*method))
    }

    /// What was proven less than `span` ago.
    pub(crate) fn within(&self, span: Duration, now: Timestamp) -> Methods {
        let fresh = self.0.iter().filter(|(_, at)| now.since(*at) < span);
        fresh.fold(Methods::default(), |set, (method, _)| set.with(*method))
    }

    pub(crate) fn list(&self) -> &[(Method, Timestamp)] {
        &self.0
    }

    pub(crate) fn rebase(&mut self, from: Timestamp, to: Timestamp) {
        self.0.iter_mut().for_each(|(_, at)| *at = at.shifted(from, to));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R71: for every set of methods, the level is 2 only where something known meets something had, the mailbox not counted.
    #[test]
    fn r71_assurance_is_never_more_than_was_proven() {
        for bits in 0..32_u8 {
            let set = Methods(bits);
            let had = set.has(Method::Totp) || set.has(Method::RecoveryCode);
            assert_eq!(set.aal() == 2, set.has(Method::Password) && had, "{:?}", set.list());
            assert_eq!(Methods::of(&set.list()), set);
            let twice: Vec<_> = set.list().into_iter().chain(set.list()).collect();
            assert_eq!(Methods::of(&twice), set, "proven twice is proven");
        }
    }
}
