//! A whole host on actix-web: sign up by mailed code, sign in, a page for whoever is signed in, sign out.
//! `cargo run -p countersign-examples --example actix [port]`
//!
//! The core knows nothing of the framework: each handler makes one request of what came in, and one answer of its outcome. Store
//! and users are in memory and the keys are new with each start; mail goes to the terminal. Put a proxy in front, which sees to TLS;
//! the client is then whom it names, and not the peer.
#![expect(clippy::disallowed_methods, reason = "a host reads its arguments")]
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::error::{ErrorBadRequest, ErrorServiceUnavailable};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{StatusCode, header};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, get, post, rt, web};
use countersign::host::{
    AsyncSentry, Created, Directory, DirectoryEntry, DirectoryError, MailError, Mailer, NewAccount, NoAudit,
    OsEntropy, SystemClock, generate_key,
};
use countersign::{
    AccountId, CheckSession, Client, Code, EndSessions, Envelope, Identifier, KeyRing, Label, LocatorKey,
    Machine, Outcome, Password, PasswordSignIn, Profile, Progress, Proofs, Purpose, Request, Settings,
    SignUp, Steps, Ticket, TicketKind, Verdict, Verify, Which, http,
};
use countersign_argon2::Argon2Hasher;
use countersign_sqlite::SqliteStore;
use countersign_tokio::{BoundedHasher, OffloadedDirectory, OffloadedStore};

type Desk = AsyncSentry<OffloadedStore, OffloadedDirectory, BoundedHasher>;
type Fields = web::Form<HashMap<String, String>>;

/// `__Host-`: browsers take it over TLS alone (or from this machine), and from this host alone.
const SESSION: &str = "__Host-session";
const SIGN_UP: &str = "__Host-sign-up";

const FORMS: &str = r#"<!doctype html><title>countersign</title>
<form method=post action=/sign-up><input name=email placeholder=e-mail> <input name=password type=password> <button>Sign up</button></form>
<form method=post action=/verify><input name=code placeholder="mailed code"> <button>Verify</button></form>
<form method=post action=/sign-in><input name=email placeholder=e-mail> <input name=password type=password> <button>Sign in</button></form>
<form method=post action=/sign-out><button>Sign out</button></form> <a href=/me>Who am I?</a>"#;

#[get("/")]
async fn index() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(FORMS)
}

#[post("/sign-up")]
async fn sign_up(desk: web::Data<Desk>, asked: HttpRequest, fields: Fields) -> Result<HttpResponse, Error> {
    let (identifier, password) = who(&fields)?;
    let request =
        SignUp { client: client(&asked)?, identifier, password, profile: Profile::default(), locale: None };
    answer(ask(desk, request).await?, |started| {
        let cookie = cookie(SIGN_UP, started.session.expose());
        HttpResponse::Ok().cookie(cookie).body(format!("a code was sent to {}\n", started.sent_to))
    })
}

#[post("/verify")]
async fn verify(desk: web::Data<Desk>, asked: HttpRequest, fields: Fields) -> Result<HttpResponse, Error> {
    let request = Verify {
        client: client(&asked)?,
        purpose: Purpose::SignUp,
        session: ticket(&asked, SIGN_UP)?,
        code: Code::typed(field(&fields, "code")?),
        identifier: None,
        enter: None,
    };
    answer(ask(desk, request).await?, |_| {
        HttpResponse::Ok().cookie(gone(SIGN_UP)).body("verified; now sign in\n")
    })
}

#[post("/sign-in")]
async fn sign_in(desk: web::Data<Desk>, asked: HttpRequest, fields: Fields) -> Result<HttpResponse, Error> {
    let (identifier, password) = who(&fields)?;
    let agent = asked.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let request = PasswordSignIn {
        client: client(&asked)?,
        identifier,
        password,
        steps: Steps::AtOnce(Proofs::default()),
        label: Label::new(agent.unwrap_or_default()),
        locale: None,
        device: None,
    };
    answer(ask(desk, request).await?, |progress| match progress {
        Progress::SignedIn(it) => {
            HttpResponse::Ok().cookie(cookie(SESSION, it.session().expose())).body("signed in\n")
        }
        // No page here turns a second factor on; with one that does, this is where it is asked for.
        Progress::SecondFactor(_) => HttpResponse::Forbidden().body("a second factor is missing\n"),
    })
}

#[get("/me")]
async fn me(desk: web::Data<Desk>, asked: HttpRequest) -> Result<HttpResponse, Error> {
    let request = CheckSession { client: client(&asked)?, session: ticket(&asked, SESSION)? };
    answer(ask(desk, request).await?, |session| {
        HttpResponse::Ok().body(format!("{} is {}\n", session.account.as_str(), session.address.as_str()))
    })
}

