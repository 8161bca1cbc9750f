//! How many read the events.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of readers.
#[derive(Default)]
pub(super) struct Readers(AtomicUsize);

impl Readers {
    /// The most readers at a time. Each holds a connection, however slowly it reads.
    pub(super) const MAX: usize = 64;

    /// Counts a reader. Returns whether there is room for it.
    pub(super) fn enter(&self) -> bool {
        let more = |count: usize| (count < Self::MAX).then_some(count + 1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Counts that a reader is gone.
    pub(super) fn leave(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
