//! What a verification can find.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::error::JournalError;

/// The first error that a verification found.
#[derive(Clone, Debug, Error)]
pub enum VerificationError {
    /// Rows.
    #[error("{}: {}: {reason}", file.display(), rows(*first, *last))]
    Rows {
        /// The number of the first row.
        first: u64,
        /// The number of the last row: a batch proves its rows together.
        last: u64,
        /// The file that has the rows, or should have them.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Rows of the chain `control`.
    #[error("{}: control {}: {reason}", file.display(), rows(*first, *last))]
    Acts {
        /// The number of the first row.
        first: u64,
        /// The number of the last row: a batch proves its rows together.
        last: u64,
        /// The file that has the rows, or should have them.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A checkpoint.
    #[error("{}: line {line}: {reason}", file.display())]
    Checkpoint {
        /// The file of checkpoints.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The meaning of a metadata value.
    #[error("{}: metadata `{name}`: {reason}", file.display())]
    Metadata {
        /// The name of the value.
        name: &'static str,
        /// The store.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file that could not be read, or whose schema or metadata is not what was written.
    #[error("{}", unreadable(.0))]
    Unreadable(#[from] JournalError),
}

/// Returns the text without the advice to verify.
fn unreadable(error: &JournalError) -> String {
    match error {
        JournalError::Damaged { path, detail } => format!("{}: {detail}", path.display()),
        other => other.to_string(),
    }
}

fn rows(first: u64, last: u64) -> String {
    if first == last { format!("row {first}") } else { format!("rows {first} to {last}") }
}

/// Returns the error of some rows.
pub(super) fn error(file: &Path, (first, last): (u64, u64), reason: &str) -> VerificationError {
    VerificationError::Rows { first, last, file: file.to_owned(), reason: reason.to_owned() }
}
