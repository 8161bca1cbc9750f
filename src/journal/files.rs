//! Files of the journal, whatever is in them.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::error::{During, JournalError};
use crate::sqlite::beside;

/// Removes a database with all that SQLite keeps beside it, as far as it is there.
pub(super) fn remove_database(path: &Path) -> Result<(), JournalError> {
    ["", "-wal", "-shm"].iter().map(|ending| beside(path, ending)).try_for_each(|path| {
        match fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.during("removing", &path),
        }
    })
}

/// Makes it durable that a file has its name.
pub(super) fn sync_name(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
