//! From a message to its words: which language, which template.

use std::io;

use minijinja::{Environment, UndefinedBehavior};

use crate::facts::Matter;
use crate::overrides::{EVERY, Overrides, Part, tag};
use crate::sender::has_breaks;
use crate::words::{Language, SHIPPED, shipped};

/// How much a template may do. What is shipped needs a few hundred; a loop that does not end is ended.
const FUEL: u64 = 100_000;

/// The longest part, in bytes.
const LONGEST: usize = 256 * 1024;

/// The longest subject, in bytes.
const LONGEST_SUBJECT: usize = 300;

/// A template that cannot be used. It is found when templates are loaded, not when a message waits for it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A file or directory that cannot be read, or is not UTF-8.
    #[error("{name} cannot be read: {why}")]
    Unreadable {
        /// Its path.
        name: String,
        /// Why.
        why: io::ErrorKind,
    },
    /// A name that says nothing.
    #[error(
        "{name}: neither KIND.LANGUAGE.subject, KIND.LANGUAGE.txt, KIND.LANGUAGE.html nor a partial that begins with _"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// There is no such message.
    #[error("there is no kind of message {kind:?}")]
    Kind {
        /// What was taken for one.
        kind: String,
    },
    /// No tag of a language.
    #[error("{language:?} is no language tag such as nl or nl-BE")]
    Language {
        /// What was taken for one.
        language: String,
    },
    /// It does not parse, or writes what its message does not have.
    #[error("template {name}: {why}")]
    Broken {
        /// The template.
        name: String,
        /// Why, with the line.
        why: String,
    },
    /// A language that is not shipped lacks a part.
    #[error("template {name} is missing: {language} is not shipped, so that all parts are needed")]
    Incomplete {
        /// The template that is missing.
        name: String,
        /// The language.
        language: String,
    },
    /// A message whose code or link it leaves out.
    #[error("template {name} leaves out the {what}, without which its message is of no use")]
    LeavesOut {
        /// The template.
        name: String,
        /// `code` or `link`.
        what: &'static str,
    },
    /// A subject that is empty, too long, or has control characters.
    #[error("template {name} does not make one line of at most 300 bytes")]
    Subject {
        /// The template.
        name: String,
    },
}

/// What messages say: the words that are shipped, in English and Dutch, and the host's own in their place.
///
/// The language is that of the envelope, then the same without its region, then the default, then English: the first in which there
/// are words for the kind of message.
///
/// A template is given `kind`, `language`, `to`, `issued_at`, and where the message has them `code`, `expires_at`, `link`,
/// `link_expires_at`, `action` and `value` (how many recovery codes are left, the other address, or from when on a factor may be
/// turned off). In a language that is shipped there are its sentences besides: `subject`, `opening`, `happened`, `code_label`,
/// `code_until`, `invitation`, `link_label`, `link_until`, `otherwise`, `never_tell`. To write one that is not there is an error;
/// `{% if link %}` is none. In HTML what is put in is escaped.
///
/// What an attacker gains if a value were not escaped: he signs up with an address that is markup, and writes, in mail that comes
/// from the host, what he likes.
#[derive(Debug)]
pub struct Templates {
    engine: Environment<'static>,
    overrides: Overrides,
    /// The default language, as it is looked up.
    default: String,
}

/// The words of one message.
pub(crate) struct Written {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    /// The host's template failed, and what is shipped stands in its place.
    pub(crate) fell_back: bool,
}

impl Templates {
    /// What is shipped, with English where the envelope's language is not known.
    ///
    /// # Errors
    /// None that depends on anything; it is [`new`](Self::new) without overrides.
    pub fn shipped() -> Result<Self, TemplateError> {
        Self::new("en", Overrides::new())
    }

    /// What is shipped, with the host's own in its place, each tried on every message that it is for.
    ///
    /// # Errors
    /// [`TemplateError`]: which one is broken, and why.
    pub fn new(default: &str, overrides: Overrides) -> Result<Self, TemplateError> {
        let default = tag(default).ok_or_else(|| TemplateError::Language { language: default.into() })?;
        let mut engine = Environment::new();
        engine.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        engine.set_fuel(Some(FUEL));
        let ours = [
            (Part::Subject, include_str!("../templates/message.subject")),
            (Part::Text, include_str!("../templates/message.txt")),
            (Part::Html, include_str!("../templates/message.html")),
        ];
        let named = |(part, text): (Part, &str)| (ours_name(part), text.to_owned());
        let partials = overrides.partials.iter().map(|(name, text)| (name.clone(), text.clone()));
        let theirs =
            overrides.chosen.iter().map(|((kind, tag, part), text)| (name(kind, tag, *part), text.clone()));
        for (name, text) in ours.into_iter().map(named).chain(partials).chain(theirs) {
            let broken = |why| broken(&name, &why);
            engine.add_template_owned(name.clone(), text).map_err(broken)?;
        }
        let templates = Self { engine, overrides, default };
        templates.check()?;
        Ok(templates)
    }

