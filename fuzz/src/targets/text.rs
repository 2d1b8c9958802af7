//! Any text as a ticket, a link, an identifier, an address, a code, an id: refused or taken, and never a panic.

use countersign::{
    AccountId, Action, Address, Code, Identifier, Locale, OtpSession, Password, Profile, SignUpLink, Ticket,
    TicketKind,
};

pub fn ticket_and_identifier(data: &[u8]) {
    let _ = Profile::new(data.to_vec()).map(|profile| assert!(profile.as_bytes() == data));
    let text = String::from_utf8_lossy(data);
    ticket::<OtpSession>(&text);
    ticket::<SignUpLink>(&text);
    // The same text behind the right prefix reaches the decoder.
    ticket::<OtpSession>(&format!("otp_{text}"));
    ticket::<SignUpLink>(&format!("link_{text}"));

    let code = Code::typed(&text);
    assert!(code.expose().bytes().all(|byte| byte.is_ascii_digit()), "R32: a code is digits: {code:?}");
    assert!(code.expose().len() <= Code::MAX_TYPED_BYTES, "law 13 (bounded)");
    assert_eq!(Code::typed(code.expose()).expose(), code.expose(), "the canonical form is one");
    assert_eq!(format!("{code:?}"), "Code(…)", "law 11 (secrets stay put)");

    if let Ok(identifier) = Identifier::parse(&text) {
        let normal = identifier.as_str();
        assert_eq!(Identifier::parse(normal).as_ref(), Ok(&identifier), "B018: the normal form is its own");
        assert_eq!(
            Identifier::parse(&text.to_ascii_uppercase()).map(|other| other == identifier),
            Ok(true),
            "B018"
        );
        assert_eq!(Identifier::parse(&format!(" {text}\t")).as_ref(), Ok(&identifier), "B019");
        safe(normal);
        safe(identifier.address().as_str());
        let masked = identifier.masked();
        safe(&masked);
        assert_eq!(masked.matches('@').count(), 1, "{masked}");
    }
    if let Ok(address) = Address::parse(&text) {
        safe(address.as_str());
        assert_eq!(Address::parse(address.as_str()).as_ref(), Ok(&address), "an address is itself");
    }
    let _ = AccountId::new(&text).map(|id| assert!(id.as_str() == text));
    let _ = Action::new(&text).map(|action| assert!(action.as_str() == text));
    let _ = Locale::new(&text).map(|locale| assert!(locale.as_str() == text));
    if let Ok(password) = Password::typed(&text) {
        assert!(password.code_points() <= text.chars().count().saturating_mul(4), "R83");
        assert_eq!(format!("{password:?}"), "Password(…)", "law 11 (secrets stay put)");
    }
}

fn ticket<K: TicketKind>(text: &str) {
    if let Ok(ticket) = Ticket::<K>::parse(text) {
        let exposed = ticket.expose();
        assert_eq!(exposed, text, "one text for one ticket");
        assert!(exposed.len() <= Ticket::<K>::MAX_BYTES, "law 13 (bounded)");
        assert_eq!(format!("{ticket:?}"), "Ticket(…)", "law 11 (secrets stay put)");
    }
}

/// What may go into a mail: one address, no line break, no NUL, nothing that separates addresses (B094, B096).
fn safe(address: &str) {
    assert_eq!(address.matches('@').count(), 1, "B094: {address:?}");
    let bad = |c: char| c.is_control() || c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '"');
    assert!(!address.chars().any(bad), "B096: {address:?}");
}
