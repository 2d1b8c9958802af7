//! Texts are in the language of the request: the body's, else that of `Accept-Language`, else the account's, else the server's.

use serde_json::{Value, json};

use super::*;

const WRONG: (&str, &str) =
    ("The e-mail address or the password is wrong.", "Het e-mailadres of het wachtwoord is onjuist.");

fn message(answer: &Answer) -> String {
    answer.json()["message"].as_str().unwrap().to_owned()
}

/// Asks with `Accept-Language`, from a client of its own.
fn speaking(server: &Server<'_>, language: &str, path: &str, body: &Value) -> Answer {
    let client = fresh_client();
    let headers = [("x-forwarded-for", client.as_str()), ("accept-language", language)];
    let answer = checked(server.request("POST", path, &headers[..], &body.to_string()));
    assert!(answer.headers.contains_key("content-language"), "{answer:?}");
    answer
}

#[test]
fn document_004_texts_follow_the_language_of_the_request() {
    let place = Place::new();
    let server = start(&place);
    let wrong = json!({ "email": "jo@example.com", "password": "x" });
    let says = |language: &str, body: &Value| message(&speaking(&server, language, "/v1/login", body));
    for (language, expected) in [
        ("nl", WRONG.1),
        ("nl-BE,nl;q=0.9,en;q=0.8", WRONG.1),
        ("fr, nl;q=0.3", WRONG.1),
        ("en-GB, nl;q=0.3", WRONG.0),
        ("nl;q=0, en;q=0.1", WRONG.0),
        ("fr", WRONG.0),
        ("*", WRONG.0),
        ("\u{ff}", WRONG.0),
    ] {
        assert_eq!(says(language, &wrong), expected, "{language}");
    }
    // The body comes first; what is no tag is refused in the language of the head.
    let body = json!({ "email": "jo@example.com", "password": "x", "language": "nl-NL" });
    assert_eq!(says("en", &body), WRONG.1);
    let body = json!({ "email": "jo@example.com", "password": PASSWORD, "language": "not a tag" });
    let answer = speaking(&server, "nl", "/v1/create-account", &body);
    assert_eq!(message(&answer), "language moet een taalcode zijn, zoals nl-NL.");
    // Every text of an answer is in one language.
    let answer = speaking(&server, "nl", "/v1/verify-email-otp", &json!({ "email": 1 }));
    assert_eq!(message(&answer), "email moet tekst zijn. (en nog 2)");
    assert_eq!(answer.json()["errors"]["code"], json!(["code is verplicht."]));
    assert_eq!(answer.headers["content-language"], "nl");
    // Family B is in English, as it was published.
    let answer = speaking(&server, "nl", "/v1/none", &json!({}));
    assert_eq!((answer.status, message(&answer).as_str()), (404, "Dit pad bestaat niet."));
    let body = json!({ "username": "jo@example.com", "password": "x" });
    let headers = [("accept-language", "nl")];
    let answer = server.request("POST", "/auth/login", &headers, &body.to_string());
    assert_eq!(answer.details(), "The username or the password is wrong");
}

/// Law 8: an account's own language shows only after a proof.
#[test]
fn law_8_the_accounts_language_shows_only_to_whoever_proved_something() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_app(&server, "john@example.com");
    server.advance(30);
    let login = |password: &str| json!({ "email": "john@example.com", "password": password });
    // Nobody asked for a language.
    assert_eq!(message(&ask(&server, "/v1/login", &login("wrong"))), WRONG.0);
    assert_eq!(message(&john.login()), "Er is een tweede factor nodig.", "the password was right");
    let missing = john.authenticate(json!({}));
    assert_eq!(message(&missing), "Vul de code van uw authenticator-app in, of een herstelcode.");
    let wrong = john.authenticate(json!({ "code": "000000" }));
    assert_eq!(message(&wrong), "De code is onjuist of verlopen.");
    let right = john.authenticate(json!({ "code": john.totp() }));
    assert_eq!((right.status, message(&right).as_str()), (200, "U bent aangemeld."));
    // A session is a proof, whatever becomes of it.
    let token = data(&right)["token"].as_str().unwrap().to_owned();
    let with = |method: &str, path: &str, body: &Value| with(&server, &token, method, path, body);
    assert_eq!(message(&with("GET", "/v1/sessions", &Value::Null)), "Uw sessies.");
    let no = with("POST", "/v1/step-up", &json!({ "password": "wrong" }));
    assert_eq!((blamed(&no).as_str(), message(&no).as_str()), ("password", "Het wachtwoord is onjuist."));
    assert_eq!(message(&with("POST", "/v1/logout", &Value::Null)), "U bent afgemeld.");
    let ended = with("GET", "/v1/me", &Value::Null);
    assert_eq!(
        (ended.status, message(&ended).as_str()),
        (401, "Please sign in."),
        "it proves nothing any more"
    );
    // Whoever asks for a language gets that one.
    assert_eq!(
        message(&speaking(&server, "en", "/v1/login", &login(PASSWORD))),
        "A second factor is needed."
    );
}

