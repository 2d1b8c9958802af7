//! Random names: of users and files. The core's own randomness comes from `OsEntropy`.

use std::fmt::Write;
use std::io;

/// 128 random bits in hexadecimal.
///
/// # Errors
/// If the operating system has none to give.
pub(crate) fn name() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    #[expect(
        clippy::disallowed_methods,
        reason = "a host's own generator; nothing the core decides comes from it"
    )]
    getrandom::fill(&mut bytes).map_err(|_| io::Error::other("the operating system gives no randomness"))?;
    Ok(hex(&bytes))
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
