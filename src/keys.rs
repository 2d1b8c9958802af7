//! The host's keys, and what the core derives from them.
//!
//! Two kinds, because they live differently long. The [`LocatorKey`] names rows; changing it would lose every row, so
//! it never changes. The keys of the [`KeyRing`] seal what is inside rows and blind what is inside tickets; the ring
//! has a current key and previous ones, so that tickets and records made before a rotation stay valid until the
//! previous key is taken out.
//!
//! No subkey of the host's keys is used for two things: each use has its own, derived by HMAC-SHA-256 under a distinct label
//! (NIST SP 800-108 in counter mode with one block). A record's data key makes the digests inside of the record, each under a
//! label of its own, and derives the key that seals.
//!
//! A data key is as old as its record. A rotation of the ring wraps the same data key again: see [`KeyRing`] for what that
//! means where a ring key was seen.

use alloc::vec::Vec;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::Identifier;
use crate::entropy::{Draw, Entropy};
use crate::ids::{AccountId, Client};
use crate::record::{RecordKey, RecordKind};
use crate::secret::Key32;

type Mac256 = Hmac<Sha256>;

/// Key material that cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not 32 bytes long.
    #[error("a key has exactly 32 bytes")]
    Length,
    /// All bytes are the same: an unset variable or a placeholder, not the output of a generator (B045).
    #[error("a key must come from a generator; all its bytes are equal")]
    Placeholder,
    /// Two keys of a ring are the same.
    #[error("the ring has the same key twice")]
    Duplicate,
    /// More previous keys than [`KeyRing::MAX_PREVIOUS`].
    #[error("a ring has at most {} previous keys", KeyRing::MAX_PREVIOUS)]
    TooMany,
}

/// A new key as bytes, for the host to store. It is wiped when dropped, and says nothing in `Debug`.
///
/// [`host::generate_key`](crate::host::generate_key) makes one from the host's generator. The bytes become a key by
/// [`LocatorKey::new`] or [`KeyRing::new`], now and each time they are read back.
#[derive(Clone)]
pub struct KeyBytes(Key32);

impl KeyBytes {
    /// Makes a key of fresh randomness. Uses the entropy up: it must not come with a request as well.
    ///
    /// What an attacker could gain: whoever can guess the entropy has the key.
    ///
    /// ```
    /// use countersign::{Entropy, KeyBytes, LocatorKey};
    /// let key = KeyBytes::from_entropy(Entropy::from_seed([7; 32])); // in tests only
    /// assert!(LocatorKey::new(key.expose()).is_ok());
    /// assert_eq!(format!("{key:?}"), "KeyBytes(…)");
    /// ```
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "used up")]
    pub fn from_entropy(entropy: Entropy) -> Self {
        // The streams of requests begin at 1.
        Self(Key32::new(entropy.stream(0).bytes()))
    }

    /// The 32 bytes. For the place where the host keeps its keys, readable by the host alone.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

impl core::fmt::Debug for KeyBytes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("KeyBytes(…)")
    }
}

fn material(bytes: &[u8]) -> Result<Key32, KeyError> {
    let array: [u8; 32] = bytes.try_into().map_err(|_| KeyError::Length)?;
    match array.split_first() {
        Some((first, rest)) if rest.iter().any(|byte| byte != first) => Ok(Key32::new(array)),
        _ => Err(KeyError::Placeholder),
    }
}

/// A MAC keyed with all 32 bytes. HMAC pads a key to the block of its hash with zeros (RFC 2104 §2); doing so here
/// leaves no error to handle.
fn keyed(key: &[u8; 32]) -> Mac256 {
    let mut block = zeroize::Zeroizing::new([0; 64]);
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    <Mac256 as KeyInit>::new((&*block).into())
}

/// HMAC over parts, each preceded by its length, so that no two lists of parts give the same input.
fn mac(state: &Mac256, label: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut state = state.clone();
    state.update(&[u8::try_from(label.len()).unwrap_or(u8::MAX)]);
    state.update(label);
    for part in parts {
        state.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        state.update(part);
    }
    state.finalize().into_bytes().into()
}

fn first<const N: usize>(digest: [u8; 32]) -> [u8; N] {
    let mut out = [0; N];
    out.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    out
}

fn subkey(key: &Key32, label: &[u8]) -> Key32 {
    Key32::new(mac(&keyed(key.expose()), label, &[]))
}

/// The key under which rows are named; it stays for the life of the store.
///
/// Whoever has it can tell which row belongs to a given address, and nothing more.
///
/// ```
/// use countersign::{KeyError, LocatorKey};
/// assert_eq!(LocatorKey::new(&[0; 32]).err(), Some(KeyError::Placeholder));
/// assert_eq!(LocatorKey::new(b"short").err(), Some(KeyError::Length));
/// ```
#[derive(Clone)]
pub struct LocatorKey(Mac256);

