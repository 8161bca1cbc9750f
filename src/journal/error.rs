//! Errors of the journal. Each says what failed, where, and what to do.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::private_files::FileFault;
use crate::signing::{BatchError, StatementError};

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
         copy",
        path.display()
    )]
    Older {
        /// The store.
        path: PathBuf,
        /// The number of its last row.
        rows: u64,
        /// The number of a row that it once had.
        known: u64,
        /// What knows that row: a checkpoint or the look-ups.
        source_name: &'static str,
    },
    /// The system failed. After a failed write the journal writes no more.
    #[error("{action} {} failed: {detail}; fix the disk, then start again: the start recovers the store", path.display())]
    Io {
        /// The action that failed.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The message of the system or of the store's backend.
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
    /// A row's state or facts have a character that a line cannot have.
    #[error(
        "a row has a line break in its facts, or another character than a-z, 0-9 and _ in its state; nothing of the batch was written"
    )]
    NotALine,
    /// A file beside the store is not what the store knows.
    #[error("{}: {detail}", path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        detail: Arc<str>,
    },
    /// The chain is not in the journal.
    #[error("chain {0} is not in the journal")]
    OtherChain(&'static str),
    /// A file that others can read or change, or a link.
    #[error(transparent)]
    Unsafe(#[from] Arc<FileFault>),
    /// The keys do not fit the store.
    #[error("store {}: {detail}", path.display())]
    Keys {
        /// The store.
        path: PathBuf,
        /// What is wrong, and what to do.
        detail: Arc<str>,
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

impl From<FileFault> for JournalError {
    fn from(fault: FileFault) -> Self {
        Self::Unsafe(Arc::new(fault))
    }
}

impl JournalError {
    /// Returns the error of an action that the system failed, with the message of the system or of a backend.
    pub(super) fn failed(action: &'static str, path: &Path, error: &impl fmt::Display) -> Self {
        Self::Io { action, path: path.to_owned(), detail: error.to_string().into() }
    }

    /// Returns the error of a batch that is not what was signed.
    pub(super) fn altered(path: &Path, (first, last): (u64, u64), reason: &BatchError) -> Self {
        let advice = match reason {
            BatchError::Statement(StatementError::Distrusted(_)) => {
                " (if it is a key of this bank, name its .pub file in keys.trusted_files)"
            }
            BatchError::Statement(StatementError::Malformed | StatementError::Forged)
            | BatchError::OtherChain
            | BatchError::OtherPlace
            | BatchError::Altered => "",
        };
        Self::damaged(path, format!("rows {first} to {last}: {reason}{advice}"))
    }

    /// Returns the error of a file beside the store.
    pub(super) fn mismatch(path: &Path, detail: impl Into<Arc<str>>) -> Self {
        Self::Mismatch { path: path.to_owned(), detail: detail.into() }
    }

    /// Returns the error of personal data that no batch has.
    pub(super) fn orphaned(path: &Path, first: i64) -> Self {
        Self::damaged(path, format!("row {first}: personal data of a batch that does not exist"))
    }

    pub(super) fn older(path: &Path, rows: u64, known: u64, source_name: &'static str) -> Self {
        Self::Older { path: path.to_owned(), rows, known, source_name }
    }

    pub(super) fn damaged(path: &Path, detail: impl Into<Arc<str>>) -> Self {
        Self::Damaged { path: path.to_owned(), detail: detail.into() }
    }
}

/// Adds the action and the file to an error of the operating system or of a backend.
pub(super) trait ErrorContext<T> {
    /// Returns the result with a [`JournalError`] that names the action and the file.
    fn context(self, action: &'static str, path: &Path) -> Result<T, JournalError>;
}

impl<T> ErrorContext<T> for std::io::Result<T> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, JournalError> {
        self.map_err(|error| JournalError::failed(action, path, &error))
    }
}
