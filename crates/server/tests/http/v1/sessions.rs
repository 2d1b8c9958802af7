//! Signed-in sessions.

use serde_json::{Value, json};

use super::*;

fn list(server: &Server<'_>, token: &str) -> Vec<Value> {
    data(&with(server, token, "GET", "/v1/sessions", &Value::Null))["sessions"].as_array().unwrap().clone()
}

fn signed_in(server: &Server<'_>, token: &str) -> bool {
    let answer = with(server, token, "GET", "/v1/me", &Value::Null);
    assert!([200, 401].contains(&answer.status));
    answer.status == 200
}

#[test]
fn sessions_are_listed_and_ended_by_whose_they_are() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    let vi = Person::new(&server, "vi@example.com");
    let login = |agent: &str| {
        server.advance(1);
        let body = json!({ "email": john.email, "password": PASSWORD }).to_string();
        let answer = checked(server.request("POST", "/v1/login", &[("user-agent", agent)], &body));
        data(&answer)["token"].as_str().unwrap().to_owned()
    };
    let (phone, desk, old) =
        (login("Phone/2.0"), login("Desk\u{7f}".trim_end_matches('\u{7f}')), login(&"x".repeat(500)));
    let all = list(&server, &phone);
    assert_eq!(
        names(&all[0]),
        ["id", "label", "amr", "aal", "created_at", "last_used_at", "expires_at", "current"]
    );
    let of = |label: &str| all.iter().find(|one| one["label"] == label).unwrap_or_else(|| panic!("{all:?}"));
    assert_eq!((all.len(), of("Phone/2.0")["current"].as_bool()), (4, Some(true)));
    assert_eq!((&of("Phone/2.0")["amr"], &of("Phone/2.0")["aal"]), (&json!(["pwd"]), &json!(1)));
    assert_eq!(all.iter().filter(|one| one["current"] == json!(true)).count(), 1);
    assert!(all.iter().all(|one| one["label"].as_str().unwrap().len() <= 64));
    for token in [&phone, &desk, &old] {
        assert!(!json!(all).to_string().contains(token.as_str()), "a list is no bunch of keys");
    }

    let end =
        |token: &str, id: &str| with(&server, token, "DELETE", &format!("/v1/sessions/{id}"), &Value::Null);
    let id = of("Desk")["id"].as_str().unwrap();
    assert_eq!(data(&end(&vi.token, id))["ended"], 0, "somebody else's");
    assert!(signed_in(&server, &desk));
    assert_eq!(data(&end(&phone, id))["ended"], 1);
    assert!(!signed_in(&server, &desk));
    for wrong in ["x", "..", "%00", "0"] {
        assert_eq!(end(&phone, wrong).status, 404, "{wrong}");
    }
    assert_eq!(data(&with(&server, &phone, "DELETE", "/v1/sessions", &Value::Null))["ended"], 2);
    assert!(!signed_in(&server, &old) && !signed_in(&server, &john.token) && signed_in(&server, &phone));

    assert_eq!(data(&with(&server, &phone, "POST", "/v1/logout", &Value::Null)), Value::Null);
    assert!(!signed_in(&server, &phone) && signed_in(&server, &vi.token));
    assert_eq!(with(&server, &phone, "POST", "/v1/logout", &Value::Null).status, 401);
}

/// Law 6: a session ends, used or not.
#[test]
fn a_session_ends_after_thirty_days() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    server.advance(30 * 86_400 - 1);
    assert!(signed_in(&server, &john.token));
    server.advance(1);
    assert!(!signed_in(&server, &john.token));
}
