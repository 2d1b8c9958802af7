//! Signing up, step by step.

use serde_json::{Value, json};

use crate::harness::*;

#[test]
fn a_sign_up_from_start_to_account() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    server.stop_clock();
    let answer = server.register(" Jo@Example.com");
    let data = answer.data();
    assert_eq!(data.as_object().unwrap().keys().collect::<Vec<_>>(), ["otpSession", "email", "expiresIn"]);
    assert_eq!((data["email"].as_str(), data["expiresIn"].as_i64()), (Some("j***@example.com"), Some(300)));
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(answer.headers["ratelimit-policy"].starts_with("\"client\";q=60;w=60, "));
    assert_eq!(answer.headers["ratelimit"], "\"resend_cooldown\";r=0;t=60");
    let session = answer.session();

    let mail = server.mail("JO@example.com");
    assert_eq!(mail.len(), 1);
    let keys: Vec<_> = mail[0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["id", "to", "kind", "code", "link", "sent_at", "expires_at"]);
    assert_eq!((&mail[0]["to"], &mail[0]["kind"]), (&json!("jo@example.com"), &json!("sign_up_code")));
    let code = server.code("jo@example.com");
    assert_eq!(code.len(), 6);

    let answer = server.verify(&session, &wrong(&code));
    assert_eq!((answer.status, answer.error().as_str()), (400, "INVALID_OTP"));
    assert_eq!(answer.details(), "The code is wrong; 4 attempts are left");
    let data = server.verify(&session, &format!(" {}-{} ", &code[..3], &code[3..])).data();
    assert_eq!(data.as_object().unwrap().keys().collect::<Vec<_>>(), ["userId", "email", "verified"]);
    assert_eq!((&data["email"], &data["verified"]), (&json!("j***@example.com"), &json!(true)));
    let user = data["userId"].as_str().unwrap();
    assert!(user.len() == 32 && user.bytes().all(|b| b.is_ascii_hexdigit()));

    let again = server.verify(&session, &code);
    assert_eq!((again.status, again.error().as_str()), (400, "INVALID_SESSION"), "spent once");

    let users = rusqlite::Connection::open(place.path("test.db")).unwrap();
    let query = "SELECT id, identifier, profile FROM users";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (id, identifier, profile): (String, String, String) = users.query_row(query, [], row).unwrap();
    assert_eq!((id.as_str(), identifier.as_str()), (user, "jo@example.com"));
    let profile: Value = serde_json::from_str(&profile).unwrap();
    assert_eq!(profile, json!({ "fullname": "Jo Doe", "organization": "Acme" }));
}

#[test]
fn it_works_without_a_file_too_and_without_an_organization() {
    let place = Place::new();
    let server = place.start(&["--dev", "--store", "memory:"]);
    let body =
        json!({ "fullname": "Jo", "email": "jo@example.com", "password": PASSWORD, "organization": null });
    let session = server.post("/auth/register", &body).session();
    assert_eq!(server.verify(&session, &server.code("jo@example.com")).status, 200);
    assert!(!place.path("test.db").exists());
}

/// B007, R4: a new code replaces the old one in the same session and gives no attempt back.
#[test]
fn a_code_can_be_sent_again_in_the_same_session() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    server.stop_clock();
    let session = server.register("jo@example.com").session();
    let first = server.code("jo@example.com");
    assert_eq!(server.verify(&session, &wrong(&first)).error(), "INVALID_OTP");
    server.advance(60);
    let data = server.resend(&session).data();
    assert_eq!(data, json!({ "otpSession": session, "email": "j***@example.com", "expiresIn": 300 }));
    let second = server.code("jo@example.com");
    assert_eq!(server.mail("jo@example.com").len(), 2);
    if first != second {
        let answer = server.verify(&session, &first);
        assert_eq!(answer.details(), "The code is wrong; 3 attempts are left");
    }
    assert_eq!(server.verify(&session, &second).status, 200);
}

