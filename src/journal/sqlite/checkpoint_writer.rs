//! The checkpoint thread. A place may be a disk of another machine that does not answer, so no commit waits for it, and a stop
//! waits for a limited time.

use std::time::{Duration, Instant};

use super::shared::{Shared, lock};
use crate::journal::checkpoint::CheckpointPlace;

/// The checkpoint thread.
pub(super) struct CheckpointWriter<'k> {
    pub(super) shared: &'k Shared,
    pub(super) places: Vec<CheckpointPlace>,
    /// The time between two checkpoints.
    pub(super) every: Duration,
}

impl CheckpointWriter<'_> {
    /// Runs until the journal is closed. Its last checkpoint covers all rows.
    pub(super) fn run(mut self) {
        loop {
            let is_closing = self.shared.wait_for_close(self.every);
            self.write();
            if is_closing {
                return;
            }
        }
    }

    /// Writes the last statement to each place. A place that cannot be written stops no transfer: it is a fault of the readiness,
    /// and it is tried again.
    fn write(&mut self) {
        let clock = &self.shared.checkpoint_clock;
        let Some(signed) = self.shared.end().signed else { return clock.set(Instant::now()) };
        clock.begin(Instant::now());
        let mut fault = None;
        for place in &mut self.places {
            match place.write(&signed) {
                Ok(()) => self.shared.record_checkpoint(place.name(), place.last()),
                Err(error) => {
                    clock.fail();
                    tracing::error!(%error, "checkpoint not written");
                    fault = Some(error);
                }
            }
        }
        if fault.is_none() {
            clock.set(Instant::now());
        }
        *lock(&self.shared.checkpoint_fault) = fault;
    }
}
