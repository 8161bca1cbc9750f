//! The journal: what the program has said is on disk before it is said, and can't be rewritten in secret. It does not
//! know what facts mean.
//!
//! [`Journal::append`] gives a [`Batch`] to the writer, the one thread that writes. It takes all that waits into one
//! transaction of SQLite, and answers when that is durable. What looks rows up is made from them off that path, by
//! the keeper, which also signs checkpoints, and the merger. [`Reader`]s look things up beside both.
//!
//! ```text
//! append ─► queue ─► writer: keys, hash chain, insert, sync ─► answer
//!                       │
//!                       └─► tail ─► keeper: index, runs of keys, log into store, checkpoints
//!                                      └─► merger: fewer runs of keys
//! ```
//!
//! An error while writing ends the writing for good: whether its rows are durable nobody knows but the disk, so
//! nothing more is said until a restart has read what is there.

mod archive;
mod aside;
mod chain;
mod checkpoint;
mod claims;
mod error;
mod files;
mod index;
mod keeper;
mod reader;
mod row;
mod shared;
mod store;
mod verify;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, channel, sync_channel};
use std::thread::{self, JoinHandle};

pub use archive::archive;
pub use aside::{life, noted};
pub use chain::Head;
pub use checkpoint::{Checkpoints, PublicKeys};
pub use error::JournalError;
pub use reader::{Found, PAGE_MAX, Page, Query, Reader};
pub use row::{
    Batch, Begins, Direction, FORM_BYTES_MAX, Form, Note, Numbers, Row, STATE_BYTES_MAX, Summary,
};
pub use verify::{Evidence, Verified, Wrong, skim, verify};

use crate::engine::Claim;
use crate::sqlite::{Lock, Mode, beside};
use crate::values::Moment;
use checkpoint::Ledger;
use claims::Claims;
use error::During;
use index::Index;
use keeper::Keeper;
use shared::{Entry, Group, Shared, lock};
use store::{Store, take};
use writer::Job;

/// Batches that may wait for the writer. More are refused, with [`JournalError::Full`].
const WAITING: usize = 1024;

/// Rows that are read at once at a start.
const READ_ROWS: u64 = 4096;

/// What is called when a batch is durable, once, on the writer's thread: with the claims whose keys were taken before,
/// which are left out with all rows of their transfers; or with the error because of which it may not be durable.
pub type Done = Box<dyn FnOnce(Result<Vec<Claim>, JournalError>) + Send>;

/// The journal of this process.
pub struct Journal {
    path: PathBuf,
    shared: Arc<Shared>,
    _file: Arc<File>,
    jobs: Option<SyncSender<Job>>,
    /// The writer, the keeper and the merger, in the order in which they end.
    threads: Vec<JoinHandle<()>>,
    _lock: Lock,
}

impl Journal {
    /// Opens the journal of a store, and makes the store if there is none. What the index and the keys lack, after a
    /// crash most likely, is made up from the rows.
    ///
    /// # Errors
    /// If another process has the store, a newer program wrote it, it is damaged or older than its last checkpoint, or
    /// can't be read or written.
    pub fn open(path: &Path, checkpoints: Option<&Checkpoints>) -> Result<Self, JournalError> {
        let lock = take(path)?;
        let store = Store::open(path)?;
        let head = store.head()?;
        let (ledger, signed) = checkpoints.map(Ledger::open).transpose()?.unzip();
        if let Some(signed) = signed.flatten() {
            check_signed(&store, head, signed.head)?;
        }
        let hash_of = |seq| store.hash_of(seq);
        let claims = Claims::open(beside(path, "-claims"), store.anchor, hash_of)?;
        let mut index = Index::open(path, store.anchor, head, hash_of)?;
        let at =
            if head == store.anchor { Moment::default() } else { store.row(head.count)?.row.at };
        let shared = Arc::new(Shared::new(head, at, claims));
        catch_up(&store, head, &mut index, &shared)?;
        Self::start(store, head, index, ledger, shared, lock)
    }

