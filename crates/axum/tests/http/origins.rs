//! Requests that pages of other sites could have sent.

use serde_json::json;

use crate::harness::*;

/// The whole of it: what a browser says of where a request was made, with a cookie and without.
#[tokio::test]
async fn what_changes_something_is_asked_by_a_page_of_our_own() {
    const OURS: Option<&str> = Some(ORIGIN);
    let site = Site::with_cookies();
    let session = site.visitor("jo@example.com").await;
    // Sec-Fetch-Site, Origin, with a cookie, without.
    for (fetch, origin, cookie, none) in [
        (Some("same-origin"), OURS, true, true),
        (Some("same-origin"), None, true, true),
        (Some("same-origin"), Some("https://evil.example"), false, false),
        (Some("same-origin"), Some("null"), false, false),
        (Some("none"), OURS, true, true),
        (Some("none"), None, false, true),
        (Some("none"), Some("null"), false, false),
        (Some("same-site"), OURS, false, false),
        (Some("same-site"), None, false, false),
        (Some("same-site"), Some("https://other.example.com"), false, false),
        (Some("cross-site"), OURS, false, false),
        (Some("cross-site"), None, false, false),
        (Some("cross-site"), Some("https://evil.example"), false, false),
        (Some("Same-Origin"), None, false, false),
        (Some(""), None, false, false),
        (None, OURS, true, true),
        (None, None, false, true),
        (None, Some("null"), false, false),
        (None, Some(""), false, false),
        (None, Some("https://evil.example"), false, false),
        (None, Some("http://app.example.com"), false, false),
        (None, Some("https://app.example.com:8443"), false, false),
        (None, Some("https://app.example.com.evil.example"), false, false),
        (None, Some("https://xapp.example.com"), false, false),
        (None, Some("https://app.example.com/"), false, false),
    ] {
        let said = |ask: Ask| {
            let ask = fetch.into_iter().fold(ask, |ask, fetch| ask.header("sec-fetch-site", fetch));
            origin.into_iter().fold(ask, |ask, origin| ask.header("origin", origin))
        };
        let status = |passed, otherwise: u16| if passed { otherwise } else { 403 };
        let why = format!("{fetch:?}, {origin:?}");
        // The host's own handler, behind the layer; then an endpoint that takes the session, and one that is for anybody.
        let pay = said(post("/pay")).cookie(&session).to(&site).await;
        assert_eq!(pay.status, status(cookie, 200), "{why}");
        let mail = said(post("/v1/step-up")).cookie(&session).json(&json!({})).to(&site).await;
        assert_eq!(mail.status, status(cookie, 422), "{why}: {}", mail.text);
        let login = said(post("/v1/login")).cookie(&session).json(&json!({})).to(&site).await;
        assert_eq!(login.status, status(cookie, 422), "{why}: {}", login.text);
        let login = said(post("/v1/login")).json(&json!({})).to(&site).await;
        assert_eq!(login.status, status(none, 422), "{why}: {}", login.text);
        let basic = said(post("/auth/login")).json(&json!({})).to(&site).await;
        assert_eq!(basic.status, status(none, 400), "{why}: {}", basic.text);
        // What only reads is for everybody's links.
        assert_eq!(said(get("/v1/me")).cookie(&session).to(&site).await.status, 200, "{why}");
        site.clock.advance_millis(1_000);
    }
}

#[tokio::test]
async fn refusals_have_the_shape_of_their_family() {
    let site = Site::with_cookies();
    let forged = |path| post(path).header("origin", "https://evil.example").json(&json!({}));
    let text = "The request was not made by a page of this site";
    let no = forged("/v1/login").to(&site).await;
    assert_eq!(no.json(), json!({ "error": true, "message": format!("{text}."), "data": [] }));
    assert_eq!(no.header("x-ratelimit-remaining"), Some("60"), "it was counted nowhere");
    let no = forged("/auth/login").to(&site).await;
    let error = json!({ "code": "FORBIDDEN", "message": "Forbidden", "details": text });
    assert_eq!(no.json(), json!({ "error": error, "status": "error" }));
    assert_eq!(no.header("cache-control"), Some("no-store"));
}

/// Said twice is said badly; a web socket is no reading, whatever its method.
#[tokio::test]
async fn what_is_said_twice_or_upgraded_is_looked_at_too() {
    let site = Site::with_cookies();
    let session = site.visitor("jo@example.com").await;
    for name in ["origin", "sec-fetch-site"] {
        let value = if name == "origin" { ORIGIN } else { "same-origin" };
        let twice = post("/pay").cookie(&session).header(name, value).header(name, value).to(&site).await;
        assert_eq!(twice.status, 403, "{name}");
    }
    let socket = get("/account").cookie(&session).header("upgrade", "websocket");
    assert_eq!(socket.header("origin", "https://evil.example").to(&site).await.status, 403);
    let socket = get("/account").cookie(&session).header("upgrade", "websocket");
    assert_eq!(socket.header("origin", ORIGIN).to(&site).await.status, 200);
    // A trusted device's cookie is one too: with it a sign-in is more than a stranger's.
    let device = post("/v1/login").header("cookie", "__Host-device=x").json(&json!({}));
    assert_eq!(device.to(&site).await.status, 403);
}

/// A form of another site can send text, but cannot say that it is JSON without asking first.
#[tokio::test]
async fn with_cookies_a_body_must_say_that_it_is_json() {
    let site = Site::with_cookies();
    let text = json!({ "email": "jo@example.com", "password": PASSWORD }).to_string();
    for (kind, status) in [
        (None, 415),
        (Some("text/plain"), 415),
        (Some("application/x-www-form-urlencoded"), 415),
        (Some("multipart/form-data; boundary=x"), 415),
        (Some("text/plain; application/json"), 415),
        (Some("application/jsonp"), 415),
        (Some("application/json"), 422),
        (Some("Application/JSON; charset=utf-8"), 422),
    ] {
        let ask = kind.into_iter().fold(post("/v1/login"), |ask, kind| ask.header("content-type", kind));
        let answer = ask.at_home().body(&text).to(&site).await;
        assert_eq!(answer.status, status, "{kind:?}: {}", answer.text);
    }
    let session = site.visitor("jo@example.com").await;
    assert_eq!(post("/v1/logout").cookie(&session).at_home().to(&site).await.status, 200, "no body");

    let site = Site::new();
    assert_eq!(
        post("/v1/login").body(&text).to(&site).await.status,
        422,
        "without cookies it may stay unsaid"
    );
    let elsewhere = post("/v1/login").header("origin", "https://evil.example").body(&text);
    assert_eq!(
        elsewhere.to(&site).await.status,
        422,
        "and whoever asks has nothing that a browser would add"
    );
}
