//! Delays between attempts.

use std::time::Duration;

use super::Moment;

/// Exponential backoff: delays that double up to a maximum, with jitter.
#[derive(Clone, Debug)]
pub struct Backoff {
    /// The first delay.
    pub first: Duration,
    /// The maximum delay.
    pub longest: Duration,
    /// The jitter in percent of the delay, in both directions.
    pub jitter_percent: u8,
}

impl Backoff {
    /// Returns the moment of the next attempt after `tries` attempts. `draw` is a random number.
    #[must_use]
    pub fn next(&self, now: Moment, tries: u16, draw: u32) -> Moment {
        let doublings = u32::from(tries.saturating_sub(1)).min(31);
        let delay = self.first.saturating_mul(1 << doublings).min(self.longest);
        let spread = delay * u32::from(self.jitter_percent.min(100)) / 100;
        let width = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX).saturating_mul(2);
        let drawn = Duration::from_millis(u64::from(draw) % width.saturating_add(1));
        now.after(delay.saturating_sub(spread).saturating_add(drawn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_maximum_within_their_jitter() {
        let backoff = Backoff {
            first: Duration::from_secs(10),
            longest: Duration::from_mins(5),
            jitter_percent: 20,
        };
        let start = Moment::from_millis(0);
        for (tries, seconds) in [(1, 10), (2, 20), (5, 160), (6, 300), (60, 300), (u16::MAX, 300)] {
            let delays = [0, 1, 999, u32::MAX / 2, u32::MAX];
            for delay in delays.map(|draw| backoff.next(start, tries, draw).millis()) {
                let (least, most) = (seconds * 800, seconds * 1200);
                assert!((least..=most).contains(&delay), "{tries}: {delay}");
            }
        }
    }
}
