//! Starting, refusing to start, stopping.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::harness::*;

#[test]
fn what_cannot_stand_is_refused_with_a_reason() {
    let place = Place::new();
    for (args, reason) in [
        (["--dev", "--listen=0.0.0.0:0"].as_slice(), "--dev: refused on 0.0.0.0:0"),
        (&["--dev", "--listen=[::]:0"], "--dev: refused"),
        (&["--store=oracle:x"], "--store: unknown scheme \"oracle\""),
        (&["--store=sqlite:"], "--store: sqlite: needs a path"),
        (&["--mail=pigeon:x"], "--mail: unknown scheme \"pigeon\""),
        (&["--base-url=example.com"], "--base-url: "),
        (&["--listen=here"], "--listen: "),
        (&["--trust-proxy=-1"], "--trust-proxy"),
        (&["--nonsense"], "--nonsense"),
        (
            &["--listen=127.0.0.1:0", "--store=sqlite:/nowhere/at/all.db", "--key-file=a.key"],
            "store /nowhere/at/all.db: ",
        ),
    ] {
        let why = place.refused(args);
        assert!(why.contains(reason), "{args:?}: {why}");
    }
}

#[test]
fn the_environment_does_what_the_flags_do() {
    let place = Place::new();
    let mut command = place.command(&["--dev"]);
    let output = command.env("COUNTERSIGN_MAIL", "pigeon:x").output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("--mail: unknown scheme \"pigeon\""));
}

#[test]
fn a_key_file_that_others_can_read_or_that_is_no_key_file_is_refused() {
    let place = Place::new();
    drop(place.start(&[]));
    let path = place.path("test.key");
    let keys = fs::read_to_string(&path).unwrap();
    let args = ["--listen=127.0.0.1:0", "--store=sqlite:test.db", "--key-file=test.key"];
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    assert!(place.refused(&args).contains("group or others have access"));
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    for (text, reason) in [
        (String::new(), "has no locator line"),
        (keys[..keys.len() - 2].to_owned(), "32 bytes"),
        (format!("{keys}{keys}"), "used before"),
        ("x".repeat(20_000), "too long"),
        ("locator 00\nring-1 00\n".into(), "32 bytes"),
    ] {
        fs::write(&path, text).unwrap();
        let why = place.refused(&args);
        assert!(why.contains(reason), "{why}");
    }
    fs::remove_file(&path).unwrap();
    assert!(place.refused(&args).contains("a new one is not made"), "its keys are lost, and it says so");
    assert!(!path.exists());
    fs::write(&path, keys).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    drop(place.start(&[]));
}

/// Keys can be made before the first start. A key file that is there is never written over.
#[test]
fn keygen_makes_a_key_file_once_and_ends() {
    let place = Place::new();
    let path = place.path("new.key");
    let args = ["--keygen", "--key-file=new.key", "--store=sqlite:test.db"];
    let output = place.command(&args).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.starts_with("new keys written to new.key"), "{said}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!place.path("test.db").exists(), "no store is opened");
    let keys = fs::read_to_string(&path).unwrap();
    for line in keys.lines().filter(|line| line.starts_with("locator") || line.starts_with("ring")) {
        let key = line.rsplit(' ').next().unwrap();
        assert!(!said.contains(key), "no key is printed");
    }

    let why = place.refused(&args);
    assert!(why.contains("new.key: exists already; nothing was written"), "{why}");
    assert_eq!(fs::read_to_string(&path).unwrap(), keys);
    assert!(place.refused(&["--keygen", "--key-file=no/such/place.key"]).contains("cannot be made"));

    drop(place.start(&["--key-file=new.key"]));
    assert_eq!(fs::read_to_string(&path).unwrap(), keys, "the server starts with these keys");
}

/// To rotate, a line is added: what was begun under the old key goes on.
#[test]
fn a_session_outlives_a_rotation_of_the_ring() {
    let place = Place::new();
    let first = place.start(&["--dev"]);
    let session = first.register("jo@example.com").session();
    let code = first.code("jo@example.com");
    drop(first);
    let mut file = fs::OpenOptions::new().append(true).open(place.path("test.key")).unwrap();
    writeln!(file, "ring-2 {}", "0123456789abcdef".repeat(4)).unwrap();
    let second = place.start(&["--dev"]);
    assert_eq!(second.verify(&session, &code).status, 200);
}

#[test]
fn mail_is_on_the_console_after_the_lines_that_say_where_to_begin() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    server.register("jo@example.com").data();
    let code = server.code("jo@example.com");
    let out = wait(|| Some(server.stdout()).filter(|out| out.contains(&code)));
    assert!(out.starts_with(&format!(
        "listening on {base}\nopen {base}/ to click through every flow\n---- mail to jo@example.com: Your code to sign up\n",
        base = server.base()
    )));
}

