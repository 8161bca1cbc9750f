//! The clock of the face.

use std::time::{Duration, Instant, SystemTime};

use crate::values::Moment;

/// The time of day when it was made, carried on by a clock that is never set back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    moment: Moment,
    instant: Instant,
}

impl Clock {
    /// A clock that is set by the system's.
    pub(super) fn new() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { moment: Moment::default().after(since), instant: Instant::now() }
    }

    /// Now.
    pub(super) fn now(&self) -> Moment {
        self.moment.after(self.instant.elapsed())
    }

    /// When a moment comes. One in the distant future comes in a day at the latest, to be looked at again.
    pub(super) fn instant_of(&self, moment: Moment) -> Instant {
        const DAY: Duration = Duration::from_hours(24);
        let passed = self.instant.elapsed();
        self.instant + moment.since(self.moment).min(passed + DAY)
    }
}
