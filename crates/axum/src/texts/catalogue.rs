//! The catalogue of texts, by language.

use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use countersign::Locale;
use serde_json::{Map, Value};

use super::table::{Row, TABLE};
use super::{Text, Words};

/// Where the value of a text goes.
const VALUE: &str = "{}";

/// Texts that cannot take the place of the shipped ones. Found when a catalogue is made, not when an answer waits for it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The name of a language is no language tag.
    #[error("{0:?} is no language tag such as nl or nl-BE")]
    Language(String),
    /// No text has this name.
    #[error("there is no text {0:?}")]
    Name(String),
    /// A text has `{}` where the shipped one has none, or has it not exactly as often.
    #[error("text {name} of {language} must have {{}} exactly as often as the shipped one")]
    Value {
        /// The text.
        name: String,
        /// The language.
        language: String,
    },
    /// A text is empty.
    #[error("text {name} of {language} is empty")]
    Empty {
        /// The text.
        name: String,
        /// The language.
        language: String,
    },
    /// A language that is not shipped lacks a text.
    #[error("text {name} of {language} is missing: a language that is not shipped needs all texts")]
    Incomplete {
        /// The text.
        name: &'static str,
        /// The language.
        language: String,
    },
    /// A file or directory cannot be read, or is no JSON object of texts.
    #[error("{path}: {why}")]
    Unreadable {
        /// Its path.
        path: String,
        /// Why.
        why: String,
    },
}

/// The texts of all languages: `message`, `warn_message` and `errors` of the endpoints of family A.
///
/// English and Dutch are shipped. A host replaces single texts, adds languages, and chooses the language of answers to requests
/// that ask for none.
///
/// ```
/// use countersign_axum::{Config, Texts};
///
/// let texts = Texts::shipped().with("en", [("signed_in", "Welcome back.")])?.default_language("nl")?;
/// let config = Config::new().texts(texts);
///
/// assert!(Texts::shipped().with("en", [("signed_in", "{} times")]).is_err(), "it has no value");
/// assert!(Texts::shipped().with("fr", [("signed_in", "Bienvenue.")]).is_err(), "French lacks the others");
/// # Ok::<(), countersign_axum::TextError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Texts {
    /// By tag in lower case, the words in the order of the table.
    languages: Vec<(String, Vec<Cow<'static, str>>)>,
    /// The language of answers to requests that ask for none, as it was given.
    default: Arc<str>,
}

impl Default for Texts {
    fn default() -> Self {
        Self::shipped()
    }
}

impl Texts {
    /// English and Dutch, with English where a request asks for no language.
    #[must_use]
    pub fn shipped() -> Self {
        let column = |of: fn(&Row) -> &'static str| TABLE.iter().map(|row| of(row).into()).collect();
        let english = ("en".to_owned(), column(|row| row.english));
        let dutch = ("nl".to_owned(), column(|row| row.dutch));
        Self { languages: vec![english, dutch], default: "en".into() }
    }

