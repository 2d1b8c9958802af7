//! The shapes of answers: `{"error", "message", "data"}`, and `{"message", "errors"}` for what is wrong with the request.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign::http::Header;
use countersign::{Device, Factor, Refusal, Ticket};
use serde_json::{Map, Value, json};

use crate::answer::{Failure, Wrong, json_response};
use crate::cookie::{Hand, SignedOut};
use crate::limits;

/// A yes.
pub(super) struct Yes {
    body: Value,
    told: Vec<Header>,
    hand: Hand,
}

impl Yes {
    /// What was asked for, and how the limits stand.
    pub(super) fn new(message: &str, data: Value, told: Vec<Header>) -> Self {
        Self {
            body: json!({ "error": false, "message": message, "data": data }),
            told,
            hand: Hand::default(),
        }
    }

    /// With what is handed out.
    pub(super) fn with(self, hand: Hand) -> Self {
        Self { hand, ..self }
    }

    /// With the empty list that one of the documents has beside the data.
    pub(super) fn with_errors(mut self) -> Self {
        if let Value::Object(body) = &mut self.body {
            body.insert("errors".into(), json!([]));
        }
        self
    }
}

impl IntoResponse for Yes {
    fn into_response(self) -> Response {
        let mut response = json_response(StatusCode::OK, &self.body);
        limits::tell(response.headers_mut(), self.told);
        self.hand.into(&mut response);
        response
    }
}

/// A no.
#[derive(Debug)]
pub(crate) struct No {
    why: Why,
    told: Vec<Header>,
    /// The new ticket of the trusted device that was shown, which is good although this is a no.
    device: Value,
    hand: Hand,
}

#[derive(PartialEq, Eq, Debug)]
enum Why {
    /// Fields that are wrong: 422.
    Fields(Vec<Wrong>),
    /// No signed-in session came with the request: 401.
    SignedOut,
    /// What the session has proven is not enough: 401, with what would be (RFC 9470).
    Insufficient(String, Value),
    /// Anything else, in words, and what to do about it.
    Plain(StatusCode, String, Value),
}

/// Where an endpoint's refusals belong: the names of its fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    /// The field that leads to a session that is not there; `None` where that is the bearer.
    pub(super) handle: Option<&'static str>,
    /// The field to blame for credentials that do not fit.
    pub(super) credentials: &'static str,
    /// The field whose factor may be disabled.
    pub(super) factor: &'static str,
    /// The field of a mailed code.
    pub(super) mailed: &'static str,
}

impl Fields {
    /// At a stranger's door, where a code, its session and what it is for are wrong by one text.
    pub(super) const STRANGER: Self =
        Self { handle: Some("code"), credentials: "email", factor: "code", mailed: "token" };

    /// Of somebody whose session is asked for with each request.
    pub(crate) const BEARER: Self =
        Self { handle: None, credentials: "password", factor: "password", mailed: "token" };

    /// With another field that leads to the session.
    pub(super) const fn led_by(self, handle: &'static str) -> Self {
        Self { handle: Some(handle), ..self }
    }
}

/// One text for a code that is wrong, has expired, was used, or belongs to another session: which, is not told.
const WRONG_CODE: &str = "The code is wrong or has expired.";
const WRONG_CREDENTIALS: &str = "The e-mail address or the password is wrong.";
const WRONG_PASSWORD: &str = "The password is wrong.";

impl No {
    /// One field is wrong.
    pub(super) fn field(field: &'static str, why: impl Into<String>) -> Self {
        Why::Fields(vec![(field, why.into())]).into()
    }

    /// No bearer came with the request.
    pub(crate) fn signed_out() -> Self {
        Why::SignedOut.into()
    }

    /// With how the limits stand.
    pub(crate) fn told(self, told: Vec<Header>) -> Self {
        Self { told, ..self }
    }

    /// With the new ticket of the device that was shown.
    pub(super) fn with_device(self, device: Option<&Ticket<Device>>, mut hand: Hand) -> Self {
        let device = device.map_or(Value::Null, |device| hand.device(device));
        Self { device, hand, ..self }
    }

    /// What was proven is too long ago.
    pub(crate) fn too_old(offered: &[Factor], within: Duration) -> Self {
        let told = format!("max_age=\"{}\"", within.as_secs());
        Why::Insufficient(told, json!({ "step_up": factors(offered) })).into()
    }

    /// What was proven is not of this assurance level.
    pub(crate) fn too_low(level: u8) -> Self {
        Why::Insufficient(format!("acr_values=\"aal{level}\""), json!({ "aal": level })).into()
    }

    /// What does not fit where things stand: 409.
    pub(super) fn unfit(why: &str) -> Self {
        Why::Plain(StatusCode::CONFLICT, why.into(), json!([])).into()
    }

