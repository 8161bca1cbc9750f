//! Opens a store with the backend that its URL names. Nothing outside knows the backends.

use std::path::Path;

use super::chain::Head;
use super::checkpoint::Checkpoints;
use super::error::JournalError;
use super::location::StoreUrl;
use super::port::{Journal, StoredChain};
use super::sqlite::{SqliteJournal, StoredFile, archive_rows};
use crate::values::Moment;

/// Opens the journal of a store. Creates the store if it does not exist, and recovers it, for example after a crash.
///
/// # Errors
/// If another process holds the store, a newer program wrote it, it is damaged or older than its last checkpoint, or
/// it can't be read or written.
pub fn open(
    store: &StoreUrl,
    checkpoints: Option<&Checkpoints>,
) -> Result<Box<dyn Journal>, JournalError> {
    match store {
        StoreUrl::Sqlite(file) => Ok(Box::new(SqliteJournal::open(file, checkpoints)?)),
    }
}

/// Opens a store to read it. Another process may write it meanwhile.
///
/// # Errors
/// If the store can't be read, or a newer program wrote it.
pub fn open_to_read(store: &StoreUrl) -> Result<Box<dyn StoredChain>, JournalError> {
    match store {
        StoreUrl::Sqlite(file) => Ok(Box::new(StoredFile::open(file)?)),
    }
}

/// Opens a store to verify it. If no process holds it, it is locked until it is dropped, and what is derived from the
/// rows can be audited too.
///
/// # Errors
/// See [`open_to_read`].
pub(super) fn open_to_verify(store: &StoreUrl) -> Result<Box<dyn StoredChain>, JournalError> {
    match store {
        StoreUrl::Sqlite(file) => Ok(Box::new(StoredFile::open_locked(file)?)),
    }
}

/// Opens an archive, which is a file whatever the store is.
///
/// # Errors
/// See [`open_to_read`].
pub(super) fn open_archive(file: &Path) -> Result<Box<dyn StoredChain>, JournalError> {
    Ok(Box::new(StoredFile::open(file)?))
}

/// Moves the rows recorded before a moment to the file `to`, but stops at the first row of the oldest open transfer.
/// Returns the head at which the archive ends. No process may hold the store. If there are no such rows, nothing is
/// moved and no file is made.
///
/// The store no longer finds a transfer that starts in the archive, and its keys are free again. So archive only what is
/// older than any request or response that can still arrive. Rows of such a transfer after the end of the archive stay in
/// the chain.
///
/// # Errors
/// If another process holds the store, the file `to` exists, a row does not match its hash, or a file can't be read or
/// written. The rows then stay where they were.
pub fn archive(store: &StoreUrl, before: Moment, to: &Path) -> Result<Head, JournalError> {
    match store {
        StoreUrl::Sqlite(file) => archive_rows(file, before, to),
    }
}
