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
    let server = place.start(&["--dev", OPS, "--drain", "600"]);
    assert_eq!(server.ops("/health/live").unwrap().status, 200);
    let ready = server.ops("/health/ready").unwrap();
    assert_eq!((ready.status, ready.text.as_str()), (200, "ready\n"));
    server.signal("-TERM");
    let told = wait(|| server.ops("/health/ready").ok().filter(|answer| answer.status == 503));
    assert_eq!(told.text, "about to stop\n");
    // Who has not heard of it yet is still served.
    server.member("jo@example.com");
    assert_eq!(server.ops("/health/live").unwrap().status, 200);
    // Told again, it does not wait.
    server.signal("-TERM");
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

#[test]
fn a_store_that_cannot_be_reached_is_told_with_the_cause_and_without_the_password() {
    for scheme in ["postgres", "redis"] {
        let store = format!("--store={scheme}://jo:s3cret@127.0.0.1:1/");
        let why = Place::new().refused(&["--listen=127.0.0.1:0", &store, "--users=memory:"]);
        assert!(why.contains(&format!("store {scheme}: ")) && why.contains("refused"), "{why}");
        assert!(!why.contains("s3cret"), "{why}");
    }
}

/// Adds a key to the ring and seals all rows under it, as an operator would; then the keys before it go, if told so.
fn rotate(place: &Place, name: &str, drop_the_old: bool) -> u64 {
    let mut file = OpenOptions::new().append(true).open(place.path("test.key")).unwrap();
    let key = format!("{:064x}", u128::from_str_radix(name, 36).unwrap() << 64 | 0x0123_4567_89ab_cdef);
    writeln!(file, "ring-{name} {key}").unwrap();
    let output = place.command(&["--rewrap"]).output().unwrap();
    assert!(output.status.success());
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.ends_with(" sealed under the current key\n"), "{told}");
    if drop_the_old {
        let keys = fs::read_to_string(place.path("test.key")).unwrap();
        let stays = |line: &&str| !line.starts_with("ring-") || line.starts_with(&format!("ring-{name} "));
        let left: String = keys.lines().filter(stays).map(|line| format!("{line}\n")).collect();
        fs::write(place.path("test.key"), left).unwrap();
    }
    told.split_whitespace().nth(3).unwrap().parse().unwrap()
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
    assert!(rotate(&place, "2", false) >= 3);
    let output = place.command(&["--rewrap"]).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains(" rows seen, 0 sealed"), "all was: {told}");
    rotate(&place, "3", true);
    let server = place.start(&["--dev"]);
    for n in 0..3 {
        let login = json!({ "username": format!("jo{n}@example.com"), "password": PASSWORD });
        assert_eq!(server.post("/auth/login", &login).status, 200, "{n}");
    }
}

/// Law 3, and what `docs/operations.md` says of it: a restored backup revives what was spent and ended since, and a rotation that
/// drops the keys before it puts an end to what is carried about.
#[test]
fn a_restored_backup_is_fenced_by_a_rotation() {
    let place = Place::new();
    let bearer = |token: &str| vec![("authorization".to_owned(), format!("Bearer {token}"))];
    let me = |server: &Server<'_>, token: &str| {
        let headers = bearer(token);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        server.request("GET", "/v1/me", &headers, "").status
    };
    let server = place.start(&["--dev"]);
    server.member("jo@example.com");
    let login = json!({ "username": "jo@example.com", "password": PASSWORD });
    let token = server.post("/auth/login", &login).data()["accessToken"].as_str().unwrap().to_owned();
    let session = server.register("sam@example.com").session();
    let code = server.code("sam@example.com");
    let (old, kept) = (place.path("test.db"), place.path("backup.db"));
    let db = rusqlite::Connection::open(&old).unwrap();
    db.execute("VACUUM INTO ?1", [kept.to_str().unwrap()]).unwrap();
    drop(db);

    // Since the backup, the code was used and the session was ended.
    assert_eq!(server.verify(&session, &code).status, 200);
    let headers = bearer(&token);
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(server.request("POST", "/v1/logout", &headers, "").status, 200);
    assert_eq!(me(&server, &token), 401);
    drop(server);
    let restore = || {
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(place.path(&format!("test.db{end}")));
        }
        fs::copy(&kept, &old).unwrap();
    };

    restore();
    let server = place.start(&["--dev"]);
    assert_eq!(me(&server, &token), 200, "it is back");
    assert_eq!(server.verify(&session, &code).status, 200, "it is good again");
    drop(server);

    restore();
    rotate(&place, "2", true);
    let server = place.start(&["--dev"]);
    assert_eq!(me(&server, &token), 401);
    assert_eq!(server.verify(&session, &code).error(), "INVALID_SESSION");
    assert_eq!(server.post("/auth/login", &login).status, 200, "the account is there");
}
