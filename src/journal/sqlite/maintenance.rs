//! The maintenance thread does the work that must not delay a commit. It seals entries of the look-ups into runs, and copies the
//! write-ahead log into the store. A second thread merges runs.

use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use super::shared::Shared;
use super::store::Store;
use crate::journal::error::{ErrorContext, JournalError};
use crate::sqlite::{self, FileWatch};

/// Rows at which the thread works at once. With fewer rows it waits for [`PATIENCE`].
const STEP: usize = 4096;
const PATIENCE: Duration = Duration::from_millis(20);

/// The longest sleep while nothing is written.
const IDLE: Duration = Duration::from_secs(1);

pub(super) struct Maintenance<'k> {
    pub(super) shared: &'k Shared,
    /// A separate connection, so that this thread never blocks the writer's connection.
    pub(super) store: Store,
    /// The store's file, for syncs. It stays open as long as the journal: closing any handle of a file releases all
    /// locks that the process holds on it.
    pub(super) file: Arc<File>,
    pub(super) watch: FileWatch,
    /// Wakes the merge thread after a seal. The merge thread ends when this is dropped.
    pub(super) sealed: Sender<()>,
}

/// Runs the merge thread. Merging millions of entries takes seconds, which the log can't wait.
pub(super) fn merge(shared: &Shared, sealed: &Receiver<()>) {
    loop {
        if let Err(error) = shared.merge() {
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
        loop {
            let (came, is_closing) = self.shared.wait(STEP, PATIENCE, IDLE);
            if self.shared.seal()? {
                // A merge thread that has ended has already recorded its error and stopped the journal.
                let _ended = self.sealed.send(());
            }
            self.copy_log()?;
            self.check_files(is_closing)?;
            if is_closing && !came {
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

    /// Checks, once a second and at the end, that the store and its log are still the files that were opened.
    fn check_files(&mut self, is_closing: bool) -> Result<(), JournalError> {
        let watch = &mut self.watch;
        let replaced = if is_closing { watch.replaced() } else { watch.replaced_if_due() };
        let replaced = replaced.context("looking at", &self.store.path)?;
        replaced.map_or(Ok(()), |path| {
            let detail = "it was replaced or removed while it was in use, so its last rows are lost (docs/runbook.md, A start is refused)";
            Err(JournalError::mismatch(path, detail))
        })
    }
}
