//! Says when requests are due, at a rate, whatever became of those before.

use std::cell::Cell;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// A thread that sleeps until the next one is due: the timers of `tokio` go by milliseconds.
pub(super) struct Pacer {
    begun: Instant,
    rate: NonZeroU32,
    due: Arc<Due>,
    thread: Option<JoinHandle<()>>,
}

struct Due {
    /// A permit for each that is due and not made.
    permits: Semaphore,
    is_over: AtomicBool,
}

impl Pacer {
    /// So many a second from now on.
    pub(super) fn start(rate: NonZeroU32) -> io::Result<Self> {
        let due = Arc::new(Due { permits: Semaphore::new(0), is_over: AtomicBool::new(false) });
        let (begun, theirs) = (Instant::now(), Arc::clone(&due));
        let thread = thread::Builder::new()
            .name("pacer".into())
            .spawn(move || give(&theirs, begun, rate))?;
        Ok(Self { begun, rate, due, thread: Some(thread) })
    }

    /// Waits until the one after those that were made is due, and says since when it is.
    pub(super) async fn next(&self, made: &Cell<u64>) -> Instant {
        if let Ok(permit) = self.due.permits.acquire().await {
            permit.forget();
        }
        due(self.begun, made.get(), self.rate)
    }

    /// So many who wait are told to look whether it is over.
    pub(super) fn wake(&self, waiting: usize) {
        self.due.permits.add_permits(waiting);
    }
}

impl Drop for Pacer {
    fn drop(&mut self) {
        self.due.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// When the one with so many before it is due.
fn due(begun: Instant, before: u64, rate: NonZeroU32) -> Instant {
    let nanos = u128::from(before) * 1_000_000_000 / u128::from(rate.get());
    begun + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// Gives a permit for each when it is due; those that it overslept at once.
fn give(to: &Due, begun: Instant, rate: NonZeroU32) {
    let mut given = 0;
    while !to.is_over.load(Ordering::Relaxed) {
        let elapsed = begun.elapsed().as_nanos() * u128::from(rate.get()) / 1_000_000_000;
        let by_now = u64::try_from(elapsed).unwrap_or(u64::MAX).saturating_add(1);
        if by_now > given {
            to.permits.add_permits(usize::try_from(by_now - given).unwrap_or(usize::MAX));
            given = by_now;
        }
        thread::sleep(due(begun, given, rate).saturating_duration_since(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_follows_from_the_rate_alone() {
        let (begun, rate) = (Instant::now(), NonZeroU32::new(4).unwrap());
        let after = |before| due(begun, before, rate) - begun;
        assert_eq!([0, 1, 6].map(after), [0, 250, 1500].map(Duration::from_millis));
    }
}
