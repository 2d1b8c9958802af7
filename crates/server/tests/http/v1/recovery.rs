//! Lost passwords.

use serde_json::{Value, json};

use super::alike::outline;
use super::*;

const NEW: &str = "AnotherPassword2?";

/// Asks for a new password: the session of the code, and the token in the link.
pub(crate) fn forgot(server: &Server<'_>, email: &str) -> (String, String) {
    let told = data(&ask(server, "/v1/forgot-password", &json!({ "email": email })));
    assert_eq!((names(&told), &told["expires_in"]), (vec!["session_id", "expires_in"], &json!(600)));
    let mail = server.mail(email).pop().unwrap();
    assert_eq!(mail["kind"], "recovery_code");
    let session = told["session_id"].as_str().unwrap().to_owned();
    (session, token_in(&mail, &format!("{}/v1/forgot-password", server.base())))
}

fn verify(server: &Server<'_>, body: Value) -> Answer {
    ask(server, "/v1/forgot-password/verify", &body)
}

/// The right to choose a new password, by the code.
pub(crate) fn granted(server: &Server<'_>, email: &str) -> String {
    let (session, _) = forgot(server, email);
    let told = data(&verify(server, json!({ "session_id": session, "code": server.code(email) })));
    told["reset_token"].as_str().unwrap().to_owned()
}

fn reset(server: &Server<'_>, grant: &str, more: Value) -> Answer {
    let mut body = json!({ "reset_token": grant, "password": NEW });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ask(server, "/v1/reset-password", &body)
}

fn login(server: &Server<'_>, email: &str, password: &str) -> Answer {
    ask(server, "/v1/login", &json!({ "email": email, "password": password }))
}

#[test]
fn a_lost_password_is_replaced_by_the_code() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    let (session, _) = forgot(&server, &john.email);
    let first = server.code(&john.email);
    assert_eq!(blamed(&verify(&server, json!({ "session_id": session, "code": wrong(&first) }))), "code");
    let resend =
        |session: &str| ask(&server, "/v1/forgot-password/resend", &json!({ "session_id": session }));
    assert_eq!(wait_of(&resend(&session)), 60);
    server.advance(60);
    assert_eq!(data(&resend(&session)), json!({ "session_id": session, "expires_in": 600 }));
    let code = server.code(&john.email);
    let told = data(&verify(&server, json!({ "session_id": session, "code": code })));
    assert_eq!(names(&told), ["reset_token", "expires_in", "proofs"]);
    assert_eq!((&told["expires_in"], &told["proofs"]), (&json!(900), &json!([])));
    for spent in [&session, "x"] {
        assert_eq!(blamed(&verify(&server, json!({ "session_id": spent, "code": code }))), "session_id");
        assert_eq!(blamed(&resend(spent)), "session_id");
    }
    assert_eq!(login(&server, &john.email, PASSWORD).status, 200, "so far nothing has changed");

    // B075: a password that is refused uses nothing up.
    let grant = told["reset_token"].as_str().unwrap();
    for bad in ["short", "Password1", "john@example.com"] {
        assert_eq!(blamed(&reset(&server, grant, json!({ "password": bad }))), "password", "{bad}");
    }
    let answer = reset(&server, grant, json!({}));
    let told = data(&answer);
    assert_eq!(names(&told), ["device_token", "expires_at"]);
    assert!(!answer.text.contains("sess_"), "nobody is signed in");
    assert_eq!(blamed(&reset(&server, grant, json!({}))), "reset_token", "spent");
    assert_eq!(blamed(&reset(&server, "x", json!({}))), "reset_token");
    assert_eq!(server.mail(&john.email).pop().unwrap()["kind"], "password_reset");
    assert!(server.stdout().contains("If it was not you: somebody else reads your mail."));
    assert_eq!(blamed(&login(&server, &john.email, PASSWORD)), "email", "the old one");
    assert!(data(&login(&server, &john.email, NEW))["token"].is_string());
}