/// The warning of document 004, too.
#[test]
fn document_004_the_warning_is_in_the_language_of_the_answer() {
    let place = Place::new();
    let server = start(&place);
    let john = Person::with_app(&server, "john@example.com");
    for code in &john.drawer[..6] {
        assert_eq!(john.recover(code).status, 200);
    }
    let body =
        |code: &str| json!({ "email": john.email, "password": PASSWORD, "code": code, "is_recovery": true });
    let answer = speaking(&server, "nl", "/v1/authenticate", &body(&john.drawer[6]));
    assert_eq!(data(&answer)["warn_message"], "Er zijn nog maar 3 herstelcodes over.");
    let answer = speaking(&server, "en", "/v1/authenticate", &body(&john.drawer[7]));
    assert_eq!(data(&answer)["warn_message"], "Only 2 recovery codes are left.");
    assert_eq!(names(&data(&answer))[..2], ["needs_code__regeneration", "warn_message"], "in its place");
}

/// `--language`: of texts, of mail, and of accounts that named none.
#[test]
fn the_servers_language_stands_in_where_nobody_named_one() {
    let place = Place::new();
    let server = place.start(&["--dev", "--trust-proxy", "1", "--language", "nl", "--mail", "dir:outbox"]);
    server.stop_clock();
    let body = json!({ "email": "vi@example.com", "password": PASSWORD });
    let created = ask(&server, "/v1/create-account", &body);
    assert_eq!(message(&created), "Er is een code naar uw e-mailadres gestuurd.");
    let session = data(&created)["session_id"].clone();
    let code = server.code("vi@example.com");
    let body = json!({ "email": "vi@example.com", "session_id": session, "code": code });
    assert_eq!(data(&ask(&server, "/v1/verify-email-otp", &body))["language"], "nl");
    // Who asks in another language is mailed in it.
    let body = json!({ "email": "jo@example.com", "password": PASSWORD });
    assert_eq!(speaking(&server, "en-GB", "/v1/create-account", &body).status, 200);
    let subjects = || bytes_of_directory(&place.path("outbox"));
    let mailed =
        wait(|| Some(subjects()).filter(|mail| mail.contains("sign up") && mail.contains("registreren")));
    assert!(!mailed.is_empty());
}

fn bytes_of_directory(path: &std::path::Path) -> String {
    let files = std::fs::read_dir(path).into_iter().flatten().map(|file| file.unwrap().path());
    files.map(|file| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned()).collect()
}

/// `--texts`: a host's own words, and a language of its own; what cannot be used is told at the start.
#[test]
fn a_host_replaces_texts_by_a_directory() {
    let place = Place::new();
    std::fs::create_dir(place.path("texts")).unwrap();
    let put = |text: &str| std::fs::write(place.path("texts/en.json"), text).unwrap();
    put(r#"{"wrong_credentials": "No such pair."}"#);
    let server = place.start(&["--texts", "texts"]);
    let body = json!({ "email": "jo@example.com", "password": "x" });
    assert_eq!(message(&server.post("/v1/login", &body)), "No such pair.");
    drop(server);
    put(r#"{"wrong_credential": "No such pair."}"#);
    let why = place.refused(&["--texts", "texts"]);
    assert!(why.contains("en.json: there is no text \"wrong_credential\""), "{why}");
    let why = place.refused(&["--language", "fr"]);
    assert!(why.contains("--language: there are no texts in \"fr\""), "{why}");
}
