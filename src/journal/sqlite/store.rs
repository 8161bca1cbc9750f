//! The store: one SQLite file with the signed batches in chain order and the metadata. No table in it has another order, so a
//! commit only appends. What finds rows lies beside it and is derived from it (`lookups`).

use std::borrow::Cow;
use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use crate::journal::checkpoint::Checkpoints;
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::metadata::MetadataValues;
use crate::journal::sealed::SealedRows;
use crate::private_files::{self, Access, FileFault};
use crate::signing::{Chain, ChainId, SignedBatch, StoredBatch, TrustedKeys};
use crate::sqlite::{self, BatchTable, Lock, batch_table, create_batches};

/// The application id of a store: "Titi" in ASCII.
const APPLICATION: i64 = 0x5469_7469;

/// The version of the schema.
const VERSION: i64 = 1;

/// The schema. A store has exactly this: another table, index, view or trigger is refused.
const SCHEMA: &str = concat!(
    create_batches!("transfers"),
    create_batches!("control"),
    "CREATE TABLE transfers_personal (first INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;\n",
    "CREATE TABLE month_keys (month TEXT PRIMARY KEY, wrapped BLOB NOT NULL) STRICT, WITHOUT ROWID;\n",
    "CREATE TABLE metadata (chain TEXT, name TEXT, value BLOB NOT NULL, PRIMARY KEY (chain, name)) STRICT, WITHOUT ROWID;\n",
    "CREATE TABLE chains (name TEXT PRIMARY KEY, id BLOB NOT NULL) STRICT, WITHOUT ROWID;\n",
);

/// The table of the batches.
const BATCHES: BatchTable = batch_table!("transfers");

/// The table of the batches of the chain `control`.
pub(super) const CONTROL_BATCHES: BatchTable = batch_table!("control");

/// The chain.
pub(super) const CHAIN: Chain = Chain::Transfers;

/// Locks the store for this process.
pub(super) fn lock_store(store: &Path) -> Result<Lock, JournalError> {
    sqlite::prepare_files(store)?;
    let lock = Lock::acquire(store).context("locking", &Lock::path(store))?;
    lock.ok_or_else(|| JournalError::InUse(store.to_owned()))
}

/// Returns what is wrong with the files of a store and of its checkpoints, as far as they exist.
pub(in crate::journal) fn file_faults(store: &Path, checkpoints: &Checkpoints) -> Vec<FileFault> {
    let secret = Access::Secret;
    let lookups = private_files::check_folder(&lookups_folder(store), secret);
    let lookups = lookups.err().filter(|fault| !matches!(fault, FileFault::Missing(_)));
    let places = checkpoints.files.iter();
    let places = places.filter_map(|file| private_files::check_if_present(file, secret).err());
    sqlite::check_files(store, secret).err().into_iter().chain(lookups).chain(places).collect()
}

/// Returns the folder of a store's look-ups.
pub(super) fn lookups_folder(store: &Path) -> PathBuf {
    sqlite::with_suffix(store, "-lookups")
}

/// An open store.
pub(super) struct Store {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
    pub(super) chain_id: ChainId,
}

impl Store {
    /// Opens the store for writing. Creates it if it does not exist. The caller holds the lock.
    pub(super) fn open(path: &Path) -> Result<Self, JournalError> {
        Self::open_or_create(path, None)
    }

    /// Creates a store of a chain, to be written and then sealed.
    pub(super) fn create_of(path: &Path, chain_id: ChainId) -> Result<Self, JournalError> {
        Self::open_or_create(path, Some(chain_id))
    }

    fn open_or_create(path: &Path, chain_id: Option<ChainId>) -> Result<Self, JournalError> {
        let action = "opening the store";
        if chain_id.is_some() {
            private_files::create_if_missing(path).context(action, path)?;
        } else {
            sqlite::prepare_files(path)?;
        }
        let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // The version is checked before any write: the file may belong to another program.
        let is_new = check_version(&db, path)?;
        sqlite::make_durable(&db).context(action, path)?;
        if is_new {
            create(&db, path, chain_id.map_or_else(ChainId::random, Ok).context(action, path)?)?;
        }
        Self::with_connection(db, path)
    }

