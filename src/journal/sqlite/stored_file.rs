//! A store or an archive that is read from its batches. They are only read, so a running program continues beside it.

use std::io::ErrorKind;
use std::path::Path;

use super::control::check_end;
use super::lookups::LookupAudit;
use super::store::{CONTROL_BATCHES, Store, lookups_folder};
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::line::{self, LineRow};
use crate::journal::metadata::{self, MetadataValues};
use crate::journal::port::{Derived, StoredChain};
use crate::journal::row::{ChainedRow, Row};
use crate::journal::sealed::SealedRows;
use crate::private_files::Access;
use crate::signing::{ChainId, Head, SignedStatement, StoredBatch};
use crate::sqlite::{self, Lock};
use crate::values::TransferId;

/// Batches that one read returns at most. A long read would keep the log of a store in use from restarting.
const READ_BATCHES: u64 = 256;

/// The file, opened for reading.
pub(in crate::journal) struct StoredFile {
    store: Store,
    is_archive: bool,
}

impl StoredFile {
    /// Opens a store.
    pub(in crate::journal) fn open(path: &Path) -> Result<Self, JournalError> {
        Self::open_as(path, false)
    }

    /// Opens an archive.
    pub(in crate::journal) fn open_archive(path: &Path) -> Result<Self, JournalError> {
        Self::open_as(path, true)
    }

    fn open_as(path: &Path, is_archive: bool) -> Result<Self, JournalError> {
        sqlite::check_files(path, Access::Evidence)?;
        Ok(Self { store: Store::open_to_read(path)?, is_archive })
    }
}

impl StoredChain for StoredFile {
    fn path(&self) -> &Path {
        &self.store.path
    }

    fn chain_id(&self) -> ChainId {
        self.store.chain_id
    }

    fn begin(&self) -> Result<Head, JournalError> {
        let first = self.store.first()?;
        let signed = first.and_then(|batch| SignedStatement::parse(&batch.statement).ok());
        Ok(signed.map(|signed| signed.statement.before).unwrap_or_default())
    }

    fn batches_after(
        &self,
        number: u64,
        limit: u64,
        each: &mut dyn FnMut(StoredBatch) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        self.store.batches_after(number, limit, each)
    }

    fn control_batches_after(
        &self,
        number: u64,
        limit: u64,
        each: &mut dyn FnMut(StoredBatch) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        self.store.read_after(CONTROL_BATCHES, (number, limit), each)
    }

    fn transfer(&self, id: TransferId) -> Result<Vec<ChainedRow>, JournalError> {
        if id == Row::JOURNAL {
            return Ok(Vec::new());
        }
        let name = id.to_string();
        let mut rows = Vec::new();
        let mut last = 0;
        loop {
            let before = last;
            self.store.batches_after(before, READ_BATCHES, |stored| {
                last = stored.first;
                if !stored.rows.contains(&name) {
                    return Ok(());
                }
                let batch = self.store.linked(stored)?;
                let mut head = batch.signed.statement.before;
                for (number, text) in batch.numbered() {
                    head = head.after(text.as_bytes());
                    let LineRow { previous, row, .. } = line::read(text).map_err(|error| {
                        JournalError::damaged(&self.store.path, format!("row {number}: {error}"))
                    })?;
                    if row.id == id {
                        rows.push(ChainedRow { head, previous, row });
                    }
                }
                Ok(())
            })?;
            if last == before {
                return Ok(rows);
            }
        }
    }

    fn sealed(&self, first: u64) -> Result<SealedRows, JournalError> {
        Ok(self.store.sealed(first)?.unwrap_or_default())
    }

    fn month_keys(&self) -> Result<Vec<(String, Vec<u8>)>, JournalError> {
        self.store.month_keys()
    }

    fn orphaned_personal(&self) -> Result<Option<i64>, JournalError> {
        self.store.orphaned_personal()
    }

    fn last_row(&self) -> Result<u64, JournalError> {
        let last = self.store.last()?;
        Ok(last.map_or(0, |batch| batch.last()))
    }

    fn end(&self) -> Result<Option<(SignedStatement, MetadataValues)>, JournalError> {
        let (db, path) = (&self.store.db, &self.store.path);
        let snapshot = db.unchecked_transaction().context("reading the head of", path)?;
        let (last, values) = (self.store.last()?, self.store.metadata()?);
        let last_act = self.store.last_control()?;
        drop(snapshot);
        let Some(last) = last else {
            return check_end(&self.store, &values, last_act).map(|_| None);
        };
        let batch = self.store.linked(last)?;
        if !self.is_archive && batch.signed.statement.metadata != metadata::hash(&values) {
            return Err(JournalError::damaged(path, "metadata: differs from what was signed"));
        }
        if !self.is_archive {
            check_end(&self.store, &values, last_act)?;
        }
        Ok(Some((batch.signed, values)))
    }

    fn derived_audit(&self) -> Result<Derived, JournalError> {
        // A store without a lock file was never in use.
        let path = &self.store.path;
        let _lock = match Lock::acquire_to_read(path) {
            Ok(None) => return Ok(Derived::InUse),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            lock => lock.context("locking", &Lock::path(path))?,
        };
        let audit = LookupAudit::open(&lookups_folder(path), self.begin()?.count)?;
        Ok(audit.map_or(Derived::Nothing, |audit| Derived::Audit(Box::new(audit))))
    }

    fn check_schema(&self) -> Result<(), JournalError> {
        self.store.check_schema()?;
        self.store.check_tables()?;
        if self.is_archive && self.store.last_control()?.is_some() {
            return Err(JournalError::damaged(
                &self.store.path,
                "control rows: an archive has none",
            ));
        }
        if self.is_archive && !self.store.metadata()?.is_empty() {
            return Err(JournalError::damaged(&self.store.path, "metadata: an archive has none"));
        }
        Ok(())
    }
}
