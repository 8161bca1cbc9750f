//! Errors of the journal. Each says what failed, where, and what to do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::chain::Head;

/// Why a journal operation failed.
///
/// After an error of an append, its rows may or may not be on disk. A restart finds out.
#[derive(Clone, Debug, Error)]
pub enum JournalError {
    /// Another process holds the store.
    #[error("store {}: in use by another process; stop that process or name another store", .0.display())]
    InUse(PathBuf),
    /// A newer program wrote the store.
    #[error(
        "store {}: schema version {found} is newer than {known}, the newest that this program knows; use the program that wrote it, \
         or a newer one",
        path.display()
    )]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest schema version that this program knows.
        known: i64,
    },
    /// The file is not a journal store.
    #[error("{}: the database is not a titian journal; name another file", .0.display())]
    Foreign(PathBuf),
    /// The store's content differs from what was written.
    #[error(
        "store {}: damaged: {detail}; run `titian verify` to find the first wrong row, then restore the store from a copy",
        path.display()
    )]
    Damaged {
        /// The store.
        path: PathBuf,
        /// The place and kind of the damage.
        detail: Arc<str>,
    },
    /// The store is an older copy of itself, or lost its last rows.
    #[error(
        "store {}: it has {rows} rows, but {source_name} knows {known}: it is an older copy or lost its last rows; restore the newest \
         copy, or move the checkpoints and the index away to continue without the lost rows",
        path.display()
    )]
    Older {
        /// The store.
        path: PathBuf,
        /// The number of its last row.
        rows: u64,
        /// The number of a row that it once had.
        known: u64,
        /// What knows that row: a checkpoint or the index.
        source_name: &'static str,
    },
    /// The operating system or SQLite failed. After a failed write the journal writes no more.
    #[error("{action} {} failed: {detail}; fix the disk, then start again: the start recovers the store", path.display())]
    Io {
        /// The action that failed.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The message of the operating system or SQLite.
        detail: Arc<str>,
    },
    /// The queue of batches is full: the caller appends too fast.
    #[error("journal queue full: {0} batches wait; wait for their callbacks, then append again")]
    Full(usize),
    /// The journal is closed.
    #[error("journal closed")]
    Closed,
    /// Something in a batch exceeds a bound of the store. Nothing of the batch was written.
    #[error("{what} must be at most {max} (got {size}); nothing of the batch was written")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        size: u64,
        /// The maximum.
        max: u64,
    },
    /// The archive can't be made.
    #[error("archive {}: {detail}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// The reason, and what to do.
        detail: &'static str,
    },
}

impl JournalError {
    /// Maps an error of SQLite: damage of the file, or a failure of the system.
    pub(super) fn sqlite(action: &'static str, path: &Path, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let is_damage = match error {
            rusqlite::Error::SqliteFailure(failure, _) => {
                matches!(failure.code, DatabaseCorrupt | NotADatabase)
            }
            // A value that can't be read is not the value that was written.
            _ => true,
        };
        if is_damage {
            Self::damaged(path, format!("{action}: {error}"))
        } else {
            Self::Io { action, path: path.to_owned(), detail: error.to_string().into() }
        }
    }

    pub(super) fn io(action: &'static str, path: &Path, error: &std::io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), detail: error.to_string().into() }
    }

    pub(super) fn altered_row(path: &Path, row: u64) -> Self {
        Self::damaged(path, format!("row {row}: hash mismatch"))
    }

    pub(super) fn older(path: &Path, has: Head, known: Head, source_name: &'static str) -> Self {
        Self::Older { path: path.to_owned(), rows: has.count, known: known.count, source_name }
    }

    pub(super) fn damaged(path: &Path, detail: impl Into<Arc<str>>) -> Self {
        Self::Damaged { path: path.to_owned(), detail: detail.into() }
    }
}

/// Adds the action and the file to an error of SQLite or of the operating system.
pub(super) trait ErrorContext<T> {
    /// Returns the result with a [`JournalError`] that names the action and the file.
    fn context(self, action: &'static str, path: &Path) -> Result<T, JournalError>;
}

impl<T> ErrorContext<T> for rusqlite::Result<T> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, JournalError> {
        self.map_err(|error| JournalError::sqlite(action, path, &error))
    }
}

impl<T> ErrorContext<T> for std::io::Result<T> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, JournalError> {
        self.map_err(|error| JournalError::io(action, path, &error))
    }
}
