//! For those who run the server: health, metrics, draining, and what is done after a key was rotated.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;

use serde_json::json;

use crate::harness::*;

const OPS: &str = "--ops-listen=127.0.0.1:0";

/// The samples: a name with its labels, and a value.
fn samples(server: &Server<'_>) -> BTreeMap<String, f64> {
    let answer = server.ops("/metrics").unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let lines = answer.text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    lines.map(sample).collect()
}

#[test]
fn what_happens_is_counted_and_nobody_is_named() {
    let place = Place::new();
    let server = place.start(&["--dev", OPS]);
    server.member("jo@example.com");
    let wrong = json!({ "username": "jo@example.com", "password": "not this one" });
    server.post("/auth/login", &wrong);
    assert_eq!(server.get("/nobody/chose/this").status, 404);
    let counted = samples(&server);
    let value = |name: &str| *counted.get(name).unwrap_or_else(|| panic!("{name}: {counted:#?}"));
    let path = r#"countersign_http_requests_total{method="POST",path="/auth/register",status="200"}"#;
    assert_eq!(value(path), 1.0);
    assert_eq!(value(r#"countersign_http_requests_total{method="GET",path="none",status="404"}"#), 1.0);
    assert_eq!(value(r#"countersign_http_request_seconds_count{path="/auth/register"}"#), 1.0);
    assert_eq!(value("countersign_http_requests_in_flight"), 0.0);
    assert_eq!(value(r#"countersign_hash_total{answer="ok"}"#), 2.0);
    assert!(value(r#"countersign_store_calls_total{operation="commit",answer="applied"}"#) >= 3.0);
    assert!(value(r#"countersign_store_seconds_count{operation="load"}"#) >= 3.0);
    assert!(counted.keys().any(|name| name.starts_with("countersign_events_total{event=\"otp.code_sent\"")));
    let all = counted.into_keys().collect::<String>();
    assert!(!all.contains("jo@") && !all.contains("example") && !all.contains("nobody"), "{all}");
    // Not where clients are.
    for path in ["/metrics", "/health/live", "/health/ready"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
}

#[test]
fn a_server_that_is_told_to_stop_says_so_before_it_does() {
    let place = Place::new();
    let server = place.start(&["--dev", OPS, "--drain", "2"]);
    assert_eq!(server.ops("/health/live").unwrap().status, 200);
    let ready = server.ops("/health/ready").unwrap();
    assert_eq!((ready.status, ready.text.as_str()), (200, "ready\n"));
    server.signal("-TERM");
    let told = wait(|| server.ops("/health/ready").ok().filter(|answer| answer.status == 503));
    assert_eq!(told.text, "about to stop\n");
    // Who has not heard of it yet is still served.
    server.member("jo@example.com");
    assert_eq!(server.ops("/health/live").unwrap().status, 200);
    assert!(server.ended().success());
    let log = fs::read_to_string(place.path("stderr")).unwrap();
    let at = |event: &str| log.find(event).unwrap_or_else(|| panic!("{event}: {log}"));
    assert!(at("server.draining") < at("server.stopping") && at("server.stopping") < at("server.stopped"));
}

/// Two servers with keys of their own would count one person's guesses apart.
#[test]
fn a_store_that_was_begun_with_another_locator_key_is_refused() {
    let place = Place::new();
    drop(place.start(&[]));
    let keys = fs::read_to_string(place.path("test.key")).unwrap();
    let change = |line: &str| match line.strip_prefix("locator ") {
        Some(key) => format!("locator {}\n", key.chars().rev().collect::<String>()),
        None => format!("{line}\n"),
    };
    fs::write(place.path("test.key"), keys.lines().map(change).collect::<String>()).unwrap();
    let why = place.refused(&["--listen=127.0.0.1:0", "--store=sqlite:test.db", "--key-file=test.key"]);
    assert!(why.contains("begun with another locator key"), "{why}");
    fs::write(place.path("test.key"), keys).unwrap();
    drop(place.start(&[]));
}

/// A rotation to its end: a line is added, all rows are sealed anew, and without the old line everybody can sign in.
#[test]
fn after_all_is_sealed_anew_the_old_key_can_go() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    for n in 0..3 {
        server.member(&format!("jo{n}@example.com"));
    }
    drop(server);
    let mut file = OpenOptions::new().append(true).open(place.path("test.key")).unwrap();
    writeln!(file, "ring-2 {}", "0123456789abcdef".repeat(4)).unwrap();
    let rewrap = || {
        let output = place.command(&["--rewrap"]).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let sealed = |told: &str| -> u64 {
        assert!(told.ends_with(" sealed under the current key\n"), "{told}");
        told.split_whitespace().nth(3).unwrap().parse().unwrap()
    };
    assert!(sealed(&rewrap()) >= 3);
    assert_eq!(sealed(&rewrap()), 0, "all was");
    let keys = fs::read_to_string(place.path("test.key")).unwrap();
    let left: String =
        keys.lines().filter(|line| !line.starts_with("ring-1")).map(|it| format!("{it}\n")).collect();
    fs::write(place.path("test.key"), left).unwrap();
    let server = place.start(&["--dev"]);
    for n in 0..3 {
        let login = json!({ "username": format!("jo{n}@example.com"), "password": PASSWORD });
        assert_eq!(server.post("/auth/login", &login).status, 200, "{n}");
    }
}
