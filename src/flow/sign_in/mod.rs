//! The doors that sign in, and the one way in behind them.

pub(super) mod ask;
pub(super) mod enter;
pub(super) mod factor;
pub(super) mod link;
pub(super) mod password;
pub(super) mod prove;
pub(super) mod signed_in;
