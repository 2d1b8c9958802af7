//! The pages behind mailed links. Each is one file without external parts; what it may do is said in a Content-Security-Policy with
//! a nonce. They send what they send to their own neighbourhood, whatever prefix the routes are under.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::answer::Failure;

/// `GET /auth/register/link`: the page behind the mailed link. It shows a form; to open it redeems nothing, since mail
/// scanners open links too. The token is in the fragment, which does not reach the server before the form is sent.
pub(crate) async fn sign_up_link() -> Response {
    page(include_str!("pages/sign_up_link.html"))
}

/// `GET /v1/magic-link`: the page behind a mailed link that signs in. It shows a button, for the same reasons.
pub(crate) async fn sign_in_link() -> Response {
    page(include_str!("pages/sign_in_link.html"))
}

/// `GET /v1/forgot-password`: the page behind a mailed link that leads to a new password. It shows a form.
pub(crate) async fn recovery_link() -> Response {
    page(include_str!("pages/recovery_link.html"))
}

/// `GET /v1/two-factor/recover/cancel`: the page behind a mailed link that stops the recovery of a second factor. It shows a button.
pub(crate) async fn cancel_link() -> Response {
    page(include_str!("pages/cancel_link.html"))
}

/// What stands in a page where its nonce goes.
const NONCE: &str = "{{nonce}}";

/// 128 random bits, which no injected script can know.
fn nonce() -> Option<String> {
    let mut bytes = [0_u8; 16];
    #[expect(clippy::disallowed_methods, reason = "of a page; nothing the core decides comes from it")]
    getrandom::fill(&mut bytes).ok()?;
    Some(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// A page, with a nonce of its own.
fn page(html: &str) -> Response {
    let Some(nonce) = nonce() else { return Failure::Unavailable.into_response() };
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    let Ok(policy) = HeaderValue::try_from(policy) else { return Failure::Unavailable.into_response() };
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, policy)];
    (StatusCode::OK, headers, html.replace(NONCE, &nonce)).into_response()
}

#[cfg(test)]
mod tests {
    /// Every part of a page is in the page.
    #[test]
    fn pages_have_no_external_part_and_carry_their_nonce() {
        for html in [
            include_str!("pages/sign_up_link.html"),
            include_str!("pages/sign_in_link.html"),
            include_str!("pages/recovery_link.html"),
            include_str!("pages/cancel_link.html"),
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
