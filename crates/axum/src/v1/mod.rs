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
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use countersign::http::{Header, headers, limit_headers, uncounted, x_rate_limit};
use countersign::throttle::Quota;
use countersign::{
    AccountId, Client, CountRequest, Operation, Outcome, Request as Question, Timestamp, Verdict,
};
use serde_json::{Map, Value, json};

pub(crate) use answer::{Fields, No};
use answer::{Unworded, worded};

use crate::answer::Failure;
use crate::counted::{self, Counted};
use crate::texts::Asked;
use crate::through::guard;
use crate::{Auth, Routes, limits, page};

/// The endpoints.
pub(crate) fn routes() -> Routes<Auth> {
    use Operation as Op;
    Routes::new()
        .route("/create-account", counts(Op::SignUp, post(enter::create_account)))
        .route("/verify-email-otp", counts(Op::VerifyAndEnter, post(enter::verify_email_otp)))
        .route("/resend-email-otp", counts(Op::ResendSignUp, post(enter::resend_email_otp)))
        .route("/login", counts(Op::PasswordSignIn, post(enter::login)))
        .route("/authenticate", bare_limit(counts(Op::PasswordSignIn, post(enter::authenticate))))
        .route("/magic-link", get(page::sign_in_link).merge(counts(Op::SignIn, post(enter::magic_link))))
        .route("/magic-link/redeem", counts(Op::RedeemSignIn, post(enter::redeem_magic_link)))
        .route("/two-factor/prove", counts(Op::ProveFactor, post(enter::prove)))
        .route("/me", counts(Op::CheckSession, get(account::me)))
        .route("/logout", counts(Op::EndSessions, post(account::log_out)))
        .route(
            "/sessions",
            counts(Op::ListSessions, get(account::sessions))
                .merge(counts(Op::EndSessions, delete(account::end_other_sessions))),
        )
        .route("/sessions/{id}", counts(Op::EndSessions, delete(account::end_session)))
        .route("/two-factor/totp/enroll", counts(Op::EnrolTotp, post(account::enrol_totp)))
        .route("/two-factor/totp/confirm", counts(Op::ConfirmTotp, post(account::confirm_totp)))
        .route("/two-factor/email/enable", counts(Op::EnableMailedCode, post(account::enable_mailed_code)))
        .route(
            "/forgot-password",
            get(page::recovery_link).merge(counts(Op::Recover, post(recover::forgot_password))),
        )
        .route("/forgot-password/resend", counts(Op::Resend, post(recover::resend)))
        .route("/forgot-password/verify", counts(Op::RedeemRecovery, post(recover::verify)))
        .route("/reset-password", counts(Op::ResetPassword, post(recover::reset_password)))
        .route("/two-factor/recover", counts(Op::PasswordSignIn, post(recover::lost_factor)))
        .route("/two-factor/recover/finish", counts(Op::PasswordSignIn, post(recover::finish)))
        .route(
            "/two-factor/recover/cancel",
            get(page::cancel_link).merge(counts(Op::CancelFactorRecovery, post(recover::cancel))),
        )
        .route("/step-up", counts(Op::StepUp, post(manage::step_up)))
        .route("/step-up/mail", counts(Op::SendStepUpCode, post(manage::mail_step_up)))
        .route("/two-factor", counts(Op::ListFactors, get(manage::secured)))
        .route("/two-factor/totp/remove", counts(Op::DisableTotp, post(manage::remove_totp)))
        .route("/two-factor/email/disable", counts(Op::DisableMailedCode, post(manage::disable_mailed_code)))
        .route("/two-factor/recovery-codes", counts(Op::RegenerateRecoveryCodes, post(manage::regenerate)))
        .route("/change-password", counts(Op::ChangePassword, post(manage::change_password)))
        .route("/change-email", counts(Op::ChangeAddress, post(manage::change_email)))
        .route("/change-email/verify", counts(Op::Verify, post(manage::verify_change_email)))
        .route("/delete-account", counts(Op::DeleteAccount, post(manage::delete_account)))
        .route(
            "/devices",
            counts(Op::ListDevices, get(devices::list))
                .merge(counts(Op::TrustDevice, post(devices::trust)))
                .merge(counts(Op::ForgetDevices, delete(devices::forget_all))),
        )
        .route("/devices/{id}", counts(Op::ForgetDevices, delete(devices::forget)))
}

fn counts(operation: Operation, handlers: MethodRouter<Auth>) -> MethodRouter<Auth> {
    counted::counts::<No>(operation, handlers)
}

/// Says in an answer's extensions that a 429 of its endpoint has no data.
#[derive(Clone, Copy)]
struct BareLimit;

