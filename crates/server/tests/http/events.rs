//! What `--dev` shows of the audit log.

use serde_json::{Value, json};

use crate::harness::*;

fn events(server: &Server<'_>, after: u64) -> Vec<Value> {
    let answer = server.get(&format!("/dev/events?after={after}"));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["events"].as_array().unwrap().clone()
}

#[test]
fn the_newest_events_are_shown_in_order_and_hold_no_secret() {
    let place = Place::new();
    let server = place.start(&["--dev", "--trust-proxy", "1"]);
    server.stop_clock();
    assert!(events(&server, 0).is_empty());
    let now = server.get("/dev/clock").json()["now"].clone();
    let user = server.member("jo@example.com")["userId"].clone();
    let all = server.get("/dev/events").json()["events"].as_array().unwrap().clone();
    assert_eq!(all, events(&server, 0), "without a number all of them");
    let numbers: Vec<_> = all.iter().map(|event| event["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=all.len() as u64).collect::<Vec<_>>());
    assert!(all.iter().all(|event| event["at"] == now));
    let of =
        |name: &str| all.iter().find(|event| event["event"] == name).unwrap_or_else(|| panic!("{all:?}"));
    assert_eq!(of("otp.session_started")["account"], Value::Null);
    assert_eq!(of("account.created")["account"], user);
    assert_eq!(of("otp.code_sent")["purpose"], "sign_up");
    assert_eq!(of("account.created")["severity"], "notice");
    assert_eq!(of("otp.session_started")["subject"], of("otp.code_sent")["subject"], "one pseudonym");
    let text = json!(all).to_string();
    assert!(!text.contains("jo@") && !text.contains(PASSWORD) && !text.contains("otp_"), "{text}");

    let last = all.len() as u64;
    assert!(events(&server, last).is_empty());
    assert_eq!(events(&server, last - 1), all[all.len() - 1..]);
    // After sixty each is one event: that it was refused.
    for _ in 0..60 + 210 {
        server.cancel("x");
    }
    let kept = events(&server, 0);
    assert_eq!(kept.len(), 200, "no more are kept");
    assert_eq!(kept[199]["n"].as_u64().unwrap() - kept[0]["n"].as_u64().unwrap(), 199, "none is left out");
    assert!(kept[0]["n"].as_u64().unwrap() > last, "the numbers go on");

    for wrong in ["x", "-1", "1&after=2", "1.5", "99999999999999999999"] {
        assert_eq!(server.get(&format!("/dev/events?after={wrong}")).error(), "VALIDATION_ERROR", "{wrong}");
    }
    let elsewhere = server.request("GET", "/dev/events", &[("origin", "http://example.com")], "");
    assert_eq!((elsewhere.status, elsewhere.error().as_str()), (403, "FORBIDDEN"));
}

#[test]
fn without_dev_there_is_nothing_to_see() {
    let place = Place::new();
    let server = place.start(&[]);
    assert_eq!(server.get("/dev/events").status, 404);
}
