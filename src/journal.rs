//! The journal: an append-only, hash-chained record on disk. The program acts only on what the journal has made
//! durable. The journal does not know what facts mean.
//!
//! [`Journal::append`] hands a [`Batch`] to the writer, the only thread that writes. The writer commits all queued
//! batches in one SQLite transaction and calls back when it is durable. The maintenance thread derives the look-up
//! files from the rows, off that path, and signs checkpoints; the merge thread merges key runs. [`Reader`]s run beside
//! all of them.
//!
//! ```text
//! append ─► queue ─► writer: keys, hash chain, insert, sync ─► callback
//!                       │
//!                       └─► tail ─► maintenance: index, key runs, log into store, checkpoints
//!                                      └─► merge: fewer key runs
//! ```
//!
//! A write error stops all writing. After it the durability of the last rows is unknown until a restart reads what is
//! on disk, so the journal confirms nothing more.

mod archive;
mod chain;
mod checkpoint;
mod error;
mod files;
mod index;
mod maintenance;
mod reader;
mod reservations;
mod row;
mod shared;
mod store;
mod unlocked;
mod verify;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, channel, sync_channel};
use std::thread::{self, JoinHandle};

pub use archive::archive;
pub use chain::Head;
pub use checkpoint::{CheckpointClock, Checkpoints, PublicKeys};
pub use error::JournalError;
pub use reader::{PAGE_MAX, Page, Query, Reader, SearchHit};
pub use row::{
    Batch, FACTS_BYTES_MAX, MessageTrace, Metadata, Row, STATE_BYTES_MAX, StoredFacts, Summary,
    TransferStart,
};
pub use unlocked::{metadata_at_last_row, transfer_rows};
pub use verify::{Evidence, VerificationError, Verified, scan_transfers, verify};

use crate::sqlite::{Lock, Mode, with_suffix};
use crate::values::{KeyReservation, Moment};
use checkpoint::CheckpointFile;
use error::ErrorContext;
use index::Index;
use maintenance::Maintenance;
use reservations::Reservations;
use shared::{CommittedGroup, CommittedRow, Shared, lock};
use store::{Store, lock_store};
use writer::Job;

/// Batches that may wait for the writer. Further batches are refused with [`JournalError::Full`].
const QUEUE_MAX: usize = 1024;

/// Rows that one read of the store returns at most.
const READ_ROWS: u64 = 4096;

/// The callback of an appended batch. The writer's thread calls it once.
///
/// `Ok` means that the batch is durable. It carries the reservations that other transfers already hold; the rows of
/// the transfers that lost a key were left out. `Err` means that the batch may not be durable.
pub type CommitCallback = Box<dyn FnOnce(Result<Vec<KeyReservation>, JournalError>) + Send>;

/// The journal of this process.
pub struct Journal {
    path: PathBuf,
    shared: Arc<Shared>,
    _file: Arc<File>,
    jobs: Option<SyncSender<Job>>,
    /// The writer, the maintenance thread and the merge thread, in the order in which they end.
    threads: Vec<JoinHandle<()>>,
    _lock: Lock,
}

impl Journal {
    /// Opens the journal of a store. Creates the store if it does not exist. Rebuilds from the rows what the index and
    /// the key runs lack, for example after a crash.
    ///
    /// # Errors
    /// If another process holds the store, a newer program wrote it, it is damaged or older than its last checkpoint, or
    /// it can't be read or written.
    pub fn open(path: &Path, checkpoints: Option<&Checkpoints>) -> Result<Self, JournalError> {
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

    /// Appends a batch after all earlier ones. It becomes durable as a whole or not at all.
    ///
    /// A transfer that starts under a key of another transfer is left out: none of its rows in this batch are written,
    /// and it reserves no key. `done` then receives the reservation of the other transfer; both reservations, the one
    /// of the request key first, if both keys were taken.
    ///
    /// If the queue is full or something in the batch is too large, `done` receives the error at once, on this thread.
    pub fn append(
        &self,
        batch: Batch,
        done: impl FnOnce(Result<Vec<KeyReservation>, JournalError>) + Send + 'static,
    ) {
        if let Err(error) = batch.check() {
            return done(Err(error));
        }
        let Some(jobs) = &self.jobs else { return done(Err(JournalError::Closed)) };
        match jobs.try_send(Job { batch, done: Box::new(done) }) {
            Ok(()) => {}
            Err(TrySendError::Full(job)) => (job.done)(Err(JournalError::Full(QUEUE_MAX))),
            Err(TrySendError::Disconnected(job)) => (job.done)(Err(JournalError::Closed)),
        }
    }

    /// Opens a reader of the journal.
    ///
    /// # Errors
    /// If the store or the index can't be opened.
    pub fn reader(&self) -> Result<Reader, JournalError> {
        Reader::open(&self.path, Arc::clone(&self.shared))
    }

    /// Returns the head of the durable chain.
    #[must_use]
    pub fn head(&self) -> Head {
        lock(&self.shared.head).0
    }

    /// Returns the error that stopped the writing, if there was one.
    #[must_use]
    pub fn fault(&self) -> Option<JournalError> {
        self.shared.fault.get().cloned()
    }

    /// Returns the error of the last checkpoint, if it could not be written. The journal retries it; nothing else waits
    /// for it.
    #[must_use]
    pub fn checkpoint_fault(&self) -> Option<JournalError> {
        lock(&self.shared.checkpoint_fault).clone()
    }

    /// Returns the clock that knows the age of the last checkpoint.
    #[must_use]
    pub fn checkpoint_clock(&self) -> CheckpointClock {
        self.shared.checkpoint_clock.clone()
    }

    /// Makes all queued batches durable, signs a last checkpoint, and closes the journal.
    ///
    /// # Errors
    /// The error that stopped the writing, or that of the last checkpoint.
    pub fn close(mut self) -> Result<(), JournalError> {
        self.stop();
        if let Some(fault) = self.fault().or_else(|| self.checkpoint_fault()) {
            return Err(fault);
        }
        Store::open(&self.path)?.checkpoint(Mode::Truncate).map(drop)
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

fn spawn(
    name: &str,
    run: impl FnOnce() + Send + 'static,
    path: &Path,
) -> Result<JoinHandle<()>, JournalError> {
    let named = thread::Builder::new().name(name.to_owned());
    named.spawn(run).context("starting a thread for", path)
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Checks that the store has the row that its last checkpoint signed.
fn check_signed(store: &Store, head: Head, signed: Head) -> Result<(), JournalError> {
    if signed.count > head.count {
        return Err(JournalError::older(&store.path, head, signed, "a checkpoint"));
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
            if at != chained.head() {
                return Err(JournalError::altered_row(&store.path, at.count));
            }
            recorded_at = chained.row.recorded_at;
            rows.push(CommittedRow::new(chained.seq, chained.row));
            Ok(())
        })?;
        let group = CommittedGroup { rows, head: at, recorded_at };
        shared.restore_keys(&group)?;
        index.restore(group)?;
    }
    Ok(())
}
