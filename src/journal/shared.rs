//! What the threads of a journal have in common.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use super::chain::Head;
use super::claims::Claims;
use super::error::JournalError;
use super::row::{Begins, Numbers, Row};
use crate::engine::Key;
use crate::values::{Moment, TransferId};

/// Rows that may be durable and not yet indexed. Beyond it the writer waits for the index, so commits wait.
const UNINDEXED: usize = 1 << 19;

/// A row that is durable, as the index needs it: without its form.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) seq: u64,
    pub(super) id: TransferId,
    pub(super) state: Cow<'static, str>,
    pub(super) open: bool,
    pub(super) numbers: Option<Numbers>,
    pub(super) begins: Option<Box<Begins>>,
}

impl Entry {
    pub(super) fn new(seq: u64, row: Row) -> Self {
        let Row { id, state, open, numbers, begins, .. } = row;
        Self { seq, id, state, open, numbers, begins }
    }

    /// The keys that it took.
    pub(super) fn keys(&self) -> impl Iterator<Item = (u128, u64)> + use<> {
        let seq = self.seq;
        let keys = self.begins.as_ref().map(|begins| begins.begun.keys());
        keys.into_iter().flatten().map(move |key| (key.0, seq))
    }
}

/// The rows of one commit, and where the chain stands with the last.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) entries: Vec<Entry>,
    pub(super) head: Head,
    /// When the last of them became true.
    pub(super) at: Moment,
}

/// What is durable and not yet in the index: the index lags, and who looks something up looks here first.
#[derive(Debug, Default)]
pub(super) struct Tail {
    pub(super) groups: VecDeque<Arc<Group>>,
    rows: usize,
    /// The rows that the keeper waits for: with fewer it is not woken.
    wanted: usize,
}

/// What the threads of a journal have in common.
pub(super) struct Shared {
    /// Where the chain stands with what is durable, and when the last row became true.
    pub(super) head: Mutex<(Head, Moment)>,
    claims: RwLock<Claims>,
    /// Why nothing is written any more.
    pub(super) fault: OnceLock<JournalError>,
    /// The log is nearly all in the store: the writer is to take in the rest, so that it begins again from its start.
    pub(super) rewind: AtomicBool,
    /// Why the last checkpoint was not signed and written.
    pub(super) unsigned: Mutex<Option<JournalError>>,
    tail: Mutex<Tail>,
    /// Nothing more comes. It is set under the lock of the tail, so that who waits for more is not missed.
    closing: AtomicBool,
    grown: Condvar,
    shrunk: Condvar,
}

/// A lock, whatever happened to the thread that had it: what it guards is whole after every statement.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(head: Head, at: Moment, claims: Claims) -> Self {
        Self {
            head: Mutex::new((head, at)),
            claims: RwLock::new(claims),
            fault: OnceLock::new(),
            rewind: AtomicBool::new(false),
            unsigned: Mutex::default(),
            tail: Mutex::default(),
            closing: AtomicBool::new(false),
            grown: Condvar::new(),
            shrunk: Condvar::new(),
        }
    }

    /// The row that took a key.
    pub(super) fn find_key(&self, key: Key) -> Result<Option<u64>, JournalError> {
        self.claims.read().unwrap_or_else(PoisonError::into_inner).find(key.0)
    }

    /// Seals keys, if there are enough; says whether there were.
    pub(super) fn seal_claims(&self) -> Result<bool, JournalError> {
        let sealing = self.claims_mut().begin_seal();
        let Some(sealing) = sealing else { return Ok(false) };
        let run = sealing.write()?;
        self.claims_mut().end_seal(run);
        Ok(true)
    }

    /// Merges runs of keys as long as there are enough, or until the journal closes.
    pub(super) fn merge_claims(&self) -> Result<(), JournalError> {
        loop {
            let merging = self.claims_mut().begin_merge();
            let Some(merging) = merging else { return Ok(()) };
            let run = match merging.write(&self.closing) {
                Err(JournalError::Closed) => return Ok(()),
                written => written?,
            };
            self.claims_mut().end_merge(run);
            merging.clear()?;
        }
    }

    /// The keys of all rows up to here are known.
    pub(super) fn keys_head(&self) -> Head {
        self.claims_mut().head()
    }

    /// Takes in rows of the store that the keys don't have yet.
    pub(super) fn restore_keys(&self, group: &Group) -> Result<(), JournalError> {
        let have = self.claims_mut().head().count;
        if group.head.count > have {
            let keys = group.entries.iter().flat_map(Entry::keys);
            self.claims_mut().extend(keys.filter(|(_, seq)| *seq > have), group.head);
        }
        self.seal_claims().map(drop)
    }

    fn claims_mut(&self) -> RwLockWriteGuard<'_, Claims> {
        self.claims.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everybody see rows that became durable.
    pub(super) fn publish(&self, group: Group) {
        let keys = group.entries.iter().flat_map(Entry::keys);
        self.claims_mut().extend(keys, group.head);
        *lock(&self.head) = (group.head, group.at);
        if group.entries.is_empty() {
            return;
        }
        let mut tail = lock(&self.tail);
        tail.rows += group.entries.len();
        tail.groups.push_back(Arc::new(group));
        if tail.rows >= tail.wanted {
            self.grown.notify_one();
        }
        let full = |tail: &mut Tail| tail.rows > UNINDEXED && self.fault.get().is_none();
        drop(self.shrunk.wait_while(tail, full));
    }

    /// Says that nothing more comes.
    pub(super) fn close(&self) {
        let tail = lock(&self.tail);
        self.closing.store(true, Ordering::Relaxed);
        drop(tail);
        self.grown.notify_one();
    }

    /// Lets nothing more be written, and wakes who waits.
    pub(super) fn fail(&self, error: JournalError) {
        let _ = self.fault.set(error);
        self.close();
        self.shrunk.notify_all();
    }

    /// The commits that are not yet in the index.
    pub(super) fn unindexed(&self) -> Vec<Arc<Group>> {
        lock(&self.tail).groups.iter().cloned().collect()
    }

    /// Waits until `enough` rows are not yet in the index, `patience` has passed with some or the journal closes;
    /// `idle` at most if there are none. Gives them, and whether the journal closes.
    pub(super) fn wait(
        &self,
        enough: usize,
        patience: Duration,
        idle: Duration,
    ) -> (Vec<Arc<Group>>, bool) {
        let mut tail = self.wait_for(lock(&self.tail), 1, idle);
        if tail.rows > 0 {
            tail = self.wait_for(tail, enough, patience);
        }
        (tail.groups.iter().cloned().collect(), self.closing.load(Ordering::Relaxed))
    }

    fn wait_for<'t>(
        &self,
        mut tail: MutexGuard<'t, Tail>,
        rows: usize,
        time: Duration,
    ) -> MutexGuard<'t, Tail> {
        tail.wanted = rows;
        let fewer = |tail: &mut Tail| tail.rows < rows && !self.closing.load(Ordering::Relaxed);
        let waited = self.grown.wait_timeout_while(tail, time, fewer);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Takes out the oldest commits, that are in the index now.
    pub(super) fn indexed(&self, groups: usize) {
        let mut tail = lock(&self.tail);
        let rows: usize = tail.groups.drain(..groups).map(|group| group.entries.len()).sum();
        tail.rows -= rows;
        drop(tail);
        self.shrunk.notify_one();
    }
}
