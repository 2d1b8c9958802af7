//! What holds for every answer, and what requests must be.

use serde_json::{Value, json};

use super::*;

const PUBLIC: [&str; 16] = [
    "/v1/create-account",
    "/v1/verify-email-otp",
    "/v1/resend-email-otp",
    "/v1/login",
    "/v1/authenticate",
    "/v1/magic-link",
    "/v1/magic-link/redeem",
    "/v1/two-factor/prove",
    "/v1/forgot-password",
    "/v1/forgot-password/resend",
    "/v1/forgot-password/verify",
    "/v1/reset-password",
    "/v1/two-factor/recover",
    "/v1/two-factor/recover/finish",
    "/v1/two-factor/recover/cancel",
    "/v1/change-email/verify",
];

const SIGNED_IN: [(&str, &str); 21] = [
    ("GET", "/v1/me"),
    ("POST", "/v1/logout"),
    ("GET", "/v1/sessions"),
    ("DELETE", "/v1/sessions"),
    ("DELETE", "/v1/sessions/0123456789abcdef"),
    ("POST", "/v1/two-factor/totp/enroll"),
    ("POST", "/v1/two-factor/totp/confirm"),
    ("POST", "/v1/two-factor/email/enable"),
    ("POST", "/v1/step-up"),
    ("POST", "/v1/step-up/mail"),
    ("GET", "/v1/two-factor"),
    ("POST", "/v1/two-factor/totp/remove"),
    ("POST", "/v1/two-factor/email/disable"),
    ("POST", "/v1/two-factor/recovery-codes"),
    ("POST", "/v1/change-password"),
    ("POST", "/v1/change-email"),
    ("POST", "/v1/delete-account"),
    ("GET", "/v1/devices"),
    ("POST", "/v1/devices"),
    ("DELETE", "/v1/devices"),
    ("DELETE", "/v1/devices/0123456789abcdef"),
];

#[test]
fn every_answer_says_how_the_meter_stands() {
    let place = Place::new();
    let server = start(&place);
    let left = |answer: Answer| checked(answer).headers["x-ratelimit-remaining"].parse::<u32>().unwrap();
    for (method, path, status) in [
        ("GET", "/v1/none", 404),
        ("POST", "/v1", 404),
        ("POST", "/v1/login/", 404),
        ("GET", "/v1/login", 405),
        ("DELETE", "/v1/me", 405),
    ] {
        let answer = checked(server.request(method, path, &[], ""));
        refused(&answer, status);
        assert_eq!(left(answer), 60, "counted nowhere");
    }
    assert_eq!(server.request("GET", "/v1/login", &[], "").headers["allow"], "POST");
    for path in PUBLIC {
        let long = json!({ "email": "x".repeat(16 * 1024) }).to_string();
        let answer = checked(server.request("POST", path, &[], &long));
        refused(&answer, 413);
        assert_eq!(left(answer), 59);
        for (n, body) in (1..).zip(["", "x", "[]", "\"a\"", "null", "{", "email=jo%40example.com"]) {
            let answer = checked(server.request("POST", path, &[], body));
            assert_eq!(blamed(&answer), "body", "{path} {body}");
            assert_eq!(left(answer), 59 - n, "{path} {body}");
        }
    }
    server.advance(60);
    // Counted, right or wrong, to the last; each endpoint by itself.
    for n in 0..60 {
        let body = json!({ "email": format!("u{n}@example.com"), "password": "x" });
        let answer = server.post("/v1/login", &body);
        assert_eq!((answer.status, left(answer)), (422, 59 - n));
    }
    let stranger = json!({ "email": "u@example.com", "password": "x" });
    let answer = checked(server.post("/v1/login", &stranger));
    assert_eq!(wait_of(&answer), 60);
    assert_eq!(answer.headers["ratelimit"], "\"client\";r=0;t=60");
    assert_eq!(left(server.post("/v1/authenticate", &stranger)), 59, "each endpoint has its own");
    assert_eq!(server.get("/v1/me").status, 401);
}

