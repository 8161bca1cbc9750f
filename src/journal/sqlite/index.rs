//! The index: transfers by id and time, our messages by trace numbers, requests of other banks by RRN, and the open transfers. It is a file beside the
//! store. It is filled in large steps off the commit path, and derived from the rows alone: an index that is missing,
//! behind or altered is brought up to the store or rebuilt.

mod change;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use super::columns::read_u128;
use super::shared::CommittedGroup;
use crate::journal::chain::Head;
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::files::remove_database;
use crate::journal::row::InboundReference;
use crate::sqlite::with_suffix;
use crate::values::TransferId;
use change::TransferChange;

/// The schema. An index of another version is rebuilt, so there are no migrations.
const SCHEMA: &str = "
    CREATE TABLE transfers (
        id BLOB PRIMARY KEY,
        -- The numbers of its rows, eight bytes each.
        rows BLOB NOT NULL,
        state TEXT NOT NULL,
        open INTEGER NOT NULL,
        -- ' STAN/RRN' of each of its messages.
        trace_numbers TEXT NOT NULL,
        direction TEXT NOT NULL, own_account TEXT NOT NULL, other_account TEXT,
        amount INTEGER NOT NULL, currency INTEGER NOT NULL, bank TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX transfers_open ON transfers (id) WHERE open;
    CREATE TABLE traces (
        transmission_second INTEGER, stan INTEGER, id BLOB NOT NULL, PRIMARY KEY (transmission_second, stan)
    ) STRICT, WITHOUT ROWID;
    -- The RRN of each request of another bank, whose code has no leading zeros.
    CREATE TABLE inbound_references (
        bank TEXT, rrn TEXT, id BLOB, PRIMARY KEY (bank, rrn, id)
    ) STRICT, WITHOUT ROWID;
    -- The rows that are left out because their transfers start in the archive.
    CREATE TABLE left_out (seq INTEGER PRIMARY KEY, id BLOB NOT NULL) STRICT;
    -- The head and the anchor of the index, and a sum over the ids of the open transfers, to detect damage.
    CREATE TABLE state (count INTEGER NOT NULL, hash BLOB NOT NULL, anchor INTEGER NOT NULL, open BLOB NOT NULL) STRICT;
";
const VERSION: i64 = 2;

/// The index, opened for writing.
pub(super) struct Index {
    db: Connection,
    path: PathBuf,
    head: Head,
    open: OpenTransfers,
}

/// The row of the index's table `state`.
pub(super) struct State {
    pub(super) head: Head,
    pub(super) anchor: u64,
    open: u128,
}

/// Returns how far an index is filled.
pub(super) fn state(db: &Connection) -> rusqlite::Result<State> {
    let read = |row: &rusqlite::Row<'_>| {
        let head = Head { count: row.get(0)?, hash: row.get(1)? };
        Ok(State { head, anchor: row.get(2)?, open: read_u128(row, 3)? })
    };
    db.query_row("SELECT count, hash, anchor, open FROM state", [], read)
}

/// The open transfers, and the sum over their ids.
#[derive(Debug, Default)]
struct OpenTransfers {
    ids: HashSet<u128>,
    sum: u128,
}

impl OpenTransfers {
    fn set(&mut self, id: u128, is_open: bool) {
        let is_changed = if is_open { self.ids.insert(id) } else { self.ids.remove(&id) };
        if is_changed {
            self.sum ^= id;
        }
    }
}

/// Returns the path of a store's index.
pub(super) fn path_of(store: &Path) -> PathBuf {
    with_suffix(store, "-index")
}

