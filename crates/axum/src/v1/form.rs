//! The fields of a request, each checked, with all that is wrong told at once.

use std::convert::Infallible;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use countersign::{Code, Device, Identifier, Locale, Password, Profile, Session, Ticket, TicketKind};
use serde_json::json;

use super::answer::No;
use crate::answer::Failure;
use crate::cookie::{self, Shown};
use crate::session::Unheld;
use crate::texts::{Asked, Key, Text};
use crate::{Auth, body, tickets};

/// A field as it was read, or what is wrong with it.
pub(super) type Field<T> = Result<T, Failure>;

/// A JSON body.
pub(super) struct Form {
    fields: body::Fields,
    asked: Asked,
}

impl<S: Sync> FromRequest<S> for Form {
    type Rejection = No;

    async fn from_request(request: Request, state: &S) -> Result<Self, No> {
        let asked = request.extensions().get::<Asked>().cloned().unwrap_or_default();
        let form = Self { fields: body::Fields::from_request(request, state).await?, asked };
        if let Ok(Some(language)) = form.language() {
            form.asked.in_body(language);
        }
        Ok(form)
    }
}

/// Two fields, or everything that is wrong with either.
pub(super) fn both<A, B>(a: Field<A>, b: Field<B>) -> Field<(A, B)> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(Failure::Invalid(mut wrong)), Err(Failure::Invalid(more))) => {
            wrong.extend(more);
            Err(Failure::Invalid(wrong))
        }
        (Err(failure), _) | (_, Err(failure)) => Err(failure),
    }
}

impl Form {
    /// A text that may be absent, null or empty, which is all the same.
    pub(super) fn optional(&self, name: &'static str) -> Field<Option<&str>> {
        Ok(self.fields.optional_text(name)?.filter(|text| !text.is_empty()))
    }

    /// A text that must be there.
    pub(super) fn required(&self, name: &'static str) -> Field<&str> {
        self.optional(name)?.ok_or_else(|| Failure::invalid(name, Key::Required))
    }

    /// `email`
    pub(super) fn email(&self) -> Field<Identifier> {
        let email = self.required("email")?;
        Identifier::parse(email).map_err(|why| Failure::invalid("email", why))
    }

    /// `password`
    pub(super) fn password(&self) -> Field<Password> {
        self.password_in("password")
    }

    /// A password that must be there.
    pub(super) fn password_in(&self, name: &'static str) -> Field<Password> {
        Password::typed(self.required(name)?).map_err(|_| Failure::invalid(name, Key::TooLong))
    }

    /// `password`, where it may be absent.
    pub(super) fn optional_password(&self) -> Field<Option<Password>> {
        self.optional("password")?.map(|_| self.password()).transpose()
    }

    /// A code that must be there.
    pub(super) fn code(&self, name: &'static str) -> Field<Code> {
        self.required(name).map(Code::typed)
    }

    /// A code that may be absent.
    pub(super) fn optional_code(&self, name: &'static str) -> Field<Option<Code>> {
        Ok(self.optional(name)?.map(Code::typed))
    }

    /// `is_recovery`, false where it is absent.
    pub(super) fn is_recovery(&self) -> Field<bool> {
        Ok(self.fields.optional_flag("is_recovery")?.unwrap_or(false))
    }

    /// A ticket. What is none leads nowhere, so that the library answers and counts it like any unknown one.
    pub(super) fn ticket<K: TicketKind>(&self, name: &'static str) -> Field<Ticket<K>> {
        tickets::ticket(self.required(name)?).ok_or(Failure::InvalidSession)
    }

    /// `language`: of the answer and the messages, and kept with the profile.
    pub(super) fn language(&self) -> Field<Option<Locale>> {
        let language = self.optional("language")?.map(Locale::new).transpose();
        language.map_err(|_| Failure::invalid("language", Key::NotALanguage))
    }

    /// The language for messages that the request has sent.
    pub(super) fn locale(&self, auth: &Auth) -> Option<Locale> {
        self.asked.locale(auth.texts())
    }

    /// `name` and `language`, as the directory keeps them.
    pub(super) fn profile(&self) -> Field<Profile> {
        let (name, language) = both(self.optional("name"), self.language())?;
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        let profile = json!({ "name": name, "language": language.as_ref().map(Locale::as_str) });
        let profile = Profile::new(profile.to_string().into_bytes());
        profile.map_err(|_| Failure::invalid("name", Key::TooLong))
    }

    /// `device_token`. What is no ticket is like none.
    fn device(&self) -> Field<Option<Ticket<Device>>> {
        Ok(self.optional("device_token")?.and_then(|device| Ticket::parse(device).ok()))
    }

    /// `session_id`: at most 64 characters. What is no ticket is like none.
    pub(super) fn session_id<K: TicketKind>(&self) -> Field<Option<Ticket<K>>> {
        let session = self.optional("session_id")?;
        if session.is_some_and(|session| session.chars().count() > 64) {
            return Err(Failure::invalid("session_id", Text::with(Key::TooManyCharacters, 64)));
        }
        Ok(session.and_then(|session| Ticket::parse(session).ok()))
    }
}

/// The signed-in session a request comes with.
pub(super) struct Bearer(pub(super) Ticket<Session>);

impl FromRequestParts<Auth> for Bearer {
    type Rejection = No;

    async fn from_request_parts(parts: &mut Parts, auth: &Auth) -> Result<Self, No> {
        auth.held(&parts.method, &parts.headers).map(Self).map_err(|why| match why {
            Unheld::Nothing | Unheld::Confused => No::signed_out(),
            Unheld::Foreign => Failure::ForeignPage.into(),
        })
    }
}

/// The trusted device a request comes from: in the mode of cookies its cookie and nothing else, otherwise in the body.
pub(super) struct Trusted(Option<Option<Ticket<Device>>>);

impl FromRequestParts<Auth> for Trusted {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, auth: &Auth) -> Result<Self, Infallible> {
        Ok(Self(auth.0.config.cookies.as_ref().map(|_| {
            match cookie::shown(&parts.headers, cookie::DEVICE) {
                Shown::Once(text) => Ticket::parse(text).ok(),
                _ => None,
            }
        })))
    }
}

impl Trusted {
    /// It, or the one in the form.
    pub(super) fn or_in(self, form: &Form) -> Field<Option<Ticket<Device>>> {
        self.0.map_or_else(|| form.device(), Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let wrong = |field| Failure::invalid(field, "x");
        let all = both(both(Err::<(), _>(wrong("a")), Ok(())), both(Ok(()), Err::<(), _>(wrong("b"))));
        assert_eq!(all, Err(Failure::Invalid(vec![("a", "x".into()), ("b", "x".into())])));
        assert_eq!(both(Ok(1), Ok(2)), Ok((1, 2)));
    }
}
