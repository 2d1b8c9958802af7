//! A process that is killed.

use crate::harness::*;

/// Law 2, law 12: what was counted before a kill is counted after it, and what was promised still holds.
#[test]
fn a_kill_gives_nothing_back_and_takes_nothing_away() {
    let place = Place::new();
    let first = place.start(&["--dev"]);
    let session = first.register("jo@example.com").session();
    let code = first.code("jo@example.com");
    for _ in 0..2 {
        assert_eq!(first.verify(&session, &wrong(&code)).error(), "INVALID_OTP");
    }
    first.signal("-KILL");
    assert!(!first.ended().success());

    let second = place.start(&["--dev"]);
    assert!((1..=60).contains(&second.resend(&session).retry_after()), "the cooldown");
    assert!((1..=60).contains(&second.register("jo@example.com").retry_after()));
    let answer = second.verify(&session, &wrong(&code));
    assert_eq!(answer.details(), "The code is wrong; 2 attempts are left", "the attempts");
    let user = second.verify(&session, &code).data()["userId"].clone();
    second.signal("-KILL");
    assert!(!second.ended().success());

    let third = place.start(&["--dev"]);
    assert_eq!(third.verify(&session, &code).error(), "INVALID_SESSION", "spent is spent");
    third.advance(3600);
    assert_eq!(third.register("jo@example.com").status, 200);
    assert_eq!(third.mail("jo@example.com")[0]["kind"], "sign_up_taken", "the account is there");
    let users = rusqlite::Connection::open(place.path("test.db")).unwrap();
    let id: String = users.query_row("SELECT id FROM users", [], |row| row.get(0)).unwrap();
    assert_eq!(user, id);
}
