//! The bodies of the fuzz targets. Each panics where a law is broken, and only there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, missing_docs, unreachable_pub, reason = "tests")]

mod otpauth;
mod record_decode;
mod sequence;
mod sign_in;
mod text;
mod throttle;
mod two_worlds;

pub use otpauth::otpauth;
pub use record_decode::record_decode;
pub use sequence::otp_sequence;
pub use sign_in::sign_in;
pub use text::ticket_and_identifier;
pub use throttle::throttle;
pub use two_worlds::two_worlds;
