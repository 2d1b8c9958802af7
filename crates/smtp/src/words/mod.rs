//! What the messages say, in the languages that are shipped.
//!
//! A security notice says what happened and what to do if it was not the owner (NIST 800-63B-4 §4.6); when it happened and, where
//! there is one, the link that stops it are put in for all.

mod en;
mod nl;

use countersign::{MailedLink, MessageKind, Timestamp};

/// The parts of a message that depend on what it is about. `{}` stands for the one value that a kind has.
pub(crate) struct Words {
    pub(crate) subject: &'static str,
    /// What happened.
    pub(crate) opening: &'static str,
    /// What to do if it was not the reader.
    pub(crate) otherwise: &'static str,
}

/// The parts that all messages of a language share. `{}` stands for a time, or for what to do.
pub(crate) struct Phrases {
    /// When something happened.
    pub(crate) happened: &'static str,
    /// What a code is called.
    pub(crate) code: &'static str,
    /// Until when it, or a link, is of use.
    pub(crate) until: &'static str,
    pub(crate) otherwise: &'static str,
    pub(crate) never_tell: &'static str,
    pub(crate) sign_in: Button,
    pub(crate) choose_password: Button,
    pub(crate) stop: Button,
}

/// A link, in words.
pub(crate) struct Button {
    /// What stands before it.
    pub(crate) invitation: &'static str,
    /// What stands on it.
    pub(crate) label: &'static str,
}

/// What a link is for, to its reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LinkUse {
    SignIn,
    ChoosePassword,
    Stop,
}

impl From<&MailedLink> for LinkUse {
    fn from(link: &MailedLink) -> Self {
        match link {
            MailedLink::SignIn(_) => Self::SignIn,
            MailedLink::Cancel(_) => Self::Stop,
            _ => Self::ChoosePassword,
        }
    }
}

impl Phrases {
    pub(crate) const fn button(&self, of: LinkUse) -> &Button {
        match of {
            LinkUse::SignIn => &self.sign_in,
            LinkUse::ChoosePassword => &self.choose_password,
            LinkUse::Stop => &self.stop,
        }
    }
}

/// A language that is shipped.
pub(crate) struct Language {
    /// Its primary subtag, in lower case.
    pub(crate) tag: &'static str,
    pub(crate) phrases: Phrases,
    pub(crate) words: fn(&MessageKind) -> Words,
    /// Between the time of day and the date.
    on: &'static str,
    months: [&'static str; 12],
}

/// Those there are. The first is what is used where nothing else fits.
pub(crate) const SHIPPED: [&Language; 2] = [&en::ENGLISH, &nl::DUTCH];

/// The shipped language with this primary subtag.
pub(crate) fn shipped(tag: &str) -> Option<&'static Language> {
    SHIPPED.into_iter().find(|language| language.tag == tag)
}

/// Whether a minute that has begun counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Round {
    /// "Until": never promises more than there is.
    Down,
    /// "From then on": never promises it too early.
    Up,
}

/// A point in time as people read it, such as `20:00 UTC on 21 November 2026`; without a language, `2026-11-21 20:00 UTC`.
pub(crate) fn moment(at: Timestamp, round: Round, language: Option<&Language>) -> String {
    let seconds = at.unix_seconds();
    let past = seconds.rem_euclid(60);
    let whole = match round {
        Round::Up if past > 0 || at > Timestamp::from_unix_seconds(seconds) => {
            seconds.saturating_sub(past).saturating_add(60)
        }
        _ => seconds.saturating_sub(past),
    };
    let at = Timestamp::from_unix_seconds(whole);
    let Some(utc) = at.to_utc() else { return at.to_string() };
    let (hour, minute, day) = (utc.hour(), utc.minute(), utc.day());
    let (year, month) = (utc.year(), u8::from(utc.month()));
    match language {
        Some(Language { on, months, .. }) => {
            let month = months.get(usize::from(month.saturating_sub(1))).unwrap_or(&"");
            format!("{hour:02}:{minute:02} UTC {on} {day} {month} {year}")
        }
        None => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{fill, samples, value_of};

    #[test]
    fn every_message_says_what_happened_and_what_to_do_in_every_language() {
        let (mut openings, kinds) = (Vec::new(), samples());
        for language in SHIPPED {
            for kind in &kinds {
                let Words { subject, opening, otherwise } = (language.words)(kind);
                let other = (language.words)(&countersign::MessageKind::AccountDeleted).subject;
                assert!(subject.len() > 8 && opening.len() > 20 && otherwise.ends_with('.'), "{kind:?}");
                assert!(!opening.contains('\n') && !opening.contains("  "), "{opening:?}");
                assert!(kind.name() == "account_deleted" || subject != other, "{kind:?}");
                let value = value_of(kind, Some(language));
                assert_eq!(opening.matches("{}").count(), usize::from(value.is_some()), "{opening}");
                openings.push(fill(opening, value.as_deref()));
            }
        }
        let told = |part: &str| openings.iter().any(|opening| opening.contains(part));
        assert!(told("Codes left: 7.") && told("now new@example.com"));
        assert!(told("From 20:00 UTC on 21 November 2026 on") && told("Vanaf 20:00 UTC op 21 november 2026"));
        let count = openings.len();
        openings.sort();
        openings.dedup();
        assert_eq!(openings.len(), count, "each its own, in each language");
    }

    #[test]
    fn a_moment_is_told_in_minutes_and_never_promises_too_much() {
        let at = |millis: i64| Timestamp::from_unix_millis(1_795_291_200_000 + millis);
        let (down, up, english) = (Round::Down, Round::Up, shipped("en"));
        assert_eq!(moment(at(59_999), down, english), "20:00 UTC on 21 November 2026");
        assert_eq!(moment(at(0), up, shipped("nl")), "20:00 UTC op 21 november 2026");
        assert_eq!(moment(at(1), up, english), "20:01 UTC on 21 November 2026");
        assert_eq!(moment(at(59_001), up, None), "2026-11-21 20:01 UTC");
        assert_eq!(moment(at(0), down, None), "2026-11-21 20:00 UTC");
        assert_eq!(moment(Timestamp::from_unix_millis(-1), down, None), "1969-12-31 23:59 UTC");
        assert!(!moment(Timestamp::MAX, down, english).is_empty());
        assert!(!moment(Timestamp::MIN, up, english).is_empty());
    }
}