#[test]
fn a_lost_password_is_replaced_by_the_link() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    let (_, link) = forgot(&server, &john.email);
    for method in ["GET", "HEAD"] {
        let page = checked(server.request(method, "/v1/forgot-password", &[], ""));
        assert!(page.status == 200 && page.headers["content-security-policy"].contains("script-src 'nonce-"));
    }
    // Law 9: however many codes are burned and sent.
    for _ in 0..4 {
        server.advance(60);
        let (session, _) = forgot(&server, &john.email);
        let bad = wrong(&server.code(&john.email));
        for _ in 0..2 {
            let answer = verify(&server, json!({ "session_id": session, "code": bad }));
            assert_eq!(blamed(&answer), "code");
        }
        server.advance(900);
    }
    for bad in [json!({}), json!({ "link": "" }), json!({ "link": 1 }), json!({ "link": "reset_x" })] {
        assert_eq!(blamed(&verify(&server, bad)), "link");
    }
    let told = data(&verify(&server, json!({ "link": link })));
    assert_eq!(blamed(&verify(&server, json!({ "link": link }))), "link", "spent");
    assert_eq!(reset(&server, told["reset_token"].as_str().unwrap(), json!({})).status, 200);
    assert_eq!(login(&server, &john.email, NEW).status, 200);

    let (_, link) = forgot(&server, &john.email);
    server.advance(86_400);
    assert_eq!(blamed(&verify(&server, json!({ "link": link }))), "link", "a day later");
}

/// R58, law 4: a reset signs nobody in, takes a proof of the app where there is one, and skips it at no sign-in afterwards.
#[test]
fn r58_a_reset_does_not_skip_the_app() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_app(&server, "john@example.com");
    server.advance(30);
    let (session, _) = forgot(&server, &john.email);
    let code = server.code(&john.email);
    let told = data(&verify(&server, json!({ "session_id": session, "code": code })));
    assert_eq!(told["proofs"], json!(["totp", "recovery_code"]));
    let grant = told["reset_token"].as_str().unwrap();
    let totp = john.totp();
    let reset = |more: Value| reset(&server, grant, more);
    assert_eq!(blamed(&reset(json!({}))), "code");
    assert_eq!(blamed(&reset(json!({ "code": wrong(&totp) }))), "code");
    assert_eq!(blamed(&reset(json!({ "code": john.drawer[0] }))), "code", "not said to be one");
    assert_eq!(blamed(&reset(json!({ "code": totp, "password": "short" }))), "password");
    let device = data(&reset(json!({ "code": totp })))["device_token"].clone();

    let told = data(&login(&server, &john.email, NEW));
    assert_eq!((&told["token"], &told["has2Fa"]), (&Value::Null, &json!(true)));
    let body = json!({ "email": john.email, "password": NEW, "device_token": device });
    let answer = ask(&server, "/v1/authenticate", &body);
    assert_eq!((answer.status, names(&answer.json()["errors"])), (422, vec!["code"]), "nor does its device");
    let next = answer.json()["device_token"].clone();
    assert!(next.is_string() && next != device, "which is told its next ticket all the same");
    let told = data(&ask(
        &server,
        "/v1/login",
        &json!({ "email": john.email, "password": NEW, "device_token": next }),
    ));
    assert!(told["token"].is_null() && told["device_token"].is_string() && told["device_token"] != next);
    server.advance(30);
    let body = json!({ "email": john.email, "password": NEW, "code": john.totp(), "device_token": told["device_token"] });
    assert!(data(&ask(&server, "/v1/authenticate", &body))["token"].is_string());
    // And by a code from the drawer.
    server.advance(60);
    let grant = granted(&server, &john.email);
    let answer =
        super::recovery::reset(&server, &grant, json!({ "code": john.drawer[1], "is_recovery": true }));
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// R60, R79: what was made before a reset is dead after it.
#[test]
fn everything_from_before_is_dead_after_a_reset() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_app(&server, "john@example.com");
    server.advance(30);
    let told = data(&john.authenticate(json!({ "code": john.totp() })));
    let token = told["token"].as_str().unwrap();
    let post = |path: &str, body: Value| with(&server, token, "POST", path, &body);
    let device = data(&post("/v1/devices", json!({})))["device_token"].clone();
    let skipped = data(&john.authenticate(json!({ "device_token": device })));
    let device = skipped["device_token"].clone();
    let moving = data(&post("/v1/change-email", json!({ "email": "new@example.com", "password": PASSWORD })));
    ask(&server, "/v1/magic-link", &json!({ "email": john.email }));
    let sign_in =
        token_in(&server.mail(&john.email).pop().unwrap(), &format!("{}/v1/magic-link", server.base()));
    let enrolled = post("/v1/two-factor/totp/enroll", json!({ "password": PASSWORD }));
    assert_eq!(enrolled.status, 200, "{}", enrolled.text);

    let (_, older_link) = forgot(&server, &john.email);
    server.advance(60);
    let older = granted(&server, &john.email);
    server.advance(60);
    let grant = granted(&server, &john.email);
    let code = json!({ "code": john.drawer[2], "is_recovery": true });
    assert_eq!(blamed(&reset(&server, &older, code.clone())), "reset_token", "one is live");
    assert_eq!(reset(&server, &grant, code).status, 200);

    for token in [token, &john.token, skipped["token"].as_str().unwrap()] {
        assert_eq!(with(&server, token, "GET", "/v1/me", &Value::Null).status, 401);
    }
    for grant in [&older, &grant] {
        assert_eq!(blamed(&reset(&server, grant, json!({}))), "reset_token");
    }
    assert_eq!(blamed(&verify(&server, json!({ "link": older_link }))), "link");
    assert_eq!(blamed(&ask(&server, "/v1/magic-link/redeem", &json!({ "link": sign_in }))), "link");
    let code = server.code("new@example.com");
    let body = json!({ "session_id": moving["session_id"], "code": code });
    assert_eq!(blamed(&ask(&server, "/v1/change-email/verify", &body)), "session_id");
    let body = json!({ "email": john.email, "password": NEW, "device_token": device });
    let answer = ask(&server, "/v1/authenticate", &body);
    assert_eq!(blamed(&answer), "code", "the device is as good as none");
}

