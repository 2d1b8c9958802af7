//! What must not be found: in the database, in the log, on the console.

use std::fs;

use crate::harness::*;

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Whether a number stands there by itself; within longer ones, such as times, its digits may occur by chance.
fn has_number(bytes: &[u8], number: &str) -> bool {
    bytes.split(|byte| !byte.is_ascii_alphanumeric()).any(|word| word == number.as_bytes())
}

/// Law 11: a code, a ticket and a password are in the message or the answer that carries them, and nowhere else.
#[test]
fn law_11_secrets_are_in_no_file_and_no_log() {
    let place = Place::new();
    let server = place.start(&["--dev", "--mail", "dir:outbox"]);
    server.stop_clock();
    let (mut codes, mut texts) = (Vec::new(), vec![PASSWORD.to_owned()]);
    for email in ["first@example.com", "second@example.com", "third@example.com"] {
        let session = server.register(email).session();
        let mail = server.mail(email).pop().unwrap();
        let link = mail["link"].as_str().unwrap();
        texts.push(link[link.find("link_").unwrap()..link.find("&email").unwrap()].to_owned());
        codes.push(server.code(email));
        codes.push(wrong(&server.code(email)));
        assert_eq!(server.verify(&session, &codes[codes.len() - 1]).error(), "INVALID_OTP");
        if email.starts_with("first") {
            assert_eq!(server.verify(&session, &server.code(email)).status, 200);
        }
        if email.starts_with("second") {
            server.advance(60);
            server.resend(&session).data();
            codes.push(server.code(email));
            assert_eq!(server.register(email).retry_after(), 60);
        }
        texts.push(session);
    }
    let (log, out) = (server.stderr(), server.stdout());
    let database = bytes_of(&place, "test.db");
    assert!(database.len() > 10_000 && log.contains("otp.code_rejected"), "there is something to look at");
    for text in &texts {
        assert!(!contains(&database, text), "{text} is in the database");
        assert!(!contains(log.as_bytes(), text) && !contains(out.as_bytes(), text), "{text} is in the log");
        let secret = text.strip_prefix("otp_").or(text.strip_prefix("link_")).unwrap_or(text);
        assert!(!contains(&database, secret) && !contains(log.as_bytes(), secret), "{secret} is there");
    }
    for code in &codes {
        assert!(!has_number(&database, code), "{code} is in the database");
        assert!(
            !has_number(log.as_bytes(), code) && !has_number(out.as_bytes(), code),
            "{code} is in the log"
        );
    }
    for email in ["first@", "second@", "third@"] {
        assert!(!contains(log.as_bytes(), email), "{email} is in the log");
    }
    assert!(!contains(&database, "second@example.com"), "an address that is not proven is sealed");

    // The same mail in files, for their owner only.
    server.signal("-TERM");
    assert!(server.ended().success());
    let mut files: Vec<_> =
        fs::read_dir(place.path("outbox")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 4);
    let first = fs::read_to_string(&files[0]).unwrap();
    assert!(first.contains("\r\nTo: first@example.com\r\n") && first.contains(&codes[0]), "{first}");
    for path in files.iter().chain([&place.path("test.db"), &place.path("test.key")]) {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}
