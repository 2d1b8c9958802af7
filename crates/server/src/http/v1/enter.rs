//! The endpoints for anybody: signing up, and signing in with a password, a second factor or a mailed link.

use axum::extract::State;
use countersign::factor::{RecoveryCode, Regenerate};
use countersign::{
    Factor, OtpSession, PasswordSignIn, Progress, Proof, Proofs, ProveFactor, Purpose, RedeemSignIn,
    ResendSignUp, SecondFactor, SignIn, SignUp, SignedIn, Started, Steps, Verify,
};
use serde_json::{Value, json};

use super::answer::{Fields, No, Yes};
use super::form::{Field, Form, both};
use super::with_person;
use crate::http::App;
use crate::http::answer::Failure;
use crate::http::caller::{Agent, Caller};

/// Refusals at a stranger's door.
const STRANGER: Fields = Fields { handle: Some("code"), credentials: "email", factor: "code" };

type Answer = Result<Yes, No>;

/// `POST /v1/create-account`
///
/// The address in the answer is the one that was asked for: who sent it needs it for the next request.
pub(super) async fn create_account(State(app): State<App>, Caller(client): Caller, form: Form) -> Answer {
    let ((identifier, password), (profile, locale)) =
        both(both(form.email(), form.password()), form.profile())?;
    let email = identifier.as_str().to_owned();
    let (started, told) = app.put(SignUp { client, identifier, password, profile, locale }, STRANGER).await?;
    let data = json!({ "email": email, "session_id": started.session.expose() });
    Ok(Yes::new("A code was sent to your e-mail address.", data, told))
}

/// `POST /v1/verify-email-otp`
pub(super) async fn verify_email_otp(
    State(app): State<App>,
    Caller(client): Caller,
    Agent(label): Agent,
    form: Form,
) -> Answer {
    let ((identifier, session), code) =
        both(both(form.email(), form.ticket("session_id")), form.code("code"))?;
    let (identifier, enter) = (Some(identifier), Some(label));
    let question = Verify { client, purpose: Purpose::SignUp, session, code, identifier, enter };
    let (verified, told) = app.put(question, STRANGER).await?;
    let token = verified.progress.and_then(Progress::signed_in).map(|signed_in| signed_in.session().expose());
    let data = with_person(json!({ "token": token }), app.person(&verified.account).await?);
    Ok(Yes::new("Your e-mail address is verified.", data, told))
}

/// The session of a code that was mailed.
fn session_of(started: &Started) -> Value {
    json!({ "session_id": started.session.expose() })
}

/// `POST /v1/resend-email-otp`
pub(super) async fn resend_email_otp(State(app): State<App>, Caller(client): Caller, form: Form) -> Answer {
    let ((identifier, password), session) =
        both(both(form.email(), form.password()), form.session_id::<OtpSession>())?;
    let question = ResendSignUp { client, identifier, password, session };
    let (started, told) = app.put(question, STRANGER).await?;
    Ok(Yes::new("A code was sent to your e-mail address.", session_of(&started), told))
}

/// `POST /v1/login`: the password alone, and what else is asked for.
pub(super) async fn login(
    State(app): State<App>,
    Caller(client): Caller,
    Agent(label): Agent,
    form: Form,
) -> Answer {
    let (identifier, password) = both(form.email(), form.password())?;
    let steps = Steps::AtOnce(Proofs::default());
    let question = PasswordSignIn { client, identifier, password, steps, label, locale: None, device: None };
    let (progress, told) = app.put(question, STRANGER).await?;
    let (message, data) = so_far(&app, &progress).await?;
    Ok(Yes::new(message, data, told))
}

/// How far a sign-in came, in the fields of `/v1/login`.
async fn so_far(app: &App, progress: &Progress) -> Result<(&'static str, Value), No> {
    let (message, account, token, mailed) = match progress {
        Progress::SignedIn(signed_in) => {
            ("Signed in.", signed_in.account(), Some(signed_in.session().expose()), false)
        }
        Progress::SecondFactor(missing) => {
            ("A second factor is needed.", &missing.account, None, asks_for(missing) == Factor::MailedCode)
        }
    };
    let flags = json!({ "token": token, "has2Fa": token.is_none(), "enable_email_login_token": mailed });
    Ok((message, with_person(flags, app.person(account).await?)))
}

/// What an account asks for: the first of what it offers.
fn asks_for(missing: &SecondFactor) -> Factor {
    missing.offered.first().copied().unwrap_or(Factor::Totp)
}

/// `POST /v1/authenticate`: the password and the second factor in one request.
pub(super) async fn authenticate(
    State(app): State<App>,
    Caller(client): Caller,
    Agent(label): Agent,
    form: Form,
) -> Answer {
    let ((identifier, password), proofs) = both(both(form.email(), form.password()), proofs(&form))?;
    let steps = Steps::AtOnce(proofs);
    let question = PasswordSignIn { client, identifier, password, steps, label, locale: None, device: None };
    match app.put(question, STRANGER).await? {
        (Progress::SignedIn(signed_in), told) => {
            let data = signed_in_as(&app, &signed_in).await?;
            Ok(Yes::new("Signed in.", data, told).with_errors())
        }
        (Progress::SecondFactor(missing), told) => Err(ask_for(&missing).told(told)),
    }
}

