//! Tickets in cookies: what is set, with which attributes, and what bodies then hold.

use serde_json::{Value, json};

use crate::harness::*;

/// Thirty days, as the policy has it for sessions and for devices.
const MONTH: &str = "Max-Age=2592000; Path=/; Secure; HttpOnly; SameSite=Lax";
const GONE: &str = "; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax";
const HOME: [(&str, &str); 2] = [("sec-fetch-site", "same-origin"), ("origin", ORIGIN)];

/// The whole of what a cookie is, but for its ticket.
fn attributes(cookie: &str) -> &str {
    cookie.split_once("; ").unwrap().1
}

#[tokio::test]
async fn a_sign_in_sets_the_cookie_and_its_body_holds_no_ticket() {
    let site = Site::with_cookies();
    let signed_up = site.sign_up("jo@example.com", &HOME).await;
    let credentials = json!({ "email": "jo@example.com", "password": PASSWORD });
    let username = json!({ "username": "jo@example.com", "password": PASSWORD });
    let mut sessions = vec![];
    for (answer, field) in [
        (signed_up, "token"),
        (post("/v1/login").at_home().json(&credentials).to(&site).await, "token"),
        (post("/v1/authenticate").at_home().json(&credentials).to(&site).await, "token"),
        (post("/auth/login").at_home().json(&username).to(&site).await, "accessToken"),
    ] {
        assert_eq!(answer.data()[field], Value::Null, "{}", answer.text);
        assert!(!answer.text.contains("sess_"), "{}", answer.text);
        let cookies = answer.cookies();
        assert_eq!(cookies.keys().collect::<Vec<_>>(), ["__Host-session"]);
        assert_eq!(attributes(&cookies["__Host-session"]), MONTH);
        let session = answer.cookie("__Host-session");
        assert!(session.starts_with("sess_"));
        assert_eq!(get("/v1/me").cookie(&session).to(&site).await.status, 200);
        sessions.push(session);
    }
    sessions.dedup();
    assert_eq!(sessions.len(), 4, "each is its own");

    // Half a sign-in is none.
    let wrong = json!({ "email": "jo@example.com", "password": "AnotherPassword2?" });
    let no = post("/v1/login").at_home().json(&wrong).to(&site).await;
    assert_eq!((no.status, no.cookies().len()), (422, 0));
}

/// The contract as it stands without the mode: tickets in bodies, no cookie set and none looked at.
#[tokio::test]
async fn without_the_mode_there_are_no_cookies() {
    let site = Site::new();
    let signed_up = site.sign_up("jo@example.com", &[]).await;
    assert!(signed_up.cookies().is_empty());
    let token = signed_up.data()["token"].as_str().unwrap().to_owned();
    for ask in [post("/v1/logout"), get("/v1/me"), get("/account")] {
        let answer = ask.cookie(&token).to(&site).await;
        assert_eq!((answer.status, answer.cookies().len()), (401, 0));
    }
    let out = post("/v1/logout").bearer(&token).to(&site).await;
    assert_eq!((out.status, out.cookies().len()), (200, 0));
}

/// It ends with the session, not later.
#[tokio::test]
async fn a_cookie_lives_as_long_as_its_session() {
    let site = Site::with_cookies();
    let session = site.visitor("jo@example.com").await;
    let me = async || get("/v1/me").cookie(&session).to(&site).await.status;
    site.clock.advance_millis(2_592_000_000 - 1);
    assert_eq!(me().await, 200);
    site.clock.advance_millis(1);
    let over = get("/v1/me").cookie(&session).to(&site).await;
    assert_eq!(over.status, 401);
    assert_eq!(over.cookies()["__Host-session"], GONE, "what is worth nothing is not kept");
}

/// Fixation: whoever plants a cookie in a browser is not signed in with whoever signs in there, and what was held before ends.
#[tokio::test]
async fn an_incoming_cookie_is_never_adopted() {
    let site = Site::with_cookies();
    let attacker = site.visitor("eve@example.com").await;
    site.visitor("jo@example.com").await;
    let credentials = json!({ "email": "jo@example.com", "password": PASSWORD });
    let nowhere = "sess_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned();
    for planted in [attacker, nowhere, "x".into(), String::new()] {
        let answer = post("/v1/login").cookie(&planted).at_home().json(&credentials).to(&site).await;
        let own = answer.cookie("__Host-session");
        assert_ne!(own, planted);
        let me = get("/v1/me").cookie(&own).to(&site).await.data();
        assert_eq!(me["email"], "jo@example.com");
        assert_eq!(get("/v1/me").cookie(&planted).to(&site).await.status, 401, "it is nobody's now");
        // Nor does a no end anything.
        let wrong = json!({ "email": "jo@example.com", "password": "x" });
        let no = post("/v1/login").cookie(&own).at_home().json(&wrong).to(&site).await;
        assert_eq!((no.status, no.cookies().len()), (422, 0));
        let wrong = json!({ "username": "jo@example.com", "password": "x" });
        let no = post("/auth/login").cookie(&own).at_home().json(&wrong).to(&site).await;
        assert_eq!((no.status, no.cookies().len()), (401, 0));
        assert_eq!(get("/v1/me").cookie(&own).to(&site).await.status, 200);
    }
}

