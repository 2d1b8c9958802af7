//! Second factors.

use serde_json::{Value, json};

use super::*;

#[test]
fn an_authenticator_app_is_set_up_with_the_password_and_a_code() {
    let place = Place::new();
    let server = start(&place);
    let mut john = Person::new(&server, "john@example.com");
    assert_eq!(blamed(&john.confirm("123456")), "code", "nothing was begun");
    let answer = john.post("/v1/two-factor/totp/enroll", &json!({ "password": "wrong" }));
    assert_eq!(blamed(&answer), "password");

    let enrolment = john.enrol();
    assert_eq!(names(&enrolment), ["secret", "uri", "qr_svg", "expires_in"]);
    assert_eq!(john.secret.len(), 32, "160 bits");
    let uri = format!(
        "otpauth://totp/countersign:john@example.com?secret={}&issuer=countersign&algorithm=SHA1&digits=6&period=30",
        john.secret
    );
    assert_eq!(enrolment["uri"], json!(uri));
    assert!(enrolment["qr_svg"].as_str().unwrap().contains("<svg"));
    assert!(enrolment["expires_in"].as_u64().unwrap() > 0);
    assert_eq!(data(&john.login())["has2Fa"], json!(false), "not before it is confirmed");

    let activation = john.totp();
    assert_eq!(blamed(&john.confirm(&wrong(&activation))), "code");
    let confirmed = data(&john.confirm(&activation));
    assert_eq!(names(&confirmed), ["recovery_codes"]);
    john.drawer = serde_json::from_value(confirmed["recovery_codes"].clone()).unwrap();
    let mut distinct = john.drawer.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 10);
    let notice = server.mail("john@example.com").pop().unwrap();
    assert_eq!(notice["kind"], "factor_added");
    assert!(server.stdout().contains("has a new second factor"));

    // B031, R40: the code it was set up with is spent, and so is each after it.
    assert_eq!(blamed(&john.authenticate(json!({ "code": activation }))), "code");
    server.advance(30);
    let code = john.totp();
    let answer = john.authenticate(json!({ "code": code, "token": "123456", "is_recovery": false }));
    assert_eq!((&data(&answer)["email"], &answer.json()["errors"]), (&json!("john@example.com"), &json!([])));
    assert_eq!(blamed(&john.authenticate(json!({ "code": code }))), "code", "the same twice");
    let me = with(&server, data(&answer)["token"].as_str().unwrap(), "GET", "/v1/me", &Value::Null);
    assert_eq!((&data(&me)["amr"], &data(&me)["aal"]), (&json!(["pwd", "otp"]), &json!(2)));
}

#[test]
fn a_password_alone_is_told_what_is_missing_and_gets_no_token() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_app(&server, "john@example.com");
    let told = data(&john.login());
    let fields = ["token", "has2Fa", "enable_email_login_token", "language", "id", "name", "email"];
    assert_eq!(names(&told), fields);
    assert_eq!((&told["token"], &told["has2Fa"]), (&Value::Null, &json!(true)));
    assert_eq!(
        (&told["enable_email_login_token"], &told["email"]),
        (&json!(false), &json!("john@example.com"))
    );
    // An empty one is none: not wrong, and not counted.
    let missing = john.authenticate(json!({}));
    for _ in 0..4 {
        for nothing in [
            json!({ "code": "" }),
            json!({ "code": null, "token": "123456" }),
            json!({ "code": "", "is_recovery": true }),
        ] {
            let answer = john.authenticate(nothing);
            assert_eq!((blamed(&answer).as_str(), &answer.text), ("code", &missing.text));
        }
    }
    let mails = server.mail("john@example.com").len();
    let answer = server.post("/auth/login", &json!({ "username": john.email, "password": PASSWORD }));
    assert_eq!((answer.status, answer.error().as_str()), (401, "SECOND_FACTOR_REQUIRED"));
    assert!(!answer.text.contains("sess_"));
    assert_eq!(server.mail("john@example.com").len(), mails, "nothing is mailed where an app is asked for");

    let vi = Person::new(&server, "vi@example.com");
    let told = data(&vi.login());
    assert_eq!(names(&told), fields);
    assert!(told["token"].is_string() && told["has2Fa"] == json!(false));
}

