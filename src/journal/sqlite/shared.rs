//! State that the threads of a journal share.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use super::lookups::{LookupKey, Lookups, RowOutline};
use crate::journal::checkpoint::CheckpointClock;
use crate::journal::error::JournalError;
use crate::journal::metadata::{CheckpointPlaces, MetadataValues};
use crate::personal::{Month, MonthKey, MonthKeys, PersonalError, Place};
use crate::signing::{Head, SignedStatement};
use crate::sqlite::LogRestart;
use crate::values::TransferId;

/// The end of the durable chain.
#[derive(Clone, Debug, Default)]
pub(super) struct End {
    /// The last statement; `None` before the first batch.
    pub(super) signed: Option<Arc<SignedStatement>>,
    /// The metadata after it.
    pub(super) metadata: Arc<MetadataValues>,
}

impl End {
    /// Returns the head of the chain.
    pub(super) fn head(&self) -> Head {
        self.signed.as_ref().map(|signed| signed.statement.head).unwrap_or_default()
    }
}

/// State that the threads of a journal share.
pub(super) struct Shared {
    end: Mutex<End>,
    lookups: RwLock<Lookups>,
    months: RwLock<MonthKeys>,
    /// The error that stopped the writing.
    pub(super) fault: OnceLock<JournalError>,
    pub(super) log_restart: LogRestart,
    /// The error of the last checkpoint.
    pub(super) checkpoint_fault: Mutex<Option<JournalError>>,
    /// When checkpoints last covered all rows.
    pub(super) checkpoint_clock: CheckpointClock,
    /// The checkpoints that were written since the last batch, for its metadata.
    checkpoints: Mutex<CheckpointPlaces>,
    /// The checkpoint places of the settings.
    places: BTreeSet<String>,
    /// The rows since the maintenance thread last looked.
    waiting_rows: Mutex<usize>,
    /// No more rows come. It is set under the lock of `waiting_rows`, so that a waiting thread can't miss it.
    is_closing: AtomicBool,
    has_new_rows: Condvar,
    sealed: Condvar,
    closing: Condvar,
}

