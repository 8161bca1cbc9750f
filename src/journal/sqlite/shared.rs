//! State that the threads of a journal share.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use super::reservations::Reservations;
use crate::journal::chain::Head;
use crate::journal::checkpoint::CheckpointClock;
use crate::journal::error::JournalError;
use crate::journal::row::{InboundReference, MessageTrace, Row, TransferStart};
use crate::sqlite::LogRestart;
use crate::values::{IdempotencyKey, Moment, TransferId};

/// Durable rows that may wait for the index. With more the writer waits for the index, so commits wait too.
const UNINDEXED_MAX: usize = 1 << 19;

/// A durable row as the index needs it: without its facts.
#[derive(Debug)]
pub(super) struct CommittedRow {
    pub(super) seq: u64,
    pub(super) id: TransferId,
    pub(super) state: Cow<'static, str>,
    pub(super) is_open: bool,
    pub(super) trace: Option<MessageTrace>,
    pub(super) start: Option<Box<TransferStart>>,
}

impl CommittedRow {
    pub(super) fn new(seq: u64, row: Row) -> Self {
        let Row { id, state, is_open, trace, start, .. } = row;
        Self { seq, id, state, is_open, trace, start }
    }

    /// Returns how the other bank refers to the transfer that starts with the row.
    pub(super) fn inbound_reference(&self) -> Option<InboundReference> {
        InboundReference::of(self.start.as_deref(), self.trace.as_ref())
    }

    /// Returns the keys that the row reserved, each with the row's number.
    pub(super) fn keys(&self) -> impl Iterator<Item = (u128, u64)> + use<> {
        let seq = self.seq;
        let keys = self.start.as_ref().map(|start| start.identity.keys());
        keys.into_iter().flatten().map(move |key| (key.0, seq))
    }
}

/// The rows of one commit.
#[derive(Debug)]
pub(super) struct CommittedGroup {
    pub(super) rows: Vec<CommittedRow>,
    /// The head of the chain after the last row.
    pub(super) head: Head,
    /// When the last row's facts became true.
    pub(super) recorded_at: Moment,
}

/// The durable rows that are not in the index yet. The index lags, so every look-up searches here first.
#[derive(Debug, Default)]
pub(super) struct Tail {
    pub(super) groups: VecDeque<Arc<CommittedGroup>>,
    rows: usize,
    /// The number of rows that the maintenance thread waits for. Fewer rows do not wake it.
    wanted: usize,
}

/// State that the threads of a journal share.
pub(super) struct Shared {
    /// The head of the durable chain, and when the last row's facts became true.
    pub(super) head: Mutex<(Head, Moment)>,
    reservations: RwLock<Reservations>,
    /// The error that stopped the writing.
    pub(super) fault: OnceLock<JournalError>,
    pub(super) log_restart: LogRestart,
    /// The error of the last checkpoint.
    pub(super) checkpoint_fault: Mutex<Option<JournalError>>,
    /// When a checkpoint last covered all rows.
    pub(super) checkpoint_clock: CheckpointClock,
    tail: Mutex<Tail>,
    /// No more rows come. It is set under the tail's lock, so that a waiting thread can't miss it.
    is_closing: AtomicBool,
    tail_grew: Condvar,
    tail_shrank: Condvar,
}

