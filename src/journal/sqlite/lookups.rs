//! The look-ups: where the rows of a key, of a transfer, of trace numbers and of an RRN stand, and which transfers are open.
//!
//! An entry is a number of 128 bits, made of what is looked up, and a row. Such numbers have no order, so a sorted table
//! would touch another page for each. The newest entries stay in memory and are then sealed into runs: sorted files that never
//! change. A filter in memory rules out most runs, and runs are merged to keep their number small.
//!
//! Everything here is derived from the rows. A run carries a code under a key that only the holder of the record key knows, and
//! names the head of the chain that it reaches: what is missing, altered or of another chain is rebuilt at a start, and never
//! used. While the program runs, each part that is read is compared with its hash in memory.

mod audit;
mod entry;
mod filter;
mod run;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::journal::error::{ErrorContext, JournalError};
use crate::private_files::{self, Access, FileFault};
use crate::signing::Head;
use crate::values::TransferId;
pub(super) use audit::LookupAudit;
pub(super) use entry::{LookupKey, RowOutline};
use run::{Run, RunContent, Span};

/// Entries in memory at which they are sealed into a run.
const SEAL_AT: usize = 65_536;

/// Entries in memory at which the writer waits for a seal.
pub(super) const ENTRIES_MAX: usize = 16 * SEAL_AT;

/// Runs of similar size at which they are merged.
const MERGE_AT: usize = 8;

/// An entry: the key, and the row.
type Entry = (u128, u64);

/// The open transfers by id, each with its last row.
pub(super) type OpenTransfers = HashMap<u128, u64>;

/// The look-ups of a store.
#[derive(Debug)]
pub(super) struct Lookups {
    folder: PathBuf,
    /// Makes the codes of the runs. Secret.
    code_key: [u8; 32],
    newest: BTreeSet<Entry>,
    /// The entries that a seal job is writing to a run.
    sealing: Arc<BTreeSet<Entry>>,
    /// The runs from the oldest rows to the newest, without a gap.
    runs: Vec<Arc<Run>>,
    open: OpenTransfers,
    /// All rows up to here are included.
    head: Head,
    /// The rows up to here are archived.
    archived: u64,
}

/// Entries to be written to a run.
#[derive(Debug)]
pub(super) struct SealJob {
    folder: PathBuf,
    code_key: [u8; 32],
    entries: Arc<BTreeSet<Entry>>,
    open: Vec<Entry>,
    span: Span,
}

/// Runs to be merged.
#[derive(Debug)]
pub(super) struct MergeJob {
    folder: PathBuf,
    code_key: [u8; 32],
    runs: Vec<Arc<Run>>,
    span: Span,
    archived: u64,
}

impl Lookups {
    /// Opens the runs in a folder that are whole and ours. The caller must then add the rows after [`Lookups::head`]. `check_head`
    /// checks that the store has a batch that ends with a head: a run of ours whose head it lacks proves that it lost rows.
    pub(super) fn open(
        folder: PathBuf,
        code_key: [u8; 32],
        anchor: Head,
        check_head: impl Fn(Head) -> Result<(), JournalError>,
    ) -> Result<Self, JournalError> {
        match private_files::check_folder(&folder, Access::Secret) {
            Err(FileFault::Missing(_)) => private_files::create_folder(&folder)?,
            checked => checked?,
        }
        let mut lookups = Self {
            folder,
            code_key,
            newest: BTreeSet::new(),
            sealing: Arc::default(),
            runs: Vec::new(),
            open: OpenTransfers::new(),
            head: anchor,
            archived: anchor.count,
        };
        for path in run::incomplete(&lookups.folder)? {
            std::fs::remove_file(&path).context("removing", &path)?;
        }
        for path in run::list(&lookups.folder)? {
            let run = Run::load(&path, Some(&code_key))?;
            let run = run.filter(|run| run.span.continues_from(lookups.head.count));
            match run {
                Some(run) => {
                    check_head(run.span.last)?;
                    lookups.head = run.span.last;
                    lookups.runs.push(Arc::new(run));
                }
                // The source of a merge, a file that a crash left, or a run that is not ours.
                None => std::fs::remove_file(&path).context("removing", &path)?,
            }
        }
        if let Some(last) = lookups.runs.last() {
            lookups.open = last.open()?.into_iter().collect();
        }
        Ok(lookups)
    }

    /// Returns whether a folder has runs.
    pub(super) fn has_runs(folder: &Path) -> Result<bool, JournalError> {
        Ok(folder.exists() && !run::list(folder)?.is_empty())
    }

    /// Returns the head up to which all rows are included.
    pub(super) const fn head(&self) -> Head {
        self.head
    }

    /// Returns the last row of an open transfer.
    pub(super) fn last_open_row(&self, id: TransferId) -> Option<u64> {
        self.open.get(&id.0).copied()
    }

    /// Returns the ids of the open transfers, in order.
    pub(super) fn open_ids(&self) -> BTreeSet<u128> {
        self.open.keys().copied().collect()
    }

    /// Returns whether the writer should wait, because too many entries are in memory.
    pub(super) fn is_full(&self) -> bool {
        self.newest.len() >= ENTRIES_MAX
    }

