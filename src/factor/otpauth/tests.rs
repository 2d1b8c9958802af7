//! Key URIs: what is made, what is read, what is refused, and that the two agree.

use alloc::format;
use alloc::string::ToString;

use proptest::prelude::*;

use super::*;

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn secret() -> TotpSecret {
    TotpSecret::from_base32(SECRET).unwrap()
}

fn build(issuer: &str, account: &str) -> Result<OtpauthUri, OtpauthError> {
    OtpauthUri::totp(issuer, account, &secret(), TotpParams::default())
}

/// What is wrong with a URI that ends in this.
fn refused(rest: &str) -> Option<OtpauthError> {
    OtpauthUri::parse(&format!("otpauth://totp/{rest}")).err()
}

/// What is wrong with a URI that has these parameters besides a secret.
fn with(parameters: &str) -> Option<OtpauthError> {
    refused(&format!("jo?secret={SECRET}{parameters}"))
}

/// The second example of the Key URI wiki.
#[test]
fn r45_the_example_of_the_wiki() {
    let text = "otpauth://totp/ACME%20Co:john.doe@email.com?secret=HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ&issuer=ACME%20Co\
                &algorithm=SHA1&digits=6&period=30";
    let read = OtpauthUri::parse(text).unwrap();
    assert_eq!((read.issuer(), read.account()), (Some("ACME Co"), "john.doe@email.com"));
    assert_eq!(read.params(), TotpParams::default());
    assert_eq!(read.expose(), text);
    let built = OtpauthUri::totp("ACME Co", "john.doe@email.com", read.secret(), read.params()).unwrap();
    assert_eq!(built.expose(), text);
}

/// R40, R45: the first example has a secret of 80 bits, which is too short.
#[test]
fn r40_b057_a_short_secret_in_a_uri_is_refused() {
    let text = "otpauth://totp/Example:alice@google.com?secret=JBSWY3DPEHPK3PXP&issuer=Example";
    assert_eq!(OtpauthUri::parse(text).err(), Some(OtpauthError::Secret(TotpSecretError::TooShort)));
    assert_eq!(refused("jo?secret="), Some(OtpauthError::Secret(TotpSecretError::TooShort)));
    assert_eq!(refused("jo?secret=1"), Some(OtpauthError::Secret(TotpSecretError::Encoding)));
    assert_eq!(refused("jo?issuer=x"), Some(OtpauthError::NoSecret));
    assert_eq!(refused("jo?"), Some(OtpauthError::Syntax));
    assert_eq!(refused("jo"), Some(OtpauthError::Syntax));
}

/// R45: the labels that the wiki calls valid.
#[test]
fn r45_the_labels_of_the_wiki() {
    for (label, issuer, account) in [
        ("Example:alice@gmail.com", Some("Example"), "alice@gmail.com"),
        ("Provider1:Alice%20Smith", Some("Provider1"), "Alice Smith"),
        ("Big%20Corporation%3A%20alice%40bigco.com", Some("Big Corporation"), "alice@bigco.com"),
        ("alice@gmail.com", None, "alice@gmail.com"),
    ] {
        let read = OtpauthUri::parse(&format!("otpauth://totp/{label}?secret={SECRET}")).unwrap();
        assert_eq!((read.issuer(), read.account()), (issuer, account));
        let again = OtpauthUri::parse(read.expose()).unwrap();
        assert_eq!((again.issuer(), again.account()), (issuer, account));
    }
    let read = OtpauthUri::parse(&format!("otpauth://totp/jo?issuer=x%20y&secret={SECRET}")).unwrap();
    assert_eq!((read.issuer(), read.account()), (Some("x y"), "jo"), "from the parameter alone");
}

/// R45 a: RFC 3986, a space is `%20`, and `+` is a plus.
#[test]
fn r45_percent_encoding_is_that_of_rfc_3986() {
    let uri = build("A&B=C?d/e#f+g%h", "Jörg +~._-@x").unwrap();
    let label = "A%26B%3DC%3Fd%2Fe%23f%2Bg%25h:J%C3%B6rg%20%2B~._-@x";
    assert!(uri.expose().starts_with(&format!("otpauth://totp/{label}?")), "{}", uri.expose());
    let read = OtpauthUri::parse(uri.expose()).unwrap();
    assert_eq!((read.issuer(), read.account()), (Some("A&B=C?d/e#f+g%h"), "Jörg +~._-@x"));
    let read = OtpauthUri::parse(&format!("otpauth://totp/a+b?secret={SECRET}")).unwrap();
    assert_eq!(read.account(), "a+b");
    for label in ["%", "%4", "%4g", "%g4", "%%41", "%ff", "%c3", "%C3%28", "%+1", "a b", "é", "a\n", "a#b"] {
        assert_eq!(refused(&format!("{label}?secret={SECRET}")), Some(OtpauthError::Syntax), "{label}");
    }
}

