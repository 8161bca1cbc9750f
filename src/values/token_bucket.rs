//! How fast events may follow each other.

use std::num::NonZeroU32;
use std::time::Duration;

use super::Moment;

/// The cost of an event in tokens. A rate of one event a second earns one token a millisecond.
const EVENT_COST: u64 = 1000;

/// A token bucket: limits how often something happens. No second has more than the burst plus the rate. No millisecond has
/// more than the burst, so a rate is used in full only if the burst is at least a thousandth of it.
#[derive(Clone, Copy, Debug)]
pub struct TokenBucket {
    per_second: NonZeroU32,
    burst: NonZeroU32,
    /// The tokens that it held at a moment.
    tokens: u64,
    at: Moment,
}

impl TokenBucket {
    /// Creates a full bucket.
    #[must_use]
    pub fn new(now: Moment, per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        Self { per_second, burst, tokens: capacity(per_second, burst), at: now }
    }

    /// Returns when the bucket has enough tokens for an event. The time may be in the past.
    #[must_use]
    pub fn next(&self) -> Moment {
        let missing = EVENT_COST.saturating_sub(self.tokens);
        self.at.after(Duration::from_millis(missing.div_ceil(self.per_second.get().into())))
    }

    /// Spends the tokens of an event. The bucket must have enough of them, so `now` is not before the last event.
    pub fn spend(&mut self, now: Moment) {
        debug_assert!(self.next() <= now, "the bucket has enough tokens");
        let millis = now.millis().saturating_sub(self.at.millis());
        let earned = millis.saturating_mul(self.per_second.get().into());
        let tokens = self.tokens.saturating_add(earned).min(capacity(self.per_second, self.burst));
        (self.tokens, self.at) = (tokens.saturating_sub(EVENT_COST), now);
    }

    /// Spends the tokens of an event, if there are enough. Returns whether there were. Events of several threads may come
    /// out of the order of their times: one that is earlier than the last counts as simultaneous with it.
    pub fn take(&mut self, now: Moment) -> bool {
        let now = now.max(self.at);
        let is_due = self.next() <= now;
        if is_due {
            self.spend(now);
        }
        is_due
    }

    /// Follows a clock that was set back: keeps its tokens, and earns more from `now` on.
    pub fn rewind(&mut self, now: Moment) {
        self.at = self.at.min(now);
    }
}

/// Returns the most tokens that a bucket holds. A millisecond often earns slightly more than an event still costs. If that rest
/// were lost, a small burst would never reach its rate. The rest is less than an event, so it allows no further one.
fn capacity(per_second: NonZeroU32, burst: NonZeroU32) -> u64 {
    u64::from(burst.get()) * EVENT_COST + u64::from(per_second.get()).min(EVENT_COST) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_and_rate_limit_the_tokens_over_any_time() {
        let number = |number| NonZeroU32::new(number).unwrap();
        let start = Moment::from_millis(5_000);
        let mut limit = TokenBucket::new(start, number(300), number(10));
        let mut taken = 0;
        for millis in 0..10_000 {
            let now = Moment::from_millis(5_000 + millis);
            while limit.take(now) {
                taken += 1;
            }
            assert!(limit.next() > now, "all tokens are taken");
            assert!(taken <= 10 + 300 * (millis + 1) / 1000, "{taken} after {millis} ms");
        }
        assert!(taken >= 3_005, "nearly all tokens are used: {taken}");
    }

    #[test]
    fn a_token_is_available_at_the_announced_moment() {
        let one = NonZeroU32::MIN;
        let mut limit = TokenBucket::new(Moment::from_millis(0), one, one);
        assert!(limit.take(Moment::from_millis(0)));
        assert_eq!(limit.next(), Moment::from_millis(1000));
        assert!(!limit.take(Moment::from_millis(999)));
        assert!(limit.take(Moment::from_millis(1000)));
    }

    #[test]
    fn an_event_before_the_last_one_takes_a_token_too() {
        let number = |number| NonZeroU32::new(number).unwrap();
        let mut limit = TokenBucket::new(Moment::from_millis(0), number(10), number(3));
        let taken = [100, 99, 0, 99].map(|millis| limit.take(Moment::from_millis(millis)));
        assert_eq!(taken, [true, true, true, false]);
    }
}