/// What ends a session has its cookie forgotten; what makes another replaces it.
#[tokio::test]
async fn the_cookie_goes_with_its_session() {
    let site = Site::with_cookies();
    let session = site.visitor("jo@example.com").await;

    let proof = json!({ "password": PASSWORD });
    let proven = post("/v1/step-up").cookie(&session).at_home().json(&proof).to(&site).await;
    assert_eq!(proven.data()["token"], Value::Null);
    let stepped = proven.cookie("__Host-session");
    assert_eq!(attributes(&proven.cookies()["__Host-session"]), MONTH);
    assert_eq!(get("/v1/me").cookie(&session).to(&site).await.status, 401, "the one before is dead");

    let change = json!({ "current_password": PASSWORD, "password": "AnotherPassword2?" });
    let changed = post("/v1/change-password").cookie(&stepped).at_home().json(&change).to(&site).await;
    assert_eq!(changed.data()["token"], Value::Null);
    let new = changed.cookie("__Host-session");
    assert_eq!(get("/v1/me").cookie(&stepped).to(&site).await.status, 401);
    assert_eq!(get("/v1/me").cookie(&new).to(&site).await.status, 200);

    let out = post("/v1/logout").cookie(&new).at_home().to(&site).await;
    assert_eq!(out.status, 200);
    assert_eq!(out.cookies().into_iter().collect::<Vec<_>>(), [("__Host-session".into(), GONE.into())]);
    assert_eq!(get("/v1/me").cookie(&new).to(&site).await.status, 401);

    let credentials = json!({ "email": "jo@example.com", "password": "AnotherPassword2?" });
    let again = post("/v1/login").at_home().json(&credentials).to(&site).await.cookie("__Host-session");
    let gone = post("/v1/delete-account").cookie(&again).at_home().json(&json!({})).to(&site).await;
    assert_eq!(gone.status, 200, "{}", gone.text);
    let both = [("__Host-device".into(), GONE.into()), ("__Host-session".into(), GONE.into())];
    assert_eq!(gone.cookies().into_iter().collect::<Vec<_>>(), both);
}

/// A trusted device: its ticket is in its cookie, changes there with each sign-in, and goes with the devices.
#[tokio::test]
async fn a_trusted_device_is_in_a_cookie_of_its_own() {
    let site = Site::with_cookies();
    let session = site.visitor("jo@example.com").await;
    let trusted = post("/v1/devices").cookie(&session).at_home().json(&json!({})).to(&site).await;
    assert_eq!(trusted.data()["device_token"], Value::Null);
    assert_eq!(attributes(&trusted.cookies()["__Host-device"]), MONTH);
    let device = trusted.cookie("__Host-device");
    assert!(device.starts_with("device_"));

    let credentials = json!({ "email": "jo@example.com", "password": PASSWORD });
    let sign_in = async |path, device: &str| {
        let ask = post(path).header("cookie", &format!("__Host-device={device}"));
        ask.at_home().json(&credentials).to(&site).await
    };
    let first = sign_in("/v1/login", &device).await;
    assert!(first.data().get("device_token").is_none());
    assert_eq!(first.cookies().len(), 2, "a session and the next ticket");
    let next = first.cookie("__Host-device");
    assert_ne!(next, device);
    let second = sign_in("/v1/authenticate", &next).await;
    assert!(second.data().get("device_token").is_none());
    assert_eq!(attributes(&second.cookies()["__Host-device"]), MONTH);

    // In a body it is nothing: nobody was given one there.
    let current = second.cookie("__Host-device");
    let mut body = credentials.clone();
    body["device_token"] = current.clone().into();
    let plain = post("/v1/login").at_home().json(&body).to(&site).await;
    assert_eq!(plain.cookies().keys().collect::<Vec<_>>(), ["__Host-session"]);

    let session = second.cookie("__Host-session");
    let none = ask("DELETE", "/v1/devices").cookie(&session).at_home().to(&site).await;
    assert_eq!(none.data()["ended"], 1);
    assert_eq!(none.cookies().into_iter().collect::<Vec<_>>(), [("__Host-device".into(), GONE.into())]);
}

/// A new password by mail: the device that chose it is known, and nobody is signed in, whoever was before.
#[tokio::test]
async fn a_reset_hands_out_a_device_and_ends_the_session() {
    let site = Site::with_cookies();
    let session = site.visitor("jo@example.com").await;
    site.clock.advance_millis(60_000);
    let home = |path| post(path).cookie(&session).at_home();
    let started = home("/v1/forgot-password").json(&json!({ "email": "jo@example.com" })).to(&site).await;
    let code = json!({ "session_id": started.data()["session_id"], "code": site.code() });
    let grant = home("/v1/forgot-password/verify").json(&code).to(&site).await.data();
    let reset = json!({ "reset_token": grant["reset_token"], "password": "AnotherPassword2?" });
    let reset = home("/v1/reset-password").json(&reset).to(&site).await;
    assert_eq!(reset.data()["device_token"], Value::Null);
    let cookies = reset.cookies();
    assert_eq!(attributes(&cookies["__Host-device"]), MONTH);
    assert_eq!(cookies["__Host-session"], GONE);
    assert_eq!(get("/v1/me").cookie(&session).to(&site).await.status, 401);
}