impl LocatorKey {
    /// Takes 32 bytes from a cryptographic generator.
    ///
    /// # Errors
    /// [`KeyError::Length`] and [`KeyError::Placeholder`].
    pub fn new(bytes: &[u8]) -> Result<Self, KeyError> {
        Ok(Self(keyed(subkey(&material(bytes)?, b"countersign locator").expose())))
    }

    fn key(&self, kind: RecordKind, label: &[u8], parts: &[&[u8]]) -> RecordKey {
        RecordKey::new(kind, first(mac(&self.0, label, parts)))
    }

    pub(crate) fn visitor(&self, identifier: &Identifier) -> RecordKey {
        self.key(RecordKind::Visitor, b"visitor", &[identifier.as_str().as_bytes()])
    }

    pub(crate) fn account(&self, account: &AccountId) -> RecordKey {
        self.key(RecordKind::Account, b"account", &[account.as_str().as_bytes()])
    }

    /// Where the account of an unknown identifier would be looked for: a row that does not exist, so that known and
    /// unknown identifiers cost the store the same read (law 8).
    pub(crate) fn nobody(&self, identifier: &Identifier) -> RecordKey {
        self.key(RecordKind::Account, b"nobody", &[identifier.as_str().as_bytes()])
    }

    /// `None` for a client that is not metered.
    pub(crate) fn meter(&self, client: &Client, operation: &str) -> Option<RecordKey> {
        let client = client.bytes()?;
        Some(self.key(RecordKind::Meter, b"meter", &[client, operation.as_bytes()]))
    }
}

impl core::fmt::Debug for LocatorKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("LocatorKey(…)")
    }
}

/// The name of a ring key inside records and tickets: 32 bits derived from the key itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
pub struct KeyId(pub(crate) [u8; 4]);

#[derive(Clone)]
struct RingKey {
    id: KeyId,
    seal: Mac256,
    blind: Mac256,
}

impl RingKey {
    fn new(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = material(bytes)?;
        let id = KeyId(first(*subkey(&key, b"countersign ring id").expose()));
        let seal = keyed(subkey(&key, b"countersign ring seal").expose());
        let blind = keyed(subkey(&key, b"countersign ring blind").expose());
        Ok(Self { id, seal, blind })
    }

    /// The cipher for one sealing of one row's data key. Its key is derived from the row and 128 random bits and used
    /// once, so that a fixed nonce is right and no number of rows, not even that of a flood, wears a ring key out.
    fn sealer(&self, row: &RecordKey, salt: &[u8; 16]) -> Aes256Gcm {
        cipher(&mac(&self.seal, b"data key", &[row.as_bytes(), salt]))
    }
}

fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(key.into())
}

/// The nonce under a key that is used once.
const ONLY: [u8; 12] = [0; 12];

/// The keys that seal records and blind tickets: one current, and previous ones that still open.
///
/// To rotate, put the new key in front and the old one among the previous. Every record that is written from then on is
/// sealed under the new key; once no record and no ticket names the old one, take it out. A ticket whose key was
/// taken out is worth nothing.
///
/// ```
/// use countersign::KeyRing;
/// let mut old = [1; 32]; old[0] = 0;
/// let mut new = [2; 32]; new[0] = 0;
/// assert!(KeyRing::new(&new, &[&old]).is_ok());
/// assert!(KeyRing::new(&new, &[&new]).is_err());
/// ```
#[derive(Clone)]
pub struct KeyRing {
    current: RingKey,
    previous: Vec<RingKey>,
}

impl KeyRing {
    /// The most previous keys a ring takes.
    pub const MAX_PREVIOUS: usize = 8;

    /// Takes keys of 32 bytes each from a cryptographic generator.
    ///
    /// # Errors
    /// Every [`KeyError`].
    pub fn new(current: &[u8], previous: &[&[u8]]) -> Result<Self, KeyError> {
        if previous.len() > Self::MAX_PREVIOUS {
            return Err(KeyError::TooMany);
        }
        let current = RingKey::new(current)?;
        let previous = previous.iter().map(|key| RingKey::new(key)).collect::<Result<Vec<_>, _>>()?;
        let ring = Self { current, previous };
        let ids: Vec<KeyId> = ring.all().map(|key| key.id).collect();
        if ids
            .iter()
            .enumerate()
            .any(|(at, id)| ids.iter().skip(at.saturating_add(1)).any(|other| other == id))
        {
            return Err(KeyError::Duplicate);
        }
        Ok(ring)
    }

    fn all(&self) -> impl Iterator<Item = &RingKey> {
        core::iter::once(&self.current).chain(&self.previous)
    }

    /// The key that new tickets and records are made with.
    #[must_use]
    pub const fn current_id(&self) -> KeyId {
        self.current.id
    }

    /// A mask for the record key inside a ticket, or `None` if the ring no longer has that key.
    pub(crate) fn mask(&self, id: KeyId, random: &[u8; 16]) -> Option<[u8; 16]> {
        let key = self.all().find(|key| key.id == id)?;
        Some(first(mac(&key.blind, b"ticket", &[random])))
    }

