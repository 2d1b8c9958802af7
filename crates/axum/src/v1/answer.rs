//! The shapes of answers: `{"error", "message", "data"}`, and `{"message", "errors"}` for what is wrong with the request.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign::{AccountId, Device, Factor, Refusal, Ticket};
use serde_json::{Map, Value, json};

use super::Told;
use crate::answer::{Failure, Wrong};
use crate::cookie::{Hand, SignedOut};
use crate::limits;
use crate::texts::{Key, Text, Texts};

/// The shape of an answer whose texts are not yet in a language. It goes with the response, which has everything but its body.
#[derive(Clone, Debug)]
pub(super) struct Unworded {
    shape: Shape,
    /// The account that the request proved to be at.
    pub(super) account: Option<AccountId>,
}

#[derive(Clone, Debug)]
enum Shape {
    /// `{"error", "message", "data"}`, with the empty list of errors that one of the documents has beside the data.
    Said { error: bool, message: Text, data: Option<Value>, warning: Option<Text>, errors: bool },
    /// `{"message", "errors"}`, with the next token of a trusted device.
    Fields { fields: Vec<Wrong>, device: Value },
}

impl Unworded {
    /// Without data, as one of the documents has its 429.
    pub(super) fn without_data(&mut self) {
        if let Shape::Said { data, .. } = &mut self.shape {
            *data = None;
        }
    }

    /// The body, by what is said in some language.
    pub(super) fn body(self, say: impl Fn(&Text) -> String) -> Value {
        match self.shape {
            Shape::Said { error, message, data, warning, errors } => {
                let mut body = json!({ "error": error, "message": say(&message) });
                if let Value::Object(body) = &mut body {
                    body.extend(
                        data.map(|data| ("data".to_owned(), warned(data, warning.as_ref().map(&say)))),
                    );
                    body.extend(errors.then(|| ("errors".to_owned(), json!([]))));
                }
                body
            }
            Shape::Fields { fields, device } => {
                let mut body = overview(fields, say);
                if let (Value::String(_), Value::Object(body)) = (&device, &mut body) {
                    body.insert("device_token".into(), device);
                }
                body
            }
        }
    }

    fn response(self, status: StatusCode) -> Response {
        let kind = HeaderValue::from_static("application/json");
        let mut response = (status, [(header::CONTENT_TYPE, kind)]).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The data with the text of its warning in place.
fn warned(mut data: Value, warning: Option<String>) -> Value {
    if let (Some(warning), Value::Object(data)) = (warning, &mut data) {
        data.insert("warn_message".into(), warning.into());
    }
    data
}

/// A yes.
pub(super) struct Yes {
    message: Text,
    data: Value,
    warning: Option<Text>,
    errors: bool,
    told: Told,
    hand: Hand,
}

impl Yes {
    /// What was asked for, and how the limits stand.
    pub(super) fn new(message: impl Into<Text>, data: Value, told: Told) -> Self {
        let (message, hand) = (message.into(), Hand::default());
        Self { message, data, warning: None, errors: false, told, hand }
    }

    /// With what is handed out.
    pub(super) fn with(self, hand: Hand) -> Self {
        Self { hand, ..self }
    }

    /// With a text in the place of `data.warn_message`.
    pub(super) fn warning(self, warning: Option<Text>) -> Self {
        Self { warning, ..self }
    }

    /// With the empty list that one of the documents has beside the data.
    pub(super) fn with_errors(self) -> Self {
        Self { errors: true, ..self }
    }
}

impl IntoResponse for Yes {
    fn into_response(self) -> Response {
        let Self { message, data, warning, errors, told, hand } = self;
        let shape = Shape::Said { error: false, message, data: Some(data), warning, errors };
        let mut response = Unworded { shape, account: told.account }.response(StatusCode::OK);
        limits::tell(response.headers_mut(), told.headers);
        hand.into(&mut response);
        response
    }
}

/// A no.
#[derive(Debug)]
pub(crate) struct No {
    why: Why,
    told: Told,
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
    Plain(StatusCode, Text, Value),
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

impl No {
    /// One field is wrong.
    pub(super) fn field(field: &'static str, why: impl Into<Text>) -> Self {
        Why::Fields(vec![(field, why.into())]).into()
    }

    /// No bearer came with the request.
    pub(crate) fn signed_out() -> Self {
        Why::SignedOut.into()
    }

    /// With how the limits stand.
    pub(crate) fn told(self, told: Told) -> Self {
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
    pub(super) fn unfit(why: Key) -> Self {
        Why::Plain(StatusCode::CONFLICT, why.into(), json!([])).into()
    }

    /// The library's no.
    pub(crate) fn of(refusal: &Refusal, fields: Fields) -> Self {
        let plain = |status, why: Key| Why::Plain(status, why.into(), json!([])).into();
        let forbidden = |why: Key, data| Why::Plain(StatusCode::FORBIDDEN, why.into(), data).into();
        match refusal {
            Refusal::InvalidSession => match fields.handle {
                Some(handle @ "code") => Self::field(handle, Key::WrongCode),
                Some(handle) => Self::field(handle, Key::TokenEnded),
                None => Self::signed_out(),
            },
            Refusal::InvalidCode(_) | Refusal::CodeExpired(_) => Self::field("code", Key::WrongCode),
            Refusal::InvalidCredentials => {
                let stranger = fields.credentials == "email";
                Self::field(
                    fields.credentials,
                    if stranger { Key::WrongCredentials } else { Key::WrongPassword },
                )
            }
            Refusal::InvalidProof { factor, .. } => match factor {
                Factor::MailedCode => Self::field(fields.mailed, Key::WrongCode),
                Factor::Password => Self::field("password", Key::WrongPassword),
                Factor::Totp | Factor::RecoveryCode => Self::field("code", Key::WrongCode),
            },
            Refusal::FactorDisabled => Self::field(fields.factor, Key::FactorDisabled),
            Refusal::PasswordTooShort { min_code_points } => {
                Self::field("password", Text::with(Key::TooFewCharacters, min_code_points).about("password"))
            }
            Refusal::PasswordBlocked(why) => Self::field("password", Text::from(*why).about("password")),
            Refusal::NothingPending => Self::field("code", Key::NothingPending),
            Refusal::Limited { .. } => plain(StatusCode::TOO_MANY_REQUESTS, Key::TooManyRequests),
            Refusal::StepUpRequired { offered } => {
                forbidden(Key::ProveAgain, json!({ "step_up": factors(offered) }))
            }
            Refusal::ActionRequired { actions } => {
                let actions: Vec<_> = actions.iter().map(|action| action.name()).collect();
                forbidden(Key::ActionRequired, json!({ "required": actions }))
            }
            Refusal::ProofRequired { .. } => Self::field("code", Key::EnterAppCode),
            Refusal::NotEnrolled => Self::unfit(Key::NotEnrolled),
            Refusal::LastFactor => plain(StatusCode::FORBIDDEN, Key::LastFactor),
            Refusal::FactorNotAllowed => plain(StatusCode::FORBIDDEN, Key::FactorNotAllowed),
            _ => plain(StatusCode::FORBIDDEN, Key::Refused),
        }
    }
}

/// Factors by name, the first to be offered first.
pub(super) fn factors(offered: &[Factor]) -> Vec<&'static str> {
    offered.iter().map(|factor| factor.name()).collect()
}

impl From<Why> for No {
    fn from(why: Why) -> Self {
        Self { why, told: Told::default(), device: Value::Null, hand: Hand::default() }
    }
}

impl From<Failure> for No {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Invalid(fields) => {
                let sentence = |(field, why): Wrong| (field, why.about(field));
                Why::Fields(fields.into_iter().map(sentence).collect())
            }
            other => {
                let (status, why) = other.plainly();
                Why::Plain(status, why, json!([]))
            }
        }
        .into()
    }
}

impl No {
    /// The whole answer in a language, where no layer of the endpoints puts it into one.
    pub(crate) fn in_language(self, texts: &Texts, language: &str) -> Response {
        worded(self.into_response(), texts, language)
    }

