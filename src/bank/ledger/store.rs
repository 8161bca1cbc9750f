//! The ledger's file: its form, and how it is opened so that what is committed is durable.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, Params, Row, Transaction, TransactionBehavior};

use crate::bank::error::{BankError, During};
use crate::sqlite::{self, Lock, Log, Mode};

/// Says that a file is ours, and no journal: `TiLe` in ASCII.
const APPLICATION: i64 = 0x5469_4C65;

/// The version of the form.
const VERSION: i64 = 1;

/// Ids of transfers are in the order of time, so postings and entries are appended, as good as always.
const FORM: &str = "
    CREATE TABLE accounts (
        id INTEGER PRIMARY KEY,
        -- The bank's own, where the other side of entries goes: they may be below zero.
        own INTEGER NOT NULL,
        number TEXT NOT NULL,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        currency INTEGER NOT NULL,
        balance INTEGER NOT NULL CHECK (own OR balance >= 0),
        UNIQUE (own, number)
    ) STRICT;
    -- What is known of an id, for ever. Of one that was cancelled before it came nothing else is known.
    CREATE TABLE postings (
        id BLOB PRIMARY KEY,
        state TEXT NOT NULL,
        reason TEXT,
        side TEXT, account TEXT, amount INTEGER, currency INTEGER, counterparty TEXT
    ) STRICT, WITHOUT ROWID;
    -- One amount from one account to another. Nothing is ever changed here.
    CREATE TABLE entries (
        seq INTEGER PRIMARY KEY,
        posting BLOB,
        kind TEXT NOT NULL,
        debited INTEGER NOT NULL REFERENCES accounts,
        credited INTEGER NOT NULL REFERENCES accounts,
        amount INTEGER NOT NULL CHECK (amount > 0)
    ) STRICT;
";

/// The ledger, opened to write. The lock goes with it.
pub(super) struct Store {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
    /// The ledger's file, to be synced. It is closed after the connection: to close any handle of a file lets go of all locks
    /// that the process has on it.
    pub(super) file: Arc<File>,
    _lock: Lock,
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self, BankError> {
        let lock = Lock::take(path).during("locking", &Lock::path(path))?;
        let lock = lock.ok_or_else(|| BankError::InUse(path.to_owned()))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let db = connect(path, flags)?;
        let doing = "opening the ledger";
        let is_new = check_form(&db, path)?;
        sqlite::make_durable(&db).during(doing, path)?;
        // Accounts are asked for in any order.
        db.pragma_update(None, "cache_size", -8_192).during(doing, path)?;
        let file = Arc::new(File::open(path).during(doing, path)?);
        let store = Self { db, path: path.to_owned(), file, _lock: lock };
        if is_new {
            store.make()?;
        }
        Ok(store)
    }

    fn make(&self) -> Result<(), BankError> {
        let doing = "making the ledger";
        let step = self.begin()?;
        step.execute_batch(FORM).during(doing, &self.path)?;
        step.pragma_update(None, "application_id", APPLICATION).during(doing, &self.path)?;
        step.pragma_update(None, "user_version", VERSION).during(doing, &self.path)?;
        step.commit().during(doing, &self.path)
    }

    /// A second connection to write, for the thread that keeps the log short.
    pub(super) fn beside(&self) -> Result<Connection, BankError> {
        let db = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        db.pragma_update(None, "synchronous", "full").during("opening the ledger", &self.path)?;
        Ok(db)
    }

    pub(super) fn begin(&self) -> Result<Transaction<'_>, BankError> {
        Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)
            .during("writing to the ledger", &self.path)
    }

    /// Runs a statement.
    pub(super) fn put(&self, sql: &str, values: impl Params) -> Result<(), BankError> {
        let put = self.db.prepare_cached(sql).and_then(|mut put| put.execute(values));
        put.map(drop).during("writing to the ledger", &self.path)
    }

    /// The first row of a question, if there is one.
    pub(super) fn find<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, BankError> {
        let find = || {
            let mut find = self.db.prepare_cached(sql)?;
            let mut rows = find.query(values)?;
            rows.next()?.map(read).transpose()
        };
        find().during("reading the ledger", &self.path)
    }

    /// Takes the log into the file, and closes.
    pub(super) fn close(self) -> Result<(), BankError> {
        checkpoint(&self.db, &self.path, Mode::Truncate).map(drop)
    }
}

/// Opens a ledger to read, whoever writes it.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, BankError> {
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    if check_form(&db, path)? { Err(BankError::Foreign(path.to_owned())) } else { Ok(db) }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, BankError> {
    sqlite::connect(path, flags).during("opening the ledger", path)
}

/// Whether the file is empty; an error if it is another's.
fn check_form(db: &Connection, path: &Path) -> Result<bool, BankError> {
    match sqlite::form(db).during("reading the version of the ledger", path)? {
        (APPLICATION, VERSION, _) => Ok(false),
        (0, 0, 0) => Ok(true),
        _ => Err(BankError::Foreign(path.to_owned())),
    }
}

/// Takes the write-ahead log into the file; says how long it is.
pub(super) fn checkpoint(db: &Connection, path: &Path, mode: Mode) -> Result<Log, BankError> {
    sqlite::checkpoint(db, mode).during("taking the log into the ledger", path)
}
