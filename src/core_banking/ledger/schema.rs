//! The schema of the ledger's file, and its exact comparison.

use std::path::Path;

use rusqlite::Connection;

use crate::core_banking::error::{CoreBankingError, ErrorContext};
use crate::sqlite::{self, create_batches};

/// The schema. The table of batches is the ledger; the table of postings follows from it. Transfer ids are in the order of
/// time, so almost all postings are appended.
const SCHEMA: &str = concat!(
    create_batches!("ledger"),
    "CREATE TABLE postings (
        id BLOB PRIMARY KEY,
        state TEXT NOT NULL,
        reason TEXT,
        -- NULL if the id was barred before a posting came.
        side TEXT, account TEXT, amount INTEGER, currency INTEGER, counterparty TEXT,
        -- The posting that it reverses in part, and how much of itself is reversed in parts.
        reverses BLOB,
        reversed INTEGER NOT NULL DEFAULT 0 CHECK (reversed BETWEEN 0 AND coalesce(amount, 0))
    ) STRICT, WITHOUT ROWID;"
);

/// Creates the schema in an empty file.
///
/// # Errors
/// The error of SQLite.
pub(super) fn create(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(SCHEMA)
}

/// Checks that the file has exactly the tables and views of the schema: nothing changed, missing or added.
///
/// # Errors
/// If it has another schema; the error names an object that differs.
pub(super) fn check(db: &Connection, path: &Path) -> Result<(), CoreBankingError> {
    let fault =
        sqlite::schema_fault(db, SCHEMA).context("reading the schema of the ledger", path)?;
    fault.map_or(Ok(()), |detail| Err(CoreBankingError::damaged(path, detail)))
}
