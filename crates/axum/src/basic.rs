//! Family B, the routes: signing up by session and code, and a password's door.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::routing::{delete, get, post, put};

use crate::answer::Failure;
use crate::through::guard;
use crate::{Auth, Routes, login, page, register};

/// The endpoints.
pub(crate) fn routes() -> Routes<Auth> {
    Routes::new()
        .route("/register", post(register::register))
        .route("/register/link", get(page::sign_up_link))
        .route("/register/redeem", post(register::redeem))
        .route("/validate/registration", post(register::validate))
        .route("/resend/otp/{session}", put(register::resend))
        .route("/otp/{session}", delete(register::cancel))
        .route("/login", post(login::login))
}

/// The endpoints, and what holds for each of their answers.
pub(crate) fn router<S>(auth: Auth) -> Router<S> {
    let every =
        async |State(auth): State<Auth>, request: Request, next: Next| auth.through(request, next).await;
    routes()
        .router
        .fallback(async || Failure::NoSuchPath)
        .method_not_allowed_fallback(async || Failure::NoSuchMethod)
        .layer(from_fn_with_state(auth.clone(), every))
        .layer(from_fn(guard))
        .with_state(auth)
}
