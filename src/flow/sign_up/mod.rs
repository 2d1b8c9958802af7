//! What makes an account of a proven address, and the doors to it beside the code.

pub(super) mod again;
pub(super) mod open;
pub(super) mod redeem;
