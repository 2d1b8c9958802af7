//! One-time-code sessions: started, sent again, checked, cancelled.

pub(super) mod cancel;
pub(super) mod confirm;
pub(super) mod resend;
pub(super) mod send;
pub(super) mod session;
pub(super) mod start;
pub(super) mod verify;
