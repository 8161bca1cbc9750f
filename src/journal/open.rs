//! Opens a store with the backend that its URL names. Nothing outside knows the backends.

use std::path::Path;

use super::checkpoint::Checkpoints;
use super::error::JournalError;
use super::journal_keys::JournalKeys;
use super::location::StoreUrl;
use super::port::{Journal, StoredChain};
use super::rotation::LastRows;
use super::sqlite::{self, SqliteJournal, StoredFile, archive_rows, record_rotation};
use crate::private_files::FileFault;
use crate::signing::{Head, SigningKey};
use crate::values::Moment;

/// Opens the journal of a store. Creates the store if it does not exist, and recovers it, for example after a crash.
///
/// # Errors
/// If another process holds the store, a newer program wrote it, others can read or write its files, it is not what was signed
/// or older than a checkpoint, the signing key may not sign its next row, or it can't be read or written.
pub fn open(
    store: &StoreUrl,
    keys: &JournalKeys,
    checkpoints: &Checkpoints,
) -> Result<Box<dyn Journal>, JournalError> {
    match store {
        StoreUrl::Sqlite(file) => Ok(Box::new(SqliteJournal::open(file, keys, checkpoints)?)),
    }
}

/// Returns what is wrong with the files of a store and of its checkpoints, as far as they exist: others can reach them, or they
/// are links.
#[must_use]
pub fn file_faults(store: &StoreUrl, checkpoints: &Checkpoints) -> Vec<FileFault> {
    match store {
        StoreUrl::Sqlite(file) => sqlite::file_faults(file, checkpoints),
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

/// Opens an archive, which is a file whatever the store is.
///
/// # Errors
/// See [`open_to_read`].
pub(super) fn open_archive(file: &Path) -> Result<Box<dyn StoredChain>, JournalError> {
    Ok(Box::new(StoredFile::open_archive(file)?))
}

/// Moves the batches recorded before a moment to the file `to`, but stops at the first row of the oldest open transfer.
/// Returns the head at which the archive ends. No process may hold the store. If there are no such batches, nothing is
/// moved and no file is made.
///
/// The store no longer finds a transfer that starts in the archive, and its keys are free again. So archive only what is
/// older than any request or response that can still arrive. Rows of such a transfer after the end of the archive stay in
/// the chain.
///
/// # Errors
/// If another process holds the store, the file `to` exists, a batch is not what was signed, or a file can't be read or
/// written. The rows then stay where they were.
pub fn archive(
    store: &StoreUrl,
    keys: &JournalKeys,
    checkpoints: &Checkpoints,
    (before, to): (Moment, &Path),
) -> Result<Head, JournalError> {
    match store {
        StoreUrl::Sqlite(file) => archive_rows(file, keys, checkpoints, (before, to)),
    }
}

/// Records that another key signs from now on: a row that the old key signs, and that the new key signs too. Returns the last row
/// of the old key in each chain. No process may hold the store. A rotation that is on record already is not recorded again.
///
/// # Errors
/// See [`open()`].
pub fn rotate(
    store: &StoreUrl,
    keys: &JournalKeys,
    checkpoints: &Checkpoints,
    new: &SigningKey,
) -> Result<LastRows, JournalError> {
    match store {
        StoreUrl::Sqlite(file) => record_rotation(file, keys, checkpoints, new),
    }
}
