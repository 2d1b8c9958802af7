//! The example's application behind a real socket, and the routes under other prefixes.

use std::net::SocketAddr;

use axum::Router;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::app;
use crate::harness::*;

/// What the example does in `main`: the peer is told by `into_make_service_with_connect_info`.
#[tokio::test]
async fn the_example_serves_and_knows_who_asks() {
    let site = Site::with_cookies();
    let session = site.visitor("jo@example.com").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = app::router(site.auth.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, service).await });

    let ask = async |head: String| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{head}\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let cookie = format!("Cookie: __Host-session={session}");
    let page = ask(format!("GET / HTTP/1.1\r\n{cookie}")).await;
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("Signed in: user-0"), "{page}");
    assert!(ask("GET /account HTTP/1.1".into()).await.starts_with("HTTP/1.1 401"));
    let me = ask(format!("GET /v1/me HTTP/1.1\r\n{cookie}")).await;
    assert!(me.contains("x-ratelimit-remaining: 59") && me.contains("jo@example.com"), "{me}");
    let pay = ask(format!("POST /pay HTTP/1.1\r\n{cookie}\r\nSec-Fetch-Site: same-origin")).await;
    assert!(pay.starts_with("HTTP/1.1 200"), "{pay}");
    serving.abort();
}

/// Under any prefix: answers, pages behind links, shapes of what is not there.
#[tokio::test]
async fn the_routes_stand_under_any_prefix() {
    let site = Site::new();
    let peer = || axum::Extension(countersign_axum::Peer("192.0.2.1".parse().unwrap()));
    let inner: Router = Router::new().nest("/people", site.auth.routes());
    let router = Router::new().nest("/api/v7", inner).nest("/b", site.auth.basic_routes()).layer(peer());

    for path in ["/magic-link", "/forgot-password", "/two-factor/recover/cancel"] {
        let page = get(&format!("/api/v7/people{path}")).at(&router).await;
        assert_eq!(page.status, 200);
        assert!(page.header("content-security-policy").unwrap().contains("'nonce-"));
        assert!(!page.text.contains("fetch('/"), "{path}: to its own neighbourhood");
    }
    assert_eq!(get("/b/register/link").at(&router).await.status, 200);
    let body = json!({ "email": "jo@example.com", "password": PASSWORD });
    let answer = post("/api/v7/people/create-account").json(&body).at(&router).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("59"));

    let router =
        Router::new().nest("/a", site.auth.routes()).nest("/b", site.auth.basic_routes()).layer(peer());
    for (path, method, status) in [("/nowhere", "GET", 404), ("/login", "GET", 405), ("", "POST", 404)] {
        let a = ask(method, &format!("/a{path}")).at(&router).await;
        assert_eq!((a.status, &a.json()["error"]), (status, &json!(true)), "{path}");
        let b = ask(method, &format!("/b{path}")).at(&router).await;
        assert_eq!((b.status, &b.json()["status"]), (status, &json!("error")), "{path}");
        for answer in [a, b] {
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        }
    }
}

/// What is said to be there is there.
#[tokio::test]
async fn every_path_that_is_listed_is_routed() {
    let site = Site::new();
    let lists = [("/v1", countersign_axum::paths()), ("/auth", countersign_axum::basic_paths())];
    for (prefix, path) in
        lists.into_iter().flat_map(|(prefix, paths)| paths.into_iter().map(move |it| (prefix, it)))
    {
        let path = format!("{prefix}{}", path.replace("{id}", "x").replace("{session}", "x"));
        // A method that none of them has: the path is known, and says which it has.
        let answer = ask("PATCH", &path).to(&site).await;
        assert_eq!(answer.status, 405, "{path}");
        assert!(answer.header("allow").is_some(), "{path}");
    }
}
