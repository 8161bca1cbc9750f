//! SQLite as a durable store: opening, locking, group commit, and copying the write-ahead log into the file beside the
//! commits. The callers own the content, and add the action and the file to errors.

mod batches;
mod group_commit;
mod log;
mod private;

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

pub(crate) use batches::{BatchTable, batch_table, create_batches};
pub(crate) use group_commit::run_writer;
pub(crate) use log::{LogRestart, copy_piece, empty_log, sync_log};
pub(crate) use private::{FileWatch, check_files, prepare_files};

/// Returns a store's path with a suffix, for a file beside it.
pub(crate) fn with_suffix(store: &Path, suffix: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Locks a store for this process while it lives. The operating system releases the lock when the process ends.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Drop for Lock {
    /// Unlocks even if a child process that is just being started still has the file open.
    fn drop(&mut self) {
        // Without it the lock ends when the file is closed everywhere.
        let _ = self.0.unlock();
    }
}

impl Lock {
    /// Returns the path of a store's lock file.
    pub(crate) fn path(store: &Path) -> PathBuf {
        with_suffix(store, "-lock")
    }

    /// Locks a store; `None` if another process holds it.
    ///
    /// # Errors
    /// If the lock file can't be created or locked.
    pub(crate) fn acquire(store: &Path) -> io::Result<Option<Self>> {
        let file =
            File::options().create(true).truncate(false).write(true).open(Self::path(store))?;
        Self::of(file)
    }

    /// Locks a store that is only read, if it was ever in use; `None` if another process holds it.
    ///
    /// # Errors
    /// If the lock file can't be read or locked. A missing one is `NotFound`.
    pub(crate) fn acquire_to_read(store: &Path) -> io::Result<Option<Self>> {
        Self::of(File::open(Self::path(store))?)
    }

    fn of(file: File) -> io::Result<Option<Self>> {
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Opens a connection for use by one thread. A file that is a link is refused.
///
/// # Errors
/// The error of SQLite.
pub(crate) fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let db = Connection::open_with_flags(in_real_folder(path), flags)?;
    // The log stays when a connection closes. After a failed sync SQLite would copy pages that are not durable.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    db.pragma_update(None, "cell_size_check", true)?;
    // Most files are only appended to. What is read again is recent, and in the system's cache too.
    db.pragma_update(None, "cache_size", -2_048)?;
    Ok(db)
}

/// Returns the path with its folder's own name: SQLite refuses a link in any part of a path, and a folder may be one.
fn in_real_folder(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let real = folder.unwrap_or(Path::new(".")).canonicalize();
    match (real, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        // SQLite names what is wrong with the path.
        _ => path.to_owned(),
    }
}

/// Makes every commit on a connection durable. The log is copied into the file explicitly ([`copy_piece`]), because an
/// automatic copy would delay a commit.
///
/// # Errors
/// The error of SQLite.
pub(crate) fn make_durable(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "full")
}

/// What a database file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    /// The program that owns it (`application_id`).
    pub(crate) application: i64,
    /// The schema version (`user_version`).
    pub(crate) version: i64,
    /// The number of its tables and indexes.
    pub(crate) tables: i64,
}

/// Reads the identity of a database file.
///
/// # Errors
/// The error of SQLite.
pub(crate) fn read_identity(db: &Connection) -> rusqlite::Result<FileIdentity> {
    let pragma = |name| db.pragma_query_value(None, name, |row| row.get(0));
    let tables = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    Ok(FileIdentity { application, version, tables })
}

/// A table, index, view or trigger of a database: its name, its kind, its table, and the statement that makes it, if SQLite did not
/// make it by itself.
type SchemaObject = (String, String, String, Option<String>);

fn schema(db: &Connection) -> rusqlite::Result<BTreeSet<SchemaObject>> {
    let mut find = db.prepare("SELECT name, type, tbl_name, sql FROM sqlite_schema")?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    find.query_map([], read)?.collect()
}

/// Compares the tables, indexes, views and triggers of a database with those that a script makes. Returns what differs.
///
/// # Errors
/// The error of SQLite.
pub(crate) fn schema_fault(db: &Connection, script: &str) -> rusqlite::Result<Option<String>> {
    let expected = Connection::open_in_memory()?;
    expected.execute_batch(script)?;
    let (expected, found) = (schema(&expected)?, schema(db)?);
    let differs = |(name, kind, ..): &SchemaObject| {
        let is_known = expected.iter().any(|known| known.0 == *name);
        let state = if is_known { "is missing or changed" } else { "is foreign" };
        format!("schema: the {kind} {name:?} {state}")
    };
    Ok(expected.symmetric_difference(&found).next().map(differs))
}

/// How SQLite failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The file is not a database.
    NotADatabase,
    /// The content differs from what was written.
    Damage,
    /// The system failed, for example because the disk is full.
    System,
}

impl Failure {
    /// Returns the failure of an error. Unreadable tables and values, and rows that a constraint forbids, are damage.
    pub(crate) fn of(error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase,
            None
            | Some(
                ErrorCode::DatabaseCorrupt | ErrorCode::ConstraintViolation | ErrorCode::Unknown,
            ) => Self::Damage,
            Some(_) => Self::System,
        }
    }
}
