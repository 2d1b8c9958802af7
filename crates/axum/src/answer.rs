//! The shapes of answers of the [basic routes](crate::Auth::basic_routes): `{"data", "message", "status"}` and
//! `{"error": {"code", "message", "details"}, "status"}`. Public, for a host that has more endpoints of this kind.
//!
//! ```
//! use axum::response::IntoResponse;
//! use countersign_axum::answer::{Failure, success};
//! use serde_json::json;
//!
//! assert_eq!(success(json!({ "pets": 2 }), "Your pets").status(), 200);
//! assert_eq!(Failure::NotFound("There is no such pet").into_response().status(), 404);
//! ```

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign::Refusal;
use serde_json::{Value, json};

use crate::texts::{Key, Text};

/// A yes.
pub fn success(data: Value, message: &str) -> Response {
    json_response(StatusCode::OK, &json!({ "data": data, "message": message, "status": "success" }))
}

/// A JSON body with a status.
pub fn json_response(status: StatusCode, body: &Value) -> Response {
    json_text(status, body.to_string())
}

/// The same, of a text that is JSON already.
pub fn json_text(status: StatusCode, body: String) -> Response {
    let kind = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

/// A no.
#[derive(PartialEq, Eq, Debug)]
pub enum Failure {
    /// Fields of the request are wrong in themselves: which, and what about each.
    Invalid(Vec<Wrong>),
    /// The body is over the limit.
    TooLarge,
    /// There is no such session.
    InvalidSession,
    /// Not the code.
    InvalidCode {
        /// Wrong codes that would still be answered.
        attempts_left: u32,
    },
    /// The session has no live code.
    CodeExpired,
    /// A limit. For how long is in the header fields.
    Limited(Waiting),
    /// Not the credentials of anybody.
    InvalidCredentials,
    /// The password was right, and a second factor is missing.
    SecondFactorRequired,
    /// Refused for good.
    Disabled,
    /// The host failed; nothing of why.
    Unavailable,
    /// The request took too long to arrive or to answer.
    TooSlow,
    /// A page of another site may have sent the request.
    ForeignPage,
    /// Asked from where it may not be; in words.
    Forbidden(&'static str),
    /// There is nothing of the kind; in words.
    NotFound(&'static str),
    /// The body does not say that it is JSON.
    UnsupportedMedia,
    /// No such path.
    NoSuchPath,
    /// The path does not know the method.
    NoSuchMethod,
}

/// A field, and what is wrong with it. [`BODY`] is the name of the whole.
pub type Wrong = (&'static str, Text);

/// The body as a whole.
pub const BODY: &str = "body";

/// What somebody has to wait for, for the words of a 429.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waiting {
    /// Another code.
    Code,
    /// Another try.
    Try,
}

impl Failure {
    /// The library's no.
    pub fn from_refusal(refusal: Refusal, waiting: Waiting) -> Self {
        match refusal {
            Refusal::InvalidSession => Self::InvalidSession,
            Refusal::InvalidCredentials => Self::InvalidCredentials,
            Refusal::InvalidCode(state) => Self::InvalidCode { attempts_left: state.attempts_left },
            Refusal::CodeExpired(_) => Self::CodeExpired,
            Refusal::Limited { .. } => Self::Limited(waiting),
            Refusal::PasswordTooShort { min_code_points } => {
                Self::invalid("password", Text::with(Key::TooFewCharacters, min_code_points))
            }
            Refusal::PasswordBlocked(why) => Self::invalid("password", why),
            _ => Self::Disabled,
        }
    }

    /// One field is wrong.
    pub fn invalid(field: &'static str, why: impl Into<Text>) -> Self {
        Self::Invalid(vec![(field, why.into())])
    }

    /// The status, and the sentence that family A has for it.
    pub(crate) fn plainly(&self) -> (StatusCode, Text) {
        let (status, _, _, details) = self.words();
        let key = match self {
            Self::TooLarge => Key::TooLarge,
            Self::Unavailable => Key::Unavailable,
            Self::TooSlow => Key::TooSlow,
            Self::ForeignPage => Key::ForeignPage,
            Self::UnsupportedMedia => Key::UnsupportedMedia,
            Self::NoSuchPath => Key::NoSuchPath,
            Self::NoSuchMethod => Key::NoSuchMethod,
            Self::InvalidSession => Key::TokenEnded,
            // What only family B answers, and a host's own words.
            _ => return (status, format!("{details}.").into()),
        };
        (status, key.into())
    }

    fn words(&self) -> (StatusCode, &'static str, &'static str, String) {
        let (status, code, message, details) = match self {
            Self::Invalid(fields) => {
                let details: Vec<_> = fields.iter().map(|(field, why)| format!("{field}: {why}")).collect();
                let details = details.join("; ");
                return (StatusCode::BAD_REQUEST, "VALIDATION_ERROR", "Invalid request", details);
            }
            Self::InvalidCode { attempts_left } => {
                let details = match attempts_left {
                    0 => "That was the last attempt of this session; please start again".into(),
                    1 => "The code is wrong; 1 attempt is left".into(),
                    more => format!("The code is wrong; {more} attempts are left"),
                };
                return (StatusCode::BAD_REQUEST, "INVALID_OTP", "Invalid OTP", details);
            }
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "PAYLOAD_TOO_LARGE",
                "Request body too large",
                "The body may have at most 16384 bytes",
            ),
            Self::InvalidSession => (
                StatusCode::BAD_REQUEST,
                "INVALID_SESSION",
                "Invalid OTP session",
                "The provided OTP session is invalid or has been verified",
            ),
            Self::CodeExpired => (
                StatusCode::UNAUTHORIZED,
                "OTP_EXPIRED",
                "OTP expired",
                "The code has expired; please request another OTP",
            ),
            Self::Limited(Waiting::Code) => (
                StatusCode::TOO_MANY_REQUESTS,
                "RATE_LIMIT_EXCEEDED",
                "Too many OTP requests",
                "Please wait before requesting another OTP",
            ),
            Self::Limited(Waiting::Try) => (
                StatusCode::TOO_MANY_REQUESTS,
                "RATE_LIMIT_EXCEEDED",
                "Too many requests",
                "Please wait before trying again",
            ),
            Self::InvalidCredentials => (
                StatusCode::UNAUTHORIZED,
                "INVALID_CREDENTIALS",
                "Invalid credentials",
                "The username or the password is wrong",
            ),
            Self::SecondFactorRequired => (
                StatusCode::UNAUTHORIZED,
                "SECOND_FACTOR_REQUIRED",
                "Second factor required",
                "The account asks for a second factor, which this endpoint does not take",
            ),
            Self::Disabled => {
                (StatusCode::FORBIDDEN, "REFUSED", "Refused", "This cannot be used until it is set up anew")
            }
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "UNAVAILABLE",
                "Service unavailable",
                "Please try again later",
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "REQUEST_TIMEOUT",
                "Request timed out",
                "The request took too long",
            ),
            Self::ForeignPage => (
                StatusCode::FORBIDDEN,
                "FORBIDDEN",
                "Forbidden",
                "The request was not made by a page of this site",
            ),
            Self::Forbidden(why) => (StatusCode::FORBIDDEN, "FORBIDDEN", "Forbidden", *why),
            Self::NotFound(what) => (StatusCode::NOT_FOUND, "NOT_FOUND", "Not found", *what),
            Self::UnsupportedMedia => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED_MEDIA_TYPE",
                "Unsupported media type",
                "The body must be sent as application/json",
            ),
            Self::NoSuchPath => (StatusCode::NOT_FOUND, "NOT_FOUND", "Not found", "There is no such path"),
            Self::NoSuchMethod => (
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                "Method not allowed",
                "The path does not know this method",
            ),
        };
        (status, code, message, details.to_owned())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, code, message, details) = self.words();
        let error = json!({ "code": code, "message": message, "details": details });
        json_response(status, &json!({ "error": error, "status": "error" }))
    }
}
