//! Family A, `/v1/*`: passwords, second factors and signed-in sessions.
//!
//! | file | what |
//! |---|---|
//! | `answer` | the shapes of answers |
//! | `form` | the fields of requests |
//! | `enter` | the public endpoints: signing up and in |
//! | `recover` | winning an account back: a lost password, a lost second factor |
//! | `account` | those of somebody who is signed in: who, sessions, setting up second factors |
//! | `manage` | changing what signs in: password, address, second factors; and proving it again for that |
//! | `devices` | trusted devices |

mod account;
mod answer;
mod devices;
mod enter;
mod form;
mod manage;
mod qr;
mod recover;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use countersign::http::{Header, client_quota, headers, limit_headers, uncounted, x_rate_limit};
use countersign::throttle::Quota;
use countersign::{AccountId, Outcome, Request as Question, Timestamp, Verdict};
use serde_json::{Map, Value, json};

pub(crate) use answer::{Fields, No};

use crate::answer::Failure;
use crate::through::guard;
use crate::{Auth, Routes, limits, page};

/// The endpoints.
pub(crate) fn routes() -> Routes<Auth> {
    Routes::new()
        .route("/create-account", post(enter::create_account))
        .route("/verify-email-otp", post(enter::verify_email_otp))
        .route("/resend-email-otp", post(enter::resend_email_otp))
        .route("/login", post(enter::login))
        .route("/authenticate", post(enter::authenticate))
        .route("/magic-link", get(page::sign_in_link).post(enter::magic_link))
        .route("/magic-link/redeem", post(enter::redeem_magic_link))
        .route("/two-factor/prove", post(enter::prove))
        .route("/me", get(account::me))
        .route("/logout", post(account::log_out))
        .route("/sessions", get(account::sessions).delete(account::end_other_sessions))
        .route("/sessions/{id}", delete(account::end_session))
        .route("/two-factor/totp/enroll", post(account::enrol_totp))
        .route("/two-factor/totp/confirm", post(account::confirm_totp))
        .route("/two-factor/email/enable", post(account::enable_mailed_code))
        .route("/forgot-password", get(page::recovery_link).post(recover::forgot_password))
        .route("/forgot-password/resend", post(recover::resend))
        .route("/forgot-password/verify", post(recover::verify))
        .route("/reset-password", post(recover::reset_password))
        .route("/two-factor/recover", post(recover::lost_factor))
        .route("/two-factor/recover/finish", post(recover::finish))
        .route("/two-factor/recover/cancel", get(page::cancel_link).post(recover::cancel))
        .route("/step-up", post(manage::step_up))
        .route("/step-up/mail", post(manage::mail_step_up))
        .route("/two-factor", get(manage::secured))
        .route("/two-factor/totp/remove", post(manage::remove_totp))
        .route("/two-factor/email/disable", post(manage::disable_mailed_code))
        .route("/two-factor/recovery-codes", post(manage::regenerate))
        .route("/change-password", post(manage::change_password))
        .route("/change-email", post(manage::change_email))
        .route("/change-email/verify", post(manage::verify_change_email))
        .route("/delete-account", post(manage::delete_account))
        .route("/devices", get(devices::list).post(devices::trust).delete(devices::forget_all))
        .route("/devices/{id}", delete(devices::forget))
}

/// The endpoints, and what holds for each of their answers.
pub(crate) fn router<S>(auth: Auth) -> Router<S> {
    routes()
        .router
        .fallback(async || No::from(Failure::NoSuchPath))
        .method_not_allowed_fallback(async || No::from(Failure::NoSuchMethod))
        .layer(from_fn_with_state(auth.clone(), every_answer))
        .layer(from_fn(guard))
        .with_state(auth)
}

/// Every answer comes in time and says how the client's meter stands. One that was not counted on a meter, because it was no
/// question to the library or because the host failed, has used nothing up, and says so: the whole quota.
async fn every_answer(State(auth): State<Auth>, request: Request, next: Next) -> Response {
    let answer = auth.through(request, next).await;
    let mut answer = answer.unwrap_or_else(|failure| No::from(failure).into_response());
    let fields = answer.headers_mut();
    if !fields.contains_key("x-ratelimit-limit") {
        let meter = uncounted(auth.policy(), Timestamp::UNIX_EPOCH);
        limits::tell(fields, x_rate_limit(&meter));
        limits::tell(fields, limit_headers(&[meter], Timestamp::UNIX_EPOCH));
    }
    answer
}

impl Auth {
    /// Asks the library. What is granted comes with the fields that say how the limits stand; so does the no.
    async fn put<Q>(&self, question: Q, fields: Fields) -> Result<(Q::Output, Vec<Header>), No>
    where
        Q: Question + Send + 'static,
    {
        let (granted, limits) = self.put_after(Limits::default(), question, fields).await?;
        Ok((granted, limits.told))
    }

    /// The same for a question that goes on from another in one request: what is told of the limits is told of both.
    async fn put_after<Q>(
        &self,
        before: Limits,
        question: Q,
        fields: Fields,
    ) -> Result<(Q::Output, Limits), No>
    where
        Q: Question + Send + 'static,
    {
        let mut outcome = self.ask(question).await?;
        outcome.limits.splice(..0, before.counted);
        let told = told(&outcome);
        match outcome.verdict {
            Verdict::Granted(granted) => Ok((granted, Limits { counted: outcome.limits, told })),
            Verdict::Refused(refusal) => Err(No::of(&refusal, fields).told(told)),
        }
    }

    /// What this host knows of an account, in the order of the documents: `language`, `id`, `name`, `email`.
    async fn person(&self, account: &AccountId) -> Result<Map<String, Value>, No> {
        let person = self.who(account).await?;
        let known = json!({
            "language": person.language,
            "id": account.as_str(),
            "name": person.name,
            "email": person.identifier,
        });
        Ok(known.as_object().cloned().unwrap_or_default())
    }
}

/// What a request was counted against, and how that is told.
#[derive(Default)]
struct Limits {
    counted: Vec<Quota>,
    told: Vec<Header>,
}

fn told<T>(outcome: &Outcome<T>) -> Vec<Header> {
    let mut told = headers(outcome);
    told.extend(client_quota(&outcome.limits).map(x_rate_limit).into_iter().flatten());
    told
}

/// Fields in front of those of a person.
fn with_person(data: Value, person: Map<String, Value>) -> Value {
    let mut data = data.as_object().cloned().unwrap_or_default();
    data.extend(person);
    Value::Object(data)
}
