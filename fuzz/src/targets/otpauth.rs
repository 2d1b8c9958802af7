//! Key URIs: whatever is read has parameters in range, and is written and read back as itself.

use countersign::factor::{OtpauthUri, TotpSecret};

/// Any text, with a byte of its own that says what to begin it with: most random texts are no URI at all.
pub fn otpauth(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let Ok(rest) = core::str::from_utf8(rest) else { return };
    let begin = ["", "otpauth://totp/", "otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&"];
    let text = format!("{}{rest}", begin[usize::from(*first) % begin.len()]);
    let Ok(uri) = OtpauthUri::parse(&text) else { return };

    let params = uri.params();
    assert!((6..=8).contains(&params.digits()), "R43, B085: {}", params.digits());
    assert!((1..=120).contains(&params.period_seconds()), "R38, B085: {}", params.period_seconds());
    let length = uri.secret().expose().len();
    assert!((TotpSecret::MIN_BYTES..=TotpSecret::MAX_BYTES).contains(&length), "R40, B057: {length}");
    let names = uri.issuer().into_iter().chain([uri.account()]);
    assert!(names.into_iter().all(|name| !name.contains(':')), "R45 b");

    let again = OtpauthUri::parse(uri.expose()).expect("R45 g: its own text is read");
    assert_eq!(again.expose(), uri.expose());
    assert_eq!((again.issuer(), again.account(), again.params()), (uri.issuer(), uri.account(), params));
    assert_eq!(again.secret().expose(), uri.secret().expose());
    if let Some(issuer) = uri.issuer() {
        let built = OtpauthUri::totp(issuer, uri.account(), uri.secret(), params).expect("R45 g: built anew");
        let read = OtpauthUri::parse(built.expose()).expect("what was built is read");
        assert_eq!((read.issuer(), read.account(), read.params()), (uri.issuer(), uri.account(), params));
    }
}