/// An endpoint whose 429 has `error` and `message` only, as document 004 has it.
fn bare_limit(handlers: MethodRouter<Auth>) -> MethodRouter<Auth> {
    handlers.route_layer(map_response(async |mut answer: Response| {
        answer.extensions_mut().insert(BareLimit);
        answer
    }))
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

/// Every answer comes in time, is counted on the client's meter, says how the meter stands, and is in the language of the request.
/// What is at no endpoint is counted nowhere, and says the whole quota.
async fn every_answer(State(auth): State<Auth>, mut request: Request, next: Next) -> Response {
    let asked = Asked::of(request.headers());
    request.extensions_mut().insert(asked.clone());
    let bare = |answer: &Response| answer.extensions().get::<BareLimit>().copied();
    let (mut answer, bare) = match auth.counted(request, next).await {
        Ok(Counted::Answer(answer)) => {
            let bare = bare(&answer);
            (answer, bare)
        }
        Ok(Counted::Limited(outcome, answer)) => {
            let told = Told::of(&outcome);
            let no = outcome.refusal().map(|refusal| No::of(refusal, Fields::BEARER).told(told));
            (no.unwrap_or_else(|| Failure::Unavailable.into()).into_response(), bare(&answer))
        }
        Err(failure) => (No::from(failure).into_response(), None),
    };
    let status = answer.status();
    let mut account = None;
    if let Some(unworded) = answer.extensions_mut().get_mut::<Unworded>() {
        account = unworded.account.take();
        if status == StatusCode::TOO_MANY_REQUESTS && bare.is_some() {
            unworded.without_data();
        }
    }
    let fields = answer.headers_mut();
    if !fields.contains_key("x-ratelimit-limit") {
        let meter = uncounted(auth.policy(), Timestamp::UNIX_EPOCH);
        limits::tell(fields, x_rate_limit(&meter));
        limits::tell(fields, limit_headers(&[meter], Timestamp::UNIX_EPOCH));
    }
    let language = auth.language(&asked, account.as_ref()).await;
    worded(answer, auth.texts(), &language)
}

impl Auth {
    /// Asks the library. What is granted comes with what is told of the limits and of the account; so does the no.
    async fn put<Q>(&self, question: Q, fields: Fields) -> Result<(Q::Output, Told), No>
    where
        Q: Question + Send + 'static,
    {
        self.put_after(Told::default(), question, fields).await
    }

    /// The same for a question that goes on from another in one request: what is told of the limits is told of both.
    async fn put_after<Q>(&self, before: Told, question: Q, fields: Fields) -> Result<(Q::Output, Told), No>
    where
        Q: Question + Send + 'static,
    {
        let mut outcome = self.ask(question).await?;
        outcome.limits.splice(..0, before.counted);
        outcome.account = outcome.account.or(before.account);
        let told = Told::of(&outcome);
        match outcome.verdict {
            Verdict::Granted(granted) => Ok((granted, told)),
            Verdict::Refused(refusal) => Err(No::of(&refusal, fields).told(told)),
        }
    }

    /// Counts a request as the operation that its endpoint is counted by, where it asks for another one: an endpoint has one allowance.
    async fn count_as(&self, client: &Client, operation: Operation, fields: Fields) -> Result<(), No> {
        let client = client.clone();
        self.put(CountRequest { client, operation }, fields).await.map(drop)
    }

    /// What this host knows of an account, in the order of the documents: `language`, `id`, `name`, `email`.
    async fn person(&self, account: &AccountId) -> Result<Map<String, Value>, No> {
        let person = self.who(account).await?;
        let known = json!({
            "language": person.language.as_deref().unwrap_or(self.texts().default()),
            "id": account.as_str(),
            "name": person.name.unwrap_or_default(),
            "email": person.identifier,
        });
        Ok(known.as_object().cloned().unwrap_or_default())
    }
}

/// What an answer tells besides: of the limits that its request was counted against, and in whose language it is.
#[derive(Debug, Default)]
pub(crate) struct Told {
    counted: Vec<Quota>,
    headers: Vec<Header>,
    account: Option<AccountId>,
}

impl Told {
    /// What an outcome tells.
    pub(crate) fn of<T>(outcome: &Outcome<T>) -> Self {
        let headers = headers(outcome).into_iter().chain(limits::of_client(outcome)).collect();
        Self { counted: outcome.limits.clone(), headers, account: outcome.account.clone() }
    }
}

/// Fields in front of those of a person.
fn with_person(data: Value, person: Map<String, Value>) -> Value {
    let mut data = data.as_object().cloned().unwrap_or_default();
    data.extend(person);
    Value::Object(data)
}
