//! What can go wrong with the journal: who is at fault, where, and what to do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::chain::Head;

/// Why the journal could not do what it was asked.
///
/// After an error of an append its rows may be on disk or not: a restart tells.
#[derive(Clone, Debug, Error)]
pub enum JournalError {
    /// Another process has the store.
    #[error("the store {} is in use by another process: stop that one, or name another store", .0.display())]
    InUse(PathBuf),
    /// A newer program wrote the store.
    #[error("the store {} has schema version {found}, this program knows {known} at most: use the program that wrote it, or a newer one", path.display())]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The file is something else.
    #[error("{} is a database, but no journal of titian: name another file", .0.display())]
    Foreign(PathBuf),
    /// What the store has is not what was written.
    #[error("the store {} is damaged, {what}: let `titian verify` name the first wrong row, and restore the store from a copy", path.display())]
    Damaged {
        /// The store.
        path: PathBuf,
        /// Where, and how.
        what: Arc<str>,
    },
    /// The store is an older copy of itself, or its end was lost or cut.
    #[error(
        "the store {} has {rows} rows, but {by} knows of {known}: it is an older copy or its end is lost; restore the newest one, or, \
         to go on without what is lost, move the checkpoints and the index away",
        path.display()
    )]
    Older {
        /// The store.
        path: PathBuf,
        /// The number of the last row that it has.
        rows: u64,
        /// The number of a row that it had.
        known: u64,
        /// What knows of it.
        by: &'static str,
    },
    /// The operating system or SQLite failed. A journal that had this while it wrote writes no more.
    #[error("{doing} {} failed: {what}; put the disk in order and start again, which recovers", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What it said.
        what: Arc<str>,
    },
    /// More batches wait than may: the caller is too fast.
    #[error(
        "the journal has {0} batches waiting and takes no more now: wait for answers, then send it again"
    )]
    Full(usize),
    /// The journal was closed.
    #[error("the journal is closed")]
    Closed,
    /// Something in a batch is larger than the store takes; nothing of the batch was written.
    #[error("{what} is {size}, at most {max} is allowed: nothing of the batch was written")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// Its size.
        size: u64,
        /// The most allowed.
        max: u64,
    },
    /// An archive can't be made as asked.
    #[error("the archive {} can't be made: {what}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// Why.
        what: &'static str,
    },
}

impl JournalError {
    /// An error of SQLite, told damage from failure.
    pub(super) fn sqlite(doing: &'static str, path: &Path, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let damaged = match error {
            rusqlite::Error::SqliteFailure(failure, _) => {
                matches!(failure.code, DatabaseCorrupt | NotADatabase)
            }
            // Values that can't be read are not what was written.
            _ => true,
        };
        if damaged {
            Self::damaged(path, format!("{doing}: {error}"))
        } else {
            Self::Io { doing, path: path.to_owned(), what: error.to_string().into() }
        }
    }

    pub(super) fn io(doing: &'static str, path: &Path, error: &std::io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), what: error.to_string().into() }
    }

    pub(super) fn not_as_written(path: &Path, row: u64) -> Self {
        Self::damaged(path, format!("row {row} is not as it was written"))
    }

    pub(super) fn older(path: &Path, has: Head, known: Head, by: &'static str) -> Self {
        Self::Older { path: path.to_owned(), rows: has.count, known: known.count, by }
    }

    pub(super) fn damaged(path: &Path, what: impl Into<Arc<str>>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }
}

/// Says what was being done to which file, in an error of SQLite or of the system.
pub(super) trait During<T> {
    /// The result, with its error told so.
    fn during(self, doing: &'static str, path: &Path) -> Result<T, JournalError>;
}

impl<T> During<T> for rusqlite::Result<T> {
    fn during(self, doing: &'static str, path: &Path) -> Result<T, JournalError> {
        self.map_err(|error| JournalError::sqlite(doing, path, &error))
    }
}

impl<T> During<T> for std::io::Result<T> {
    fn during(self, doing: &'static str, path: &Path) -> Result<T, JournalError> {
        self.map_err(|error| JournalError::io(doing, path, &error))
    }
}
