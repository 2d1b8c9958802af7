//! The endpoints for anybody: signing up, and signing in with a password, a second factor or a mailed link.

use axum::extract::State;
use countersign::factor::{RecoveryCode, Regenerate};
use countersign::{
    Device, Factor, OtpSession, Password, PasswordSignIn, Progress, Proof, Proofs, ProveFactor, Purpose,
    RedeemSignIn, ResendSignUp, SecondFactor, SignIn, SignUp, SignedIn, Started, Steps, Ticket, Verify,
};
use serde_json::{Value, json};

use super::answer::{Fields, No, Yes, factors};
use super::form::{Field, Form, both};
use super::with_person;
use crate::http::App;
use crate::http::answer::Failure;
use crate::http::caller::{Agent, Caller};

type Answer = Result<Yes, No>;

/// `POST /v1/create-account`
///
/// The address in the answer is the one that was asked for: who sent it needs it for the next request.
pub(super) async fn create_account(State(app): State<App>, Caller(client): Caller, form: Form) -> Answer {
    let ((identifier, password), (profile, locale)) =
        both(both(form.email(), form.password()), form.profile())?;
    let email = identifier.as_str().to_owned();
    let (started, told) =
        app.put(SignUp { client, identifier, password, profile, locale }, Fields::STRANGER).await?;
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
    let (verified, told) = app.put(question, Fields::STRANGER).await?;
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
    let (started, told) = app.put(question, Fields::STRANGER).await?;
    Ok(Yes::new("A code was sent to your e-mail address.", session_of(&started), told))
}

/// `POST /v1/login`: the password alone, and what else is asked for.
pub(super) async fn login(
    State(app): State<App>,
    Caller(client): Caller,
    Agent(label): Agent,
    form: Form,
) -> Answer {
    let ((identifier, password), device) = both(both(form.email(), form.password()), form.device())?;
    let steps = Steps::AtOnce(Proofs::default());
    let question = PasswordSignIn { client, identifier, password, steps, label, locale: None, device };
    let (progress, told) = app.put(question, Fields::STRANGER).await?;
    let (message, data) = so_far(&app, &progress).await?;
    let device = match &progress {
        Progress::SignedIn(signed_in) => signed_in.device(),
        Progress::SecondFactor(missing) => missing.device.as_ref(),
    };
    Ok(Yes::new(message, with_device(data, device), told))
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
    let ((identifier, password), (proofs, device)) =
        both(both(form.email(), form.password()), both(proofs(&form), form.device()))?;
    let steps = Steps::AtOnce(proofs);
    let question = PasswordSignIn { client, identifier, password, steps, label, locale: None, device };
    match app.put(question, Fields::STRANGER).await? {
        (Progress::SignedIn(signed_in), told) => {
            let data = with_device(signed_in_as(&app, &signed_in).await?, signed_in.device());
            Ok(Yes::new("Signed in.", data, told).with_errors())
        }
        (Progress::SecondFactor(missing), told) => {
            Err(ask_for(&missing).told(told).with_device(missing.device.as_ref()))
        }
    }
}

/// With the next ticket of a device, where a good one was shown: that one is worth nothing from now on.
fn with_device(mut data: Value, device: Option<&Ticket<Device>>) -> Value {
    if let (Some(device), Value::Object(data)) = (device, &mut data) {
        data.insert("device_token".into(), json!(device.expose()));
    }
    data
}

/// What came with the password: `token` is the mailed code; `code` is that of the authenticator app or, with `is_recovery`, one
/// from the drawer.
pub(super) fn proofs(form: &Form) -> Field<Proofs> {
    let ((mailed_code, code), recovery) =
        both(both(form.optional_code("token"), form.optional("code")), form.is_recovery())?;
    let recovery_code = code.filter(|_| recovery).map(RecoveryCode::typed);
    let totp = if recovery { None } else { form.optional_code("code")? };
    Ok(Proofs { totp, mailed_code, recovery_code })
}

/// The one of them that is shown where one is asked for.
pub(super) fn one(proofs: Proofs, password: Option<Password>) -> Option<Proof> {
    let Proofs { totp, mailed_code, recovery_code } = proofs;
    (recovery_code.map(Proof::RecoveryCode))
        .or(totp.map(Proof::Totp))
        .or(mailed_code.map(Proof::MailedCode))
        .or(password.map(Proof::Password))
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
    let (started, told) = app.put(SignIn { client, identifier, locale }, Fields::STRANGER).await?;
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
        let (verified, told) = app.put(question, Fields::STRANGER).await?;
        (verified.progress, told)
    } else {
        let question = RedeemSignIn { client, link: form.ticket("link")?, label };
        let (progress, told) = app.put(question, Fields::STRANGER.led_by("link")).await?;
        (Some(progress), told)
    };
    let progress = progress.ok_or_else(|| No::field("code", "Nobody was signed in."))?;
    let (message, mut data) = so_far(&app, &progress).await?;
    if let Progress::SecondFactor(SecondFactor { login, offered, .. }) = &progress
        && let Value::Object(data) = &mut data
    {
        data.insert("login".into(), json!(login.as_ref().map(Ticket::expose)));
        data.insert("offered".into(), json!(factors(offered)));
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
    let proof = one(proofs, password).ok_or_else(|| No::from(Failure::invalid("code", "is required")))?;
    let fields = Fields::STRANGER.led_by("login");
    let (signed_in, told) = app.put(ProveFactor { client, login, proof, label }, fields).await?;
    Ok(Yes::new("Signed in.", signed_in_as(&app, &signed_in).await?, told))
}
