//! The second factors of an account, as stored.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::codec::RecordError;
use crate::entropy::Draw;
use crate::factor::recovery;
use crate::factor::totp::{TotpParams, TotpSecret};
use crate::keys::DataKey;
use crate::{Factor, Timestamp};

/// The second factors of an account. With none of them on, its password alone signs in.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SecondFactors {
    pub(crate) totp: Option<Totp>,
    /// An authenticator app that was not confirmed yet: it gates nothing and replaces nothing (R86).
    pub(crate) pending: Option<PendingTotp>,
    /// Whether a mailed code is asked for.
    pub(crate) mailed_code: bool,
    /// Digests of the recovery codes that would be taken.
    recovery_codes: Vec<[u8; 16]>,
    /// Whoever lost a second factor waits to get rid of it.
    pub(crate) lost: Option<LostFactor>,
}

/// A second factor that is said to be lost. Time alone takes nothing away: when the wait is over, the mailbox is asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct LostFactor {
    /// The digest of the mailed link that stops it.
    pub(crate) cancel: [u8; 16],
    /// When the wait is over.
    pub(crate) ready_at: Timestamp,
    /// When it has to be begun again.
    pub(crate) expires_at: Timestamp,
    /// Whether the host's operator began it, who has seen to it in another way.
    pub(crate) by_operator: bool,
}

/// An authenticator app.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Totp {
    secret: SealedSecret,
    /// The highest step ever accepted, whatever the clock says: none at or below it is taken again (R36, law 3).
    last_step: u64,
}

/// An authenticator app that waits for its first code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct PendingTotp {
    secret: SealedSecret,
    /// The sign-in whose session began it, and alone may end it.
    pub(crate) root: [u8; 8],
    pub(crate) expires_at: Timestamp,
}

/// A secret that has to be read again, and so cannot be a digest: sealed under the record's own key (R44).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct SealedSecret {
    name: [u8; 16],
    #[serde(with = "super::blob")]
    sealed: Vec<u8>,
    params: TotpParams,
}

impl SealedSecret {
    fn seal(
        key: &DataKey,
        secret: &TotpSecret,
        params: TotpParams,
        draw: &mut Draw,
    ) -> Result<Self, RecordError> {
        let name = draw.bytes();
        let sealed = key.seal(&name, secret.expose()).ok_or(RecordError::Malformed)?;
        Ok(Self { name, sealed, params })
    }

    fn open(&self, key: &DataKey) -> Result<TotpSecret, RecordError> {
        let plain = key.open(&self.name, &self.sealed).ok_or(RecordError::Sealed)?;
        TotpSecret::from_bytes(&plain).map_err(|_| RecordError::Malformed)
    }
}

/// A code to be checked against an authenticator app: the code, the time, and how many steps off it may be.
pub(crate) struct Shown<'a> {
    pub(crate) code: &'a crate::Code,
    pub(crate) now: Timestamp,
    pub(crate) settings: &'a crate::policy::Totp,
}

impl Shown<'_> {
    /// The latest step around now that has this code.
    fn step(&self, secret: &TotpSecret, params: TotpParams) -> Option<u64> {
        let (back, forward) = (self.settings.steps_back, self.settings.steps_forward);
        params.check(secret, self.code, self.now, back, forward, None)
    }
}

/// What came of a code of an authenticator app.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Accepted {
    Yes,
    No,
    /// Right, and used before: somebody looked over a shoulder. To whoever shows it the same as a wrong one.
    Replayed,
}

impl Totp {
    /// Whether the code is right, and newer than every one that was accepted before. If so, its step is spent.
    pub(crate) fn accept(&mut self, key: &DataKey, shown: &Shown<'_>) -> Result<Accepted, RecordError> {
        let step = shown.step(&self.secret.open(key)?, self.secret.params);
        Ok(match step {
            Some(step) if step > self.last_step => {
                self.last_step = step;
                Accepted::Yes
            }
            Some(_) => Accepted::Replayed,
            None => Accepted::No,
        })
    }
}

impl PendingTotp {
    pub(crate) fn new(
        key: &DataKey,
        secret: &TotpSecret,
        params: TotpParams,
        (root, expires_at): ([u8; 8], Timestamp),
        draw: &mut Draw,
    ) -> Result<Self, RecordError> {
        Ok(Self { secret: SealedSecret::seal(key, secret, params, draw)?, root, expires_at })
    }

    /// The authenticator app, once the code is right; the step of that code is spent with it (R87).
    pub(crate) fn confirm(&self, key: &DataKey, shown: &Shown<'_>) -> Result<Option<Totp>, RecordError> {
        let step = shown.step(&self.secret.open(key)?, self.secret.params);
        Ok(step.map(|last_step| Totp { secret: self.secret.clone(), last_step }))
    }
}

impl SecondFactors {
    /// Whether signing in takes more than a first factor.
    pub(crate) const fn any(&self) -> bool {
        self.totp.is_some() || self.mailed_code
    }

    /// Whether there is something of the account's own to compare a proof with, mailed codes apart.
    pub(crate) const fn has(&self, factor: Factor) -> bool {
        match factor {
            Factor::Totp => self.totp.is_some(),
            Factor::RecoveryCode => !self.recovery_codes.is_empty(),
            Factor::Password => true,
            Factor::MailedCode => false,
        }
    }

    /// Turns the authenticator app off. The recovery codes that came with it die with it (R53).
    pub(crate) fn disable_totp(&mut self) {
        self.totp = None;
        self.pending = None;
        self.lost = None;
        self.recovery_codes.clear();
    }

    /// How many recovery codes would be taken.
    pub(crate) fn recovery_codes_left(&self) -> usize {
        self.recovery_codes.len()
    }

    /// Takes new recovery codes in place of all earlier ones (R50).
    pub(crate) fn issue(&mut self, key: &DataKey, codes: &[crate::factor::RecoveryCode]) {
        self.recovery_codes = codes.iter().map(|code| code.digest(key)).collect();
    }

    /// Whether the recovery code is one that would be taken. If so, it is spent.
    pub(crate) fn redeem(&mut self, key: &DataKey, code: &crate::factor::RecoveryCode) -> bool {
        let found = recovery::find(&self.recovery_codes, &code.digest(key));
        if let Some(at) = found {
            self.recovery_codes.swap_remove(at);
        }
        found.is_some()
    }
}
