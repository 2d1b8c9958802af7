//! Mail: its language, and what keeps the server from starting.

use std::fs;

use serde_json::json;

use crate::harness::*;

/// The only message in the outbox, and its subject.
fn subject(place: &Place) -> String {
    let files: Vec<_> =
        fs::read_dir(place.path("outbox")).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    let mail = fs::read_to_string(&files[0]).unwrap();
    assert!(
        mail.contains("multipart/alternative") && mail.contains("\r\nAuto-Submitted: auto-generated\r\n")
    );
    let line = mail.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap();
    line.to_owned()
}

#[test]
fn a_message_is_in_the_language_of_the_sign_up() {
    for (language, expected) in [("nl-BE", "Uw code om te registreren"), ("fr", "Your code to sign up")] {
        let place = Place::new();
        let server = place.start(&["--dev", "--mail", "dir:outbox"]);
        let body = json!({ "email": "jo@example.com", "password": PASSWORD, "language": language });
        assert_eq!(server.post_from("192.0.2.1", "/v1/create-account", &body).status, 200);
        server.signal("-TERM");
        assert!(server.ended().success());
        assert_eq!(subject(&place), expected, "{language}");
    }
}

#[test]
fn the_hosts_own_template_takes_the_place_of_what_is_shipped() {
    let place = Place::new();
    fs::create_dir(place.path("templates")).unwrap();
    fs::write(place.path("templates/sign_up_code.en.subject"), "Welcome to Example").unwrap();
    let flags = ["--dev", "--mail", "dir:outbox", "--mail-templates", "templates"];
    let server = place.start(&flags);
    server.register("jo@example.com").data();
    server.signal("-TERM");
    assert!(server.ended().success());
    assert_eq!(subject(&place), "Welcome to Example");
    fs::write(place.path("templates/sign_up_code.en.txt"), "Hello!").unwrap();
    let why =
        place.refused(&["--listen", "127.0.0.1:0", "--store", "memory:", "--mail-templates", "templates"]);
    assert!(why.contains("--mail-templates") && why.contains("leaves out the code"), "{why}");
}

/// A password that was typed in the wrong place is not repeated to whoever sees the log.
#[test]
fn a_mail_server_that_cannot_be_used_keeps_the_server_from_starting() {
    let place = Place::new();
    let from = "Example <no-reply@example.com>";
    for (url, reason) in [
        ("smtp://user:s3cret@mail.example.com?tls=none", "encrypted"),
        ("smtp://user:s3cret/@mail.example.com", "--mail"),
        ("smtps://user:s3cret@", "--mail"),
        ("smtps://mail.example.com?s3cret", "option"),
    ] {
        let why = place.refused(&["--mail", url, "--mail-from", from]);
        assert!(why.contains(reason) && !why.contains("s3cret"), "{why}");
    }
    let why = place.refused(&["--mail", "smtps://user:s3cret@mail.example.com"]);
    assert!(why.contains("--mail-from") && !why.contains("s3cret"), "{why}");
}
