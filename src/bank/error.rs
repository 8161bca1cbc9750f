//! What can go wrong with the embedded ledger: where, and what to do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

/// Why the embedded ledger can't be opened, or has stopped. No account is shown whole.
#[derive(Clone, Debug, Error)]
pub enum BankError {
    /// Another process has it.
    #[error("the ledger {} is in use by another process: stop that one, or name another ledger", .0.display())]
    InUse(PathBuf),
    /// The file is something else, or of another version.
    #[error("{} is a database, but no ledger that this program knows: name another file, or use the program that wrote it", .0.display())]
    Foreign(PathBuf),
    /// What it has is not what was written.
    #[error("the ledger {} is damaged, {what}: restore it from a copy", path.display())]
    Damaged {
        /// The ledger.
        path: PathBuf,
        /// Where, and how.
        what: Arc<str>,
    },
    /// The file of accounts is not as it should be.
    #[error("{}, line {line}: {what}", path.display())]
    Accounts {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// The operating system or SQLite failed. A ledger that had this while it wrote writes no more.
    #[error("{doing} {} failed: {what}; put the disk in order and start again, which recovers", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What it said.
        what: Arc<str>,
    },
}

impl BankError {
    pub(super) fn damaged(path: &Path, what: impl Into<Arc<str>>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }

    fn sqlite(doing: &'static str, path: &Path, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{ConstraintViolation, DatabaseCorrupt, NotADatabase, Unknown};
        match error.sqlite_error_code() {
            Some(NotADatabase) => Self::Foreign(path.to_owned()),
            // Tables and values that can't be read, or moves that the books forbid, are not what was written.
            None | Some(DatabaseCorrupt | ConstraintViolation | Unknown) => {
                Self::damaged(path, format!("{doing}: {error}"))
            }
            Some(_) => Self::Io { doing, path: path.to_owned(), what: error.to_string().into() },
        }
    }
}

/// Says what was being done to which file, in an error of SQLite or of the system.
pub(super) trait During<T> {
    /// The result, with its error told so.
    fn during(self, doing: &'static str, path: &Path) -> Result<T, BankError>;
}

impl<T> During<T> for rusqlite::Result<T> {
    fn during(self, doing: &'static str, path: &Path) -> Result<T, BankError> {
        self.map_err(|error| BankError::sqlite(doing, path, &error))
    }
}

impl<T> During<T> for std::io::Result<T> {
    fn during(self, doing: &'static str, path: &Path) -> Result<T, BankError> {
        let io = |error: std::io::Error| Arc::from(error.to_string());
        self.map_err(|error| BankError::Io { doing, path: path.to_owned(), what: io(error) })
    }
}
