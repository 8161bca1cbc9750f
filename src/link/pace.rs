//! So many requests a second.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::values::Moment;

/// A bucket of turns that fills evenly. It counts in thousandths of a turn: with `per_second` turns a second, so
/// many of these come in a millisecond.
#[derive(Debug)]
pub(super) struct Pace {
    per_second: u64,
    full: u64,
    left: u64,
    at: Moment,
}

const TURN: u64 = 1000;

impl Pace {
    pub(super) fn new(per_second: NonZeroU32, burst: NonZeroU32, now: Moment) -> Self {
        let full = u64::from(burst.get()) * TURN;
        Self { per_second: per_second.get().into(), full, left: full, at: now }
    }

    /// Takes a turn, if there is one.
    pub(super) fn take(&mut self, now: Moment) -> bool {
        let passed = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        self.at = self.at.max(now);
        self.left = passed.saturating_mul(self.per_second).saturating_add(self.left).min(self.full);
        let taken = self.left.checked_sub(TURN);
        self.left = taken.unwrap_or(self.left);
        taken.is_some()
    }

    /// When there is a turn again.
    pub(super) fn next(&self) -> Moment {
        let missing = TURN.saturating_sub(self.left);
        self.at.after(Duration::from_millis(missing.div_ceil(self.per_second)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_any_time_no_more_turns_are_taken_than_burst_and_rate_allow() {
        let number = |number| NonZeroU32::new(number).unwrap();
        let start = Moment::from_millis(5_000);
        let mut pace = Pace::new(number(300), number(10), start);
        let mut taken = 0;
        for millis in 0..10_000 {
            let now = Moment::from_millis(5_000 + millis);
            while pace.take(now) {
                taken += 1;
            }
            assert!(pace.next() > now, "none is left");
            assert!(taken <= 10 + 300 * (millis + 1) / 1000, "{taken} after {millis} ms");
        }
        assert!(taken >= 3_005, "nor much fewer: {taken}");
    }

    #[test]
    fn a_turn_is_there_when_it_is_said_to_be() {
        let one = NonZeroU32::MIN;
        let mut pace = Pace::new(one, one, Moment::from_millis(0));
        assert!(pace.take(Moment::from_millis(0)));
        assert_eq!(pace.next(), Moment::from_millis(1000));
        assert!(!pace.take(Moment::from_millis(999)));
        assert!(pace.take(Moment::from_millis(1000)));
    }
}
