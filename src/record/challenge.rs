//! A pending proof inside a record: one one-time-code session.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::assurance::Methods;
use crate::entropy::Draw;
use crate::ids::{AccountId, Action, Locale, Profile};
use crate::keys::{DataKey, Domain};
use crate::record::RecordError;
use crate::secret::{Code, matches};
use crate::{Address, Identifier, Partition, PasswordHash, Purpose, Timestamp};

/// One one-time-code session, as stored.
///
/// What decides (times, counts, digests) is plain; what it is about (who, where to, what was asked for) is sealed, so
/// that a reader of the database learns neither. For an unknown identifier it has the same form and the same length as
/// for a known one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Challenge {
    /// The digest of the session's ticket.
    pub(crate) ticket: [u8; 16],
    pub(crate) purpose: Purpose,
    /// In whose partition it was begun, and goes on.
    pub(crate) partition: Partition,
    /// Wrong codes answered so far; resend leaves it alone (R4).
    pub(crate) failures: u32,
    /// The session's own end, which resend never moves (law 6, R23).
    pub(crate) expires_at: Timestamp,
    /// The codes that would be taken: one, or two where a resend keeps the previous one; none where none was mailed.
    pub(crate) codes: Vec<LiveCode>,
    /// The digest of the link that was mailed with the first code, for the purposes that have one.
    link: Option<[u8; 16]>,
    #[serde(with = "super::blob")]
    sealed: Vec<u8>,
}

/// A code that would be taken, as stored: a keyed digest, never the code (R29).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct LiveCode {
    digest: [u8; 16],
    pub(crate) expires_at: Timestamp,
}

/// What a challenge is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Subject {
    /// What was typed, normalised.
    #[serde(deserialize_with = "crate::identifier::sealed::identifier")]
    pub(crate) identifier: Identifier,
    /// Where mail goes if that is not the identifier itself, byte for byte as the account has it (B095).
    #[serde(deserialize_with = "crate::identifier::sealed::other_address")]
    pub(crate) address: Option<Address>,
    pub(crate) locale: Option<Locale>,
    /// The account and the generation of its credentials the challenge was made for; `None` where there is none.
    pub(crate) account: Option<(AccountId, u64)>,
    /// Whether a right code exists. If not, codes are drawn and digested all the same, but never sent and never matched.
    pub(crate) answerable: bool,
    pub(crate) ask: Ask,
}

/// What a challenge is for, with what that purpose carries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Ask {
    SignUp {
        profile: Profile,
        password: StoredHash,
    },
    SignIn,
    Recover,
    ConfirmAction {
        action: Action,
    },
    /// What was proven before.
    SecondFactor {
        proven: Methods,
    },
    /// The session that asked, which is not ended by the change.
    ChangeAddress {
        session: [u8; 8],
    },
    /// The session that asked.
    StepUp {
        session: [u8; 8],
    },
    RecoverFactor,
    /// The mailbox was read; a new password may be set.
    Reset,
}

/// A password hash inside a sealed payload.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct StoredHash(pub(crate) PasswordHash);

impl TryFrom<String> for StoredHash {
    type Error = crate::PasswordHashError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        PasswordHash::new(&text).map(Self)
    }
}

impl From<StoredHash> for String {
    fn from(hash: StoredHash) -> Self {
        Self::from(hash.0.expose())
    }
}

impl Subject {
    /// Where the code of this challenge goes.
    pub(crate) fn recipient(&self) -> Address {
        self.address.clone().unwrap_or_else(|| self.identifier.address().clone())
    }
}

impl Challenge {
    /// A challenge without a code, for a session whose ticket has the given digest.
    pub(crate) fn new(
        key: &DataKey,
        ticket: [u8; 16],
        (purpose, partition): (Purpose, Partition),
        expires_at: Timestamp,
        subject: &Subject,
    ) -> Result<Self, RecordError> {
        let sealed = seal(key, &ticket, subject)?;
        Ok(Self {
            ticket,
            purpose,
            partition,
            failures: 0,
            expires_at,
            codes: Vec::new(),
            link: None,
            sealed,
        })
    }

