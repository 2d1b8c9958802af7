//! Messages as text.

use std::fmt::Write;

use countersign::{Envelope, MailedLink, Timestamp};
use countersign_axum::whole_seconds;

use super::words::{Words, words};

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
    let page = match link {
        MailedLink::SignIn(_) => "v1/magic-link",
        MailedLink::Recovery(_) => "v1/forgot-password",
        MailedLink::Cancel(_) => "v1/two-factor/recover/cancel",
        _ => "auth/register/link",
    };
    let (token, email) = (link.expose(), percent_encoded(envelope.to.as_str()));
    Some(format!("{base_url}/{page}#token={token}&email={email}"))
}

/// What stands before a link.
const fn invitation(link: &MailedLink) -> &'static str {
    match link {
        MailedLink::SignIn(_) => "If you cannot use the code, open this link and sign in there:",
        MailedLink::Cancel(_) => "To stop it, open this link:",
        _ => "If you cannot use the code, open this link and choose a password there:",
    }
}

/// Renders an envelope. A template of another language would be chosen here by its locale.
pub(crate) fn render(envelope: &Envelope, base_url: &str) -> Message {
    let Words { subject, opening, otherwise } = words(&envelope.kind);
    let mut text = format!("{opening}\n");
    if envelope.code.is_none() {
        let _ = writeln!(text, "\nThat was at {}.", readable(envelope.issued_at));
    }
    if let Some(code) = &envelope.code {
        let _ = writeln!(text, "\nYour code: {}", code.expose());
        until(&mut text, envelope.expires_at);
    }
    if let (Some(kind), Some(link)) = (&envelope.link, link(envelope, base_url)) {
        let _ = writeln!(text, "\n{}\n{link}", invitation(kind));
        until(&mut text, envelope.link_expires_at);
    }
    let _ = writeln!(text, "\nIf it was not you: {otherwise}");
    if envelope.code.is_some() {
        text.push_str("Never tell anybody the code.\n");
    }
    Message { to: envelope.to.as_str().into(), subject, sent_at: envelope.issued_at, text }
}

fn until(text: &mut String, at: Option<Timestamp>) {
    if let Some(at) = at {
        let _ = writeln!(text, "It can be used until {}.", readable(at));
    }
}

/// A time in a sentence, such as `2026-11-21 20:00:00 UTC`.
pub(super) fn readable(at: Timestamp) -> String {
    whole_seconds(at).replace('T', " ").replace('Z', " UTC")
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
    fn an_address_in_a_fragment_cannot_be_taken_for_more_of_it() {
        assert_eq!(percent_encoded("a+b&c=d@x.org"), "a%2Bb%26c%3Dd%40x.org");
        assert_eq!(percent_encoded("é-._~"), "%C3%A9-._~");
    }
}
