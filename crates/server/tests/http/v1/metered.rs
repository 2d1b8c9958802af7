//! Sixty requests a minute for a client and an endpoint: malformed ones are requests, too.

use serde_json::{Value, json};

use super::*;

/// Asks the same of an endpoint until it refuses; what it answered before, and the refusal.
fn until_refused(ask: impl Fn(usize) -> Answer) -> (usize, Answer) {
    for n in 0..100 {
        let answer = ask(n);
        if answer.status == 429 {
            return (n, answer);
        }
    }
    panic!("a hundred requests passed");
}

/// Documents 000 and 004: 71 malformed requests in one second do not all pass.
#[test]
fn document_004_malformed_requests_are_among_the_sixty_a_minute() {
    let place = Place::new();
    let server = start(&place);
    let ways = ["", "x", "[]", "{}", r#"{"email": 1}"#, r#"{"email": "jo@example.com", "password": ""}"#];
    for path in ["/v1/authenticate", "/v1/resend-email-otp", "/v1/login", "/v1/create-account"] {
        let send = |body: &str| checked(server.request("POST", path, &[], body));
        let (passed, refused) = until_refused(|n| {
            let answer = send(ways[n % ways.len()]);
            let left = answer.headers["x-ratelimit-remaining"].clone();
            assert!(answer.status == 429 || left == (59 - n).to_string(), "{path} {n}: {answer:?}");
            answer
        });
        assert_eq!((passed, &refused.headers["retry-after"][..]), (60, "60"), "{path}");
        let right = json!({ "email": "jo@example.com", "password": PASSWORD }).to_string();
        assert_eq!(send(&right).status, 429, "{path}: well-formed ones share the sixty");
        assert!(server.mail("jo@example.com").is_empty());
    }
    server.advance(60);
    assert_eq!(checked(server.request("POST", "/v1/login", &[], "x")).status, 422);
}

/// The same at endpoints of people who are signed in: without a bearer, with a wrong one, and with a body that is none.
#[test]
fn requests_without_a_session_are_among_the_sixty_a_minute() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    let bearer = format!("Bearer {}", john.token);
    let heads: [&[(&str, &str)]; 3] = [&[], &[("authorization", "Bearer x")], &[("authorization", &bearer)]];
    let (passed, _) = until_refused(|n| {
        checked(server.request("POST", "/v1/change-password", heads[n % heads.len()], "not JSON"))
    });
    assert_eq!(passed, 60);
    let (passed, _) = until_refused(|n| {
        let head = &heads[..2][n % 2];
        checked(server.request("GET", "/v1/me", head, ""))
    });
    assert_eq!(passed, 60);
    assert_eq!(data(&with(&server, &john.token, "GET", "/v1/me", &Value::Null))["email"], "john@example.com");
}

/// What is at no endpoint, the page behind a mailed link, and a wrong method are counted nowhere.
#[test]
fn what_is_at_no_endpoint_is_counted_nowhere() {
    let place = Place::new();
    let server = start(&place);
    for (method, path) in [("GET", "/v1/none"), ("GET", "/v1/login"), ("GET", "/v1/magic-link")] {
        for _ in 0..70 {
            let answer = server.request(method, path, &[], "");
            assert_eq!(&answer.headers["x-ratelimit-remaining"][..], "60", "{path}");
        }
    }
}

/// Document 004: its 429 has `error` and `message` only; document 000: its 429 has an empty list besides. Both with their fields.
#[test]
fn document_004_and_000_each_have_their_own_429() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    let body = json!({ "email": john.email, "password": "wrong" });
    // By the limit on guesses, and by that on requests, malformed as they may be.
    let (_, by_guesses) = until_refused(|_| ask(&server, "/v1/authenticate", &body));
    let (_, by_requests) = until_refused(|_| checked(server.request("POST", "/v1/authenticate", &[], "x")));
    for answer in [by_guesses, by_requests] {
        assert_eq!(names(&answer.json()), ["error", "message"], "{}", answer.text);
        assert_eq!(answer.json()["error"], json!(true));
        assert!(answer.headers["retry-after"].parse::<u32>().unwrap() > 0);
    }
    let (_, resend) = until_refused(|_| checked(server.request("POST", "/v1/resend-email-otp", &[], "x")));
    assert_eq!(wait_of(&resend), 60);
}

/// Family B counts them, too.
#[test]
fn family_b_counts_malformed_requests() {
    let place = Place::new();
    let server = start(&place);
    for path in ["/auth/register", "/auth/validate/registration", "/auth/login", "/auth/register/redeem"] {
        let (passed, refused) = until_refused(|_| server.post(path, &json!([])));
        assert_eq!((passed, refused.retry_after()), (60, 60), "{path}");
        assert!(refused.headers["ratelimit-policy"].contains("q=60;w=60"));
    }
    assert_eq!(server.post("/auth/register", &registration("jo@example.com")).retry_after(), 60);
}

/// Every endpoint that the server describes has sixty a minute for all that is sent there: malformed, without a session, with an id
/// that is none, and well-formed in each of its forms.
#[test]
fn every_endpoint_has_sixty_a_minute_for_all_that_is_sent_there() {
    let place = Place::new();
    let server = start(&place);
    let document = server.get("/openapi.json").json();
    let endpoints = document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let described = item.as_object().unwrap().iter();
        let asks =
            described.filter(|(_, it)| it["responses"]["200"]["content"].get("application/json").is_some());
        asks.map(move |(method, _)| (method.to_uppercase(), path.clone()))
    });
    let endpoints: Vec<_> =
        endpoints.filter(|(_, path)| path.starts_with("/v1/") || path.starts_with("/auth/")).collect();
    assert!(endpoints.len() > 35, "{endpoints:?}");
    let link = "enter_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let bodies = [
        "x".to_owned(),
        "{}".to_owned(),
        json!({ "session_id": "x", "code": "000000" }).to_string(),
        json!({ "link": link }).to_string(),
        json!({ "otpSession": "x", "otp": 1 }).to_string(),
    ];
    for (method, path) in endpoints {
        let path: Vec<_> =
            path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
        let path = path.join("/");
        let heads: [&[(&str, &str)]; 2] = [&[], &[("authorization", "Bearer sess_x")]];
        let (passed, _) = until_refused(|n| {
            let body = if method == "GET" { "" } else { &bodies[n % bodies.len()] };
            server.request(&method, &path, heads[n % heads.len()], body)
        });
        // The contract has ten requests in half an hour for the code of a sign-up, right or wrong.
        let most = if path == "/v1/verify-email-otp" { 10 } else { 60 };
        assert!(
            passed == most || (path == "/v1/magic-link/redeem" && passed < 60),
            "{method} {path}: {passed}"
        );
    }
}
