//! The last durable head of the ledger, for other threads. The journal records it, so it is never ahead of the disk.

use std::sync::{Arc, Mutex, PoisonError};

use crate::signing::LedgerHead;

/// The last durable head; `None` before the first batch.
#[derive(Clone, Default)]
pub(in crate::core_banking) struct DurableHead(Arc<Mutex<Option<LedgerHead>>>);

impl DurableHead {
    /// Publishes a head, after its sync.
    pub(super) fn set(&self, head: Option<LedgerHead>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = head;
    }

    pub(in crate::core_banking) fn get(&self) -> Option<LedgerHead> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
