//! The running journal: its start, its threads and its end.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::index::Index;
use super::maintenance::{self, Maintenance};
use super::reader::SqliteReader;
use super::reservations::Reservations;
use super::shared::{CommittedGroup, CommittedRow, Shared, lock};
use super::store::{READ_ROWS, Store, lock_store};
use super::writer::{self, Job};
use crate::journal::chain::{Chain, Head};
use crate::journal::checkpoint::{CheckpointClock, CheckpointFile, Checkpoints};
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::port::{CommitCallback, Journal, Reader};
use crate::journal::row::Batch;
use crate::sqlite::{Lock, with_suffix};
use crate::values::Moment;

/// Batches that may wait for the writer. Further batches are refused with [`JournalError::Full`].
const QUEUE_MAX: usize = 1024;

/// The journal of this process.
pub(in crate::journal) struct SqliteJournal {
    path: PathBuf,
    shared: Arc<Shared>,
    _file: Arc<File>,
    jobs: Option<SyncSender<Job>>,
    /// The writer, the maintenance thread and the merge thread, in the order in which they end.
    threads: Vec<JoinHandle<()>>,
    _lock: Lock,
}

impl SqliteJournal {
    /// Opens the journal of a store. Creates the store if it does not exist. Rebuilds from the rows what the index and
    /// the key runs lack, for example after a crash.
    ///
    /// # Errors
    /// If another process holds the store, a newer program wrote it, it is damaged or older than its last checkpoint, or
    /// it can't be read or written.
    pub(in crate::journal) fn open(
        path: &Path,
        checkpoints: Option<&Checkpoints>,
    ) -> Result<Self, JournalError> {
        let lock = lock_store(path)?;
        let store = Store::open(path)?;
        let head = store.head()?;
        let (checkpoint_file, signed) = checkpoints.map(CheckpointFile::open).transpose()?.unzip();
        if let Some(signed) = signed.flatten() {
            check_signed(&store, head, signed.head)?;
        }
        let hash_of = |seq| store.hash_of(seq);
        let folder = with_suffix(path, "-reservations");
        let reservations = Reservations::open(folder, store.anchor, hash_of)?;
        let mut index = Index::open(path, store.anchor, head, hash_of)?;
        let at = if head == store.anchor {
            Moment::default()
        } else {
            store.row(head.count)?.row.recorded_at
        };
        let shared = Arc::new(Shared::new(head, at, reservations));
        catch_up(&store, head, &mut index, &shared)?;
        Self::start(store, head, index, checkpoint_file, shared, lock)
    }

    fn start(
        store: Store,
        head: Head,
        index: Index,
        checkpoint_file: Option<CheckpointFile>,
        shared: Arc<Shared>,
        lock: Lock,
    ) -> Result<Self, JournalError> {
        let path = store.path.clone();
        if checkpoint_file.is_some() {
            shared.checkpoint_clock.set(Instant::now());
        }
        let second_store = Store::open(&path)?;
        let file = Arc::new(File::open(&path).context("opening the store", &path)?);
        let (jobs, queue) = sync_channel(QUEUE_MAX);
        let (sealed, runs) = channel();
        let (common, synced) = (Arc::clone(&shared), Arc::clone(&file));
        let maintain = move || {
            let (shared, store, file) = (&*common, second_store, synced);
            Maintenance { shared, store, file, index, checkpoint_file, sealed }.run();
        };
        let common = Arc::clone(&shared);
        let merge = move || maintenance::merge(&common, &runs);
        let common = Arc::clone(&shared);
        let write = move || writer::run(&store, head, &common, &queue);
        let threads = vec![
            spawn("journal-writer", write, &path)?,
            spawn("journal-maint", maintain, &path)?,
            spawn("journal-merge", merge, &path)?,
        ];
        Ok(Self { path, shared, _file: file, jobs: Some(jobs), threads, _lock: lock })
    }

    /// Ends the threads.
    fn stop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has printed its message, and a restart recovers its store.
            let _ = thread.join();
            // The writer ends first. After it nothing more comes for the other threads.
            self.shared.close();
        }
    }
}

impl Journal for SqliteJournal {
    fn append(&self, batch: Batch, done: CommitCallback) {
        if let Err(error) = batch.check() {
            return done(Err(error));
        }
        let Some(jobs) = &self.jobs else { return done(Err(JournalError::Closed)) };
        match jobs.try_send(Job { batch, done }) {
            Ok(()) => {}
            Err(TrySendError::Full(job)) => (job.done)(Err(JournalError::Full(QUEUE_MAX))),
            Err(TrySendError::Disconnected(job)) => (job.done)(Err(JournalError::Closed)),
        }
    }

    fn reader(&self) -> Result<Box<dyn Reader>, JournalError> {
        Ok(Box::new(SqliteReader::open(&self.path, Arc::clone(&self.shared))?))
    }

    fn head(&self, chain: Chain) -> Head {
        match chain {
            Chain::Transfers => lock(&self.shared.head).0,
        }
    }

    fn checkpoint_clock(&self) -> CheckpointClock {
        self.shared.checkpoint_clock.clone()
    }

    fn close(mut self: Box<Self>) -> Result<(), JournalError> {
        self.stop();
        let checkpoint_fault = || lock(&self.shared.checkpoint_fault).clone();
        if let Some(fault) = self.shared.fault.get().cloned().or_else(checkpoint_fault) {
            return Err(fault);
        }
        Store::open(&self.path)?.empty_log()
    }
}

fn spawn(
    name: &str,
    run: impl FnOnce() + Send + 'static,
    path: &Path,
) -> Result<JoinHandle<()>, JournalError> {
    let named = thread::Builder::new().name(name.to_owned());
    named.spawn(run).context("starting a thread for", path)
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Checks that the store has the row that its last checkpoint signed.
fn check_signed(store: &Store, head: Head, signed: Head) -> Result<(), JournalError> {
    if signed.count > head.count {
        return Err(JournalError::older(&store.path, head.count, signed.count, "a checkpoint"));
    }
    // Archived rows are not here, so their hashes can't be compared.
    match store.hash_of(signed.count)? {
        Some(hash) if hash != signed.hash => {
            let detail =
                format!("row {}: the hash differs from the signed checkpoint", signed.count);
            Err(JournalError::damaged(&store.path, detail))
        }
        _ => Ok(()),
    }
}

/// Brings the index and the key runs up to the store's head. Checks the hash chain of the rows that it reads.
fn catch_up(
    store: &Store,
    head: Head,
    index: &mut Index,
    shared: &Shared,
) -> Result<(), JournalError> {
    let mut at = if shared.keys_head().count < index.head().count {
        shared.keys_head()
    } else {
        index.head()
    };
    let mut scratch = Vec::new();
    while at.count < head.count {
        let mut rows = Vec::new();
        let mut recorded_at = Moment::default();
        store.rows_after(at.count, READ_ROWS, |chained| {
            at = at.after(&chained.row, &mut scratch);
            if at != chained.head {
                return Err(JournalError::altered_row(&store.path, at.count));
            }
            recorded_at = chained.row.recorded_at;
            rows.push(CommittedRow::new(at.count, chained.row));
            Ok(())
        })?;
        let group = CommittedGroup { rows, head: at, recorded_at };
        shared.restore_keys(&group)?;
        index.restore(group)?;
    }
    Ok(())
}
