//! Family B's door: a password, and no second factor.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign::http::headers;
use countersign::{Identifier, Password, PasswordSignIn, Progress, Proofs, SignedIn, Steps, Verdict};
use serde_json::json;

use crate::answer::{Failure, Waiting, success};
use crate::body::Fields;
use crate::caller::{Agent, Caller};
use crate::texts::Key;
use crate::{Auth, limits};

/// `POST /auth/login`
///
/// A name that is no address, or a password that is too long, is nobody's: it is refused as malformed.
pub(crate) async fn login(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Agent(label): Agent,
    body: Fields,
) -> Result<Response, Failure> {
    let (username, password) = (body.text("username")?, body.text("password")?);
    let identifier = Identifier::parse(username).map_err(|why| Failure::invalid("username", why))?;
    let password = Password::typed(password).map_err(|_| Failure::invalid("password", Key::TooLong))?;
    let steps = Steps::AtOnce(Proofs::default());
    let outcome = auth
        .ask(PasswordSignIn { client, identifier, password, steps, label, locale: None, device: None })
        .await?;
    let (told, now) = (headers(&outcome), outcome.at);
    let answer = match outcome.verdict {
        Verdict::Granted(Progress::SignedIn(signed_in)) => {
            let life = signed_in.expires_at().since(now).as_secs();
            granted(&auth, &signed_in, life).await
        }
        Verdict::Granted(Progress::SecondFactor(_)) => Err(Failure::SecondFactorRequired),
        Verdict::Refused(refusal) => Err(Failure::from_refusal(refusal, Waiting::Try)),
    };
    let mut answer = answer.into_response();
    limits::tell(answer.headers_mut(), told);
    Ok(answer)
}

async fn granted(auth: &Auth, signed_in: &SignedIn, expires_in: u64) -> Result<Response, Failure> {
    let person = auth.who(signed_in.account()).await?;
    let user = json!({
        "userId": signed_in.account().as_str(),
        "fullname": person.name.unwrap_or_default(),
        "email": signed_in.address().as_str(),
    });
    let mut hand = auth.hand();
    let token = hand.session(signed_in.session(), signed_in.expires_at());
    let data = json!({ "accessToken": token, "expiresIn": expires_in, "user": user });
    let mut answer = success(data, "Signed in successfully");
    hand.into(&mut answer);
    Ok(answer)
}
