//! A whole host without an async runtime, on tiny_http: sign up by mailed code, sign in, a page for whoever is signed in, sign out.
//! `cargo run -p countersign-examples --example blocking [port]`
//!
//! A few threads, each of which takes a request, runs it to its end and answers: store, users and hasher block, and that is all there
//! is to it. No more passwords are hashed at once than there are threads. Store and users are in memory and the keys are new with
//! each start; mail goes to the terminal. Put a proxy in front, which sees to TLS and to clients that send slowly; the client is then
//! whom it names, and not the peer.
#![expect(clippy::disallowed_methods, reason = "a host reads its arguments")]
use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use countersign::host::{
    Created, Directory, DirectoryEntry, DirectoryError, MailError, Mailer, NewAccount, NoAudit, OsEntropy,
    Sentry, SystemClock, generate_key,
};
use countersign::{
    AccountId, CheckSession, Client, Code, EndSessions, Envelope, Identifier, KeyRing, Label, LocatorKey,
    Machine, Password, PasswordSignIn, Profile, Progress, Proofs, Purpose, Request, Settings, SignUp, Steps,
    Ticket, TicketKind, Verdict, Verify, Which, http,
};
use countersign_argon2::Argon2Hasher;
use countersign_sqlite::SqliteStore;
use signal_hook::consts::{SIGINT, SIGTERM};
use tiny_http::{Header, Method, Response, Server};

const WORKERS: usize = 4;
/// Every form here is shorter.
const MAX_BODY: u64 = 16 * 1024;

/// `__Host-`: browsers take it over TLS alone (or from this machine), and from this host alone.
const SESSION: &str = "__Host-session";
const SIGN_UP: &str = "__Host-sign-up";

const FORMS: &str = r#"<!doctype html><title>countersign</title>
<form method=post action=/sign-up><input name=email placeholder=e-mail> <input name=password type=password> <button>Sign up</button></form>
<form method=post action=/verify><input name=code placeholder="mailed code"> <button>Verify</button></form>
<form method=post action=/sign-in><input name=email placeholder=e-mail> <input name=password type=password> <button>Sign in</button></form>
<form method=post action=/sign-out><button>Sign out</button></form> <a href=/me>Who am I?</a>"#;

