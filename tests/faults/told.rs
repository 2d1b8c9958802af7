//! What an answer gives away: every ticket in it, as text.

use countersign::*;

/// The tickets in an answer.
pub(super) trait Tickets {
    fn tickets(&self) -> Vec<String> {
        vec![]
    }
}

macro_rules! without_tickets {
    ($($name:ty),* $(,)?) => {$(impl Tickets for $name {})*};
}
without_tickets!(
    Cancelled,
    Deleted,
    Ended,
    FactorEnabled,
    FactorRecovery,
    FactorRemoved,
    FactorsWereReset,
    Noted,
    Resent,
    Secured,
    SessionInfo,
    SessionState,
    Suspended,
    Vec<SessionInfo>,
    Vec<DeviceInfo>,
);

impl Tickets for Started {
    fn tickets(&self) -> Vec<String> {
        vec![self.session.expose()]
    }
}

impl Tickets for GrantedReset {
    fn tickets(&self) -> Vec<String> {
        vec![self.grant.expose()]
    }
}

impl Tickets for PasswordWasReset {
    fn tickets(&self) -> Vec<String> {
        vec![self.device.expose()]
    }
}

impl Tickets for DeviceTrusted {
    fn tickets(&self) -> Vec<String> {
        vec![self.device.expose()]
    }
}

impl Tickets for SignedIn {
    fn tickets(&self) -> Vec<String> {
        let device = self.device().map(Ticket::expose);
        std::iter::once(self.session().expose()).chain(device).collect()
    }
}

impl Tickets for SecondFactor {
    fn tickets(&self) -> Vec<String> {
        let device = self.device.as_ref().map(Ticket::expose);
        self.login.iter().map(Ticket::expose).chain(device).collect()
    }
}

impl Tickets for Progress {
    fn tickets(&self) -> Vec<String> {
        match self {
            Self::SignedIn(it) => it.tickets(),
            Self::SecondFactor(it) => it.tickets(),
        }
    }
}

impl Tickets for Verified {
    fn tickets(&self) -> Vec<String> {
        let grant = self.grant.iter().flat_map(Tickets::tickets);
        grant.chain(self.progress.iter().flat_map(Tickets::tickets)).collect()
    }
}

impl Tickets for RecoveryCodesIssued {
    fn tickets(&self) -> Vec<String> {
        self.codes.iter().map(|code| code.expose().to_owned()).collect()
    }
}

impl Tickets for TotpEnrolment {
    fn tickets(&self) -> Vec<String> {
        vec![self.secret.expose_base32()]
    }
}
