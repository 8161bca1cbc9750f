//! The index: transfers by id and time, messages of ours by their trace, what is open. It lies in a file of its own
//! beside the store, is filled in large steps off the path of a commit, and is made from the rows alone: one that is
//! missing, behind, or not as it was written is brought up to the store or made again.

mod audit;
mod change;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use super::chain::Head;
use super::error::{During, JournalError};
use super::files::remove_database;
use super::shared::Group;
use super::store::number;
use crate::sqlite::beside;
use crate::values::TransferId;
pub(super) use audit::Audit;
use change::Change;

/// The schema. An index of another version is made again, so there are no migrations.
const SCHEMA: &str = "
    CREATE TABLE transfers (
        id BLOB PRIMARY KEY,
        -- The numbers of its rows, eight bytes each.
        rows BLOB NOT NULL,
        state TEXT NOT NULL,
        open INTEGER NOT NULL,
        -- ' STAN/RRN' of each of its messages.
        numbers TEXT NOT NULL,
        direction TEXT NOT NULL, own TEXT NOT NULL, other TEXT,
        amount INTEGER NOT NULL, currency INTEGER NOT NULL, bank TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX transfers_open ON transfers (id) WHERE open;
    CREATE TABLE traces (second INTEGER, stan INTEGER, id BLOB NOT NULL, PRIMARY KEY (second, stan)) STRICT, WITHOUT ROWID;
    -- The rows that are left out, as the beginning of their transfers is archived.
    CREATE TABLE left_out (seq INTEGER PRIMARY KEY, id BLOB NOT NULL) STRICT;
    -- How far it is, after which archive, and a sum over the ids of what is open, that tells damage.
    CREATE TABLE state (count INTEGER NOT NULL, hash BLOB NOT NULL, anchor INTEGER NOT NULL, open BLOB NOT NULL) STRICT;
";
const VERSION: i64 = 1;

/// The index, opened by the one that fills it.
pub(super) struct Index {
    db: Connection,
    path: PathBuf,
    head: Head,
    open: Open,
}

/// The state of an index, as its table has it.
struct State {
    head: Head,
    anchor: u64,
    open: u128,
}

fn state(db: &Connection) -> rusqlite::Result<State> {
    let read = |row: &rusqlite::Row<'_>| {
        let head = Head { count: row.get(0)?, hash: row.get(1)? };
        Ok(State { head, anchor: row.get(2)?, open: number(row, 3)? })
    };
    db.query_row("SELECT count, hash, anchor, open FROM state", [], read)
}

/// How far an index is.
pub(super) fn at(db: &Connection) -> rusqlite::Result<Head> {
    state(db).map(|state| state.head)
}

/// What is open, and the sum over it.
#[derive(Debug, Default)]
struct Open {
    ids: HashSet<u128>,
    sum: u128,
}

impl Open {
    fn set(&mut self, id: u128, open: bool) {
        let changed = if open { self.ids.insert(id) } else { self.ids.remove(&id) };
        if changed {
            self.sum ^= id;
        }
    }
}

/// The file of the index of a store.
pub(super) fn path_of(store: &Path) -> PathBuf {
    beside(store, "-index")
}

impl Index {
    /// Opens the index of a store, or makes it again if it is none, not whole, or of another chain. One that knows of a
    /// row that the store has not shows that the store lost it: rows are indexed when they are durable.
    pub(super) fn open(
        store: &Path,
        anchor: Head,
        head: Head,
        hash_of: impl Fn(u64) -> Result<Option<[u8; 32]>, JournalError>,
    ) -> Result<Self, JournalError> {
        let path = path_of(store);
        if let Ok(index) = Self::open_as_is(&path, anchor) {
            if index.head.count > head.count {
                return Err(JournalError::older(store, head, index.head, "its index"));
            }
            if hash_of(index.head.count)? == Some(index.head.hash) {
                return Ok(index);
            }
        }
        remove_database(&path)?;
        let db = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        let begin = "INSERT INTO state VALUES (?1, ?2, ?1, zeroblob(16))";
        let doing = "making the index";
        db.execute_batch(SCHEMA).during(doing, &path)?;
        db.execute(begin, (anchor.count, anchor.hash)).during(doing, &path)?;
        db.pragma_update(None, "user_version", VERSION).during(doing, &path)?;
        Ok(Self { db, path, head: anchor, open: Open::default() })
    }

    fn open_as_is(path: &Path, anchor: Head) -> Result<Self, JournalError> {
        let doing = "opening the index";
        let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let version: i64 =
            db.pragma_query_value(None, "user_version", |row| row.get(0)).during(doing, path)?;
        let state = state(&db).during(doing, path)?;
        let mut open = Open::default();
        for id in open_ids(&db, path)? {
            open.set(id, true);
        }
        if version != VERSION || open.sum != state.open {
            return Err(JournalError::damaged(path, "what is open is not as it was written"));
        }
        let index = Self { db, path: path.to_owned(), head: state.head, open };
        if state.anchor != anchor.count {
            index.forget(anchor)?;
        }
        Ok(index)
    }

