//! Keeps the write-ahead log short, beside the writer, so that no commit waits for it.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use super::store::{Store, checkpoint};
use crate::bank::error::{BankError, During};
use crate::sqlite::Mode;

/// The writer's end of the keeper. When it is dropped the keeper has ended.
pub(super) struct Keeper {
    common: Arc<Common>,
    looks: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Common {
    /// All but the last pages of a long log are in the file: the writer, who alone can, is to begin it again.
    rewind: AtomicBool,
    /// Why the keeper ended.
    fault: OnceLock<BankError>,
}

impl Keeper {
    pub(super) fn start(store: &Store) -> Result<Self, BankError> {
        let (looks, calls) = sync_channel(1);
        let common = Arc::new(Common::default());
        let own = Arc::clone(&common);
        let (db, path, file) = (store.beside()?, store.path.clone(), Arc::clone(&store.file));
        let keep = move || {
            if let Err(fault) = keep(&db, &path, &file, &own, &calls) {
                // Set once, here.
                let _ = own.fault.set(fault);
            }
        };
        let thread = thread::Builder::new().name("bank-keeper".to_owned()).spawn(keep);
        let thread = thread.during("starting a thread for", &store.path)?;
        Ok(Self { common, looks: Some(looks), thread: Some(thread) })
    }

    /// Something was written.
    pub(super) fn look(&self) {
        // If it is looking already it will see.
        let _ = self.looks.as_ref().map(|looks| looks.try_send(()));
    }

    /// Lets the log begin again, if it is long and nearly all of it is in the file.
    pub(super) fn rewind(&self, store: &Store) -> Result<(), BankError> {
        if let Some(fault) = self.common.fault.get() {
            return Err(fault.clone());
        }
        if self.common.rewind.swap(false, Ordering::Relaxed) {
            checkpoint(&store.db, &store.path, Mode::Passive)?;
        }
        Ok(())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.looks = None;
        // A thread that panicked, as none should, said so itself.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The keeper's thread.
fn keep(
    db: &Connection,
    path: &Path,
    file: &File,
    common: &Common,
    calls: &Receiver<()>,
) -> Result<(), BankError> {
    while calls.recv().is_ok() {
        let log = checkpoint(db, path, Mode::Look)?;
        if log.is_due() {
            checkpoint(db, path, Mode::Passive)?;
            file.sync_data().during("syncing the ledger", path)?;
            common.rewind.store(log.is_long(), Ordering::Relaxed);
        }
    }
    Ok(())
}
