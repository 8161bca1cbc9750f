//! The rate limit for requests.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::values::Moment;

/// A token bucket for requests. It counts thousandths of a token: at `per_second` tokens per second, `per_second`
/// thousandths are added per millisecond.
#[derive(Debug)]
pub(super) struct RateLimit {
    per_second: u64,
    capacity: u64,
    available: u64,
    updated_at: Moment,
}

const TOKEN: u64 = 1000;

impl RateLimit {
    pub(super) fn new(per_second: NonZeroU32, burst: NonZeroU32, now: Moment) -> Self {
        let capacity = u64::from(burst.get()) * TOKEN;
        Self { per_second: per_second.get().into(), capacity, available: capacity, updated_at: now }
    }

    /// Takes a token, if one is available.
    pub(super) fn take(&mut self, now: Moment) -> bool {
        let passed = u64::try_from(now.since(self.updated_at).as_millis()).unwrap_or(u64::MAX);
        self.updated_at = self.updated_at.max(now);
        let added = passed.saturating_mul(self.per_second);
        self.available = added.saturating_add(self.available).min(self.capacity);
        let taken = self.available.checked_sub(TOKEN);
        self.available = taken.unwrap_or(self.available);
        taken.is_some()
    }

    /// Returns the moment when the next token is available.
    pub(super) fn next_token_at(&self) -> Moment {
        let missing = TOKEN.saturating_sub(self.available);
        self.updated_at.after(Duration::from_millis(missing.div_ceil(self.per_second)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_and_rate_limit_the_tokens_over_any_time() {
        let number = |number| NonZeroU32::new(number).unwrap();
        let start = Moment::from_millis(5_000);
        let mut limit = RateLimit::new(number(300), number(10), start);
        let mut taken = 0;
        for millis in 0..10_000 {
            let now = Moment::from_millis(5_000 + millis);
            while limit.take(now) {
                taken += 1;
            }
            assert!(limit.next_token_at() > now, "all tokens are taken");
            assert!(taken <= 10 + 300 * (millis + 1) / 1000, "{taken} after {millis} ms");
        }
        assert!(taken >= 3_005, "nearly all tokens are used: {taken}");
    }

    #[test]
    fn a_token_is_available_at_the_announced_moment() {
        let one = NonZeroU32::MIN;
        let mut limit = RateLimit::new(one, one, Moment::from_millis(0));
        assert!(limit.take(Moment::from_millis(0)));
        assert_eq!(limit.next_token_at(), Moment::from_millis(1000));
        assert!(!limit.take(Moment::from_millis(999)));
        assert!(limit.take(Moment::from_millis(1000)));
    }
}
