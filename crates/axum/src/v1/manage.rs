//! The endpoints for somebody signed in who changes what signs in, and proves again who he is for that.

use axum::Extension;
use axum::extract::State;
use countersign::{
    ChangeAddress, ChangePassword, DeleteAccount, DisableMailedCode, DisableTotp, ListFactors, Proof,
    Purpose, RegenerateRecoveryCodes, SendStepUpCode, SignedIn, StepUp, Verify,
};
use serde_json::{Value, json};

use super::account::recovery_codes;
use super::answer::{Fields, No, Yes};
use super::enter::{one, proofs};
use super::form::{Bearer, Form, both};
use super::recover::session;
use crate::answer::Failure;
use crate::body::Ignored;
use crate::caller::{Agent, Caller};
use crate::session::amr;
use crate::texts::{Asked, Key};
use crate::{Auth, cookie, whole_seconds};

type Answer = Result<Yes, No>;

/// `POST /v1/step-up`: by one of `password`, `code` and `token`.
pub(super) async fn step_up(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Agent(label): Agent,
    Bearer(session): Bearer,
    form: Form,
) -> Answer {
    let (proofs, password) = both(proofs(&form), form.optional_password())?;
    let proof = one(proofs, password).ok_or_else(|| No::from(Failure::invalid("password", Key::Required)))?;
    let factor = match &proof {
        Proof::MailedCode(_) => "token",
        Proof::Password(_) => "password",
        _ => "code",
    };
    let fields = Fields { factor, ..Fields::BEARER };
    let (signed_in, told) = auth.put(StepUp { client, session, proof, label }, fields).await?;
    let mut hand = auth.hand();
    let data = json!({
        "token": hand.session(signed_in.session(), signed_in.expires_at()),
        "amr": amr(&signed_in.methods()),
        "aal": signed_in.aal(),
        "expires_at": whole_seconds(signed_in.expires_at()),
    });
    Ok(Yes::new(Key::StepUpDone, data, told).with(hand))
}

/// `POST /v1/step-up/mail`. A body is not looked at.
pub(super) async fn mail_step_up(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(session): Bearer,
    Extension(asked): Extension<Asked>,
    _: Ignored,
) -> Answer {
    let question = SendStepUpCode { client, session, locale: asked.locale(auth.texts()) };
    let (state, told) = auth.put(question, Fields::BEARER).await?;
    let data = json!({ "expires_in": state.expires_in.as_secs() });
    Ok(Yes::new(Key::CodeSent, data, told))
}

/// `GET /v1/two-factor`
pub(super) async fn secured(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(session): Bearer,
) -> Answer {
    let (secured, told) = auth.put(ListFactors { client, session }, Fields::BEARER).await?;
    let recovery = secured.recovery.map(|(ready_at, expires_at)| {
        json!({ "ready_at": whole_seconds(ready_at), "expires_at": whole_seconds(expires_at) })
    });
    let data = json!({
        "totp": secured.totp,
        "email": secured.mailed_code,
        "recovery_codes_left": secured.recovery_codes_left,
        "devices": secured.devices,
        "sessions": secured.sessions,
        "recovery": recovery,
    });
    Ok(Yes::new(Key::AccountSecurity, data, told))
}

/// `POST /v1/two-factor/totp/remove`
pub(super) async fn remove_totp(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(session): Bearer,
    form: Form,
) -> Answer {
    let password = form.optional_password()?;
    let (_, told) = auth.put(DisableTotp { client, session, password }, Fields::BEARER).await?;
    Ok(Yes::new(Key::AppIsOff, Value::Null, told))
}

/// `POST /v1/two-factor/email/disable`
pub(super) async fn disable_mailed_code(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(session): Bearer,
    form: Form,
) -> Answer {
    let password = form.optional_password()?;
    let (_, told) = auth.put(DisableMailedCode { client, session, password }, Fields::BEARER).await?;
    Ok(Yes::new(Key::MailedCodesAreOff, Value::Null, told))
}

/// `POST /v1/two-factor/recovery-codes`
pub(super) async fn regenerate(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(session): Bearer,
    form: Form,
) -> Answer {
    let password = form.optional_password()?;
    let question = RegenerateRecoveryCodes { client, session, password };
    let (issued, told) = auth.put(question, Fields::BEARER).await?;
    Ok(Yes::new(Key::NewRecoveryCodes, recovery_codes(&issued.codes), told))
}

/// `POST /v1/change-password`
pub(super) async fn change_password(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Agent(label): Agent,
    Bearer(session): Bearer,
    form: Form,
) -> Answer {
    let (current, password) = both(form.password_in("current_password"), form.password())?;
    let fields = Fields { credentials: "current_password", factor: "current_password", ..Fields::BEARER };
    let question = ChangePassword { client, session, current, password, label };
    let (signed_in, told): (SignedIn, _) = auth.put(question, fields).await?;
    let mut hand = auth.hand();
    let data = json!({
        "token": hand.session(signed_in.session(), signed_in.expires_at()),
        "expires_at": whole_seconds(signed_in.expires_at()),
    });
    Ok(Yes::new(Key::PasswordChanged, data, told).with(hand))
}

/// `POST /v1/change-email`: mails a code to the new address, and tells the old one.
pub(super) async fn change_email(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(bearer): Bearer,
    form: Form,
) -> Answer {
    let (to, password) = both(form.email(), form.optional_password())?;
    let question = ChangeAddress { client, session: bearer, password, to, locale: form.locale(&auth) };
    let (started, told) = auth.put(question, Fields::BEARER).await?;
    let data = session(&started.session.expose(), &started.state);
    Ok(Yes::new(Key::CodeSentToNewAddress, data, told))
}

/// `POST /v1/change-email/verify`
pub(super) async fn verify_change_email(
    State(auth): State<Auth>,
    Caller(client): Caller,
    form: Form,
) -> Answer {
    let (session, code) = both(form.ticket("session_id"), form.code("code"))?;
    let purpose = Purpose::ChangeAddress;
    let question = Verify { client, purpose, session, code, identifier: None, enter: None };
    let (verified, told) = auth.put(question, Fields::STRANGER.led_by("session_id")).await?;
    let data = json!({ "email": verified.identifier.as_str() });
    Ok(Yes::new(Key::AddressChanged, data, told))
}

/// `POST /v1/delete-account`
pub(super) async fn delete_account(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(session): Bearer,
    form: Form,
) -> Answer {
    let password = form.optional_password()?;
    let (_, told) = auth.put(DeleteAccount { client, session, password }, Fields::BEARER).await?;
    let hand = auth.hand().clear(&[cookie::SESSION, cookie::DEVICE]);
    Ok(Yes::new(Key::AccountDeleted, Value::Null, told).with(hand))
}