    /// The same with the wrong guesses of one that it takes the place of: a new code gives none back (R4).
    #[must_use]
    pub(crate) fn in_place_of(mut self, before: Option<u32>) -> Self {
        self.failures = before.unwrap_or(0);
        self
    }

    pub(crate) fn subject(&self, key: &DataKey) -> Result<Subject, RecordError> {
        open(key, &self.ticket, &self.sealed)
    }

    /// Makes `code` one that would be taken until `expires_at`, as the newest; `keep` of the earlier ones stay.
    pub(crate) fn accept(&mut self, key: &DataKey, code: &Code, expires_at: Timestamp, keep: usize) {
        let digest = self.digest(key, code);
        self.push(LiveCode { digest, expires_at }, keep);
    }

    /// As [`accept`](Self::accept) with a digest that no code has: what unknown identifiers get.
    pub(crate) fn accept_nothing(&mut self, random: [u8; 16], expires_at: Timestamp, keep: usize) {
        self.push(LiveCode { digest: random, expires_at }, keep);
    }

    /// Puts digests that nothing has in place of those of its codes and its link.
    pub(crate) fn match_nothing(&mut self, draw: &mut Draw) {
        self.codes.iter_mut().for_each(|code| code.digest = draw.bytes());
        self.link.iter_mut().for_each(|link| *link = draw.bytes());
    }

    fn push(&mut self, code: LiveCode, keep: usize) {
        self.codes.truncate(keep);
        self.codes.insert(0, code);
    }

    /// Whether a code is one that would be taken. Compares with all of them, however early one matches.
    pub(crate) fn takes(&self, key: &DataKey, code: &Code) -> bool {
        let digest = self.digest(key, code);
        self.codes.iter().fold(false, |taken, live| matches(&live.digest, &digest) | taken)
    }

    /// As [`takes`](Self::takes); a right code is spent, with all beside it.
    pub(crate) fn spend_code(&mut self, key: &DataKey, code: &Code) -> bool {
        let right = self.takes(key, code);
        if right {
            self.codes.clear();
        }
        right
    }

    /// Makes a mailed link one that would be taken as long as the session lives; nothing replaces it.
    pub(crate) const fn accept_link(&mut self, digest: [u8; 16]) {
        self.link = Some(digest);
    }

    /// Whether a link is the one that was mailed.
    pub(crate) fn takes_link(&self, digest: &[u8; 16]) -> bool {
        self.link.as_ref().is_some_and(|link| matches(link, digest))
    }

    /// Bound to this session and purpose: the same digits digest differently anywhere else (law 5, R20).
    fn digest(&self, key: &DataKey, code: &Code) -> [u8; 16] {
        key.digest(Domain::MailedCode, &[&self.ticket, &[self.purpose as u8], code.expose().as_bytes()])
    }
}

/// Payloads are padded to whole multiples of this, so that their length tells nothing about what is in them: an account id of
/// full length and an address of up to 80 bytes fit into the first two.
const PADDING: usize = 64;
const SHORTEST: usize = 192;

pub(crate) fn seal<T: Serialize>(
    key: &DataKey,
    unique: &[u8; 16],
    value: &T,
) -> Result<Vec<u8>, RecordError> {
    let plain = postcard::to_extend(value, Vec::with_capacity(512)).map_err(|_| RecordError::Malformed)?;
    let mut plain = zeroize::Zeroizing::new(plain);
    let length = plain.len().next_multiple_of(PADDING).max(SHORTEST);
    plain.resize(length, 0);
    key.seal(unique, &plain).ok_or(RecordError::Malformed)
}

pub(crate) fn open<T: serde::de::DeserializeOwned>(
    key: &DataKey,
    unique: &[u8; 16],
    sealed: &[u8],
) -> Result<T, RecordError> {
    let plain = key.open(unique, sealed).ok_or(RecordError::Sealed)?;
    postcard::take_from_bytes(&plain).map(|(value, _padding)| value).map_err(|_| RecordError::Malformed)
}
