//! What the host's operator may do for somebody who lost something: start, and no more. No secret is chosen or seen (ASVS 6.4.6).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use super::factors::{begin, no};
use crate::flow::desk::Opened;
use crate::machine::turn::{Change, Cx, Decision, Next, Rows, Turn};
use crate::machine::{Hashed, Machine, MachineError, Request, sealed};
use crate::record::{Account, RecordKey};
use crate::{AccountId, EventKind, Refusal, Timestamp, Verdict};

/// Start the reset of an account's second factor, for an owner whom the operator knows in another way. It takes the place of the wait, and of
/// the further proof that a lost password asks for; nothing else.
///
/// The owner is told, with a link that stops it. He signs in with his password, asks for a code ([`RecoverFactor`](crate::RecoverFactor)) and
/// turns the factor off by it ([`ResetFactors`](crate::ResetFactors)); if the password is lost, too, he sets another first.
///
/// The host's own request: there is no client, and nobody's right to ask is checked.
///
/// Refused: [`Refusal::InvalidSession`] if the account has no record, [`Refusal::NotEnrolled`] where no app is on.
#[derive(Clone, Debug)]
pub struct StartFactorReset {
    /// The account.
    pub account: AccountId,
}

/// Ask for another password at the next use of any session, on evidence that this one is known to others (NIST 800-63B-4 §3.1.1.2).
///
/// Signed-in sessions stay. They can set another password, step up, list factors and end sessions, and nothing else. A change of address that a
/// session began before is void.
///
/// The host's own request. Refused: [`Refusal::InvalidSession`] if the account has no record.
#[derive(Clone, Debug)]
pub struct RequirePasswordChange {
    /// The account.
    pub account: AccountId,
}

/// The operator's request was noted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Noted {
    /// When it took effect.
    pub at: Timestamp,
}

#[derive(Clone, Copy)]
enum What {
    FactorReset,
    PasswordChange,
}

struct Note {
    account: AccountId,
    row: RecordKey,
    what: What,
}

macro_rules! operators {
    ($($request:ident => $what:ident),*) => {$(
        impl Request for $request {}
        impl sealed::Begin for $request {
            type Output = Noted;

            fn begin(self, machine: &Machine) -> sealed::First<Noted> {
                let row = machine.locator().account(&self.account);
                let note = Note { account: self.account, row, what: What::$what };
                Next::Turn(Box::new(note) as Box<dyn Turn<Noted>>).into()
            }
        }
    )*};
}
operators!(StartFactorReset => FactorReset, RequirePasswordChange => PasswordChange);

impl Turn<Noted> for Note {
    fn keys(&self) -> Vec<RecordKey> {
        alloc::vec![self.row]
    }

    fn decide(
        &self,
        cx: &mut Cx<'_>,
        rows: &Rows<'_>,
        _: Option<&Hashed>,
    ) -> Result<Decision<Noted>, MachineError> {
        let Some(mut desk) = Opened::<Account>::existing(cx, rows, 0)? else {
            let refused = Next::Done(Verdict::Refused(Refusal::InvalidSession));
            return Ok(Decision::new(Change::Keep, refused));
        };
        let at = desk.now;
        let mut told = desk.notices();
        let mail = match self.what {
            What::FactorReset if desk.record.factors.totp.is_none() => {
                return no(cx, desk, Refusal::NotEnrolled);
            }
            What::FactorReset => {
                let (_, notice, events) = begin(cx, &mut desk, Duration::ZERO, true)?;
                told.extend(events);
                Some(notice)
            }
            What::PasswordChange => {
                desk.record.change_password = true;
                told.push(EventKind::PasswordChangeRequired);
                None
            }
        };
        let granted = Next::Done(Verdict::Granted(Noted { at }));
        let mut decision = Decision::new(desk.put(cx)?, granted).events(cx, &self.row, told);
        decision.mail.extend(mail);
        Ok(decision.about(&self.account))
    }
}