/// Law 14: the price is one event, whose fields are numbers.
#[test]
fn law14_the_price_of_the_policy_is_one_event_of_numbers() {
    let place = Place::new();
    let server = place.start(&[]);
    let log = wait(|| Some(server.stderr()).filter(|log| log.contains("policy.price")));
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let prices: Vec<_> = events.iter().filter(|event| event["event"] == "policy.price").collect();
    let [price] = prices[..] else { panic!("{} events", prices.len()) };
    let own = ["event", "timestamp", "level"];
    let fields: Vec<_> =
        price.as_object().unwrap().iter().filter(|(name, _)| !own.contains(&name.as_str())).collect();
    assert!(fields.len() > 12 && fields.iter().all(|(_, value)| value.is_number()), "{price}");
    assert_eq!(
        (&price["totp_until_disabled"], &price["guesses_until_disabled"]),
        (&json!(0.0003), &json!(100))
    );
    assert!(!log.contains("a patient attacker"), "the table is for terminals");
}

/// Whoever has just started the server is told what to open, and finds it there.
#[test]
fn a_browser_finds_a_page_that_says_where_to_begin() {
    let place = Place::new();
    let server = place.start(&[]);
    let told = wait(|| Some(server.stdout()).filter(|out| out.lines().count() > 1));
    assert!(told.contains(&format!("open {}/ to see where to begin", server.base())), "{told}");
    assert!(told.contains("--dev"), "{told}");
    let page = server.get("/");
    assert_eq!((page.status, &page.headers["content-type"][..]), (200, "text/html; charset=utf-8"));
    assert!(page.headers["content-security-policy"].starts_with("default-src 'none'"));
    for named in
        ["/openapi.json", "--dev", "docs/http.md", &format!("curl -X POST {}/auth/register", server.base())]
    {
        assert!(page.text.contains(named), "{named}");
    }
}

/// A request that has begun is answered, what it mailed is delivered, and nothing new is taken.
#[test]
fn a_stop_finishes_what_was_begun() {
    let place = Place::new();
    let server = place.start(&["--mail", "dir:outbox"]);
    let body = registration("jo@example.com").to_string();
    // Somebody who has an answer and stays connected.
    let mut idle = TcpStream::connect(server.host()).unwrap();
    idle.write_all(format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", server.host()).as_bytes()).unwrap();
    assert!(idle.read(&mut [0; 4096]).unwrap() > 0);
    let mut stream = TcpStream::connect(server.host()).unwrap();
    let head = format!(
        "POST /auth/register HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        server.host(),
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    answer.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 100 "), "it waits for the body: {line}");
    server.signal("-TERM");
    wait(|| server.stderr().contains("server.stopping").then_some(()));
    wait(|| TcpStream::connect(server.host()).is_err().then_some(()));
    stream.write_all(body.as_bytes()).unwrap();
    let mut text = String::new();
    answer.read_to_string(&mut text).unwrap();
    assert!(text.contains("HTTP/1.1 200 OK"), "{text}");
    assert!(server.ended().success());
    let log = fs::read_to_string(place.path("stderr")).unwrap();
    let end = log.lines().last().unwrap();
    assert!(end.contains("server.stopped") && end.contains("INFO"), "in good time, with nothing left: {end}");
    assert_eq!(idle.read(&mut [0; 1]).unwrap(), 0, "it was told to go");
    assert_eq!(fs::read_dir(place.path("outbox")).unwrap().count(), 1);
}

/// What was begun is done, mailed and logged, also if nobody waits for the answer: to hang up is no way to be counted and
/// not logged.
#[test]
fn a_client_that_hangs_up_stops_nothing() {
    let place = Place::new();
    let server = place.start(&["--dev"]);
    let body = registration("jo@example.com").to_string();
    let head = format!(
        "POST /auth/register HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
        server.host(),
        body.len()
    );
    let mut stream = TcpStream::connect(server.host()).unwrap();
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    // Its first turn is stored; the password is not hashed yet.
    let file = rusqlite::Connection::open(place.path("test.db")).unwrap();
    let rows = || file.query_row("SELECT count(*) FROM countersign_record", [], |row| row.get(0)).unwrap();
    let before = 1; // the host's own, which says by which keys the store was begun
    wait(|| Some(rows()).filter(|rows: &i64| *rows > before));
    drop(stream);
    wait(|| (!server.mail("jo@example.com").is_empty()).then_some(()));
    wait(|| server.stderr().contains("otp.code_sent").then_some(()));
    assert!((1..=60).contains(&server.register("jo@example.com").retry_after()));
}

#[test]
fn an_interrupt_stops_it_too() {
    let place = Place::new();
    let server = place.start(&[]);
    server.signal("-INT");
    assert!(server.ended().success());
}
