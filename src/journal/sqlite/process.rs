//! The running journal: its start, its threads and its end.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::checkpoint_writer::CheckpointWriter;
use super::maintenance::{self, Maintenance};
use super::opening::{self, Opened, UseOfStore};
use super::reader::{ProvenRows, SqliteReader};
use super::shared::{Shared, lock};
use super::store::{Store, lock_store};
use super::writer::{Job, Writer};
use crate::journal::checkpoint::{CheckpointClock, Checkpoints};
use crate::journal::error::{ErrorContext, JournalError};
use crate::journal::journal_keys::JournalKeys;
use crate::journal::metadata;
use crate::journal::port::{CommitCallback, Journal, Reader};
use crate::journal::row::Batch;
use crate::signing::{Chain, ChainId, Head, TrustedKeys};
use crate::sqlite::{FileWatch, Lock};

/// Batches that may wait for the writer. Further batches are refused with [`JournalError::Full`].
const QUEUE_MAX: usize = 1024;

/// The longest time that a stop waits for the last checkpoint, and the time between two looks.
const CHECKPOINT_WAIT: Duration = Duration::from_secs(10);
const CHECKPOINT_LOOK: Duration = Duration::from_millis(2);

/// The journal of this process.
pub(in crate::journal) struct SqliteJournal {
    path: PathBuf,
    shared: Arc<Shared>,
    trusted: Arc<TrustedKeys>,
    chain_id: ChainId,
    /// The rows up to here are archived.
    archived: u64,
    _file: Arc<File>,
    jobs: Option<SyncSender<Job>>,
    /// The writer, the maintenance thread and the merge thread, in the order in which they end.
    threads: Vec<JoinHandle<()>>,
    checkpoint_thread: Option<JoinHandle<()>>,
    _lock: Lock,
}

impl SqliteJournal {
    /// Opens the journal of a store. Creates the store if it does not exist. Rebuilds from the rows what the look-ups lack, for
    /// example after a crash.
    ///
    /// # Errors
    /// See [`crate::journal::open()`].
    pub(in crate::journal) fn open(
        path: &Path,
        keys: &JournalKeys,
        checkpoints: &Checkpoints,
    ) -> Result<Self, JournalError> {
        let lock = lock_store(path)?;
        let watch = FileWatch::new(path).context("looking at", path)?;
        let Opened { store, shared, places, archived } =
            opening::open(path, keys, checkpoints, UseOfStore::Append)?;
        let shared = Arc::new(shared);
        if !places.is_empty() {
            shared.checkpoint_clock.set(Instant::now());
        }
        let (trusted, chain_id) = (Arc::new(keys.trusted.clone()), store.chain_id);
        let second_store = Store::open(path)?;
        let file = Arc::new(File::open(path).context("opening the store", path)?);
        let (jobs, queue) = sync_channel(QUEUE_MAX);
        let (sealed, runs) = channel();
        let (common, synced) = (Arc::clone(&shared), Arc::clone(&file));
        let maintain = move || {
            let (shared, store, file) = (&*common, second_store, synced);
            Maintenance { shared, store, file, watch, sealed }.run();
        };
        let common = Arc::clone(&shared);
        let merge = move || maintenance::merge(&common, &runs);
        let (common, signing) = (Arc::clone(&shared), keys.signing.clone());
        let rows = ProvenRows::new(store, Arc::clone(&trusted), archived);
        let write = move || Writer { store: rows, signing, shared: &common }.run(&queue);
        let mut checkpoint_thread = None;
        let threads = vec![
            spawn("journal-writer", write, path)?,
            spawn("journal-maint", maintain, path)?,
            spawn("journal-merge", merge, path)?,
        ];
        if !places.is_empty() {
            let (common, every) = (Arc::clone(&shared), checkpoints.every);
            let run = move || CheckpointWriter { shared: &common, places, every }.run();
            checkpoint_thread = Some(spawn("journal-points", run, path)?);
        }
        let path = path.to_owned();
        Ok(Self {
            path,
            shared,
            trusted,
            chain_id,
            archived,
            _file: file,
            jobs: Some(jobs),
            threads,
            checkpoint_thread,
            _lock: lock,
        })
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
        if let Some(thread) = self.checkpoint_thread.take() {
            // A place that does not answer must not hold the stop.
            let latest = Instant::now() + CHECKPOINT_WAIT;
            while !thread.is_finished() && Instant::now() < latest {
                thread::sleep(CHECKPOINT_LOOK);
            }
            if thread.is_finished() {
                let _ = thread.join();
            } else {
                tracing::error!(
                    "a checkpoint place does not answer: the last checkpoint is missing"
                );
            }
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
        let store = Store::open_to_read(&self.path)?;
        if store.chain_id != self.chain_id {
            return Err(JournalError::damaged(
                &self.path,
                "chains: the id of the chain has changed",
            ));
        }
        let rows = ProvenRows::new(store, Arc::clone(&self.trusted), self.archived);
        Ok(Box::new(SqliteReader::new(rows, Arc::clone(&self.shared))))
    }

    fn chain_id(&self) -> ChainId {
        self.chain_id
    }

    fn head(&self, chain: Chain) -> Head {
        match chain {
            Chain::Transfers => self.shared.end().head(),
            Chain::Control => metadata::control(&self.shared.end().metadata).unwrap_or_default(),
            Chain::Ledger => Head::default(),
        }
    }

    fn fault(&self) -> Option<JournalError> {
        self.shared.fault.get().cloned()
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
