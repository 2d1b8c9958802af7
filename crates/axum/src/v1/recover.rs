//! The endpoints that win an account back: a lost password, a lost second factor.

use axum::extract::State;
use countersign::factor::RecoveryCode;
use countersign::{
    CancelFactorRecovery, Client, EndSessions, GrantedReset, Login, Operation, PasswordSignIn, Progress,
    Proof, Purpose, Recover, RecoverFactor, RedeemRecovery, Resend, ResetFactors, ResetPassword,
    SecondFactor, SessionState, Steps, Ticket, Verify, Which,
};
use serde_json::{Value, json};

use super::Told;
use super::answer::{Fields, No, Yes, factors};
use super::form::{Form, both};
use crate::answer::Failure;
use crate::caller::{Agent, Caller};
use crate::texts::Key;
use crate::{Auth, cookie, whole_seconds};

type Answer = Result<Yes, No>;

/// Refusals where a code goes with its session.
const SESSION: Fields = Fields::STRANGER.led_by("session_id");

/// A session of mailed codes, and how long its code is good.
pub(super) fn session(session: &str, state: &SessionState) -> Value {
    json!({ "session_id": session, "expires_in": state.expires_in.as_secs() })
}

/// `POST /v1/forgot-password`: mails a code and a link, if the address has an account; the answer is the same if not.
pub(super) async fn forgot_password(State(auth): State<Auth>, Caller(client): Caller, form: Form) -> Answer {
    let (identifier, _) = both(form.email(), form.language())?;
    let locale = form.locale(&auth);
    let (started, told) = auth.put(Recover { client, identifier, locale }, Fields::STRANGER).await?;
    let data = session(&started.session.expose(), &started.state);
    Ok(Yes::new(Key::ResetCodeSent, data, told))
}

/// `POST /v1/forgot-password/resend`
pub(super) async fn resend(State(auth): State<Auth>, Caller(client): Caller, form: Form) -> Answer {
    let id = form.required("session_id")?;
    let (resent, told) = auth.put(Resend { client, session: form.ticket("session_id")? }, SESSION).await?;
    Ok(Yes::new(Key::ResetCodeSent, session(id, &resent.state), told))
}

/// `POST /v1/forgot-password/verify`: by `link`, or by `session_id` and `code`.
pub(super) async fn verify(State(auth): State<Auth>, Caller(client): Caller, form: Form) -> Answer {
    let (grant, told) = if form.optional("session_id")?.is_some() {
        let (session, code) = both(form.ticket("session_id"), form.code("code"))?;
        auth.count_as(&client, Operation::RedeemRecovery, SESSION).await?;
        let purpose = Purpose::Recover;
        let question = Verify { client, purpose, session, code, identifier: None, enter: None };
        let (verified, told) = auth.put(question, SESSION).await?;
        (verified.grant, told)
    } else {
        let link = form.ticket("link")?;
        let question = RedeemRecovery { client, link };
        let (grant, told) = auth.put(question, Fields::STRANGER.led_by("link")).await?;
        (Some(grant), told)
    };
    let GrantedReset { grant, expires_in, asks, .. } = grant.ok_or_else(|| No::from(Failure::Unavailable))?;
    let data = json!({
        "reset_token": grant.expose(),
        "expires_in": expires_in.as_secs(),
        "proofs": factors(&asks),
    });
    Ok(Yes::new(Key::ChooseNewPassword, data, told))
}

