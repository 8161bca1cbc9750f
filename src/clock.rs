//! The clock of the parts that have sockets. Pure parts get the time as an argument.

use std::time::{Duration, Instant, SystemTime};

use crate::values::Moment;

/// A clock that starts at the system's time and then only advances, also when the system's clock is set back. Its copies
/// show the same time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    moment: Moment,
    instant: Instant,
}

impl Clock {
    /// Starts a clock at the system's time.
    #[must_use]
    pub fn new() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self::at(Moment::default().after(since))
    }

    /// Starts a clock at a moment.
    #[must_use]
    pub fn at(moment: Moment) -> Self {
        Self { moment, instant: Instant::now() }
    }

    /// Returns the current moment.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.moment.after(self.instant.elapsed())
    }

    /// Returns the instant of a moment, at most one day ahead: a timer for a later moment fires early and is set again.
    #[must_use]
    pub fn instant_of(&self, moment: Moment) -> Instant {
        const DAY: Duration = Duration::from_hours(24);
        let passed = self.instant.elapsed();
        self.instant + moment.since(self.moment).min(passed + DAY)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}