impl Index {
    /// Opens the index of a store. Rebuilds it if it is missing, damaged or of another chain.
    ///
    /// Rows are indexed only after they are durable. So an index that knows a row that the store lacks proves that the
    /// store lost rows.
    pub(super) fn open(
        store: &Path,
        anchor: Head,
        head: Head,
        hash_of: impl Fn(u64) -> Result<Option<[u8; 32]>, JournalError>,
    ) -> Result<Self, JournalError> {
        let path = path_of(store);
        if let Ok(index) = Self::open_existing(&path, anchor) {
            if index.head.count > head.count {
                return Err(JournalError::older(store, head.count, index.head.count, "its index"));
            }
            if hash_of(index.head.count)? == Some(index.head.hash) {
                return Ok(index);
            }
        }
        remove_database(&path)?;
        let db = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        let insert = "INSERT INTO state VALUES (?1, ?2, ?1, zeroblob(16))";
        let action = "creating the index";
        db.execute_batch(SCHEMA).context(action, &path)?;
        db.execute(insert, (anchor.count, anchor.hash)).context(action, &path)?;
        db.pragma_update(None, "user_version", VERSION).context(action, &path)?;
        Ok(Self { db, path, head: anchor, open: OpenTransfers::default() })
    }

    fn open_existing(path: &Path, anchor: Head) -> Result<Self, JournalError> {
        let action = "opening the index";
        let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let version: i64 =
            db.pragma_query_value(None, "user_version", |row| row.get(0)).context(action, path)?;
        let state = state(&db).context(action, path)?;
        let mut open = OpenTransfers::default();
        for id in open_ids(&db, path)? {
            open.set(id, true);
        }
        if version != VERSION || open.sum != state.open {
            return Err(JournalError::damaged(path, "the open transfers do not match their sum"));
        }
        let index = Self { db, path: path.to_owned(), head: state.head, open };
        if state.anchor != anchor.count {
            index.remove_archived(anchor)?;
        }
        Ok(index)
    }

    /// Returns the head of the chain up to which the index is filled.
    pub(super) const fn head(&self) -> Head {
        self.head
    }

    /// Adds the rows of the store that the index lacks.
    pub(super) fn restore(&mut self, mut group: CommittedGroup) -> Result<(), JournalError> {
        let last = self.head.count;
        group.rows.retain(|row| row.seq > last);
        if group.rows.is_empty() { Ok(()) } else { self.apply(&[Arc::new(group)]) }
    }

    /// Adds the rows of some commits.
    pub(super) fn apply(&mut self, groups: &[Arc<CommittedGroup>]) -> Result<(), JournalError> {
        let Some(last) = groups.last() else { return Ok(()) };
        let mut changes: BTreeMap<u128, TransferChange<'_>> = BTreeMap::new();
        for row in groups.iter().flat_map(|group| &group.rows) {
            changes.entry(row.id.0).or_default().add_row(row);
        }
        self.write(&changes, last.head).context("writing the index", &self.path)
    }

    fn write(
        &mut self,
        changes: &BTreeMap<u128, TransferChange<'_>>,
        head: Head,
    ) -> rusqlite::Result<()> {
        let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
        for (id, change) in changes {
            if change.write(&transaction, *id)? {
                self.open.set(*id, change.is_open);
            } else {
                leave_out(&transaction, *id, change.rows())?;
            }
        }
        let sql = "UPDATE state SET count = ?1, hash = ?2, open = ?3";
        let open = self.open.sum.to_be_bytes();
        transaction.prepare_cached(sql)?.execute((head.count, head.hash, open))?;
        self.head = head;
        transaction.commit()
    }

    /// Removes what was archived.
    fn remove_archived(&self, anchor: Head) -> Result<(), JournalError> {
        let removed = self.write_removal(anchor);
        removed.context("removing the archived transfers from the index", &self.path)
    }

    fn write_removal(&self, anchor: Head) -> rusqlite::Result<()> {
        let archived = anchor.count.to_be_bytes();
        let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
        let mut find =
            transaction.prepare("SELECT id, rows FROM transfers WHERE substr(rows, 1, 8) <= ?1")?;
        let mut rows = find.query([archived])?;
        // An open transfer is never archived, so the sum over the open ones stays the same.
        while let Some(row) = rows.next()? {
            leave_out(&transaction, read_u128(row, 0)?, row.get_ref(1)?.as_blob()?)?;
        }
        drop(rows);
        drop(find);
        transaction.execute("DELETE FROM transfers WHERE substr(rows, 1, 8) <= ?1", [archived])?;
        transaction.execute("DELETE FROM traces WHERE id NOT IN (SELECT id FROM transfers)", [])?;
        let sql = "DELETE FROM inbound_references WHERE id NOT IN (SELECT id FROM transfers)";
        transaction.execute(sql, [])?;
        transaction.execute("DELETE FROM left_out WHERE seq <= ?1", [anchor.count])?;
        transaction.execute("UPDATE state SET anchor = ?1", [anchor.count])?;
        transaction.commit()
    }
}