    /// The names of all texts, each with its English words: what a host can replace.
    pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
        TABLE.iter().map(|row| (row.name, row.english))
    }

    /// The same with texts of a language in place of those before. A new language begins with the texts of the language without
    /// its region, where there is one: `nl-BE` with those of `nl`.
    ///
    /// # Errors
    /// [`TextError`]: which text cannot be used, and why.
    pub fn with<N: AsRef<str>, T: Into<String>>(
        mut self,
        language: &str,
        texts: impl IntoIterator<Item = (N, T)>,
    ) -> Result<Self, TextError> {
        let tag = tag(language)?;
        let mut words: Vec<Option<Cow<'static, str>>> = match self.position(&tag) {
            Some(at) => self.words(at).iter().cloned().map(Some).collect(),
            None => vec![None; TABLE.len()],
        };
        for (name, text) in texts {
            let (name, text) = (name.as_ref(), text.into());
            let unknown = || TextError::Name(name.to_owned());
            let at = TABLE.iter().position(|row| row.name == name).ok_or_else(unknown)?;
            if text.trim().is_empty() {
                return Err(TextError::Empty { name: name.into(), language: language.into() });
            }
            let values = |text: &str| text.matches(VALUE).count();
            if TABLE.get(at).is_some_and(|row| values(row.english) != values(&text)) {
                return Err(TextError::Value { name: name.into(), language: language.into() });
            }
            words.get_mut(at).map(|word| word.replace(text.into()));
        }
        let whole = |(word, row): (Option<_>, &Row)| {
            word.ok_or_else(|| TextError::Incomplete { name: row.name, language: language.into() })
        };
        let words = words.into_iter().zip(TABLE).map(whole).collect::<Result<Vec<_>, _>>()?;
        self.languages.retain(|(of, _)| *of != tag);
        self.languages.push((tag, words));
        Ok(self)
    }

    /// The same with the texts of a directory: in each file `LANGUAGE.json` an object of names and texts.
    ///
    /// # Errors
    /// [`TextError`]: which file or text cannot be used, and why.
    pub fn with_directory(self, directory: &Path) -> Result<Self, TextError> {
        let unreadable =
            |path: &Path, why: String| TextError::Unreadable { path: path.display().to_string(), why };
        let listed = fs::read_dir(directory).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut files: Vec<_> = (listed.map_err(|why| unreadable(directory, why.to_string()))?.into_iter())
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .collect();
        // A language without a region comes before those with one, which begin with its texts: by the names without their ends,
        // since a dot comes after a hyphen.
        files.sort_by_key(|path| path.file_stem().map(|name| name.to_ascii_lowercase()));
        files.into_iter().try_fold(self, |texts, path| {
            let text = fs::read_to_string(&path).map_err(|why| unreadable(&path, why.to_string()))?;
            let listed: Map<String, Value> =
                serde_json::from_str(&text).map_err(|why| unreadable(&path, why.to_string()))?;
            let words = listed.into_iter().map(|(name, text)| match text {
                Value::String(text) => Ok((name, text)),
                _ => Err(unreadable(&path, format!("{name} is no text"))),
            });
            let words = words.collect::<Result<Vec<_>, _>>()?;
            let language = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            texts.with(language, words).map_err(|why| unreadable(&path, why.to_string()))
        })
    }

    /// The same with another language for requests that ask for none, and for accounts that have none.
    ///
    /// # Errors
    /// [`TextError::Language`] for a text that is no tag, and for a language that is not in the catalogue.
    pub fn default_language(self, language: &str) -> Result<Self, TextError> {
        match self.position(&tag(language)?) {
            Some(_) => Ok(Self { default: language.into(), ..self }),
            None => Err(TextError::Language(language.into())),
        }
    }

    /// The language of answers to requests that ask for none, as it was given.
    pub(crate) fn default(&self) -> &str {
        &self.default
    }

    /// The tag of the catalogue for a language, if there are texts for it: with or without its region.
    pub(crate) fn known(&self, language: &str) -> Option<&str> {
        let at = self.position(&tag(language).ok()?)?;
        self.languages.get(at).map(|(tag, _)| tag.as_str())
    }

    /// A text in a language, or in the default one, or in English.
    pub(crate) fn say(&self, language: &str, text: &Text) -> String {
        let position = |language: &str| self.position(&language.to_ascii_lowercase());
        let at = position(language).or_else(|| position(&self.default)).unwrap_or_default();
        written(text, |key| self.words(at).get(key).map_or("", |word| word))
    }

    /// A text in the shipped English.
    pub(super) fn english(text: &Text) -> String {
        written(text, |key| TABLE.get(key).map_or("", |row| row.english))
    }

    /// Where the language of a tag is, or that of the tag without its region.
    fn position(&self, tag: &str) -> Option<usize> {
        let exactly = |wanted: &str| self.languages.iter().position(|(tag, _)| tag == wanted);
        exactly(tag).or_else(|| exactly(tag.split('-').next()?))
    }

    fn words(&self, at: usize) -> &[Cow<'static, str>] {
        self.languages.get(at).map_or(&[], |(_, words)| words)
    }
}

fn written<'a>(text: &Text, words: impl Fn(usize) -> &'a str) -> String {
    let said = match &text.words {
        Words::Verbatim(words) => words.clone(),
        Words::Listed(key, None) => words(*key as usize).to_owned(),
        Words::Listed(key, Some(value)) => words(*key as usize).replace(VALUE, value),
    };
    match text.field {
        Some(field) => format!("{field} {said}."),
        None => said,
    }
}

