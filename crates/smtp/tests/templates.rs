//! A host's own templates: which one is taken, and that a broken one is found when it is loaded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "tests write files of templates")]

mod common;

use std::fs;

use common::*;
use countersign::{Address, MessageKind};
use countersign_smtp::*;
use proptest::prelude::*;

fn subject(renderer: &Renderer, locale: Option<&str>) -> String {
    renderer.render(&envelope("jo@example.com", locale), [1; 16]).unwrap().subject().to_owned()
}

fn with(overrides: &[(&str, &str, Part, &str)], default: &str) -> Result<Templates, TemplateError> {
    let put = |all: Overrides, (kind, language, part, text): &(&str, &str, Part, &str)| {
        all.with(kind, language, *part, text)
    };
    Templates::new(default, overrides.iter().try_fold(Overrides::new(), put)?)
}

const NL: &str = "Uw code om u aan te melden";
const EN: &str = "Your code to sign in";

#[test]
fn the_language_is_the_best_there_is() {
    let of = |default: &str| renderer(with(&[], default).unwrap());
    let cases = [
        ("en", None, EN),
        ("en", Some("nl"), NL),
        ("en", Some("NL-be"), NL),
        ("en", Some("nl_BE"), NL),
        ("en", Some("nl-Latn-BE-x-own"), NL),
        ("en", Some("fr"), EN),
        ("en", Some("nlx"), EN),
        ("en", Some("../../etc/passwd"), EN),
        ("en", Some("-"), EN),
        ("nl-BE", None, NL),
        ("nl-BE", Some("fr-BE"), NL),
        ("nl-BE", Some("en-GB"), EN),
        ("fr", Some("de"), EN),
    ];
    for (default, locale, expected) in cases {
        assert_eq!(subject(&of(default), locale), expected, "{default} {locale:?}");
    }
}

#[test]
fn an_override_takes_the_place_of_its_part_alone() {
    let html = "<p>{{ to }} {{ code or value or kind }} {{ link or '' }}</p>";
    let overrides = [
        ("sign_in_code", "nl-BE", Part::Subject, "{{ code }} is uwe code"),
        ("sign_in_code", "en", Part::Text, "Code {{ code }} till {{ expires_at }}\r\n"),
        ("message", "en", Part::Html, html),
    ];
    let renderer = renderer(with(&overrides, "en").unwrap());
    let flemish = envelope("jo@example.com", Some("nl-BE"));
    let mail = renderer.render(&flemish, [1; 16]).unwrap();
    assert_eq!(mail.subject(), format!("{} is uwe code", code(&flemish)));
    assert!(mail.text().starts_with("Iemand, hopelijk u"), "{}", mail.text());
    assert_eq!(subject(&renderer, Some("nl")), NL);
    let english = envelope("jo@example.com", None);
    let mail = renderer.render(&english, [1; 16]).unwrap();
    assert_eq!(mail.subject(), EN);
    assert_eq!(mail.text(), format!("Code {} till 20:05 UTC on 21 November 2026\n", code(&english)));
    // Markup in an address stays text.
    let other = Address::parse("a&b'c@example.com").unwrap();
    let mail =
        renderer.render(&notice("jo@example.com", MessageKind::AddressChanged(other)), [1; 16]).unwrap();
    let html =
        mail_parser::MessageParser::new().parse(mail.mail()).unwrap().body_html(0).unwrap().into_owned();
    assert!(html.contains("a&amp;b&#x27;c@example.com"), "{html}");
}

#[test]
fn another_language_needs_every_part() {
    let french = [
        ("sign_in_code", "fr", Part::Subject, "Votre code"),
        ("sign_in_code", "fr", Part::Text, "Code : {{ code }}, {{ expires_at }}"),
        ("sign_in_code", "fr", Part::Html, "<p lang={{ language }}>{{ code }}</p>"),
    ];
    let renderer = renderer(with(&french, "en").unwrap());
    let mail = renderer.render(&envelope("jo@example.com", Some("fr-CA")), [1; 16]).unwrap();
    assert_eq!(mail.subject(), "Votre code");
    assert!(mail.text().ends_with("2026-11-21 20:05 UTC\n"), "no English in it: {}", mail.text());
    let notice = notice("jo@example.com", MessageKind::AccountDeleted);
    assert_eq!(renderer.render(&notice, [1; 16]).unwrap().subject(), "Your account was deleted");
    for without in 0..3 {
        let mut parts = french.to_vec();
        parts.remove(without);
        let why = with(&parts, "en").unwrap_err();
        assert!(matches!(why, TemplateError::Incomplete { .. }), "{why}");
    }
    let ours = [("sign_in_code", "fr", Part::Text, "{{ opening }} {{ code }}"), french[0], french[2]];
    assert!(matches!(with(&ours, "en"), Err(TemplateError::Broken { .. })), "there is no French opening");
}

