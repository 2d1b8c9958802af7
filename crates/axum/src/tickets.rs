//! Handles as clients send them.

use countersign::{Ticket, TicketKind};

/// What is no ticket is taken for one that leads nowhere, so that the library answers and counts it like any unknown one.
pub(crate) fn ticket<K: TicketKind>(text: &str) -> Option<Ticket<K>> {
    Ticket::parse(text).ok().or_else(|| NOWHERE.iter().find_map(|text| Ticket::parse(text).ok()))
}

/// A ticket of each kind, of zero bytes.
const NOWHERE: [&str; 8] = [
    "otp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "link_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "enter_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "login_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "sess_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "reset_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "grant_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "stop_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
];

#[cfg(test)]
mod tests {
    use countersign::{
        CancelLink, Login, OtpSession, RecoveryLink, ResetGrant, Session, SignInLink, SignUpLink,
    };

    use super::*;

    #[test]
    fn every_kind_has_a_ticket_that_leads_nowhere() {
        assert!(ticket::<OtpSession>("x").is_some() && ticket::<SignUpLink>("").is_some());
        assert!(ticket::<SignInLink>("x").is_some() && ticket::<Login>("x").is_some());
        assert!(ticket::<RecoveryLink>("x").is_some() && ticket::<ResetGrant>("x").is_some());
        assert!(ticket::<CancelLink>("x").is_some());
        assert_eq!(ticket::<Session>("otp_x").map(|ticket| ticket.expose()).as_deref(), Some(NOWHERE[4]));
    }
}
