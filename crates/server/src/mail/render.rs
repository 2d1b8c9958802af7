//! Messages as text.

use std::fmt::Write;

use countersign::{Envelope, Factor, MailedLink, MessageKind, Timestamp};

/// A message, ready to deliver.
///
/// No line break can get into its head: the subject is a constant, the address is a typed one, which has no such character.
pub(crate) struct Message {
    pub(crate) to: String,
    pub(crate) subject: &'static str,
    pub(crate) sent_at: Timestamp,
    pub(crate) text: String,
}

/// The link of an envelope, if it has one: the configured base, and everything else in the fragment, which browsers do
/// not send and servers do not log.
///
/// It leads to a page, which sends the token once somebody presses its button: to open a link spends nothing.
pub(crate) fn link(envelope: &Envelope, base_url: &str) -> Option<String> {
    let link = envelope.link.as_ref()?;
    let page = if matches!(link, MailedLink::SignIn(_)) { "v1/magic-link" } else { "auth/register/link" };
    let (token, email) = (link.expose(), percent_encoded(envelope.to.as_str()));
    Some(format!("{base_url}/{page}#token={token}&email={email}"))
}

/// Renders an envelope. A template of another language would be chosen here by its locale.
pub(crate) fn render(envelope: &Envelope, base_url: &str) -> Message {
    let (subject, opening) = match &envelope.kind {
        MessageKind::SignUpCode => {
            ("Your code to sign up", "Somebody, hopefully you, is signing up with this address.")
        }
        MessageKind::SignInCode => ("Your code to sign in", "Somebody, hopefully you, is signing in."),
        MessageKind::RecoveryCode => (
            "Your code to recover your account",
            "Somebody, hopefully you, has lost the password of your account.",
        ),
        MessageKind::ActionCode(_) => ("Your code to confirm", "Please confirm what you asked for."),
        MessageKind::SignUpTaken => (
            "You already have an account",
            "Somebody, perhaps you, tried to sign up with this address, which already has an account. Nothing has \
             changed. If it was you, sign in instead.",
        ),
        MessageKind::SecondFactorCode => (
            "Your code to sign in",
            "Somebody, hopefully you, knows your password and is signing in. If it was not you, change your password.",
        ),
        MessageKind::FactorAdded(factor) => ("Your account has a new second factor", added(*factor)),
        _ => ("About your account", "Something concerns your account."),
    };
    let mut text = format!("{opening}\n");
    if let Some(code) = &envelope.code {
        let _ = writeln!(text, "\nYour code: {}", code.expose());
        until(&mut text, envelope.expires_at);
    }
    if let Some(link) = link(envelope, base_url) {
        let there = match &envelope.link {
            Some(MailedLink::SignIn(_)) => "sign in there",
            _ => "choose a password there",
        };
        let _ = writeln!(text, "\nIf you cannot use the code, open this link and {there}:\n{link}");
        until(&mut text, envelope.link_expires_at);
    }
    if envelope.code.is_some() {
        text.push_str("\nIf it was not you, ignore this message. Never tell anybody the code.\n");
    }
    Message { to: envelope.to.as_str().into(), subject, sent_at: envelope.issued_at, text }
}

/// The notice that a factor was added.
const fn added(factor: Factor) -> &'static str {
    match factor {
        Factor::MailedCode => {
            "From now on, signing in to your account also takes a code that is mailed to this address. If you did not ask \
             for this, sign in and end all other sessions at once."
        }
        _ => {
            "From now on, signing in to your account also takes a code from an authenticator app. If it was not you who \
             set it up, somebody else is signed in: recover your account at once."
        }
    }
}

fn until(text: &mut String, at: Option<Timestamp>) {
    if let Some(at) = at {
        let until = whole_seconds(at).replace('T', " ").replace('Z', " UTC");
        let _ = writeln!(text, "It can be used until {until}.");
    }
}

/// A time as people and simple parsers read it, such as `2026-11-21T20:00:00Z`: without the fraction, rounded down.
pub(crate) fn whole_seconds(at: Timestamp) -> String {
    Timestamp::from_unix_seconds(at.unix_seconds()).to_string()
}

/// Everything but letters, digits and `-._~` as `%XX`.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_whole_seconds() {
        assert_eq!(whole_seconds(Timestamp::from_unix_millis(1_795_291_200_999)), "2026-11-21T20:00:00Z");
        assert_eq!(whole_seconds(Timestamp::from_unix_millis(-1)), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn an_address_in_a_fragment_cannot_be_taken_for_more_of_it() {
        assert_eq!(percent_encoded("a+b&c=d@x.org"), "a%2Bb%26c%3Dd%40x.org");
        assert_eq!(percent_encoded("é-._~"), "%C3%A9-._~");
    }
}
