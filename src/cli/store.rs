//! `--store`: the store of a journal, and the failures of reading it.

use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::Failure;
use super::source::shown;
use crate::journal::{JournalError, VerificationError};

const SCHEME: &str = "sqlite://";

/// The option of every command that reads a journal.
#[derive(Args)]
pub(super) struct StoreOption {
    /// Store of the journal: `sqlite://` and the path of its file
    #[arg(long, value_name = "URL")]
    store: String,
}

impl StoreOption {
    /// Returns the file of the store. It must exist.
    pub(super) fn file(&self) -> Result<PathBuf, Failure> {
        match self.store.split_once("://") {
            Some(("sqlite", file)) => existing(file),
            // The rest of the URL may be a password.
            Some((scheme, _)) => {
                Err(format!("--store: {}:// is not supported: use {SCHEME}FILE", shown(scheme))
                    .into())
            }
            None => Err(format!(
                "--store {0}: not a URL: did you mean {SCHEME}{0}?",
                shown(&self.store)
            )
            .into()),
        }
    }
}

/// Returns the path of a file that must exist: opening a missing one would create it.
pub(super) fn existing(file: &str) -> Result<PathBuf, Failure> {
    let path = Path::new(file);
    if path.is_file() {
        Ok(path.to_owned())
    } else {
        Err(format!("{}: no such file", shown(file)).into())
    }
}

impl From<JournalError> for Failure {
    /// Damage is a negative result. A store that can't be read is wrong input.
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Damaged { .. } | JournalError::Older { .. } => {
                Self::Negative(error.to_string())
            }
            JournalError::InUse(_)
            | JournalError::Newer { .. }
            | JournalError::Foreign(_)
            | JournalError::Io { .. }
            | JournalError::Full(_)
            | JournalError::Closed
            | JournalError::TooLarge { .. }
            | JournalError::Archive { .. } => Self::from(error.to_string()),
        }
    }
}

impl From<VerificationError> for Failure {
    fn from(error: VerificationError) -> Self {
        match error {
            VerificationError::Unreadable(error) => error.into(),
            VerificationError::Row { .. }
            | VerificationError::Checkpoint { .. }
            | VerificationError::Metadata { .. }
            | VerificationError::Index(_) => Self::Negative(error.to_string()),
        }
    }
}
