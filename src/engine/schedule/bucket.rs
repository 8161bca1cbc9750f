//! How fast attempts may follow each other.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::values::Moment;

/// How fast paced slots are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// At most so many a second in all, in the long run.
    pub per_second: NonZeroU32,
    /// At most so many a second to each destination, in the long run.
    pub per_destination: NonZeroU32,
    /// At most so many at once after a rest, in all and to each destination. No second sees more than this and the
    /// rate together; nor is more given in a millisecond, so a rate is used in full from a thousandth of it on.
    pub burst: NonZeroU32,
}

/// What an attempt costs. A rate of one a second then earns one in a millisecond.
const ATTEMPT: u64 = 1000;

/// A token bucket: what may be spent on attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    per_second: NonZeroU32,
    burst: NonZeroU32,
    /// What there was to spend at a moment.
    level: u64,
    at: Moment,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(now: Moment, per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        Self { per_second, burst, level: most(per_second, burst), at: now }
    }

    /// When there is enough for an attempt, which may have been long ago.
    pub(super) fn next(&self) -> Moment {
        let missing = ATTEMPT.saturating_sub(self.level);
        self.at.after(Duration::from_millis(missing.div_ceil(self.per_second.get().into())))
    }

    /// Spends an attempt. Only when there is enough for it, so `now` is not before the last time.
    pub(super) fn spend(&mut self, now: Moment) {
        debug_assert!(self.next() <= now, "there is enough");
        let millis = now.millis().saturating_sub(self.at.millis());
        let earned = millis.saturating_mul(self.per_second.get().into());
        let level = self.level.saturating_add(earned).min(most(self.per_second, self.burst));
        (self.level, self.at) = (level.saturating_sub(ATTEMPT), now);
    }

    /// The clock was set back: what there was last is there still, and more is earned from now on.
    pub(super) fn turn_back(&mut self, now: Moment) {
        self.at = self.at.min(now);
    }
}

/// What a rest earns at most. A millisecond often earns a little more than what was missing for an attempt: unless that is
/// kept, a small burst never comes up to its rate. It is less than an attempt, so there isn't one more of them.
fn most(per_second: NonZeroU32, burst: NonZeroU32) -> u64 {
    u64::from(burst.get()) * ATTEMPT + u64::from(per_second.get()).min(ATTEMPT) - 1
}
