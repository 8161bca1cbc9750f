//! The files of a store belong to its owner: others neither read nor write them, none of them is a link, and none of them is
//! replaced while the store is in use.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::with_suffix;
use crate::private_files::{self, Access, FileFault};

/// The files of a store: the database, its log with the index, and the lock.
const SUFFIXES: [&str; 4] = ["", "-wal", "-shm", "-lock"];

/// Checks the files of a store, as far as they exist.
///
/// # Errors
/// The first file that is not safe.
pub(crate) fn check_files(store: &Path, access: Access) -> Result<(), FileFault> {
    let paths = SUFFIXES.map(|suffix| with_suffix(store, suffix));
    paths.iter().try_for_each(|path| private_files::check_if_present(path, access))
}

/// Checks the files of a store, and creates its database and its lock if they do not exist. SQLite gives the mode of the
/// database to the log.
///
/// # Errors
/// The first file that is not safe or can't be created.
pub(crate) fn prepare_files(store: &Path) -> Result<(), FileFault> {
    check_files(store, Access::Secret)?;
    ["", "-lock"].map(|suffix| with_suffix(store, suffix)).into_iter().try_for_each(|path| {
        let created = private_files::create_if_missing(&path);
        created.map_err(|error| FileFault::System { path, error })
    })
}

/// Watches the database, the log and the lock of a store in use. A program that replaces or removes the first two would take the
/// content of later commits with it; without the lock another process could write beside this one.
pub(crate) struct FileWatch {
    files: Vec<(PathBuf, Option<FileId>)>,
    /// When they were last looked at.
    looked: Instant,
}

/// The time between two looks at the files.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The device and the number of a file.
type FileId = (u64, u64);

impl FileWatch {
    /// Watches a store that is open.
    ///
    /// # Errors
    /// If a file can't be read.
    pub(crate) fn new(store: &Path) -> io::Result<Self> {
        let paths = ["", "-wal", "-lock"].map(|suffix| with_suffix(store, suffix));
        let ids = paths.into_iter().map(|path| id(&path).map(|id| (path, id)));
        let files = ids.collect::<io::Result<_>>()?;
        Ok(Self { files, looked: Instant::now() })
    }

    /// Looks as [`Self::replaced`] does, but once a second at most.
    ///
    /// # Errors
    /// If a file can't be read.
    pub(crate) fn replaced_if_due(&mut self) -> io::Result<Option<&Path>> {
        if self.looked.elapsed() < LOOK_EVERY { Ok(None) } else { self.replaced() }
    }

    /// Returns a file that is another one now, or gone.
    ///
    /// # Errors
    /// If a file can't be read.
    pub(crate) fn replaced(&mut self) -> io::Result<Option<&Path>> {
        self.looked = Instant::now();
        for (path, known) in &mut self.files {
            let now = id(path)?;
            // SQLite makes the log when it needs it.
            if known.is_none() {
                *known = now;
            }
            if *known != now {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }
}

fn id(path: &Path) -> io::Result<Option<FileId>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some((metadata.dev(), metadata.ino()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
