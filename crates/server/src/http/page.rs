//! Pages. A mailed link's is one file without external parts; what it may do is said in a Content-Security-Policy with a
//! nonce. The playground's is made of several files of this server, and its policy allows those alone.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::answer::Failure;
use crate::random;

/// `GET /auth/register/link`: the page behind the mailed link. It shows a form; to open it redeems nothing, since mail
/// scanners open links too. The token is in the fragment, which does not reach the server before the form is sent.
pub(super) async fn sign_up_link() -> Response {
    page(include_str!("../pages/sign_up_link.html"))
}

/// `GET /v1/magic-link`: the page behind a mailed link that signs in. It shows a button, for the same reasons.
pub(super) async fn sign_in_link() -> Response {
    page(include_str!("../pages/sign_in_link.html"))
}

/// `GET /v1/forgot-password`: the page behind a mailed link that leads to a new password. It shows a form.
pub(super) async fn recovery_link() -> Response {
    page(include_str!("../pages/recovery_link.html"))
}

/// `GET /v1/two-factor/recover/cancel`: the page behind a mailed link that stops the recovery of a second factor. It shows a button.
pub(super) async fn cancel_link() -> Response {
    page(include_str!("../pages/cancel_link.html"))
}

/// What stands in a page where its nonce goes.
const NONCE: &str = "{{nonce}}";

/// A page, with a nonce of its own.
pub(super) fn page(html: &str) -> Response {
    let Ok(nonce) = random::name() else { return Failure::Unavailable.into_response() };
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    let Ok(policy) = HeaderValue::try_from(policy) else { return Failure::Unavailable.into_response() };
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, policy)];
    (StatusCode::OK, headers, html.replace(NONCE, &nonce)).into_response()
}

/// What the playground may do: nothing inline, nothing from elsewhere; pictures only as data.
const PLAYGROUND_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                                 img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The playground's page.
pub(super) fn playground() -> Response {
    let mut page = kind_of("html", include_str!("../pages/playground/index.html"));
    let policy = HeaderValue::from_static(PLAYGROUND_POLICY);
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

fn kind_of(kind: &str, text: &'static str) -> Response {
    let kind = HeaderValue::try_from(format!("text/{kind}; charset=utf-8"));
    let Ok(kind) = kind else { return Failure::Unavailable.into_response() };
    (StatusCode::OK, [(header::CONTENT_TYPE, kind)], text).into_response()
}

#[cfg(test)]
mod tests {
    /// Every part of a page is in the page.
    #[test]
    fn pages_have_no_external_part_and_carry_their_nonce() {
        for html in [
            include_str!("../pages/sign_up_link.html"),
            include_str!("../pages/sign_in_link.html"),
            include_str!("../pages/recovery_link.html"),
            include_str!("../pages/cancel_link.html"),
        ] {
            for tag in ["<script", "<style"] {
                assert_eq!(
                    html.matches(tag).count(),
                    html.matches(&format!("{tag} nonce=\"{{{{nonce}}}}\"")).count()
                );
            }
            for outside in
                ["http://", "https://", "//cdn", "@import", "url(", " src=", " style=\"", " onclick="]
            {
                assert!(!html.contains(outside), "{outside}");
            }
        }
    }
}
