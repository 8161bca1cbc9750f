//! Errors of the embedded ledger. Each says what failed, where, and what to do.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::sqlite::Failure;

/// Why the embedded ledger can't be opened, or has stopped. No message shows a whole account number.
#[derive(Clone, Debug, Error)]
pub enum CoreBankingError {
    /// Another process holds the ledger.
    #[error("ledger {}: in use by another process; stop that process or name another ledger", .0.display())]
    InUse(PathBuf),
    /// The file is not a ledger, or of another version.
    #[error("{}: the database is not a ledger of this version; name another file, or use the program that wrote it", .0.display())]
    Foreign(PathBuf),
    /// The ledger's content differs from what was written.
    #[error("ledger {}: damaged: {detail}; restore it from a copy", path.display())]
    Damaged {
        /// The ledger.
        path: PathBuf,
        /// The place and kind of the damage.
        detail: Arc<str>,
    },
    /// The file of accounts is invalid.
    #[error("{}: line {line}: {detail}", path.display())]
    Accounts {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong, and what is expected.
        detail: String,
    },
    /// The operating system or SQLite failed. After a failed write the ledger writes no more.
    #[error("{action} {} failed: {detail}; fix the disk, then start again: the start recovers the ledger", path.display())]
    Io {
        /// The action that failed.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The message of the operating system or SQLite.
        detail: Arc<str>,
    },
}

impl CoreBankingError {
    pub(super) fn damaged(path: &Path, detail: impl Into<Arc<str>>) -> Self {
        Self::Damaged { path: path.to_owned(), detail: detail.into() }
    }

    fn failed(action: &'static str, path: &Path, error: &impl fmt::Display) -> Self {
        Self::Io { action, path: path.to_owned(), detail: error.to_string().into() }
    }
}

/// Adds the action and the file to an error of SQLite or of the operating system.
pub(super) trait ErrorContext<T> {
    /// Returns the result with a [`CoreBankingError`] that names the action and the file.
    fn context(self, action: &'static str, path: &Path) -> Result<T, CoreBankingError>;
}

impl<T> ErrorContext<T> for rusqlite::Result<T> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, CoreBankingError> {
        self.map_err(|error| match Failure::of(&error) {
            Failure::NotADatabase => CoreBankingError::Foreign(path.to_owned()),
            Failure::Damage => CoreBankingError::damaged(path, format!("{action}: {error}")),
            Failure::System => CoreBankingError::failed(action, path, &error),
        })
    }
}

impl<T> ErrorContext<T> for std::io::Result<T> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, CoreBankingError> {
        self.map_err(|error| CoreBankingError::failed(action, path, &error))
    }
}