/// `POST /v1/reset-password`. Nobody is signed in by it.
pub(super) async fn reset_password(
    State(auth): State<Auth>,
    Caller(client): Caller,
    Agent(label): Agent,
    form: Form,
) -> Answer {
    let ((grant, password), (code, recovery)) = both(
        both(form.ticket("reset_token"), form.password()),
        both(form.optional("code"), form.is_recovery()),
    )?;
    let proof = if recovery {
        code.map(|code| Proof::RecoveryCode(RecoveryCode::typed(code)))
    } else {
        form.optional_code("code")?.map(Proof::Totp)
    };
    let question = ResetPassword { client, grant, password, proof, label };
    let (reset, told) = auth.put(question, Fields::STRANGER.led_by("reset_token")).await?;
    // With the old password all sessions have ended, whoever's is in the cookie.
    let mut hand = auth.hand().clear(&[cookie::SESSION]);
    let data = json!({
        "device_token": hand.device(&reset.device),
        "expires_at": whole_seconds(reset.device_expires_at),
    });
    Ok(Yes::new(Key::PasswordReset, data, told).with(hand))
}

/// Refusals to somebody who has lost a second factor, and comes with the password each time.
const LOST: Fields = Fields { mailed: "code", ..Fields::STRANGER.led_by("email") };

/// The first half of a sign-in, by whoever has lost the second. Where the password is all that is asked for, nothing is lost.
async fn half_way(
    auth: &Auth,
    Caller(client): Caller,
    Agent(label): Agent,
    form: &Form,
) -> Result<(Ticket<Login>, Told), No> {
    let (identifier, password) = both(form.email(), form.password())?;
    let steps = Steps::Stepwise;
    let question = PasswordSignIn { client, identifier, password, steps, label, locale: None, device: None };
    match auth.put_after(Told::default(), question, LOST).await? {
        (Progress::SecondFactor(SecondFactor { login: Some(login), .. }), limits) => Ok((login, limits)),
        (Progress::SecondFactor(_), _) => Err(Failure::Unavailable.into()),
        (Progress::SignedIn(signed_in), limits) => {
            // Nobody asked to be signed in. The client was counted above.
            let session = signed_in.session().clone();
            let question = EndSessions { client: Client::unmetered(), session, which: Which::This };
            auth.put(question, LOST).await?;
            Err(No::unfit(Key::AsksNoSecondFactor).told(limits))
        }
    }
}

/// `POST /v1/two-factor/recover`: begins the wait; when it is over, mails a code.
pub(super) async fn lost_factor(
    State(auth): State<Auth>,
    caller: Caller,
    agent: Agent,
    form: Form,
) -> Answer {
    let (login, limits) = half_way(&auth, caller, agent, &form).await?;
    let question = RecoverFactor { client: Client::unmetered(), login, locale: form.locale(&auth) };
    let (recovery, limits) = auth.put_after(limits, question, LOST).await?;
    let data = json!({
        "ready_at": whole_seconds(recovery.ready_at),
        "expires_at": whole_seconds(recovery.expires_at),
        "mailed": recovery.code.is_some(),
    });
    let message = match recovery.code {
        Some(_) => Key::CodeSent,
        None => Key::RecoveryWaits,
    };
    Ok(Yes::new(message, data, limits))
}

/// `POST /v1/two-factor/recover/finish`: turns the app off by the mailed code. Nobody is signed in by it.
pub(super) async fn finish(State(auth): State<Auth>, caller: Caller, agent: Agent, form: Form) -> Answer {
    let (_, code) = both(both(form.email(), form.password()), form.code("code"))?;
    let (login, limits) = half_way(&auth, caller, agent, &form).await?;
    let question = ResetFactors { client: Client::unmetered(), login, code };
    let (_, limits) = auth.put_after(limits, question, LOST).await?;
    Ok(Yes::new(Key::LostAppIsOff, Value::Null, limits))
}

/// `POST /v1/two-factor/recover/cancel`: by the token of the mailed link.
pub(super) async fn cancel(State(auth): State<Auth>, Caller(client): Caller, form: Form) -> Answer {
    let question = CancelFactorRecovery { client, link: form.ticket("token")? };
    let (_, told) = auth.put(question, Fields::STRANGER.led_by("token")).await?;
    Ok(Yes::new(Key::RecoveryCancelled, Value::Null, told))
}
