//! A server process and a client for it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::http::{Method, Request};

use crate::contract::{Asked, Contract};

pub(crate) const PASSWORD: &str = "MyPassword1!";

/// A directory for a server's files; two servers after each other may use one.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The command that starts a server here: a free port, an SQLite file, a key file, nothing from the environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-server"));
        command.current_dir(self.0.path()).env_clear();
        command.args(["--listen", "127.0.0.1:0", "--store", "sqlite:test.db", "--key-file", "test.key"]);
        command.args(args);
        command
    }

    /// Starts a server that is expected not to start; says why it did not.
    pub(crate) fn refused(&self, args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-server"));
        let output = command.current_dir(self.0.path()).env_clear().args(args).output().unwrap();
        assert!(!output.status.success());
        assert!(output.stdout.is_empty(), "it never listened");
        String::from_utf8(output.stderr).unwrap()
    }

    pub(crate) fn start(&self, args: &[&str]) -> Server<'_> {
        let file = |name| Stdio::from(File::create(self.path(name)).unwrap());
        let child = self.command(args).stdout(file("stdout")).stderr(file("stderr")).spawn().unwrap();
        let mut server = Server { place: self, child, base: String::new(), contract: OnceLock::new() };
        server.base = wait(|| {
            let text = server.stdout();
            let line = text.lines().next().filter(|_| text.contains('\n'));
            assert!(server.child.try_wait().unwrap().is_none() || line.is_some(), "{}", server.stderr());
            line.map(|line| line.strip_prefix("listening on ").unwrap().to_owned())
        });
        server
    }
}

/// Waits until something is there; the only waiting there is, for processes.
pub(crate) fn wait<T>(mut what: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = what() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "waited for a minute");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) struct Server<'a> {
    place: &'a Place,
    child: Child,
    base: String,
    /// What it says of itself, to which it is held.
    contract: OnceLock<Contract>,
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer, whole.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|why| panic!("{why}: {}", self.text))
    }

    pub(crate) fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        let json = self.json();
        assert_eq!(json["status"], "success");
        json["data"].clone()
    }

    pub(crate) fn session(&self) -> String {
        self.data()["otpSession"].as_str().unwrap().to_owned()
    }

    /// The error's code, with the shape checked.
    pub(crate) fn error(&self) -> String {
        let json = self.json();
        assert_eq!(json["status"], "error", "{}", self.text);
        let error = json["error"].as_object().unwrap();
        assert_eq!(error.keys().collect::<Vec<_>>(), ["code", "message", "details"]);
        assert!(error.values().all(Value::is_string));
        assert_eq!(self.headers["content-type"], "application/json");
        assert_eq!(self.headers["cache-control"], "no-store");
        assert_eq!(self.headers.contains_key("retry-after"), self.status == 429);
        error["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn details(&self) -> String {
        self.json()["error"]["details"].as_str().unwrap().to_owned()
    }

    /// The wait of a 429.
    pub(crate) fn retry_after(&self) -> i64 {
        assert_eq!((self.status, self.error().as_str()), (429, "RATE_LIMIT_EXCEEDED"), "{}", self.text);
        self.headers["retry-after"].parse().unwrap()
    }
}