/// Locks a mutex even if a thread panicked while it held it: the guarded value is consistent after every statement.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(head: Head, recorded_at: Moment, reservations: Reservations) -> Self {
        Self {
            head: Mutex::new((head, recorded_at)),
            reservations: RwLock::new(reservations),
            fault: OnceLock::new(),
            log_restart: LogRestart::default(),
            checkpoint_fault: Mutex::default(),
            checkpoint_clock: CheckpointClock::default(),
            tail: Mutex::default(),
            is_closing: AtomicBool::new(false),
            tail_grew: Condvar::new(),
            tail_shrank: Condvar::new(),
        }
    }

    /// Returns the number of the row that reserved a key.
    pub(super) fn find_key(&self, key: IdempotencyKey) -> Result<Option<u64>, JournalError> {
        self.reservations.read().unwrap_or_else(PoisonError::into_inner).find(key.0)
    }

    /// Seals the newest keys into a run, if there are enough. Returns whether it did.
    pub(super) fn seal_reservations(&self) -> Result<bool, JournalError> {
        let seal_job = self.reservations_mut().begin_seal();
        let Some(seal_job) = seal_job else { return Ok(false) };
        let run = seal_job.write()?;
        self.reservations_mut().end_seal(run);
        Ok(true)
    }

    /// Merges key runs while there are enough of them, or until the journal closes.
    pub(super) fn merge_reservations(&self) -> Result<(), JournalError> {
        loop {
            let merge_job = self.reservations_mut().begin_merge();
            let Some(merge_job) = merge_job else { return Ok(()) };
            let run = match merge_job.write(&self.is_closing) {
                Err(JournalError::Closed) => return Ok(()),
                written => written?,
            };
            self.reservations_mut().end_merge(run);
            merge_job.remove_sources()?;
        }
    }

    /// Returns the head up to which all keys are known.
    pub(super) fn keys_head(&self) -> Head {
        self.reservations_mut().head()
    }

    /// Adds the keys of rows of the store that are not known yet.
    pub(super) fn restore_keys(&self, group: &CommittedGroup) -> Result<(), JournalError> {
        let last = self.reservations_mut().head().count;
        if group.head.count > last {
            let keys = group.rows.iter().flat_map(CommittedRow::keys);
            self.reservations_mut().extend(keys.filter(|(_, seq)| *seq > last), group.head);
        }
        self.seal_reservations().map(drop)
    }

    fn reservations_mut(&self) -> RwLockWriteGuard<'_, Reservations> {
        self.reservations.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes rows that became durable visible to all threads.
    pub(super) fn publish(&self, group: CommittedGroup) {
        let keys = group.rows.iter().flat_map(CommittedRow::keys);
        self.reservations_mut().extend(keys, group.head);
        *lock(&self.head) = (group.head, group.recorded_at);
        if group.rows.is_empty() {
            return;
        }
        let mut tail = lock(&self.tail);
        tail.rows += group.rows.len();
        tail.groups.push_back(Arc::new(group));
        if tail.rows >= tail.wanted {
            self.tail_grew.notify_one();
        }
        let is_full = |tail: &mut Tail| tail.rows > UNINDEXED_MAX && self.fault.get().is_none();
        drop(self.tail_shrank.wait_while(tail, is_full));
    }

    /// Announces that no more rows come.
    pub(super) fn close(&self) {
        let tail = lock(&self.tail);
        self.is_closing.store(true, Ordering::Relaxed);
        drop(tail);
        self.tail_grew.notify_one();
    }

    /// Stops all writing and wakes the waiting threads.
    pub(super) fn fail(&self, error: JournalError) {
        let _ = self.fault.set(error);
        self.close();
        self.tail_shrank.notify_all();
    }

    /// Returns the commits that are not in the index yet.
    pub(super) fn unindexed(&self) -> Vec<Arc<CommittedGroup>> {
        lock(&self.tail).groups.iter().cloned().collect()
    }

    /// Waits until `enough` rows are not in the index yet, until `patience` has passed with at least one such row, or
    /// until the journal closes; at most `idle` if there are none. Returns the rows, and whether the journal closes.
    pub(super) fn wait(
        &self,
        enough: usize,
        patience: Duration,
        idle: Duration,
    ) -> (Vec<Arc<CommittedGroup>>, bool) {
        let mut tail = self.wait_for(lock(&self.tail), 1, idle);
        if tail.rows > 0 {
            tail = self.wait_for(tail, enough, patience);
        }
        (tail.groups.iter().cloned().collect(), self.is_closing.load(Ordering::Relaxed))
    }

    fn wait_for<'t>(
        &self,
        mut tail: MutexGuard<'t, Tail>,
        rows: usize,
        time: Duration,
    ) -> MutexGuard<'t, Tail> {
        tail.wanted = rows;
        let is_short =
            |tail: &mut Tail| tail.rows < rows && !self.is_closing.load(Ordering::Relaxed);
        let waited = self.tail_grew.wait_timeout_while(tail, time, is_short);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Removes the oldest commits from the tail, after they were indexed.
    pub(super) fn indexed(&self, groups: usize) {
        let mut tail = lock(&self.tail);
        let rows: usize = tail.groups.drain(..groups).map(|group| group.rows.len()).sum();
        tail.rows -= rows;
        drop(tail);
        self.tail_shrank.notify_one();
    }
}
