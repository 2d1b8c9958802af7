//! The layers, for routes of the host's own.

use axum::Router;
use axum::routing::{get as on_get, post as on_post};
use countersign_axum::CurrentSession;
use serde_json::json;

use crate::harness::*;

const INSUFFICIENT: &str = "Bearer error=\"insufficient_user_authentication\"";

/// RFC 9470: who is signed in, and has proven it too long ago, is told what to do; with a proof it goes on.
#[tokio::test]
async fn what_was_proven_too_long_ago_is_proven_again() {
    let site = Site::new();
    let token = site.member("jo@example.com").await;
    assert_eq!(post("/pay").bearer(&token).to(&site).await.json(), json!({ "paid": 10 }));
    site.clock.advance_millis(299_999);
    assert_eq!(post("/pay").bearer(&token).to(&site).await.status, 200, "five minutes, to the millisecond");
    site.clock.advance_millis(1);

    let no = post("/pay").bearer(&token).to(&site).await;
    assert_eq!(no.status, 401);
    let challenge = format!("{INSUFFICIENT}, max_age=\"300\"");
    assert_eq!(no.header("www-authenticate"), Some(challenge.as_str()));
    assert_eq!(no.header("cache-control"), Some("no-store"));
    let again = json!({ "error": true, "message": "Please prove again who you are.", "data": { "step_up": ["password"] } });
    assert_eq!(no.json(), again);
    assert_eq!(get("/account").bearer(&token).to(&site).await.json()["paid"], 20, "signed in all the same");

    let proof = json!({ "password": PASSWORD });
    let proven = post("/v1/step-up").bearer(&token).json(&proof).to(&site).await.data();
    let token = proven["token"].as_str().unwrap();
    assert_eq!(post("/pay").bearer(token).to(&site).await.status, 200);
}

#[tokio::test]
async fn each_gate_lets_through_what_it_is_for() {
    let site = Site::with_cookies();
    let session = site.visitor("jo@example.com").await;
    let auth = &site.auth;
    let behind = |gate| Router::new().route("/", on_get(async || "in").post(async || "in")).route_layer(gate);
    let router: Router = Router::new()
        .nest("/signed_in", behind(auth.require_signed_in()))
        .nest("/fresh", behind(auth.require_fresh()))
        .nest("/aal1", behind(auth.require_aal(1)))
        .nest("/aal2", behind(auth.require_aal(2)))
        .nest("/own", behind(auth.same_origin()));
    let aal2 = format!("{INSUFFICIENT}, acr_values=\"aal2\"");
    for (path, guest, member, challenge) in [
        ("/signed_in", 401, 200, None),
        ("/fresh", 401, 200, None),
        ("/aal1", 401, 200, None),
        ("/aal2", 401, 401, Some(aal2.as_str())),
        ("/own", 200, 200, None),
    ] {
        let answer = get(path).at(&router).await;
        assert_eq!(answer.status, guest, "{path}");
        assert_eq!(answer.header("www-authenticate"), (guest == 401).then_some("Bearer"));
        let answer = get(path).cookie(&session).at(&router).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (member, challenge), "{path}");

        let forged = post(path).cookie(&session).header("sec-fetch-site", "cross-site").at(&router).await;
        assert_eq!(forged.status, 403, "{path}");
        let own = post(path).cookie(&session).at_home().at(&router).await;
        assert_eq!(own.status, member, "{path}");
        assert_eq!(get("/nowhere").at(&router).await.status, 404);
    }
    assert_eq!(post("/own").header("sec-fetch-site", "cross-site").at(&router).await.status, 403);
}

/// The store is asked once a request, however many look: the layer's answer goes along. One gate does not vouch for another
/// host's, nor a session for its freshness.
#[tokio::test]
async fn a_handler_behind_a_gate_does_not_ask_again() {
    let (site, elsewhere) = (Site::new(), Site::new());
    let token = site.member("jo@example.com").await;
    let who = async |session: CurrentSession| session.account().as_str().to_owned();
    let router = |outer, state: &Site| -> Router {
        let routes = Router::new().route("/", on_post(who));
        routes.with_state(state.auth.clone()).layer(outer)
    };
    let calls = async |router: &Router| {
        let before = site.calls();
        let answer = post("/").bearer(&token).at(router).await;
        (answer.status, site.calls() - before)
    };
    let bare: Router = Router::new().route("/", on_post(who)).with_state(site.auth.clone());
    let (status, once) = calls(&bare).await;
    assert_eq!(status, 200);
    for gate in [site.auth.require_signed_in(), site.auth.require_fresh(), site.auth.require_aal(1)] {
        assert_eq!(calls(&router(gate, &site)).await, (200, once));
    }
    assert_eq!(calls(&router(site.auth.require_signed_in(), &elsewhere)).await.0, 401);

    site.clock.advance_millis(300_000);
    let both = router(site.auth.require_fresh(), &site).layer(site.auth.require_signed_in());
    assert_eq!(calls(&both).await.0, 401, "signed in is not fresh");
}
