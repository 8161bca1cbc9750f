//! Errors of the embedded ledger. Each says what failed, where, and what to do.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::private_files::FileFault;
use crate::signing::Distrust;
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
    /// The ledger's content differs from what was written and signed.
    #[error("ledger {}: damaged: {detail}; keep the file as evidence, and restore the ledger from a copy", path.display())]
    Damaged {
        /// The ledger.
        path: PathBuf,
        /// The place and kind of the damage.
        detail: Arc<str>,
    },
    /// The journal records a row that the ledger lacks: it is missing, another one, or an older copy.
    #[error("ledger {}: the journal records its row {row}, but {detail}; restore the newest copy of the ledger (docs/runbook.md, The ledger is refused)", path.display())]
    NotAsRecorded {
        /// The ledger.
        path: PathBuf,
        /// The row that the journal records.
        row: u64,
        /// What the ledger has instead.
        detail: String,
    },
    /// Another program changed the file while the ledger was in use.
    #[error("ledger {}: another program changed or replaced the file while it was in use, so the ledger stops; find out which one, then start again: the start proves the ledger", .0.display())]
    Changed(PathBuf),
    /// A file of the ledger is not one that only its owner can change and read.
    #[error(transparent)]
    Unsafe(#[from] Arc<FileFault>),
    /// The signing key may not sign the next rows.
    #[error("ledger {}: {distrust}; name its public key with these rows in keys.trusted_files, or sign with a key that is named there", path.display())]
    Distrusted {
        /// The ledger.
        path: PathBuf,
        /// Which key may not sign which rows.
        distrust: Distrust,
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

impl From<FileFault> for CoreBankingError {
    fn from(fault: FileFault) -> Self {
        Self::Unsafe(Arc::new(fault))
    }
}

impl CoreBankingError {
    pub(super) fn damaged(path: &Path, detail: impl Into<Arc<str>>) -> Self {
        Self::Damaged { path: path.to_owned(), detail: detail.into() }
    }

    /// Returns the error of a failed reading.
    pub(super) fn reading(path: &Path, error: &rusqlite::Error) -> Self {
        Self::of_sqlite("reading the ledger", path, error)
    }

    fn of_sqlite(action: &'static str, path: &Path, error: &rusqlite::Error) -> Self {
        match Failure::of(error) {
            Failure::NotADatabase => Self::Foreign(path.to_owned()),
            Failure::Damage => Self::damaged(path, format!("{action}: {error}")),
            Failure::System => Self::failed(action, path, error),
        }
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
        self.map_err(|error| CoreBankingError::of_sqlite(action, path, &error))
    }
}

impl<T> ErrorContext<T> for std::io::Result<T> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, CoreBankingError> {
        self.map_err(|error| CoreBankingError::failed(action, path, &error))
    }
}
