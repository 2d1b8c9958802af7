//! An axum application with pages of its own, and people who sign in. `cargo run -p countersign-axum --example app`, then open
//! <http://localhost:3000>. Accounts live as long as the process; mail is printed.
use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::{FromRef, State};
use axum::response::Html;
use axum::routing::{get, post};
use axum::{Json, Router};
use countersign::host::{
    AsyncSentry, Created, Directory, DirectoryEntry, DirectoryError, MailError, Mailer, MemoryStore,
    NewAccount, NoAudit, OsEntropy, SystemClock, generate_key,
};
use countersign::{AccountId, Envelope, Identifier, KeyRing, LocatorKey, Machine, Settings};
use countersign_argon2::Argon2Hasher;
use countersign_axum::{Auth, Config, Cookies, CurrentSession, OffloadedPeople, Person};
use countersign_tokio::{BoundedHasher, OffloadedDirectory, OffloadedStore};
use serde_json::{Value, json};

/// What handlers have at hand: the application's own, and who is who.
#[derive(Clone)]
pub(crate) struct App {
    auth: Auth,
    /// Amounts paid, by account.
    paid: Arc<Mutex<HashMap<AccountId, u32>>>,
}

impl FromRef<App> for Auth {
    fn from_ref(app: &App) -> Self {
        app.auth.clone()
    }
}

/// For everybody; whoever is signed in is known.
async fn front(session: Option<CurrentSession>) -> Html<String> {
    let who = session.map_or("nobody".into(), |session| session.account().as_str().to_owned());
    Html(PAGE.replace("{{who}}", &who))
}

/// For people who are signed in.
async fn account(session: CurrentSession, State(app): State<App>) -> Json<Value> {
    let paid = app.paid.lock().ok().and_then(|paid| paid.get(session.account()).copied());
    Json(json!({ "account": session.account().as_str(), "amr": session.amr(), "paid": paid.unwrap_or(0) }))
}

/// For people who have proven a short time ago who they are: see where it is routed.
async fn pay(session: CurrentSession, State(app): State<App>) -> Json<Value> {
    if let Ok(mut paid) = app.paid.lock() {
        let sum = paid.entry(session.account().clone()).or_default();
        *sum = sum.saturating_add(10);
    }
    Json(json!({ "paid": 10 }))
}

/// The whole of it.
pub(crate) fn router(auth: Auth) -> Router {
    let money = Router::new().route("/pay", post(pay)).route_layer(auth.require_fresh());
    Router::new()
        .route("/", get(front))
        .route("/account", get(account))
        .merge(money)
        .nest("/v1", auth.routes())
        .with_state(App { auth, paid: Arc::default() })
}

/// Your user table: here by identifier, in memory. An id is never given to a second account.
#[derive(Default)]
pub(crate) struct Users {
    all: Mutex<HashMap<String, AccountId>>,
    made: AtomicU64,
}

impl Users {
    fn table(&self) -> Result<std::sync::MutexGuard<'_, HashMap<String, AccountId>>, DirectoryError> {
        self.all.lock().map_err(|_| DirectoryError("poisoned".into()))
    }
    pub(crate) fn person(&self, account: &AccountId) -> Result<Option<Person>, DirectoryError> {
        let table = self.table()?;
        let found = table.iter().find(|(_, id)| *id == account);
        Ok(found.map(|(identifier, _)| Person { identifier: identifier.clone(), name: None, language: None }))
    }
}

impl Directory for Users {
    fn find(&self, who: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        let found = self.table()?.get_key_value(who.as_str()).map(|(key, id)| (key.clone(), id.clone()));
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
        Ok(Created::Account(self.table()?.entry(new.identifier.as_str().into()).or_insert(id).clone()))
    }
    fn rename(
        &self,
        account: &AccountId,
        from: &Identifier,
        to: &Identifier,
    ) -> Result<Created, DirectoryError> {
        let mut table = self.table()?;
        let owns = |who: &Identifier| table.get(who.as_str()).map(|owner| owner == account);
        match (owns(to), owns(from)) {
            (Some(true), _) => return Ok(Created::Account(account.clone())),
            (None, Some(true)) => {}
            _ => return Ok(Created::Taken),
        }
        table.remove(from.as_str());
        table.insert(to.as_str().into(), account.clone());
        Ok(Created::Account(account.clone()))
    }
    fn release(&self, account: &AccountId) -> Result<(), DirectoryError> {
        self.table()?.retain(|_, owner| owner != account);
        Ok(())
    }
}

/// Your mailer: queue the message and return.
struct Terminal;
impl Mailer for Terminal {
    fn send(&self, mail: &Envelope) -> Result<(), MailError> {
        if let (false, Some(code)) = (mail.suppressed, &mail.code) {
            println!("to {}: your code is {}", mail.to.as_str(), code.expose());
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Yours are made once and read from where you keep them.
    let (locator, ring) = (generate_key(&OsEntropy)?, generate_key(&OsEntropy)?);
    let (policy, users) = (Settings::recommended().build()?, Arc::new(Users::default()));
    let sentry = AsyncSentry {
        machine: Machine::new(policy, LocatorKey::new(locator.expose())?, KeyRing::new(ring.expose(), &[])?),
        store: OffloadedStore::new(Arc::new(MemoryStore::new())),
        directory: OffloadedDirectory::new(Arc::clone(&users) as _),
        hasher: BoundedHasher::new(Argon2Hasher::recommended()),
        mailer: Arc::new(Terminal),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        audit: Arc::new(NoAudit),
    };
    let people = OffloadedPeople::new(move |account| users.person(account));
    let config = Config::new().issuer("Example").cookies(Cookies::of("http://localhost:3000")?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://localhost:3000");
    let app = router(Auth::new(sentry, people, config));
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

/// The page: it sends JSON to the endpoints, and never sees a ticket. After signing up, it asks for the mailed code.
const PAGE: &str = r#"<!doctype html><meta charset=utf-8><title>Example</title><p>Signed in: {{who}}</p>
<form><input name=email placeholder=E-mail><input name=password type=password placeholder=Password></form>
<button id=up>Sign up</button> <button id=in>Sign in</button> <button id=pay>Pay</button><pre id=said></pre><script>
const ask = async (path, body) => {
  const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  const json = await answer.json();
  document.getElementById('said').textContent = JSON.stringify(json);
  return answer.ok && json.data;
};
const typed = () => Object.fromEntries(new FormData(document.forms[0]));
document.getElementById('up').onclick = async () => {
  const { session_id, email } = await ask('/v1/create-account', typed());
  await ask('/v1/verify-email-otp', { email, session_id, code: prompt('Code') }) && location.reload();
};
document.getElementById('in').onclick = async () => await ask('/v1/authenticate', typed()) && location.reload();
document.getElementById('pay').onclick = () => ask('/pay', {});
</script>"#;
