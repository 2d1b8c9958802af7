//! The published samples as they stand; only the host is put in, and a code where one has to be right.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::sample::{self, By};

const HOST: &str = "https://api.wemasy.nl/api";

const RESEND: &str = r#"curl -X POST "https://api.wemasy.nl/api/v1/resend-email-otp" \
  -H "Authorization: Bearer YOUR_API_TOKEN" \
  -H "Accept: application/json" \
  -H "Content-Type: application/json" \
  -d '{
    "email": "john@example.com",
    "session_id": "abc123def456",
    "password": "MyPassword1!"
}'"#;

const RESEND_ANSWER: &str = r#"{
    "message": "string",
    "error": false,
    "data": {
        "session_id": "string"
    }
}"#;

const AUTHENTICATE: &str = r#"curl -X POST "https://api.wemasy.nl/api/v1/authenticate" \
-H "Authorization: Bearer YOUR_API_TOKEN" \
-H "Accept: application/json" \
-H "Content-Type: application/json" \
-d '{
"email": "john@example.com",
"password": "MyPassword1!",
"token": "123456",
"code": "123456",
"is_recovery": false
}'"#;

const AUTHENTICATE_ANSWER: &str = r#"{
"error": false,
"message": "string",
"data": {
"needs_code__regeneration": true,
"warn_message": "string",
"token": "string",
"language": "string",
"id": "string",
"name": "string",
"email": "string"
},
"errors": []
}"#;

/// The status, the head and the body of what a sample is answered.
fn answered(by: By, server: &Server<'_>, sample: &str) -> (u16, BTreeMap<String, String>, Value) {
    let answer = by(server, &sample.replace(HOST, server.base()));
    let body = answer.json();
    (answer.status, answer.headers, body)
}

