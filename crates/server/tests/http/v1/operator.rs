//! The operator's side, as `--dev` shows it.

use serde_json::{Value, json};

use super::*;

fn operate(server: &Server<'_>, email: &str, action: &str) -> Answer {
    server.post("/dev/account", &json!({ "email": email, "action": action }))
}

fn done(server: &Server<'_>, email: &str, action: &str) {
    let answer = operate(server, email, action);
    assert_eq!((answer.status, answer.text.as_str()), (200, "{}"));
}

#[test]
fn a_suspended_account_is_shut_and_opened_again() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    done(&server, &john.email, "suspend");
    assert_eq!(with(&server, &john.token, "GET", "/v1/me", &Value::Null).status, 401);
    assert_eq!(blamed(&john.login()), "email", "like a wrong password");
    done(&server, "JOHN@example.com", "resume");
    assert_eq!(with(&server, &john.token, "GET", "/v1/me", &Value::Null).status, 401, "R66");
    assert!(data(&john.login())["token"].is_string());
}

#[test]
fn a_session_can_do_nothing_before_the_password_is_changed() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    done(&server, &john.email, "require_password_change");
    let later = data(&john.login())["token"].as_str().unwrap().to_owned();
    for token in [&john.token, &later] {
        for (method, path) in [
            ("GET", "/v1/me"),
            ("GET", "/v1/sessions"),
            ("GET", "/v1/devices"),
            ("POST", "/v1/devices"),
            ("POST", "/v1/delete-account"),
            ("POST", "/v1/two-factor/totp/remove"),
        ] {
            let body = if method == "GET" { Value::Null } else { json!({}) };
            let answer = with(&server, token, method, path, &body);
            assert_eq!((answer.status, &answer.json()["error"]), (403, &json!(true)), "{path}");
            assert_eq!(answer.json()["data"], json!({ "required": ["change_password"] }), "{path}");
        }
    }
    assert_eq!(with(&server, &john.token, "GET", "/v1/two-factor", &Value::Null).status, 200);
    assert_eq!(with(&server, &john.token, "POST", "/v1/logout", &Value::Null).status, 200);
    let body = json!({ "current_password": PASSWORD, "password": "AnotherPassword2?" });
    let told = data(&with(&server, &later, "POST", "/v1/change-password", &body));
    let me = with(&server, told["token"].as_str().unwrap(), "GET", "/v1/me", &Value::Null);
    assert_eq!(data(&me)["email"], "john@example.com");
}

/// It takes the place of the wait, and of nothing else.
#[test]
fn the_operator_starts_the_reset_of_a_factor_and_the_owner_completes_it() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_app(&server, "john@example.com");
    done(&server, &john.email, "start_factor_reset");
    let link = super::lost_factor::stop_link(&server, &john.email);
    assert_eq!(data(&john.login())["has2Fa"], json!(true), "it is on until the owner turns it off");
    let body = json!({ "email": john.email, "password": PASSWORD });
    let told = data(&ask(&server, "/v1/two-factor/recover", &body));
    assert_eq!(told["mailed"], json!(true));
    let body = json!({ "email": john.email, "password": PASSWORD, "code": server.code(&john.email) });
    assert_eq!(ask(&server, "/v1/two-factor/recover/finish", &body).status, 200);
    assert_eq!(data(&john.login())["has2Fa"], json!(false));
    assert_eq!(blamed(&ask(&server, "/v1/two-factor/recover/cancel", &json!({ "token": link }))), "token");
}

/// Who lost both the password and the app: the password first, by the mailbox and the operator's word.
#[test]
fn the_operators_word_stands_in_for_the_app_at_a_reset() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_app(&server, "john@example.com");
    done(&server, &john.email, "start_factor_reset");
    let grant = super::recovery::granted(&server, &john.email);
    let body = json!({ "reset_token": grant, "password": "AnotherPassword2?" });
    assert_eq!(ask(&server, "/v1/reset-password", &body).status, 200);
    let body = json!({ "email": john.email, "password": "AnotherPassword2?" });
    assert_eq!(data(&ask(&server, "/v1/login", &body))["has2Fa"], json!(true));
    assert_eq!(data(&ask(&server, "/v1/two-factor/recover", &body))["mailed"], json!(true));
}

#[test]
fn what_the_operator_cannot_do_is_said() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    let answer = operate(&server, "nobody@example.com", "suspend");
    assert_eq!((answer.status, answer.error().as_str()), (404, "NOT_FOUND"));
    for (email, action, field) in [
        (john.email.as_str(), "start_factor_reset", "action"),
        (&john.email, "delete", "action"),
        (&john.email, "", "action"),
        ("nobody", "suspend", "email"),
    ] {
        let answer = operate(&server, email, action);
        assert_eq!((answer.status, answer.error().as_str()), (400, "VALIDATION_ERROR"), "{action}");
        assert!(answer.details().starts_with(&format!("{field}: ")), "{}", answer.text);
    }
    let body = json!({ "email": john.email, "action": "suspend" }).to_string();
    let elsewhere = server.request("POST", "/dev/account", &[("origin", "http://example.com")], &body);
    assert_eq!((elsewhere.status, elsewhere.error().as_str()), (403, "FORBIDDEN"));
    assert_eq!(john.login().status, 200);
}
