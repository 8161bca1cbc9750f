//! The ledger's file, opened so that every commit is durable, and what is in memory of it.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::balances::{Account, Balances};
use super::chain::{BATCHES, ChainWriter, LedgerKeys, Trust, parse};
use super::durable_head::DurableHead;
use super::postings::{Effect, StoredPosting};
use super::proof::{self, Proven, VerifiedLedger};
use super::rows::Change;
use super::schema;
use super::segments::{Segments, damaged_posting};
use super::totals::BooksByCurrency;
use crate::clock::Clock;
use crate::core_banking::error::{CoreBankingError, ErrorContext};
use crate::private_files::Access;
use crate::signing::{LedgerHead, TrustedKeys};
use crate::sqlite::{self, FileIdentity, FileWatch, Lock};
use crate::values::{AccountNumber, Name, TransferId};

/// The application id of a ledger: `TiLe` in ASCII. It differs from that of a journal.
const APPLICATION: i64 = 0x5469_4C65;

/// The version of the schema and of the rows.
const VERSION: i64 = 3;

/// The ledger, proven, opened for writing and locked.
pub(super) struct Store {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
    /// The ledger's file, for syncs. It is closed after the connection: closing any handle of a file releases all locks that
    /// the process holds on it.
    pub(super) file: Arc<File>,
    _lock: Lock,
    state: RefCell<State>,
    /// The head after the last commit.
    pub(super) head: DurableHead,
    /// Whether it had postings when it was opened.
    pub(super) had_postings: bool,
    /// SQLite's number of the content that was proven. A commit of another connection changes it.
    data_version: i64,
    watch: RefCell<FileWatch>,
}

/// What is in memory. It is the fold of the chain's rows.
struct State {
    balances: Balances,
    postings: Segments,
    chain: ChainWriter,
}

impl Store {
    /// Opens the ledger. Creates it if it does not exist and the journal does not record one.
    pub(super) fn open(
        path: &Path,
        keys: &LedgerKeys,
        recorded: Option<LedgerHead>,
        clock: Clock,
    ) -> Result<Self, CoreBankingError> {
        let action = "opening the ledger";
        let trust = Trust { keys: &keys.trusted, recorded };
        let lock = lock(path, trust)?;
        let watch = FileWatch::new(path).context(action, path)?;
        let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let is_new = check_is_new(&db, path)?;
        if is_new && let Some(refusal) = trust.refusal(path, "the file is empty") {
            return Err(refusal);
        }
        sqlite::make_durable(&db).context(action, path)?;
        let file = Arc::new(File::open(path).context(action, path)?);
        if is_new {
            create(&db).context("creating the ledger", path)?;
        }
        // The proof and the number of its content belong to one state of the file.
        let transaction = db.unchecked_transaction().context(action, path)?;
        let data_version = data_version(&transaction).context(action, path)?;
        let Proven { end, balances, segments: postings, postings: count } =
            proof::prove(&transaction, path, trust, |_| {})?;
        transaction.finish().context(action, path)?;
        // Another process may have ended before it synced its last commit.
        sqlite::sync_log(path).context(action, path)?;
        let durable = DurableHead::default();
        durable.set(end.ledger_head());
        let chain = ChainWriter::new(end, keys.clone(), clock, path)?;
        let state = RefCell::new(State { balances, postings, chain });
        Ok(Self {
            db,
            path: path.to_owned(),
            file,
            _lock: lock,
            state,
            head: durable,
            had_postings: count > 0,
            data_version,
            watch: RefCell::new(watch),
        })
    }

