//! Family B, the routes: signing up by session and code, and a password's door.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use countersign::Operation;
use countersign::http::headers;

use crate::answer::{Failure, Waiting};
use crate::counted::{Counted, counts};
use crate::through::guard;
use crate::{Auth, Routes, limits, login, page, register};

/// The endpoints.
pub(crate) fn routes() -> Routes<Auth> {
    Routes::new()
        .route("/register", counts::<Failure>(Operation::SignUp, post(register::register)))
        .route("/register/link", get(page::sign_up_link))
        .route("/register/redeem", counts::<Failure>(Operation::RedeemSignUp, post(register::redeem)))
        .route("/validate/registration", counts::<Failure>(Operation::Verify, post(register::validate)))
        .route("/resend/otp/{session}", counts::<Failure>(Operation::Resend, put(register::resend)))
        .route("/otp/{session}", counts::<Failure>(Operation::Cancel, delete(register::cancel)))
        .route("/login", counts::<Failure>(Operation::PasswordSignIn, post(login::login)))
}

/// The endpoints, and what holds for each of their answers.
pub(crate) fn router<S>(auth: Auth) -> Router<S> {
    routes()
        .router
        .fallback(async || Failure::NoSuchPath)
        .method_not_allowed_fallback(async || Failure::NoSuchMethod)
        .layer(from_fn_with_state(auth.clone(), every_answer))
        .layer(from_fn(guard))
        .with_state(auth)
}

/// Every answer comes in time and is counted on the client's meter.
async fn every_answer(State(auth): State<Auth>, request: Request, next: Next) -> Result<Response, Failure> {
    match auth.counted(request, next).await? {
        Counted::Answer(answer) => Ok(answer),
        Counted::Limited(outcome, _) => {
            let mut answer = Failure::Limited(Waiting::Try).into_response();
            limits::tell(answer.headers_mut(), headers(&outcome));
            Ok(answer)
        }
    }
}
