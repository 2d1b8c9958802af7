//! One row: what is kept under its name, the commands that read and write it, and when the server may let go of it.

use std::time::Duration;

use countersign::Timestamp;
use countersign::host::{Row, StoreError};
use countersign::record::{MAX_RECORD_BYTES, Version};
use redis::{Cmd, ErrorKind, RedisError, Script, ServerErrorKind, Value};

use crate::link::{broken, failed};

/// How long a version is; it comes before the record.
const VERSION: usize = 16;

/// The last millisecond of the year 9999. Rows that live longer are given no end: servers, and what copies their files,
/// count times in different ways, and nobody waits to see which.
const LAST: i64 = 253_402_300_799_999;

/// What is kept under the row's name.
pub(crate) fn stored(version: Version, bytes: &[u8]) -> Vec<u8> {
    [version.as_bytes(), bytes].concat()
}

/// From when on the server may let go of the row, as it wants to be told; `None` where it may not.
///
/// The row's own expiry, judged by the server's clock, would be too early by as much as that runs ahead of the host's.
/// A time before 1970 is one that every server takes for over.
pub(crate) fn expiry(expires_at: Option<Timestamp>, margin: Duration) -> Option<String> {
    let at = expires_at?.saturating_add(margin).unix_millis();
    (at <= LAST).then(|| at.max(1).to_string())
}

/// Reads a row, as a command that writes: so that a replica refuses it, also where its connection may read from replicas.
pub(crate) fn get(name: &str) -> Cmd {
    let mut get = redis::cmd("GETEX");
    get.arg(name);
    get
}

/// Makes a row where there is none.
pub(crate) fn create(name: &str, value: &[u8], expires: Option<String>) -> Cmd {
    let mut set = redis::cmd("SET");
    set.arg(name).arg(value).arg("NX");
    if let Some(expires) = expires {
        set.arg("PXAT").arg(expires);
    }
    set
}

/// Replaces or deletes a row that has the version expected. An empty value deletes: what is stored is never empty.
const REPLACE: &str = "if redis.call('GETRANGE', KEYS[1], 0, 15) ~= ARGV[1] then return 0 end \
    if ARGV[2] == '' then redis.call('DEL', KEYS[1]) \
    elseif ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2]) \
    else redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3]) end \
    return 1";

/// Writes a row again as it is.
const TOUCH: &str = "local row = redis.call('GET', KEYS[1]) \
    if not row or string.sub(row, 1, 16) ~= ARGV[1] then return 0 end \
    redis.call('SET', KEYS[1], row, 'KEEPTTL') \
    return 1";

/// Before a script, where the server knows of such: it may change rows when there is no room for others.
const WHEN_FULL: &str = "#!lua flags=allow-oom\n";

pub(crate) struct Scripts {
    pub(crate) replace: Told,
    pub(crate) touch: Told,
}

impl Scripts {
    pub(crate) fn new(when_full: bool) -> Self {
        let told = |text: &str| {
            let text = if when_full { format!("{WHEN_FULL}{text}") } else { text.into() };
            let digest = Script::new(&text).get_hash().to_owned();
            Told { text, digest }
        };
        Self { replace: told(REPLACE), touch: told(TOUCH) }
    }
}

/// A script, and what a server that has run it before knows it by.
pub(crate) struct Told {
    text: String,
    digest: String,
}

impl Told {
    pub(crate) fn by_digest(
        &self,
        name: &str,
        expected: &Version,
        value: &[u8],
        expires: Option<&str>,
    ) -> Cmd {
        told("EVALSHA", &self.digest, name, expected, value, expires)
    }

    pub(crate) fn in_full(&self, name: &str, expected: &Version, value: &[u8], expires: Option<&str>) -> Cmd {
        told("EVAL", &self.text, name, expected, value, expires)
    }
}

fn told(how: &str, script: &str, name: &str, expected: &Version, value: &[u8], expires: Option<&str>) -> Cmd {
    let mut command = redis::cmd(how);
    command.arg(script).arg(1).arg(name);
    command.arg(expected.as_bytes().as_slice()).arg(value).arg(expires.unwrap_or(""));
    command
}

pub(crate) fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// Whether a write was done: `OK` or nothing of `SET`, one or zero of a script.
pub(crate) fn applied(answer: Value) -> Result<bool, RedisError> {
    match answer.extract_error()? {
        Value::Okay | Value::Int(1) => Ok(true),
        Value::Nil | Value::Int(0) => Ok(false),
        _ => Err((ErrorKind::UnexpectedReturnType, "neither done nor not done").into()),
    }
}

pub(crate) fn read(answer: Value) -> Result<Option<Row>, StoreError> {
    let value = match answer.extract_error().map_err(failed)? {
        Value::Nil => return Ok(None),
        Value::BulkString(value) => value,
        _ => return Err(broken("there is something else than a row under a row's name")),
    };
    let Some((version, bytes)) = value.split_first_chunk::<VERSION>() else {
        return Err(broken("a row is shorter than its version"));
    };
    if bytes.len() > MAX_RECORD_BYTES {
        return Err(broken("a record is longer than one may be"));
    }
    Ok(Some(Row { version: Version::from_bytes(*version), bytes: bytes.to_vec() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_row_is_kept_for_the_margin_beyond_its_expiry_and_no_time_fails() {
        for (expires_at, told) in [
            (None, None),
            (Some(Timestamp::from_unix_millis(5)), Some("3600005")),
            (Some(Timestamp::MIN), Some("1")),
            (Some(Timestamp::from_unix_millis(-3_600_000)), Some("1")),
            (Some(Timestamp::from_unix_millis(LAST - 3_600_000)), Some("253402300799999")),
            (Some(Timestamp::from_unix_millis(LAST - 3_599_999)), None),
            (Some(Timestamp::from_unix_millis(i64::MAX - 1)), None),
            (Some(Timestamp::MAX), None),
        ] {
            assert_eq!(expiry(expires_at, HOUR).as_deref(), told, "{expires_at:?}");
        }
    }

    #[test]
    fn a_value_that_is_no_row_is_an_error() {
        let version = Version::from_bytes([7; 16]);
        let whole = stored(version, b"row");
        let row = read(Value::BulkString(whole)).unwrap().unwrap();
        assert_eq!((row.version, row.bytes), (version, b"row".to_vec()));
        assert_eq!(read(Value::Nil), Ok(None));
        let longest = stored(version, &vec![0; MAX_RECORD_BYTES]);
        assert!(read(Value::BulkString(longest)).is_ok());
        let longer = stored(version, &vec![0; MAX_RECORD_BYTES + 1]);
        for odd in [Value::BulkString(vec![0; 15]), Value::BulkString(longer), Value::Int(1), Value::Okay] {
            assert!(read(odd).is_err());
        }
    }

    #[test]
    fn an_answer_that_is_neither_is_an_error() {
        assert_eq!(applied(Value::Okay), Ok(true));
        assert_eq!(applied(Value::Int(1)), Ok(true));
        assert_eq!(applied(Value::Nil), Ok(false));
        assert_eq!(applied(Value::Int(0)), Ok(false));
        assert!(applied(Value::Int(2)).is_err() && applied(Value::BulkString(vec![])).is_err());
    }
}