/// R45 b: no colon in either, raw or encoded.
#[test]
fn r45_no_colon_in_issuer_or_account() {
    assert_eq!(build("a:b", "jo").err(), Some(OtpauthError::Issuer));
    assert_eq!(build("a", "jo:b").err(), Some(OtpauthError::Account));
    for label in ["a:b:c", "a%3Ab:c", "a:b%3ac", "a%3Ab%3Ac"] {
        assert_eq!(refused(&format!("{label}?secret={SECRET}")), Some(OtpauthError::Account), "{label}");
    }
    for issuer in ["a:b", "a%3Ab"] {
        assert_eq!(with(&format!("&issuer={issuer}")), Some(OtpauthError::Issuer));
    }
}

#[test]
fn names_are_not_empty_not_endless_and_printable() {
    for bad in ["", " ", " a", "a ", "a\n", "\0", "a\u{85}b", "\u{a0}a"] {
        assert_eq!(build(bad, "jo").err(), Some(OtpauthError::Issuer), "{bad:?}");
        assert_eq!(build("a", bad).err(), Some(OtpauthError::Account), "{bad:?}");
    }
    assert_eq!(build(&"x".repeat(65), "jo").err(), Some(OtpauthError::Issuer));
    assert_eq!(build("a", &"x".repeat(257)).err(), Some(OtpauthError::Account));
    assert_eq!(refused(&format!("?secret={SECRET}")), Some(OtpauthError::Account));
    assert_eq!(refused(&format!(":jo?secret={SECRET}")), Some(OtpauthError::Issuer));
    assert_eq!(with("&issuer="), Some(OtpauthError::Issuer));
    assert_eq!(refused(&format!("a:%20%20?secret={SECRET}")), Some(OtpauthError::Account));
}

/// The longest URI that is made is one that is read.
#[test]
fn b084_the_length_is_bounded_first() {
    let secret = TotpSecret::from_bytes(&[255; 64]).unwrap();
    let params = TotpParams::new(Algorithm::Sha512, 8, 120).unwrap();
    let uri = OtpauthUri::totp(&"é".repeat(32), &"é".repeat(128), &secret, params).unwrap();
    assert!(uri.expose().len() < OtpauthUri::MAX_BYTES, "{}", uri.expose().len());
    assert!(OtpauthUri::parse(uri.expose()).is_ok());
    assert_eq!(OtpauthUri::parse(&"%".repeat(2049)).err(), Some(OtpauthError::TooLong));
    assert_eq!(OtpauthUri::parse(&"%".repeat(2048)).err(), Some(OtpauthError::Syntax));
}

/// R45 d: what stands before the account is what the parameter says.
#[test]
fn r45_two_issuers_are_refused() {
    let uri = |parameter: &str| refused(&format!("ACME%20Co:jo?secret={SECRET}&issuer={parameter}"));
    assert_eq!(uri("ACME%20Co"), None);
    for other in ["ACME", "ACME+Co", "acme%20co", "ACME%20Co%20", "", "%41CME%20Co%00"] {
        assert_eq!(uri(other), Some(OtpauthError::IssuerMismatch), "{other}");
    }
}

/// R45 e, g: only `totp`.
#[test]
fn r45_other_types_are_refused() {
    for (uri, error) in [
        ("otpauth://hotp/jo?counter=1&secret=", OtpauthError::Kind),
        ("otpauth://steam/jo?secret=", OtpauthError::Kind),
        ("otpauth:///jo?secret=", OtpauthError::Kind),
        ("otpauth://totp?secret=", OtpauthError::Syntax),
        ("otpauth:totp/jo?secret=", OtpauthError::Syntax),
        ("https://totp/jo?secret=", OtpauthError::Syntax),
        ("otpauth-migration://totp/jo?secret=", OtpauthError::Syntax),
        (" otpauth://totp/jo?secret=", OtpauthError::Syntax),
    ] {
        assert_eq!(OtpauthUri::parse(&format!("{uri}{SECRET}")).err(), Some(error), "{uri}");
    }
    assert!(OtpauthUri::parse(&format!("OTPAUTH://Totp/jo?Secret={SECRET}&ALGORITHM=sha256")).is_ok());
}

/// R43, R38, B085: digits and period out of range, and what is no number at all.
#[test]
fn r43_b085_digits_and_period_out_of_range_are_refused() {
    let (digits, period) = (
        Some(OtpauthError::Params(TotpParamsError::Digits)),
        Some(OtpauthError::Params(TotpParamsError::Period)),
    );
    for good in ["&digits=6", "&digits=7", "&digits=8", "&period=1", "&period=120", "&digits=8&period=60"] {
        assert_eq!(with(good), None, "{good}");
    }
    for bad in
        ["", "0", "5", "9", "06", "+6", "-6", "6.0", "6%30", "256", "262", "99999999999999999999", "six"]
    {
        assert_eq!(with(&format!("&digits={bad}")), digits, "{bad}");
    }
    for bad in
        ["", "0", "00", "030", "121", "256", "286", "+30", "-1", "1e2", "18446744073709551616", "%33%30"]
    {
        assert_eq!(with(&format!("&period={bad}")), period, "{bad}");
    }
}

