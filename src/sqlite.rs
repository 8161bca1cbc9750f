//! SQLite as a durable store: how it is opened, who has it, and how its log is taken into the file beside the commits. What is
//! in it is for others to know; they say what was being done when it fails.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

/// Pages of the log that are taken into the file at once. A sync holds up the commits beside it for as long as it has to
/// write, so it is to have little.
const PIECE_PAGES: u64 = 256;

/// Pages of the log from which on it is to begin again.
const LOG_PAGES: u64 = 16_384;

/// A file beside a store: its name with an ending.
pub(crate) fn beside(store: &Path, ending: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Holds a store for this process as long as it lives; the system lets go of it when the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// The file that says who has a store.
    pub(crate) fn path(store: &Path) -> PathBuf {
        beside(store, "-lock")
    }

    /// Takes a store; `None` if another process has it.
    ///
    /// # Errors
    /// If the file can't be made or locked.
    pub(crate) fn take(store: &Path) -> io::Result<Option<Self>> {
        let file =
            File::options().create(true).truncate(false).write(true).open(Self::path(store))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Opens a connection, for the one thread that uses it.
///
/// # Errors
/// As SQLite says.
pub(crate) fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // At the end of a connection the log stays: after a sync that failed, pages would be taken for durable that aren't.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    db.pragma_update(None, "cell_size_check", true)?;
    // Most files are only appended to: what is read again is young, and the system has it too.
    db.pragma_update(None, "cache_size", -2_048)?;
    Ok(db)
}

/// Has what is committed on a connection durable. The log is taken into the file on purpose ([`Log::is_due`]): of itself that
/// would make a commit wait.
///
/// # Errors
/// As SQLite says.
pub(crate) fn make_durable(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "full")
}

/// Whose a file is, in which version, and how many tables it has: what it says of itself (`application_id`, `user_version`).
///
/// # Errors
/// As SQLite says.
pub(crate) fn form(db: &Connection) -> rusqlite::Result<(i64, i64, i64)> {
    let pragma = |name| db.pragma_query_value(None, name, |row| row.get(0));
    let tables = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok((pragma("application_id")?, pragma("user_version")?, tables))
}

/// How the write-ahead log is taken into the file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode {
    /// It isn't; only its length is told.
    Look,
    /// As far as may be without waiting.
    Passive,
    /// It waits for all others, and leaves an empty log.
    Truncate,
}

/// How long the write-ahead log is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    /// Its pages.
    pub(crate) pages: u64,
    /// Those that are not in the file yet.
    pub(crate) left: u64,
}

impl Log {
    /// Whether it is to be taken into the file now, and the file synced: SQLite does that only with the last page of the log, which
    /// is never reached while more is written, so that the writer would wait for all of it.
    pub(crate) const fn is_due(&self) -> bool {
        self.left >= PIECE_PAGES || self.left > 0 && self.is_long()
    }

    /// Whether the thread that writes, which alone can, is to begin it again, by a [`Mode::Passive`] checkpoint of its own.
    pub(crate) const fn is_long(&self) -> bool {
        self.pages >= LOG_PAGES
    }
}

/// Takes the write-ahead log into the file; says how long it is.
///
/// # Errors
/// As SQLite says.
pub(crate) fn checkpoint(db: &Connection, mode: Mode) -> rusqlite::Result<Log> {
    let sql = match mode {
        Mode::Look => "PRAGMA wal_checkpoint(NOOP)",
        Mode::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
        Mode::Truncate => "PRAGMA wal_checkpoint(TRUNCATE)",
    };
    let (pages, done): (i64, i64) =
        db.prepare_cached(sql)?.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?;
    let count = |pages| u64::try_from(pages).unwrap_or(0);
    Ok(Log { pages: count(pages), left: count(pages - done) })
}