    /// The account that the request proved to be at.
    pub(crate) const fn account(&self) -> Option<&AccountId> {
        self.told.account.as_ref()
    }
}

/// A response with its body, in a language.
pub(super) fn worded(mut response: Response, texts: &Texts, language: &str) -> Response {
    if let Some(unworded) = response.extensions_mut().remove::<Unworded>() {
        *response.body_mut() = unworded.body(|text| texts.say(language, text)).to_string().into();
        let language = HeaderValue::from_str(texts.known(language).unwrap_or(language));
        response.headers_mut().extend(language.ok().map(|it| (header::CONTENT_LANGUAGE, it)));
    }
    response
}

impl IntoResponse for No {
    fn into_response(self) -> Response {
        let Self { why, told, device, hand } = self;
        let plain = |message, data| Shape::Said {
            error: true,
            message,
            data: Some(data),
            warning: None,
            errors: false,
        };
        let (status, shape, wanted) = match why {
            Why::Fields(fields) => (StatusCode::UNPROCESSABLE_ENTITY, Shape::Fields { fields, device }, None),
            Why::Plain(status, message, data) => (status, plain(message, data), None),
            Why::SignedOut => (
                StatusCode::UNAUTHORIZED,
                plain(Key::PleaseSignIn.into(), json!([])),
                Some("Bearer".to_owned()),
            ),
            Why::Insufficient(enough, data) => {
                let wanted = format!("Bearer error=\"insufficient_user_authentication\", {enough}");
                (StatusCode::UNAUTHORIZED, plain(Key::ProveAgain.into(), data), Some(wanted))
            }
        };
        let mut response = Unworded { shape, account: told.account }.response(status);
        if wanted.as_deref() == Some("Bearer") {
            response.extensions_mut().insert(SignedOut);
        }
        if let Some(wanted) = wanted {
            challenge(response.headers_mut(), &wanted);
        }
        limits::tell(response.headers_mut(), told.headers);
        hand.into(&mut response);
        response
    }
}

/// All fields with what is wrong with each, and the first of them as the message.
fn overview(fields: Vec<Wrong>, say: impl Fn(&Text) -> String) -> Value {
    let message = match fields.as_slice() {
        [] => String::new(),
        [(_, why)] => say(why),
        [(_, why), more @ ..] => format!("{} {}", say(why), say(&Text::with(Key::AndMore, more.len()))),
    };
    let mut errors = Map::new();
    for (field, why) in fields {
        if let Value::Array(whys) = errors.entry(field).or_insert_with(|| json!([])) {
            whys.push(say(&why).into());
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

    fn field(refusal: &Refusal, fields: Fields) -> (&'static str, Text) {
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
        assert_eq!(field(&Refusal::InvalidCredentials, STRANGER), ("email", Key::WrongCredentials.into()));
        assert_eq!(field(&Refusal::InvalidCredentials, BEARER), ("password", Key::WrongPassword.into()));
        assert_eq!(field(&Refusal::FactorDisabled, STRANGER).0, "code");
        assert!(
            field(&Refusal::FactorDisabled, BEARER).1.to_string().contains("disabled"),
            "it is told apart"
        );
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
        assert_eq!(overview(many, Text::to_string), expected);
    }
}
