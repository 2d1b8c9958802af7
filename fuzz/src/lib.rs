//! What the fuzz targets do with their bytes, as plain functions: `tests/fuzz_corpus.rs` replays every committed input
//! through the same ones on a stable toolchain.

#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../../tests/common/otp/mod.rs"]
mod otp;
#[path = "../../tests/common/owner.rs"]
mod owner;
#[path = "../../tests/common/people.rs"]
mod people;
#[path = "../../tests/common/sign_in/mod.rs"]
mod sign_in;
#[path = "../../tests/common/worlds/mod.rs"]
mod worlds;

pub mod password_hash;
pub mod targets;
