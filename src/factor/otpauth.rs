//! Key URIs: what the QR code says that somebody scans into an authenticator app (Key URI Format; R45).
//!
//! ```text
//! otpauth://totp/ACME%20Co:jo@example.com?secret=GEZD…&issuer=ACME%20Co&algorithm=SHA1&digits=6&period=30
//!                └issuer─┘ └──account───┘
//! ```
//!
//! What an attacker could gain if this were wrong: a URI contains the secret, so whoever reads one has the factor; a URI that two
//! programs read differently puts one secret into the app and another on the host; and numbers out of their range
//! have crashed others (B085).

use alloc::string::String;
use core::fmt;

use zeroize::Zeroizing;

use super::totp::{Algorithm, TotpParams, TotpParamsError, TotpSecret, TotpSecretError};

/// A text that is no Key URI of a TOTP authenticator, or parts that none can be made of.
///
/// It says what is wrong and repeats nothing of the text, which is a secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OtpauthError {
    /// Over [`OtpauthUri::MAX_BYTES`].
    #[error("a key URI has at most {} bytes", OtpauthUri::MAX_BYTES)]
    TooLong,
    /// Not `otpauth://TYPE/LABEL?NAME=VALUE&…` in printable ASCII with well-formed percent-encoding of UTF-8.
    #[error("not an otpauth URI")]
    Syntax,
    /// A type other than `totp`. Counters (`hotp`) are not supported.
    #[error("not of the type totp")]
    Kind,
    /// An issuer that is empty, too long, or has a colon, a control character, or a space at an end.
    #[error("an issuer has 1 to {} bytes and no colon", OtpauthUri::MAX_ISSUER_BYTES)]
    Issuer,
    /// An account that is empty, too long, or has a colon, a control character, or a space at an end.
    #[error("an account has 1 to {} bytes and no colon", OtpauthUri::MAX_ACCOUNT_BYTES)]
    Account,
    /// The label and the parameter `issuer` name different issuers.
    #[error("two different issuers")]
    IssuerMismatch,
    /// A parameter that is there twice.
    #[error("a parameter is there twice")]
    Duplicate,
    /// No parameter `secret`.
    #[error("no secret")]
    NoSecret,
    /// A secret that cannot be used.
    #[error(transparent)]
    Secret(#[from] TotpSecretError),
    /// An algorithm other than `SHA1`, `SHA256` and `SHA512`.
    #[error("an unknown algorithm")]
    Algorithm,
    /// Digits or a period that are no number or out of range.
    #[error(transparent)]
    Params(#[from] TotpParamsError),
}

/// A Key URI: issuer, account, secret and parameters, and the text they make.
///
/// A secret as a whole. `Debug` says nothing, and the text is wiped when it is dropped.
///
/// ```
/// use countersign::factor::{OtpauthUri, TotpParams, TotpSecret};
/// let secret = TotpSecret::from_bytes(b"12345678901234567890")?;
/// let uri = OtpauthUri::totp("ACME Co", "jo@example.com", &secret, TotpParams::default())?;
/// assert_eq!(
///     uri.expose(),
///     "otpauth://totp/ACME%20Co:jo@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
///      &issuer=ACME%20Co&algorithm=SHA1&digits=6&period=30"
/// );
/// let read = OtpauthUri::parse(uri.expose())?;
/// assert_eq!((read.issuer(), read.account()), (Some("ACME Co"), "jo@example.com"));
/// assert_eq!(format!("{uri:?}"), "OtpauthUri(…)");
/// # Ok::<(), countersign::factor::OtpauthError>(())
/// ```
#[derive(Clone)]
pub struct OtpauthUri {
    issuer: Option<String>,
    account: String,
    secret: TotpSecret,
    params: TotpParams,
    text: Zeroizing<String>,
}

impl OtpauthUri {
    /// The longest URI that is read, in bytes; the longest that is made has fewer.
    pub const MAX_BYTES: usize = 2048;
    /// The longest issuer, in bytes of UTF-8.
    pub const MAX_ISSUER_BYTES: usize = 64;
    /// The longest account, in bytes of UTF-8: room for any mail address.
    pub const MAX_ACCOUNT_BYTES: usize = 256;

    /// The URI for an account at an issuer, both as people read them in their app.
    ///
    /// The issuer stands before the account and as a parameter (R45 d). Many apps ignore all of `algorithm`, `digits` and `period`
    /// and show codes for [`TotpParams::default`] whatever the URI says: with other parameters, try the apps first that
    /// your people use, or enrolment ends in codes that never match (R45 f).
    ///
    /// # Errors
    /// [`OtpauthError::Issuer`] and [`OtpauthError::Account`]. A colon in either would let one account pass for
    /// one of another issuer.
    pub fn totp(
        issuer: &str,
        account: &str,
        secret: &TotpSecret,
        params: TotpParams,
    ) -> Result<Self, OtpauthError> {
        Self::of(Some(issuer.into()), account.into(), secret.clone(), params)
    }

    /// Reads a URI, such as one exported from another system.
    ///
    /// Scheme, type, names of parameters and the algorithm may be in either case. The label is `ACCOUNT` or `ISSUER:ACCOUNT`, the
    /// colon raw or as `%3A`, with spaces after it or without; the issuer may be missing, or be in one place only. `+` is a
    /// plus. Absent parameters have the values of [`TotpParams::default`]. Parameters with other names (`image`, `counter`)
    /// are ignored: apps add such, and none of them changes a code.
    ///
    /// # Errors
    /// Every [`OtpauthError`]; the length is looked at before anything else.
    pub fn parse(uri: &str) -> Result<Self, OtpauthError> {
        if uri.len() > Self::MAX_BYTES {
            return Err(OtpauthError::TooLong);
        }
        // A fragment has no meaning here, and programs differ in whether it ends a value.
        if !uri.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
            return Err(OtpauthError::Syntax);
        }
        let (scheme, rest) = uri.split_once("://").ok_or(OtpauthError::Syntax)?;
        let (path, query) = rest.split_once('?').ok_or(OtpauthError::Syntax)?;
        let (kind, label) = path.split_once('/').ok_or(OtpauthError::Syntax)?;
        if !scheme.eq_ignore_ascii_case("otpauth") {
            return Err(OtpauthError::Syntax);
        }
        if !kind.eq_ignore_ascii_case("totp") {
            return Err(OtpauthError::Kind);
        }
        let label = decoded(label)?;
        let (prefix, account) = match label.split_once(':') {
            Some((prefix, account)) => (Some(prefix), account.trim_start_matches(' ')),
            None => (None, label.as_str()),
        };
        let [secret, issuer, algorithm, digits, period] =
            values(query, ["secret", "issuer", "algorithm", "digits", "period"])?;

        let secret = TotpSecret::from_base32(&decoded(secret.ok_or(OtpauthError::NoSecret)?)?)?;
        let issuer = issuer.map(decoded).transpose()?;
        let issuer = match (prefix, issuer) {
            (Some(prefix), Some(issuer)) if prefix != issuer.as_str() => {
                return Err(OtpauthError::IssuerMismatch);
            }
            (prefix, issuer) => {
                prefix.map(String::from).or(issuer.map(|issuer| String::from(issuer.as_str())))
            }
        };
        let algorithm = match algorithm {
            Some(name) => Algorithm::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(name)),
            None => Some(Algorithm::default()),
        };
        let digits = digits.map_or(Some(6), decimal).ok_or(TotpParamsError::Digits)?;
        let period = period.map_or(Some(30), decimal).ok_or(TotpParamsError::Period)?;
        let params = TotpParams::new(algorithm.ok_or(OtpauthError::Algorithm)?, digits, u32::from(period))?;
        Self::of(issuer, account.into(), secret, params)
    }

    fn of(
        issuer: Option<String>,
        account: String,
        secret: TotpSecret,
        params: TotpParams,
    ) -> Result<Self, OtpauthError> {
        if issuer.as_ref().is_some_and(|issuer| !is_name(issuer, Self::MAX_ISSUER_BYTES)) {
            return Err(OtpauthError::Issuer);
        }
        if !is_name(&account, Self::MAX_ACCOUNT_BYTES) {
            return Err(OtpauthError::Account);
        }
        // All the room at once, so that no copy of the secret stays behind in memory that growing gave back.
        let mut text = Zeroizing::new(String::with_capacity(Self::MAX_BYTES));
        text.push_str("otpauth://totp/");
        if let Some(issuer) = &issuer {
            encode(issuer, &mut text);
            text.push(':');
        }
        encode(&account, &mut text);
        text.push_str("?secret=");
        text.push_str(&Zeroizing::new(secret.expose_base32()));
        if let Some(issuer) = &issuer {
            text.push_str("&issuer=");
            encode(issuer, &mut text);
        }
        let (algorithm, digits, period) =
            (params.algorithm().name(), params.digits(), params.period_seconds());
        let rest = format_args!("&algorithm={algorithm}&digits={digits}&period={period}");
        let _ = fmt::Write::write_fmt(&mut *text, rest);
        Ok(Self { issuer, account, secret, params, text })
    }

    /// The URI as text, printable ASCII of at most [`OtpauthUri::MAX_BYTES`]. For the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Who the codes are for: the name of the service. A URI that was read may have none.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Whose codes they are, such as a mail address.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The secret.
    #[must_use]
    pub const fn secret(&self) -> &TotpSecret {
        &self.secret
    }

    /// The parameters.
    #[must_use]
    pub const fn params(&self) -> TotpParams {
        self.params
    }
}

