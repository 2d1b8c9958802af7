//! How the limits stand, in header fields. What they say is the library's word.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use countersign::Outcome;
use countersign::http::{Header, client_quota, x_rate_limit};

/// Puts fields into the head of an answer.
pub(crate) fn tell(headers: &mut HeaderMap, told: impl IntoIterator<Item = Header>) {
    for (name, value) in told {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// The two fields that came before the standard ones, of the client's own limit.
pub(crate) fn of_client<T>(outcome: &Outcome<T>) -> impl Iterator<Item = Header> + use<T> {
    client_quota(&outcome.limits).map(x_rate_limit).into_iter().flatten()
}
