//! Checks the index against the rows, by sums over both that do not depend on the order.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};

use super::{Head, path_of, seqs};
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::store::{ChainedRow, Store, read_summary, read_u128};

/// An audit of an index, run beside a pass over the rows.
pub(in crate::journal) struct IndexAudit {
    db: Connection,
    path: PathBuf,
    /// The store's anchor. The rows up to here are archived.
    anchor: Head,
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
    pub(in crate::journal) fn open(store: &Path, anchor: Head) -> Option<Self> {
        let db = super::open_to_read(store).ok()?;
        let state = super::state(&db).ok().filter(|state| state.anchor == anchor.count)?;
        Some(Self { db, path: path_of(store), anchor, head: state.head, sum: 0, is_matching: true })
    }

    /// Adds a verified row.
    pub(in crate::journal) fn add_row(&mut self, chained: &ChainedRow) -> Result<(), JournalError> {
        if chained.seq <= self.anchor.count || chained.seq > self.head.count {
            return Ok(());
        }
        let id = chained.row.id.0;
        self.sum = self.sum.wrapping_add(term((id, chained.seq)));
        if let Some(start) = &chained.row.start {
            self.sum = self.sum.wrapping_add(term((id, &start.summary)));
        }
        if chained.seq == self.head.count {
            self.is_matching &= chained.hash == self.head.hash;
        }
        self.check_trace(chained).context("looking up trace numbers in", &self.path)
    }

    fn check_trace(&mut self, chained: &ChainedRow) -> rusqlite::Result<()> {
        let Some(trace) = chained.row.trace else { return Ok(()) };
        let Some(transmission_second) = trace.transmission_second else { return Ok(()) };
        let sql = "SELECT id = ?3 FROM traces WHERE transmission_second = ?1 AND stan = ?2
            UNION ALL SELECT 1 FROM left_out WHERE seq = ?4";
        let id = chained.row.id.0.to_be_bytes();
        let mut find = self.db.prepare_cached(sql)?;
        let values = (transmission_second, trace.stan.number(), id, chained.seq);
        let found = find.query_row(values, |row| row.get(0));
        self.is_matching &= found.optional()? == Some(true);
        Ok(())
    }

    /// Returns whether the index has exactly what the rows have.
    pub(in crate::journal) fn matches(self, store: &Store) -> Result<bool, JournalError> {
        let mut sum = 0;
        let are_states_equal = self.add_transfers(store, &mut sum).and_then(|are_equal| {
            self.add_left_out(&mut sum)?;
            Ok(are_equal)
        });
        let are_states_equal = are_states_equal.context("reading the index", &self.path)?;
        Ok(self.is_matching && are_states_equal && sum == self.sum)
    }

    /// Adds the transfers of the index to the sum. Returns whether the state of each is that of its last row.
    fn add_transfers(&self, store: &Store, sum: &mut u64) -> rusqlite::Result<bool> {
        let sql = "SELECT id, rows, state, open, direction, own_account, other_account, amount, currency, bank
            FROM transfers";
        let mut are_equal = true;
        let mut find = self.db.prepare(sql)?;
        let mut rows = find.query([])?;
        while let Some(row) = rows.next()? {
            let id = read_u128(row, 0)?;
            let seqs = seqs(row.get_ref(1)?.as_blob()?);
            let last = seqs.clone().next_back().unwrap_or(0);
            are_equal &= store.state(last)? == Some((row.get(2)?, row.get(3)?));
            *sum = sum.wrapping_add(term((id, &read_summary(row, 4)?)));
            *sum = seqs.map(|seq| term((id, seq))).fold(*sum, u64::wrapping_add);
        }
        Ok(are_equal)
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
