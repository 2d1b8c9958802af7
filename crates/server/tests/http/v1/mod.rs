//! The `/v1` endpoints.

mod alike;
mod devices;
mod documents;
mod factors;
mod guesses;
mod language;
mod link;
mod lost_factor;
mod manage;
mod metered;
mod operator;
mod person;
mod recovery;
mod secrets;
mod sessions;
mod shapes;
mod sign_up;

pub(crate) use person::Person;
use serde_json::{Value, json};

use crate::harness::*;

/// What every answer of the family has, whatever it says; and what it says.
pub(crate) fn checked(answer: Answer) -> Answer {
    let number = |name: &str| answer.headers[name].parse::<u32>().unwrap();
    assert_eq!(number("x-ratelimit-limit"), 60, "{answer:?}");
    assert!(number("x-ratelimit-remaining") <= 60, "{answer:?}");
    assert!(answer.headers["ratelimit-policy"].starts_with("\"client\";q=60;w=60"), "{answer:?}");
    assert!(answer.headers["ratelimit"].contains("\";r="), "{answer:?}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers.contains_key("retry-after"), answer.status == 429, "{answer:?}");
    assert_eq!(answer.headers.contains_key("www-authenticate"), answer.status == 401, "{answer:?}");
    answer
}

/// The names of an object's fields.
pub(crate) fn names(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The data of a yes.
pub(crate) fn data(answer: &Answer) -> Value {
    let json = answer.json();
    assert_eq!((answer.status, &json["error"]), (200, &json!(false)), "{}", answer.text);
    assert!(json["message"].is_string());
    json["data"].clone()
}

/// The one field that a 422 blames.
pub(crate) fn blamed(answer: &Answer) -> String {
    let json = answer.json();
    assert_eq!((answer.status, names(&json)), (422, vec!["message", "errors"]), "{}", answer.text);
    let errors = names(&json["errors"]);
    assert_eq!(errors.len(), 1, "{}", answer.text);
    assert_eq!(json["errors"][errors[0]], json!([json["message"]]), "one thing is wrong with it");
    errors[0].to_owned()
}

/// A no in words.
pub(crate) fn refused(answer: &Answer, status: u16) {
    let json = answer.json();
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(names(&json), ["error", "message", "data"]);
    assert_eq!((&json["error"], &json["data"]), (&json!(true), &json!([])));
}

/// The wait of a 429, with its fields checked.
pub(crate) fn wait_of(answer: &Answer) -> i64 {
    refused(answer, 429);
    seconds_of(answer)
}

/// The wait that the fields of a 429 tell.
pub(crate) fn seconds_of(answer: &Answer) -> i64 {
    assert_eq!(answer.status, 429, "{}", answer.text);
    let seconds: i64 = answer.headers["retry-after"].parse().unwrap();
    assert!(
        seconds >= 1 && answer.headers["ratelimit"].ends_with(&format!(";r=0;t={seconds}")),
        "{answer:?}"
    );
    seconds
}

/// The token in a mailed link, which leads to the page.
pub(crate) fn token_in(mail: &Value, page: &str) -> String {
    let link = mail["link"].as_str().unwrap();
    let fragment = link.strip_prefix(&format!("{page}#token=")).unwrap_or_else(|| panic!("{link}"));
    fragment.split_once("&email=").unwrap().0.to_owned()
}

/// From a client of its own, so that no meter is in the way; needs `--trust-proxy 1`.
pub(crate) fn ask(server: &Server<'_>, path: &str, body: &Value) -> Answer {
    checked(server.post_from(&fresh_client(), path, body))
}

pub(crate) fn fresh_client() -> String {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let [_, a, b, c] = NEXT.fetch_add(1, Relaxed).to_be_bytes();
    format!("10.{a}.{b}.{c}")
}

/// With a bearer.
pub(crate) fn with(server: &Server<'_>, token: &str, method: &str, path: &str, body: &Value) -> Answer {
    let (client, bearer) = (fresh_client(), format!("Bearer {token}"));
    let headers = [
        ("x-forwarded-for", client.as_str()),
        ("authorization", bearer.as_str()),
        ("user-agent", "Test/1.0"),
    ];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    checked(server.request(method, path, &headers, &body))
}

pub(crate) fn start(place: &Place) -> Server<'_> {
    let server = place.start(&["--dev", "--trust-proxy", "1"]);
    server.stop_clock();
    server
}
