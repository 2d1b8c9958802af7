//! A lost authenticator app.

use serde_json::{Value, json};

use super::*;

const DAY: i64 = 86_400;

fn recover(john: &Person<'_>) -> Answer {
    ask(john.server, "/v1/two-factor/recover", &json!({ "email": john.email, "password": PASSWORD }))
}

fn finish(john: &Person<'_>, code: &str) -> Answer {
    let body = json!({ "email": john.email, "password": PASSWORD, "code": code });
    ask(john.server, "/v1/two-factor/recover/finish", &body)
}

/// The token of the link that stops it.
pub(crate) fn stop_link(server: &Server<'_>, email: &str) -> String {
    let mails = server.mail(email);
    let mail = mails.iter().rfind(|mail| mail["kind"] == "factor_recovery_started").expect("a notice");
    assert!(mail["code"].is_null());
    token_in(mail, &format!("{}/v1/two-factor/recover/cancel", server.base()))
}

fn seconds_between(from: &Value, to: &Value) -> i64 {
    person::unix_seconds(to.as_str().unwrap()) - person::unix_seconds(from.as_str().unwrap())
}

#[test]
fn a_lost_app_is_turned_off_after_a_wait_and_a_mailed_code() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_app(&server, "john@example.com");
    server.advance(301);
    let now = server.get("/dev/clock").json()["now"].clone();
    let begun = data(&recover(&john));
    assert_eq!((names(&begun), &begun["mailed"]), (vec!["ready_at", "expires_at", "mailed"], &json!(false)));
    assert_eq!(seconds_between(&now, &begun["ready_at"]), 3 * DAY);
    assert_eq!(seconds_between(&begun["ready_at"], &begun["expires_at"]), 7 * DAY);
    let _ = stop_link(&server, &john.email);
    let mails = server.mail(&john.email).len();
    let secured = data(&with(&server, &john.token, "GET", "/v1/two-factor", &Value::Null));
    assert_eq!(
        secured["recovery"],
        json!({ "ready_at": begun["ready_at"], "expires_at": begun["expires_at"] })
    );

    server.advance(3 * DAY - 1);
    assert_eq!(data(&recover(&john)), begun, "until it is over the answer stays the same");
    assert_eq!(server.mail(&john.email).len(), mails);
    assert_eq!(blamed(&finish(&john, "123456")), "code", "nothing was mailed");
    assert_eq!(data(&john.login())["has2Fa"], json!(true));

    server.advance(1);
    assert_eq!(data(&recover(&john))["mailed"], json!(true));
    let mail = server.mail(&john.email).pop().unwrap();
    assert_eq!((&mail["kind"], &mail["link"]), (&json!("factor_recovery_code"), &Value::Null));
    assert_eq!(wait_of(&recover(&john)), 60, "one a minute");
    let code = server.code(&john.email);
    assert_eq!(blamed(&finish(&john, &wrong(&code))), "code");
    let body = json!({ "email": john.email, "password": "wrong", "code": code });
    assert_eq!(
        blamed(&ask(&server, "/v1/two-factor/recover/finish", &body)),
        "email",
        "and the code is good"
    );
    let answer = finish(&john, &code);
    assert!(data(&answer).is_null() && !answer.text.contains("sess_"), "nobody is signed in");
    assert_eq!(server.mail(&john.email).pop().unwrap()["kind"], "factors_reset");

    assert_eq!(with(&server, &john.token, "GET", "/v1/me", &Value::Null).status, 401, "what was is out");
    let told = data(&john.login());
    assert!(told["token"].is_string() && told["has2Fa"] == json!(false));
    refused(&finish(&john, &code), 409);
}

#[test]
fn the_mailed_link_and_the_app_itself_stop_it() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_app(&server, "john@example.com");
    assert_eq!(data(&recover(&john))["mailed"], json!(false));
    let link = stop_link(&server, &john.email);
    for method in ["GET", "HEAD"] {
        let page = checked(server.request(method, "/v1/two-factor/recover/cancel", &[], ""));
        assert!(page.status == 200 && page.headers["content-security-policy"].contains("script-src 'nonce-"));
    }
    let recovery =
        || data(&with(&server, &john.token, "GET", "/v1/two-factor", &Value::Null))["recovery"].clone();
    assert!(recovery().is_object(), "to open the page spends nothing");
    let cancel = |token: &str| ask(&server, "/v1/two-factor/recover/cancel", &json!({ "token": token }));
    assert_eq!(blamed(&cancel("x")), "token");
    assert!(data(&cancel(&link)).is_null());
    assert_eq!(blamed(&cancel(&link)), "token", "spent");
    assert!(recovery().is_null());
    server.advance(3 * DAY);
    assert_eq!(data(&recover(&john))["mailed"], json!(false), "it begins anew");

    assert_eq!(john.authenticate(json!({ "code": john.totp() })).status, 200);
    assert!(recovery().is_null(), "an app that is shown is not lost");
    server.advance(3 * DAY);
    assert_eq!(data(&recover(&john))["mailed"], json!(false));
    server.advance(10 * DAY);
    assert_eq!(data(&recover(&john))["mailed"], json!(false), "too late: it begins anew");
}

#[test]
fn who_has_lost_nothing_recovers_nothing() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    refused(&recover(&john), 409);
    refused(&finish(&john, "123456"), 409);
    let sessions = data(&with(&server, &john.token, "GET", "/v1/sessions", &Value::Null));
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1, "no session stays behind");
    let vi = Person::with_mailed_codes(&server, "vi@example.com");
    refused(&recover(&vi), 409);
    for email in ["john@example.com", "nobody@example.com"] {
        let body = json!({ "email": email, "password": "wrong" });
        let answer = ask(&server, "/v1/two-factor/recover", &body);
        assert_eq!(blamed(&answer), "email");
        assert_eq!(answer.text, ask(&server, "/v1/login", &body).text, "as at any door");
    }
}

/// Both questions of one request are counted as one: the meter of the endpoint is that of its client.
#[test]
fn asking_is_counted_once() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_app(&server, "john@example.com");
    let body = json!({ "email": john.email, "password": PASSWORD });
    for left in [59, 58, 57] {
        let answer = checked(server.post("/v1/two-factor/recover", &body));
        assert_eq!(
            (answer.status, answer.headers["x-ratelimit-remaining"].as_str()),
            (200, &*left.to_string())
        );
    }
}
