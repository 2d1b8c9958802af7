//! Requests that are wrong in themselves.

use serde_json::{Value, json};

use crate::harness::*;

fn without(mut body: Value, field: &str) -> Value {
    body.as_object_mut().unwrap().remove(field);
    body
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

#[test]
fn a_wrong_field_is_named() {
    let place = Place::new();
    let server = place.start(&["--dev", "--trust-proxy", "1"]);
    let good = registration("jo@example.com");
    let redeem = with(good.clone(), "token", json!("link_x"));
    let guess = json!({ "otpSession": "otp_x", "otp": "123456" });
    let mut clients = 0;
    for (path, good, fields) in [
        ("/auth/register", &good, ["fullname", "email", "password"].as_slice()),
        ("/auth/register/redeem", &redeem, &["fullname", "email", "password", "token"]),
        ("/auth/validate/registration", &guess, &["otpSession", "otp"]),
    ] {
        let mut refused = |body: &Value, field: &str| {
            clients += 1;
            let answer = server.post_from(&format!("10.0.0.{clients}"), path, body);
            assert_eq!((answer.status, answer.error().as_str()), (400, "VALIDATION_ERROR"), "{path} {body}");
            assert!(answer.details().starts_with(&format!("{field}: ")), "{path} {body}: {}", answer.text);
        };
        for field in fields {
            refused(&without(good.clone(), field), field);
            // B044: a code, or anything else, that is no string.
            for value in [json!(123_456), json!(null), json!(["123456"]), json!({ "$ne": "" }), json!(true)] {
                refused(&with(good.clone(), field, value), field);
            }
        }
    }
    for (field, value) in [
        ("email", json!("")),
        ("email", json!("jo")),
        ("email", json!("jo@example.com,vi@example.com")),
        ("email", json!("jo@example.com\r\nBcc: vi@example.com")),
        ("email", json!("jo@example.com\u{0}")),
        ("password", json!("")),
        ("password", json!("1234567")),
        ("password", json!("é".repeat(7))),
        ("password", json!("x".repeat(1025))),
        // R84: on the list of those that everybody tries.
        ("password", json!("Password1")),
        ("password", json!("77777777")),
        ("fullname", json!("")),
        ("fullname", json!("  ")),
        ("organization", json!(1)),
    ] {
        let answer = server.post("/auth/register", &with(good.clone(), field, value.clone()));
        assert_eq!((answer.status, answer.error().as_str()), (400, "VALIDATION_ERROR"), "{value}");
        assert!(answer.details().starts_with(&format!("{field}: ")), "{}", answer.text);
    }
    let answer = server.post("/auth/register", &with(good, "fullname", json!("x".repeat(3000))));
    assert_eq!(answer.details(), "fullname, organization: is too long");
    assert!(server.get("/dev/mail").json()["messages"].as_array().unwrap().is_empty(), "nothing was sent");
}

#[test]
fn what_is_not_json_is_refused_and_what_is_too_long_is_not_read() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    for path in ["/auth/register", "/auth/register/redeem", "/auth/validate/registration", "/dev/clock"] {
        for body in ["", "fullname=Jo", "[]", "\"x\"", "{", "{}{}", "\u{feff}{}"] {
            let answer = server.request("POST", path, &[], body);
            assert_eq!((answer.status, answer.error().as_str()), (400, "VALIDATION_ERROR"), "{path} {body}");
        }
        let long = json!({ "fullname": "x".repeat(16 * 1024) }).to_string();
        let answer = server.request("POST", path, &[], &long);
        assert_eq!((answer.status, answer.error().as_str()), (413, "PAYLOAD_TOO_LARGE"), "{path}");
    }
    // What is allowed, to the byte, and what is one byte more.
    let body = registration("jo@example.com").to_string();
    let padded = |bytes: usize| format!("{body}{}", " ".repeat(bytes - body.len()));
    assert_eq!(server.request("POST", "/auth/register", &[], &padded(16_385)).status, 413);
    assert_eq!(server.request("POST", "/auth/register", &[], &padded(16_384)).status, 200);
}

#[test]
fn other_paths_and_methods_are_refused_in_the_same_shape() {
    let place = Place::new();
    let server = place.start(&[]);
    for (method, path) in [
        ("GET", "/dev/mail"),
        ("GET", "/dev/clock"),
        ("POST", "/dev/clock"),
        ("PUT", "/auth/resend/otp/"),
        ("PUT", "/auth/resend/otp/a/b"),
        ("POST", "/auth/register/"),
        ("POST", "/AUTH/REGISTER"),
    ] {
        let answer = server.request(method, path, &[], "");
        assert_eq!((answer.status, answer.error().as_str()), (404, "NOT_FOUND"), "{method} {path}");
    }
    for (method, path, allowed) in [
        ("GET", "/auth/register", "POST"),
        ("POST", "/auth/resend/otp/x", "PUT"),
        ("GET", "/auth/otp/x", "DELETE"),
        ("POST", "/auth/register/link", "GET,HEAD"),
        ("PATCH", "/auth/validate/registration", "POST"),
    ] {
        let answer = server.request(method, path, &[], "");
        assert_eq!((answer.status, answer.error().as_str()), (405, "METHOD_NOT_ALLOWED"), "{method} {path}");
        assert_eq!(answer.headers["allow"], allowed);
    }
}

#[test]
fn the_clock_and_the_inbox_are_for_this_machine_and_its_own_pages() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    for headers in [[("origin", "http://example.com")], [("host", "example.com")], [("origin", "null")]] {
        for (method, path) in [("GET", "/dev/mail"), ("POST", "/dev/clock"), ("GET", "/")] {
            let answer = server.request(method, path, &headers, "");
            assert_eq!(
                (answer.status, answer.error().as_str()),
                (403, "FORBIDDEN"),
                "{method} {path} {headers:?}"
            );
        }
    }
    server.stop_clock();
    let now = |answer: Answer| answer.json()["now"].as_str().unwrap().to_owned();
    let before = now(server.get("/dev/clock"));
    assert!(before.len() == 20 && before.ends_with('Z'), "{before}");
    let later = server.post("/dev/clock", &json!({ "advance_seconds": 61 }));
    assert_eq!(later.json().as_object().unwrap().len(), 1);
    assert_ne!(now(later), before);
    assert_eq!(now(server.post("/dev/clock", &json!({ "advance_seconds": -61 }))), before);
    for body in [
        json!({}),
        json!({ "advance_seconds": "1" }),
        json!({ "advance_seconds": 1.5 }),
        json!({ "advance_seconds": null }),
        // Out of the calendar.
        json!({ "advance_seconds": i64::MAX }),
        json!({ "advance_seconds": i64::MIN }),
        json!({ "advance_seconds": 221_000_000_000_i64 }),
    ] {
        assert_eq!(server.post("/dev/clock", &body).error(), "VALIDATION_ERROR", "{body}");
    }
    assert_eq!(now(server.get("/dev/clock")), before);
    assert_eq!(server.get("/dev/mail?to=nobody").error(), "VALIDATION_ERROR");
    let page = server.get("/");
    assert!(page.status == 200 && page.headers["content-security-policy"].starts_with("default-src 'none'"));
}
