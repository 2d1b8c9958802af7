//! The one door to a signed-in session.
//!
//! [`SignedIn`] has private fields and one constructor, [`enter`], in this file. Whatever proved whatever by whatever
//! way, it ends here, and here is asked whether that is all the account requires (law 4).

use alloc::vec::Vec;

use crate::assurance::{Method, Methods, Proven};
use crate::factor::Regenerate;
use crate::flow::desk::Opened;
use crate::flow::devices::Skip;
use crate::machine::MachineError;
use crate::machine::turn::Cx;
use crate::policy::Policy;
use crate::record::{Account, RecordError, SecondFactors, StoredSession};
use crate::{AccountId, Address, Device, EventKind, Factor, Identifier, Label, Session, Ticket, Timestamp};

/// Somebody is signed in: every factor that the account asks for was proven.
///
/// It cannot be made outside of this crate, and inside of it only by the one function that has seen the factors:
///
/// ```compile_fail,E0451
/// fn forge(real: countersign::SignedIn, account: countersign::AccountId) -> countersign::SignedIn {
///     countersign::SignedIn { account, ..real }
/// }
/// ```
///
/// Nor can it be kept and shown again, having no `Clone`: what a client shows is its ticket.
#[derive(Debug)]
pub struct SignedIn {
    account: AccountId,
    identifier: Identifier,
    address: Address,
    session: Ticket<Session>,
    methods: Methods,
    expires_at: Timestamp,
    idle_expires_at: Option<Timestamp>,
    recovery_codes_left: Option<usize>,
    regenerate: Regenerate,
    required: Vec<Todo>,
    todo: Vec<Todo>,
    device: Option<Ticket<Device>>,
}

/// What somebody who signed in should be asked to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Todo {
    /// Prove the address, for which so far only the host's directory vouches.
    VerifyAddress,
    /// Set up a second factor, which the policy requires.
    EnrolFactor,
    /// Choose another password: the host asks for it, or this one would not be taken as a new one.
    ChangePassword,
    /// Have new recovery codes issued: too few are left.
    RegenerateRecoveryCodes,
}

impl SignedIn {
    /// The account.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }
    /// The identifier it was signed up with.
    #[must_use]
    pub const fn identifier(&self) -> &Identifier {
        &self.identifier
    }
    /// Where its mail goes.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }
    /// What the client shows with each of its requests from now on. Always a new one, at every sign-in (R77).
    #[must_use]
    pub const fn session(&self) -> &Ticket<Session> {
        &self.session
    }
    /// What was proven: the `amr` of the session.
    #[must_use]
    pub fn methods(&self) -> Vec<Method> {
        self.methods.list()
    }
    /// The assurance level of it, 1 or 2 (NIST 800-63B-4 §2).
    #[must_use]
    pub const fn aal(&self) -> u8 {
        self.methods.aal()
    }
    /// The end of the session.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
    /// The end of the session if it is not used, where the policy ends unused ones.
    #[must_use]
    pub const fn idle_expires_at(&self) -> Option<Timestamp> {
        self.idle_expires_at
    }
    /// How many recovery codes are left; `None` for an account that asks for no second factor.
    #[must_use]
    pub const fn recovery_codes_left(&self) -> Option<usize> {
        self.recovery_codes_left
    }
    /// Whether new recovery codes should be issued.
    #[must_use]
    pub const fn regenerate(&self) -> Regenerate {
        self.regenerate
    }
    /// What should be done next, [`required`](Self::required) or only advised.
    #[must_use]
    pub fn todo(&self) -> &[Todo] {
        &self.todo
    }
    /// What must be done next: until then [`CheckSession`](crate::CheckSession) refuses the session, and it can do nothing else. Show that
    /// page, and no other.
    #[must_use]
    pub fn required(&self) -> &[Todo] {
        &self.required
    }
    /// The new ticket of the trusted device, where one was shown; the one that was shown is good for a moment only.
    #[must_use]
    pub const fn device(&self) -> Option<&Ticket<Device>> {
        self.device.as_ref()
    }

    pub(in crate::flow) fn with_device(mut self, device: Option<Ticket<Device>>) -> Self {
        self.device = device;
        self
    }
}

impl Todo {
    /// Every action, in the order in which they are asked for.
    pub const ALL: [Self; 4] =
        [Self::ChangePassword, Self::VerifyAddress, Self::EnrolFactor, Self::RegenerateRecoveryCodes];

    /// A stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::VerifyAddress => "verify_address",
            Self::EnrolFactor => "enrol_factor",
            Self::ChangePassword => "change_password",
            Self::RegenerateRecoveryCodes => "regenerate_recovery_codes",
        }
    }
}

