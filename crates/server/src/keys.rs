//! The key file.
//!
//! One key a line: a name and 32 bytes in hexadecimal. `locator` once; `ring-…` at least once, in the order of their
//! making: the **last** ring line is the current key. Made on the first run, readable by its owner only, and refused if
//! it is readable by others, or anything but what is described here.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use countersign::host::{OsEntropy, generate_key};
use countersign::{KeyRing, LocatorKey};
use zeroize::Zeroizing;

use crate::random;

/// The keys of a deployment.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) locator: LocatorKey,
    pub(crate) ring: KeyRing,
}

/// What a new file begins with.
const HEADER: &str = "\
# The keys of this countersign server, one a line: a name and 32 bytes in hexadecimal.
#
# locator   names the rows of the store. It stays as long as the store does: with another one, every account is lost.
# ring-...  seal what is in the rows and make session ids. The LAST ring line is the current key; the others still open.
#           To rotate, add a line at the end and restart. An old line can go once no row and no session needs it.
#
# Keep this file secret, and keep a copy of it apart from copies of the store.
";

/// More than any such file has.
const MAX_BYTES: u64 = 16 * 1024;

/// The keys in the file; a new file if there is none and one may be made.
///
/// # Errors
/// What is wrong with the file. Never with anything of its content.
pub(crate) fn read_or_make(path: &Path, may_make: bool) -> Result<Keys, String> {
    let wrong = |why: String| format!("key file {}: {why}", path.display());
    let missing = |why: &io::Error| why.kind() == io::ErrorKind::NotFound;
    let text = match read(path) {
        Err(Unread::Io(why)) if missing(&why) && !may_make => {
            return Err(wrong(
                "not found, but the store has rows that only its keys can open; a new one is not made".into(),
            ));
        }
        Err(Unread::Io(why)) if missing(&why) => {
            match make(path) {
                // Another server was quicker: its keys are the keys.
                Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
                made => made.map_err(|why| wrong(format!("cannot be made: {why}")))?,
            }
            read(path)
        }
        other => other,
    };
    let text = text.map_err(|unread| match unread {
        Unread::Io(why) => wrong(format!("cannot be read: {why}")),
        Unread::Refused(why) => wrong(why.into()),
    })?;
    parse(&text).map_err(wrong)
}

/// Makes a new file for `--keygen`, and never in place of another.
///
/// # Errors
/// If there is a file, or one cannot be made.
pub(crate) fn make_new(path: &Path) -> Result<(), String> {
    make(path).map_err(|why| match why.kind() {
        io::ErrorKind::AlreadyExists => {
            format!("key file {}: exists already; nothing was written", path.display())
        }
        _ => format!("key file {}: cannot be made: {why}", path.display()),
    })
}

enum Unread {
    Io(io::Error),
    Refused(&'static str),
}

fn read(path: &Path) -> Result<Zeroizing<String>, Unread> {
    #[expect(clippy::disallowed_methods, reason = "a host reads its keys from a file")]
    let file = File::open(path).map_err(Unread::Io)?;
    // Asked of the open file, so that it is the one that is read.
    let about = file.metadata().map_err(Unread::Io)?;
    if !about.is_file() {
        return Err(Unread::Refused("is not a file"));
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 != 0 {
        return Err(Unread::Refused("group or others have access to it; allow its owner only (chmod 600)"));
    }
    // Room for all of it at once, so that no copy stays behind in memory that growing gave back.
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(MAX_BYTES).unwrap_or_default()));
    let bytes = file.take(MAX_BYTES).read_to_string(&mut text).map_err(Unread::Io)?;
    if u64::try_from(bytes).unwrap_or(u64::MAX) == MAX_BYTES {
        return Err(Unread::Refused("is too long to be one"));
    }
    Ok(text)
}

/// Makes the file. It appears with its whole content or not at all, and never in place of another: two servers that start
/// at once end up with the same keys.
fn make(path: &Path) -> io::Result<()> {
    let draft = draft_path(path)?;
    let made = write_draft(&draft).and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    made
}

fn draft_path(path: &Path) -> io::Result<PathBuf> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(format!(".{}", random::name()?));
    Ok(path.with_file_name(name))
}

fn write_draft(draft: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    file.write_all(HEADER.as_bytes())?;
    for name in ["locator", "ring-1"] {
        let key = generate_key(&OsEntropy).map_err(io::Error::other)?;
        let hex = Zeroizing::new(random::hex(key.expose()));
        file.write_all(Zeroizing::new(format!("{name} {}\n", hex.as_str())).as_bytes())?;
    }
    file.sync_all()
}