    /// Makes a store one durable file. It is never written again.
    pub(super) fn seal(self) -> Result<(), JournalError> {
        let action = "sealing the archive";
        self.empty_log()?;
        self.db.pragma_update(None, "journal_mode", "delete").context(action, &self.path)?;
        drop(self.db);
        File::open(&self.path).and_then(|file| file.sync_all()).context(action, &self.path)
    }

    /// Opens the store for reading.
    pub(super) fn open_to_read(path: &Path) -> Result<Self, JournalError> {
        let db = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        if check_version(&db, path)? {
            return Err(JournalError::Foreign(path.to_owned()));
        }
        Self::with_connection(db, path)
    }

    fn with_connection(db: Connection, path: &Path) -> Result<Self, JournalError> {
        let sql = "SELECT id FROM chains WHERE name = ?1";
        let id = db.query_row(sql, [CHAIN.code()], |row| row.get(0)).optional();
        let id = id.context("reading the chain of", path)?;
        let id = id.ok_or_else(|| JournalError::damaged(path, "chains: the chain is missing"))?;
        Ok(Self { db, path: path.to_owned(), chain_id: ChainId(id) })
    }

    pub(super) fn begin(&self) -> Result<Transaction<'_>, JournalError> {
        let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate);
        transaction.context("writing to the store", &self.path)
    }

    /// Checks that the store has exactly the tables, indexes and views that this program makes.
    pub(super) fn check_schema(&self) -> Result<(), JournalError> {
        let fault = sqlite::schema_fault(&self.db, SCHEMA);
        let fault = fault.context("reading the schema of", &self.path)?;
        fault.map_or(Ok(()), |detail| Err(JournalError::damaged(&self.path, detail)))
    }

    /// Returns the first batch, unchecked.
    pub(super) fn first(&self) -> Result<Option<StoredBatch>, JournalError> {
        let mut first = None;
        self.batches_after(0, 1, |batch| {
            first = Some(batch);
            Ok(())
        })?;
        Ok(first)
    }

    /// Returns the last batch, unchecked.
    pub(super) fn last(&self) -> Result<Option<StoredBatch>, JournalError> {
        BATCHES.last(&self.db).context("reading the head of", &self.path)
    }

    /// Returns the last batch of the chain `control`, unchecked.
    pub(super) fn last_control(&self) -> Result<Option<StoredBatch>, JournalError> {
        CONTROL_BATCHES.last(&self.db).context("reading the control rows of", &self.path)
    }

    /// Returns the batch that has a row, or the last one before it, unchecked.
    pub(super) fn containing(&self, number: u64) -> Result<Option<StoredBatch>, JournalError> {
        BATCHES.containing(&self.db, number).context("reading a row of", &self.path)
    }

    /// Proves a batch.
    pub(super) fn prove(
        &self,
        stored: StoredBatch,
        keys: &TrustedKeys,
    ) -> Result<SignedBatch, JournalError> {
        let span = (stored.first, stored.last());
        stored
            .prove(CHAIN, self.chain_id, keys)
            .map_err(|error| JournalError::altered(&self.path, span, &error))
    }

    /// Reads a batch whose rows a signed head covers.
    pub(super) fn linked(&self, stored: StoredBatch) -> Result<SignedBatch, JournalError> {
        let span = (stored.first, stored.last());
        stored
            .linked(CHAIN, self.chain_id)
            .map_err(|error| JournalError::altered(&self.path, span, &error))
    }

    /// Calls `each` with the batches that begin after row `number` in order, at most `limit` of them. They are not checked.
    pub(super) fn batches_after(
        &self,
        number: u64,
        limit: u64,
        each: impl FnMut(StoredBatch) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        self.read_after(BATCHES, (number, limit), each)
    }

    /// Calls `each` with the batches of a table, as [`Self::batches_after`] does.
    pub(super) fn read_after(
        &self,
        table: BatchTable,
        (number, limit): (u64, u64),
        mut each: impl FnMut(StoredBatch) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let mut failed = None;
        let read = table.after(&self.db, number, limit, |batch| {
            // An error of `each` ends the reading as an error of SQLite would.
            each(batch).map_err(|error| {
                failed = Some(error);
                rusqlite::Error::QueryReturnedNoRows
            })
        });
        match failed {
            Some(error) => Err(error),
            None => read.context("reading the rows of", &self.path),
        }
    }

    /// Appends a batch.
    pub(super) fn insert(&self, batch: &SignedBatch) -> Result<(), JournalError> {
        self.insert_in(BATCHES, batch)
    }

    /// Appends a batch to a table.
    pub(super) fn insert_in(
        &self,
        table: BatchTable,
        batch: &SignedBatch,
    ) -> Result<(), JournalError> {
        let signed = &batch.signed;
        table
            .insert(&self.db, signed.statement.first(), &signed.to_string(), batch.rows())
            .context("writing to the store", &self.path)
    }

    /// Removes the batches up to a row.
    pub(super) fn remove_to(&self, last: u64) -> Result<(), JournalError> {
        let action = "removing the archived rows from";
        BATCHES.remove_to(&self.db, last).context(action, &self.path)?;
        self.db
            .execute("DELETE FROM transfers_personal WHERE first <= ?1", [last])
            .map(drop)
            .context(action, &self.path)
    }

    /// Returns the sealed personal data of the batch that begins with a row, if it has any.
    pub(super) fn sealed(&self, first: u64) -> Result<Option<SealedRows>, JournalError> {
        let sql = "SELECT sealed FROM transfers_personal WHERE first = ?1";
        self.db
            .prepare_cached(sql)
            .and_then(|mut find| find.query_row([first], |row| row.get(0)).optional())
            .map(|found| found.map(SealedRows))
            .context("reading personal data of", &self.path)
    }

    /// Returns the sealed personal data of the batch with these rows, if it has any. No other row and no other batch has data in
    /// its place.
    pub(super) fn sealed_of(&self, rows: (u64, u64)) -> Result<SealedRows, JournalError> {
        let action = "reading personal data of";
        let sql = "SELECT first, sealed FROM transfers_personal
            WHERE first >= ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1";
        let mut find = self.db.prepare_cached(sql).context(action, &self.path)?;
        let found =
            find.query_row(rows, |row| Ok::<(u64, _), _>((row.get(0)?, SealedRows(row.get(1)?))));
        match found.optional().context(action, &self.path)? {
            None => Ok(SealedRows::default()),
            Some((first, sealed)) if rows.0 == first && sealed.is_within(rows) => Ok(sealed),
            Some((first, _)) => {
                let detail = format!("row {first}: personal data that belongs to no row");
                Err(JournalError::damaged(&self.path, detail))
            }
        }
    }

    /// Appends the sealed personal data of a batch.
    pub(super) fn insert_sealed(
        &self,
        first: u64,
        sealed: &SealedRows,
    ) -> Result<(), JournalError> {
        if sealed.is_empty() {
            return Ok(());
        }
        self.db
            .prepare_cached("INSERT INTO transfers_personal VALUES (?1, ?2)")
            .and_then(|mut put| put.execute((first, &sealed.0)))
            .map(drop)
            .context("writing to the store", &self.path)
    }

    /// Returns the wrapped month keys.
    pub(super) fn month_keys(&self) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
        let action = "reading the month keys of";
        let mut find =
            self.db.prepare("SELECT month, wrapped FROM month_keys").context(action, &self.path)?;
        find.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .and_then(Iterator::collect)
            .context(action, &self.path)
    }

    /// Stores a wrapped month key.
    pub(super) fn insert_month_key(&self, month: &str, wrapped: &[u8]) -> Result<(), JournalError> {
        self.db
            .execute("INSERT INTO month_keys VALUES (?1, ?2)", (month, wrapped))
            .map(drop)
            .context("writing to the store", &self.path)
    }

    /// Returns the metadata, unchecked.
    pub(super) fn metadata(&self) -> Result<MetadataValues, JournalError> {
        let action = "reading the metadata of";
        let sql = "SELECT name, value FROM metadata WHERE chain = ?1";
        let mut find = self.db.prepare_cached(sql).context(action, &self.path)?;
        let read = |row: &rusqlite::Row<'_>| Ok((Cow::Owned(row.get(0)?), row.get(1)?));
        find.query_map([CHAIN.code()], read).and_then(Iterator::collect).context(action, &self.path)
    }

    /// Replaces a metadata value.
    pub(super) fn replace_metadata(&self, name: &str, value: &[u8]) -> Result<(), JournalError> {
        self.db
            .prepare_cached("INSERT OR REPLACE INTO metadata VALUES (?1, ?2, ?3)")
            .and_then(|mut put| put.execute((CHAIN.code(), name, value)))
            .map(drop)
            .context("writing to the store", &self.path)
    }

    /// Checks that the tables have nothing of an unknown chain, and no batch before the first row.
    pub(super) fn check_tables(&self) -> Result<(), JournalError> {
        let count = |sql: &str| -> Result<u64, JournalError> {
            let found = self.db.query_row(sql, [], |row| row.get(0));
            found.context("reading the tables of", &self.path)
        };
        let metadata = count("SELECT count(*) FROM metadata WHERE chain != 'transfers'")?;
        let chains = count("SELECT count(*) FROM chains WHERE name != 'transfers'")?;
        if metadata + chains > 0 {
            return Err(JournalError::damaged(&self.path, "metadata or chains: an unknown chain"));
        }
        for (name, table) in [("", BATCHES), ("control ", CONTROL_BATCHES)] {
            let outside = table.outside(&self.db).context("reading the tables of", &self.path)?;
            if let Some(first) = outside {
                let detail = format!("{name}row {first}: outside the chain");
                return Err(JournalError::damaged(&self.path, detail));
            }
        }
        Ok(())
    }

    /// Checks that no personal data stands before the first batch, or where a batch to come will put its own.
    pub(super) fn check_personal(&self) -> Result<(), JournalError> {
        let sql = "SELECT min(first) FROM transfers_personal
            WHERE first < 1 OR first > (SELECT coalesce(max(first), 0) FROM transfers_batches)";
        match self.first_personal(sql)? {
            Some(first) => Err(JournalError::orphaned(&self.path, first)),
            None => Ok(()),
        }
    }

    /// Returns the first row with personal data that no batch has, or that is empty.
    pub(super) fn orphaned_personal(&self) -> Result<Option<i64>, JournalError> {
        self.first_personal(
            "SELECT min(first) FROM transfers_personal
                WHERE first NOT IN (SELECT first FROM transfers_batches) OR length(sealed) = 0",
        )
    }

    fn first_personal(&self, sql: &str) -> Result<Option<i64>, JournalError> {
        let found = self.db.query_row(sql, [], |row| row.get(0));
        found.context("reading personal data of", &self.path)
    }

    /// Copies the whole log into the store.
    pub(super) fn empty_log(&self) -> Result<(), JournalError> {
        sqlite::empty_log(&self.db).context("copying the log into the store", &self.path)
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, JournalError> {
    let action = "opening the store";
    let db = sqlite::connect(path, flags).context(action, path)?;
    // What a changed schema could run.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false).context(action, path)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).context(action, path)?;
    Ok(db)
}

/// Checks that this program knows the file and its schema version. Returns whether the file is empty.
fn check_version(db: &Connection, path: &Path) -> Result<bool, JournalError> {
    let identity = sqlite::read_identity(db).context("reading the version of the store", path)?;
    let sqlite::FileIdentity { application, version: found, tables } = identity;
    match (application, found, tables) {
        (0, 0, 0) => Ok(true),
        (APPLICATION, VERSION, _) => Ok(false),
        (APPLICATION, _, _) if found > VERSION => {
            Err(JournalError::Newer { path: path.to_owned(), found, known: VERSION })
        }
        _ => Err(JournalError::Foreign(path.to_owned())),
    }
}

fn create(db: &Connection, path: &Path, chain_id: ChainId) -> Result<(), JournalError> {
    let action = "creating the store";
    let transaction = Transaction::new_unchecked(db, TransactionBehavior::Immediate);
    let transaction = transaction.context(action, path)?;
    transaction.execute_batch(SCHEMA).context(action, path)?;
    let insert = "INSERT INTO chains VALUES (?1, ?2)";
    transaction.execute(insert, (CHAIN.code(), chain_id.0)).context(action, path)?;
    transaction.pragma_update(None, "application_id", APPLICATION).context(action, path)?;
    transaction.pragma_update(None, "user_version", VERSION).context(action, path)?;
    transaction.commit().context(action, path)
}
