//! The keeper: the thread that does what must not make a commit wait. It fills the index, seals the keys, takes the write-ahead log
//! into the store, and signs checkpoints. Beside it the merger merges the runs of keys.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use super::checkpoint::Ledger;
use super::error::{During, JournalError};
use super::index::Index;
use super::shared::{Shared, lock};
use super::store::Store;
use crate::sqlite::Mode;

/// Rows that are worth a step of the index, and how long fewer wait for more.
const STEP: usize = 4096;
const PATIENCE: Duration = Duration::from_millis(20);

/// How long the keeper sleeps when nothing is written and no checkpoint is due.
const IDLE: Duration = Duration::from_secs(1);

pub(super) struct Keeper<'k> {
    pub(super) shared: &'k Shared,
    /// A connection of its own, so that the writer's is never busy.
    pub(super) store: Store,
    /// The store's file, to be synced. It stays open as long as anything else of the journal: to close any handle of a
    /// file lets go of all locks that the process has on it.
    pub(super) file: Arc<File>,
    pub(super) index: Index,
    pub(super) ledger: Option<Ledger>,
    /// Where the merger is told of new runs of keys. It ends when this is gone.
    pub(super) sealed: Sender<()>,
}

/// The merger's thread: whenever keys were sealed, their runs may be many. To merge millions takes seconds, that the log and the
/// index have not.
pub(super) fn merge(shared: &Shared, sealed: &Receiver<()>) {
    loop {
        if let Err(error) = shared.merge_claims() {
            return shared.fail(error);
        }
        if sealed.recv().is_err() {
            return;
        }
    }
}

impl Keeper<'_> {
    /// The keeper's thread: until the journal closes and all is done.
    pub(super) fn run(mut self) {
        if let Err(error) = self.keep() {
            self.shared.fail(error);
        }
    }

    fn keep(&mut self) -> Result<(), JournalError> {
        let mut signed = Instant::now();
        loop {
            let every = self.ledger.as_ref().map_or(IDLE, |ledger| ledger.every);
            let idle = every.saturating_sub(signed.elapsed()).min(IDLE);
            let (groups, closing) = self.shared.wait(STEP, PATIENCE, idle);
            self.index.apply(&groups)?;
            self.shared.indexed(groups.len());
            if self.shared.seal_claims()? {
                // One that is gone has said why, and nothing is written any more.
                let _ended = self.sealed.send(());
            }
            self.keep_log()?;
            if signed.elapsed() >= every || closing {
                signed = Instant::now();
                self.sign();
            }
            if closing && groups.is_empty() {
                return Ok(());
            }
        }
    }

    /// Takes the log into the store, a piece at a time. If it is long the writer, who alone can begin it again, is to take
    /// what comes meanwhile.
    fn keep_log(&self) -> Result<(), JournalError> {
        let log = self.store.checkpoint(Mode::Look)?;
        if log.is_due() {
            self.store.checkpoint(Mode::Passive)?;
            self.file.sync_data().during("syncing the store", &self.store.path)?;
            self.shared.rewind.store(log.is_long(), Ordering::Relaxed);
        }
        Ok(())
    }

    /// Signs where the chain stands. A place that can't be written stops no transfer: it is said, and tried again.
    fn sign(&mut self) {
        let Some(ledger) = &mut self.ledger else { return };
        let (head, at) = *lock(&self.shared.head);
        *lock(&self.shared.unsigned) = ledger.sign(head, at).err();
    }
}
