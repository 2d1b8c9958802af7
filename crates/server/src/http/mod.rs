//! HTTP: the endpoints of `countersign-axum` under the prefixes of the contract, their description, and those of `--dev`.

mod dev;
mod page;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::routing::get;
use countersign_axum::answer::{Failure, json_text};
use countersign_axum::{Auth, basic_paths, guard, in_time};

pub(crate) use dev::Dev;

use crate::openapi;

/// All endpoints; those of `dev` only if it is given. It takes the sentry along: mail ends with the last of those who could send any.
///
/// # Errors
/// If their description cannot be made.
pub(crate) fn router(auth: Auth, base: String, dev: Option<Dev>) -> serde_json::Result<Router> {
    let document = openapi::document(&paths(dev.is_some()))?.to_string();
    let mut router = Router::new().route(DESCRIPTION, get(async || json_text(StatusCode::OK, document)));
    router = match dev {
        Some(dev) => router.merge(dev::router(dev, auth.clone())),
        None => router.route(START, get(async move || page::start(&base))),
    };
    let router = router
        .fallback(async || Failure::NoSuchPath)
        .method_not_allowed_fallback(async || Failure::NoSuchMethod)
        .layer(from_fn(in_time))
        .layer(from_fn(guard))
        .nest("/auth", auth.basic_routes())
        .nest("/v1", auth.routes());
    Ok(router)
}

/// Where the endpoints are described.
const DESCRIPTION: &str = "/openapi.json";

/// Where somebody begins who knows the address alone: with `--dev` the playground.
const START: &str = "/";

/// The paths of all endpoints, with or without those of `--dev`.
pub(crate) fn paths(dev: bool) -> Vec<String> {
    let basic = basic_paths().into_iter().map(|path| format!("/auth{path}"));
    let v1 = countersign_axum::paths().into_iter().map(|path| format!("/v1{path}"));
    let dev = if dev { dev::routes().paths } else { vec![START] };
    let own = [DESCRIPTION].into_iter().chain(dev).map(str::to_owned);
    basic.chain(own).chain(v1).collect()
}
