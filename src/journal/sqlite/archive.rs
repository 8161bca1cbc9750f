//! Archives: the oldest rows in a file of their own, with the schema of a store. The store keeps the head at which the
//! archive ends. The chain continues from there, and `verify` follows it through both files.

use std::fs;
use std::path::Path;

use super::columns::{insert, insert_statement};
use super::index::first_open_row;
use super::process::SqliteJournal;
use super::store::{READ_ROWS, Store};
use crate::journal::chain::Head;
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::files::{remove_database, sync_name};
use crate::journal::port::Journal;
use crate::sqlite::with_suffix;
use crate::values::Moment;

/// Moves the rows recorded before a moment to the file `to`. The store's file does not shrink; later rows reuse its space.
///
/// # Errors
/// See [`crate::journal::archive`].
pub(in crate::journal) fn archive_rows(
    store: &Path,
    before: Moment,
    to: &Path,
) -> Result<Head, JournalError> {
    if to.exists() {
        return Err(JournalError::Archive {
            path: to.to_owned(),
            detail: "the file exists; name a new file",
        });
    }
    // Nothing is appended. The journal is opened for its lock, and to find the open transfers.
    let journal = Box::new(SqliteJournal::open(store, None)?);
    let end = first_open_row(store)?.unwrap_or(u64::MAX);
    let source = Store::open(store)?;
    let part = with_suffix(to, ".part");
    remove_database(&part)?;
    let head = copy(&source, &part, before, end)?;
    if head.count == source.anchor.count {
        fs::remove_file(&part).context("removing", &part)?;
        return Ok(head);
    }
    fs::rename(&part, to).and_then(|()| sync_name(to)).context("renaming the archive to", to)?;
    source.remove_archived(head)?;
    journal.close().map(|()| head)
}

/// Copies the rows recorded before a moment, up to but without row `end`. Checks the chain. Returns the head at which
/// they end.
fn copy(from: &Store, to: &Path, before: Moment, end: u64) -> Result<Head, JournalError> {
    let action = "writing the archive";
    let archive = Store::create_at(to, from.anchor)?;
    let mut head = from.anchor;
    let mut scratch = Vec::new();
    loop {
        let first = head.count;
        let transaction = archive.db.unchecked_transaction().context(action, to)?;
        let mut statement = insert_statement(&archive.db).context(action, to)?;
        let mut is_done = false;
        from.rows_after(first, READ_ROWS, |chained| {
            is_done |= chained.head.count >= end || chained.row.recorded_at >= before;
            if is_done {
                return Ok(());
            }
            head = head.after(&chained.row, &mut scratch);
            if head != chained.head {
                return Err(JournalError::altered_row(&from.path, head.count));
            }
            insert(&mut statement, head, &chained.row).context(action, to)
        })?;
        drop(statement);
        transaction.commit().context(action, to)?;
        if is_done || head.count == first {
            return archive.seal().map(|()| head);
        }
    }
}
