//! What is made of an envelope, as another reader of mail understands it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::*;
use countersign::*;
use countersign_smtp::*;
use mail_parser::{Message, MessageParser, MimeHeaders};
use proptest::prelude::*;

/// All that the head of a message has, each once.
const HEAD: [&str; 8] =
    ["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"];

fn parsed(bytes: &[u8]) -> Message<'_> {
    MessageParser::new().parse(bytes).expect("it is mail")
}

/// The names in the head, read by hand, so that no reader's kindness hides anything.
fn head(mail: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(mail).unwrap();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    let lines = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
    let mut names: Vec<_> = lines.map(|line| line.split_once(": ").expect(line).0.to_owned()).collect();
    names.sort();
    names
}

/// What holds for every message: its head, its parts, who it is from and to, that lines are short and end as they must.
fn check_mail(mail: &Rendered, to: &str) {
    let bytes = mail.mail();
    assert_eq!(head(bytes), HEAD);
    let message = parsed(bytes);
    assert_eq!(message.to().unwrap().iter().map(|one| one.address().unwrap()).collect::<Vec<_>>(), [to]);
    let from: Vec<_> = message.from().unwrap().iter().map(|one| one.address().unwrap()).collect();
    assert_eq!(from, ["no-reply@example.com"]);
    assert!(message.cc().is_none() && message.bcc().is_none() && message.reply_to().is_none());
    assert_eq!(message.subject(), Some(mail.subject()));
    assert_eq!(message.content_type().unwrap().subtype(), Some("alternative"));
    assert_eq!((message.text_body_count(), message.html_body_count(), message.parts.len()), (1, 1, 3));
    for part in &message.parts[1..] {
        assert_eq!(part.content_type().unwrap().attribute("charset"), Some("utf-8"));
    }
    assert_eq!(message.attachment_count(), 0);
    assert_eq!(message.body_text(0).unwrap().replace("\r\n", "\n"), mail.text());
    let body = &bytes[bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap()..];
    assert!(body.is_ascii(), "whatever the server offers");
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
}

fn html(mail: &Rendered) -> String {
    parsed(mail.mail()).body_html(0).unwrap().into_owned()
}

