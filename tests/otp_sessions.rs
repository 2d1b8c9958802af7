//! One-time-code sessions from the outside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod common;

use common::*;
use countersign::*;

#[test]
fn a_sign_up_from_start_to_account() {
    let world = World::recommended();
    let started = world.sign_up("Jo@Example.com ").unwrap();
    assert_eq!(started.sent_to, "j***@example.com");
    assert_eq!(started.state.attempts_left, 5);
    assert_eq!(started.state.expires_in.as_secs(), 300);
    let mail = world.last_mail();
    assert_eq!(mail.to.as_str(), "jo@example.com");
    assert!(world.account("jo@example.com").is_none(), "no account before the address is proven");
    let code = world.last_code();
    let verified = world.verify(Purpose::SignUp, &started.session, &code).unwrap();
    assert_eq!(Some(verified.account), world.account("jo@example.com"));
    assert_eq!(
        world.events(),
        ["otp.session_started", "otp.code_sent", "otp.code_accepted", "account.created"]
    );
    // Spent once: the same code again is an unknown session (R19, R31).
    assert_eq!(world.verify(Purpose::SignUp, &started.session, &code).unwrap_err(), Refusal::InvalidSession);
}