    /// The words of a message, in the language asked for or the next best. A template of the host's that fails all the same, on
    /// values that it was not tried on, does not lose the message.
    pub(crate) fn write(&self, matter: &Matter<'_>, locale: Option<&str>) -> Result<Written, TemplateError> {
        let kind = matter.kind.name();
        let tag = self.choose(kind, locale);
        self.written(matter, &tag, |part| self.find(kind, &tag, part)).or_else(|_| {
            let language = shipped(primary(&tag)).unwrap_or(SHIPPED[0]);
            let written = self.written(matter, language.tag, |part| Some(ours_name(part)))?;
            Ok(Written { fell_back: true, ..written })
        })
    }

    fn written(
        &self,
        matter: &Matter<'_>,
        tag: &str,
        template: impl Fn(Part) -> Option<String>,
    ) -> Result<Written, TemplateError> {
        let part =
            |part: Part| self.render(&template(part).unwrap_or_else(|| ours_name(part)), part, matter, tag);
        let (subject, text, html) = (part(Part::Subject)?, part(Part::Text)?, part(Part::Html)?);
        Ok(Written { subject, text, html, fell_back: false })
    }

    /// One part, from one template.
    pub(crate) fn render(
        &self,
        name: &str,
        part: Part,
        matter: &Matter<'_>,
        tag: &str,
    ) -> Result<String, TemplateError> {
        let broken = |why| broken(name, &why);
        let facts = matter.facts(tag, shipped(primary(tag)));
        let template = self.engine.get_template(name).map_err(broken)?;
        let made = template.render(minijinja::Value::from_pairs(facts)).map_err(broken)?;
        if part == Part::Subject {
            let line = made.trim();
            let fine = !line.is_empty() && line.len() <= LONGEST_SUBJECT && !has_breaks(line);
            return if fine { Ok(line.into()) } else { Err(TemplateError::Subject { name: name.into() }) };
        }
        if made.len() > LONGEST {
            let why = format!("makes more than {LONGEST} bytes");
            return Err(TemplateError::Broken { name: name.into(), why });
        }
        let mut made = made.trim_end().to_owned();
        made.push('\n');
        Ok(made)
    }

    /// The language for a kind of message: the first of those asked for in which there are words.
    fn choose(&self, kind: &str, locale: Option<&str>) -> String {
        let asked = locale.and_then(tag);
        let asked = asked.iter().flat_map(|tag| shortened(tag));
        asked
            .chain(shortened(&self.default))
            .find(|tag| self.speaks(kind, tag))
            .unwrap_or(SHIPPED[0].tag)
            .to_owned()
    }

    /// Whether there are words for a kind of message in exactly this language.
    fn speaks(&self, kind: &str, tag: &str) -> bool {
        let own = |part| self.template(kind, tag, part).is_some();
        match shipped(primary(tag)) {
            Some(language) => language.tag == tag || Part::ALL.into_iter().any(own),
            None => Part::ALL.into_iter().all(|part| self.find(kind, tag, part).is_some()),
        }
    }

    /// The host's template for exactly this language.
    fn template(&self, kind: &str, tag: &str, part: Part) -> Option<String> {
        [kind, EVERY].into_iter().find_map(|kind| {
            let key = (kind.to_owned(), tag.to_owned(), part);
            self.overrides.chosen.contains_key(&key).then(|| name(kind, tag, part))
        })
    }

    /// The host's template for this language or the one that it is a region of.
    pub(crate) fn find(&self, kind: &str, tag: &str, part: Part) -> Option<String> {
        shortened(tag).find_map(|tag| self.template(kind, tag, part))
    }

    pub(crate) fn overrides(&self) -> impl Iterator<Item = (&str, &str, Part)> {
        self.overrides.chosen.keys().map(|(kind, tag, part)| (kind.as_str(), tag.as_str(), *part))
    }
}

/// A tag, then the same without its last subtag, and so on.
fn shortened(tag: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(tag), |tag| tag.rsplit_once('-').map(|(rest, _)| rest))
}

/// The language without its region.
pub(crate) fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

/// Whether a language is shipped.
pub(crate) fn is_shipped(tag: &str) -> bool {
    let of: Option<&Language> = shipped(primary(tag));
    of.is_some()
}

/// The name of a host's template: that of its file.
pub(crate) fn name(kind: &str, tag: &str, part: Part) -> String {
    format!("{kind}.{tag}.{}", part.extension())
}

/// The name of one of ours, which no file of the host's has.
fn ours_name(part: Part) -> String {
    format!("/message.{}", part.extension())
}

fn broken(name: &str, why: &minijinja::Error) -> TemplateError {
    TemplateError::Broken { name: name.into(), why: why.to_string() }
}
