//! How fast the switch responds: the response times of the last minutes, in a table of fixed size.

use std::time::Duration;

use crate::values::Moment;

/// The minutes that are kept, with the present one.
const MINUTES: u64 = 5;

/// Times below this number of milliseconds have a bucket each.
const EXACT: u64 = 1 << EXACT_BITS;
const EXACT_BITS: u32 = 5;

/// Longer times have 16 buckets for each doubling, so that a bucket is at most 1/16 of its times wide.
const STEPS_BITS: u32 = 4;
const STEPS: u64 = 1 << STEPS_BITS;

/// The longest time in milliseconds with a bucket of its own: about two minutes. All longer times count as this one.
const LONGEST: u64 = (1 << 17) - 1;

/// The number of buckets: 12 doublings from 32 ms to [`LONGEST`].
const BUCKETS: usize = 32 + 12 * 16;

/// The response times of a link over the last five minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseTimes {
    /// The number of responses.
    pub count: u64,
    /// Half of the responses came within this time. Like [`ResponseTimes::p99`], it is at most 1/16 too high, never too low.
    pub median: Duration,
    /// 99 of 100 responses came within this time.
    pub p99: Duration,
}

/// The responses of one minute.
#[derive(Clone)]
struct Minute {
    /// The minute since 1970.
    number: u64,
    /// The responses in each bucket.
    counts: [u32; BUCKETS],
}

/// Counts response times. The table has five minutes of 224 buckets, whatever the traffic.
pub(super) struct RecentTimes(Vec<Minute>);

impl RecentTimes {
    pub(super) fn new() -> Self {
        let empty = Minute { number: 0, counts: [0; BUCKETS] };
        Self((0..MINUTES).map(|_| empty.clone()).collect())
    }

    /// Counts a response. The cost is one increment, and clearing a minute once a minute.
    pub(super) fn record(&mut self, time: Duration, now: Moment) {
        let number = now.seconds() / 60;
        let place = usize::try_from(number % MINUTES).unwrap_or_default();
        let Some(minute) = self.0.get_mut(place) else { return };
        if minute.number != number {
            *minute = Minute { number, counts: [0; BUCKETS] };
        }
        if let Some(count) = minute.counts.get_mut(bucket_of(time)) {
            *count = count.saturating_add(1);
        }
    }

    /// Returns the times of the last minutes; `None` without a response in them.
    pub(super) fn summary(&self, now: Moment) -> Option<ResponseTimes> {
        let present = now.seconds() / 60;
        let mut counts = [0_u64; BUCKETS];
        for minute in self.0.iter().filter(|minute| present < minute.number + MINUTES) {
            for (sum, count) in counts.iter_mut().zip(minute.counts) {
                *sum += u64::from(count);
            }
        }
        let count = counts.iter().sum();
        let (median, p99) = (within(&counts, count, 50)?, within(&counts, count, 99)?);
        Some(ResponseTimes { count, median, p99 })
    }
}

/// Returns the time within which this percentage of responses came.
fn within(counts: &[u64; BUCKETS], count: u64, percent: u64) -> Option<Duration> {
    let rank = (count * percent).div_ceil(100);
    let mut before = 0;
    let bucket = counts.iter().position(|of_bucket| {
        before += of_bucket;
        count > 0 && before >= rank
    })?;
    Some(Duration::from_millis(longest_of(u64::try_from(bucket).ok()?)))
}

/// Returns the bucket of a time.
fn bucket_of(time: Duration) -> usize {
    let millis = u64::try_from(time.as_millis()).unwrap_or(LONGEST).min(LONGEST);
    let bucket = match millis.checked_ilog2() {
        Some(bits) if bits >= EXACT_BITS => {
            let step = (millis >> (bits - STEPS_BITS)) - STEPS;
            EXACT + u64::from(bits - EXACT_BITS) * STEPS + step
        }
        Some(_) | None => millis,
    };
    usize::try_from(bucket).unwrap_or_default()
}

/// Returns the longest time of a bucket in milliseconds.
const fn longest_of(bucket: u64) -> u64 {
    if bucket < EXACT {
        return bucket;
    }
    let (doublings, step) = ((bucket - EXACT) / STEPS, (bucket - EXACT) % STEPS);
    ((STEPS + step + 1) << doublings << (EXACT_BITS - STEPS_BITS)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_millis(60_000 * 1_000);

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn every_time_has_a_bucket_that_is_at_most_a_sixteenth_wide() {
        let mut last = 0;
        for time in 0..=LONGEST + 10 {
            let bucket = bucket_of(millis(time));
            assert!(bucket < BUCKETS && bucket >= last && bucket <= last + 1, "{time}");
            last = bucket;
            let longest = longest_of(bucket as u64);
            assert!(time > LONGEST || (time..=time + time / 16).contains(&longest), "{time}");
        }
        assert_eq!((last, bucket_of(Duration::MAX)), (BUCKETS - 1, BUCKETS - 1));
    }

    #[test]
    fn median_and_p99_are_those_of_the_recorded_times() {
        let mut times = RecentTimes::new();
        assert_eq!(times.summary(NOW), None);
        (1..=98).for_each(|_| times.record(millis(12), NOW));
        assert_eq!(times.summary(NOW).unwrap().p99, millis(12));
        times.record(millis(20_000), NOW);
        times.record(millis(20_000), NOW);
        let summary = times.summary(NOW).unwrap();
        assert_eq!((summary.count, summary.median), (100, millis(12)));
        assert!((millis(20_000)..millis(21_250)).contains(&summary.p99), "{summary:?}");
    }

    #[test]
    fn minutes_that_are_over_do_not_count() {
        let mut times = RecentTimes::new();
        for minute in 0..20 {
            let now = NOW.after(Duration::from_mins(minute));
            times.record(millis(minute), now);
            assert_eq!(times.summary(now).unwrap().count, MINUTES.min(minute + 1));
        }
        let last = NOW.after(Duration::from_mins(19));
        assert_eq!(times.summary(last.after(Duration::from_mins(4))).unwrap().median, millis(19));
        assert_eq!(times.summary(last.after(Duration::from_mins(5))), None);
    }
}
