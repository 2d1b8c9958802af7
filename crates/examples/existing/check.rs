//! What has to be known, and what has to be put right by hand, before the table can be the library's directory.

use std::collections::BTreeMap;

use countersign::{Address, Identifier, IdentifierError};
use rusqlite::Connection;

use crate::Failed;

/// What was found. Nothing is written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// What stands in the way. Only people can decide it.
    pub problems: Vec<Problem>,
    /// Users whose address was never proven: no code is mailed to them until they have done so, signed in with their password.
    pub unproven: usize,
    /// Users who are shut out, and stay so.
    pub disabled: usize,
    /// Users without a password, or with a text in its place that is none: they come in by a mail, if their address is proven.
    pub without_password: usize,
    /// Bare SHA-1: to be wrapped first, or they open nothing.
    pub to_wrap: usize,
}

/// What stands in the way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Problem {
    /// Several rows that the library holds for one person.
    Duplicate {
        /// The normal form that they share.
        identifier: String,
        /// Whose.
        ids: Vec<i64>,
    },
    /// A text that is no single plain mailbox.
    NotAnAddress {
        /// Whose.
        id: i64,
        /// What is wrong with it.
        why: IdentifierError,
    },
}

// [check]
/// Looks at every row.
///
/// # Errors
/// The database's.
pub fn check(db: &Connection) -> Result<Report, Failed> {
    let mut report = Report::default();
    let mut owners = BTreeMap::<String, Vec<i64>>::new();
    let mut all = db.prepare("SELECT id, email, password_hash, email_verified, disabled FROM users")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let (id, email): (i64, String) = (row.get(0)?, row.get(1)?);
        // Both: what people are looked up by, and where their mail goes.
        match Identifier::parse(&email).and_then(|it| Address::parse(&email).map(|_| it)) {
            Ok(identifier) => owners.entry(identifier.as_str().to_owned()).or_default().push(id),
            Err(why) => report.problems.push(Problem::NotAnAddress { id, why }),
        }
        let stored: Option<String> = row.get(2)?;
        let begins = |prefix| stored.as_deref().is_some_and(|stored| stored.starts_with(prefix));
        let is_read = ["$2b$", "pbkdf2_sha256$", "sha1$", "argon2-of-sha1$"].into_iter().any(begins);
        count(&mut report.without_password, !is_read);
        count(&mut report.to_wrap, begins("sha1$"));
        count(&mut report.unproven, !row.get::<_, bool>(3)?);
        count(&mut report.disabled, row.get(4)?);
    }
    let several = owners.into_iter().filter(|(_, ids)| ids.len() > 1);
    report.problems.extend(several.map(|(identifier, ids)| Problem::Duplicate { identifier, ids }));
    Ok(report)
}
// [/check]

fn count(number: &mut usize, is_one: bool) {
    *number = number.saturating_add(usize::from(is_one));
}
