//! Which keys are taken. Keys are hashes, so they come in no order, and a table in the order of keys would touch
//! another page with each. So the newest are kept in memory, and sealed into runs: files that are sorted and never
//! changed. A filter in memory says of most runs that a key isn't in them, and runs are merged so that there are
//! never many.
//!
//! All of it is made from the rows: what is missing or damaged at a start is made again.

mod filter;
mod run;

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::chain::Head;
use super::error::{During, JournalError};
use run::{Run, Span};

/// Keys in memory before they are sealed.
const NEWEST: usize = 65_536;

/// Runs of about the same size before they are merged.
const ALIKE: usize = 8;

/// The keys that are taken, each with the row that took it.
#[derive(Debug)]
pub(super) struct Claims {
    folder: PathBuf,
    newest: HashMap<u128, u64>,
    /// Keys that are being written to a run.
    sealing: Arc<HashMap<u128, u64>>,
    /// From the oldest rows to the newest, without a gap.
    runs: Vec<Arc<Run>>,
    /// The keys of all rows up to here are in.
    head: Head,
    /// The rows up to here are archived, and their keys are free.
    archived: u64,
}

/// Keys that are to be written to a run.
#[derive(Debug)]
pub(super) struct Sealing {
    folder: PathBuf,
    keys: Arc<HashMap<u128, u64>>,
    span: Span,
}

/// Runs that are to be merged.
#[derive(Debug)]
pub(super) struct Merging {
    folder: PathBuf,
    runs: Vec<Arc<Run>>,
    span: Span,
    archived: u64,
}

impl Claims {
    /// The runs in the folder that are whole and of this chain; the rows after [`Claims::head`] are to follow.
    /// `hash_of` gives the hash of a row, if the store has it.
    pub(super) fn open(
        folder: PathBuf,
        anchor: Head,
        hash_of: impl Fn(u64) -> Result<Option<[u8; 32]>, JournalError>,
    ) -> Result<Self, JournalError> {
        fs::create_dir_all(&folder).during("making the folder", &folder)?;
        let (sealing, runs, newest) = (Arc::default(), Vec::new(), HashMap::new());
        let mut claims =
            Self { folder, newest, sealing, runs, head: anchor, archived: anchor.count };
        for path in run::list(&claims.folder)? {
            let run = Run::load(&path)?;
            let run = run.filter(|run| run.span.follows(claims.head.count));
            match run {
                Some(run) if hash_of(run.span.last.count)? == Some(run.span.last.hash) => {
                    claims.head = run.span.last;
                    claims.runs.push(Arc::new(run));
                }
                // The rest of a merge, of a crash or of another chain.
                _ => fs::remove_file(&path).during("removing", &path)?,
            }
        }
        Ok(claims)
    }

    /// The keys of all rows up to here are in.
    pub(super) const fn head(&self) -> Head {
        self.head
    }

    /// The row that took a key.
    pub(super) fn find(&self, key: u128) -> Result<Option<u64>, JournalError> {
        if let Some(seq) = self.newest.get(&key).or_else(|| self.sealing.get(&key)) {
            return Ok(Some(*seq));
        }
        // From the newest: the key of an archived row is free, and may have been taken again since.
        for run in self.runs.iter().rev() {
            if let Some(seq) = run.find(key)? {
                return Ok((seq > self.archived).then_some(seq));
            }
        }
        Ok(None)
    }

    /// Takes in the keys that rows up to `head` took.
    pub(super) fn extend(&mut self, keys: impl IntoIterator<Item = (u128, u64)>, head: Head) {
        self.newest.extend(keys);
        self.head = head;
    }

    /// Takes the newest out to be written to a run, if they are many.
    pub(super) fn begin_seal(&mut self) -> Option<Sealing> {
        if self.newest.len() < NEWEST || !self.sealing.is_empty() {
            return None;
        }
        self.sealing = Arc::new(std::mem::take(&mut self.newest));
        let first = self.runs.last().map_or(self.archived, |run| run.span.last.count) + 1;
        let span = Span { first, last: self.head };
        Some(Sealing { folder: self.folder.clone(), keys: Arc::clone(&self.sealing), span })
    }

    /// Puts in what was sealed.
    pub(super) fn end_seal(&mut self, run: Run) {
        self.runs.push(Arc::new(run));
        self.sealing = Arc::default();
    }

    /// The newest runs of which there are many alike, if there are.
    pub(super) fn begin_merge(&self) -> Option<Merging> {
        let size = |run: &Run| (run.len() / NEWEST).max(1).ilog(ALIKE);
        let mut alike = self.runs.chunk_by(|run, next| size(run) == size(next)).rev();
        let runs = alike.find(|runs| runs.len() >= ALIKE)?;
        let (folder, archived) = (self.folder.clone(), self.archived);
        let span = Span { first: runs.first()?.span.first, last: runs.last()?.span.last };
        Some(Merging { folder, runs: runs.to_vec(), span, archived })
    }

    /// Puts in what was merged, in place of what it was merged from. What was sealed meanwhile stays.
    pub(super) fn end_merge(&mut self, run: Run) {
        let before = |row: u64| self.runs.partition_point(|old| old.span.first < row);
        let merged = before(run.span.first)..before(run.span.last.count);
        self.runs.splice(merged, [Arc::new(run)]);
    }
}

impl Sealing {
    pub(super) fn write(self) -> Result<Run, JournalError> {
        let mut keys: Vec<_> = self.keys.iter().map(|(key, seq)| (*key, *seq)).collect();
        keys.sort_unstable();
        Run::write(&self.folder, self.span, keys.len(), keys.into_iter().map(Ok))
    }
}

impl Merging {
    /// Writes the merged run, if it is to the end. A part of one is taken away at the next start.
    ///
    /// # Errors
    /// [`JournalError::Closed`] if it was to be given up.
    pub(super) fn write(&self, give_up: &AtomicBool) -> Result<Run, JournalError> {
        let len = self.runs.iter().map(|run| run.len()).sum();
        let keys = run::merged(&self.runs, self.archived)?;
        let go_on = || !give_up.load(Ordering::Relaxed);
        let keys = keys.map(|entry| if go_on() { entry } else { Err(JournalError::Closed) });
        Run::write(&self.folder, self.span, len, keys)
    }

    /// Takes away what was merged, when nobody reads it any more. A crash before it leaves what the next start takes away.
    pub(super) fn clear(self) -> Result<(), JournalError> {
        self.runs.into_iter().try_for_each(|run| run.remove())
    }
}

#[cfg(test)]
mod tests;
