//! The ledger's file: its schema, and how it is opened so that every commit is durable.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, Params, Row, Transaction, TransactionBehavior};

use crate::core_banking::error::{CoreBankingError, ErrorContext};
use crate::sqlite::{self, FileIdentity, Lock};

/// The application id of a ledger: `TiLe` in ASCII. It differs from that of a journal.
const APPLICATION: i64 = 0x5469_4C65;

/// The version of the schema.
const VERSION: i64 = 2;

/// The schema. Transfer ids are in the order of time, so almost all postings and entries are appended.
const SCHEMA: &str = "
    CREATE TABLE accounts (
        id INTEGER PRIMARY KEY,
        -- The bank's own accounts, the other side of every entry. They may be below zero.
        is_internal INTEGER NOT NULL,
        number TEXT NOT NULL,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        currency INTEGER NOT NULL,
        balance INTEGER NOT NULL CHECK (is_internal OR balance >= 0),
        UNIQUE (is_internal, number)
    ) STRICT;
    -- The state of each posting id, kept for ever. A posting that was cancelled before it came has only a state.
    CREATE TABLE postings (
        id BLOB PRIMARY KEY,
        state TEXT NOT NULL,
        reason TEXT,
        side TEXT, account TEXT, amount INTEGER, currency INTEGER, counterparty TEXT,
        -- The posting that it reverses in part, and how much of itself is reversed in parts.
        reverses BLOB,
        reversed INTEGER NOT NULL DEFAULT 0 CHECK (reversed BETWEEN 0 AND coalesce(amount, 0))
    ) STRICT, WITHOUT ROWID;
    -- One amount from one account to another. Rows never change.
    CREATE TABLE entries (
        seq INTEGER PRIMARY KEY,
        posting BLOB,
        kind TEXT NOT NULL,
        debit_account INTEGER NOT NULL REFERENCES accounts,
        credit_account INTEGER NOT NULL REFERENCES accounts,
        amount INTEGER NOT NULL CHECK (amount > 0)
    ) STRICT;
";

/// The ledger, opened for writing and locked.
pub(super) struct Store {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
    /// The ledger's file, for syncs. It is closed after the connection: closing any handle of a file releases all locks that
    /// the process holds on it.
    pub(super) file: Arc<File>,
    _lock: Lock,
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self, CoreBankingError> {
        let lock = Lock::acquire(path).context("locking", &Lock::path(path))?;
        let lock = lock.ok_or_else(|| CoreBankingError::InUse(path.to_owned()))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let db = connect(path, flags)?;
        let action = "opening the ledger";
        let is_new = check_is_new(&db, path)?;
        sqlite::make_durable(&db).context(action, path)?;
        // Accounts are read in no order, so a larger cache helps.
        db.pragma_update(None, "cache_size", -8_192).context(action, path)?;
        let file = Arc::new(File::open(path).context(action, path)?);
        let store = Self { db, path: path.to_owned(), file, _lock: lock };
        if is_new {
            store.create()?;
        }
        Ok(store)
    }

    fn create(&self) -> Result<(), CoreBankingError> {
        let action = "creating the ledger";
        let transaction = self.begin()?;
        transaction.execute_batch(SCHEMA).context(action, &self.path)?;
        transaction
            .pragma_update(None, "application_id", APPLICATION)
            .context(action, &self.path)?;
        transaction.pragma_update(None, "user_version", VERSION).context(action, &self.path)?;
        transaction.commit().context(action, &self.path)
    }

    /// Opens a second connection for writing, for the maintenance thread.
    pub(super) fn second_connection(&self) -> Result<Connection, CoreBankingError> {
        let db = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        db.pragma_update(None, "synchronous", "full").context("opening the ledger", &self.path)?;
        Ok(db)
    }

    pub(super) fn begin(&self) -> Result<Transaction<'_>, CoreBankingError> {
        Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)
            .context("writing to the ledger", &self.path)
    }

    /// Runs a statement that writes.
    pub(super) fn execute(&self, sql: &str, values: impl Params) -> Result<(), CoreBankingError> {
        let written =
            self.db.prepare_cached(sql).and_then(|mut statement| statement.execute(values));
        written.map(drop).context("writing to the ledger", &self.path)
    }

    /// Returns the first row of a query, if there is one.
    pub(super) fn find<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, CoreBankingError> {
        let find = || {
            let mut find = self.db.prepare_cached(sql)?;
            let mut rows = find.query(values)?;
            rows.next()?.map(read).transpose()
        };
        find().context("reading the ledger", &self.path)
    }

    /// Copies the log into the file, and closes the ledger.
    pub(super) fn close(self) -> Result<(), CoreBankingError> {
        sqlite::empty_log(&self.db).context("copying the log into the ledger", &self.path)
    }
}

/// Opens a ledger for reading. Another process may be writing it.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, CoreBankingError> {
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    if check_is_new(&db, path)? { Err(CoreBankingError::Foreign(path.to_owned())) } else { Ok(db) }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, CoreBankingError> {
    sqlite::connect(path, flags).context("opening the ledger", path)
}

/// Returns whether the file is empty.
///
/// # Errors
/// If the file belongs to another program or version.
fn check_is_new(db: &Connection, path: &Path) -> Result<bool, CoreBankingError> {
    let identity = sqlite::read_identity(db).context("reading the version of the ledger", path)?;
    match identity {
        FileIdentity { application: APPLICATION, version: VERSION, .. } => Ok(false),
        FileIdentity { application: 0, version: 0, tables: 0 } => Ok(true),
        _ => Err(CoreBankingError::Foreign(path.to_owned())),
    }
}