    /// The library's no.
    pub(crate) fn of(refusal: &Refusal, fields: Fields) -> Self {
        let plain = |status, why: &str| Why::Plain(status, why.into(), json!([])).into();
        let forbidden = |why: &str, data| Why::Plain(StatusCode::FORBIDDEN, why.into(), data).into();
        match refusal {
            Refusal::InvalidSession => match fields.handle {
                Some(handle @ "code") => Self::field(handle, WRONG_CODE),
                Some(handle) => Self::field(handle, "It has expired or was used before; please start again."),
                None => Self::signed_out(),
            },
            Refusal::InvalidCode(_) | Refusal::CodeExpired(_) => Self::field("code", WRONG_CODE),
            Refusal::InvalidCredentials => {
                let stranger = fields.credentials == "email";
                Self::field(fields.credentials, if stranger { WRONG_CREDENTIALS } else { WRONG_PASSWORD })
            }
            Refusal::InvalidProof { factor, .. } => match factor {
                Factor::MailedCode => Self::field(fields.mailed, WRONG_CODE),
                Factor::Password => Self::field("password", WRONG_PASSWORD),
                Factor::Totp | Factor::RecoveryCode => Self::field("code", WRONG_CODE),
            },
            Refusal::FactorDisabled => {
                Self::field(fields.factor, "It was wrong too often and is disabled until it is set up anew.")
            }
            Refusal::PasswordTooShort { min_code_points } => {
                Self::field("password", format!("It must have at least {min_code_points} characters."))
            }
            Refusal::PasswordBlocked(why) => Self::field("password", format!("It {why}.")),
            Refusal::NothingPending => {
                Self::field("code", "There is nothing to confirm; please begin again.")
            }
            Refusal::Limited { .. } => {
                plain(StatusCode::TOO_MANY_REQUESTS, "Too many requests. Please wait before trying again.")
            }
            Refusal::StepUpRequired { offered } => {
                forbidden("Please prove again who you are.", json!({ "step_up": factors(offered) }))
            }
            Refusal::ActionRequired { actions } => {
                let actions: Vec<_> = actions.iter().map(|action| action.name()).collect();
                forbidden("Something else has to be done first.", json!({ "required": actions }))
            }
            Refusal::ProofRequired { .. } => {
                Self::field("code", "Please enter the code of your authenticator app, or a recovery code.")
            }
            Refusal::NotEnrolled => Self::unfit("The account does not have this second factor."),
            Refusal::LastFactor => {
                plain(StatusCode::FORBIDDEN, "A second factor is required, and this is the only one.")
            }
            Refusal::FactorNotAllowed => {
                plain(StatusCode::FORBIDDEN, "This second factor is not allowed here.")
            }
            _ => plain(StatusCode::FORBIDDEN, "Refused."),
        }
    }
}

/// Factors by name, the first to be offered first.
pub(super) fn factors(offered: &[Factor]) -> Vec<&'static str> {
    offered.iter().map(|factor| factor.name()).collect()
}

impl From<Why> for No {
    fn from(why: Why) -> Self {
        Self { why, told: Vec::new(), device: Value::Null, hand: Hand::default() }
    }
}

impl From<Failure> for No {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Invalid(fields) => {
                let sentence = |(field, why)| (field, format!("{field} {why}."));
                Why::Fields(fields.into_iter().map(sentence).collect())
            }
            other => {
                let (status, details) = other.plainly();
                Why::Plain(status, format!("{details}."), json!([]))
            }
        }
        .into()
    }
}

impl IntoResponse for No {
    fn into_response(self) -> Response {
        let plain = |status, message: &str, data: Value| {
            json_response(status, &json!({ "error": true, "message": message, "data": data }))
        };
        let mut response = match self.why {
            Why::Fields(fields) => {
                let mut body = overview(fields);
                if let (Value::String(_), Value::Object(body)) = (&self.device, &mut body) {
                    body.insert("device_token".into(), self.device);
                }
                json_response(StatusCode::UNPROCESSABLE_ENTITY, &body)
            }
            Why::Plain(status, message, data) => plain(status, &message, data),
            Why::SignedOut => {
                let mut response = plain(StatusCode::UNAUTHORIZED, "Please sign in.", json!([]));
                challenge(response.headers_mut(), "Bearer");
                response.extensions_mut().insert(SignedOut);
                response
            }
            Why::Insufficient(enough, data) => {
                let mut response = plain(StatusCode::UNAUTHORIZED, "Please prove again who you are.", data);
                let challenged = format!("Bearer error=\"insufficient_user_authentication\", {enough}");
                challenge(response.headers_mut(), &challenged);
                response
            }
        };
        limits::tell(response.headers_mut(), self.told);
        self.hand.into(&mut response);
        response
    }
}

