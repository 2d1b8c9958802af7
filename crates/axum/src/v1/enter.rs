//! The endpoints for anybody: signing up, and signing in with a password, a second factor or a mailed link.

use axum::extract::State;
use countersign::factor::{RecoveryCode, Regenerate};
use countersign::{
    Device, Factor, Operation, OtpSession, Password, PasswordSignIn, Progress, Proof, Proofs, ProveFactor,
    Purpose, RedeemSignIn, ResendSignUp, SecondFactor, SignIn, SignUp, SignedIn, Started, Steps, Ticket,
    Verify,
};
use serde_json::{Value, json};

use super::answer::{Fields, No, Yes, factors};
use super::form::{Field, Form, Trusted, both};
use super::with_person;
use crate::Auth;
use crate::answer::Failure;
use crate::caller::{Agent, Caller};
use crate::cookie::Hand;
use crate::texts::{Key, Text};

type Answer = Result<Yes, No>;

/// `POST /v1/create-account`
///
/// The address in the answer is the one that was asked for: who sent it needs it for the next request.
pub(super) async fn create_account(State(auth): State<Auth>, Caller(client): Caller, form: Form) -> Answer {
    let ((identifier, password), profile) = both(both(form.email(), form.password()), form.profile())?;
    let locale = form.locale(&auth);
    let email = identifier.as_str().to_owned();
    let (started, told) =
        auth.put(SignUp { client, identifier, password, profile, locale }, Fields::STRANGER).await?;
    let data = json!({ "email": email, "session_id": started.session.expose() });
    Ok(Yes::new(Key::CodeSent, data, told))
}

/// `POST /v1/verify-email-otp`
pub(super) async fn verify_email_otp(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Agent(label): Agent,
    form: Form,
) -> Answer {
    let ((identifier, session), code) =
        both(both(form.email(), form.ticket("session_id")), form.code("code"))?;
    let (identifier, enter) = (Some(identifier), Some(label));
    let question = Verify { client, purpose: Purpose::SignUp, session, code, identifier, enter };
    let (verified, told) = auth.put(question, Fields::STRANGER).await?;
    let (mut hand, signed_in) = (auth.hand(), verified.progress.and_then(Progress::signed_in));
    let token = signed_in.map(|signed_in| hand.session(signed_in.session(), signed_in.expires_at()));
    let data = with_person(json!({ "token": token }), auth.person(&verified.account).await?);
    Ok(Yes::new(Key::AddressVerified, data, told).with(hand))
}

/// The session of a code that was mailed.
fn session_of(started: &Started) -> Value {
    json!({ "session_id": started.session.expose() })
}

/// `POST /v1/resend-email-otp`
pub(super) async fn resend_email_otp(State(auth): State<Auth>, Caller(client): Caller, form: Form) -> Answer {
    let ((identifier, password), session) =
        both(both(form.email(), form.password()), form.session_id::<OtpSession>())?;
    let question = ResendSignUp { client, identifier, password, session };
    let (started, told) = auth.put(question, Fields::STRANGER).await?;
    Ok(Yes::new(Key::CodeSent, session_of(&started), told))
}

/// `POST /v1/login`: the password alone, and what else is asked for.
pub(super) async fn login(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Agent(label): Agent,
    trusted: Trusted,
    form: Form,
) -> Answer {
    let ((identifier, password), device) = both(both(form.email(), form.password()), trusted.or_in(&form))?;
    let (steps, locale) = (Steps::AtOnce(Proofs::default()), form.locale(&auth));
    let question = PasswordSignIn { client, identifier, password, steps, label, locale, device };
    let (progress, told) = auth.put(question, Fields::STRANGER).await?;
    let mut hand = auth.hand();
    let (message, data) = so_far(&auth, &progress, &mut hand).await?;
    let device = match &progress {
        Progress::SignedIn(signed_in) => signed_in.device(),
        Progress::SecondFactor(missing) => missing.device.as_ref(),
    };
    Ok(Yes::new(message, with_device(data, device, &mut hand), told).with(hand))
}

/// How far a sign-in came, in the fields of `/v1/login`.
async fn so_far(auth: &Auth, progress: &Progress, hand: &mut Hand) -> Result<(Key, Value), No> {
    let (message, account, token, missing) = match progress {
        Progress::SignedIn(signed_in) => {
            let token = hand.session(signed_in.session(), signed_in.expires_at());
            (Key::SignedIn, signed_in.account(), token, None)
        }
        Progress::SecondFactor(missing) => {
            (Key::SecondFactorNeeded, &missing.account, Value::Null, Some(asks_for(missing)))
        }
    };
    let mailed = missing == Some(Factor::MailedCode);
    let flags = json!({ "token": token, "has2Fa": missing.is_some(), "enable_email_login_token": mailed });
    Ok((message, with_person(flags, auth.person(account).await?)))
}

/// What an account asks for: the first of what it offers.
fn asks_for(missing: &SecondFactor) -> Factor {
    missing.offered.first().copied().unwrap_or(Factor::Totp)
}

