//! Whether the index has what the rows have: sums over both, that don't depend on an order.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::{Head, path_of};
use crate::journal::error::{During, JournalError};
use crate::journal::store::{Link, Store, number, summary};

/// An audit of an index, made beside a pass over the rows.
pub(in crate::journal) struct Audit {
    db: Connection,
    store: std::path::PathBuf,
    head: Head,
    left_out: u64,
    /// Over the rows up to the index's head.
    sum: u64,
    /// Whether all was found that is looked up.
    agrees: bool,
}

/// The part of some rows of a transfer.
pub(super) fn rows(id: u128, seqs: impl Iterator<Item = u64>) -> u64 {
    seqs.map(|seq| part((id, seq))).fold(0, u64::wrapping_add)
}

fn part(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

impl Audit {
    /// The audit of the index of a store; `None` if there is none that can be read.
    pub(in crate::journal) fn open(store: &Path) -> Option<Self> {
        let db = super::open_to_read(store).ok()?;
        let state = super::state(&db).ok()?;
        let (head, left_out) = (state.head, state.left_out);
        Some(Self { db, store: store.to_owned(), head, left_out, sum: 0, agrees: true })
    }

    /// Takes in a row that is sound.
    pub(in crate::journal) fn take(
        &mut self,
        file: &Path,
        link: &Link,
    ) -> Result<(), JournalError> {
        if link.seq > self.head.count || file != self.store {
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
        let Some((numbers, second)) = link.row.numbers.and_then(|n| Some((n, n.second?))) else {
            return Ok(());
        };
        let found: Option<[u8; 16]> = self
            .db
            .prepare_cached("SELECT id FROM traces WHERE second = ?1 AND stan = ?2")
            .and_then(|mut find| {
                find.query_row((second, numbers.stan.number()), |row| row.get(0)).optional()
            })
            .during("looking up a trace", &path_of(&self.store))?;
        // Of a transfer whose beginning is archived there is none.
        self.agrees &= found.map_or(self.left_out != 0, |found| found == id.to_be_bytes());
        Ok(())
    }

    /// Whether the index has what the rows have, no more and no less.
    pub(in crate::journal) fn agrees(self, store: &Store) -> Result<bool, JournalError> {
        let path = path_of(&self.store);
        let doing = "reading the index";
        let sql = "SELECT id, rows, state, open, direction, own, other, amount, currency, bank FROM transfers";
        let mut sum = self.left_out;
        let mut agrees = self.agrees;
        let mut find = self.db.prepare(sql).during(doing, &path)?;
        let mut rows = find.query([]).during(doing, &path)?;
        while let Some(row) = rows.next().during(doing, &path)? {
            let read = || -> rusqlite::Result<_> {
                Ok((
                    number(row, 0)?,
                    row.get_ref(1)?.as_blob()?,
                    row.get_ref(2)?.as_str()?,
                    row.get(3)?,
                    summary(row, 4)?,
                ))
            };
            let (id, seqs, state, open, summary): (_, _, _, bool, _) =
                read().during(doing, &path)?;
            let (seqs, rest) = seqs.as_chunks::<8>();
            let mut seqs = seqs.iter().map(|seq| u64::from_be_bytes(*seq));
            sum = sum.wrapping_add(self::rows(id, seqs.clone())).wrapping_add(part((id, &summary)));
            let last = store.state(seqs.next_back().unwrap_or(0))?;
            agrees &= rest.is_empty() && last == Some((state.to_owned(), open));
        }
        Ok(agrees && sum == self.sum)
    }
}