/// What must be done on an account before its sessions are worth anything else.
pub(in crate::flow) fn required(policy: &Policy, account: &Account) -> Vec<Todo> {
    let settings = policy.settings();
    let codes = regenerate(policy, &account.factors) == Regenerate::Required;
    let all = [
        // First what keeps somebody out who knows the password.
        (account.change_password, Todo::ChangePassword),
        (account.unproven && settings.actions.verify_address, Todo::VerifyAddress),
        (settings.factors.required && !account.factors.any(), Todo::EnrolFactor),
        (codes && settings.actions.regenerate_codes, Todo::RegenerateRecoveryCodes),
    ];
    all.into_iter().filter(|(due, _)| *due).map(|(_, what)| what).collect()
}

/// Whether new recovery codes should be issued: only an authenticator app comes with any.
fn regenerate(policy: &Policy, factors: &SecondFactors) -> Regenerate {
    match factors.totp {
        Some(_) => Regenerate::at(factors.recovery_codes_left(), &policy.settings().recovery_codes),
        None => Regenerate::None,
    }
}

/// What an account asks for beyond what was proven, in the order in which to offer it; empty where nothing is missing.
///
/// | on | is enough |
/// |---|---|
/// | an authenticator app | its code, or a recovery code, with whatever was first. A mailed code does not stand in for it |
/// | mailed codes only | the mailbox *and* the password, in either order, or a recovery code. A mailbox that was the first factor is not another one the second time (law 4) |
/// | none | any first factor |
pub(in crate::flow) fn missing(factors: &SecondFactors, proven: Methods) -> Vec<Factor> {
    let asked = if proven.has(Method::RecoveryCode) || proven.has(Method::Totp) {
        None
    } else if factors.totp.is_some() {
        Some(Factor::Totp)
    } else if factors.mailed_code && !proven.mailbox() {
        Some(Factor::MailedCode)
    } else if factors.mailed_code && !proven.has(Method::Password) {
        Some(Factor::Password)
    } else {
        None
    };
    let drawer = asked.filter(|_| factors.recovery_codes_left() > 0).map(|_| Factor::RecoveryCode);
    asked.into_iter().chain(drawer).collect()
}

/// What came of a try to enter.
#[expect(clippy::large_enum_variant, reason = "made and taken apart at once")]
pub(in crate::flow) enum Entry {
    In(SignedIn, Vec<EventKind>),
    /// Something is still missing, and this is it.
    Missing(Vec<Factor>),
}

/// Signs somebody in to the account on the desk if nothing that it asks for is missing from what was proven, or a trusted device
/// lets past what is missing; adds the session to the record, where the oldest of too many goes.
pub(in crate::flow) fn enter(
    cx: &mut Cx<'_>,
    desk: &mut Opened<Account>,
    proven: Proven,
    skip: Option<&Skip>,
    label: &Label,
    weak_password: bool,
) -> Result<Entry, MachineError> {
    let methods = proven.methods();
    let missing = missing(&desk.record.factors, methods);
    let skipped = skip.is_some() && methods.has(Method::Password);
    if !missing.is_empty() && !skipped {
        return Ok(Entry::Missing(missing));
    }
    if methods == Methods::default() || desk.record.suspended {
        return Err(MachineError::Misuse("nothing was proven, or the account is suspended"));
    }
    let credentials = desk.record.credentials(&desk.key)?;
    let session = Ticket::<Session>::mint(&desk.row, cx.ring, &mut cx.draw).ok_or(RecordError::Sealed)?;
    let digest = session.digest(&desk.key);
    let stored = StoredSession::new(&desk.key, digest, proven, desk.now, cx.policy, label)?;
    let (expires_at, idle_expires_at) = (stored.expires_at, stored.idle_expires_at(cx.policy));
    let dropped = desk.record.sessions.add(stored, usize::from(cx.policy.settings().sessions.per_account));

    let factors = &desk.record.factors;
    let left = factors.recovery_codes_left();
    let regenerate = regenerate(cx.policy, factors);
    let required = required(cx.policy, &desk.record);
    let advised = [
        (weak_password, Todo::ChangePassword),
        (regenerate == Regenerate::Required, Todo::RegenerateRecoveryCodes),
    ];
    let advised = advised.into_iter().filter(|(due, what)| *due && !required.contains(what));
    let todo = required.iter().copied().chain(advised.map(|(_, what)| what)).collect();
    let signed_in = SignedIn {
        account: credentials.id,
        identifier: credentials.identifier,
        address: credentials.address,
        session,
        methods,
        expires_at,
        idle_expires_at,
        recovery_codes_left: factors.any().then_some(left),
        regenerate,
        required,
        todo,
        device: None,
    };
    let mut events = alloc::vec![EventKind::SignedIn { aal: methods.aal() }];
    events.extend((0..dropped).map(|_| EventKind::SessionDropped));
    Ok(Entry::In(signed_in, events))
}
