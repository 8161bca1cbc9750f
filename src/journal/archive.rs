//! Archives: the oldest rows, moved to a file of their own that has the form of a store. The store keeps where it
//! ended, so the chain goes on from there, and `verify` follows it through both.

use std::fs;
use std::path::Path;

use super::chain::Head;
use super::error::{During, JournalError};
use super::files::{remove_database, sync_name};
use super::store::{Store, insert, inserting};
use super::{Journal, READ_ROWS};
use crate::sqlite::beside;
use crate::values::Moment;

/// Moves the rows from before a moment to the file `to`, up to the first row of the oldest transfer that is open; gives
/// where they end. No process may have the store. Nothing is moved, and no file made, if there are no such rows.
///
/// A transfer that begins in the archive is no longer found in the store, and its key is free again: archive only what
/// is older than any request or answer may come again. Rows of it after the archive's end stay in the chain. The file
/// of the store becomes no smaller; its room is used again.
///
/// # Errors
/// If another process has the store, there is a file `to`, a row is not as it was written, or a file can't be read or
/// written. The rows are then where they were.
pub fn archive(store: &Path, before: Moment, to: &Path) -> Result<Head, JournalError> {
    if to.exists() {
        return Err(JournalError::Archive {
            path: to.to_owned(),
            what: "there is such a file already",
        });
    }
    // Nothing is appended: it is opened for its lock, and to know what is open.
    let journal = Journal::open(store, None)?;
    let end = journal.reader()?.first_open()?.unwrap_or(u64::MAX);
    let own = Store::open(store)?;
    let part = beside(to, ".part");
    remove_database(&part)?;
    let head = copy(&own, &part, before, end)?;
    if head.count == own.anchor.count {
        fs::remove_file(&part).during("removing", &part)?;
        return Ok(head);
    }
    fs::rename(&part, to).and_then(|()| sync_name(to)).during("naming the archive", to)?;
    own.cut(head)?;
    journal.close().map(|()| head)
}

/// Copies the rows up to a moment or before row `end`, checking the chain on the way; gives where they end.
fn copy(from: &Store, to: &Path, before: Moment, end: u64) -> Result<Head, JournalError> {
    let doing = "writing the archive";
    let archive = Store::begin(to, from.anchor)?;
    let mut head = from.anchor;
    let mut scratch = Vec::new();
    loop {
        let first = head.count;
        let step = archive.db.unchecked_transaction().during(doing, to)?;
        let mut put = inserting(&archive.db).during(doing, to)?;
        let mut ended = false;
        from.rows_after(first, READ_ROWS, |link| {
            ended |= link.seq >= end || link.row.at >= before;
            if ended {
                return Ok(());
            }
            head = head.follow(&link.row, &mut scratch);
            if head != link.head() {
                return Err(JournalError::not_as_written(&from.path, head.count));
            }
            insert(&mut put, head, &link.row).during(doing, to)
        })?;
        drop(put);
        step.commit().during(doing, to)?;
        if ended || head.count == first {
            return archive.seal().map(|()| head);
        }
    }
}