#[test]
fn r45_defaults_and_other_parameters() {
    let params =
        |rest: &str| OtpauthUri::parse(&format!("otpauth://totp/jo?secret={SECRET}{rest}")).unwrap().params();
    assert_eq!(params(""), TotpParams::default());
    assert_eq!(params("&digits=8"), TotpParams::new(Algorithm::Sha1, 8, 30).unwrap());
    assert_eq!(params("&period=60"), TotpParams::new(Algorithm::Sha1, 6, 60).unwrap());
    assert_eq!(params("&algorithm=SHA512"), TotpParams::new(Algorithm::Sha512, 6, 30).unwrap());
    assert_eq!(params("&image=https://x/y.png&counter=7&lock=true"), TotpParams::default());
    for bad in ["", "MD5", "SHA-1", "SHA2", "HMACSHA1", "SHA1%20"] {
        assert_eq!(with(&format!("&algorithm={bad}")), Some(OtpauthError::Algorithm), "{bad}");
    }
}

/// R45 g: no parameter twice, in whatever case, and no name that another program might decode into one.
#[test]
fn r45_parameters_are_there_once() {
    for (name, value) in
        [("secret", SECRET), ("issuer", "a"), ("algorithm", "SHA1"), ("digits", "6"), ("period", "30")]
    {
        let twice = format!("&{name}={value}&{name}={value}");
        assert_eq!(with(&twice), Some(OtpauthError::Duplicate), "{twice}");
        let cased = format!("&{name}={value}&{}={value}", name.to_uppercase());
        assert_eq!(with(&cased), Some(OtpauthError::Duplicate), "{cased}");
    }
    for bad in ["&secre%74=A", "&=x", "&", "&&digits=6", "&digits"] {
        assert_eq!(with(bad), Some(OtpauthError::Syntax), "{bad}");
    }
}

#[test]
fn the_secret_is_read_as_people_copy_it() {
    for text in [
        "gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
        "GEZDGNBVGY3TQOJQ%20GEZDGNBVGY3TQOJQ",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ=",
    ] {
        let read = OtpauthUri::parse(&format!("otpauth://totp/jo?secret={text}")).unwrap();
        assert_eq!(read.secret().expose(), secret().expose());
    }
}

/// R45 h, R28: neither the URI nor an error about it says anything.
#[test]
fn law_11_a_uri_is_not_seen_in_debug_or_errors() {
    assert_eq!(format!("{:?}", build("a", "jo").unwrap()), "OtpauthUri(…)");
    for text in [
        format!("{SECRET}://"),
        format!("otpauth://totp/jo?secret={SECRET}1"),
        format!("otpauth://{SECRET}/?"),
    ] {
        let error = OtpauthUri::parse(&text).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("GEZD"), "{error:?}");
    }
}

proptest! {
    /// R45 g: parse(build(x)) = x.
    #[test]
    fn r45_what_was_made_is_read(
        issuer in "[^:\\p{C}]{1,20}", account in "[^:\\p{C}]{1,60}", bytes in proptest::collection::vec(any::<u8>(), 16..=64),
        algorithm in proptest::sample::select(&Algorithm::ALL[..]), digits in 6_u8..=8, period in 1_u32..=120,
    ) {
        let (secret, params) = (TotpSecret::from_bytes(&bytes).unwrap(), TotpParams::new(algorithm, digits, period).unwrap());
        let Ok(uri) = OtpauthUri::totp(&issuer, &account, &secret, params) else {
            prop_assert!(issuer.trim() != issuer || account.trim() != account || issuer.len() > 64);
            return Ok(());
        };
        prop_assert!(uri.expose().len() <= OtpauthUri::MAX_BYTES);
        prop_assert!(uri.expose().bytes().all(|byte| byte.is_ascii_graphic()));
        let read = OtpauthUri::parse(uri.expose()).unwrap();
        prop_assert_eq!((read.issuer(), read.account(), read.params()), (Some(issuer.as_str()), account.as_str(), params));
        prop_assert_eq!(read.secret().expose(), secret.expose());
        prop_assert_eq!(read.expose(), uri.expose());
    }

    /// Whatever is read is in range, and is read again from its own text as the same.
    #[test]
    fn r45_whatever_is_read_is_its_own(
        label in "[a-c%3A :]{1,8}", parameters in "(&(digits|period|algorithm|issuer|x)=[0-9A-Za-z%]{0,6}){0,4}", text in ".*",
    ) {
        for text in [format!("otpauth://totp/{label}?secret={SECRET}{parameters}"), format!("otpauth://totp/{text}"), text] {
            if let Ok(read) = OtpauthUri::parse(&text) {
                let again = OtpauthUri::parse(read.expose()).unwrap();
                prop_assert_eq!(again.expose(), read.expose());
                prop_assert_eq!((again.issuer(), again.account(), again.params()), (read.issuer(), read.account(), read.params()));
                prop_assert!((6..=8).contains(&read.params().digits()) && (1..=120).contains(&read.params().period_seconds()));
                prop_assert_eq!(again.secret().expose().to_vec(), read.secret().expose().to_vec());
                prop_assert!(!read.account().to_string().contains(':'));
            }
        }
    }
}