/// R31: what was verified, cancelled, burned, has expired or never was is told by the same bytes, for every operation.
#[test]
fn r31_every_session_that_is_not_there_is_answered_alike() {
    let place = Place::new();
    let server = place.start(&["--dev", "--trust-proxy", "1"]);
    server.stop_clock();
    let expired = server.register("expired@example.com").session();
    server.advance(900);
    let verified = server.register("verified@example.com").session();
    assert_eq!(server.verify(&verified, &server.code("verified@example.com")).status, 200);
    let cancelled = server.register("cancelled@example.com").session();
    let answer = server.cancel(&cancelled);
    assert_eq!(
        answer.json(),
        json!({ "data": null, "message": "OTP session cancelled", "status": "success" })
    );
    let burned = server.register("burned@example.com").session();
    let wrong = wrong(&server.code("burned@example.com"));
    for left in ["4 attempts are", "3 attempts are", "2 attempts are", "1 attempt is", "last attempt"] {
        assert!(server.verify(&burned, &wrong).details().contains(left), "{left}");
    }
    let mut altered = verified.clone();
    altered.replace_range(20..21, if &verified[20..21] == "A" { "B" } else { "A" });
    let sessions = [
        &expired,
        &verified,
        &cancelled,
        &burned,
        &altered,
        "otp_session_123456789",
        "x",
        "%00%ff",
        "none%2Fsuch",
    ];

    type Ask = fn(&Server<'_>, &str, &str) -> Answer;
    let resend: Ask = |server, client, session| {
        server.request("PUT", &format!("/auth/resend/otp/{session}"), &[("x-forwarded-for", client)], "")
    };
    let cancel: Ask = |server, client, session| {
        server.request("DELETE", &format!("/auth/otp/{session}"), &[("x-forwarded-for", client)], "")
    };
    let verify: Ask = |server, client, session| {
        let body = json!({ "otpSession": session, "otp": "000000" });
        server.post_from(client, "/auth/validate/registration", &body)
    };
    for ask in [resend, cancel, verify] {
        let answers: Vec<Answer> = (sessions.iter().enumerate())
            .map(|(n, session)| {
                let mut answer = ask(&server, &format!("10.0.0.{n}"), session);
                answer.headers.remove("date");
                answer
            })
            .collect();
        for (session, answer) in sessions.iter().zip(&answers) {
            assert_eq!(*answer, answers[0], "{session}");
        }
        assert_eq!(answers[0].error(), "INVALID_SESSION");
        assert_eq!(answers[0].status, 400);
    }
}

/// Law 8, R75: a taken address is answered like a free one, and its owner hears of it.
#[test]
fn r75_a_taken_address_is_answered_like_a_free_one() {
    let place = Place::new();
    let server = place.start(&["--dev", "--trust-proxy", "1", "--mail", "dir:outbox"]);
    server.stop_clock();
    server.member("taken@example.com");
    server.advance(3600);

    let trace = |email: &str, client: &str| -> Vec<Answer> {
        let first = server.post_from(client, "/auth/register", &registration(email));
        let session = first.session();
        let again = server.post_from(client, "/auth/register", &registration(email));
        let resend =
            server.request("PUT", &format!("/auth/resend/otp/{session}"), &[("x-forwarded-for", client)], "");
        let guess = json!({ "otpSession": session, "otp": "1" });
        let wrong = server.post_from(client, "/auth/validate/registration", &guess);
        let mut answers = vec![first, again, resend, wrong];
        for answer in &mut answers {
            answer.headers.remove("date");
            answer.text =
                answer.text.replace(&session, &format!("otp_{}", session.len())).replace("f***", "t***");
        }
        answers
    };
    let free = trace("free@example.com", "10.0.0.1");
    assert_eq!(free, trace("taken@example.com", "10.0.0.2"));
    assert_eq!(free.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 429, 429, 400]);

    let notice = server.mail("taken@example.com").pop().unwrap();
    assert_eq!(notice["kind"], "sign_up_taken");
    assert!(notice["code"].is_null() && notice["link"].is_null());
    // A code sent again for it goes nowhere, and that does not show either.
    for (email, client, messages) in
        [("free@example.com", "10.0.0.3", 3), ("taken@example.com", "10.0.0.4", 3)]
    {
        server.advance(3600);
        let session = server.post_from(client, "/auth/register", &registration(email)).session();
        server.advance(60);
        assert_eq!(server.resend(&session).data()["expiresIn"], 300);
        assert_eq!(server.mail(email).len(), messages, "{email}");
    }
    server.signal("-TERM");
    assert!(server.ended().success());
    assert_eq!(std::fs::read_dir(place.path("outbox")).unwrap().count(), 6);
}

/// The body of a PUT is not looked at, whatever it is.
#[test]
fn a_resend_ignores_its_body() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    server.stop_clock();
    let session = server.register("jo@example.com").session();
    for body in ["", "{}", "not json", "{\"otpSession\":\"other\"}"] {
        server.advance(60);
        let answer = server.request("PUT", &format!("/auth/resend/otp/{session}"), &[], body);
        assert_eq!(answer.data()["otpSession"], json!(session), "{body}");
    }
}
