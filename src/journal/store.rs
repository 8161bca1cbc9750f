//! The store: one SQLite file with the rows in the order of the chain, and the notes. Nothing in it has another
//! order, so a commit appends and no more; what finds rows lies beside it and is made from it (`index`, `claims`).

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};
use sha2::{Digest, Sha256};

use super::chain::Head;
use super::error::{During, JournalError};
use crate::engine::{Claim, Key};
use crate::sqlite::{self, Lock, Log, Mode};
use crate::values::TransferId;
use columns::{link, select};

mod columns;

pub(super) use columns::{Link, insert, inserting, number, summary};

/// Says that a file is ours: "Titi".
const APPLICATION: i64 = 0x5469_7469;

/// What makes each version of the schema from the one before. Never changed once released, only added to.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE rows (
        seq INTEGER PRIMARY KEY,
        id BLOB NOT NULL,
        at INTEGER NOT NULL,
        state TEXT NOT NULL,
        open INTEGER NOT NULL,
        stan INTEGER, rrn TEXT, second INTEGER,
        key BLOB, reference BLOB, body BLOB, direction TEXT, own TEXT, other TEXT, amount INTEGER, currency INTEGER, bank TEXT,
        form TEXT NOT NULL,
        hash BLOB NOT NULL
    ) STRICT;
    CREATE TABLE notes (name TEXT PRIMARY KEY, value BLOB NOT NULL, digest BLOB NOT NULL) STRICT, WITHOUT ROWID;
    -- Where an archive ended: the rows before are there.
    CREATE TABLE anchor (count INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
    INSERT INTO anchor VALUES (0, zeroblob(32));
"];

/// Takes the store for this process.
pub(super) fn take(store: &Path) -> Result<Lock, JournalError> {
    let taken = Lock::take(store).during("locking", &Lock::path(store))?;
    taken.ok_or_else(|| JournalError::InUse(store.to_owned()))
}

/// The store, opened.
pub(super) struct Store {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
    /// Where the chain of this store begins: after what was archived.
    pub(super) anchor: Head,
}

impl Store {
    /// Opens the store to write, and makes it or brings it up to this version. Whoever calls has the lock.
    pub(super) fn open(path: &Path) -> Result<Self, JournalError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let doing = "opening the store";
        let mut db = sqlite::connect(path, flags).during(doing, path)?;
        // Looked at before anything is written to it: it may be another's.
        let found = known_version(&db, path)?;
        sqlite::make_durable(&db).during(doing, path)?;
        migrate(&mut db, path, found)?;
        Self::with(db, path)
    }

    /// Makes a store whose chain goes on from another's row, to be written and then sealed.
    pub(super) fn begin(path: &Path, anchor: Head) -> Result<Self, JournalError> {
        let store = Self::open(path)?;
        store.set_anchor(anchor)?;
        Ok(Self { anchor, ..store })
    }

    /// Makes a store that is never written again one file, all of it durable.
    pub(super) fn seal(self) -> Result<(), JournalError> {
        let doing = "sealing the archive";
        self.checkpoint(Mode::Truncate)?;
        self.db.pragma_update(None, "journal_mode", "delete").during(doing, &self.path)?;
        drop(self.db);
        File::open(&self.path).and_then(|file| file.sync_all()).during(doing, &self.path)
    }

    /// Takes out the rows up to a head, which becomes the anchor.
    pub(super) fn cut(&self, head: Head) -> Result<(), JournalError> {
        let doing = "taking the archived rows out of the store";
        let step = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate);
        let step = step.during(doing, &self.path)?;
        self.set_anchor(head)?;
        step.execute("DELETE FROM rows WHERE seq <= ?1", [head.count]).during(doing, &self.path)?;
        step.commit().during(doing, &self.path)
    }

    fn set_anchor(&self, head: Head) -> Result<(), JournalError> {
        let set = "UPDATE anchor SET count = ?1, hash = ?2";
        let set = self.db.execute(set, (head.count, head.hash));
        set.map(drop).during("moving the anchor", &self.path)
    }

    /// Opens the store to read.
    pub(super) fn open_to_read(path: &Path) -> Result<Self, JournalError> {
        let db = sqlite::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let db = db.during("opening the store", path)?;
        known_version(&db, path)?;
        Self::with(db, path)
    }

    fn with(db: Connection, path: &Path) -> Result<Self, JournalError> {
        let read = |row: &rusqlite::Row<'_>| Ok(Head { count: row.get(0)?, hash: row.get(1)? });
        let anchor = db.query_row("SELECT count, hash FROM anchor", [], read);
        let anchor = anchor.during("reading the anchor", path)?;
        Ok(Self { db, path: path.to_owned(), anchor })
    }

    /// Where the chain stands. The last row is checked, so that what is written next follows on what was.
    pub(super) fn head(&self) -> Result<Head, JournalError> {
        self.last()?.map_or(Ok(self.anchor), |last| self.row(last).map(|link| link.head()))
    }

    /// The number of the last row, if there is one.
    pub(super) fn last(&self) -> Result<Option<u64>, JournalError> {
        self.db
            .query_row("SELECT max(seq) FROM rows", [], |row| row.get(0))
            .during("reading the head", &self.path)
    }

    /// The hash of a row, or of the anchor, if it is there.
    pub(super) fn hash_of(&self, seq: u64) -> Result<Option<[u8; 32]>, JournalError> {
        if seq == self.anchor.count {
            return Ok(Some(self.anchor.hash));
        }
        self.db
            .prepare_cached("SELECT hash FROM rows WHERE seq = ?1")
            .and_then(|mut find| find.query_row([seq], |row| row.get(0)).optional())
            .during("reading a row", &self.path)
    }

    /// A row that must be there, checked against its hash and the one before: damage does not pass for a fact.
    pub(super) fn row(&self, seq: u64) -> Result<Link, JournalError> {
        let found = self
            .db
            .prepare_cached(select!("WHERE seq = ?1"))
            .and_then(|mut find| find.query_row([seq], link).optional())
            .during("reading a row", &self.path)?;
        let count = seq.saturating_sub(1);
        let sound = found.zip(self.hash_of(count)?).filter(|(link, hash)| {
            Head { count, hash: *hash }.follow(&link.row, &mut Vec::new()) == link.head()
        });
        sound.map(|(link, _)| link).ok_or_else(|| JournalError::not_as_written(&self.path, seq))
    }

    /// The claim to a key of the row that took it.
    pub(super) fn claim(&self, key: Key, seq: u64) -> Result<Claim, JournalError> {
        let row = self.row(seq)?.row;
        let begins = row.begins.filter(|begins| begins.begun.keys().any(|taken| taken == key));
        begins.map(|begins| begins.claim(key, row.id)).ok_or_else(|| {
            let what = format!("row {seq} has a key in the index that it does not take");
            JournalError::damaged(&self.path, what)
        })
    }

    /// Calls with the rows after `seq`, `limit` at most, in their order. They are not checked.
    pub(super) fn rows_after(
        &self,
        seq: u64,
        limit: u64,
        mut each: impl FnMut(Link) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let doing = "reading the rows";
        let sql = select!("WHERE seq > ?1 ORDER BY seq LIMIT ?2");
        let mut find = self.db.prepare_cached(sql).during(doing, &self.path)?;
        let mut rows = find.query([seq, limit]).during(doing, &self.path)?;
        while let Some(row) = rows.next().during(doing, &self.path)? {
            each(link(row).during(doing, &self.path)?)?;
        }
        Ok(())
    }

    /// Calls with transfer, whether it begins and whether it is left open of the rows after `seq` up to `until`,
    /// `limit` at most; gives the last. What can't be read is left out.
    pub(super) fn skim(
        &self,
        (seq, until, limit): (u64, u64, u64),
        mut each: impl FnMut(TransferId, bool, bool),
    ) -> rusqlite::Result<u64> {
        let sql = "SELECT seq, id, key IS NOT NULL, open FROM rows WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3";
        let mut find = self.db.prepare_cached(sql)?;
        let mut rows = find.query([seq, until, limit])?;
        let mut last = seq;
        while let Some(row) = rows.next()? {
            last = row.get(0)?;
            if let (Ok(id), Ok(open)) = (number(row, 1), row.get(3)) {
                each(TransferId(id), row.get(2)?, open);
            }
        }
        Ok(last)
    }

    /// The value of a note, if there is one.
    pub(super) fn note(&self, name: &str) -> Result<Option<Vec<u8>>, JournalError> {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let found: Option<(Vec<u8>, [u8; 32])> = self
            .db
            .prepare_cached("SELECT value, digest FROM notes WHERE name = ?1")
            .and_then(|mut find| find.query_row([name], read).optional())
            .during("reading a note", &self.path)?;
        match found {
            Some((value, digest)) if digest != note_digest(name, &value) => {
                let what = format!("the note {name} is not as it was written");
                Err(JournalError::damaged(&self.path, what))
            }
            found => Ok(found.map(|(value, _)| value)),
        }
    }

    /// Whether there are rows up to this one, as there are none up to the anchor.
    pub(super) fn has_rows_to(&self, seq: u64) -> Result<bool, JournalError> {
        self.db
            .query_row("SELECT EXISTS (SELECT 1 FROM rows WHERE seq <= ?1)", [seq], |row| {
                row.get(0)
            })
            .during("reading the first row", &self.path)
    }

    /// The state that a row leads to and whether it leaves it open, unchecked; `None` if there is no such row.
    pub(super) fn state(&self, seq: u64) -> rusqlite::Result<Option<(String, bool)>> {
        let mut find = self.db.prepare_cached("SELECT state, open FROM rows WHERE seq = ?1")?;
        find.query_row([seq], |row| Ok((row.get(0)?, row.get(1)?))).optional()
    }

    /// Whether all notes are as they were written.
    pub(super) fn check_notes(&self) -> Result<(), JournalError> {
        let doing = "reading the notes";
        let mut find = self.db.prepare("SELECT name FROM notes").during(doing, &self.path)?;
        let names = find.query_map([], |row| row.get::<_, String>(0)).during(doing, &self.path)?;
        for name in names {
            self.note(&name.during(doing, &self.path)?)?;
        }
        Ok(())
    }

    /// Takes the write-ahead log into the file; says how long it is.
    pub(super) fn checkpoint(&self, mode: Mode) -> Result<Log, JournalError> {
        sqlite::checkpoint(&self.db, mode).during("taking the log into the store", &self.path)
    }
}

