//! Archives: the oldest rows in a file of their own, with the schema of a store. The store keeps the head at which the
//! archive ends. The chain continues from there, and `verify` follows it through both files.

use std::fs;
use std::path::Path;

use super::chain::Head;
use super::error::{ErrorContext, JournalError};
use super::files::{remove_database, sync_name};
use super::store::{Store, insert, insert_statement};
use super::{Journal, READ_ROWS};
use crate::sqlite::with_suffix;
use crate::values::Moment;

/// Moves the rows recorded before a moment to the file `to`, but stops at the first row of the oldest open transfer.
/// Returns the head at which the archive ends. No process may hold the store. If there are no such rows, nothing is
/// moved and no file is made.
///
/// The store no longer finds a transfer that starts in the archive, and its keys are free again. So archive only what is
/// older than any request or response that can still arrive. Rows of such a transfer after the end of the archive stay in
/// the chain. The store's file does not shrink; later rows reuse its space.
///
/// # Errors
/// If another process holds the store, the file `to` exists, a row does not match its hash, or a file can't be read or
/// written. The rows then stay where they were.
pub fn archive(store: &Path, before: Moment, to: &Path) -> Result<Head, JournalError> {
    if to.exists() {
        return Err(JournalError::Archive {
            path: to.to_owned(),
            detail: "the file exists; name a new file",
        });
    }
    // Nothing is appended. The journal is opened for its lock, and to find the open transfers.
    let journal = Journal::open(store, None)?;
    let end = journal.reader()?.first_open()?.unwrap_or(u64::MAX);
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
            is_done |= chained.seq >= end || chained.row.recorded_at >= before;
            if is_done {
                return Ok(());
            }
            head = head.after(&chained.row, &mut scratch);
            if head != chained.head() {
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
