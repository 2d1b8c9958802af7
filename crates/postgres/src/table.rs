//! Which table: its name, checked, and the statements that name it.

use crate::migrate::STEPS;

/// The table that records are kept in: `public.countersign_records`, unless it is [named](Self::named) otherwise.
///
/// Always one schema and one name, never what a connection's `search_path` leads to: two processes that found two
/// tables would each have a budget of guesses of their own. Beside it is a table with `_version` after its name, in
/// which the steps of [`migrate`](crate::migrate) are noted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    schema: String,
    name: String,
}

/// A name that no table is given here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "a schema or table is named with 1 to {MAX_NAME} of a-z, 0-9 and _, of which the first is not a digit, and not pg_…"
)]
pub struct TableError;

/// PostgreSQL cuts names off after 63 bytes; this leaves room for what comes after the table's (`_expires_at`).
const MAX_NAME: usize = 48;

/// How statements begin the name of the default table.
const WHOLE: &str = "\"public\".\"countersign_records";

impl Default for Table {
    fn default() -> Self {
        Self { schema: "public".into(), name: "countersign_records".into() }
    }
}

impl Table {
    /// The table `name` in the schema `schema`, which exists.
    ///
    /// ```
    /// use countersign_postgres::Table;
    ///
    /// assert!(Table::named("auth", "records_of_staff").is_ok());
    /// assert!(Table::named("auth", "records; DROP TABLE users").is_err());
    /// ```
    ///
    /// # Errors
    /// [`TableError`] for anything but 1 to 48 lower-case letters of ASCII, digits and underscores. Names become part of
    /// statements: what is refused here could end one and begin another.
    pub fn named(schema: &str, name: &str) -> Result<Self, TableError> {
        if !is_name(schema) || !is_name(name) {
            return Err(TableError);
        }
        Ok(Self { schema: schema.into(), name: name.into() })
    }

    /// [`SCHEMA`](crate::SCHEMA) for this table.
    ///
    /// ```
    /// use countersign_postgres::{SCHEMA, Table};
    ///
    /// assert_eq!(Table::default().schema(), SCHEMA);
    /// # Ok::<(), countersign_postgres::TableError>(())
    /// ```
    #[must_use]
    pub fn schema(&self) -> String {
        STEPS.iter().map(|step| self.put_into(step)).collect()
    }

    /// A statement, written for the default table, for this one.
    pub(crate) fn put_into(&self, sql: &str) -> String {
        let name = format!("\"{}", self.name);
        // What is put in is not looked at again: a schema may be called as the default table is.
        let parts = sql.split(WHOLE).map(|part| part.replace("\"countersign_records", &name));
        parts.collect::<Vec<_>>().join(&format!("\"{}\".{name}", self.schema))
    }
}

fn is_name(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let all = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    first && all && name.len() <= MAX_NAME && !name.starts_with("pg_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_taken() {
        let longest = "a".repeat(MAX_NAME);
        for name in ["records", "_", "a1", "user", "select", "countersign_records", longest.as_str()] {
            assert!(Table::named("auth", name).is_ok(), "{name}");
            assert!(Table::named(name, "records").is_ok(), "{name}");
        }
        let too_long = "a".repeat(MAX_NAME + 1);
        for name in [
            "", "1a", "A", "Records", "a b", "a\"b", "a.b", "a;b", "a'b", "a-b", "ä", "a\0", "a\n",
            "pg_toast", "\"a\"", "$1", &too_long,
        ] {
            assert_eq!(Table::named("auth", name), Err(TableError), "{name}");
            assert_eq!(Table::named(name, "records"), Err(TableError), "{name}");
        }
    }

    #[test]
    fn every_name_in_a_statement_is_that_of_the_table() {
        let table = Table::named("auth", "rows").unwrap();
        let sql = table.schema();
        assert!(sql.contains("CREATE TABLE \"auth\".\"rows\" ("), "{sql}");
        assert!(sql.contains("CREATE TABLE \"auth\".\"rows_version\" ("), "{sql}");
        assert!(sql.contains("CREATE INDEX \"rows_expires_at\" ON \"auth\".\"rows\" "), "{sql}");
        assert!(!sql.contains("public") && !sql.contains("countersign"), "{sql}");
    }

    /// A schema whose name is that of the default table, and the other way about.
    #[test]
    fn names_that_look_like_the_default_ones_are_kept_apart() {
        let table = Table::named("countersign_records", "public").unwrap();
        assert_eq!(
            table.put_into("\"public\".\"countersign_records\""),
            "\"countersign_records\".\"public\""
        );
    }
}
