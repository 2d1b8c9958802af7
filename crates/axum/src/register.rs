//! Signing up: register, check the code, send it again, give up; or complete it by the mailed link.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use countersign::{
    Cancel, Cancelled, Code, Identifier, OtpSession, Password, Profile, Purpose, RedeemSignUp, Resend,
    Resent, SignUp, SignUpLink, Started, Ticket, TicketKind, Verified, Verify,
};
use serde_json::{Value, json};

use crate::Auth;
use crate::answer::{Failure, Waiting, success};
use crate::body::{Fields, Ignored};
use crate::caller::Caller;
use crate::texts::Key;
use crate::tickets;

/// `POST /auth/register`
pub(crate) async fn register(
    State(auth): State<Auth>,
    Caller(client): Caller,
    body: Fields,
) -> Result<Response, Failure> {
    let (profile, identifier, password) = (profile(&body)?, identifier(&body)?, password(&body)?);
    let question = SignUp { client, identifier, password, profile, locale: None };
    let granted = |started: Started| {
        let data = json!({
            "otpSession": started.session.expose(),
            "email": started.sent_to,
            "expiresIn": started.state.expires_in.as_secs(),
        });
        success(data, "OTP sent successfully")
    };
    Ok(auth.answer(question, Waiting::Code, granted).await)
}

/// `POST /auth/validate/registration`
pub(crate) async fn validate(
    State(auth): State<Auth>,
    Caller(client): Caller,
    body: Fields,
) -> Result<Response, Failure> {
    let (session, code) = (body.text("otpSession")?, Code::typed(body.text("otp")?));
    let session = ticket::<OtpSession>(session)?;
    let question = Verify { client, purpose: Purpose::SignUp, session, code, identifier: None, enter: None };
    Ok(auth.answer(question, Waiting::Try, verified).await)
}

/// `PUT /auth/resend/otp/:session`. A body is not looked at.
pub(crate) async fn resend(
    State(auth): State<Auth>,
    Caller(client): Caller,
    session: Result<Path<String>, PathRejection>,
    _: Ignored,
) -> Result<Response, Failure> {
    let session = ticket::<OtpSession>(&path(session))?;
    let same = session.expose();
    let granted = move |resent: Resent| {
        let data = json!({
            "otpSession": same,
            "email": resent.sent_to,
            "expiresIn": resent.state.expires_in.as_secs(),
        });
        success(data, "OTP resent successfully")
    };
    Ok(auth.answer(Resend { client, session }, Waiting::Code, granted).await)
}

/// `DELETE /auth/otp/:session`
pub(crate) async fn cancel(
    State(auth): State<Auth>,
    Caller(client): Caller,
    session: Result<Path<String>, PathRejection>,
    _: Ignored,
) -> Result<Response, Failure> {
    let session = ticket::<OtpSession>(&path(session))?;
    let granted = |_: Cancelled| success(Value::Null, "OTP session cancelled");
    Ok(auth.answer(Cancel { client, session }, Waiting::Try, granted).await)
}

/// `POST /auth/register/redeem`: what the page behind the mailed link sends.
pub(crate) async fn redeem(
    State(auth): State<Auth>,
    Caller(client): Caller,
    body: Fields,
) -> Result<Response, Failure> {
    let (profile, identifier, password) = (profile(&body)?, identifier(&body)?, password(&body)?);
    let link = ticket::<SignUpLink>(body.text("token")?)?;
    let question = RedeemSignUp { client, link, identifier, password, profile };
    Ok(auth.answer(question, Waiting::Try, verified).await)
}

fn verified(verified: Verified) -> Response {
    let data = json!({
        "userId": verified.account.as_str(),
        "email": verified.identifier.masked(),
        "verified": true,
    });
    success(data, "Registration verified successfully")
}

fn identifier(body: &Fields) -> Result<Identifier, Failure> {
    Identifier::parse(body.text("email")?).map_err(|why| Failure::invalid("email", why))
}

fn password(body: &Fields) -> Result<Password, Failure> {
    Password::typed(body.text("password")?).map_err(|_| Failure::invalid("password", Key::TooLong))
}

/// What the directory keeps of a person, as JSON.
fn profile(body: &Fields) -> Result<Profile, Failure> {
    let (fullname, organization) = (body.text("fullname")?.trim(), body.optional_text("organization")?);
    if fullname.is_empty() {
        return Err(Failure::invalid("fullname", Key::Empty));
    }
    let profile = json!({ "fullname": fullname, "organization": organization });
    let too_long = |_| Failure::invalid("fullname, organization", Key::TooLong);
    Profile::new(profile.to_string().into_bytes()).map_err(too_long)
}

/// A ticket, or one that leads nowhere.
fn ticket<K: TicketKind>(text: &str) -> Result<Ticket<K>, Failure> {
    tickets::ticket(text).ok_or(Failure::InvalidSession)
}

fn path(session: Result<Path<String>, PathRejection>) -> String {
    session.map(|Path(text)| text).unwrap_or_default()
}
