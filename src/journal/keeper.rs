//! The keeper: the thread that does what must not make a commit wait. It fills the index, seals and merges the keys,
//! takes the write-ahead log into the store, and signs checkpoints.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::checkpoint::Ledger;
use super::error::JournalError;
use super::index::Index;
use super::shared::{Shared, lock};
use super::store::{Mode, Store};

/// Rows that are worth a step of the index, and how long fewer wait for more.
const STEP: usize = 4096;
const PATIENCE: Duration = Duration::from_millis(20);

/// How long the keeper sleeps when nothing is written and no checkpoint is due.
const IDLE: Duration = Duration::from_secs(1);

/// Pages of the log before it is taken into the store, and how many may be left for the writer to take.
const LOG_PAGES: u64 = 16_384;
const LEFT_PAGES: u64 = 256;

/// How often the rest of the log is tried to be made small, while more is written to it.
const PASSES: usize = 8;

pub(super) struct Keeper<'k> {
    pub(super) shared: &'k Shared,
    /// A connection of its own, so that the writer's is never busy.
    pub(super) store: Store,
    pub(super) index: Index,
    pub(super) ledger: Option<Ledger>,
}

impl Keeper<'_> {
    /// The keeper's thread: until the journal closes and all is done.
    pub(super) fn run(mut self) -> Result<(), JournalError> {
        let kept = self.keep();
        if let Err(error) = &kept {
            self.shared.fail(error.clone());
        }
        kept
    }

    fn keep(&mut self) -> Result<(), JournalError> {
        let mut signed = Instant::now();
        loop {
            let every = self.ledger.as_ref().map_or(IDLE, |ledger| ledger.every);
            let idle = every.saturating_sub(signed.elapsed()).min(IDLE);
            let (groups, closing) = self.shared.wait(STEP, PATIENCE, idle);
            self.index.apply(&groups)?;
            self.shared.indexed(groups.len());
            self.shared.keep_claims()?;
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

    /// Takes the log into the store, if it is long. The last pages are the writer's, who alone can begin the log again.
    fn keep_log(&self) -> Result<(), JournalError> {
        if self.store.checkpoint(Mode::Look)? < LOG_PAGES {
            return Ok(());
        }
        for _ in 0..PASSES {
            if self.store.checkpoint(Mode::Passive)? <= LEFT_PAGES {
                break;
            }
        }
        self.shared.rewind.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Signs where the chain stands. A place that can't be written stops no transfer: it is said, and tried again.
    fn sign(&mut self) {
        let Some(ledger) = &mut self.ledger else { return };
        let (head, at) = *lock(&self.shared.head);
        *lock(&self.shared.unsigned) = ledger.sign(head, at).err();
    }
}
