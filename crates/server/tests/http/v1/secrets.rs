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
    let entered = [
        john.authenticate(json!({ "code": john.totp() })),
        john.recover(&john.drawer[0]),
        john.recover(&john.drawer[9].to_lowercase()),
    ];
    secrets.extend(entered.iter().map(|answer| data(answer)["token"].as_str().unwrap().to_owned()));
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

    let (database, log, out) = (bytes_of(&place, "test.db"), server.stderr(), server.stdout());
    assert!(database.len() > 10_000 && log.contains("limit.refused") | log.contains("password.rejected"));
    let bare = |secret: &str| -> String {
        let prefix = ["sess_", "enter_", "login_"].iter().find_map(|prefix| secret.strip_prefix(prefix));
        prefix.unwrap_or(secret).to_owned()
    };
    assert!(secrets.len() > 30, "there is something to look for");
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
    assert!(!server.stderr().contains("john@"), "nor addresses in the log");
}
