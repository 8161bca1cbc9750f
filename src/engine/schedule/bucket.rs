//! How fast attempts may follow each other.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::values::Moment;

/// How fast paced slots are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// The average number of attempts a second, over all destinations.
    pub per_second: NonZeroU32,
    /// The average number of attempts a second to each destination.
    pub per_destination: NonZeroU32,
    /// The number of attempts that may follow at once after a rest, over all destinations and to each one. No second has more
    /// than the burst plus the rate. No millisecond has more than the burst, so a rate is used in full only if the burst is at
    /// least a thousandth of it.
    pub burst: NonZeroU32,
}

/// The cost of an attempt in tokens. A rate of one attempt a second earns one token a millisecond.
const ATTEMPT_COST: u64 = 1000;

/// A token bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenBucket {
    per_second: NonZeroU32,
    burst: NonZeroU32,
    /// The tokens that it held at a moment.
    tokens: u64,
    at: Moment,
}

impl TokenBucket {
    /// Creates a full bucket.
    pub(super) fn new(now: Moment, per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        Self { per_second, burst, tokens: capacity(per_second, burst), at: now }
    }

    /// Returns when the bucket has enough tokens for an attempt. The time may be in the past.
    pub(super) fn next(&self) -> Moment {
        let missing = ATTEMPT_COST.saturating_sub(self.tokens);
        self.at.after(Duration::from_millis(missing.div_ceil(self.per_second.get().into())))
    }

    /// Spends the tokens of an attempt. The bucket must have enough of them, so `now` is not before the last attempt.
    pub(super) fn spend(&mut self, now: Moment) {
        debug_assert!(self.next() <= now, "the bucket has enough tokens");
        let millis = now.millis().saturating_sub(self.at.millis());
        let earned = millis.saturating_mul(self.per_second.get().into());
        let tokens = self.tokens.saturating_add(earned).min(capacity(self.per_second, self.burst));
        (self.tokens, self.at) = (tokens.saturating_sub(ATTEMPT_COST), now);
    }

    /// Follows a clock that was set back: keeps its tokens, and earns more from `now` on.
    pub(super) fn rewind(&mut self, now: Moment) {
        self.at = self.at.min(now);
    }
}

/// Returns the most tokens that a bucket holds. A millisecond often earns slightly more than an attempt still costs. If that rest
/// were lost, a small burst would never reach its rate. The rest is less than an attempt, so it allows no further one.
fn capacity(per_second: NonZeroU32, burst: NonZeroU32) -> u64 {
    u64::from(burst.get()) * ATTEMPT_COST + u64::from(per_second.get()).min(ATTEMPT_COST) - 1
}