/// A language tag as it is looked up.
fn tag(language: &str) -> Result<String, TextError> {
    match Locale::new(language) {
        Ok(locale) => Ok(locale.as_str().to_ascii_lowercase()),
        Err(_) => Err(TextError::Language(language.into())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Key;
    use super::*;

    #[test]
    fn each_text_has_a_name_of_its_own_and_words_in_each_language() {
        let names: BTreeSet<_> = TABLE.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), TABLE.len());
        for Row { name, english, dutch } in TABLE {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert_ne!(english, dutch, "{name}");
            assert_eq!(english.ends_with('.'), dutch.ends_with('.'), "{name}");
            assert_eq!(english.matches(VALUE).count(), dutch.matches(VALUE).count(), "{name}");
            assert!(
                english.matches(VALUE).count() < 2 && english.trim() == *english && dutch.trim() == *dutch
            );
        }
    }

    #[test]
    fn a_text_is_in_the_language_or_its_wider_one_or_the_default() {
        let texts = Texts::shipped();
        let wrong = Text::from(Key::WrongPassword);
        for (language, expected) in [
            ("en", "The password is wrong."),
            ("nl", "Het wachtwoord is onjuist."),
            ("NL-be", "Het wachtwoord is onjuist."),
            ("fr", "The password is wrong."),
            ("", "The password is wrong."),
        ] {
            assert_eq!(texts.say(language, &wrong), expected, "{language}");
        }
        assert_eq!(texts.default_language("nl-NL").unwrap().say("fr", &wrong), "Het wachtwoord is onjuist.");
        let few = Text::with(Key::TooFewCharacters, 8).about("password");
        assert_eq!(Texts::english(&few), "password must have at least 8 characters.");
        assert_eq!(Texts::shipped().say("nl", &few), "password moet minstens 8 tekens hebben.");
        assert_eq!(Texts::shipped().say("nl", &"as it is".into()), "as it is");
    }

    #[test]
    fn a_host_replaces_texts_and_adds_languages_and_is_told_what_is_wrong() {
        let with = |language: &str, texts: &[(&str, &str)]| Texts::shipped().with(language, texts.to_vec());
        let mine = with("nl-BE", &[("signed_in", "Ge zijt binnen.")]).unwrap();
        assert_eq!(mine.say("nl-BE", &Key::SignedIn.into()), "Ge zijt binnen.");
        assert_eq!(mine.say("nl-BE", &Key::SignedOut.into()), "U bent afgemeld.", "of the wider language");
        assert_eq!(mine.say("nl", &Key::SignedIn.into()), "U bent aangemeld.");
        let all: Vec<_> = Texts::names().collect();
        assert_eq!(with("fr", &all).unwrap().known("fr-CA"), Some("fr"));
        assert_eq!(with("x y", &[]).unwrap_err(), TextError::Language("x y".into()));
        assert_eq!(with("en", &[("nonsense", "")]).unwrap_err(), TextError::Name("nonsense".into()));
        let value = TextError::Value { name: "and_more".into(), language: "nl".into() };
        assert_eq!(with("nl", &[("and_more", "meer")]).unwrap_err(), value);
        assert!(matches!(with("fr", &all[1..]).unwrap_err(), TextError::Incomplete { .. }));
        assert!(Texts::shipped().default_language("fr").is_err());
    }

    #[test]
    fn a_directory_of_texts_is_read_as_a_whole_or_refused() {
        let directory = std::env::temp_dir().join(format!("countersign-texts-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test of what is read from files")]
        let put = |name: &str, text: &str| fs::write(directory.join(name), text).unwrap();
        put("nl.json", r#"{"signed_in": "Hallo."}"#);
        put("nl-BE.json", r#"{"signed_out": "Salut."}"#);
        let whole: Map<String, Value> =
            Texts::names().map(|(name, text)| (name.to_owned(), text.to_owned().into())).collect();
        put("fr.json", &Value::Object(whole).to_string());
        put("fr-CA.json", r#"{"signed_out": "Bye."}"#);
        put("readme.txt", "not looked at");
        let texts = Texts::shipped().with_directory(&directory).unwrap();
        for (language, signed_in, signed_out) in [
            ("nl", "Hallo.", "U bent afgemeld."),
            ("nl-BE", "Hallo.", "Salut."),
            ("fr-CA", "Signed in.", "Bye."),
        ] {
            assert_eq!(texts.say(language, &Key::SignedIn.into()), signed_in, "{language}");
            assert_eq!(texts.say(language, &Key::SignedOut.into()), signed_out, "{language}");
        }
        for wrong in [
            "{\"signed_in\": \" \"}",
            "[]",
            "{\"signed_in\": 1}",
            "{\"x\": \"\"}",
            "{",
            "{\"and_more\": \"\"}",
        ] {
            put("nl.json", wrong);
            assert!(Texts::shipped().with_directory(&directory).is_err(), "{wrong}");
        }
        fs::remove_dir_all(&directory).unwrap();
        assert!(Texts::shipped().with_directory(&directory).is_err());
    }
}
