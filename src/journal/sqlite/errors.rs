//! Errors of SQLite as errors of the journal.

use std::path::Path;

use crate::journal::error::{ErrorContext, JournalError};
use crate::sqlite::Failure;

impl<T> ErrorContext<T> for rusqlite::Result<T> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, JournalError> {
        self.map_err(|error| match Failure::of(&error) {
            Failure::NotADatabase | Failure::Damage => {
                JournalError::damaged(path, format!("{action}: {error}"))
            }
            Failure::System => JournalError::failed(action, path, &error),
        })
    }
}
