//! How much was admitted in the last minute.

use crate::values::Moment;

/// Seconds of the window.
const SECONDS: u64 = 60;
const LENGTH: usize = 60;

/// Counts by second of the last minute. It counts at most a second too long, never too short.
#[derive(Clone, Debug)]
pub(super) struct MinuteWindow {
    counts: [u32; LENGTH],
    /// The newest second that has a count.
    newest: u64,
    sum: u32,
}

impl MinuteWindow {
    pub(super) const fn new() -> Self {
        Self { counts: [0; LENGTH], newest: 0, sum: 0 }
    }

    /// Returns how many were counted in the minute before a moment.
    pub(super) fn count(&mut self, now: Moment) -> u32 {
        self.forget(now.millis() / 1000);
        self.sum
    }

    /// Counts one more.
    pub(super) fn add(&mut self, now: Moment) {
        let second = now.millis() / 1000;
        self.forget(second);
        // A clock that was set back counts in the newest second.
        if let Some(count) = self.slot(second.max(self.newest)) {
            *count = count.saturating_add(1);
            self.sum = self.sum.saturating_add(1);
        }
    }

    /// Drops the seconds that are too old at a second.
    fn forget(&mut self, second: u64) {
        let passed = second.saturating_sub(self.newest).min(SECONDS);
        for offset in 1..=passed {
            let old = self.slot(self.newest + offset).map_or(0, std::mem::take);
            self.sum = self.sum.saturating_sub(old);
        }
        self.newest = self.newest.max(second);
    }

    fn slot(&mut self, second: u64) -> Option<&mut u32> {
        let index = usize::try_from(second % SECONDS).ok()?;
        self.counts.get_mut(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_minute_has_at_most_what_was_counted_in_it() {
        let mut window = MinuteWindow::new();
        let at = |seconds: u64| Moment::from_millis(1_000_000_000 + seconds * 1000);
        for second in 0..30 {
            window.add(at(second));
        }
        assert_eq!(window.count(at(59)), 30);
        assert_eq!(window.count(at(60)), 29, "the first one is a minute old");
        assert_eq!(window.count(at(74)), 15);
        assert_eq!(window.count(at(70)), 15, "a clock that was set back");
        window.add(at(70));
        assert_eq!(window.count(at(74)), 16);
        assert_eq!(window.count(at(10_000)), 0);
    }
}
