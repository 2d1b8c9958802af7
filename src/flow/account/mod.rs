//! What somebody who is signed in may do, and what the host may do to an account.

pub(super) mod address;
pub(super) mod delete;
pub(super) mod devices;
pub(super) mod enrol;
pub(super) mod factors;
pub(super) mod fresh;
pub(super) mod password;
pub(super) mod sessions;
pub(super) mod step_up;
pub(super) mod suspend;
