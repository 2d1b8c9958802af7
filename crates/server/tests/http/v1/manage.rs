//! Changing what signs in.

use serde_json::{Value, json};

use super::*;

const NEW: &str = "AnotherPassword2?";

fn signed_in(server: &Server<'_>, token: &str) -> bool {
    with(server, token, "GET", "/v1/me", &Value::Null).status == 200
}

/// What a session has to prove again.
fn step_up(answer: &Answer) -> Value {
    let json = answer.json();
    assert_eq!((answer.status, names(&json)), (403, vec!["error", "message", "data"]), "{}", answer.text);
    assert_eq!(names(&json["data"]), ["step_up"]);
    json["data"]["step_up"].clone()
}

/// Proves more: the new bearer.
fn prove(server: &Server<'_>, token: &str, proof: Value) -> String {
    let told = data(&with(server, token, "POST", "/v1/step-up", &proof));
    assert_eq!(names(&told), ["token", "amr", "aal", "expires_at"]);
    told["token"].as_str().unwrap().to_owned()
}

fn secured(server: &Server<'_>, token: &str) -> Value {
    data(&with(server, token, "GET", "/v1/two-factor", &Value::Null))
}

/// R63: to be signed in is not enough to change what signs in.
#[test]
fn r63_after_five_minutes_who_is_signed_in_proves_it_again() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_app(&server, "john@example.com");
    server.advance(30);
    let token =
        data(&john.authenticate(json!({ "code": john.totp() })))["token"].as_str().unwrap().to_owned();
    let post = |token: &str, path: &str, body: Value| with(&server, token, "POST", path, &body);
    server.advance(299);
    let codes = data(&post(&token, "/v1/two-factor/recovery-codes", json!({})))["recovery_codes"].clone();
    assert_eq!(codes.as_array().unwrap().len(), 10);
    assert_eq!(blamed(&john.recover(&john.drawer[0])), "code", "R50: those from before are dead");
    server.advance(1);
    let rest = json!(["totp"]);
    for (path, body) in [
        ("/v1/devices", json!({})),
        ("/v1/two-factor/totp/remove", json!({})),
        ("/v1/two-factor/recovery-codes", json!({})),
        ("/v1/change-email", json!({ "email": "new@example.com" })),
        ("/v1/delete-account", json!({})),
    ] {
        assert_eq!(step_up(&post(&token, path, body.clone())), rest, "{path}");
        if path != "/v1/devices" {
            let mut body = body;
            body["password"] = json!("wrong");
            assert_eq!(blamed(&post(&token, path, body.clone())), "password", "{path}");
            body["password"] = json!(PASSWORD);
            assert_eq!(step_up(&post(&token, path, body)), rest, "the password counts: {path}");
        }
    }
    let body = json!({ "current_password": PASSWORD, "password": NEW });
    assert_eq!(step_up(&post(&token, "/v1/change-password", body)), rest);
    let again = json!({ "password": PASSWORD });
    assert_eq!(step_up(&post(&token, "/v1/two-factor/email/enable", again.clone())), rest);
    // For another app in place of a lost one a recovery code is enough, and for nothing else.
    let lost = json!(["totp", "recovery_code"]);
    assert_eq!(step_up(&post(&token, "/v1/two-factor/totp/enroll", again)), lost);

    assert_eq!(blamed(&post(&token, "/v1/step-up", json!({}))), "password");
    assert_eq!(blamed(&post(&token, "/v1/step-up", json!({ "password": "wrong" }))), "password");
    assert_eq!(blamed(&post(&token, "/v1/step-up", json!({ "code": wrong(&john.totp()) }))), "code");
    assert_eq!(blamed(&post(&token, "/v1/step-up", json!({ "token": "123456" }))), "token");
    let next = prove(&server, &token, json!({ "code": john.totp() }));
    assert!(!signed_in(&server, &token) && signed_in(&server, &next), "R77: a new one for the old");
    assert_eq!(step_up(&post(&next, "/v1/devices", json!({}))), json!(["password"]), "one of two");
    let next = prove(&server, &next, json!({ "password": PASSWORD }));
    let me = data(&with(&server, &next, "GET", "/v1/me", &Value::Null));
    assert_eq!((&me["amr"], &me["aal"]), (&json!(["pwd", "otp"]), &json!(2)));
    assert_eq!(post(&next, "/v1/devices", json!({})).status, 200);
    let next = prove(&server, &next, json!({ "code": codes[0], "is_recovery": true }));
    assert_eq!(secured(&server, &next)["recovery_codes_left"], 9);
}

