//! The examples as real processes, each driven by a client as a browser would drive it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "tests start processes, read files and wait for both")]

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use ureq::http::Request;

const PASSWORD: &str = "correct horse battery staple";

#[test]
fn a_host_on_actix_web() {
    story(&Host::start("actix"));
}

#[test]
fn a_host_without_a_runtime() {
    story(&Host::start("blocking"));
}

#[test]
fn both_end_when_told_to() {
    for example in ["actix", "blocking"] {
        let mut host = Host::start(example);
        assert_eq!(host.get("/me", "").status, 401);
        host.signal("-TERM");
        assert!(host.ended().success(), "{example}");
    }
}

/// Signing up and in and out, and guessing until a limit says no.
fn story(host: &Host) {
    let page = host.get("/", "");
    let forms = page.text.matches("<form method=post").count();
    assert_eq!((page.status, page.kind().as_str(), forms), (200, "text/html; charset=utf-8", 4));
    let jo = &[("email", "Jo@Example.com"), ("password", PASSWORD)];
    let started = host.post("/sign-up", "", jo);
    assert_eq!((started.status, started.text.as_str()), (200, "a code was sent to j***@example.com\n"));
    let sign_up = started.cookie("__Host-sign-up");
    let code = host.code("jo@example.com");
    assert_eq!(host.post("/verify", "", &[("code", &code)]).no(), (401, "invalid_session"), "whose?");
    assert_eq!(host.post("/verify", &sign_up, &[("code", &other(&code))]).no(), (422, "invalid_code"));
    assert_eq!(host.post("/sign-in", "", jo).no(), (401, "invalid_credentials"), "not verified yet");
    assert_eq!(host.post("/verify", &sign_up, &[("code", &code)]).text, "verified; now sign in\n");
    assert_eq!(host.post("/verify", &sign_up, &[("code", &code)]).no(), (401, "invalid_session"), "spent");

    let signed_in = host.post("/sign-in", "", jo);
    assert_eq!(signed_in.status, 200, "{}", signed_in.text);
    let session = signed_in.cookie("__Host-session");
    let me = host.get("/me", &session);
    assert_eq!((me.status, me.text.as_str()), (200, "user-0 is jo@example.com\n"));
    assert_eq!(me.kind(), "text/plain; charset=utf-8", "an address is text, whatever it looks like");
    assert_eq!(me.header("cache-control").as_deref(), Some("no-store"));
    assert_eq!(host.get("/me", "").no(), (401, "invalid_session"));

    // A code is guessed at five times; then there is nothing left to guess at, and another is not sent yet.
    let al = &[("email", "al@example.com"), ("password", PASSWORD)];
    let guessing = host.post("/sign-up", "", al).cookie("__Host-sign-up");
    let code = host.code("al@example.com");
    let guess = || host.post("/verify", &guessing, &[("code", &other(&code))]).no().0;
    assert_eq!([guess(), guess(), guess(), guess(), guess(), guess()], [422, 422, 422, 422, 422, 401]);
    assert_eq!(host.post("/verify", &guessing, &[("code", &code)]).no(), (401, "invalid_session"));
    assert!((1..=60).contains(&host.post("/sign-up", "", al).limited()));

    // A password, until the door is shut: also for the right one, and for as long as it says. Whoever is in stays in.
    let wrong = &[("email", "jo@example.com"), ("password", "password")];
    let shut = (0..12).map(|_| host.post("/sign-in", "", wrong)).find(|answer| answer.status != 401);
    assert!((1..=900).contains(&shut.unwrap().limited()));
    assert!((1..=900).contains(&host.post("/sign-in", "", jo).limited()));
    assert_eq!(host.get("/me", &session).status, 200);

    let out = host.post("/sign-out", &session, &[]);
    assert_eq!((out.status, out.cookie("__Host-session").as_str()), (200, "__Host-session="));
    assert_eq!(host.get("/me", &session).no(), (401, "invalid_session"));
    for malformed in [&[("email", "jo")][..], &[("email", "jo@example.com")], &[]] {
        assert_eq!(host.post("/sign-in", "", malformed).status, 400, "{malformed:?}");
    }
    assert_eq!(host.get("/nowhere", "").status, 404);
    let long = "x".repeat(17_000);
    assert_eq!(host.post("/sign-in", "", &[("email", "jo@example.com"), ("password", &long)]).status, 413);
}