/// The same fields with values of the same types, all the way down; no more, no fewer.
fn assert_same_shape(given: &Value, sample: &str) {
    fn compare(given: &Value, sample: &Value) {
        match (given, sample) {
            (Value::Object(given), Value::Object(sample)) => {
                let sorted = |names: Vec<&String>| -> Vec<String> {
                    let mut names: Vec<_> = names.into_iter().cloned().collect();
                    names.sort();
                    names
                };
                assert_eq!(sorted(given.keys().collect()), sorted(sample.keys().collect()));
                given.iter().for_each(|(name, value)| compare(value, &sample[name]));
            }
            (Value::Array(given), Value::Array(sample)) => assert_eq!(given.len(), sample.len()),
            (Value::String(_), Value::String(_)) | (Value::Bool(_), Value::Bool(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    compare(given, &serde_json::from_str(sample).unwrap());
}

fn has_fields(head: &BTreeMap<String, String>, names: &[&str]) {
    for name in names {
        assert!(head.contains_key(*name), "{name}: {head:?}");
    }
}

/// Document 000.
#[test]
fn the_resend_sample_is_answered_as_published() {
    the_resend_sample(sample::ask);
}

/// Document 000.
#[test]
#[ignore = "needs curl; crates/server/tests/samples/run runs it"]
fn the_resend_sample_works_as_it_stands() {
    the_resend_sample(sample::curl);
}

fn the_resend_sample(by: By) {
    let place = Place::new();
    let server = start(&place);
    let body = json!({ "email": "john@example.com", "password": PASSWORD });
    let first = data(&ask(&server, "/v1/create-account", &body))["session_id"].clone();
    server.advance(60);

    let (status, head, answer) = answered(by, &server, RESEND);
    assert_eq!(status, 200, "{answer}");
    assert_same_shape(&answer, RESEND_ANSWER);
    assert_eq!(answer["error"], json!(false));
    let session = answer["data"]["session_id"].as_str().unwrap();
    assert!(session.len() <= 64 && *session != first, "what is no session starts a new one");
    has_fields(&head, &["x-ratelimit-limit", "x-ratelimit-remaining"]);
    assert_eq!(server.mail("john@example.com").len(), 2);

    let (status, head, answer) = answered(by, &server, RESEND);
    assert_eq!((status, names(&answer)), (429, vec!["error", "message", "data"]));
    assert_eq!((&answer["error"], &answer["data"]), (&json!(true), &json!([])));
    has_fields(&head, &["x-ratelimit-limit", "x-ratelimit-remaining", "retry-after"]);

    let (status, _, answer) = answered(by, &server, &RESEND.replace(PASSWORD, "OtherPassword1!"));
    assert_eq!((status, names(&answer)), (422, vec!["message", "errors"]), "wrong");
    assert_eq!(names(&answer["errors"]), ["email"]);

    // A live session is kept, and its new code is good.
    server.advance(60);
    let sample = RESEND.replace("abc123def456", session);
    let (_, _, answer) = answered(by, &server, &sample);
    assert_eq!(answer["data"]["session_id"], json!(session));
    let body = json!({ "email": "john@example.com", "session_id": session, "code": server.code("john@example.com") });
    assert!(data(&ask(&server, "/v1/verify-email-otp", &body))["token"].is_string());
}

/// Document 000: five requests in 30 minutes. The message of the sign-up itself is no such request.
#[test]
fn document_000_five_resends_pass_and_the_sixth_is_refused() {
    let place = Place::new();
    let server = start(&place);
    let body = json!({ "email": "john@example.com", "password": PASSWORD });
    let session = data(&ask(&server, "/v1/create-account", &body))["session_id"].clone();
    let command = RESEND.replace("abc123def456", session.as_str().unwrap());
    for request in 1..=5 {
        server.advance(60);
        let (status, _, answer) = answered(sample::ask, &server, &command);
        assert_eq!((status, &answer["error"]), (200, &json!(false)), "request {request}: {answer}");
        assert_eq!(answer["data"]["session_id"], session);
        assert_eq!(server.mail("john@example.com").len(), request + 1);
    }
    server.advance(60);
    let (status, head, answer) = answered(sample::ask, &server, &command);
    assert_eq!(status, 429, "{answer}");
    // The first message was sent six minutes ago.
    assert_eq!(head["retry-after"], "1440");
    assert_eq!(server.mail("john@example.com").len(), 6, "a refusal sends nothing");
    // The code that was sent last is still good.
    let code = server.code("john@example.com");
    let body = json!({ "email": "john@example.com", "session_id": session, "code": code });
    assert!(data(&ask(&server, "/v1/verify-email-otp", &body))["token"].is_string());
}

/// Document 004.
#[test]
fn the_authenticate_sample_is_answered_as_published() {
    the_authenticate_sample(sample::ask);
}

/// Document 004.
#[test]
#[ignore = "needs curl; crates/server/tests/samples/run runs it"]
fn the_authenticate_sample_works_as_it_stands() {
    the_authenticate_sample(sample::curl);
}

fn the_authenticate_sample(by: By) {
    let place = Place::new();
    let server = start(&place);
    let mut john = Person::new(&server, "john@example.com");

    let (status, head, answer) = answered(by, &server, AUTHENTICATE);
    assert_eq!(status, 200, "{answer}");
    assert_same_shape(&answer, AUTHENTICATE_ANSWER);
    has_fields(&head, &["x-ratelimit-limit", "x-ratelimit-remaining"]);
    let told = |name: &str| answer["data"][name].as_str().unwrap();
    assert_eq!((told("name"), told("email"), told("language")), ("John Doe", "john@example.com", "nl-NL"));
    assert_eq!((told("warn_message"), &answer["data"]["needs_code__regeneration"]), ("", &json!(false)));
    let me = with(&server, told("token"), "GET", "/v1/me", &Value::Null);
    assert_eq!(data(&me)["id"], answer["data"]["id"], "the token is the bearer");

    // The same sample for an account with an authenticator app: 123456 is not its code.
    john.enrol();
    assert_eq!(john.confirm(&john.totp()).status, 200);
    server.advance(30);
    let (status, _, answer) = answered(by, &server, AUTHENTICATE);
    assert_eq!(
        (status, names(&answer), names(&answer["errors"])),
        (422, vec!["message", "errors"], vec!["code"])
    );
    let right = AUTHENTICATE.replace("\"code\": \"123456\"", &format!("\"code\": \"{}\"", john.totp()));
    let (status, _, answer) = answered(by, &server, &right);
    assert_eq!(status, 200, "{answer}");
    assert_same_shape(&answer, AUTHENTICATE_ANSWER);

    for _ in 0..10 {
        assert_eq!(answered(by, &server, &AUTHENTICATE.replace(PASSWORD, "wrong")).0, 422);
    }
    let (status, head, answer) = answered(by, &server, AUTHENTICATE);
    assert_eq!((status, &answer["error"]), (429, &json!(true)));
    assert!(answer["message"].is_string());
    has_fields(&head, &["x-ratelimit-limit", "x-ratelimit-remaining", "retry-after"]);
}
