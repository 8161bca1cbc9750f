//! The maintenance thread keeps the write-ahead log short, beside the writer, so that no commit waits for it.

use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use super::store::Store;
use crate::core_banking::error::{CoreBankingError, ErrorContext};
use crate::sqlite::{LogRestart, copy_piece};

/// The action of an error.
const COPYING: &str = "copying the log into the ledger";

/// The writer's handle of the maintenance thread. Dropping it ends the thread and waits for it.
pub(super) struct Maintenance {
    common: Arc<Common>,
    wakeup: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Common {
    log_restart: LogRestart,
    /// The error that ended the thread.
    fault: OnceLock<CoreBankingError>,
}

impl Maintenance {
    pub(super) fn start(store: &Store) -> Result<Self, CoreBankingError> {
        let (wakeup, wakeups) = sync_channel(1);
        let common = Arc::new(Common::default());
        let shared = Arc::clone(&common);
        let (db, path) = (store.second_connection()?, store.path.clone());
        let file = Arc::clone(&store.file);
        let maintain = move || {
            if let Err(fault) = run(&db, &path, &file, &shared, &wakeups) {
                // Only this statement sets it, and only once.
                let _ = shared.fault.set(fault);
            }
        };
        let thread = thread::Builder::new().name("ledger-maint".to_owned()).spawn(maintain);
        let thread = thread.context("starting a thread for", &store.path)?;
        Ok(Self { common, wakeup: Some(wakeup), thread: Some(thread) })
    }

    /// Asks the thread to check the log after writes.
    pub(super) fn check_log(&self) {
        // If a check is already queued, it sees these writes too.
        let _ = self.wakeup.as_ref().map(|wakeup| wakeup.try_send(()));
    }

    /// Restarts the log if it is long and nearly all of it is in the file.
    ///
    /// # Errors
    /// The error that ended the thread, or that of the checkpoint.
    pub(super) fn restart_log(&self, store: &Store) -> Result<(), CoreBankingError> {
        if let Some(fault) = self.common.fault.get() {
            return Err(fault.clone());
        }
        self.common.log_restart.run(&store.db).context(COPYING, &store.path)
    }
}

impl Drop for Maintenance {
    fn drop(&mut self) {
        self.wakeup = None;
        // A thread that panicked has printed its message.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Runs the maintenance thread.
fn run(
    db: &Connection,
    path: &Path,
    file: &File,
    common: &Common,
    wakeups: &Receiver<()>,
) -> Result<(), CoreBankingError> {
    while wakeups.recv().is_ok() {
        if let Some(log) = copy_piece(db).context(COPYING, path)? {
            file.sync_data().context("syncing the ledger", path)?;
            common.log_restart.request(log);
        }
    }
    Ok(())
}
