//! The maintenance thread does the work that must not delay a commit. It fills the index, seals keys into runs, copies
//! the write-ahead log into the store, and signs checkpoints. A second thread merges key runs.

use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use super::index::Index;
use super::shared::{Shared, lock};
use super::store::Store;
use crate::journal::checkpoint::CheckpointFile;
use crate::journal::error::{ErrorContext, JournalError};
use crate::sqlite;

/// Rows at which an index update starts at once. With fewer rows it waits for [`PATIENCE`].
const STEP: usize = 4096;
const PATIENCE: Duration = Duration::from_millis(20);

/// The longest sleep while nothing is written and no checkpoint is due.
const IDLE: Duration = Duration::from_secs(1);

pub(super) struct Maintenance<'k> {
    pub(super) shared: &'k Shared,
    /// A separate connection, so that this thread never blocks the writer's connection.
    pub(super) store: Store,
    /// The store's file, for syncs. It stays open as long as the journal: closing any handle of a file releases all
    /// locks that the process holds on it.
    pub(super) file: Arc<File>,
    pub(super) index: Index,
    pub(super) checkpoint_file: Option<CheckpointFile>,
    /// Wakes the merge thread after a seal. The merge thread ends when this is dropped.
    pub(super) sealed: Sender<()>,
}

/// Runs the merge thread. Merging millions of keys takes seconds, which the log and the index can't wait.
pub(super) fn merge(shared: &Shared, sealed: &Receiver<()>) {
    loop {
        if let Err(error) = shared.merge_reservations() {
            return shared.fail(error);
        }
        if sealed.recv().is_err() {
            return;
        }
    }
}

impl Maintenance<'_> {
    /// Runs the maintenance thread until the journal is closed and all work is done.
    pub(super) fn run(mut self) {
        if let Err(error) = self.run_until_closed() {
            self.shared.fail(error);
        }
    }

    fn run_until_closed(&mut self) -> Result<(), JournalError> {
        let mut signed = Instant::now();
        loop {
            let every = self.checkpoint_file.as_ref().map_or(IDLE, |file| file.every);
            let idle = every.saturating_sub(signed.elapsed()).min(IDLE);
            let (groups, is_closing) = self.shared.wait(STEP, PATIENCE, idle);
            self.index.apply(&groups)?;
            self.shared.indexed(groups.len());
            if self.shared.seal_reservations()? {
                // A merge thread that has ended has already recorded its error and stopped the journal.
                let _ended = self.sealed.send(());
            }
            self.copy_log()?;
            if signed.elapsed() >= every || is_closing {
                signed = Instant::now();
                self.sign();
            }
            if is_closing && groups.is_empty() {
                return Ok(());
            }
        }
    }

    /// Copies the log into the store, a piece at a time.
    fn copy_log(&self) -> Result<(), JournalError> {
        let copied = sqlite::copy_piece(&self.store.db);
        let copied = copied.context("copying the log into the store", &self.store.path)?;
        if let Some(log) = copied {
            self.file.sync_data().context("syncing the store", &self.store.path)?;
            self.shared.log_restart.request(log);
        }
        Ok(())
    }

    /// Signs a checkpoint of the head. A checkpoint file that can't be written stops no transfer: the error is logged and
    /// the checkpoint retried.
    fn sign(&mut self) {
        let Some(file) = &mut self.checkpoint_file else { return };
        let (head, recorded_at) = *lock(&self.shared.head);
        let fault = file.sign(head, recorded_at).err();
        match &fault {
            None => self.shared.checkpoint_clock.set(Instant::now()),
            Some(error) => tracing::error!(%error, "checkpoint not written; it is tried again"),
        }
        *lock(&self.shared.checkpoint_fault) = fault;
    }
}