/// What comes back: a status, a text and header fields. A no is the other side of a `Result`, so that `?` leaves with it.
struct Answer(u16, String, Vec<(&'static str, String)>);

/// What came in: the form, the cookies, and from where.
struct Asked {
    client: Client,
    agent: Label,
    cookies: String,
    form: HashMap<String, String>,
}

fn sign_up(desk: &Sentry, asked: &Asked) -> Result<Answer, Answer> {
    let (identifier, password) = asked.who()?;
    let client = asked.client.clone();
    let request = SignUp { client, identifier, password, profile: Profile::default(), locale: None };
    ask(desk, request, |started| {
        let text = format!("a code was sent to {}\n", started.sent_to);
        Answer(200, text, vec![cookie(SIGN_UP, &started.session.expose())])
    })
}

fn verify(desk: &Sentry, asked: &Asked) -> Result<Answer, Answer> {
    let request = Verify {
        client: asked.client.clone(),
        purpose: Purpose::SignUp,
        session: asked.ticket(SIGN_UP)?,
        code: Code::typed(asked.field("code")?),
        identifier: None,
        enter: None,
    };
    ask(desk, request, |_| Answer(200, "verified; now sign in\n".into(), vec![gone(SIGN_UP)]))
}

fn sign_in(desk: &Sentry, asked: &Asked) -> Result<Answer, Answer> {
    let (identifier, password) = asked.who()?;
    let request = PasswordSignIn {
        client: asked.client.clone(),
        identifier,
        password,
        steps: Steps::AtOnce(Proofs::default()),
        label: asked.agent.clone(),
        locale: None,
        device: None,
    };
    ask(desk, request, |progress| match progress {
        Progress::SignedIn(it) => {
            Answer(200, "signed in\n".into(), vec![cookie(SESSION, &it.session().expose())])
        }
        // No page here turns a second factor on; with one that does, this is where it is asked for.
        Progress::SecondFactor(_) => no(403, "a second factor is missing"),
    })
}

fn me(desk: &Sentry, asked: &Asked) -> Result<Answer, Answer> {
    let request = CheckSession { client: asked.client.clone(), session: asked.ticket(SESSION)? };
    ask(desk, request, |session| {
        Answer(200, format!("{} is {}\n", session.account.as_str(), session.address.as_str()), Vec::new())
    })
}

fn sign_out(desk: &Sentry, asked: &Asked) -> Result<Answer, Answer> {
    let (client, session) = (asked.client.clone(), asked.ticket(SESSION)?);
    ask(desk, EndSessions { client, session, which: Which::This }, |_| {
        Answer(200, "signed out\n".into(), vec![gone(SESSION)])
    })
}

/// Runs a request. What was decided becomes status, name of the refusal, `Retry-After` and the other fields, as the library has
/// them; a failure of the host is never a yes.
fn ask<R: Request>(
    desk: &Sentry,
    request: R,
    yes: impl FnOnce(R::Output) -> Answer,
) -> Result<Answer, Answer> {
    let outcome = desk.run(request).map_err(|_| no(503, "try again later"))?;
    let mut fields = http::headers(&outcome);
    let mut answer = match outcome.verdict {
        Verdict::Granted(granted) => {
            // Of a no, the library says so itself.
            fields.push(("cache-control", "no-store".into()));
            yes(granted)
        }
        Verdict::Refused(refusal) => no(http::status(&refusal), http::name(&refusal)),
    };
    answer.2.append(&mut fields);
    Ok(answer)
}

fn no(status: u16, why: &str) -> Answer {
    Answer(status, format!("{why}\n"), Vec::new())
}

impl Asked {
    /// The client is the peer of the connection, whatever the request says.
    fn read(request: &mut tiny_http::Request) -> Result<Self, Answer> {
        let peer = request.remote_addr().ok_or_else(|| no(503, "who is there?"))?.ip();
        let mut body = Vec::new();
        let read = request.as_reader().take(MAX_BODY).read_to_end(&mut body);
        read.map_err(|_| no(400, "the body did not arrive"))?;
        if u64::try_from(body.len()).is_ok_and(|length| length >= MAX_BODY) {
            return Err(no(413, "too long"));
        }
        let header = |name: &'static str| {
            let found = request.headers().iter().find(|header| header.field.equiv(name));
            found.map(|header| header.value.to_string()).unwrap_or_default()
        };
        Ok(Self {
            client: Client::ip(peer),
            agent: Label::new(&header("User-Agent")),
            cookies: header("Cookie"),
            form: form_urlencoded::parse(&body).into_owned().collect(),
        })
    }

    fn field(&self, name: &str) -> Result<&str, Answer> {
        self.form.get(name).map(String::as_str).ok_or_else(|| no(400, &format!("{name} is missing")))
    }

    fn who(&self) -> Result<(Identifier, Password), Answer> {
        let wrong = |why: &dyn std::error::Error| no(400, &why.to_string());
        let identifier = Identifier::parse(self.field("email")?).map_err(|why| wrong(&why))?;
        Ok((identifier, Password::typed(self.field("password")?).map_err(|why| wrong(&why))?))
    }

    /// A cookie that is missing or malformed is told like one that has ended.
    fn ticket<K: TicketKind>(&self, name: &str) -> Result<Ticket<K>, Answer> {
        let mut cookies = self.cookies.split("; ").filter_map(|cookie| cookie.split_once('='));
        let found = cookies.find(|(other, _)| *other == name).and_then(|(_, it)| Ticket::parse(it).ok());
        found.ok_or_else(|| no(401, "invalid_session"))
    }
}

fn cookie(name: &str, value: &str) -> (&'static str, String) {
    ("set-cookie", format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax"))
}

fn gone(name: &str) -> (&'static str, String) {
    ("set-cookie", format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"))
}

/// Queues nothing and waits for nobody: the terminal is near. A message that is suppressed goes the same way, and is dropped.
struct Terminal;
impl Mailer for Terminal {
    fn send(&self, mail: &Envelope) -> Result<(), MailError> {
        if let (false, Some(code)) = (mail.suppressed, &mail.code) {
            println!("to {}: your code is {}", mail.to.as_str(), code.expose());
        }
        Ok(())
    }
}

/// The user table: who has which address. An id is never given to a second account.
#[derive(Default)]
struct Users {
    all: Mutex<HashMap<String, AccountId>>,
    made: AtomicU64,
}

impl Users {
    fn all(&self) -> Result<MutexGuard<'_, HashMap<String, AccountId>>, DirectoryError> {
        self.all.lock().map_err(|_| DirectoryError("a thread panicked while it held the users".into()))
    }
}

impl Directory for Users {
    fn find(&self, who: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        let found = self.all()?.get_key_value(who.as_str()).map(|(key, id)| (key.clone(), id.clone()));
        let address = who.address().clone();
        Ok(found.map(|(identifier, account)| DirectoryEntry {
            identifier,
            account,
            address,
            legacy: None,
            address_proven: true,
        }))
    }

    fn create(&self, new: &NewAccount) -> Result<Created, DirectoryError> {
        let id = AccountId::new(&format!("user-{}", self.made.fetch_add(1, Ordering::Relaxed)))
            .map_err(|why| DirectoryError(why.to_string()))?;
        Ok(Created::Account(self.all()?.entry(new.identifier.as_str().into()).or_insert(id).clone()))
    }

    fn rename(&self, id: &AccountId, from: &Identifier, to: &Identifier) -> Result<Created, DirectoryError> {
        let mut all = self.all()?;
        let owns = |who: &Identifier| all.get(who.as_str()).map(|owner| owner == id);
        match (owns(to), owns(from)) {
            (Some(true), _) => return Ok(Created::Account(id.clone())),
            (None, Some(true)) => {}
            _ => return Ok(Created::Taken),
        }
        all.remove(from.as_str());
        all.insert(to.as_str().into(), id.clone());
        Ok(Created::Account(id.clone()))
    }

    fn release(&self, id: &AccountId) -> Result<(), DirectoryError> {
        self.all()?.retain(|_, owner| owner != id);
        Ok(())
    }
}

/// One request to its answer.
fn serve(desk: &Sentry, mut request: tiny_http::Request) {
    let door = match (request.method(), request.url()) {
        (Method::Get, "/") => {
            let html = Header::from_bytes("content-type", "text/html; charset=utf-8");
            let page = Response::from_string(FORMS);
            let _ = request.respond(html.into_iter().fold(page, Response::with_header));
            return;
        }
        (Method::Post, "/sign-up") => Some(sign_up as fn(&Sentry, &Asked) -> Result<Answer, Answer>),
        (Method::Post, "/verify") => Some(verify as _),
        (Method::Post, "/sign-in") => Some(sign_in as _),
        (Method::Get, "/me") => Some(me as _),
        (Method::Post, "/sign-out") => Some(sign_out as _),
        _ => None,
    };
    let answer = door.ok_or_else(|| no(404, "not found"));
    let answer = answer.and_then(|door| door(desk, &Asked::read(&mut request)?));
    let Answer(status, text, fields) = answer.unwrap_or_else(|no| no);
    let fields = fields.iter().map(|(name, value)| (*name, value.as_str()));
    // What is said may have been typed by somebody: it is text, whatever it looks like.
    let fields = fields.chain([("content-type", "text/plain; charset=utf-8")]);
    let headers = fields.filter_map(|(name, value)| Header::from_bytes(name, value).ok());
    let length = Some(text.len());
    let answer = Response::new(status.into(), headers.collect(), Cursor::new(text), length, None);
    // Who has hung up hears no answer; what was asked is done.
    let _ = request.respond(answer);
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let desk = Sentry {
        machine: Machine::new(
            Settings::recommended().build()?,
            LocatorKey::new(generate_key(&OsEntropy)?.expose())?,
            KeyRing::new(generate_key(&OsEntropy)?.expose(), &[])?,
        ),
        store: Arc::new(SqliteStore::open_in_memory()?),
        directory: Arc::new(Users::default()),
        hasher: Arc::new(Argon2Hasher::recommended()),
        mailer: Arc::new(Terminal),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        audit: Arc::new(NoAudit),
    };
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT])?;
    let server = Server::http(("127.0.0.1", port)).map_err(|why| why.to_string())?;
    println!("listening on http://{}", server.server_addr());
    std::thread::scope(|threads| {
        for _ in 0..WORKERS {
            threads.spawn(|| server.incoming_requests().for_each(|request| serve(&desk, request)));
        }
        signals.forever().next();
        // Each ends when it has answered what it is at.
        (0..WORKERS).for_each(|_| server.unblock());
    });
    Ok(())
}
