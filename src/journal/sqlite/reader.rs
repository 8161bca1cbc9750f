//! Readers: look-ups on separate connections, beside the writer. A durable row is visible at once: a reader searches the
//! rows that the index lacks as well.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use super::columns::read_u128;
use super::index::{inbound_ids, open_ids, open_to_read, path_of, rows_of};
use super::search::{first_id, search};
use super::shared::{CommittedGroup, CommittedRow, Shared};
use super::store::Store;
use crate::journal::chain::Chain;
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::port::{Reader, TransferIter};
use crate::journal::row::{InboundReference, Row};
use crate::journal::search::{Page, Query};
use crate::values::{IdempotencyKey, Institution, Moment, Rrn, Stan, TransferId};

/// A reader of the journal of this process.
pub(super) struct SqliteReader {
    store: Store,
    index: Connection,
    path: PathBuf,
    shared: Arc<Shared>,
}

impl SqliteReader {
    pub(super) fn open(store: &Path, shared: Arc<Shared>) -> Result<Self, JournalError> {
        let index = open_to_read(store)?;
        Ok(Self { index, path: path_of(store), store: Store::open_to_read(store)?, shared })
    }

    fn row_of(&self, id: TransferId, seq: u64) -> Result<Row, JournalError> {
        let row = self.store.row(seq)?.row;
        if row.id == id {
            return Ok(row);
        }
        let detail =
            format!("row {seq} belongs to another transfer; remove the index to rebuild it");
        Err(JournalError::damaged(&self.path, detail))
    }

    fn indexed_trace(
        &self,
        transmission_second: u64,
        stan: Stan,
    ) -> Result<Option<u128>, JournalError> {
        self.index
            .prepare_cached("SELECT id FROM traces WHERE transmission_second = ?1 AND stan = ?2")
            .and_then(|mut find| {
                find.query_row((transmission_second, stan.number()), |row| read_u128(row, 0))
                    .optional()
            })
            .context("looking up trace numbers in", &self.path)
    }
}

impl Reader for SqliteReader {
    fn transfer(&self, id: TransferId) -> Result<Vec<Row>, JournalError> {
        // The unindexed rows are read before the index: a row indexed meanwhile is found twice rather than missed.
        let unindexed = self.shared.unindexed();
        let mut seqs = rows_of(&self.index, &self.path, id)?;
        seqs.extend(rows(&unindexed).filter(|row| row.id == id).map(|row| row.seq));
        let rows =
            seqs.into_iter().map(|seq| self.row_of(id, seq)).collect::<Result<Vec<_>, _>>()?;
        // If the transfer started in the archive, its rows here can't be interpreted without the archived ones.
        Ok(if rows.first().is_some_and(|row| row.start.is_some()) { rows } else { Vec::new() })
    }

    fn by_key(&self, key: IdempotencyKey) -> Result<Vec<Row>, JournalError> {
        match self.shared.find_key(key)? {
            Some(seq) => self.transfer(self.store.row(seq)?.row.id),
            None => Ok(Vec::new()),
        }
    }

    fn by_trace(&self, transmission_second: u64, stan: Stan) -> Result<Vec<Row>, JournalError> {
        let unindexed = self.shared.unindexed();
        let has_trace = |row: &&CommittedRow| {
            row.trace.is_some_and(|trace| {
                trace.transmission_second == Some(transmission_second) && trace.stan == stan
            })
        };
        let newest = rows(&unindexed).filter(has_trace).last().map(|row| row.id.0);
        let id = newest
            .map_or_else(|| self.indexed_trace(transmission_second, stan), |id| Ok(Some(id)))?;
        id.map_or(Ok(Vec::new()), |id| self.transfer(TransferId(id)))
    }

    fn by_inbound_reference(
        &self,
        bank: Institution,
        rrn: Rrn,
        since: Moment,
        limit: usize,
    ) -> Result<Vec<Vec<Row>>, JournalError> {
        let (reference, first) = (InboundReference::new(bank, rrn), first_id(since));
        let unindexed = self.shared.unindexed();
        let is_same = |row: &&CommittedRow| {
            row.id.0 >= first && row.inbound_reference().is_some_and(|other| other.is(&reference))
        };
        let indexed = inbound_ids(&self.index, &self.path, &reference, first, limit)?;
        let mut ids: BTreeSet<u128> = indexed.into_iter().collect();
        ids.extend(rows(&unindexed).filter(is_same).map(|row| row.id.0));
        let newest = ids.into_iter().rev().take(limit);
        newest.map(|id| self.transfer(TransferId(id))).collect()
    }

    fn open_transfers(&self) -> Result<TransferIter<'_>, JournalError> {
        let unindexed = self.shared.unindexed();
        let mut ids: BTreeSet<u128> = open_ids(&self.index, &self.path)?.into_iter().collect();
        for row in rows(&unindexed) {
            if row.is_open {
                ids.insert(row.id.0)
            } else {
                ids.remove(&row.id.0)
            };
        }
        let rows = ids.into_iter().map(|id| self.transfer(TransferId(id)));
        Ok(Box::new(rows.filter(|rows| !matches!(rows, Ok(rows) if rows.is_empty()))))
    }

    fn search(&self, query: &Query) -> Result<Page, JournalError> {
        search(&self.index, query).context("searching", &self.path)
    }

    fn metadata(&self, chain: Chain, name: &str) -> Result<Option<Vec<u8>>, JournalError> {
        self.store.metadata(chain, name)
    }
}

/// Returns the rows of some commits.
fn rows(groups: &[Arc<CommittedGroup>]) -> impl Iterator<Item = &CommittedRow> {
    groups.iter().flat_map(|group| &group.rows)
}
