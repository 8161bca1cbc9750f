//! The limits of a partner: requests a second, and concurrent requests.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// A token bucket without a lock. It stores the time when it will be full again, in nanoseconds of the caller's clock. That
/// clock must be monotonic: after a step back, all requests would be refused until it has caught up.
#[derive(Debug)]
pub(super) struct RateLimit {
    full_at: AtomicU64,
    /// Nanoseconds a request.
    interval: u64,
    /// Nanoseconds that a full bucket is worth.
    depth: u64,
}

impl RateLimit {
    /// Creates a limit of requests a second, and of requests at once after a pause.
    #[must_use]
    pub(super) fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let interval = 1_000_000_000 / u64::from(per_second.get());
        Self { full_at: AtomicU64::new(0), interval, depth: interval * u64::from(burst.get()) }
    }

    /// Takes a request out of the bucket. Returns `false` if the bucket is empty.
    pub(super) fn try_take(&self, now: Duration) -> bool {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let latest = now.saturating_add(self.depth);
        let next = |full_at: u64| {
            let next = full_at.max(now).saturating_add(self.interval);
            (next <= latest).then_some(next)
        };
        self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

/// A limit of concurrent requests.
#[derive(Debug)]
pub(super) struct InFlightLimit {
    in_flight: AtomicUsize,
    limit: usize,
}

impl InFlightLimit {
    #[must_use]
    pub(super) const fn new(limit: usize) -> Self {
        Self { in_flight: AtomicUsize::new(0), limit }
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
    fn a_dropped_permit_is_free_again() {
        let limit = InFlightLimit::new(1);
        let permit = limit.try_acquire().unwrap();
        assert!(limit.try_acquire().is_none());
        drop(permit);
        assert!(limit.try_acquire().is_some());
    }
}
