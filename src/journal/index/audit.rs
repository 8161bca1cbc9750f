//! Whether the index has what the rows have: sums over both, that don't depend on an order.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};

use super::{Head, path_of, seqs};
use crate::journal::error::{During, JournalError};
use crate::journal::store::{Link, Store, number, summary};

/// An audit of an index, made beside a pass over the rows.
pub(in crate::journal) struct Audit {
    db: Connection,
    path: PathBuf,
    /// Where the store begins; the rows up to here are of archives.
    anchor: Head,
    head: Head,
    /// Over the rows up to the index's head.
    sum: u64,
    /// Whether all was found that is looked up.
    agrees: bool,
}

/// A part of a sum.
fn part(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

impl Audit {
    /// The audit of the index of a store; `None` if there is none that can be read, or rows were archived since.
    pub(in crate::journal) fn open(store: &Path, anchor: Head) -> Option<Self> {
        let db = super::open_to_read(store).ok()?;
        let state = super::state(&db).ok().filter(|state| state.anchor == anchor.count)?;
        Some(Self { db, path: path_of(store), anchor, head: state.head, sum: 0, agrees: true })
    }

    /// Takes in a row that is sound.
    pub(in crate::journal) fn take(&mut self, link: &Link) -> Result<(), JournalError> {
        if link.seq <= self.anchor.count || link.seq > self.head.count {
            return Ok(());
        }
        let id = link.row.id.0;
        self.sum = self.sum.wrapping_add(part((id, link.seq)));
        if let Some(begins) = &link.row.begins {
            self.sum = self.sum.wrapping_add(part((id, &begins.summary)));
        }
        if link.seq == self.head.count {
            self.agrees &= link.hash == self.head.hash;
        }
        self.take_trace(link).during("looking up a trace", &self.path)
    }

    fn take_trace(&mut self, link: &Link) -> rusqlite::Result<()> {
        let Some(numbers) = link.row.numbers else { return Ok(()) };
        let Some(second) = numbers.second else { return Ok(()) };
        let sql = "SELECT id = ?3 FROM traces WHERE second = ?1 AND stan = ?2
            UNION ALL SELECT 1 FROM left_out WHERE seq = ?4";
        let id = link.row.id.0.to_be_bytes();
        let mut find = self.db.prepare_cached(sql)?;
        let found = find.query_row((second, numbers.stan.number(), id, link.seq), |row| row.get(0));
        self.agrees &= found.optional()? == Some(true);
        Ok(())
    }

    /// Whether the index has what the rows have, no more and no less.
    pub(in crate::journal) fn agrees(self, store: &Store) -> Result<bool, JournalError> {
        let mut sum = 0;
        let ends = self.add_transfers(store, &mut sum).and_then(|ends| {
            self.add_left_out(&mut sum)?;
            Ok(ends)
        });
        let ends = ends.during("reading the index", &self.path)?;
        Ok(self.agrees && ends && sum == self.sum)
    }

    /// Adds what the index has of transfers; says whether each ends as its last row says.
    fn add_transfers(&self, store: &Store, sum: &mut u64) -> rusqlite::Result<bool> {
        let sql = "SELECT id, rows, state, open, direction, own, other, amount, currency, bank FROM transfers";
        let mut agrees = true;
        let mut find = self.db.prepare(sql)?;
        let mut rows = find.query([])?;
        while let Some(row) = rows.next()? {
            let id = number(row, 0)?;
            let seqs = seqs(row.get_ref(1)?.as_blob()?);
            let last = seqs.clone().next_back().unwrap_or(0);
            agrees &= store.state(last)? == Some((row.get(2)?, row.get(3)?));
            *sum = sum.wrapping_add(part((id, &summary(row, 4)?)));
            *sum = seqs.map(|seq| part((id, seq))).fold(*sum, u64::wrapping_add);
        }
        Ok(agrees)
    }

    fn add_left_out(&self, sum: &mut u64) -> rusqlite::Result<()> {
        let mut find = self.db.prepare("SELECT seq, id FROM left_out")?;
        let mut rows = find.query([])?;
        while let Some(row) = rows.next()? {
            *sum = sum.wrapping_add(part((number(row, 1)?, row.get::<_, u64>(0)?)));
        }
        Ok(())
    }
}
