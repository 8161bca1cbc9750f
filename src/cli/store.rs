//! `--store`: the store of a journal, and the failures of reading it.

use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::Failure;
use super::source::shown;
use crate::journal::{InvalidStoreUrl, JournalError, StoreUrl, VerificationError};

/// The option of every command that reads a journal.
#[derive(Args)]
pub(super) struct StoreOption {
    /// Store of the journal: `sqlite://` and the path of its file
    #[arg(long, value_name = "URL")]
    store: String,
}

impl StoreOption {
    /// Returns the URL of the store. Its file must exist.
    pub(super) fn url(&self) -> Result<StoreUrl, Failure> {
        let scheme = StoreUrl::SQLITE;
        let url = StoreUrl::parse(&self.store).map_err(|error| match error {
            InvalidStoreUrl::Scheme(other) => {
                format!("--store: {}:// is not supported: use {scheme}FILE", shown(&other))
            }
            InvalidStoreUrl::NotUrl => {
                format!("--store {0}: not a URL: did you mean {scheme}{0}?", shown(&self.store))
            }
        })?;
        match &url {
            StoreUrl::Sqlite(file) => existing_file(file)?,
        }
        Ok(url)
    }
}

/// Returns the path of a file that must exist: opening a missing one would create it.
pub(super) fn existing(file: &str) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(file);
    existing_file(&path)?;
    Ok(path)
}

pub(super) fn existing_file(path: &Path) -> Result<(), Failure> {
    if path.is_file() {
        return Ok(());
    }
    Err(format!("{}: no such file", shown(&path.to_string_lossy())).into())
}

impl From<JournalError> for Failure {
    /// Damage is a negative result. A store that can't be read is wrong input.
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Damaged { .. }
            | JournalError::Older { .. }
            | JournalError::Mismatch { .. } => Self::Negative(error.to_string()),
            JournalError::InUse(_)
            | JournalError::Newer { .. }
            | JournalError::Foreign(_)
            | JournalError::Io { .. }
            | JournalError::Full(_)
            | JournalError::Closed
            | JournalError::TooLarge { .. }
            | JournalError::NotALine
            | JournalError::Unsafe(_)
            | JournalError::OtherChain(_)
            | JournalError::Keys { .. }
            | JournalError::Archive { .. } => Self::from(error.to_string()),
        }
    }
}

impl From<VerificationError> for Failure {
    fn from(error: VerificationError) -> Self {
        match error {
            VerificationError::Unreadable(error) => error.into(),
            VerificationError::Rows { .. }
            | VerificationError::Acts { .. }
            | VerificationError::Checkpoint { .. }
            | VerificationError::Metadata { .. } => Self::Negative(error.to_string()),
        }
    }
}
