//! The index of reserved idempotency keys. Keys are hashes in no order, so a sorted table would touch another page for
//! each key. The newest keys stay in memory and are then sealed into runs: sorted files that never change. A filter in
//! memory rules out most runs for a key, and runs are merged to keep their number small.
//!
//! Everything here is derived from the rows. What is missing or damaged at a start is rebuilt.

mod filter;
mod run;

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::journal::chain::Head;
use crate::journal::error::{ErrorContext, JournalError};
use run::{Run, Span};

/// Keys in memory at which they are sealed into a run.
const SEAL_AT: usize = 65_536;

/// Runs of similar size at which they are merged.
const MERGE_AT: usize = 8;

/// The reserved keys, each with the number of the row that reserved it.
#[derive(Debug)]
pub(super) struct Reservations {
    folder: PathBuf,
    newest: HashMap<u128, u64>,
    /// The keys that a seal job is writing to a run.
    sealing: Arc<HashMap<u128, u64>>,
    /// The runs from the oldest rows to the newest, without a gap.
    runs: Vec<Arc<Run>>,
    /// The keys of all rows up to here are included.
    head: Head,
    /// The rows up to here are archived, and their keys are free.
    archived: u64,
}

/// Keys to be written to a run.
#[derive(Debug)]
pub(super) struct SealJob {
    folder: PathBuf,
    keys: Arc<HashMap<u128, u64>>,
    span: Span,
}

/// Runs to be merged.
#[derive(Debug)]
pub(super) struct MergeJob {
    folder: PathBuf,
    runs: Vec<Arc<Run>>,
    span: Span,
    archived: u64,
}

impl Reservations {
    /// Opens the runs in a folder that are whole and belong to this chain. The caller must then add the rows after
    /// [`Reservations::head`]. `hash_of` returns the hash of a row, if the store has it.
    pub(super) fn open(
        folder: PathBuf,
        anchor: Head,
        hash_of: impl Fn(u64) -> Result<Option<[u8; 32]>, JournalError>,
    ) -> Result<Self, JournalError> {
        fs::create_dir_all(&folder).context("creating the folder", &folder)?;
        let (sealing, runs, newest) = (Arc::default(), Vec::new(), HashMap::new());
        let mut reservations =
            Self { folder, newest, sealing, runs, head: anchor, archived: anchor.count };
        for path in run::list(&reservations.folder)? {
            let run = Run::load(&path)?;
            let run = run.filter(|run| run.span.continues_from(reservations.head.count));
            match run {
                Some(run) if hash_of(run.span.last.count)? == Some(run.span.last.hash) => {
                    reservations.head = run.span.last;
                    reservations.runs.push(Arc::new(run));
                }
                // The source of a merge, a file that a crash left, or a run of another chain.
                _ => fs::remove_file(&path).context("removing", &path)?,
            }
        }
        Ok(reservations)
    }

    /// Returns the head up to which the keys of all rows are included.
    pub(super) const fn head(&self) -> Head {
        self.head
    }

    /// Returns the number of the row that reserved a key.
    pub(super) fn find(&self, key: u128) -> Result<Option<u64>, JournalError> {
        if let Some(seq) = self.newest.get(&key).or_else(|| self.sealing.get(&key)) {
            return Ok(Some(*seq));
        }
        // The newest run first: the key of an archived row is free, and a later row may have reserved it again.
        for run in self.runs.iter().rev() {
            if let Some(seq) = run.find(key)? {
                return Ok((seq > self.archived).then_some(seq));
            }
        }
        Ok(None)
    }

    /// Adds the keys that rows up to `head` reserved.
    pub(super) fn extend(&mut self, keys: impl IntoIterator<Item = (u128, u64)>, head: Head) {
        self.newest.extend(keys);
        self.head = head;
    }

    /// Starts to seal the newest keys, if there are enough of them and no seal is running.
    pub(super) fn begin_seal(&mut self) -> Option<SealJob> {
        if self.newest.len() < SEAL_AT || !self.sealing.is_empty() {
            return None;
        }
        self.sealing = Arc::new(std::mem::take(&mut self.newest));
        let first = self.runs.last().map_or(self.archived, |run| run.span.last.count) + 1;
        let span = Span { first, last: self.head };
        Some(SealJob { folder: self.folder.clone(), keys: Arc::clone(&self.sealing), span })
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
        Some(MergeJob { folder, runs: runs.to_vec(), span, archived })
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
        let mut keys: Vec<_> = self.keys.iter().map(|(key, seq)| (*key, *seq)).collect();
        keys.sort_unstable();
        Run::write(&self.folder, self.span, keys.len(), keys.into_iter().map(Ok))
    }
}

impl MergeJob {
    /// Writes the merged run. The next start removes a run that was not completed.
    ///
    /// # Errors
    /// [`JournalError::Closed`] if `give_up` was set meanwhile.
    pub(super) fn write(&self, give_up: &AtomicBool) -> Result<Run, JournalError> {
        let len = self.runs.iter().map(|run| run.len()).sum();
        let keys = run::merge(&self.runs, self.archived)?;
        let may_continue = || !give_up.load(Ordering::Relaxed);
        let keys = keys.map(|entry| if may_continue() { entry } else { Err(JournalError::Closed) });
        Run::write(&self.folder, self.span, len, keys)
    }

    /// Removes the source runs after nothing reads them any more. After a crash before this, the next start removes
    /// them.
    pub(super) fn remove_sources(self) -> Result<(), JournalError> {
        self.runs.into_iter().try_for_each(|run| run.remove())
    }
}

#[cfg(test)]
mod tests;
