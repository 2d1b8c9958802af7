//! The playground's page and its parts: several files of this server, and a policy that allows those alone.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_axum::answer::Failure;

/// What the playground may do: nothing inline, nothing from elsewhere; pictures only as data.
const PLAYGROUND_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                                 img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the start page may do: nothing. It has links and no style.
const START_POLICY: &str =
    "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The playground's page.
pub(super) fn playground() -> Response {
    let mut page = kind_of("html", include_str!("../pages/playground/index.html"));
    let policy = HeaderValue::from_static(PLAYGROUND_POLICY);
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    page
}

/// What a browser shows at the server's address without `--dev`: what this is, and where to go on.
pub(super) fn start(base: &str) -> Response {
    let text = include_str!("../pages/start.html").replace("{{base}}", base);
    let mut page = kind_of("html", text);
    let policy = HeaderValue::from_static(START_POLICY);
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    page
}

/// A part of the playground, a script or a sheet of styles.
pub(super) fn part(name: &str, text: &'static str) -> Response {
    kind_of(if name.ends_with(".css") { "css" } else { "javascript" }, text)
}

/// A drawing.
pub(super) fn drawing(svg: String) -> Response {
    let kind = HeaderValue::from_static("image/svg+xml");
    (StatusCode::OK, [(header::CONTENT_TYPE, kind)], svg).into_response()
}

fn kind_of(kind: &str, text: impl IntoResponse) -> Response {
    let kind = HeaderValue::try_from(format!("text/{kind}; charset=utf-8"));
    let Ok(kind) = kind else { return Failure::Unavailable.into_response() };
    (StatusCode::OK, [(header::CONTENT_TYPE, kind)], text).into_response()
}