#[test]
fn ten_recovery_codes_work_once_each_and_warn_when_few_are_left() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_app(&server, "john@example.com");
    assert_eq!(blamed(&john.authenticate(json!({ "code": john.drawer[0] }))), "code", "not said to be one");
    for (used, code) in (1..).zip(&john.drawer) {
        let typed = if used % 2 == 0 { code.to_lowercase().replace('-', " ") } else { code.clone() };
        let told = data(&john.recover(&typed));
        let warning = told["warn_message"].as_str().unwrap();
        match 10 - used {
            0 => assert!(warning.contains("geen herstelcodes"), "{warning}"),
            1 => assert!(warning.contains("maar 1 herstelcode over"), "{warning}"),
            left @ 2..=3 => {
                assert!(warning.contains(&format!("maar {left} herstelcodes over")), "{warning}")
            }
            _ => assert_eq!(warning, ""),
        }
        assert_eq!(told["needs_code__regeneration"], json!(used == 10));
        assert_eq!(blamed(&john.recover(code)), "code", "the {used}th a second time");
        // Each wrong one was counted; the wait for more is not what is tried here.
        server.advance(900);
    }
}

#[test]
fn a_mailed_code_goes_with_the_password() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_mailed_codes(&server, "john@example.com");
    assert_eq!(server.mail("john@example.com").pop().unwrap()["kind"], "factor_added");

    let told = data(&john.login());
    assert_eq!((&told["token"], &told["has2Fa"]), (&Value::Null, &json!(true)));
    assert_eq!(told["enable_email_login_token"], json!(true));
    let mails = server.mail("john@example.com");
    let mail = mails.last().unwrap();
    assert_eq!((mail["kind"].as_str(), &mail["link"]), (Some("second_factor_code"), &Value::Null));
    let code = mail["code"].as_str().unwrap();

    let answer = john.authenticate(json!({ "code": "123456" }));
    assert_eq!(blamed(&answer), "token", "what is not asked for is not looked at");
    assert_eq!(server.mail("john@example.com").len(), mails.len(), "one is live, and the next is not due");
    assert_eq!(blamed(&john.authenticate(json!({ "token": wrong(code) }))), "token");
    let body = json!({ "email": john.email, "password": "wrong", "token": code });
    assert_eq!(blamed(&ask(&server, "/v1/authenticate", &body)), "email", "a code rescues no password");
    assert_eq!(data(&john.authenticate(json!({ "token": code, "code": "123456" })))["warn_message"], "");
    assert_eq!(blamed(&john.authenticate(json!({ "token": code }))), "token", "spent");

    let john = Person::with_mailed_codes(&server, "vi@example.com");
    assert_eq!(blamed(&john.authenticate(json!({}))), "token", "and one is mailed for it");
    let code = server.code("vi@example.com");
    server.advance(300);
    assert_eq!(blamed(&john.authenticate(json!({ "token": code }))), "token", "expired");
}

/// Law 3: twenty at once with one code are one sign-in.
#[test]
fn law_3_a_second_factor_is_spent_once_however_many_ask() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_app(&server, "john@example.com");
    server.advance(30);
    for proof in [json!({ "code": john.totp() }), json!({ "code": john.drawer[0], "is_recovery": true })] {
        let answers: Vec<_> = std::thread::scope(|scope| {
            let ask = || john.authenticate(proof.clone());
            let threads: Vec<_> = (0..20).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert!(answers.iter().all(|answer| [200, 422, 429].contains(&answer.status)));
        assert!(answers.iter().all(|answer| answer.text.contains("sess_") == (answer.status == 200)));
        server.advance(900);
    }
}
