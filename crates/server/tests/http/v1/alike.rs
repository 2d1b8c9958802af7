//! Law 8: what is told to strangers is the same whoever is, or is not, behind an address.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;

/// An answer up to digits and what is random in it.
pub(crate) fn outline(answer: &Answer) -> (u16, BTreeMap<String, String>, String) {
    let mut text = String::new();
    let mut rest = answer.text.as_str();
    while let Some(at) = rest.find("otp_") {
        let end = rest[at..].find('"').unwrap() + at;
        text.push_str(&rest[..at]);
        text.push_str(&format!("ticket of {}", end - at));
        rest = &rest[end..];
    }
    text.push_str(rest);
    let blind = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "0");
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
    let headers = headers.map(|(name, value)| (name.clone(), blind(value))).collect();
    (answer.status, headers, blind(&text))
}

#[test]
fn law_8_every_address_is_answered_alike() {
    let place = Place::new();
    let server = start(&place);
    Person::new(&server, "member@example.com");
    Person::with_app(&server, "theapp@example.com");
    Person::with_mailed_codes(&server, "mailed@example.com");
    let pending = json!({ "email": "waiter@example.com", "password": PASSWORD });
    assert_eq!(ask(&server, "/v1/create-account", &pending).status, 200);
    // What was sent so far is not what is tried here.
    server.advance(7200);

    let wrong = |email: &str| json!({ "email": email, "password": "wrong" });
    type Body = Box<dyn Fn(&str) -> Value>;
    let questions: [(&str, Body); 7] = [
        ("/v1/login", Box::new(wrong)),
        ("/v1/authenticate", Box::new(wrong)),
        (
            "/v1/authenticate",
            Box::new(
                |email| json!({ "email": email, "password": "wrong", "code": "123456", "token": "123456" }),
            ),
        ),
        (
            "/v1/authenticate",
            Box::new(
                |email| json!({ "email": email, "password": "wrong", "code": "x", "is_recovery": true }),
            ),
        ),
        ("/v1/resend-email-otp", Box::new(wrong)),
        ("/auth/login", Box::new(|email| json!({ "username": email, "password": "wrong" }))),
        ("/v1/magic-link", Box::new(|email| json!({ "email": email }))),
    ];
    let addresses = [
        "nobody@example.com",
        "member@example.com",
        "theapp@example.com",
        "mailed@example.com",
        "waiter@example.com",
    ];
    for (path, body) in questions {
        let answers = addresses.map(|email| {
            let answer = server.post_from(&fresh_client(), path, &body(email));
            outline(&answer)
        });
        for (answer, email) in answers.iter().zip(addresses) {
            assert_eq!(answer, &answers[0], "{path} {email}");
        }
    }
    // The budget is spent alike as well: six wrong passwords each so far.
    for n in 0..6 {
        let answers = addresses.map(|email| outline(&ask(&server, "/v1/login", &wrong(email))));
        for answer in &answers {
            assert_eq!(answer, &answers[0], "{n}");
        }
        assert_eq!(answers[0].0, if n < 4 { 422 } else { 429 });
    }
    // And a sign-up: each address has six letters before the @.
    server.advance(7200);
    let create = |email: &str| json!({ "email": email, "password": PASSWORD, "name": "x" });
    let answers = addresses.map(|email| {
        let (status, headers, text) = outline(&ask(&server, "/v1/create-account", &create(email)));
        (status, headers, text.replace(email, "ADDRESS"))
    });
    for (answer, email) in answers.iter().zip(addresses) {
        assert_eq!(answer, &answers[0], "{email}");
        let again = ask(&server, "/v1/create-account", &create(email));
        assert_eq!(wait_of(&again), 60, "{email}");
    }
}