/// B044: a code is a string. An empty one, and null, are the same as none.
#[test]
fn b044_codes_are_strings_and_an_empty_one_is_none() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    for field in ["token", "code"] {
        for wrong in [json!(123_456), json!(["123456"]), json!({ "$ne": "" }), json!(true), json!(1.5)] {
            assert_eq!(blamed(&john.authenticate(json!({ field: wrong }))), field, "{wrong}");
        }
        for absent in [Value::Null, json!("")] {
            assert_eq!(john.authenticate(json!({ field: absent })).status, 200);
        }
    }
    for wrong in [json!("true"), json!(1), json!([])] {
        assert_eq!(blamed(&john.authenticate(json!({ "is_recovery": wrong }))), "is_recovery");
    }
    assert_eq!(john.authenticate(json!({ "is_recovery": null })).status, 200);
    for code in [json!(123_456), json!(["123456"]), Value::Null, json!("")] {
        let body = json!({ "email": john.email, "session_id": "x", "code": code });
        assert_eq!(blamed(&ask(&server, "/v1/verify-email-otp", &body)), "code", "{code}");
        assert_eq!(blamed(&john.post("/v1/two-factor/totp/confirm", &json!({ "code": code }))), "code");
    }
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let place = Place::new();
    let server = start(&place);
    let answer = ask(&server, "/v1/verify-email-otp", &json!({ "email": 1, "session_id": null, "code": [] }));
    let json = answer.json();
    assert_eq!((answer.status, names(&json["errors"])), (422, vec!["email", "session_id", "code"]));
    assert_eq!(json["message"], json!("email must be a string. (and 2 more)"));
    let good = json!({ "email": "jo@example.com", "password": PASSWORD });
    for (field, value) in [
        ("email", json!("jo")),
        ("email", json!("jo@example.com\r\nBcc: vi@example.com")),
        ("email", Value::Null),
        ("password", json!("")),
        ("password", json!("x".repeat(1025))),
        ("password", json!(12_345_678)),
        ("password", json!("1234567")),
        ("name", json!(1)),
        ("name", json!("x".repeat(3000))),
        ("language", json!("not a tag")),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        assert_eq!(blamed(&ask(&server, "/v1/create-account", &body)), field, "{value}");
    }
    let mut body = good.clone();
    for (session, fine) in [(json!("é".repeat(64)), true), (json!("x".repeat(65)), false), (json!(5), false)]
    {
        body["session_id"] = session;
        let field = blamed(&ask(&server, "/v1/resend-email-otp", &body));
        assert_eq!(field, if fine { "email" } else { "session_id" }, "nobody is signing up");
    }
    assert!(server.get("/dev/mail").json()["messages"].as_array().unwrap().is_empty());
}

#[test]
fn a_bearer_is_asked_for_where_somebody_is_signed_in_and_nowhere_else() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    let body = json!({
        "email": "vi@example.com", "password": PASSWORD, "current_password": PASSWORD, "code": "123456",
    });
    for (method, path) in SIGNED_IN {
        for header in [
            "",
            "Bearer",
            "Bearer x",
            "Basic am9objpwdw==",
            "Bearer otp_AAAA",
            "Bearer sess_AAAA",
            &john.token,
        ] {
            let headers = [("authorization", header)];
            let answer = checked(server.request(
                method,
                path,
                &headers[usize::from(header.is_empty())..],
                &body.to_string(),
            ));
            refused(&answer, 401);
            assert_eq!(answer.headers["www-authenticate"], "Bearer", "{method} {path} {header}");
        }
    }
    // Anybody may send any such header to the public endpoints.
    let credentials = json!({ "email": "john@example.com", "password": PASSWORD }).to_string();
    for header in ["Bearer YOUR_API_TOKEN", "Bearer", "Basic x", &format!("Bearer {}", john.token)] {
        let answer = checked(server.request("POST", "/v1/login", &[("authorization", header)], &credentials));
        assert_eq!(answer.status, 200);
    }
}

/// Law 10: a failure of the host is a no that tells nothing, in the family's own shape.
#[test]
fn law_10_a_failure_of_the_host_is_503() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    let file = rusqlite::Connection::open(place.path("test.db")).unwrap();
    for table in ["users", "countersign_record"] {
        file.execute_batch(&format!("ALTER TABLE {table} RENAME TO away")).unwrap();
        let answers = [
            john.login(),
            john.authenticate(json!({})),
            with(&server, &john.token, "GET", "/v1/me", &Value::Null),
        ];
        for answer in answers {
            refused(&answer, 503);
            assert_eq!(answer.json()["message"], json!("Please try again later."));
        }
        file.execute_batch(&format!("ALTER TABLE away RENAME TO {table}")).unwrap();
    }
    assert_eq!(john.login().status, 200);
}
