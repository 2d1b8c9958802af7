//! Every committed input of the fuzz targets, through the same code, on a stable toolchain.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests"
)]

#[path = "common/mod.rs"]
mod common;
#[path = "common/otp/mod.rs"]
mod otp;
#[path = "common/owner.rs"]
mod owner;
#[path = "common/people.rs"]
mod people;
#[path = "common/sign_in/mod.rs"]
mod sign_in;
#[path = "../fuzz/src/targets/mod.rs"]
mod targets;
#[path = "common/worlds/mod.rs"]
mod worlds;

fn replay(name: &str, target: fn(&[u8])) {
    let corpus = format!("{}/fuzz/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no corpus for {name}");
    for file in files {
        println!("{}", file.display());
        target(&std::fs::read(file).unwrap());
    }
}

#[test]
fn throttle() {
    replay("throttle", targets::throttle);
}

#[test]
fn otp_sequence() {
    replay("otp_sequence", targets::otp_sequence);
}

#[test]
fn record_decode() {
    replay("record_decode", targets::record_decode);
}

#[test]
fn ticket_and_identifier() {
    replay("ticket_and_identifier", targets::ticket_and_identifier);
}

#[test]
fn otpauth() {
    replay("otpauth", targets::otpauth);
}

#[test]
fn sign_in_stories() {
    replay("sign_in", targets::sign_in);
}

#[test]
fn two_worlds() {
    replay("two_worlds", targets::two_worlds);
}
