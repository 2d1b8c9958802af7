//! Who sends a request, for the limits by client.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use countersign::host::Plan;
use countersign_axum::{Config, Peer};
use serde_json::json;

use crate::harness::*;

/// How much of its allowance a client has left after one more request, which names its address in these ways.
async fn left(router: &Router, fields: &[(&str, &str)]) -> u32 {
    let ask = post("/v1/magic-link/redeem").json(&json!({ "link": "x" }));
    let answer = fields.iter().fold(ask, |ask, (name, value)| ask.header(name, value)).at(router).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    answer.header("x-ratelimit-remaining").unwrap().parse().unwrap()
}

/// The routes without anybody who tells who asks.
fn bare(hops: usize) -> (Site, Router) {
    let site = Site::with(Config::new().trusted_proxies(hops), Plan::new());
    let router = Router::new().nest("/v1", site.auth.routes()).nest("/auth", site.auth.basic_routes());
    (site, router)
}

/// Addresses that are one client, and addresses that are not: the same by a peer and by a proxy.
#[tokio::test]
async fn b026_an_address_counts_as_what_its_owner_has_of_it() {
    for (one, other, same) in [
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false),
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true),
        ("2001:db8::1", "2001:db8:0:1::1", false),
        ("::ffff:192.0.2.1", "192.0.2.1", true),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
    ] {
        let expected = if same { 58 } else { 59 };
        let (_site, router) = bare(0);
        let by = |address: &str| router.clone().layer(Extension(Peer(address.parse().unwrap())));
        assert_eq!(left(&by(one), &[]).await, 59);
        assert_eq!(left(&by(other), &[]).await, expected, "{one}, {other}");

        let (_site, router) = bare(1);
        let router = router.layer(Extension(Peer("198.51.100.1".parse().unwrap())));
        assert_eq!(left(&router, &[("x-forwarded-for", one)]).await, 59);
        assert_eq!(left(&router, &[("x-forwarded-for", other)]).await, expected, "{one}, {other}");
    }
}

/// B023: what the client wrote itself never names it, and behind a proxy it is not the proxy that is counted.
#[tokio::test]
async fn b023_only_what_a_trusted_proxy_wrote_counts() {
    for (hops, first, then, expected) in [
        (0, "10.0.0.1", "10.0.0.2", 58),
        (1, "10.0.0.1", "10.0.0.2", 59),
        (1, "1.1.1.1, 10.0.0.1", "2.2.2.2, 10.0.0.1", 58),
        (2, "10.0.0.1, 192.0.2.9", "10.0.0.2, 192.0.2.9", 59),
        (2, "1.1.1.1, 10.0.0.1, 192.0.2.9", "2.2.2.2, 10.0.0.1, 192.0.2.9", 58),
        // Without an entry to trust it is the peer.
        (2, "10.0.0.1", "10.0.0.2", 58),
        (1, "unknown", "", 58),
    ] {
        let (_site, router) = bare(hops);
        let router = router.layer(Extension(Peer("198.51.100.1".parse().unwrap())));
        assert_eq!(left(&router, &[("x-forwarded-for", first)]).await, 59);
        assert_eq!(left(&router, &[("x-forwarded-for", then)]).await, expected, "{hops}: {first}; {then}");
    }
}

/// Two ways to tell the peer. Without one nobody is counted as anybody: the answer is 503, unless a trusted proxy told.
#[tokio::test]
async fn a_request_of_nobody_is_not_answered() {
    let (_site, router) = bare(0);
    let address: SocketAddr = "192.0.2.1:99".parse().unwrap();
    let served = router.clone().layer(Extension(ConnectInfo(address)));
    let put = router.clone().layer(Extension(Peer(address.ip())));
    assert_eq!((left(&served, &[]).await, left(&put, &[]).await), (59, 58), "one and the same");

    for path in ["/v1/me", "/v1/magic-link", "/v1/nowhere"] {
        let nobody = get(path).header("x-forwarded-for", "10.0.0.1").at(&router).await;
        assert_eq!(nobody.status, 503, "{path}");
        assert_eq!(nobody.json()["data"], json!([]));
    }
    let nobody = post("/auth/login").json(&json!({})).at(&router).await;
    assert_eq!((nobody.status, &nobody.json()["error"]["code"]), (503, &json!("UNAVAILABLE")));

    // As behind a proxy that is reached by a socket without addresses.
    let (_site, router) = bare(1);
    assert_eq!(left(&router, &[("x-forwarded-for", "10.0.0.1")]).await, 59);
    assert_eq!(get("/v1/me").at(&router).await.status, 503);
}

/// The path is what the client makes of it; the allowance is the endpoint's.
#[tokio::test]
async fn b022_each_endpoint_has_one_allowance_wherever_it_is_mounted() {
    let site = Site::new();
    let token = site.member("jo@example.com").await;
    let end = async |id: &str| {
        let answer = ask("DELETE", &format!("/v1/sessions/{id}")).bearer(&token).to(&site).await;
        answer.header("x-ratelimit-remaining").unwrap().to_owned()
    };
    assert_eq!(end("0011223344556677").await, "59");
    assert_eq!(end("8899aabbccddeeff").await, "58");
    assert_eq!(get("/v1/me").bearer(&token).to(&site).await.header("x-ratelimit-remaining"), Some("59"));
}
