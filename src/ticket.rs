//! Tickets: every handle that a client holds.
//!
//! A ticket is `kind_` and base64url of *blinded record key ‖ random part ‖ ring key id*. The record key leads straight
//! to the one row the ticket belongs to; the random part, 128 bits, proves possession; only a keyed digest of it is
//! stored (R78). The record key is masked with a keyed function of the random part, so that nobody outside can tell
//! whether two tickets belong to one person.
//!
//! Each kind is a type of its own with a digest domain of its own: a ticket of one kind is worth nothing as another (B048).

use alloc::string::String;
use core::fmt;
use core::marker::PhantomData;

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::{Zeroize, Zeroizing};

use crate::entropy::Draw;
use crate::keys::{DataKey, Domain, KeyId, KeyRing};
use crate::record::RecordKey;

mod sealed {
    pub trait Kind {
        /// What tickets of this kind begin with, and the domain of their digests.
        const PREFIX: &'static str;
    }
}

/// What a ticket is for. Implemented by the kinds in this module and nowhere else.
pub trait TicketKind: sealed::Kind {}

/// The kind of a one-time-code session: what `start` hands out and `resend`, `verify` and `cancel` take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OtpSession {}

impl sealed::Kind for OtpSession {
    const PREFIX: &'static str = "otp_";
}
impl TicketKind for OtpSession {}

/// The kind of a mailed link that completes a sign-up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignUpLink {}

impl sealed::Kind for SignUpLink {
    const PREFIX: &'static str = "link_";
}
impl TicketKind for SignUpLink {}

/// The kind of a mailed link that signs in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignInLink {}

impl sealed::Kind for SignInLink {
    const PREFIX: &'static str = "enter_";
}
impl TicketKind for SignInLink {}

/// The kind of a sign-in whose first factor was proven and whose second is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Login {}

impl sealed::Kind for Login {
    const PREFIX: &'static str = "login_";
}
impl TicketKind for Login {}

/// The kind of a signed-in session: what a client shows with each of its requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Session {}

impl sealed::Kind for Session {
    const PREFIX: &'static str = "sess_";
}
impl TicketKind for Session {}

/// The kind of a mailed link that leads to a new password.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecoveryLink {}

impl sealed::Kind for RecoveryLink {
    const PREFIX: &'static str = "reset_";
}
impl TicketKind for RecoveryLink {}

/// The kind of the right to set a new password, after the mailbox was proven.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResetGrant {}

impl sealed::Kind for ResetGrant {
    const PREFIX: &'static str = "grant_";
}
impl TicketKind for ResetGrant {}

/// The kind of a mailed link that stops the recovery of a second factor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CancelLink {}

impl sealed::Kind for CancelLink {
    const PREFIX: &'static str = "stop_";
}
impl TicketKind for CancelLink {}

/// The kind of a trusted device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Device {}

impl sealed::Kind for Device {
    const PREFIX: &'static str = "device_";
}
impl TicketKind for Device {}

/// A text that is no ticket of the kind asked for.
///
/// It says no more than that: to the client every such text is an unknown session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a ticket of this kind")]
pub struct TicketError;

/// A handle of kind `K`. A secret: whoever has it is taken for whom it was given to.
///
/// ```
/// use countersign::{OtpSession, Ticket};
/// assert!(Ticket::<OtpSession>::parse("otp_session_123456789").is_err());
/// ```
pub struct Ticket<K> {
    blinded: [u8; 16],
    random: [u8; 16],
    ring_key: KeyId,
    kind: PhantomData<fn() -> K>,
}

impl<K: TicketKind> Ticket<K> {
    /// The longest text that is looked at, in bytes; the tickets made here are shorter.
    pub const MAX_BYTES: usize = 64;

    /// Reads a ticket as a client sent it.
    ///
    /// # Errors
    /// [`TicketError`] for any text that [`Ticket::expose`] does not produce for this kind.
    pub fn parse(text: &str) -> Result<Self, TicketError> {
        if text.len() > Self::MAX_BYTES {
            return Err(TicketError);
        }
        let encoded = text.strip_prefix(K::PREFIX).ok_or(TicketError)?;
        let mut bytes = Zeroizing::new([0_u8; 48]);
        let decoded = Base64UrlUnpadded::decode(encoded, bytes.as_mut_slice()).map_err(|_| TicketError)?;
        let (blinded, rest) = decoded.split_first_chunk::<16>().ok_or(TicketError)?;
        let (random, rest) = rest.split_first_chunk::<16>().ok_or(TicketError)?;
        let ring_key = KeyId(rest.try_into().map_err(|_| TicketError)?);
        Ok(Self { blinded: *blinded, random: *random, ring_key, kind: PhantomData })
    }

    /// The ticket as text, for the one answer or message that carries it: at most 64 characters of `[A-Za-z0-9_-]`.
    #[must_use]
    pub fn expose(&self) -> String {
        let bytes = Zeroizing::new([&self.blinded[..], &self.random[..], &self.ring_key.0[..]].concat());
        let mut text = String::from(K::PREFIX);
        text.push_str(&Base64UrlUnpadded::encode_string(&bytes));
        text
    }

    /// A new ticket for the row `row`.
    pub(crate) fn mint(row: &RecordKey, ring: &KeyRing, draw: &mut Draw) -> Option<Self> {
        let (random, ring_key) = (draw.bytes(), ring.current_id());
        let blinded = xor(row.as_bytes(), &ring.mask(ring_key, &random)?);
        Some(Self { blinded, random, ring_key, kind: PhantomData })
    }

    /// The row the ticket leads to. `None` if the ring no longer has the key it was made with.
    pub(crate) fn row(&self, ring: &KeyRing) -> Option<RecordKey> {
        Some(RecordKey::from_bytes(xor(&self.blinded, &ring.mask(self.ring_key, &self.random)?)))
    }

    /// What a record keeps of the ticket.
    pub(crate) fn digest(&self, key: &DataKey) -> [u8; 16] {
        key.digest(Domain::Ticket(K::PREFIX), &[&self.random])
    }
}

fn xor(a: &[u8; 16], b: &[u8; 16]) -> [u8; 16] {
    let mut out = *a;
    out.iter_mut().zip(b).for_each(|(byte, mask)| *byte ^= mask);
    out
}

impl<K> Clone for Ticket<K> {
    fn clone(&self) -> Self {
        Self { blinded: self.blinded, random: self.random, ring_key: self.ring_key, kind: PhantomData }
    }
}

impl<K> Drop for Ticket<K> {
    fn drop(&mut self) {
        self.random.zeroize();
    }
}

impl<K> fmt::Debug for Ticket<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(…)")
    }
}