/// Locks a mutex even if a thread panicked while it held it: the guarded value is consistent after every statement.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(
        end: End,
        lookups: Lookups,
        months: MonthKeys,
        places: BTreeSet<String>,
    ) -> Self {
        Self {
            end: Mutex::new(end),
            lookups: RwLock::new(lookups),
            months: RwLock::new(months),
            fault: OnceLock::new(),
            log_restart: LogRestart::default(),
            checkpoint_fault: Mutex::default(),
            checkpoint_clock: CheckpointClock::default(),
            checkpoints: Mutex::default(),
            places,
            waiting_rows: Mutex::default(),
            is_closing: AtomicBool::new(false),
            has_new_rows: Condvar::new(),
            sealed: Condvar::new(),
            closing: Condvar::new(),
        }
    }

    /// Returns the end of the durable chain.
    pub(super) fn end(&self) -> End {
        lock(&self.end).clone()
    }

    /// Seals the personal data of a row. A key that the month got now is returned too: it must be stored in the same transaction.
    pub(super) fn seal_personal(
        &self,
        place: Place,
        month: Month,
        text: &str,
    ) -> Result<(Vec<u8>, Option<Vec<u8>>), PersonalError> {
        let new = match self.months.write().unwrap_or_else(PoisonError::into_inner).key(month)? {
            MonthKey::Known => None,
            MonthKey::New(wrapped) => Some(wrapped),
        };
        let months = self.months.read().unwrap_or_else(PoisonError::into_inner);
        Ok((months.seal(place, month, text.as_bytes())?, new))
    }

    /// Opens the sealed personal data of a row.
    pub(super) fn open_personal(
        &self,
        place: Place,
        month: Month,
        sealed: &[u8],
    ) -> Result<Vec<u8>, PersonalError> {
        self.months.read().unwrap_or_else(PoisonError::into_inner).open(place, month, sealed)
    }

    /// Returns the last row that has a look-up key.
    pub(super) fn newest(&self, key: LookupKey) -> Result<Option<u64>, JournalError> {
        self.lookups().newest(key)
    }

    /// Returns all rows that have a look-up key.
    pub(super) fn all(&self, key: LookupKey) -> Result<BTreeSet<u64>, JournalError> {
        self.lookups().all(key)
    }

    /// Returns the last row of a transfer.
    pub(super) fn last_row(&self, id: TransferId) -> Result<Option<u64>, JournalError> {
        let lookups = self.lookups();
        match lookups.last_open_row(id) {
            Some(row) => Ok(Some(row)),
            None => lookups.newest(LookupKey::transfer(id)),
        }
    }

    /// Returns the ids of the open transfers, in order.
    pub(super) fn open_ids(&self) -> BTreeSet<u128> {
        self.lookups().open_ids()
    }

    fn lookups(&self) -> std::sync::RwLockReadGuard<'_, Lookups> {
        self.lookups.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn lookups_mut(&self) -> RwLockWriteGuard<'_, Lookups> {
        self.lookups.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seals the newest entries into a run, if there are enough. Returns whether it did.
    pub(super) fn seal(&self) -> Result<bool, JournalError> {
        let seal_job = self.lookups_mut().begin_seal();
        let Some(seal_job) = seal_job else { return Ok(false) };
        let run = seal_job.write()?;
        self.lookups_mut().end_seal(run);
        // A writer that has seen the look-ups full waits by now, so it does not miss the end of the seal.
        drop(lock(&self.waiting_rows));
        self.sealed.notify_all();
        Ok(true)
    }

    /// Merges runs while there are enough of them, or until the journal closes.
    pub(super) fn merge(&self) -> Result<(), JournalError> {
        loop {
            let merge_job = self.lookups_mut().begin_merge();
            let Some(merge_job) = merge_job else { return Ok(()) };
            let run = match merge_job.write(&self.is_closing) {
                Err(JournalError::Closed) => return Ok(()),
                written => written?,
            };
            self.lookups_mut().end_merge(run);
            merge_job.remove_sources()?;
        }
    }

    /// Makes a batch that became durable visible to all threads. Waits while too many entries are not sealed yet.
    pub(super) fn publish(&self, rows: &[RowOutline], end: End) {
        let is_full = {
            let mut lookups = self.lookups_mut();
            lookups.extend(rows, end.head());
            lookups.is_full()
        };
        *lock(&self.end) = end;
        let mut waiting = lock(&self.waiting_rows);
        *waiting += rows.len();
        self.has_new_rows.notify_one();
        if is_full {
            let is_waiting = |_: &mut usize| self.fault.get().is_none() && self.lookups().is_full();
            drop(self.sealed.wait_while(waiting, is_waiting));
        }
    }

    /// Records a checkpoint, for the metadata of the next batch.
    pub(super) fn record_checkpoint(&self, place: String, row: u64) {
        lock(&self.checkpoints).insert(place, row);
    }

    /// Returns whether the settings name a checkpoint place.
    pub(super) fn is_place(&self, name: &str) -> bool {
        self.places.contains(name)
    }

    /// Takes the checkpoints that were recorded since the last batch.
    pub(super) fn take_checkpoints(&self) -> CheckpointPlaces {
        std::mem::take(&mut *lock(&self.checkpoints))
    }

    /// Announces that no more rows come.
    pub(super) fn close(&self) {
        let waiting = lock(&self.waiting_rows);
        self.is_closing.store(true, Ordering::Relaxed);
        drop(waiting);
        self.has_new_rows.notify_all();
        self.closing.notify_all();
    }

    /// Stops all writing and wakes the waiting threads.
    pub(super) fn fail(&self, error: JournalError) {
        tracing::error!(%error, "journal stopped");
        let _ = self.fault.set(error);
        self.close();
        self.sealed.notify_all();
    }

    /// Waits until the journal closes, at most a time. Returns whether it closes.
    pub(super) fn wait_for_close(&self, time: Duration) -> bool {
        let is_open = |_: &mut usize| !self.is_closing.load(Ordering::Relaxed);
        drop(self.closing.wait_timeout_while(lock(&self.waiting_rows), time, is_open));
        self.is_closing.load(Ordering::Relaxed)
    }

    /// Waits until `enough` rows came, until `patience` has passed with at least one row, or until the journal closes; at most
    /// `idle` if none came. Returns whether rows came, and whether the journal closes.
    pub(super) fn wait(&self, enough: usize, patience: Duration, idle: Duration) -> (bool, bool) {
        let mut waiting = self.wait_for(lock(&self.waiting_rows), 1, idle);
        if *waiting > 0 {
            waiting = self.wait_for(waiting, enough, patience);
        }
        let came = std::mem::take(&mut *waiting);
        (came > 0, self.is_closing.load(Ordering::Relaxed))
    }

    fn wait_for<'t>(
        &self,
        waiting: MutexGuard<'t, usize>,
        rows: usize,
        time: Duration,
    ) -> MutexGuard<'t, usize> {
        let is_short = |came: &mut usize| *came < rows && !self.is_closing.load(Ordering::Relaxed);
        let waited = self.has_new_rows.wait_timeout_while(waiting, time, is_short);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
