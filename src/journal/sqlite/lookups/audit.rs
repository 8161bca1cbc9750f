//! Compares the runs of the look-ups with the rows, by sums over both that do not depend on the order. It needs no secret of the
//! store. Entries that were chosen for their sum do not help an attacker, because each audit sums with other random numbers.

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use super::run::{self, Run};
use super::{OpenTransfers, RowOutline};
use crate::journal::error::JournalError;
use crate::journal::port::DerivedAudit;
use crate::journal::row::Row;

/// An audit of the look-ups, run beside a pass over the rows.
pub(in crate::journal::sqlite) struct LookupAudit {
    folder: PathBuf,
    /// The rows up to here are archived.
    archived: u64,
    /// The last row that the runs cover.
    last: u64,
    /// Makes the terms of the sums.
    terms: RandomState,
    /// The sum over the entries of the runs, and that over those of the rows so far.
    sums: (u64, u64),
    /// Whether the entries of each run are in order, none twice. A look-up misses others.
    is_sorted: bool,
    /// The transfers that are open after the last row, as the last run has them, and so far.
    open: (OpenTransfers, OpenTransfers),
}

impl LookupAudit {
    /// Reads the runs of a folder. `None` if there are none.
    pub(in crate::journal::sqlite) fn open(
        folder: &Path,
        archived: u64,
    ) -> Result<Option<Self>, JournalError> {
        let mut audit = Self {
            folder: folder.to_owned(),
            archived,
            last: archived,
            terms: RandomState::new(),
            sums: (0, 0),
            is_sorted: true,
            open: (OpenTransfers::new(), OpenTransfers::new()),
        };
        if !folder.exists() {
            return Ok(None);
        }
        let mut open = Vec::new();
        for path in run::list(folder)? {
            // A start drops what is incomplete or does not continue.
            let run = Run::load(&path, None)?;
            let Some(run) = run.filter(|run| run.span.continues_from(audit.last)) else { continue };
            let mut before = None;
            for entry in run.entries() {
                let entry = entry?;
                audit.is_sorted &= before < Some(entry);
                before = Some(entry);
                if entry.1 > archived {
                    audit.sums.0 = audit.sums.0.wrapping_add(audit.terms.hash_one(entry));
                }
            }
            audit.last = run.span.last.count;
            open = run.open()?;
        }
        audit.open.0 = open.into_iter().filter(|(_, row)| *row > archived).collect();
        Ok((audit.last > archived).then_some(audit))
    }

    fn differs(&self) -> JournalError {
        let detail = "the look-ups do not match the rows; remove the folder, and the next start makes them again";
        JournalError::damaged(&self.folder, detail)
    }
}

impl DerivedAudit for LookupAudit {
    fn add_row(&mut self, number: u64, row: &Row) {
        if number <= self.archived || number > self.last {
            return;
        }
        let outline = RowOutline::new(row, number);
        outline.apply(&mut self.open.1);
        let terms = outline.entries().map(|entry| self.terms.hash_one(entry));
        self.sums.1 = terms.fold(self.sums.1, u64::wrapping_add);
    }

    fn check(&self) -> Result<(), JournalError> {
        let is_equal = self.sums.0 == self.sums.1 && self.open.0 == self.open.1;
        if is_equal && self.is_sorted { Ok(()) } else { Err(self.differs()) }
    }
}