/// Reads row numbers of eight bytes each.
pub(super) fn seqs(rows: &[u8]) -> impl DoubleEndedIterator<Item = u64> + Clone {
    rows.as_chunks::<8>().0.iter().map(|seq| u64::from_be_bytes(*seq))
}

fn leave_out(db: &Connection, id: u128, rows: &[u8]) -> rusqlite::Result<()> {
    let mut put = db.prepare_cached("INSERT INTO left_out VALUES (?1, ?2)")?;
    seqs(rows).try_for_each(|seq| put.execute((seq, id.to_be_bytes())).map(drop))
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, JournalError> {
    let action = "opening the index";
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let db = db.context(action, path)?;
    db.pragma_update(None, "journal_mode", "wal").context(action, path)?;
    // What the index loses in a crash is read from the rows again.
    db.pragma_update(None, "synchronous", "normal").context(action, path)?;
    // Small checkpoints: their syncs delay concurrent commits (see `maintenance`).
    db.pragma_update(None, "wal_autocheckpoint", 256).context(action, path)?;
    db.pragma_update(None, "cell_size_check", true).context(action, path)?;
    // The keys are in the order of time, and the transfers that change are recent.
    db.pragma_update(None, "cache_size", -4_096).context(action, path)?;
    Ok(db)
}

/// Opens an index for look-ups.
pub(super) fn open_to_read(store: &Path) -> Result<Connection, JournalError> {
    let path = path_of(store);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(&path, flags).context("opening the index", &path)
}

/// Returns the ids of the open transfers, in order.
pub(super) fn open_ids(db: &Connection, path: &Path) -> Result<Vec<u128>, JournalError> {
    db.prepare_cached("SELECT id FROM transfers WHERE open ORDER BY id")
        .and_then(|mut find| find.query_map([], |row| read_u128(row, 0))?.collect())
        .context("reading the open transfers of", path)
}

/// Returns the number of the first row of the oldest open transfer in the index of a store.
pub(super) fn first_open_row(store: &Path) -> Result<Option<u64>, JournalError> {
    let sql = "SELECT min(substr(rows, 1, 8)) FROM transfers WHERE open";
    let first: Option<[u8; 8]> = open_to_read(store)?
        .query_row(sql, [], |row| row.get(0))
        .context("reading the open transfers of", &path_of(store))?;
    Ok(first.map(u64::from_be_bytes))
}

/// Returns the ids of the transfers with an inbound reference, from the first id on: the newest first.
pub(super) fn inbound_ids(
    db: &Connection,
    path: &Path,
    reference: &InboundReference,
    first: u128,
    limit: usize,
) -> Result<Vec<u128>, JournalError> {
    let sql = "SELECT id FROM inbound_references WHERE bank = ?1 AND rrn = ?2 AND id >= ?3 ORDER BY id DESC LIMIT ?4";
    let values = (reference.bank(), reference.rrn.as_str(), first.to_be_bytes(), limit);
    db.prepare_cached(sql)
        .and_then(|mut find| find.query_map(values, |row| read_u128(row, 0))?.collect())
        .context("looking up an RRN in", path)
}

/// Returns the numbers of a transfer's rows, as far as they are indexed.
pub(super) fn rows_of(
    db: &Connection,
    path: &Path,
    id: TransferId,
) -> Result<BTreeSet<u64>, JournalError> {
    let rows: Option<Vec<u8>> = db
        .prepare_cached("SELECT rows FROM transfers WHERE id = ?1")
        .and_then(|mut find| find.query_row([id.0.to_be_bytes()], |row| row.get(0)).optional())
        .context("looking up a transfer in", path)?;
    Ok(seqs(rows.as_deref().unwrap_or_default()).collect())
}