#[post("/sign-out")]
async fn sign_out(desk: web::Data<Desk>, asked: HttpRequest) -> Result<HttpResponse, Error> {
    let session = ticket(&asked, SESSION)?;
    let request = EndSessions { client: client(&asked)?, session, which: Which::This };
    answer(ask(desk, request).await?, |_| HttpResponse::Ok().cookie(gone(SESSION)).body("signed out\n"))
}

/// Runs a request in a task of its own, which comes to its end also if the client hangs up. A failure of the host is never a yes.
async fn ask<R: Request + 'static>(desk: web::Data<Desk>, request: R) -> Result<Outcome<R::Output>, Error> {
    let outcome = rt::spawn(async move { desk.run(request).await }).await;
    outcome.ok().and_then(Result::ok).ok_or_else(|| ErrorServiceUnavailable("try again later\n"))
}

/// What was decided, as an answer: status, name of the refusal, `Retry-After` and the other fields are the library's.
fn answer<T>(outcome: Outcome<T>, yes: impl FnOnce(T) -> HttpResponse) -> Result<HttpResponse, Error> {
    let fields = http::headers(&outcome);
    let mut answer = match outcome.verdict {
        Verdict::Granted(granted) => yes(granted),
        Verdict::Refused(refusal) => {
            let status = StatusCode::from_u16(http::status(&refusal)).map_err(ErrorServiceUnavailable)?;
            HttpResponse::build(status).body(format!("{}\n", http::name(&refusal)))
        }
    };
    // What is said may have been typed by somebody: it is text, whatever it looks like.
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, text);
    // Of a no, the library says so itself.
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in fields {
        let value = HeaderValue::try_from(value).map_err(ErrorServiceUnavailable)?;
        answer.headers_mut().insert(HeaderName::from_static(name), value);
    }
    Ok(answer)
}

/// Of the connection itself, not of what the client says.
fn client(asked: &HttpRequest) -> Result<Client, Error> {
    let peer = asked.peer_addr().ok_or_else(|| ErrorServiceUnavailable("who is there?\n"))?;
    Ok(Client::ip(peer.ip()))
}

/// A cookie that is missing or malformed is told like one that has ended.
fn ticket<K: TicketKind>(asked: &HttpRequest, name: &str) -> Result<Ticket<K>, Error> {
    let ticket = asked.cookie(name).and_then(|cookie| Ticket::parse(cookie.value()).ok());
    ticket.ok_or_else(|| actix_web::error::ErrorUnauthorized("invalid_session\n"))
}

fn cookie(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value).path("/").secure(true).http_only(true).same_site(SameSite::Lax).finish()
}

fn gone(name: &'static str) -> Cookie<'static> {
    let mut cookie = cookie(name, String::new());
    cookie.set_max_age(time::Duration::ZERO);
    cookie
}

fn who(fields: &Fields) -> Result<(Identifier, Password), Error> {
    let identifier = Identifier::parse(field(fields, "email")?).map_err(ErrorBadRequest)?;
    Ok((identifier, Password::typed(field(fields, "password")?).map_err(ErrorBadRequest)?))
}

fn field<'a>(fields: &'a Fields, name: &'static str) -> Result<&'a str, Error> {
    fields.get(name).map(String::as_str).ok_or_else(|| ErrorBadRequest(format!("{name} is missing\n")))
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

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let desk = web::Data::new(Desk {
        machine: Machine::new(
            Settings::recommended().build()?,
            LocatorKey::new(generate_key(&OsEntropy)?.expose())?,
            KeyRing::new(generate_key(&OsEntropy)?.expose(), &[])?,
        ),
        store: OffloadedStore::new(Arc::new(SqliteStore::open_in_memory()?)),
        directory: OffloadedDirectory::new(Arc::new(Users::default())),
        hasher: BoundedHasher::new(Argon2Hasher::recommended()),
        mailer: Arc::new(Terminal),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        audit: Arc::new(NoAudit),
    });
    let app = move || {
        let app = App::new().app_data(web::Data::clone(&desk)).service(index).service(sign_up);
        app.service(verify).service(sign_in).service(me).service(sign_out)
    };
    // Ends by SIGTERM and by SIGINT, when the requests that have begun are done.
    let server = HttpServer::new(app).workers(2).shutdown_timeout(5).bind(("127.0.0.1", port))?;
    server.addrs().iter().for_each(|address| println!("listening on http://{address}"));
    Ok(server.run().await?)
}
