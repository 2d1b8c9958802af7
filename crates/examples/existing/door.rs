//! The endpoints, without a framework: what comes in as plain values, what goes out as one of a few answers.

use std::net::IpAddr;

use countersign::factor::OtpauthUri;
use countersign::host::Error;
use countersign::{
    AccountId, ChangeAddress, CheckSession, Client, Code, ConfirmTotp, EndSessions, EnrolTotp, Factor,
    Identifier, Label, Login, OtpSession, Outcome, Password, PasswordSignIn, Progress, Proof, ProveFactor,
    Purpose, Refusal, Request, Session, SetSuspended, SignedIn, Steps, Ticket, Todo, Verdict, Verify, Which,
    http,
};
use rusqlite::{Connection, params};

use crate::Failed;
use crate::directory::row;
use crate::host::App;

// [answer]
/// What an endpoint answers; the framework makes a response of it.
#[derive(Debug)]
pub enum Answer {
    /// Signed in: set this cookie. What is in `first` has to be done before the session is good for anything else.
    In {
        /// The cookie's value.
        session: Ticket<Session>,
        /// The page to show next, if any.
        first: Vec<Todo>,
    },
    /// The password was right: ask for one of these, and send this back with it.
    SecondFactor {
        /// For [`prove`].
        login: Ticket<Login>,
        /// In the order in which to offer them.
        offered: Vec<Factor>,
    },
    /// No. Status, name and wait are the library's.
    No {
        /// Such as 401 or 429.
        status: u16,
        /// Such as `invalid_credentials`.
        name: &'static str,
        /// For `Retry-After`.
        retry_after: Option<u64>,
    },
}
// [/answer]

/// A no that the library was not asked for.
const fn no(status: u16, name: &'static str) -> Answer {
    Answer::No { status, name, retry_after: None }
}

fn refused(refusal: &Refusal) -> Answer {
    let (status, name) = (http::status(refusal), http::name(refusal));
    Answer::No { status, name, retry_after: http::retry_after(refusal) }
}

/// What was granted, or the answer that says no. A failure of the host's is never a yes.
fn granted<T>(outcome: Result<Outcome<T>, Error>) -> Result<T, Answer> {
    match outcome.map_err(|_| no(503, "unavailable"))?.verdict {
        Verdict::Granted(granted) => Ok(granted),
        Verdict::Refused(refusal) => Err(refused(&refusal)),
    }
}

fn ask<R: Request>(app: &App, request: R) -> Result<R::Output, Answer> {
    granted(app.desk.run(request))
}

// [sign-in]
/// The new door. An address that is none, or a password of more than a kilobyte, is nobody's.
pub fn sign_in(app: &App, from: IpAddr, email: &str, password: &str) -> Answer {
    let (Ok(identifier), Ok(password)) = (Identifier::parse(email), Password::typed(password)) else {
        return no(400, "malformed");
    };
    let request = PasswordSignIn {
        client: Client::ip(from),
        identifier,
        password,
        steps: Steps::Stepwise,
        label: Label::default(),
        locale: None,
        device: None,
    };
    ask(app, request).map_or_else(|no| no, progressed)
}

fn progressed(progress: Progress) -> Answer {
    match progress {
        Progress::SignedIn(it) => entered(&it),
        Progress::SecondFactor(it) => match it.login {
            Some(login) => Answer::SecondFactor { login, offered: it.offered },
            None => no(503, "unavailable"),
        },
    }
}

fn entered(it: &SignedIn) -> Answer {
    Answer::In { session: it.session().clone(), first: it.required().to_vec() }
}
// [/sign-in]

// [whose]
/// Who asks: in front of every page that is for the signed-in.
///
/// # Errors
/// The answer, if it is nobody.
pub fn whose(app: &App, from: IpAddr, cookie: &str) -> Result<AccountId, Answer> {
    let session = Ticket::parse(cookie).map_err(|_| refused(&Refusal::InvalidSession))?;
    let session = ask(app, CheckSession { client: Client::ip(from), session })?;
    // The application's own word, for the moment in which somebody is shut out while he signs in.
    let active = "SELECT NOT disabled FROM users WHERE id = ?1";
    let id = row(&session.account).map_err(|_| no(503, "unavailable"))?;
    let db = app.users.db().map_err(|_| no(503, "unavailable"))?;
    match db.query_row(active, [id], |row| row.get(0)) {
        Ok(true) => Ok(session.account),
        Ok(false) => Err(refused(&Refusal::InvalidSession)),
        Err(_) => Err(no(503, "unavailable")),
    }
}
// [/whose]

