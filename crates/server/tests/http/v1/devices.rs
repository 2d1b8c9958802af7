//! Trusted devices.

use serde_json::{Value, json};

use super::*;

/// Somebody with an app who has just signed in with it, and the bearer of that.
fn fresh<'a>(server: &'a Server<'a>, email: &str) -> (Person<'a>, String) {
    let john = Person::with_app(server, email);
    server.advance(30);
    let told = data(&john.authenticate(json!({ "code": john.totp() })));
    let token = told["token"].as_str().unwrap().to_owned();
    assert!(told.get("device_token").is_none(), "none was sent");
    (john, token)
}

fn trust(server: &Server<'_>, token: &str) -> String {
    let told = data(&with(server, token, "POST", "/v1/devices", &json!({})));
    assert_eq!(names(&told), ["device_token", "expires_at"]);
    told["device_token"].as_str().unwrap().to_owned()
}

fn listed(server: &Server<'_>, token: &str) -> Vec<Value> {
    data(&with(server, token, "GET", "/v1/devices", &Value::Null))["devices"].as_array().unwrap().clone()
}

/// Signs in on a device without a code: its next ticket, or `None` where the code is asked for.
fn enter(john: &Person<'_>, device: &str) -> Option<String> {
    let answer = john.authenticate(json!({ "device_token": device }));
    if answer.status == 200 {
        return Some(data(&answer)["device_token"].as_str().unwrap().to_owned());
    }
    assert_eq!(blamed(&answer), "code");
    None
}

#[test]
fn a_trusted_device_is_not_asked_for_the_second_factor() {
    let place = Place::new();
    let server = start(&place);
    let (john, token) = fresh(&server, "john@example.com");
    let device = trust(&server, &token);
    let answer = john.authenticate(json!({ "device_token": device }));
    let told = data(&answer);
    let next = told["device_token"].as_str().unwrap();
    assert_ne!(next, device, "each time another");
    let me = data(&with(&server, told["token"].as_str().unwrap(), "GET", "/v1/me", &Value::Null));
    assert_eq!((&me["amr"], &me["aal"]), (&json!(["pwd"]), &json!(1)), "R81: it is no factor");
    let body = json!({ "email": john.email, "password": PASSWORD, "device_token": next });
    let told = data(&ask(&server, "/v1/login", &body));
    assert!(told["token"].is_string() && told["has2Fa"] == json!(false) && told["device_token"].is_string());
    let body = json!({ "email": john.email, "password": "wrong", "device_token": told["device_token"] });
    assert_eq!(blamed(&ask(&server, "/v1/login", &body)), "email", "the password is asked for always");

    let vi = Person::with_app(&server, "vi@example.com");
    let device = told["device_token"].as_str().unwrap();
    assert_eq!(enter(&vi, device), None, "it is one account's");
    server.advance(30 * 86_400);
    assert_eq!(enter(&john, device), None, "a month later");
}

/// A malformed ticket is as good as none; only what is no text is wrong.
#[test]
fn what_is_no_device_is_like_none() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::new(&server, "john@example.com");
    for none in [json!("x"), json!("device_AAAA"), json!(john.token), json!(""), Value::Null] {
        let told = data(&john.authenticate(json!({ "device_token": none })));
        assert!(told["token"].is_string() && told.get("device_token").is_none(), "{none}");
    }
    for wrong in [json!(1), json!([]), json!(true)] {
        assert_eq!(blamed(&john.authenticate(json!({ "device_token": wrong }))), "device_token");
    }
}

