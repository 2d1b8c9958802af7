//! Mailed links that sign in.

use serde_json::{Value, json};

use super::*;

/// Asks for a link; the token in it, and the session of the code.
fn mailed(server: &Server<'_>, email: &str) -> (String, Value) {
    let session = data(&ask(server, "/v1/magic-link", &json!({ "email": email })))["session_id"].clone();
    let mail = server.mail(email).pop().unwrap();
    assert_eq!(mail["kind"], "sign_in_code");
    (token_in(&mail, &format!("{}/v1/magic-link", server.base())), session)
}

fn redeem(server: &Server<'_>, body: Value) -> Answer {
    ask(server, "/v1/magic-link/redeem", &body)
}

#[test]
fn a_link_or_its_code_signs_in_once() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    server.advance(60);
    let (link, session) = mailed(&server, &john.email);
    for method in ["GET", "HEAD"] {
        let page = checked(server.request(method, "/v1/magic-link", &[], ""));
        assert!(page.status == 200 && page.headers["content-security-policy"].contains("script-src 'nonce-"));
    }
    let told = data(&redeem(&server, json!({ "link": link })));
    assert_eq!(
        names(&told),
        ["token", "has2Fa", "enable_email_login_token", "language", "id", "name", "email"]
    );
    let me = with(&server, told["token"].as_str().unwrap(), "GET", "/v1/me", &Value::Null);
    assert_eq!(data(&me)["amr"], json!(["email"]));
    assert_eq!(blamed(&redeem(&server, json!({ "link": link }))), "link", "spent");
    let code = server.code(&john.email);
    assert_eq!(
        blamed(&redeem(&server, json!({ "session_id": session, "code": code }))),
        "code",
        "with its link"
    );

    server.advance(60);
    let (link, session) = mailed(&server, &john.email);
    let code = server.code(&john.email);
    assert_eq!(blamed(&redeem(&server, json!({ "session_id": session, "code": wrong(&code) }))), "code");
    assert!(data(&redeem(&server, json!({ "session_id": session, "code": code })))["token"].is_string());
    assert_eq!(blamed(&redeem(&server, json!({ "link": link }))), "link", "with its code");
    for wrong in [json!({}), json!({ "link": "" }), json!({ "link": 1 }), json!({ "link": "enter_x" })] {
        assert_eq!(blamed(&redeem(&server, wrong)), "link");
    }
}

#[test]
fn nobody_is_mailed_at_an_address_that_has_no_account() {
    let place = Place::new();
    let server = start(&place);
    assert_eq!(ask(&server, "/v1/magic-link", &json!({ "email": "nobody@example.com" })).status, 200);
    assert!(server.mail("nobody@example.com").is_empty());
}

/// Law 4: a link is one factor; where a second is on, it is asked for.
#[test]
fn law_4_a_link_does_not_stand_in_for_a_second_factor() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_app(&server, "john@example.com");
    server.advance(60);
    let (link, _) = mailed(&server, &john.email);
    let told = data(&redeem(&server, json!({ "link": link })));
    assert_eq!((&told["token"], &told["has2Fa"]), (&Value::Null, &json!(true)));
    assert_eq!(told["offered"], json!(["totp", "recovery_code"]));
    let login = &told["login"];
    let prove = |proof: Value| {
        let mut body = json!({ "login": login });
        body.as_object_mut().unwrap().extend(proof.as_object().unwrap().clone());
        ask(&server, "/v1/two-factor/prove", &body)
    };
    refused(&with(&server, login.as_str().unwrap(), "GET", "/v1/me", &Value::Null), 401);
    assert_eq!(blamed(&prove(json!({}))), "code");
    assert_eq!(blamed(&prove(json!({ "code": wrong(&john.totp()) }))), "code");
    let told = data(&prove(json!({ "code": john.totp() })));
    assert_eq!(told["email"], "john@example.com");
    assert_eq!(blamed(&prove(json!({ "code": john.totp_in(1) }))), "login", "spent");

    // A mailbox is one factor however often it is read: what follows is the password.
    let vi = Person::with_mailed_codes(&server, "vi@example.com");
    server.advance(60);
    let (link, _) = mailed(&server, &vi.email);
    let told = data(&redeem(&server, json!({ "link": link })));
    assert_eq!((&told["token"], &told["offered"]), (&Value::Null, &json!(["password"])));
    let prove = |password: &str| {
        ask(&server, "/v1/two-factor/prove", &json!({ "login": told["login"], "password": password }))
    };
    assert_eq!(blamed(&prove("wrong")), "password");
    assert!(data(&prove(PASSWORD))["token"].is_string());
}