    /// Returns the last row that has a key.
    pub(super) fn newest(&self, key: LookupKey) -> Result<Option<u64>, JournalError> {
        let range = key.range();
        let in_memory =
            |entries: &BTreeSet<Entry>| entries.range(range.clone()).next_back().copied();
        if let Some((_, row)) = in_memory(&self.newest).or_else(|| in_memory(&self.sealing)) {
            return Ok(Some(row));
        }
        // The newest run first: what an archived row had is free, and a later row may have it again.
        for run in self.runs.iter().rev() {
            if let Some(row) = run.find(key)?.last() {
                return Ok((*row > self.archived).then_some(*row));
            }
        }
        Ok(None)
    }

    /// Returns all rows that have a key, in order.
    pub(super) fn all(&self, key: LookupKey) -> Result<BTreeSet<u64>, JournalError> {
        let mut rows = BTreeSet::new();
        for run in &self.runs {
            rows.extend(run.find(key)?);
        }
        for entries in [&self.newest, &*self.sealing] {
            rows.extend(entries.range(key.range()).map(|(_, row)| *row));
        }
        rows.retain(|row| *row > self.archived);
        Ok(rows)
    }

    /// Adds rows up to `head`.
    pub(super) fn extend<'r>(
        &mut self,
        rows: impl IntoIterator<Item = &'r RowOutline>,
        head: Head,
    ) {
        for row in rows {
            row.apply(&mut self.open);
            self.newest.extend(row.entries());
        }
        self.head = head;
    }

    /// Seals the newest entries into a run, if there are enough, while nothing else uses the look-ups.
    pub(super) fn seal_if_due(&mut self) -> Result<(), JournalError> {
        if let Some(seal_job) = self.begin_seal() {
            let run = seal_job.write()?;
            self.end_seal(run);
        }
        Ok(())
    }

    /// Merges runs while there are enough of them, while nothing else uses the look-ups.
    pub(super) fn merge_if_due(&mut self) -> Result<(), JournalError> {
        while let Some(merge_job) = self.begin_merge() {
            let run = merge_job.write(&AtomicBool::new(false))?;
            self.end_merge(run);
            merge_job.remove_sources()?;
        }
        Ok(())
    }

    /// Starts to seal the newest entries, if there are enough of them and no seal is running.
    pub(super) fn begin_seal(&mut self) -> Option<SealJob> {
        if self.newest.len() < SEAL_AT || !self.sealing.is_empty() {
            return None;
        }
        self.sealing = Arc::new(std::mem::take(&mut self.newest));
        let first = self.runs.last().map_or(self.archived, |run| run.span.last.count) + 1;
        let mut open: Vec<_> = self.open.iter().map(|(id, row)| (*id, *row)).collect();
        open.sort_unstable();
        Some(SealJob {
            folder: self.folder.clone(),
            code_key: self.code_key,
            entries: Arc::clone(&self.sealing),
            open,
            span: Span { first, last: self.head },
        })
    }

    /// Adds the sealed run.
    pub(super) fn end_seal(&mut self, run: Run) {
        self.runs.push(Arc::new(run));
        self.sealing = Arc::default();
    }

    /// Starts to merge the newest group of runs of similar size, if a group is large enough.
    pub(super) fn begin_merge(&self) -> Option<MergeJob> {
        let size = |run: &Run| (run.len() / SEAL_AT).max(1).ilog(MERGE_AT);
        let mut groups = self.runs.chunk_by(|run, next| size(run) == size(next)).rev();
        let runs = groups.find(|runs| runs.len() >= MERGE_AT)?;
        let (folder, archived) = (self.folder.clone(), self.archived);
        let span = Span { first: runs.first()?.span.first, last: runs.last()?.span.last };
        Some(MergeJob { folder, code_key: self.code_key, runs: runs.to_vec(), span, archived })
    }

    /// Replaces the sources of a merge with the merged run. Runs that were sealed meanwhile stay.
    pub(super) fn end_merge(&mut self, run: Run) {
        let before = |row: u64| self.runs.partition_point(|old| old.span.first < row);
        let merged = before(run.span.first)..before(run.span.last.count);
        self.runs.splice(merged, [Arc::new(run)]);
    }
}

impl SealJob {
    /// Writes the run.
    pub(super) fn write(self) -> Result<Run, JournalError> {
        let Self { folder, code_key, entries, open, span } = self;
        let (len, entries) = (entries.len(), entries.iter().copied().map(Ok));
        Run::write(&folder, &code_key, RunContent { span, len, entries, open: &open })
    }
}

impl MergeJob {
    /// Writes the merged run. The next start removes a run that was not completed.
    ///
    /// # Errors
    /// [`JournalError::Closed`] if `give_up` was set meanwhile.
    pub(super) fn write(&self, give_up: &AtomicBool) -> Result<Run, JournalError> {
        let len = self.runs.iter().map(|run| run.len()).sum();
        let entries = run::merge(&self.runs, self.archived)?;
        let may_continue = || !give_up.load(Ordering::Relaxed);
        let entries =
            entries.map(|entry| if may_continue() { entry } else { Err(JournalError::Closed) });
        let open = self.runs.last().map_or(Ok(Vec::new()), |last| last.open())?;
        let content = RunContent { span: self.span, len, entries, open: &open };
        Run::write(&self.folder, &self.code_key, content)
    }

    /// Removes the source runs after nothing reads them any more. After a crash before this, the next start removes
    /// them.
    pub(super) fn remove_sources(self) -> Result<(), JournalError> {
        self.runs.into_iter().try_for_each(|run| run.remove())
    }
}

#[cfg(test)]
mod tests;
