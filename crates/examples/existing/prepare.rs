//! The migration: what the table gets, and what it refuses from then on.

use countersign::Identifier;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::Failed;
use crate::check::{Report, check};

// [tables]
/// The normal form beside what was typed, one row each; and a table for the hashes that are not needed any more, for the way back.
const TABLES: &str = "
    ALTER TABLE users ADD COLUMN identifier TEXT;
    CREATE UNIQUE INDEX users_identifier ON users (identifier);
    CREATE TABLE retired_hashes (id INTEGER PRIMARY KEY, password_hash TEXT NOT NULL);";

/// From here on the column can only lose hashes, an address changes with its normal form, and an id is never used again.
const RULES: &str = "
    CREATE TRIGGER users_new BEFORE INSERT ON users
        WHEN NEW.password_hash IS NOT NULL OR NEW.identifier IS NULL
        BEGIN SELECT RAISE(ABORT, 'people sign up at the new door'); END;
    CREATE TRIGGER users_password BEFORE UPDATE OF password_hash ON users
        WHEN NEW.password_hash IS NOT OLD.password_hash AND NEW.password_hash <> '!'
        BEGIN SELECT RAISE(ABORT, 'passwords are changed at the new door'); END;
    CREATE TRIGGER users_address BEFORE UPDATE OF email ON users
        WHEN NEW.email IS NOT OLD.email AND NEW.identifier IS OLD.identifier
        BEGIN SELECT RAISE(ABORT, 'addresses are changed at the new door'); END;
    CREATE TRIGGER users_stay BEFORE DELETE ON users
        BEGIN SELECT RAISE(ABORT, 'an id is never used again: blank the row'); END;";
// [/tables]

/// The names of the rules, for the way back.
pub(crate) const TRIGGERS: [&str; 4] = ["users_new", "users_password", "users_address", "users_stay"];

// [prepare]
/// Makes the table a directory: all of it or nothing.
///
/// # Errors
/// The report, where there is something to put right first; and the database's.
pub fn prepare(db: &mut Connection) -> Result<Report, Failed> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let report = check(&tx)?;
    if !report.problems.is_empty() || report.to_wrap > 0 {
        return Err(format!("not yet: {report:?}").into());
    }
    tx.execute_batch(TABLES)?;
    let users: Vec<(i64, String)> = tx
        .prepare("SELECT id, email FROM users")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (id, email) in users {
        let identifier = Identifier::parse(&email)?;
        tx.execute("UPDATE users SET identifier = ?2 WHERE id = ?1", params![id, identifier.as_str()])?;
    }
    tx.execute_batch(RULES)?;
    tx.commit()?;
    Ok(report)
}
// [/prepare]
