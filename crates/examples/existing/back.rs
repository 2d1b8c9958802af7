//! The way back: the old door again, with the passwords that are still right.

use rusqlite::{Connection, TransactionBehavior};

use crate::Failed;
use crate::prepare::TRIGGERS;

// [back]
/// Gives the table back to the old door, all of it or nothing. Whoever is left without a hash has to be let set a new password by mail:
/// those who signed up at the new door, changed their password there, or turned on a second factor, which the old one does not ask for.
///
/// # Errors
/// The database's.
pub fn back(db: &mut Connection) -> Result<Vec<i64>, Failed> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for trigger in TRIGGERS {
        tx.execute_batch(&format!("DROP TRIGGER {trigger}"))?;
    }
    tx.execute_batch(
        "UPDATE users SET password_hash =
             (SELECT password_hash FROM retired_hashes WHERE retired_hashes.id = users.id)
         WHERE password_hash IS NULL;
         DROP TABLE retired_hashes;
         DROP INDEX users_identifier;
         ALTER TABLE users DROP COLUMN identifier;",
    )?;
    let without =
        "SELECT id FROM users WHERE password_hash IS NULL AND email NOT LIKE 'released:%' ORDER BY id";
    let ids = tx.prepare(without)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    tx.commit()?;
    Ok(ids)
}
// [/back]