    fn start(
        store: Store,
        head: Head,
        index: Index,
        ledger: Option<Ledger>,
        shared: Arc<Shared>,
        lock: Lock,
    ) -> Result<Self, JournalError> {
        let path = store.path.clone();
        let own = Store::open(&path)?;
        let file = Arc::new(File::open(&path).during("opening the store", &path)?);
        let (jobs, queue) = sync_channel(WAITING);
        let (sealed, runs) = channel();
        let (common, synced) = (Arc::clone(&shared), Arc::clone(&file));
        let keep = move || {
            Keeper { shared: &common, store: own, file: synced, index, ledger, sealed }.run();
        };
        let common = Arc::clone(&shared);
        let merge = move || keeper::merge(&common, &runs);
        let common = Arc::clone(&shared);
        let write = move || writer::run(&store, head, &common, &queue);
        let threads = vec![
            spawn("journal-writer", write, &path)?,
            spawn("journal-keeper", keep, &path)?,
            spawn("journal-merger", merge, &path)?,
        ];
        Ok(Self { path, shared, _file: file, jobs: Some(jobs), threads, _lock: lock })
    }

    /// Makes a batch durable, all of it or nothing, after those before it. A transfer that begins under a key that
    /// another has is left out with all its rows of this batch, takes none of its keys, and `done` is given the other's
    /// claim; both claims, that of the request first, if both its keys were taken.
    ///
    /// A batch that is refused, as too many wait or something in it is too large, is answered at once, on this thread.
    pub fn append(
        &self,
        batch: Batch,
        done: impl FnOnce(Result<Vec<Claim>, JournalError>) + Send + 'static,
    ) {
        if let Err(error) = batch.check() {
            return done(Err(error));
        }
        let Some(jobs) = &self.jobs else { return done(Err(JournalError::Closed)) };
        match jobs.try_send(Job { batch, done: Box::new(done) }) {
            Ok(()) => {}
            Err(TrySendError::Full(job)) => (job.done)(Err(JournalError::Full(WAITING))),
            Err(TrySendError::Disconnected(job)) => (job.done)(Err(JournalError::Closed)),
        }
    }

    /// A reader of it.
    ///
    /// # Errors
    /// If the store or the index can't be opened.
    pub fn reader(&self) -> Result<Reader, JournalError> {
        Reader::open(&self.path, Arc::clone(&self.shared))
    }

    /// Where the chain stands with what is durable.
    #[must_use]
    pub fn head(&self) -> Head {
        lock(&self.shared.head).0
    }

    /// Why nothing is written any more, if so.
    #[must_use]
    pub fn fault(&self) -> Option<JournalError> {
        self.shared.fault.get().cloned()
    }

    /// Why the last checkpoint could not be written, if so: it is tried again, and nothing else waits for it.
    #[must_use]
    pub fn checkpoint_fault(&self) -> Option<JournalError> {
        lock(&self.shared.unsigned).clone()
    }

    /// Makes all that waits durable, signs a last checkpoint, and closes.
    ///
    /// # Errors
    /// What ended the writing before, or kept the last checkpoint from being written.
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
            // A thread that panicked, as none should, said so itself, and leaves a store that a restart recovers.
            let _ = thread.join();
            // The writer is gone, who is the first: nothing more comes for the others.
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
    named.spawn(run).during("starting a thread for", path)
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether the store has what its last checkpoint says.
fn check_signed(store: &Store, head: Head, signed: Head) -> Result<(), JournalError> {
    if signed.count > head.count {
        return Err(JournalError::older(&store.path, head, signed, "a checkpoint"));
    }
    // What is archived is not here to be compared.
    match store.hash_of(signed.count)? {
        Some(hash) if hash != signed.hash => {
            let what = format!("row {} is not the one that was signed", signed.count);
            Err(JournalError::damaged(&store.path, what))
        }
        _ => Ok(()),
    }
}

/// Brings index and keys up to the store, and checks the chain on the way.
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
        let mut entries = Vec::new();
        let mut moment = Moment::default();
        store.rows_after(at.count, READ_ROWS, |link| {
            at = at.follow(&link.row, &mut scratch);
            if at != link.head() {
                return Err(JournalError::not_as_written(&store.path, at.count));
            }
            moment = link.row.at;
            entries.push(Entry::new(link.seq, link.row));
            Ok(())
        })?;
        let group = Group { entries, head: at, at: moment };
        shared.restore_keys(&group)?;
        index.restore(group)?;
    }
    Ok(())
}
