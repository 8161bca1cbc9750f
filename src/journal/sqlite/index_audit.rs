//! Checks the index against the rows, by sums over both that do not depend on the order.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};

use super::columns::{read_summary, read_u128};
use super::index::{open_to_read, path_of, seqs, state};
use super::store::Store;
use crate::journal::chain::Head;
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::port::DerivedAudit;
use crate::journal::row::{ChainedRow, InboundReference};

/// An audit of an index, run beside a pass over the rows.
pub(super) struct IndexAudit {
    db: Connection,
    path: PathBuf,
    /// The store. Its anchor is that of the index: the rows up to there are archived.
    store: Store,
    head: Head,
    /// The sum over the rows up to the index's head.
    sum: u64,
    /// Whether every look-up gave the expected result so far.
    is_matching: bool,
}

/// Returns one term of a sum.
fn term(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

impl IndexAudit {
    /// Opens the audit of a store's index; `None` if the index can't be read, or rows were archived since its update.
    pub(super) fn open(path: &Path) -> Option<Self> {
        let store = Store::open_to_read(path).ok()?;
        let db = open_to_read(path).ok()?;
        let state = state(&db).ok().filter(|state| state.anchor == store.anchor.count)?;
        Some(Self { db, path: path_of(path), store, head: state.head, sum: 0, is_matching: true })
    }

    fn check_trace(&mut self, chained: &ChainedRow) -> rusqlite::Result<()> {
        let Some(trace) = chained.row.trace else { return Ok(()) };
        let Some(transmission_second) = trace.transmission_second else { return Ok(()) };
        let sql = "SELECT id = ?3 FROM traces WHERE transmission_second = ?1 AND stan = ?2
            UNION ALL SELECT 1 FROM left_out WHERE seq = ?4";
        let id = chained.row.id.0.to_be_bytes();
        let mut find = self.db.prepare_cached(sql)?;
        let values = (transmission_second, trace.stan.number(), id, chained.head.count);
        let found = find.query_row(values, |row| row.get(0));
        self.is_matching &= found.optional()? == Some(true);
        Ok(())
    }

    /// Adds the transfers of the index to the sum. Returns whether the state of each is that of its last row.
    fn add_transfers(&self, sum: &mut u64) -> rusqlite::Result<bool> {
        let sql = "SELECT id, rows, state, open, direction, own_account, other_account, amount, currency, bank
            FROM transfers";
        let mut are_equal = true;
        let mut find = self.db.prepare(sql)?;
        let mut rows = find.query([])?;
        while let Some(row) = rows.next()? {
            let id = read_u128(row, 0)?;
            let seqs = seqs(row.get_ref(1)?.as_blob()?);
            let last = seqs.clone().next_back().unwrap_or(0);
            are_equal &= self.store.state(last)? == Some((row.get(2)?, row.get(3)?));
            *sum = sum.wrapping_add(term((id, &read_summary(row, 4)?)));
            *sum = seqs.map(|seq| term((id, seq))).fold(*sum, u64::wrapping_add);
        }
        Ok(are_equal)
    }

    fn add_references(&self, sum: &mut u64) -> rusqlite::Result<()> {
        let mut find = self.db.prepare("SELECT bank, rrn, id FROM inbound_references")?;
        let mut rows = find.query([])?;
        while let Some(row) = rows.next()? {
            let (bank, rrn) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
            *sum = sum.wrapping_add(term((bank, rrn, read_u128(row, 2)?)));
        }
        Ok(())
    }

    fn add_left_out(&self, sum: &mut u64) -> rusqlite::Result<()> {
        let mut find = self.db.prepare("SELECT seq, id FROM left_out")?;
        let mut rows = find.query([])?;
        while let Some(row) = rows.next()? {
            *sum = sum.wrapping_add(term((read_u128(row, 1)?, row.get::<_, u64>(0)?)));
        }
        Ok(())
    }
}

impl DerivedAudit for IndexAudit {
    fn add_row(&mut self, chained: &ChainedRow) -> Result<(), JournalError> {
        let Head { count: seq, hash } = chained.head;
        if seq <= self.store.anchor.count || seq > self.head.count {
            return Ok(());
        }
        let id = chained.row.id.0;
        self.sum = self.sum.wrapping_add(term((id, seq)));
        if let Some(start) = &chained.row.start {
            self.sum = self.sum.wrapping_add(term((id, &start.summary)));
        }
        let (start, trace) = (chained.row.start.as_deref(), chained.row.trace.as_ref());
        if let Some(reference) = InboundReference::of(start, trace) {
            self.sum = self.sum.wrapping_add(term((reference.bank(), reference.rrn.as_str(), id)));
        }
        if seq == self.head.count {
            self.is_matching &= hash == self.head.hash;
        }
        self.check_trace(chained).context("looking up trace numbers in", &self.path)
    }

    fn matches(&self) -> Result<bool, JournalError> {
        let mut sum = 0;
        let are_states_equal = self.add_transfers(&mut sum).and_then(|are_equal| {
            self.add_references(&mut sum)?;
            self.add_left_out(&mut sum)?;
            Ok(are_equal)
        });
        let are_states_equal = are_states_equal.context("reading the index", &self.path)?;
        Ok(self.is_matching && are_states_equal && sum == self.sum)
    }
}