#[test]
fn devices_are_listed_and_forgotten_by_whose_they_are() {
    let place = Place::new();
    let server = start(&place);
    let (john, token) = fresh(&server, "john@example.com");
    let named = json!({ "label": "Kitchen" });
    let first = data(&with(&server, &token, "POST", "/v1/devices", &named));
    let second = trust(&server, &token);
    let list = listed(&server, &token);
    let fields = ["id", "label", "created_at", "last_used_at", "expires_at", "skips_second_factor"];
    assert_eq!(names(&list[0]), fields);
    assert_eq!((&list[0]["label"], &list[1]["label"]), (&json!("Kitchen"), &json!("Test/1.0")));
    assert_eq!(
        (&list[0]["expires_at"], &list[0]["skips_second_factor"]),
        (&first["expires_at"], &json!(true))
    );
    assert!(!json!(list).to_string().contains("device_"), "a list is no bunch of keys");

    let (_, other) = fresh(&server, "vi@example.com");
    let end =
        |token: &str, id: &str| with(&server, token, "DELETE", &format!("/v1/devices/{id}"), &Value::Null);
    let id = list[0]["id"].as_str().unwrap();
    assert_eq!(data(&end(&other, id))["ended"], 0, "B117: somebody else's");
    assert_eq!(data(&end(&token, id))["ended"], 1);
    assert_eq!(data(&end(&token, id))["ended"], 0);
    for wrong in ["x", "..", "%00", "0"] {
        assert_eq!(end(&token, wrong).status, 404, "{wrong}");
    }
    assert_eq!(enter(&john, first["device_token"].as_str().unwrap()), None);
    assert!(enter(&john, &second).is_some());
    assert_eq!(data(&with(&server, &token, "DELETE", "/v1/devices", &Value::Null))["ended"], 1);
    assert!(listed(&server, &token).is_empty());
}

/// The ticket that was shown is good for a minute more, since the answer with the next one may be lost. Shown after that it is taken for
/// stolen, and both are worth nothing.
#[test]
fn a_ticket_shown_again_is_taken_for_stolen() {
    let place = Place::new();
    let server = start(&place);
    let (john, token) = fresh(&server, "john@example.com");
    let first = trust(&server, &token);
    let lost = enter(&john, &first).unwrap();
    server.advance(59);
    let second = enter(&john, &first).expect("an answer may be lost");
    assert_eq!(enter(&john, &lost), None, "nobody has that one");
    let third = enter(&john, &second).unwrap();
    assert_eq!(listed(&server, &token).len(), 1, "all of them were one device");

    server.advance(60);
    assert_eq!(enter(&john, &second), None);
    let told = server.get("/dev/events").json()["events"].to_string();
    assert!(told.contains("device.replayed"));
    assert_eq!(enter(&john, &third), None, "whoever has it");
    assert!(listed(&server, &token).is_empty());
}

/// Law 9: a thousand wrong passwords of strangers leave the owner's device able to sign in at once.
#[test]
fn law_9_strangers_do_not_lock_a_trusted_device_out() {
    let place = Place::new();
    let server = start(&place);
    let (john, token) = fresh(&server, "john@example.com");
    let device = trust(&server, &token);
    let wrong = json!({ "email": john.email, "password": "wrong-password" });
    let mut statuses = [0, 0];
    for n in 1..=1000 {
        let status = ask(&server, "/v1/login", &wrong).status;
        statuses[usize::from(status == 429)] += 1;
        assert!([422, 429].contains(&status));
        if n % 25 == 0 {
            server.advance(3600);
        }
    }
    assert!(statuses[0] > 10 && statuses[1] > 900, "{statuses:?}");
    assert_eq!(ask(&server, "/v1/login", &wrong).status, 429);
    let answer = john.authenticate(json!({ "code": john.totp() }));
    assert_eq!(answer.status, 429, "the strangers' door is shut, also for the right password");
    let next = enter(&john, &device).expect("and the owner's is open");

    // Wrong passwords on a device are counted there: after eight in a row it is one no more.
    let on = |device: &str| {
        ask(
            &server,
            "/v1/login",
            &json!({ "email": john.email, "password": "wrong", "device_token": device }),
        )
    };
    for _ in 0..7 {
        assert_eq!(blamed(&on(&next)), "email");
    }
    let next = enter(&john, &next).expect("seven are forgiven");
    server.advance(900);
    for _ in 0..8 {
        assert_eq!(blamed(&on(&next)), "email");
    }
    let answer = john.authenticate(json!({ "device_token": next }));
    assert_eq!(answer.status, 429, "it is a stranger's from now on");
}