#[test]
fn a_step_up_may_go_by_mail() {
    let place = Place::new();
    let server = start(&place);
    let vi = Person::with_mailed_codes(&server, "vi@example.com");
    server.advance(600);
    assert_eq!(step_up(&vi.post("/v1/devices", &json!({}))), json!(["mailed_code"]));
    let token = prove(&server, &vi.token, json!({ "password": PASSWORD }));
    let mail = || with(&server, &token, "POST", "/v1/step-up/mail", &Value::Null);
    assert_eq!(data(&mail()), json!({ "expires_in": 300 }));
    assert_eq!(wait_of(&mail()), 60);
    assert_eq!(server.mail(&vi.email).pop().unwrap()["kind"], "step_up_code");
    let code = server.code(&vi.email);
    let post = |body: Value| with(&server, &token, "POST", "/v1/step-up", &body);
    assert_eq!(blamed(&post(json!({ "token": wrong(&code) }))), "token");
    let token = prove(&server, &token, json!({ "token": code }));
    assert_eq!(with(&server, &token, "POST", "/v1/devices", &json!({})).status, 200);
}

#[test]
fn second_factors_are_told_and_turned_off() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    let none = json!({
        "totp": false, "email": false, "recovery_codes_left": 0, "devices": 0, "sessions": 1, "recovery": null,
    });
    assert_eq!(secured(&server, &john.token), none);
    for path in ["totp/remove", "email/disable", "recovery-codes"] {
        refused(&john.post(&format!("/v1/two-factor/{path}"), &json!({})), 409);
    }
    assert_eq!(john.post("/v1/two-factor/email/enable", &json!({ "password": PASSWORD })).status, 200);
    // The mailbox was proven at the sign-up, and the password just now.
    let answer = john.post("/v1/two-factor/email/disable", &json!({ "password": PASSWORD }));
    assert!(data(&answer).is_null());
    assert_eq!(server.mail(&john.email).pop().unwrap()["kind"], "factor_removed");
    assert_eq!(secured(&server, &john.token), none);

    let vi = Person::with_app(&server, "vi@example.com");
    assert_eq!(secured(&server, &vi.token)["recovery_codes_left"], 10);
    server.advance(30);
    let told = data(&vi.authenticate(json!({ "code": vi.totp() })));
    let token = told["token"].as_str().unwrap();
    assert_eq!(secured(&server, token)["sessions"], 2);
    assert_eq!(with(&server, token, "POST", "/v1/devices", &json!({})).status, 200);
    assert!(data(&with(&server, token, "POST", "/v1/two-factor/totp/remove", &json!({}))).is_null());
    assert_eq!(secured(&server, token), none, "codes, devices and other sessions with it");
    assert!(!signed_in(&server, &vi.token));
    assert_eq!(data(&vi.login())["has2Fa"], json!(false));
}

#[test]
fn a_password_is_changed_by_whoever_knows_it() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    let other = data(&john.login())["token"].as_str().unwrap().to_owned();
    let device = data(&john.post("/v1/devices", &json!({})))["device_token"].clone();
    server.advance(600);
    let change = |current: &str, new: &str| {
        john.post("/v1/change-password", &json!({ "current_password": current, "password": new }))
    };
    assert_eq!(blamed(&change("wrong", NEW)), "current_password");
    assert_eq!(blamed(&change(PASSWORD, "short")), "password");
    assert_eq!(blamed(&change(PASSWORD, "Password1")), "password");
    assert!(signed_in(&server, &other), "so far nothing has changed");
    let told = data(&change(PASSWORD, NEW));
    assert_eq!(names(&told), ["token", "expires_at"]);
    let token = told["token"].as_str().unwrap();
    assert!(signed_in(&server, token) && !signed_in(&server, &other) && !signed_in(&server, &john.token));
    assert_eq!(server.mail(&john.email).pop().unwrap()["kind"], "password_changed");
    assert_eq!(blamed(&john.login()), "email");
    let body = json!({ "email": john.email, "password": NEW, "device_token": device });
    assert!(data(&ask(&server, "/v1/login", &body)).get("device_token").is_none(), "it was trusted before");
}

