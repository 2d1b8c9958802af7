//! Templates of the host's own, before they are checked.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::TemplateError;
use crate::facts::samples;

/// The parts of a message that a template makes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    /// One line.
    Subject,
    /// The plain text.
    Text,
    /// The same as HTML. What is put in is escaped.
    Html,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 3] = [Self::Subject, Self::Text, Self::Html];

    /// How the name of its file ends. By it the engine knows what to escape.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Text => "txt",
            Self::Html => "html",
        }
    }
}

/// The kind that stands for all that have no template of their own.
pub(crate) const EVERY: &str = "message";

/// Templates that take the place of those that are shipped, each for a kind of message, a language and a part.
///
/// The kind is [`MessageKind::name`](countersign::MessageKind::name), or `message` for all kinds that have no template of their
/// own. The language is a tag such as `nl` or `nl-BE`. Of a language that is shipped, any part may be replaced; of any other, all
/// three are needed. They are [Jinja](https://docs.rs/minijinja) templates; what they are given is listed at
/// [`Templates`](crate::Templates).
///
/// ```
/// use countersign_smtp::{Overrides, Part, Templates};
///
/// let overrides = Overrides::new()
///     .with("sign_in_code", "en", Part::Subject, "{{ code }} is your code for Example")?
///     .with("message", "nl", Part::Text, "{{ opening }} {% if code %}{{ code }}{% endif %} {{ link or '' }}")?;
/// assert!(Templates::new("en", overrides).is_ok());
///
/// let forgotten = Overrides::new().with("sign_in_code", "en", Part::Text, "Welcome!")?;
/// assert!(Templates::new("en", forgotten).is_err(), "where is the code?");
/// # Ok::<(), countersign_smtp::TemplateError>(())
/// ```
#[derive(Clone, Default, Debug)]
pub struct Overrides {
    pub(crate) chosen: BTreeMap<(String, String, Part), String>,
    pub(crate) partials: BTreeMap<String, String>,
}

impl Overrides {
    /// None: what is shipped is used.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a template in.
    ///
    /// # Errors
    /// [`TemplateError`] if there is no such kind, or the language is no tag.
    pub fn with(
        mut self,
        kind: &str,
        language: &str,
        part: Part,
        template: &str,
    ) -> Result<Self, TemplateError> {
        self.put(kind, language, part, template)?;
        Ok(self)
    }

    /// Puts in a template that others may include or extend, such as `_footer.html`.
    ///
    /// # Errors
    /// [`TemplateError::Name`] if the name does not begin with `_`.
    pub fn with_partial(mut self, name: &str, template: &str) -> Result<Self, TemplateError> {
        if !name.starts_with('_') {
            return Err(TemplateError::Name { name: name.into() });
        }
        self.partials.insert(name.into(), template.into());
        Ok(self)
    }

    /// Puts in every file of a directory: `KIND.LANGUAGE.subject`, `KIND.LANGUAGE.txt`, `KIND.LANGUAGE.html`, and partials that
    /// begin with `_`. Files that begin with a dot are left out; any other name is an error, so that no typing error goes unnoticed.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn with_directory(mut self, directory: &Path) -> Result<Self, TemplateError> {
        let unreadable = |path: &Path| {
            let name = path.display().to_string();
            move |why: std::io::Error| TemplateError::Unreadable { name, why: why.kind() }
        };
        for entry in fs::read_dir(directory).map_err(unreadable(directory))? {
            let path = entry.map_err(unreadable(directory))?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.starts_with('.') {
                continue;
            }
            let template = fs::read_to_string(&path).map_err(unreadable(&path))?;
            if name.starts_with('_') {
                self.partials.insert(name, template);
                continue;
            }
            let parts: Vec<&str> = name.split('.').collect();
            let [kind, language, extension] = parts.as_slice() else {
                return Err(TemplateError::Name { name });
            };
            let Some(part) = Part::ALL.into_iter().find(|part| part.extension() == *extension) else {
                return Err(TemplateError::Name { name });
            };
            self.put(kind, language, part, &template)?;
        }
        Ok(self)
    }

    fn put(&mut self, kind: &str, language: &str, part: Part, template: &str) -> Result<(), TemplateError> {
        let known = kind == EVERY || samples().iter().any(|sample| sample.name() == kind);
        if !known {
            return Err(TemplateError::Kind { kind: kind.into() });
        }
        let tag = tag(language).ok_or_else(|| TemplateError::Language { language: language.into() })?;
        self.chosen.insert((kind.into(), tag, part), template.into());
        Ok(())
    }
}

/// A language tag in the form in which it is looked up: lower case, with hyphens.
pub(crate) fn tag(language: &str) -> Option<String> {
    let tag = language.to_ascii_lowercase().replace('_', "-");
    let fine =
        |subtag: &str| (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric());
    let primary = tag.split('-').next().is_some_and(|first| (2..=8).contains(&first.len()));
    (primary && tag.len() <= 35 && tag.split('-').all(fine)).then_some(tag)
}