/// `POST /v1/authenticate`: the password and the second factor in one request.
pub(super) async fn authenticate(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Agent(label): Agent,
    trusted: Trusted,
    form: Form,
) -> Answer {
    let ((identifier, password), (proofs, device)) =
        both(both(form.email(), form.password()), both(proofs(&form), trusted.or_in(&form)))?;
    let (steps, locale) = (Steps::AtOnce(proofs), form.locale(&auth));
    let question = PasswordSignIn { client, identifier, password, steps, label, locale, device };
    let mut hand = auth.hand();
    match auth.put(question, Fields::STRANGER).await? {
        (Progress::SignedIn(signed_in), told) => {
            let (data, warning) = signed_in_as(&auth, &signed_in, &mut hand).await?;
            let data = with_device(data, signed_in.device(), &mut hand);
            Ok(Yes::new(Key::SignedIn, data, told).warning(warning).with(hand).with_errors())
        }
        (Progress::SecondFactor(missing), told) => {
            Err(ask_for(&missing).told(told).with_device(missing.device.as_ref(), hand))
        }
    }
}

/// With the next ticket of a device, where a good one was shown: that one is worth nothing from now on.
fn with_device(mut data: Value, device: Option<&Ticket<Device>>, hand: &mut Hand) -> Value {
    let device = device.map(|device| hand.device(device)).filter(Value::is_string);
    if let (Some(device), Value::Object(data)) = (device, &mut data) {
        data.insert("device_token".into(), device);
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
        Factor::MailedCode if missing.mailed => No::field("token", Key::EnterMailedCodeJustSent),
        Factor::MailedCode => No::field("token", Key::EnterMailedCode),
        Factor::Password => No::field("password", Key::EnterPassword),
        _ => No::field("code", Key::EnterAppCode),
    }
}

/// Somebody who is signed in, in the fields of `/v1/authenticate`.
async fn signed_in_as(
    auth: &Auth,
    signed_in: &SignedIn,
    hand: &mut Hand,
) -> Result<(Value, Option<Text>), No> {
    let regenerate = signed_in.regenerate();
    let left = signed_in.recovery_codes_left().unwrap_or_default();
    let warning = match regenerate {
        Regenerate::None => None,
        Regenerate::Advised if left == 1 => Some(Key::OneRecoveryCodeLeft.into()),
        Regenerate::Advised => Some(Text::with(Key::FewRecoveryCodesLeft, left)),
        Regenerate::Required if left == 0 => Some(Key::NoRecoveryCodesLeft.into()),
        Regenerate::Required if left == 1 => Some(Key::RenewLastRecoveryCode.into()),
        Regenerate::Required => Some(Text::with(Key::RenewRecoveryCodes, left)),
    };
    let data = json!({
        "needs_code__regeneration": regenerate == Regenerate::Required,
        "warn_message": "",
        "token": hand.session(signed_in.session(), signed_in.expires_at()),
    });
    Ok((with_person(data, auth.person(signed_in.account()).await?), warning))
}

/// `POST /v1/magic-link`: mails a link and a code, if the address has an account; the answer is the same if not.
pub(super) async fn magic_link(State(auth): State<Auth>, Caller(client): Caller, form: Form) -> Answer {
    let (identifier, _) = both(form.email(), form.language())?;
    let locale = form.locale(&auth);
    let (started, told) = auth.put(SignIn { client, identifier, locale }, Fields::STRANGER).await?;
    Ok(Yes::new(Key::LinkSent, session_of(&started), told))
}

/// `POST /v1/magic-link/redeem`: by `link`, or by `session_id` and `code`.
pub(super) async fn redeem_magic_link(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Agent(label): Agent,
    form: Form,
) -> Answer {
    let (progress, told) = if form.optional("session_id")?.is_some() {
        let (session, code) = both(form.ticket("session_id"), form.code("code"))?;
        auth.count_as(&client, Operation::RedeemSignIn, Fields::STRANGER).await?;
        let (purpose, enter) = (Purpose::SignIn, Some(label));
        let question = Verify { client, purpose, session, code, identifier: None, enter };
        let (verified, told) = auth.put(question, Fields::STRANGER).await?;
        (verified.progress, told)
    } else {
        let link = form.ticket("link")?;
        let question = RedeemSignIn { client, link, label };
        let (progress, told) = auth.put(question, Fields::STRANGER.led_by("link")).await?;
        (Some(progress), told)
    };
    let progress = progress.ok_or_else(|| No::field("code", Key::NobodySignedIn))?;
    let mut hand = auth.hand();
    let (message, mut data) = so_far(&auth, &progress, &mut hand).await?;
    if let Progress::SecondFactor(SecondFactor { login, offered, .. }) = &progress
        && let Value::Object(data) = &mut data
    {
        data.insert("login".into(), json!(login.as_ref().map(Ticket::expose)));
        data.insert("offered".into(), json!(factors(offered)));
    }
    Ok(Yes::new(message, data, told).with(hand))
}

/// `POST /v1/two-factor/prove`: completes what a link or a mailed code began.
pub(super) async fn prove(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Agent(label): Agent,
    form: Form,
) -> Answer {
    let (login, (proofs, password)) =
        both(form.ticket("login"), both(proofs(&form), form.optional_password()))?;
    let proof = one(proofs, password).ok_or_else(|| No::from(Failure::invalid("code", Key::Required)))?;
    let fields = Fields::STRANGER.led_by("login");
    let (signed_in, told) = auth.put(ProveFactor { client, login, proof, label }, fields).await?;
    let mut hand = auth.hand();
    let (data, warning) = signed_in_as(&auth, &signed_in, &mut hand).await?;
    Ok(Yes::new(Key::SignedIn, data, told).warning(warning).with(hand))
}
