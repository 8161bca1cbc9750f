//! The limits of a partner: requests a second, and concurrent requests.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::values::{Moment, TokenBucket};

/// A limit of requests a second. The time is that of a clock which never runs backwards, since its start.
#[derive(Clone, Debug)]
pub(super) struct RateLimit {
    bucket: Arc<Mutex<TokenBucket>>,
    per_second: NonZeroU32,
    burst: NonZeroU32,
}

impl RateLimit {
    /// Creates a limit of requests a second, and of requests at once after a pause.
    #[must_use]
    pub(super) fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let bucket = TokenBucket::new(Moment::default(), per_second, burst);
        Self { bucket: Arc::new(Mutex::new(bucket)), per_second, burst }
    }

    /// Goes on with what was taken under the limit before, unless the limit is another one.
    pub(super) fn take_over(&mut self, before: &Self) {
        if (self.per_second, self.burst) == (before.per_second, before.burst) {
            self.bucket = Arc::clone(&before.bucket);
        }
    }

    /// Takes a request out of the bucket. Returns `false` if the bucket is empty.
    pub(super) fn try_take(&self, now: Duration) -> bool {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.take(Moment::default().after(now))
    }
}

/// A limit of concurrent requests.
#[derive(Clone, Debug)]
pub(super) struct InFlightLimit {
    in_flight: Arc<AtomicUsize>,
    limit: usize,
}

impl InFlightLimit {
    #[must_use]
    pub(super) fn new(limit: usize) -> Self {
        Self { in_flight: Arc::default(), limit }
    }

    /// Counts the requests that are admitted under the limit before, too.
    pub(super) fn take_over(&mut self, before: &Self) {
        self.in_flight = Arc::clone(&before.in_flight);
    }

    /// Returns a permit, or `None` at the limit. The permit is released when it is dropped.
    pub(super) fn try_acquire(&self) -> Option<InFlightPermit<'_>> {
        let next = |count| (count < self.limit).then_some(count + 1);
        let count = self.in_flight.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        count.ok().map(|_| InFlightPermit(self))
    }
}

/// A permit of an [`InFlightLimit`].
#[derive(Debug)]
pub(super) struct InFlightPermit<'a>(&'a InFlightLimit);

impl Drop for InFlightPermit<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let number = |number| NonZeroU32::new(number).unwrap();
        let limit = RateLimit::new(number(10), number(3));
        let taken = |millis, times: usize| {
            (0..times).filter(|_| limit.try_take(Duration::from_millis(millis))).count()
        };
        assert_eq!(taken(0, 9), 3);
        assert_eq!((taken(99, 9), taken(100, 9), taken(150, 9)), (0, 1, 0));
        assert_eq!(taken(60_000, 9), 3, "a pause fills the bucket, and not more");
    }

    #[test]
    fn a_new_limit_counts_the_requests_of_the_one_before() {
        let before = InFlightLimit::new(2);
        let permit = before.try_acquire().unwrap();
        let mut after = InFlightLimit::new(1);
        after.take_over(&before);
        assert!(after.try_acquire().is_none());
        drop(permit);
        assert!(after.try_acquire().is_some());
    }

    #[test]
    fn a_rate_goes_on_unless_it_changes() {
        let number = |number| NonZeroU32::new(number).unwrap();
        let before = RateLimit::new(number(10), number(1));
        assert!(before.try_take(Duration::ZERO));
        let (mut same, mut other) =
            (RateLimit::new(number(10), number(1)), RateLimit::new(number(11), number(1)));
        same.take_over(&before);
        other.take_over(&before);
        assert!(!same.try_take(Duration::ZERO) && other.try_take(Duration::ZERO));
    }

    #[test]
    fn a_dropped_permit_is_free_again() {
        let limit = InFlightLimit::new(1);
        let permit = limit.try_acquire().unwrap();
        assert!(limit.try_acquire().is_none());
        drop(permit);
        assert!(limit.try_acquire().is_some());
    }
}