impl fmt::Debug for OtpauthUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtpauthUri(…)")
    }
}

/// Whether a text can be an issuer or an account. Spaces at the ends are out because the label allows them behind its
/// colon, where they belong to neither (R45 b).
fn is_name(text: &str, max_bytes: usize) -> bool {
    let inside =
        (1..=max_bytes).contains(&text.len()) && !text.contains(|c: char| c == ':' || c.is_control());
    inside && text.trim() == text
}

/// A number as `digits` and `period` have it: no sign, no leading zero, at most three digits.
fn decimal(text: &str) -> Option<u8> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if plain && text.len() <= 3 { text.parse().ok() } else { None }
}

/// The values of parameters, in the order of their names, still encoded.
///
/// Names are compared in either case and must not be encoded, so that no program finds a second `secret` where this one
/// saw none.
fn values<'a, const N: usize>(
    query: &'a str,
    names: [&str; N],
) -> Result<[Option<&'a str>; N], OtpauthError> {
    let mut values = [None; N];
    for part in query.split('&') {
        let (name, value) = part.split_once('=').ok_or(OtpauthError::Syntax)?;
        if name.is_empty() || name.contains('%') {
            return Err(OtpauthError::Syntax);
        }
        for (known, slot) in names.iter().zip(&mut values) {
            if known.eq_ignore_ascii_case(name) && slot.replace(value).is_some() {
                return Err(OtpauthError::Duplicate);
            }
        }
    }
    Ok(values)
}

/// Percent-encodes all but what RFC 3986 §2.3 leaves alone, and `@`, which a path and a query may both have.
fn encode(text: &str, to: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            to.push(char::from(byte));
        } else {
            let _ = fmt::Write::write_fmt(to, format_args!("%{byte:02X}"));
        }
    }
}

/// Undoes percent-encoding (RFC 3986 §2.1).
fn decoded(text: &str) -> Result<Zeroizing<String>, OtpauthError> {
    let mut bytes = Zeroizing::new(alloc::vec::Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let (high, low) = (hex(rest.next())?, hex(rest.next())?);
            bytes.push(high << 4 | low);
        } else {
            bytes.push(byte);
        }
    }
    core::str::from_utf8(&bytes).map(|text| Zeroizing::new(text.into())).map_err(|_| OtpauthError::Syntax)
}

fn hex(digit: Option<u8>) -> Result<u8, OtpauthError> {
    let value = digit.and_then(|digit| char::from(digit).to_digit(16)).ok_or(OtpauthError::Syntax)?;
    u8::try_from(value).map_err(|_| OtpauthError::Syntax)
}

#[cfg(test)]
mod tests;
