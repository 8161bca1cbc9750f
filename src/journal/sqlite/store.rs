//! The store: one SQLite file with the rows in chain order and the metadata. No table in it has another order, so a
//! commit only appends. The files that find rows lie beside it and are derived from it (`index`, `reservations`).

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};
use sha2::{Digest, Sha256};

use super::columns::{read_row, read_u128, select};
use crate::journal::chain::{Chain, Head};
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::row::ChainedRow;
use crate::sqlite::{self, Lock};
use crate::values::{IdempotencyKey, KeyReservation, TransferId};

/// The application id of a store: "Titi" in ASCII.
const APPLICATION: i64 = 0x5469_7469;

/// The script of each schema version, run on the version before. Released scripts never change; new ones are added.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE rows (
        seq INTEGER PRIMARY KEY,
        id BLOB NOT NULL,
        recorded_at INTEGER NOT NULL,
        state TEXT NOT NULL,
        open INTEGER NOT NULL,
        stan INTEGER, rrn TEXT, transmission_second INTEGER,
        request_key BLOB, reference_key BLOB, fingerprint BLOB, direction TEXT, own_account TEXT, other_account TEXT,
        amount INTEGER, currency INTEGER, bank TEXT,
        facts TEXT NOT NULL,
        hash BLOB NOT NULL
    ) STRICT;
    CREATE TABLE metadata (
        chain TEXT, name TEXT, value BLOB NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (chain, name)
    ) STRICT, WITHOUT ROWID;
    -- Of each chain the head of its archived rows: the rows here follow it.
    CREATE TABLE chains (name TEXT PRIMARY KEY, anchor INTEGER NOT NULL, anchor_hash BLOB NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO chains VALUES ('transfers', 0, zeroblob(32));
"];

/// Rows that one read of the store returns at most.
pub(super) const READ_ROWS: u64 = 4096;

/// Locks the store for this process.
pub(super) fn lock_store(store: &Path) -> Result<Lock, JournalError> {
    let lock = Lock::acquire(store).context("locking", &Lock::path(store))?;
    lock.ok_or_else(|| JournalError::InUse(store.to_owned()))
}

/// An open store.
pub(super) struct Store {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
    /// The head of the archived rows, from which this store's chain continues.
    pub(super) anchor: Head,
}

impl Store {
    /// Opens the store for writing. Creates it, or migrates it to this version. The caller holds the lock.
    pub(super) fn open(path: &Path) -> Result<Self, JournalError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let action = "opening the store";
        let mut db = sqlite::connect(path, flags).context(action, path)?;
        // The version is checked before any write: the file may belong to another program.
        let found = check_version(&db, path)?;
        sqlite::make_durable(&db).context(action, path)?;
        migrate(&mut db, path, found)?;
        Self::with_connection(db, path)
    }

    /// Creates a store whose chain continues from a head, to be written and then sealed.
    pub(super) fn create_at(path: &Path, anchor: Head) -> Result<Self, JournalError> {
        let store = Self::open(path)?;
        store.set_anchor(anchor)?;
        Ok(Self { anchor, ..store })
    }

    /// Makes a store one durable file. It is never written again.
    pub(super) fn seal(self) -> Result<(), JournalError> {
        let action = "sealing the archive";
        self.empty_log()?;
        self.db.pragma_update(None, "journal_mode", "delete").context(action, &self.path)?;
        drop(self.db);
        File::open(&self.path).and_then(|file| file.sync_all()).context(action, &self.path)
    }

    /// Removes the rows up to a head, which becomes the anchor.
    pub(super) fn remove_archived(&self, head: Head) -> Result<(), JournalError> {
        let action = "removing the archived rows from the store";
        let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate);
        let transaction = transaction.context(action, &self.path)?;
        self.set_anchor(head)?;
        let sql = "DELETE FROM rows WHERE seq <= ?1";
        transaction.execute(sql, [head.count]).context(action, &self.path)?;
        transaction.commit().context(action, &self.path)
    }

    fn set_anchor(&self, head: Head) -> Result<(), JournalError> {
        let set = "UPDATE chains SET anchor = ?2, anchor_hash = ?3 WHERE name = ?1";
        let set = self.db.execute(set, (Chain::Transfers.code(), head.count, head.hash));
        set.map(drop).context("moving the anchor of", &self.path)
    }

    /// Opens the store for reading.
    pub(super) fn open_to_read(path: &Path) -> Result<Self, JournalError> {
        let db = sqlite::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let db = db.context("opening the store", path)?;
        check_version(&db, path)?;
        Self::with_connection(db, path)
    }

    fn with_connection(db: Connection, path: &Path) -> Result<Self, JournalError> {
        let read = |row: &rusqlite::Row<'_>| Ok(Head { count: row.get(0)?, hash: row.get(1)? });
        let sql = "SELECT anchor, anchor_hash FROM chains WHERE name = ?1";
        let anchor = db.query_row(sql, [Chain::Transfers.code()], read);
        let anchor = anchor.context("reading the anchor of", path)?;
        Ok(Self { db, path: path.to_owned(), anchor })
    }

    /// Returns the head of the chain. The last row is checked, so that new rows follow the row that was written.
    pub(super) fn head(&self) -> Result<Head, JournalError> {
        self.last()?.map_or(Ok(self.anchor), |last| self.row(last).map(|chained| chained.head))
    }

    /// Returns the number of the last row, if there is one.
    pub(super) fn last(&self) -> Result<Option<u64>, JournalError> {
        self.db
            .query_row("SELECT max(seq) FROM rows", [], |row| row.get(0))
            .context("reading the head of", &self.path)
    }

    /// Returns the hash of a row or of the anchor, if the store has it.
    pub(super) fn hash_of(&self, seq: u64) -> Result<Option<[u8; 32]>, JournalError> {
        if seq == self.anchor.count {
            return Ok(Some(self.anchor.hash));
        }
        self.db
            .prepare_cached("SELECT hash FROM rows WHERE seq = ?1")
            .and_then(|mut find| find.query_row([seq], |row| row.get(0)).optional())
            .context("reading a row of", &self.path)
    }

    /// Returns a row that must exist. The row is checked against its hash and the previous hash, so that damage is never
    /// read as a fact.
    pub(super) fn row(&self, seq: u64) -> Result<ChainedRow, JournalError> {
        let found = self
            .db
            .prepare_cached(select!("WHERE seq = ?1"))
            .and_then(|mut find| find.query_row([seq], read_row).optional())
            .context("reading a row of", &self.path)?;
        let count = seq.saturating_sub(1);
        let checked = found.zip(self.hash_of(count)?).filter(|(chained, hash)| {
            Head { count, hash: *hash }.after(&chained.row, &mut Vec::new()) == chained.head
        });
        let checked = checked.map(|(chained, _)| chained);
        checked.ok_or_else(|| JournalError::altered_row(&self.path, seq))
    }

    /// Returns the reservation of a key by the row that reserved it.
    pub(super) fn reservation(
        &self,
        key: IdempotencyKey,
        seq: u64,
    ) -> Result<KeyReservation, JournalError> {
        let row = self.row(seq)?.row;
        let start = row.start.filter(|start| start.identity.keys().any(|reserved| reserved == key));
        start.map(|start| start.reservation(key, row.id)).ok_or_else(|| {
            let detail =
                format!("row {seq}: it does not reserve the key that the index assigns to it");
            JournalError::damaged(&self.path, detail)
        })
    }

    /// Calls `each` with the rows after `seq` in order, at most `limit` of them. The rows are not checked.
    pub(super) fn rows_after(
        &self,
        seq: u64,
        limit: u64,
        mut each: impl FnMut(ChainedRow) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let action = "reading the rows of";
        let sql = select!("WHERE seq > ?1 ORDER BY seq LIMIT ?2");
        let mut find = self.db.prepare_cached(sql).context(action, &self.path)?;
        let mut rows = find.query([seq, limit]).context(action, &self.path)?;
        while let Some(row) = rows.next().context(action, &self.path)? {
            each(read_row(row).context(action, &self.path)?)?;
        }
        Ok(())
    }

    /// Calls `each` for the rows after `seq` up to `until`, at most `limit` of them, with the transfer, whether the row
    /// starts it, and whether the row leaves it open. Skips rows that can't be read. Returns the last row's number.
    pub(super) fn scan_transfers(
        &self,
        (seq, until, limit): (u64, u64, u64),
        mut each: impl FnMut(TransferId, bool, bool),
    ) -> rusqlite::Result<u64> {
        let sql =
            "SELECT seq, id, request_key IS NOT NULL, open FROM rows WHERE seq > ?1 AND seq <= ?2
            ORDER BY seq LIMIT ?3";
        let mut find = self.db.prepare_cached(sql)?;
        let mut rows = find.query([seq, until, limit])?;
        let mut last = seq;
        while let Some(row) = rows.next()? {
            last = row.get(0)?;
            if let (Ok(id), Ok(is_open)) = (read_u128(row, 1), row.get(3)) {
                each(TransferId(id), row.get(2)?, is_open);
            }
        }
        Ok(last)
    }

    /// Returns a metadata value, if it exists. The value is checked against its digest.
    pub(super) fn metadata(
        &self,
        chain: Chain,
        name: &str,
    ) -> Result<Option<Vec<u8>>, JournalError> {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let found: Option<(Vec<u8>, [u8; 32])> = self
            .db
            .prepare_cached("SELECT value, digest FROM metadata WHERE chain = ?1 AND name = ?2")
            .and_then(|mut find| find.query_row([chain.code(), name], read).optional())
            .context("reading the metadata of", &self.path)?;
        match found {
            Some((value, digest)) if digest != metadata_digest(chain, name, &value) => {
                let detail = format!("metadata {name}: digest mismatch");
                Err(JournalError::damaged(&self.path, detail))
            }
            found => Ok(found.map(|(value, _)| value)),
        }
    }

    /// Returns whether there are rows up to this one. Up to the anchor there must be none.
    pub(super) fn has_rows_to(&self, seq: u64) -> Result<bool, JournalError> {
        self.db
            .query_row("SELECT EXISTS (SELECT 1 FROM rows WHERE seq <= ?1)", [seq], |row| {
                row.get(0)
            })
            .context("reading the first row of", &self.path)
    }

    /// Returns the state of a row and whether it leaves the transfer open, unchecked; `None` if the row is missing.
    pub(super) fn state(&self, seq: u64) -> rusqlite::Result<Option<(String, bool)>> {
        let mut find = self.db.prepare_cached("SELECT state, open FROM rows WHERE seq = ?1")?;
        find.query_row([seq], |row| Ok((row.get(0)?, row.get(1)?))).optional()
    }

    /// Checks all metadata values against their digests.
    pub(super) fn check_metadata(&self) -> Result<(), JournalError> {
        let action = "reading the metadata of";
        let chain = Chain::Transfers;
        let sql = "SELECT name FROM metadata WHERE chain = ?1";
        let mut find = self.db.prepare(sql).context(action, &self.path)?;
        let names = find.query_map([chain.code()], |row| row.get::<_, String>(0));
        for name in names.context(action, &self.path)? {
            self.metadata(chain, &name.context(action, &self.path)?)?;
        }
        Ok(())
    }

    /// Copies the whole log into the store.
    pub(super) fn empty_log(&self) -> Result<(), JournalError> {
        sqlite::empty_log(&self.db).context("copying the log into the store", &self.path)
    }
}

/// Returns the digest that protects a metadata value against damage. Metadata is in no hash chain.
pub(super) fn metadata_digest(chain: Chain, name: &str, value: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for text in [chain.code(), name] {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    }
    digest.update(value);
    digest.finalize().into()
}

/// Checks that this program knows the file and its schema version. Returns the version; zero for an empty file.
fn check_version(db: &Connection, path: &Path) -> Result<i64, JournalError> {
    let identity = sqlite::read_identity(db).context("reading the version of the store", path)?;
    let sqlite::FileIdentity { application, version: found, tables } = identity;
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
    let action = "migrating the store";
    for (version, script) in (1..).zip(MIGRATIONS) {
        if version > found {
            let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate);
            let transaction = transaction.context(action, path)?;
            transaction.execute_batch(script).context(action, path)?;
            transaction.pragma_update(None, "application_id", APPLICATION).context(action, path)?;
            transaction.pragma_update(None, "user_version", version).context(action, path)?;
            transaction.commit().context(action, path)?;
        }
    }
    Ok(())
}
