//! File operations of the journal that do not depend on the content.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::error::{ErrorContext, JournalError};
use crate::sqlite::with_suffix;

/// Removes a database and SQLite's files beside it, as far as they exist.
pub(super) fn remove_database(path: &Path) -> Result<(), JournalError> {
    ["", "-wal", "-shm"].iter().map(|suffix| with_suffix(path, suffix)).try_for_each(|path| {
        match fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.context("removing", &path),
        }
    })
}

/// Makes a file's name durable: syncs its folder.
pub(super) fn sync_name(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
