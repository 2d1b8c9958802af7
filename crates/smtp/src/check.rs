//! Trying a host's templates on every message that they are for.

use countersign::{MessageKind, Timestamp};

use crate::facts::{Matter, has_code, link_of, samples};
use crate::overrides::{EVERY, Part};
use crate::templates::{TemplateError, Templates, is_shipped, name};
use crate::words::LinkUse;

/// A code and the token of a link that stand nowhere by chance.
const CODE: &str = "73190462";
const TOKEN: &str = "link_5ZLrVJ1pQ0";

impl Templates {
    /// That every template of the host's is whole, and makes of every message what it must.
    pub(crate) fn check(&self) -> Result<(), TemplateError> {
        for (kind, tag, part) in self.overrides() {
            if !is_shipped(tag)
                && let Some(part) = Part::ALL.into_iter().find(|part| self.find(kind, tag, *part).is_none())
            {
                return Err(TemplateError::Incomplete { name: name(kind, tag, part), language: tag.into() });
            }
            let name = name(kind, tag, part);
            for sample in samples().iter().filter(|sample| kind == EVERY || kind == sample.name()) {
                for matter in matters(sample) {
                    let made = self.render(&name, part, &matter, tag)?;
                    check_made(&name, part, &matter, &made)?;
                }
            }
        }
        Ok(())
    }
}

/// What a message of a kind may have.
fn matters(kind: &MessageKind) -> Vec<Matter<'_>> {
    let at = Timestamp::from_unix_seconds(1_795_291_200);
    let matter = |link: Option<LinkUse>| Matter {
        kind,
        to: "jo@example.com",
        code: has_code(kind).then_some(CODE),
        link: link.map(|of| (of, format!("https://example.com/page#token={TOKEN}&email=jo%40example.com"))),
        issued_at: at,
        expires_at: has_code(kind).then_some(at),
        link_expires_at: link.map(|_| at),
    };
    // A notice has its link always; a message with a code, by policy.
    let bare = has_code(kind) || link_of(kind).is_none();
    let linked = link_of(kind).map(|of| matter(Some(of)));
    bare.then(|| matter(None)).into_iter().chain(linked).collect()
}

/// A code must be told; a link must be where there is no code.
fn check_made(name: &str, part: Part, matter: &Matter<'_>, made: &str) -> Result<(), TemplateError> {
    let leaves_out = |what| Err(TemplateError::LeavesOut { name: name.into(), what });
    match (part, matter.code, &matter.link) {
        (Part::Subject, ..) => Ok(()),
        (_, Some(code), _) if !made.contains(code) => leaves_out("code"),
        (_, None, Some(_)) if !made.contains(TOKEN) => leaves_out("link"),
        _ => Ok(()),
    }
}
