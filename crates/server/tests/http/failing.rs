//! A host whose parts fail.

use serde_json::json;

use crate::harness::*;

/// Law 10: whatever fails, the answer is one and the same no, and nothing of the cause is told.
#[test]
fn law_10_a_failure_of_the_host_is_a_no_that_tells_nothing() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    server.stop_clock();
    let session = server.register("jo@example.com").session();
    let code = server.code("jo@example.com");
    let file = rusqlite::Connection::open(place.path("test.db")).unwrap();
    let unavailable = |answer: Answer| {
        let error = json!({ "code": "UNAVAILABLE", "message": "Service unavailable", "details": "Please try again later" });
        assert_eq!(answer.json(), json!({ "error": error, "status": "error" }));
        assert_eq!((answer.status, answer.error().as_str()), (503, "UNAVAILABLE"));
    };

    // No users: nobody can be looked up, and no account can be made for a right code.
    file.execute_batch("ALTER TABLE users RENAME TO away").unwrap();
    unavailable(server.register("vi@example.com"));
    unavailable(server.verify(&session, &code));
    file.execute_batch("ALTER TABLE away RENAME TO users").unwrap();
    assert_eq!(server.verify(&session, &code).error(), "INVALID_SESSION", "it was spent all the same");
    let users: i64 = file.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
    assert_eq!(users, 0);
    server.advance(60);
    server.member("jo@example.com");

    // No records: nothing at all.
    file.execute_batch("ALTER TABLE countersign_record RENAME TO away").unwrap();
    unavailable(server.register("vi@example.com"));
    unavailable(server.resend(&session));
    unavailable(server.verify(&session, &code));
    unavailable(server.cancel(&session));
    file.execute_batch("ALTER TABLE away RENAME TO countersign_record").unwrap();
    assert_eq!(server.register("vi@example.com").status, 200, "and it is back");
    assert!(server.stderr().contains("host.failed"), "the log knows why");
}