/// A code that is not this one.
fn other(code: &str) -> String {
    code.chars().map(|digit| if digit == '7' { '1' } else { '7' }).collect()
}

struct Host {
    child: Child,
    out: PathBuf,
    base: String,
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    text: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    }

    fn kind(&self) -> String {
        self.header("content-type").unwrap_or_default()
    }

    /// The cookie of that name, as a client sends it back.
    fn cookie(&self, name: &str) -> String {
        let set = self.headers.iter().filter(|(header, _)| header == "set-cookie").map(|(_, value)| value);
        let cookie = set.into_iter().find(|cookie| cookie.starts_with(name)).unwrap();
        for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(cookie.split("; ").any(|part| part == attribute), "{cookie}");
        }
        cookie.split(';').next().unwrap().to_owned()
    }

    /// The status and the name of a refusal.
    fn no(&self) -> (u16, &str) {
        (self.status, self.text.trim())
    }

    /// The wait of a refusal by a limit.
    fn limited(&self) -> u64 {
        assert_eq!(self.no(), (429, "limited"));
        self.header("retry-after").unwrap().parse().unwrap()
    }
}

impl Host {
    /// Starts an example on a free port. `cargo test` without `--test` builds it first.
    fn start(example: &str) -> Self {
        let program = std::env::current_exe().unwrap();
        let program = program.parent().and_then(|deps| deps.parent()).unwrap().join("examples").join(example);
        let named = format!("{example}-{:?}-{}", std::thread::current().id(), std::process::id());
        let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(named);
        let to = Stdio::from(File::create(&out).unwrap());
        let child = Command::new(&program).arg("0").stdout(to).spawn();
        let child = child.unwrap_or_else(|why| panic!("{}: {why}", program.display()));
        let mut host = Self { child, out, base: String::new() };
        host.base = host.wait_for("listening on ");
        host
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.out).unwrap()
    }

    /// The rest of the last line that begins so.
    fn wait_for(&self, begin: &str) -> String {
        wait(|| {
            let said = self.said();
            let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
            whole.lines().rev().find_map(|line| line.strip_prefix(begin).map(str::to_owned))
        })
    }

    fn code(&self, to: &str) -> String {
        self.wait_for(&format!("to {to}: your code is "))
    }

    fn get(&self, path: &str, cookie: &str) -> Answer {
        self.send("GET", path, cookie, String::new())
    }

    fn post(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> Answer {
        self.send(
            "POST",
            path,
            cookie,
            form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish(),
        )
    }

    fn send(&self, method: &str, path: &str, cookie: &str, body: String) -> Answer {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build();
        let agent = ureq::Agent::new_with_config(agent);
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        let request = request.header("cookie", cookie).header("user-agent", "a test");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let mut answer = if method == "GET" {
            agent.run(request.body(()).unwrap()).unwrap()
        } else {
            agent.run(request.body(body).unwrap()).unwrap()
        };
        let text = |value: &ureq::http::HeaderValue| value.to_str().unwrap().to_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Answer {
            status: answer.status().as_u16(),
            headers,
            text: answer.body_mut().read_to_string().unwrap(),
        }
    }

    fn signal(&self, signal: &str) {
        // The shell's own: not every system has the program.
        let kill = format!("kill {signal} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    fn ended(&mut self) -> ExitStatus {
        wait(|| self.child.try_wait().unwrap())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.out);
    }
}

/// Waits until something is there; the only waiting there is, for processes.
fn wait<T>(mut what: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = what() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "waited for a minute");
        std::thread::sleep(Duration::from_millis(5));
    }
}
