//! How the limits stand, in header fields. What they say is the library's word.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use countersign::http::Header;

/// Puts fields into the head of an answer.
pub(crate) fn tell(headers: &mut HeaderMap, told: impl IntoIterator<Item = Header>) {
    for (name, value) in told {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}