/// All fields with what is wrong with each, and the first of them as the message.
fn overview(fields: Vec<Wrong>) -> Value {
    let message = match fields.as_slice() {
        [] => String::new(),
        [(_, why)] => why.clone(),
        [(_, why), more @ ..] => format!("{why} (and {} more)", more.len()),
    };
    let mut errors = Map::new();
    for (field, why) in fields {
        if let Value::Array(whys) = errors.entry(field).or_insert_with(|| json!([])) {
            whys.push(why.into());
        }
    }
    json!({ "message": message, "errors": errors })
}

/// A 401 says what it wants (RFC 9110 §15.5.2).
fn challenge(headers: &mut HeaderMap, wanted: &str) {
    headers.extend(HeaderValue::from_str(wanted).ok().map(|wanted| (header::WWW_AUTHENTICATE, wanted)));
}

#[cfg(test)]
mod tests {
    use countersign::{SessionState, Timestamp, Todo};

    use super::*;

    const STRANGER: Fields = Fields::STRANGER;
    const BEARER: Fields = Fields::BEARER;

    fn field(refusal: &Refusal, fields: Fields) -> (&'static str, String) {
        match No::of(refusal, fields).why {
            Why::Fields(mut wrong) => wrong.pop().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn status(refusal: &Refusal, fields: Fields) -> u16 {
        No::of(refusal, fields).into_response().status().as_u16()
    }

    #[test]
    fn r31_a_code_that_is_no_good_is_told_by_one_text() {
        let at = Timestamp::UNIX_EPOCH;
        let state = SessionState {
            attempts_left: 1,
            code_expires_at: None,
            session_expires_at: at,
            resend_at: None,
            expires_in: Duration::ZERO,
        };
        let proof = |factor| Refusal::InvalidProof { factor, attempts_left: 1 };
        let (_, text) = field(&Refusal::InvalidSession, STRANGER);
        for refusal in [Refusal::InvalidCode(state), Refusal::CodeExpired(state), proof(Factor::Totp)] {
            assert_eq!(field(&refusal, STRANGER), ("code", text.clone()), "{refusal:?}");
        }
        assert_eq!(field(&proof(Factor::RecoveryCode), STRANGER), ("code", text.clone()));
        assert_eq!(field(&proof(Factor::MailedCode), STRANGER), ("token", text));
        assert_eq!(field(&proof(Factor::Password), STRANGER).0, "password");
    }

    #[test]
    fn a_no_lands_in_the_field_it_is_about() {
        assert_eq!(field(&Refusal::InvalidCredentials, STRANGER), ("email", WRONG_CREDENTIALS.into()));
        assert_eq!(field(&Refusal::InvalidCredentials, BEARER), ("password", WRONG_PASSWORD.into()));
        assert_eq!(field(&Refusal::FactorDisabled, STRANGER).0, "code");
        assert!(field(&Refusal::FactorDisabled, BEARER).1.contains("disabled"), "it is told apart");
        assert_eq!(field(&Refusal::NothingPending, BEARER).0, "code");
        assert_eq!(status(&Refusal::InvalidSession, BEARER), 401);
        assert_eq!(status(&Refusal::NotEnrolled, BEARER), 409);
        assert_eq!(status(&Refusal::LastFactor, BEARER), 403);
        assert_eq!(status(&Refusal::FactorNotAllowed, BEARER), 403);
    }

    #[test]
    fn what_has_to_be_done_first_is_named_in_the_data() {
        let told = |refusal: &Refusal| match No::of(refusal, BEARER).why {
            Why::Plain(status, _, data) => (status.as_u16(), data),
            other => panic!("{other:?}"),
        };
        let offered = vec![Factor::Password, Factor::Totp];
        let proven = json!({ "step_up": ["password", "totp"] });
        assert_eq!(told(&Refusal::StepUpRequired { offered: offered.clone() }), (403, proven));
        let actions = vec![Todo::ChangePassword, Todo::EnrolFactor];
        let required = json!({ "required": ["change_password", "enrol_factor"] });
        assert_eq!(told(&Refusal::ActionRequired { actions }), (403, required));
        assert_eq!(field(&Refusal::ProofRequired { offered }, STRANGER).0, "code");
    }

    #[test]
    fn the_first_of_many_is_the_message() {
        let many = vec![("a", "one".into()), ("b", "two".into()), ("a", "three".into())];
        let expected =
            json!({ "message": "one (and 2 more)", "errors": { "a": ["one", "three"], "b": ["two"] } });
        assert_eq!(overview(many), expected);
    }
}
