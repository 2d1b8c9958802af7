//! What must not be found in the database and in the log.

use serde_json::{Value, json};

use super::*;

/// Whether a text stands there by itself: in longer words, such as times and ids, a short one may occur by chance.
fn has_word(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).enumerate().any(|(at, window)| {
        let beside = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        window == word.as_bytes() && !beside(before) && !beside(bytes.get(at + word.len()))
    })
}

const NEW: &str = "AnotherPassword2?";

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A lost app and a lost password, of somebody who knows the one and has the drawer: what was told on the way.
fn winning_back(server: &Server<'_>, john: &Person<'_>) -> Vec<String> {
    let body = json!({ "email": john.email, "password": PASSWORD });
    assert_eq!(ask(server, "/v1/two-factor/recover", &body).status, 200);
    let mut secrets = vec![NEW.to_owned(), lost_factor::stop_link(server, &john.email)];
    server.advance(3 * 86_400);
    assert_eq!(data(&ask(server, "/v1/two-factor/recover", &body))["mailed"], json!(true));
    secrets.push(server.code(&john.email));

    let (session, link) = recovery::forgot(server, &john.email);
    secrets.extend([session, link, server.code(&john.email)]);
    server.advance(60);
    let grant = recovery::granted(server, &john.email);
    let more = json!({ "code": john.drawer[5], "is_recovery": true });
    let reset = |password: &str| {
        let mut body = more.clone();
        (body["reset_token"], body["password"]) = (json!(grant), json!(password));
        ask(server, "/v1/reset-password", &body)
    };
    assert_eq!(blamed(&reset("Sh0rt?!")), "password");
    let device = text(&data(&reset(NEW))["device_token"]);
    let body = json!({ "email": john.email, "password": NEW, "device_token": device });
    let next = text(&data(&ask(server, "/v1/login", &body))["device_token"]);
    secrets.extend(["Sh0rt?!".into(), grant, device, next]);
    secrets
}

/// Somebody changes everything: what was told on the way.
fn managing(server: &Server<'_>) -> Vec<String> {
    let jane = Person::with_mailed_codes(server, "jane@example.com");
    let post = |token: &str, path: &str, body: Value| data(&with(server, token, "POST", path, &body));
    let typed = text(&post(&jane.token, "/v1/step-up", json!({ "password": PASSWORD }))["token"]);
    post(&typed, "/v1/step-up/mail", Value::Null);
    let mut secrets = vec![jane.token.clone(), typed.clone(), server.code(&jane.email)];
    let stepped = text(&post(&typed, "/v1/step-up", json!({ "token": secrets[2] }))["token"]);
    let device = text(&post(&stepped, "/v1/devices", json!({ "label": "My kitchen" }))["device_token"]);
    let moving = json!({ "email": "june@example.com" });
    let session = text(&post(&stepped, "/v1/change-email", moving)["session_id"]);
    let code = server.code("june@example.com");
    let body = json!({ "session_id": session, "code": code });
    assert_eq!(ask(server, "/v1/change-email/verify", &body).status, 200);
    let body = json!({ "current_password": PASSWORD, "password": NEW });
    let changed = text(&post(&stepped, "/v1/change-password", body)["token"]);
    let app = Person::with_app(server, "june.o@example.com");
    server.advance(30);
    let token = text(&data(&app.authenticate(json!({ "code": app.totp() })))["token"]);
    let issued = post(&token, "/v1/two-factor/recovery-codes", json!({}));
    secrets.extend(issued["recovery_codes"].as_array().unwrap().iter().map(text));
    secrets.extend(app.drawer);
    secrets.extend([stepped, device, session, code, changed, token, "My kitchen".into()]);
    secrets
}