/// Law 8: fields, header fields, status; from the first request to the last guess.
#[test]
fn law_8_an_unknown_address_recovers_like_a_known_one() {
    let place = Place::new();
    let server = start(&place);
    Person::new(&server, "member@example.com");
    Person::with_app(&server, "theapp@example.com");
    server.advance(7200);
    let trace = |email: &str| -> Vec<_> {
        let first = ask(&server, "/v1/forgot-password", &json!({ "email": email }));
        let session = data(&first)["session_id"].clone();
        let resend =
            |session: &Value| ask(&server, "/v1/forgot-password/resend", &json!({ "session_id": session }));
        let mut answers = vec![first, ask(&server, "/v1/forgot-password", &json!({ "email": email }))];
        answers.push(resend(&session));
        server.advance(60);
        answers.push(resend(&session));
        for _ in 0..6 {
            // Nobody has a code of seven digits.
            answers.push(verify(&server, json!({ "session_id": session, "code": "0000000" })));
        }
        for bad in ["otp_AAAA", "x"] {
            answers.push(verify(&server, json!({ "session_id": bad, "code": "000000" })));
        }
        for _ in 0..6 {
            server.advance(60);
            answers.push(ask(&server, "/v1/forgot-password", &json!({ "email": email })));
        }
        server.advance(7200);
        answers.iter().map(outline).collect()
    };
    let nobody = trace("nobody@example.com");
    assert!(server.mail("nobody@example.com").is_empty());
    assert_eq!(nobody.iter().filter(|(status, ..)| *status == 429).count(), 6);
    for email in ["member@example.com", "theapp@example.com"] {
        for (n, (given, expected)) in trace(email).iter().zip(&nobody).enumerate() {
            assert_eq!(given, expected, "{email} {n}");
        }
        assert!(server.mail(email).iter().any(|mail| mail["kind"] == "recovery_code"));
    }
}