/// Guards a note, that is in no chain, against damage.
pub(super) fn note_digest(name: &str, value: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update((name.len() as u64).to_be_bytes());
    digest.update(name);
    digest.update(value);
    digest.finalize().into()
}

/// The version of the schema; zero of a file without anything in it.
fn known_version(db: &Connection, path: &Path) -> Result<i64, JournalError> {
    let doing = "reading the version of the store";
    let (application, found, tables) = sqlite::form(db).during(doing, path)?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if application != APPLICATION && (found, tables) != (0, 0) {
        return Err(JournalError::Foreign(path.to_owned()));
    }
    if found > known {
        return Err(JournalError::Newer { path: path.to_owned(), found, known });
    }
    Ok(found)
}

fn migrate(db: &mut Connection, path: &Path, found: i64) -> Result<(), JournalError> {
    let doing = "bringing the store up to this version";
    for (version, script) in (1..).zip(MIGRATIONS) {
        if version > found {
            let step = db.transaction_with_behavior(TransactionBehavior::Immediate);
            let step = step.during(doing, path)?;
            step.execute_batch(script).during(doing, path)?;
            step.pragma_update(None, "application_id", APPLICATION).during(doing, path)?;
            step.pragma_update(None, "user_version", version).during(doing, path)?;
            step.commit().during(doing, path)?;
        }
    }
    Ok(())
}