/// HTML as it is read.
fn shown(html: &str) -> String {
    let named =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    named.iter().fold(html.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[test]
fn a_code_is_told_in_both_languages_in_text_and_html() {
    let cases = [
        (
            None,
            "en",
            "Your code to sign in",
            "Your code: ",
            "It can be used until 20:05 UTC on 21 November 2026.",
        ),
        (
            Some("nl"),
            "nl",
            "Uw code om u aan te melden",
            "Uw code: ",
            "Te gebruiken tot 20:05 UTC op 21 november 2026.",
        ),
    ];
    for (locale, tag, subject, label, until) in cases {
        let envelope = envelope("Jo@example.com", locale);
        let mail = shipped().render(&envelope, [7; 16]).unwrap();
        check_mail(&mail, "Jo@example.com");
        assert_eq!((mail.subject(), mail.kind(), mail.to()), (subject, "sign_in_code", "Jo@example.com"));
        let code = code(&envelope);
        let token = envelope.link.as_ref().unwrap().expose();
        let link = format!("https://example.com/app/sign-in#token={token}&email=Jo%40example.com");
        assert!(mail.text().contains(&format!("{label}{code}\n{until}\n")), "{}", mail.text());
        assert!(mail.text().lines().any(|line| line == link), "{}", mail.text());
        let html = html(&mail);
        assert!(html.contains(&format!("<html lang=\"{tag}\">")) && html.matches("<h1").count() == 1);
        assert!(html.contains(&format!(">{code}</p>")) && html.contains("user-select: all"));
        assert_eq!(shown(&html).matches(&link).count(), 2, "a button, and text: {html}");
        assert!(html.contains("href=\"https:&#x2f;&#x2f;") && html.contains("color-scheme"));
        for loaded in ["src=", "url(", "@import", "<img", "<link", "<script", "http://"] {
            assert!(!html.contains(loaded), "nothing is loaded from elsewhere: {loaded}");
        }
        assert!(mail.text().ends_with(if tag == "nl" { "aan iemand anders.\n" } else { "the code.\n" }));
    }
}

#[test]
fn the_head_is_of_the_time_and_the_sender() {
    let mail = shipped().render(&envelope("jo@example.com", None), [7; 16]).unwrap();
    let message = parsed(mail.mail());
    assert_eq!(message.date().unwrap().to_rfc3339(), "2026-11-21T20:00:00Z");
    assert_eq!(message.message_id(), Some(&*format!("{}@example.com", "07".repeat(16))));
    assert_eq!(message.header("Auto-Submitted").unwrap().as_text(), Some("auto-generated"));
    assert_eq!(message.from().unwrap().first().unwrap().name(), Some("Example"));
    assert_eq!(
        (mail.issued_at(), mail.expires_at()),
        (NOW, Some(NOW.saturating_add(std::time::Duration::from_secs(300))))
    );
}

#[test]
fn a_notice_tells_when_it_happened_and_what_it_is_about() {
    let other = Address::parse("new+1@example.org").unwrap();
    let mail =
        shipped().render(&notice("jo@example.com", MessageKind::AddressChanged(other)), [0; 16]).unwrap();
    check_mail(&mail, "jo@example.com");
    let lines: Vec<_> = mail.text().lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines[0], "The e-mail address of your account is now new+1@example.org.");
    assert_eq!(lines[1], "That was at 20:00 UTC on 21 November 2026.");
    assert!(lines[2].starts_with("If it was not you: ") && lines.len() == 3, "{lines:?}");
    assert!(mail.expires_at().is_none() && !mail.text().contains("ode"));
}

#[test]
fn every_kind_has_a_message_in_every_language() {
    let other = || Address::parse("new@example.com").unwrap();
    let kinds = [
        MessageKind::SignUpCode,
        MessageKind::SecondFactorCode,
        MessageKind::RecoveryCode,
        MessageKind::ActionCode(Action::new("transfer:8841").unwrap()),
        MessageKind::SignUpTaken,
        MessageKind::FactorAdded(Factor::Totp),
        MessageKind::AddressChangeCode,
        MessageKind::StepUpCode,
        MessageKind::FactorRecoveryCode,
        MessageKind::FactorRemoved(Factor::MailedCode),
        MessageKind::RecoveryCodesIssued,
        MessageKind::RecoveryCodeUsed { left: 3 },
        MessageKind::PasswordChanged,
        MessageKind::PasswordReset,
        MessageKind::PasswordKnown,
        MessageKind::AddressChangeStarted(other()),
        MessageKind::AddressChanged(other()),
        MessageKind::FactorRecoveryStarted { ready_at: NOW },
        MessageKind::FactorsReset,
        MessageKind::AccountDeleted,
    ];
    let renderer = shipped();
    for locale in ["en", "nl"] {
        for kind in &kinds {
            let mut envelope = envelope("jo@example.com", Some(locale));
            envelope.kind = kind.clone();
            if !kind.name().ends_with("_code") {
                (envelope.code, envelope.link) = (None, None);
            }
            let mail = renderer.render(&envelope, [1; 16]).unwrap();
            check_mail(&mail, "jo@example.com");
            assert_eq!(mail.kind(), kind.name());
            assert!(shown(&html(&mail)).contains(&format!(
                "<h1 style=\"font-size: 22px; line-height: 1.3;\">{}</h1>",
                mail.subject()
            )));
        }
    }
}

#[test]
fn a_suppressed_envelope_is_rendered_like_any_other() {
    let mut envelope = envelope("jo@example.com", Some("nl"));
    let seen = shipped().render(&envelope, [1; 16]).unwrap();
    envelope.suppressed = true;
    assert_eq!(shipped().render(&envelope, [1; 16]).unwrap().mail(), seen.mail());
}

#[test]
fn domains_go_out_in_ascii() {
    let mail = shipped().render(&envelope("jo@bücher.example", None), [1; 16]).unwrap();
    check_mail(&mail, "jo@xn--bcher-kva.example");
    assert!(mail.mail().is_ascii());
    assert_eq!(mail.to(), "jo@bücher.example", "the host's own deliveries see it as it is");
    let mail = shipped().render(&envelope("jö@bücher.example", None), [1; 16]).unwrap();
    check_mail(&mail, "jö@xn--bcher-kva.example");
}

#[test]
fn what_holds_secrets_does_not_show_them() {
    let envelope = envelope("jo@example.com", None);
    let mail = shipped().render(&envelope, [1; 16]).unwrap();
    assert_eq!(format!("{mail:?}"), "Rendered { kind: \"sign_in_code\", .. }");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// R69, B096: whatever somebody chose, for his address, the one he changes to, the action or the language, and whatever the name
    /// of the host is: the head is what it always is, the mail has one reader, and markup stays text.
    #[test]
    fn r69_b096_nothing_that_is_put_in_ends_a_line(
        to in "[a-z!#$%&'*+/=?^_`{|}~-]{1,20}@[a-zé]{1,10}\\.[a-z]{2,3}|\\PC{0,30}@b\\.co",
        other in "[a-zé{}%!'/&+=-]{1,20}@[a-z]{1,10}\\.[a-z]{2,3}",
        name in "\\PC{0,20}|[a-z<>\",;:@\r\n]{0,20}|[é\u{202e}\"\\\\ =?_-]{0,40}",
        action in "[!-~]{1,64}",
        locale in "[!-~]{1,35}|nl[-_][A-Z]{2}",
    ) {
        let Ok(to) = Address::parse(&to) else { return Ok(()) };
        let Ok(other) = Address::parse(&other) else { return Ok(()) };
        let address = Address::parse("no-reply@example.com").unwrap();
        let Ok(sender) = Sender::new(Some(&name).filter(|name| !name.is_empty()).map(|x| x.as_str()), address) else {
            prop_assert!(name.trim().is_empty() || name.chars().any(char::is_control));
            return Ok(());
        };
        let renderer = renderer_of(sender, Templates::shipped().unwrap());
        let kinds = [
            MessageKind::ActionCode(Action::new(&action).unwrap()),
            MessageKind::AddressChangeStarted(other.clone()),
        ];
        for kind in kinds {
            let mut envelope = envelope(to.as_str(), Some(&locale));
            envelope.kind = kind.clone();
            let Ok(mail) = renderer.render(&envelope, [1; 16]) else { continue };
            let (local, _) = to.as_str().split_once('@').unwrap();
            let domain = parsed(mail.mail()).to().unwrap().first().unwrap().address().unwrap().rsplit_once('@').unwrap().1.to_owned();
            prop_assert!(domain.is_ascii());
            check_mail(&mail, &format!("{local}@{domain}"));
            let html = html(&mail);
            prop_assert_eq!(html.matches("<p").count() + html.matches("<a").count(), html.matches("</p>").count() + html.matches("</a>").count());
            if matches!(kind, MessageKind::AddressChangeStarted(_)) {
                prop_assert!(mail.text().contains(other.as_str()) && shown(&html).contains(other.as_str()));
            }
        }
    }
}
