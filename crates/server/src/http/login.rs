//! Family B's door: a password, and no second factor.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign::http::headers;
use countersign::{Identifier, Password, PasswordSignIn, Progress, Proofs, SignedIn, Steps, Verdict};
use serde_json::json;

use super::answer::{Failure, Waiting, success};
use super::body::Fields;
use super::caller::{Agent, Caller};
use super::{App, limits};

/// `POST /auth/login`
///
/// A name that is no address, or a password that is too long, is nobody's: it is refused as malformed.
pub(super) async fn login(
    State(app): State<App>,
    Caller(client): Caller,
    Agent(label): Agent,
    body: Fields,
) -> Result<Response, Failure> {
    let (username, password) = (body.text("username")?, body.text("password")?);
    let identifier =
        Identifier::parse(username).map_err(|why| Failure::invalid("username", why.to_string()))?;
    let password = Password::typed(password).map_err(|why| Failure::invalid("password", why.to_string()))?;
    let steps = Steps::AtOnce(Proofs::default());
    let outcome = app
        .ask(PasswordSignIn { client, identifier, password, steps, label, locale: None, device: None })
        .await?;
    let (told, now) = (headers(&outcome), outcome.at);
    let answer = match outcome.verdict {
        Verdict::Granted(Progress::SignedIn(signed_in)) => {
            let life = signed_in.expires_at().since(now).as_secs();
            granted(&app, &signed_in, life).await
        }
        Verdict::Granted(Progress::SecondFactor(_)) => Err(Failure::SecondFactorRequired),
        Verdict::Refused(refusal) => Err(Failure::from_refusal(refusal, Waiting::Try)),
    };
    let mut answer = answer.into_response();
    limits::tell(answer.headers_mut(), told);
    Ok(answer)
}

async fn granted(app: &App, signed_in: &SignedIn, expires_in: u64) -> Result<Response, Failure> {
    let person = app.who(signed_in.account()).await?;
    let user = json!({
        "userId": signed_in.account().as_str(),
        "fullname": person.name(),
        "email": signed_in.address().as_str(),
    });
    let data = json!({ "accessToken": signed_in.session().expose(), "expiresIn": expires_in, "user": user });
    Ok(success(data, "Signed in successfully"))
}