    /// Seals a record's data key under the current key; bound to the row, so that it opens nowhere else.
    pub(crate) fn wrap(&self, row: &RecordKey, key: &DataKey, draw: &mut Draw) -> Option<WrappedKey> {
        let salt: [u8; 16] = draw.bytes();
        let sealed =
            self.current.sealer(row, &salt).encrypt(&Nonce::from(ONLY), &key.material.expose()[..]).ok()?;
        Some(WrappedKey { ring_key: self.current.id, salt, sealed: Bytes48(sealed.try_into().ok()?) })
    }

    /// Opens a record's data key, or `None` if the ring no longer has its key or the row was tampered with.
    pub(crate) fn unwrap(&self, row: &RecordKey, wrapped: &WrappedKey) -> Option<DataKey> {
        let key = self.all().find(|key| key.id == wrapped.ring_key)?;
        let opened =
            key.sealer(row, &wrapped.salt).decrypt(&Nonce::from(ONLY), &wrapped.sealed.0[..]).ok()?;
        let opened = zeroize::Zeroizing::new(opened);
        Some(DataKey::new(Key32::new(opened.as_slice().try_into().ok()?)))
    }
}

impl core::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "KeyRing({:?} and {} previous)", self.current.id, self.previous.len())
    }
}

/// A data key as a record carries it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct WrappedKey {
    pub(crate) ring_key: KeyId,
    salt: [u8; 16],
    sealed: Bytes48,
}

/// Forty-eight bytes (serde's derive stops at arrays of thirty-two).
#[derive(Clone, PartialEq, Eq, Debug)]
struct Bytes48([u8; 48]);

impl Serialize for Bytes48 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (head, tail): ([u8; 32], [u8; 16]) = {
            let (mut head, mut tail) = ([0; 32], [0; 16]);
            self.0.iter().zip(head.iter_mut().chain(&mut tail)).for_each(|(from, to)| *to = *from);
            (head, tail)
        };
        (head, tail).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Bytes48 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (head, tail) = <([u8; 32], [u8; 16])>::deserialize(deserializer)?;
        let mut all = [0; 48];
        head.iter().chain(&tail).zip(&mut all).for_each(|(from, to)| *to = *from);
        Ok(Self(all))
    }
}

/// What a digest inside a record is of. Each has a domain of its own, so that a digest of one thing never
/// passes for one of another (law 5, B048).
#[derive(Clone, Copy)]
pub(crate) enum Domain {
    /// A ticket of the kind with this prefix.
    Ticket(&'static str),
    MailedCode,
    ProvenIdentifier,
    PasswordSalt,
    SealingKey,
    RecoveryCode,
}

impl Domain {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Ticket(prefix) => prefix.as_bytes(),
            Self::MailedCode => b"mailed code",
            Self::ProvenIdentifier => b"proven identifier",
            Self::PasswordSalt => b"password salt",
            Self::SealingKey => b"sealing key",
            Self::RecoveryCode => b"recovery code",
        }
    }
}

/// The key of one record: random, made with the record, gone with it.
#[derive(Clone)]
pub(crate) struct DataKey {
    material: Key32,
    mac: Mac256,
}

impl DataKey {
    fn new(material: Key32) -> Self {
        let mac = keyed(material.expose());
        Self { material, mac }
    }

    pub(crate) fn draw(draw: &mut Draw) -> Self {
        Self::new(Key32::new(draw.bytes()))
    }

    /// The keyed digest of some parts in a domain: 128 bits, which nobody without the key can test a guess against.
    pub(crate) fn digest(&self, domain: Domain, parts: &[&[u8]]) -> [u8; 16] {
        first(mac(&self.mac, domain.label(), parts))
    }

    fn sealer(&self) -> Aes256Gcm {
        cipher(&mac(&self.mac, Domain::SealingKey.label(), &[]))
    }

    /// Seals `plain` under the name `unique`, which must never name another text under this key.
    ///
    /// Twelve bytes of the name serve as the nonce: the name is random or the digest of a fresh ticket, a record's key seals some
    /// thousands of texts in its life, and a separate nonce would be stored in every record. The name also binds: what is
    /// sealed under one opens under no other.
    pub(crate) fn seal(&self, unique: &[u8; 16], plain: &[u8]) -> Option<Vec<u8>> {
        self.sealer().encrypt(&nonce(unique), Payload { msg: plain, aad: unique }).ok()
    }

    /// Opens what was sealed under the same name, or `None` if it was tampered with.
    pub(crate) fn open(&self, unique: &[u8; 16], sealed: &[u8]) -> Option<zeroize::Zeroizing<Vec<u8>>> {
        self.sealer()
            .decrypt(&nonce(unique), Payload { msg: sealed, aad: unique })
            .ok()
            .map(zeroize::Zeroizing::new)
    }
}

fn nonce(unique: &[u8; 16]) -> Nonce<aes_gcm::aead::consts::U12> {
    let mut nonce = [0; 12];
    nonce.iter_mut().zip(unique).for_each(|(to, from)| *to = *from);
    Nonce::from(nonce)
}
