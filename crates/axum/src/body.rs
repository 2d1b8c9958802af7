//! JSON bodies, field by field, so that a refusal can name the field.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::answer::{BODY, Failure};
use crate::texts::Key;

/// The longest body that is read.
pub const BODY_BYTES: usize = 16 * 1024;

/// The fields of a JSON object. Fields that nobody asks for are ignored.
///
/// A text is a JSON string and nothing else: a code that comes as a number, a list, an object or null never reaches the
/// library (B044).
pub struct Fields(Map<String, Value>);

impl<S: Sync> FromRequest<S> for Fields {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let bytes = read(request.into_body()).await?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Failure::invalid(BODY, Key::NotAnObject)),
            Err(_) => Err(Failure::invalid(BODY, Key::NotJson)),
        }
    }
}

/// A body that is not looked at. It is read all the same, within the limit, so that the connection can go on.
pub struct Ignored;

impl<S: Sync> FromRequest<S> for Ignored {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        let _ = read(request.into_body()).await;
        Ok(Self)
    }
}

async fn read(body: Body) -> Result<Vec<u8>, Failure> {
    match Limited::new(body, BODY_BYTES).collect().await {
        Ok(whole) => Ok(whole.to_bytes().into()),
        Err(why) if why.is::<LengthLimitError>() => Err(Failure::TooLarge),
        Err(_) => Err(Failure::invalid(BODY, Key::NotWhole)),
    }
}

impl Fields {
    /// A field that must be there and be a text.
    ///
    /// # Errors
    /// [`Failure::Invalid`], which names the field.
    pub fn text(&self, name: &'static str) -> Result<&str, Failure> {
        match self.0.get(name) {
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(Failure::invalid(name, Key::NotAString)),
            None => Err(Failure::invalid(name, Key::Required)),
        }
    }

    /// A field that may be absent or null, and otherwise must be a text.
    ///
    /// # Errors
    /// As for [`text`](Self::text).
    pub fn optional_text(&self, name: &'static str) -> Result<Option<&str>, Failure> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.text(name).map(Some),
        }
    }

    /// A field that may be absent, and otherwise must be a whole number.
    ///
    /// # Errors
    /// As for [`text`](Self::text).
    pub fn optional_number(&self, name: &'static str) -> Result<Option<i64>, Failure> {
        let number = |value: &Value| value.as_i64().ok_or_else(|| Failure::invalid(name, Key::NotANumber));
        self.0.get(name).map(number).transpose()
    }

    /// A field that may be absent or null, and otherwise must be true or false.
    ///
    /// # Errors
    /// As for [`text`](Self::text).
    pub fn optional_flag(&self, name: &'static str) -> Result<Option<bool>, Failure> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(Failure::invalid(name, Key::NotAFlag)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Result<Fields, Failure> {
        let request = Request::new(Body::from(json.to_owned()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(Fields::from_request(request, &()))
    }

    /// B044: only a string is a code.
    #[test]
    fn b044_a_text_is_a_string_and_nothing_else() {
        let text = |json: &str| fields(json).and_then(|fields| fields.text("otp").map(str::to_owned));
        assert_eq!(text(r#"{"otp":"000001"}"#), Ok("000001".into()));
        for other in ["1", "123456", "null", "true", "[]", "[\"123456\"]", "{}", "{\"$ne\":\"\"}", "1e5"] {
            let failure = text(&format!("{{\"otp\":{other}}}")).unwrap_err();
            assert_eq!(failure, Failure::invalid("otp", Key::NotAString), "{other}");
        }
        assert_eq!(text("{}"), Err(Failure::invalid("otp", Key::Required)));
    }

    #[test]
    fn what_is_no_json_object_of_bounded_size_is_refused() {
        for body in ["", "x", "[]", "\"a\"", "null", "{", "{}{}", "{\"a\":\"\\ud800\"}", &"[".repeat(5000)] {
            assert!(matches!(fields(body), Err(Failure::Invalid(_))), "{body:.20}");
        }
        let padded = |bytes: usize| format!("{{}}{}", " ".repeat(bytes - 2));
        assert!(fields(&padded(BODY_BYTES)).is_ok());
        assert_eq!(fields(&padded(BODY_BYTES + 1)).err(), Some(Failure::TooLarge));
    }
}