#[test]
fn an_address_is_changed_by_its_code_and_both_are_told() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    let other = data(&john.login())["token"].as_str().unwrap().to_owned();
    let id = data(&with(&server, &john.token, "GET", "/v1/me", &Value::Null))["id"].clone();
    server.advance(600);
    let begin = |email: &str| john.post("/v1/change-email", &json!({ "email": email, "password": PASSWORD }));
    let told = data(&begin("New@Example.com"));
    assert_eq!((names(&told), &told["expires_in"]), (vec!["session_id", "expires_in"], &json!(600)));
    let notice = server.mail("john@example.com").pop().unwrap();
    assert_eq!((&notice["kind"], &notice["code"]), (&json!("address_change_started"), &Value::Null));
    assert!(server.stdout().contains("wants to change its e-mail address to new@example.com."));
    assert_eq!(server.mail("new@example.com").pop().unwrap()["kind"], "address_change_code");

    let code = server.code("new@example.com");
    let verify = |code: &str| {
        ask(&server, "/v1/change-email/verify", &json!({ "session_id": told["session_id"], "code": code }))
    };
    assert_eq!(blamed(&verify(&wrong(&code))), "code");
    let me = |token: &str| data(&with(&server, token, "GET", "/v1/me", &Value::Null));
    assert_eq!(me(&john.token)["email"], "john@example.com");
    assert_eq!(data(&verify(&code)), json!({ "email": "new@example.com" }));
    assert_eq!(blamed(&verify(&code)), "session_id", "spent");
    assert_eq!((&me(&john.token)["email"], &me(&john.token)["id"]), (&json!("new@example.com"), &id));
    assert!(!signed_in(&server, &other), "B107");
    for email in ["john@example.com", "new@example.com"] {
        assert_eq!(server.mail(email).pop().unwrap()["kind"], "address_changed", "{email}");
    }
    let login = |email: &str| ask(&server, "/v1/login", &json!({ "email": email, "password": PASSWORD }));
    assert_eq!(data(&login("new@example.com"))["email"], "new@example.com");
    assert_eq!(blamed(&login("john@example.com")), "email");
    server.advance(60);
    let again = Person::new(&server, "john@example.com");
    assert_ne!(me(&again.token)["id"], id, "the old address is free");

    // Law 8: an address that is somebody else's is answered like a free one, and its owner is told.
    let taken = begin("john@example.com");
    server.advance(60);
    let free = begin("free@example.com");
    assert_eq!((taken.status, names(&data(&taken))), (free.status, names(&data(&free))));
    let blind = |answer: &Answer| answer.headers["ratelimit-policy"].clone();
    assert_eq!(blind(&taken), blind(&free));
    assert_eq!(server.mail("john@example.com").pop().unwrap()["kind"], "sign_up_taken");
}

#[test]
fn a_deleted_account_is_nobody() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    let id = data(&with(&server, &john.token, "GET", "/v1/me", &Value::Null))["id"].clone();
    server.advance(600);
    assert_eq!(step_up(&john.post("/v1/delete-account", &json!({}))), json!(["password"]));
    assert_eq!(blamed(&john.post("/v1/delete-account", &json!({ "password": "wrong" }))), "password");
    let answer = john.post("/v1/delete-account", &json!({ "password": PASSWORD }));
    assert!(data(&answer).is_null());
    assert_eq!(server.mail(&john.email).pop().unwrap()["kind"], "account_deleted");
    assert!(!signed_in(&server, &john.token));
    assert_eq!(blamed(&john.login()), "email");
    let answer = server.post("/dev/account", &json!({ "email": john.email, "action": "suspend" }));
    assert_eq!(answer.status, 404);
    let mails = server.mail(&john.email).len();
    assert_eq!(ask(&server, "/v1/forgot-password", &json!({ "email": john.email })).status, 200);
    assert_eq!(server.mail(&john.email).len(), mails, "and gets no mail");
    let users = rusqlite::Connection::open(place.path("test.db")).unwrap();
    let query = "SELECT count(*) FROM users WHERE identifier IS NULL AND profile IS NULL";
    assert_eq!(users.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap(), 1, "only the id stays");

    server.advance(60);
    let again = Person::new(&server, "john@example.com");
    let me = data(&with(&server, &again.token, "GET", "/v1/me", &Value::Null));
    assert_ne!(me["id"], id, "an id is used once");
}
