//! A store or an archive that is read from its rows. Nothing is written, so a running program continues beside it.

use std::collections::BTreeSet;
use std::path::Path;

use super::index::{open_to_read, path_of, rows_of, state};
use super::index_audit::IndexAudit;
use super::store::{READ_ROWS, Store, lock_store};
use crate::journal::chain::{Chain, Head};
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::port::{DerivedAudit, StoredChain};
use crate::journal::row::ChainedRow;
use crate::sqlite::Lock;
use crate::values::TransferId;

/// The file, opened for reading.
pub(in crate::journal) struct StoredFile {
    store: Store,
    /// The lock of a store that no process holds, if it was asked for.
    lock: Option<Lock>,
}

impl StoredFile {
    /// Opens a file without its lock.
    pub(in crate::journal) fn open(path: &Path) -> Result<Self, JournalError> {
        Ok(Self { store: Store::open_to_read(path)?, lock: None })
    }

    /// Opens a file, with its lock if no process holds it.
    pub(in crate::journal) fn open_locked(path: &Path) -> Result<Self, JournalError> {
        let lock = lock_store(path).ok();
        Ok(Self { store: Store::open_to_read(path)?, lock })
    }
}

impl StoredChain for StoredFile {
    fn path(&self) -> &Path {
        &self.store.path
    }

    fn anchor(&self) -> Head {
        self.store.anchor
    }

    fn rows_after(
        &self,
        seq: u64,
        limit: u64,
        each: &mut dyn FnMut(ChainedRow) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        self.store.rows_after(seq, limit, each)
    }

    fn scan_transfers(
        &self,
        range: (u64, u64, u64),
        each: &mut dyn FnMut(TransferId, bool, bool),
    ) -> Result<u64, JournalError> {
        self.store.scan_transfers(range, each).context("reading the rows of", &self.store.path)
    }

    fn has_rows_to(&self, seq: u64) -> Result<bool, JournalError> {
        self.store.has_rows_to(seq)
    }

    /// Rows that the index lacks are searched for in the store; all rows, if the index is missing or of another chain.
    fn transfer(&self, id: TransferId) -> Result<Vec<ChainedRow>, JournalError> {
        let rows = &self.store;
        let index = open_to_read(&rows.path).ok();
        let index = index.and_then(|index| Some((state(&index).ok()?.head, index)));
        // The index's head is read before its rows: a row indexed meanwhile is found twice rather than missed.
        let (mut last, mut seqs) = match index {
            Some((head, index)) if rows.hash_of(head.count)? == Some(head.hash) => {
                (head.count, rows_of(&index, &path_of(&rows.path), id)?)
            }
            _ => (rows.anchor.count, BTreeSet::new()),
        };
        loop {
            let from = last;
            rows.rows_after(from, READ_ROWS, |chained| {
                last = chained.head.count;
                seqs.extend((chained.row.id == id).then_some(last));
                Ok(())
            })?;
            if last == from {
                break;
            }
        }
        seqs.into_iter().map(|seq| rows.row(seq)).collect()
    }

    fn metadata_at_last_row(
        &self,
        name: &str,
    ) -> Result<(u64, Result<Option<Vec<u8>>, JournalError>), JournalError> {
        let store = &self.store;
        let snapshot = store.db.unchecked_transaction().context("reading metadata", &store.path)?;
        let last = store.last()?.unwrap_or(store.anchor.count);
        let metadata = store.metadata(Chain::Transfers, name);
        drop(snapshot);
        Ok((last, metadata))
    }

    fn check_metadata(&self) -> Result<(), JournalError> {
        self.store.check_metadata()
    }

    fn derived_audit(&self) -> Option<Box<dyn DerivedAudit>> {
        // While another process holds the store, the index changes.
        self.lock.as_ref()?;
        IndexAudit::open(&self.store.path).map(|audit| Box::new(audit) as Box<dyn DerivedAudit>)
    }
}
