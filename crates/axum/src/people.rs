//! Who an account is, as the host's user table has it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use countersign::AccountId;
use countersign::host::DirectoryError;
use serde_json::Value;

/// What a host knows of a user: for answers to the user, once he is signed in.
///
/// ```
/// use countersign_axum::Person;
/// let jo = Person::new("jo@example.com", r#"{"name": "Jo", "language": "nl-NL"}"#);
/// assert_eq!((jo.name.as_deref(), jo.language.as_deref()), (Some("Jo"), Some("nl-NL")));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// The identifier, in normal form.
    pub identifier: String,
    /// The name, if it was told.
    pub name: Option<String>,
    /// The language, a tag such as `nl-NL`, if it was told.
    pub language: Option<String>,
}

impl Person {
    /// A person of whom the directory kept the [`Profile`](countersign::Profile) as it was handed in: the JSON that the endpoints
    /// made of it, whichever family of them it was. Of a text that is no such JSON nothing is taken.
    #[must_use]
    pub fn new(identifier: &str, profile: &str) -> Self {
        let profile: Value = serde_json::from_str(profile).unwrap_or_default();
        let told = |what: &str| profile.get(what)?.as_str().map(str::to_owned);
        Self {
            identifier: identifier.into(),
            name: told("name").or_else(|| told("fullname")),
            language: told("language"),
        }
    }
}

/// Who is behind an account. It is asked only for accounts that somebody has proven to be his.
///
/// ```
/// use countersign::{AccountId, host::DirectoryError};
/// use countersign_axum::{People, Person};
///
/// struct Users; // a pool of connections, say
/// impl People for Users {
///     async fn person(&self, account: &AccountId) -> Result<Option<Person>, DirectoryError> {
///         // SELECT email, name, language FROM users WHERE id = $1
///         let identifier = format!("{}@example.com", account.as_str());
///         Ok(Some(Person { identifier, name: None, language: None }))
///     }
/// }
/// ```
pub trait People: Send + Sync {
    /// Who an account is; `None` if there is none with this id.
    ///
    /// # Errors
    /// [`DirectoryError`], for which the client gets a 503 and the log the reason.
    fn person(
        &self,
        account: &AccountId,
    ) -> impl Future<Output = Result<Option<Person>, DirectoryError>> + Send;
}

impl<P: People + ?Sized> People for Arc<P> {
    fn person(
        &self,
        account: &AccountId,
    ) -> impl Future<Output = Result<Option<Person>, DirectoryError>> + Send {
        (**self).person(account)
    }
}

/// People who are looked up by a call that blocks: it runs on a thread for that.
///
/// ```
/// use countersign_axum::{OffloadedPeople, Person};
/// let people = OffloadedPeople::new(|account| {
///     // A query of a blocking client.
///     Ok(Some(Person { identifier: format!("{}@example.com", account.as_str()), name: None, language: None }))
/// });
/// ```
pub struct OffloadedPeople<F>(Arc<F>);

impl<F> OffloadedPeople<F>
where
    F: Fn(&AccountId) -> Result<Option<Person>, DirectoryError> + Send + Sync + 'static,
{
    /// Takes the call.
    pub fn new(call: F) -> Self {
        Self(Arc::new(call))
    }
}

impl<F> std::fmt::Debug for OffloadedPeople<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OffloadedPeople(…)")
    }
}

impl<F> People for OffloadedPeople<F>
where
    F: Fn(&AccountId) -> Result<Option<Person>, DirectoryError> + Send + Sync + 'static,
{
    async fn person(&self, account: &AccountId) -> Result<Option<Person>, DirectoryError> {
        let (call, account) = (Arc::clone(&self.0), account.clone());
        let asked = tokio::task::spawn_blocking(move || call(&account)).await;
        asked.map_err(|_| DirectoryError("the call did not come to an end".into()))?
    }
}

/// [`People`] of any type.
pub(crate) trait AnyPeople: Send + Sync {
    fn person<'a>(&'a self, account: &'a AccountId) -> Found<'a>;
}

/// A person who is being looked up.
type Found<'a> = Pin<Box<dyn Future<Output = Result<Option<Person>, DirectoryError>> + Send + 'a>>;

impl<P: People> AnyPeople for P {
    fn person<'a>(&'a self, account: &'a AccountId) -> Found<'a> {
        Box::pin(People::person(self, account))
    }
}