/// What came with the password: `token` is the mailed code; `code` is that of the authenticator app or, with `is_recovery`, one
/// from the drawer.
fn proofs(form: &Form) -> Field<Proofs> {
    let ((mailed_code, code), recovery) =
        both(both(form.optional_code("token"), form.optional("code")), form.is_recovery())?;
    let recovery_code = code.filter(|_| recovery).map(RecoveryCode::typed);
    let totp = if recovery { None } else { form.optional_code("code")? };
    Ok(Proofs { totp, mailed_code, recovery_code })
}

/// The second factor is missing: the field it would be in.
fn ask_for(missing: &SecondFactor) -> No {
    match asks_for(missing) {
        Factor::MailedCode if missing.mailed => {
            No::field("token", "A code was sent to your e-mail address; please enter it.")
        }
        Factor::MailedCode => {
            No::field("token", "Please enter the code that was sent to your e-mail address.")
        }
        Factor::Password => No::field("password", "Please enter your password."),
        _ => No::field("code", "Please enter the code of your authenticator app, or a recovery code."),
    }
}

/// Somebody who is signed in, in the fields of `/v1/authenticate`.
async fn signed_in_as(app: &App, signed_in: &SignedIn) -> Result<Value, No> {
    let regenerate = signed_in.regenerate();
    let left = signed_in.recovery_codes_left().unwrap_or_default();
    let warning = match regenerate {
        Regenerate::None => String::new(),
        Regenerate::Advised if left == 1 => "Only 1 recovery code is left.".into(),
        Regenerate::Advised => format!("Only {left} recovery codes are left."),
        Regenerate::Required if left == 0 => "No recovery codes are left. Please make new ones.".into(),
        Regenerate::Required => format!("Only {left} recovery codes are left. Please make new ones."),
    };
    let data = json!({
        "needs_code__regeneration": regenerate == Regenerate::Required,
        "warn_message": warning,
        "token": signed_in.session().expose(),
    });
    Ok(with_person(data, app.person(signed_in.account()).await?))
}

/// `POST /v1/magic-link`: mails a link and a code, if the address has an account; the answer is the same if not.
pub(super) async fn magic_link(State(app): State<App>, Caller(client): Caller, form: Form) -> Answer {
    let (identifier, locale) = both(form.email(), form.language())?;
    let (started, told) = app.put(SignIn { client, identifier, locale }, STRANGER).await?;
    Ok(Yes::new("If there is an account, a link was sent to its address.", session_of(&started), told))
}

/// `POST /v1/magic-link/redeem`: by `link`, or by `session_id` and `code`.
pub(super) async fn redeem_magic_link(
    State(app): State<App>,
    Caller(client): Caller,
    Agent(label): Agent,
    form: Form,
) -> Answer {
    let (progress, told) = if form.optional("session_id")?.is_some() {
        let (session, code) = both(form.ticket("session_id"), form.code("code"))?;
        let (purpose, enter) = (Purpose::SignIn, Some(label));
        let question = Verify { client, purpose, session, code, identifier: None, enter };
        let (verified, told) = app.put(question, STRANGER).await?;
        (verified.progress, told)
    } else {
        let question = RedeemSignIn { client, link: form.ticket("link")?, label };
        let (progress, told) = app.put(question, Fields { handle: Some("link"), ..STRANGER }).await?;
        (Some(progress), told)
    };
    let progress = progress.ok_or_else(|| No::field("code", "Nobody was signed in."))?;
    let (message, mut data) = so_far(&app, &progress).await?;
    if let Progress::SecondFactor(SecondFactor { login, offered, .. }) = &progress
        && let Value::Object(data) = &mut data
    {
        let offered: Vec<_> = offered.iter().map(|factor| factor.name()).collect();
        data.insert("login".into(), json!(login.as_ref().map(countersign::Ticket::expose)));
        data.insert("offered".into(), json!(offered));
    }
    Ok(Yes::new(message, data, told))
}

/// `POST /v1/two-factor/prove`: completes what a link or a mailed code began.
pub(super) async fn prove(
    State(app): State<App>,
    Caller(client): Caller,
    Agent(label): Agent,
    form: Form,
) -> Answer {
    let (login, (proofs, password)) =
        both(form.ticket("login"), both(proofs(&form), form.optional_password()))?;
    let Proofs { totp, mailed_code, recovery_code } = proofs;
    let proof = (recovery_code.map(Proof::RecoveryCode))
        .or(totp.map(Proof::Totp))
        .or(mailed_code.map(Proof::MailedCode))
        .or(password.map(Proof::Password))
        .ok_or_else(|| No::from(Failure::invalid("code", "is required")))?;
    let fields = Fields { handle: Some("login"), ..STRANGER };
    let (signed_in, told) = app.put(ProveFactor { client, login, proof, label }, fields).await?;
    Ok(Yes::new("Signed in.", signed_in_as(&app, &signed_in).await?, told))
}