impl Server<'_> {
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// `host:port`
    pub(crate) fn host(&self) -> &str {
        self.base.strip_prefix("http://").unwrap()
    }

    pub(crate) fn stdout(&self) -> String {
        fs::read_to_string(self.place.path("stdout")).unwrap()
    }

    pub(crate) fn stderr(&self) -> String {
        fs::read_to_string(self.place.path("stderr")).unwrap()
    }

    /// Asks, and holds the answer against the server's own description of it.
    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let answer = self.send(method, path, headers, body);
        let published = || Contract::new(self.send("GET", "/openapi.json", &[], "").json());
        let checked = self.contract.get_or_init(published).check(&Asked { method, path, body }, &answer);
        checked.unwrap_or_else(|why| panic!("{method} {path}: {why}: {answer:?}"));
        answer
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.try_send(method, path, headers, body).unwrap()
    }

    /// The answer, or that there was none: the process was killed, say.
    pub(crate) fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, ureq::Error> {
        fetch(method, &format!("{}{path}", self.base), headers, body)
    }

    /// What the listener for health and metrics answers, with `--ops-listen`.
    pub(crate) fn ops(&self, path: &str) -> Result<Answer, ureq::Error> {
        let out = self.stdout();
        let base = out.lines().find_map(|line| line.strip_prefix("health and metrics on ")).unwrap();
        fetch("GET", &format!("{base}{path}"), &[], "")
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path, &[], &body.to_string())
    }

    /// As if a proxy had named the client; only with `--trust-proxy 1`.
    pub(crate) fn post_from(&self, client: &str, path: &str, body: &Value) -> Answer {
        self.request("POST", path, &[("x-forwarded-for", client)], &body.to_string())
    }

    pub(crate) fn register(&self, email: &str) -> Answer {
        self.post("/auth/register", &registration(email))
    }

    pub(crate) fn verify(&self, session: &str, code: &str) -> Answer {
        self.post("/auth/validate/registration", &json!({ "otpSession": session, "otp": code }))
    }

    pub(crate) fn resend(&self, session: &str) -> Answer {
        self.request("PUT", &format!("/auth/resend/otp/{session}"), &[], "")
    }

    pub(crate) fn cancel(&self, session: &str) -> Answer {
        self.request("DELETE", &format!("/auth/otp/{session}"), &[], "")
    }

    pub(crate) fn mail(&self, to: &str) -> Vec<Value> {
        let answer = self.get(&format!("/dev/mail?to={}", to.replace('+', "%2B")));
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["messages"].as_array().unwrap().clone()
    }

    pub(crate) fn code(&self, to: &str) -> String {
        self.mail(to).last().expect("a message")["code"].as_str().expect("a code").to_owned()
    }

    /// Stops the clock where it stands: from now on it moves only when told to.
    pub(crate) fn stop_clock(&self) {
        assert_eq!(self.post("/dev/clock", &json!({ "stopped": true })).status, 200);
    }

    pub(crate) fn advance(&self, seconds: i64) {
        assert_eq!(self.post("/dev/clock", &json!({ "advance_seconds": seconds })).status, 200);
    }

    /// Signs somebody up all the way.
    pub(crate) fn member(&self, email: &str) -> Value {
        let session = self.register(email).session();
        self.verify(&session, &self.code(email)).data()
    }

    pub(crate) fn signal(&self, name: &str) {
        // The shell's own: not every system has the program.
        let kill = format!("kill {name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the process to end.
    pub(crate) fn ended(mut self) -> ExitStatus {
        wait(|| self.child.try_wait().unwrap())
    }
}

fn fetch(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer, ureq::Error> {
    let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    let agent = ureq::Agent::new_with_config(config.allow_non_standard_methods(true).build());
    let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = if body.is_empty() {
        agent.run(request.body(()).unwrap())?
    } else {
        agent.run(request.body(body.to_owned()).unwrap())?
    };
    let headers = response.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let text = response.body_mut().read_to_string()?;
    Ok(Answer { status: response.status().as_u16(), headers, text })
}

pub(crate) fn registration(email: &str) -> Value {
    json!({ "fullname": "Jo Doe", "email": email, "password": PASSWORD, "organization": "Acme" })
}

/// A code that is not `code`.
pub(crate) fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// Every byte of the files in a directory whose names begin so.
pub(crate) fn bytes_of(place: &Place, prefix: &str) -> Vec<u8> {
    let files = fs::read_dir(place.path("")).unwrap().map(|file| file.unwrap().path());
    let named = |path: &Path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix);
    files.filter(|path| path.is_file() && named(path)).flat_map(|path| fs::read(path).unwrap()).collect()
}
