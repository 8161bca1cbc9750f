//! Readers: look-ups on connections of their own, beside the writer. What is durable is seen at once: what the index
//! doesn't have yet is looked for in the rows that it still lacks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use super::error::{During, JournalError};
use super::index::{open_ids, open_to_read, path_of, seqs};
use super::row::Row;
use super::shared::{Entry, Group, Shared};
use super::store::Store;
use crate::engine::{Begun, Key};
use crate::values::{Stan, TransferId};

mod search;

pub use search::{Found, PAGE_MAX, Page, Query};

/// Looks things up in a journal. Whoever looks up from several threads has several.
pub struct Reader {
    store: Store,
    index: Connection,
    path: PathBuf,
    shared: Arc<Shared>,
}

impl Reader {
    pub(super) fn open(store: &Path, shared: Arc<Shared>) -> Result<Self, JournalError> {
        let index = open_to_read(store)?;
        Ok(Self { index, path: path_of(store), store: Store::open_to_read(store)?, shared })
    }

    /// The rows of a transfer, in their order; none if there is no such transfer, or it is archived.
    ///
    /// # Errors
    /// If the store can't be read, or a row is not as it was written.
    pub fn transfer(&self, id: TransferId) -> Result<Vec<Row>, JournalError> {
        // The index after what it lacks: what it takes in meanwhile is seen twice rather than not at all.
        let unindexed = self.shared.unindexed();
        let rows: Option<Vec<u8>> = self
            .index
            .prepare_cached("SELECT rows FROM transfers WHERE id = ?1")
            .and_then(|mut find| find.query_row([id.0.to_be_bytes()], |row| row.get(0)).optional())
            .during("looking up a transfer", &self.path)?;
        let mut seqs: BTreeSet<u64> = seqs(rows.as_deref().unwrap_or_default()).collect();
        seqs.extend(entries(&unindexed).filter(|entry| entry.id == id).map(|entry| entry.seq));
        let rows =
            seqs.into_iter().map(|seq| self.row_of(id, seq)).collect::<Result<Vec<_>, _>>()?;
        // A transfer that began before the archive ended has rows here that can't be read without those there.
        Ok(if rows.first().is_some_and(|row| row.begins.is_some()) { rows } else { Vec::new() })
    }

    fn row_of(&self, id: TransferId, seq: u64) -> Result<Row, JournalError> {
        let row = self.store.row(seq)?.row;
        if row.id == id {
            return Ok(row);
        }
        let what = format!("row {seq} is another transfer's: remove the index, it is made again");
        Err(JournalError::damaged(&self.path, what))
    }

    /// The rows of the transfer that took a key.
    ///
    /// # Errors
    /// As of [`Reader::transfer`].
    pub fn by_key(&self, key: Key) -> Result<Vec<Row>, JournalError> {
        match self.shared.find_key(key)? {
            Some(seq) => self.transfer(self.store.row(seq)?.row.id),
            None => Ok(Vec::new()),
        }
    }

    /// The rows of the transfer that took any of these keys; if several did, of the one that took the first.
    ///
    /// # Errors
    /// As of [`Reader::transfer`].
    pub fn by_begun(&self, begun: &Begun) -> Result<Vec<Row>, JournalError> {
        let mut found = begun.keys().map(|key| self.by_key(key));
        found.find(|rows| !matches!(rows, Ok(rows) if rows.is_empty())).unwrap_or(Ok(Vec::new()))
    }

    /// The rows of the transfer that had a message of ours with this STAN in this second since 1970.
    ///
    /// # Errors
    /// As of [`Reader::transfer`].
    pub fn by_trace(&self, second: u64, stan: Stan) -> Result<Vec<Row>, JournalError> {
        let unindexed = self.shared.unindexed();
        let is_it = |entry: &&Entry| {
            entry
                .numbers
                .is_some_and(|numbers| numbers.second == Some(second) && numbers.stan == stan)
        };
        let newest = entries(&unindexed).filter(is_it).last().map(|entry| entry.id.0);
        let id = newest.map_or_else(|| self.indexed_trace(second, stan), |id| Ok(Some(id)))?;
        id.map_or(Ok(Vec::new()), |id| self.transfer(TransferId(id)))
    }

    fn indexed_trace(&self, second: u64, stan: Stan) -> Result<Option<u128>, JournalError> {
        self.index
            .prepare_cached("SELECT id FROM traces WHERE second = ?1 AND stan = ?2")
            .and_then(|mut find| {
                let read = |row: &rusqlite::Row<'_>| row.get(0).map(u128::from_be_bytes);
                find.query_row((second, stan.number()), read).optional()
            })
            .during("looking up a trace", &self.path)
    }

    /// The latest second that a message of ours carries; `None` if there is no message.
    ///
    /// # Errors
    /// If the index can't be read.
    pub fn latest_second(&self) -> Result<Option<u64>, JournalError> {
        let unindexed = self.shared.unindexed();
        let indexed: Option<u64> = self
            .index
            .query_row("SELECT max(second) FROM traces", [], |row| row.get(0))
            .during("looking up the latest trace", &self.path)?;
        let newer = entries(&unindexed).filter_map(|entry| entry.numbers?.second).max();
        Ok(indexed.max(newer))
    }

    /// The rows of each open transfer, the oldest first.
    ///
    /// # Errors
    /// As of [`Reader::transfer`], of all that is open and of each transfer.
    pub fn open_transfers(
        &self,
    ) -> Result<impl Iterator<Item = Result<Vec<Row>, JournalError>>, JournalError> {
        let unindexed = self.shared.unindexed();
        let mut ids: BTreeSet<u128> = open_ids(&self.index, &self.path)?.into_iter().collect();
        for entry in entries(&unindexed) {
            if entry.open {
                ids.insert(entry.id.0)
            } else {
                ids.remove(&entry.id.0)
            };
        }
        let rows = ids.into_iter().map(|id| self.transfer(TransferId(id)));
        Ok(rows.filter(|rows| !matches!(rows, Ok(rows) if rows.is_empty())))
    }

    /// The first row of the oldest open transfer that is in the index.
    pub(super) fn first_open(&self) -> Result<Option<u64>, JournalError> {
        let sql = "SELECT min(substr(rows, 1, 8)) FROM transfers WHERE open";
        let first: Option<[u8; 8]> = self
            .index
            .query_row(sql, [], |row| row.get(0))
            .during("looking up what is open", &self.path)?;
        Ok(first.map(u64::from_be_bytes))
    }

    /// The value of a note, if there is one.
    ///
    /// # Errors
    /// If the store can't be read, or the note is not as it was written.
    pub fn note(&self, name: &str) -> Result<Option<Vec<u8>>, JournalError> {
        self.store.note(name)
    }
}

/// The rows of some commits.
fn entries(groups: &[Arc<Group>]) -> impl Iterator<Item = &Entry> {
    groups.iter().flat_map(|group| &group.entries)
}
