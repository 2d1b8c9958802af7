//! A host whose store fails, call by call: nobody is ever signed in by it.

use countersign::host::{Fault, Plan};
use countersign_axum::{Config, Cookies};
use serde_json::json;

use crate::harness::*;

fn site(cookies: bool, plan: Plan) -> Site {
    let config = Config::new();
    Site::with(if cookies { config.cookies(Cookies::of(ORIGIN).unwrap()) } else { config }, plan)
}

/// Law 10: when the store fails while it is asked who is signed in, the answer is 503: not the page, not a guest's page either.
#[tokio::test]
async fn law_10_a_handler_is_not_called_while_the_store_fails() {
    for (path, method) in [("/account", "GET"), ("/", "GET"), ("/pay", "POST"), ("/v1/me", "GET")] {
        let sound = site(false, Plan::new());
        let token = sound.member("jo@example.com").await;
        let before = sound.calls();
        assert_eq!(ask(method, path).bearer(&token).to(&sound).await.status, 200);
        let calls = before..sound.calls();
        assert!(!calls.is_empty());
        let mut failed = 0;
        for (at, fault) in calls.flat_map(|at| [(at, Fault::FailBefore), (at, Fault::FailAfter)]) {
            let site = site(false, Plan::new().fail_at(at, fault));
            let token = site.member("jo@example.com").await;
            let answer = ask(method, path).bearer(&token).to(&site).await;
            // A commit whose fate is unknown is looked up again, so that some faults are survived.
            if answer.status != 200 {
                assert_eq!(answer.status, 503, "{path}, call {at}, {fault:?}: {}", answer.text);
                assert!(!answer.text.contains("user-") && !answer.text.contains("nobody"));
                assert_eq!(answer.header("cache-control"), Some("no-store"));
                failed += 1;
            }
        }
        assert!(failed >= 2, "{path}");
    }
}

/// A sign-in that the store failed sets no cookie, and none is taken away by it.
#[tokio::test]
async fn law_10_a_sign_in_that_failed_hands_nothing_out() {
    let credentials = json!({ "email": "jo@example.com", "password": PASSWORD });
    let sound = site(true, Plan::new());
    let held = sound.visitor("jo@example.com").await;
    let before = sound.calls();
    let login = post("/v1/login").cookie(&held).at_home().json(&credentials);
    assert_eq!(login.to(&sound).await.status, 200);
    let mut failed = 0;
    for at in before..sound.calls() {
        let site = site(true, Plan::new().fail_at(at, Fault::FailBefore));
        let held = site.visitor("jo@example.com").await;
        let answer = post("/v1/login").cookie(&held).at_home().json(&credentials).to(&site).await;
        match answer.status {
            200 => assert_eq!(answer.cookies().len(), 1),
            status => {
                assert_eq!((status, answer.cookies().len()), (503, 0), "call {at}: {}", answer.text);
                assert_eq!(get("/v1/me").cookie(&held).to(&site).await.status, 200, "it is held still");
                failed += 1;
            }
        }
    }
    assert!(failed >= 2);
}

/// A directory that does not answer costs an answer the account's language, and no more than that.
#[tokio::test]
async fn an_answer_does_not_wait_for_the_language_of_its_account() {
    let site = Site::new();
    let token = site.sign_up("jo@example.com", &[("accept-language", "nl")]).await.data()["token"].clone();
    site.hangs.store(true, std::sync::atomic::Ordering::SeqCst);
    let token = token.as_str().unwrap();
    let answer = post("/v1/logout").bearer(token).to(&site).await;
    assert_eq!((answer.status, answer.header("content-language")), (200, Some("en")), "{}", answer.text);
    let answer = get("/account").bearer(token).to(&site).await;
    assert_eq!(answer.status, 401, "it has ended, and nobody is asked about");
}
