//! The clock of the transport.

use std::time::{Duration, Instant, SystemTime};

use crate::values::Moment;

/// A clock that starts at the system's time of day and then only advances, also when the system's clock is set back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    moment: Moment,
    instant: Instant,
}

impl Clock {
    /// Starts a clock at the system's time.
    pub(super) fn new() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { moment: Moment::default().after(since), instant: Instant::now() }
    }

    /// Returns the current time.
    pub(super) fn now(&self) -> Moment {
        self.moment.after(self.instant.elapsed())
    }

    /// Returns the instant of a moment, at most one day ahead: a timer for a later moment fires early and is set again.
    pub(super) fn instant_of(&self, moment: Moment) -> Instant {
        const DAY: Duration = Duration::from_hours(24);
        let passed = self.instant.elapsed();
        self.instant + moment.since(self.moment).min(passed + DAY)
    }
}