/// Law 11: passwords, codes, secrets of apps, recovery codes and tickets are told to their owner and kept nowhere in clear.
#[test]
fn law_11_what_signs_in_is_in_no_file_and_no_log() {
    let place = Place::new();
    let server = place.start(&["--dev", "--trust-proxy", "1", "--mail", "dir:outbox"]);
    server.stop_clock();
    let john = Person::with_app(&server, "john@example.com");
    let mut secrets = vec![PASSWORD.to_owned(), "wrong-password".into(), john.totp(), john.secret.clone()];
    secrets.extend(john.drawer.iter().cloned());
    secrets.extend(john.drawer.iter().map(|code| code.replace('-', "")));
    secrets.push(john.token.clone());
    server.advance(30);
    secrets.extend([john.totp(), wrong(&john.totp())]);
    assert_eq!(blamed(&john.authenticate(json!({ "code": wrong(&john.totp()) }))), "code");
    let shown = [john.totp(), john.drawer[0].clone(), john.drawer[9].to_lowercase()];
    for (n, code) in shown.iter().enumerate() {
        let answer = if n == 0 { john.authenticate(json!({ "code": code })) } else { john.recover(code) };
        // Whichever fails is to be told with all that it depends on.
        let told = || {
            format!("{n}: {code} of {} at {}: {}", john.secret, server.get("/dev/clock").text, answer.text)
        };
        assert_eq!(answer.status, 200, "{}\n{}", told(), server.stderr());
        secrets.push(data(&answer)["token"].as_str().unwrap().to_owned());
    }
    let body = json!({ "email": john.email, "password": "wrong-password" });
    assert_eq!(blamed(&ask(&server, "/v1/login", &body)), "email");

    let vi = Person::with_mailed_codes(&server, "vi@example.com");
    assert_eq!(data(&vi.login())["enable_email_login_token"], json!(true));
    secrets.extend([server.code(&vi.email), vi.token.clone()]);
    server.advance(60);
    assert_eq!(ask(&server, "/v1/magic-link", &json!({ "email": vi.email })).status, 200);
    let mail = server.mail(&vi.email).pop().unwrap();
    let link = mail["link"].as_str().unwrap();
    let link = link[link.find("enter_").unwrap()..link.find("&email").unwrap()].to_owned();
    let told = data(&ask(&server, "/v1/magic-link/redeem", &json!({ "link": link })));
    secrets.extend([link, mail["code"].as_str().unwrap().into(), told["login"].as_str().unwrap().into()]);
    let token =
        data(&ask(&server, "/v1/two-factor/prove", &json!({ "login": told["login"], "password": PASSWORD })));
    secrets.push(token["token"].as_str().unwrap().into());
    assert_eq!(data(&with(&server, &john.token, "POST", "/v1/logout", &Value::Null)), Value::Null);
    secrets.extend(winning_back(&server, &john));
    secrets.extend(managing(&server));

    let (database, log, out) = (bytes_of(&place, "test.db"), server.stderr(), server.stdout());
    assert!(database.len() > 10_000 && log.contains("limit.refused") | log.contains("password.rejected"));
    let bare = |secret: &str| -> String {
        let prefix = ["sess_", "enter_", "login_", "otp_", "reset_", "grant_", "stop_", "device_"];
        prefix.iter().find_map(|prefix| secret.strip_prefix(prefix)).unwrap_or(secret).to_owned()
    };
    assert!(secrets.len() > 60, "there is something to look for");
    for secret in secrets.iter().flat_map(|secret| [secret.clone(), bare(secret)]) {
        for (what, bytes) in
            [("database", database.as_slice()), ("log", log.as_bytes()), ("output", out.as_bytes())]
        {
            assert!(!has_word(bytes, &secret), "{secret} is in the {what}");
        }
    }
    let secret = data(
        &Person::new(&server, "third@example.com")
            .post("/v1/two-factor/totp/enroll", &json!({ "password": PASSWORD })),
    );
    let raw = totp_rs::Secret::try_from_base32(secret["secret"].as_str().unwrap()).unwrap();
    let database = bytes_of(&place, "test.db");
    assert!(!database.windows(20).any(|window| window == raw.as_ref()), "nor as bytes");
    for email in ["john@", "jane@", "june@"] {
        assert!(!server.stderr().contains(email), "nor addresses in the log");
    }
}
