//! The endpoints for somebody who is signed in: who, which sessions, which second factors.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use countersign::factor::OtpauthUri;
use countersign::{
    CheckSession, ConfirmTotp, EnableMailedCode, EndSessions, EnrolTotp, ListSessions, RecoveryCode, Which,
};
use serde_json::{Value, json};

use super::answer::{Fields, No, Yes};
use super::form::{Bearer, Form};
use super::{qr, with_person};
use crate::answer::Failure;
use crate::body::Ignored;
use crate::caller::Caller;
use crate::session::amr;
use crate::texts::Key;
use crate::{Auth, cookie, whole_seconds};

/// Refusals to somebody whose session is asked for with each request.
const BEARER: Fields = Fields::BEARER;

type Answer = Result<Yes, No>;

/// `GET /v1/me`
pub(super) async fn me(State(auth): State<Auth>, Caller(client): Caller, Bearer(session): Bearer) -> Answer {
    let (info, told) = auth.put(CheckSession { client, session }, BEARER).await?;
    let mut data = with_person(json!({}), auth.person(&info.account).await?);
    if let Value::Object(data) = &mut data {
        data.insert("amr".into(), json!(amr(&info.methods)));
        data.insert("aal".into(), json!(info.aal));
        data.insert("expires_at".into(), json!(whole_seconds(info.expires_at)));
    }
    Ok(Yes::new(Key::YouAreSignedIn, data, told))
}

/// `POST /v1/logout`. A body is not looked at.
pub(super) async fn log_out(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(session): Bearer,
    _: Ignored,
) -> Answer {
    let (_, told) = auth.put(EndSessions { client, session, which: Which::This }, BEARER).await?;
    Ok(Yes::new(Key::SignedOut, Value::Null, told).with(auth.hand().clear(&[cookie::SESSION])))
}

/// `GET /v1/sessions`
pub(super) async fn sessions(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(session): Bearer,
) -> Answer {
    let (sessions, told) = auth.put(ListSessions { client, session }, BEARER).await?;
    let sessions: Vec<_> = sessions
        .iter()
        .map(|info| {
            json!({
                "id": info.id.to_string(),
                "label": info.label.as_str(),
                "amr": amr(&info.methods),
                "aal": info.aal,
                "created_at": whole_seconds(info.created_at),
                "last_used_at": whole_seconds(info.last_used_at),
                "expires_at": whole_seconds(info.expires_at),
                "current": info.current,
            })
        })
        .collect();
    Ok(Yes::new(Key::YourSessions, json!({ "sessions": sessions }), told))
}

/// `DELETE /v1/sessions`: all but this one. A body is not looked at.
pub(super) async fn end_other_sessions(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(session): Bearer,
    _: Ignored,
) -> Answer {
    let (ended, told) = auth.put(EndSessions { client, session, which: Which::Others }, BEARER).await?;
    Ok(Yes::new(Key::OtherSessionsEnded, json!({ "ended": ended.count }), told))
}

/// `DELETE /v1/sessions/:id`. A body is not looked at.
pub(super) async fn end_session(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(session): Bearer,
    id: Result<Path<String>, PathRejection>,
    _: Ignored,
) -> Answer {
    let id = id.ok().and_then(|Path(id)| id.parse().ok()).ok_or_else(|| No::from(Failure::NoSuchPath))?;
    let (ended, told) = auth.put(EndSessions { client, session, which: Which::One(id) }, BEARER).await?;
    Ok(Yes::new(Key::SessionEnded, json!({ "ended": ended.count }), told))
}

/// `POST /v1/two-factor/totp/enroll`
pub(super) async fn enrol_totp(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(session): Bearer,
    form: Form,
) -> Answer {
    let password = form.password()?;
    let (enrolment, told) = auth.put(EnrolTotp { client, session, password }, BEARER).await?;
    let issuer = &auth.0.config.issuer;
    let uri = OtpauthUri::totp(issuer, enrolment.identifier.as_str(), &enrolment.secret, enrolment.params);
    let uri = uri.map_err(|_| No::from(Failure::Unavailable))?;
    let data = json!({
        "secret": enrolment.secret.expose_base32(),
        "uri": uri.expose(),
        "qr_svg": qr::svg(uri.expose()),
        "expires_in": enrolment.expires_in.as_secs(),
    });
    Ok(Yes::new(Key::ScanAppCode, data, told))
}

/// `POST /v1/two-factor/totp/confirm`
pub(super) async fn confirm_totp(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(session): Bearer,
    form: Form,
) -> Answer {
    let code = form.code("code")?;
    let fields = Fields { factor: "code", ..BEARER };
    let (issued, told) = auth.put(ConfirmTotp { client, session, code }, fields).await?;
    Ok(Yes::new(Key::AppIsOn, recovery_codes(&issued.codes), told))
}

/// New recovery codes, told this once.
pub(super) fn recovery_codes(codes: &[RecoveryCode]) -> Value {
    let codes: Vec<_> = codes.iter().map(|code| code.expose().to_owned()).collect();
    json!({ "recovery_codes": codes })
}

/// `POST /v1/two-factor/email/enable`
pub(super) async fn enable_mailed_code(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Bearer(session): Bearer,
    form: Form,
) -> Answer {
    let password = form.password()?;
    let (_, told) = auth.put(EnableMailedCode { client, session, password }, BEARER).await?;
    Ok(Yes::new(Key::MailedCodesAreOn, Value::Null, told))
}