/// Signs out.
///
/// # Errors
/// The answer, if nobody was signed in.
pub fn sign_out(app: &App, from: IpAddr, session: Ticket<Session>) -> Result<(), Answer> {
    ask(app, EndSessions { client: Client::ip(from), session, which: Which::This }).map(drop)
}

// [old-sessions]
/// Ends what the old door let in: nothing that is changed at the new one would end it. Everybody signs in once more.
///
/// # Errors
/// The database's.
pub fn end_old_sessions(db: &Connection) -> Result<usize, Failed> {
    Ok(db.execute("DELETE FROM sessions", [])?)
}
// [/old-sessions]

// [address]
/// Mails a code to the address that the account has and nobody proved; the page that [`Todo::VerifyAddress`] asks for.
///
/// # Errors
/// The answer that says no.
pub fn prove_address(
    app: &App,
    from: IpAddr,
    session: Ticket<Session>,
    email: &str,
) -> Result<Ticket<OtpSession>, Answer> {
    let to = Identifier::parse(email).map_err(|_| no(400, "malformed"))?;
    let request = ChangeAddress { client: Client::ip(from), session, password: None, to, locale: None };
    ask(app, request).map(|started| started.session)
}

/// Takes the code.
///
/// # Errors
/// The answer that says no.
pub fn address_proven(
    app: &App,
    from: IpAddr,
    session: Ticket<OtpSession>,
    code: &str,
) -> Result<(), Answer> {
    let (client, purpose, code) = (Client::ip(from), Purpose::ChangeAddress, Code::typed(code));
    ask(app, Verify { client, purpose, session, code, identifier: None, enter: None }).map(drop)
}
// [/address]

// [factor]
/// Begins with an authenticator app: what it scans, as a square.
///
/// # Errors
/// The answer that says no.
pub fn enrol(app: &App, from: IpAddr, session: Ticket<Session>, password: &str) -> Result<String, Answer> {
    let password = Password::typed(password).map_err(|_| no(400, "malformed"))?;
    let enrolment = ask(app, EnrolTotp { client: Client::ip(from), session, password })?;
    let uri = OtpauthUri::totp("Example", enrolment.identifier.as_str(), &enrolment.secret, enrolment.params);
    uri.map(|uri| uri.expose().to_owned()).map_err(|_| no(503, "unavailable"))
}

/// A code of the app turns it on. The codes for the drawer, shown this once.
///
/// # Errors
/// The answer that says no.
pub fn confirm(app: &App, from: IpAddr, session: Ticket<Session>, code: &str) -> Result<Vec<String>, Answer> {
    let request = ConfirmTotp { client: Client::ip(from), session, code: Code::typed(code) };
    ask(app, request).map(|issued| issued.codes.iter().map(|code| code.expose().to_owned()).collect())
}

/// The second page of the sign-in.
pub fn prove(app: &App, from: IpAddr, login: Ticket<Login>, code: &str) -> Answer {
    let proof = Proof::Totp(Code::typed(code));
    let request = ProveFactor { client: Client::ip(from), login, proof, label: Label::default() };
    ask(app, request).map_or_else(|no| no, |it| entered(&it))
}
// [/factor]

// [disable]
/// Shuts somebody out, or lets him in again: the column first, which holds for whoever has no record yet; then the record, which
/// ends his sessions.
///
/// # Errors
/// Of either. Then it is to be done again.
pub fn disable(app: &App, account: &AccountId, disabled: bool) -> Result<(), Failed> {
    let set = "UPDATE users SET disabled = ?2 WHERE id = ?1";
    app.users.db()?.execute(set, params![row(account)?, disabled])?;
    match app.desk.run(SetSuspended { account: account.clone(), suspended: disabled })?.verdict {
        // No record: he never signed in here.
        Verdict::Granted(_) | Verdict::Refused(Refusal::InvalidSession) => Ok(()),
        Verdict::Refused(other) => Err(format!("not set: {other:?}").into()),
    }
}
// [/disable]
