//! How much a partner may ask for: so many requests a second, and so many at a time.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// A token bucket, without a lock: it knows the time at which it will be full again, in nanoseconds of whatever clock
/// the caller goes by. That must be one that is never set back, or nobody is let in until it has caught up.
#[derive(Debug)]
pub(super) struct Rate {
    full_at: AtomicU64,
    each: u64,
    depth: u64,
}

impl Rate {
    /// So many a second, and so many at once after a pause.
    #[must_use]
    pub(super) fn new(a_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let each = 1_000_000_000 / u64::from(a_second.get());
        Self { full_at: AtomicU64::new(0), each, depth: each * u64::from(burst.get()) }
    }

    /// Takes one, if one is left.
    pub(super) fn take(&self, now: Duration) -> bool {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let latest = now.saturating_add(self.depth);
        let next = |full_at: u64| {
            let next = full_at.max(now).saturating_add(self.each);
            (next <= latest).then_some(next)
        };
        self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

/// How many are under way at a time.
#[derive(Debug)]
pub(super) struct Load {
    held: AtomicUsize,
    most: usize,
}

impl Load {
    /// At most so many.
    #[must_use]
    pub(super) const fn new(most: usize) -> Self {
        Self { held: AtomicUsize::new(0), most }
    }

    /// A place, if one is left; it is given back when it is dropped.
    pub(super) fn hold(&self) -> Option<Held<'_>> {
        let next = |held| (held < self.most).then_some(held + 1);
        let held = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        held.ok().map(|_| Held(self))
    }
}

/// A place that is held.
#[derive(Debug)]
pub(super) struct Held<'a>(&'a Load);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.held.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_in_and_then_the_rate() {
        let number = |number| NonZeroU32::new(number).unwrap();
        let rate = Rate::new(number(10), number(3));
        let taken = |millis, times: usize| {
            (0..times).filter(|_| rate.take(Duration::from_millis(millis))).count()
        };
        assert_eq!(taken(0, 9), 3);
        assert_eq!((taken(99, 9), taken(100, 9), taken(150, 9)), (0, 1, 0));
        assert_eq!(taken(60_000, 9), 3, "a pause fills it up, and no further");
    }

    #[test]
    fn a_place_comes_back_when_it_is_let_go() {
        let load = Load::new(1);
        let held = load.hold().unwrap();
        assert!(load.hold().is_none());
        drop(held);
        assert!(load.hold().is_some());
    }
}
