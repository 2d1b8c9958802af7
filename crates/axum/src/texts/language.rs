//! Which language an answer is in: the body's `language`, else `Accept-Language`, else the account's, else the server's.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::{HeaderMap, header};
use countersign::{AccountId, Locale};

use super::Texts;
use crate::{Auth, Person};

/// The languages that a request asks for. It goes with the request; the body's is set once the body was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    body: Arc<OnceLock<Locale>>,
    accepted: Arc<[Locale]>,
}

impl Asked {
    /// What the head of a request asks for.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self { body: Arc::default(), accepted: accepted(headers).into() }
    }

    /// Notes the `language` of the body.
    pub(crate) fn in_body(&self, language: Locale) {
        let _ = self.body.set(language);
    }

    /// The language for messages that the request has sent: the body's, else the best that there are texts for, else the best.
    pub(crate) fn locale(&self, texts: &Texts) -> Option<Locale> {
        let known = || self.accepted.iter().find(|it| texts.known(it.as_str()).is_some());
        self.body.get().or_else(known).or_else(|| self.accepted.first()).cloned()
    }

    /// The first language asked for that there are texts for.
    fn known<'a>(&self, texts: &'a Texts) -> Option<&'a str> {
        self.body.get().into_iter().chain(&*self.accepted).find_map(|it| texts.known(it.as_str()))
    }
}

impl Auth {
    /// The language of an answer. An account is looked up only where the request asks for no language that there are texts for, and
    /// only an account at which the request has proven something (law 8).
    pub(crate) async fn language(&self, asked: &Asked, account: Option<&AccountId>) -> String {
        let texts = self.texts();
        if let Some(known) = asked.known(texts) {
            return known.to_owned();
        }
        let person = match account {
            Some(account) => self.person_soon(account).await,
            None => None,
        };
        let theirs = person.and_then(|person| texts.known(&person.language?).map(str::to_owned));
        theirs.unwrap_or_else(|| texts.default().to_owned())
    }

    /// Who an account is, if the host says so soon. A slow or failing directory costs an answer its language and nothing else.
    async fn person_soon(&self, account: &AccountId) -> Option<Person> {
        let told = tokio::time::timeout(SOON, self.0.people.person(account)).await;
        let told = told
            .map_err(|_| "no answer came in time".to_owned())
            .and_then(|it| it.map_err(|why| why.to_string()));
        told.unwrap_or_else(|why| {
            tracing::warn!(event = "host.failed", %why, "the language of an account is not known");
            None
        })
    }

    /// The catalogue of texts.
    pub(crate) fn texts(&self) -> &Texts {
        &self.0.config.texts
    }
}

/// How long an answer waits for the language of an account.
const SOON: Duration = Duration::from_secs(1);

/// The most languages that are looked at.
const MOST: usize = 16;

/// The languages of `Accept-Language`, the best first (RFC 9110 §12.5.4). A range that is malformed, `*`, or of weight zero asks for
/// nothing. A weight is a number of at most four digits, so that no text of a client disturbs the order.
fn accepted(headers: &HeaderMap) -> Vec<Locale> {
    let fields = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|field| field.to_str().ok());
    let ranges = fields.flat_map(|field| field.split(',')).take(MOST);
    let mut ranges: Vec<(u16, Locale)> = ranges.filter_map(range).collect();
    ranges.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    ranges.into_iter().map(|(_, language)| language).collect()
}

/// A range and its weight in thousandths.
fn range(text: &str) -> Option<(u16, Locale)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| *name != "*")?;
    let weight = match parts.next() {
        None => 1_000,
        Some(weight) => thousandths(weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q="))?)?,
    };
    Some((weight, Locale::new(name).ok()?)).filter(|(weight, _)| *weight > 0)
}

/// `0.7` as 700: a digit, and at most three after the point.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 1 || rest.len() > 3 || !digits(whole) || !digits(rest) {
        return None;
    }
    format!("{whole}{rest:0<3}").parse().ok().filter(|weight| *weight <= 1_000)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(fields: &[&'static str]) -> HeaderMap {
        let fields = fields.iter().map(|field| (header::ACCEPT_LANGUAGE, HeaderValue::from_static(field)));
        fields.collect()
    }

    fn of(fields: &[&'static str]) -> Vec<String> {
        accepted(&headers(fields)).iter().map(|language| language.as_str().to_owned()).collect()
    }

    #[test]
    fn languages_are_taken_by_their_weight_and_nonsense_is_not() {
        assert_eq!(of(&["nl-NL,nl;q=0.9,en;q=0.8"]), ["nl-NL", "nl", "en"]);
        assert_eq!(of(&["en;q=0.1, fr ; q=0.5 ,nl"]), ["nl", "fr", "en"]);
        assert_eq!(of(&["en;q=0.5", "nl"]), ["nl", "en"], "fields are one list");
        assert_eq!(of(&["en;q=0, nl;q=0.001"]), ["nl"]);
        for nothing in [
            "",
            "*",
            ",",
            ";q=1",
            "en;q=NaN",
            "en;q=2",
            "en;q=-1",
            "en;q=",
            "en;q=0.0001",
            "en;level=1",
            "e n",
        ] {
            assert_eq!(of(&[nothing]), [""; 0], "{nothing:?}");
        }
        assert_eq!(of(&[]), [""; 0]);
        assert!(of(&["en,".repeat(10_000).leak()]).len() <= MOST);
    }

    #[test]
    fn the_body_comes_first_and_what_nobody_speaks_is_passed_over() {
        let texts = Texts::shipped();
        let asked = Asked::of(&headers(&["fr, nl-BE;q=0.5, en;q=0.4"]));
        assert_eq!(asked.known(&texts), Some("nl"));
        assert_eq!(asked.locale(&texts).unwrap().as_str(), "nl-BE");
        asked.in_body(Locale::new("en-GB").unwrap());
        assert_eq!((asked.known(&texts), asked.locale(&texts).unwrap().as_str()), (Some("en"), "en-GB"));
        let french = Asked::of(&headers(&["fr"]));
        assert_eq!((french.known(&texts), french.locale(&texts).unwrap().as_str()), (None, "fr"));
    }
}