fn parse(text: &str) -> Result<Keys, String> {
    let mut names: Vec<&str> = Vec::new();
    let mut locator = None;
    let mut ring = Vec::new();
    let lines = text.lines().map(str::trim).enumerate();
    for (at, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        let wrong = |why: &str| format!("line {}: {why}", at.saturating_add(1));
        let mut words = line.split_ascii_whitespace();
        let (Some(name), Some(hex), None) = (words.next(), words.next(), words.next()) else {
            return Err(wrong("not a name and a key"));
        };
        let key = bytes(hex).ok_or_else(|| wrong("the key is not 32 bytes in hexadecimal"))?;
        if names.contains(&name) {
            return Err(wrong("the name was used before"));
        }
        if locator.iter().chain(&ring).any(|other| *other == key) {
            return Err(wrong("the key was used before"));
        }
        names.push(name);
        match name {
            "locator" => locator = Some(key),
            _ if name.strip_prefix("ring-").is_some_and(|rest| !rest.is_empty()) => ring.push(key),
            _ => return Err(wrong("the name is neither locator nor ring-...")),
        }
    }
    let locator = locator.ok_or("has no locator line")?;
    let (current, previous) = ring.split_last().ok_or("has no ring line")?;
    let previous: Vec<&[u8]> = previous.iter().map(|key| key.as_slice()).collect();
    Ok(Keys {
        locator: LocatorKey::new(locator.as_slice()).map_err(|why| format!("locator: {why}"))?,
        ring: KeyRing::new(current.as_slice(), &previous).map_err(|why| format!("ring: {why}"))?,
    })
}

fn bytes(hex: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0_u8; 32]);
    if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in key.iter_mut().enumerate() {
        let from = at.saturating_mul(2);
        *byte = u8::from_str_radix(hex.get(from..from.saturating_add(2))?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> String {
        random::hex(&std::array::from_fn::<u8, 32, _>(|n| seed.wrapping_add(u8::try_from(n).unwrap())))
    }

    #[test]
    fn the_last_ring_line_is_current() {
        let one =
            parse(&format!("# c\n\nlocator {}\nring-1 {}\nring-2 {}\n", key(1), key(2), key(3))).unwrap();
        let other = parse(&format!("ring-b {}\nlocator {}\n", key(3), key(1))).unwrap();
        assert_eq!(one.ring.current_id(), other.ring.current_id());
    }

    /// B045: a file that is empty, short or malformed is an error, never a default.
    #[test]
    fn b045_anything_else_is_refused_without_showing_a_key() {
        let (a, b) = (key(1), key(2));
        for text in [
            String::new(),
            "\n# nothing\n".into(),
            format!("locator {a}"),
            format!("ring-1 {a}"),
            format!("locator {a}\nring-1"),
            format!("locator {a}\nring-1 {}", &b[2..]),
            format!("locator {a}\nring-1 {b}00"),
            format!("locator {a}\nring-1 {}", b.replace('2', "g")),
            format!("locator {a}\nring-1 {b} {b}"),
            format!("locator {a}\nring-1 {a}"),
            format!("locator {a}\nring-1 {b}\nring-1 {}", key(3)),
            format!("locator {a}\nring-1 {b}\nring-2 {b}"),
            format!("locator {a}\nlocator {b}\nring-1 {}", key(3)),
            format!("locator {a}\nring- {b}"),
            format!("locator {a}\nwheel-1 {b}"),
            format!("locator {}\nring-1 {b}", "00".repeat(32)),
            format!("locator {a}\nring-1 {}", "11".repeat(32)),
        ] {
            let why = parse(&text).unwrap_err();
            assert!(!why.contains(&a[..8]) && !why.contains(&b[..8]), "{why}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_made_once_private_and_whole() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.key");
        assert!(read_or_make(&path, false).unwrap_err().contains("not found"));
        let ids: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| read_or_make(&path, true).unwrap())).collect();
            starts.into_iter().map(|start| start.join().unwrap().ring.current_id()).collect()
        });
        assert!(ids.windows(2).all(|two| two[0] == two[1]), "all starts have the same keys");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no draft is left");
        for mode in [0o640, 0o604, 0o660, 0o610] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(read_or_make(&path, true).unwrap_err().contains("chmod 600"), "{mode:o}");
        }
    }
}
