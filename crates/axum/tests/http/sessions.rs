//! The extractor: who is signed in, for the host's own handlers.

use countersign::host::Plan;
use countersign_axum::Config;
use serde_json::json;

use crate::harness::*;

#[tokio::test]
async fn a_handler_is_told_who_is_signed_in() {
    let site = Site::new();
    let token = site.member("jo@example.com").await;
    let account = get("/account").bearer(&token).to(&site).await;
    assert_eq!(account.json(), json!({ "account": "user-0", "amr": ["email"], "paid": 0 }));
    assert!(get("/").bearer(&token).to(&site).await.text.contains("Signed in: user-0"));

    post("/v1/logout").bearer(&token).to(&site).await.data();
    assert_eq!(get("/account").bearer(&token).to(&site).await.status, 401);
}

/// Whoever is not signed in gets the 401 of `/v1`, which no cache keeps; a handler that takes guests is called for a guest.
#[tokio::test]
async fn without_a_session_a_handler_is_not_called_unless_it_takes_guests() {
    let site = Site::new();
    let token = site.member("jo@example.com").await;
    let ended = site.member("vi@example.com").await;
    post("/v1/logout").bearer(&ended).to(&site).await.data();
    let bearer = |text: &str| format!("Bearer {text}");
    for (name, value) in [
        ("x-nothing", String::new()),
        ("authorization", bearer(&ended)),
        ("authorization", bearer("sess_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        ("authorization", bearer("x")),
        ("authorization", token.clone()),
        ("authorization", format!("Basic {token}")),
        ("authorization", bearer(&token.replace("sess_", "device_"))),
        ("cookie", format!("__Host-session={token}")),
    ] {
        let no = get("/account").header(name, &value).to(&site).await;
        assert_eq!(no.status, 401, "{name}: {value}");
        assert_eq!(no.json(), json!({ "error": true, "message": "Please sign in.", "data": [] }));
        assert_eq!(no.header("www-authenticate"), Some("Bearer"));
        assert_eq!(no.header("cache-control"), Some("no-store"));
        assert_eq!(no.header("x-content-type-options"), Some("nosniff"));
        let guest = get("/").header(name, &value).to(&site).await;
        assert!(guest.text.contains("Signed in: nobody"), "{name}: {value}");
    }
}

/// Two sessions are none: what is in front may have looked at the other one.
#[tokio::test]
async fn whoever_shows_two_sessions_is_nobody() {
    let site = Site::with_cookies();
    let (one, other) = (site.visitor("jo@example.com").await, site.visitor("vi@example.com").await);
    for (alone, fields) in [
        (true, vec![("cookie", format!("__Host-session={one}"))]),
        (true, vec![("authorization", format!("Bearer {one}"))]),
        (true, vec![("cookie", format!("__Host-session={one}")), ("authorization", "Basic x".into())]),
        (true, vec![("cookie", format!("session={other}; __Host-session={one}; x=y"))]),
        (
            false,
            vec![("cookie", format!("__Host-session={one}")), ("authorization", format!("Bearer {one}"))],
        ),
        (
            false,
            vec![("cookie", format!("__Host-session={one}")), ("authorization", format!("Bearer {other}"))],
        ),
        (
            false,
            vec![
                ("authorization", format!("Bearer {one}")),
                ("authorization", format!("Bearer {other}")),
                ("cookie", format!("__Host-session={one}")),
            ],
        ),
        (
            false,
            vec![("authorization", format!("Bearer {one}")), ("authorization", format!("Bearer {other}"))],
        ),
        (false, vec![("cookie", format!("__Host-session={one}; __Host-session={other}"))]),
        (
            false,
            vec![("cookie", format!("__Host-session={one}")), ("cookie", format!("__Host-session={one}"))],
        ),
        (
            false,
            vec![
                ("cookie", format!("__Host-session={one}; __Host-session=")),
                ("authorization", format!("Bearer {one}")),
            ],
        ),
    ] {
        for path in ["/account", "/", "/v1/me"] {
            let ask = fields.iter().fold(get(path), |ask, (name, value)| ask.header(name, value));
            let answer = ask.to(&site).await;
            let expected = if alone { 200 } else { 401 };
            assert_eq!(answer.status, expected, "{path}: {fields:?}: {}", answer.text);
        }
    }
}

/// A handler of the host's own is counted nowhere unless it is wished; then each route apart, by client.
#[tokio::test]
async fn own_handlers_are_metered_if_that_is_wished() {
    for (config, last) in [(Config::new(), 200), (Config::new().metering_own_handlers(), 429)] {
        let site = Site::with(config, Plan::new());
        let token = site.member("jo@example.com").await;
        let mut answer = get("/account").bearer(&token).to(&site).await;
        for _ in 0..60 {
            assert_eq!(answer.status, 200);
            answer = get("/account").bearer(&token).to(&site).await;
        }
        assert_eq!(answer.status, last, "{}", answer.text);
        assert_eq!(answer.header("retry-after").is_some(), last == 429);
        assert_eq!(get("/").bearer(&token).to(&site).await.status, 200, "another route");
    }
}