    /// How far the index is.
    pub(super) const fn head(&self) -> Head {
        self.head
    }

    /// Takes in rows of the store, as far as they are not in it yet.
    pub(super) fn restore(&mut self, mut group: Group) -> Result<(), JournalError> {
        let have = self.head.count;
        group.entries.retain(|entry| entry.seq > have);
        if group.entries.is_empty() { Ok(()) } else { self.apply(&[Arc::new(group)]) }
    }

    /// Takes in the rows of some commits.
    pub(super) fn apply(&mut self, groups: &[Arc<Group>]) -> Result<(), JournalError> {
        let Some(last) = groups.last() else { return Ok(()) };
        let mut changes: BTreeMap<u128, Change<'_>> = BTreeMap::new();
        for entry in groups.iter().flat_map(|group| &group.entries) {
            changes.entry(entry.id.0).or_default().take(entry);
        }
        self.write(&changes, last.head).during("writing the index", &self.path)
    }

    fn write(&mut self, changes: &BTreeMap<u128, Change<'_>>, head: Head) -> rusqlite::Result<()> {
        let step = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
        for (id, change) in changes {
            if change.write(&step, *id)? {
                self.open.set(*id, change.open);
            } else {
                leave_out(&step, *id, change.rows())?;
            }
        }
        let sql = "UPDATE state SET count = ?1, hash = ?2, open = ?3";
        let open = self.open.sum.to_be_bytes();
        step.prepare_cached(sql)?.execute((head.count, head.hash, open))?;
        self.head = head;
        step.commit()
    }

    /// Takes out what was archived.
    fn forget(&self, anchor: Head) -> Result<(), JournalError> {
        self.write_forgotten(anchor).during("taking what is archived out of the index", &self.path)
    }

    fn write_forgotten(&self, anchor: Head) -> rusqlite::Result<()> {
        let archived = anchor.count.to_be_bytes();
        let step = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
        let mut find =
            step.prepare("SELECT id, rows FROM transfers WHERE substr(rows, 1, 8) <= ?1")?;
        let mut rows = find.query([archived])?;
        // What is open is never archived, so the sum over it stays.
        while let Some(row) = rows.next()? {
            leave_out(&step, number(row, 0)?, row.get_ref(1)?.as_blob()?)?;
        }
        drop(rows);
        drop(find);
        step.execute("DELETE FROM transfers WHERE substr(rows, 1, 8) <= ?1", [archived])?;
        step.execute("DELETE FROM traces WHERE id NOT IN (SELECT id FROM transfers)", [])?;
        step.execute("DELETE FROM left_out WHERE seq <= ?1", [anchor.count])?;
        step.execute("UPDATE state SET anchor = ?1", [anchor.count])?;
        step.commit()
    }
}

/// The numbers of rows, of eight bytes each.
fn seqs(rows: &[u8]) -> impl DoubleEndedIterator<Item = u64> + Clone {
    rows.as_chunks::<8>().0.iter().map(|seq| u64::from_be_bytes(*seq))
}

fn leave_out(db: &Connection, id: u128, rows: &[u8]) -> rusqlite::Result<()> {
    let mut put = db.prepare_cached("INSERT INTO left_out VALUES (?1, ?2)")?;
    seqs(rows).try_for_each(|seq| put.execute((seq, id.to_be_bytes())).map(drop))
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, JournalError> {
    let doing = "opening the index";
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let db = db.during(doing, path)?;
    db.pragma_update(None, "journal_mode", "wal").during(doing, path)?;
    // What a crash takes from it is in the rows, and is read from there again.
    db.pragma_update(None, "synchronous", "normal").during(doing, path)?;
    // A little at a time: see `keeper`.
    db.pragma_update(None, "wal_autocheckpoint", 256).during(doing, path)?;
    db.pragma_update(None, "cell_size_check", true).during(doing, path)?;
    // Its keys go by time: what is changed is young.
    db.pragma_update(None, "cache_size", -4_096).during(doing, path)?;
    Ok(db)
}

/// Opens an index to look something up.
pub(super) fn open_to_read(store: &Path) -> Result<Connection, JournalError> {
    let path = path_of(store);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(&path, flags).during("opening the index", &path)
}

/// The ids of what is open, in their order.
pub(super) fn open_ids(db: &Connection, path: &Path) -> Result<Vec<u128>, JournalError> {
    db.prepare_cached("SELECT id FROM transfers WHERE open ORDER BY id")
        .and_then(|mut find| find.query_map([], |row| number(row, 0))?.collect())
        .during("reading what is open", path)
}

/// The numbers of a transfer's rows, as far as the index has them.
pub(super) fn rows_of(
    db: &Connection,
    path: &Path,
    id: TransferId,
) -> Result<BTreeSet<u64>, JournalError> {
    let rows: Option<Vec<u8>> = db
        .prepare_cached("SELECT rows FROM transfers WHERE id = ?1")
        .and_then(|mut find| find.query_row([id.0.to_be_bytes()], |row| row.get(0)).optional())
        .during("looking up a transfer", path)?;
    Ok(seqs(rows.as_deref().unwrap_or_default()).collect())
}
