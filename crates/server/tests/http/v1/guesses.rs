//! How often somebody may guess.

use serde_json::json;

use super::*;

/// A way to ask with an address and a wrong password.
type Door = fn(&Server<'_>, &str) -> Answer;

const DOORS: [Door; 4] = [
    |server, email| ask(server, "/v1/login", &json!({ "email": email, "password": "wrong" })),
    |server, email| {
        ask(server, "/v1/authenticate", &json!({ "email": email, "password": "wrong", "code": "123456" }))
    },
    |server, email| ask(server, "/v1/resend-email-otp", &json!({ "email": email, "password": "wrong" })),
    |server, email| {
        let body = json!({ "username": email, "password": "wrong" });
        server.post_from(&fresh_client(), "/auth/login", &body)
    },
];

const SPELLINGS: [&str; 5] =
    ["jo@example.com", "JO@EXAMPLE.COM", " Jo@Example.com ", "ｊｏ@example.com", "jo@EXAMPLE.com"];

/// R1, R9: ten, over all doors and all spellings, whether or not there is such an account; then nobody's password is compared.
#[test]
fn r1_wrong_passwords_are_counted_together_over_doors_and_spellings() {
    for is_member in [true, false] {
        let place = Place::new();
        let server = start(&place);
        if is_member {
            Person::new(&server, "jo@example.com");
        }
        let guess = |n: usize| DOORS[n % DOORS.len()](&server, SPELLINGS[n % SPELLINGS.len()]);
        for n in 0..10 {
            let answer = guess(n);
            assert!([401, 422].contains(&answer.status), "{n}: {}", answer.text);
        }
        for n in 0..DOORS.len() {
            let answer = guess(n);
            assert_eq!(
                (answer.status, answer.headers["retry-after"].as_str()),
                (429, "900"),
                "{}",
                answer.text
            );
        }
        let right = json!({ "email": "jo@example.com", "password": PASSWORD });
        assert_eq!(wait_of(&ask(&server, "/v1/login", &right)), 900, "also the right one");
        server.advance(899);
        assert_eq!(wait_of(&ask(&server, "/v1/login", &right)), 1);
        server.advance(1);
        let answer = ask(&server, "/v1/login", &right);
        assert_eq!(answer.status, if is_member { 200 } else { 422 });
    }
}

/// Law 9: codes of the app are guessed ten times over all sign-ins, each with the right password; and the drawer stays open.
#[test]
fn law_9_codes_of_the_app_are_guessed_ten_times_and_the_drawer_stays_open() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_app(&server, "john@example.com");
    server.advance(30);
    let right = john.totp();
    for n in 0..10 {
        assert_eq!(data(&john.login())["has2Fa"], json!(true), "a fresh sign-in gives nothing back");
        assert_eq!(blamed(&john.authenticate(json!({ "code": wrong(&right) }))), "code", "{n}");
    }
    assert_eq!(seconds_of(&john.authenticate(json!({ "code": right }))), 900, "also the right one");
    assert_eq!(data(&john.recover(&john.drawer[3]))["warn_message"], "");
    server.advance(900);
    assert_eq!(data(&john.authenticate(json!({ "code": john.totp() })))["email"], "john@example.com");
}

/// B039: a second factor that comes with a wrong password is neither compared nor used up nor counted.
#[test]
fn b039_a_second_factor_with_a_wrong_password_is_not_looked_at() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_app(&server, "john@example.com");
    server.advance(30);
    let code = john.totp();
    for proof in [json!({ "code": code }), json!({ "code": john.drawer[0], "is_recovery": true })] {
        let mut body = json!({ "email": john.email, "password": "wrong" });
        body.as_object_mut().unwrap().extend(proof.as_object().unwrap().clone());
        assert_eq!(blamed(&ask(&server, "/v1/authenticate", &body)), "email");
        assert_eq!(john.authenticate(proof).status, 200, "still good");
    }
}
