//! SQLite as a durable store: opening, locking, and copying the write-ahead log into the file beside the commits. The
//! callers own the content, and add the action and the file to errors.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

/// Log pages at which the log is copied into the file. Each copy is small, because the sync after it delays concurrent
/// commits for as long as it writes.
const PIECE_PAGES: u64 = 256;

/// Log pages from which on the log must restart from its beginning.
const LOG_PAGES: u64 = 16_384;

/// Returns a store's path with a suffix, for a file beside it.
pub(crate) fn with_suffix(store: &Path, suffix: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Locks a store for this process while it lives. The operating system releases the lock when the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
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
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Opens a connection for use by one thread.
///
/// # Errors
/// The error of SQLite.
pub(crate) fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // The log stays when a connection closes. After a failed sync SQLite would copy pages that are not durable.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    db.pragma_update(None, "cell_size_check", true)?;
    // Most files are only appended to. What is read again is recent, and in the system's cache too.
    db.pragma_update(None, "cache_size", -2_048)?;
    Ok(db)
}

/// Makes every commit on a connection durable. The log is copied into the file explicitly ([`Log::is_due`]), because an
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

/// What a checkpoint of the write-ahead log does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode {
    /// Only measures the log.
    Measure,
    /// Copies as many pages into the file as it can without waiting.
    Passive,
    /// Waits for all other connections, copies all pages, and empties the log.
    Truncate,
}

/// The length of the write-ahead log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    /// All its pages.
    pub(crate) pages: u64,
    /// The pages that are not in the file yet.
    pub(crate) uncopied: u64,
}

impl Log {
    /// Returns whether the log should be copied into the file, and the file synced, now.
    ///
    /// SQLite syncs the file only with the log's last page. Under constant writes it never gets there, and the writer
    /// would have to wait for the whole log.
    pub(crate) const fn is_due(&self) -> bool {
        self.uncopied >= PIECE_PAGES || self.uncopied > 0 && self.is_long()
    }

    /// Returns whether the log should restart. Only the writing thread can restart it, with a [`Mode::Passive`]
    /// checkpoint of its own.
    pub(crate) const fn is_long(&self) -> bool {
        self.pages >= LOG_PAGES
    }
}

/// Runs a checkpoint of the write-ahead log. Returns the log's length.
///
/// # Errors
/// The error of SQLite.
pub(crate) fn checkpoint(db: &Connection, mode: Mode) -> rusqlite::Result<Log> {
    let sql = match mode {
        Mode::Measure => "PRAGMA wal_checkpoint(NOOP)",
        Mode::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
        Mode::Truncate => "PRAGMA wal_checkpoint(TRUNCATE)",
    };
    let (pages, copied): (i64, i64) =
        db.prepare_cached(sql)?.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?;
    let count = |pages| u64::try_from(pages).unwrap_or(0);
    Ok(Log { pages: count(pages), uncopied: count(pages - copied) })
}
