//! Signing up, and what it leads to.

use serde_json::{Value, json};

use super::*;

#[test]
fn a_sign_up_ends_signed_in() {
    let place = Place::new();
    let server = start(&place);
    let body =
        json!({ "email": " John@Example.com", "password": PASSWORD, "name": " John ", "language": "nl-NL" });
    let created = data(&ask(&server, "/v1/create-account", &body));
    assert_eq!(names(&created), ["email", "session_id"]);
    assert_eq!(created["email"], "john@example.com");

    let right = server.code("john@example.com");
    let verify = |email: &str, session: &Value, code: &str| {
        ask(&server, "/v1/verify-email-otp", &json!({ "email": email, "session_id": session, "code": code }))
    };
    let session = &created["session_id"];
    let nos = [
        verify("john@example.com", session, &wrong(&right)),
        verify("vi@example.com", session, &right),
        verify("john@example.com", &json!("abc123def456"), &right),
    ];
    for no in &nos {
        assert_eq!((blamed(no).as_str(), &no.text), ("code", &nos[0].text), "which, is not told");
    }
    let late = data(&ask(
        &server,
        "/v1/create-account",
        &json!({ "email": "late@example.com", "password": PASSWORD }),
    ));
    server.advance(300);
    let no = verify("late@example.com", &late["session_id"], &server.code("late@example.com"));
    assert_eq!((no.status, &no.text), (422, &nos[0].text), "nor that it has expired");
    server.advance(-300);
    let entered = data(&verify("JOHN@example.com", session, &right));
    assert_eq!(names(&entered), ["token", "language", "id", "name", "email"]);
    assert_eq!((&entered["name"], &entered["language"]), (&json!("John"), &json!("nl-NL")));
    assert_eq!(blamed(&verify("john@example.com", session, &right)), "code", "spent once");

    let me = with(&server, entered["token"].as_str().unwrap(), "GET", "/v1/me", &Value::Null);
    assert_eq!(names(&data(&me)), ["language", "id", "name", "email", "amr", "aal", "expires_at"]);
    assert_eq!((&data(&me)["amr"], &data(&me)["aal"]), (&json!(["email"]), &json!(1)));
}

#[test]
fn document_004_what_was_not_told_is_text_and_an_account_is_good_for_both_families() {
    let place = Place::new();
    let server = start(&place);
    let body = json!({ "email": "vi@example.com", "password": PASSWORD, "name": "", "language": null });
    let session = data(&ask(&server, "/v1/create-account", &body))["session_id"].clone();
    let body =
        json!({ "email": "vi@example.com", "session_id": session, "code": server.code("vi@example.com") });
    let entered = data(&ask(&server, "/v1/verify-email-otp", &body));
    assert_eq!((&entered["name"], &entered["language"]), (&json!(""), &json!("en")));

    let id = server.member("jo@example.com")["userId"].clone();
    let john = Person::new(&server, "john@example.com");
    let login = |name: &str, password: &str| {
        server.post_from(&fresh_client(), "/auth/login", &json!({ "username": name, "password": password }))
    };
    let entered = login(" JO@example.com ", PASSWORD).data();
    assert_eq!(names(&entered), ["accessToken", "expiresIn", "user"]);
    assert_eq!(entered["user"], json!({ "userId": id, "fullname": "Jo Doe", "email": "jo@example.com" }));
    assert_eq!(entered["expiresIn"], 30 * 86_400);
    let me = with(&server, entered["accessToken"].as_str().unwrap(), "GET", "/v1/me", &Value::Null);
    assert_eq!((&data(&me)["name"], &data(&me)["amr"]), (&json!("Jo Doe"), &json!(["pwd"])));
    assert_eq!(login(&john.email, PASSWORD).data()["user"]["fullname"], "John Doe");
    for (name, password) in [("jo@example.com", "wrong"), ("nobody@example.com", PASSWORD)] {
        let answer = login(name, password);
        assert_eq!((answer.status, answer.error().as_str()), (401, "INVALID_CREDENTIALS"));
    }
    for body in [
        json!({}),
        json!({ "username": "jo", "password": "x" }),
        json!({ "username": "jo@example.com", "password": 1 }),
    ] {
        let answer = server.post("/auth/login", &body);
        assert_eq!((answer.status, answer.error().as_str()), (400, "VALIDATION_ERROR"));
    }
}

/// Ten requests a client in half an hour, right or wrong, whoever they are about.
#[test]
fn a_client_may_check_ten_codes_in_half_an_hour() {
    let place = Place::new();
    let server = start(&place);
    let verify = || {
        let body = json!({ "email": "jo@example.com", "session_id": "abc123def456", "code": "123456" });
        checked(server.post_from("192.0.2.7", "/v1/verify-email-otp", &body))
    };
    for n in 0..10 {
        let answer = verify();
        assert_eq!(blamed(&answer), "code");
        assert_eq!(answer.headers["ratelimit"], format!("\"client_further\";r={};t=1800", 9 - n));
        assert_eq!(
            answer.headers["ratelimit-policy"],
            "\"client\";q=60;w=60, \"client_further\";q=10;w=1800"
        );
        assert_eq!(answer.headers["x-ratelimit-remaining"], (59 - n).to_string());
    }
    assert_eq!(wait_of(&verify()), 1800);
    server.advance(1799);
    assert_eq!(wait_of(&verify()), 1);
    server.advance(1);
    assert_eq!(blamed(&verify()), "code");
    // Family B's endpoint has no such limit.
    for _ in 0..11 {
        let answer = server.post_from(
            "192.0.2.7",
            "/auth/validate/registration",
            &json!({ "otpSession": "x", "otp": "1" }),
        );
        assert_eq!(answer.error(), "INVALID_SESSION");
    }
}

/// R24: the first message and five resends; a session that is kept, a new one and a sign-up anew make no
/// difference.
#[test]
fn r24_five_resends_in_half_an_hour_and_one_a_minute() {
    let place = Place::new();
    let server = start(&place);
    let body = json!({ "email": "jo@example.com", "password": PASSWORD });
    let first = data(&ask(&server, "/v1/create-account", &body))["session_id"].clone();
    let resend = |session: &Value| {
        let body = json!({ "email": "jo@example.com", "password": PASSWORD, "session_id": session });
        ask(&server, "/v1/resend-email-otp", &body)
    };
    assert_eq!(wait_of(&resend(&first)), 60);
    server.advance(60);
    assert_eq!(data(&resend(&first))["session_id"], first, "kept");
    server.advance(60);
    let other = data(&resend(&Value::Null))["session_id"].clone();
    assert_ne!(other, first, "null starts a new one");
    for _ in 0..3 {
        server.advance(60);
        assert_eq!(data(&resend(&other))["session_id"], other);
    }
    server.advance(60);
    assert_eq!(wait_of(&resend(&other)), 1440);
    assert_eq!(wait_of(&ask(&server, "/v1/create-account", &body)), 1440);
    assert_eq!(server.mail("jo@example.com").len(), 6);
}
