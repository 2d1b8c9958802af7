//! The mailed link.

use serde_json::{Value, json};

use crate::harness::*;

/// The token and the address in a link, as its page reads them.
fn parts(link: &str, base: &str) -> (String, String) {
    let fragment =
        link.strip_prefix(&format!("{base}/auth/register/link#token=")).unwrap_or_else(|| panic!("{link}"));
    let (token, email) = fragment.split_once("&email=").unwrap();
    (token.to_owned(), email.replace("%40", "@").replace("%2B", "+"))
}

fn redemption(token: &str, email: &str) -> Value {
    let mut body = registration(email);
    body["token"] = json!(token);
    body["password"] = json!("another password");
    body
}

#[test]
fn a_link_completes_the_sign_up_with_a_password_of_its_own() {
    let place = Place::new();
    let server = place.start(&["--dev", "--base-url", "https://id.example.org/"]);
    server.stop_clock();
    let session = server.register("jo+tag@example.com").session();
    let mail = server.mail("jo+tag@example.com").pop().unwrap();
    let (token, email) = parts(mail["link"].as_str().unwrap(), "https://id.example.org");
    assert_eq!(email, "jo+tag@example.com");

    // To open it, as mail scanners do, spends nothing.
    for method in ["GET", "HEAD"] {
        let page = server.request(method, "/auth/register/link", &[], "");
        assert_eq!(page.status, 200);
        assert!(page.headers["content-security-policy"].contains("script-src 'nonce-"));
        assert_eq!(
            (page.headers["referrer-policy"].as_str(), page.headers["cache-control"].as_str()),
            ("no-referrer", "no-store")
        );
    }
    // The link outlives the session and its codes.
    for _ in 0..5 {
        let code = wrong(&server.code("jo+tag@example.com"));
        assert_eq!(server.verify(&session, &code).error(), "INVALID_OTP");
    }
    server.advance(3600);
    let other = server.post("/auth/register/redeem", &redemption(&token, "vi@example.com"));
    assert_eq!((other.status, other.error().as_str()), (400, "INVALID_SESSION"), "bound to its address");
    let mut short = redemption(&token, &email);
    short["password"] = json!("short");
    assert!(server.post("/auth/register/redeem", &short).details().starts_with("password: "));
    let data = server.post("/auth/register/redeem", &redemption(&token, &email)).data();
    assert_eq!((&data["email"], &data["verified"]), (&json!("j***@example.com"), &json!(true)));
    assert_eq!(data["userId"].as_str().unwrap().len(), 32);
    let again = server.post("/auth/register/redeem", &redemption(&token, &email));
    assert_eq!(again.error(), "INVALID_SESSION", "spent once");
}

#[test]
fn a_verified_session_spends_its_link_and_the_other_way_round() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    server.stop_clock();
    for email in ["a@example.com", "b@example.com"] {
        let session = server.register(email).session();
        let mail = server.mail(email).pop().unwrap();
        let (token, _) = parts(mail["link"].as_str().unwrap(), server.base());
        let redeem = || server.post("/auth/register/redeem", &redemption(&token, email));
        let verify = || server.verify(&session, mail["code"].as_str().unwrap());
        // A session whose link was used stays for whoever holds it, who may be a stranger; no code that was mailed for it is right.
        let (first, second, no) = if email.starts_with('a') {
            (verify(), redeem(), "INVALID_SESSION")
        } else {
            (redeem(), verify(), "INVALID_OTP")
        };
        assert_eq!((first.status, second.error().as_str()), (200, no));
    }
}

/// B089, B090: whatever a request says of the host it was sent to, the link leads to the base that was configured.
#[test]
fn b089_b090_no_header_of_a_request_gets_into_a_link() {
    let place = Place::new();
    let server = place.start(&["--dev", "--base-url", "https://id.example.org", "--trust-proxy", "1"]);
    server.stop_clock();
    let evil = "evil.example.net";
    let headers = [
        ("host", evil),
        ("x-forwarded-host", evil),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-for", "192.0.2.1"),
        ("forwarded", "host=evil.example.net;proto=http"),
        ("x-original-url", "https://evil.example.net/"),
        ("referer", "https://evil.example.net/"),
    ];
    let body = registration("jo@example.com").to_string();
    let answer = server.request("POST", "/auth/register", &headers, &body);
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mail = server.mail("jo@example.com").pop().unwrap();
    let _ = parts(mail["link"].as_str().unwrap(), "https://id.example.org");
    assert!(!mail.to_string().contains("evil") && !answer.text.contains("evil"));
}
