//! The write-ahead log of a store. Beside the writer a maintenance thread copies it into the file, a piece at a time
//! ([`copy_piece`]), so that no commit waits for it. Only the writer can let a long log begin again ([`LogRestart`]).

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

use super::with_suffix;

/// Log pages at which the log is copied into the file. Each copy is small, because the sync after it delays concurrent
/// commits for as long as it writes.
const PIECE_PAGES: u64 = 256;

/// Log pages from which on the log must restart from its beginning.
const LOG_PAGES: u64 = 16_384;

/// The length of the write-ahead log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    /// All its pages.
    pages: u64,
    /// The pages that are not in the file yet.
    uncopied: u64,
}

impl Log {
    /// Returns whether the log should be copied into the file, and the file synced, now.
    ///
    /// SQLite syncs the file only with the log's last page. Under constant writes it never gets there, and the writer
    /// would have to wait for the whole log.
    const fn is_due(&self) -> bool {
        self.uncopied >= PIECE_PAGES || self.uncopied > 0 && self.is_long()
    }

    const fn is_long(&self) -> bool {
        self.pages >= LOG_PAGES
    }
}

/// Copies the log into the file as far as it can without waiting, if enough of it is not there yet. Returns the log if
/// something was copied: the caller then syncs the file and calls [`LogRestart::request`].
///
/// # Errors
/// The error of SQLite.
pub(crate) fn copy_piece(db: &Connection) -> rusqlite::Result<Option<Log>> {
    let log = checkpoint(db, "PRAGMA wal_checkpoint(NOOP)")?;
    if log.is_due() {
        checkpoint(db, "PRAGMA wal_checkpoint(PASSIVE)")?;
        return Ok(Some(log));
    }
    Ok(None)
}

/// Waits for all other connections, copies all pages into the file, and empties the log.
///
/// # Errors
/// The error of SQLite.
pub(crate) fn empty_log(db: &Connection) -> rusqlite::Result<()> {
    checkpoint(db, "PRAGMA wal_checkpoint(TRUNCATE)").map(drop)
}

/// Makes the log of a store durable. After a kill, its last commits are there and may not be.
///
/// # Errors
/// If the log can't be read or synced.
pub(crate) fn sync_log(store: &Path) -> io::Result<()> {
    match File::open(with_suffix(store, "-wal")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        log => log?.sync_all(),
    }
}

/// Asks the writer to let a long log begin again, after nearly all of it is in the file.
#[derive(Debug, Default)]
pub(crate) struct LogRestart(AtomicBool);

impl LogRestart {
    /// Requests a restart of a copied and synced log, if it is long.
    pub(crate) fn request(&self, log: Log) {
        self.0.store(log.is_long(), Ordering::Relaxed);
    }

    /// Restarts the log on the writer's connection, if a restart is requested. All but the last pages are in the file
    /// already, so this is short.
    ///
    /// # Errors
    /// The error of SQLite.
    pub(crate) fn run(&self, db: &Connection) -> rusqlite::Result<()> {
        if self.0.swap(false, Ordering::Relaxed) {
            checkpoint(db, "PRAGMA wal_checkpoint(PASSIVE)")?;
        }
        Ok(())
    }
}

fn checkpoint(db: &Connection, sql: &str) -> rusqlite::Result<Log> {
    let (pages, copied): (i64, i64) =
        db.prepare_cached(sql)?.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?;
    let count = |pages| u64::try_from(pages).unwrap_or(0);
    Ok(Log { pages: count(pages), uncopied: count(pages - copied) })
}