    /// Opens a second connection for writing, for the maintenance thread.
    pub(super) fn second_connection(&self) -> Result<Connection, CoreBankingError> {
        let db = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        db.pragma_update(None, "synchronous", "full").context("opening the ledger", &self.path)?;
        Ok(db)
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// If another connection changed the file after the proof, or another file is in its place.
    pub(super) fn begin(&self) -> Result<Transaction<'_>, CoreBankingError> {
        let action = "writing to the ledger";
        self.check_files()?;
        let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)
            .context(action, &self.path)?;
        if data_version(&transaction).context(action, &self.path)? == self.data_version {
            return Ok(transaction);
        }
        Err(CoreBankingError::Changed(self.path.clone()))
    }

    /// Checks, once a second, that the ledger and its log are still the files that were opened.
    fn check_files(&self) -> Result<(), CoreBankingError> {
        let mut watch = self.watch.borrow_mut();
        let replaced = watch.replaced_if_due();
        let replaced = replaced.context("looking at the files of the ledger", &self.path)?;
        replaced.map_or(Ok(()), |path| Err(CoreBankingError::Changed(path.to_owned())))
    }

    /// Records a change: as a row of the chain, in memory, and in the table of postings.
    pub(super) fn record(&self, change: &Change) -> Result<(), CoreBankingError> {
        let State { balances, postings, chain } = &mut *self.state.borrow_mut();
        let row = chain.push(change, &self.path)?;
        let applied = balances.apply(row, change, postings.key());
        applied.map_err(|reason| CoreBankingError::damaged(&self.path, reason))?;
        Effect::all(change).try_for_each(|effect| postings.apply(&self.db, &self.path, effect))
    }

    /// Returns how many changes are recorded and not appended yet.
    pub(super) fn recorded(&self) -> u64 {
        self.state.borrow().chain.gathered()
    }

    /// Appends the recorded changes as a signed batch, if there are any.
    pub(super) fn append(&self) -> Result<(), CoreBankingError> {
        self.state.borrow_mut().chain.append(&self.db, &self.path)
    }

    /// Appends the recorded changes and commits.
    pub(super) fn commit(&self, transaction: Transaction<'_>) -> Result<(), CoreBankingError> {
        self.append()?;
        transaction.commit().context("writing to the ledger", &self.path)?;
        self.head.set(self.state.borrow().chain.end().ledger_head());
        Ok(())
    }

    /// Returns an account, if it exists.
    pub(super) fn account(&self, number: &AccountNumber) -> Option<Account> {
        self.state.borrow().balances.account(number)
    }

    /// Returns the name of an account, from the row that opened it.
    ///
    /// # Errors
    /// If the row is not the proven one.
    pub(super) fn name(
        &self,
        number: &AccountNumber,
        account: &Account,
    ) -> Result<Name, CoreBankingError> {
        let Account { row, code, .. } = account;
        let batch = BATCHES.containing(&self.db, *row).context("reading the ledger", &self.path)?;
        let opened = batch.and_then(|batch| {
            let index = usize::try_from(row.checked_sub(batch.first)?).ok()?;
            parse(batch.rows.split('\n').nth(index)?)
        });
        match opened {
            Some(Change::AccountOpened(opened))
                if self.state.borrow().postings.key().of_account(&opened) == *code =>
            {
                Ok(opened.name)
            }
            _ => {
                let detail =
                    format!("row {row}: differs from the row that opened account {number}");
                Err(CoreBankingError::damaged(&self.path, detail))
            }
        }
    }

    /// Returns the posting of an id, if the id is known.
    pub(super) fn posting(
        &self,
        id: TransferId,
    ) -> Result<Option<StoredPosting>, CoreBankingError> {
        self.state.borrow_mut().postings.posting(&self.db, &self.path, id)
    }

    pub(super) fn damaged(&self, id: TransferId, reason: &str) -> CoreBankingError {
        damaged_posting(&self.path, id, reason)
    }

    /// Copies the log into the file, and closes the ledger.
    pub(super) fn close(self) -> Result<(), CoreBankingError> {
        sqlite::empty_log(&self.db).context("copying the log into the ledger", &self.path)
    }
}

/// Verifies a ledger from its first row, with public keys alone: that it is what was signed, and has the head that the journal
/// records. The ledger may be in use; then the rows at the start of the call are verified, so read the journal before it.
///
/// # Errors
/// If the file can't be read or is not a ledger, or the first row or posting that is not what was signed, or the ledger is not the
/// recorded one.
pub fn verify_ledger(
    path: &Path,
    keys: &TrustedKeys,
    recorded: Option<LedgerHead>,
) -> Result<VerifiedLedger, CoreBankingError> {
    reading(path, |db| proof::verify(db, path, Trust { keys, recorded }))
}

/// A verified ledger that gets no rows while this exists.
pub struct LockedLedger {
    /// What was verified.
    pub verified: VerifiedLedger,
    _lock: Lock,
}

/// Locks a ledger that exists, and verifies it ([`verify_ledger`]).
///
/// # Errors
/// If another process holds the ledger, others can read or write its files, or it can't be verified.
pub fn lock_ledger(
    path: &Path,
    keys: &TrustedKeys,
    recorded: Option<LedgerHead>,
) -> Result<LockedLedger, CoreBankingError> {
    let lock = lock(path, Trust { keys, recorded })?;
    sqlite::sync_log(path).context("opening the ledger", path)?;
    Ok(LockedLedger { verified: verify_ledger(path, keys, recorded)?, _lock: lock })
}

/// Locks a ledger. Creates its file if it does not exist and the journal does not record one.
fn lock(path: &Path, trust: Trust<'_>) -> Result<Lock, CoreBankingError> {
    if fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
        && let Some(refusal) = trust.refusal(path, "the file is missing")
    {
        return Err(refusal);
    }
    sqlite::prepare_files(path)?;
    let lock = Lock::acquire(path).context("locking", &Lock::path(path))?;
    lock.ok_or_else(|| CoreBankingError::InUse(path.to_owned()))
}

/// Reads the books of a ledger by currency. The ledger may be in use. The rows are not proven ([`verify_ledger`]).
///
/// # Errors
/// If the file can't be read, is not a ledger, or has a row that is not a change of a ledger.
pub fn books(path: &Path) -> Result<BooksByCurrency, CoreBankingError> {
    reading(path, |db| proof::sum_books(db, path))
}

/// Opens a ledger for reading, in one transaction, so that all values are of the same moment.
fn reading<T>(
    path: &Path,
    read: impl FnOnce(&Connection) -> Result<T, CoreBankingError>,
) -> Result<T, CoreBankingError> {
    sqlite::check_files(path, Access::Evidence)?;
    let mut db = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    if check_is_new(&db, path)? {
        return Err(CoreBankingError::Foreign(path.to_owned()));
    }
    let transaction = db.transaction().context("reading the ledger", path)?;
    read(&transaction)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, CoreBankingError> {
    let action = "opening the ledger";
    let db = sqlite::connect(path, flags).context(action, path)?;
    db.pragma_update(None, "trusted_schema", false).context(action, path)?;
    Ok(db)
}

fn create(db: &Connection) -> rusqlite::Result<()> {
    let transaction = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    schema::create(&transaction)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

fn data_version(db: &Connection) -> rusqlite::Result<i64> {
    db.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
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