#[test]
fn a_broken_template_is_found_when_it_is_loaded() {
    type Expected = fn(&TemplateError) -> bool;
    let broken: Expected = |why| matches!(why, TemplateError::Broken { .. });
    let left_out: Expected = |why| matches!(why, TemplateError::LeavesOut { .. });
    let no_line: Expected = |why| matches!(why, TemplateError::Subject { .. });
    let cases: [(&str, Part, &str, Expected); 14] = [
        ("sign_in_code", Part::Text, "{{ code", broken),
        ("sign_in_code", Part::Text, "{% if %}{{ code }}", broken),
        ("sign_in_code", Part::Text, "{{ code }} {{ pasword }}", broken),
        ("sign_in_code", Part::Text, "{{ code }} {{ link }}", broken),
        ("sign_in_code", Part::Text, "{{ code|nosuch }}", broken),
        ("sign_in_code", Part::Text, "{% include '_nosuch.txt' %}{{ code }}", broken),
        (
            "sign_in_code",
            Part::Text,
            "{{ code }}{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
            broken,
        ),
        ("message", Part::Text, "{{ code }}", broken),
        ("sign_in_code", Part::Html, "<p>Welcome</p>", left_out),
        ("factor_recovery_started", Part::Html, "<p>{{ opening }}</p>", left_out),
        ("sign_in_code", Part::Subject, "Your\ncode", no_line),
        ("sign_in_code", Part::Subject, "Code\r\nBcc: eve@example.org", no_line),
        ("sign_in_code", Part::Subject, " {# nothing #} ", no_line),
        ("sign_in_code", Part::Subject, "a{{ '\\u2028' }}b", no_line),
    ];
    for (kind, part, text, expected) in cases {
        let why = with(&[(kind, "en", part, text)], "en").unwrap_err();
        assert!(expected(&why), "{text}: {why}");
    }
    let put = |kind: &str, language: &str| Overrides::new().with(kind, language, Part::Text, "").unwrap_err();
    assert!(matches!(put("sign_in", "en"), TemplateError::Kind { .. }));
    for language in ["", "e", "en/..", "en us", "-", "en-", "verylonglanguage"] {
        assert!(matches!(put("sign_in_code", language), TemplateError::Language { .. }), "{language}");
    }
    assert!(matches!(Templates::new("", Overrides::new()), Err(TemplateError::Language { .. })));
}

/// What was not tried cannot be ruled out; the message goes out in the words that are shipped.
#[test]
fn a_template_that_fails_all_the_same_does_not_lose_the_message() {
    let text = "{{ code }}{% if to != 'jo@example.com' %}{{ nosuch }}{% endif %}";
    let renderer = renderer(with(&[("sign_in_code", "nl", Part::Text, text)], "en").unwrap());
    let own = envelope("jo@example.com", Some("nl"));
    assert_eq!(renderer.render(&own, [1; 16]).unwrap().text(), format!("{}\n", code(&own)));
    let other = envelope("mo@example.com", Some("nl"));
    let mail = renderer.render(&other, [1; 16]).unwrap();
    assert!(mail.text().contains(&format!("Uw code: {}", code(&other))), "{}", mail.text());
}

#[test]
fn a_directory_is_loaded_whole_or_not_at_all() {
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(place.path().join(name), text).unwrap();
    let load = || Overrides::new().with_directory(place.path()).and_then(|all| Templates::new("en", all));
    write("sign_in_code.en.txt", "{% include '_head.txt' %}{{ code }}");
    write("_head.txt", "Example Ltd\n\n");
    write(".gitignore", "*~");
    let renderer = renderer(load().unwrap());
    let envelope = envelope("jo@example.com", None);
    let mail = renderer.render(&envelope, [1; 16]).unwrap();
    assert_eq!(mail.text(), format!("Example Ltd\n{}\n", code(&envelope)));
    for name in ["README.md", "sign_in_code.txt", "sign_in_code.en.text", "sign_in_code.en.txt~"] {
        write(name, "");
        assert!(matches!(load(), Err(TemplateError::Name { .. })), "{name}");
        fs::remove_file(place.path().join(name)).unwrap();
    }
    write("signin.en.txt", "");
    assert!(matches!(load(), Err(TemplateError::Kind { .. })));
    fs::remove_file(place.path().join("signin.en.txt")).unwrap();
    fs::write(place.path().join("sign_in_code.nl.txt"), b"\xff").unwrap();
    assert!(matches!(load(), Err(TemplateError::Unreadable { .. })));
    let nowhere = Overrides::new().with_directory(&place.path().join("nowhere"));
    assert!(matches!(nowhere, Err(TemplateError::Unreadable { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A host's own words, whatever they are, end no line of the head.
    #[test]
    fn a_subject_is_one_line_or_an_error(text in "[a-zé:\r\n\t\u{2028}\u{b} ]{0,30}(\\{\\{ code \\}\\})?[\r\nBbcé: @.]{0,20}") {
        let Ok(templates) = with(&[("sign_in_code", "en", Part::Subject, &text)], "en") else { return Ok(()) };
        let mail = renderer(templates).render(&envelope("jo@example.com", None), [1; 16]).unwrap();
        let lines = std::str::from_utf8(mail.mail()).unwrap().split_once("\r\n\r\n").unwrap().0.split("\r\n");
        prop_assert_eq!(lines.filter(|line| !line.starts_with([' ', '\t'])).count(), 8);
        let read = mail_parser::MessageParser::new().parse(mail.mail()).unwrap();
        prop_assert_eq!(read.subject().unwrap_or_default().split_whitespace().collect::<String>(), text_of(mail.subject()));
        prop_assert!(read.bcc().is_none() && read.cc().is_none());
    }
}

fn text_of(subject: &str) -> String {
    subject.split_whitespace().collect()
}
