//! `--store`: the store of a journal, and what is said when it can't be read.

use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::Failure;
use super::source::told;
use crate::journal::{JournalError, Wrong};

const SCHEME: &str = "sqlite://";

/// The option that every command has that reads a journal.
#[derive(Args)]
pub(super) struct StoreOption {
    /// Store of the journal: `sqlite://` and its file
    #[arg(long, value_name = "URL")]
    store: String,
}

impl StoreOption {
    /// The file of the store, which is there.
    pub(super) fn file(&self) -> Result<PathBuf, Failure> {
        match self.store.split_once("://") {
            Some(("sqlite", file)) => existing(file),
            // The rest of it may be a password.
            Some((scheme, _)) => Err(format!(
                "--store: no store of {}:// can be read: give {SCHEME}FILE",
                told(scheme)
            )
            .into()),
            None => {
                Err(format!("--store {0}: no URL: did you mean {SCHEME}{0}?", told(&self.store))
                    .into())
            }
        }
    }
}

/// A file that must be there: to open what is not would make it.
pub(super) fn existing(file: &str) -> Result<PathBuf, Failure> {
    let path = Path::new(file);
    if path.is_file() {
        Ok(path.to_owned())
    } else {
        Err(format!("{}: there is no such file", told(file)).into())
    }
}

impl From<JournalError> for Failure {
    /// What a store says is the answer; that it can't be read as asked is the fault of who asks.
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Damaged { .. } | JournalError::Older { .. } => {
                Self::No(error.to_string())
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

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Unreadable(error) => error.into(),
            Wrong::Row { .. } | Wrong::Checkpoint { .. } | Wrong::Note { .. } | Wrong::Index(_) => {
                Self::No(wrong.to_string())
            }
        }
    }
}
